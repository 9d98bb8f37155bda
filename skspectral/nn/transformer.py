"""Pre-norm transformer encoder with separate query, key and value maps, where LoRA adapters are attached."""

from torch import Tensor, nn
from torch.nn import functional as F

__all__ = ["SelfAttention", "TransformerEncoder"]


class SelfAttention(nn.Module):
    """Multi-head scaled-dot-product attention.

    Parameters
    ----------
    d_model : int
        Width of the tokens.
    n_heads : int
        Number of heads; divides ``d_model``.
    """

    def __init__(self, d_model: int, n_heads: int):
        super().__init__()
        if d_model % n_heads:
            raise ValueError(f"n_heads must divide d_model={d_model}, got {n_heads}.")
        self.n_heads = n_heads
        self.query = nn.Linear(d_model, d_model)
        # A bias would shift all scores of a query alike, which the softmax ignores.
        self.key = nn.Linear(d_model, d_model, bias=False)
        self.value = nn.Linear(d_model, d_model)
        self.out = nn.Linear(d_model, d_model)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Let tokens (B, L, d_model) look at the tokens that ``mask`` (B, L) calls real."""
        q, k, v = (
            project(x).unflatten(-1, (self.n_heads, -1)).transpose(1, 2)
            for project in (self.query, self.key, self.value)
        )
        attended = F.scaled_dot_product_attention(q, k, v, None if mask is None else mask[:, None, None])
        return self.out(attended.transpose(1, 2).flatten(2))


class TransformerLayer(nn.Module):
    """Attention and feed-forward network, each with a norm before and a residual around it."""

    def __init__(self, d_model: int, n_heads: int, d_hidden: int):
        super().__init__()
        self.norm1 = nn.LayerNorm(d_model)
        self.attention = SelfAttention(d_model, n_heads)
        self.norm2 = nn.LayerNorm(d_model)
        self.feed_forward = nn.Sequential(nn.Linear(d_model, d_hidden), nn.GELU(), nn.Linear(d_hidden, d_model))

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Map tokens (B, L, d_model) to tokens of the same shape."""
        x = x + self.attention(self.norm1(x), mask)
        return x + self.feed_forward(self.norm2(x))


class TransformerEncoder(nn.Module):
    """Stack of pre-norm transformer layers and a final norm.

    Parameters
    ----------
    d_model : int
        Width of the tokens.
    n_layers : int
        Number of layers.
    n_heads : int
        Attention heads per layer.
    d_hidden : int, optional
        Hidden width of the feed-forward networks; ``4 * d_model`` where None.

    Raises
    ------
    ValueError
        If ``n_heads`` does not divide ``d_model``.

    References
    ----------
    .. [1] R. Xiong et al., "On Layer Normalization in the Transformer Architecture", ICML 2020.
       https://doi.org/10.48550/arXiv.2002.04745

    Examples
    --------
    >>> import torch
    >>> from skspectral.nn import TransformerEncoder
    >>> stages = TransformerEncoder(d_model=8, n_layers=2, n_heads=2)(torch.ones(1, 5, 8))
    >>> [tuple(stage.shape) for stage in stages]
    [(1, 5, 8), (1, 5, 8)]
    """

    def __init__(self, d_model: int, n_layers: int = 2, n_heads: int = 4, d_hidden: int | None = None):
        super().__init__()
        d_hidden = 4 * d_model if d_hidden is None else d_hidden
        self.layers = nn.ModuleList(TransformerLayer(d_model, n_heads, d_hidden) for _ in range(n_layers))
        self.norm = nn.LayerNorm(d_model)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> list[Tensor]:
        """Run the layers.

        Parameters
        ----------
        x : Tensor of shape (B, L, d_model)
            Tokens.
        mask : Tensor of shape (B, L), optional
            True for real tokens; nothing looks at the others. At least one per row.

        Returns
        -------
        list of Tensor, each of shape (B, L, d_model)
            The tokens after every layer; the last entry is normalised and is the result. Empty without layers.
        """
        stages = []
        for layer in self.layers:
            x = layer(x, mask)
            stages.append(x)
        if stages:
            stages[-1] = self.norm(stages[-1])
        return stages
