"""Bring the tables and figures of the accuracy benchmark into the documentation.

Numbers in the documentation come from result files. Where those have not been made, a sentence says so, and the build
goes on.
"""

import shutil

from _markdown import to_rst

__all__ = ["write_results", "write_text"]

DATASETS = ("corn", "tablets", "sugarcane")
FOUNDATION = "foundation/results/README.md"
SITUATIONS = "situations/results/README.md"
MISSING = "*Not generated yet: run* ``python -m benchmarks.accuracy`` *in a checkout, and build again.*\n"


def write_results(results, generated):
    """Copy what exists, and write placeholders for what does not.

    Parameters
    ----------
    results : Path
        Folder of the benchmark's results: ``<dataset>_table.rst`` or ``<dataset>_tables.md``, and figures in it or in
        its folder ``figures``, whose names begin with the data set.
    generated : Path
        Folder that takes ``<dataset>_table.rst`` and ``<dataset>_figures.rst`` of every data set, the figures, and
        ``few_standards.rst``, ``foundation.rst`` and ``situations.rst``.
    """
    generated.mkdir(exist_ok=True)
    for old in generated.glob("*.png"):
        old.unlink()
    for dataset in DATASETS:
        write_text(generated / f"{dataset}_table.rst", _table(results, dataset))
        figures = sorted([*results.glob(f"{dataset}*.png"), *results.glob(f"figures/{dataset}*.png")])
        for figure in figures:
            shutil.copy2(figure, generated / figure.name)
        title = [".. rubric:: Figures\n"] if figures else []
        write_text(generated / f"{dataset}_figures.rst", "\n".join([*title, *map(_figure, figures)]))

    for figure in sorted((results.parents[1] / FOUNDATION).parent.glob("*.png")):
        shutil.copy2(figure, generated / f"foundation_{figure.name}")
    pages = {"few_standards": results / "few_standards.md"}
    pages |= {"foundation": results.parents[1] / FOUNDATION, "situations": results.parents[1] / SITUATIONS}
    for name, page in pages.items():
        body = to_rst(page.read_text("utf8").split("\n", 1)[1], level=1) if page.is_file() else MISSING
        write_text(generated / f"{name}.rst", body)


def _table(results, dataset):
    ready, markdown = results / f"{dataset}_table.rst", results / f"{dataset}_tables.md"
    if ready.is_file():
        return ready.read_text("utf8")
    if markdown.is_file():
        # the page that includes it has the title
        body = markdown.read_text("utf8").split("\n", 1)[1]
        return to_rst(body, level=1)
    return MISSING


def _figure(path):
    title = path.stem.replace("_", " ").capitalize()
    return f".. figure:: /_generated/{path.name}\n   :alt: {title}\n   :width: 100%\n\n   {title}\n"


def write_text(path, text):
    """Write a file only where its text changes, so that Sphinx does not read unchanged pages again."""
    if not path.is_file() or path.read_text("utf8") != text:
        path.write_text(text, "utf8")
