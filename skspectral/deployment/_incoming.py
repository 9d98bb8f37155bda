"""Spectra that arrive for prediction, however they come, brought onto the axis and quantity of a model."""

import re
from dataclasses import dataclass
from os import PathLike

import numpy as np

from .._core.axis import SAME_AXIS, check_axis
from .._core.axis_identity import find_order
from .._core.channels import Labels, axis_columns, channel_labels
from .._core.labels import is_missing
from .._core.matrices import as_matrix
from .._core.units import convert
from .._core.validation import LARGEST_VALUE, constant_rows
from ..exceptions import (
    AxisMismatchError,
    ChannelMismatchError,
    LabelsError,
    UnknownInstrumentError,
    WavelengthRangeError,
)
from ..preprocessing import Resample

__all__ = ["Incoming", "onto_axis", "unusable"]


@dataclass(frozen=True, eq=False)
class Incoming:
    """New spectra with what is known of them.

    Attributes
    ----------
    X : ndarray of shape (n_spectra, n_channels)
    wavelengths : ndarray of shape (n_channels,), dict of {instrument: ndarray}, or None
    unit, quantity : str, dict of {instrument: str}, or None
        None and "unknown": not known.
    instrument, sample_id, file : ndarray of object of shape (n_spectra,)
        None where not known.
    notes : list of str
        What the reader said.
    """

    X: np.ndarray
    wavelengths: object
    unit: str | None
    quantity: object
    instrument: np.ndarray
    sample_id: np.ndarray
    file: np.ndarray
    notes: list

    @classmethod
    def read(cls, new, reading=None):
        """Read a path, a table of spectra, a DataFrame or an array.

        Parameters
        ----------
        new : path-like, sequence of path-like, SpectraTable, DataFrame or array-like
        reading : dict, optional
            Options of `skspectral.io.read_spectra` for paths.
        """
        if _is_path(new):
            from ..io import read_spectra

            new = read_spectra(new, **(reading or {}))
        if hasattr(new, "wavelengths") and hasattr(new, "X"):
            return cls._of_table(new)
        if hasattr(new, "columns") and (hasattr(new, "iloc") or hasattr(new, "to_pandas")):
            # frames of other libraries, such as polars
            return cls._of_frame(new if hasattr(new, "iloc") else new.to_pandas())
        X = as_matrix(new)
        return cls(X, None, None, None, *(_blank(len(X)) for _ in range(3)), [])

    @classmethod
    def _of_table(cls, table):
        X = np.asarray(table.X, dtype=np.float64)
        labels = [_labels(getattr(table, name, None), len(X)) for name in ("instrument", "sample_id", "files")]
        unit, quantity = getattr(table, "unit", None), getattr(table, "quantity", None)
        return cls(X, table.wavelengths, unit, quantity, *labels, list(getattr(table, "notes", ())))

    @classmethod
    def _of_frame(cls, frame):
        spectrum = list(dict.fromkeys(axis_columns(frame.columns)))
        other = [label for label in frame.columns if label not in spectrum]
        if not spectrum and not other:
            raise ChannelMismatchError("The DataFrame has no column that is labelled by a wavelength.")
        if not spectrum:
            # a frame without wavelengths is an array with names
            X = as_matrix(frame)
            return cls(X, None, None, None, *(_blank(len(X)) for _ in range(3)), [])
        X = as_matrix(frame[spectrum])
        axis = channel_labels(frame[spectrum])
        labels = [_labels(_column(frame, other, name), len(X)) for name in ("instrument", "sample_id")]
        axis, unit = (None, None) if axis is None else axis
        return cls(X, axis, unit, None, *labels, _blank(len(X)), [])

    def instrument_of_rows(self, targets, instrument):
        """Decide which model serves which row.

        Parameters
        ----------
        targets : list
            Instruments that there are models for.
        instrument : object or None
            The instrument that the user named.

        Returns
        -------
        rows : ndarray of int of shape (n_kept,)
            Rows to predict.
        labels : ndarray of object of shape (n_kept,)
            Their target.
        notes : list of str
        """
        every = np.arange(len(self.X))
        if instrument is not None:
            if instrument not in targets:
                raise UnknownInstrumentError(f"{_no_model(repr(instrument), targets)}.")
            mine = np.array([label is None or label == instrument for label in self.instrument], dtype=bool)
            if not any(label == instrument for label in self.instrument):
                # no row says so itself: the user says it of all of them
                mine[:] = True
            rows = every[mine]
            left = len(every) - len(rows)
            notes = [f"{left} spectra of other instruments were left out"] if left else []
            return rows, _filled(instrument, len(rows)), notes
        labels = self.instrument.copy()
        if len(targets) == 1:
            labels[[label is None for label in labels]] = targets[0]
        unknown = {label for label in labels if label not in targets}
        if unknown:
            which = ", ".join(sorted(repr(label) for label in unknown))
            raise UnknownInstrumentError(
                f"{_no_model(which if unknown != {None} else 'rows that name none', targets)}; say with instrument= "
                "which of them measured these spectra."
            )
        return every, labels, []

    def spectra_of(self, rows, instrument):
        """Spectra (n_rows, n_channels) of some rows of one instrument, without padding, and their axis or None."""
        axis = self.wavelengths
        if isinstance(axis, dict):
            label = self.instrument[rows[0]]
            axis = axis[label if label in axis else instrument]
        X = self.X if len(rows) == len(self.X) else self.X[rows]
        X = X if axis is None else X[:, : len(axis)]
        if axis is not None and np.size(axis) != X.shape[1]:
            raise AxisMismatchError(
                f"The axis has {np.size(axis)} entries, but the spectra have {X.shape[1]} channels."
            )
        return X, None if axis is None else np.asarray(axis, dtype=np.float64)

    def quantity_of(self, row):
        """What the spectrum of a row is, "unknown" where not known."""
        quantity = self.quantity
        if isinstance(quantity, dict):
            quantity = quantity.get(self.instrument[row], "unknown")
        return quantity or "unknown"


