"""Bruker OPUS files, by brukeropus."""

import os
import warnings

import numpy as np

from ..._core.optional import import_optional
from ...exceptions import NoSpectraError, TableError, TableWarning, UnsupportedFormatError
from ..block import SpectraBlock

__all__ = ["MAGIC", "read_opus"]

MAGIC = b"\n\n\xfe\xfe"

#: What a data block holds by the fourth number of its type, in the order in which blocks are preferred.
_RESULTS = {
    4: ("absorbance", "absorbance"),
    16: ("ATR spectrum", "unknown"),
    12: ("reflectance", "reflectance"),
    15: ("log reflectance", "log 1/R"),
    6: ("Kubelka-Munk", "Kubelka-Munk"),
    5: ("transmittance", "transmittance"),
    10: ("Raman spectrum", "counts"),
    11: ("emission", "counts"),
    17: ("photoacoustic spectrum", "unknown"),
}
_SINGLE_BEAM, _SERIES_OF_SPECTRA = 1, 9
_SAMPLE, _BACKGROUND = 1, 2
_FLOAT32 = 1
#: Values that lie outside what the file says by this many times its range cannot be right.
_BEYOND = 10.0
_UNITS = {"WN": "cm-1", "MI": "um"}
_META = {"ins": "instrument", "srn": "serial number", "res": "resolution", "nss": "scans", "snm": "sample name"}


def read_opus(path, **options):
    """Spectra of an OPUS file: its result (absorbance, reflectance, ...), or the single-beam spectrum of the sample."""
    package = import_optional("brukeropus", extra="io", feature="Reading Bruker OPUS files")
    _check_complete(path)
    file = package.read_opus(path)
    if any(block.is_data_status() for block in file.parse_error_blocks):
        raise TableError(
            f"{path}: the description of a spectrum in this OPUS file cannot be read; the file is damaged."
        )
    found = [file_data for file_data in file.iter_all_data() if _preference(file_data) is not None]
    if not found:
        held = ", ".join(data.label for data in file.iter_all_data()) or "nothing"
        raise NoSpectraError(
            f"{path}: this OPUS file holds no spectrum of a sample, only: {held}. "
            "Give the files of the samples; a background scan is none."
        )
    best = min(_preference(data) for data in found)
    # The block that was stored last is the spectrum as OPUS shows it: brukeropus lists the last one first.
    chosen, *others = [data for data in found if _preference(data) == best]
    block = _block(path, file, chosen)
    if others:
        block.notes.append(f"{len(others) + 1} blocks of {chosen.label.lower()}; the one stored last is taken")
    left_out = sorted({data.label for data in found if _preference(data) != best})
    if left_out:
        block.notes.append(f"left out beside {chosen.label.lower()}: {', '.join(left_out)}")
    return [block]


