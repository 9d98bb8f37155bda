"""The deep baselines beside the other methods, on the splits that they were run on."""

import pandas as pd

from .methods import METHODS
from .summary import CELL, read_results, summarise

__all__ = ["WORTH", "deep_section", "native_share"]

STANDARDS = (5, 10, 15, 20, 30, 50)
NETWORKS = [name for name, method in METHODS.items() if method.network and method.standards == "some"]
# share of the mean R2 of PLS that a network with all of the target's samples has to reach
WORTH = 0.9


def deep_section(folder):
    """Lines of Markdown; none where no network was run."""
    tables = {name: shared_splits(read_results(folder, name)) for name in ("corn", "tablets")}
    tables["tablets"] = tables["tablets"][tables["tablets"]["property"] == "assay"]
    if not all(len(table) for table in tables.values()):
        return []
    share = native_share(pd.concat(tables.values()))
    summaries = {
        "corn, 24 cells": summarise(tables["corn"]),
        "tablets assay, 2 cells": summarise(tables["tablets"]),
    }
    lines = [
        "The settings of each network are the best of a search that sees training rows only. All methods here are on "
        f"the {tables['corn']['repeat'].nunique()} random splits that the networks were run on. A network calibrated "
        f"on all samples of the target (`native-CNN`) has {share:.3f} times the mean R2 of native PLS over the 26 "
        f"cells, {'at least' if share >= WORTH else 'BELOW'} {WORTH}: the comparison "
        f"{'stands' if share >= WORTH else 'is VOID'}.",
        "",
        "| | method | " + " | ".join(f"N={n}" for n in STANDARDS) + " |",
        "|---" * (len(STANDARDS) + 2) + "|",
    ]
    for label, summary in summaries.items():
        for method in METHODS:
            found = [_mean_r2(summary, method, n) for n in STANDARDS]
            if any(found):
                lines.append(f"| {label} | {method} | " + " | ".join(found) + " |")
        for method in ("native-CNN", "native"):
            found = _mean_r2(summary, method, "all")
            lines.append(f"| {label} | {method}, all samples | {found} |" + " |" * (len(STANDARDS) - 1))
    own = _rmsep(summaries["corn, 24 cells"], "AutoTransfer", 10)
    lines += [
        "",
        "| network, N=50 | corn cells in which AutoTransfer with 10 standards is ahead | of |",
        "|---|---|---|",
    ]
    for method in NETWORKS:
        other = _rmsep(summaries["corn, 24 cells"], method, 50)
        both = own.index.intersection(other.index)
        lines.append(f"| {method} | {int((own[both] < other[both]).sum())} | {len(both)} |")
    return lines


def shared_splits(results):
    """Rows of the splits that every network was run on with ten standards, in any cell."""
    results = results[results["selection"] == "random"]
    at_ten = results[results["n_standards"] == "10"]
    shared = set.intersection(*(set(at_ten[at_ten["method"] == method]["repeat"]) for method in NETWORKS))
    return results[results["repeat"].isin(shared)]


def native_share(results):
    """Mean R2 over the cells of the network with all samples of the target, as a share of that of PLS."""
    results = results[results["n_standards"] == "all"]
    means = results.groupby(["method", *CELL])["r2"].mean().groupby("method").mean()
    return means["native-CNN"] / means["native"]


def _of(summary, method, n):
    return summary[(summary["method"] == method) & (summary["n_standards"] == str(n))]


def _mean_r2(summary, method, n):
    """Mean over all cells, as text; nothing where splits are missing."""
    found, every = _of(summary, method, n), _of(summary, "native", "all")
    complete = len(found) == len(every) and found["n_repeats"].min() == every["n_repeats"].min()
    return f"{found['r2'].mean():.4f}" if complete else ""


def _rmsep(summary, method, n):
    return _of(summary, method, n).set_index(CELL)["rmsep"]
