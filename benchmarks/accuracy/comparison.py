"""Methods beside one another: in every cell, and on the splits that both have."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from .methods import METHODS
from .protocol import OTHER_SAMPLES
from .summary import CELL, corrected_t_test, summarise

__all__ = ["MAIN_STANDARDS", "Comparison"]

MAIN_STANDARDS = 10


@dataclass(frozen=True, eq=False)
class Comparison:
    """Results of one data set under one way of choosing standards."""

    plan: object
    results: pd.DataFrame
    summary: pd.DataFrame

    def at(self, method, n):
        """Rows of the summary of a method, by cell; methods without a choice of ``n`` have one row."""
        found = self.summary[
            (self.summary["method"] == method) & (self.summary["n_standards"] == _standards(method, n))
        ]
        return found.set_index(CELL)

    @cached_property
    def repeats(self):
        """Results by cell, method and number of standards, indexed by repeat."""
        groups = self.results.groupby([*CELL, "method", "n_standards"])
        return {key: rows.set_index("repeat") for key, rows in groups}

    @cached_property
    def squares(self):
        """Sums of squared errors by method and number of standards, indexed by cell and repeat."""
        groups = self.results.groupby(["method", "n_standards"])
        return {key: rows.set_index([*CELL, "repeat"])["sse"] for key, rows in groups}

    def difference(self, method, other, n, cell):
        """Mean difference in RMSEP of two methods on the splits that both have, and its corrected p-value.

        The p-value is NaN where all repeats share one test set: the correction is for test sets drawn anew.
        """
        one, two = (self.repeats[(*cell, name, _standards(name, n))] for name in (method, other))
        both = one.index.intersection(two.index)
        one, two = one.loc[both], two.loc[both]
        differences = one["rmsep"] - two["rmsep"]
        if self.plan.test_size is None:
            return differences.mean(), np.nan
        return differences.mean(), corrected_t_test(differences, one["n_test"].mean(), one["n_calibration"].mean())

    def at_or_below(self, method, n, other, m):
        """Cells in which a method is not worse than another, pooled over the splits that both have; as text."""
        one, two = (self.squares.get((name, _standards(name, k))) for name, k in ((method, n), (other, m)))
        if one is None or two is None:
            return "n/a"
        sums = pd.concat([one, two], axis=1, keys=["one", "two"], join="inner").groupby(level=CELL).sum()
        return str(int((sums["one"] <= sums["two"]).sum())) if len(sums) else "n/a"

    def on_shared_splits(self, methods, n):
        """The comparison on the repeats that all of some methods have in every cell, and their number."""
        wanted = {(method, _standards(method, n)) for method in methods}
        rows = self.results[[key in wanted for key in zip(self.results["method"], self.results["n_standards"])]]
        complete = rows.groupby("repeat").size() == len(wanted) * len(self.cells)
        repeats = complete.index[complete]
        part = self.results[self.results["repeat"].isin(repeats)]
        return Comparison(self.plan, part, summarise(part)), len(repeats)

    def name(self, method):
        """Name of a method, with the number of its repeats where others have more."""
        repeats = self.summary.groupby("method")["n_repeats"].max()
        return method if repeats[method] == repeats.max() else f"{method} ({repeats[method]} repeats)"

    @property
    def numbers(self):
        """Numbers of standards that there are results of, 0 left out."""
        return sorted({int(n) for n in self.summary["n_standards"] if n.isdigit() and n != "0"})

    @property
    def main_number(self):
        """The number of standards that the tables of cells show."""
        return MAIN_STANDARDS if MAIN_STANDARDS in self.numbers else max(self.numbers, default=0)

    @property
    def cells(self):
        """Cells in the order of the plan."""
        known = set(self.summary[CELL].itertuples(index=False, name=None))
        cells = [(*pair, name) for pair in self.plan.pairs for name in self.plan.properties]
        return [cell for cell in cells if cell in known]

    @property
    def methods(self):
        """Methods that there are results of, in the order of the comparison."""
        known = set(self.summary["method"])
        return [method for method in METHODS if method in known]


def _standards(method, n):
    """Number of standards as the results have it, for methods that do not depend on it."""
    if n == OTHER_SAMPLES and METHODS[method].standards == "none":
        return OTHER_SAMPLES
    return {"none": "0", "all": "all", "some": str(n)}[METHODS[method].standards]
