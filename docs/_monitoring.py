"""Tables of the alarms of control charts and of spectral drift, from the results of ``benchmarks/monitoring``."""

import json

from _results import write_text

__all__ = ["write_monitoring"]

MISSING = "*Not generated yet: run* ``python -m benchmarks.monitoring`` *in a checkout, and build again.*\n"
CHARTS = ("bias shewhart", "bias cusum", "bias ewma")


def write_monitoring(results, generated):
    """Write ``monitoring_stable.rst``, ``monitoring_drift.rst`` and ``monitoring_spectra.rst``, or placeholders."""
    generated.mkdir(exist_ok=True)
    tables = (
        ("stable", _stable, "run_lengths"),
        ("drift", _drift, "run_lengths"),
        ("spectra", _spectra, "spectral_drift"),
    )
    for name, table, source in tables:
        file = results / f"{source}.json"
        text = table(json.loads(file.read_text("utf8"))) if file.is_file() else MISSING
        write_text(generated / f"monitoring_{name}.rst", text)


def _stable(found):
    charts = list(next(iter(found["stable"].values())))
    head = [
        "",
        *(chart.replace("shewhart", "Shewhart").replace("cusum", "CUSUM").replace("ewma", "EWMA") for chart in charts),
    ]
    rows = [[name, *(f"{row[chart]['run_length']:.0f}" for chart in charts)] for name, row in found["stable"].items()]
    theory = ["theory", *(f"{found['run_length_asked_for']:.0f}" for _ in charts[:-1]), ""]
    return _table(head, [*rows, theory])


def _drift(found):
    head = ["Check samples", "Readings before", "Shewhart", "CUSUM", "EWMA", "any chart", "CUSUM, theory", "best test"]
    rows = []
    for case in found["drift"]:
        share, theory, seen = case["repeatability_in_sep"], case["theory_without_history"], case["alarm_within_10"]
        kind = "new" if share is None else f"control, repeatability {share:g} SEP"
        values = [*(seen[chart] for chart in CHARTS), seen["any chart"], theory["bias cusum"], theory["best test"]]
        rows.append([kind, str(case["readings_before"]), *(f"{value:.0%}" for value in values)])
    return _table(head, rows)


def _spectra(found):
    changes = [name for name in next(iter(found.values())) if name not in ("groups", "window")]
    rows = [[name, *(f"{figures[name]:.0%}" for figures in found.values())] for name in changes]
    return _table(["Change", *found], rows)


def _table(head, rows):
    lines = [".. list-table::", "   :header-rows: 1", ""]
    for row in [head, *rows]:
        lines += [f"   {'* -' if i == 0 else '  -'} {cell}".rstrip() for i, cell in enumerate(row)]
    return "\n".join([*lines, ""])
