"""Methods against cells (source, target, property), as a heat map with its numbers."""

import numpy as np

from .._core.optional import import_optional
from ._common import Display, columns_of, label_log_axis, mean_of_known, methods_of, metric_title, new_axes

__all__ = ["CellHeatmapDisplay"]


class CellHeatmapDisplay(Display):
    """Heat map of methods (rows) and cells (columns), each value printed.

    A cell is one source, target and property. Make it with `from_results`.

    Parameters
    ----------
    values : ndarray of shape (n_methods, n_cells)
        Values; NaN is not available.
    methods : sequence of str
        Labels of the rows.
    cells : sequence of str
        Labels of the columns.
    value_name : str
        What is shown, for the colour bar.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Where it was drawn.
    figure_ : matplotlib.figure.Figure
        The figure of ``ax_``.
    im_ : matplotlib.image.AxesImage
        The colours.
    text_ : ndarray of matplotlib.text.Text of shape (n_methods, n_cells)
        The printed values.
    """

    def __init__(self, values, *, methods, cells, value_name="rmsep"):
        self.values = values
        self.methods = methods
        self.cells = cells
        self.value_name = value_name

    @classmethod
    def from_results(
        cls,
        results,
        *,
        metric="rmsep",
        cell=("source", "target", "property"),
        relative_to=None,
        methods=None,
        ax=None,
        **kwargs,
    ):
        """Draw a table with one row per split; each value is the mean over the splits of a method and cell.

        Parameters
        ----------
        results : DataFrame, dict of str to array-like, or structured ndarray
            Columns ``method``, those of ``cell`` and that of the metric.
        metric : str, default="rmsep"
            The column to show.
        cell : sequence of str, default=("source", "target", "property")
            Columns that together name a cell.
        relative_to : str, optional
            A method by whose mean each cell is divided, so that properties in different units can share the colours.
        methods : sequence of str, optional
            Rows, in this order; by default all in the order of the table.
        ax : matplotlib.axes.Axes, optional
            Where to draw; a new figure by default.
        **kwargs : dict
            For ``Axes.imshow``.

        Returns
        -------
        CellHeatmapDisplay

        Raises
        ------
        ValueError
            If a column or a method is missing.
        OptionalDependencyError
            If matplotlib is not installed.

        Examples
        --------
        >>> import matplotlib
        >>> matplotlib.use("Agg")
        >>> from skspectral.plotting import CellHeatmapDisplay
        >>> results = {"method": ["DS", "PDS"], "property": ["oil", "oil"], "rmsep": [0.3, 0.2]}
        >>> CellHeatmapDisplay.from_results(results, cell=["property"]).values.tolist()
        [[0.3], [0.2]]
        """
        method, values, *parts = columns_of(results, ["method", metric, *cell])
        method, values = method.astype(str), values.astype(np.float64)
        names = np.array([_cell_name(row, cell) for row in zip(*parts)])
        cells = list(dict.fromkeys(names.tolist()))
        wanted = methods_of(method, methods, *([relative_to] if relative_to else []))

        def means(name):
            return np.array([mean_of_known(values[(method == name) & (names == column)]) for column in cells])

        table = np.array([means(name) for name in wanted])
        title = metric_title(metric)
        if relative_to is not None:
            table = table / means(relative_to)
            title = f"{title} relative to {relative_to}"
        return cls(table, methods=wanted, cells=cells, value_name=title).plot(ax=ax, **kwargs)

    def _draw(self, ax, **kwargs):
        n_methods, n_cells = np.shape(self.values)
        self.figure_, self.ax_ = new_axes(ax, figsize=(2.2 + 0.62 * n_cells, 1.4 + 0.36 * n_methods))
        colors = import_optional("matplotlib.colors", extra="plot", feature="Plotting")
        finite = self.values[np.isfinite(self.values)]
        # errors of good and bad methods differ by factors, and one bad cell must not hide all other differences
        norm = colors.LogNorm() if finite.size and finite.min() > 0 and finite.max() > finite.min() else None
        options = {"cmap": "cividis", "aspect": "auto", "norm": norm, **kwargs}
        self.im_ = self.ax_.imshow(np.ma.masked_invalid(self.values), **options)
        self.text_ = np.empty((n_methods, n_cells), dtype=object)
        for i, j in np.ndindex(n_methods, n_cells):
            value = self.values[i, j]
            known = np.isfinite(value)
            ink = _ink(self.im_.cmap(self.im_.norm(value))) if known else "black"
            text = f"{value:.2f}" if known and 0.1 <= abs(value) < 100 else f"{value:.2g}" if known else "n/a"
            self.text_[i, j] = self.ax_.text(j, i, text, ha="center", va="center", color=ink, fontsize=8)
        self.ax_.set_xticks(range(n_cells), self.cells, rotation=60, ha="right", rotation_mode="anchor", fontsize=8)
        self.ax_.set_yticks(range(n_methods), self.methods)
        self.ax_.tick_params(length=0)
        self.ax_.spines[:].set_visible(False)
        bar = self.figure_.colorbar(self.im_, ax=self.ax_, label=self.value_name, shrink=0.9, pad=0.02)
        bar.outline.set_visible(False)
        if isinstance(self.im_.norm, colors.LogNorm):
            label_log_axis(bar.ax.yaxis)


def _cell_name(row, columns):
    parts = dict(zip(columns, map(str, row)))
    if "source" in parts and "target" in parts:
        pair = f"{parts.pop('source')} → {parts.pop('target')}"
        return " ".join([pair, *parts.values()])
    return " ".join(parts.values())


def _ink(background):
    """Black on light and white on dark, by relative luminance."""
    red, green, blue, _ = background
    return "black" if 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.45 else "white"
