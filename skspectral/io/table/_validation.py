"""Bringing what a user gives for a table of spectra into one form."""

import numpy as np

from ..._core.axis import check_axis
from ...exceptions import AxisMismatchError, TableError
from ..cells.numbers import is_blank

__all__ = ["ascending", "count_replicates", "reference_matrix", "refuse_not_positive", "row_labels"]


def row_labels(values, n, name):
    """One object per row; blanks of any kind are None."""
    labels = np.empty(n, dtype=object)
    if values is None:
        return labels
    values = list(values)
    if len(values) != n:
        raise TableError(f"{name} has {len(values)} entries, but there are {n} spectra.")
    for row, value in enumerate(values):
        if isinstance(value, (list, dict, set, np.ndarray)):
            raise TableError(f"{name} holds a {type(value).__name__} in row {row}; give a text or a number.")
        labels[row] = None if is_blank(value) else value.item() if isinstance(value, np.generic) else value
    return labels


def reference_matrix(y, properties, n):
    if y is None:
        return np.empty((n, 0)), []
    try:
        values = np.ma.filled(np.ma.asarray(y, dtype=np.float64), np.nan)
    except (TypeError, ValueError) as error:
        raise TableError(f"y must hold numbers, NaN where there is none: {error}.") from None
    values = values.reshape(len(values), -1)
    if len(values) != n:
        raise TableError(f"y has {len(values)} rows, but there are {n} spectra.")
    names = [f"y{k + 1}" for k in range(values.shape[1])] if properties is None else list(properties)
    if len(names) != values.shape[1] or len(set(names)) < len(names):
        raise TableError(f"properties must name the {values.shape[1]} columns of y, each once; got {names}.")
    return values, names


def ascending(X, wavelengths, instrument, instruments):
    """Sort the channels of each instrument, without a copy where nothing is to be sorted."""
    if not isinstance(wavelengths, dict):
        axis = check_axis(wavelengths, X.shape[1])
        if axis.size > 1 and axis[0] > axis[-1]:
            axis, X = axis[::-1].copy(), np.ascontiguousarray(X[:, ::-1])
        return X, dict.fromkeys(instruments, axis)
    axes = {}
    for name in instruments:
        if name not in wavelengths:
            raise AxisMismatchError(f"wavelengths has no axis for instrument {name!r}.")
        axis = check_axis(wavelengths[name], name=f"wavelengths[{name!r}]")
        if axis.size > X.shape[1]:
            raise AxisMismatchError(f"wavelengths[{name!r}] has {axis.size} entries, but X has {X.shape[1]} channels.")
        if axis.size > 1 and axis[0] > axis[-1]:
            rows = np.flatnonzero([label == name for label in instrument])
            axis, X = axis[::-1].copy(), X.copy()
            X[rows, : axis.size] = X[rows, : axis.size][:, ::-1]
        axes[name] = axis
    return X, axes


def refuse_not_positive(axis, unit, instrument):
    """Refuse wavelengths and wavenumbers that are not positive; Raman shifts may be."""
    if unit != "Raman shift" and axis[0] <= 0:
        whose = "" if instrument is None else f" of instrument {instrument!r}"
        raise AxisMismatchError(f"wavelengths{whose} begin at {axis[0]:g} {unit}, but they must be positive.")


def count_replicates(instrument, sample_id):
    """Number the rows of each sample on each instrument."""
    seen, numbers = {}, np.ones(len(instrument), dtype=int)
    for row, key in enumerate(zip(instrument, sample_id)):
        if key[1] is not None:
            seen[key] = numbers[row] = seen.get(key, 0) + 1
    return numbers
