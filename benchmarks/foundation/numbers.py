"""The foundation model beside its own safety net, for every number of standards of the accuracy benchmark."""

import numpy as np
import pandas as pd

from benchmarks.accuracy.data import PLANS
from benchmarks.accuracy.summary import CELL

__all__ = ["by_number"]

MODEL = "SpectralFMTransfer"
NUMBERS = ("unlabelled", "5", "10", "15", "20", "30", "50")


def by_number(results, dataset):
    """Lines of Markdown from the results of one data set; none where the model was not run.

    Parameters
    ----------
    results : DataFrame
        Results of the accuracy benchmark, ``n_standards`` as text.
    dataset : str
        A data set of the benchmark.
    """
    pairs = pd.MultiIndex.from_frame(results[["source", "target"]])
    apart = pairs.isin(PLANS[dataset].disjoint)
    sections = [
        _section(results[~apart], "AutoTransfer", "the portfolio on the range that the instruments share"),
        _section(results[apart], "TargetOnly-native", "PLS on the target's standards, over its own range"),
    ]
    sections = [lines for lines in sections if lines]
    if not sections:
        return []
    title = f"\n## By number of standards, {dataset}\n"
    return [title, *(line for lines in sections for line in lines)]


def _section(results, other, what):
    """Compare with another method on the splits that both have."""
    lines = []
    for selection in results["selection"].unique():
        for n in NUMBERS:
            part = results[(results["selection"] == selection) & (results["n_standards"] == n)]
            wide = part[part["method"].isin([MODEL, other])].pivot_table(
                index=[*CELL, "repeat"], columns="method", values=["r2", "rmsep"]
            )
            if len(wide.columns) < 4:
                continue
            wide = wide.dropna()
            cells = wide.groupby(level=CELL).mean()
            ratio = cells["rmsep"][MODEL] / cells["rmsep"][other]
            repeats = len(wide.index.unique("repeat"))
            lines.append(
                f"| {selection} | {n} | {len(cells)} | {repeats} | {cells['r2'][other].mean():.4f} | "
                f"{cells['r2'][MODEL].mean():.4f} | {np.exp(np.log(ratio).mean()):.3f} | {ratio.median():.3f} | "
                f"{(ratio < 1).sum()} |"
            )
    head = [
        f"\nAgainst {other}: {what}. RMSEP ratios below 1 are in favour of {MODEL}.\n",
        f"| selection | standards | cells | splits | R2 {other} | R2 {MODEL} | mean ratio | median | cells ahead |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    return [*head, *lines] if lines else []
