"""References from a file of their own, and what several sources say of one sample."""

from pathlib import Path

import numpy as np

from .._core.optional import import_optional
from ..exceptions import ConflictingReferenceError, TableError, UnsupportedFormatError
from ._formats import kind_of_file
from ._labels import axis_labels
from ._names import as_name, tidy
from ._numbers import NotANumber, is_blank, number
from ._properties import choose_properties
from ._roles_of_columns import find_name_column
from ._text import text_rows

__all__ = ["References", "read_references", "same_value"]

REFERENCE_TOLERANCE = 1e-6
# rows in which the labels are looked for
HEAD_ROWS = 50


class References:
    """Reference values by sample: ``names`` as written, ``values`` {property: ndarray of shape (n_names,)}."""

    def __init__(self, names, values, where, left_out):
        self.names, self.values, self.where, self.left_out = names, values, where, left_out

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
    name, labels, rows, places = _grid(source, decimal, options)
    cells = {k: [row[k] if k < len(row) else None for row in rows] for k in range(len(labels))}
    column = _name_column(labels, cells, known, known | stems, id_column, name)
    spectral = axis_labels([label or None for label in labels], name, decimal=decimal or ".")
    skip = {column, *(spectral.columns if spectral is not None and len(spectral.columns) > 2 else ())}
    columns = {labels[k]: cells[k] for k in cells if k not in skip and labels[k]}

    def where(row, label=None):
        return f"{name}, {places[row]}" + (f", column {label!r}" if label else "")

    values, left_out = choose_properties(
        columns, _offered(properties, columns), where, decimal=decimal or ".", path=name
    )
    return References([as_name(cell) for cell in cells[column]], values, where, left_out)


def _offered(properties, columns):
    """The named properties that this file has; those it lacks may stand beside the spectra."""
    if properties is None:
        return None
    lower = {label.strip().lower() for label in columns}
    return [name for name in properties if name.strip().lower() in lower]


def _grid(source, decimal, options):
    """Name, labels, rows and places of a table of references."""
    if hasattr(source, "columns"):
        frame = source.to_pandas() if hasattr(source, "to_pandas") else source
        labels = [str(label) for label in frame.columns]
        rows = frame.astype(object).to_numpy().tolist()
        if frame.index.name is not None:
            labels = [str(frame.index.name), *labels]
            rows = [[index, *row] for index, row in zip(frame.index, rows)]
        return "the table of references", labels, rows, [f"row {k + 1}" for k in range(len(rows))]
    path = Path(source).expanduser()
    if not path.is_file():
        raise TableError(f"There is no file {path}.")
    kind = kind_of_file(path)
    if kind == "text":
        rows, lines = text_rows(path, decimal=decimal, **options)
        return _headed(str(path), rows, [f"line {line}" for line in lines])
    pandas = import_optional("pandas", extra="io", feature="Reading references")
    if kind == "parquet":
        return _grid_of_frame(str(path), pandas.read_parquet(path))
    if kind is not None and ("Excel" in kind or "OpenDocument" in kind):
        import_optional("python_calamine", extra="io", feature="Reading workbooks")
        sheets = pandas.read_excel(path, sheet_name=None, header=None, engine="calamine", dtype=object)
        sheets = {sheet: frame for sheet, frame in sheets.items() if not frame.empty}
        if not sheets:
            raise TableError(f"{path} is empty.")
        named = [sheet for sheet in sheets if "ref" in sheet.lower() or "lab" in sheet.lower()]
        sheet = named[0] if len(named) == 1 else next(iter(sheets))
        rows = [[None if is_blank(cell) else cell for cell in row] for row in sheets[sheet].to_numpy().tolist()]
        return _headed(str(path), rows, [f"sheet {sheet}, row {k + 1}" for k in range(len(rows))])
    raise UnsupportedFormatError(f"{path}: references are read from CSV, Excel and parquet files.")


def _grid_of_frame(name, frame):
    rows = frame.astype(object).to_numpy().tolist()
    return name, [str(label) for label in frame.columns], rows, [f"row {k + 1}" for k in range(len(rows))]


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
    if len(data) > 1 and is_blank(data[0][0]) and not any(map(_is_number, data[0])):
        # a row of units
        data, data_places = data[1:], data_places[1:]
    return path, labels, data, data_places


def _is_head(row, width):
    words = [cell for cell in row if not is_blank(cell)]
    return len(words) >= 2 and len(words) >= width / 2 and not any(map(_is_number, words))


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


def _name_column(labels, cells, known, stems, id_column, path):
    """The column of names: that of the given label, else the one that names most spectra."""
    numbered = dict(enumerate(labels))
    if id_column is not None and any(label.strip().lower() == id_column.strip().lower() for label in labels):
        return find_name_column(numbered, cells, id_column, path)
    hits = {
        k: sum(tidy(name) in stems for name in map(as_name, column) if name is not None) for k, column in cells.items()
    }
    by_label = find_name_column(numbered, cells, None, path)
    best = max(hits, key=lambda k: (hits[k], k == by_label))
    if hits[best]:
        return best
    shown = [name for name in map(as_name, cells[by_label if by_label is not None else 0]) if name is not None][:3]
    raise TableError(
        f"{path}: no column holds names of the spectra. They are called {', '.join(sorted(known)[:3]) or 'nothing'}; "
        f"the references are of {', '.join(shown) or 'nothing'}. Name the column with id_column=."
    )


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
