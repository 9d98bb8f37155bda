"""References from a file of their own."""

import warnings

import numpy as np

from ...exceptions import TableError, TableWarning
from ..cells.column_roles import find_name_column, no_property
from ..cells.labels import axis_labels
from ..cells.numbers import is_blank
from ..grids.long_form import widened
from ..names.pairing import similar
from ..names.spelling import as_name, tidy
from ._grids import FEWEST_CHANNELS, Grid, grids_of
from .properties import choose_properties

__all__ = ["References", "read_references"]


class References:
    """Reference values by sample: ``names`` as written, ``values`` {property: ndarray of shape (n_names,)}."""

    def __init__(self, name, names, values, where, left_out, others=()):
        self.name, self.names, self.values, self.where = name, names, values, where
        self.left_out, self.others = left_out, others

    def by_key(self, key):
        """Row numbers of each name, by ``key(name)``."""
        rows = {}
        for row, name in enumerate(self.names):
            if name is not None:
                rows.setdefault(key(name), []).append(row)
        return rows


def read_references(source, known, stems, *, id_column=None, properties=None, decimal=None, **options):
    """Read reference values.

    Parameters
    ----------
    source : str, path-like or DataFrame
        CSV, Excel or parquet: a column of names and columns of values, with any lines above.
    known : set of str
        Names of the spectra, `tidy`. Without ``id_column`` the column with most of these is the one of names.
    stems : set of str
        The same without the numbers of replicates, which count for it too.
    id_column : str, optional
        Its label.
    properties : list of str, optional
        Labels of the properties.
    decimal : str, optional
        Decimal sign.
    **options
        ``encoding`` and ``delimiter`` of a text file.

    Returns
    -------
    table : References

    Raises
    ------
    TableError
        If no column holds names of the spectra, or a value is no number.
    """
    grids, unread = grids_of(source, decimal, options)
    found = []
    for grid in grids:
        table = _references_of(grid, known, stems, id_column, properties, decimal)
        if table is not None:
            found.append(table)
        elif len(grids) > 1:
            unread.append(grid.places[0].split(", row")[0])
    if not found:
        raise _no_names(grids[0], known)
    if properties is None and not any(table.values for table in found):
        others = [label for table in found for label in table.left_out] or [x for table in found for x in table.others]
        raise TableError(
            f"{found[0].name}: no column holds reference values. Name them with properties= if they are among "
            f"{', '.join(map(repr, others)) or 'the columns'}, and write numbers without units."
        )
    return _joined(found, unread)


def _joined(tables, unread):
    """Tables of several sheets below each other."""
    labels = list(dict.fromkeys(label for table in tables for label in table.values))
    values = {
        label: np.concatenate([table.values.get(label, np.full(len(table.names), np.nan)) for table in tables])
        for label in labels
    }
    owners = [(table, row) for table in tables for row in range(len(table.names))]
    left_out = [label for table in tables for label in table.left_out] + unread
    return References(
        tables[0].name,
        [name for table in tables for name in table.names],
        values,
        lambda row: owners[row][0].where(owners[row][1]),
        left_out,
        [label for table in tables for label in table.others],
    )


def _references_of(grid, known, stems, id_column, properties, decimal):
    """References of one grid of cells, None where no column names spectra."""
    grid = _one_row_for_each_sample(grid)
    name, labels, rows, places = grid.name, grid.labels, grid.rows, grid.places
    cells = {k: [row[k] if k < len(row) else None for row in rows] for k in range(len(labels))}
    column = _name_column(labels, cells, known | stems, id_column, name)
    if column is None:
        other = _turned(grid, known | stems)
        return None if other is None else _references_of(other, known, stems, None, properties, decimal)
    spectral = axis_labels([label or None for label in labels], name, decimal=decimal or ".")
    # a spectrum beside the references; C140, C160 and C180 are fatty acids
    beside = spectral.columns if spectral is not None and len(spectral.columns) >= FEWEST_CHANNELS else []
    skip = {column, *beside}
    kept = [k for k in cells if k not in skip and labels[k]]
    twice = [labels[k] for k in kept if sum(labels[k] == labels[m] for m in kept) > 1]
    if twice:
        raise TableError(f"{name} has two columns called {twice[0]!r}.")
    columns = {labels[k]: cells[k] for k in kept}

    def where(row, label=None):
        return f"{name}, {places[row]}" + (f", column {label!r}" if label else "")

    values, left_out = choose_properties(
        columns, _offered(properties, columns), where, decimal=decimal or ".", path=name
    )
    if beside:
        left_out.append(f"{len(beside)} columns from {labels[beside[0]]!r} to {labels[beside[-1]]!r}, a spectrum")
    others = [label for label in columns if label not in values and label not in left_out]
    return References(name, [as_name(cell) for cell in cells[column]], values, where, left_out, others)


