"""The rows that a deployed model is made from: one source, one target, one axis."""

from dataclasses import dataclass

import numpy as np

from .._core.axis import check_axis
from .._core.channels import channel_labels
from .._core.labels import check_labels, encode_samples
from .._core.matrices import as_matrix
from .._core.quantities import converted_spectra, quantity_of, refuse_mirrored
from .._core.references import check_references
from .._core.units import check_plausible
from ..exceptions import AxisMismatchError, ImplausibleReferenceError, MissingReferenceError, UnknownInstrumentError
from ..preprocessing import Resample
from .predictions import refuse_columns_of_one_name
from .stacking import stack_instruments

__all__ = ["TrainingRows", "TrainingTable"]

#: Units of an axis, and how they become nm.
TO_NM = {"nm": lambda axis: axis, "um": lambda axis: 1e3 * axis, "cm-1": lambda axis: 1e7 / axis}


@dataclass(frozen=True, eq=False)
class TrainingTable:
    """Spectra of all instruments with what belongs to them, however they were given.

    Attributes
    ----------
    X : ndarray of shape (n_spectra, n_channels)
        Rows of narrower instruments are padded on the right with NaN.
    y : ndarray of shape (n_spectra, n_properties)
    instrument, sample_id : ndarray of object of shape (n_spectra,)
    wavelengths : ndarray of shape (n_channels,), dict of {instrument: ndarray}, or None
    properties : list of str
    unit : str
        Of the axis.
    quantity : str or dict of {instrument: str}
    """

    X: np.ndarray
    y: np.ndarray
    instrument: np.ndarray
    sample_id: np.ndarray
    wavelengths: object
    properties: list
    unit: str
    quantity: object

    @classmethod
    def read(cls, table=None, **given):
        """Take everything from a table, or from the keywords; a keyword that is not None wins."""
        parts = {name: getattr(table, name, None) for name in ("X", "y", "instrument", "sample_id", "wavelengths")}
        parts["unit"], parts["quantity"] = getattr(table, "unit", None), getattr(table, "quantity", None)
        parts["properties"] = getattr(table, "properties", None) or getattr(table, "target_names", None)
        parts.update({name: value for name, value in given.items() if value is not None})
        missing = [name for name in ("X", "y", "instrument", "sample_id") if parts[name] is None]
        if missing:
            raise ValueError(
                f"A deployed model is fitted to a table of spectra or to X, y, instrument and sample_id; missing: "
                f"{', '.join(missing)}."
            )
        X = as_matrix(parts["X"])
        if np.ndim(parts["y"]) == 2 and np.shape(parts["y"])[1] == 0:
            raise MissingReferenceError("There is no property: the table has no column of reference values.")
        y = check_references("TransferredModel", parts["y"], len(X), allow_missing=True).reshape(len(X), -1)
        names = parts["properties"]
        names = [f"property {j + 1}" for j in range(y.shape[1])] if names is None else [str(name) for name in names]
        if len(names) != y.shape[1] or len(set(names)) < len(names):
            raise ValueError(f"properties must name the {y.shape[1]} columns of y, each once; got {names}.")
        refuse_columns_of_one_name(names)
        for name, column in zip(names, y.T):
            known = column[np.isfinite(column)]
            if len(known) > 1 and np.ptp(known) == 0:
                raise ImplausibleReferenceError(
                    f"All {len(known)} references of {name} are {known[0]:g}: whatever is predicted, it would be this, "
                    "and for certain. Leave the property out, or give references that differ."
                )
        axis = parts["wavelengths"]
        labels = channel_labels(parts["X"]) if axis is None and hasattr(parts["X"], "columns") else None
        if labels is not None and not labels.counted:
            axis = labels.values
            parts["unit"] = parts["unit"] or labels.unit
        if axis is not None and not isinstance(axis, dict):
            axis = check_axis(axis, X.shape[1])
        unit = parts["unit"] or "nm"
        if unit not in TO_NM:
            raise ValueError(f"unit of the axis must be one of {', '.join(TO_NM)}, got {unit!r}.")
        if axis is not None and not isinstance(axis, dict):
            told = parts["unit"] is not None
            check_plausible(axis, unit, name="wavelengths", told=told, option="unit", stacklevel=3)
        labels = []
        for name in ("instrument", "sample_id"):
            values = np.empty(len(X), dtype=object)
            values[:] = list(check_labels(parts[name], len(X), name))
            labels.append(values)
        return cls(X, y, *labels, axis, names, unit, parts["quantity"] or "unknown")

    @property
    def instruments(self):
        """Instruments in the order of their first rows."""
        return list(dict.fromkeys(self.instrument))

    def rows_of(self, instrument):
        """Mask of the rows of one instrument (n_spectra,)."""
        mask = np.array([label == instrument for label in self.instrument], dtype=bool)
        if not mask.any():
            named = [repr(name) for name in self.instruments if name is not None]
            text = (
                f"There is no instrument {instrument!r} in this table, only {', '.join(named) or 'rows without one'}."
            )
            if len(named) < len(self.instruments):
                text += (
                    " Rows do not name theirs: give the files as {name: file}, on the command line NAME=FILE, or a "
                    "column 'instrument'."
                )
            raise UnknownInstrumentError(text)
        return mask

    def quantity_of(self, instrument):
        """What the spectra of one instrument are."""
        return quantity_of(self.quantity, instrument)

    def pair(self, source, target):
        """Take the rows of two instruments, on the axis that they share and in the target's quantity.

        Returns
        -------
        TrainingRows

        Raises
        ------
        QuantityError
            If the source's spectra cannot be converted, or must be of another quantity that nobody named.
        """
        rows = {name: self.rows_of(name) for name in (source, target)}
        held = {name: self.X[rows[name]] for name in (source, target)}
        quantities = [self.quantity_of(name) for name in (source, target)]
        held[source] = converted_spectra(held[source], *quantities, source)
        y = _inherit(self.y, self.sample_id, rows[source] | rows[target])
        own = self.wavelengths
        if isinstance(own, dict):
            if not {source, target} <= set(own):
                raise AxisMismatchError(f"wavelengths has no axis for {source!r} or {target!r}.")
            axes = {name: check_axis(own[name], name=f"wavelengths[{name!r}]") for name in (source, target)}
            spectra = {name: held[name][:, : axes[name].size] for name in (source, target)}
            stacked = stack_instruments(spectra, wavelengths=axes, axis_unit=self.unit)
            X, axis, resample = stacked.X, stacked.wavelengths, stacked.resamplers[target]
            if np.array_equal(axes[target], axis):
                resample = None
            native = axes[target]
        else:
            X = np.concatenate([held[source], held[target]])
            axis, native, resample = own, own, None
        index = np.concatenate([np.flatnonzero(rows[name]) for name in (source, target)])
        labels = self.instrument[index], self.sample_id[index]
        refuse_mirrored(X, *labels, dict(zip((source, target), quantities)), source, target)
        return TrainingRows(
            X=X,
            y=y[index],
            instrument=labels[0],
            sample_id=labels[1],
            source=source,
            target=target,
            axis=axis,
            nm=None if axis is None else TO_NM[self.unit](axis),
            native_axis=native,
            resample=resample,
        )


