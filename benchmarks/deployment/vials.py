"""How often good sets of standards are suspected of an exchange of two vials, and how often one is found."""

import numpy as np
import pandas as pd

from skspectral._core.roles import TransferRows
from skspectral.diagnostics.suspects import EXCHANGED, likeliest_exchange

from .pairs import blocks

__all__ = ["vial_odds", "vial_summary"]

EXCHANGES = 3


def vial_odds(pair, n_standards, seed):
    """Judge the standards of one split as they are, and with two target spectra exchanged, list of dict.

    Parameters
    ----------
    pair : Pair
    n_standards, seed : int
    """
    split, rng = blocks(pair, "random", n_standards, seed), np.random.default_rng(seed)
    on_target = np.flatnonzero(split.instrument == "B")
    kind = "simulated" if pair.name.startswith("simulated") else "real"
    rows = []
    for case in ["good"] + ["exchanged"] * EXCHANGES:
        X, names = split.X.copy(), set()
        if case == "exchanged":
            two = rng.choice(on_target, 2, replace=False)
            X[two], names = X[two[::-1]], set(split.sample_id[two])
        odds, *found = likeliest_exchange(
            TransferRows.sort_out(
                *(X, split.y),
                instrument=split.instrument,
                sample_id=split.sample_id,
                source="A",
                target="B",
            )
        )
        rows.append({"pairs": kind, "pair": pair.name, "n": n_standards, "case": case, "odds": odds})
        rows[-1] |= {"right": set(found) == names}
    return rows


def vial_summary(table):
    """Shares by kind of pairs and number of standards, and the odds that one in a hundred good sets exceeds."""
    said = table["odds"] > EXCHANGED
    marked = table.assign(named=said, found=said & table["right"])
    groups = []
    for by in ("n", None):
        for key, group in marked.groupby(["pairs", by] if by else ["pairs"]):
            good, exchanged = (group[group["case"] == case] for case in ("good", "exchanged"))
            groups.append(
                {
                    "pairs": key[0],
                    "n": key[1] if by else "all",
                    "good": len(good),
                    "false": good["named"].mean(),
                    "exchanged": len(exchanged),
                    "found": exchanged["found"].mean(),
                    "others named": (exchanged["named"] & ~exchanged["found"]).mean(),
                    "odds of 1 %": good["odds"].quantile(0.99),
                }
            )
    return pd.DataFrame(groups).round(3)
