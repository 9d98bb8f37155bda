"""Parquet tables, by pyarrow: batch by batch, so that a large table needs little memory beside its spectra."""

from pathlib import Path

import numpy as np

from ..._core.optional import import_optional
from ..grids.blocks import blocks_from_cells, build_block
from ..grids.body import Body, decimal_of_spectra, spectra_of_cells
from ..grids.layout import find_layout
from ..grids.preamble import read_preamble

__all__ = ["read_parquet"]

#: How pandas names the row names of a table that it stored.
_INDEX = "__index_level_0__"
#: Rows by which the layout is judged, and rows that are converted at once.
_JUDGED, _BATCH = 20, 1024


def read_parquet(path, *, decimal=None, unit=None, quantity=None, id_column=None, keep_flawed=False, **options):
    """Spectra of a parquet table: one per row, under labels that are the axis, or one per column beside the axis."""
    parquet = import_optional("pyarrow.parquet", extra="io", feature="Reading parquet files")
    said = {"unit": unit, "quantity": quantity, "id_column": id_column}
    flaws = {} if keep_flawed else None
    with parquet.ParquetFile(path) as file:
        # pandas puts the names of the rows last; names stand first in a table
        names = sorted(file.schema_arrow.names, key=lambda name: name != _INDEX)
        labels = ["" if name == _INDEX else name for name in names]
        judged = next(file.iter_batches(_JUDGED, columns=names), None)
        head = [labels, *(_rows(judged, names) if judged is not None else [])]
        layout = find_layout(head, path, decimal=decimal)
        if layout.turned or layout.first != 1:
            rows = [labels, *(row for batch in file.iter_batches(columns=names) for row in _rows(batch, names))]
            # The labels are no row of the table, whose first row is row 1.
            said["keep_flawed"] = keep_flawed
            return blocks_from_cells(rows, path, "row {}", lines=range(len(rows)), decimal=decimal, **said)
        sign = decimal or decimal_of_spectra(head[1:], layout.spectral)
        body = _body(file, path, names, labels, layout.spectral, sign, flaws)
    meta = read_preamble(layout, [], [], Path(path).suffix.lower())
    return [build_block(body, layout, path, meta, [], **said)]


def _rows(batch, names):
    return [list(row) for row in zip(*(batch.column(name).to_pylist() for name in names))]


def _body(file, path, names, labels, spectral, decimal, flaws):
    """Spectra as numbers, cell by cell where a column is not of numbers, and the cells of the other columns."""
    types = import_optional("pyarrow.types", extra="io", feature="Reading parquet files")
    schema = file.schema_arrow
    kinds = [schema.field(names[k]).type for k in spectral]
    numeric = all(types.is_floating(kind) or types.is_integer(kind) for kind in kinds)
    n, start, percent = file.metadata.num_rows, 0, False
    X, cells = np.empty((n, len(spectral))), {k: [] for k in range(len(names)) if k not in set(spectral)}

    def where(r, k):
        return f"{path}, row {start + r + 1}, column {labels[k]!r}"

    for batch in file.iter_batches(_BATCH, columns=names):
        rows = slice(start, start + batch.num_rows)
        if numeric:
            X[rows] = np.array([batch.column(names[k]).to_numpy(zero_copy_only=False) for k in spectral]).T
        else:
            texts = [dict(enumerate(row)) for row in _rows(batch, names)]
            X[rows], percent = spectra_of_cells(texts, spectral, decimal, where, flaws=flaws, start=start)
        for k, column in cells.items():
            column.extend(batch.column(names[k]).to_pylist())
        start += batch.num_rows
    places = [f"row {r + 1}" for r in range(n)]
    start = 0  # from here on messages count from the first row
    return Body(X, cells, places, where, decimal, percent, flaws=flaws)
