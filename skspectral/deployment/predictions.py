"""What a deployed model answers: one row per spectrum or sample, with intervals, flags and their reasons."""

import csv
import io
from dataclasses import dataclass, field

import numpy as np

from .._core.optional import import_optional

__all__ = ["SEVERITIES", "Predictions", "refuse_columns_of_one_name"]

#: From harmless to unusable; an empty flag means that nothing was found.
SEVERITIES = ("", "note", "warning", "reject")


#: What stands beside the value of a property, and what names the rows.
BESIDE = ("lower", "upper", "replicate_sd", "flag", "reason")
LABELS = ("file", "sample_id", "instrument", "n_spectra")
#: The last column, so that a table that was passed on says what its intervals are.
LEVEL = "interval_level"


def refuse_columns_of_one_name(properties):
    """Refuse properties that the table of predictions would have no column of its own for.

    Raises
    ------
    ValueError
        It names the property, and the column that is called alike.
    """
    taken = {name: "what names the rows" for name in LABELS}
    taken[LEVEL] = "what share of the intervals is to hold the reference"
    taken |= {f"{name}_{what}": f"{what} of {name!r}" for name in properties for what in BESIDE}
    for name in properties:
        if name in taken:
            raise ValueError(
                f"The property {name!r} is called as a column of the predictions, {taken[name]}. Call it otherwise."
            )


