"""Where the wavelengths of the channels come from: parameter, then column names, then a plain index."""

import warnings
from numbers import Number

import numpy as np

from ..exceptions import AxisMismatchError, UnknownAxisWarning

__all__ = ["check_axis", "column_axis", "resolve_axis"]


def check_axis(axis, n_channels=None, *, name="wavelengths"):
    """Validate a wavelength axis.

    Parameters
    ----------
    axis : array-like of shape (n_channels,)
        Wavelengths in nm or wavenumbers in cm-1, strictly increasing or strictly decreasing.
    n_channels : int, optional
        Number of channels of the spectra that the axis describes.
    name : str
        What the axis is called in messages.

    Returns
    -------
    ndarray of shape (n_channels,)
        A float64 copy.

    Raises
    ------
    AxisMismatchError
        If the axis is not one finite, strictly monotonic row of the right length.
    """
    try:
        values = np.array(axis, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise AxisMismatchError(f"{name} must be numbers (nm or cm-1), got {axis!r:.80}.") from error
    if values.ndim != 1 or values.size == 0:
        raise AxisMismatchError(f"{name} must be one-dimensional and not empty, got shape {values.shape}.")
    if not np.isfinite(values).all():
        raise AxisMismatchError(f"{name} holds NaN or infinity.")
    if n_channels is not None and values.size != n_channels:
        raise AxisMismatchError(
            f"{name} has {values.size} entries but the spectra have {n_channels} channels. "
            "Give one wavelength per channel of the spectra that arrive here."
        )
    steps = np.diff(values)
    if not (np.all(steps > 0) or np.all(steps < 0)):
        raise AxisMismatchError(f"{name} must be strictly increasing or strictly decreasing.")
    return values


def column_axis(X):
    """Read wavelengths from the column labels of a DataFrame.

    Parameters
    ----------
    X : object
        Anything; only objects with ``columns`` (pandas, polars) can give an axis.

    Returns
    -------
    ndarray of shape (n_channels,) or None
        The labels as numbers, or None where they are not all numbers.
    """
    columns = getattr(X, "columns", None)
    if columns is None or len(columns) == 0:
        return None
    values = []
    for label in columns:
        if isinstance(label, bool) or not isinstance(label, (str, Number)):
            return None
        try:
            values.append(float(label))
        except ValueError:
            return None
    if _is_default_index(values):
        return None
    return np.array(values)


def _is_default_index(values):
    """A RangeIndex numbers the columns; it does not say at which wavelength they were measured."""
    return values == [float(i) for i in range(len(values))]


def resolve_axis(wavelengths, X, n_channels, *, caller):
    """Find the axis of the spectra ``X``, which must not have been validated yet.

    Parameters
    ----------
    wavelengths : array-like of shape (n_channels,) or None
        The estimator's own parameter; it wins.
    X : array-like or DataFrame of shape (n_spectra, n_channels)
        The spectra as the user gave them.
    n_channels : int
        Number of channels of ``X``.
    caller : str
        Name of the estimator, for messages.

    Returns
    -------
    ndarray of shape (n_channels,)
        The parameter, else numeric column labels, else an index from 0 to 1 (with a warning).

    Raises
    ------
    AxisMismatchError
        If the axis does not fit the spectra.

    Warns
    -----
    UnknownAxisWarning
        If no axis is known.
    """
    if wavelengths is not None:
        return check_axis(wavelengths, n_channels)
    from_columns = column_axis(X)
    if from_columns is not None:
        return check_axis(from_columns, n_channels, name="the column labels of X")
    warnings.warn(
        f"{caller} does not know the wavelengths: pass wavelengths=, or a DataFrame with numeric column labels. "
        "The channels are taken as equally spaced from 0 to 1.",
        UnknownAxisWarning,
        stacklevel=3,
    )
    return np.linspace(0.0, 1.0, n_channels)
