"""Reading a CSV or parquet file into columns whose cells can be traced back to a line of the file."""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ._optional import import_optional
from .exceptions import TableError

__all__ = ["RawTable", "read_raw"]

CSV_SUFFIXES = (".csv", ".txt", ".tsv")
PARQUET_SUFFIXES = (".parquet", ".pq")
DELIMITERS = (";", "\t", ",")
BLANKS = ["", "NA", "N/A", "n/a", "NaN", "nan", "null", "NULL", "None"]


@dataclass(frozen=True)
class RawTable:
    """Columns by position: labels may repeat, and a data frame would rename them."""

    path: Path
    labels: list[str]
    frame: Any
    lines: np.ndarray
    decimal: str

    def where(self, row, column):
        """Name a cell as a user finds it."""
        unit = "row" if self.path.suffix.lower() in PARQUET_SUFFIXES else "line"
        return f"{self.path}, {unit} {self.lines[row]}, column {self.labels[column]!r}"

    def text(self, column):
        """One column as str, with None for blank cells."""
        cells = self.frame[column].astype(object).where(self.frame[column].notna(), None)
        # an integer column with a blank cell arrives as float: 7.0 is the id "7"
        integers = (int(c) if isinstance(c, float) and c.is_integer() else c for c in cells)
        stripped = [None if c is None else str(c).strip() for c in integers]
        return np.array([cell or None for cell in stripped], dtype=object)

    def numbers(self, column):
        """Read one column as float64, and the row of its first cell that is neither blank nor a number (or None)."""
        pd = import_optional("pandas", extra="io", feature="Reading tables")
        cells = self.frame[column]
        if pd.api.types.is_numeric_dtype(cells) and not pd.api.types.is_bool_dtype(cells):
            return cells.to_numpy(dtype=np.float64, na_value=np.nan), None
        text = cells.map(lambda cell: cell.strip().replace(self.decimal, ".") if isinstance(cell, str) else cell)
        values = pd.to_numeric(text.astype(object).mask(text.isin(BLANKS)), errors="coerce").to_numpy(np.float64)
        wrong = np.isnan(values) & (cells.notna() & ~text.isin(BLANKS)).to_numpy()
        return values, int(np.argmax(wrong)) if wrong.any() else None


def read_raw(path, *, text_columns, delimiter=None, decimal=None):
    """Read a file.

    Parameters
    ----------
    path : str or path-like
        A file whose suffix says CSV (.csv, .txt, .tsv) or parquet (.parquet, .pq).
    text_columns : sequence of str
        Labels of columns that must not be read as numbers.
    delimiter, decimal : str, optional
        Of a CSV file; found from its head and first rows by default.

    Returns
    -------
    RawTable

    Raises
    ------
    TableError
        If there is no such file, or it is not a table.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise TableError(f"There is no file {path}.")
    if path.stat().st_size == 0:
        raise TableError(f"{path} is empty.")
    suffix = path.suffix.lower()
    if suffix in PARQUET_SUFFIXES:
        return _read_parquet(path)
    if suffix in CSV_SUFFIXES:
        return _read_csv(path, text_columns, delimiter, decimal)
    known = ", ".join(CSV_SUFFIXES + PARQUET_SUFFIXES)
    raise TableError(f"{path} has the unknown suffix {suffix or '(none)'!r}; tables end in {known}.")


def _read_parquet(path):
    pd = import_optional("pandas", extra="io", feature="Reading tables")
    pyarrow = import_optional("pyarrow", extra="io", feature="Reading parquet files")
    try:
        frame = pd.read_parquet(path, engine="pyarrow")
    except (pyarrow.ArrowException, OSError) as error:
        raise TableError(f"{path} is not a parquet file: {error}") from error
    if frame.empty:
        raise TableError(f"{path} holds no rows.")
    labels = [str(label).strip() for label in frame.columns]
    frame = frame.set_axis(range(len(labels)), axis=1).reset_index(drop=True)
    return RawTable(path, labels, frame, np.arange(1, len(frame) + 1), ".")


def _read_csv(path, text_columns, delimiter, decimal):
    pd = import_optional("pandas", extra="io", feature="Reading tables")
    try:
        labels, head_lines, lines, blank, first, delimiter = _scan(path, delimiter)
    except UnicodeDecodeError as error:
        raise TableError(f"{path} is not UTF-8 text ({error}). Save it as UTF-8.") from error
    except csv.Error as error:
        raise TableError(f"{path} is not a CSV file: {error}.") from error
    if decimal is None:
        decimal = _find_decimal(delimiter, [*labels, *first])
    text = [i for i, label in enumerate(labels) if label in text_columns]
    try:
        frame = pd.read_csv(
            path,
            sep=delimiter,
            decimal=decimal,
            # the head is read by _scan, since pandas would turn a second "1100" into "1100.1", which is a wavelength
            header=None,
            names=range(len(labels)),
            skiprows=head_lines,
            index_col=False,
            dtype={i: str for i in text},
            na_values={i: BLANKS for i in range(len(labels)) if i not in text},
            keep_default_na=False,
            skipinitialspace=True,
            encoding="utf-8-sig",
            float_precision="round_trip",
            low_memory=False,
        )
    except (pd.errors.ParserError, ValueError) as error:
        raise TableError(f"{path} is not a CSV file: {error}.") from error
    frame = frame.loc[~blank].reset_index(drop=True)
    return RawTable(path, labels, frame, lines[~blank], decimal)


def _scan(path, delimiter):
    """Find the head and the delimiter, and check that every line has as many fields as the head."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        if delimiter is None:
            start = next((line for line in stream if line.strip()), "")
            delimiter = max(DELIMITERS, key=lambda sign: len(next(csv.reader([start], delimiter=sign), [])))
            stream.seek(0)
        reader = csv.reader(stream, delimiter=delimiter)
        head = next((row for row in reader if any(cell.strip() for cell in row)), None)
        if head is None:
            raise TableError(f"{path} is empty.")
        head_lines, lines, blank, first = reader.line_num, [], [], []
        for row in reader:
            if not row:
                continue
            if len(row) != len(head):
                raise TableError(
                    f"{path}, line {reader.line_num}: {len(row)} fields, but the head has {len(head)} (separated by "
                    f"{delimiter!r}). Where numbers have decimal commas, separate the columns by semicolons."
                )
            lines.append(reader.line_num)
            blank.append(not any(cell.strip() for cell in row))
            if not first and not blank[-1]:
                first = row
    if not first:
        raise TableError(f"{path} holds a head but no rows.")
    return [label.strip() for label in head], head_lines, np.array(lines), np.array(blank), first, delimiter


def _find_decimal(delimiter, cells):
    """Find the decimal sign: a comma where some cell is a number with one, which no comma-separated file can hold."""
    if delimiter == ",":
        return "."
    for cell in cells:
        if cell.count(",") == 1 and "." not in cell:
            try:
                float(cell.replace(",", "."))
            except ValueError:
                continue
            return ","
    return "."
