"""What adaptation changes, as a table and a figure."""

import numpy as np
import pandas as pd

from benchmarks.foundation.adaptation import EXPERTS, LABELS, OTHER_SAMPLES
from benchmarks.foundation.intervals import interval
from skspectral.foundation._mixture import FLOOR

__all__ = ["adaptation_text", "draw", "summarise", "weights_of"]

SHOWN = dict(zip(EXPERTS[1:], ("trained head", "mixture")))
TASK = ["kind", "setting", "standards", "target"]
KEY = ["standards", "target", "adapted", "steps"]
NOTICEABLE = 0.01


def summarise(records):
    """Tabulate errors with adaptation over those without, on the same tasks.

    Parameters
    ----------
    records : list of dict
        What `benchmarks.foundation.adaptation.collect` wrote.

    Returns
    -------
    DataFrame
        One row for what is adapted, for how many steps, on which target spectra, and expert: ``log_rmse``, the mean
        over materials or pairs of instruments ("groups") of the logarithm of the ratio of root mean squared errors,
        with its 95 % interval ``low`` to ``high``; and in how many tasks it is more than 1 % ``better`` or ``worse``.
    """
    without = {tuple(r[name] for name in TASK): r["errors"] for r in records if r["adapted"] == "nothing"}
    rows = []
    for record in records:
        if record["adapted"] == "nothing":
            continue
        before = without[tuple(record[name] for name in TASK)]
        for expert in SHOWN:
            now, then = (FLOOR + np.array(errors[expert]) for errors in (record["errors"], before))
            labels = [record[name] for name in LABELS]
            rows.append([*labels, record["material"], expert, float(0.5 * np.log(now / then).mean())])
    changes = pd.DataFrame(rows, columns=[*LABELS, "material", "expert", "change"])
    found = []
    for key, part in changes.groupby([*KEY, "expert"], sort=False):
        groups = part.groupby("material")["change"].mean().to_numpy()
        low, high = interval(groups)
        better, worse = (int((sign * part["change"] > NOTICEABLE).sum()) for sign in (-1, 1))
        found.append([*key, len(part), len(groups), groups.mean(), low, high, better, worse])
    columns = [*KEY, "expert", "tasks", "groups", "log_rmse", "low", "high", "better", "worse"]
    return pd.DataFrame(found, columns=columns).sort_values(KEY, kind="stable")


def weights_of(records):
    """Names of the weights that were studied."""
    return ", ".join(sorted({record["weights"] for record in records}))


def adaptation_text(table, weights):
    """Write what `summarise` gave as a section of Markdown, with what follows from it."""
    lines = [
        "\n## Does adaptation of the network help?\n",
        "Test-time training without standards on target spectra of other samples, of the samples that the source was "
        "calibrated on, and of another population, which is then tested, too; low-rank updates with standards. On "
        "materials and pairs of instruments that the pretraining left out. Logarithm of the root mean squared error "
        "over that of the same model without adaptation on the same task (-0.01: 1 % smaller; squared errors below 1 % "
        "of the references' variance count alike), mean and 95 % interval over materials or pairs; then the numbers of "
        "tasks in which the mixture is more than 1 % better or worse. Training stops by itself where hidden patches "
        f"are no longer rebuilt better, and more steps than that are not made. Weights: {weights}.\n",
        verdict(table) + "\n",
        f"| standards | target spectra | adapted | steps | tasks | {' | '.join(SHOWN.values())} | better | worse |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for key, part in table.groupby(KEY, sort=False):
        cells = part.set_index("expert")
        figures = ["{:+.4f} ({:+.4f} to {:+.4f})".format(*cells.loc[e, ["log_rmse", "low", "high"]]) for e in SHOWN]
        mixture = cells.loc["mixture"]
        lines.append(
            f"| {' | '.join(map(str, key))} | {mixture['tasks']} | {' | '.join(figures)} | {mixture['better']} | "
            f"{mixture['worse']} |"
        )
    return "\n".join(lines) + "\n"


def verdict(table):
    """Say in one sentence each whether test-time training and low-rank updates make the mixture better."""
    mixture = table[table["expert"] == "mixture"]
    said = []
    for name, part in (
        ("Test-time training", mixture[mixture["adapted"] != "lora"]),
        ("Low-rank adaptation", mixture[mixture["adapted"] == "lora"]),
    ):
        helps = part[(part["high"] < 0) & (part["log_rmse"] < -NOTICEABLE)]
        best, worst = part["log_rmse"].min(), part["log_rmse"].max()
        span = f"its mean effect on the error of the mixture lies between {_percent(best)} and {_percent(worst)} %"
        if len(helps):
            where = "; ".join(f"{row.target}, {row.adapted}, {row.steps} steps" for row in helps.itertuples())
            said.append(f"{name} makes the mixture better by more than 1 % with: {where} ({span}).")
        else:
            said.append(f"{name} is not recommended: in no setting does it make the mixture better by 1 % ({span}).")
    return " ".join(said)


def _percent(log_ratio):
    return f"{100 * np.expm1(log_ratio):+.1f}"


def draw(table, path):
    """Draw the change of the error against the steps allowed, and for low-rank updates against the standards."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    panels = [
        (f"test-time training,\n{target}", part[part["adapted"] == "normalisation"], "steps")
        for target, part in table[table["standards"] == 0].groupby("target", sort=False)
    ]
    panels.sort(key=lambda panel: OTHER_SAMPLES not in panel[0])
    panels.append(("low-rank updates,\n20 steps", table[table["adapted"] == "lora"], "standards"))
    figure, axes = plt.subplots(1, len(panels), figsize=(3.1 * len(panels), 3.5), sharey=True, layout="constrained")
    for axis, (title, part, x) in zip(axes, panels, strict=True):
        for (expert, label), shift in zip(SHOWN.items(), (-0.06, 0.06), strict=True):
            own = part[part["expert"] == expert]
            place = np.arange(len(own)) + shift
            spans = [own["log_rmse"] - own["low"], own["high"] - own["log_rmse"]]
            axis.errorbar(place, own["log_rmse"], spans, fmt="o-", lw=1, ms=4, label=label)
        axis.set(title=title, xlabel=x, xticks=np.arange(len(own)), xticklabels=own[x])
        axis.axhline(0, color="0.5", lw=1)
    axes[0].set_ylabel("log RMSE over that without adaptation")
    axes[-1].legend()
    figure.savefig(path, dpi=130)
    plt.close(figure)
    return path
