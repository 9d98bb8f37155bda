"""The foundation model beside its own safety net, for every number of standards of the accuracy benchmark."""

import numpy as np
import pandas as pd

from benchmarks.accuracy.data import PLANS
from benchmarks.accuracy.summary import CELL, of_pairs

__all__ = ["by_number", "compare", "draw"]

MODEL, TWIN = "SpectralFMTransfer", "SpectralFM (random weights)"
NUMBERS = ("unlabelled", "5", "10", "15", "20", "30", "50")
LEGEND = {"pretrained": "tab:blue", "random weights": "0.5"}
# With whom the model is compared where instruments share a range, and where they share none.
TOGETHER = ("AutoTransfer", "the portfolio on the range that the instruments share")
APART = ("TargetOnly-native", "PLS on the target's standards, over its own range")


def by_number(results, dataset, parts):
    """Lines of Markdown from the results of one data set; none where the model was not run.

    Parameters
    ----------
    results : DataFrame
        Results of the accuracy benchmark, ``n_standards`` as text.
    dataset : str
        A data set of the benchmark.
    parts : DataFrame
        Results of the parts of the model, for the network with random weights.
    """
    lines = []
    for disjoint, (other, what) in ((False, TOGETHER), (True, APART)):
        table = compare(results, dataset, other, disjoint=disjoint)
        if len(table):
            lines += [
                f"\nAgainst {other}: {what}. RMSEP ratios below 1 are in favour of {MODEL}. Beside it the mean ratios "
                "of the same mixture with a network of random weights, with their numbers of splits.\n",
                f"| selection | standards | cells | splits | R2 {other} | R2 {MODEL} | mean ratio | median | ahead | "
                "random weights |",
                "|---|---|---|---|---|---|---|---|---|---|",
            ]
        twin = dict(
            ((r.selection, r.n), r) for r in compare(results, dataset, other, TWIN, disjoint=disjoint).itertuples()
        )
        for row in table.itertuples():
            ratios = f"{_mean(row.ratios):.3f} | {np.median(row.ratios):.3f} | {(row.ratios < 1).sum()}"
            random = None if disjoint or row.selection != "random" else of_twin(parts, row.n)
            if (found := twin.get((row.selection, row.n))) is not None:
                random = found.ratios, found.splits
            beside = "not run" if random is None else f"{_mean(random[0]):.3f} ({random[1]})"
            lines.append(
                f"| {row.selection} | {row.n} | {len(row.ratios)} | {row.splits} | {row.r2_other:.4f} | {row.r2:.4f} | "
                f"{ratios} | {beside} |"
            )
    return [f"\n## By number of standards, {dataset}\n", *lines] if lines else []


def of_twin(parts, n):
    """RMSEP over the portfolio's, by cell, of the mixture with random weights.

    Parameters
    ----------
    parts : DataFrame
        Results of the parts of the model.
    n : str
        Number of standards as in the accuracy benchmark.

    Returns
    -------
    (ndarray of shape (n_cells,), int) or None
        Ratios and number of splits, where it was run.
    """
    part = parts[parts["n_standards"] == (0 if n == NUMBERS[0] else int(n))]
    own = part[part["network"] == "random weights"]
    rmsep = own.groupby([*CELL, "expert"])["rmsep"].mean().unstack("expert")
    if "mixture" not in rmsep:
        return None
    return (rmsep["mixture"] / rmsep["portfolio"]).dropna().to_numpy(), own["repeat"].nunique()


def _mean(ratios):
    return float(np.exp(np.log(ratios).mean()))


def compare(results, dataset, other, model=MODEL, *, disjoint=False):
    """Compare with another method on the splits that both have.

    Parameters
    ----------
    results : DataFrame
        As for `by_number`.
    dataset, other, model : str
        Data set, and the methods to compare.
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
            wide = part[part["method"].isin([model, other])].pivot_table(
                index=[*CELL, "repeat"], columns="method", values=["r2", "rmsep"]
            )
            if len(wide.columns) == 4:
                wide = wide.dropna()
                cells = wide.groupby(level=CELL).mean()
                ratios = (cells["rmsep"][model] / cells["rmsep"][other]).to_numpy()
                means = cells["r2"][other].mean(), cells["r2"][model].mean()
                rows.append((selection, n, len(wide.index.unique("repeat")), *means, ratios))
    return pd.DataFrame(rows, columns=["selection", "n", "splits", "r2_other", "r2", "ratios"])


def draw(results, path):
    """Draw the ratios of all cells against the number of standards; beside them those with random weights.

    Parameters
    ----------
    results : dict of {str: (DataFrame, DataFrame)}
        Results of the accuracy benchmark, and of the parts of the model, by data set.
    path : Path
        The figure.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt
    from matplotlib.ticker import FuncFormatter, NullFormatter

    panels = [
        (name if other is TOGETHER else f"{name}, no common range", *_drawn(tables, name, other[0], disjoint))
        for name, tables in results.items()
        for disjoint, other in ((False, TOGETHER), (True, APART))
    ]
    panels = [panel for panel in panels if len(panel[1])]
    figure, axes = plt.subplots(1, len(panels), figsize=(3.4 * len(panels), 3.8), sharey=True, layout="constrained")
    for axis, (name, *drawn) in zip(np.atleast_1d(axes), panels, strict=True):
        numbers = list(drawn[0])
        for ratios, shift, colour in zip(drawn, (-0.16, 0.16), LEGEND.values(), strict=True):
            places = [numbers.index(n) + shift for n in ratios]
            style = {key: {"color": colour} for key in ("boxprops", "whiskerprops", "capprops", "medianprops")}
            style["flierprops"] = {"markeredgecolor": colour, "markersize": 4}
            if places:
                axis.boxplot(list(ratios.values()), positions=places, widths=0.28, manage_ticks=False, **style)
        axis.axhline(1, color="0.5", lw=1)
        labels = ["0" if n == NUMBERS[0] else n for n in numbers]
        axis.set(title=name, xlabel="standards", yscale="log", xticks=range(len(numbers)), xticklabels=labels)
        axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.yaxis.set_minor_formatter(NullFormatter())
        axis.set_yticks([0.3, 0.5, 0.7, 1.0, 1.4, 2.0])
    first = np.atleast_1d(axes)[0]
    first.set_ylabel("RMSEP over that of AutoTransfer\n(TargetOnly where nothing is shared)")
    for label, colour in LEGEND.items():
        first.plot([], [], color=colour, label=label)
    first.legend()
    figure.savefig(path, dpi=130)
    plt.close(figure)
    return path


def _drawn(tables, dataset, other, disjoint):
    """Ratios by number of standards, of the model and of the one with random weights."""
    accuracy, parts = tables
    trained, random = (
        {row.n: row.ratios for row in table[table["selection"] == "random"].itertuples()}
        for table in (compare(accuracy, dataset, other, model, disjoint=disjoint) for model in (MODEL, TWIN))
    )
    beside = {} if disjoint else {n: of_twin(parts, n) for n in trained}
    of_parts = {n: found[0] for n, found in beside.items() if found is not None}
    return trained, of_parts | random
