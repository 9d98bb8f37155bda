"""The log of check samples: a CSV file that several processes may append and that no crash can damage."""

import codecs
import csv
import errno
import io
import os
import warnings
from contextlib import contextmanager
from pathlib import Path

from ..exceptions import CheckLogError, CheckLogWarning
from ._check_samples import CheckSamples
from ._dates import as_datetime, day_comes_first
from ._log_doubts import warn_of_doubts
from ._log_text import date_text, decoded, encoded, encoding_of, has_commas

__all__ = ["CheckLog"]

FIELDS = ("date", "sample", "property", "reference", "predicted")
# ends a line that was cut off, so that what is left of it cannot pass for a whole one
TORN = b"#torn"


class CheckLog:
    """A CSV file with one line per reading of a check sample.

    Its columns are ``date``, ``sample``, ``property``, ``reference`` and ``predicted``, separated by commas,
    semicolons or tabs (with semicolons and tabs, a decimal comma is read too). It may be edited in a spreadsheet: dates
    may be written as 2026-03-09 or 9.3.2026, and with slashes where one date of the file tells whether the day or the
    month comes first. A line without a reference, or without a prediction, waits for it.

    Parameters
    ----------
    path : path-like
        The file; it is made by the first `append`.

    Notes
    -----
    `append` adds all its lines by one write to the end of the file under a lock, and waits until they are on the disk:
    processes that append at the same time lose nothing, and a process that is killed loses nothing that it had said was
    written. A last line that was cut off, by a power failure or a kill in the middle of a write, is left out with a
    warning and never read as a shorter number.

    Examples
    --------
    >>> import tempfile
    >>> from skspectral.monitoring import CheckLog, CheckSamples
    >>> log = CheckLog(tempfile.mkdtemp() + "/checks.csv")
    >>> log.append(CheckSamples(["2026-03-09"], [12.0], [11.8], ["C17"], "protein"))
    >>> log.append(CheckSamples(["2026-03-16"], [10.0], [10.1], ["C18"], "protein"))
    >>> log.read().sample.tolist()
    ['C17', 'C18']
    """

    def __init__(self, path):
        self.path = Path(path)

    def append(self, samples):
        """Add readings to the end of the file.

        Parameters
        ----------
        samples : CheckSamples

        Raises
        ------
        CheckLogError
            If the file is something else, or a name holds a line break.
        OSError
            If the lines cannot be written; the file is then as it was.
        """
        rows = [
            (date_text(date), sample, of, repr(float(reference)), repr(float(predicted)))
            for date, sample, of, reference, predicted in zip(
                samples.date, samples.sample, samples.target_name, samples.reference, samples.predicted
            )
        ]
        for row in rows:
            if any(mark in text for text in row[1:3] for mark in "\n\r"):
                raise CheckLogError(f"The name {row[1]!r} or {row[2]!r} holds a line break; one line is one reading.")
        if not rows:
            return
        is_new = not self.path.exists()
        descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
        try:
            with _locked(descriptor):
                self._write(descriptor, rows)
        finally:
            os.close(descriptor)
        if is_new:
            _sync_folder(self.path)

    def _write(self, descriptor, rows):
        size = os.fstat(descriptor).st_size
        text = io.StringIO(newline="")
        delimiter, encoding = ",", "utf-8"
        if size == 0:
            csv.writer(text, lineterminator="\n").writerow(FIELDS)
        else:
            content = _read_all(descriptor)
            lines, delimiter, at, width = self._layout(content)
            encoding = encoding_of(content)
            if delimiter != "," and has_commas(lines, delimiter, at[3:]):
                # a spreadsheet with decimal commas takes points for marks of thousands
                rows = [[*row[:3], *(number.replace(".", ",") for number in row[3:])] for row in rows]
            places = {place: i for i, place in enumerate(at)}
            rows = [[row[places[j]] if j in places else "" for j in range(width)] for row in rows]
            if not content.endswith(b"\n"):
                text.write(f"{TORN.decode()}\n")
        csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows(rows)
        data = encoded(text.getvalue(), encoding)
        try:
            written = os.write(descriptor, data)
            if written < len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(descriptor)
        except OSError as error:
            os.ftruncate(descriptor, size)
            raise OSError(error.errno, f"nothing was added ({error.strerror})", str(self.path)) from error

    def _layout(self, content):
        """Lines without the head, the delimiter, the place of each column, and how many columns there are."""
        if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise CheckLogError(f"{self.path} is written in UTF-16. Save it as CSV in UTF-8.")
        head, *lines = content.split(b"\n")
        text = head.decode("utf-8-sig", errors="replace").strip()
        for delimiter in ",;\t":
            names = [name.strip().strip('"').lower() for name in text.split(delimiter)]
            # without a line break the head itself may be cut off
            if lines and set(FIELDS) <= set(names):
                return lines, delimiter, [names.index(name) for name in FIELDS], len(names)
        raise CheckLogError(
            f"{self.path} is no log of check samples: its first line must name the columns {', '.join(FIELDS)}, and "
            f"says {text[:80]!r}."
        )

    def read(self):
        """Read all lines.

        Returns
        -------
        CheckSamples
            In the order of their dates; lines of one date in the order of the file.

        Raises
        ------
        CheckLogError
            If the file is no log, or a line cannot be read; the message names the line.
        OSError
            If the file cannot be opened.

        Warns
        -----
        CheckLogWarning
            If a line was cut off, stands twice, waits for its reference, or is of a day to come; if a number is a code
            such as -9999 or a hundred times the other, or two properties are called alike.
        """
        with open(self.path, "rb") as file, _locked(file.fileno(), shared=True):
            content = file.read()
        if not content:
            return CheckSamples([], [], [], [], [])
        lines, delimiter, at, width = self._layout(content)
        fields, torn = [], []
        for number, line in enumerate(lines, start=2):
            # what follows the last line break is empty, or the beginning of a line that never got its end
            if line.endswith(TORN) or (number == len(lines) + 1 and line):
                torn.append((number, line.removesuffix(TORN).decode(errors="replace")))
                continue
            line = decoded(line).rstrip("\r")
            if line.strip(f"{delimiter} "):
                fields.append((number, self._fields(line, number, delimiter, at, width)))
        self._warn_of_torn(torn)
        self._warn_of_waiting([(number, row) for number, row in fields if not all(row[3:])])
        day_first = day_comes_first(row[0] for _, row in fields)
        rows = [(number, self._row(row, number, delimiter, day_first)) for number, row in fields if all(row[3:])]
        numbers = self._without_repeats(rows)
        warn_of_doubts(self.path, numbers)
        rows = list(numbers)
        columns = [list(column) for column in zip(*rows)] if rows else [[]] * len(FIELDS)
        date, sample, of, reference, predicted = columns
        return CheckSamples(date, reference, predicted, sample, of)

    def _fields(self, line, number, delimiter, at, width):
        """Cells of a line in the order of `FIELDS`."""
        fields = next(csv.reader([line], delimiter=delimiter))
        where = f"{self.path}, line {number}"
        if len(fields) != width:
            raise CheckLogError(f"{where}: {line!r} has {len(fields)} columns, and the head has {width}.")
        row = [fields[i].strip() for i in at]
        if not row[1] or not row[2]:
            raise CheckLogError(f"{where}: the name of the sample or of the property is missing in {line!r}.")
        return row

    def _row(self, fields, number, delimiter, day_first):
        where = f"{self.path}, line {number}"
        date, sample, of, *numbers = fields
        try:
            date = as_datetime(date, day_first=day_first)
        except CheckLogError as error:
            raise CheckLogError(f"{where}: {error}") from None
        values = []
        for name, text in zip(FIELDS[3:], numbers):
            try:
                # float() takes 1_5 for 15
                plain = "nan" if "_" in text else text if delimiter == "," else text.replace(",", ".")
                values.append(float(plain))
            except ValueError:
                values.append(float("nan"))
            if not abs(values[-1]) < float("inf"):
                raise CheckLogError(f"{where}: the {name} {text!r} of sample {sample!r} is no number.")
        return date, sample, of, *values

    def _warn_of_torn(self, torn):
        for number, line in torn:
            warnings.warn(
                f"{self.path}, line {number} was cut off and is left out: {line!r}. If it is whole, end it with a line "
                "break; if not, enter the reading again.",
                CheckLogWarning,
                stacklevel=3,
            )

    def _warn_of_waiting(self, waiting):
        if waiting:
            number, row = waiting[0]
            what = " or ".join(name for name, text in zip(FIELDS[3:], row[3:]) if not text)
            warnings.warn(
                f"{self.path}, line {number}: sample {row[1]!r} has no {what} yet and is left out"
                + (f", and so are {len(waiting) - 1} more." if len(waiting) > 1 else "."),
                CheckLogWarning,
                stacklevel=3,
            )

    def _without_repeats(self, rows):
        """Readings with the number of their first line."""
        kept, repeated = {}, []
        for number, row in rows:
            first = kept.setdefault(row, number)
            if first != number:
                repeated.append((number, first))
        if repeated:
            (number, first), more = repeated[0], len(repeated) - 1
            warnings.warn(
                f"{self.path}, line {number} says the same as line {first}"
                + (f", as {more} more lines do of others" if more else "")
                + " and is counted once. Give a second reading of one day its time, such as 2026-03-09T14:30.",
                CheckLogWarning,
                stacklevel=3,
            )
        return kept


def _read_all(descriptor):
    os.lseek(descriptor, 0, os.SEEK_SET)
    parts = []
    while part := os.read(descriptor, 1 << 20):
        parts.append(part)
    return b"".join(parts)


def _sync_folder(path):
    """Make the name of a new file last too; only POSIX can."""
    if os.name == "posix":
        descriptor = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def _locked(descriptor, *, shared=False):
    """Hold the lock of a file; it ends with the process."""
    if os.name == "posix":
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        yield
        fcntl.flock(descriptor, fcntl.LOCK_UN)
    else:
        import msvcrt

        # a byte far behind the end: the lock of one in the file would keep others from reading it
        os.lseek(descriptor, 1 << 40, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)
        try:
            os.lseek(descriptor, 0, os.SEEK_SET)
            yield
        finally:
            os.lseek(descriptor, 1 << 40, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)
