"""What every function asks of a matrix of spectra, before it knows what the spectra are for."""

import numpy as np
from sklearn.utils.validation import check_array

from ..exceptions import AxisMismatchError, NonFiniteSpectraError
from .channels import equal_names, spectra_of
from .text_cells import naming_text

__all__ = ["as_matrix", "refuse_dates", "refuse_masked"]


def as_matrix(X, *, name="X", **checks):
    """Bring spectra of any container into a float64 matrix, which may hold NaN and infinity.

    Parameters
    ----------
    X : array-like of shape (n_spectra, n_channels)
        It may be a table with an axis, too.
    name : str
        What it is called in messages.
    **checks
        For ``sklearn.utils.check_array``.

    Returns
    -------
    ndarray of shape (n_spectra, n_channels)
        It may be the caller's own memory: never write into it.

    Raises
    ------
    AxisMismatchError
        If two columns of a table have one name.
    NonFiniteSpectraError
        If values are masked, since the mask would be lost.
    ValueError, TypeError
        From scikit-learn: not two-dimensional, not numeric (the cell is named), sparse, too few rows or columns.
    """
    if _is_plain(X, checks.get("ensure_min_samples", 1), checks.get("ensure_min_features", 1)):
        return X
    X = spectra_of(X)
    refuse_masked(X, name)
    refuse_dates(X, name)
    twice = equal_names(X)
    if twice:
        raise AxisMismatchError(
            f"{name} has two columns named {twice[0]!r}; every channel needs a wavelength of its own. Average or drop "
            "the channels where detectors overlap, or rename the columns."
        )
    with naming_text(X, name):
        return check_array(X, dtype=np.float64, ensure_all_finite=False, input_name=name, **checks)


def _is_plain(X, n_rows, n_columns):
    """Whether it is as it should be already, so that asking what it may be would take most of the time."""
    as_asked = type(X) is np.ndarray and X.dtype == np.float64 and X.ndim == 2 and X.flags.c_contiguous
    return as_asked and X.shape[0] >= n_rows and X.shape[1] >= n_columns


def refuse_dates(values, name):
    """Raise ValueError for dates and durations, which would become numbers of nanoseconds."""
    kinds = getattr(values, "dtypes", getattr(values, "dtype", None))
    kinds = list(kinds) if hasattr(kinds, "__iter__") and not isinstance(kinds, np.dtype) else [kinds]
    found = [kind for kind in kinds if getattr(kind, "kind", "") in ("m", "M")]
    if found:
        raise ValueError(f"{name} holds dates or durations ({found[0]}), which are no numbers: take these columns out.")


def refuse_masked(X, name="X"):
    """Raise NonFiniteSpectraError for a masked array, whose masks NumPy would drop in silence."""
    if isinstance(X, np.ma.MaskedArray) and np.ma.is_masked(X):
        raise NonFiniteSpectraError(
            f"{name} is a masked array with masked values, whose masks would be lost. Remove these spectra or these "
            "channels."
        )
