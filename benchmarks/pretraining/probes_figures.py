"""One figure a probe, drawn from the summary."""

import matplotlib.pyplot as plt
import numpy as np

from benchmarks.pretraining.networks import PRETRAINED, RANDOM
from benchmarks.pretraining.probes import PROBES

__all__ = ["draw"]

COLOURS = {PRETRAINED: "tab:blue", RANDOM: "tab:orange", "": "0.3"}


def draw(summary, out):
    """Draw every probe that the summary has: ``<probe>.png``."""
    for probe, make in zip(PROBES, (_reconstruction, _features, _instrument, _transfer)):
        if probe in summary:
            figure = make(summary[probe])
            figure.savefig(out / f"{probe}.png", dpi=120)
            plt.close(figure)


def _dots(ax, values, place, **style):
    """Values with their intervals: (n, 3) against (n,)."""
    values = np.array(values)
    reach = np.abs(values[:, 1:] - values[:, :1]).T
    ax.errorbar(values[:, 0], place, xerr=reach, fmt="o", markersize=4, **style)


def _list(names, n_axes, width=4.0):
    figure, axes = plt.subplots(
        1,
        n_axes,
        sharey=True,
        squeeze=False,
        figsize=(3 + width * n_axes, 1.2 + 0.32 * len(names)),
        layout="constrained",
    )
    axes[0, 0].set_yticks(range(len(names)), names)
    axes[0, 0].invert_yaxis()
    return figure, axes[0]


def _reconstruction(rows):
    rows = _unseen_if_any(rows)
    figure, (ax,) = _list([row["method"] for row in rows], 1)
    _dots(ax, [row["rmse"] for row in rows], range(len(rows)), color="black")
    ax.set(xscale="log", xlabel="RMSE of hidden channels, standard deviations of a spectrum", title="median data set")
    return figure


def _features(rows):
    kinds = [kind for kind in (True, False) if any(row["unseen"] == kind for row in rows)]
    methods = list(dict.fromkeys(row["method"] for row in rows))
    figure, axes = _list(methods, len(kinds))
    for ax, kind in zip(axes, kinds):
        for shift, network in zip((0.0, -0.15, 0.15), ("", PRETRAINED, RANDOM)):
            found = [row for row in rows if row["unseen"] == kind and row["network"] == network]
            if found:
                place = [methods.index(row["method"]) + shift for row in found]
                label = network or "no network"
                _dots(ax, [row["to_pls"] for row in found], place, color=COLOURS[network], label=label)
        ax.axvline(1.0, color="tab:red", linestyle=":")
        ax.set(xlabel="RMSECV over that of PLS", title="unseen data sets" if kind else "seen in pretraining")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def _instrument(rows):
    kinds = [kind for kind in (False, True) if any(row["simulated"] == kind for row in rows)]
    names = list(dict.fromkeys(f"{row['code']} {row['network']}".strip() for row in rows))
    figure, axes = _list(names, len(kinds))
    for ax, kind in zip(axes, kinds):
        found = [row for row in rows if row["simulated"] == kind]
        place = [names.index(f"{row['code']} {row['network']}".strip()) for row in found]
        _dots(ax, [row["accuracy"] for row in found], place, color="black")
        ax.axvline(found[0]["chance"], color="tab:red", linestyle=":", label="chance")
        ax.set(xlabel="instrument named", title="simulated instruments" if kind else "real pairs")
        ax.legend()
    return figure


def _transfer(rows):
    figure, ax = plt.subplots(figsize=(6, 4), layout="constrained")
    methods = list(dict.fromkeys(row["method"] for row in rows))
    for number, method in enumerate(methods):
        found = [row for row in rows if row["method"] == method]
        values = np.array([row["rmsep"] for row in found])
        place = np.arange(len(found)) + 0.06 * (number - len(methods) / 2)
        reach = np.abs(values[:, 1:] - values[:, :1]).T
        ax.errorbar(place, values[:, 0], yerr=reach, fmt="o-", markersize=4, label=method)
    counts = list(dict.fromkeys(row["n_standards"] for row in rows))
    ax.set_xticks(range(len(counts)), counts)
    ax.set(xlabel="standards", ylabel="RMSEP, median split", yscale="log")
    ax.legend()
    return figure


def _unseen_if_any(rows):
    return [row for row in rows if row["unseen"]] or rows
