"""What the runs of the ablation say, as numbers with intervals, a table and a figure."""

import csv
import json
import math

import numpy as np

from benchmarks.pretraining.bootstrap import array_of, interval
from benchmarks.pretraining.real_pairs import N_STANDARDS
from benchmarks.pretraining.variants import FULL, VARIANTS

__all__ = ["draw", "summarise", "table", "write"]

#: Groups of pairs that are reported: those with measured references apart, since the simulator was fitted without them.
GROUPS = {"all pairs": "", "feedgrain": "feedgrain"}
AXES = ("seed", "pair", "split")


def summarise(records):
    """Average the results of all runs.

    Parameters
    ----------
    records : list of dict
        Results of runs, see `benchmarks.pretraining.ablation.run_all`.

    Returns
    -------
    list of dict
        One for each variant, group of pairs and number of standards: mean "loss", "difference" of the loss from that
        of the full training on the same seeds and splits, and geometric mean "ratio" of the RMSE to that without a
        network; value, low and high end of the interval each.
    """
    tasks = [task | {"variant": r["variant"], "seed": r["seed"]} for r in records for task in r["tasks"]]
    rows = []
    for group, start in GROUPS.items():
        for n in (*N_STANDARDS, "all"):
            chosen = [t for t in tasks if t["pair"].startswith(start) and n in (t["n_standards"], "all")]
            losses = {name: _array(chosen, name, lambda t: t["loss"]) for name in VARIANTS}
            ratios = {name: _array(chosen, name, lambda t: math.log(t["rmse_ratio"])) for name in VARIANTS}
            for name in VARIANTS:
                if losses[name] is None:
                    continue
                row = {"variant": name, "removed": VARIANTS[name].title, "pairs": group, "n_standards": n}
                row |= {key: records[0][key] for key in ("preset", "steps")}
                row |= {"seeds": len(losses[name]), "loss": interval(losses[name])}
                row["ratio"] = [math.exp(value) for value in interval(ratios[name])]
                full = losses[FULL]
                if name != FULL and full is not None and full.shape == losses[name].shape:
                    row["difference"] = interval(losses[name] - full)
                rows.append(row)
    return rows


def _array(tasks, variant, value):
    chosen = [task for task in tasks if task["variant"] == variant]
    return array_of(chosen, value, *AXES) if chosen else None


def table(rows):
    """Write the summary as a Markdown table, all numbers of standards together and one by one: list of str."""
    lines = []
    for group in GROUPS:
        found = {(row["variant"], row["n_standards"]): row for row in rows if row["pairs"] == group}
        if not found:
            continue
        lines += ["", f"**{group.capitalize()}**", ""]
        counts = " | ".join(f"ratio, N = {n}" for n in N_STANDARDS)
        lines += [f"| removed | loss | loss, minus full | RMSE ratio to no network | {counts} |", "|---" * 7 + "|"]
        for name in VARIANTS:
            if (name, "all") not in found:
                continue
            row = found[name, "all"]
            each = [_shown(found[name, n]["ratio"]) for n in N_STANDARDS]
            cells = [row["removed"], _shown(row["loss"]), _shown(row.get("difference")), _shown(row["ratio"]), *each]
            lines.append(f"| {' | '.join(cells)} |")
    return lines


def _shown(values):
    return "" if values is None else "{:.3f} ({:.3f} to {:.3f})".format(*values)


def write(records, out):
    """Write ``ablation.csv`` (one row a task), ``ablation.json`` (the summary) and ``ablation.png``."""
    rows = summarise(records)
    (out / "ablation.json").write_text(json.dumps(rows, indent=1) + "\n")
    with (out / "ablation.csv").open("w", newline="", encoding="utf-8") as file:
        names = ["variant", "seed", "preset", "steps", "parameters"]
        writer = csv.DictWriter(file, [*names, *records[0]["tasks"][0]], lineterminator="\n")
        writer.writeheader()
        for record in records:
            for task in record["tasks"]:
                shown = {key: f"{v:.6g}" if isinstance(v, float) else v for key, v in task.items()}
                writer.writerow({name: record[name] for name in names} | shown)
    return rows


def draw(rows, path):
    """Draw the RMSE ratio of every variant with its interval."""
    import matplotlib.pyplot as plt

    names = [name for name in VARIANTS if any(row["variant"] == name for row in rows)]
    groups = [group for group in GROUPS if any(row["pairs"] == group for row in rows)]
    size = (3 + 3.5 * len(groups), 1 + 0.3 * len(names))
    figure, axes = plt.subplots(1, len(groups), sharey=True, squeeze=False, figsize=size, layout="constrained")
    axes = axes[0]
    for ax, group in zip(axes, groups):
        found = {r["variant"]: r["ratio"] for r in rows if r["pairs"] == group and r["n_standards"] == "all"}
        values = np.array([found[name] for name in names])
        reach = np.abs(values[:, 1:] - values[:, :1]).T
        ax.errorbar(values[:, 0], range(len(names)), xerr=reach, fmt="o", color="black", markersize=4)
        ax.axvline(1.0, color="tab:red", linestyle=":", label="no network")
        if FULL in found:
            ax.axvline(found[FULL][0], color="tab:blue", linestyle="--", label="nothing removed")
        ax.set(title=group, xlabel="RMSE over that without a network")
    axes[0].set_yticks(range(len(names)), [VARIANTS[name].title for name in names])
    axes[0].invert_yaxis()
    axes[0].legend(loc="upper left", bbox_to_anchor=(0, -0.12), ncols=2)
    figure.savefig(path, dpi=120)
    plt.close(figure)
