"""Simulated spectrometers: what they do to a spectrum, batched and differentiable."""

from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import Tensor

from ...exceptions import AxisMismatchError
from ..data.random import torch_generator
from .curves import coloured_noise, cubic_taps, normal, read, waves
from .priors import InstrumentPriors

__all__ = ["InstrumentPriors", "Instruments", "draw_instruments"]

# Smooth curves are sums of cosines with periods from a broad overtone band to beyond the near infrared, nm.
N_WAVES, SHORTEST, LONGEST = 16, 80.0, 4000.0
N_COUPLED, N_FACTORS = 4, 4
# Curves of an instrument, in this order: gain, baseline, noise, where coupling acts and what it sees, packing.
N_CURVES = 3 + 2 * N_COUPLED + N_FACTORS
# Nodes and weights for the mean over a normal distribution.
HERMITE_NODES, HERMITE_WEIGHTS = np.polynomial.hermite_e.hermegauss(7)
HERMITE_WEIGHTS = HERMITE_WEIGHTS / HERMITE_WEIGHTS.sum()
MIDDLE = 1500.0


@dataclass
class Instruments:
    """Several simulated instruments.

    Sizes are those of `InstrumentPriors`, here of each instrument: known values of what an instrument does to every
    spectrum, standard deviations of what changes from measurement to measurement. Any tensor may require gradients.

    Attributes
    ----------
    shift, stretch, width : Tensor of shape (n, 1)
        Wavelength axis and line shape, nm.
    gain, nonlinearity, stray_light, offset : Tensor of shape (n, 1)
        Photometric scale; ``gain`` is a factor.
    gain_shape, baseline, coupling : Tensor of shape (n, 1)
        Sizes of smooth curves.
    scatter, drift, packing, temperature : Tensor of shape (n, 1)
        Standard deviations of what differs between measurements.
    tail : Tensor of shape (n, 1)
        How much these vary between measurements, standard deviation of their logarithm.
    noise, noise_growth, noise_profile, noise_colour, noise_length : Tensor of shape (n, 1)
        Detector noise.
    sampling, phase : Tensor of shape (n, 1)
        Distance of the instrument's channels, nm, and where the first lies, in such distances before the axis.
    crop : Tensor of shape (n, 2)
        Shares of the axis that are not covered at its beginning and end.
    frequency, wave_phase : Tensor of shape (n, 16)
        Waves that its smooth curves consist of, periods per nm and radians.
    curves : Tensor of shape (n, 15, 16)
        Their coefficients.
    """

    shift: Tensor
    stretch: Tensor
    width: Tensor
    gain: Tensor
    gain_shape: Tensor
    nonlinearity: Tensor
    stray_light: Tensor
    offset: Tensor
    baseline: Tensor
    coupling: Tensor
    scatter: Tensor
    drift: Tensor
    packing: Tensor
    temperature: Tensor
    tail: Tensor
    noise: Tensor
    noise_growth: Tensor
    noise_profile: Tensor
    noise_colour: Tensor
    noise_length: Tensor
    sampling: Tensor
    phase: Tensor
    crop: Tensor
    frequency: Tensor
    wave_phase: Tensor
    curves: Tensor

    def __len__(self):
        return len(self.shift)

    def __getitem__(self, index) -> "Instruments":
        """Choose instruments, with repetition where wanted: one per spectrum, for instance.

        Parameters
        ----------
        index : slice, or Tensor of int of shape (B,)
            Which.

        Returns
        -------
        Instruments
            Their values.
        """
        if isinstance(index, int):
            index = [index]
        return Instruments(*(getattr(self, field.name)[index] for field in fields(self)))

    def to(self, *where) -> "Instruments":
        """Move to a device or data type, as ``Tensor.to`` does."""
        return Instruments(*(getattr(self, field.name).to(*where) for field in fields(self)))

    def covers(self, axis: Tensor) -> Tensor:
        """Say which channels an instrument measures at all.

        Parameters
        ----------
        axis : Tensor of shape (L,) or (n, L)
            Wavelengths, nm.

        Returns
        -------
        Tensor of bool of shape (n, L)
            True inside the instrument's range.
        """
        axis = torch.atleast_2d(axis)
        low, high = axis.amin(1, keepdim=True), axis.amax(1, keepdim=True)
        place = (axis - low) / (high - low)
        crop = self.crop.to(axis)
        return (place >= crop[:, :1]) & (place <= 1 - crop[:, 1:])

    def measure(self, clean: Tensor, axis: Tensor, generator=None) -> Tensor:
        """Measure samples.

        Parameters
        ----------
        clean : Tensor of shape (B, L)
            Absorbance of the samples, without padding.
        axis : Tensor of shape (L,) or (B, L)
            Wavelengths in nm, ascending or descending.
        generator : torch.Generator or numpy.random.Generator, optional
            Source of what changes from measurement to measurement: noise, scatter, drift, packing, temperature.
            Where None, there is nothing of it.

        Returns
        -------
        Tensor of shape (B, L)
            Absorbance as the instruments read it: row i on instrument i, or all rows on the one there is.

        Raises
        ------
        ValueError
            If there is neither one instrument nor one per spectrum.
        AxisMismatchError
            If the axis has another number of channels.
        """
        if clean.ndim != 2 or len(self) not in (1, len(clean)):
            raise ValueError(
                f"Spectra of shape {tuple(clean.shape)} on {len(self)} instruments: give rows of spectra, and one "
                "instrument or one per row (instruments[index])."
            )
        axis = torch.atleast_2d(axis).to(clean)
        if axis.shape[1] != clean.shape[1] or len(axis) not in (1, len(clean)) or clean.shape[1] < 2:
            raise AxisMismatchError(f"Axis of shape {tuple(axis.shape)} for spectra of shape {tuple(clean.shape)}.")
        if axis[0, 0] > axis[0, -1]:
            return self.measure(clean.flip(1), axis.flip(1), generator).flip(1)
        return self.to(clean)._measure(clean, axis, None if generator is None else torch_generator(generator))

    def _measure(self, x, axis, generator):
        n_groups = max(len(self), len(axis))
        axis = axis.expand(n_groups, -1)
        if generator is not None:
            x = self._another_sample(x, axis, generator)
        channels = self._channels(axis)
        x = self._through_optics(x, axis, channels)
        x = self._photometric(x, channels)
        if generator is not None:
            x = x + self._detector_noise(x, channels, generator)
        same = (self.sampling <= _step(axis)).expand(n_groups, 1)
        # channels of its own are interpolated; where they are those asked for, this changes nothing
        return x if same.all() else torch.where(same, x, read(x, *cubic_taps(channels, axis)))

    def _channels(self, axis):
        """Wavelengths of the instruments' own channels, (G, L); those beyond the end are not used."""
        own = axis[:, :1] + self.sampling * (torch.arange(axis.shape[1]).to(axis) - self.phase)
        return torch.where(self.sampling > _step(axis), own, axis)

    def _curves(self, axis, which):
        """Smooth curves (G, n_curves, L)."""
        return self.curves[:, which] @ waves(axis, self.frequency, self.wave_phase)

    def _another_sample(self, x, axis, generator):
        """Scatter, drift, packing and temperature of each measurement."""
        z = normal((len(x), 6 + N_FACTORS), generator, x)
        # the mean square stays as it is, whatever the tail
        z = z[:, 1:] * torch.exp(self.tail * z[:, :1] - self.tail**2)
        u = (axis - axis.mean(1, keepdim=True)) / 500.0
        slope = torch.gradient(x, dim=1)[0] / torch.gradient(axis, dim=1)[0]
        factors = self.packing[..., None] * self._curves(axis, slice(N_CURVES - N_FACTORS, N_CURVES))
        factors = factors * 0.5 ** torch.arange(N_FACTORS).to(x)[:, None]
        scattered = x * torch.exp(self.scatter * z[:, :1]) + self.temperature * z[:, 1:2] * slope
        drift = self.drift * (z[:, 2:3] + z[:, 3:4] * u + 0.5 * z[:, 4:5] * u**2)
        return scattered + drift + _combine(z[:, 5:], factors)

    def _through_optics(self, x, axis, channels):
        """Shift, stretch and line shape, and what a wavelength sees of the others."""
        seen = channels + self.shift + self.stretch * (channels - MIDDLE) / 1000.0
        nodes, weights = (torch.from_numpy(values).to(x) for values in (HERMITE_NODES, HERMITE_WEIGHTS))
        positions = seen[..., None] + self.width[..., None] * nodes
        index, weight = (taps.unflatten(1, positions.shape[1:]) for taps in cubic_taps(axis, positions.flatten(1)))
        blurred = read(x, index.flatten(2), (weight * weights[:, None]).flatten(2))
        out = self._curves(channels, slice(3, 3 + N_COUPLED))
        into = self._curves(channels, slice(3 + N_COUPLED, 3 + 2 * N_COUPLED))
        inside = ((channels >= axis[:, :1]) & (channels <= axis[:, -1:])).to(x)
        share = inside / inside.sum(1, keepdim=True)
        centred = blurred - (blurred * share).sum(1, keepdim=True)
        response = (into * (centred * share)[:, None]).sum(2) / N_COUPLED**0.5
        return blurred + self.coupling * _combine(response, out)

    def _photometric(self, x, channels):
        """Stray light, nonlinearity, gain and baseline."""
        gain_shape, baseline = self._curves(channels, slice(0, 2)).unbind(1)
        # -log10((10^-x + s) / (1 + s)), written so that it is exact where there is no stray light
        x = x - torch.log10((1 + self.stray_light * 10.0 ** x.clamp(max=30.0)) / (1 + self.stray_light))
        x = x + self.nonlinearity * x**2
        x = x * self.gain * (1 + self.gain_shape * gain_shape)
        return x + self.offset + self.baseline * baseline

    def _detector_noise(self, x, channels, generator):
        profile = self._curves(channels, slice(2, 3))[:, 0]
        size = self.noise * torch.exp(self.noise_profile * profile) * 10.0 ** (self.noise_growth * x.clamp(-1.0, 4.0))
        length = self.noise_length / _step(channels)
        return size * coloured_noise(tuple(x.shape), length, self.noise_colour, generator, x)


