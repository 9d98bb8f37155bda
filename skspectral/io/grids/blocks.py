"""From a grid of cells, of a text file or a sheet, to spectra on one axis."""

import math
from pathlib import Path

import numpy as np

from ..._core.missing_codes import find_codes
from ...exceptions import NoSpectraError, TableError
from ..block import SpectraBlock
from ..cells.column_roles import find_name_column
from ..cells.labels import check_order
from ..cells.numbers import is_blank
from ..cells.phrases import names_axis, other_unit, unit_of, unusual_axis
from ..quantities import percent_where_it_must_be
from ._second_axes import without_second_axes
from ._turned import turned_body
from .body import Body, check_width, decimal_of_spectra, spectra_of_cells
from .layout import find_layout
from .preamble import read_preamble

__all__ = ["blocks_from_cells", "build_block"]


def blocks_from_cells(
    rows, path, place, *, lines=None, comments=(), decimal=None, unit=None, quantity=None, id_column=None,
    keep_flawed=False, **_options,
):  # fmt: skip
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
    decimal, unit, quantity, id_column
        What the user says, which wins over what the table says; see `skspectral.io.read_spectra`.
    keep_flawed : bool
        Whether spectra with cells that are no numbers are kept, with NaN there, as long as others are whole.

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
    flaws = {} if keep_flawed else None
    if layout.turned:
        body = turned_body(rows, lines, layout, path, place, decimal, flaws)
    else:
        body = _straight(rows, lines, layout, path, place, decimal, flaws)
    return [build_block(body, layout, path, meta, [], unit=unit, quantity=quantity, id_column=id_column)]


def _trimmed(row):
    """Drop blank cells at the end of a row, as of a trailing delimiter."""
    row = list(row)
    while row and (row[-1] is None or (isinstance(row[-1], str) and not row[-1].strip())):
        row.pop()
    return row


def _straight(rows, lines, layout, path, place, decimal, flaws):
    """Read one spectrum per row."""
    labels, width = layout.labels, len(layout.labels)
    data = rows[layout.first :]
    if not data:
        raise TableError(f"{path} holds a head but no rows.")
    numbers, kept = [], []
    for row, line in zip(data, lines[layout.first :]):
        footer, flaw = check_width(row, width, layout, path, place.format(line), keep=flaws is not None)
        if footer:
            layout.notes.append(footer)
            continue
        if flaw:
            flaws[len(kept)] = flaw
        kept.append([*row, *[None] * (width - len(row))])
        numbers.append(line)

    def where(r, k):
        return f"{path}, {place.format(numbers[r])}, column {labels[k]!r}"

    decimal = decimal or decimal_of_spectra(kept, layout.spectral)
    X, percent = spectra_of_cells(kept, layout.spectral, decimal, where, flaws=flaws)
    cells = {k: [row[k] for row in kept] for k in range(width) if k not in set(layout.spectral)}
    return Body(X, cells, [place.format(n) for n in numbers], where, decimal, percent, flaws=flaws)


def build_block(body, layout, path, meta, notes, *, unit=None, quantity=None, id_column=None):
    """Put spectra and other columns together, after the checks that need all rows."""
    labels = layout.labels
    axis = np.asarray(layout.axis.values, dtype=np.float64)
    body = without_second_axes(body, axis, labels, path, turned=layout.turned)
    X = body.X
    _look_for_gaps(X, body, layout)
    notes = [
        *layout.notes,
        *body.notes,
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
            if not layout.turned and k - 1 in layout.spectral and k + 1 in layout.spectral:
                raise TableError(
                    f"{path}: the column {k + 1}, between {labels[k - 1]!r} and {labels[k + 1]!r}, has no label. Give "
                    "it its wavelength, or remove it."
                )
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
    corner = "" if 0 in layout.spectral else labels[0]
    said = layout.axis.unit or layout.unit
    if not said and corner and names_axis(corner):
        said = unit_of(corner) or other_unit(corner)
    called = next((text for text in (corner, layout.called) if unusual_axis(text)), None)
    if not said and called:
        meta["axis_called"] = called
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
        flaws={row: text.removeprefix(f"{path}, ") for row, text in (body.flaws or {}).items()},
    )


def _texts(layout):
    return [layout.labels[k] for k in layout.spectral]


def _look_for_gaps(X, body, layout):
    """Refuse spectra with missing channels, or where flaws are kept say so, as long as one spectrum is whole."""
    if X.size == 0:
        return
    bad = ~np.isfinite(X) | find_codes(X)
    flawed = np.flatnonzero(bad.any(axis=1))
    if not flawed.size:
        return
    if body.flaws is None or len(flawed) == len(X):
        r = flawed[0]
        unread = f"{body.flaws[r]}. " if body.flaws and r in body.flaws else ""
        raise TableError(
            unread + f"{_gap(X, r, bad, body, layout)} here ({bad.sum()} such cells in {len(flawed)} rows). Remove "
            "these rows; where instruments have different wavelengths, give one file per instrument."
        )
    for r in flawed:
        others = f" and in {bad[r].sum() - 1} other channels" if bad[r].sum() > 1 else ""
        body.flaws.setdefault(r, f"{_gap(X, r, bad, body, layout)} here{others}")
    X[bad] = np.nan


def _gap(X, r, bad, body, layout):
    j = int(np.argmax(bad[r]))
    value = X[r, j]
    what = "missing" if math.isnan(value) else "infinite" if math.isinf(value) else f"{value:g}, a code for 'missing',"
    return f"{body.where(r, layout.spectral[j])}: the spectrum is {what}"
