"""A reference belongs to the sample: rows without one take it from their twins."""

import numpy as np

from ..exceptions import ConflictingReferenceError
from .labels import UNPAIRED
from .property_names import property_name

__all__ = ["REFERENCE_TOLERANCE", "inherit"]

REFERENCE_TOLERANCE = 1e-6
# percent of a fraction, either rounded
PERCENT, ROUNDED = 100.0, 0.5


def inherit(y, codes, place, labels, names):
    """Give every row of a sample the sample's reference, after checking that its instruments agree.

    Parameters
    ----------
    y : ndarray of shape (n_rows, n_targets)
        References, NaN where there is none.
    codes : ndarray of int of shape (n_rows,)
        Sample numbers, -1 for rows without an id, which stay as they are.
    place : ndarray of int of shape (n_rows,)
        Position of each row's instrument in ``names``.
    labels : ndarray of shape (n_rows,), dtype object, or None
        Ids for messages; None where no row has one.
    names : sequence of str
        What messages call the instruments.

    Returns
    -------
    ndarray of shape (n_rows, n_targets)
        Per sample and property the mean of the finite values.

    Raises
    ------
    ConflictingReferenceError
        If the means of two instruments differ by more than rounding.
    """
    named = codes != UNPAIRED
    if not named.any():
        return y
    n_samples = codes.max() + 1
    means = np.stack(
        [_group_means(y[named & (place == k)], codes[named & (place == k)], n_samples) for k in range(len(names))]
    )
    low, high = np.fmin.reduce(means), np.fmax.reduce(means)
    conflict = np.argwhere(high - low > REFERENCE_TOLERANCE * np.maximum(np.abs(low), np.abs(high)))
    if len(conflict):
        code, column = conflict[0]
        values = means[:, code, column]
        apart = sorted((int(np.nanargmin(values)), int(np.nanargmax(values))))
        first, second = (f"{values[k]:.10g} on {names[k]}" for k in apart)
        label = labels[np.flatnonzero(codes == code)[0]]
        which = property_name(int(column), means.shape[2])
        raise ConflictingReferenceError(
            f"Sample {label!r} has reference {first} and {second} ({which}); {len(conflict)} such conflicts in "
            f"all. A reference belongs to the sample: {_remedy(*sorted(np.abs(values[apart])))}"
        )
    y = y.copy()
    y[named] = _group_means(y[named], codes[named], n_samples)[codes[named]]
    return y


def _remedy(low, high):
    if low != 0 and abs(high / low - PERCENT) <= ROUNDED:
        return "one is a hundred times the other, as percent is of a fraction; bring them to one unit."
    return "correct it, or leave one of the two out (a blank cell, NaN)."


def _group_means(values, codes, n_groups):
    """Mean of the finite values per group and column, NaN where a group has none."""
    finite = np.isfinite(values)
    sums = np.zeros((n_groups, values.shape[1]))
    counts = np.zeros((n_groups, values.shape[1]))
    np.add.at(sums, codes, np.where(finite, values, 0.0))
    np.add.at(counts, codes, finite)
    return np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0)
