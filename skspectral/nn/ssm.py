"""Mamba: layers of selective state space models, linear in the number of tokens."""

import math

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from .both_ways import both_ways, is_little
from .scan import selective_scan

__all__ = ["MambaBackbone", "SelectiveSSM"]


class SelectiveSSM(nn.Module):
    """State space model whose step size, input and output weights depend on the token.

    Runs along the tokens in one direction: a short causal convolution, then the recurrence of
    `skspectral.nn.scan.selective_scan`. Tokens that look irrelevant get a step size near zero and leave the state as it
    is.

    Parameters
    ----------
    d_inner : int
        Number of channels D.
    d_state : int
        Length of the state N of each channel.
    d_conv : int
        Taps of the causal convolution.
    dt_rank : int, optional
        Rank of the map from tokens to step sizes; D / 32, rounded up, where None.
    dt_range : (float, float)
        Step sizes at initialisation, drawn log-uniformly per channel.
    """

    def __init__(
        self,
        d_inner: int,
        d_state: int = 16,
        d_conv: int = 4,
        dt_rank: int | None = None,
        dt_range: tuple[float, float] = (1e-3, 1e-1),
    ):
        super().__init__()
        self.d_state = d_state
        self.dt_rank = math.ceil(d_inner / 32) if dt_rank is None else dt_rank
        self.conv_weight = nn.Parameter(torch.empty(d_conv, d_inner).uniform_(-1, 1) / math.sqrt(d_conv))
        self.conv_bias = nn.Parameter(torch.zeros(d_inner))
        self.x_proj = nn.Linear(d_inner, self.dt_rank + 2 * d_state, bias=False)
        self.dt_proj = nn.Linear(self.dt_rank, d_inner)
        self.A_log = nn.Parameter(torch.log(torch.arange(1, d_state + 1.0)).repeat(d_inner, 1))
        self.skip = nn.Parameter(torch.ones(d_inner))
        # Training may put a faster one in its place, with the same arguments and result.
        self.filter = plain_filter
        low, high = (math.log(value) for value in dt_range)
        delta = torch.exp(torch.rand(d_inner) * (high - low) + low)
        nn.init.uniform_(self.dt_proj.weight, -(self.dt_rank**-0.5), self.dt_rank**-0.5)
        with torch.no_grad():
            self.dt_proj.bias.copy_(delta + torch.log(-torch.expm1(-delta)))  # the inverse of softplus

    def coefficients(self, u: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Step sizes (B, L, D), input weights (B, L, N) and output weights (B, L, N) for tokens ``u`` (B, L, D)."""
        dt, B, C = self.x_proj(u).split([self.dt_rank, self.d_state, self.d_state], dim=-1)
        return F.softplus(self.dt_proj(dt)), B, C

    def forward(self, x: Tensor, mask: Tensor | None = None, *, reverse: bool = False) -> Tensor:
        """Filter sequences.

        Parameters
        ----------
        x : Tensor of shape (B, L, D)
            Tokens; zero where ``mask`` is False.
        mask : Tensor of shape (B, L), optional
            True for real tokens. The others leave the state as it is.
        reverse : bool
            Run from the last token to the first.

        Returns
        -------
        Tensor of shape (B, L, D)
            Filtered tokens in the dtype of ``x``.
        """
        return self.filter(self, x, mask, reverse)


def plain_filter(ssm: SelectiveSSM, x: Tensor, mask: Tensor | None, reverse: bool) -> Tensor:
    """Filter sequences (B, L, D) with operations of torch, as `SelectiveSSM.forward` describes it."""
    u = F.silu(_CausalConvolution.apply(x, ssm.conv_weight, ssm.conv_bias, reverse))
    delta, B, C = ssm.coefficients(u)
    if mask is not None:
        delta = delta * mask[..., None]
    y = selective_scan(u, delta, -torch.exp(ssm.A_log), B, C, reverse=reverse)
    return torch.addcmul(y, u, ssm.skip).to(x.dtype)


class _CausalConvolution(torch.autograd.Function):
    """Mix every token (B, L, D) with those just before it, or just after it, channel by channel.

    A sum of shifted products: the channels stay last, where a depthwise convolution would transpose them twice, and
    neither the result nor the gradients need padded copies.
    """

    @staticmethod
    def forward(ctx, x, weight, bias, reverse):
        ctx.save_for_backward(x, weight)
        ctx.reverse = reverse
        x = x.to(weight.dtype) if x.dtype.itemsize < weight.dtype.itemsize else x
        y = bias.to(x.dtype).expand_as(x).clone(memory_format=torch.contiguous_format)
        for tap, (here, there) in zip(weight, _shifts(weight, x, reverse), strict=True):
            y[:, here].addcmul_(x[:, there], tap)
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx, grad):
        x, weight = ctx.saved_tensors
        grad_x = torch.zeros_like(grad)
        grad_weight = torch.empty_like(weight)
        for k, (here, there) in enumerate(_shifts(weight, x, ctx.reverse)):
            grad_x[:, there].addcmul_(grad[:, here], weight[k])
            grad_weight[k] = (grad[:, here] * x[:, there]).sum((0, 1))
        return grad_x.to(x.dtype), grad_weight, grad.sum((0, 1)).to(weight.dtype), None


def _shifts(weight, x, reverse):
    """For every tap, the tokens that it writes to and those that it reads: pairs of slices."""
    length, n_taps = x.shape[1], len(weight)
    for tap in range(n_taps):
        apart = min(n_taps - 1 - tap, length)
        late, early = slice(apart, None), slice(0, length - apart)
        yield (early, late) if reverse else (late, early)


class MambaLayer(nn.Module):
    """Gated selective SSM with a pre-norm residual; in both directions where asked."""

    def __init__(self, d_model: int, d_state: int, d_conv: int, expand: int, bidirectional: bool):
        super().__init__()
        d_inner = expand * d_model
        self.norm = nn.LayerNorm(d_model)
        self.in_proj = nn.Linear(d_model, 2 * d_inner, bias=False)
        self.forward_ssm = SelectiveSSM(d_inner, d_state, d_conv)
        self.backward_ssm = SelectiveSSM(d_inner, d_state, d_conv) if bidirectional else None
        self.out_proj = nn.Linear(d_inner, d_model, bias=False)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Map tokens (B, L, d_model) to tokens of the same shape."""
        h, gate = self.in_proj(self.norm(x)).chunk(2, dim=-1)
        if self.backward_ssm is not None and mask is None and is_little(h, self.forward_ssm.d_state):
            return x + self.out_proj(both_ways(self.forward_ssm, self.backward_ssm, h) * F.silu(gate))
        if mask is not None:
            h = h * mask[..., None]
        y = self.forward_ssm(h, mask)
        if self.backward_ssm is not None:
            # Padding stands at the end, so the way back meets it first: its steps of zero do nothing.
            y = y + self.backward_ssm(h, mask, reverse=True)
        return x + self.out_proj(y * F.silu(gate))


class MambaBackbone(nn.Module):
    """Stack of selective SSM layers with residual connections.

    Parameters
    ----------
    d_model : int
        Width of the tokens.
    n_layers : int
        Number of layers.
    d_state : int
        Length of the state of each channel.
    d_conv : int
        Taps of the causal convolution before each scan.
    expand : int
        Channels inside a layer over ``d_model``.
    bidirectional : bool
        Scan from both ends with separate coefficients. Without, a token knows only the tokens before it.

    References
    ----------
    .. [1] A. Gu, T. Dao, "Mamba: Linear-Time Sequence Modeling with Selective State Spaces", 2023.
       https://doi.org/10.48550/arXiv.2312.00752

    Examples
    --------
    >>> import torch
    >>> from skspectral.nn import MambaBackbone
    >>> stages = MambaBackbone(d_model=8, n_layers=2)(torch.ones(1, 5, 8))
    >>> [tuple(stage.shape) for stage in stages]
    [(1, 5, 8), (1, 5, 8)]
    """

    def __init__(
        self,
        d_model: int,
        n_layers: int = 4,
        *,
        d_state: int = 16,
        d_conv: int = 4,
        expand: int = 2,
        bidirectional: bool = False,
    ):
        super().__init__()
        self.layers = nn.ModuleList(
            MambaLayer(d_model, d_state, d_conv, expand, bidirectional) for _ in range(n_layers)
        )

    def forward(self, x: Tensor, mask: Tensor | None = None) -> list[Tensor]:
        """Run the layers.

        Parameters
        ----------
        x : Tensor of shape (B, L, d_model)
            Tokens.
        mask : Tensor of shape (B, L), optional
            True for real tokens; the others must stand at the end.

        Returns
        -------
        list of Tensor, each of shape (B, L, d_model)
            The tokens after every layer; the last entry is the result. Empty without layers.
        """
        if mask is not None and mask.all():
            mask = None
        stages = []
        for layer in self.layers:
            x = layer(x, mask)
            stages.append(x)
        return stages
