"""Folds that depend on the content of the rows alone."""

import numpy as np

from .roles import UNPAIRED

__all__ = ["content_folds"]


def content_folds(X, y, groups, n_folds):
    """Assign samples to folds by content, so that neither row order nor names matter.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_channels)
    y : ndarray of shape (n_rows, n_targets)
    groups : ndarray of int of shape (n_rows,)
        Sample numbers, -1 for rows that are a sample of their own; rows of one sample share a fold.
    n_folds : int
        Number of folds, at most the number of samples.

    Returns
    -------
    ndarray of int of shape (n_rows,)
        Fold of each row. Samples are dealt out in the order of their first property, so folds are balanced.
    """
    groups = groups.copy()
    alone = groups == UNPAIRED
    groups[alone] = np.arange(alone.sum()) + groups.max(initial=0) + 1
    order = np.lexsort([X @ np.arange(1.0, X.shape[1] + 1.0), *y.T[::-1]])
    fold_of = {}
    for row in order:
        fold_of.setdefault(groups[row], len(fold_of))
    n_folds = min(n_folds, len(fold_of))
    return np.array([fold_of[group] % n_folds for group in groups])
