"""Rows of a table beneath its labels: spectra as numbers, other columns as cells."""

from dataclasses import dataclass, field

import numpy as np

from ...exceptions import TableError
from ..cells.numbers import NotANumber, decimal_of, number

__all__ = ["Body", "check_width", "decimal_of_spectra", "spectra_of_cells"]


@dataclass
class Body:
    """Rows of a table, apart: spectra as numbers, other columns as cells, and where each row stands.

    ``lines`` are the numbers of the lines, ``where(row, column)`` names a cell in a message. ``flaws`` says why a
    spectrum is of no use, by its row, where such are kept.
    """

    X: np.ndarray
    cells: dict
    places: list
    where: object
    decimal: str
    percent: bool = False
    name_column: object = None
    notes: list = field(default_factory=list)
    flaws: dict | None = None


def check_width(row, width, layout, path, where, *, keep=False):
    """Refuse a row of another length; name a last line of words as what it is.

    Returns what to note of a line that is no row, and with ``keep`` what is wrong with one that is too short; each is
    None where there is nothing to say.
    """
    last = layout.spectral[-1]
    if len(row) > width:
        raise TableError(
            f"{path}, {where}: {len(row)} fields, but the head has {width}. Where numbers have decimal commas, "
            "separate the columns by semicolons."
        )
    if len(row) <= last:
        text = str(row[0]).strip()
        if len(row) == 1 and width > 2 and not text.replace(" ", "").isalnum() and " " in text:
            return f"{where} is no row of the table and is left out: {text!r}", None
        short = f"{path}, {where}: {len(row)} fields, but the head has {width}"
        if not keep:
            raise TableError(f"{short}.")
        return None, short
    return None, None


def decimal_of_spectra(rows, columns):
    """Find the decimal sign of spectra that are text."""
    some = columns[:: max(1, len(columns) // 100)]
    texts = [row[k].strip() for row in rows[:50] for k in some if k < len(row) and isinstance(row[k], str)]
    proved = decimal_of(texts)
    if proved in (".", ","):
        return proved
    if proved == "both":
        return next(sign for sign in map(decimal_of, ([text] for text in texts)) if sign)
    return "," if any("," in text for text in texts) else "."


def spectra_of_cells(rows, columns, decimal, where, *, grouped=False, flaws=None, start=0):
    """Convert the cells of a spectrum one by one, with the place of the first that is no number.

    ``grouped`` says whether the other one of point and comma may separate thousands, as where the user named the sign.
    With ``flaws`` such a cell becomes NaN, and the first of each row is put there, by its number from ``start`` on,
    unless something stands there already. Returns the spectra, and whether all cells carry a percent sign.
    """
    X = np.empty((len(rows), len(columns)))
    percent = bool(rows) and _is_percent(rows[0][columns[0]])
    for r, row in enumerate(rows):
        for j, k in enumerate(columns):
            cell = row[k]
            try:
                if percent:
                    cell = _without_percent(cell)
                X[r, j] = cell if type(cell) is float else number(cell, decimal, grouped=grouped)
            except NotANumber as error:
                if flaws is None:
                    raise TableError(f"{where(r, k)}: {error}.") from None
                X[r, j] = np.nan
                flaws.setdefault(start + r, f"{where(r, k)}: {error}")
    return X, percent


def _without_percent(cell):
    if not _is_percent(cell):
        raise NotANumber(f"{cell!r} has no percent sign, which other cells of the spectra have")
    return cell.rstrip()[:-1]


def _is_percent(cell):
    return isinstance(cell, str) and cell.rstrip().endswith("%")
