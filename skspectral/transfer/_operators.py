"""Preprocessing operators by name, with windows in nm, for models that carry several of them inside."""

import numpy as np
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from ..preprocessing import SNV, Resample, SavitzkyGolay

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


class Operator:
    """A row-wise preprocessing step on a known axis.

    Parameters
    ----------
    name : str
        A key of ``OPERATORS``.
    axis : ndarray of shape (n_channels,)
        Wavelengths in nm; unequal steps are resampled first.
    """

    def __init__(self, name, axis):
        if name not in OPERATORS:
            raise ValueError(f"preprocessing must be one of {', '.join(OPERATORS)}, got {name!r}.")
        self.name = name
        steps = []
        grid = axis
        gaps = np.diff(axis)
        if OPERATORS[name] is not None and len(axis) > 2 and np.ptp(gaps) > UNEQUAL_STEPS * np.abs(gaps).mean():
            grid = np.linspace(axis[0], axis[-1], len(axis))
            steps.append(Resample(grid=grid, wavelengths=axis))
        if OPERATORS[name] is not None:
            window, order, derivative, scatter = OPERATORS[name]
            if scatter and len(axis) > 1:
                steps.append(SNV())
            # too few channels for the polynomial have no derivative worth the name
            if window is not None and len(axis) > order + FEWEST_BEYOND_ORDER:
                points = _odd(window / np.abs(np.diff(grid)).mean(), order, len(grid))
                steps.append(SavitzkyGolay(points, polyorder=order, deriv=derivative))
        self._pipeline = make_pipeline(*steps) if steps else FunctionTransformer()
        # the steps learn nothing but the number of channels
        self._pipeline.fit(np.sin(np.outer([1.0, 2.0], np.arange(1.0, len(axis) + 1.0))))

    def __call__(self, X):
        """Transform spectra (n_spectra, n_channels)."""
        return np.asarray(self._pipeline.transform(X))


def _odd(points, order, n_channels):
    """Nearest odd window that holds the polynomial and fits the spectrum."""
    nearest = 2 * round((points - 1) / 2) + 1
    largest = n_channels if n_channels % 2 else n_channels - 1
    return int(min(max(nearest, 2 * (order // 2 + 1) + 1), largest))
