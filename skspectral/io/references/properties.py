"""Reference values from cells: which columns hold them, and what is plain in how they are written."""

import re
import warnings

import numpy as np

from ..._core.missing_codes import mask_codes
from ...exceptions import TableError, TableWarning
from ..cells.column_roles import no_property
from ..cells.numbers import NotANumber, decimal_of, is_blank, number

__all__ = ["choose_properties", "numbers_of", "zeros_apart"]

_LIMIT = re.compile(r"\s*[<>≤≥]\s*[\d.,]+\s*%?\s*")
_GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}([.,])\d{3}")
_BLANK_GROUP = re.compile(r"[+-]?\d{1,3}[ '’\u2009\u202f\xa0]\d{3}")  # noqa: RUF001
_THOUSANDTHS = re.compile(r"\d[.,]\d{3}(?!\d)")
# 9.1 g/kg and 9.1 ± 0.2 are meant as values; 12 am and 3-B2 are not
_MEASURED = re.compile(
    r"\s*[+-]?\d+(?:[.,]\d+)?(?:\s*±.*|\s*(?:[mµuk]?g|m?l|ppm|ppb|wt|w/w|mol|mmol|°)\b.*)", re.IGNORECASE
)
_PLAIN = frozenset("0123456789.+-")
# zeros are no values where all others are farther from zero than this many times their range
ZERO_FAR, FEWEST_OTHERS = 0.5, 5
# a column in which so many cells are numbers is meant as one of numbers
MOSTLY = 0.5
FEW_ROWS = 4


def numbers_of(cells, where, decimal=".", *, told=False):
    """Read a column of reference values.

    Blanks and codes such as -9999 are missing, and so is "<0.5", which says only that there is little; a decimal comma,
    a percent sign in all cells and blanks or points between thousands are read.

    Parameters
    ----------
    cells : sequence
        Text, numbers, None or masked values.
    where : callable
        Names the cell of a row in a message.
    decimal : str
        Decimal sign of the file.
    told : bool
        Whether the user named it: then the other sign separates thousands.

    Returns
    -------
    values : ndarray of shape (n,)
        NaN where missing.
    said : list of str
        What was found, to be said with the name of the column.

    Raises
    ------
    TableError
        If a cell is none of these, or can be read in two ways; the message names it.
    """
    plain = _plain(cells) if decimal == "." else None
    if plain is not None:
        values, codes = mask_codes(plain)
        return values, [f"{', '.join(f'{code:g}' for code in codes)} stands for 'missing'"] if codes else []
    texts = [cell.strip() if isinstance(cell, str) else None for cell in cells]
    written = [text for text in texts if text and not is_blank(text)]
    proved = decimal_of([text.lstrip("<>≤≥ ") for text in written])
    said, values = [], np.full(len(cells), np.nan)
    filled = {row for row, cell in enumerate(cells) if not (np.ma.is_masked(cell) or is_blank(cell))}
    percent = [str(cells[row]).strip().endswith("%") for row in sorted(filled)]
    if any(percent) and not all(percent):
        row = next(r for r, cell in enumerate(cells) if r in filled and not str(cell).strip().endswith("%"))
        raise TableError(f"{where(row)}: {cells[row]!r} has no percent sign, which other cells of the column have.")
    if any(percent):
        said.append("percent signs were dropped")
    limits = []
    grouped = told or any({".", ","} <= set(text) for text in written)
    thousandths = any(_THOUSANDTHS.search(text) for text in written)
    for row, cell in enumerate(cells):
        text = texts[row]
        if np.ma.is_masked(cell) or is_blank(cell):
            continue
        if text is not None and _LIMIT.fullmatch(text):
            limits.append(row)
            continue
        try:
            if thousandths and text is not None and _BLANK_GROUP.fullmatch(text):
                # 9 125 among 9.125: a lost decimal sign as well as nine thousand
                raise _Ambiguous
            values[row] = _value(cell, text, proved, decimal, grouped)
        except NotANumber:
            raise TableError(f"{where(row)}: {cell!r} is not a reference value.") from None
        except _Ambiguous:
            raise TableError(
                f"{where(row)}: {cell!r} is ambiguous, thousands or decimals. Give the decimal sign of the file with "
                "decimal='.' or decimal=','."
            ) from None
    if limits:
        said.append(
            f"{len(limits)} values beyond a limit, such as {texts[limits[0]]!r} ({where(limits[0])}), are missing"
        )
    values, codes = mask_codes(values)
    if codes:
        said.append(f"{', '.join(f'{code:g}' for code in codes)} stands for 'missing'")
    return values, said


def _plain(cells):
    """Numbers of texts that are nothing but digits, signs and points; None where there is anything else."""
    if not cells or not all(type(cell) is str for cell in cells) or not _PLAIN.issuperset("".join(cells)):
        return None
    try:
        return np.array(cells, dtype=np.float64)
    except ValueError:
        return None


class _Ambiguous(ValueError):
    pass


