"""Repeated scans as evidence: what tells two scans of one sample apart is no property of the sample.

Replicates are averaged for pairing and count as one sample. Their spread is kept here: contrasts between the scans of
a sample on one instrument become rows of a ridge whose reference is zero, as laboratories do with a repeatability file.
"""

from dataclasses import dataclass

import numpy as np

from .._core.labels import UNPAIRED

__all__ = ["NuisanceRows", "replicate_rows", "strongest", "together"]

# contrasts beyond this number are rotated into their strongest directions: what is left there is detector noise
MOST_DIRECTIONS = 40
MOST_DIRECTIONS_OF_A_STANDARD = 3
# mean square of a contrast, relative to that of the spectra, below which scans are copies of one another
NEGLIGIBLE = 1e-24
# how much of the scatter of one scan every source sample is given: predictions are made of scans of the target, and the
# scatter of the source's own scans only resembles theirs
SOURCE_SHARE, TARGET_SHARE = 0.25, 0.5


@dataclass(frozen=True, eq=False)
class NuisanceRows:
    """Rows whose reference is zero: what differs in them is no property of the samples.

    Attributes
    ----------
    X : ndarray of shape (n_rows, n_channels)
        Preprocessed, not centred: contrasts have no offset. ``X.T @ X`` is a share of a covariance, of one scan around
        its sample or of an instrument around another, without directions that were cut off. A ridge gives these rows
        the weight of all source samples together.
    codes : ndarray of int of shape (n_rows,)
        Sample of the row, -1 where those of several samples were rotated together.
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
    NuisanceRows or None
        None where no sample has replicates, or all of them are copies. A share of the source's covariance and a share
        of the target's.
    """
    kept = np.asarray(kept, dtype=int)
    parts = [_of_one_instrument(rows, side, operator, kept) for side in (False, True)]
    return together([NuisanceRows(*part) for part in parts if part is not None])


def together(parts):
    """Join several NuisanceRows, None among them left out; None without any."""
    parts = [part for part in parts if part is not None]
    if not parts:
        return None
    return NuisanceRows(np.concatenate([part.X for part in parts]), np.concatenate([part.codes for part in parts]))


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
    found = [strongest(each, MOST_DIRECTIONS_OF_A_STANDARD) for each, own in zip(contrasts, apart) if own]
    codes = [np.full(len(part), code) for part, code in zip(found, group_codes[apart])]
    if not apart.all():
        others = np.vstack([each for each, own in zip(contrasts, apart) if not own])
        found.append(strongest(others, MOST_DIRECTIONS))
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


def strongest(contrasts, most=MOST_DIRECTIONS):
    """Rotate contrasts into fewer rows with the same scatter matrix, the strongest directions first."""
    _, singular, axes = np.linalg.svd(contrasts, full_matrices=False)
    return (singular[:, None] * axes)[:most]
