"""Control charts of check samples over their dates."""

import numpy as np

from .._core.optional import import_optional
from ._common import COLORS, REFERENCE_COLOR, Display, bare, new_axes

__all__ = ["ControlChartDisplay"]

COLOR_OF = {"bias": COLORS[0], "SEP": COLORS[2]}
ALARM = {"color": COLORS[1], "marker": "X", "linestyle": "none", "markersize": 5, "zorder": 4}
ORDINATES = {"shewhart": "SEP of groups / limit", "cusum": "CUSUM / limit", "ewma": "EWMA / limit"}


class ControlChartDisplay(Display):
    """Errors of check samples with their limits, and the control charts below, over one axis of dates.

    The charts of bias and SEP share an ordinate in units of their limits: beyond 1 is an alarm. Make it with
    `from_state`.

    Parameters
    ----------
    state : skspectral.monitoring.ControlState
        The result of :meth:`skspectral.monitoring.ControlChart.check`.
    unit : str, optional
        Unit of the property.

    Attributes
    ----------
    ax_ : ndarray of matplotlib.axes.Axes of shape (n_rows,)
        Errors first, then one for each kind of chart.
    figure_ : matplotlib.figure.Figure
        Their figure.
    errors_ : matplotlib.lines.Line2D
        The errors that are judged.
    charts_ : dict of (str, str) to list of matplotlib.lines.Line2D
        The charts by what they watch and their kind.
    alarms_ : list of matplotlib.lines.Line2D
        The points beyond a limit.
    """

    def __init__(self, state, *, unit=None):
        self.state = state
        self.unit = unit

    @classmethod
    def from_state(cls, state, *, unit=None, ax=None, **kwargs):
        """Draw charts that were computed.

        Parameters
        ----------
        state : skspectral.monitoring.ControlState
            The result of :meth:`skspectral.monitoring.ControlChart.check`.
        unit : str, optional
            Unit of the property.
        ax : array-like of matplotlib.axes.Axes, optional
            Where to draw, one more than there are kinds of charts; a new figure by default.
        **kwargs : dict
            For ``Axes.plot``.

        Returns
        -------
        ControlChartDisplay

        Raises
        ------
        OptionalDependencyError
            If matplotlib is not installed.

        Examples
        --------
        >>> import matplotlib
        >>> matplotlib.use("Agg")
        >>> from skspectral.monitoring import CheckSamples, ControlChart
        >>> from skspectral.plotting import ControlChartDisplay
        >>> samples = CheckSamples(["2026-03-09", "2026-03-16"], [10.0, 12.0], [10.1, 11.8])
        >>> display = ControlChartDisplay.from_state(ControlChart(sep=0.2).check(samples), unit="%")
        >>> display.ax_[0].get_ylabel()
        'Error (%)'
        """
        return cls(state, unit=unit).plot(ax=ax, **kwargs)

    def _draw(self, ax, **kwargs):
        kinds = list(dict.fromkeys(one.chart for one in self.state.series))
        n_rows = 1 + len(kinds)
        self.figure_, axes = new_axes(ax, n_rows=n_rows, figsize=(7.0, 1.2 + 1.7 * n_rows))
        self.ax_ = np.ravel(axes)
        self.charts_, self.alarms_ = {}, []
        dates = import_optional("matplotlib.dates", extra="plot", feature="Plotting")
        self._draw_errors(kwargs)
        for axis, kind in zip(self.ax_[1:], kinds):
            self._draw_charts(axis, [one for one in self.state.series if one.chart == kind], kwargs)
            axis.set_ylabel(ORDINATES[kind], fontsize="small")
        for axis in self.ax_:
            axis.legend(frameon=False, fontsize="small", loc="center left", bbox_to_anchor=(1.01, 0.5))
            bare(axis)
        locator = dates.AutoDateLocator()
        self.ax_[-1].xaxis.set_major_locator(locator)
        self.ax_[-1].xaxis.set_major_formatter(dates.ConciseDateFormatter(locator))
        self.ax_[0].set_title(f"Check samples: {self.state.samples.target_name[0]}", fontsize="medium", loc="left")

    def _draw_errors(self, kwargs):
        state, axis = self.state, self.ax_[0]
        when, error = state.samples.date, state.samples.error
        axis.axhline(0, color=REFERENCE_COLOR, linewidth=0.8)
        limits = {"color": REFERENCE_COLOR, "linestyle": "--", "linewidth": 1.0, "drawstyle": "steps-mid"}
        axis.plot(when, state.expected + state.limit, label="limits", **limits)
        axis.plot(when, state.expected - state.limit, **limits)
        options = {"color": COLOR_OF["bias"], "marker": "o", "markersize": 4, "linestyle": "none", **kwargs}
        (self.errors_,) = axis.plot(when[state.judged], error[state.judged], label="error", **options)
        if not state.judged.all():
            options |= {"markerfacecolor": "none", "label": "estimates the SEP"}
            axis.plot(when[~state.judged], error[~state.judged], **options)
        for one in state.series:
            if (one.figure, one.chart) == ("bias", "shewhart"):
                self._mark(axis, when[one.at[one.outside]], error[one.at[one.outside]])
        if state.change_point is not None:
            label = f"off since {when[state.change_point]:%Y-%m-%d}"
            axis.axvline(when[state.change_point], color=COLORS[1], linestyle=":", linewidth=1.2, label=label)
        axis.set_ylabel(f"Error ({self.unit})" if self.unit else "Error", fontsize="small")

    def _draw_charts(self, axis, series, kwargs):
        when = self.state.samples.date
        for one in series:
            if (one.figure, one.chart) == ("bias", "shewhart"):
                continue
            options = {"color": COLOR_OF[one.figure], "linewidth": 1.4, "marker": ".", "markersize": 4, **kwargs}
            sides = [one.upper] if one.lower is None or one.lower is one.upper else [one.upper, one.lower]
            lines = []
            for side, label in zip(sides, (one.figure, None)):
                lines += axis.plot(when[one.at], side / one.limit, label=label, **options)
                beyond = np.abs(side) > one.limit if one.lower is not None else side > one.limit
                self._mark(axis, when[one.at[beyond]], side[beyond] / one.limit)
            self.charts_[one.figure, one.chart] = lines
        two_sided = any(one.lower is not None and one.chart != "shewhart" for one in series)
        axis.axhline(1, color=REFERENCE_COLOR, linestyle="--", linewidth=1.0)
        if two_sided:
            axis.axhline(-1, color=REFERENCE_COLOR, linestyle="--", linewidth=1.0)
        # the limits stay in sight however small the values are
        values = np.concatenate([[1.1, -1.1 if two_sided else 0.0], *(line.get_ydata() for line in axis.lines)])
        axis.set_ylim(1.1 * values.min(), 1.1 * values.max())

    def _mark(self, axis, when, values):
        if len(when):
            self.alarms_ += axis.plot(when, values, label="alarm" if not self.alarms_ else None, **ALARM)