def onto_axis(X, axis, unit, own_axis, own_unit):
    """Bring spectra onto the axis of a model.

    Parameters
    ----------
    X : ndarray of shape (n_spectra, n_channels)
    axis : ndarray of shape (n_channels,) or None
        None: taken as the model's.
    unit : str or None
        Of ``axis``; None: that of the model.
    own_axis : ndarray of shape (n_own,) or None
    own_unit : str

    Returns
    -------
    X : ndarray of shape (n_spectra, n_own)
    resampled : bool

    Raises
    ------
    AxisMismatchError
        If the units cannot be converted.
    WavelengthRangeError
        If the spectra do not cover the model's range.
    """
    if axis is None or own_axis is None:
        return X, False
    order = find_order(Labels(own_axis, own_unit), Labels(axis, unit))
    if order is not None:
        return np.ascontiguousarray(X[:, order]), False
    ascending = np.argsort(axis)
    X, axis = X[:, ascending], check_axis(axis[ascending])
    if unit is not None and unit != own_unit:
        axis = convert(axis, unit, own_unit, name="the axis of the spectra")
    if (axis[0] < axis[-1]) != (own_axis[0] < own_axis[-1]):
        axis, X = axis[::-1], X[:, ::-1]
    step = np.abs(np.diff(own_axis)).min() if len(own_axis) > 1 else 1.0
    low, high = min(own_axis), max(own_axis)
    slack = SAME_AXIS * step
    if min(axis) > low + slack or max(axis) < high - slack:
        raise WavelengthRangeError(
            f"The spectra go from {min(axis):g} to {max(axis):g} {own_unit}, and the model needs {low:g} to {high:g} "
            f"{own_unit}. Are they of the right instrument, and is the unit of their axis right?"
        )
    grid = np.clip(own_axis, min(axis), max(axis))
    usable = np.isfinite(X).all(axis=1)
    out = np.full((len(X), len(grid)), np.nan)
    if usable.any():
        out[usable] = Resample(wavelengths=axis, grid=grid, axis_unit=own_unit).fit(X[usable]).transform(X[usable])
    return out, True


def unusable(X):
    """Why a spectrum cannot be predicted, list of str or None of length n_spectra."""
    reasons = [None] * len(X)
    finite = np.isfinite(X).all(axis=1)
    for row in np.flatnonzero(~finite):
        reasons[row] = f"holds NaN or infinity in {int((~np.isfinite(X[row])).sum())} channels"
    # of rows with NaN the comparison is false
    for row in np.flatnonzero(finite & (np.maximum(X.max(axis=1), -X.min(axis=1)) >= LARGEST_VALUE)):
        reasons[row] = f"holds values of {LARGEST_VALUE:g} and more"
    known = X if finite.all() else X[finite]
    for row in np.flatnonzero(finite)[constant_rows(known)]:
        reasons[row] = "is constant over all channels, as a failed scan is"
    return reasons


def _is_path(new):
    if isinstance(new, (str, PathLike)):
        return True
    return isinstance(new, (list, tuple)) and bool(new) and all(isinstance(item, (str, PathLike)) for item in new)


def _labels(values, n):
    labels = _blank(n)
    if values is not None:
        labels[:] = [None if is_missing(value) else value for value in values]
    return labels


def _column(frame, columns, name):
    """Cells of the column of this name, however it is written ("Sample ID"); None where there is none."""
    plain = name.replace("_", "")
    found = [label for label in columns if re.sub(r"[\s_-]", "", str(label)).lower() == plain]
    if len(found) > 1:
        raise LabelsError(f"Several columns may be the {name}: {', '.join(map(repr, found))}. Keep one of them.")
    return frame[found[0]].tolist() if found else None


def _blank(n):
    return np.full(n, None, dtype=object)


def _filled(value, n):
    labels = np.empty(n, dtype=object)
    labels[:] = [value] * n
    return labels


def _no_model(what, targets):
    return f"There is no model for {what}, only for {', '.join(map(repr, targets))}"
