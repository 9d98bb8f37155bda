"""How often good target spectra are flagged, and how often wrong ones are."""

import numpy as np
import pandas as pd

from skspectral.diagnostics import TargetLimits

from .pairs import blocks

__all__ = ["CASES", "flag_rates", "flag_summary", "flags_by_pair", "other_materials", "wrong_spectra"]

ROLES = {"source": "A", "target": "B"}
#: Steps of these shares of the range of a spectrum, such as a change of detector leaves behind.
STEPS = {"step 5 %": 0.05, "step 20 %": 0.2, "step 50 %": 0.5}
CASES = ("good", "noise", "reversed", "reflectance", "other material", *STEPS, "wrong instrument")


def flag_rates(pair, n_standards, seed, others):
    """Judge good and wrong spectra of one split of a pair, list of dict.

    Parameters
    ----------
    pair : Pair
    n_standards, seed : int
    others : list of (name, X, axis)
        Other materials in absorbance.
    """
    split = blocks(pair, "random", n_standards, seed)
    limits = TargetLimits(**ROLES, quantity="absorbance").fit(split.X, **split.labels)
    rng = np.random.default_rng(seed)
    rows = []
    for case in CASES:
        found = limits.check(wrong_spectra(case, split.X_test, pair, others, rng))
        score = found.score
        rows.append({"pair": pair.name, "n": n_standards, "seed": seed, "case": case, "spectra": len(score)})
        rows[-1] |= {"warning": float((score > 1).mean()), "file": float(found.file_mistake is not None)}
    return rows


def wrong_spectra(case, X, pair, others, rng):
    """Make wrong spectra of one of the CASES from good ones (n_spectra, n_channels) of a pair."""
    if case == "good":
        return X
    if case == "noise":
        noise = rng.standard_normal(X.shape)
        return X.mean(axis=1, keepdims=True) + X.std(axis=1, keepdims=True) * noise
    if case == "reversed":
        return X[:, ::-1]
    if case == "reflectance":
        return 10.0**-X
    if case in STEPS:
        n = X.shape[1]
        at = rng.integers(n // 5, n - n // 5, len(X))
        return X + STEPS[case] * np.ptp(X, axis=1, keepdims=True) * (np.arange(n) >= at[:, None])
    if case == "wrong instrument":
        return _seen_by_source(pair, X)
    covering = [(Z, axis) for name, Z, axis in others if axis[0] <= pair.axis[0] and axis[-1] >= pair.axis[-1]]
    drawn = [covering[i] for i in rng.integers(len(covering), size=len(X))]
    return np.stack([np.interp(pair.axis, axis, Z[rng.integers(len(Z))]) for Z, axis in drawn])


def _seen_by_source(pair, X):
    """The same samples on the source."""
    at = {row.tobytes(): i for i, row in enumerate(pair.target)}
    return pair.source[[at[row.tobytes()] for row in np.ascontiguousarray(X)]]


def other_materials(pair, materials):
    """Those of the materials (name, X, axis, references) that are not that of a pair: list of (name, X, axis)."""
    own = pair.name.split(": ")[-1].split("_")[0].split(" ")[0]
    return [(name, X, axis) for name, X, axis, _ in materials if not name.startswith(own)]


def flag_summary(table):
    """Share of spectra at warning by case and number of standards, real and simulated pairs apart, and of files."""
    kind = table["pair"].str.startswith("simulated").map({True: "simulated", False: "real"})
    weighted = table.assign(kind=kind, flagged=table["warning"] * table["spectra"])
    sums = weighted.groupby(["kind", "case", "n"])[["flagged", "spectra"]].sum()
    shares = (sums["flagged"] / sums["spectra"]).unstack("n")
    every = weighted.groupby(["kind", "case"])
    sums = every[["flagged", "spectra"]].sum()
    shares["all"], shares["spectra"] = sums["flagged"] / sums["spectra"], sums["spectra"]
    shares["file"] = every["file"].mean()
    return pd.DataFrame(shares).reindex([(k, c) for k in ("real", "simulated") for c in CASES]).round(3)


def flags_by_pair(table):
    """Share of spectra at warning by pair and case."""
    return table.groupby(["pair", "case"], sort=False)["warning"].mean().unstack("case")[list(CASES)].round(3)
