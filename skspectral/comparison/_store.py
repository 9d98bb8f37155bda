"""Predictions in memory and, as they come, in a file that a later run on the same inputs continues."""

import csv
import warnings
from pathlib import Path

from .._core.files import set_aside
from ..exceptions import OtherInputsWarning

__all__ = ["PredictionStore"]

FIELDS = ("run", "method", "repeat", "property", "row", "sample_id", "measured", "predicted", "fit_seconds")


class PredictionStore:
    """Predictions in memory and, as they come, in a file.

    Parameters
    ----------
    path : path-like or None
        The file.
    run : str
        Fingerprint of the inputs. A file of other inputs is put aside.
    """

    def __init__(self, path, run):
        self.path = None if path is None else Path(path)
        self.rows, self.set_aside = [], None
        if self.path is not None and self.path.exists():
            self._continue(run)
        self.done = {(row["method"], row["repeat"]) for row in self.rows}
        if self.path is not None:
            # a row cut off by a crash disappears with the rewriting
            fresh = self.path.with_name(f"{self.path.name}.part")
            with fresh.open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, FIELDS)
                writer.writeheader()
                writer.writerows(self.rows)
            fresh.replace(self.path)

    def _continue(self, run):
        """Take over the rows of the file, or put it aside where they come from other inputs."""
        with self.path.open(newline="", encoding="utf-8", errors="replace") as file:
            head = file.readline().strip()
        if head not in ("", ",".join(FIELDS)):
            raise ValueError(f"{self.path} is no file of predictions and is left as it is: give another path.")
        rows = _read_rows(self.path)
        if all(row["run"] == run for row in rows):
            self.rows = _complete(rows)
            return
        self.set_aside = set_aside(self.path)
        warnings.warn(
            f"The predictions in {self.path} come from other inputs (spectra, references, labels, names, splits, or a "
            f"method with all that it holds), so nothing of them is used. They are now {self.set_aside.name}; a new "
            "file is begun.",
            OtherInputsWarning,
            stacklevel=4,
        )

    def add(self, rows):
        rows = list(rows)
        self.rows += rows
        if self.path is not None:
            with self.path.open("a", newline="", encoding="utf-8") as file:
                csv.DictWriter(file, FIELDS).writerows(rows)


def _read_rows(path):
    """Read the rows that say what they are."""
    with path.open(newline="", encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if all(row.get(name) not in (None, "") for name in FIELDS[:4])]


def _complete(rows):
    """Parse complete groups of predictions; the last group may have been cut off and is made again."""
    last = (rows[-1]["method"], rows[-1]["repeat"]) if rows else None
    kept = []
    for row in rows:
        if (row["method"], row["repeat"]) == last:
            continue
        numbers = {name: float(row[name]) for name in ("measured", "predicted", "fit_seconds")}
        kept.append({**row, **numbers, "repeat": int(row["repeat"]), "row": int(row["row"])})
    return kept
