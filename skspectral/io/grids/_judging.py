"""A layout, and what is asked of cells to find one."""

from dataclasses import dataclass, field

import numpy as np

from ..cells.labels import AxisLabels
from ..cells.numbers import NotANumber, decimal_of, is_blank, number

__all__ = [
    "HALF",
    "HEAD_ROWS",
    "MOSTLY",
    "Layout",
    "decimal_of_cells",
    "is_monotonic",
    "is_numeric",
    "share_of_numbers",
]

# rows in which the head is looked for
HEAD_ROWS = 200
# share of the cells beneath the axis that must be numbers
MOSTLY = 0.9
# the same beneath labels that are numbers alone
HALF = 0.5


@dataclass
class Layout:
    """How to read the grid (after it was turned, where `turned` is true).

    ``head`` is the row of labels (-1: none), ``first`` the first row of data, ``spectral`` the columns of the spectrum.
    """

    labels: list
    axis: AxisLabels
    spectral: list
    head: int
    first: int
    turned: bool = False
    top: int = 0
    unit: str = ""
    quantity: str = "unknown"
    called: str = ""
    notes: list = field(default_factory=list)


def is_numeric(cell):
    """Whether a cell is a number in one of the usual writings."""
    if is_blank(cell):
        return False
    if isinstance(cell, str):
        cell = cell.rstrip("% ")
    for decimal in ".,":
        try:
            number(cell, decimal, grouped=True)
        except NotANumber:
            continue
        return True
    return False


def share_of_numbers(cells):
    """Share of numbers among the cells that are not blank; 0 where all are."""
    filled = [cell for cell in cells if not is_blank(cell)]
    return sum(map(is_numeric, filled)) / len(filled) if filled else 0.0


def is_monotonic(values):
    steps = np.diff(values)
    return len(values) > 1 and bool((steps > 0).all() or (steps < 0).all())


def decimal_of_cells(rows, columns):
    some = columns[:: max(1, len(columns) // 100)]
    texts = [row[i].strip() for row in rows for i in some if i < len(row) and isinstance(row[i], str)]
    proved = decimal_of(texts)
    return None if proved == "both" else proved
