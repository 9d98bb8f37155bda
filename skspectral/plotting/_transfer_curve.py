"""Error against the number of transfer standards."""

import numpy as np

from ._common import (
    REFERENCE_COLOR,
    STYLES,
    Display,
    bare,
    columns_of,
    label_log_axis,
    metric_title,
    new_axes,
    show_numbers,
)

__all__ = ["TransferCurveDisplay"]

NO_TRANSFER = "no transfer"
# How far a logarithmic axis reaches beyond the means.
BEYOND_MEANS = 1.4


class TransferCurveDisplay(Display):
    """Error of each method against the number of transfer standards, with its spread over repeats.

    The ordinate is logarithmic where the means differ by more than a factor of four. Make it with `from_results`.

    Parameters
    ----------
    curves : dict of str to ndarray of shape (n_points, 3)
        By method: number of standards, mean, and standard deviation (NaN for a single repeat).
    levels : dict of str to float
        Horizontal lines by label, such as the native ceiling.
    metric_name : str
        What is drawn, for the axis.
    unit : str, optional
        Its unit.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Where it was drawn.
    figure_ : matplotlib.figure.Figure
        The figure of ``ax_``.
    lines_ : dict of str to matplotlib.lines.Line2D
        The curves by method.
    bands_ : dict of str to matplotlib.collections.FillBetweenPolyCollection
        Mean plus and minus one standard deviation, by method, where there are repeats.
    levels_ : dict of str to matplotlib.lines.Line2D
        The horizontal lines.
    """

    def __init__(self, curves, *, levels=None, metric_name="RMSEP", unit=None):
        self.curves = curves
        self.levels = levels or {}
        self.metric_name = metric_name
        self.unit = unit

    @classmethod
    def from_results(
        cls,
        results,
        *,
        metric="rmsep",
        native="native",
        no_transfer="SourceOnly",
        methods=None,
        unit=None,
        ax=None,
        **kwargs,
    ):
        """Draw curves from a table with one row per split.

        Parameters
        ----------
        results : DataFrame, dict of str to array-like, or structured ndarray
            Columns ``method``, ``n_standards`` and that of the metric. Rows whose metric is NaN are left out.
        metric : str, default="rmsep"
            The column to draw.
        native : str or None, default="native"
            Method that is the target's own calibration on all samples: a dashed line, where it is in the table.
        no_transfer : str or None, default="SourceOnly"
            Method that is the source's calibration as it is: a dotted line, where it is in the table.
        methods : sequence of str, optional
            Methods to draw as curves, in this order; by default all others in the order of the table.
        unit : str, optional
            Unit of the metric.
        ax : matplotlib.axes.Axes, optional
            Where to draw; a new figure by default.
        **kwargs : dict
            For ``Axes.plot`` of the curves.

        Returns
        -------
        TransferCurveDisplay

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
        >>> from skspectral.plotting import TransferCurveDisplay
        >>> results = {"method": ["DS", "DS", "SourceOnly"], "n_standards": [5, 10, 0], "rmsep": [0.4, 0.3, 0.9]}
        >>> display = TransferCurveDisplay.from_results(results, unit="%")
        >>> display.ax_.get_ylabel()
        'RMSEP (%)'
        """
        method, n_standards, values = columns_of(results, ["method", "n_standards", metric])
        values = values.astype(np.float64)
        known = ~np.isnan(values)
        method, n_standards, values = method[known].astype(str), n_standards[known], values[known]
        seen = list(dict.fromkeys(method.tolist()))
        labels = {no_transfer: NO_TRANSFER, native: "native calibration"}
        levels = {label: values[method == name].mean() for name, label in labels.items() if name in seen}
        wanted = [name for name in seen if name not in labels] if methods is None else list(methods)
        missing = [name for name in wanted if name not in seen]
        if missing:
            raise ValueError(f"The results have no method {', '.join(map(repr, missing))}, only {', '.join(seen)}.")
        curves = {name: _summary(n_standards[method == name], values[method == name]) for name in wanted}
        return cls(curves, levels=levels, metric_name=metric_title(metric), unit=unit).plot(ax=ax, **kwargs)

    def _draw(self, ax, **kwargs):
        self.figure_, self.ax_ = new_axes(ax, figsize=(7.0, 4.2))
        self.lines_, self.bands_, self.levels_ = {}, {}, {}
        # the bands of many methods lie over each other and must not hide the curves
        alpha = min(0.12, 0.5 / max(len(self.curves), 1))
        for (name, points), style in zip(self.curves.items(), STYLES):
            n, mean, sd = points.T
            options = {"markersize": 5, "linewidth": 1.5, **style, **kwargs}
            (self.lines_[name],) = self.ax_.plot(n, mean, label=name, **options)
            repeated = ~np.isnan(sd)
            if repeated.any():
                band = (n[repeated], (mean - sd)[repeated], (mean + sd)[repeated])
                color = self.lines_[name].get_color()
                self.bands_[name] = self.ax_.fill_between(*band, color=color, alpha=alpha, linewidth=0)
        for label, level in self.levels.items():
            dashes = ":" if label == NO_TRANSFER else "--"
            line = self.ax_.axhline(level, color=REFERENCE_COLOR, linestyle=dashes, linewidth=1.2, label=label)
            self.levels_[label] = line
        values = self._means()
        if self._spans_factors(values):
            self.ax_.set_yscale("log")
            label_log_axis(self.ax_.yaxis)
            # a band that comes near zero would take most of the axis
            self.ax_.set_ylim(values.min() / BEYOND_MEANS, values.max() * BEYOND_MEANS)
        show_numbers(self.ax_, np.concatenate([[], *(points[:, 0] for points in self.curves.values())]))
        unit = f" ({self.unit})" if self.unit else ""
        self.ax_.set(xlabel="Number of transfer standards", ylabel=f"{self.metric_name}{unit}")
        self.ax_.legend(frameon=False, fontsize="small", loc="center left", bbox_to_anchor=(1.01, 0.5))
        bare(self.ax_)

    def _means(self):
        return np.concatenate([[*self.levels.values()], *(points[:, 1] for points in self.curves.values())])

    def _spans_factors(self, values):
        """Whether a linear axis would press the good methods together below the line of no transfer."""
        return values.size > 0 and values.min() > 0 and values.max() > 4 * values.min()


def _summary(n_standards, values):
    """Number of standards, mean and standard deviation over repeats, in rows."""
    try:
        n_standards = n_standards.astype(np.float64)
    except ValueError as error:
        raise ValueError(f"n_standards of a method that is drawn as a curve must be numbers: {error}.") from error
    rows = []
    for n in np.unique(n_standards):
        repeats = values[n_standards == n]
        rows.append((n, repeats.mean(), repeats.std(ddof=1) if repeats.size > 1 else np.nan))
    return np.array(rows)
