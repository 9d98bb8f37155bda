"""Read spectra between their channels, and smooth random curves and noise along an axis; differentiable."""

import math

import torch
from torch import Tensor

__all__ = ["coloured_noise", "cubic_reader", "waves"]


def cubic_reader(x: Tensor, axis: Tensor, position: Tensor) -> Tensor:
    """Read spectra between their channels.

    A cubic through the values and the central differences at both neighbours. Beyond an end the spectrum is continued
    by turning it about its last point, which continues straight lines and does not amplify noise.

    Parameters
    ----------
    x : Tensor of shape (B, L)
        Spectra.
    axis : Tensor of shape (G, L)
        Ascending axis, one for all spectra (G = 1) or one each (G = B).
    position : Tensor of shape (G, P)
        Where to read.

    Returns
    -------
    Tensor of shape (B, P)
        Values.
    """
    low, high = axis[:, :1], axis[:, -1:]
    turned_low, turned_high = position < low, position > high
    inner = torch.where(turned_low, 2 * low - position, torch.where(turned_high, 2 * high - position, position))
    inner = torch.minimum(torch.maximum(inner, low), high)
    right = torch.searchsorted(axis.contiguous(), inner.detach().contiguous()).clamp(1, axis.shape[1] - 1)
    x0, x1 = axis.gather(1, right - 1), axis.gather(1, right)
    step = x1 - x0
    t = (inner - x0) / step
    slopes = torch.gradient(x, dim=1)[0] if axis.shape[1] > 1 else x
    spacing = torch.gradient(axis, dim=1)[0]
    y0, y1 = _take(x, right - 1), _take(x, right)
    s0 = _take(slopes, right - 1) * (step / spacing.gather(1, right - 1))
    s1 = _take(slopes, right) * (step / spacing.gather(1, right))
    t2, t3 = t * t, t * t * t
    value = (2 * t3 - 3 * t2 + 1) * y0 + (t3 - 2 * t2 + t) * s0 + (3 * t2 - 2 * t3) * y1 + (t3 - t2) * s1
    value = torch.where(turned_low, 2 * x[:, :1] - value, value)
    return torch.where(turned_high, 2 * x[:, -1:] - value, value)


def _take(x, index):
    """Columns of x (B, L) by an index of shape (1, P) or (B, P); the shared one is much faster."""
    return x[:, index[0]] if len(index) == 1 else x.gather(1, index)


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
