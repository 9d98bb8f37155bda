"""What the README says about the foundation model, from the results files: the network beside an untrained one."""

from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.accuracy.summary import CELL
from benchmarks.foundation.intervals import interval

__all__ = ["BEGIN", "END", "LEFT_OUT", "foundation_text", "write_readme"]

BEGIN, END = "<!-- foundation: begin -->", "<!-- foundation: end -->"
DATASETS = ("corn", "tablets", "sugarcane")
# Only assay is a property of the tablets that spectra say something about.
LEFT_OUT = ("weight", "hardness")
NUMBERS = (10, 0)
TRAINED, RANDOM = ("pretrained", "mixture"), ("random weights", "mixture")


def foundation_text(folder):
    """Sentences of Markdown about the mixture over the portfolio, with its random twin.

    Parameters
    ----------
    folder : path-like
        Folder of ``<dataset>.csv``, and of ``twin.csv`` where there is one.

    Returns
    -------
    str
    """
    tables = {name: pd.read_csv(Path(folder) / f"{name}.csv") for name in DATASETS if _has(folder, name)}
    said = [_of_number(tables, n) for n in NUMBERS]
    said += [_of_training(tables), _of_twin(pd.read_csv(Path(folder) / "twin.csv")) if _has(folder, "twin") else ""]
    return "\n".join(text for text in said if text)


def write_readme(folder, readme):
    """Put the sentences between the marks of the README."""
    path = Path(readme)
    before, rest = path.read_text(encoding="utf-8").split(BEGIN)
    path.write_text(f"{before}{BEGIN}\n{foundation_text(folder)}\n{END}{rest.split(END)[1]}", encoding="utf-8")


def _has(folder, name):
    return (Path(folder) / f"{name}.csv").exists()


def _of_number(tables, n):
    found = []
    for name, table in tables.items():
        changes = {key: _log_ratios(table, n, key) for key in (TRAINED, RANDOM)}
        if changes[TRAINED] is not None:
            trained, random = map(_percent, changes.values())
            cells = len(changes[TRAINED])
            found.append(f"{trained} on {name} ({cells} cells; random weights {random})")
    if not found:
        return ""
    where = f"With {n} standards" if n else "Without standards, with unlabelled spectra of the calibration samples,"
    return f"{where} its RMSEP is, beside that of the portfolio alone, {_listed(found)}."


def _of_training(tables):
    """What the training itself changes, with its interval over cells."""
    found = []
    for name, table in tables.items():
        trained, random = (_log_ratios(table, NUMBERS[0], key) for key in (TRAINED, RANDOM))
        if random is not None:
            difference = (trained - random).dropna()
            low, high = (_signed(value) for value in interval(difference.to_numpy()))
            found.append(f"{_percent(difference)} on {name} (95 % interval over cells {low} to {high})")
    return f"Its training alone changes the RMSEP with {NUMBERS[0]} standards by {_listed(found)}." if found else ""


def _of_twin(table):
    """The same on tasks that the pretraining left out, from the comparison of networks."""
    found = []
    own = table[(table["expert"] == "mixture") & (table["weights"].str.contains(" - "))]
    for n, part in own.groupby("standards"):
        spans = (map(_signed, (row.log_rmse, row.low, row.high)) for row in part.itertuples())
        of_tasks = [
            "{} on {} ({} to {})".format(mean, tasks, *ends) for (mean, *ends), tasks in zip(spans, part["tasks"])
        ]
        found.append(f"with {n} standards {_listed(of_tasks)}")
    said = "On tasks that the training left out it changes the error of the mixture"
    return f"{said} {'; '.join(found)}." if found else ""


def _log_ratios(table, n, key):
    """Logarithm of an expert's mean RMSEP over the portfolio's in every cell; None where it was not run."""
    own = table[(table["n_standards"] == n) & (table["network"] == key[0]) & ~table["property"].isin(LEFT_OUT)]
    rmsep = own.groupby([*CELL, "expert"])["rmsep"].mean().unstack("expert")
    return np.log(rmsep[key[1]] / rmsep["portfolio"]) if key[1] in rmsep else None


def _percent(log_ratios):
    return "not run" if log_ratios is None else _signed(log_ratios.mean())


def _signed(log_ratio):
    return f"{100 * np.expm1(log_ratio):+.1f} %"


def _listed(parts):
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
