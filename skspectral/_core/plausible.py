"""Spectra and predictions that are far from all that a model was fitted on."""

import warnings

import numpy as np

from ..exceptions import AbsurdPredictionWarning, ImplausibleSpectraError
from .nested import is_nested

__all__ = ["DWARFING_SPECTRA", "fitted_range", "refuse_dwarfing", "warn_of_absurd"]

# beside a value that is larger by this factor all other spectra are lost in the rounding of sums of squares
DWARFING_SPECTRA = 1e7
# predictions that are farther from the references than this many times their extent mean nothing
ABSURD = 1e3


def fitted_range(X, y):
    """What the spectra and references of ``fit`` reached, as arrays that any model file can hold.

    Parameters
    ----------
    X : ndarray of shape (n_spectra, n_channels)
    y : ndarray of shape (n_spectra, n_targets)
        NaN where there is no reference.

    Returns
    -------
    dict
        ``typical`` (2, n_channels): mean and standard deviation of the spectra; ``largest``: largest magnitude of a
        value; ``centre`` and ``reach`` (n_targets,): mean of the references, and the larger of their extent and their
        largest magnitude, NaN without references.
    """
    centre, reach = np.full((2, y.shape[1]), np.nan)
    for j, column in enumerate(y.T):
        known = column[np.isfinite(column)]
        if len(known):
            centre[j], reach[j] = known.mean(), max(np.ptp(known), np.abs(known).max())
    typical = np.stack([X.mean(axis=0), X.std(axis=0)])
    return {"typical": typical, "largest": float(np.abs(X).max()), "centre": centre, "reach": reach}


def refuse_dwarfing(estimator, X):
    """Raise ImplausibleSpectraError for spectra beside which those of ``fit`` are nothing."""
    seen = getattr(estimator, "_range", None)
    if seen is None or not len(X) or seen["largest"] == 0:
        return
    largest = np.abs(X).max(axis=1)
    bad = np.flatnonzero(largest > DWARFING_SPECTRA * seen["largest"])
    if len(bad):
        row, channel = bad[0], int(np.argmax(np.abs(X[bad[0]])))
        raise ImplausibleSpectraError(
            f"X holds {X[row, channel]:.3g} in row {row}, channel {channel}, and no value of fit was larger than "
            f"{seen['largest']:.3g}; {len(bad)} of {len(X)} spectra are affected. It looks like a fill value, or like "
            "spectra of another quantity: remove or convert them."
        )


def warn_of_absurd(estimator, values):
    """Warn of predictions (n_spectra, n_targets) that nothing in ``fit`` supports."""
    seen = getattr(estimator, "_range", None)
    if seen is None or is_nested() or values.shape[1] != len(seen["reach"]):
        return
    far = np.abs(values - seen["centre"]) > ABSURD * np.maximum(seen["reach"], np.finfo(float).tiny)
    if far.any():
        row, column = np.argwhere(far)[0]
        warnings.warn(
            f"{int(far.any(axis=1).sum())} of {len(values)} predictions lie more than {ABSURD:g} times the extent of "
            f"the references away from them, first {values[row, column]:.3g} of property {column} in row {row}, where "
            f"references are around {seen['centre'][column]:.3g}. Check these spectra: they are of another kind than "
            "those of fit, or hold a fill value.",
            AbsurdPredictionWarning,
            stacklevel=4,
        )
