"""JCAMP-DX files: labelled records, one block or several, linked, nested or one after the other.

The tables of numbers are decoded here (`_jcamp_tables`): the packages that read JCAMP-DX take differences followed by
squeezed digits, repeated plain values and comments within a line for other numbers, and check nothing.
"""

import re

import numpy as np

from ....exceptions import NoSpectraError, TableError, UnsupportedFormatError
from ...block import SpectraBlock
from ...cells.numbers import NotANumber
from ...cells.numbers import number as as_number
from ...cells.phrases import quantity_of, unit_of
from ...quantities import percent_where_it_must_be
from ._ntuples import BLANK, ntuples_tables
from ._tables import abscissa, read_pairs, read_steps

__all__ = ["looks_like_jcamp", "read_jcamp"]

_RECORD = re.compile(r"\s*##([^=]*)=(.*)", re.S)
_TABLES = {"XYDATA", "XYPOINTS", "DATATABLE"}
_NO_SPECTRA = {"PEAKTABLE": "peaks", "PEAKASSIGNMENTS": "peaks", "RADATA": "an interferogram", "XYWDATA": "peaks"}
_META = {
    **{"TITLE": "title", "ORIGIN": "origin", "OWNER": "owner", "DATE": "date", "LONGDATE": "date", "TIME": "time"},
    **{
        "SPECTROMETERDATASYSTEM": "instrument",
        "RESOLUTION": "resolution",
        "DATATYPE": "data type",
        "YLABEL": "y label",
    },
    **{"SAMPLEDESCRIPTION": "sample description", "SERIALNUMBER": "serial number", "CASREGISTRYNO": "CAS number"},
}


def looks_like_jcamp(head):
    """Whether the first bytes of a file are those of JCAMP-DX: records, of which one is the title or the version."""
    lines = [line.strip() for line in head.removeprefix(b"\xef\xbb\xbf").splitlines()]
    first = next((line for line in lines if line and not line.startswith(b"$$")), b"")
    named = any(re.match(rb"##\s*(TITLE|JCAMP[ _/\-]*(DX|CS))\s*=", line, re.I) for line in lines)
    return first.startswith(b"##") and named


def read_jcamp(path, **options):
    """Spectra of a JCAMP-DX file, one block each."""
    with open(path, "rb") as file:
        text = _decoded(file.read())
    blocks, passed = [], []
    for number, records in enumerate(_blocks_of_records(text, path), start=1):
        found, other = _spectra_of(records, path)
        passed.extend(other)
        for block in found:
            block.places = [f"block {number}" if place == "" else f"block {number}, {place}" for place in block.places]
            blocks.append(block)
    if not blocks:
        held = ", ".join(dict.fromkeys(passed)) or "no table of numbers"
        raise NoSpectraError(f"{path}: this JCAMP-DX file holds no spectrum, only: {held}.")
    if passed:
        blocks[0].notes.append(f"left out beside the spectra: {', '.join(dict.fromkeys(passed))}")
    return blocks


def _decoded(data):
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _blocks_of_records(text, path):
    """Yield the records of each block that closes, innermost first: a list of [label, value, lines, line number]."""
    open_blocks = []
    # splitlines() would also split at a form feed, which a damaged byte may be
    lines = re.split(r"\r\n?|\n", text.rstrip("\r\n"))
    for number, line in enumerate(lines, start=1):
        line = line.split("$$")[0]
        match = _RECORD.match(line)
        if match is None:
            if line.strip() and open_blocks and open_blocks[-1]:
                open_blocks[-1][-1][2].append((number, line))
            elif line.strip():
                raise TableError(
                    f"{path}, line {number}: text outside the blocks of this JCAMP-DX file; is it damaged?"
                )
            continue
        label, value = re.sub(r"[\s\-/_]", "", match.group(1)).upper(), match.group(2).strip(BLANK)
        if label == "END":
            if not open_blocks:
                raise TableError(f"{path}, line {number}: ##END= closes no block of this JCAMP-DX file; is it damaged?")
            yield open_blocks.pop()
        elif label == "TITLE" or not open_blocks:
            open_blocks.append([[label, value, [], number]])
        else:
            open_blocks[-1].append([label, value, [], number])
    if (
        len(open_blocks) == 1
        and text.endswith(("\n", "\r"))
        and any(label == "NPOINTS" for label, *_ in open_blocks[0])
    ):
        # Some programs leave the last record out; the count of points shows that nothing is missing.
        yield open_blocks.pop()
    if open_blocks:
        raise TableError(f"{path}: this JCAMP-DX file ends before ##END= (at line {len(lines)}); it is truncated.")


