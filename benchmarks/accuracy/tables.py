"""Tables made of the results files and nothing else."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from .archive import packed_paths
from .data import PLANS
from .methods import METHODS

__all__ = ["corrected_t_test", "read_results", "summarise", "write_tables"]

CELL = ["source", "target", "property"]
MAIN_STANDARDS = 10
MANY_STANDARDS = 50
RPD_THRESHOLD = 3.0
# published for LoRA-CT on a Raman methanol set; another task, printed because it is often quoted
LORA_CT_R2 = 0.952
SIGNIFICANT = 0.05


def read_results(folder, dataset):
    """Read the results of a data set, packed or not; ``n_standards`` stays text: the native calibration has "all"."""
    plain = Path(folder) / f"{dataset}.csv"
    paths = [plain] if plain.exists() else packed_paths(folder, dataset)
    types = {"n_standards": str, "source": str, "target": str, "prep": str}
    return pd.concat([pd.read_csv(path, dtype=types) for path in paths], ignore_index=True)


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


def in_order(summary, plan):
    """Sort a summary as the plan has it, so that the file does not depend on what was computed first."""
    places = {name: {value: place for place, value in enumerate(values)} for name, values in _orders(plan).items()}
    keys = [summary[name].map(places[name]) for name in places]
    return summary.iloc[np.lexsort(keys[::-1])]


def _orders(plan):
    return {
        "selection": plan.repeats,
        "source": dict.fromkeys(source for source, _ in plan.pairs),
        "target": dict.fromkeys(target for _, target in plan.pairs),
        "method": METHODS,
        "n_standards": [*map(str, plan.standards), "all"],
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


@dataclass(frozen=True, eq=False)
class _Selection:
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

    def name(self, method):
        """Name of a method, with the number of its repeats where others have more."""
        repeats = self.summary.groupby("method")["n_repeats"].max()
        return method if repeats[method] == repeats.max() else f"{method} ({repeats[method]} repeats)"

    @property
    def numbers(self):
        """Numbers of standards that there are results of, 0 left out."""
        return sorted({int(n) for n in self.summary["n_standards"] if n not in ("0", "all")})

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


def write_tables(folder, dataset):
    """Write ``<dataset>_summary.csv`` and ``<dataset>_tables.md`` beside the results.

    Parameters
    ----------
    folder : path-like
        Where the results are.
    dataset : str

    Returns
    -------
    Path
        The Markdown file.
    """
    folder, plan = Path(folder), PLANS[dataset]
    results = read_results(folder, dataset)
    summary = in_order(summarise(results), plan)
    summary.to_csv(folder / f"{dataset}_summary.csv", index=False, float_format="%.5g", lineterminator="\n")
    text = [f"# {dataset}", plan.note]
    if plan.disjoint:
        pairs = ", ".join(f"{source} → {target}" for source, target in plan.disjoint)
        text.append(f"n/a, no common wavelength range: {pairs}.")
    text.append(
        "Every setting is chosen inside the training rows. `native` is the target's own calibration on all calibration "
        "samples, the ceiling; `SourceOnly` transfers nothing. RMSEP and R2 are mean ± standard deviation over the "
        "repeats, R2 against the mean of the test set; *pooled* is the RMSEP over all test samples of all repeats. "
        "RPD is the standard deviation of the references divided by SEP, which a bias does not change. "
        + (
            "The repeats share one test set, so that no test of differences is made over them."
            if plan.test_size is None
            else "*p* is the corrected paired t-test (Nadeau-Bengio) of RMSEP against `native`."
        )
        + (
            " Networks were run on the first of these repeats, as many as stand behind their names; every count and "
            "test is over the splits that both methods have. `native-CNN` is a network on all calibration samples of "
            "the target."
            if any(METHODS[method].network for method in set(results["method"]))
            else ""
        )
    )
    for selection in plan.repeats:
        part = results[results["selection"] == selection]
        if len(part):
            view = _Selection(plan, part, summary[summary["selection"] == selection])
            text += [f"## {selection} selection", *_cell_tables(view), *_count_tables(view)]
    path = folder / f"{dataset}_tables.md"
    path.write_text("\n\n".join(text) + "\n", encoding="utf-8")
    return path


def _cell_tables(view):
    """One table per pair: every method in every cell, thresholds beside the ceiling."""
    n = view.main_number
    for source, target in dict.fromkeys(cell[:2] for cell in view.cells):
        rows = [
            [
                "property",
                "method",
                "RMSEP",
                "pooled",
                "R2",
                "R2 >",
                f"R2 > {LORA_CT_R2:g}",
                "RPD",
                f"RPD > {RPD_THRESHOLD:g}",
                "p",
            ]
        ]
        for cell in [cell for cell in view.cells if cell[:2] == (source, target)]:
            for method in reversed(view.methods):
                table = view.at(method, n)
                if cell in table.index:
                    rows.append(_cell_row(view, cell, method, n, table.loc[cell]))
        yield f"### {source} → {target}, N = {n}\n\n{_markdown(rows)}"


def _cell_row(view, cell, method, n, row):
    threshold = view.plan.r2_thresholds.get(cell[2])
    p = np.nan if method == "native" or "native" not in view.methods else view.difference(method, "native", n, cell)[1]
    return [
        cell[2],
        f"**{method}**" if method == "native" else view.name(method),
        _spread(row["rmsep"], row["rmsep_sd"]),
        f"{row['rmsep_pooled']:.3g}",
        _spread(row["r2"], row["r2_sd"], digits=3),
        "" if threshold is None else f"{threshold:g} {_passed(row['r2'] > threshold)}",
        _passed(row["r2"] > LORA_CT_R2),
        f"{row['rpd']:.2f}",
        _passed(row["rpd"] > RPD_THRESHOLD),
        "" if np.isnan(p) else f"{p:.2g}",
    ]


def _count_tables(view):
    """How many cells a method wins, by pooled RMSEP, against the ceiling and against others with many standards."""
    n_cells = len(view.cells)
    numbers = view.numbers
    some = [method for method in view.methods if METHODS[method].standards == "some"]
    if not numbers or not some:
        return
    if "native" in view.methods:
        rows = [["method", *(f"N = {n}" for n in numbers)]]
        rows += [[m, *(view.at_or_below(m, n, "native", n) for n in numbers)] for m in some]
        yield f"### Cells at or below the native RMSEP, of {n_cells}\n\n{_markdown(rows)}"
    if MAIN_STANDARDS in numbers and MANY_STANDARDS in numbers:
        rows = [[f"N = {MAIN_STANDARDS} \\ N = {MANY_STANDARDS}", *some]]
        rows += [[m, *(view.at_or_below(m, MAIN_STANDARDS, o, MANY_STANDARDS) for o in some)] for m in some]
        yield (
            f"### Cells in which the row with {MAIN_STANDARDS} standards is at or below the column with "
            f"{MANY_STANDARDS}, of {n_cells}\n\n{_markdown(rows)}"
        )
    if view.plan.test_size is None:
        return
    n = view.main_number
    rows = [["better \\ worse", *view.methods]]
    rows += [
        [m, *("" if m == o else str(_significantly_better(view, m, o, n)) for o in view.methods)] for m in view.methods
    ]
    yield (
        f"### Cells in which the RMSEP of the row is significantly below that of the column (p < {SIGNIFICANT:g}), "
        f"N = {n}, of {n_cells}\n\n{_markdown(rows)}"
    )


def _standards(method, n):
    """Number of standards as the results have it, for methods that do not depend on it."""
    return {"none": "0", "all": "all", "some": str(n)}[METHODS[method].standards]


def _significantly_better(view, method, other, n):
    one, two = view.at(method, n), view.at(other, n)
    found = [view.difference(method, other, n, c) for c in view.cells if c in one.index and c in two.index]
    return sum(difference < 0 and p < SIGNIFICANT for difference, p in found)


def _spread(mean, sd, digits=None):
    if digits is None:
        digits = max(0, 3 - int(np.floor(np.log10(abs(mean) or 1.0))) - 1) if np.isfinite(mean) else 3
    return f"{mean:.{digits}f}" if np.isnan(sd) else f"{mean:.{digits}f} ± {sd:.{digits}f}"


def _passed(passed):
    return "pass" if passed else "fail"


def _markdown(rows):
    head, *body = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([head, f"|{'---|' * len(rows[0])}", *body])
