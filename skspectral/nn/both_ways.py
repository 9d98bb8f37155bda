"""Both directions of a selective SSM in one pass, for a few short sequences that are read without gradients.

What a single spectrum takes is the number of operations, not their size. Two directions side by side need half of them;
all states are kept at once, so that this is for little input only.
"""

import math
from operator import attrgetter

import torch
from torch import Tensor
from torch.nn import functional as F

__all__ = ["both_ways", "is_little"]

# Elements of all states together that still lie in a processor's cache.
MOST_ELEMENTS = 2**19


def is_little(h: Tensor, d_state: int) -> bool:
    """Whether sequences (B, L, D) are few and short enough, and read without gradients."""
    plain = not torch.is_grad_enabled() and not torch.is_autocast_enabled(h.device.type)
    return plain and h.dtype in (torch.float32, torch.float64) and 0 < 2 * h.numel() * d_state <= MOST_ELEMENTS


def both_ways(forward, backward, h: Tensor) -> Tensor:
    """Filter sequences from both ends: the sum of two `SelectiveSSM`.

    Parameters
    ----------
    forward, backward : SelectiveSSM
        Filters of one size.
    h : Tensor of shape (B, L, D)
        Tokens, all of them real.

    Returns
    -------
    Tensor of shape (B, L, D)
        ``forward(h) + backward(h, reverse=True)``.
    """
    pair = torch.stack([h, h.flip(1)])
    taps, n = forward.conv_weight.shape[0], forward.d_state

    def stacked(name):
        return torch.stack([attrgetter(name)(part) for part in (forward, backward)])

    seen = F.pad(pair, (0, 0, taps - 1, 0)).unfold(2, taps, 1)
    mixed = (seen * stacked("conv_weight").mT[:, None, None]).sum(-1)
    u = F.silu(mixed + stacked("conv_bias")[:, None, None])
    read = torch.bmm(u.flatten(1, 2), stacked("x_proj.weight").mT)
    dt, B, C = read.split([forward.dt_rank, n, n], dim=-1)
    steps = torch.baddbmm(stacked("dt_proj.bias")[:, None], dt, stacked("dt_proj.weight").mT)
    delta = F.softplus(steps).view_as(u)
    B, C = (part.unflatten(1, h.shape[:2]) for part in (B, C))
    A = -torch.exp(stacked("A_log")).mT
    # (2, B, L, N, D): time goes the same way in both, since one of them was turned round
    decay = torch.exp2(delta[..., None, :] * (A * math.log2(math.e))[:, None, None])
    states = (decay - 1).mul_((1 / A)[:, None, None]).mul_(B[..., None]).mul_(u[..., None, :])
    steps, decays = states.unbind(2), decay.unbind(2)
    for before, state, kept in zip(steps, steps[1:], decays[1:]):
        state.addcmul_(kept, before)
    y = torch.addcmul((C[..., None, :] @ states).squeeze(-2), u, stacked("skip")[:, None, None])
    return y[0] + y[1].flip(1)
