"""Which reader a file needs, found by its content, and what is said of files that none of them reads."""

import importlib
import os
import re
import struct
import zipfile
from typing import NamedTuple

from ..exceptions import OptionalDependencyError, ReadingOptionError, TableError, UnsupportedFormatError
from ._asd import MAGIC as ASD_MAGIC
from ._jcamp import looks_like_jcamp
from ._opus import MAGIC as OPUS_MAGIC
from ._others import read_by_nirs4all
from ._spc import looks_like_spc

__all__ = ["kind_of_file", "read_file"]

_HEAD = 4096
#: Options that some reader knows.
_OPTIONS = (
    "asd",
    "decimal",
    "delimiter",
    "encoding",
    "id_column",
    "quantity",
    "sheet",
    "unit",
    "variables",
    "wavelengths",
)
_OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


class Format(NamedTuple):
    """One kind of file: its name, whether the head of a file or its path is of it, and the function that reads it."""

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


def _has_workbook(path):
    """Whether a compound file holds the stream of a workbook; other programs store other things in such files."""
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
    Format("Bruker OPUS", lambda head, path: head.startswith(OPUS_MAGIC), "_opus.read_opus"),
    Format("ASD", lambda head, path: head.startswith(ASD_MAGIC) and b"\0" in head, "_asd.read_asd"),
    Format("parquet", lambda head, path: head.startswith(b"PAR1"), "_parquet.read_parquet"),
    Format("Excel (.xlsx)", _is_zip_with(r"xl/"), "_excel.read_excel"),
    Format("OpenDocument (.ods)", _is_zip_with(r"content\.xml$"), "_excel.read_excel"),
    Format("Excel (.xls)", lambda head, path: head.startswith(_OLE2) and _has_workbook(path), "_excel.read_excel"),
    Format("MATLAB", lambda head, path: _looks_like_matlab(head), "_matlab.read_matlab"),
    Format("SPC", lambda head, path: looks_like_spc(head), "_spc.read_spc"),
    Format("JCAMP-DX", lambda head, path: looks_like_jcamp(head), "_jcamp.read_jcamp"),
    Format("text", _is_text, "_text.read_text"),
)

#: What else a file may be, by its first bytes, and what to do about it.
_REFUSED = (
    (b"\n\n\x1a\x1a", "an OPUS file of the oldest kind", "Save it anew in OPUS."),
    (_OLE2, "an encrypted workbook, or a compound file of another program", "Save it without a password, or as CSV."),
    (b"%PDF", "a PDF document", "Export the table as CSV or Excel."),
    (b"\x89PNG", "a picture", "Give the file of numbers that it was drawn from."),
    (b"\xff\xd8\xff", "a picture", "Give the file of numbers that it was drawn from."),
    (b"\x1f\x8b", "a gzip archive", "Unpack it first."),
    (b"PK\x03\x04", "a ZIP archive, and no workbook", "Unpack it first (a NumPy archive: use numpy.load)."),
    (b"7z\xbc\xaf", "a 7z archive", "Unpack it first."),
    (b"Rar!", "a RAR archive", "Unpack it first."),
    (b"\x89HDF", "an HDF5 file", "Save it as MATLAB 5 (save -v7), parquet or CSV."),
    (b"ARROW1", "an Arrow file", "Save it as parquet."),
    (b"SQLite format 3", "a database", "Export the table as CSV."),
    (b"\x93NUMPY", "a NumPy array", "Load it with numpy.load and make a SpectraTable of it."),
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
    form = _format_of(path, _head(path))
    return None if form is None else form.name


def read_file(path, **options):
    """Read the spectra of one file, whatever its format.

    Parameters
    ----------
    path : str or path-like
        The file. What it is decides its content, not its suffix.
    **options
        Options of the readers; each takes those that it knows and leaves the others alone:

        * ``sheet``: name of the sheet of a workbook, or a list of names; by default all that are visible
        * ``asd``: "declared" (default; the ratio to the white reference where a file declares reflectance or
          transmittance), "raw" (counts as they are stored) or "reflectance" (the ratio in any case)
        * ``variables``: names of the matrices of a MATLAB file; by default all of spectra
        * ``wavelengths``: axis (n_channels,) of a MATLAB file that has none
        * ``encoding``, ``decimal``, ``delimiter``: how a text file is written; found by default
        * ``unit``, ``quantity``, ``id_column``: what a table does not say, or says wrongly

    Returns
    -------
    list of SpectraBlock
        Spectra as the file holds them, one block for all that share an axis.

    Raises
    ------
    TableError
        If the file is empty, truncated, damaged, or of no format that is read (`UnsupportedFormatError`), or if it
        holds no spectrum (`NoSpectraError`).
    ReadingOptionError
        If an option is unknown, or has a value that it cannot have.
    OptionalDependencyError
        If the package that reads the format is not installed.
    OSError
        If the file is missing or cannot be opened.
    """
    unknown = sorted(options.keys() - set(_OPTIONS))
    if unknown:
        raise ReadingOptionError(f"There is no option {unknown[0]!r}; the readers know {', '.join(_OPTIONS)}.")
    path = os.fspath(path)
    head = _head(path)
    form = _format_of(path, head)
    try:
        if form is None:
            raise UnsupportedFormatError(_refusal(path, head))
        return _read(form, path, options)
    except UnsupportedFormatError as refusal:
        return read_by_nirs4all(path, refusal)


def _head(path):
    with open(path, "rb") as file:
        head = file.read(_HEAD)
    if not head:
        raise TableError(f"{path}: this file is empty.")
    return head


def _format_of(path, head):
    if any(head.startswith(magic) for magic, *_ in _REFUSED if magic not in (b"PK\x03\x04", _OLE2)):
        return None
    return next((form for form in FORMATS if form.matches(head, path)), None)


def _read(form, path, options):
    module, function = form.reader.split(".")
    reader = getattr(importlib.import_module(f".{module}", __package__), function)
    try:
        return reader(path, **options)
    except (TableError, ReadingOptionError, OptionalDependencyError):
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the file could be opened before and cannot be now; what packages raise of themselves has no number
        # The packages that decode a format fail in any way on a damaged file: a length in it may ask for more memory
        # than there is, a date for the 40th of May.
        raise TableError(f"{path}: this {form.name} file cannot be read; it is damaged ({error}).") from error


def _refusal(path, head):
    for magic, what, remedy in _REFUSED:
        if head.startswith(magic):
            return f"{path}: this is {what}, not a file of spectra. {remedy}"
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
