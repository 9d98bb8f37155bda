"""Results as append-only CSV files: a run that was stopped goes on where it stopped, on the same inputs only.

A row is known by its key columns. Rows that are there already are never written again, so a unit that was cut off in
the middle is computed anew and only what is missing is added; the file ends up as if nothing had happened.
"""

import csv
from dataclasses import replace
from pathlib import Path

from .fingerprints import is_of_these_inputs

__all__ = ["SettingsChangedError", "Store", "Table"]

JOB = ("dataset", "source", "target", "selection", "repeat")
UNIT = (*JOB, "n_standards", "method")
FIGURES = (
    *("seed", "n_calibration", "n_test", "rmsep", "bias", "sep", "r2", "rpd", "sse", "prep", "n_components"),
    *("blind_rmse", "fit_seconds", "version", "settings"),
)


class SettingsChangedError(ValueError):
    """The results in the file were written by another version, or with other settings, than this run has."""


class Table:
    """One CSV file whose rows are known by their key columns."""

    def __init__(self, path, key, others):
        self.path, self.key, self.columns = path, key, (*key, *others)
        self.rows = self._read()

    def _read(self):
        """Read the rows by key; a last line without its end was cut off by a kill and is removed."""
        if not self.path.exists():
            return {}
        content = self.path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) < len(content):
            self.path.write_bytes(whole)
        with self.path.open(newline="", encoding="utf-8") as stream:
            reader = csv.DictReader(stream)
            if reader.fieldnames is not None and tuple(reader.fieldnames) != self.columns:
                raise SettingsChangedError(
                    f"{self.path} has the columns {reader.fieldnames}, expected {list(self.columns)}. Move it away or "
                    "give another --output."
                )
            return {tuple(row[name] for name in self.key): row for row in reader}

    def append(self, rows):
        """Add the rows that are not there yet, in one write."""
        texts = [{name: _text(row[name]) for name in self.columns} for row in rows]
        fresh = {tuple(row[name] for name in self.key): row for row in texts}
        fresh = {key: row for key, row in fresh.items() if key not in self.rows}
        if not fresh:
            return
        begins = not self.path.exists() or self.path.stat().st_size == 0
        with self.path.open("a", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, self.columns, lineterminator="\n")
            if begins:
                writer.writeheader()
            writer.writerows(fresh.values())
        self.rows.update(fresh)

    def remove(self, unwanted):
        """Remove the rows that a function is true of, by a new file in place of the old one."""
        kept = {key: row for key, row in self.rows.items() if not unwanted(row)}
        if len(kept) == len(self.rows):
            return
        new = self.path.with_suffix(".new")
        with new.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, self.columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(kept.values())
        new.replace(self.path)
        self.rows = kept


class Store:
    """The three files of a data set: results, predictions and splits.

    Parameters
    ----------
    folder : path-like
        Created if it does not exist.
    dataset : str
        Files are ``<dataset>.csv``, ``<dataset>_predictions.csv`` and ``<dataset>_splits.csv``.
    """

    def __init__(self, folder, dataset):
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self.results = Table(folder / f"{dataset}.csv", (*UNIT, "property"), FIGURES)
        self.predictions = Table(
            folder / f"{dataset}_predictions.csv", (*UNIT, "property", "sample_id"), ("measured", "predicted")
        )
        self.splits = Table(folder / f"{dataset}_splits.csv", JOB, ("seed", "standards", "test"))

    def remaining(self, job):
        """Return the job with the units that are not finished, or None.

        Raises
        ------
        SettingsChangedError
            If finished units were computed with other settings; results are never mixed.
        """
        left = tuple(unit for unit in job.units if not self._is_finished(job, unit))
        return replace(job, units=left) if left else None

    def _is_finished(self, job, unit):
        key = tuple(map(str, (*job.labels.values(), unit.n_standards, unit.method)))
        found = [self.results.rows.get((*key, name)) for name in job.properties]
        there = [row for row in found if row is not None]
        if not all(is_of_these_inputs(row, unit.method, job.dataset) for row in there):
            raise SettingsChangedError(
                f"{self.results.path} holds results of {unit.method} with other settings or of other data. Move it "
                "away, give another --output, or have them computed anew with --replace-changed."
            )
        return all(row is not None for row in found)

    def add(self, outcome):
        """Write the rows of a finished job; the results come last, because they mark it as finished."""
        self.predictions.append(outcome.predictions)
        self.splits.append(outcome.splits)
        self.results.append(outcome.results)

    def forget_changed(self, methods, dataset):
        """Remove the rows of methods whose settings have changed since, so that they are computed anew.

        Parameters
        ----------
        methods : sequence of str
        dataset : str
        """
        changed = {
            row["method"]
            for row in self.results.rows.values()
            if row["method"] in methods and not is_of_these_inputs(row, row["method"], dataset)
        }
        for table in (self.results, self.predictions):
            table.remove(lambda row: row["method"] in changed)

    def merge(self, other):
        """Take over what another store has, such as the results of another machine.

        Parameters
        ----------
        other : Store

        Raises
        ------
        SettingsChangedError
            If a split that both have is not the same, or results are not those of the settings here.
        """
        for key, row in other.splits.rows.items():
            if self.splits.rows.get(key, row) != row:
                raise SettingsChangedError(f"{other.splits.path} has other samples in the split {' '.join(key)}.")
        for row in other.results.rows.values():
            if not is_of_these_inputs(row, row["method"], row["dataset"]):
                raise SettingsChangedError(
                    f"{other.results.path} holds results of {row['method']} with other settings or of other data."
                )
        for name in ("predictions", "splits", "results"):
            getattr(self, name).append(getattr(other, name).rows.values())


def _text(value):
    """Write floats with seven digits: more than any figure needs, and a third of the bytes."""
    return f"{value:.7g}" if isinstance(value, float) else str(value)
