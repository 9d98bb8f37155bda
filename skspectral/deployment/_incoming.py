"""Spectra that arrive for prediction, however they come."""

import re
from dataclasses import dataclass
from os import PathLike

import numpy as np

from .._core.channels import axis_columns, channel_labels
from .._core.labels import is_missing
from .._core.matrices import as_matrix
from .._core.plausible import FEWEST_CHANNELS
from ..exceptions import AxisMismatchError, ChannelMismatchError, LabelsError, UnknownInstrumentError

__all__ = ["Incoming", "is_path"]


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
    flaws : ndarray of object of shape (n_spectra,)
        Why a spectrum cannot be used, as the reader said; None where it said nothing.
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
    flaws: np.ndarray
    notes: list

    @classmethod
    def read(cls, new):
        """Take a table of spectra, a DataFrame or an array apart."""
        if hasattr(new, "wavelengths") and hasattr(new, "X"):
            return cls._of_table(new)
        if hasattr(new, "columns") and (hasattr(new, "iloc") or hasattr(new, "to_pandas")):
            # frames of other libraries, such as polars
            return cls._of_frame(new if hasattr(new, "iloc") else new.to_pandas())
        X = as_matrix(new)
        return cls(X, None, None, None, *(_blank(len(X)) for _ in range(4)), [])

    @classmethod
    def _of_table(cls, table):
        X = np.asarray(table.X, dtype=np.float64)
        labels = [_labels(getattr(table, name, None), len(X)) for name in ("instrument", "sample_id", "files", "flaws")]
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
            return cls(X, None, None, None, *(_blank(len(X)) for _ in range(4)), [])
        X = as_matrix(frame[spectrum])
        axis = channel_labels(frame[spectrum])
        labels = [_labels(_column(frame, other, name), len(X)) for name in ("instrument", "sample_id")]
        axis, unit = (None, None) if axis is None else axis
        return cls(X, axis, unit, None, *labels, _blank(len(X)), _blank(len(X)), [])

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
        nameless = np.array([label is None for label in labels], dtype=bool)
        if len(targets) == 1:
            labels[nameless] = targets[0]
        elif not nameless.all():
            # a file that could not be read names no instrument, and any model says no more than that
            labels[nameless & [flaw is not None for flaw in self.flaws]] = targets[0]
        unknown = {label for label in labels if label not in targets}
        if unknown:
            which = ", ".join(sorted(repr(label) for label in unknown))
            if unknown == {None}:
                raise UnknownInstrumentError(
                    f"The model serves {', '.join(map(repr, targets))}, and the spectra do not name the one that "
                    "measured them: name it with instrument=."
                )
            raise UnknownInstrumentError(
                f"{_no_model(which, targets)}; say with instrument= which of them measured these spectra."
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

    def copies(self, rows):
        """Name the sample whose spectrum each of some rows (n_rows,) repeats to the last digit: by position in these.

        Rows of the same sample, and such without a name, repeat nothing.
        """
        found, groups = {}, {}
        if self.X.shape[1] < FEWEST_CHANNELS:
            return found
        # a few channels tell most spectra apart
        few = np.ascontiguousarray(self.X[rows, :: max(1, self.X.shape[1] // FEWEST_CHANNELS)])
        for position, row in enumerate(rows):
            if self.sample_id[row] is not None:
                groups.setdefault(few[position].tobytes(), []).append(position)
        for group in groups.values():
            for position in group if len(group) > 1 else ():
                own = rows[position]
                for other in rows[group]:
                    same = np.array_equal(self.X[own], self.X[other])
                    if same and self.sample_id[own] != self.sample_id[other]:
                        found[position] = self.sample_id[other]
                        break
        return found

    def quantity_of(self, row):
        """What the spectrum of a row is, "unknown" where not known."""
        quantity = self.quantity
        if isinstance(quantity, dict):
            quantity = quantity.get(self.instrument[row], "unknown")
        return quantity or "unknown"


def is_path(new):
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
