"""Transfer losses against hours on one processor core, over all runs that went on from one another."""

import csv

import numpy as np

from skspectral.pretraining import available_weights

__all__ = [
    "FILE",
    "FIGURE",
    "GROUPS",
    "STEPS_OF_WEIGHTS",
    "draw",
    "learning_curve",
    "per_doubling",
    "read_continued",
    "table",
]

#: What went on from the newest weights, as validated with the head alone; columns as in the curves of the weights.
FILE, FIGURE = "continued.csv", "learning_curve"
#: Groups of validation tasks, and the columns that make them.
GROUPS = {
    "feed grain": ("feedgrain",),
    "powders": ("drugs_K", "drugs_T", "drugs_P"),
    "minerals": ("usgs_asdfr", "usgs_asdng"),
    "simulated": ("simulated",),
}
#: Weights in the order in which they were made, and the step that was kept of each.
STEPS_OF_WEIGHTS = {"small-1": 809, "small-2": 1600}


def learning_curve(curves, continued):
    """Join curves of runs that started where the run before ended.

    Parameters
    ----------
    curves : dict of str to dict
        Curves of the weights of ``STEPS_OF_WEIGHTS``, as `PackagedWeights.curve` gives them.
    continued : dict of str to list of float
        The same of what went on from there, from `read_continued`.

    Returns
    -------
    dict of str to list of (float, float)
        For every group of tasks, hours of all runs together and loss. The first run's simulated tasks have more
        standards, so that its losses on them are left out.
    """
    points, before = {name: [] for name in GROUPS}, 0.0
    for name, curve in [*((name, curves[name]) for name in STEPS_OF_WEIGHTS), ("continued", continued)]:
        last = STEPS_OF_WEIGHTS.get(name, np.inf)
        for k, (step, hours) in enumerate(zip(curve["step"], curve["hours"], strict=True)):
            for group, columns in GROUPS.items():
                if step <= last and not (group == "simulated" and name == "small-1"):
                    points[group].append((before + hours, float(np.mean([curve[column][k] for column in columns]))))
        before += max(h for step, h in zip(curve["step"], curve["hours"], strict=True) if step <= last)
    return points


def per_doubling(points):
    """Slope of the loss in the binary logarithm of the hours, over the second half of them."""
    hours, losses = np.array(points).T
    late = hours >= hours.max() / 2
    return float(np.polyfit(np.log2(hours[late]), losses[late], 1)[0])


def read_continued(out):
    """Read the table of what went on from the newest weights."""
    with (out / FILE).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {name: [float(row[name]) for row in rows] for name in rows[0]}


def _points(out):
    curves = {name: known.curve for name, known in available_weights().items()}
    return learning_curve(curves, read_continued(out))


def table(out):
    """Write the curve as lines of Markdown: first, kept weights, end, and the gain of another doubling of the time."""
    points = _points(out)
    lines = ["| tasks | first | best | last | hours | per doubling |", "|---|---|---|---|---|---|"]
    for group, known in points.items():
        losses = [loss for _, loss in known]
        lines.append(
            f"| {group} | {losses[0]:.3f} | {min(losses):.3f} | {losses[-1]:.3f} | {known[-1][0]:.1f} | "
            f"{per_doubling(known):+.3f} |"
        )
    return lines


def draw(out):
    """Draw one panel for every group of tasks."""
    import matplotlib.pyplot as plt

    points = _points(out)
    figure, axes = plt.subplots(1, len(GROUPS), figsize=(11, 2.8), layout="constrained")
    for ax, (group, known) in zip(axes, points.items()):
        ax.plot(*zip(*known), ".-", color="black")
        ax.set(title=group, xlabel="hours on one core")
    axes[0].set_ylabel("transfer loss")
    figure.savefig(out / f"{FIGURE}.png", dpi=100)
    plt.close(figure)
