"""Tables of references as grids of cells: of text files, workbooks, parquet and DataFrames."""

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..._core.optional import import_optional
from ...exceptions import ReadingOptionError, TableError, TableWarning, UnsupportedFormatError
from ..cells.numbers import NotANumber, is_blank, number
from ..formats.one_file import kind_of_file
from ..formats.workbooks import read_sheets
from ..grids.frames import grid_of_frame, is_frame
from ..text.text_file import text_rows

__all__ = ["FEWEST_CHANNELS", "Grid", "grids_of"]

# rows in which the labels are looked for
HEAD_ROWS = 50
# fewer columns with numbers in their labels are no spectrum
FEWEST_CHANNELS = 10
# what stands before the units in a row of them
UNIT_WORDS = ("unit", "units", "einheit", "einheiten", "unité", "unidad", "[unit]", "(unit)")


@dataclass
class Grid:
    """Labels and rows of one table; ``places`` say where each row stands."""

    name: str
    labels: list
    rows: list
    places: list


def grids_of(source, decimal, options):
    """Read the tables of a source.

    Parameters
    ----------
    source : str, path-like or DataFrame
    decimal : str or None
        Decimal sign of text files.
    options : dict
        ``encoding`` and ``delimiter`` of text files.

    Returns
    -------
    grids : list of Grid
        One, or one per sheet of a workbook; of sheets one of which is called after references, that one.
    unread : list of str
        Sheets that hold no table, or that were passed over.
    """
    if is_frame(source):
        return [_grid_of_frame("a DataFrame", source)], []
    try:
        path = Path(source).expanduser()
    except TypeError:
        raise ReadingOptionError(f"references must be a file or a DataFrame, got {type(source).__name__}.") from None
    if not path.is_file():
        raise TableError(f"There is no file {path}.")
    kind = kind_of_file(path)
    if kind == "text":
        rows, lines = text_rows(path, decimal=decimal, **options)
        return [_headed(str(path), rows, [f"line {line}" for line in lines])], []
    if kind == "parquet":
        pandas = import_optional("pandas", extra="io", feature="Reading references")
        return [_grid_of_frame(str(path), pandas.read_parquet(path))], []
    if kind is not None and ("Excel" in kind or "OpenDocument" in kind):
        return _sheets(path)
    raise UnsupportedFormatError(f"{path}: references are read from CSV, Excel and parquet files.")


def _sheets(path):
    sheets, left_out, doubts = read_sheets(path)
    for text in doubts:
        warnings.warn(f"{path}: {text}.", TableWarning, stacklevel=6)
    sheets = {sheet: rows for sheet, rows in sheets.items() if any(not is_blank(cell) for row in rows for cell in row)}
    if not sheets:
        raise TableError(f"{path} is empty.")
    named = [sheet for sheet in sheets if "ref" in sheet.lower() or "lab" in sheet.lower()]
    chosen = named if len(named) == 1 else list(sheets)
    grids, fault = [], None
    unread = [*left_out, *(f"sheet {sheet}" for sheet in sheets if sheet not in chosen)]
    for sheet in chosen:
        rows = [[None if is_blank(cell) else cell for cell in row] for row in sheets[sheet]]
        try:
            grids.append(_headed(str(path), rows, [f"sheet {sheet}, row {k + 1}" for k in range(len(rows))]))
        except TableError as error:
            fault = fault or error
            unread.append(f"sheet {sheet}")
    if not grids:
        raise fault
    return grids, unread


def _grid_of_frame(name, frame):
    labels, rows = grid_of_frame(frame, name, whole_index=True)
    return Grid(name, [str(label) for label in labels], rows, [f"row {k + 1}" for k in range(len(rows))])


def _headed(path, rows, places):
    """Find the row of labels: the first of the usual width that is all words."""
    kept = [k for k, row in enumerate(rows) if any(not is_blank(cell) for cell in row)]
    rows, places = [_trimmed(rows[k]) for k in kept], [places[k] for k in kept]
    widths = [len(row) for row in rows if len(row) > 1]
    if not widths:
        raise TableError(f"{path}: a table of references needs a column of names and one of values.")
    width = max(set(widths), key=lambda w: (widths.count(w), w))
    head = next((k for k, row in enumerate(rows[:HEAD_ROWS]) if _is_head(row, width)), None)
    if head is None:
        raise TableError(f"{path}: no row holds labels of columns, such as sample_id and protein.")
    labels = ["" if is_blank(cell) else str(cell).strip() for cell in rows[head]]
    data, data_places = rows[head + 1 :], places[head + 1 :]
    for row, place in zip(data, data_places):
        if len(row) > len(labels):
            raise TableError(f"{path}, {place}: {len(row)} fields, but the head has {len(labels)}.")
    if not data:
        raise TableError(f"{path} holds a head but no rows.")
    first = data[0][0]
    units = is_blank(first) or (isinstance(first, str) and first.strip().lower() in UNIT_WORDS)
    if len(data) > 1 and units and not any(map(_is_number, data[0])):
        # a row of units
        data, data_places = data[1:], data_places[1:]
    return Grid(path, labels, data, data_places)


def _is_head(row, width):
    cells = [cell for cell in row if not is_blank(cell)]
    words = [cell for cell in cells if not _is_number(cell)]
    # numbers that only rise or only fall are the axis of spectra that stand beside the references
    values = np.array([number(cell, grouped=True) for cell in cells if _is_number(cell)])
    axis = len(values) >= FEWEST_CHANNELS and (np.diff(values) > 0).all() | (np.diff(values) < 0).all()
    return len(words) >= 2 and len(cells) >= width / 2 and (len(words) == len(cells) or bool(axis))


def _trimmed(row):
    row = list(row)
    while row and is_blank(row[-1]):
        row.pop()
    return row


def _is_number(cell):
    try:
        return not is_blank(cell) and not np.isnan(number(cell, grouped=True))
    except NotANumber:
        return False
