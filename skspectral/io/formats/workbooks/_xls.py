"""Marks of cells in .xls files: records of the binary interchange format, versions 5 and 8."""

import struct

from ._compound import stream_of
from ._marks import Marks, is_percent_format

__all__ = ["marks_of_xls"]

_BOF, _EOF, _SHEET, _FORMAT, _CELL_FORMAT = 0x809, 0x0A, 0x85, 0x41E, 0xE0
_NUMBER, _SHORT, _SHORTS, _FORMULA, _TRUTH_OR_ERROR = 0x203, 0x27E, 0xBD, 0x06, 0x205
# formats that have no text of their own in the file: 0% and 0.00%
_PERCENT = {9, 10}
_VERSION_8 = 0x0600


def marks_of_xls(path):
    """Marks of an .xls file."""
    with open(path, "rb") as file:
        data = stream_of(file.read(), ("Workbook", "Book"))
    percent, formats, sheets = set(_PERCENT), [], []
    unicode = False
    for kind, at, _ in _records(data, 0):
        if kind == _BOF:
            unicode = struct.unpack_from("<H", data, at)[0] == _VERSION_8
        elif kind == _FORMAT:
            number = struct.unpack_from("<H", data, at)[0]
            if is_percent_format(_text(data, at + 2, unicode, wide_length=unicode)):
                percent.add(number)
        elif kind == _CELL_FORMAT:
            formats.append(struct.unpack_from("<H", data, at + 2)[0])
        elif kind == _SHEET:
            start = struct.unpack_from("<I", data, at)[0]
            sheets.append((_text(data, at + 6, unicode, wide_length=False), start))
    styles = {k for k, number in enumerate(formats) if number in percent}
    marks = Marks()
    for name, start in sheets:
        _mark(data, start, styles, name, marks)
    return marks


def _records(data, at):
    """Records from a place on, to the one that ends the part: (kind, position of its data, length)."""
    depth = 0
    while at + 4 <= len(data):
        kind, length = struct.unpack_from("<2H", data, at)
        # a chart within a sheet has a beginning and an end of its own
        depth += (kind == _BOF) - (kind == _EOF)
        if depth == 1:
            yield kind, at + 4, length
        elif depth <= 0:
            return
        at += 4 + length


def _text(data, at, unicode, *, wide_length):
    """A text with its length before it, in one or in two bytes."""
    length = struct.unpack_from("<H" if wide_length else "<B", data, at)[0]
    at += 2 if wide_length else 1
    if not unicode:
        return data[at : at + length].decode("cp1252", "replace")
    wide = data[at] & 1
    encoded = data[at + 1 : at + 1 + length * (1 + wide)]
    return encoded.decode("utf-16-le" if wide else "latin-1", "replace")


def _mark(data, start, styles, sheet, marks):
    for kind, at, length in _records(data, start):
        if kind in (_NUMBER, _SHORT, _FORMULA, _TRUTH_OR_ERROR):
            row, column, style = struct.unpack_from("<3H", data, at)
            result = data[at + 6 : at + 14]
            failed = (kind == _TRUTH_OR_ERROR and result[1] == 1) or (
                kind == _FORMULA and result[0] == 2 and result[6:8] == b"\xff\xff"
            )
            if failed:
                marks.errors[sheet].add((row, column))
            elif style in styles:
                marks.percent[sheet].add((row, column))
        elif kind == _SHORTS and styles:
            row, first = struct.unpack_from("<2H", data, at)
            for k in range((length - 6) // 6):
                if struct.unpack_from("<H", data, at + 4 + 6 * k)[0] in styles:
                    marks.percent[sheet].add((row, first + k))
