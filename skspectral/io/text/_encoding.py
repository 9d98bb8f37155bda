"""From bytes to lines of text: which encoding a file is in."""

import codecs
import re
from pathlib import Path

import numpy as np

from ...exceptions import ReadingOptionError, TableError

__all__ = ["find_encoding", "open_text"]

_CHUNK = 1 << 22
_MARKS = [
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
]
# What no text holds. Where a digit was damaged so, Python would take it for a blank. A form feed may begin a line, and
# the sign by which DOS ends a file may end it.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x19\x1b-\x1f\x7f]|(?<![\n\r])\f|\x1a(?!\x1a*\Z)")
# the control character of these encodings that is a letter, or part of one, in others
_CONTROL_WIDE = re.compile(_CONTROL.pattern + "|\x85")
# A no-break space at the edge of a number is read as a blank; where a byte was damaged it was a digit or a sign. Within
# a number it separates thousands, and before a letter it sets a unit apart.
_EDGE, _END = r"""(?<![^\s;,|"])""", r"""(?![^\s;,|"])"""
_NUMBER = r"[+-]?(?:\d[\d.,]*|[.,]\d+)(?:[eED][+-]?\d*)?"
_LOST_DIGIT = re.compile(rf"{_EDGE}{_NUMBER} *\xa0[\xa0 ]*{_END}|{_EDGE}\xa0[\xa0 ]*{_NUMBER}{_END}", re.ASCII)
_WIDE = ("utf-16", "utf-32")
_USUAL = (9, 10, 13)


def find_encoding(path, encoding=None):
    """Find the encoding of a text file.

    A byte order mark decides; else UTF-16 shows by its zeros, and UTF-8 by being valid. What is neither is
    Windows-1252, the one-byte encoding that contains Latin-1, unless parts of it are UTF-8: then the file is damaged.
    It may be damaged, too, where a number ends or begins with a no-break space, and is refused unless the user names
    the encoding.

    Parameters
    ----------
    path : str or path-like
        The file.
    encoding : str, optional
        What the user says it is.

    Returns
    -------
    encoding : str
        Name for ``open``.
    note : str or None
        What was assumed.

    Raises
    ------
    TableError
        If the file is missing, empty, no text, not in the encoding, or a number in it may have lost a digit; the
        message names the line.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise TableError(f"There is no file {path}.")
    with path.open("rb") as stream:
        head = stream.read(_CHUNK)
    if not head.strip() or head in dict(_MARKS):
        raise TableError(f"{path} is empty.")
    if encoding is not None:
        name = _given(path, encoding)
        _refuse_controls(path, name)
        return name, None
    marked = next((name for mark, name in _MARKS if head.startswith(mark)), None)
    name = marked or _utf16_without_mark(head) or "utf-8"
    _refuse_controls(path, name)
    fault = _first_fault(path, name)
    if fault is None:
        if name.startswith(_WIDE):
            _refuse_lost_digits(path, name)
        return name, None
    line, byte, multibyte = fault
    if name != "utf-8" or multibyte:
        raise TableError(
            f"{path}, line {line}: byte 0x{byte:02x} is not {name}, in which the rest of the file is. The file is "
            "damaged, or give its encoding."
        )
    fault = _first_fault(path, "cp1252")
    if fault is not None:
        raise TableError(
            f"{path}, line {fault[0]}: byte 0x{fault[1]:02x} is neither UTF-8 nor Windows-1252. Give the encoding."
        )
    _refuse_lost_digits(path, "cp1252")
    return "cp1252", "the text is not UTF-8; it is read as Windows-1252 (Latin-1)"


def _refuse_controls(path, name):
    """Refuse a file with characters that no text holds."""
    wide = name.startswith(_WIDE)
    decoder = codecs.getincrementaldecoder(name)("replace")
    before, passed = "\n", 0
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            if wide:
                text = before + decoder.decode(chunk)
            elif _may_hold_controls(chunk):
                text = before + chunk.decode("latin-1")
            else:
                text = chr(chunk[-1])
            found = (_CONTROL_WIDE if wide else _CONTROL).search(text)
            if found:
                line = 1 + _lines_within(path, passed) + text.count("\n", 1, found.start())
                raise TableError(
                    f"{path}, line {line}: the character {found[0]!r} is in it, which no text holds. Is it damaged, or "
                    "is it not text? Which program wrote it?"
                )
            before, passed = text[-1], passed + len(chunk)


def _refuse_lost_digits(path, name):
    """Refuse a file in which a damaged byte may have taken a digit away; in UTF-8 such a byte is a fault of its own."""
    with open_text(path, name) as stream:
        for line, text in enumerate(stream, 1):
            found = _LOST_DIGIT.search(text) if "\xa0" in text else None
            if found:
                raise TableError(
                    f"{path}, line {line}: a no-break space (0xA0) stands at the edge of the number {found[0]!r}. A "
                    f"damaged digit looks so. Give encoding={name!r} if the file is whole, and the space means nothing."
                )


def _may_hold_controls(chunk):
    """Whether bytes are control characters, and neither tabs nor line ends; most files have none."""
    data = np.frombuffer(chunk, dtype=np.uint8)
    controls = data[data < 32]
    return b"\x7f" in chunk or not np.isin(controls, _USUAL).all()


def _given(path, encoding):
    try:
        codecs.lookup(encoding)
    except LookupError:
        raise ReadingOptionError(f"encoding={encoding!r} is not an encoding that Python knows.") from None
    name = "utf-8-sig" if codecs.lookup(encoding).name == "utf-8" else encoding
    fault = _first_fault(path, name)
    if fault is not None:
        raise TableError(f"{path}, line {fault[0]}: byte 0x{fault[1]:02x} is not {encoding}.")
    return name


def _utf16_without_mark(head):
    """UTF-16 of Latin letters has a zero in every second byte."""
    sample = head[:4096]
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    half = len(sample) // 2
    if odd > 0.6 * half and even < 0.05 * half:
        return "utf-16-le"
    if even > 0.6 * half and odd < 0.05 * half:
        return "utf-16-be"
    return None


def _first_fault(path, name):
    """Line and byte of the first thing that is not in the encoding, and whether other letters of several bytes are."""
    decoder = codecs.getincrementaldecoder(name)()
    multibyte, passed = False, 0
    plain = not name.startswith(_WIDE)
    with path.open("rb") as stream:
        while True:
            chunk = stream.read(_CHUNK)
            if plain and chunk and chunk.isascii() and not decoder.getstate()[0]:
                # most files are plain, and need no decoding to be known as that
                passed += len(chunk)
                continue
            try:
                text = decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                before, rest = error.object[: error.start], error.object[error.end :]
                multibyte = multibyte or _has_multibyte(before) or _has_multibyte(rest)
                line = 1 + _lines_within(path, passed) + before.count(b"\n")
                return line, error.object[error.start], multibyte
            if not chunk:
                return None
            multibyte = multibyte or (name.startswith("utf-8") and not text.isascii())
            passed += len(chunk)


def _lines_within(path, size):
    """Line ends in the first bytes of a file."""
    found = 0
    with path.open("rb") as stream:
        while size > 0:
            chunk = stream.read(min(size, _CHUNK))
            found += chunk.count(b"\n")
            size -= len(chunk)
    return found


def _has_multibyte(data):
    """Whether some letter in here is valid UTF-8 of several bytes."""
    return any(not letter.isascii() for letter in data.decode("utf-8", "ignore"))


def open_text(path, encoding):
    """Open with every kind of line end."""
    return Path(path).expanduser().open(encoding=encoding, newline=None)
