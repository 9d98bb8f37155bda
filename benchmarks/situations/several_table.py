"""The table of two known instruments, beside either of them from the results of the evaluation protocol."""

from pathlib import Path

import numpy as np

import benchmarks.accuracy
from benchmarks.accuracy.data import PLANS
from benchmarks.accuracy.fingerprints import is_of_these_inputs
from benchmarks.accuracy.summary import read_results
from benchmarks.situations.several_sources import TARGETS

__all__ = ["several_section"]

RESULTS = Path(benchmarks.accuracy.__file__).parent / "results"
GAIN, WORSE = 0.012, 1.02


def several_section(rows, results=RESULTS):
    """Markdown of what two sources are worth, on the splits that both have."""
    table = read_results(results, "corn")
    table = table[(table["method"] == "AutoTransfer") & (table["selection"] == "random")]
    present = {s: is_of_these_inputs({"settings": s}, "AutoTransfer", "corn") for s in set(table["settings"])}
    table = table[table["settings"].map(present)]
    single = {
        (r.source, r.target, int(r.repeat), r.n_standards, r.property): (r.sse / r.n_test, r.r2)
        for r in table.itertuples()
    }
    properties = PLANS["corn"].properties
    lines = [
        "| N | splits | R2 of either, mean | R2 of both | gain | RMSEP, both to mean of either | cells (of 12) above "
        "the worse by 2 % |",
        "|---" * 7 + "|",
    ]
    for n in sorted({row["of"]["standards"] for row in rows}):
        found = [_beside(row, single, properties) for row in rows if row["of"]["standards"] == n]
        found = [part for part in found if part is not None]
        if not found:
            continue
        squares = {target: np.array([f[1] for f in found if f[0] == target]) for target in TARGETS}
        r2 = np.array([f[2] for f in found])
        worse = [
            f"{name} on {target} ({both / np.sqrt(max(one, other)) - 1:+.1%})"
            for target, part in squares.items()
            if len(part)
            for name, both, one, other in zip(properties, np.sqrt(part[:, 0].mean(0)), *part[:, 1:].mean(0))
            if both > WORSE * np.sqrt(max(one, other))
        ]
        logs = 0.5 * np.log(np.array([f[1] for f in found]))
        ratio = np.expm1((logs[:, 0] - logs[:, 1:].mean(axis=1)).mean())
        either, both = r2[:, 1:].mean(), r2[:, 0].mean()
        lines.append(
            f"| {n} | {len(found)} | {either:.4f} | {both:.4f} | {both - either:+.4f} | {ratio:+.1%} | "
            f"{', '.join(worse) or 'none'} |"
        )
    return (
        "## Two known instruments\n\nCorn, `AutoTransfer(others=[...])` with both other instruments as sources, on the "
        "random splits of the protocol (splits count targets and repeats). Aimed at: a gain in R2 of at least "
        f"{GAIN:g} over the mean of the single sources, and in no cell an RMSEP, pooled over the splits, of more than "
        "2 % above the worse single source.\n\n" + "\n".join(lines)
    )


def _beside(row, single, properties):
    """Target, and mean squares and R2 of both sources, of the one, of the other; None where either has no result."""
    of = row["of"]
    keys = [
        [(source, of["target"], of["repeat"], str(of["standards"]), name) for name in properties]
        for source in TARGETS[of["target"]]
    ]
    if any(key not in single for side in keys for key in side):
        return None
    one, other = (np.array([single[key] for key in side]).T for side in keys)
    squares = np.array(row["errors"]["both"])
    # either source has the same test samples, so that its R2 gives their variance
    r2 = 1 - squares * (1 - one[1]) / one[0]
    return of["target"], (squares, one[0], other[0]), (r2, one[1], other[1])
