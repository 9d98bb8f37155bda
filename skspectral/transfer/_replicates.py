"""Repeated scans as evidence: what tells two scans of one sample apart is no property of the sample.

Replicates are averaged for pairing and count as one sample. Their spread is kept here: contrasts between the scans of
a sample on one instrument become rows of a ridge whose reference is zero, as laboratories do with a repeatability file.
"""

from dataclasses import dataclass

import numpy as np

from .._core.labels import UNPAIRED

__all__ = ["ReplicateRows", "replicate_rows"]

# contrasts beyond this number are rotated into their strongest directions: what is left there is detector noise
MOST_DIRECTIONS = 40
MOST_DIRECTIONS_OF_A_STANDARD = 3
# mean square of a contrast, relative to that of the spectra, below which scans are copies of one another
NEGLIGIBLE = 1e-24
# how much of the scatter of one scan every source sample is given: predictions are made of scans of the target, and the
# scatter of the source's own scans only resembles theirs
SOURCE_SHARE, TARGET_SHARE = 0.25, 0.5


@dataclass(frozen=True, eq=False)
class ReplicateRows:
    """Contrasts between repeated scans, as rows whose reference is zero.

    Attributes
    ----------
    X : ndarray of shape (n_rows, n_channels)
        Preprocessed, not centred: contrasts have no offset. ``X.T @ X`` is the covariance of one scan around its
        sample, a share of the source's plus a share of the target's, without directions that were cut off. A ridge
        gives these rows the weight of all source samples together.
    codes : ndarray of int of shape (n_rows,)
        Sample of the row, -1 where contrasts of several samples were rotated together.
    """

    X: np.ndarray
    codes: np.ndarray

    def __len__(self):
        return len(self.X)


def replicate_rows(rows, operator, kept=()):
    """Contrasts between the scans of every sample that was measured more than once on one instrument.

    Parameters
    ----------
    rows : TransferRows
        Source and target rows; scans of one sample on two instruments are a pair, not replicates.
    operator : callable
        Preprocessing of spectra (n_spectra, n_channels).
    kept : array-like of int
        Codes of samples whose rows stay apart from the others, so that they can be left out with the sample.

    Returns
    -------
    ReplicateRows or None
        None where no sample has replicates, or all of them are copies.
    """
    kept = np.asarray(kept, dtype=int)
    parts = [_of_one_instrument(rows, side, operator, kept) for side in (False, True)]
    parts = [part for part in parts if part is not None]
    if not parts:
        return None
    return ReplicateRows(*(np.concatenate(part) for part in zip(*parts)))


def _of_one_instrument(rows, side, operator, kept):
    """Rows and codes of the source's or the target's scans; None without replicates."""
    groups = _groups(rows, side)
    if not groups:
        return None
    Z = operator(rows.X[np.concatenate(groups)])
    ends = np.cumsum([len(group) for group in groups])
    scans = np.split(Z, ends[:-1])
    contrasts = [each - each.mean(axis=0) for each in scans]
    if sum((each**2).sum() for each in contrasts) <= NEGLIGIBLE * (Z**2).sum():
        return None
    group_codes = np.array([rows.codes[group[0]] for group in groups])
    apart = np.isin(group_codes, kept)
    found = [_strongest(each, MOST_DIRECTIONS_OF_A_STANDARD) for each, own in zip(contrasts, apart) if own]
    codes = [np.full(len(part), code) for part, code in zip(found, group_codes[apart])]
    if not apart.all():
        together = np.vstack([each for each, own in zip(contrasts, apart) if not own])
        found.append(_strongest(together, MOST_DIRECTIONS))
        codes.append(np.full(len(found[-1]), UNPAIRED))
    share = TARGET_SHARE if side else SOURCE_SHARE
    return np.vstack(found) * np.sqrt(share / (ends[-1] - len(groups))), np.concatenate(codes)


def _groups(rows, side):
    """Positions of the scans of every sample with two or more on one instrument, in the order of the rows."""
    positions = np.flatnonzero((rows.is_target == side) & (rows.codes != UNPAIRED))
    codes, inverse, counts = np.unique(rows.codes[positions], return_inverse=True, return_counts=True)
    order = np.argsort(inverse, kind="stable")
    groups = np.split(positions[order], np.cumsum(counts)[:-1]) if len(codes) else []
    # codes follow the names that the user gave; the first row of a sample does not
    return sorted((group for group in groups if len(group) > 1), key=lambda group: group[0])


def _strongest(contrasts, most):
    """Rotate contrasts into fewer rows with the same scatter matrix, the strongest directions first."""
    _, singular, axes = np.linalg.svd(contrasts, full_matrices=False)
    return (singular[:, None] * axes)[:most]
