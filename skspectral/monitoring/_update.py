"""What to do after an alarm: new standards into a deployed model."""

import warnings
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator

from .._core.versions import current_versions
from ..deployment import TransferredModel
from ..exceptions import (
    AxisMismatchError,
    NoSourceError,
    NoStandardsError,
    QuantityError,
    SuspectStandardsWarning,
    UnknownInstrumentError,
)
from ..io import SpectraTable, read_spectra
from ..transfer import SBC
from ._model_checks import read_table_for

__all__ = ["update"]

#: A line through all standards but one needs two at least.
LEAST_LEFT_OUT = 3


def update(model, new_standards, *, table=None, correction=None, target=None, validate=True, progress=False):
    """Add standards to a deployed model.

    A model file keeps the fitted method, not the spectra that it was made from. To transfer anew, with old and new
    standards, these are needed again (``table``). Without them, predictions can still be corrected by a straight line
    through the new standards (``correction``), which is what a shift of the instrument mostly needs.

    Parameters
    ----------
    model : TransferredModel
        It is not changed.
    new_standards : SpectraTable, path-like or sequence of path-like
        Spectra of the target with references.
    table : SpectraTable, path-like or sequence of path-like, optional
        The spectra that the model was made from.
    correction : {"bias", "slope_bias", "tested"}, optional
        Instead of ``table``: correct the predictions by :class:`~skspectral.SBC`.
    target : object, optional
        The instrument that measured the new standards, where their rows do not say.
    validate : bool, default=True
        Whether to leave each standard out and predict it.
    progress : bool, default=False
        Whether to show progress bars.

    Returns
    -------
    TransferredModel
        Instruments without new standards keep what they had.

    Raises
    ------
    NoSourceError
        If neither ``table`` nor ``correction`` is given.
    NoStandardsError
        If no new standard has a reference of every property, or the table holds all of them already.
    UnknownInstrumentError
        If the new standards come from an instrument that the model does not serve.
    AxisMismatchError, QuantityError
        If their spectra are not as those that a correction needs.

    Warns
    -----
    SuspectStandardsWarning
        If the model rejects spectra of the new standards.

    Examples
    --------
    >>> from skspectral import MeanShift, TransferredModel
    >>> from skspectral.datasets import make_instruments
    >>> from skspectral.io import SpectraTable
    >>> from skspectral.monitoring import update
    >>> data = make_instruments(n_samples=40, random_state=0)
    >>> labels = {"instrument": data.instrument, "sample_id": data.sample_id}
    >>> table = SpectraTable(data.X, data.wavelengths, y=data.y, **labels)
    >>> old = TransferredModel.fit(table.select(range(50)), source="A", target="B", method=MeanShift())
    >>> len(update(old, table.select(range(50, 60)), table=table.select(range(50))).records["B"].standards)
    20
    """
    # what is learned from must be whole
    new = read_table_for(model, new_standards, target, on_error="raise")
    if target is None and new.instruments == [None] and len(model.targets) == 1:
        target = model.targets[0]
    targets = _targets_of(model, new, target)
    if target is not None:
        new = _labelled(new, target)
    if table is not None:
        if correction is not None:
            raise ValueError("Give table to transfer anew, or correction to correct predictions, not both.")
        table = _source_table(model, table)
        _refuse_known(table, new)
        joined = SpectraTable.concat([table, new])
        records = {
            name: _transferred_anew(model, name, joined, validate=validate, progress=progress) for name in targets
        }
    elif correction is not None:
        records = {name: _corrected(model, name, new, correction, validate=validate) for name in targets}
    else:
        raise NoSourceError(
            f"{model.method} learns from source spectra, and a model file keeps none: give table=, the files that the "
            'model was made from. To correct predictions by the new standards alone, give correction="bias".'
        )
    _warn_of_rejected(model, new.select(instruments=targets))
    return TransferredModel(
        model.records | records,
        source=model.source,
        properties=model.properties,
        units=model.units,
        unit=model.unit,
        method=model.method if correction is None else f"{model.method}, then SBC(correction={correction!r})",
        reading=model.reading,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        versions=current_versions(),
    )


def _warn_of_rejected(model, new):
    """Say which new standards the model would reject: a line through their predictions means nothing."""
    predicted = model.predict(new)
    rejected = {
        str(new.sample_id[row]): predicted.reason[row, list(predicted.flag[row]).index("reject")]
        for row, worst in enumerate(predicted.worst())
        if worst == "reject"
    }
    if rejected:
        sample, reason = next(iter(rejected.items()))
        warnings.warn(
            f"The model rejects the spectra of {len(rejected)} new standards, as of {sample!r}: {reason}. Were they "
            "measured and exported as all others? Where the instrument itself has changed, transfer anew, as no "
            "correction of predictions makes it accept such spectra.",
            SuspectStandardsWarning,
            stacklevel=3,
        )


def _refuse_known(table, new):
    """Refuse new standards that are all in the table already: nothing would be learned."""
    known = {}
    for name in new.instruments:
        if name in table.instruments:
            for row, spectrum in zip(table.rows_of(name), np.ascontiguousarray(table.spectra_of(name))):
                known.setdefault((name, spectrum.tobytes()), []).append(row)

    def is_known(name, row, spectrum):
        rows = known.get((name, spectrum.tobytes()), [])
        return bool(rows) and not (np.isfinite(new.y[row]).any() and not np.isfinite(table.y[rows]).any())

    rows = [(name, new.rows_of(name), np.ascontiguousarray(new.spectra_of(name))) for name in new.instruments]
    if all(is_known(name, row, spectrum) for name, at, X in rows for row, spectrum in zip(at, X)):
        raise NoStandardsError(
            f"All {len(new)} spectra of the new standards are in table= already, to the last digit: there is nothing "
            "to add."
        )


