"""The page of the results, made of what the runs have written."""

import json

from benchmarks.pretraining import ablation_summary, gradient_noise, learning_curve
from benchmarks.pretraining.few_shot import AUTO
from benchmarks.pretraining.frozen import ALL, BEST_PLS, CHOSEN
from benchmarks.pretraining.networks import PRETRAINED, RANDOM
from benchmarks.pretraining.probes import PROBES
from benchmarks.pretraining.reconstruction import CORPUS_PCA, OWN_PCA

__all__ = ["write_readme"]

#: Largest ratios that were aimed for.
GOAL_RECONSTRUCTION, GOAL_FEATURES = 0.7, 1.0
HEAD = """# What pretraining learns

Made by `python -m benchmarks.pretraining`; every number comes from the files beside this page. Brackets are 95 %
bootstrap intervals. Corn, tablets and sugarcane take no part."""
NOT_UNSEEN = "**These weights have seen some of the data sets below in training: their results here prove nothing.**"
RECONSTRUCTION = """## Hidden blocks of spectra

Spectra of data sets that pretraining left out, each with mean zero and standard deviation one, with contiguous blocks
hidden; the same masks for all. Errors are RMSE over the hidden channels, median over data sets. *PCA of the same data
set* has complete spectra of other samples on the same instrument, which the network has not: that comparison favours
PCA. *PCA of the corpus* has the spectra that the network was trained on, on this axis, with its settings chosen to
rebuild whole data sets from others. Files of the same samples are drawn together for the intervals.
"""
FEATURES = """## Calibrations on frozen features

Ridge regression on what each stage makes of the regions of a spectrum; the strength of the ridge, the scaling of the
features and the stage are chosen inside the training samples, as are the components of PLS. RMSECV over that of PLS on
the spectra, geometric mean over the properties of a data set, median over data sets. Episodes of pretraining predict
references of the data sets marked *seen*. Feed grain, among the unseen, decides when pretraining stops.
"""
INSTRUMENT = """## What the codes say about the instrument

Share of spectra whose instrument a linear classifier names on samples that it has not seen, and share of samples whose
nearest neighbour on the other instrument is the same sample; median over data sets. A chemistry code that hides the
instrument is worth something only where it still finds the sample.
"""
TRANSFER = """## Few-shot transfer between real instruments

Feed grain on two handhelds, protein. The network's heads and the head without a network are the same ridge regressions;
without standards every method sees all spectra that it is to predict. Intervals are over splits of one pair, so that
they hold for these instruments. This pair decides when pretraining stops, which favours the pretrained network.
"""
ABLATION = """## What each part contributes

The network with the settings *{preset}*, trained for {steps} steps with one thing removed at a time (number of seeds:
{seeds}), and judged by few-shot transfer on real pairs that took no part. Pairs without references predict what the
spectra say beyond the range that both instruments share. Losses are `log(0.02 + MSE / variance)`; intervals are over
seeds, pairs and splits. The simulator was fitted without feed grain, but with the drug pairs: what the fit contributes,
feed grain says.
"""

NOISE = """## What varies in the gradient of the transfer loss

From the weights *{weights}* on, half the squared distance of the gradients of two steps is {with noise:.3f} (median
over the pairs of {batches} steps, summed over the network's weights) with the noise by which experts are chosen in
training; that of two draws of this noise on the same episodes is {of it choice of experts:.3f}. Without the noise, two
steps are {without noise:.3f} apart. The loss itself is {loss:.3f} with noise and {loss without noise:.3f} without
(standard error of the difference {error of their difference:.3f})."""

CURVE = """## Hours of training

Losses of the head alone on validation tasks, over the hours of `small-1`, `small-2` and a run that went on from there
beside a closed form (`continued.csv`), on one processor core. The last column is the slope over the second half of the
hours, for twice the time.
"""


def write_readme(out):
    """Write ``README.md`` from ``probes.json`` and ``ablation.json``, as far as they are there."""
    sections = [HEAD]
    if (out / "probes.json").exists():
        sections += _probes(json.loads((out / "probes.json").read_text()), out)
    if (out / "ablation.json").exists():
        rows = json.loads((out / "ablation.json").read_text())
        text = ABLATION.format(**rows[0])
        sections.append(_section(text, ablation_summary.table(rows), "ablation", out))
    if (out / gradient_noise.FILE).exists():
        sections.append(NOISE.format(**json.loads((out / gradient_noise.FILE).read_text())))
    if (out / learning_curve.FILE).exists():
        sections.append(_section(CURVE, learning_curve.table(out), learning_curve.FIGURE, out))
    (out / "README.md").write_text("\n\n".join(section.strip() for section in sections) + "\n")


