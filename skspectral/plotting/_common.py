"""What the displays share: axes, colours, and columns of a table of results."""

import numpy as np

from .._core.optional import import_optional

__all__ = [
    *("COLORS", "REFERENCE_COLOR", "STYLES"),
    *("Display", "bare", "columns_of", "label_log_axis", "mean_of_known", "methods_of", "metric_title", "new_axes"),
    "show_numbers",
]

# the palette of Okabe and Ito, which colour-blind readers tell apart; yellow is left out as too pale on white
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">")
# colour and marker repeat with different periods, so that 63 series differ, in grey print too
STYLES = tuple({"color": COLORS[i % len(COLORS)], "marker": MARKERS[i % len(MARKERS)]} for i in range(63))
REFERENCE_COLOR = "#666666"
# share of an axis that a number of two digits takes
LEAST_APART = 0.045


class Display:
    """Base of the displays: subclasses draw in ``_draw``, on new axes where ``ax`` is None."""

    def plot(self, ax=None, **kwargs):
        """Draw the display.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; a new figure by default. A display of several parts takes as many axes, in an array.
        **kwargs : dict
            Style of what is drawn, as where the display was made.

        Returns
        -------
        display
            Itself.
        """
        self._draw(ax, **kwargs)
        return self

    def _draw(self, ax, **kwargs):
        """Draw on ``ax``; sets ``figure_``, ``ax_`` and the artists."""
        raise NotImplementedError


def new_axes(ax, *, n_rows=1, figsize=None):
    """Return the figure and the axes to draw on; matplotlib is loaded only here."""
    if ax is None:
        plt = import_optional("matplotlib.pyplot", extra="plot", feature="Plotting")
        figure, ax = plt.subplots(n_rows, sharex=n_rows > 1, figsize=figsize, layout="constrained")
        return figure, ax
    axes = np.ravel(ax)
    if axes.size != n_rows:
        raise ValueError(f"This display needs {n_rows} axes, got {axes.size}.")
    return axes[0].figure, (axes if n_rows > 1 else axes[0])


def bare(ax):
    """Remove the frame's upper and right sides, which carry no information."""
    ax.spines[["top", "right"]].set_visible(False)


def label_log_axis(axis):
    """Label a logarithmic axis by plain numbers at 1, 2 and 5; powers of ten say little about errors."""
    ticker = import_optional("matplotlib.ticker", extra="plot", feature="Plotting")
    axis.set_major_locator(ticker.LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_locator(ticker.NullLocator())


def metric_title(metric):
    """Write a figure of merit as the field does."""
    return {"r2": "R²", "bias": "bias"}.get(metric, metric.upper() if metric.isalpha() else metric)


def methods_of(method, wanted, *further):
    """Methods to show, all in the order of the table by default; ValueError where one of them is not in the table."""
    seen = list(dict.fromkeys(method.tolist()))
    wanted = seen if wanted is None else list(wanted)
    unknown = [name for name in [*wanted, *further] if name not in seen]
    if unknown:
        raise ValueError(f"The results have no method {', '.join(map(repr, unknown))}, only {', '.join(seen)}.")
    return wanted


def mean_of_known(values):
    """Mean without NaN; NaN where there is nothing else."""
    known = values[~np.isnan(values)]
    return known.mean() if known.size else np.nan


def columns_of(results, names):
    """Take columns out of a table of results.

    Parameters
    ----------
    results : DataFrame, dict of str to array-like, or structured ndarray
        One row per split.
    names : sequence of str
        The columns.

    Returns
    -------
    list of ndarray of shape (n_rows,)

    Raises
    ------
    ValueError
        If a column is missing, or the table has no rows.
    """
    columns = []
    for name in names:
        try:
            columns.append(np.asarray(results[name]))
        except (KeyError, ValueError, IndexError) as error:
            raise ValueError(f"The results have no column {name!r}; needed are {', '.join(names)}.") from error
    if columns[0].size == 0:
        raise ValueError("The results have no rows.")
    return columns


def show_numbers(ax, numbers):
    """Mark numbers on the abscissa, and write those that do not lie over the one before."""
    numbers = np.unique(numbers)
    texts, last = [], -np.inf
    for number in numbers:
        apart = number - last >= LEAST_APART * np.ptp(numbers)
        texts.append(f"{number:g}" if apart else "")
        last = number if apart else last
    ax.set_xticks(numbers, texts)
