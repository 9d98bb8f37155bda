"""Preprocessing operators by name, with windows in nm, for models that carry several of them inside."""

from functools import cached_property

import numpy as np
from scipy.sparse import csr_matrix, vstack
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from .._core.axis import regions
from ..preprocessing import SNV, Resample, SavitzkyGolay
from ._by_region import ByRegion

__all__ = ["OPERATORS", "Operator"]

# window in nm, polynomial order, derivative, and whether SNV comes first
OPERATORS = {
    "raw": None,
    "sg1": (30.0, 2, 1, False),
    "sg1n": (14.0, 2, 1, False),
    "sg2": (42.0, 3, 2, False),
    "snv": (None, None, None, True),
    "snvsg1": (30.0, 2, 1, True),
}

# what a channel is worth where the axis is unknown: the windows then are 15, 7 and 21 channels
UNKNOWN_STEP = 2.0
UNEQUAL_STEPS = 0.01
FEWEST_BEYOND_ORDER = 3
# unit spectra that are transformed at once
CHUNK = 512


class Operator:
    """A row-wise preprocessing step on a known axis.

    Parameters
    ----------
    name : str
        A key of ``OPERATORS``.
    axis : ndarray of shape (n_channels,)
        Wavelengths in nm; unequal steps are resampled first. Over a gap, nothing is interpolated or differentiated:
        the regions beside it are treated by themselves.
    """

    def __init__(self, name, axis):
        if name not in OPERATORS:
            raise ValueError(f"preprocessing must be one of {', '.join(OPERATORS)}, got {name!r}.")
        self.name, self._n_channels = name, len(axis)
        steps = []
        if OPERATORS[name] is not None:
            window, order, derivative, scatter = OPERATORS[name]
            parts = [(part.start, part.stop, axis[part]) for part in regions(axis)]
            resamplers = [(start, stop, _resampler(own)) for start, stop, own in parts]
            if any(resampler is not None for *_, resampler in resamplers):
                steps.append(resamplers[0][2] if len(parts) == 1 else ByRegion(resamplers))
            if scatter and len(axis) > 1:
                steps.append(SNV())
            if window is not None:
                # too few channels for the polynomial have no derivative worth the name
                long = [part for part in parts if part[1] - part[0] > order + FEWEST_BEYOND_ORDER]
                filters = [(start, stop, _filter(own, window, order, derivative)) for start, stop, own in long]
                if filters:
                    steps.append(filters[0][2] if len(parts) == 1 else ByRegion(filters))
        self._pipeline = make_pipeline(*steps) if steps else FunctionTransformer()
        # the steps learn nothing but the number of channels
        self._pipeline.fit(np.sin(np.outer([1.0, 2.0], np.arange(1.0, len(axis) + 1.0))))

    def __call__(self, X):
        """Transform spectra (n_spectra, n_channels)."""
        return np.asarray(self._pipeline.transform(X))

    @property
    def scatter(self):
        """Whether SNV is among the steps."""
        return self._n_to_scatter() > 0

    def to_scatter(self, X):
        """Transform spectra up to and with SNV; without it they stay as they are."""
        return _through(self._steps[: self._n_to_scatter()], X)

    def from_scatter(self, X):
        """Transform by the steps behind SNV, which are linear; by all steps without it."""
        return _through(self._steps[self._n_to_scatter() :], X)

    def pull_back(self, coefs):
        """Coefficients (n, n_channels) for what ``from_scatter`` gives, as those for what it is given."""
        return (self._matrix @ coefs.T).T

    @cached_property
    def _matrix(self):
        """The steps of ``from_scatter`` as a sparse matrix; each channel reaches its neighbours only."""
        n_channels, parts = self._n_channels, []
        for start in range(0, n_channels, CHUNK):
            channels = np.arange(start, min(start + CHUNK, n_channels))
            unit = np.zeros((len(channels), n_channels))
            unit[np.arange(len(channels)), channels] = 1.0
            parts.append(csr_matrix(self.from_scatter(unit)))
        return vstack(parts, format="csr")

    @property
    def before_scatter(self):
        """The step that brings unequal axes onto equal steps before SNV, None without."""
        return self._steps[0] if self._n_to_scatter() == 2 else None

    @property
    def _steps(self):
        # raw spectra have none
        return [step for _, step in getattr(self._pipeline, "steps", ())]

    def _n_to_scatter(self):
        kinds = [isinstance(step, SNV) for step in self._steps]
        return kinds.index(True) + 1 if any(kinds) else 0


def _through(steps, X):
    for step in steps:
        X = step.transform(X)
    return np.asarray(X)


def _even(axis):
    """Points of equal steps over a region (n_channels,): itself where its steps are equal."""
    steps = np.diff(axis)
    if len(axis) > 2 and np.ptp(steps) > UNEQUAL_STEPS * np.abs(steps).mean():
        return np.linspace(axis[0], axis[-1], len(axis))
    return axis


def _resampler(axis):
    """Bring a region (n_channels,) onto equal steps; None where they are."""
    grid = _even(axis)
    return None if grid is axis else Resample(grid=grid, wavelengths=axis)


def _filter(axis, window, order, derivative):
    """Derivative on a region (n_channels,), brought onto equal steps."""
    points = _odd(window / np.abs(np.diff(_even(axis))).mean(), order, len(axis))
    return SavitzkyGolay(points, polyorder=order, deriv=derivative)


def _odd(points, order, n_channels):
    """Nearest odd window that holds the polynomial and fits the spectrum."""
    nearest = 2 * round((points - 1) / 2) + 1
    largest = n_channels if n_channels % 2 else n_channels - 1
    return int(min(max(nearest, 2 * (order // 2 + 1) + 1), largest))
