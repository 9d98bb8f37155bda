"""Lines of a text file as rows of a table: numbered, unwrapped, with comments and the head apart."""

import re
from dataclasses import dataclass

from ...exceptions import TableError
from ..cells.phrases import axis_word
from .dialect import BLANK, find_delimiter, split

__all__ = ["Head", "is_comment", "numbered", "read_head"]

COMMENTS = ("#", "//", "!")
_SEPARATOR = re.compile(r'"?sep=(.)"?', re.IGNORECASE)
_BLANK = " \t\r;,|\ufeff"
# the head is looked for in this many lines, and this many characters
HEAD_LINES = 200
HEAD_CHARACTERS = 1 << 23
# a cell in quotes may run over this many lines
LONGEST_CELL = 50


@dataclass
class Head:
    """First rows of a file, apart from its comments; ``whole`` says whether these are all rows."""

    rows: list
    lines: list
    comments: list
    delimiter: str
    whole: bool


def numbered(stream, path):
    """Yield number and text of each row that is not blank; a cell in quotes may hold line ends."""
    pending, start = "", 0
    for line, text in enumerate(stream, 1):
        if '"' in text or pending:
            pending, start = pending + text, start or line
            if pending.count('"') % 2:
                if line - start > LONGEST_CELL:
                    break
                continue
            text, first = pending, start
            pending, start = "", 0
        else:
            first = line
        text = text.rstrip("\r\n\x1a")
        if text and (text[0] not in _BLANK or text.strip(_BLANK)):
            yield first, text
    if pending:
        raise TableError(f"{path}, line {start} is not a CSV file: a quotation mark is not closed.")


def read_head(stream, path, delimiter, decimal):
    """Read the first rows, find the delimiter, and set comments apart.

    A line that begins like a comment but has as many fields as the table is a row of it: a sample may be called #1.
    """
    found, size, whole = [], 0, True
    for line, text in numbered(stream, path):
        found.append((line, text))
        size += len(text)
        if len(found) >= HEAD_LINES or size > HEAD_CHARACTERS:
            whole = False
            break
    if found and _SEPARATOR.fullmatch(found[0][1].strip()):
        # Excel is told the delimiter so
        delimiter = delimiter or _SEPARATOR.fullmatch(found[0][1].strip())[1]
        del found[0]
    plain = [text for _, text in found if not text.lstrip().startswith(COMMENTS)]
    delimiter = delimiter or find_delimiter(plain or [text for _, text in found], decimal, path)
    split_rows = [(line, text, split(text, delimiter, f"{path}, line {line}")) for line, text in found]
    widths = [len(cells) for _, text, cells in split_rows if not text.lstrip().startswith(COMMENTS)]
    width = max(set(widths), key=lambda w: (widths.count(w), w)) if widths else 0
    head = Head([], [], [], delimiter, whole)
    for line, text, cells in split_rows:
        if is_comment(text, delimiter, width):
            head.comments.append((line, text.lstrip().lstrip("#/! ").rstrip()))
            continue
        if not any(cells):
            # nothing but quotation marks
            continue
        if not head.rows and text.lstrip().startswith(COMMENTS):
            cells[0] = cells[0].lstrip("#/! ")
        head.rows.append(_trimmed(cells))
        head.lines.append(line)
    return head


def is_comment(text, delimiter, width):
    """Whether a line is a comment in a table of ``width`` columns."""
    if not text.lstrip().startswith(COMMENTS):
        return False
    cells = split(text, delimiter, "")
    if width < 3 or len(cells) != width:
        return True
    if delimiter != BLANK:
        return False
    # as many words as the table has columns are still a sentence, unless they are labels or numbers
    labels = sum(any(character.isdigit() for character in cell) for cell in cells[1:])
    return labels <= len(cells[1:]) / 2 and not axis_word(cells[0].lstrip("#/! "))


def _trimmed(cells):
    while cells and not cells[-1]:
        cells.pop()
    return cells
