"""From blocks of many files to one table: axes, quantities, instruments, names and references."""

import warnings
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..._core.axis import same_axis
from ..._core.units import MOST_LIKELY_NM, check_plausible, remedy_for
from ...exceptions import TableError, TableWarning
from ..block import UNITS, SpectraBlock
from ..cells.column_roles import find_instrument_column
from ..cells.phrases import axis_word
from ..names.spelling import as_name
from ..options import option_of
from ..references.properties import choose_properties
from ..units import assume_unit, convert_axis, is_even, possible
from .summary import describe_axis

__all__ = ["Part", "instrument_axes", "parts_of"]


@dataclass
class Part:
    """A block with the instrument and name of each row, its axis ascending in the unit of the table."""

    block: SpectraBlock
    X: np.ndarray
    axis: np.ndarray
    unit: str
    instrument: list
    names: list
    values: dict
    columns: dict
    notes: list = field(default_factory=list)


def parts_of(named_blocks, *, unit, to_unit, id_column, instrument_column, properties, decimal):
    """Bring the blocks of each instrument into one form; see `read_spectra` for the options."""
    parts = []
    for given, blocks in named_blocks.items():
        for block in blocks:
            columns = dict(block.columns)
            instrument = _instruments(block, columns, given, instrument_column)
            block_unit, notes = _unit_of(block, _one_unit(block, unit, instrument), to_unit)
            wanted = block_unit if to_unit is None or block_unit == "Raman shift" else to_unit
            axis = convert_axis(block.axis, block_unit, wanted, name=f"{block.path}: the axis")
            _refuse_not_positive(block, block_unit)
            if block_unit in ("um", "cm-1"):
                # once it is converted, nobody can tell what was wrong
                check_plausible(block.axis, block_unit, name=f"{block.path}, the axis", told=True, option="unit")
            X = np.asarray(block.X, dtype=np.float64)
            order = np.argsort(axis, kind="stable")
            if not np.array_equal(order, np.arange(len(axis))):
                axis, X = axis[order], np.ascontiguousarray(X[:, order])
            names = _names(block, columns, id_column)

            def where(row, label=None, block=block):
                return f"{block.path}, {block.places[row]}" + (f", column {label!r}" if label else "")

            offered = None if properties is None else [name for name in properties if _has(columns, name)]
            values, left_out = choose_properties(
                columns,
                offered,
                where,
                decimal=decimal or block.meta.get("decimal", "."),
                told=decimal is not None,
                path=block.path,
            )
            label = block.meta.get("id_column")
            plain = not label or "sample" in label.lower() or label.lower() in ("id", "name") or axis_word(label)
            if not plain:
                notes.append(f"the samples are named by the column {label!r}")
            if left_out:
                notes.append(f"no references: {', '.join(left_out)}")
            taken = {name.strip().lower() for name in values}
            columns = {label: cells for label, cells in columns.items() if label.strip().lower() not in taken}
            parts.append(Part(block, X, axis, wanted, instrument, names, values, columns, notes))
    return parts


def _has(columns, name):
    return name in columns or name.strip().lower() in {label.strip().lower() for label in columns}


def _one_unit(block, given, instrument):
    """The unit that the user gave for the instruments of a block, which share its axis."""
    units = list(dict.fromkeys(option_of(given, name) for name in instrument))
    if len(units) > 1:
        raise TableError(
            f"{block.path}: the instruments {', '.join(map(repr, dict.fromkeys(instrument)))} share one axis, which "
            f"unit= says is in several units: {', '.join(map(str, units))}. Read them from files of their own."
        )
    return units[0] if units else None


def _unit_of(block, given, to_unit):
    """Unit of the axis of a block, and what was assumed."""
    if given is not None:
        return given, []
    if block.unit not in UNITS:
        raise TableError(
            f"{block.path}: the axis ({block.axis.min():g} to {block.axis.max():g}) is labelled {block.unit!r}. "
            f"Convert it to one of {', '.join(UNITS[:-1])}, or say unit= if it is in one of these."
        )
    if block.unit:
        if block.unit == "nm" and block.axis.max() > MOST_LIKELY_NM and is_even(block.axis):
            warnings.warn(
                f"{block.path}: the axis ({block.axis.min():g} to {block.axis.max():g}) is said to be in nm, and looks "
                "like wavenumbers. Give the unit with unit= if the file is wrong.",
                TableWarning,
                stacklevel=5,
            )
        return block.unit, []
    if to_unit is None:
        return "nm", []
    if not possible(block.axis):
        raise TableError(
            f"{block.path}: the axis ({block.axis.min():g} to {block.axis.max():g}) has no unit, and is none in "
            f"{', '.join(UNITS[:3])}, where no spectrometer measures. {remedy_for(block.axis, None, 'unit')}"
        )
    unit, doubtful = assume_unit(block.axis)
    said = f"the axis ({block.axis.min():g} to {block.axis.max():g}) has no unit and is taken as {unit}"
    if block.meta.get("axis_called"):
        said, doubtful = f"{said}, although the file calls it {block.meta['axis_called']!r}", True
    if doubtful:
        warnings.warn(f"{block.path}: {said}. Give the unit to be sure, with unit=.", TableWarning, stacklevel=5)
    return unit, [said]