@dataclass(frozen=True, eq=False)
class Predictions:
    """Predicted values, one row per spectrum or per sample.

    Attributes
    ----------
    properties : list of str
    units : dict of {str: str}
        Units of the properties that have one.
    labels : dict of {str: list}
        What names the rows: ``sample_id``, ``instrument``, ``file``, where they are known.
    value, lower, upper : ndarray of shape (n_rows, n_properties)
        In units of the properties; the interval is NaN where the model has none.
    flag : ndarray of str of shape (n_rows, n_properties)
        "", "note", "warning" or "reject".
    reason : ndarray of str of shape (n_rows, n_properties)
        Why, in words.
    level : float
        What share of the intervals is meant to hold the reference value.
    n_spectra, spread : ndarray or None
        Per sample: number of replicates (n_rows,) and the standard deviation of their predictions
        (n_rows, n_properties), NaN for one.
    notes : list of str
        What was assumed or left out.
    """

    properties: list
    units: dict
    labels: dict
    value: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    flag: np.ndarray
    reason: np.ndarray
    level: float
    n_spectra: np.ndarray | None = None
    spread: np.ndarray | None = None
    notes: list = field(default_factory=list)

    def __len__(self):
        return len(self.value)

    def _columns(self):
        """Columns by name, in the order in which they are written."""
        columns = dict(self.labels)
        if self.n_spectra is not None:
            columns["n_spectra"] = self.n_spectra
        for j, name in enumerate(self.properties):
            columns[name] = self.value[:, j]
            columns[f"{name}_lower"], columns[f"{name}_upper"] = self.lower[:, j], self.upper[:, j]
            if self.spread is not None:
                columns[f"{name}_replicate_sd"] = self.spread[:, j]
            columns[f"{name}_flag"], columns[f"{name}_reason"] = self.flag[:, j], self.reason[:, j]
        columns[LEVEL] = np.where(np.isfinite(self.lower).any(axis=1), self.level, np.nan)
        return columns

    def to_frame(self):
        """Give the rows as pandas.DataFrame: for each property value, lower, upper, flag and reason, and the level.

        Returns
        -------
        pandas.DataFrame

        Raises
        ------
        OptionalDependencyError
            If pandas is not installed.
        """
        pandas = import_optional("pandas", extra="io", feature="A table of predictions")
        return pandas.DataFrame(self._columns())

    def to_csv(self):
        """Write the rows as text of a CSV file, with all digits of the numbers.

        Returns
        -------
        str
        """
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        columns = self._columns()
        writer.writerow(columns)
        for row in zip(*columns.values()):
            writer.writerow(["" if _blank(cell) else repr(float(cell)) if _is_float(cell) else cell for cell in row])
        return text.getvalue()

    def worst(self):
        """Give the severest flag of each row over the properties, ndarray of str of shape (n_rows,)."""
        ranks = [[SEVERITIES.index(flag) for flag in row] for row in self.flag]
        return np.array([SEVERITIES[max(row)] for row in ranks], dtype=object)

    def per_sample(self):
        """Average the spectra of each sample on each instrument.

        The spectra of one sample share the calibration's error, so that their mean has the mean of their intervals.
        Spectra that are rejected are not averaged where others of the sample are not.

        Returns
        -------
        Predictions
            With the number of spectra that were averaged and the standard deviation of their predictions. The flag is
            the severest of these, and "warning" at least where spectra were left out. Rows without ``sample_id`` stay
            by themselves.
        """
        ids = self.labels.get("sample_id", [None] * len(self))
        instruments = self.labels.get("instrument", [None] * len(self))
        groups = {}
        for row, (sample, instrument) in enumerate(zip(ids, instruments)):
            groups.setdefault((row,) if sample is None else (instrument, sample), []).append(row)
        rejected = (self.flag == "reject").any(axis=1)
        everyone = list(groups.values())
        members = [[row for row in rows if not rejected[row]] or rows for rows in everyone]

        def mean(values):
            return np.array([values[rows].mean(axis=0) for rows in members])

        judged = [self._judged(rows, used) for rows, used in zip(everyone, members)]
        columns = np.arange(len(self.properties))
        return Predictions(
            self.properties,
            self.units,
            {name: [values[rows[0]] for rows in members] for name, values in self.labels.items() if name != "file"},
            mean(self.value),
            mean(self.lower),
            mean(self.upper),
            np.array([flags for flags, _ in judged], dtype=object).reshape(len(members), -1),
            np.array([reasons for _, reasons in judged], dtype=object).reshape(len(members), -1),
            self.level,
            np.array([len(rows) for rows in members]),
            np.array(
                [
                    self.value[rows].std(axis=0, ddof=1) if len(rows) > 1 else np.full(len(columns), np.nan)
                    for rows in members
                ]
            ),
            list(self.notes),
        )

    def _judged(self, rows, used):
        """Flag and reason of each property of a sample, of whose spectra some are used."""
        worst = [max(used, key=lambda row: SEVERITIES.index(self.flag[row, j])) for j in range(len(self.properties))]
        flags = [self.flag[row, j] for j, row in enumerate(worst)]
        reasons = [self.reason[row, j] for j, row in enumerate(worst)]
        left_out = [row for row in rows if row not in used]
        if left_out:
            why = self.reason[left_out[0], list(self.flag[left_out[0]]).index("reject")]
            said = f"{len(left_out)} of {len(rows)} spectra left out: {why}"
            flags = [max(flag, "warning", key=SEVERITIES.index) for flag in flags]
            reasons = ["; ".join(filter(None, [reason, said])) for reason in reasons]
        return flags, reasons

    def __str__(self):
        found = [f"{n} {name}" for name in SEVERITIES[:0:-1] if (n := int((self.worst() == name).sum()))]
        one, many = ("sample", "samples") if self.n_spectra is not None else ("spectrum", "spectra")
        what = one if len(self) == 1 else many
        properties = ", ".join(
            f"{name} ({self.units[name]})" if name in self.units else name for name in self.properties
        )
        return f"Predictions of {properties} for {len(self)} {what}, {100 * self.level:.6g} % intervals; " + (
            f"flagged: {', '.join(found)}." if found else "none flagged."
        )

    __repr__ = __str__


def _is_float(cell):
    return isinstance(cell, (float, np.floating))


def _blank(cell):
    return cell is None or (_is_float(cell) and np.isnan(cell))
