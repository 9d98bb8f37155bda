"""Alter spectra at random as the reference card of SpectralFM has it, with strengths in physical units."""

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from ...exceptions import AxisMismatchError
from ..data.random import torch_generator
from .curves import cubic_taps, normal, read

__all__ = ["Augmentation"]


@dataclass(frozen=True)
class Augmentation:
    """Noise, a low-order baseline, a shift and another scale for every spectrum.

    Parameters
    ----------
    noise : float
        Standard deviation of white noise, in the unit of the spectra.
    baseline : float
        Standard deviation of each coefficient of the baseline, a sum of Legendre polynomials, in the unit of the
        spectra.
    degree : int
        Degree of the baseline.
    shift : float
        Largest shift, either way, in ``shift_unit``.
    shift_unit : {"nm", "channels"}
        Unit of the shift. Half a nanometre is what spectrometers differ by; some channels may be many nanometres, and
        move bands further than any instrument does.
    scaling : float
        Largest relative change of the scale, either way.

    Raises
    ------
    ValueError
        If a strength is negative or the unit unknown.

    Examples
    --------
    >>> import torch
    >>> from skspectral.pretraining import Augmentation
    >>> alter = Augmentation(noise=0.0, baseline=0.0, shift=0.0, scaling=0.05)
    >>> altered = alter(torch.ones(3, 4), torch.arange(4.0), torch.Generator().manual_seed(0))
    >>> bool(((altered - 1).abs() <= 0.05).all()), bool((altered == altered[:, :1]).all())
    (True, True)
    """

    noise: float = 0.01
    baseline: float = 0.05
    degree: int = 2
    shift: float = 0.5
    shift_unit: str = "nm"
    scaling: float = 0.05

    def __post_init__(self):
        for name in ("noise", "baseline", "shift", "scaling"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise ValueError(f"{name} must be a finite number that is not negative, got {getattr(self, name)!r}.")
        if self.degree < 0:
            raise ValueError(f"degree must not be negative, got {self.degree!r}.")
        if self.shift_unit not in ("nm", "channels"):
            raise ValueError(f"Unknown shift_unit {self.shift_unit!r}: use 'nm' or 'channels'.")

    @classmethod
    def card(cls) -> Self:
        """Give the strengths of the reference card: a shift of up to 3 channels."""
        return cls(shift=3.0, shift_unit="channels")

    def __call__(self, x: Tensor, axis: Tensor, generator) -> Tensor:
        """Alter spectra.

        Parameters
        ----------
        x : Tensor of shape (B, L)
            Spectra without padding.
        axis : Tensor of shape (L,) or (B, L)
            Wavelengths, nm, ascending or descending.
        generator : torch.Generator or numpy.random.Generator
            Source of all randomness.

        Returns
        -------
        Tensor of shape (B, L)
            Altered spectra.

        Raises
        ------
        AxisMismatchError
            If the axis does not fit the spectra.
        """
        axis = torch.atleast_2d(axis).to(x)
        if x.ndim != 2 or axis.shape[1] != x.shape[1] or len(axis) not in (1, len(x)):
            raise AxisMismatchError(f"Axis of shape {tuple(axis.shape)} for spectra of shape {tuple(x.shape)}.")
        if axis[0, 0] > axis[0, -1]:
            return self(x.flip(1), axis.flip(1), generator).flip(1)
        generator = torch_generator(generator)
        n = len(x)
        # drawn all at once and always, so that one strength does not change what another one does
        both = 2 * torch.rand(n, 2, generator=generator, device=generator.device).to(x) - 1
        coefficients = self.baseline * normal((n, self.degree + 1), generator, x)
        noise = self.noise * normal(tuple(x.shape), generator, x)
        if self.shift:
            place = torch.arange(x.shape[1]).to(x)[None] if self.shift_unit == "channels" else axis
            place = place.expand(n, -1)
            x = read(x, *cubic_taps(place, place + self.shift * both[:, :1]))
        u = 2 * (axis - axis[:, :1]) / (axis[:, -1:] - axis[:, :1]) - 1
        drift = sum(c[:, None] * p for c, p in zip(coefficients.unbind(1), _legendre(u, self.degree)))
        return x * (1 + self.scaling * both[:, 1:]) + drift + noise


def _legendre(u, degree):
    """Legendre polynomials of degree 0 to ``degree``, by their recurrence."""
    polynomials = [torch.ones_like(u), u]
    for k in range(1, degree):
        polynomials.append(((2 * k + 1) * u * polynomials[k] - k * polynomials[k - 1]) / (k + 1))
    return polynomials[: degree + 1]
