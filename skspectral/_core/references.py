"""What every estimator asks of reference values."""

import warnings

import numpy as np
from sklearn.utils.validation import check_array

from ..exceptions import ImplausibleReferenceError, LabelsError, MissingCodeWarning, ReferenceUnitsWarning
from .channels import equal_names
from .matrices import refuse_dates
from .missing_codes import find_codes
from .nested import is_nested
from .property_names import property_name
from .text_cells import naming_text

__all__ = ["check_references", "finite_mean_square", "held_out_error", "masked_as_nan", "spread", "warn_of_units"]

# squares of products with spectra overflow for larger values, and vanish for smaller ones
LARGEST_VALUE, SMALLEST_VALUE = 1e75, 1e-75
# beside a reference that is larger than the median by this factor all others are rounding errors; spectra, whose
# products with each other are taken, are lost sooner (DWARFING_SPECTRA)
DWARFING_REFERENCES = 1e12
# references of two instruments that differ by this factor, and nowhere meet, are in two units
OTHER_UNITS, LEAST_TO_COMPARE = 20.0, 3


def check_references(estimator, y, n_rows, *, allow_missing):
    """Check reference values and return them as float64.

    Parameters
    ----------
    estimator : estimator instance or str
        Named in messages.
    y : array-like of shape (n_spectra,) or (n_spectra, n_targets)
        References in the units of the property.
    n_rows : int
        Number of spectra.
    allow_missing : bool
        Whether NaN (also None, pandas.NA and masked entries) may stand for "no reference".

    Returns
    -------
    ndarray of shape (n_spectra,) or (n_spectra, n_targets)
        A float64 copy.

    Raises
    ------
    ValueError
        If ``y`` is None, of another length, not numeric, infinite, or has missing values that are not allowed.
    LabelsError
        If two columns of a table have one name.
    ImplausibleReferenceError
        If a value dwarfs all others of its property, or they are too large or too small to be squared.

    Warns
    -----
    MissingCodeWarning
        If a property holds numbers that programs write for "no value", such as -9999.
    """
    name = estimator if isinstance(estimator, str) else type(estimator).__name__
    if y is None:
        raise ValueError(
            f"{name} requires y to be passed, but the target y is None. "
            "Give one reference per spectrum, NaN where there is none."
        )
    refuse_dates(y, "y")
    twice = equal_names(y)
    if twice:
        raise LabelsError(f"y has two columns named {twice[0]!r}; every property needs a name of its own.")
    with naming_text(y, "y"):
        y = check_array(
            masked_as_nan(y),
            dtype=np.float64,
            ensure_2d=False,
            ensure_all_finite="allow-nan" if allow_missing else True,
            ensure_min_samples=0,
            ensure_min_features=0,
            estimator=estimator,
            input_name="y",
            copy=True,
        )
    if y.ndim not in (1, 2):
        raise ValueError(f"y must have shape (n_spectra,) or (n_spectra, n_targets), got {y.shape}.")
    if len(y) != n_rows:
        raise ValueError(f"Found input variables with inconsistent numbers of samples: X has {n_rows}, y has {len(y)}.")
    if y.ndim == 2 and y.shape[1] == 0:
        raise ValueError("y has no column; give at least one property.")
    for j, column in enumerate(y.reshape(n_rows, -1).T if n_rows else ()):
        name = property_name(j, y.size // n_rows)
        _check_magnitudes(np.abs(column[np.isfinite(column)]), name)
        if not is_nested():
            _warn_of_codes(column, name)
    return y


def masked_as_nan(values):
    """Write NaN where an array is masked: NumPy would drop the mask and use what lies beneath."""
    if isinstance(values, np.ma.MaskedArray):
        return values.astype(np.float64).filled(np.nan)
    return values


def _check_magnitudes(sizes, name):
    """Raise where arithmetic on the squares of a property's values (n_known,) loses them."""
    largest = sizes.max(initial=0.0)
    if largest >= LARGEST_VALUE:
        raise ImplausibleReferenceError(
            f"y holds values of {LARGEST_VALUE:g} or more, too large for float64 arithmetic on squares of products. "
            "Give the references in another unit, and set fill values to NaN."
        )
    if 0 < largest < SMALLEST_VALUE:
        raise ImplausibleReferenceError(
            f"The largest value of {name} is {largest:.3g}, too small for float64 arithmetic on squares. "
            "Give the references in another unit."
        )
    usual = np.median(sizes[sizes > 0]) if largest > 0 else 0.0
    if largest > DWARFING_REFERENCES * usual:
        raise ImplausibleReferenceError(
            f"P{name[1:]} has the value {largest:.3g}, where the median is {usual:.3g}. It looks like a fill "
            "value: set it to NaN."
        )


def _warn_of_codes(values, name):
    """Warn of numbers in a property (n_rows,) that programs write where there is none."""
    codes = find_codes(values)
    if codes.any():
        listed = ", ".join(f"{value:.6g}" for value in np.unique(values[codes]))
        warnings.warn(
            f"{int(codes.sum())} of {len(values)} references of {name} are {listed}, which programs write "
            "where there is no value; they are used as they are. If there is none, set them to NaN.",
            MissingCodeWarning,
            stacklevel=4,
        )


def warn_of_units(y, is_target, names, stacklevel=2):
    """Warn if the references of two instruments are far apart, as percent and fractions of other samples are.

    Parameters
    ----------
    y : ndarray of shape (n_rows, n_targets)
        As the user gave them: what twins inherit says nothing.
    is_target : ndarray of bool of shape (n_rows,)
    names : tuple of object
        The two instruments.
    stacklevel : int
        As in ``warnings.warn``, counted from the caller.
    """
    for j, column in enumerate(y.T):
        source, target = (np.abs(column[side & np.isfinite(column)]) for side in (~is_target, is_target))
        if min(len(source), len(target)) < LEAST_TO_COMPARE:
            continue
        small, large = sorted((source, target), key=np.median)
        if np.median(large) < OTHER_UNITS * np.median(small) or large.min() <= small.max():
            continue
        warnings.warn(
            f"References of {property_name(j, y.shape[1])} are around {np.median(source):.4g} on {names[0]!r} and "
            f"around {np.median(target):.4g} on {names[1]!r}, and nowhere meet. Are they in one unit?",
            ReferenceUnitsWarning,
            stacklevel=stacklevel + 1,
        )


def finite_mean_square(errors):
    """Mean square of each column over its finite values.

    Parameters
    ----------
    errors : ndarray of shape (n, n_targets)

    Returns
    -------
    ndarray of shape (n_targets,)
        NaN for a column without finite values.
    """
    finite = np.isfinite(errors)
    counts = finite.sum(axis=0)
    sums = np.where(finite, errors, 0.0) ** 2
    return np.divide(sums.sum(axis=0), counts, out=np.full(errors.shape[1], np.nan), where=counts > 0)


def held_out_error(held_out):
    """Mean squared residuals (..., n_targets) of (..., n_standards, n_targets); NaN where there is none."""
    finite = np.isfinite(held_out)
    counts = finite.sum(axis=-2)
    sums = (np.where(finite, held_out, 0.0) ** 2).sum(axis=-2)
    return np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0)


def spread(y):
    """Variance per property, 1 where a property does not vary."""
    finite = np.isfinite(y)
    counts = np.maximum(finite.sum(axis=0), 1)
    mean = np.where(finite, y, 0.0).sum(axis=0) / counts
    variance = (np.where(finite, y - mean, 0.0) ** 2).sum(axis=0) / counts
    return np.where(variance > 0, variance, 1.0)
