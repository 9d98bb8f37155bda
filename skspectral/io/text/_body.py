"""Rows of a text table beneath its labels: in batches by pandas, and cell by cell where something is odd."""

import re
import warnings

import numpy as np

from ..._core.optional import import_optional
from ...exceptions import TableError, TableWarning
from ..cells.numbers import decimal_of, is_blank
from ..grids.body import Body, check_width, decimal_of_spectra, spectra_of_cells
from ._encoding import open_text
from ._lines import is_comment, numbered
from .dialect import BLANK, split

__all__ = ["read_body"]

FEW_ROWS = 2
# a comma in a label that separates no thousands
_PROVING = re.compile(r"\d,\d{1,2}(?!\d)")
_MAY_BE_COMMENT = "#/! \t"
# characters that are converted at once: for each batch pandas makes an object of every column
BATCH = 1 << 27


def read_body(path, encoding, head, layout, decimal, flaws=None):
    """Read the rows beneath the labels.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    encoding : str
        Its encoding.
    head : Head
        Its first rows.
    layout : Layout
        Where the spectra stand.
    decimal : str, optional
        Decimal sign, where the user named it.
    flaws : dict, optional
        Takes, by its row, why a spectrum is of no use; without it such a spectrum is refused.

    Returns
    -------
    body : Body
    notes : list of str
    """
    data = head.rows[layout.first :]
    if not data:
        raise TableError(f"{path} holds a head but no rows.")
    told = decimal is not None
    decimal = decimal or decimal_of_spectra(data, layout.spectral)
    if not told and decimal == "," and head.delimiter != ";":
        _question_commas(path, data, layout)
    reader = _Reader(path, head.delimiter, layout, decimal, told, flaws)
    with open_text(path, encoding) as stream:
        for line, text in numbered(stream, path):
            comment = text[0] in _MAY_BE_COMMENT and is_comment(text, head.delimiter, reader.width)
            if line >= head.lines[layout.first] and not comment:
                reader.add(line, text)
    reader.finish()
    _look_at_the_end(path, reader)
    places = [f"line {line}" for line in reader.lines]
    return Body(reader.X, reader.cells, places, reader.where, decimal, reader.percent, flaws=flaws), reader.notes


class _Reader:
    def __init__(self, path, delimiter, layout, decimal, told, flaws):
        self.pandas = import_optional("pandas", extra="io", feature="Reading text tables")
        # until version 3.1 pandas rounded the last bit unless told otherwise, now it warns where it is told
        old = tuple(map(int, self.pandas.__version__.split(".")[:2])) < (3, 1)
        self.exact = {"float_precision": "round_trip"} if old else {}
        self.path, self.delimiter, self.layout, self.decimal, self.told = path, delimiter, layout, decimal, told
        self.flaws = flaws
        self.width = len(layout.labels)
        self.others = [k for k in range(self.width) if k not in set(layout.spectral)]
        self.X = np.empty((0, len(layout.spectral)))
        self.cells, self.lines, self.notes = {k: [] for k in self.others}, [], []
        self.batch, self.size, self.last, self.percent = [], 0, "", False

    def where(self, r, k):
        return f"{self.path}, line {self.lines[r]}, column {self.layout.labels[k]!r}"

    def add(self, line, text):
        if self._fields(text) != self.width:
            cells = split(text, self.delimiter, f"{self.path}, line {line}")
            while cells and not cells[-1]:
                cells.pop()
            if not cells:
                return
            where, keep = f"line {line}", self.flaws is not None
            footer, flaw = check_width(cells, self.width, self.layout, self.path, where, keep=keep)
            if footer:
                self.notes.append(footer)
                return
            if flaw:
                self.flaws[len(self.lines)] = flaw
            cells += [""] * (self.width - len(cells))
            sign = "," if self.delimiter == BLANK else self.delimiter
            text = sign.join(_quoted(cell, sign) for cell in cells)
            if self.delimiter == BLANK:
                raise TableError(f"{self.path}, line {line}: fields are missing at the end of the row.")
        self.lines.append(line)
        self.batch.append(text)
        self.size += len(text)
        self.last = text
        if self.size > BATCH:
            self._convert()

    def _fields(self, text):
        if '"' in text:
            return len(split(text, self.delimiter, f"{self.path}, line {self.lines[-1] + 1 if self.lines else 1}"))
        return len(text.split()) if self.delimiter == BLANK else text.count(self.delimiter) + 1

    def finish(self):
        if self.batch:
            self._convert()
        if not len(self.X):
            raise TableError(f"{self.path} holds a head but no rows.")

    def _append(self, block):
        """Put spectra below those that are there, in memory that grows where it stands."""
        row = len(self.X)
        self.X.resize((row + len(block), self.X.shape[1]), refcheck=False)
        self.X[row:] = block

    def _convert(self):
        """Convert a batch by pandas; where it refuses, cell by cell, which finds the cell or a rarer writing."""
        start = len(self.lines) - len(self.batch)
        frame = self._by_pandas(dtype=dict.fromkeys(self.others, str))
        # left to itself pandas is faster; a column that is not of numbers holds something odd
        spectral = self.layout.spectral
        odd = spectral if frame is None else [k for k in spectral if frame[k].dtype.kind not in "iuf"]
        if odd and (len(odd) == len(spectral) or self._begins_in_percent()):
            self._convert_cells(start)
        else:
            self._append(self._joined(frame, odd, start) if odd else frame[spectral].to_numpy(dtype=np.float64))
            for k in self.others:
                self.cells[k].extend(str(cell).strip() for cell in frame[k])
        self.batch, self.size = [], 0

    def _by_pandas(self, **how):
        """The batch as a DataFrame, None where pandas cannot read it."""
        try:
            frame = self.pandas.read_csv(
                _Lines(self.batch),
                sep=r"\s+" if self.delimiter == BLANK else self.delimiter,
                decimal=self.decimal,
                header=None,
                names=list(range(self.width)),
                index_col=False,
                na_filter=False,
                skipinitialspace=True,
                **self.exact,
                engine="c",
                low_memory=False,
                **how,
            )
        except (ValueError, self.pandas.errors.ParserError):
            return None
        return frame if len(frame) == len(self.batch) else None

    def _begins_in_percent(self):
        """Whether a cell of the first spectrum carries a percent sign, which all cells then do, or none may."""
        return "%" in self.batch[0]

    def _joined(self, frame, odd, start):
        """Spectra of a batch, of which some columns hold something odd."""
        spectral = self.layout.spectral
        is_odd = np.isin(spectral, odd)
        X = np.empty((len(frame), len(spectral)))
        X[:, ~is_odd] = frame[list(np.array(spectral)[~is_odd])].to_numpy(dtype=np.float64)
        X[:, is_odd] = self._convert_columns(start, odd)
        return X

    def _convert_columns(self, start, columns):
        """Convert the cells of some columns one by one: in a large file most have none that is odd."""
        cells = self._by_pandas(dtype=str, usecols=columns)
        rows = list(zip(*(cells[k] for k in columns)))

        def where(r, j):
            return self.where(start + r, columns[j])

        X, _ = spectra_of_cells(
            rows, range(len(columns)), self.decimal, where, grouped=self.told, flaws=self.flaws, start=start
        )
        return X

    def _convert_cells(self, start):
        lines = self.lines[start:]
        rows = [split(text, self.delimiter, f"{self.path}, line {line}") for line, text in zip(lines, self.batch)]

        def where(r, k):
            return self.where(start + r, k)

        X, self.percent = spectra_of_cells(
            rows, self.layout.spectral, self.decimal, where, grouped=self.told, flaws=self.flaws, start=start
        )
        self._append(X)
        for k in self.others:
            self.cells[k].extend(row[k] for row in rows)


