"""The table of the ablation."""

import numpy as np
import pandas as pd

from benchmarks.prior.judging import TOLERATED, log_error
from skspectral.transfer.portfolio._members import FAMILIES

__all__ = ["ablation_section"]

WHERE = ("simulated", "pairs", "corn", "tablets")


def ablation_section(rows):
    """Markdown of what removing a family costs."""
    table = pd.DataFrame([_changes(row) for row in rows])
    lines = ["| | N | tasks | " + " | ".join(FAMILIES) + " |", "|---" * (3 + len(FAMILIES)) + "|"]
    for where in WHERE:
        for n, part in table[table["where"] == where].groupby("standards"):
            means = part.reindex(columns=FAMILIES).mean()
            costs = ("" if np.isnan(value) else f"{np.expm1(value):+.1%}" for value in means)
            lines.append(f"| {where} | {n} | {len(part)} | " + " | ".join(costs) + " |")
    return (
        "## Without one family\n\nWhat the RMSEP of the portfolio rises by if one family of its models is removed, its "
        "share going to the others: geometric mean over tasks and properties, where errors below "
        f"{TOLERATED:g} of the variance of the references count as equal. Simulated instruments of all kinds and fresh "
        "splits of the corpus' pairs of instruments (N = 0: with unlabelled spectra of other samples); corn and the "
        "assay of tablets on the first random splits. Families that are not there with so few standards cost "
        "nothing; nothing stands where no other family would be there.\n\n" + "\n".join(lines)
    )


def _changes(row):
    logs = {name: log_error(np.array(values)) for name, values in row["errors"].items()}
    of, where = row["of"], row["of"]["where"]
    where = of["task"].split()[0] if where == "corn and tablets" else where
    return {"where": where, "standards": of["standards"]} | {
        f: (values - logs["all"]).mean() for f, values in logs.items() if f != "all"
    }
