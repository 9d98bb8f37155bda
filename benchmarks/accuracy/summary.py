"""Results as they were written, their means over the repeats, and whether differences are more than chance."""

from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from .archive import packed_paths
from .methods import METHODS
from .protocol import WITH_UNLABELLED

__all__ = ["CELL", "corrected_t_test", "in_order", "of_pairs", "on_all_splits", "read_results", "summarise"]

CELL = ["source", "target", "property"]


def read_results(folder, dataset):
    """Read the results of a data set, packed or not; ``n_standards`` stays text: it need not be a number."""
    plain = Path(folder) / f"{dataset}.csv"
    paths = [plain] if plain.exists() else packed_paths(folder, dataset)
    types = {"n_standards": str, "source": str, "target": str, "prep": str}
    return pd.concat([pd.read_csv(path, dtype=types) for path in paths], ignore_index=True)


def of_pairs(table, pairs):
    """Mark the rows of a table that belong to some pairs of instruments: ndarray of bool."""
    return pd.MultiIndex.from_frame(table[["source", "target"]]).isin(pairs)


def summarise(results):
    """Average the repeats: one row per cell, selection, number of standards and method.

    Parameters
    ----------
    results : DataFrame
        As :func:`read_results` returns it.

    Returns
    -------
    DataFrame
        Mean and standard deviation (``ddof=1``) over the repeats, and ``rmsep_pooled`` over all test samples of all
        repeats.
    """
    groups = results.groupby([*CELL, "selection", "n_standards", "method"], sort=False)
    table = groups.agg(
        n_repeats=("repeat", "size"),
        rmsep=("rmsep", "mean"),
        rmsep_sd=("rmsep", "std"),
        r2=("r2", "mean"),
        r2_sd=("r2", "std"),
        rpd=("rpd", "mean"),
        bias=("bias", "mean"),
        sep=("sep", "mean"),
        sse=("sse", "sum"),
        n_test=("n_test", "sum"),
        fit_seconds=("fit_seconds", "mean"),
    ).reset_index()
    table["rmsep_pooled"] = np.sqrt(table["sse"] / table["n_test"])
    return table.drop(columns=["sse", "n_test"])


def on_all_splits(summary):
    """Rows of a summary of the methods that have as many repeats as any: means over other splits do not compare."""
    repeats = summary.groupby("method")["n_repeats"].min()
    return summary[summary["method"].map(repeats) == repeats.max()]


def in_order(summary, plan):
    """Sort a summary as the plan has it, so that the file does not depend on what was computed first."""
    places = {name: {value: place for place, value in enumerate(values)} for name, values in _orders(plan).items()}
    keys = [summary[name].map(places[name]) for name in places]
    return summary.iloc[np.lexsort(keys[::-1])]


def _orders(plan):
    return {
        "selection": plan.repeats,
        "source": dict.fromkeys(source for source, _ in (*plan.pairs, *plan.disjoint)),
        "target": dict.fromkeys(target for _, target in (*plan.pairs, *plan.disjoint)),
        "method": METHODS,
        "n_standards": [*WITH_UNLABELLED, *map(str, plan.standards), "all"],
        "property": plan.properties,
    }


def corrected_t_test(differences, n_test, n_train):
    """Test whether paired differences over random splits have mean zero (Nadeau & Bengio).

    The splits share samples, so that the plain t-test finds far too many differences; the variance of the mean is
    taken as ``(1 / n_repeats + n_test / n_train)`` times that of the differences.

    Parameters
    ----------
    differences : array-like of shape (n_repeats,)
    n_test, n_train : float
        Samples tested and trained on in one split.

    Returns
    -------
    float
        Two-sided p-value; NaN with fewer than two repeats.

    References
    ----------
    Nadeau, C., Bengio, Y. (2003). Inference for the generalization error. Machine Learning 52, 239-281.
    https://doi.org/10.1023/A:1024068626366
    """
    differences = np.asarray(differences, dtype=float)
    n = len(differences)
    if n < 2:
        return np.nan
    error = np.sqrt((1.0 / n + n_test / n_train) * differences.var(ddof=1))
    if error == 0:
        return 1.0 if differences.mean() == 0 else 0.0
    return float(2 * stats.t.sf(abs(differences.mean()) / error, n - 1))
