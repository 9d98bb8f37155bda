"""Doing nothing, or hardly anything: ridges on the source alone, as they are and with their mean error removed."""

import numpy as np

from .._augmented import OFFSET, Solution, inverse_of

__all__ = ["source_model"]


def source_model(rows, ridge, bias):
    """Fit a ridge to the source rows of one preprocessing.

    Parameters
    ----------
    rows : AugmentedRows
    ridge : float
        Noise variance of a source row.
    bias : bool
        Whether the mean error on the standards, or on the pairs where no standard has a reference, is removed.

    Returns
    -------
    Solution
        Its ``held_out`` residuals are of models without the standard's source row, and of biases without its error.
        Its ``gap`` is what is left after the shift, where there is one: the error that a perfect calibration of the
        source would still make on the target.
    """
    n_targets = rows.r.shape[1]
    coef, intercept = np.empty((n_targets, rows.Z.shape[1])), np.empty(n_targets)
    held_out = np.full((rows.n_standards, n_targets), np.nan)
    error, disagreement = np.empty(n_targets), np.empty(n_targets)
    known = np.isfinite(rows.r) & (rows.kinds == 0)[:, None]
    on_target = np.flatnonzero(rows.kinds == 2)
    own_differences = rows.Z[(rows.kinds == 1) & (rows.on_target == 1)]
    for pattern in np.unique(known, axis=1).T:
        columns = np.flatnonzero((known == pattern[:, None]).all(axis=0))
        kept = np.flatnonzero(pattern)
        shared = rows.shared[kept]
        kernel = rows.gram[np.ix_(kept, kept)] + OFFSET * np.outer(shared, shared)
        inverse = inverse_of(kernel + ridge * np.eye(len(kept)))
        alpha = inverse @ rows.r[np.ix_(kept, columns)]
        coef[columns] = (rows.Z[kept].T @ alpha).T
        intercept[columns] = OFFSET * shared @ alpha
        error[columns] = rows.source_error(inverse, alpha, kept, columns, ridge)
        across = rows.gram[np.ix_(on_target, kept)] + OFFSET * shared
        residual = rows.r[np.ix_(on_target, columns)] - across @ alpha
        # what leaving a standard's source row out does to all standards: one column for each of them
        without = np.repeat(residual[:, None], rows.n_standards, axis=1)
        for place in np.flatnonzero(rows.standard[kept] >= 0):
            k = rows.standard[kept[place]]
            without[:, k] += np.outer(across @ inverse[:, place], alpha[place] / inverse[place, place])
        gap = own_differences @ coef[columns].T
        shift = 0.0
        if bias:
            shift, own = _biases(without, residual, gap)
            gap = gap - gap.mean(axis=0) if len(gap) else gap
        else:
            own = without[np.arange(len(without)), np.arange(len(without))]
        intercept[columns] += shift
        held_out[:, columns] = own
        disagreement[columns] = (gap**2).sum(axis=0) / max(len(gap) - bias, 1)
    coef *= rows.y_scale[:, None] / rows.scale
    intercept = intercept * rows.y_scale + rows.y_mean - coef @ rows.mean
    return Solution(coef, intercept, held_out * rows.y_scale, error * rows.y_scale**2, disagreement * rows.y_scale**2)


def _biases(without, residual, gap):
    """Mean error (n_targets,), and each standard's error less the mean error of the others (n_standards, n_targets)."""
    n = len(without)
    seen = np.isfinite(residual)
    counts = seen.sum(axis=0)
    shift = np.where(seen, residual, 0.0).sum(axis=0) / np.maximum(counts, 1)
    if len(gap):
        shift = np.where(counts > 0, shift, -gap.mean(axis=0))
    diagonal = without[np.arange(n), np.arange(n)]
    sums = np.where(seen[:, None], without, 0.0).sum(axis=0) - np.where(seen, diagonal, 0.0)
    others = counts - seen
    bias = np.divide(sums, others, out=np.full(sums.shape, np.nan), where=others > 0)
    return shift, diagonal - bias
