"""A comparison of methods as one HTML page with its plots inside."""

import base64
import html
import io
from pathlib import Path

import numpy as np

from .._core.optional import import_optional
from ..plotting import CellHeatmapDisplay, PredictedMeasuredDisplay, SpectraDifferenceDisplay
from ._compare import NATIVE

__all__ = ["summary_table", "write_report"]

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
table { border-collapse: collapse; margin: 1rem 0; font-size: .85rem; display: block; overflow-x: auto; }
th, td { padding: .3rem .8rem; white-space: nowrap; border-bottom: 1px solid #ddd; text-align: right; }
th:first-child, td:first-child { text-align: left; }
tr.best td { font-weight: 600; background: #eef5ee; }
tr.native td { color: #555; font-style: italic; }
img { max-width: 100%; height: auto; }
figcaption { color: #555; }
"""


def summary_table(comparison):
    """Pooled RMSEP and R2 of every method, ready to print.

    Parameters
    ----------
    comparison : skspectral.comparison.Comparison

    Returns
    -------
    header : list of str
    rows : list of list of str
        The first entry of a row is the method.
    """
    properties = comparison.properties
    figures = {(row["method"], row["property"]): row for row in comparison.summary()}
    header = ["method"] + [f"{name} {figure}" for name in properties for figure in ("RMSEP", "R2")]
    rows = []
    for method in comparison.methods:
        cells = [method]
        for name in properties:
            row = figures.get((method, name))
            spread = "" if row is None or np.isnan(row["rmsep_sd"]) else f" ± {row['rmsep_sd']:.2g}"
            cells += ["", ""] if row is None else [f"{row['rmsep']:.3g}{spread}", f"{row['r2']:.3f}"]
        rows.append(cells)
    return header, rows


def write_report(path, comparison, *, title, notes, best, spectra=None):
    """Write the page.

    Parameters
    ----------
    path : path-like
        The HTML file.
    comparison : skspectral.comparison.Comparison
    title : str
    notes : list of str
        Paragraphs that say what was compared and how.
    best : str
        Method whose predictions are drawn.
    spectra : dict, optional
        ``source``, ``target``, ``transferred`` (each (n_samples, n_channels)) and ``wavelengths`` for the plot of the
        differences before and after transfer.

    Raises
    ------
    OptionalDependencyError
        If matplotlib is not installed.
    """
    header, rows = summary_table(comparison)
    kinds = {best: "best", NATIVE: "native"}
    table = "".join(
        f'<tr class="{kinds.get(row[0], "")}">' + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>"
        for row in rows
    )
    head = "".join(f"<th>{html.escape(cell)}</th>" for cell in header)
    skipped = "".join(f"<p>Left out: {html.escape(text)}</p>" for text in comparison.skipped.values())
    paragraphs = "".join(f"<p>{html.escape(note)}</p>" for note in notes)
    figures = "".join(
        f'<figure><img alt="{html.escape(caption)}" src="data:image/png;base64,{image}">'
        f"<figcaption>{html.escape(caption)}</figcaption></figure>"
        for caption, image in _figures(comparison, best, spectra)
    )
    Path(path).write_text(
        f"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>{html.escape(title)}</title>"
        f"<style>{STYLE}</style></head><body><h1>{html.escape(title)}</h1>{paragraphs}"
        f"<table><thead><tr>{head}</tr></thead><tbody>{table}</tbody></table>{skipped}{figures}</body></html>\n",
        encoding="utf-8",
    )


def _figures(comparison, best, spectra):
    """Yield captions and images."""
    pyplot = import_optional("matplotlib.pyplot", extra="plot", feature="The report")
    properties = comparison.properties
    results = comparison.results()
    columns = {name: np.array([row[name] for row in results]) for name in ("method", "property", "rmsep")}
    relative = NATIVE if NATIVE in comparison.methods else best
    display = CellHeatmapDisplay.from_results(columns, cell=["property"], relative_to=relative)
    yield f"RMSEP of each method divided by that of {relative}: below 1 is better.", _image(pyplot, display.figure_)
    n_columns = min(2, len(properties))
    n_rows = -(-len(properties) // n_columns)
    figure, axes = pyplot.subplots(n_rows, n_columns, figsize=(5.2 * n_columns, 4.6 * n_rows), squeeze=False)
    for ax, name in zip(axes.ravel(), properties):
        measured, predicted = comparison.of(best, name)
        PredictedMeasuredDisplay.from_predictions(measured, predicted, target_name=name, ax=ax)
    for ax in axes.ravel()[len(properties) :]:
        ax.set_visible(False)
    figure.tight_layout()
    yield f"Held-out spectra of the target, predicted by {best}.", _image(pyplot, figure)
    if spectra is not None:
        display = SpectraDifferenceDisplay.from_spectra(**spectra)
        yield (
            f"Spectra of the same samples on both instruments, before and after {best}.",
            _image(pyplot, display.figure_),
        )


def _image(pyplot, figure):
    """Encode a figure and close it."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110, bbox_inches="tight")
    pyplot.close(figure)
    return base64.b64encode(buffer.getvalue()).decode()