def _source_table(model, table):
    """The spectra that the model was made from; files are read as they were then."""
    return table if hasattr(table, "sample_id") else read_spectra(table, **model.reading)


def _targets_of(model, new, target):
    """Instruments of the model that have new standards."""
    seen = new.instruments if target is None else [target]
    found = [name for name in model.targets if name in seen]
    if not found:
        where = "do not say which instrument measured them"
        if seen != [None]:
            where = f"were measured on {', '.join(repr(name) for name in seen if name is not None)}"
        raise UnknownInstrumentError(
            f"The new standards {where}, and the model serves {', '.join(map(repr, model.targets))}. Say with target= "
            "which of them it was."
        )
    return found


def _labelled(table, target):
    """The rows of one target, or rows that do not say, said to be of it."""
    if target in table.instruments:
        return table.select(instruments=[target])
    if table.instruments != [None]:
        raise UnknownInstrumentError(
            f"The new standards were measured on {', '.join(map(repr, table.instruments))}, not on {target!r}."
        )
    kept = ("sample_id", "replicate", "y", "properties", "columns", "meta", "files", "places", "flaws", "notes")
    return SpectraTable(
        table.X,
        table.axis_of(None),
        unit=table.unit,
        quantity=table.quantity_of(None),
        instrument=[target] * len(table),
        **{name: getattr(table, name) for name in kept},
    )


def _transferred_anew(model, name, joined, *, validate, progress):
    intervals = model.records[name].intervals
    fitted = TransferredModel.fit(
        joined,
        source=model.source,
        target=name,
        method=clone(model.records[name].model),
        validate=validate,
        conformal=validate and intervals is not None and intervals.conformal,
        progress=progress,
    )
    if fitted.properties != model.properties:
        raise NoStandardsError(
            f"The tables have references of {', '.join(fitted.properties)}; the model predicts "
            f"{', '.join(model.properties)}."
        )
    return fitted.records[name]


def _corrected(model, name, new, correction, *, validate):
    """The record of a target with a straight line behind its predictions."""
    record = model.records[name]
    X, y, samples = _as_measured(model, record, new, name)
    known = np.isfinite(y).any(axis=1)
    silent = [name for name, column in zip(model.properties, y.T) if not np.isfinite(column).any()]
    if silent:
        raise NoStandardsError(f"The new standards have no reference of {', '.join(silent)}.")
    X, y, samples = X[known], y[known], samples[known]
    if record.resample is not None:
        X = record.resample.transform(X)

    def fitted(rows):
        line = SBC(FrozenEstimator(record.model), correction=correction, source=model.source, target=name)
        return line.fit(X[rows], y[rows], instrument=np.full(rows.sum(), name, dtype=object), sample_id=samples[rows])

    everything = np.ones(len(X), dtype=bool)
    several = len(set(samples)) >= LEAST_LEFT_OUT
    held_out = _left_out(fitted, X, y, samples, record.held_out) if validate and several else None
    if held_out is None:
        # figures of another model must not pass for those of this one
        held_out = replace(record.held_out, how=f"before the correction: {record.held_out.how}")
    notes = list(record.notes)
    if correction == "slope_bias" and len(set(samples)) == 2:
        notes.append(
            "slope and bias are of two standards, which any line meets: whether it holds for others is not known"
        )
    names = list(dict.fromkeys([*record.standards, *samples]))
    return replace(record, model=fitted(everything), standards=names, held_out=held_out, notes=notes)


def _as_measured(model, record, new, name):
    """Spectra on the target's own axis with references in the order of the model's properties."""
    new = new.in_unit(model.unit) if record.wavelengths is not None else new
    rows, axis, quantity = new.rows_of(name), new.axis_of(name), new.quantity_of(name)
    if record.wavelengths is not None and not (
        len(axis) == len(record.wavelengths) and np.allclose(axis, np.sort(record.wavelengths), rtol=1e-6)
    ):
        raise AxisMismatchError(
            f"The new standards have {len(axis)} channels from {axis[0]:g} to {axis[-1]:g} {new.unit}, which is not "
            f"the axis of {name!r} in the model. Export them on it, or resample them (table.on(axis))."
        )
    if "unknown" not in (quantity, record.quantity) and quantity != record.quantity:
        raise QuantityError(f"The new standards are {quantity}, and the model of {name!r} needs {record.quantity}.")
    columns = [list(map(str, new.properties)).index(p) if p in new.properties else None for p in model.properties]
    missing = [p for p, column in zip(model.properties, columns) if column is None]
    if missing:
        raise NoStandardsError(f"The new standards have no references of {', '.join(missing)}.")
    y = new.y[rows][:, columns]
    if any(sample is None for sample in new.sample_id[rows]):
        raise NoStandardsError("Some of the new standards have no name (sample_id).")
    X = new.X[rows][:, : len(axis)]
    descends = record.wavelengths is not None and record.wavelengths[0] > record.wavelengths[-1]
    return X[:, ::-1] if descends else X, y, new.sample_id[rows]


def _left_out(fitted, X, y, samples, before):
    """The new standards, each predicted by a line through the others."""
    names = list(dict.fromkeys(samples))
    predicted, reference = [], []
    for sample in names:
        out = np.array([label == sample for label in samples])
        predicted.append(fitted(~out).predict(X[out]).reshape(out.sum(), -1).mean(axis=0))
        reference.append(y[out].mean(axis=0))
    how = "each new standard was predicted by the model as it was, corrected by the other new standards"
    return replace(
        before, how=how, samples=names, reference=np.array(reference), predicted=np.array(predicted), std=None
    )
