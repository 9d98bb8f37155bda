"""Reading a CSV or parquet file so that every cell can be traced back to its line."""

import csv
import itertools
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .._core.optional import import_optional
from ..exceptions import TableError

__all__ = ["BLANKS", "RawTable", "as_number", "as_wavelength", "read_raw"]

CSV_SUFFIXES = (".csv", ".txt", ".tsv")
PARQUET_SUFFIXES = (".parquet", ".pq")
DELIMITERS = (";", "\t", ",")
BLANKS = frozenset({"", "na", "n/a", "nan", "null", "none", "<na>"})
# how pandas names a row index that it stored in a parquet file
INDEX_LABEL = "__index_level_"


@dataclass(frozen=True)
class RawTable:
    """A file, taken apart into spectra and other columns.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    labels : list of str
        Labels of all columns; "" for none.
    spectral : list of int
        Positions of the columns whose label is a number.
    X : ndarray of shape (n_rows, n_spectral)
        Those columns; NaN where blank.
    cells : dict of int to list
        All other columns by position.
    lines : list of int
        Where each row stands in the file.
    decimal : str
        Decimal sign.
    """

    path: Path
    labels: list[str]
    spectral: list[int]
    X: np.ndarray
    cells: dict[int, list]
    lines: list[int]
    decimal: str

    def where(self, row, column):
        """Name a cell as a user finds it."""
        return _where(self.path, self.lines[row], self.labels[column])


def _where(path, line, label):
    unit = "row" if path.suffix.lower() in PARQUET_SUFFIXES else "line"
    return f"{path}, {unit} {line}, column {label!r}"


def as_wavelength(label, decimal="."):
    """Read a label as a wavelength, or return None where it is a name."""
    try:
        value = float(label.replace(decimal, "."))
    except ValueError:
        return None
    return value if np.isfinite(value) else None


def as_number(cell, decimal="."):
    """Read a cell as float, NaN where blank; ValueError where it is neither."""
    if isinstance(cell, bool):
        raise ValueError(f"{cell} is a truth value.")
    if cell is None:
        return np.nan
    if isinstance(cell, str):
        text = cell.strip()
        return np.nan if text.lower() in BLANKS else float(text.replace(decimal, "."))
    try:
        return float(cell)
    except TypeError as error:
        raise ValueError(f"{cell!r} is not a number.") from error


def read_raw(path, *, delimiter=None, decimal=None):
    """Read a file.

    Parameters
    ----------
    path : str or path-like
        A file whose suffix says CSV (.csv, .txt, .tsv) or parquet (.parquet, .pq).
    delimiter, decimal : str, optional
        Of a CSV file; found from its head and first row by default.

    Returns
    -------
    RawTable

    Raises
    ------
    TableError
        If there is no such file, it is not a table, or text stands where a spectrum should be.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise TableError(f"There is no file {path}.")
    if path.stat().st_size == 0:
        raise TableError(f"{path} is empty.")
    suffix = path.suffix.lower()
    if suffix in PARQUET_SUFFIXES:
        return _read_parquet(path)
    if suffix not in CSV_SUFFIXES:
        known = ", ".join(CSV_SUFFIXES + PARQUET_SUFFIXES)
        raise TableError(f"{path} has the unknown suffix {suffix or '(none)'!r}; tables end in {known}.")
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            return _read_csv(path, stream, delimiter, decimal)
    except UnicodeDecodeError as error:
        raise TableError(f"{path} is not UTF-8 text ({error}). Save it as UTF-8.") from error
    except csv.Error as error:
        raise TableError(f"{path} is not a CSV file: {error}.") from error


def _read_csv(path, stream, delimiter, decimal):
    if delimiter is None:
        start = next((line for line in stream if line.strip()), "")
        delimiter = max(DELIMITERS, key=lambda sign: len(next(csv.reader([start], delimiter=sign), [])))
        stream.seek(0)
    rows = _rows(path, stream, delimiter)
    (_, head), first = next(rows, (0, None)), next(rows, None)
    if head is None:
        raise TableError(f"{path} is empty.")
    if first is None:
        raise TableError(f"{path} holds a head but no rows.")
    labels = [label.strip() for label in head]
    if decimal is None:
        decimal = _find_decimal(delimiter, [*labels, *first[1]])
    spectral = [i for i, label in enumerate(labels) if as_wavelength(label, decimal) is not None]
    others = [i for i, label in enumerate(labels) if i not in set(spectral)]
    cells, spectra, lines = {i: [] for i in others}, [], []
    for line, row in itertools.chain([first], rows):
        spectra.append(_spectrum(path, line, labels, spectral, [row[i] for i in spectral], decimal))
        lines.append(line)
        for i in others:
            cells[i].append(row[i])
    return RawTable(path, labels, spectral, np.array(spectra), cells, lines, decimal)


def _rows(path, stream, delimiter):
    """Yield the line number and fields of each row that is not blank; all must be as long as the head."""
    reader, width = csv.reader(stream, delimiter=delimiter), None
    for row in reader:
        if not any(cell.strip() for cell in row):
            continue
        width = width or len(row)
        if len(row) != width:
            raise TableError(
                f"{path}, line {reader.line_num}: {len(row)} fields, but the head has {width} (separated by "
                f"{delimiter!r}). Where numbers have decimal commas, separate the columns by semicolons."
            )
        yield reader.line_num, row


def _spectrum(path, line, labels, columns, cells, decimal):
    """Convert one row at once where all is well, and cell by cell where something is not."""
    try:
        if decimal == ".":
            return np.array(list(map(float, cells)))
        return np.array([float(cell.replace(decimal, ".")) for cell in cells])
    except ValueError:
        return np.array([_checked(path, line, labels[i], cell, decimal) for i, cell in zip(columns, cells)])


def _checked(path, line, label, cell, decimal):
    try:
        return as_number(cell, decimal)
    except ValueError:
        raise TableError(f"{_where(path, line, label)}: {cell!r} is not a number.") from None


def _find_decimal(delimiter, cells):
    """Find the decimal sign: a comma where some cell is a number with one, which no comma-separated file can hold."""
    if delimiter == ",":
        return "."
    for cell in cells:
        if "," in cell and "." not in cell and as_wavelength(cell, ",") is not None:
            return ","
    return "."


def _read_parquet(path):
    parquet = import_optional("pyarrow.parquet", extra="io", feature="Reading parquet files")
    try:
        table = parquet.read_table(path)
    # pyarrow's own errors are subclasses of these two
    except (ValueError, OSError) as error:
        raise TableError(f"{path} is not a parquet file: {error}") from error
    if table.num_rows == 0:
        raise TableError(f"{path} holds no rows.")
    labels = ["" if name.startswith(INDEX_LABEL) else name.strip() for name in table.column_names]
    spectral = [i for i, label in enumerate(labels) if as_wavelength(label) is not None]
    lines = list(range(1, table.num_rows + 1))
    X = np.empty((table.num_rows, len(spectral)))
    for k, i in enumerate(spectral):
        column = table.column(i).to_numpy()
        if column.dtype.kind in "iuf":
            X[:, k] = column
        else:
            cells = table.column(i).to_pylist()
            X[:, k] = [_checked(path, line, labels[i], cell, ".") for line, cell in zip(lines, cells)]
    cells = {i: table.column(i).to_pylist() for i in range(len(labels)) if i not in set(spectral)}
    return RawTable(path, labels, spectral, X, cells, lines, ".")
