"""Rows of further instruments, for methods that learn from more than one source."""

import numpy as np

from .._core.known_instruments import check_others
from .._core.labels import UNPAIRED
from .._core.roles import TransferRows, shared_with
from ._replicates import NuisanceRows, strongest

__all__ = ["known_differences", "other_samples"]

# how much of the differences between known instruments every source sample is given, beside those of the own pairs;
# with more pairs than these it falls in proportion, because then the own pairs know better
KNOWN_SHARE, LEAST_PAIRS = 0.4, 3


def known_differences(operator, Z_source, source_codes, others, kept=()):
    """Differences between instruments that are known already, as rows whose reference is zero.

    What two other instruments differ by says something about how the target may differ, and the more the fewer pairs
    of its own there are. The mean difference of each is removed: it stands in no relation to the target's.

    Parameters
    ----------
    operator : callable
        Preprocessing of spectra.
    Z_source : ndarray of shape (n_source, n_channels)
        Preprocessed source samples.
    source_codes : ndarray of int of shape (n_source,)
    others : sequence of (X, y, codes)
        Samples of further instruments, as ``other_samples`` gives them.
    kept : array-like of int
        Codes of the standards, whose rows stay apart, so that they can be left out with the sample.

    Returns
    -------
    NuisanceRows or None
        None where the source shares fewer than two samples with each of them.
    """
    differences, codes, degrees = [], [], 0
    for X, _, other_codes in others:
        here, there = shared_with(other_codes, source_codes)
        if len(here) > 1:
            difference = operator(X[here]) - Z_source[there]
            differences.append(difference - difference.mean(axis=0))
            codes.append(other_codes[here])
            degrees += len(here) - 1
    if not differences:
        return None
    differences, codes = np.concatenate(differences), np.concatenate(codes)
    own = np.isin(codes, kept)
    share = KNOWN_SHARE * LEAST_PAIRS / max(LEAST_PAIRS, len(kept))
    rest = strongest(differences[~own]) if not own.all() else differences[:0]
    rows = np.concatenate([differences[own], rest]) * np.sqrt(share / degrees)
    return NuisanceRows(rows, np.concatenate([codes[own], np.full(len(rest), UNPAIRED)]).astype(int))


def other_samples(labels, rows, X, y, instrument, sample_id):
    """Samples of further instruments, sorted out against the source.

    Parameters
    ----------
    labels : sequence of object
        Their names.
    rows : TransferRows
        The rows of source and target.
    X, y, instrument, sample_id : array-like
        What ``fit`` was given.

    Returns
    -------
    list of (X, y, codes)
        One for each label, replicates averaged; codes number the samples as they do in ``rows``.

    Raises
    ------
    UnknownInstrumentError, AmbiguousInstrumentError
        If a label has no rows, stands twice, or is the source or the target.
    """
    check_others(labels, rows.source, rows.target, instrument)
    found = []
    for label in labels:
        spectra = np.asarray(X, dtype=np.float64)
        references = np.asarray(y, dtype=np.float64).reshape(len(spectra), -1)
        roles = {"source": rows.source, "target": label}
        pair = TransferRows.sort_out(spectra, references, instrument=instrument, sample_id=sample_id, **roles)
        found.append(pair.target_samples)
    return found
