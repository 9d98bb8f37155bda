"""From a grid of cells, of a text file or a sheet, to spectra on one axis."""

import math
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .._core.missing_codes import find_codes
from ..exceptions import NoSpectraError, TableError
from ._block import SpectraBlock
from ._labels import check_order
from ._layout import find_layout
from ._numbers import NotANumber, decimal_of, is_blank, number
from ._percent import percent_where_it_must_be
from ._phrases import axis_word, quantity_of
from ._preamble import read_preamble
from ._roles_of_columns import find_name_column

__all__ = ["Body", "blocks_from_cells", "build_block", "check_width", "decimal_of_spectra", "spectra_of_cells"]


@dataclass
class Body:
    """Rows of a table, apart: spectra as numbers, other columns as cells, and where each row stands.

    ``lines`` are the numbers of the lines, ``where(row, column)`` names a cell in a message.
    """

    X: np.ndarray
    cells: dict
    places: list
    where: object
    decimal: str
    percent: bool = False
    name_column: object = None


def blocks_from_cells(
    rows, path, place, *, lines=None, comments=(), decimal=None, unit=None, quantity=None, id_column=None, **_options
):
    """Read spectra from a grid of cells.

    One row is one spectrum, under labels that are the axis; or one column is one spectrum beside an axis in the first
    column. Lines above the labels, a row of units beneath them and an axis on a line of its own are understood.

    Parameters
    ----------
    rows : list of list
        Cells, text or numbers or None.
    path : str
        The file.
    place : str
        Where a row stands, with ``{}`` for its number: ``"line {}"``, ``"sheet spectra, row {}"``.
    lines : list of int, optional
        Number of each row; 1, 2, ... by default.
    comments : sequence of str
        What the file says beside the table.
    decimal : {".", ","}, optional
        Decimal sign of cells that are text; found by default.
    unit : str, optional
        Unit of the axis, which wins over what the table says.
    quantity : str, optional
        What the spectra are, which wins over what the table says.
    id_column : str, optional
        Label of the column that names the samples.

    Returns
    -------
    list of SpectraBlock
        One block.

    Raises
    ------
    NoSpectraError
        If the table holds no spectral columns.
    TableError
        If it is ragged, or a cell is no number where a spectrum should be; the message names row and column.
    """
    path = str(path)
    lines = list(range(1, len(rows) + 1)) if lines is None else list(lines)
    kept = [i for i, row in enumerate(rows) if any(not is_blank(cell) for cell in row)]
    rows, lines = [_trimmed(rows[i]) for i in kept], [lines[i] for i in kept]
    if not rows:
        raise NoSpectraError(f"{path} is empty.")
    layout = find_layout(rows, path, decimal=decimal)
    above = rows[: layout.top if layout.turned else max(layout.head, 0)]
    meta = read_preamble(layout, above, list(comments), Path(path).suffix.lower())
    if layout.turned:
        body = _turn(rows, lines, layout, path, place, decimal)
    else:
        body = _straight(rows, lines, layout, path, place, decimal)
    return [build_block(body, layout, path, meta, [], unit=unit, quantity=quantity, id_column=id_column)]


def _trimmed(row):
    """Drop blank cells at the end of a row, as of a trailing delimiter."""
    row = list(row)
    while row and (row[-1] is None or (isinstance(row[-1], str) and not row[-1].strip())):
        row.pop()
    return row


def _straight(rows, lines, layout, path, place, decimal):
    """Read one spectrum per row."""
    labels, width = layout.labels, len(layout.labels)
    data = rows[layout.first :]
    if not data:
        raise TableError(f"{path} holds a head but no rows.")
    numbers, kept = [], []
    for row, line in zip(data, lines[layout.first :]):
        footer = check_width(row, width, layout, path, place.format(line))
        if footer:
            layout.notes.append(footer)
            continue
        kept.append([*row, *[None] * (width - len(row))])
        numbers.append(line)

    def where(r, k):
        return f"{path}, {place.format(numbers[r])}, column {labels[k]!r}"

    decimal = decimal or decimal_of_spectra(kept, layout.spectral)
    X, percent = spectra_of_cells(kept, layout.spectral, decimal, where)
    cells = {k: [row[k] for row in kept] for k in range(width) if k not in set(layout.spectral)}
    return Body(X, cells, [place.format(n) for n in numbers], where, decimal, percent)


