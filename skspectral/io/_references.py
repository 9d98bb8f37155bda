"""References from a file of their own, and what several sources say of one sample."""

import numpy as np

from ..exceptions import ConflictingReferenceError, TableError
from ._labels import axis_labels
from ._names import as_name, similar, tidy
from ._properties import choose_properties
from ._reference_grids import grids_of
from ._roles_of_columns import find_name_column

__all__ = ["References", "read_references", "same_value"]

REFERENCE_TOLERANCE = 1e-6


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


def same_value(first, second):
    """Whether two references are one value."""
    return abs(first - second) <= REFERENCE_TOLERANCE * max(abs(first), abs(second))


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
    )


def _references_of(grid, known, stems, id_column, properties, decimal):
    """References of one grid of cells, None where no column names spectra."""
    name, labels, rows, places = grid.name, grid.labels, grid.rows, grid.places
    cells = {k: [row[k] if k < len(row) else None for row in rows] for k in range(len(labels))}
    column = _name_column(labels, cells, known | stems, id_column, name)
    if column is None:
        return None
    spectral = axis_labels([label or None for label in labels], name, decimal=decimal or ".")
    skip = {column, *(spectral.columns if spectral is not None and len(spectral.columns) > 2 else ())}
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
    others = [label for label in columns if label not in values and label not in left_out]
    return References(name, [as_name(cell) for cell in cells[column]], values, where, left_out, others)


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
    return best if hits[best] else None


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


def merge_references(sample_id, y, properties, references, key):
    """Add references of a file to those beside the spectra.

    Parameters
    ----------
    sample_id : sequence of str or None
        Sample of each row.
    y : ndarray of shape (n_spectra, n_properties)
        References beside the spectra.
    properties : list of str
        Their names.
    references : References
        Those of the file.
    key : callable
        Reduces a name to what tells samples apart.

    Returns
    -------
    y : ndarray of shape (n_spectra, n_properties)
    properties : list of str
    used : set
        Keys of samples that have spectra.

    Raises
    ------
    ConflictingReferenceError
        If two values of one sample and property differ; the message names both places.
    """
    rows = references.by_key(key)
    names = [*properties, *(name for name in references.values if name not in properties)]
    out = np.full((len(sample_id), len(names)), np.nan)
    out[:, : len(properties)] = y
    found = {}
    for sample, where in rows.items():
        for name, column in references.values.items():
            known = [row for row in where if np.isfinite(column[row])]
            if not known:
                continue
            for row in known[1:]:
                if not same_value(column[row], column[known[0]]):
                    raise ConflictingReferenceError(
                        f"Sample {references.names[row]!r} has two references of {name!r}: {column[known[0]]:g} "
                        f"({references.where(known[0])}) and {column[row]:g} ({references.where(row)})."
                    )
            found[sample, name] = column[known[0]], known[0]
    used = set()
    for row, sample in enumerate(sample_id):
        if sample is None:
            continue
        label = key(sample)
        if label not in rows:
            continue
        used.add(label)
        for name in references.values:
            if (label, name) not in found:
                continue
            value, at = found[label, name]
            k = names.index(name)
            if np.isfinite(out[row, k]) and not same_value(out[row, k], value):
                raise ConflictingReferenceError(
                    f"Sample {sample!r} has two references of {name!r}: {out[row, k]:g} beside its spectrum and "
                    f"{value:g} ({references.where(at)})."
                )
            out[row, k] = value
    return out, names, used
