"""Tables whose axis stands in the first column, beside the spectra."""

from ...exceptions import TableError
from ..cells.labels import axis_labels
from ..cells.numbers import is_blank
from ..cells.phrases import axis_word, other_unit, unit_of
from ._judging import MOSTLY, Layout, decimal_of_cells, is_monotonic, share_of_numbers

__all__ = ["axis_down"]


def axis_down(rows, path, decimal):
    """Find an axis in the first column."""
    if len(rows) < 3:
        return None
    body = [i for i, row in enumerate(rows) if len(row) > 1]
    if len(body) < 3:
        return None
    width = max({len(rows[i]) for i in body}, key=lambda w: sum(len(rows[i]) == w for i in body))
    top = next(i for i in body if len(rows[i]) == width)
    labels = [row[0].strip() if isinstance(row[0], str) else row[0] for row in rows[top:]]
    sign = decimal_of_cells(rows[top : top + 40], range(1, width))
    try:
        axis = axis_labels(labels, f"{path}, first column", decimal=decimal, cells_decimal=sign)
    except TableError:
        # names of samples need not make sense as an axis; where they are one, the user is told
        if axis_word(labels[0]) or share_of_numbers(labels) >= MOSTLY:
            raise
        return None
    if axis is None or len(axis.columns) < 3:
        return None
    if len(axis.columns) < 0.5 * len(labels):
        return None
    if not is_monotonic(axis.values) and not axis_word(labels[0]):
        return None
    sample = [rows[top + k][1:] for k in axis.columns[:20]]
    if sum(share_of_numbers(cells) >= MOSTLY for cells in sample) < MOSTLY * len(sample):
        return None
    text = ["" if is_blank(label) else str(label).strip() for label in labels]
    layout = Layout(text, axis, axis.columns, 0, 1, turned=True, top=top)
    corner = "" if axis.columns[0] == 0 else text[0]
    layout.unit = unit_of(corner) or other_unit(corner)
    return layout
