"""Learn the constants of the intervals from what their variance is made of, and say how often they hold."""

import numpy as np
import pandas as pd
from scipy import stats
from scipy.optimize import minimize

__all__ = ["coverage", "learn", "set_of"]

FREEDOM = 3.0
LEVEL = 0.9
#: Squared errors beyond this share of the variance of the references are as good as none.
FLOOR = 1e-6
#: Half widths of the interval beyond which an error is one that a flag should have told.
FAR = 2.0
NAMES = ("rho", "y_prior", "prior_standards", "a", "b", "c", "g")
START = (1.0, 1.0, 3.0, 1.0, 0.3, 0.3, 0.3)


def variance(part, constants):
    """Predictive variance (n_test,) of a task, as `TransferIntervals` has it."""
    Z, middle = part["standards"], part["standards"].mean(axis=0)
    inverse = np.linalg.inv(np.eye(Z.shape[1]) + (Z - middle).T @ (Z - middle) / constants["rho"])
    away = part["scores"] - middle
    h_z = np.einsum("nk,kl,nl->n", away, inverse, away) / Z.shape[1]
    y = part["y_standards"]
    squares = np.sum((y - y.mean()) ** 2) + constants["y_prior"] * part["y_spread"]
    h_y = (part["predicted"] - y.mean()) ** 2 / squares
    own = part["own"] ** 2 if part["own"] is not None else _own(part, constants["prior_standards"])
    of_own = own * (constants["a"] + constants["b"] * h_y + constants["c"] * h_z)
    return of_own + constants["g"] * part["difference"] * h_z + FLOOR * part["y_spread"]


def _own(part, prior):
    e = part["residuals"]
    return (np.sum(e**2) + prior * part["source_error"]) / (len(e) + prior)


def learn(parts, fixed=None):
    """Find the constants: smallest mean negative log likelihood of Student's distribution, every task alike.

    Parameters
    ----------
    parts : list of dict
        From `interval_parts`, of methods that all have a standard deviation of their own, or all have none.
    fixed : dict, optional
        Constants that are known already.

    Returns
    -------
    dict
    """
    fixed = fixed or {}
    free = [name for name in NAMES if name not in fixed]

    def constants(logs):
        return fixed | dict(zip(free, np.exp(logs)))

    def loss(logs):
        found, total = constants(logs), 0.0
        for part in parts:
            freedom = part["n"] + FREEDOM
            v = variance(part, found) * (freedom - 2) / freedom
            log = np.mean(-stats.t.logpdf(part["error"] / np.sqrt(v), freedom) + 0.5 * np.log(v))
            total += log / kinds.count(part["kind"])
        # what the tasks say nothing about stays where it was
        return total / len(set(kinds)) + 1e-3 * np.sum((logs - start) ** 2)

    # kinds of splits count alike, however many tasks there are of each
    kinds = [part["kind"] for part in parts]
    start = np.log([START[NAMES.index(name)] for name in free])
    found = minimize(loss, start, method="Nelder-Mead", options={"xatol": 0.02, "fatol": 1e-5, "maxiter": 1500})
    values = constants(found.x)
    scale = _scale(parts, values) ** 2
    return {k: round(float(v * scale if k in "abcg" and k not in fixed else v), 4) for k, v in values.items()}


def _scale(parts, values):
    """By what intervals must be multiplied to hold as often as they should, on average over the kinds of splits."""
    by_kind = {}
    for part in parts:
        by_kind.setdefault(part["kind"], []).append(_z(part, values))
    z = np.concatenate([np.concatenate(group) for group in by_kind.values()])
    weights = np.concatenate([np.full(n, 1.0 / n) for n in (sum(map(len, group)) for group in by_kind.values())])
    order = np.argsort(z)
    reached = np.cumsum(weights[order]) / weights.sum()
    return float(z[order][np.searchsorted(reached, LEVEL)])


def _z(part, constants):
    """Absolute errors in half widths of the interval."""
    return np.abs(part["error"]) / (
        np.sqrt(variance(part, constants)) * stats.t.isf((1 - LEVEL) / 2, part["n"] + FREEDOM)
    )


def set_of(pair):
    """The published set that a pair comes from; pairs of the corpus are one."""
    first = pair.split(" ")[0]
    return first if first in ("corn", "tablets", "sugarcane", "simulated") else "corpus"


def coverage(parts, constants):
    """Share of references inside their interval, and width beside that of the method's own, one row for each part."""
    rows = []
    for part in parts:
        z = _z(part, constants[part["method"]])
        half = np.abs(part["error"]) / np.maximum(z, 1e-300)
        own = np.sqrt(np.mean(part["own"] ** 2)) if part["own"] is not None else np.sqrt(_own(part, 3.0))
        told = part.get("conformal")
        by_rank = {"conformal": np.nan, "conformal_width": np.nan}
        if told is not None:
            by_rank = {"conformal": np.mean(np.abs(part["error"]) <= told)}
            by_rank |= {"conformal_width": np.median(told) / (1.645 * own)}
        rows.append(
            {"set": set_of(part["pair"]), "method": part["method"], "kind": part["kind"], "n": part["n"]}
            | {"covered": np.mean(z <= 1), "far": np.sum(z > FAR), "far_flagged": np.sum((z > FAR) & part["flagged"])}
            | by_rank
            | {"own_covered": np.mean(np.abs(part["error"]) <= 1.645 * own), "width": np.median(half) / (1.645 * own)}
        )
    return pd.DataFrame(rows)
