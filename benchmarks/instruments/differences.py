"""Differences between two instruments that measured the same samples: real ones, and simulated ones beside them."""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.interpolate import CubicSpline

from skspectral.pretraining import draw_instruments

__all__ = ["FAMILIES", "DifferenceSet", "crude", "real_set", "simulated_sets", "simulator"]

# pairs that share samples or an instrument, and so stay on one side of every split
FAMILIES = {
    "drugs_K": "drugs_K",
    "drugs_T": "drugs_T",
    "drugs_P": "drugs_T",
    "feedgrain": "feedgrain",
    "usgs_asdfr": "usgs",
    "usgs_asdng": "usgs",
}


@dataclass
class DifferenceSet:
    """Spectra of the same samples on two instruments, on one axis.

    Attributes
    ----------
    pair : str
        Name of the real pair that gave the samples.
    axis : ndarray of shape (n_channels,)
        Wavelengths, nm.
    A, B : ndarray of shape (n_samples, n_channels)
        Absorbance on the first and second instrument.
    """

    pair: str
    axis: np.ndarray
    A: np.ndarray
    B: np.ndarray

    @property
    def difference(self):
        """Second minus first instrument, (n_samples, n_channels)."""
        return self.B - self.A

    @property
    def size(self):
        """How much samples differ on the first instrument: root mean variance, absorbance."""
        return float(np.sqrt(self.A.var(axis=0).mean()))


def real_set(pair):
    """Give the set of a real pair."""
    return DifferenceSet(pair.name, *pair.aligned())


def simulator(priors):
    """Give a function that draws two instruments and measures spectra on both."""

    def measure(clean, axis, random):
        instruments = draw_instruments(2, priors, random)
        return tuple(instruments[number].measure(clean, axis, random) for number in (0, 1))

    return measure


def crude(clean, axis, random):
    """Measure as a textbook has it: gain, offset, slope and white noise on one of the instruments."""
    gain, offset, slope = (torch.randn(3, generator=random) * torch.tensor([0.05, 0.05, 0.02])).tolist()
    u = (axis - axis.mean()) / 500.0
    noise = 1e-3 * torch.randn(clean.shape, generator=random).to(clean)
    return clean, clean * (1 + gain) + offset + slope * u + noise


def simulated_sets(pair, measure, n_sets, random, n_samples=None):
    """Measure the samples of a real pair on simulated instruments.

    Parameters
    ----------
    pair : RealPair
        Samples; each set takes the spectra of one of its two instruments, by turns, as what the samples are.
    measure : callable
        Gives two measurements of spectra (n, L) on an axis (L,).
    n_sets : int
        Number of pairs of instruments.
    random : torch.Generator
        Source of all randomness.
    n_samples : int, optional
        Samples of each set, drawn at random; all where None.

    Returns
    -------
    list of DifferenceSet
        One set for each pair of instruments, on the axis of the real set.
    """
    common = pair.aligned()[0]
    sets = []
    for number in range(n_sets):
        X, axis = ((pair.X_a, pair.axis_a), (pair.X_b, pair.axis_b))[number % 2]
        rows = torch.randperm(len(X), generator=random)[:n_samples].numpy()
        clean, wavelengths = torch.from_numpy(X[rows].astype(np.float32)), torch.from_numpy(axis).float()
        both = [CubicSpline(axis, x.double().numpy(), axis=1)(common) for x in measure(clean, wavelengths, random)]
        sets.append(DifferenceSet(pair.name, common, *both))
    return sets