def _spectra_of(records, path):
    """The spectra of one block, and the names of what else it holds."""
    header = {}
    for label, value, lines, _ in records:
        header.setdefault(
            label, "\n".join([value, *(line for _, line in lines)]).strip(BLANK) if label not in _TABLES else value
        )
    passed = [_NO_SPECTRA[label] for label, *_ in records if label in _NO_SPECTRA]
    if "NTUPLES" in header:
        tables = ntuples_tables(records, path)
    else:
        tables = [
            (header, form, lines, f"{path}, line {number}", "")
            for label, form, lines, number in records
            if label in _TABLES
        ]
    found = []
    for values, form, lines, where, place in tables:
        unit, other = _unit(header, values, where)
        if unit is None:
            passed.append(other)
            continue
        axis, y = _numbers(values, form, lines, path, where)
        _check_extremes(values, y, where)
        quantity, note = percent_where_it_must_be(quantity_of(values.get("YUNITS", "")), y)
        notes = [note] if note else []
        if quantity == "unknown" and values.get("YUNITS"):
            notes.append(f"the values are in {values['YUNITS']!r}")
        if values.get("YLABEL"):
            notes.append(f"the values are called {values['YLABEL']!r}")
        meta = {"format": "JCAMP-DX", **{key: header[label] for label, key in _META.items() if header.get(label)}}
        found.append(
            SpectraBlock(
                X=y[np.newaxis],
                axis=axis,
                unit=unit,
                quantity=quantity,
                names=[header.get("TITLE") or None],
                places=[place],
                path=str(path),
                meta=meta,
                notes=notes,
            )
        )
    return found, passed


def _unit(header, values, where):
    """Unit of the axis; or None and what the table holds instead of a spectrum."""
    text = values.get("XUNITS", "")
    unit = unit_of(text)
    if unit == "cm-1" and "RAMAN" in header.get("DATATYPE", "").upper():
        unit = "Raman shift"
    if not unit and text.strip() and text.strip().upper() not in ("ARBITRARY UNITS", "ARBITRARY"):
        kind = header.get("DATATYPE") or "a table"
        return None, f"{kind.strip().lower()} in {text.strip()}"
    return unit, None


def _numbers(values, form, lines, path, where):
    """Axis and values of a table, checked against what its block says of them."""
    form = re.sub(r"\s", "", form.split(",")[0] if form.upper().startswith("(XY..XY)") else form).upper()
    x_factor, y_factor = (_number(values, f"{axis}FACTOR", where, default=1.0) for axis in "XY")
    n = _number(values, "NPOINTS", where)
    if form.startswith("(X++("):
        xs, starts, numbers, y = read_steps(lines, path)
        _check_count(n, y, where)
        first, last = (_number(values, label, where) for label in ("FIRSTX", "LASTX"))
        step = _number(values, "DELTAX", where)
        if first is None:
            first = xs[0] * x_factor if len(xs) else None
        lasts = [last] if last is not None else []
        if step and first is not None:
            lasts.append(first + step * (len(y) - 1))
        if first is None or not lasts:
            raise TableError(f"{where}: neither ##LASTX= nor ##DELTAX= says where the axis of this spectrum ends.")
        axis = abscissa(first, lasts, len(y), xs, x_factor, starts, numbers, path)
    elif form.startswith("(XY..XY)"):
        axis, y = read_pairs(lines, path)
        _check_count(n, y, where)
        axis = axis * x_factor
        if len(axis) < 2 or not np.all(np.isfinite(axis)):
            raise TableError(f"{where}: {len(axis)} points are no spectrum, or some have no abscissa.")
    else:
        raise UnsupportedFormatError(
            f"{where}: tables of the form {form!r} are not read; (X++(Y..Y)) and (XY..XY) are."
        )
    if np.all(np.isnan(y)):
        raise TableError(f"{where}: this spectrum has no value at all.")
    return axis, y * y_factor


def _check_count(n, y, where):
    if n is not None and n != len(y):
        raise TableError(
            f"{where}: ##NPOINTS= announces {n:g} points and there are {len(y)}; values are missing, or the file is "
            "damaged."
        )


def _check_extremes(values, y, where):
    """Refuse values that agree with nothing that the block says of them: the first, the smallest, the largest.

    Programs round these, and some write them without the factor; one that is wrong is common, so all must be.
    """
    stated = [_number(values, label, where) for label in ("FIRSTY", "MINY", "MAXY")]
    actual = [y[0], np.nanmin(y), np.nanmax(y)]
    pairs = [(told, is_) for told, is_ in zip(stated, actual) if told is not None and np.isfinite(is_)]
    factor = _number(values, "YFACTOR", where, default=1.0)
    span = max(np.ptp(y[np.isfinite(y)]), 1e-12)
    agrees = [abs(told - is_) <= 0.02 * span or abs(told * factor - is_) <= 0.02 * span for told, is_ in pairs]
    if len(agrees) >= 2 and not any(agrees):
        told, is_ = pairs[-1]
        raise TableError(
            f"{where}: the values go from {actual[1]:.6g} to {actual[2]:.6g}, but the file says otherwise (largest or "
            f"first {told:.6g}, is {is_:.6g}); a factor or the values are damaged."
        )


def _number(values, label, where, default=None):
    """A number of the header, with a decimal comma if need be; ``default`` where the record is missing or empty."""
    text = values.get(label, "").strip(BLANK)
    if not text:
        return default
    try:
        if not text.isascii():
            # a damaged digit may be a no-break space, which is a blank elsewhere
            raise NotANumber(f"{text!r} is not plain")
        value = as_number(text, "," if text.count(",") == 1 and "." not in text else ".")
    except NotANumber as error:
        raise TableError(f"{where}: ##{label}= must be a number and is {text!r}.") from error
    if np.isnan(value) or (label in ("XFACTOR", "YFACTOR") and value == 0):
        raise TableError(f"{where}: ##{label}= is {text!r}, which no spectrum can have.")
    return value
