"""Several known instruments: their names, the references that they share, and how much each of them is heard."""

import numpy as np

from ..exceptions import AmbiguousInstrumentError, MissingReferenceError, UnknownInstrumentError
from .inheritance import inherit
from .labels import check_labels, encode_samples
from .property_names import property_name
from .references import held_out_error

__all__ = ["check_known_references", "check_others", "combination_weights", "inherit_from_all"]

# exponent of the held-out error for each standard, and the number of standards beyond which it grows no more
POWER, MOST_COUNTED = 0.25, 10


def check_others(others, source, target, instrument):
    """Refuse names of further sources that are no further instrument.

    Raises
    ------
    UnknownInstrumentError, AmbiguousInstrumentError
        If a label has no rows, stands twice, or is the source or the target.
    TypeError
        If they are a text, whose letters would be taken for names.
    """
    if isinstance(others, str):
        raise TypeError(f"others must be a list of instruments, such as [{others!r}], got {others!r}.")
    if not len(others):
        return
    seen = set() if instrument is None else set(np.asarray(instrument, dtype=object))
    for label in others:
        if label in (source, target):
            raise AmbiguousInstrumentError(f"others names {label!r}, which is the source or the target already.")
        if label not in seen:
            raise UnknownInstrumentError(f"others names {label!r}, and no row was measured on it.")
    if len(set(others)) < len(others):
        raise AmbiguousInstrumentError(f"others names an instrument twice: {', '.join(map(repr, others))}.")


def inherit_from_all(y, labels, instrument, sample_id):
    """Give a standard that one of the sources has not measured its reference from another.

    Parameters
    ----------
    y : ndarray of shape (n_spectra, n_targets)
    labels : sequence of object
        All instruments that share their references; rows of others stay as they are.
    instrument, sample_id : array-like of shape (n_spectra,)

    Returns
    -------
    ndarray of shape (n_spectra, n_targets)

    Raises
    ------
    ConflictingReferenceError
        If they have different references for one sample.
    """
    if sample_id is None:
        return y
    place = {label: k for k, label in enumerate(labels)}
    where = np.array([place.get(label, -1) for label in np.asarray(instrument, dtype=object)])
    known, ids = where >= 0, check_labels(sample_id, len(y), "sample_id")
    names = [repr(label) for label in labels]
    y = np.array(y, dtype=np.float64)
    y[known] = inherit(y[known], encode_samples(ids[known], int(known.sum())), where[known], ids[known], names)
    return y


def check_known_references(y, labels, instrument):
    """Refuse a known instrument none of whose samples has a reference for some property.

    Parameters
    ----------
    y : ndarray of shape (n_spectra, n_targets)
        References after `inherit_from_all`.
    labels : sequence of object
        The known instruments, the source first.
    instrument : array-like of shape (n_spectra,)

    Raises
    ------
    MissingReferenceError
        It names the instrument.
    """
    instrument = np.asarray(instrument, dtype=object)
    for place, label in enumerate(labels):
        own = np.array([other == label for other in instrument], dtype=bool)
        missing = np.flatnonzero(~np.isfinite(y[own]).any(axis=0))
        if missing.size:
            silent = property_name(missing[0], y.shape[1])
            remedy = "leave it out of others, or name" if place else "name"
            raise MissingReferenceError(
                f"No sample on {label!r} has a reference of {silent}, so that it cannot be a "
                f"source: {remedy} its samples by the sample_id that they have on an instrument with references."
            )


def combination_weights(held_out):
    """Weights (n_sources, n_targets) by the errors on held-out standards (n_sources, n_standards, n_targets).

    Only standards count that every source has a residual of. Ten of them are heard with two and a half times the
    power of the error; with none all sources are equal.
    """
    common = np.isfinite(held_out).all(axis=0)
    counts = common.sum(axis=0)
    error = np.sqrt(held_out_error(np.where(common, held_out, np.nan)))
    known = (counts > 0) & (error > 0).all(axis=0)
    logits = np.where(known, -POWER * np.minimum(counts, MOST_COUNTED) * np.log(np.where(known, error, 1.0)), 0.0)
    weights = np.exp(logits - logits.max(axis=0))
    return weights / weights.sum(axis=0)