def check_width(row, width, layout, path, where):
    """Refuse a row of another length; name a last line of words as what it is."""
    last = layout.spectral[-1]
    if len(row) > width:
        raise TableError(
            f"{path}, {where}: {len(row)} fields, but the head has {width}. Where numbers have decimal commas, "
            "separate the columns by semicolons."
        )
    if len(row) <= last:
        text = str(row[0]).strip()
        if len(row) == 1 and width > 2 and not text.replace(" ", "").isalnum() and " " in text:
            return f"{where} is no row of the table and is left out: {text!r}"
        raise TableError(f"{path}, {where}: {len(row)} fields, but the head has {width}.")
    return None


def _turn(rows, lines, layout, path, place, decimal):
    """Read one spectrum per column."""
    grid, lines = rows[layout.top :], lines[layout.top :]
    width = max(len(row) for row in grid)
    grid = [[*row, *[None] * (width - len(row))] for row in grid]
    head = grid[0] if 0 not in layout.spectral else None
    if head is not None and is_blank(head[-1]) and not is_blank(head[0]) and not axis_word(layout.labels[0]):
        raise TableError(f"{path}, {place.format(lines[0])}: {width - 1} labels, but the table has {width} columns.")
    names = [str(cell).strip() if head is not None and not is_blank(cell) else "" for cell in head or [""] * width][1:]
    columns = [[row[k] for row in grid] for k in range(1, width)]
    keep = _quantity_column(names, layout) if head is not None else None
    if keep is not None:
        columns, names = [columns[keep]], [names[keep]]

    def where(r, k):
        return f"{path}, {place.format(lines[k])}, column {names[r] or r + 2!r}"

    decimal = decimal or decimal_of_spectra(columns, layout.spectral)
    X, percent = spectra_of_cells(columns, layout.spectral, decimal, where)
    cells = {k: [row[k] for row in columns] for k in range(len(grid)) if k not in set(layout.spectral)}
    if keep is not None or (len(columns) == 1 and quantity_of(names[0]) != "unknown"):
        cells.pop(0, None)
    name_column = 0 if 0 in cells and _head_names_samples(layout.labels, cells, path) else None
    places = [f"column {name!r}" if name else f"column {r + 2}" for r, name in enumerate(names)]
    return Body(X, cells, places, where, decimal, percent, name_column)


def _head_names_samples(labels, cells, path):
    """Whether the cells above spectra are names: the corner speaks of the axis, or nothing else names them."""
    corner = labels[0]
    if is_blank(corner) or axis_word(corner) or any(map(axis_word, re.split(r"[\\/|]", corner))):
        return True
    head = cells[0]
    if len(head) < 2 or len(set(head)) < len(head) or any(is_blank(cell) or _is_number(cell) for cell in head):
        return False
    return find_name_column({k: labels[k] for k in cells}, cells, None, path) is None


def _is_number(cell):
    try:
        number(cell, ",", grouped=True)
    except NotANumber:
        try:
            number(cell, grouped=True)
        except NotANumber:
            return False
    return True


def _quantity_column(names, layout):
    """Choose the spectrum among columns that are not samples but quantities: reference, sample, reflectance."""
    said = [quantity_of(name) for name in names]
    others = {"reference", "ref", "sample", "target", "white", "dark", "raw", "background", "intensity", "signal"}
    named = [k for k, name in enumerate(names) if said[k] not in ("unknown", "counts") and name.lower() not in others]
    if not named:
        return None
    if len(names) > 1 and any(
        said[k] == "unknown" and name.lower().split(" (")[0] not in others for k, name in enumerate(names)
    ):
        return None
    first = named[0]
    layout.quantity = said[first]
    if len(names) > 1:
        left = ", ".join(repr(name) for k, name in enumerate(names) if k != first)
        layout.notes.append(f"the column {names[first]!r} is the spectrum; left out: {left}")
    return first


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


