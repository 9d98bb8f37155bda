"""Tables and a figure from the results files: what the network adds, claim by claim."""

import json

import numpy as np
import pandas as pd

from benchmarks.accuracy.summary import CELL
from benchmarks.foundation import adaptation_table, several
from benchmarks.foundation.intervals import interval
from benchmarks.foundation.numbers import by_number, draw
from benchmarks.foundation.sentence import LEFT_OUT, foundation_text
from benchmarks.foundation.twin import twin_table

__all__ = ["write_report"]

EXPERTS = ("portfolio", "network", "mixture")
MAIN, TWIN = "pretrained", "random weights"
# What is counted against other methods, and what the table calls it: random weights beside the trained ones.
CLAIMANTS = {
    (MAIN, "portfolio"): "portfolio alone",
    (MAIN, "network"): "network alone",
    (MAIN, "mixture"): "mixture",
    (TWIN, "network"): f"network alone, {TWIN}",
    (TWIN, "mixture"): f"mixture, {TWIN}",
}
CLAIMED_AT = 10
CLASSICAL_AT = "50"
CLAIMED_ON = ("corn", "tablets")
DRAWN = (("network", -0.1, "tab:orange"), ("mixture", 0.1, "tab:blue"))


def write_report(folder, accuracy):
    """Write ``README.md`` and, where there are results, ``ablation.png``, ``by_number.png`` and ``adaptation.png``.

    Parameters
    ----------
    folder : Path
        Results of this benchmark.
    accuracy : Path
        Results of the accuracy benchmark, unpacked, for the claims.

    Returns
    -------
    list of Path
        What was written.
    """
    parts, written, compared = ["# What the foundation model is worth\n", foundation_text(folder)], [], {}
    for dataset in ("corn", "tablets", "sugarcane"):
        path = folder / f"{dataset}.csv"
        if not path.exists():
            continue
        results = pd.read_csv(path)
        results = results[~results["property"].isin(LEFT_OUT)]
        parts += [_ablation(results, dataset)]
        if (accuracy / f"{dataset}.csv").exists():
            others = pd.read_csv(accuracy / f"{dataset}.csv", dtype={"n_standards": str})
            others = others[~others["property"].isin(LEFT_OUT)]
            parts += by_number(others, dataset, results)
            compared[dataset] = others, results
            if CLAIMED_AT in set(results["n_standards"]) and dataset in CLAIMED_ON:
                parts += [_claims(results, others, dataset)]
        if dataset == "corn":
            written.append(_figure(results, folder / "ablation.png"))
    if compared:
        written.append(draw(compared, folder / "by_number.png"))
    if (folder / "mixture.json").exists():
        parts += [_mixture(json.loads((folder / "mixture.json").read_text()))]
    if (folder / "twin.csv").exists():
        parts += [twin_table(pd.read_csv(folder / "twin.csv"))]
    if (folder / "several.jsonl").exists():
        records = _lines(folder / "several.jsonl")
        weights = adaptation_table.weights_of([record for record in records if record["network"] == MAIN])
        parts += [several.several_table(several.summarise(records), weights)]
    if (folder / "adaptation.jsonl").exists():
        records = _lines(folder / "adaptation.jsonl")
        table = adaptation_table.summarise(records)
        parts += [adaptation_table.adaptation_text(table, adaptation_table.weights_of(records))]
        written.append(adaptation_table.draw(table, folder / "adaptation.png"))
    (folder / "README.md").write_text("\n".join(parts))
    return [folder / "README.md", *written]


