"""What the lines above a table say of its spectra."""

import re

from ..cells.numbers import is_blank
from ..cells.phrases import other_unit, program_says, quantity_of, unit_of, unusual_axis

__all__ = ["read_preamble"]

_KEY = re.compile(r"\s*([^:=]{1,60}?)\s*[:=]\s*(\S.*?)\s*")
# keys of lines that speak of the numbers in the table
_ABOUT_VALUES = re.compile(
    r"^y|\by\b|unit|data|type|ordinate|quantity|signal|intensity|spectr|format|mode|value|measure"
)
# what lines speak of the axis
_ABOUT_AXIS = re.compile(r"wave|^x|\bx[- _]?(?:unit|axis)|axis|frequenc")
_X_AXIS = re.compile(r"^\W*x\b|^\W*x[-_ ]?(?:unit|axis|label)|axis")
# a line of so few words is a title that names the quantity
FEW_WORDS = 3


def read_preamble(layout, rows, comments, suffix):
    """Take unit and quantity from lines that speak of them, where the labels do not, and keep all as metadata.

    Parameters
    ----------
    layout : Layout
        Changed: unit, quantity and notes.
    rows : list of list
        Cells above the table.
    comments : list of str
        Comments of the file.
    suffix : str
        Suffix of the file, lower case.

    Returns
    -------
    dict
        What the lines say, by their key; lines without a key under "title".
    """
    texts = [*comments, *(" ".join(str(cell) for cell in row if not is_blank(cell)) for row in rows)]
    meta = {}
    for text, cells in zip(texts, [*([comment] for comment in comments), *rows]):
        match = _KEY.fullmatch(text)
        if match:
            meta.setdefault(match[1], match[2])
        elif len(cells) == 2 and not any(is_blank(cell) for cell in cells):
            meta.setdefault(str(cells[0]), cells[1])
        elif text.strip():
            meta.setdefault("title", text.strip())
        key = match[1].lower() if match else ""
        if not layout.unit:
            layout.unit = unit_of(text) or (other_unit(text) if _ABOUT_AXIS.search(key or text.lower()) else "")
        if _X_AXIS.search(text.lower()) and unusual_axis(text):
            layout.called = text.strip()
        if layout.quantity == "unknown" and (_ABOUT_VALUES.search(key) if key else len(text.split()) <= FEW_WORDS):
            layout.quantity = quantity_of(text)
    unit, quantity, note = program_says("\n".join(texts), suffix)
    told = layout.unit or layout.axis.unit, {layout.quantity, layout.axis.quantity} - {"unknown"}
    if (unit and not told[0]) or (quantity and not told[1]):
        layout.unit = layout.unit or unit
        layout.quantity = quantity if quantity and not told[1] else layout.quantity
        layout.notes.append(note)
    return meta
