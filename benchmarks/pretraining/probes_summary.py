"""What the probes say: ratios and accuracies with intervals over data sets."""

import csv
import json

import numpy as np

from benchmarks.pretraining.bootstrap import median_interval
from benchmarks.pretraining.few_shot import AUTO
from benchmarks.pretraining.frozen import BEST_PLS, PLS
from benchmarks.pretraining.instrument_codes import SIMULATED
from benchmarks.pretraining.networks import PRETRAINED, RANDOM
from benchmarks.pretraining.probes import PROBES

__all__ = ["summarise", "write"]

#: Data sets that hold the same samples, or were measured beside each other: one kind each.
KINDS = ("drugs", "feedgrain", "gasoline")


def write(records, out):
    """Write one table a probe, all rows of it, and the summary: ``<probe>.csv`` and ``probes.json``.

    Parameters
    ----------
    records : list of dict
        Results, see `benchmarks.pretraining.probes.run_all`.
    out : path
        Folder.

    Returns
    -------
    dict
        The summary.
    """
    for probe in dict.fromkeys(record["probe"] for record in records):
        rows = _rows(records, probe)
        with (out / f"{probe}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows({k: f"{v:.6g}" if isinstance(v, float) else v for k, v in row.items()} for row in rows)
    summary = summarise(records)
    (out / "probes.json").write_text(json.dumps(summary, indent=1) + "\n")
    return summary


def summarise(records):
    """Give the summary of every probe: dict of str to list of dict, intervals as value, low, high."""
    summary = {"weights": sorted({f"{record['source']} ({record['weights']})" for record in records})}
    for probe, make in zip(PROBES, (_reconstruction, _features, _instrument, _transfer)):
        if rows := _rows(records, probe):
            summary[probe] = make(rows)
    return summary


def _rows(records, probe):
    """All results of a probe, with the data set of each and whether the training left it out."""
    rows = []
    for record in records:
        if record["probe"] == probe:
            rows += [{"name": record["name"], "unseen": record["unseen"]} | result for result in record["results"]]
    return rows


def _joined(label):
    """Give the networks of random numbers one name."""
    return RANDOM if label.startswith(RANDOM) else label


def _table(rows, key, value):
    """Geometric means of a value by data set and key: dict of dict."""
    found = {}
    for row in rows:
        found.setdefault(row["name"], {}).setdefault(key(row), []).append(np.log(value(row)))
    return {name: {k: float(np.exp(np.mean(v))) for k, v in each.items()} for name, each in found.items()}


def _kind(name):
    name = name.removeprefix(SIMULATED)
    return next((kind for kind in KINDS if name.startswith(kind)), name)


def _over(names, values):
    return median_interval(values, [_kind(name) for name in names])


def _groups(rows):
    """Rows of data sets that the training did not see, and of those that it saw."""
    return [(unseen, [row for row in rows if row["unseen"] == unseen]) for unseen in (True, False)]


def _reconstruction(rows):
    """Error of every method, and that of the pretrained network over it."""
    summary = []
    for unseen, chosen in _groups(rows):
        table = _table(chosen, lambda row: _joined(row["method"]), lambda row: row["rmse"])
        for method in dict.fromkeys(method for each in table.values() for method in each):
            names = [name for name in table if method in table[name]]
            row = {"method": method, "unseen": unseen, "data_sets": len(names)}
            row["rmse"] = _over(names, [table[name][method] for name in names])
            row["ratio"] = _over(names, [table[name][PRETRAINED] / table[name][method] for name in names])
            summary.append(row)
    return summary


def _features(rows):
    """Error of every calibration over that of PLS, of PLS with chosen preprocessing, and of random features."""
    summary = []
    for unseen, chosen in _groups(rows):
        errors = {}
        for row in chosen:
            place = errors.setdefault((row["name"], row["property"]), {})
            place.setdefault((_joined(row["network"]), row["method"]), []).append(row["rmsecv"])
        errors = {place: {k: float(np.exp(np.mean(np.log(v)))) for k, v in e.items()} for place, e in errors.items()}
        for key in dict.fromkeys(key for each in errors.values() for key in each):
            # stages are those of the network, so that all data sets have them
            row = {"network": key[0], "method": key[1], "unseen": unseen}
            references = {"to_pls": ("", PLS), "to_best_pls": ("", BEST_PLS), "to_random": (RANDOM, key[1])}
            for label, reference in references.items():
                if label == "to_random" and (key[0] != PRETRAINED or not any(reference in e for e in errors.values())):
                    continue
                ratios = {}
                for (name, _), each in errors.items():
                    ratios.setdefault(name, []).append(np.log(each[key] / each[reference]))
                row["data_sets"] = len(ratios)
                row[label] = _over(ratios, [float(np.exp(np.mean(values))) for values in ratios.values()])
            summary.append(row)
    return summary


def _instrument(rows):
    """Accuracies of the classification of the instrument, and shares of samples found again."""
    summary = []
    for simulated in (False, True):
        chosen = [row for row in rows if row["name"].startswith(SIMULATED) == simulated]
        for network, code in dict.fromkeys((_joined(row["network"]), row["code"]) for row in chosen):
            same = [row for row in chosen if (_joined(row["network"]), row["code"]) == (network, code)]
            names = list(dict.fromkeys(row["name"] for row in same))
            row = {"network": network, "code": code, "simulated": simulated, "data_sets": len(names)}
            row["unseen"] = all(each["unseen"] for each in same)
            for value in ("accuracy", "chance", "matched", "match_chance"):
                means = [float(np.mean([each[value] for each in same if each["name"] == name])) for name in names]
                row[value] = _over(names, means) if value in ("accuracy", "matched") else float(np.mean(means))
            summary.append(row)
    return summary


def _transfer(rows):
    """Error of every method over that of AutoTransfer, and that of the pretrained network over it.

    There are few pairs, so that the intervals are over splits: they say how sure the result is for these instruments.
    """
    summary = []
    for n in sorted({row["n_standards"] for row in rows}):
        table = _table(
            [row | {"name": (row["name"], row["split"])} for row in rows if row["n_standards"] == n],
            lambda row: _joined(row["method"]),
            lambda row: row["rmsep"],
        )
        for method in dict.fromkeys(method for each in table.values() for method in each):
            row = {"n_standards": n, "method": method, "splits": len(table)}
            row["unseen"] = all(each["unseen"] for each in rows)
            splits = [str(split) for split in table]
            row["rmsep"] = median_interval([each[method] for each in table.values()], splits)
            row["to_auto"] = median_interval([each[method] / each[AUTO] for each in table.values()], splits)
            if any(PRETRAINED in each for each in table.values()):
                ratios = [each[PRETRAINED] / each[method] for each in table.values()]
                row["pretrained_to_it"] = median_interval(ratios, splits)
            summary.append(row)
    return summary
