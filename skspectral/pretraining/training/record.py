"""Tables of a run, one row a step, that agree with its checkpoints after a kill."""

import csv
import os
from pathlib import Path

__all__ = ["StepTable", "write_text"]


class StepTable:
    """CSV file whose first column is the step.

    Parameters
    ----------
    path : path
        The file.
    columns : list of str
        Names of the columns, "step" first.
    last_step : int
        Rows beyond this step are dropped: the run continues from there and writes them again.
    """

    def __init__(self, path, columns, last_step=0):
        self.path, self.columns = Path(path), columns
        rows = [row for row in self.read() if int(row["step"]) <= last_step] if self.path.is_file() else []
        lines = [",".join(columns), *(",".join(row[name] for name in columns) for row in rows)]
        write_text(self.path, "\n".join(lines) + "\n")

    def append(self, row):
        """Write one row; columns that it lacks stay empty."""
        with self.path.open("a", newline="", encoding="utf-8") as file:
            csv.DictWriter(file, self.columns, lineterminator="\n").writerow(row)

    def read(self):
        """Read the complete rows: list of dict of str. A kill may have cut the last one short."""
        with self.path.open(newline="", encoding="utf-8") as file:
            return [row for row in csv.DictReader(file) if row.get(self.columns[-1]) not in (None, "")]


def write_text(path, text):
    """Replace a file in one go."""
    partial = path.with_name(path.name + ".partial")
    with partial.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, path)
