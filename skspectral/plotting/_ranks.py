"""Mean ranks of methods over cells, and which of them differ."""

import numpy as np
from scipy import stats

from ._common import COLORS, REFERENCE_COLOR, Display, columns_of, mean_of_known, methods_of, metric_title, new_axes

__all__ = ["CriticalDifferenceDisplay"]

LEAST_METHODS = 3
# Heights in lines of text: from the scale to the first name, and between bars of methods that do not differ.
FIRST_LINE, BAR_STEP = 1.6, 0.45


class CriticalDifferenceDisplay(Display):
    """Critical-difference diagram: mean ranks of methods over cells, with bars over those that do not differ.

    Every cell ranks the methods, 1 for the best; two methods differ by the Nemenyi test where their mean ranks are
    further apart than the critical difference. The test takes cells for independent: where they share samples or
    instruments, it finds too many differences. Make it with `from_results`.

    Parameters
    ----------
    ranks : dict of str to float
        Mean rank of each method.
    n_cells : int
        Number of cells.
    alpha : float
        Level of the test.
    p_value : float
        Of the Friedman test, that all methods are alike.
    metric_name : str
        What is ranked, for the title.

    Attributes
    ----------
    critical_difference_ : float
        Difference in mean rank beyond which two methods differ.
    groups_ : list of tuple of str
        Methods that do not differ from one another, from the best; each as large as it can be.
    ax_ : matplotlib.axes.Axes
        Where it was drawn.
    figure_ : matplotlib.figure.Figure
        The figure of ``ax_``.

    References
    ----------
    Demsar, J. (2006). Statistical comparisons of classifiers over multiple data sets. Journal of Machine Learning
    Research 7, 1-30. https://www.jmlr.org/papers/v7/demsar06a.html
    """

    def __init__(self, ranks, *, n_cells, alpha=0.05, p_value=np.nan, metric_name="RMSEP"):
        self.ranks = ranks
        self.n_cells = n_cells
        self.alpha = alpha
        self.p_value = p_value
        self.metric_name = metric_name

    @classmethod
    def from_results(
        cls,
        results,
        *,
        metric="rmsep",
        cell=("source", "target", "property"),
        methods=None,
        higher_is_better=False,
        alpha=0.05,
        ax=None,
    ):
        """Draw a table with one row per split; cells rank the mean over the splits of every method.

        Parameters
        ----------
        results : DataFrame, dict of str to array-like, or structured ndarray
            Columns ``method``, those of ``cell`` and that of the metric; one number of standards.
        metric : str, default="rmsep"
            The column to rank by.
        cell : sequence of str, default=("source", "target", "property")
            Columns that together name a cell. Cells in which a method has no value are left out.
        methods : sequence of str, optional
            Which to compare; all by default.
        higher_is_better : bool, default=False
            Whether the largest value has rank 1, as for R2.
        alpha : float, default=0.05
            Level of the test, between 0 and 1.
        ax : matplotlib.axes.Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        CriticalDifferenceDisplay

        Raises
        ------
        ValueError
            If a column or a method is missing, or there are fewer than three methods or two common cells.
        OptionalDependencyError
            If matplotlib is not installed.

        Examples
        --------
        >>> import matplotlib
        >>> matplotlib.use("Agg")
        >>> from skspectral.plotting import CriticalDifferenceDisplay
        >>> results = {"method": ["DS", "PDS", "SBC"] * 2, "cell": ["a"] * 3 + ["b"] * 3, "rmsep": [3, 1, 2, 2, 1, 3]}
        >>> CriticalDifferenceDisplay.from_results(results, cell=["cell"]).ranks
        {'DS': 2.5, 'PDS': 1.0, 'SBC': 2.5}
        """
        method, values, *parts = columns_of(results, ["method", metric, *cell])
        method, values = method.astype(str), values.astype(np.float64)
        if not parts:
            raise ValueError("cell names no column: give those that together name a cell.")
        _, names = np.unique([np.unique(part, return_inverse=True)[1] for part in parts], axis=1, return_inverse=True)
        wanted = methods_of(method, methods)
        if not 0 < alpha < 1:
            raise ValueError(f"alpha must be between 0 and 1, got {alpha!r}.")
        table = np.array(
            [[mean_of_known(values[(names == c) & (method == m)]) for m in wanted] for c in np.unique(names)]
        )
        table = table[np.isfinite(table).all(axis=1)]
        if len(wanted) < LEAST_METHODS or len(table) < 2:
            raise ValueError(
                f"Ranks need at least {LEAST_METHODS} methods and two cells that all of them have; there are "
                f"{len(wanted)} methods and {len(table)} such cells."
            )
        ranks = stats.rankdata(-table if higher_is_better else table, axis=1).mean(axis=0)
        # where all cells see only ties, nothing tells the methods apart
        alike = (table == table[:, :1]).all()
        p_value = 1.0 if alike else float(stats.friedmanchisquare(*table.T).pvalue)
        ranks = {name: float(rank) for name, rank in zip(wanted, ranks)}
        made = cls(ranks, n_cells=len(table), alpha=alpha, p_value=p_value, metric_name=metric_title(metric))
        return made.plot(ax=ax)

    @property
    def critical_difference_(self):
        """Difference in mean rank beyond which two methods differ (Nemenyi)."""
        k = len(self.ranks)
        q = stats.studentized_range.ppf(1 - self.alpha, k, np.inf) / np.sqrt(2)
        return float(q * np.sqrt(k * (k + 1) / (6 * self.n_cells)))

    @property
    def groups_(self):
        """Methods that do not differ from one another: list of tuple of str."""
        names = sorted(self.ranks, key=self.ranks.get)
        ranks = np.array([self.ranks[name] for name in names])
        last = np.searchsorted(ranks, ranks + self.critical_difference_, side="right")
        groups, reached = [], 0
        for first, end in enumerate(last):
            if end > reached and end - first > 1:
                groups.append(tuple(names[first:end]))
            reached = max(reached, end)
        return groups

    def _draw(self, ax):
        names = sorted(self.ranks, key=self.ranks.get)
        k, groups = len(names), self.groups_
        n_left = (k + 1) // 2
        top = FIRST_LINE + BAR_STEP * len(groups)
        self.figure_, self.ax_ = new_axes(ax, figsize=(8.0, 1.2 + 0.24 * (top + n_left)))
        low, high = np.floor(min(self.ranks.values())), np.ceil(max(self.ranks.values()))
        margin = 0.35 * (high - low)
        for place, name in enumerate(names):
            rank, on_left = self.ranks[name], place < n_left
            line = top + (place if on_left else k - 1 - place)
            end = low - 0.05 * margin if on_left else high + 0.05 * margin
            self.ax_.plot([rank, rank, end], [0, line, line], color=REFERENCE_COLOR, lw=0.9)
            self.ax_.annotate(
                f"{name}  {rank:.1f}" if on_left else f"{rank:.1f}  {name}",
                (end, line),
                ha="right" if on_left else "left",
                va="center",
                xytext=(-3 if on_left else 3, 0),
                textcoords="offset points",
            )
        for place, group in enumerate(groups):
            height = 0.8 + BAR_STEP * place
            self.ax_.plot([self.ranks[group[0]], self.ranks[group[-1]]], [height, height], color=COLORS[0], lw=4)
        bottom = top + n_left + 0.2
        middle = 0.5 * (low + high)
        half = 0.5 * self.critical_difference_
        self.ax_.plot([middle - half, middle + half], [bottom, bottom], color=COLORS[1], lw=2)
        self.ax_.annotate(
            f"critical difference {self.critical_difference_:.2f}",
            (middle, bottom),
            ha="center",
            va="top",
            xytext=(0, -4),
            textcoords="offset points",
            color=COLORS[1],
        )
        self.ax_.set_title(
            f"mean rank by {self.metric_name} over {self.n_cells} cells (Friedman p = {self.p_value:.2g})"
        )
        self.ax_.set(xlim=(low - margin, high + margin), ylim=(bottom + 1.2, 0))
        self.ax_.xaxis.tick_top()
        self.ax_.set_xticks(np.arange(low, high + 1))
        self.ax_.set_yticks([])
        self.ax_.spines[["left", "right", "bottom"]].set_visible(False)
        self.ax_.spines["top"].set_bounds(low, high)
