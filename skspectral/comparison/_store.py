"""Predictions in memory and, as they come, in a file that a later run continues."""

import csv
from pathlib import Path

__all__ = ["PredictionStore"]

FIELDS = ("run", "method", "repeat", "property", "row", "sample_id", "measured", "predicted", "fit_seconds")


class PredictionStore:
    """Predictions in memory and, as they come, in a file."""

    def __init__(self, path, run):
        self.path = None if path is None else Path(path)
        self.rows = []
        if self.path is not None and self.path.exists():
            self.rows = [row for row in _read_rows(self.path) if row["run"] == run]
        self.done = {(row["method"], row["repeat"]) for row in self.rows}
        if self.path is not None:
            # a row cut off by a crash disappears with the rewriting
            with self.path.open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, FIELDS)
                writer.writeheader()
                writer.writerows(self.rows)

    def add(self, rows):
        rows = list(rows)
        self.rows += rows
        if self.path is not None:
            with self.path.open("a", newline="", encoding="utf-8") as file:
                csv.DictWriter(file, FIELDS).writerows(rows)


def _read_rows(path):
    """Read complete groups of predictions; the last group may have been cut off and is read again."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if all(row.get(name) not in (None, "") for name in FIELDS[:4])]
    last = (rows[-1]["method"], rows[-1]["repeat"]) if rows else None
    kept = []
    for row in rows:
        if (row["method"], row["repeat"]) == last:
            continue
        numbers = {name: float(row[name]) for name in ("measured", "predicted", "fit_seconds")}
        kept.append({**row, **numbers, "repeat": int(row["repeat"]), "row": int(row["row"])})
    return kept