def _refuse_not_positive(block, unit):
    if unit != "Raman shift" and block.axis.min() <= 0:
        raise TableError(
            f"{block.path}: the axis begins at {block.axis.min():g} {unit}, but wavelengths and wavenumbers are "
            "positive. Label the channels by their wavelengths, not by numbers; a Raman shift needs unit='Raman shift'."
        )


def _instruments(block, columns, given, wanted):
    """Name the instrument of each row: as the user did, else by a column."""
    label = None
    if wanted is None or _has(columns, wanted) or given is None:
        label = find_instrument_column(columns, wanted, block.path)
    cells = [None] * len(block.X) if label is None else [as_name(cell) for cell in columns.pop(label)]
    if given is None:
        if label is not None and None in cells and any(cells):
            raise TableError(
                f"{block.path}, {block.places[cells.index(None)]}, column {label!r}: the instrument is not named. Name "
                "it in each row, or give the file as {name: file}."
            )
        return cells
    if label is not None and label.lower() == "instrument":
        for row, cell in enumerate(cells):
            if cell not in (None, given):
                raise TableError(
                    f"{block.path}, {block.places[row]}, column {label!r}: the row is of instrument {cell!r}, but the "
                    f"file was given as that of {given!r}. Read a table of several instruments by itself, in long form."
                )
    return [given] * len(block.X)


def _names(block, columns, id_column):
    """Name the sample of each row; a file of one spectrum that gives no name lends its own."""
    names = [as_name(name) for name in block.names]
    if id_column is not None and _has(columns, id_column):
        label = next(label for label in columns if label.strip().lower() == id_column.strip().lower())
        names = [as_name(cell) for cell in columns.pop(label)]
    if names == [None]:
        return [Path(block.path).stem]
    return names


def instrument_axes(parts):
    """Find the axis of each instrument, and make axes one that differ by rounding.

    Parameters
    ----------
    parts : list of Part
        Changed: axes that agree with an earlier one become that one.

    Returns
    -------
    axes : dict of {instrument: ndarray}
    notes : list of str

    Raises
    ------
    TableError
        If spectra of one instrument stand on several axes, or the units cannot be brought together.
    """
    units = {part.unit: part for part in parts}
    if len(units) > 1:
        (first, a), (second, b) = list(units.items())[:2]
        raise TableError(
            f"{a.block.path} has an axis in {first}, {b.block.path} one in {second}; the two units cannot stand in one "
            "table. Read them apart, or give the unit with unit=."
        )
    axes, owners, known, notes = {}, {}, [], []
    for part in parts:
        for axis in known:
            if same_axis(axis, part.axis):
                difference = float(np.abs(axis - part.axis).max())
                if difference > 0:
                    notes.append(
                        f"{part.block.path}: the axis differs by up to {difference:.2g} from another; taken as one"
                    )
                part.axis = axis
                break
        else:
            known.append(part.axis)
        for name in dict.fromkeys(part.instrument):
            if name in axes and axes[name] is not part.axis:
                who = "The spectra" if name is None else f"The spectra of instrument {name!r}"
                shorter, longer = sorted((axes[name], part.axis), key=len)
                cut_off = len(shorter) < len(longer) and any(
                    same_axis(shorter, longer[end]) for end in (slice(len(shorter)), slice(-len(shorter), None))
                )
                raise TableError(
                    f"{who} stand on several axes: {owners[name].block.path} has "
                    f"{describe_axis(axes[name], part.unit)}, {part.block.path} has "
                    f"{describe_axis(part.axis, part.unit)}. "
                    + ("Was the shorter one cut off? " if cut_off else "")
                    + "Name the instruments: read_spectra({name: files, ...})."
                )
            axes.setdefault(name, part.axis)
            owners.setdefault(name, part)
    return axes, notes
