"""What AutoTransfer is worth with few standards: ``python -m benchmarks.accuracy.few_standards`` writes a page of it.

Everything is made of the results files. Nothing is left out: cells in which a simpler method is better are listed.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from .cells import worse_section
from .deep_baselines import deep_section
from .methods import METHODS
from .protocol import AND_OTHERS, OTHER_SAMPLES, UNLABELLED
from .summary import CELL, on_all_splits, read_results, summarise

__all__ = ["main", "report"]

METHOD = "AutoTransfer"
PEERS = ("MeanShift", "SBC", "PDS", "DS")
RIVALS = ("PDS", "DS", "CCA", "SBC", "diPLS", "MeanShift", "EPO", "GLSW", "TargetOnly", "Pooled")
STANDARDS = (1, 2, 3, 5, 10, 15, 20, 30, 50)
# columns of the table of means; what was measured of other samples stands before what was measured of the same
COLUMNS = {OTHER_SAMPLES: "N=0, other samples", UNLABELLED: "N=0, same samples"}
COLUMNS |= {label: f"N={n}, other samples" for label, n in AND_OTHERS.items()} | {n: f"N={n}" for n in STANDARDS}
NARROW, WIDE = 1.05, 1.15


def report(folder):
    """Markdown of all sections, from the results in a folder."""
    corn, tablets = (summarise(read_results(folder, name)) for name in ("corn", "tablets"))
    assay = tablets[tablets["property"] == "assay"]
    settings = sorted(set(read_results(folder, "corn").query("method == @METHOD")["settings"]))
    parts = [
        "# Few standards",
        "",
        f"Settings and learned constants of {METHOD}: fingerprint {', '.join(settings)}, fixed before the first run. "
        "Random selection unless said otherwise.",
        "",
        "## Mean R2 over the cells",
        "",
        "Without standards (N=0) the target is known by spectra alone: of *other* samples than the calibration's, half "
        "of the calibration samples each, or of the *same* samples, all of them, where the two sets agree in more than "
        "the population. The first is what a laboratory has. *N=1, other samples* adds one standard of the half that "
        "is calibrated with; *N=1* is without unlabelled spectra, on all calibration samples.",
        "",
        *_mean_r2({"corn, 24 cells": corn, "tablets assay, 2 cells": assay}, "random"),
        "",
        "Kennard-Stone selection:",
        "",
        *_mean_r2({"corn, 24 cells": corn, "tablets assay, 2 cells": assay}, "kennard-stone"),
        "",
        "## Against simple methods with as many standards",
        "",
        *_ratios({"corn": corn, "tablets": assay}),
        "",
        "## Cells in which a simple method is clearly better",
        "",
        *worse_section({"corn": corn, "tablets": tablets}, METHOD),
        "",
        "## With 10 standards against each method with 50",
        "",
        *_against_fifty(corn),
        "",
    ]
    networks = deep_section(folder)
    if networks:
        parts += ["## Deep baselines", "", *networks, ""]
    if (folder / "cost.csv").exists():
        parts += ["## Cost", "", *_cost(folder / "cost.csv"), ""]
    if (folder / "coverage.csv").exists():
        parts += ["## Share of references inside the intervals", "", *_coverage(folder / "coverage.csv"), ""]
    return "\n".join(parts)


def _of(table, selection, method, n):
    chosen = (table["selection"] == selection) & (table["method"] == method) & (table["n_standards"] == str(n))
    return table[chosen].set_index(CELL).sort_index()


def _mean_r2(tables, selection):
    lines = ["| | method | " + " | ".join(COLUMNS.values()) + " |", "|---" * (len(COLUMNS) + 2) + "|"]
    for name, table in tables.items():
        at = {
            n: on_all_splits(table[(table["selection"] == selection) & (table["n_standards"] == str(n))])
            for n in COLUMNS
        }
        for method in METHODS:
            found = [_of(part, selection, method, n)["r2"] for n, part in at.items()]
            if any(len(r2) for r2 in found):
                shown = (f"{r2.mean():.4f}" if len(r2) else "" for r2 in found)
                lines.append(f"| {name} | {method} | " + " | ".join(shown) + " |")
        native = _of(table, "random", "native", "all")["r2"].mean()
        lines.append(f"| {name} | native, all samples | {native:.4f} |" + " |" * (len(COLUMNS) - 1))
    return lines


def _ratios(tables):
    """Ratios of mean RMSEP to simple methods, and every one above the narrow limit."""
    ratios = []
    for name, table in tables.items():
        for n in STANDARDS:
            own = _of(table, "random", METHOD, n)["rmsep"]
            for peer in PEERS:
                ratio = (own / _of(table, "random", peer, n)["rmsep"]).dropna()
                ratios += [(value, f"{name} {s} → {t}, {p}", peer, n) for (s, t, p), value in ratio.items()]
            unchanged = (own / _of(table, "random", "SourceOnly", 0)["rmsep"]).dropna()
            ratios += [(value, f"{name} {s} → {t}, {p}", "SourceOnly", n) for (s, t, p), value in unchanged.items()]
    values = np.array([value for value, *_ in ratios])
    misses = sorted((entry for entry in ratios if entry[0] > NARROW), reverse=True)
    lines = [
        f"RMSEP of {METHOD} over that of {', '.join(PEERS)} (and SourceOnly): at most {NARROW} in "
        f"{np.mean(values <= NARROW):.1%} and at most {WIDE} in {np.mean(values <= WIDE):.1%} of {len(values)} "
        f"comparisons; median {np.median(values):.3f}. Above {NARROW}:",
        "",
        "| ratio | cell | against | N |",
        "|---|---|---|---|",
    ]
    return lines + [f"| {value:.3f} | {cell} | {peer} | {n} |" for value, cell, peer, n in misses]


def _against_fifty(table):
    own = _of(table, "random", METHOD, 10)["rmsep"]
    lines = ["| method, N=50 | cells ahead | of |", "|---|---|---|"]
    ahead = []
    for rival in RIVALS:
        with_fifty = _of(table, "random", rival, 50)["rmsep"]
        if with_fifty.empty:
            continue
        better = own < with_fifty.reindex(own.index)
        if rival not in ("TargetOnly", "Pooled"):
            ahead.append(better)
        lines.append(f"| {rival} | {better.sum()} | {len(better)} |")
    lines.append(f"| all transfer methods of these at once | {np.all(ahead, axis=0).sum()} | {len(own)} |")
    native = own < _of(table, "random", "native", "all")["rmsep"].reindex(own.index)
    lines.append(f"| native, all samples | {native.sum()} | {len(own)} |")
    return lines


def _cost(path):
    """Seconds, milliseconds and memory beside one another."""
    lines = [
        "One pair of corn, ten standards, one thread, a process for every method: seconds to fit all candidates of the "
        "blind choice, milliseconds to predict one spectrum, and the largest memory of the process, Python and its "
        "libraries included.",
        "",
        "| method | candidates | fit, s | predict, ms | memory, MiB |",
        "|---|---|---|---|---|",
    ]
    for row in pd.read_csv(path).itertuples():
        figures = f"{row.fit_seconds:.3g} | {row.predict_ms:.2g} | {row.peak_mib:.0f}"
        lines.append(f"| {row.method} | {row.candidates} | {figures} |")
    return lines


def _coverage(path):
    """Coverage by number of standards, averaged over cells, and the cells furthest off at 90 %."""
    table = pd.read_csv(path)
    levels = sorted(table["level"].unique())
    lines = ["| | N | " + " | ".join(f"{level:.0%}" for level in levels) + " |", "|---" * (len(levels) + 2) + "|"]
    for (dataset, n), part in table.groupby(["dataset", "n_standards"]):
        means = part.groupby("level")["covered"].mean()
        lines.append(f"| {dataset} | {n} | " + " | ".join(f"{means[level]:.1%}" for level in levels) + " |")
    ninety = table[table["level"] == 0.9]
    low, high = (ninety.loc[pick] for pick in (ninety["covered"].idxmin(), ninety["covered"].idxmax()))
    ends = (
        f"{row.source} → {row.target}, {row.property}, N={row.n_standards} ({row.covered:.0%})" for row in (low, high)
    )
    return [*lines, "", "At 90 %, lowest and highest: " + "; ".join(ends) + "."]


def main():
    """Write ``few_standards.md`` beside the results."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy.few_standards", description=__doc__)
    parser.add_argument("--results", type=Path, default=Path(__file__).parent / "results")
    folder = parser.parse_args().results
    (folder / "few_standards.md").write_text(report(folder), encoding="utf-8")
    print(f"written: {folder / 'few_standards.md'}")


if __name__ == "__main__":
    main()
