"""Files that this package does not read, by nirs4all-formats where the user has installed it.

nirs4all-formats is licensed under CeCILL-2.1 or AGPL-3.0 and therefore no dependency: it is used only if it is there.
"""

import importlib
import importlib.util
import warnings

import numpy as np

from ...exceptions import TableWarning, UnsupportedFormatError
from ..block import SpectraBlock
from ..cells.phrases import quantity_of, unit_of
from ..quantities import percent_where_it_must_be

__all__ = ["read_by_nirs4all"]

_PACKAGE = "nirs4all_formats"
_HINT = (
    "The package nirs4all-formats (licence CeCILL-2.1 or AGPL-3.0, therefore not installed with skspectral) reads more "
    "formats; if it is installed it is tried: pip install nirs4all-formats"
)
#: Signals of a record in the order in which they are preferred; any other comes after these.
_PREFERRED = ("absorbance", "reflectance", "transmittance", "kubelka_munk", "signal", "spectrum", "raw")
_NO_SPECTRA = ("reference_spectrum", "interferogram", "phase")


def read_by_nirs4all(path, refusal):
    """Spectra of a file that was refused with ``refusal``; raises it, with what could help, if that is not possible."""
    if importlib.util.find_spec(_PACKAGE) is None:
        raise type(refusal)(f"{refusal} {_HINT}") from refusal
    package = importlib.import_module(_PACKAGE)
    blocks = []
    try:
        for number, record in enumerate(package.open_recordset(str(path)), start=1):
            name = _choose(record.signals)
            if name is not None:
                _add(blocks, record.signals[name], record, f"record {number}, {name}", path, package)
    except Exception as error:
        raise type(refusal)(f"{refusal} nirs4all-formats cannot read it either: {error}") from error
    for block in blocks:
        block.X = np.vstack(block.X)
        said = block.notes[1:]
        if said:
            warnings.warn(f"{path}, read by nirs4all-formats: {'; '.join(said)}.", TableWarning, stacklevel=3)
    if not blocks:
        raise UnsupportedFormatError(f"{refusal} nirs4all-formats finds no spectrum in it.") from refusal
    return blocks


def _choose(signals):
    """Name of the signal that is the spectrum of a record; None where there is none."""
    usable = [name for name in signals if not any(part in name for part in _NO_SPECTRA)]
    return next((name for name in _PREFERRED if name in usable), usable[0] if usable else None)


def _add(blocks, signal, record, place, path, package):
    """Put the spectra of one signal into the block with its axis, or into a new one; its X is a list until the end."""
    rows = np.moveaxis(np.asarray(signal.values, dtype=np.float64), signal.x_dim_index, -1)
    rows = rows.reshape(-1, rows.shape[-1])
    axis = np.asarray(signal.axis.values, dtype=np.float64)
    unit = unit_of(signal.axis.unit) or ""
    quantity = quantity_of(signal.signal_type.replace("_", " "))
    if signal.unit == "%" and quantity in ("reflectance", "transmittance"):
        quantity = f"% {quantity}"
    quantity, note = percent_where_it_must_be(quantity, rows)
    name = record.metadata.get("sample_id")
    notes = [f"read by nirs4all-formats {package.__version__}", *record.provenance.warnings, *([note] if note else [])]
    plain = {key: value for key, value in record.metadata.items() if isinstance(value, (str, int, float))}
    columns = {**plain, **record.targets}
    columns.pop("sample_id", None)
    for block in blocks:
        same = (block.unit, block.quantity) == (unit, quantity) and np.array_equal(block.axis, axis)
        if same and block.columns.keys() == columns.keys():
            block.X.append(rows)
            block.notes = list(dict.fromkeys([*block.notes, *notes]))
            break
    else:
        meta = {"format": record.provenance.format}
        block = SpectraBlock(
            X=[rows],
            axis=axis,
            unit=unit,
            quantity=quantity,
            names=[],
            places=[],
            path=str(path),
            meta=meta,
            notes=notes,
        )
        block.columns = {key: [] for key in columns}
        blocks.append(block)
    block.names.extend([None if name is None else str(name)] * len(rows))
    block.places.extend([place] * len(rows))
    for key, value in columns.items():
        block.columns[key].extend([value] * len(rows))
