"""What every estimator asks of spectra, and every figure of merit of references and predictions."""

import warnings

import numpy as np
from sklearn.utils.validation import check_array, validate_data

from ..exceptions import (
    AxisMismatchError,
    ChannelMismatchError,
    ConstantSpectraError,
    ImplausibleSpectraError,
    MissingCodeWarning,
    NonFiniteSpectraError,
)
from .axis_identity import known_axis, learn_axis, order_for, warn_of_order
from .channels import beside_the_axis, channel_labels, spectra_of
from .matrices import as_matrix
from .missing_codes import find_codes
from .nested import is_nested
from .plausible import DWARFING_SPECTRA, refuse_dwarfing, warn_of_scale
from .quantities import refuse_other_quantity
from .references import masked_as_nan

__all__ = ["check_finite", "constant_rows", "paired_columns", "validate_spectra", "varies"]

# Squares and sums of squares of larger values overflow float64 and come back as infinity or NaN.
LARGEST_VALUE = 1e150

# A calibration squares the products of spectra and references: outside of this range they overflow or vanish.
SMALLEST_TO_CALIBRATE, LARGEST_TO_CALIBRATE = 1e-75, 1e75

# Share of the sum of squares below which what spectra differ by is rounding, of their values or of their mean.
NEGLIGIBLE = 1e-20

# Integer counts over a handful of channels agree by chance; that is no evidence of a failed scan.
FEW_CHANNELS = 8

# A row that was constant keeps differences of this relative size after resampling or averaging.
CONSTANT_TOLERANCE = 64 * np.finfo(np.float64).eps


def validate_spectra(
    estimator,
    X,
    *,
    reset,
    min_channels=1,
    min_samples=1,
    forbid_constant=False,
    any_size=False,
    ordered=True,
    axis_unit=None,
    existing=None,
    gives_channels=False,
):
    """Check spectra and return them as float64, in the order of the model's axis where their columns say theirs.

    Parameters
    ----------
    estimator : estimator instance
        Gets ``n_features_in_``, ``wavelengths_`` and ``axis_unit_`` where an axis is known, and ``feature_names_in_``
        for named columns, when ``reset`` is true; held to them otherwise.
    X : array-like, DataFrame or table of spectra of shape (n_spectra, n_channels)
        Spectra.
    reset : bool
        True in ``fit``, False in ``transform`` and ``predict``.
    min_channels, min_samples : int
        Least number of channels and of spectra.
    forbid_constant : bool
        Whether a spectrum with one value in all its channels is an error. Never applied to a single channel, nor to
        integers over fewer than eight channels.
    any_size : bool
        Whether spectra may be as small or large as they like, as where each is scaled by itself.
    ordered : bool
        Whether labels must ascend or descend in ``fit``.
    axis_unit : str, optional
        Unit of the axis in place of the estimator's parameter.
    existing : Labels, optional
        Axis of the existing calibration inside, which ``fit`` brings labelled spectra onto.

    gives_channels : bool
        Whether the caller returns one value per channel, whose order a user must be told where it changes.

    Returns
    -------
    ndarray of shape (n_spectra, n_channels)
        C-contiguous float64. It may be the caller's own memory: never write into it.

    Raises
    ------
    AxisMismatchError
        If the column labels are another axis than the model's, two columns of a table have one name, or some are no
        wavelengths where most are.
    ChannelMismatchError
        If the number of channels differs from that seen in ``fit``.
    NonFiniteSpectraError
        If a value is NaN, infinite, masked, or too large to be squared.
    ImplausibleSpectraError
        If a value dwarfs all other spectra (those of ``fit``, unless ``reset``), or if ``reset`` and
        ``forbid_constant`` without ``any_size`` and all are too small or too large for a calibration.
    ConstantSpectraError
        If ``forbid_constant`` and a spectrum is constant.
    ValueError, TypeError
        From scikit-learn: not two-dimensional, not numeric, sparse, too few rows or columns, other column names.
    """
    labels, table = channel_labels(X), X
    X = spectra_of(X)
    _refuse_other_columns(X)
    values = as_matrix(
        X, order="C", ensure_min_features=min_channels, ensure_min_samples=min_samples, estimator=estimator
    )
    n_channels = values.shape[1]
    if reset:
        validate_data(estimator, X, reset=True, skip_check_array=True)
        order = learn_axis(
            estimator, labels, n_channels, axis_unit=axis_unit, existing=existing, ordered=ordered, stacklevel=3
        )
        if order is not None and hasattr(estimator, "feature_names_in_"):
            estimator.feature_names_in_ = estimator.feature_names_in_[order]
    else:
        if n_channels != estimator.n_features_in_:
            own = known_axis(estimator)
            ranges = f" The model has {own}; X is labelled {labels}." if labels is not None and own is not None else ""
            # scikit-learn's wording first, because its checks and its users look for it.
            raise ChannelMismatchError(
                f"X has {n_channels} features, but {type(estimator).__name__} is expecting "
                f"{estimator.n_features_in_} features as input. Spectra need the channels seen in fit; "
                f"Resample brings another wavelength axis onto them.{ranges}"
            )
        order = order_for(estimator, labels, n_channels)
        if not _axis_answers(estimator, table, labels):
            validate_data(estimator, X, reset=False, skip_check_array=True)
    check_finite(values)
    if not reset:
        refuse_other_quantity(estimator, table)
        refuse_dwarfing(estimator, values)
        warn_of_scale(estimator, values)
    if forbid_constant:
        rows = np.flatnonzero(constant_rows(values))
        if rows.size and not (values.shape[1] < FEW_CHANNELS and np.asarray(X).dtype.kind in "biu"):
            shown = ", ".join(map(str, rows[:5])) + (", ..." if rows.size > 5 else "")
            raise ConstantSpectraError(
                f"{rows.size} of {len(values)} spectra are constant over all {values.shape[1]} channels "
                f"(rows {shown}). A failed scan looks like this: remove them."
            )
        if reset and not any_size:
            _check_magnitudes(values)
    if not is_nested():
        _warn_of_codes(values)
    if order is None:
        return values
    if gives_channels and not reset:
        warn_of_order(estimator, stacklevel=3)
    # messages count the channels as the caller does, so the order changes last
    return np.ascontiguousarray(values[:, order])


