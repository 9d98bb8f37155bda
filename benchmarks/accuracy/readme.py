"""The table of the README, from the summaries of the results."""

from pathlib import Path

import pandas as pd

__all__ = ["readme_table", "write_readme"]

METHODS = (
    "SourceOnly",
    "MeanShift",
    "SBC",
    "DS",
    "PDS",
    "CCA",
    "diPLS",
    "AutoTransfer",
    "Pooled",
    "TargetOnly",
    "native",
)
CELLS = (
    *(("corn", "m5", "mp6", name) for name in ("moisture", "oil", "protein", "starch")),
    *(("corn", "mp5", "m5", name) for name in ("moisture", "oil", "protein", "starch")),
    ("tablets", "inst1", "inst2", "assay"),
    ("tablets", "inst2", "inst1", "assay"),
)
N_STANDARDS = {"SourceOnly": "0", "native": "all"}
BEGIN, END = "<!-- results: begin -->", "<!-- results: end -->"


def readme_table(folder):
    """Markdown table of RMSEP with ten random standards, the best transfer of each cell in bold.

    Parameters
    ----------
    folder : path-like
        Folder of ``<dataset>_summary.csv``.
    """
    summary = {name: _read(folder, name) for name in dict.fromkeys(cell[0] for cell in CELLS)}
    lines = ["| | " + " | ".join(METHODS) + " |", "|---" * (len(METHODS) + 1) + "|"]
    for dataset, source, target, name in CELLS:
        values = {}
        for method in METHODS:
            key = (source, target, name, method, N_STANDARDS.get(method, "10"))
            if key in summary[dataset].index:
                values[method] = summary[dataset].at[key, "rmsep"]
        best = min((m for m in values if m != "native"), key=values.get)
        cells = [_cell(values.get(m), bold=m == best) for m in METHODS]
        lines.append(f"| {dataset} {source} → {target}, {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def write_readme(folder, readme):
    """Put the table between the marks of the README."""
    path = Path(readme)
    text = path.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    path.write_text(f"{before}{BEGIN}\n{readme_table(folder)}\n{END}{after}", encoding="utf-8")


def _read(folder, dataset):
    table = pd.read_csv(Path(folder) / f"{dataset}_summary.csv", dtype={"n_standards": str})
    table = table[table["selection"] == "random"]
    return table.set_index(["source", "target", "property", "method", "n_standards"])


def _cell(value, bold):
    text = "n/a" if value is None else f"{value:.3g}"
    return f"**{text}**" if bold else text