@dataclass(frozen=True, eq=False)
class TrainingRows:
    """Rows of one source and one target on one axis.

    Attributes
    ----------
    X : ndarray of shape (n_rows, n_channels)
    y : ndarray of shape (n_rows, n_properties)
        Target rows have the reference of their sample.
    instrument, sample_id : ndarray of object of shape (n_rows,)
    source, target : object
    axis, nm : ndarray of shape (n_channels,) or None
        The common axis in its own unit, and in nm.
    native_axis : ndarray or None
        The target's own axis.
    resample : Resample or None
        From the target's own axis to the common one, where they differ.
    """

    X: np.ndarray
    y: np.ndarray
    instrument: np.ndarray
    sample_id: np.ndarray
    source: object
    target: object
    axis: np.ndarray | None
    nm: np.ndarray | None
    native_axis: np.ndarray | None
    resample: Resample | None

    @property
    def is_target(self):
        """Mask of the target rows (n_rows,)."""
        return np.array([label == self.target for label in self.instrument], dtype=bool)

    @property
    def standards(self):
        """Samples with a labelled target row, in the order of the rows."""
        known = self.is_target & np.isfinite(self.y).any(axis=1) & (encode_samples(self.sample_id, len(self.X)) >= 0)
        return list(dict.fromkeys(self.sample_id[known]))


def _inherit(y, sample_id, ours):
    """Give rows without a reference that of their sample; `fit` of the method checks that references agree."""
    codes = encode_samples(sample_id, len(y))
    filled = y.copy()
    for row, column in np.argwhere(np.isnan(y) & (ours & (codes >= 0))[:, None]):
        values = y[ours & (codes == codes[row]), column]
        if np.isfinite(values).any():
            filled[row, column] = np.nanmean(values)
    return filled