def spectra_of_cells(rows, columns, decimal, where):
    """Convert the cells of a spectrum one by one, with the place of the first that is no number.

    Returns the spectra, and whether all cells carry a percent sign.
    """
    X = np.empty((len(rows), len(columns)))
    percent = bool(rows) and _is_percent(rows[0][columns[0]])
    for r, row in enumerate(rows):
        for j, k in enumerate(columns):
            cell = row[k]
            if percent and _is_percent(cell):
                cell = cell.rstrip()[:-1]
            elif percent:
                raise TableError(f"{where(r, k)}: {cell!r} has no percent sign, which other cells of the spectra have.")
            try:
                X[r, j] = cell if type(cell) is float else number(cell, decimal)
            except NotANumber as error:
                raise TableError(f"{where(r, k)}: {error}.") from None
    return X, percent


def _is_percent(cell):
    return isinstance(cell, str) and cell.rstrip().endswith("%")


def build_block(body, layout, path, meta, notes, *, unit=None, quantity=None, id_column=None):
    """Put spectra and other columns together, after the checks that need all rows."""
    labels = layout.labels
    X = body.X
    _refuse_gaps(X, body, layout)
    axis = np.asarray(layout.axis.values, dtype=np.float64)
    notes = [
        *layout.notes,
        *notes,
        *check_order(axis, [labels[k] for k in layout.spectral] if layout.axis.bare else _texts(layout), path),
    ]
    cells = {k: column for k, column in body.cells.items() if labels[k] or not all(map(is_blank, column))}
    name_column = body.name_column if id_column is None else None
    if name_column is None:
        name_column = find_name_column({k: labels[k] for k in cells}, cells, id_column, path)
    names = [None] * len(X) if name_column is None else list(cells.pop(name_column))
    columns = {}
    for k, column in cells.items():
        label = labels[k]
        if not label:
            notes.append(f"the column {k + 1} has no label and is left out")
            continue
        if label in columns:
            raise TableError(f"{path} has two columns called {label!r}.")
        columns[label] = column
    meta = dict(meta)
    if body.decimal != ".":
        meta["decimal"] = body.decimal
    if name_column is not None:
        meta["id_column"] = labels[name_column]
    said = layout.axis.unit or layout.unit
    what = layout.axis.quantity if layout.axis.quantity != "unknown" else layout.quantity
    if body.percent and quantity is None:
        if what in ("reflectance", "transmittance"):
            what = f"% {what}"
        notes.append("the spectra carry percent signs")
    elif quantity is None:
        what, percent = percent_where_it_must_be(what, X)
        notes += [percent] if percent else []
    return SpectraBlock(
        X=X,
        axis=axis,
        unit=unit or said,
        quantity=quantity or what,
        names=names,
        places=body.places,
        path=path,
        columns=columns,
        meta=meta,
        notes=notes,
    )


def _texts(layout):
    return [layout.labels[k] for k in layout.spectral]


def _refuse_gaps(X, body, layout):
    """Refuse spectra with missing channels."""
    if X.size == 0:
        return
    bad = ~np.isfinite(X) | find_codes(X)
    if not bad.any():
        return
    r, j = np.argwhere(bad)[0]
    value = X[r, j]
    what = "missing" if math.isnan(value) else "infinite" if math.isinf(value) else f"{value:g}, a code for 'missing',"
    raise TableError(
        f"{body.where(r, layout.spectral[j])}: the spectrum is {what} here ({bad.sum()} such cells in "
        f"{bad.any(axis=1).sum()} rows). Remove these rows; where instruments have different wavelengths, give one "
        "file per instrument."
    )