def _value(cell, text, proved, decimal, grouped):
    if text is None:
        return number(cell)
    text = text.rstrip("% ")
    if proved == "both":
        # each cell that proves its own sign is plain by itself
        own = decimal_of([text])
        if own is None and _GROUPED.fullmatch(text):
            raise _Ambiguous
        return number(text, own or ".", grouped=True)
    sign = proved or decimal
    match = _GROUPED.fullmatch(text)
    if match and match[1] != sign and not grouped:
        raise _Ambiguous
    return number(text, sign, grouped=True)


def choose_properties(columns, wanted, where, *, decimal=".", told=False, path=""):
    """Find the columns of reference values.

    Parameters
    ----------
    columns : dict of str to sequence
        Cells by label.
    wanted : list of str, optional
        Labels that the user named; by default all columns of numbers that are plausibly references.
    where : callable
        Names the cell of (row, label) in a message.
    decimal : str
        Decimal sign of the file.
    told : bool
        Whether the user named it.
    path : str
        The file, for warnings.

    Returns
    -------
    values : dict of str to ndarray of shape (n,)
    left_out : list of str
        Labels of other columns that hold numbers.
    """
    values, left_out = {}, []
    labels = {label: label for label in columns}
    labels.update({label.strip().lower(): label for label in columns})
    chosen = None if wanted is None else {labels.get(name, labels.get(name.strip().lower())): name for name in wanted}
    for label, cells in columns.items():
        if chosen is not None:
            if label in chosen:
                values[chosen[label]], said = numbers_of(
                    cells, lambda row, label=label: where(row, label), decimal, told=told
                )
                _say(path, label, said)
            continue
        share = _share(cells)
        if share < MOSTLY and not no_property(label) and _with_units(cells) > MOSTLY:
            shown = next(cell for cell in cells if isinstance(cell, str) and _MEASURED.fullmatch(cell))
            text = f"numbers stand with a unit or an error, such as {shown.strip()!r}, and the column is left out"
            _say(path, label, [f"{text}: write numbers alone where they are references"])
            left_out.append(label)
            continue
        if share == 0:
            continue
        if no_property(label) or share < MOSTLY:
            left_out.append(label)
            continue
        try:
            column, said = numbers_of(cells, lambda row, label=label: where(row, label), decimal, told=told)
        except TableError as error:
            remedy = (
                "Leave the cell blank where there is none; if the column is no property, name the properties to read."
            )
            raise TableError(f"{error} {remedy}") from None
        if _counts(column):
            left_out.append(label)
            continue
        values[label] = column
        _say(path, label, said)
    return values, left_out


def _say(path, label, said):
    for text in said:
        warnings.warn(f"{path}, column {label!r}: {text}.", TableWarning, stacklevel=4)


def _share(cells):
    """Share of numbers among the cells that are not blank."""
    if _plain(cells) is not None:
        return 1.0
    filled = [cell for cell in cells if not is_blank(cell) and not np.ma.is_masked(cell)]
    return sum(map(_numeric, filled)) / len(filled) if filled else 0.0


def _with_units(cells):
    """Share of cells that are a number with a unit or an error behind it."""
    filled = [cell for cell in cells if not is_blank(cell) and not np.ma.is_masked(cell)]
    measured = sum(isinstance(cell, str) and _MEASURED.fullmatch(cell) is not None for cell in filled)
    return measured / len(filled) if filled else 0.0


def _numeric(cell):
    if isinstance(cell, bool):
        return False
    if isinstance(cell, str):
        if _LIMIT.fullmatch(cell):
            return True
        cell = cell.strip().rstrip("% ")
    for sign in ".,":
        try:
            value = number(cell, sign, grouped=True)
        except NotANumber:
            continue
        return not np.isnan(value)
    # infinity is meant as a number, and refused with its place
    return isinstance(cell, float) or (isinstance(cell, str) and cell.lower().lstrip("+-") in ("inf", "infinity"))


def _counts(column):
    """Whether numbers only count the rows, or are dates: 1, 2, 3, ...; 2024; 20240131."""
    known = column[np.isfinite(column)]
    if known.size < FEW_ROWS or not (known == known.round()).all():
        return False
    if (np.diff(known) == 1).all() and known[0] in (0, 1):
        return True
    dates = ((known >= 19500101) & (known <= 20991231)).all() and (known % 100 <= 31).all()
    return bool(dates or (((known >= 1950) & (known <= 2099)).all() and np.unique(known).size < known.size))


def zeros_apart(values):
    """Mark references that are exactly zero where all others are far from it, as where "not analysed" is written so.

    Parameters
    ----------
    values : ndarray of shape (n,)
        One property; NaN where missing.

    Returns
    -------
    ndarray of bool of shape (n,)
    """
    zero = values == 0
    others = np.abs(values[np.isfinite(values) & ~zero])
    apart = len(others) >= FEWEST_OTHERS and others.min() > ZERO_FAR * np.ptp(others)
    return zero if apart else np.zeros(len(values), dtype=bool)
