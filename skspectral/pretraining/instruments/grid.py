"""Spectra on other channels, random numbers by name, and the axis that a simulated instrument sees."""

from threading import Lock

import numpy as np

__all__ = [
    "Window",
    "average_channels",
    "neighbouring_window",
    "random_generator",
    "read_rows",
    "standardise",
    "window",
]

# Where spectra that are not measured over wavelengths lie for a simulated instrument, nm.
NOMINAL_RANGE = (1000.0, 2500.0)
NARROWEST = 0.4

# A corpus keeps its latest files in memory, and threads that prepare batches must not empty that at the same time.
_reading = Lock()


class Window:
    """Part of a material's axis, cut into evenly spaced channels.

    Parameters
    ----------
    material : Material
        Data set of the spectra.
    low, high : float
        Ends of the window as shares of the axis.
    n_channels : int
        Number of channels L.

    Attributes
    ----------
    nm : ndarray of shape (L,)
        Where the channels lie for an instrument, ascending; see `NOMINAL_RANGE` for axes that are no wavelengths.
    wavenumbers : ndarray of shape (L,)
        Where they lie for the network, cm-1.
    """

    def __init__(self, material, low, high, n_channels):
        self.low, self.high = low, high
        axis = np.asarray(material.axis, dtype=float)
        wavelength = material.domain == "NIR"
        self._reverse = wavelength and material.axis_unit == "cm-1"
        if self._reverse:
            axis = 1e7 / axis[::-1]
        self._axis = axis
        start, span = axis[0], axis[-1] - axis[0]
        self._grid = np.linspace(start + low * span, start + high * span, n_channels)
        if wavelength:
            self.nm, self.wavenumbers = self._grid, 1e7 / self._grid
        else:
            first, last = NOMINAL_RANGE
            self.nm, self.wavenumbers = first + (last - first) * (self._grid - start) / span, self._grid

    def read(self, X):
        """Average spectra (n, channels of the material), float64, over the window's channels: (n, L)."""
        return average_channels(X[:, ::-1] if self._reverse else X, self._axis, self._grid)


def read_rows(material, rows):
    """Read spectra of a material: (n, channels of the material), float64."""
    with _reading:
        X = material.X
    return np.asarray(X[rows], dtype=float)


def window(material, n_channels, generator):
    """Draw a window: the whole axis half of the time, else a part of at least ``NARROWEST`` of it."""
    low, high = 0.0, 1.0
    if generator.random() < 0.5:
        share = generator.uniform(NARROWEST, 1)
        low = generator.uniform(0, 1 - share)
        high = low + share
    return Window(material, low, high, n_channels)


def neighbouring_window(material, other, n_channels, generator, reach=0.15):
    """Draw a window whose ends lie near those of another one, as ranges of instruments for one purpose do.

    They lie up to ``reach`` of the other's range from its ends; below one half the two always have a part in common.
    """
    apart = reach * (other.high - other.low)
    low, high = (other.low, other.high) + apart * generator.uniform(-1, 1, size=2)
    return Window(material, max(low, 0.0), min(high, 1.0), n_channels)


def average_channels(X, axis, grid):
    """Average spectra over the channels of another axis.

    A channel of an instrument is a mean over its width, not a point: interpolating at the centres alone would alias the
    noise of finely sampled spectra. The mean of the piecewise linear interpolant is exact.

    Parameters
    ----------
    X : ndarray of shape (n, m)
        Spectra.
    axis : ndarray of shape (m,)
        Their axis, ascending.
    grid : ndarray of shape (L,)
        Centres of the new channels, ascending, within the axis.

    Returns
    -------
    ndarray of shape (n, L)
        Averaged spectra.
    """
    steps = np.diff(axis)
    area = np.concatenate([np.zeros((len(X), 1)), np.cumsum(0.5 * (X[:, 1:] + X[:, :-1]) * steps, axis=1)], axis=1)
    middle = 0.5 * (grid[1:] + grid[:-1])
    edges = np.concatenate([[2 * grid[0] - middle[0]], middle, [2 * grid[-1] - middle[-1]]]).clip(axis[0], axis[-1])
    left = np.searchsorted(axis, edges, side="right").clip(1, len(axis) - 1) - 1
    beyond = edges - axis[left]
    slope = (X[:, left + 1] - X[:, left]) / steps[left]
    integral = area[:, left] + beyond * (X[:, left] + 0.5 * slope * beyond)
    return np.diff(integral, axis=1) / np.diff(edges)


def standardise(x):
    """Give spectra, tensor (n, L), mean zero and standard deviation one, and what was removed, (n, 1) each."""
    location = x.mean(-1, keepdim=True)
    scale = x.std(-1, keepdim=True, correction=0).clamp(min=1e-8)
    return (x - location) / scale, location, scale


def random_generator(*keys):
    """Give the NumPy generator of a place in the run, named by integers that are not negative."""
    return np.random.default_rng(np.random.SeedSequence(keys))
