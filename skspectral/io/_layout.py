"""Where in a grid of cells the spectra stand: in rows under an axis, or in columns beside one."""

import re
from dataclasses import dataclass, field

import numpy as np

from ..exceptions import NoSpectraError, TableError
from ._labels import AxisLabels, axis_labels
from ._numbers import NotANumber, decimal_of, is_blank, number
from ._phrases import axis_word, other_unit, quantity_of, unit_of
from ._roles_of_columns import find_name_column

__all__ = ["Layout", "find_layout"]

_MEASURE = re.compile(r"[\d.,]+\s*(?:nm|[uµμ]m|cm ?\^?-?1)", re.IGNORECASE)
# rows in which the head is looked for
HEAD_ROWS = 200
# share of the cells beneath the axis that must be numbers
MOSTLY = 0.9
# the same beneath labels that are numbers alone
HALF = 0.5
# lines above a table have one cell, or two: a key and its value
LINES_OF_TWO = 2


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
    notes: list = field(default_factory=list)


def find_layout(rows, path, *, decimal=None):
    """Find the spectra in a grid.

    Parameters
    ----------
    rows : list of list
        Cells of the first rows that are not blank; of all rows where the table may be turned.
    path : str
        The file, for messages.
    decimal : str, optional
        Decimal sign, where the user named it.

    Returns
    -------
    Layout

    Raises
    ------
    TableError
        If there is no spectrum, or it can be read in two ways.
    """
    down = _down(rows, path, decimal)
    try:
        across = _across(rows, path, decimal)
    except TableError:
        if down is None:
            raise
        across = None
    if across is not None and down is not None:
        across, down = _choose(across, down, rows, path)
    layout = across if down is None else down
    if layout is None:
        layout = _likely_head(rows, path, decimal)
    if layout is None:
        raise NoSpectraError(
            f"{path} has no spectral columns: label each by its wavelength or wavenumber, such as 1100.5 or '1100 nm', "
            f"or write the wavelengths into the first column.{_seen(rows)}"
        )
    if layout.axis.counted:
        raise TableError(
            f"{path}: the channels are only numbered from {layout.axis.values[0]:g} to {layout.axis.values[-1]:g}. "
            "Label them by their wavelengths."
        )
    if not layout.turned:
        _shift_for_row_names(layout, rows)
    return layout


def _shift_for_row_names(layout, rows):
    """Move the labels where R wrote none above the names of the rows."""
    width, data = len(layout.labels), rows[layout.first :]
    if layout.head < 0 or not data or any(len(row) != width + 1 for row in data):
        return
    if 0 in layout.spectral and all(_numeric(row[0]) for row in data):
        return
    words = {k: label for k, label in enumerate(layout.labels) if k not in set(layout.spectral)}
    if find_name_column(words, {k: ["name"] for k in words}, None, "") is not None:
        # there is a label above the names already, so a cell too many is a fault
        return
    layout.labels = ["", *layout.labels]
    layout.spectral = [k + 1 for k in layout.spectral]
    layout.notes.append("the first column has no label, so the labels belong to the columns behind it")


def _seen(rows):
    labels = [str(cell) for cell in next((row for row in rows if len(row) > 1), []) if not is_blank(cell)]
    return f" Its columns are {', '.join(labels[:12])}." if labels else ""


def _numeric(cell):
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


def _share(cells):
    """Share of numbers among the cells that are not blank; 0 where all are."""
    filled = [cell for cell in cells if not is_blank(cell)]
    return sum(map(_numeric, filled)) / len(filled) if filled else 0.0


def _monotonic(values):
    steps = np.diff(values)
    return len(values) > 1 and bool((steps > 0).all() or (steps < 0).all())