def draw_instruments(n, priors=None, generator=None, device="cpu") -> Instruments:
    """Draw instruments.

    Parameters
    ----------
    n : int
        How many.
    priors : InstrumentPriors, optional
        How much they differ; those fitted to real instruments where None.
    generator : torch.Generator or numpy.random.Generator
        Source of all randomness.
    device : device
        Where they live. The same generator state gives the same instruments on every device.

    Returns
    -------
    Instruments
        The instruments.

    Raises
    ------
    TypeError
        If there is no generator.

    Examples
    --------
    >>> import torch
    >>> from skspectral.pretraining import InstrumentPriors, draw_instruments
    >>> random = torch.Generator().manual_seed(0)
    >>> instruments = draw_instruments(2, InstrumentPriors(), random)
    >>> axis = torch.linspace(1100, 2498, 200)
    >>> clean = torch.exp(-(((axis - 1450) / 40) ** 2)).expand(2, -1)
    >>> instruments.measure(clean, axis, random).shape
    torch.Size([2, 200])
    """
    priors = InstrumentPriors.fitted() if priors is None else priors
    generator = torch_generator(generator)

    def gauss(*shape):
        return torch.randn(n, *shape, generator=generator, device=generator.device)

    def uniform(*shape):
        return torch.rand(n, *shape, generator=generator, device=generator.device)

    def vary(size, deviation=priors.spread):
        # its mean square stays the square of the size, whatever the spread
        return size * torch.exp(deviation * gauss(1) - deviation**2)

    grade = vary(1.0, priors.grade)

    def size(name):
        return grade * vary(getattr(priors, name))

    def signed(name):
        return size(name) * gauss(1)

    def positive(name):
        return size(name) * gauss(1).abs()

    place = (torch.arange(N_WAVES, device=generator.device) + uniform(N_WAVES)) / N_WAVES
    period = SHORTEST * (LONGEST / SHORTEST) ** place
    rough, packed = (_wave_sizes(period, power) for power in (priors.smoothness, priors.packing_smoothness))
    coefficients = torch.cat([rough.expand(-1, N_CURVES - N_FACTORS, -1), packed.expand(-1, N_FACTORS, -1)], 1)
    crop = -priors.crop * torch.log1p(-uniform(2))
    values = {
        "shift": signed("shift"),
        "stretch": signed("stretch"),
        "width": positive("width"),
        "gain": torch.exp(signed("gain")),
        "nonlinearity": signed("nonlinearity"),
        "stray_light": positive("stray_light"),
        "offset": signed("offset"),
        "sampling": vary(priors.sampling) * gauss(1).abs(),
        "noise_length": vary(priors.noise_length),
        "phase": uniform(1),
        "crop": crop.clamp(max=0.4),
        "frequency": 1 / period,
        "wave_phase": 2 * torch.pi * uniform(N_WAVES),
        "curves": coefficients * gauss(N_CURVES, N_WAVES),
    }
    for name in ("gain_shape", "baseline", "coupling", "scatter", "drift", "packing", "temperature", "noise"):
        values[name] = size(name)
    for name in ("tail", "noise_growth", "noise_profile", "noise_colour"):
        values[name] = torch.full((n, 1), getattr(priors, name), device=generator.device)
    return Instruments(**values).to(device)


def _wave_sizes(period, power):
    """Standard deviations of the coefficients of waves, (n, 1, K), so that curves have variance one."""
    size = period**power
    return (size / size.square().sum(1, keepdim=True).sqrt())[:, None]


def _step(axis):
    """Mean distance of the channels, (G, 1)."""
    return (axis[:, -1:] - axis[:, :1]) / (axis.shape[1] - 1)


def _combine(weights, curves):
    """Sum of curves (G, k, L) with the weights (B, k) of each spectrum: (B, L)."""
    return weights @ curves[0] if len(curves) == 1 else torch.einsum("bk,bkl->bl", weights, curves)
