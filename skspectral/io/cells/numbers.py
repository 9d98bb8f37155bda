"""Reading a cell as a number where its meaning is plain, and refusing it where it is not."""

import math
import re
from numbers import Real

__all__ = ["BLANKS", "NotANumber", "decimal_of", "is_blank", "number"]

#: Words for "no value", lower case.
BLANKS = frozenset(
    {
        *("", "na", "n/a", "n.a.", "nan", "null", "none", "<na>", "nat", "nd", "n.d.", "n/d", "-", "--"),
        # what spreadsheets write in English, German, French and Spanish, SAS, and German laboratories
        *("#n/a", "#nv", "#n/d", ".", "k.a.", "n.b."),
    }
)

# Fortran's D stands behind a decimal sign and before a sign and two digits, as in 0.25D+02; 1D2 is a slip
_PLAIN = re.compile(r"[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|(?:\d+\.\d*|\.\d+)D[+-]\d\d+)", re.ASCII)
# one to three digits, then groups of three: 1.100 or 1.234.567
_GROUPED = {sign: re.compile(rf"[+-]?[1-9]\d{{0,2}}(?:{re.escape(sign)}\d{{3}})+", re.ASCII) for sign in ".,"}
_SINGLE = {sign: re.compile(rf"[+-]?\d*{re.escape(sign)}\d+(?:[eE][+-]?\d+|D[+-]\d\d+)?", re.ASCII) for sign in ".,"}
_BOTH = re.compile(r"[+-]?\d{1,3}(?P<group>[.,' ])\d{3}(?:(?P=group)\d{3})*(?P<sign>[.,])\d+", re.ASCII)
_SPACES = str.maketrans({"\u2212": "-", "\u2009": " ", "\u202f": " ", "\xa0": " ", "’": "'"})  # noqa: RUF001
# groups of three before the decimal sign; a blank elsewhere is a lost digit
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(?:[ ']\d{3})+(?!\d)", re.ASCII)


class NotANumber(ValueError):
    """A cell is neither blank nor plainly a number."""


def is_blank(cell):
    """Whether a cell says that there is no value."""
    if cell is None:
        return True
    if isinstance(cell, str):
        return cell.strip().lower() in BLANKS
    # NaN, NaT and pandas.NA are the values that do not equal themselves; NA refuses to say so
    try:
        return bool(cell != cell)
    except TypeError:
        return True


def decimal_of(texts):
    """Find the decimal sign that some cells prove, None where none does.

    A sign is decimal where it stands once and something other than three digits follows it, where a zero stands before
    it, or where it follows the other sign. ``1.100`` alone proves nothing.

    Parameters
    ----------
    texts : iterable of str
        Cells, stripped.

    Returns
    -------
    str or None
        "." or ",", or "both" where cells contradict each other.
    """
    proved = set()
    for text in texts:
        if "." not in text and "," not in text:
            continue
        text = text.rstrip("% ")
        match = _BOTH.fullmatch(text)
        if match and match["group"] != match["sign"]:
            proved.add(match["sign"])
            continue
        proved.update(sign for sign in ".," if _SINGLE[sign].fullmatch(text) and not _GROUPED[sign].fullmatch(text))
        if len(proved) == 2:
            return "both"
    return proved.pop() if proved else None


def number(cell, decimal=".", *, grouped=False):
    """Read a cell as float, NaN where it is blank.

    Parameters
    ----------
    cell : object
        Text or a number.
    decimal : str
        Decimal sign of texts.
    grouped : bool
        Whether the other one of point and comma, and blanks, may separate thousands.

    Returns
    -------
    float

    Raises
    ------
    NotANumber
        If it is neither; infinity is no number here.
    """
    if is_blank(cell):
        return math.nan
    if isinstance(cell, bool) or not isinstance(cell, (str, Real)):
        try:
            # decimal.Decimal and NumPy's scalars; dates and truth values are none of them
            if isinstance(cell, bool) or not hasattr(cell, "__float__") or type(cell).__name__ == "bool":
                raise TypeError
            value = float(cell)
        except TypeError:
            raise NotANumber(f"{cell!r} is not a number") from None
    elif isinstance(cell, str):
        value = _from_text(cell.translate(_SPACES).strip(" \t\r\n"), decimal, grouped)
    else:
        value = float(cell)
    if not math.isfinite(value):
        raise NotANumber(f"{cell!r} is not a finite number")
    return value


def _from_text(text, decimal, grouped):
    plain = text
    if grouped:
        if whole := _THOUSANDS.match(plain):
            plain = re.sub("[ ']", "", whole[0]) + plain[whole.end() :]
        other = {".": ",", ",": "."}.get(decimal)
        head = plain.split(decimal)[0]
        if other and other in head and _GROUPED[other].fullmatch(head):
            plain = plain.replace(other, "", head.count(other))
    if decimal != ".":
        if "." in plain:
            raise NotANumber(f"{text!r} is not a number with the decimal sign {decimal!r}")
        plain = plain.replace(decimal, ".")
    if not _PLAIN.fullmatch(plain):
        raise NotANumber(f"{text!r} is not a number")
    return float(plain.replace("D", "e"))
