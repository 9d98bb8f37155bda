"""Tables with one spectrum per column, beside the axis."""

import re

from ...exceptions import TableError
from ..cells.column_roles import find_name_column
from ..cells.numbers import NotANumber, is_blank, number
from ..cells.phrases import axis_word, quantity_of
from .body import Body, decimal_of_spectra, spectra_of_cells

__all__ = ["turned_body"]

# what programs call the scans of one measurement, in columns beside each other
SCANS = {"reference", "ref", "sample", "target", "white", "dark", "raw", "background", "intensity", "signal"}


def turned_body(rows, lines, layout, path, place, decimal, flaws=None):
    """Read one spectrum per column."""
    grid, lines = rows[layout.top :], lines[layout.top :]
    width = max(len(row) for row in grid)
    grid = [[*row, *[None] * (width - len(row))] for row in grid]
    head = grid[0] if 0 not in layout.spectral else None
    if head is not None and is_blank(head[-1]) and not is_blank(head[0]) and not axis_word(layout.labels[0]):
        raise TableError(f"{path}, {place.format(lines[0])}: {width - 1} labels, but the table has {width} columns.")
    names = [str(cell).strip() if head is not None and not is_blank(cell) else "" for cell in head or [""] * width][1:]
    columns = [[row[k] for row in grid] for k in range(1, width)]
    keep = _quantity_column(names, layout, path) if head is not None else None
    if keep is not None:
        columns, names = [columns[keep]], [names[keep]]

    def where(r, k):
        return f"{path}, {place.format(lines[k])}, column {names[r] or r + 2!r}"

    decimal = decimal or decimal_of_spectra(columns, layout.spectral)
    X, percent = spectra_of_cells(columns, layout.spectral, decimal, where, flaws=flaws)
    cells = {k: [row[k] for row in columns] for k in range(len(grid)) if k not in set(layout.spectral)}
    if keep is not None or (
        len(columns) == 1 and (_quantity_named(names[0]) != "unknown" or names[0].lower() in SCANS)
    ):
        cells.pop(0, None)
    name_column = 0 if 0 in cells and _head_names_samples(layout.labels, cells, path) else None
    places = [f"column {name!r}" if name else f"column {r + 2}" for r, name in enumerate(names)]
    return Body(X, cells, places, where, decimal, percent, name_column, flaws=flaws)


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


def _quantity_named(name):
    """What a label names as a whole; a number in it names a sample, as in AU1, but not that of log(1/R)."""
    numbered = re.search(r"\d", re.sub(r"log[\s_]*10|1\s*/\s*[rt]", "", name.lower()))
    return "unknown" if numbered else quantity_of(name)


def _quantity_column(names, layout, path):
    """Choose the spectrum among columns that are not samples but quantities: reference, sample, reflectance."""
    said = [_quantity_named(name) for name in names]
    scans = [name.lower().split(" (")[0] in SCANS for name in names]
    named = [k for k, what in enumerate(said) if what not in ("unknown", "counts") and names[k].lower() not in SCANS]
    if len(names) > 1 and all(scans):
        raise TableError(
            f"{path}: the columns {', '.join(map(repr, names))} are scans that make one spectrum, not samples. Keep "
            "the column of reflectance or absorbance, or compute it."
        )
    if not named or len({said[k] for k in named}) < len(named):
        # several columns of one quantity are samples
        return None
    if len(names) > 1 and any(what == "unknown" and not scan for what, scan in zip(said, scans)):
        return None
    first = named[0]
    layout.quantity = said[first]
    if len(names) > 1:
        left = ", ".join(repr(name) for k, name in enumerate(names) if k != first)
        layout.notes.append(f"the column {names[first]!r} is the spectrum; left out: {left}")
    return first