def _one_row_for_each_sample(grid):
    wide = widened(grid.labels, grid.rows, lambda row: f"{grid.name}, {grid.places[row]}")
    if wide is None:
        return grid
    labels, rows, first = wide
    return Grid(grid.name, labels, rows, [grid.places[row] for row in first])


def _turned(grid, known):
    """The grid with its columns as rows, where the labels of its columns name spectra; None where they do not."""
    named = sum(tidy(name) in known for name in _names(grid.labels))
    if named < 2 or named < (len(grid.labels) - 1) / 2:
        return None
    width = len(grid.labels)
    rows = [[*row, *[None] * (width - len(row))] for row in grid.rows]
    labels = ["sample_id", *("" if is_blank(row[0]) else str(row[0]).strip() for row in rows)]
    columns = [[grid.labels[k], *(row[k] for row in rows)] for k in range(1, width)]
    sheet = grid.places[0].split(", row")[0] if ", row" in grid.places[0] else ""
    places = [f"{sheet}{', ' * bool(sheet)}column {label!r}" for label in grid.labels[1:]]
    return Grid(grid.name, labels, columns, places)


def _offered(properties, columns):
    """The named properties that this file has; those it lacks may stand beside the spectra."""
    if properties is None:
        return None
    lower = {label.strip().lower() for label in columns}
    return [name for name in properties if name.strip().lower() in lower]


def _name_column(labels, cells, known, id_column, path):
    """The column of names: that of the given label, else the one that names most spectra; None where none does."""
    numbered = dict(enumerate(labels))
    if id_column is not None and any(label.strip().lower() == id_column.strip().lower() for label in labels):
        return find_name_column(numbered, cells, id_column, path)
    hits = {k: sum(tidy(name) in known for name in _names(column)) for k, column in cells.items()}
    by_label = find_name_column(numbered, cells, None, path)
    best = max(hits, key=lambda k: (hits[k], k == by_label))
    if not hits[best]:
        return None
    named = [str(cell) for cell in cells[best]]
    for k in hits:
        # a column of values may hold the same numbers; one that counts or names is a rival
        if k != best and hits[k] == hits[best] and no_property(labels[k]) and named != [str(cell) for cell in cells[k]]:
            warnings.warn(
                f"{path}: the columns {labels[best]!r} and {labels[k]!r} both name {hits[best]} spectra, in another "
                f"order, and {labels[best]!r} is taken. Say which it is with id_column=.",
                TableWarning,
                stacklevel=7,
            )
    return best


def _names(cells):
    return [name for name in map(as_name, cells) if name is not None]


def _no_names(grid, known):
    """The error for a table that names no spectrum, with names that are similar."""
    cells = {k: [row[k] if k < len(row) else None for row in grid.rows] for k in range(len(grid.labels))}
    column = find_name_column(dict(enumerate(grid.labels)), cells, None, grid.name) or 0
    alike = similar(sorted(known), _names(cells[column]))
    if alike:
        text = (
            ", but similar ones: " + ", ".join(f"{one} / {other}" for one, other in alike[:3]) + ". Spell them alike."
        )
    else:
        text = (
            f". They are called {', '.join(sorted(known)[:3]) or 'nothing'}; the references are of "
            f"{', '.join(_names(cells[column])[:3]) or 'nothing'}. Name the column with id_column=."
        )
    return TableError(f"{grid.name}: no column holds names of the spectra{text}")
