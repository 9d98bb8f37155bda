"""A comparison of methods as one HTML page with its plots inside, and the same numbers as CSV."""

import base64
import csv
import io
import re
from pathlib import Path

import numpy as np

from .._core.optional import import_optional
from .._core.whole_files import write_whole
from .._version import __version__
from ..exceptions import OptionalDependencyError
from ..monitoring import ControlChart
from ..plotting import CellHeatmapDisplay, PredictedMeasuredDisplay, SpectraDifferenceDisplay
from ._compare import NATIVE
from ._samples import FAR, held_out_samples, samples_to_look_at

__all__ = ["summary_table", "write_report"]

NO_TRANSFER = "SourceOnly"
# a hyphen may be broken at the end of a line
MINUS = "\N{MINUS SIGN}"


def summary_table(comparison):
    """Pooled RMSEP and R2 of every method, ready to print, the best first.

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
    for method in comparison.ranking():
        cells = [method]
        for name in properties:
            row = figures.get((method, name))
            spread = "" if row is None or np.isnan(row["rmsep_sd"]) else f" ± {row['rmsep_sd']:.2g}"
            cells += ["", ""] if row is None else [f"{row['rmsep']:.3g}{spread}", f"{row['r2']:.3f}"]
        rows.append(cells)
    return header, rows


def write_report(path, comparison, *, title, notes, best, spectra=None):
    """Write the page, and its numbers beside it as ``NAME-methods.csv`` and ``NAME-samples.csv``.

    Parameters
    ----------
    path : path-like
        The HTML file.
    comparison : skspectral.comparison.Comparison
        Predictions with ``lower``, ``upper`` or ``flag`` have these shown.
    title : str
    notes : list of str
        Paragraphs that say what was compared and how.
    best : str
        Method whose predictions are drawn.
    spectra : dict, optional
        ``source``, ``target``, ``transferred`` (each (n_samples, n_channels)) and ``wavelengths`` for the plot of the
        differences before and after transfer.

    Returns
    -------
    list of Path
        The files, the page first. Without matplotlib the page has no figures, and says so.

    Raises
    ------
    OptionalDependencyError
        If Jinja2 is not installed: ``pip install 'skspectral[io]'``.
    OSError
        If a file cannot be written.
    """
    path = Path(path)
    summary, samples = _sorted_summary(comparison), held_out_samples(comparison, best)
    files = [path.with_name(f"{path.stem}-{part}.csv") for part in ("methods", "samples")]
    for file, rows in zip(files, (summary, samples)):
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, list(dict.fromkeys(key for row in rows for key in row)), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        write_whole(file, text.getvalue().encode("utf-8"))
    try:
        figures, no_figures = list(_figures(comparison, best, spectra)), None
    except OptionalDependencyError as error:
        figures, no_figures = [], f"There are none: {error}"
    jinja2 = import_optional("jinja2", extra="io", feature="The report")
    source = Path(__file__).with_name("_report.html.jinja").read_text(encoding="utf-8")
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    page = environment.from_string(source).render(
        title=title,
        notes=notes,
        best=best,
        short=_short(comparison, summary, best),
        how_to_read=_how_to_read(comparison, best),
        tables=_tables(comparison, summary, best),
        skipped=list(comparison.skipped.values()),
        samples=_suspicious(samples),
        limits=_limits(summary, best),
        figures=figures,
        no_figures=no_figures,
        files=[file.name for file in files],
        version=__version__,
    )
    write_whole(path, f"{page}\n".encode())
    return [path, *files]


def _sorted_summary(comparison):
    rows, order = comparison.summary(), comparison.ranking()
    return sorted(rows, key=lambda row: (comparison.properties.index(row["property"]), order.index(row["method"])))


def _number(value, form=".3g"):
    return "" if value is None or np.isnan(value) else f"{value:{form}}".replace("-", MINUS)


def _decimals(value, digits=3):
    """Decimal places at which a value has so many digits."""
    return max(0, digits - 1 - int(np.floor(np.log10(value)))) if 0 < value < np.inf else digits


def _short(comparison, summary, best):
    """Without transfer, with the best method, and what the target could do by itself."""
    rmsep = {(row["method"], row["property"]): row["rmsep"] for row in summary}
    shown = {"No transfer": NO_TRANSFER, best: best, "Own calibration": NATIVE}
    shown = {
        title: name
        for title, name in shown.items()
        if name in comparison.methods and (name, title) != (best, NO_TRANSFER)
    }
    rows = [[of, *(_number(rmsep.get((name, of))) for name in shown.values())] for of in comparison.properties]
    return {"columns": list(shown), "rows": rows}


def _how_to_read(comparison, best):
    native = NATIVE in comparison.methods
    return [
        "Every method learned from the same spectra and predicted the same held-out samples, which it had never seen.",
        "RMSEP is the typical error of one prediction in the unit of the property, of which bias is the part that all "
        "predictions share and SEP the rest; smaller is better, and R² is better the nearer it is to 1.",
        "The number after ± is how much the RMSEP varies with the samples that are drawn: methods that differ by less "
        "are equally good.",
        (
            f"A transfer is worth its standards where its error is far below that of {NO_TRANSFER}"
            + (f", and complete where it reaches {NATIVE}, the target calibrated from all samples." if native else ".")
        ),
        f"{best} was picked because it is best here, so expect slightly larger errors in routine, and "
        "watch it by check samples.",
    ]


def _tables(comparison, summary, best):
    kinds = {best: "best", NATIVE: "native"}
    tables = []
    for name in comparison.properties:
        of = [row for row in summary if row["property"] == name]
        # as many decimals for all methods as the smallest error needs, so that they can be compared at a glance
        places = _decimals(min(row["rmsep"] for row in of))
        rows = [
            {
                # long names may only be broken before a capital
                "words": re.split(r"(?<=[a-z])(?=[A-Z])", row["method"]),
                "kind": kinds.get(row["method"]),
                "rmsep": _number(row["rmsep"], f".{places}f"),
                "spread": _number(row["rmsep_sd"], f".{places}f"),
                "bias": _number(row["bias"], f"+.{places}f"),
                "sep": _number(row["sep"], f".{places}f"),
                "r2": _number(row["r2"], ".3f" if row["r2"] > -1 else ".1f"),
            }
            for row in of
        ]
        tables.append({"property": name, "rows": rows})
    return tables


def _suspicious(samples):
    worst = samples_to_look_at(samples)
    intervals = any("lower" in row for row in samples)
    inside = [row["lower"] <= row["measured"] <= row["upper"] for row in samples if "lower" in row]
    text = (
        f"{len(worst)} of {len(samples)} held-out values are more than {FAR:g} SEP off or flagged: read the spectrum "
        "again, and have the reference checked."
        if worst
        else f"None of {len(samples)} held-out values is more than {FAR:g} SEP off, or flagged."
    )
    if inside:
        text += f" {np.mean(inside):.0%} of {len(inside)} references lie inside their 90 % interval."
    rows = [
        {
            "sample": row["sample"],
            "property": row["property"],
            "measured": _number(row["measured"], ".4g"),
            "predicted": _number(row["predicted"], ".4g"),
            "interval": f"{_number(row['lower'], '.4g')} to {_number(row['upper'], '.4g')}" if "lower" in row else "",
            "ratio": _number(row["ratio"], "+.1f"),
            "flag": row.get("flag", ""),
            "reason": row.get("reason", ""),
        }
        for row in worst
    ]
    return {"text": text, "rows": rows, "intervals": intervals}


def _limits(summary, best):
    rows = []
    for row in summary:
        if row["method"] == best and row["sep"] > 0:
            single, group = ControlChart(sep=row["sep"], charts="shewhart").shewhart_limits
            rows.append({"property": row["property"], **_named(sep=row["sep"], single=single, group=group)})
    return {"arl": f"{ControlChart.arl:.0f}", "rows": rows}


def _named(**values):
    return {name: _number(value) for name, value in values.items()}


def _figures(comparison, best, spectra):
    """Yield captions and images."""
    pyplot = import_optional("matplotlib.pyplot", extra="plot", feature="Plotting")
    results = comparison.results()
    columns = {name: np.array([row[name] for row in results]) for name in ("method", "property", "rmsep")}
    relative = NATIVE if NATIVE in comparison.methods else best
    display = CellHeatmapDisplay.from_results(
        columns, cell=["property"], relative_to=relative, methods=comparison.ranking()
    )
    caption = f"RMSEP of each method divided by that of {relative}: below 1 is better."
    yield {"caption": caption, "image": _image(pyplot, display.figure_), "wide": len(comparison.properties) > 6}
    for name in comparison.properties:
        figure, ax = pyplot.subplots(figsize=(4.8, 4.4), layout="constrained")
        measured, predicted = comparison.of(best, name)
        PredictedMeasuredDisplay.from_predictions(measured, predicted, target_name=name, ax=ax)
        caption = f"Held-out spectra of the target, {name} predicted by {best}."
        yield {"caption": caption, "image": _image(pyplot, figure)}
    if spectra is not None:
        display = SpectraDifferenceDisplay.from_spectra(**spectra)
        caption = f"Spectra of the same samples on both instruments, before and after {best}."
        yield {"caption": caption, "image": _image(pyplot, display.figure_), "wide": True}


def _image(pyplot, figure):
    """Encode a figure and close it."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=130, bbox_inches="tight")
    pyplot.close(figure)
    return base64.b64encode(buffer.getvalue()).decode()
