"""References of twins, for what scores against the ``y`` that it is given."""

import numpy as np

from .._core.inheritance import inherit
from .._core.labels import check_instrument, check_labels, encode_samples
from .._core.references import check_references

__all__ = ["inherit_references"]


def inherit_references(y, instrument, sample_id):
    """Give rows without a reference that of the same sample on another instrument, as ``fit`` does.

    Every transfer method does so by itself. scikit-learn's ``cross_validate`` and searches score against the ``y`` that
    they are given, and splitters test only rows that have a reference there: give them this ``y``.

    Parameters
    ----------
    y : array-like of shape (n_spectra,) or (n_spectra, n_targets)
        References; NaN where there is none.
    instrument : array-like of shape (n_spectra,)
        Instrument of each row.
    sample_id : array-like of shape (n_spectra,)
        Sample of each row; rows without one neither lend nor take.

    Returns
    -------
    ndarray of shape (n_spectra,) or (n_spectra, n_targets)
        A float64 copy of ``y``: per sample and property, NaN is replaced by the mean of the sample's finite values.
        References that are there stay as they are.

    Raises
    ------
    ConflictingReferenceError
        If a sample has different references on two instruments.
    LabelsError, UnknownInstrumentError
        If there is not one label per row, or an instrument is missing.
    ValueError
        If ``y`` is not numeric, or infinite.

    Examples
    --------
    >>> from skspectral import inherit_references
    >>> inherit_references([9.1, 8.2, float("nan")], ["A", "A", "B"], ["s1", "s2", "s1"])
    array([9.1, 8.2, 9.1])
    """
    labels = check_instrument(instrument, len(instrument))
    ids = check_labels(sample_id, len(labels), "sample_id")
    given = check_references(inherit_references.__name__, y, len(labels), allow_missing=True)
    names = list(dict.fromkeys(labels))
    position = {name: k for k, name in enumerate(names)}
    place = np.array([position[label] for label in labels], dtype=int)
    columns = given.reshape(len(labels), -1)
    lent = inherit(columns, encode_samples(ids, len(ids)), place, ids, [repr(name) for name in names])
    return np.where(np.isnan(columns), lent, columns).reshape(given.shape)
