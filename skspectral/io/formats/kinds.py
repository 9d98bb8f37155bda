"""Which format a file is of, by its content and never by its suffix."""

import re
import struct
import zipfile
from typing import NamedTuple

from ...exceptions import TableError
from ._asd import MAGIC as ASD_MAGIC
from ._opus import MAGIC as OPUS_MAGIC
from ._spc import looks_like_spc
from .jcamp import looks_like_jcamp

__all__ = ["FORMATS", "format_of", "kind_of_file", "refusal"]

_HEAD = 4096
_OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


class Format(NamedTuple):
    """One kind of file: its name, whether the head of a file or its path is of it, and the name of its reader."""

    name: str
    matches: object
    reader: str


def _is_zip_with(member):
    def matches(head, path):
        if not head.startswith(b"PK\x03\x04"):
            return False
        try:
            with zipfile.ZipFile(path) as archive:
                return any(re.match(member, name) for name in archive.namelist())
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
            # A truncated archive has lost its list of members; the first of them stands at the beginning.
            return re.search(member.encode(), head) is not None

    return matches


def _is_old_workbook(head, path):
    """Whether a compound file holds the stream of a workbook; other programs store other things in such files."""
    if not head.startswith(_OLE2):
        return False
    with open(path, "rb") as file:
        data = file.read()
    return any(name.encode("utf-16-le") in data for name in ("Workbook", "Book"))


def _is_text(head, path):
    if head.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")):
        return True
    if b"\0" in head:  # UTF-16 without a mark: every second byte of plain letters is 0
        even, odd = head[0::2], head[1::2]
        return min(even.count(0), odd.count(0)) == 0 and max(even.count(0), odd.count(0)) > 0.8 * len(odd)
    control = sum(byte < 32 and byte not in b"\t\n\r\f\x1a\x1b" for byte in head)
    return control <= 0.01 * len(head)


#: In the order in which they are tried. Text comes last, since some of the others are text too.
FORMATS = (
    Format("Bruker OPUS", lambda head, path: head.startswith(OPUS_MAGIC), "formats._opus.read_opus"),
    Format("ASD", lambda head, path: head.startswith(ASD_MAGIC) and b"\0" in head, "formats._asd.read_asd"),
    Format("parquet", lambda head, path: head.startswith(b"PAR1"), "formats._parquet.read_parquet"),
    Format("Excel (.xlsx)", _is_zip_with(r"xl/"), "formats._excel.read_excel"),
    Format("OpenDocument (.ods)", _is_zip_with(r"content\.xml$"), "formats._excel.read_excel"),
    Format("Excel (.xls)", _is_old_workbook, "formats._excel.read_excel"),
    Format("MATLAB", lambda head, path: _looks_like_matlab(head), "formats.matlab.read_matlab"),
    Format("SPC", lambda head, path: looks_like_spc(head), "formats._spc.read_spc"),
    Format("JCAMP-DX", lambda head, path: looks_like_jcamp(head), "formats.jcamp.read_jcamp"),
    Format("text", _is_text, "text.text_file.read_text"),
)

