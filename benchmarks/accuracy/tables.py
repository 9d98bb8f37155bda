"""Tables made of the results files and nothing else."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from .comparison import MAIN_STANDARDS, Comparison
from .data import PLANS
from .methods import METHODS
from .protocol import OTHER_SAMPLES, UNLABELLED
from .summary import in_order, of_pairs, read_results, summarise

__all__ = ["write_tables"]

MANY_STANDARDS = 50
RPD_THRESHOLD = 3.0
# published for LoRA-CT on a Raman methanol set; another task, printed because it is often quoted
LORA_CT_R2 = 0.952
SIGNIFICANT = 0.05
UNLABELLED_TITLES = {
    OTHER_SAMPLES: "half of the calibration samples, and target spectra of the other half without references",
    UNLABELLED: "target spectra of the calibration samples themselves, without pairs and references",
}


def write_tables(folder, dataset):
    """Write ``<dataset>_summary.csv`` and ``<dataset>_tables.md`` beside the results.

    Parameters
    ----------
    folder : path-like
        Where the results are.
    dataset : str

    Returns
    -------
    Path
        The Markdown file.
    """
    folder, plan = Path(folder), PLANS[dataset]
    results = read_results(folder, dataset)
    summary = in_order(summarise(results), plan)
    summary.to_csv(folder / f"{dataset}_summary.csv", index=False, float_format="%.5g", lineterminator="\n")
    text = [f"# {dataset}", plan.note]
    if plan.disjoint:
        pairs = ", ".join(f"{source} → {target}" for source, target in plan.disjoint)
        text.append(
            f"No common wavelength range, so that methods on a common axis are n/a: {pairs}. They have sections of "
            "their own and count nowhere else."
        )
    text.append(
        "Every setting is chosen inside the training rows. `native` is the target's own calibration on all calibration "
        "samples, the ceiling; `SourceOnly` transfers nothing. RMSEP and R2 are mean ± standard deviation over the "
        "repeats, R2 against the mean of the test set; *pooled* is the RMSEP over all test samples of all repeats. "
        "RPD is the standard deviation of the references divided by SEP, which a bias does not change. "
        + (
            "The repeats share one test set, so that no test of differences is made over them."
            if plan.test_size is None
            else "*p* is the corrected paired t-test (Nadeau-Bengio) of RMSEP against `native`."
        )
        + (
            " Networks were run on the first of these repeats, as many as stand behind their names; every count and "
            "test is over the splits that both methods have. `native-CNN` is a network on all calibration samples of "
            "the target. The seconds of networks leave out what another number of standards had trained already."
            if any(METHODS[method].network for method in set(results["method"]))
            else ""
        )
    )
    for selection in plan.repeats:
        for title, pairs in (("", plan.pairs), (", no common range", plan.disjoint)):
            part, means = (_of(table, selection, pairs) for table in (results, summary))
            if len(part):
                view = Comparison(replace(plan, pairs=pairs), part, means)
                done = part["repeat"].nunique()
                if done < plan.repeats[selection]:
                    title += f", {done} of the {plan.repeats[selection]} repeats"
                text += [f"## {selection} selection{title}", *_cell_tables(view), *_count_tables(view)]
    path = folder / f"{dataset}_tables.md"
    path.write_text("\n\n".join(text) + "\n", encoding="utf-8")
    return path


def _of(table, selection, pairs):
    """Rows of one way of choosing standards, and of some pairs of instruments."""
    return table[(table["selection"] == selection) & of_pairs(table, pairs)]


def _cell_tables(view):
    """One table per pair: every method in every cell, thresholds beside the ceiling."""
    n = view.main_number
    for source, target in dict.fromkeys(cell[:2] for cell in view.cells):
        rows = [
            [
                "property",
                "method",
                "RMSEP",
                "pooled",
                "R2",
                "R2 >",
                f"R2 > {LORA_CT_R2:g}",
                "RPD",
                f"RPD > {RPD_THRESHOLD:g}",
                "p",
            ]
        ]
        for cell in [cell for cell in view.cells if cell[:2] == (source, target)]:
            for method in reversed(view.methods):
                table = view.at(method, n)
                if cell in table.index:
                    rows.append(_cell_row(view, cell, method, n, table.loc[cell]))
        yield f"### {source} → {target}, N = {n}\n\n{_markdown(rows)}"


def _cell_row(view, cell, method, n, row):
    threshold = view.plan.r2_thresholds.get(cell[2])
    p = np.nan if method == "native" or "native" not in view.methods else view.difference(method, "native", n, cell)[1]
    return [
        cell[2],
        f"**{method}**" if method == "native" else view.name(method),
        _spread(row["rmsep"], row["rmsep_sd"]),
        f"{row['rmsep_pooled']:.3g}",
        _spread(row["r2"], row["r2_sd"], digits=3),
        "" if threshold is None else f"{threshold:g} {_passed(row['r2'] > threshold)}",
        _passed(row["r2"] > LORA_CT_R2),
        f"{row['rpd']:.2f}",
        _passed(row["rpd"] > RPD_THRESHOLD),
        "" if np.isnan(p) else f"{p:.2g}",
    ]


def _count_tables(view):
    """How many cells a method wins, by pooled RMSEP, against the ceiling and against others with many standards."""
    n_cells = len(view.cells)
    numbers = view.numbers
    yield from _unlabelled_table(view, OTHER_SAMPLES)
    yield from _unlabelled_table(view, UNLABELLED)
    some = [method for method in view.methods if METHODS[method].standards == "some"]
    if not numbers or not some:
        return
    if "native" in view.methods:
        rows = [["method", *(f"N = {n}" for n in numbers)]]
        rows += [[m, *(view.at_or_below(m, n, "native", n) for n in numbers)] for m in some]
        yield f"### Cells at or below the native RMSEP, of {n_cells}\n\n{_markdown(rows)}"
    if MAIN_STANDARDS in numbers and MANY_STANDARDS in numbers:
        rows = [[f"N = {MAIN_STANDARDS} \\ N = {MANY_STANDARDS}", *some]]
        rows += [[m, *(view.at_or_below(m, MAIN_STANDARDS, o, MANY_STANDARDS) for o in some)] for m in some]
        yield (
            f"### Cells in which the row with {MAIN_STANDARDS} standards is at or below the column with "
            f"{MANY_STANDARDS}, of {n_cells}\n\n{_markdown(rows)}"
        )
    if view.plan.test_size is None:
        return
    n = view.main_number
    rows = [["better \\ worse", *view.methods]]
    rows += [
        [m, *("" if m == o else str(_significantly_better(view, m, o, n)) for o in view.methods)] for m in view.methods
    ]
    yield (
        f"### Cells in which the RMSEP of the row is significantly below that of the column (p < {SIGNIFICANT:g}), "
        f"N = {n}, of {n_cells}\n\n{_markdown(rows)}"
    )


def _unlabelled_table(view, n):
    """What is possible without standards, beside no transfer at all and the ceiling."""
    methods = [m for m in view.methods if len(view.at(m, n)) and METHODS[m].zero_shot]
    if not methods:
        return
    rows = [["method", "mean R2", "median R2", "cells at or below MeanShift"]]
    shown = [*methods, *(m for m in ("SourceOnly", "native") if m in view.methods)]
    shared, n_repeats = view.on_shared_splits(shown, n)
    for method in shown:
        r2 = shared.at(method, n)["r2"]
        below = shared.at_or_below(method, n, "MeanShift", n)
        rows.append([method, f"{r2.mean():.4f}", f"{r2.median():.4f}", below])
    yield (f"### N = 0: {UNLABELLED_TITLES[n]}, {len(shared.cells)} cells, {n_repeats} repeats\n\n{_markdown(rows)}")


def _significantly_better(view, method, other, n):
    one, two = view.at(method, n), view.at(other, n)
    found = [view.difference(method, other, n, c) for c in view.cells if c in one.index and c in two.index]
    return sum(difference < 0 and p < SIGNIFICANT for difference, p in found)


def _spread(mean, sd, digits=None):
    if digits is None:
        digits = max(0, 3 - int(np.floor(np.log10(abs(mean) or 1.0))) - 1) if np.isfinite(mean) else 3
    return f"{mean:.{digits}f}" if np.isnan(sd) else f"{mean:.{digits}f} ± {sd:.{digits}f}"


def _passed(passed):
    return "pass" if passed else "fail"


def _markdown(rows):
    head, *body = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([head, f"|{'---|' * len(rows[0])}", *body])
