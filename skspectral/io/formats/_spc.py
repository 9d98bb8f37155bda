"""Galactic/Thermo SPC files, single and multi-file, by spc-io."""

import contextlib
import datetime
import io
import re
import struct
import warnings

import numpy as np

from ..._core.optional import import_optional
from ...exceptions import NoSpectraError, TableError, TableWarning, UnsupportedFormatError
from ..block import SpectraBlock
from ..cells.phrases import quantity_of, unit_of
from ..quantities import percent_where_it_must_be

__all__ = ["looks_like_spc", "read_spc"]

_LSB, _MSB, _OLD = 0x4B, 0x4C, 0x4D
_HEADER, _SUBHEADER, _LOG_HEADER = 512, 32, 64
_FLOAT = -128
_LAST_TECHNIQUE = 15
_UNITS = {1: "cm-1", 2: "um", 3: "nm", 13: "Raman shift"}
_QUANTITIES = {
    **{2: "absorbance", 3: "Kubelka-Munk", 4: "counts", 10: "log 1/R", 12: "counts", 13: "counts", 14: "counts"},
    **{128: "transmittance", 129: "reflectance", 131: "counts"},
}
_UNKNOWN_AXES = (0, 255)
_Z_UNITS = {4: "s", 5: "min", 11: "days", 20: "°C", 30: "h"}
_OTHER_KINDS = {1: "an interferogram"}


def looks_like_spc(head):
    """Whether the first bytes of a file are a header of SPC (its second byte names the version)."""
    if len(head) < 32 or head[1] not in (_LSB, _MSB, _OLD) or b"\0" not in head:
        return False
    if head.startswith((b"PK", b"\xff\xfe", b"\xfe\xff")) or (head[1] != _OLD and head[2] > _LAST_TECHNIQUE):
        return False  # an archive, UTF-16, or no technique that there is
    # UTF-16 text has a NUL beside every letter, which a header has not.
    return any(head[0:64:2]) and any(head[1:64:2])


def read_spc(path, *, keep_flawed=False, **options):
    """Spectra of an SPC file: one block for all that share an axis."""
    with open(path, "rb") as file:
        data = file.read()
    if data[1] != _LSB:
        what = "the old format (0x4D)" if data[1] == _OLD else "big-endian byte order (0x4C)"
        raise UnsupportedFormatError(f"{path}: this SPC file is in {what}, which is not read. Save it anew in GRAMS.")
    package = import_optional("spc_io.low_level", extra="io", feature="Reading SPC files")
    header, data, log, surplus = _prepared(path, data, package)
    try:
        raw = package.SpcRaw.from_bytes_io(io.BytesIO(data))
    except Exception as error:
        raise TableError(f"{path}: this SPC file is truncated or damaged ({error}).") from error
    blocks = _blocks(path, raw, header, log, keep_flawed)
    if surplus:
        note = f"{surplus} bytes follow the spectra that the header announces, and are not read; it may be damaged"
        warnings.warn(f"{path}: {note}.", TableWarning, stacklevel=3)
        blocks[0].notes.append(note)
    return blocks


def _prepared(path, data, package):
    """The header, the bytes for the package (header and spectra alone), the text of the log, and bytes left over.

    The package takes the log and the directory to follow the spectra at once and fails on a log that is not as it
    expects; neither is needed for the spectra, so the log is read here and both are taken off.
    """
    if len(data) < _HEADER + _SUBHEADER:
        raise TableError(f"{path}: this SPC file ends after {len(data)} bytes, within its header; it is truncated.")
    header = package.SpcHdr.from_buffer_copy(data)
    flags = header.ftflgs
    if header.fytype._val in _OTHER_KINDS:
        raise NoSpectraError(f"{path}: this SPC file holds {_OTHER_KINDS[header.fytype._val]}, not a spectrum.")
    if not flags.TXVALS:
        flags.TXYXYS = 0  # it says something of the abscissas that are stored, and none are
    n_spectra = header.fnsub = max(header.fnsub, 1)
    end = _end_of_spectra(path, data, header, n_spectra, package)
    log_start = header.flogoff
    if log_start and (log_start < end or log_start + _LOG_HEADER > len(data)):
        raise TableError(
            f"{path}: in this SPC file the spectra end at byte {end} and the log begins at {log_start} of {len(data)}; "
            "it is truncated or damaged."
        )
    rest = data[end : log_start or len(data)]
    if flags.TXYXYS and header.fnpts == end:
        rest = rest[12 * n_spectra :]
    surplus = len(rest.rstrip(b"\0\x1a"))
    plain = package.SpcHdr.from_buffer_copy(header)
    plain.flogoff = 0
    plain.ftflgs.TRANDM = 0  # says only that the Z values are in no order
    if flags.TXYXYS:
        plain.fnpts = 0
    return header, bytes(plain) + data[_HEADER:end], _log_text(data, log_start), surplus