def _lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def _ablation(results, dataset):
    """Mean R2 over the cells, with the interval of what each expert adds to the portfolio."""
    cells = results.groupby([*CELL, "n_standards", "network", "expert"])[["r2", "rmsep", "weight"]].mean().reset_index()
    n_cells, n_repeats = len(cells[CELL].drop_duplicates()), results["repeat"].nunique()
    lines = [
        f"\n## Parts, {dataset}\n",
        f"{n_cells} cells (pair of instruments and property), {n_repeats} random splits, test samples never seen. Mean "
        "R2; then the difference to the portfolio, with its 95 % interval over cells; geometric mean and median of the "
        "ratio of the RMSEP to the portfolio's; and the mean weight in the mixture. The network alone is all its "
        "calibrations in their proportions: of the trained head, and, where the target measures more than "
        "the source, of the standards alone over its own range. Zero standards: the target "
        "spectra of all calibration samples are known, without pair and reference.\n",
        "| standards | network | expert | R2 | R2 - portfolio | RMSEP ratio | median | weight |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for n in sorted(cells["n_standards"].unique()):
        part = cells[cells["n_standards"] == n]
        for name in part["network"].unique():
            own = part[part["network"] == name]
            wide = own.pivot(index=CELL, columns="expert", values=["r2", "rmsep", "weight"])
            experts = [*EXPERTS[name != part["network"].unique()[0] :], *sorted(set(own["expert"]) - set(EXPERTS))]
            lines += [_row(wide, n, name, expert) for expert in experts]
    return "\n".join(lines)


def _row(wide, n, name, expert):
    r2, gain = wide["r2"][expert], (wide["r2"][expert] - wide["r2"]["portfolio"]).dropna()
    ratio = np.log(wide["rmsep"][expert] / wide["rmsep"]["portfolio"])
    if expert == "portfolio":
        return f"| {n} | none | portfolio | {r2.mean():.4f} | | | | |"
    low, high = interval(gain.to_numpy())
    where = "" if len(gain) == len(r2) else f" ({len(gain)} cells)"
    return (
        f"| {n} | {name} | {expert}{where} | {r2.mean():.4f} | {gain.mean():+.4f} ({low:+.4f} to {high:+.4f}) | "
        f"{np.exp(ratio.mean()):.3f} | {np.exp(ratio.median()):.3f} | {wide['weight'][expert].mean():.2f} |"
    )


def _claims(results, accuracy, dataset):
    """Cells in which ten standards are ahead of other methods with fifty, for each expert alone and together."""
    results = results[results["n_standards"] == CLAIMED_AT]
    ours = results[results["network"] == MAIN]
    accuracy = accuracy[(accuracy["selection"] == "random") & accuracy["repeat"].isin(ours["repeat"].unique())]
    own = {
        shown: part.groupby(CELL)["rmsep"].mean()
        for (network, expert), shown in CLAIMANTS.items()
        if len(part := results[(results["network"] == network) & (results["expert"] == expert)])
    }
    weight = ours[ours["expert"] == "mixture"]["weight"].mean()
    lines = [
        f"\n## Ten standards against fifty, {dataset}\n",
        f"Cells, of {len(own['mixture'])}, in which the mean RMSEP with {CLAIMED_AT} standards is below that of the "
        f"other method with {CLASSICAL_AT} on the same {ours['repeat'].nunique()} splits: by the portfolio alone, the "
        f"network alone, the mixture (mean weight of the network {weight:.2f}), and by the same without training. What "
        "the portfolio alone achieves needs no network, and what random weights achieve needs no training.\n",
        f"| method with fifty | {' | '.join(own)} |",
        "|---" * (len(own) + 1) + "|",
    ]
    others = accuracy[accuracy["n_standards"] == CLASSICAL_AT]
    for method in others["method"].unique():
        theirs = others[others["method"] == method].groupby(CELL)["rmsep"].mean()
        if len(theirs) == len(own["mixture"]) and not method.startswith("SpectralFM"):
            counts = [int((values < theirs.reindex(values.index)).sum()) for values in own.values()]
            lines.append(f"| {method} | " + " | ".join(map(str, counts)) + " |")
    native = accuracy[accuracy["method"] == "native"].groupby(CELL)["rmsep"].mean()
    counts = [int((values <= native.reindex(values.index)).sum()) for values in own.values()]
    lines.append("| native, all on the target | " + " | ".join(map(str, counts)) + " |")
    seconds = ours["fit_seconds"].median(), ours["predict_ms"].median()
    lines.append(f"\nMedian cost on one core: fit {seconds[0]:.1f} s, one prediction {seconds[1]:.0f} ms.")
    return "\n".join(lines)


def _mixture(learned):
    constants = learned["constants"]
    prior, without = (
        ", ".join(f"{name} {value:.2f}" for name, value in constants[key].items())
        for key in ("prior", "without_standards")
    )
    lines = [
        "\n## The weights of the experts\n",
        "Learned on materials and instrument pairs that the pretraining left out, none of them evaluated on elsewhere; "
        "the errors below are on the tasks that the constants were chosen on, but for those with one or two standards. "
        f"Prior weights: {prior}; the power of N held-out errors is {constants['power']:g} N / (1 + N / "
        f"{constants['half']:g}). Without standards: {without}, over the power {constants['excess']['power']:g} / 2 of "
        f"{constants['excess']['floor']:g} plus what the variance of predictions exceeds that of the references by, in "
        "units of the latter. Constants are means of what is best on bootstrap samples of materials and pairs of "
        "instruments; the network's share without standards is set lower than that, so that the mixture costs at most "
        "half a per cent on simulated instruments. Geometric mean of the error of every expert and "
        "of the mixture over that of the portfolio.\n",
        "| tasks | standards | properties | trained head | own range | mixture | portfolio's weight |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in learned["report"]:
        figures = [row[name] for name in ("network", "own range", "mixture")]
        cells = ["" if value is None else f"{value:.3f}" for value in figures]
        cells = [row["kind"], str(row["standards"]), str(row["properties"]), *cells, f"{row['portfolio weight']:.2f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _figure(results, path):
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    cells = results.groupby([*CELL, "n_standards", "network", "expert"])["r2"].mean().reset_index()
    numbers = sorted(cells["n_standards"].unique())
    names = list(dict.fromkeys(cells["network"]))
    figure, axes = plt.subplots(1, len(numbers), figsize=(3.6 * len(numbers), 3.8), layout="constrained")
    for axis, n in zip(np.atleast_1d(axes), numbers, strict=True):
        part = cells[cells["n_standards"] == n]
        for place, name in enumerate(names):
            if name not in set(part["network"]):
                continue
            wide = part[part["network"] == name].pivot(index=CELL, columns="expert", values="r2")
            for expert, shift, colour in DRAWN:
                if expert not in wide:
                    continue
                gain = (wide[expert] - wide["portfolio"]).to_numpy()
                low, high = interval(gain)
                axis.errorbar(
                    place + shift,
                    gain.mean(),
                    [[gain.mean() - low], [high - gain.mean()]],
                    fmt="o",
                    color=colour,
                    label=expert if place == 0 else None,
                )
        axis.axhline(0, color="0.5", lw=1)
        axis.set(title=f"{n} standards", xticks=range(len(names)))
        axis.set_xticklabels(names, rotation=30, ha="right")
    np.atleast_1d(axes)[0].set_ylabel("mean R2 minus the portfolio's")
    # above the axes, where no interval can hide behind it
    handles, labels = np.atleast_1d(axes)[-1].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=len(labels))
    figure.savefig(path, dpi=130)
    plt.close(figure)
    return path
