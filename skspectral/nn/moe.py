"""Sparse mixture of experts: every token passes through the few feed-forward networks that its gate chooses."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from .kan import KANLinear

__all__ = ["MixtureOfExperts", "Routing"]

ACTIVATIONS = {"relu": nn.ReLU, "gelu": nn.GELU}


class Routing(NamedTuple):
    """How one batch was distributed; only real tokens count.

    Attributes
    ----------
    gates : Tensor of shape (n_tokens, n_experts)
        Weight of every expert for every token: zero but for the chosen ones, which sum to one.
    importance : Tensor of shape (n_experts,)
        Mean gate probability before the choice.
    load : Tensor of shape (n_experts,)
        Expected share of the tokens that an expert receives, smoothed so that it has a gradient.
    """

    gates: Tensor
    importance: Tensor
    load: Tensor


class MixtureOfExperts(nn.Module):
    """Feed-forward networks of which each token uses ``top_k``.

    Parameters
    ----------
    d_model : int
        Width of the tokens.
    n_experts : int
        Number of experts.
    top_k : int
        Experts that a token passes through.
    d_hidden : int, optional
        Hidden width of an expert; ``4 * d_model`` where None. Kolmogorov-Arnold experts have as many parameters as the
        others, so fewer hidden units.
    expert : {"gelu", "relu", "kan"}
        Activation of the experts; "kan" is a B-spline learned per edge.
    sparse : bool
        Compute only the chosen experts. False computes all and multiplies by zero: the same result, slower.

    Raises
    ------
    ValueError
        If the expert is unknown or ``top_k`` does not lie between 1 and ``n_experts``.

    References
    ----------
    .. [1] N. Shazeer et al., "Outrageously Large Neural Networks: The Sparsely-Gated Mixture-of-Experts Layer", ICLR
       2017. https://doi.org/10.48550/arXiv.1701.06538
    .. [2] C. Riquelme et al., "Scaling Vision with Sparse Mixture of Experts", NeurIPS 2021.
       https://doi.org/10.48550/arXiv.2106.05974

    Examples
    --------
    >>> import torch
    >>> from skspectral.nn import MixtureOfExperts
    >>> y, routing = MixtureOfExperts(8, n_experts=4, top_k=2)(torch.randn(2, 5, 8))
    >>> y.shape, (routing.gates > 0).sum(1).tolist()
    (torch.Size([2, 5, 8]), [2, 2, 2, 2, 2, 2, 2, 2, 2, 2])
    """

    def __init__(
        self,
        d_model: int,
        n_experts: int = 4,
        top_k: int = 2,
        d_hidden: int | None = None,
        expert: str = "gelu",
        *,
        sparse: bool = True,
    ):
        super().__init__()
        if not 1 <= top_k <= n_experts:
            raise ValueError(f"top_k must lie between 1 and n_experts={n_experts}, got {top_k}.")
        d_hidden = 4 * d_model if d_hidden is None else d_hidden
        self.n_experts, self.top_k, self.sparse = n_experts, top_k, sparse
        # Noise lets neighbouring experts take turns, and its width makes the load differentiable.
        self.noise = 1 / n_experts
        self.gate = nn.Linear(d_model, n_experts, bias=False)
        self.experts = nn.ModuleList(_make_expert(expert, d_model, d_hidden) for _ in range(n_experts))

    def forward(self, x: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Routing]:
        """Send tokens through their experts.

        Parameters
        ----------
        x : Tensor of shape (B, L, d_model)
            Tokens.
        mask : Tensor of shape (B, L), optional
            True for real tokens; the others give zero and do not count in the load.

        Returns
        -------
        y : Tensor of shape (B, L, d_model)
            Weighted sum of the chosen experts.
        routing : Routing
            The gates and the balance of the load.
        """
        mask = torch.ones(x.shape[:-1], dtype=torch.bool, device=x.device) if mask is None else mask
        tokens = x[mask]
        chosen, weights, routing = self._route(tokens)
        if self.sparse:
            mixed = torch.zeros_like(tokens)
            for index, expert in enumerate(self.experts):
                row, slot = (chosen == index).nonzero(as_tuple=True)
                if row.numel():
                    part = weights[row, slot, None] * expert(tokens[row])
                    mixed = mixed.index_add(0, row, part.to(mixed.dtype))
        else:
            parts = torch.stack([expert(tokens) for expert in self.experts], 1)
            mixed = (routing.gates[..., None] * parts).sum(1).to(tokens.dtype)
        return torch.zeros_like(x).masked_scatter(mask[..., None], mixed), routing

    def _route(self, tokens):
        """Choose experts for tokens (n, d_model): indices (n, top_k), weights (n, top_k) and the `Routing`."""
        logits = self.gate(tokens)
        logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
        noisy = logits + self.noise * torch.randn_like(logits) if self.training else logits
        best, order = noisy.topk(min(self.top_k + 1, self.n_experts), dim=-1)
        chosen = order[:, : self.top_k]
        weights = best[:, : self.top_k].softmax(-1)
        gates = torch.zeros_like(logits).scatter(1, chosen, weights)
        routing = Routing(gates, self._mean(logits.softmax(-1)), self._load(logits, noisy, best))
        return chosen, weights.to(tokens.dtype), routing

    def _load(self, logits, noisy, best):
        """Probability that fresh noise would have every expert chosen, over all tokens."""
        if self.top_k == self.n_experts:
            return logits.new_full((self.n_experts,), 1 / self.n_experts)
        # What an expert must exceed: the best of those left out if it is in, the last of those chosen if it is not.
        last_in, first_out = best[:, self.top_k - 1, None], best[:, self.top_k, None]
        threshold = torch.where(noisy >= last_in, first_out, last_in)
        return self._mean(torch.special.ndtr((logits - threshold) / self.noise)) / self.top_k

    def _mean(self, per_token):
        """Mean over tokens (n, n_experts), zero where there is none."""
        return per_token.sum(0) / max(len(per_token), 1)


def _make_expert(kind, d_model, d_hidden):
    if kind in ACTIVATIONS:
        return nn.Sequential(nn.Linear(d_model, d_hidden), ACTIVATIONS[kind](), nn.Linear(d_hidden, d_model))
    if kind == "kan":
        edge_parameters = 1 + 5 + 3  # SiLU weight and spline coefficients
        d_hidden = max(1, d_hidden // edge_parameters)
        return nn.Sequential(KANLinear(d_model, d_hidden), KANLinear(d_hidden, d_model))
    raise ValueError(f"Unknown expert {kind!r}: choose one of {', '.join([*ACTIVATIONS, 'kan'])}.")
