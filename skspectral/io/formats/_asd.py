"""ASD (FieldSpec, LabSpec, TerraSpec) files: the published binary layout, revisions 1 to 8.

The layout is that of "ASD File Format", versions 1 to 8 (ASD Inc., Boulder): a header of 484 bytes, the spectrum, and
from revision 2 on a reference header with the white reference. What follows (calibrations, classifiers, audit log) is
not needed for spectra and not read.
"""

import datetime
import struct

import numpy as np

from ...exceptions import NoSpectraError, ReadingOptionError, TableError, UnsupportedFormatError
from ..block import SpectraBlock

__all__ = ["MAGIC", "read_asd"]

MAGIC = (b"ASD", b"asd", b"as2", b"as3", b"as4", b"as5", b"as6", b"as7", b"as8")
_HEADER = 484
_CHOICES = ("declared", "raw", "reflectance")
#: Names of the types of data, by their code in the header, and the quantity of the values that are stored.
_TYPES = {
    0: ("raw", "counts"),
    1: ("reflectance", "counts"),
    2: ("radiance", "unknown"),
    3: ("no units", "unknown"),
    4: ("irradiance", "unknown"),
    5: ("quality index", "unknown"),
    6: ("transmittance", "counts"),
    7: ("unknown", "unknown"),
    8: ("absorbance", "absorbance"),
}
_RATIOS = {"reflectance": "reflectance", "transmittance": "transmittance"}
_NUMBERS = {0: "<f4", 1: "<i4", 2: "<f8"}
_MODELS = {1: "PSII", 2: "LSVNIR", 3: "FSVNIR", 4: "FSFR", 5: "FSNIR", 6: "CHEM", 7: "FSFR_UNATTENDED"}
#: No fraction exceeds this, and no scan of a white reference or of a sample in counts stays below it.
_LARGEST_FRACTION = 2.0


def read_asd(path, *, asd="declared", **options):
    """Spectrum of an ASD file.

    A file that is declared as reflectance or transmittance stores the counts of the sample and of the white reference;
    the ratio is what it declares. ``asd="raw"`` gives the counts as they are stored, ``asd="reflectance"`` the ratio
    even of a file that is declared as raw.
    """
    if asd not in _CHOICES:
        raise ReadingOptionError(f"asd must be one of {', '.join(_CHOICES)}; got {asd!r}.")
    with open(path, "rb") as file:
        data = file.read()
    header = _header(path, data)
    end = _HEADER + header["channels"] * header["dtype"].itemsize
    counts = _numbers(path, data, _HEADER, header, "spectrum")
    white, description = _white_reference(path, data, end, header)
    X, quantity, notes = _as_asked(path, counts, white, header, asd)
    return [
        SpectraBlock(
            X=X[np.newaxis],
            axis=header["axis"],
            unit="nm",
            quantity=quantity,
            names=[None],
            places=["spectrum"],
            path=str(path),
            meta={**header["meta"], **({"description": description} if description else {})},
            notes=notes,
        )
    ]


