"""Spectra between their channels, smooth random curves and noise along an axis; differentiable."""

import math

import torch
from torch import Tensor

__all__ = ["coloured_noise", "cubic_taps", "normal", "read", "waves"]


def cubic_taps(axis: Tensor, position: Tensor) -> tuple[Tensor, Tensor]:
    """Say which channels, with which weights, make the values of spectra between their channels.

    The values are those of a cubic with the values and the central differences at both neighbours. Beyond an end the
    spectrum is continued by turning it about its last point, which continues straight lines and does not amplify
    noise.

    Parameters
    ----------
    axis : Tensor of shape (G, L)
        Ascending axes.
    position : Tensor of shape (G, P)
        Where to read.

    Returns
    -------
    index : Tensor of int of shape (G, P, 5)
        Channels.
    weight : Tensor of shape (G, P, 5)
        Their weights, which sum to one.
    """
    low, high = axis[:, :1], axis[:, -1:]
    below, above = position < low, position > high
    inner = torch.where(below, 2 * low - position, torch.where(above, 2 * high - position, position))
    inner = torch.minimum(torch.maximum(inner, low), high)
    last = axis.shape[1] - 1
    right = torch.searchsorted(axis.contiguous(), inner.detach().contiguous()).clamp(1, last)
    left = right - 1
    before, after = (left - 1).clamp(min=0), (right + 1).clamp(max=last)
    far_left, x0, x1, far_right = (axis.gather(1, index) for index in (before, left, right, after))
    step = x1 - x0
    t = (inner - x0) / step
    t2, t3 = t * t, t * t * t
    # the slope at a channel is that of the chord between its neighbours, at the ends that of the last step
    slope_left, slope_right = (t3 - 2 * t2 + t) * step / (x1 - far_left), (t3 - t2) * step / (far_right - x0)
    sign = torch.where(below | above, -1.0, 1.0).to(axis)
    of_left, of_right = 2 * t3 - 3 * t2 + 1, 3 * t2 - 2 * t3
    weights = (-slope_left, of_left - slope_right, of_right + slope_left, slope_right)
    ends = torch.where(above, last, 0)
    index = torch.stack([before, left, right, after, ends], -1)
    return index, torch.stack([*(sign * weight for weight in weights), 1 - sign], -1)


def read(x: Tensor, index: Tensor, weight: Tensor) -> Tensor:
    """Sum channels of spectra with weights.

    Parameters
    ----------
    x : Tensor of shape (B, L)
        Spectra.
    index : Tensor of int of shape (G, P, n_taps)
        Channels, one choice for all spectra (G = 1) or one each (G = B).
    weight : Tensor of shape (G, P, n_taps)
        Their weights.

    Returns
    -------
    Tensor of shape (B, P)
        Sums.
    """
    n_positions = index.shape[1]
    if len(index) > 1:
        taken = x.gather(1, index.flatten(1)).unflatten(1, index.shape[1:])
        return (taken * weight).sum(2)
    # one matrix for all spectra is several times faster than gathering from each
    rows = torch.arange(n_positions, device=x.device)[:, None].expand_as(index[0])
    matrix = x.new_zeros(x.shape[1], n_positions).index_put((index[0], rows), weight[0], accumulate=True)
    return x @ matrix


def waves(axis: Tensor, frequency: Tensor, phase: Tensor) -> Tensor:
    """Evaluate cosines along an axis.

    Parameters
    ----------
    axis : Tensor of shape (G, L)
        Wavelengths, nm.
    frequency, phase : Tensor of shape (G, K)
        Periods per nm, and phases in radians.

    Returns
    -------
    Tensor of shape (G, K, L)
        Cosines with variance one over many periods.
    """
    return math.sqrt(2) * torch.cos(2 * math.pi * frequency[..., None] * axis[:, None] + phase[..., None])


def coloured_noise(shape: tuple, length: Tensor, share: Tensor, generator: torch.Generator, like: Tensor) -> Tensor:
    """Draw noise of variance one, part of which is smooth along the channels.

    Parameters
    ----------
    shape : tuple of int
        Spectra B and channels L.
    length : Tensor of shape (G, 1)
        Standard deviation of the Gaussian window that smooths, channels.
    share : Tensor of shape (G, 1)
        Share of the standard deviation that is smooth, from 0 to 1.
    generator : torch.Generator
        Source of all randomness.
    like : Tensor
        Gives data type and device.

    Returns
    -------
    Tensor of shape (B, L)
        Noise.
    """
    white, smooth = (normal(shape, generator, like) for _ in range(2))
    frequency = torch.fft.rfftfreq(shape[1], device=like.device, dtype=like.dtype)
    passed = torch.exp(-0.5 * (2 * math.pi * frequency * length) ** 2)
    # every frequency but the first (and last) stands for two of the full transform
    twice = torch.full_like(frequency, 2.0)
    twice[0] = 1.0
    power = (twice * passed**2).sum(1, keepdim=True) / twice.sum()
    smooth = torch.fft.irfft(torch.fft.rfft(smooth) * (passed / power.sqrt()), n=shape[1])
    return (1 - share**2).clamp(min=0).sqrt() * white + share * smooth


def normal(shape, generator, like):
    """Standard normal numbers, drawn where the generator lives, with the type and device of another tensor."""
    return torch.randn(shape, generator=generator, device=generator.device).to(like)
