"""Rows of further instruments, for methods that learn from more than one source."""

import numpy as np

from .._core.roles import TransferRows
from ..exceptions import AmbiguousInstrumentError, UnknownInstrumentError

__all__ = ["other_samples"]


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
        If a label has no rows, or is the source or the target.
    """
    found = []
    for label in labels:
        if label in (rows.source, rows.target):
            raise AmbiguousInstrumentError(f"others names {label!r}, which is the source or the target already.")
        if label not in set(np.asarray(instrument, dtype=object)):
            raise UnknownInstrumentError(f"others names {label!r}, and no row was measured on it.")
        spectra = np.asarray(X, dtype=np.float64)
        references = np.asarray(y, dtype=np.float64).reshape(len(spectra), -1)
        roles = {"source": rows.source, "target": label}
        pair = TransferRows.sort_out(spectra, references, instrument=instrument, sample_id=sample_id, **roles)
        found.append(pair.target_samples)
    return found