def _header(path, data):
    if len(data) < _HEADER:
        raise TableError(f"{path}: this ASD file ends after {len(data)} bytes, within its header; it is truncated.")
    revision = 1 if data[:3].upper() == b"ASD" else int(data[2:3])
    (channels,) = struct.unpack_from("<H", data, 204)
    first, step = struct.unpack_from("<2f", data, 191)
    if data[199] not in _NUMBERS:
        raise UnsupportedFormatError(f"{path}: the numbers of this ASD file have an unknown form (code {data[199]}).")
    if not (channels > 1 and 0 < first < 1e5 and 0 < step < 1e4):
        raise TableError(
            f"{path}: the header of this ASD file speaks of {channels} channels from {first:g} nm in steps of {step:g} "
            "nm; the file is damaged."
        )
    if data[186] not in _TYPES:
        raise TableError(f"{path}: unknown type of data {data[186]} in the header of this ASD file; it is damaged.")
    kind, quantity = _TYPES[data[186]]
    swir1, swir2 = struct.unpack_from("<2H", data, 436)
    splices = struct.unpack_from("<2f", data, 444)
    instrument, model = struct.unpack_from("<H", data, 400)[0], _MODELS.get(data[431])
    meta = {
        "format": f"ASD revision {revision}",
        "declared as": kind,
        "serial number": str(instrument),
        "integration time (ms)": struct.unpack_from("<I", data, 390)[0],
        "SWIR1 gain": swir1,
        "SWIR2 gain": swir2,
        "splices (nm)": [float(splice) for splice in splices if np.isfinite(splice) and splice > 0],
        "scans": struct.unpack_from("<H", data, 429)[0],
    }
    if model:
        meta["instrument"] = model
    if comment := data[3:160].split(b"\0")[0].decode("latin-1").strip():
        meta["comment"] = comment
    if (date := _date(data)) is not None:
        meta["date"] = date
    return {
        "revision": revision,
        "channels": channels,
        "axis": float(first) + float(step) * np.arange(channels),
        "dtype": np.dtype(_NUMBERS[data[199]]),
        "type": kind,
        "quantity": quantity,
        "meta": meta,
    }


def _date(data):
    """When the spectrum was taken, from the C structure `tm`; None where it is no date."""
    second, minute, hour, day, month, year = struct.unpack_from("<6h", data, 160)
    try:
        return datetime.datetime(1900 + year, month + 1, day, hour, minute, min(second, 59))
    except ValueError:
        return None


def _numbers(path, data, start, header, what):
    end = start + header["channels"] * header["dtype"].itemsize
    if end > len(data):
        raise TableError(
            f"{path}: the {what} of this ASD file needs {end} bytes, the file has {len(data)}; it is truncated."
        )
    values = np.frombuffer(data[start:end], header["dtype"]).astype(np.float64)
    if not np.all(np.isfinite(values)):
        raise TableError(f"{path}: the {what} of this ASD file holds values that are no numbers; the file is damaged.")
    return values


def _white_reference(path, data, start, header):
    """Counts of the white reference and the description of the spectrum; (None, "") where the file has none."""
    if header["revision"] == 1 or len(data) == start:
        if header["revision"] == 1 and len(data) > start:
            raise TableError(f"{path}: {len(data) - start} bytes follow the spectrum of this ASD file; it is damaged.")
        return None, ""
    if len(data) < start + 20:
        raise TableError(f"{path}: this ASD file ends within the header of its white reference; it is truncated.")
    present, length = struct.unpack_from("<h", data, start)[0], struct.unpack_from("<H", data, start + 18)[0]
    description = data[start + 20 : start + 20 + length].decode("latin-1").strip("\0 ")
    if not present:
        return None, description
    return _numbers(path, data, start + 20 + length, header, "white reference"), description


def _as_asked(path, counts, white, header, asd):
    """Values, their quantity and what to note: the stored values, or their ratio to the white reference."""
    declared = _RATIOS.get(header["type"])
    if white is not None and not np.any(white):
        white = None
    if declared and np.max(counts) <= _LARGEST_FRACTION:
        return counts, declared, []
    if asd == "raw" or (asd == "declared" and not declared):
        notes = []
        if white is not None and header["quantity"] == "counts":
            notes.append("counts; the file holds a white reference too: asd='reflectance' gives the ratio to it")
        return counts, header["quantity"], notes
    quantity = declared or "reflectance"
    if white is None:
        raise NoSpectraError(
            f"{path}: this ASD file has no white reference, so there is no {quantity}. Read the counts as they are "
            "stored with asd='raw'."
        )
    if np.any(white == 0):
        dead = header["axis"][np.argmax(white == 0)]
        raise TableError(
            f"{path}: the white reference is 0 at {dead:g} nm, so there is no {quantity} there. Read the counts as "
            "they are stored with asd='raw'."
        )
    return counts / white, quantity, [f"{quantity} is the sample divided by the white reference stored with it"]
