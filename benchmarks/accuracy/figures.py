"""Figures made of the results files and nothing else."""

from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from skspectral.plotting import CellHeatmapDisplay, PredictedMeasuredDisplay, TransferCurveDisplay

from .comparison import MAIN_STANDARDS
from .data import PLANS
from .deep_baselines import shared_splits
from .methods import METHODS
from .summary import read_results

__all__ = ["write_figures"]

RESOLUTION = 110


def write_figures(folder, dataset):
    """Draw RMSEP against N, predicted against measured, and the heat map of all cells.

    Predictions are large and may not be there; their figures then stay as they are. Methods that were run on fewer
    splits than others are left out, and networks have a heat map on theirs.

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
    results = results[results["selection"] == "random"]
    networks = shared_splits(results)
    repeats = results.groupby("method")["repeat"].nunique()
    results = results[results["method"].map(repeats) == repeats.max()]
    path = folder / f"{dataset}_predictions.csv"
    predictions = pd.read_csv(path, dtype={"n_standards": str}) if path.exists() else None
    target_folder = folder / "figures"
    target_folder.mkdir(exist_ok=True)
    written = []
    # the caller's matplotlib settings decide nothing here, and stay as they are
    with mpl.rc_context({"font.size": 9}):
        for source, target in plan.pairs:
            part = _of_pair(results, source, target)
            if len(part):
                name = f"{dataset}_{source}-{target}"
                written.append(_save(_curves(part, plan, source, target), target_folder / f"{name}_curves.png"))
            part = _of_pair(predictions, source, target) if predictions is not None else ()
            if len(part):
                written.append(_save(_scatter(part, plan, source, target), target_folder / f"{name}_predictions.png"))
        written.append(_save(_heatmap(results), target_folder / f"{dataset}_cells.png"))
        if len(networks):
            written.append(_save(_heatmap(networks), target_folder / f"{dataset}_networks.png"))
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
        ax.set_title(f"{source} → {target}, {name}")
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
    numbers = {int(n) for n in results["n_standards"] if n not in ("0", "all")}
    n = MAIN_STANDARDS if MAIN_STANDARDS in numbers else max(numbers)
    shown = results[results["n_standards"].isin(["0", str(n), "all"])]
    methods = [name for name in METHODS if name in set(shown["method"]) and name != "native"]
    n_cells = shown[["source", "target", "property"]].drop_duplicates().shape[0]
    figure = Figure(figsize=(2.5 + 0.5 * n_cells, 2.2 + 0.36 * len(methods)), layout="constrained")
    FigureCanvasAgg(figure)
    CellHeatmapDisplay.from_results(shown, methods=methods, relative_to="native", ax=figure.subplots())
    figure.axes[0].set_title(f"N = {n}")
    return figure


def _save(figure, path):
    figure.savefig(path, dpi=RESOLUTION)
    return path