def _axis_answers(estimator, X, labels):
    """Tell whether the axis, and not scikit-learn's names of features, says what the columns are."""
    if labels is not None:
        return known_axis(estimator) is not None or not hasattr(estimator, "feature_names_in_")
    named = any(isinstance(name, str) for name in getattr(X, "columns", ()))
    return not named and known_axis(estimator) is not None


def _refuse_other_columns(X):
    """Raise AxisMismatchError for names or references that were left among the spectra."""
    others = beside_the_axis(getattr(X, "columns", ()))
    if others:
        shown = ", ".join(map(repr, others[:5])) + (" and others" if len(others) > 5 else "")
        raise AxisMismatchError(
            f"X has columns that are no wavelengths beside those that are: {shown}. Drop them; "
            "SpectraTable.from_frame(X) takes spectra, names and references apart."
        )


def _warn_of_codes(values):
    """Warn of numbers in spectra that programs write where there is no value."""
    codes = find_codes(values)
    if codes.any():
        row, channel = np.argwhere(codes)[0]
        warnings.warn(
            f"X holds {values[row, channel]:.6g} in row {row}, channel {channel}, which programs write where there is "
            f"no value ({int(codes.any(axis=1).sum())} of {len(values)} spectra are affected). Remove these spectra.",
            MissingCodeWarning,
            stacklevel=4,
        )


def _check_magnitudes(values):
    """Raise ImplausibleSpectraError where arithmetic on squares loses spectra."""
    largest = np.abs(values).max(axis=1, initial=0.0)
    usual = float(np.median(largest)) if len(largest) else 0.0
    top = float(largest.max(initial=0.0))
    if 0 < top < SMALLEST_TO_CALIBRATE or usual > LARGEST_TO_CALIBRATE:
        size = f"too {'small' if top < 1 else 'large'}"
        raise ImplausibleSpectraError(
            f"The largest value of all spectra is {top:.3g}, {size} for float64 arithmetic on squares of products. "
            "Check the unit: multiply the spectra by a constant."
        )
    if usual == 0:
        return
    small = (largest < usual / DWARFING_SPECTRA) & (largest > 0)
    if small.any():
        row = int(np.argmin(np.where(small, largest, np.inf)))
        raise ImplausibleSpectraError(
            f"No value of row {row} of X is larger than {largest[row]:.3g}, where the largest of a spectrum is "
            f"{usual:.3g} at the median; {int(small.sum())} of {len(values)} spectra are affected. Beside the others "
            "they are rounding errors. They look like dark scans, or like spectra of another quantity: remove or "
            "convert them."
        )
    if top <= DWARFING_SPECTRA * usual:
        return
    row = int(np.argmax(largest))
    channel = int(np.argmax(np.abs(values[row])))
    n_rows = int((largest > DWARFING_SPECTRA * usual).sum())
    raise ImplausibleSpectraError(
        f"X holds {values[row, channel]:.3g} in row {row}, channel {channel}, where the largest value of a spectrum is "
        f"{usual:.3g} at the median; {n_rows} of {len(values)} spectra are affected. Beside it all others are rounding "
        "errors. It looks like a fill value, or like spectra of another quantity: remove or convert them."
    )


