"""The two labels of a row, instrument and sample: what is missing, what is one id, and what cannot be a label."""

import re
from decimal import Decimal
from numbers import Real

import numpy as np

from ..exceptions import LabelsError, UnknownInstrumentError

__all__ = [
    "MISSING_WORDS",
    "UNPAIRED",
    "check_instrument",
    "check_labels",
    "encode_samples",
    "id_key",
    "id_order",
    "is_missing",
]

UNPAIRED = -1
#: Texts that stand for "no id", lower case: what programs write for a blank cell, NaN, None, NaT and pandas.NA.
MISSING_WORDS = frozenset({"", "na", "n/a", "#n/a", "nan", "nat", "none", "null", "<na>"})
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?", re.ASCII)


def is_missing(value):
    """Tell whether a label is missing: None, NaN, NaT, pandas.NA, or a text that stands for one of them."""
    if value is None:
        return True
    value = id_key(value) if isinstance(value, bytes) else value
    if isinstance(value, str):
        return value.strip().lower() in MISSING_WORDS
    try:
        return bool(value != value)
    except TypeError:
        # pandas.NA compares to NA, which refuses to be a truth value
        return True


def id_key(label):
    """Give what an id is known by: a number is its text, so that 7, 7.0 and "7" are one id; texts stay as they are.

    Bytes, in which HDF5 and fixed-width arrays keep text, are that text.
    """
    if isinstance(label, bytes):
        return label.decode("utf-8", "surrogateescape")
    if isinstance(label, str) or not isinstance(label, Real | Decimal | np.bool_):
        return label
    if isinstance(label, bool | np.bool_):
        return str(bool(label))
    whole = float(label).is_integer()
    return str(int(label)) if whole else str(label)


def id_order(label):
    """Sort key of an id that depends on what it is known by: numbers, written as text or not, by value; then texts."""
    key = id_key(label)
    if isinstance(key, str) and _NUMBER.fullmatch(key):
        return 0, float(key), key
    return 1, str(key), type(key).__name__


def check_labels(values, n_rows, name):
    """Bring a label column of any container into an object array.

    Parameters
    ----------
    values : array-like of shape (n_rows,)
        List, NumPy array, pandas Series or categorical. Masked entries become None.
    n_rows : int
        Number of spectra.
    name : str
        Name of the argument, for messages.

    Returns
    -------
    ndarray of shape (n_rows,), dtype object

    Raises
    ------
    LabelsError
        If there is not one label per row, or a label is a list, an array or something else that cannot be compared, or
        None that an array of text cut off.
    """
    _refuse_cut_off(values, name)
    try:
        labels = _tuples(values) if _holds_tuples(values) else np.asarray(values, dtype=object)
    except ValueError as error:
        # arrays of different shapes
        raise LabelsError(f"{name} must be one label per spectrum (1-D): {error}") from error
    if labels.ndim != 1:
        raise LabelsError(f"{name} must be one label per spectrum (1-D), got shape {labels.shape}.")
    if labels.size != n_rows:
        raise LabelsError(f"{name} has {labels.size} entries for {n_rows} spectra; give one per row of X.")
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
        labels = labels.copy()
        labels[np.ma.getmaskarray(values)] = None
    scalars = [row for row, label in enumerate(labels) if isinstance(label, np.str_ | np.integer | np.float64)]
    if scalars:
        # messages show a label as its owner wrote it, not as NumPy wraps it
        labels = labels.copy()
        labels[scalars] = [label.item() for label in labels[scalars]]
    for row, label in enumerate(labels):
        if isinstance(label, str):
            continue
        try:
            hash(label)
        except TypeError as error:
            raise LabelsError(
                f"{name} holds a {type(label).__name__} in row {row}, {str(label)[:40]}; a label is a text or a number."
            ) from error
    return labels


def _refuse_cut_off(values, name):
    """Refuse "Non": None, put into an array of texts of three letters, would be one sample with many scans."""
    if not isinstance(values, np.ndarray) or values.dtype.kind != "U" or values.ndim != 1:
        return
    width = values.dtype.itemsize // np.dtype("U1").itemsize
    cut = "None"[:width]
    rows = np.flatnonzero(values == cut) if width in (2, 3) else ()
    if len(rows):
        raise LabelsError(
            f"{name} holds {cut!r} in {len(rows)} rows, the first row {rows[0]}: None, of which an array of texts of "
            f"{width} letters keeps no more. Make it an array of objects first: {name}.astype(object)."
        )


def _holds_tuples(values):
    """Whether a list holds pairs such as (batch, number), of which NumPy would make columns."""
    return isinstance(values, list) and bool(values) and any(isinstance(value, tuple) for value in values)


def _tuples(values):
    labels = np.empty(len(values), dtype=object)
    labels[:] = values
    return labels


def check_instrument(values, n_rows):
    """Bring the instruments into an object array, and raise UnknownInstrumentError where one is missing."""
    labels = check_labels(values, n_rows, "instrument")
    for row, label in enumerate(labels):
        if is_missing(label):
            raise UnknownInstrumentError(f"instrument is missing in row {row} ({label!r}); every spectrum needs one.")
    return labels


def encode_samples(sample_id, n_rows):
    """Number the samples.

    Parameters
    ----------
    sample_id : array-like of shape (n_rows,) or None
        Ids; None, NaN, NaT, pandas.NA and the texts that stand for them are missing, every other value is an id. A
        number and its text are one id.
    n_rows : int
        Number of spectra.

    Returns
    -------
    ndarray of shape (n_rows,), dtype int64
        A code per sample; -1 where the id is missing.
    """
    codes = np.full(n_rows, UNPAIRED, dtype=np.int64)
    if sample_id is None:
        return codes
    known = {}
    for row, label in enumerate(check_labels(sample_id, n_rows, "sample_id")):
        if not is_missing(label):
            codes[row] = known.setdefault(id_key(label), len(known))
    return codes
