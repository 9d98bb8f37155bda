"""Which sign separates the columns of a text file."""

import csv
import re

from ...exceptions import ReadingOptionError, TableError
from ..cells.numbers import NotANumber, is_blank, number

__all__ = ["BLANK", "check_separators", "find_delimiter", "split"]

#: Stands for any run of blanks and tabs.
BLANK = " "
_CANDIDATES = (";", "\t", ",", "|", BLANK)
_UNIT = re.compile(r"\s*(?:nm|[uµμ]m|cm ?\^?-?1|%)$")
_NEVER_IN_CELLS = ";\t|"
_TWO = re.compile(r"[+-]?\d+\s+[+-]?\d+")
# share of the lines that have the usual number of columns
MOSTLY = 0.5
# lines by which the delimiter is judged
_JUDGED = 40
# of long lines, fewer tell as much
_LONG, _FEW = 4000, 6


def check_separators(delimiter, decimal):
    """Check what the user said of the signs."""
    for name, sign in (("delimiter", delimiter), ("decimal", decimal)):
        if sign is not None and (not isinstance(sign, str) or len(sign) != 1):
            raise ReadingOptionError(f"{name} must be one character, got {sign!r}.")
    if decimal is not None and (decimal in ";|" or decimal.isalnum() or decimal.isspace()):
        raise ReadingOptionError(f"decimal must be a sign within numbers, such as ',', got {decimal!r}.")
    if delimiter is not None and delimiter == decimal:
        raise ReadingOptionError(f"The delimiter and the decimal sign are both {decimal!r}.")


def split(text, delimiter, where):
    """Split one line into cells; quotes keep what stands between them together."""
    if delimiter == BLANK:
        if '"' not in text:
            return text.split()
        text = " ".join(text.split())
    elif '"' not in text:
        return [cell.strip() for cell in text.split(delimiter)]
    try:
        reader = csv.reader([text], delimiter=delimiter, skipinitialspace=True, strict=True)
        return [cell.strip() for cell in next(reader)]
    except (csv.Error, StopIteration) as error:
        raise TableError(f"{where} is not a CSV file: {error}.") from error


def find_delimiter(texts, decimal, path):
    """Choose the sign that makes most numbers of the lines.

    Parameters
    ----------
    texts : list of str
        First lines that are not blank.
    decimal : str, optional
        Decimal sign, where it is known.
    path : str
        The file, for messages.

    Returns
    -------
    str
        One of ``; tab , |`` or `BLANK`.
    """
    judged = [text for text in texts if not text.lstrip().startswith("#")][-_JUDGED:] or texts
    if len(judged[-1]) > _LONG:
        judged = judged[-_FEW:]
    best, delimiter = (0, 0), ","
    for sign in _CANDIDATES:
        if sign == decimal or (sign == BLANK and delimiter in _NEVER_IN_CELLS and best[1] > MOSTLY * len(judged)):
            # blanks may stand in names and labels; these signs hardly do
            continue
        score = _score(judged, sign, decimal, path)
        if score > best:
            best, delimiter = score, sign
        if sign in _NEVER_IN_CELLS and best[0] > 0 and delimiter == sign and best[1] == len(judged) > 1:
            # every line has them, as often
            return sign
    return delimiter


def _score(judged, sign, decimal, path):
    """Numbers in the rows of the usual width less scraps between signs, and how many rows these are."""
    rows = []
    for text in judged:
        try:
            rows.append(split(text, sign, path))
        except TableError:
            rows.append([])
    widths = [len(row) for row in rows if len(row) > 1]
    if not widths:
        return 0, 0
    usual = max(set(widths), key=lambda width: (widths.count(width), width))
    alike = [row for row in rows if len(row) == usual]
    numbers = sum(_is_number(cell, decimal) for row in alike for cell in row)
    cells = [cell for row in alike for cell in row if cell and not is_blank(cell)]
    return numbers - sum(_is_torn(cell, sign) for cell in cells), len(alike)


def _is_torn(cell, sign):
    """Whether a cell shows that this is not the sign: a scrap, two numbers, or another sign within it."""
    within = any(other in cell for other in _NEVER_IN_CELLS if other != sign)
    return within or not any(character.isalnum() for character in cell) or bool(_TWO.fullmatch(cell))


def _is_number(cell, decimal):
    cell = _UNIT.sub("", cell)
    if is_blank(cell):
        return False
    for sign in (decimal,) if decimal else ".,":
        try:
            number(cell, sign)
        except NotANumber:
            continue
        return True
    return False