def _probes(summary, out):
    yield f"Weights of the probes: {', '.join(summary['weights'])}."
    known = [row for probe in ("reconstruction", "instrument", "transfer") for row in summary.get(probe, ())]
    if not all(row["unseen"] for row in known):
        yield NOT_UNSEEN
    texts = (RECONSTRUCTION, FEATURES, INSTRUMENT, TRANSFER)
    for probe, text, make in zip(PROBES, texts, (_reconstruction, _features, _instrument, _transfer)):
        if probe in summary:
            yield _section(text, make(summary[probe]), probe, out)


def _section(text, lines, figure, out):
    shown = f"\n\n![{figure}]({figure}.png)" if (out / f"{figure}.png").exists() else ""
    return text + "\n" + "\n".join(lines).strip() + shown


def _markdown(head, rows):
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    return lines + [f"| {' | '.join(row)} |" for row in rows]


def _shown(values):
    return "" if values is None else "{:.3f} ({:.3f} to {:.3f})".format(*values)


def _verdict(values, goal):
    return f"{'met' if values[0] <= goal else 'missed'}: {_shown(values)}"


def _seen(row):
    return "unseen" if row["unseen"] else "seen"


def _reconstruction(rows):
    cells = [
        [row["method"], _seen(row), str(row["data_sets"]), _shown(row["rmse"]), _shown(row["ratio"])] for row in rows
    ]
    lines = _markdown(["method", "data sets", "number", "RMSE", "pretrained over it"], cells)
    goals = [
        f"- {_verdict(row['ratio'], GOAL_RECONSTRUCTION)} of {row['method']} ({_seen(row)})"
        for row in rows
        if row["method"] in (OWN_PCA, CORPUS_PCA)
    ]
    return [*lines, "", f"Goal: at most {GOAL_RECONSTRUCTION} times the error of PCA imputation.", "", *goals]


def _features(rows):
    lines = []
    for unseen in (True, False):
        found = {(r["network"], r["method"]): r for r in rows if r["unseen"] == unseen}
        if not found:
            continue
        count = next(iter(found.values()))["data_sets"]
        cells = [
            [method, _shown(one["to_pls"]), "", "", _shown(one["to_best_pls"])]
            for (network, method), one in found.items()
            if not network
        ]
        for method in dict.fromkeys(method for network, method in found if network):
            one, other = found[PRETRAINED, method], found.get((RANDOM, method), {})
            ratios = (one["to_pls"], other.get("to_pls"), one.get("to_random"), one["to_best_pls"])
            cells.append([method, *map(_shown, ratios)])
        head = ["calibration", "over PLS", "random network over PLS", "pretrained over random", f"over {BEST_PLS}"]
        lines += ["", f"**{count} data sets {'unseen' if unseen else 'seen'}**", "", *_markdown(head, cells)]
    goals = [
        f"- {_verdict(row['to_pls'], GOAL_FEATURES)}, {row['method']}, {row['network']} ({_seen(row)})"
        for row in rows
        if row["network"] in (PRETRAINED, RANDOM) and row["method"] in (CHOSEN, ALL)
    ]
    return [*lines, "", f"Goal: at most {GOAL_FEATURES} times the error of PLS.", "", *goals]


def _instrument(rows):
    cells = [
        [
            row["code"],
            row["network"] or "none",
            "simulated" if row["simulated"] else "real",
            str(row["data_sets"]),
            _shown(row["accuracy"]),
            f"{row['chance']:.3f}",
            _shown(row["matched"]),
            f"{row['match_chance']:.3f}",
        ]
        for row in rows
    ]
    head = ["code", "network", "instruments", "data sets", "instrument named", "chance", "sample found", "chance"]
    return _markdown(head, cells)


def _transfer(rows):
    cells = [
        [str(row["n_standards"]), row["method"], str(row["splits"])]
        + [_shown(row.get(value)) for value in ("rmsep", "to_auto", "pretrained_to_it")]
        for row in rows
    ]
    return _markdown(["N", "method", "splits", "RMSEP", f"over {AUTO}", "pretrained over it"], cells)
