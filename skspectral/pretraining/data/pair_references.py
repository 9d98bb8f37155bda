"""What to predict of samples that two instruments measured."""

import numpy as np
import torch

from ..instruments.grid import standardise

__all__ = ["pair_references"]

N_COMPONENTS = 3
# channels beyond the shared range from which references are made
LEAST_BEYOND = 20
# known values that a measured reference must have
LEAST_KNOWN = 20


def pair_references(pair, shared=None):
    """Say what to predict of the samples of a pair.

    Measured references, where there are some. Else the leading principal components of what either instrument sees
    beyond the range that both share: they say something about the sample that no noise on that range is part of.

    Parameters
    ----------
    pair : RealPair
        The pair.
    shared : ndarray of shape (n_samples, L), optional
        Spectra on the range that both share, whose components stand in where there is nothing beyond it.

    Returns
    -------
    list of ndarray of shape (n_samples,)
        Quantities that vary, NaN where unknown.
    """
    columns = [] if pair.y is None else np.asarray(pair.y, dtype=float).reshape(len(pair), -1).T
    usable = [y for y in columns if np.isfinite(y).sum() > LEAST_KNOWN and np.nanstd(y) > 0]
    if usable:
        return usable
    low, high = pair.overlap
    beyond = []
    for X, axis in ((pair.X_a, pair.axis_a), (pair.X_b, pair.axis_b)):
        outside = (axis < low) | (axis > high)
        if outside.sum() >= LEAST_BEYOND:
            beyond += _scores(standardise(torch.from_numpy(np.asarray(X[:, outside], dtype=float)))[0].numpy())
    return beyond if beyond or shared is None else _scores(shared)


def _scores(X):
    """Leading principal components of spectra: list of ndarray of shape (n_samples,)."""
    u, s, _ = np.linalg.svd(X - X.mean(axis=0), full_matrices=False)
    return list((u * s).T[:N_COMPONENTS])
