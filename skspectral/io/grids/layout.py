"""Where in a grid of cells the spectra stand: in rows under an axis, or in columns beside one."""

from ...exceptions import NoSpectraError, TableError
from ..cells.column_roles import find_name_column
from ..cells.numbers import is_blank
from ..cells.phrases import axis_word
from ._across import axis_across, likely_head
from ._down import axis_down
from ._judging import Layout, is_numeric

__all__ = ["Layout", "find_layout"]


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
    down = axis_down(rows, path, decimal)
    try:
        across = axis_across(rows, path, decimal)
    except TableError:
        if down is None:
            raise
        across = None
    if across is not None and down is not None:
        across, down = _choose(across, down, rows, path)
    layout = across if down is None else down
    if layout is None:
        layout = likely_head(rows, path, decimal)
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
    if 0 in layout.spectral and all(is_numeric(row[0]) for row in data):
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