def check_finite(values, *, name="X"):
    """Raise where spectra cannot be computed with.

    Parameters
    ----------
    values : ndarray of shape (n_spectra, n_channels)
        Float64 spectra.
    name : str
        What the matrix is called in the message.

    Raises
    ------
    NonFiniteSpectraError
        Naming the first row and channel with NaN, infinity, or a magnitude of 1e150 or more.
    """
    if values.size == 0 or (values.min() > -LARGEST_VALUE and values.max() < LARGEST_VALUE):
        return
    bad = ~(np.abs(values) < LARGEST_VALUE)
    row, channel = np.argwhere(bad)[0]
    n_rows = int(bad.any(axis=1).sum())
    where = f"first at row {row}, channel {channel}; {n_rows} of {len(values)} spectra are affected"
    if np.isfinite(values).all():
        raise NonFiniteSpectraError(
            f"{name} holds {values[row, channel]:g}, too large for float64 arithmetic on its square ({where}). "
            "Check the units and the fill value of the file."
        )
    raise NonFiniteSpectraError(f"{name} contains NaN or infinity ({where}). Remove these spectra or these channels.")


def constant_rows(values):
    """Mark spectra that are constant up to rounding.

    Parameters
    ----------
    values : ndarray of shape (n_spectra, n_channels)
        Finite spectra.

    Returns
    -------
    ndarray of bool of shape (n_spectra,)
        True where all channels agree; always False with a single channel.
    """
    if values.shape[1] < 2:
        return np.zeros(len(values), dtype=bool)
    low, high = values.min(axis=1), values.max(axis=1)
    return high - low <= CONSTANT_TOLERANCE * np.maximum(np.abs(low), np.abs(high))


def varies(X):
    """Tell whether spectra (n_spectra, n_channels) differ by more than rounding."""
    centred = X - X.mean(axis=0)
    return bool((centred**2).sum() > NEGLIGIBLE * (X**2).sum())


def paired_columns(y_true, y_pred, *, least=1):
    """Split references and predictions into columns without missing references.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_targets)
        Reference values; NaN, or masked, where there is none.
    y_pred : array-like of shape (n_samples,) or (n_samples, n_targets)
        Predictions.
    least : int
        Number of references that every property needs.

    Returns
    -------
    list of tuple of ndarray
        One (references, predictions) for each property.

    Raises
    ------
    ValueError
        If a property has fewer than ``least`` references, a prediction is not finite or masked, or the shapes differ.
    """
    reference = _as_columns(masked_as_nan(y_true), "y_true", ensure_all_finite="allow-nan")
    predicted = _as_columns(masked_as_nan(y_pred), "y_pred", ensure_all_finite=True)
    if reference.shape != predicted.shape:
        raise ValueError(f"y_true of shape {reference.shape} and y_pred of shape {predicted.shape} do not match.")
    pairs = []
    for column, (true, pred) in enumerate(zip(reference.T, predicted.T)):
        known = ~np.isnan(true)
        if known.sum() < least:
            raise ValueError(
                f"property {column} has {known.sum()} reference values in {known.size} rows; at least {least} needed."
            )
        pairs.append((true[known], pred[known]))
    return pairs


def _as_columns(y, name, *, ensure_all_finite):
    y = check_array(y, dtype=np.float64, ensure_2d=False, ensure_all_finite=ensure_all_finite, input_name=name)
    if y.ndim not in (1, 2):
        raise ValueError(f"{name} must be one- or two-dimensional, got shape {y.shape}.")
    return y.reshape(len(y), -1)