class _Lines:
    """Rows of a batch as the file that pandas reads, a few at a time, so that there is no second copy of them."""

    def __init__(self, rows):
        self._rows = iter(rows)

    def __iter__(self):
        return self._rows

    def read(self, size):
        """Give rows of ``size`` characters and the rest of the last."""
        taken = []
        for row in self._rows:
            taken.append(row)
            size -= len(row) + 1
            if size <= 0:
                break
        return "\n".join([*taken, ""])


def _question_commas(path, rows, layout):
    """Warn where commas, followed by three digits everywhere, may as well separate thousands."""
    texts = [row[k] for row in rows for k in layout.spectral if k < len(row) and "," in row[k]]
    labels = (layout.labels[k] for k in layout.spectral)
    if texts and decimal_of(texts) is None and not any(map(_PROVING.search, labels)):
        warnings.warn(
            f"{path}: three digits follow every comma in the spectra, such as {texts[0]!r}, and they are taken as "
            "decimals. Say decimal='.' if they are thousands.",
            TableWarning,
            stacklevel=3,
        )


def _quoted(cell, sign):
    return '"' + cell.replace('"', '""') + '"' if sign in cell or '"' in cell else cell


def _look_at_the_end(path, reader):
    """Note where the file seems to end within a number: no line end, and fewer digits than any row before."""
    with path.open("rb") as stream:
        stream.seek(-min(8, path.stat().st_size), 2)
        if stream.read().rstrip(b"\x00").endswith((b"\n", b"\r", b"\x1a")):
            return
    last = split(reader.last, reader.delimiter, str(path))[reader.width - 1 :]
    if not last or is_blank(last[0]):
        return
    column = reader.width - 1
    digits = len(last[0].partition(reader.decimal)[2])
    if column in reader.cells:
        cells = [str(cell) for cell in reader.cells[column][:-1] if not is_blank(cell)]
        others = [len(cell.partition(reader.decimal)[2]) for cell in cells]
        shorter = len(others) >= FEW_ROWS and digits < min(others)
    else:
        # in a file of few rows the other channels tell how many digits are written
        enough = len(reader.X) > FEW_ROWS
        before = reader.X[-1000:-1, reader.layout.spectral.index(column)] if enough else reader.X.ravel()[:-1]
        shorter = len(before) > FEW_ROWS and digits < min(len(repr(float(value)).partition(".")[2]) for value in before)
    if shorter:
        reader.notes.append(
            f"the file has no line end, and the last cell ({last[0]!r}) has fewer digits than all others of its "
            "column; it may be cut off"
        )
