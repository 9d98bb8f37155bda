"""Cells in which a simple method with as many standards is clearly better, and how far."""

from .summary import CELL

__all__ = ["SIMPLE", "clearly_worse", "worse_section"]

SIMPLE = ("SourceOnly", "MeanShift", "SBC", "PDS", "DS", "SST", "EPO", "GLSW", "diPLS", "Pooled")
CLEARLY = 1.05


def clearly_worse(summary, method, n, clearly=CLEARLY):
    """Compare a method, cell by cell, with the best of the simple methods in hindsight.

    Parameters
    ----------
    summary : DataFrame
        Of one data set, as ``summarise`` gives it.
    method : str
    n : int
        Number of standards of all methods.
    clearly : float
        Ratio of mean RMSEP above which a cell is listed.

    Returns
    -------
    n_cells : int
    worse : list of (str, str, float)
        Cell, best simple method, ratio; the largest first.
    missing : list of str
        Simple methods without results in all cells on as many splits as the method has.
    """
    random = summary[summary["selection"] == "random"]
    own = random[(random["method"] == method) & (random["n_standards"] == str(n))].set_index(CELL)
    found, missing = {}, []
    for name in SIMPLE:
        number = "0" if name == "SourceOnly" else str(n)
        table = (
            random[(random["method"] == name) & (random["n_standards"] == number)].set_index(CELL).reindex(own.index)
        )
        if (table["n_repeats"] == own["n_repeats"]).all():
            found[name] = table["rmsep"]
        else:
            missing.append(name)
    worse = []
    for cell in own.index if found else ():
        best = min(found, key=lambda name: found[name][cell])
        ratio = own["rmsep"][cell] / found[best][cell]
        if ratio > clearly:
            source, target, name = cell
            worse.append((f"{source} → {target}, {name}", best, float(ratio)))
    return len(own), sorted(worse, key=lambda entry: -entry[2]), missing


def worse_section(summaries, method, n=10):
    """Markdown lines: the cells of every data set that are clearly worse."""
    lines = [
        f"RMSEP of {method} with {n} standards more than {CLEARLY - 1:.0%} above the best in hindsight of "
        f"{', '.join(SIMPLE)} with as many, each with its preprocessing chosen blindly. Aimed at: at most 2 of the 24 "
        "cells of corn and none of tablets.",
        "",
    ]
    for dataset, summary in summaries.items():
        n_cells, worse, missing = clearly_worse(summary, method, n)
        listed = "; ".join(f"{cell}: {ratio:.3f} ({best})" for cell, best, ratio in worse) or "none"
        without = f" Without {', '.join(missing)}, of which there are no results on all splits." if missing else ""
        lines += [f"- {dataset}: {len(worse)} of {n_cells} cells. {listed}.{without}"]
    return lines
