"""Figures made of the results files and nothing else."""

from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from skspectral.plotting import (
    CellHeatmapDisplay,
    CriticalDifferenceDisplay,
    PredictedMeasuredDisplay,
    TransferCurveDisplay,
)

from .comparison import MAIN_STANDARDS
from .data import PLANS
from .methods import METHODS
from .protocol import WITH_UNLABELLED
from .summary import CELL, of_pairs, read_results

__all__ = ["write_figures"]

RESOLUTION = 110
# nobody reads a wider heat map
MOST_CELLS = 40


def write_figures(folder, dataset):
    """Draw RMSEP against N, predicted against measured, and of all cells the heat map and the mean ranks.

    Predictions are large and may not be there; their figures then stay as they are. Methods that were run on fewer
    splits than others are left out; where there are such, a heat map and ranks of all on their splits come besides.

    Parameters
    ----------
    folder : path-like
        Where the results are; figures go to ``figures`` in it.
    dataset : str

    Returns
    -------
    list of Path
    """
    folder, plan = Path(folder), PLANS[dataset]
    results = read_results(folder, dataset)
    results = results[(results["selection"] == "random") & ~results["n_standards"].isin(WITH_UNLABELLED)]
    results = results[of_pairs(results, plan.pairs)]
    everyone = _splits_of_all(results)
    repeats = results.groupby("method")["repeat"].nunique()
    results = results[results["method"].map(repeats) == repeats.max()]
    path = folder / f"{dataset}_predictions.csv"
    predictions = pd.read_csv(path, dtype={"n_standards": str}) if path.exists() else None
    target_folder = folder / "figures"
    target_folder.mkdir(exist_ok=True)
    written = []
    # the caller's matplotlib settings decide nothing here, and stay as they are
    with mpl.rc_context({"font.size": 9}):
        for source, target in plan.drawn or plan.pairs:
            part = _of_pair(results, source, target)
            if len(part):
                name = f"{dataset}_{source}-{target}"
                written.append(_save(_curves(part, plan, source, target), target_folder / f"{name}_curves.png"))
            part = _of_pair(predictions, source, target) if predictions is not None else ()
            if len(part):
                written.append(_save(_scatter(part, plan, source, target), target_folder / f"{name}_predictions.png"))
        for name, table in (("cells", results), ("networks", everyone)):
            if len(table) and _main_number(table):
                if len(_cells(table)) <= MOST_CELLS:
                    written.append(_save(_heatmap(table), target_folder / f"{dataset}_{name}.png"))
                if table["method"].nunique() > 2 and len(_cells(table)) > 1:
                    written.append(_save(_ranks(table), target_folder / f"{dataset}_{name}_ranks.png"))
    return written


def _of_pair(table, source, target):
    return table[(table["source"] == source) & (table["target"] == target)]


def _grid(n_panels, width, height):
    figure = Figure(figsize=(2 * width, height * ((n_panels + 1) // 2)), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots((n_panels + 1) // 2, 2, squeeze=False).ravel()
    for ax in axes[n_panels:]:
        ax.remove()
    return figure, axes[:n_panels]


def _curves(part, plan, source, target):
    figure, axes = _grid(len(plan.properties), 4.6, 3.2)
    methods = [name for name in METHODS if name in set(part["method"]) and METHODS[name].standards == "some"]
    for ax, name in zip(axes, plan.properties):
        TransferCurveDisplay.from_results(part[part["property"] == name], methods=methods, ax=ax)
        ax.set_title(f"{source} → {target}, {name}", fontsize="medium")
        ax.get_legend().remove()
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside right center", frameon=False)
    return figure


def _scatter(part, plan, source, target):
    figure, axes = _grid(len(plan.properties), 4.4, 4.0)
    for ax, name in zip(axes, plan.properties):
        rows = part[part["property"] == name]
        at_n = rows["n_standards"] == str(MAIN_STANDARDS)
        group = rows["method"] + np.where(at_n, f" (N = {MAIN_STANDARDS})", "")
        PredictedMeasuredDisplay.from_predictions(
            rows["measured"], rows["predicted"], group=group, target_name=name, ax=ax, s=8, alpha=0.6
        )
        ax.set_title(f"{source} → {target}")
    return figure


def _heatmap(results):
    n, shown = _at_main_number(results)
    methods = [name for name in METHODS if name in set(shown["method"]) and name != "native"]
    figure = Figure(figsize=(2.5 + 0.5 * len(_cells(shown)), 2.2 + 0.36 * len(methods)), layout="constrained")
    FigureCanvasAgg(figure)
    CellHeatmapDisplay.from_results(shown, methods=methods, relative_to="native", ax=figure.subplots())
    figure.axes[0].set_title(f"N = {n}")
    return figure


def _ranks(results):
    n, shown = _at_main_number(results)
    methods = [name for name in METHODS if name in set(shown["method"])]
    figure = Figure(figsize=(8.0, 2.4 + 0.22 * len(methods)), layout="constrained")
    FigureCanvasAgg(figure)
    CriticalDifferenceDisplay.from_results(shown, methods=methods, ax=figure.subplots())
    figure.suptitle(f"N = {n}")
    return figure


def _splits_of_all(results):
    """Rows of the repeats that every method has, where some have more; none where all have the same."""
    _, shown = _at_main_number(results)
    methods = shown.groupby("repeat")["method"].nunique()
    repeats = methods.index[methods == shown["method"].nunique()]
    return results[results["repeat"].isin(repeats)] if len(repeats) < len(methods) else results[:0]


def _main_number(results):
    """The number of standards that is shown; 0 where there are only methods that depend on none."""
    numbers = {int(n) for n in results["n_standards"] if n.isdigit()}
    return MAIN_STANDARDS if MAIN_STANDARDS in numbers else max(numbers, default=0)


def _at_main_number(results):
    """The number of standards that is shown, and its rows with those of methods that depend on none."""
    n = _main_number(results)
    return n, results[results["n_standards"].isin(["0", str(n), "all"])]


def _cells(results):
    return results[CELL].drop_duplicates()


def _save(figure, path):
    figure.savefig(path, dpi=RESOLUTION)
    return path