def _check_complete(path):
    """Refuse a file whose directory points beyond its end: the package would leave out what is missing in silence."""
    parse = import_optional("brukeropus.file.parse", extra="io", feature="Reading Bruker OPUS files")
    size = os.path.getsize(path)
    with open(path, "rb") as file:
        head = file.read(24)
        if len(head) < 24:
            raise TableError(f"{path}: this OPUS file ends after {size} bytes, within its header; it is truncated.")
        _, start, most, _ = parse.parse_header(head)
        if not 24 <= start < size or not 0 < most <= size // 12:
            raise TableError(f"{path}: the header of this OPUS file points outside the file; it is damaged.")
        file.seek(start)
        entries = file.read(12 * most)
    end = max(
        (first + length for _, length, first in parse.parse_directory(entries[: len(entries) // 12 * 12])), default=0
    )
    if end == 0:
        raise TableError(f"{path}: the directory of this OPUS file is empty; the file is damaged.")
    if end > size:
        raise TableError(f"{path}: this OPUS file has {size} bytes, its directory speaks of {end}; it is truncated.")


def _preference(data):
    """Rank of a data block as the spectrum of the file, 0 the first; None where it is none."""
    _, origin, _, kind, derivative, _ = data.block.type
    if kind in _RESULTS and origin != _BACKGROUND:
        # A derivative is taken only where the spectrum itself is not there.
        return list(_RESULTS).index(kind) + (100 if derivative else 0)
    if origin == _SAMPLE and kind in (_SINGLE_BEAM, _SERIES_OF_SPECTRA):
        return 200
    return None


def _block(path, file, data):
    params = data.params
    kind, derivative = data.block.type[3], data.block.type[4]
    label, quantity = _RESULTS.get(kind, ("single-beam spectrum", "counts"))
    where = f"{path}: {label}"
    if getattr(params, "dpf", _FLOAT32) != _FLOAT32:
        raise UnsupportedFormatError(f"{where} is stored as whole numbers (DPF {params.dpf}), which is not supported.")
    unit = getattr(params, "dxu", "")
    if unit not in _UNITS:
        raise UnsupportedFormatError(f"{where}: the axis is in {unit or 'an unnamed unit'}, not cm-1 or micrometres.")
    axis = np.array(data.x, dtype=np.float64)
    X = np.atleast_2d(np.array(data.y, dtype=np.float64))
    columns = {}
    if data.y.ndim == 2:  # each spectrum of a series has a factor of its own, which the package does not apply
        X *= np.reshape(params.csf, (-1, 1))
        columns["time (s)"] = [float(time) for time in params.ert]
    told = _check_values(where, axis, X, params, series=data.y.ndim == 2)
    notes = [told] if told else []
    if derivative:
        notes.append(f"holds a derivative of the {label}")
        quantity = "unknown"
    if label == "single-beam spectrum":
        notes.append("no result, only the single-beam spectrum of the sample: intensities without a background")
    params_of_file = dict(file.params.items())
    name = str(params_of_file.get("snm", "")).strip() or None
    meta = {
        "format": "Bruker OPUS",
        **{_META[key]: value for key, value in params_of_file.items() if key in _META},
    }
    if params.datetime is not None:
        meta["date"] = params.datetime
    place = f"block {data.key}"
    return SpectraBlock(
        X=X,
        axis=axis,
        unit="Raman shift" if kind == 10 and unit == "WN" else _UNITS[unit],
        quantity=quantity,
        names=[name] * len(X),
        places=[place] if len(X) == 1 else [f"{place}, spectrum {i + 1}" for i in range(len(X))],
        path=str(path),
        columns=columns,
        meta=meta,
        notes=notes,
    )


def _check_values(where, axis, X, params, *, series):
    """Refuse or warn of values that the file itself says cannot be; returns what to note.

    More or fewer points than it says, or values far beyond its smallest and largest.
    """
    if X.shape[1] != len(axis) or not len(X):
        raise TableError(f"{where} has {X.shape[1]} values and an axis of {len(axis)}; the file is damaged.")
    if not np.all(np.isfinite(axis)) or len(axis) < 2 or axis[0] == axis[-1]:
        raise TableError(f"{where}: the axis goes from {params.fxv} to {params.lxv}; the file is damaged.")
    if not np.all(np.isfinite(X)):
        raise TableError(f"{where} has values that are no numbers; the file is damaged.")
    if series or not hasattr(params, "mny") or not hasattr(params, "mxy"):
        return None
    span = abs(params.mxy - params.mny)
    beyond = max(params.mny - X.min(), X.max() - params.mxy)
    told = f"has values from {X.min():.6g} to {X.max():.6g}, the file says {params.mny:.6g} to {params.mxy:.6g}"
    if beyond > _BEYOND * max(span, 1e-12):
        raise TableError(f"{where} {told}; it is damaged.")
    if beyond > 0.01 * span + 1e-5 * max(abs(params.mxy), abs(params.mny)):
        # A program that changed the values may not have renewed their description.
        warnings.warn(f"{where} {told}; is it damaged?", TableWarning, stacklevel=4)
        return told
    return None
