"""Tables whose axis stands in a row of labels, above the spectra."""

import re

from ...exceptions import TableError
from ..cells.labels import axis_labels
from ..cells.numbers import is_blank
from ..cells.phrases import axis_word, other_unit, quantity_of, unit_of
from ._judging import HALF, HEAD_ROWS, MOSTLY, Layout, decimal_of_cells, is_monotonic, is_numeric, share_of_numbers

__all__ = ["axis_across", "likely_head"]

_MEASURE = re.compile(r"[\d.,]+\s*(?:nm|[uµμ]m|cm ?\^?-?1)", re.IGNORECASE)
# lines above a table have one cell, or two: a key and its value
LINES_OF_TWO = 2


def axis_across(rows, path, decimal):
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
        sign = decimal_of_cells(rows[i + 1 : i + 20], candidates)
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
        if alone and axis.columns[0] == 0 and not axis.counted and is_monotonic(axis.values):
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


def likely_head(rows, path, decimal):
    """Find labels that are an axis beside words, whatever stands beneath, so that the fault there can be named."""
    for i, row in enumerate(rows[:HEAD_ROWS]):
        axis = axis_labels(row, f"{path}, row of labels", decimal=decimal, cells_decimal=decimal)
        if axis is None or not axis.bare or 0 in axis.columns:
            continue
        others = [cell for k, cell in enumerate(row) if k not in set(axis.columns)]
        if any(map(is_numeric, others)) or all(map(is_blank, others)):
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
    if any(is_numeric(labels[k]) or _MEASURE.fullmatch(str(labels[k])) for k in others):
        return False
    if len(axis.columns) < 3 and any(len(row) > 1 for row in rows[:i]) and any(not is_blank(labels[k]) for k in others):
        # a row of another property above an axis in the first column looks like this
        return False
    last, widths = axis.columns[-1], [len(row) for row in rows[i + 1 :]]
    longest = len(labels) + (len(axis.columns) >= 3)
    # a last channel that is blank in all rows is a fault of its cells, not of the labels
    fitting = sum(last <= width <= longest for width in widths)
    if fitting < len(widths) / 2:
        return False
    above = rows[i - 1] if i > 0 else []
    full = len(above) == len(labels) and sum(not is_blank(above[k]) for k in axis.columns) > len(axis.columns) / 2
    return not full or (bool(others) and all(is_blank(labels[k]) or axis_word(labels[k]) for k in others))


def _is_head(beneath, axis):
    least = HALF if axis.bare else MOSTLY
    return any(share_of_numbers([r[k] for k in axis.columns if k < len(r)]) >= least for r in beneath)


def _head(rows, i, labels, axis, beneath):
    """Check that numbers stand beneath the axis, and step over a row of units."""
    notes, first, unit, quantity = [], i + 1, "", "unknown"
    cells = [beneath[0][k] for k in axis.columns if k < len(beneath[0])]
    if len(beneath) > 1 and not any(map(is_numeric, cells)) and _is_head(beneath[1:], axis):
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
    if any(len(row) == n and share_of_numbers(row) >= MOSTLY for _, row in following[:1]):
        return None
    for k, row in following:
        extra = len(row) - n
        if extra < 1:
            continue
        if share_of_numbers(row[extra:]) >= MOSTLY and all(not is_blank(cell) for cell in row[extra:]):
            head = [str(cell).strip() for cell in rows[k - 1]] if k - 1 > i else []
            if head and not (len(head) in (len(row), extra) and share_of_numbers(head[:extra]) == 0):
                return None
            labels = (head + [""] * len(row))[: len(row)] if head else [""] * len(row)
            labels[extra:] = [f"{value:.10g}" for value in axis.values]
            note = "the wavelengths stand on a line of their own"
            return Layout(labels, axis, list(range(extra, len(row))), k - 1 if head else i, k, notes=[note])
    return None