#: What else a file may be, by its first bytes or (in lower case) its first word, and what to do about it.
_REFUSED = (
    (b"\n\n\x1a\x1a", "an OPUS file of the oldest kind", "Save it anew in OPUS."),
    (b"%PDF", "a PDF document", "Export the table as CSV or Excel."),
    (b"\x89PNG", "a picture", "Give the file of numbers that it was drawn from."),
    (b"\xff\xd8\xff", "a picture", "Give the file of numbers that it was drawn from."),
    (b"MM\x00*", "a picture", "Give the file of numbers that it was drawn from."),
    (b"II*\x00", "a picture", "Give the file of numbers that it was drawn from."),
    (b"\x1f\x8b", "a gzip archive", "Unpack it first."),
    (b"7z\xbc\xaf", "a 7z archive", "Unpack it first."),
    (b"Rar!", "a RAR archive", "Unpack it first."),
    (b"\x89HDF", "an HDF5 file", "Save it as MATLAB 5 (save -v7), parquet or CSV."),
    (b"ARROW1", "an Arrow file", "Save it as parquet."),
    (b"SQLite format 3", "a database", "Export the table as CSV."),
    (b"\x93NUMPY", "a NumPy array", "Load it with numpy.load and make a SpectraTable of it."),
    (b"<!doctype html", "a web page, as programs save under the name .xls", "Open it and save it as .xlsx or CSV."),
    (b"<html", "a web page, as programs save under the name .xls", "Open it and save it as .xlsx or CSV."),
    (b"<table", "a web page, as programs save under the name .xls", "Open it and save it as .xlsx or CSV."),
    (b"<?xml", "an XML file", "Open it in the program that wrote it and save it as .xlsx or CSV."),
    (b"{\\rtf", "a text document", "Save its table as CSV."),
    (b"{", "a JSON file", "Make a DataFrame of it, and a SpectraTable of that."),
    (b"[{", "a JSON file", "Make a DataFrame of it, and a SpectraTable of that."),
)
#: Containers that are formats only with the right content.
_CONTAINERS = (
    (_OLE2, "an encrypted workbook, or a compound file of another program", "Save it without a password, or as CSV."),
    (b"PK\x03\x04", "a ZIP archive, and no workbook", "Unpack it first (a NumPy archive: use numpy.load)."),
)


def kind_of_file(path):
    """Name of the format of a file, found by its content; None where it is none that is read.

    Parameters
    ----------
    path : str or path-like

    Returns
    -------
    str or None
        Name of one of `FORMATS`.

    Raises
    ------
    TableError
        If the file is empty.
    OSError
        If it cannot be opened.
    """
    form = format_of(path)
    return None if form is None else form.name


def _head(path):
    with open(path, "rb") as file:
        head = file.read(_HEAD)
    if not head:
        raise TableError(f"{path}: this file is empty.")
    return head


def format_of(path):
    """The entry of `FORMATS` that a file is of; None where it is of none."""
    head = _head(path)
    if _otherwise(head, _REFUSED) is not None:
        return None
    return next((form for form in FORMATS if form.matches(head, path)), None)


def _otherwise(head, table):
    """What a file is instead of a file of spectra, and what to do about it; None where it is not in ``table``."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for magic, what, remedy in table:
        if head.startswith(magic) or (magic[:1] in b"<{[" and start.startswith(magic)):
            return what, remedy
    return None


def refusal(path):
    """What is said of a file that is of no format that is read."""
    head = _head(path)
    otherwise = _otherwise(head, _REFUSED) or _otherwise(head, _CONTAINERS)
    if otherwise is not None:
        return f"{path}: this is {otherwise[0]}, not a file of spectra that is read. {otherwise[1]}"
    known = ", ".join(form.name for form in FORMATS)
    return (
        f"{path}: this file is of no format that is read ({known}); it begins with {head[:16]!r}. Export it from the "
        "instrument's software as CSV or JCAMP-DX."
    )


def _looks_like_matlab(head):
    """MATLAB 5 and later by the text and the mark of byte order in the header; MATLAB 4 by its numbers."""
    if head[124:128] in (b"\x00\x01IM", b"\x01\x00MI") or head.startswith((b"MATLAB 5.0 MAT", b"MATLAB 7.3 MAT")):
        return True
    if len(head) < 21:
        return False
    kind, rows, columns, imaginary, length = struct.unpack_from("<5i", head)
    name = head[20 : 20 + length]
    return (
        kind in (0, 10, 20, 30, 40, 50, 1, 11, 21, 31, 41, 51)
        and rows > 0
        and columns > 0
        and imaginary in (0, 1)
        and 1 < length < 64
        and re.fullmatch(rb"[A-Za-z]\w*\0", name) is not None
    )