def _end_of_spectra(path, data, header, n_spectra, package):
    """Position after the last spectrum, from the header and the subheaders; refuses what lies beyond the file."""
    flags = header.ftflgs
    position = _HEADER
    if flags.TXVALS and not flags.TXYXYS:
        position += 4 * header.fnpts
    if not flags.TXYXYS and header.fnpts < 2:
        raise TableError(f"{path}: the header of this SPC file speaks of {header.fnpts} points; the file is damaged.")
    for k in range(n_spectra):
        if position + _SUBHEADER > len(data):
            raise TableError(
                f"{path}: spectrum {k + 1} of {n_spectra} lies beyond the end of this SPC file; truncated."
            )
        sub = package.SubHdr.from_buffer_copy(data, position)
        points = sub.subnpts if flags.TXYXYS else header.fnpts
        is_float = _FLOAT in (header.fexp, sub.subexp)
        width = 2 if flags.TSPREC and not is_float else 4
        position += _SUBHEADER + points * (width + (4 if flags.TXYXYS else 0))
    if position > len(data):
        raise TableError(f"{path}: this SPC file has {len(data)} bytes, its spectra need {position}; it is truncated.")
    return position


def _log_text(data, start):
    if not start:
        return ""
    size, _, text = struct.unpack_from("<3I", data, start)
    return data[start + text : start + size].split(b"\0")[0].decode("latin-1").strip() if text else ""


def _blocks(path, raw, header, log, keep_flawed):
    unit, quantity, notes = _meaning(path, header)
    meta = _meta(header, log)
    groups, flaws = [], {}
    for k, sub in enumerate(raw.subs):
        axis = _axis(path, raw, header, sub)
        y = _values(header, sub)
        if not np.all(np.isfinite(y)):
            flaws[k] = f"spectrum {k + 1} of this SPC file holds values that are no numbers; it is damaged"
            y = np.where(np.isfinite(y), y, np.nan)
        group = next((group for group in groups if np.array_equal(group[0], axis)), None)
        if group is None:
            groups.append(group := (axis, [], []))
        group[1].append(y)
        group[2].append(k)
    if flaws and (not keep_flawed or len(flaws) == len(raw.subs)):
        raise TableError(f"{path}: {next(iter(flaws.values()))}.")
    blocks = []
    z_label = f"z ({_Z_UNITS[header.fztype._val]})" if header.fztype._val in _Z_UNITS else "z"
    names = {int(k): name.strip() or None for k, name in re.findall(r'SUBFILE(\d+)\s*=[^\r\n]*"([^"\r\n]*)"', log)}
    for axis, rows, numbers in groups:
        X = np.array(rows, dtype=np.float64)
        actual, note = percent_where_it_must_be(quantity, X)
        columns = {}
        if header.fnsub > 1:
            columns[z_label] = [float(raw.subs[k].header.subfirst) for k in numbers]
        blocks.append(
            SpectraBlock(
                X=X,
                axis=axis,
                unit=unit,
                quantity=actual,
                names=[names.get(k + 1) for k in numbers],
                places=[f"subfile {k + 1}" for k in numbers],
                path=str(path),
                columns=columns,
                meta=dict(meta),
                notes=[*notes, *([note] if note else [])],
                flaws={row: flaws[k] for row, k in enumerate(numbers) if k in flaws},
            )
        )
    return blocks


def _meaning(path, header):
    """Unit and quantity, from the codes in the header or from the labels that stand in their place."""
    x_type, y_type = header.fxtype._val, header.fytype._val
    unit, quantity, notes = _UNITS.get(x_type), _QUANTITIES.get(y_type, "unknown"), []
    if header.ftflgs.TALABS:
        start = type(header).fcatxt.offset
        labels = bytes(header)[start : start + 30].split(b"\0")
        x_label, y_label = (label.decode("latin-1").strip() for label in (*labels, b"", b"")[:2])
        unit = unit_of(x_label) or unit
        if y_label and quantity_of(y_label) != "unknown":
            quantity = quantity_of(y_label)
        if y_label and quantity == "unknown":
            notes.append(f"the values are called {y_label!r}")
    if unit is None:
        if x_type not in _UNKNOWN_AXES:
            raise NoSpectraError(
                f"{path}: the axis of this SPC file is {header.fxtype} (code {x_type}), not a wavelength, a wavenumber "
                "or a Raman shift."
            )
        notes.append("the file does not say the unit of its axis")
    if y_type == 11:
        notes.append("the file says percent, not of what: give the quantity")
    return unit or "", quantity, notes


def _axis(path, raw, header, sub):
    if header.ftflgs.TXYXYS:
        axis = sub.xarray
    elif header.ftflgs.TXVALS:
        axis = raw.xarray
    else:
        axis = np.linspace(header.ffirst, header.flast, header.fnpts)
    axis = np.array(axis, dtype=np.float64)
    if len(axis) < 2 or not np.all(np.isfinite(axis)) or axis[0] == axis[-1]:
        raise TableError(f"{path}: the axis of this SPC file is no axis ({len(axis)} points); the file is damaged.")
    return axis


def _values(header, sub):
    """Values of a subfile. In a file of one spectrum the exponent of the file counts, in others that of the subfile."""
    y = np.array(sub.yarray, dtype=np.float64)
    if header.fnsub == 1 and _FLOAT not in (header.fexp, sub.header.subexp):
        y *= 2.0 ** (header.fexp - sub.header.subexp)
    return y


def _meta(header, log):
    texts = {"title": header.fcmnt, "instrument": header.fsource, "resolution": header.fres, "method": header.fmethod}
    meta = {"format": "SPC"}
    meta.update({key: text.decode("latin-1").strip() for key, text in texts.items() if text.strip()})
    date = header.fdate
    with contextlib.suppress(ValueError):  # all zero where no date is given
        meta["date"] = datetime.datetime(date.year, date.month, date.day, date.hour, date.min)
    if log:
        meta["log"] = log
    return meta
