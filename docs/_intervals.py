"""Table of how often intervals hold, from the results of ``benchmarks/deployment``."""

import csv

from _results import write_text

__all__ = ["write_intervals"]

MISSING = "*Not generated yet: run* ``python -m benchmarks.deployment coverage`` *in a checkout, and build again.*\n"
KINDS = {"random": "at random", "row": "row order", "pc1": "first component", "property": "property"}


def write_intervals(results, generated):
    """Write ``intervals.rst``, or a placeholder."""
    generated.mkdir(exist_ok=True)
    file = results / "coverage_by_set.csv"
    text = MISSING
    if file.is_file():
        with file.open(newline="", encoding="utf8") as opened:
            text = _table(list(csv.DictReader(opened)))
    write_text(generated / "intervals.rst", text)


def _table(found):
    share = {(row["method"], row["set"], row["kind"]): float(row["covered"]) for row in found}
    lines = [".. list-table::", "   :header-rows: 1", ""]
    rows = [["Method", "Spectra", *KINDS.values()]]
    for method, spectra in dict.fromkeys((row["method"], row["set"]) for row in found):
        shares = (share.get((method, spectra, kind)) for kind in KINDS)
        name = {"auto": "AutoTransfer", "mean shift": "MeanShift"}[method]
        rows.append([name, spectra, *("" if value is None else f"{value:.0%}" for value in shares)])
    for row in rows:
        lines += [f"   {'* -' if i == 0 else '  -'} {cell}".rstrip() for i, cell in enumerate(row)]
    return "\n".join([*lines, ""])
