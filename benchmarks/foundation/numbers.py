"""The foundation model beside its own safety net, for every number of standards of the accuracy benchmark."""

import numpy as np
import pandas as pd

from benchmarks.accuracy.data import PLANS
from benchmarks.accuracy.summary import CELL, of_pairs

__all__ = ["by_number", "compare", "draw"]

MODEL = "SpectralFMTransfer"
NUMBERS = ("unlabelled", "5", "10", "15", "20", "30", "50")
# With whom the model is compared where instruments share a range, and where they share none.
TOGETHER = ("AutoTransfer", "the portfolio on the range that the instruments share")
APART = ("TargetOnly-native", "PLS on the target's standards, over its own range")


def by_number(results, dataset):
    """Lines of Markdown from the results of one data set; none where the model was not run.

    Parameters
    ----------
    results : DataFrame
        Results of the accuracy benchmark, ``n_standards`` as text.
    dataset : str
        A data set of the benchmark.
    """
    lines = []
    for disjoint, (other, what) in ((False, TOGETHER), (True, APART)):
        table = compare(results, dataset, other, disjoint=disjoint)
        if len(table):
            lines += [
                f"\nAgainst {other}: {what}. RMSEP ratios below 1 are in favour of {MODEL}.\n",
                f"| selection | standards | cells | splits | R2 {other} | R2 {MODEL} | mean ratio | median | ahead |",
                "|---|---|---|---|---|---|---|---|---|",
            ]
        for row in table.itertuples():
            ratios = f"{np.exp(np.log(row.ratios).mean()):.3f} | {np.median(row.ratios):.3f} | {(row.ratios < 1).sum()}"
            lines.append(
                f"| {row.selection} | {row.n} | {len(row.ratios)} | {row.splits} | {row.r2_other:.4f} | {row.r2:.4f} | "
                f"{ratios} |"
            )
    return [f"\n## By number of standards, {dataset}\n", *lines] if lines else []


def compare(results, dataset, other, *, disjoint=False):
    """Compare with another method on the splits that both have.

    Parameters
    ----------
    results : DataFrame
        As for `by_number`.
    dataset, other : str
        Data set and method.
    disjoint : bool
        Whether to take the pairs that share no range, or the others.

    Returns
    -------
    DataFrame
        By selection and number of standards: splits, mean R2 of both, and the ratio of the mean RMSEPs in every cell.
    """
    results = results[of_pairs(results, PLANS[dataset].disjoint) == disjoint]
    rows = []
    for selection in sorted(results["selection"].unique(), reverse=True):
        for n in NUMBERS:
            part = results[(results["selection"] == selection) & (results["n_standards"] == n)]
            wide = part[part["method"].isin([MODEL, other])].pivot_table(
                index=[*CELL, "repeat"], columns="method", values=["r2", "rmsep"]
            )
            if len(wide.columns) == 4:
                wide = wide.dropna()
                cells = wide.groupby(level=CELL).mean()
                ratios = (cells["rmsep"][MODEL] / cells["rmsep"][other]).to_numpy()
                means = cells["r2"][other].mean(), cells["r2"][MODEL].mean()
                rows.append((selection, n, len(wide.index.unique("repeat")), *means, ratios))
    return pd.DataFrame(rows, columns=["selection", "n", "splits", "r2_other", "r2", "ratios"])


def draw(results, path):
    """Draw the ratios of all cells against the number of standards.

    Parameters
    ----------
    results : dict of {str: DataFrame}
        Results of the accuracy benchmark by data set.
    path : Path
        The figure.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt
    from matplotlib.ticker import FuncFormatter, NullFormatter

    panels = [
        (name if other is TOGETHER else f"{name}, no common range", compare(table, name, other[0], disjoint=disjoint))
        for name, table in results.items()
        for disjoint, other in ((False, TOGETHER), (True, APART))
    ]
    panels = [(name, table[table["selection"] == "random"]) for name, table in panels if len(table)]
    figure, axes = plt.subplots(1, len(panels), figsize=(3.4 * len(panels), 3.6), sharey=True, layout="constrained")
    for axis, (name, table) in zip(np.atleast_1d(axes), panels, strict=True):
        axis.boxplot(list(table["ratios"]), tick_labels=["0" if n == "unlabelled" else n for n in table["n"]])
        axis.axhline(1, color="0.5", lw=1)
        axis.set(title=name, xlabel="standards", yscale="log")
        axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.yaxis.set_minor_formatter(NullFormatter())
        axis.set_yticks([0.3, 0.5, 0.7, 1.0, 1.4, 2.0])
    np.atleast_1d(axes)[0].set_ylabel("RMSEP over that of AutoTransfer\n(TargetOnly where nothing is shared)")
    figure.savefig(path, dpi=130)
    plt.close(figure)
    return path