def _cells_decimal(rows, columns):
    some = columns[:: max(1, len(columns) // 100)]
    texts = [row[i].strip() for row in rows for i in some if i < len(row) and isinstance(row[i], str)]
    proved = decimal_of(texts)
    return None if proved == "both" else proved


def _across(rows, path, decimal):
    """Find a row whose labels are the axis of the rows beneath."""
    fault = None
    for i, row in enumerate(rows[:HEAD_ROWS]):
        labels = [cell.strip() if isinstance(cell, str) else cell for cell in row]
        if sum(not is_blank(label) for label in labels) == 0:
            continue
        beneath = [r for r in rows[i + 1 : i + 4] if any(not is_blank(cell) for cell in r)]
        candidates = [k for k, label in enumerate(labels) if any(c.isdigit() for c in str(label))]
        if not candidates or not beneath:
            continue
        sign = _cells_decimal(rows[i + 1 : i + 20], candidates)
        try:
            axis = axis_labels(labels, f"{path}, row of labels", decimal=decimal, cells_decimal=sign)
        except TableError as error:
            # a row of data need not make sense as labels; if nothing else does, this row was meant as such
            fault = fault or error
            continue
        if axis is None:
            continue
        if len(axis.columns) < 3 and 0 in axis.columns:
            # one or two numbers at the beginning are a row of data
            continue
        alone = len(axis.columns) == sum(not is_blank(label) for label in labels)
        if alone and axis.columns[0] == 0 and not axis.counted and _monotonic(axis.values):
            layout = _axis_line(rows, i, axis)
            if layout is not None:
                return layout
        if not _begins_table(rows, i, labels, axis):
            continue
        found = _head(rows, i, labels, axis, beneath)
        if found is not None:
            return found
    if fault is not None:
        raise fault
    return None


def _likely_head(rows, path, decimal):
    """Find labels that are an axis beside words, whatever stands beneath, so that the fault there can be named."""
    for i, row in enumerate(rows[:HEAD_ROWS]):
        axis = axis_labels(row, f"{path}, row of labels", decimal=decimal, cells_decimal=decimal)
        if axis is None or not axis.bare or 0 in axis.columns:
            continue
        others = [cell for k, cell in enumerate(row) if k not in set(axis.columns)]
        if any(map(_numeric, others)) or all(map(is_blank, others)):
            continue
        if any(len(above) >= min(len(row), LINES_OF_TWO + 1) for above in rows[:i]):
            # the labels stand above this row already
            continue
        if i + 1 == len(rows):
            raise TableError(f"{path} holds a head but no rows.")
        labels = ["" if is_blank(label) else str(label).strip() for label in row]
        return Layout(labels, axis, axis.columns, i, i + 1)
    return None


def _begins_table(rows, i, labels, axis):
    """Whether a row stands above rows like it, and is none of them."""
    others = [k for k in range(len(labels)) if k not in set(axis.columns)]
    if any(_numeric(labels[k]) or _MEASURE.fullmatch(str(labels[k])) for k in others):
        return False
    if len(axis.columns) < 3 and any(len(row) > 1 for row in rows[:i]) and any(not is_blank(labels[k]) for k in others):
        # a row of another property above an axis in the first column looks like this
        return False
    last, widths = axis.columns[-1], [len(row) for row in rows[i + 1 :]]
    longest = len(labels) + (len(axis.columns) >= 3)
    fitting = sum(last < width <= longest for width in widths)
    if fitting < len(widths) / 2:
        return False
    above = rows[i - 1] if i > 0 else []
    full = len(above) == len(labels) and sum(not is_blank(above[k]) for k in axis.columns) > len(axis.columns) / 2
    return not full or (bool(others) and all(is_blank(labels[k]) or axis_word(labels[k]) for k in others))


def _is_head(beneath, axis):
    least = HALF if axis.bare else MOSTLY
    return any(_share([r[k] for k in axis.columns if k < len(r)]) >= least for r in beneath)


def _head(rows, i, labels, axis, beneath):
    """Check that numbers stand beneath the axis, and step over a row of units."""
    notes, first, unit, quantity = [], i + 1, "", "unknown"
    cells = [beneath[0][k] for k in axis.columns if k < len(beneath[0])]
    if len(beneath) > 1 and not any(map(_numeric, cells)) and _is_head(beneath[1:], axis):
        words = {str(cell).strip() for cell in cells if not is_blank(cell)}
        if len(words) > 1:
            return None
        word = words.pop() if words else ""
        unit, quantity = (unit_of(word) or other_unit(word), quantity_of(word)) if word else ("", "unknown")
        if word and len(axis.columns) < 3 and not unit and quantity == "unknown":
            return None
        blank = [k for k, label in enumerate(labels) if is_blank(label)]
        if blank and not word:
            # the names of the other columns stand one row further down than the axis
            under = beneath[0]
            labels = [under[k] if k in set(blank) and k < len(under) else label for k, label in enumerate(labels)]
        else:
            notes.append(f"the row beneath the labels gives units{f' ({word})' if word else ''}")
        first = rows.index(beneath[0], i + 1) + 1
    elif not _is_head(beneath[:1], axis):
        return None
    elif i > 0 and any(is_blank(label) for label in labels):
        above = rows[i - 1]
        if 0 < len(above) <= len(labels) and all(is_blank(above[k]) for k in axis.columns if k < len(above)):
            labels = [above[k] if is_blank(label) and k < len(above) else label for k, label in enumerate(labels)]
    labels = ["" if is_blank(label) else str(label).strip() for label in labels]
    return Layout(labels, axis, axis.columns, i, first, unit=unit, quantity=quantity, notes=notes)


def _axis_line(rows, i, axis):
    """Find a table whose last columns are as many as the numbers of the row ``i``, which stands by itself."""
    n = len(axis.columns)
    following = [(k, row) for k, row in enumerate(rows[i + 1 : i + 6], i + 1)]
    if any(len(row) == n and _share(row) >= MOSTLY for _, row in following[:1]):
        return None
    for k, row in following:
        extra = len(row) - n
        if extra < 1:
            continue
        if _share(row[extra:]) >= MOSTLY and all(not is_blank(cell) for cell in row[extra:]):
            head = [str(cell).strip() for cell in rows[k - 1]] if k - 1 > i else []
            if head and not (len(head) in (len(row), extra) and _share(head[:extra]) == 0):
                return None
            labels = (head + [""] * len(row))[: len(row)] if head else [""] * len(row)
            labels[extra:] = [f"{value:.10g}" for value in axis.values]
            note = "the wavelengths stand on a line of their own"
            return Layout(labels, axis, list(range(extra, len(row))), k - 1 if head else i, k, notes=[note])
    return None


def _down(rows, path, decimal):
    """Find an axis in the first column."""
    if len(rows) < 3:
        return None
    body = [i for i, row in enumerate(rows) if len(row) > 1]
    if len(body) < 3:
        return None
    width = max({len(rows[i]) for i in body}, key=lambda w: sum(len(rows[i]) == w for i in body))
    top = next(i for i in body if len(rows[i]) == width)
    labels = [row[0].strip() if isinstance(row[0], str) else row[0] for row in rows[top:]]
    sign = _cells_decimal(rows[top : top + 40], range(1, width))
    try:
        axis = axis_labels(labels, f"{path}, first column", decimal=decimal, cells_decimal=sign)
    except TableError:
        # names of samples need not make sense as an axis; where they are one, the user is told
        if axis_word(labels[0]) or _share(labels) >= MOSTLY:
            raise
        return None
    if axis is None or len(axis.columns) < 3:
        return None
    if len(axis.columns) < 0.5 * len(labels):
        return None
    if not _monotonic(axis.values) and not axis_word(labels[0]):
        return None
    sample = [rows[top + k][1:] for k in axis.columns[:20]]
    if sum(_share(cells) >= MOSTLY for cells in sample) < MOSTLY * len(sample):
        return None
    text = ["" if is_blank(label) else str(label).strip() for label in labels]
    layout = Layout(text, axis, axis.columns, 0, 1, turned=True, top=top)
    corner = "" if axis.columns[0] == 0 else text[0]
    layout.unit = unit_of(corner) or other_unit(corner)
    return layout


def _choose(across, down, rows, path):
    """Decide between an axis in the head and one in the first column."""
    corner = "" if 0 in down.spectral else down.labels[0]
    if across.axis.counted or axis_word(corner):
        return None, down
    if down.axis.counted or across.axis.bare > down.axis.bare:
        return across, None
    if down.axis.bare > across.axis.bare:
        return None, down
    if 0 not in across.spectral and across.labels[0]:
        return across, None
    raise TableError(
        f"{path}: both the first row ({across.axis.values[0]:g}, {across.axis.values[1]:g}, ...) and the first column "
        f"({down.axis.values[0]:g}, {down.axis.values[1]:g}, ...) may be the axis. Label the first column: "
        "'wavelength' where it is the axis, 'sample_id' where it names the samples."
    )
