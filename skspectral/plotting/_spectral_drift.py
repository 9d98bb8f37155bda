"""Q, T2 and the tests of spectral drift over their dates."""

import numpy as np

from .._core.optional import import_optional
from ._common import COLORS, REFERENCE_COLOR, STYLES, Display, bare, label_log_axis, new_axes

__all__ = ["SpectralDriftDisplay"]


class SpectralDriftDisplay(Display):
    """Q and T2 of new spectra in units of their limits, and the p values of their groups, over one axis of dates.

    Make it with `from_state`.

    Parameters
    ----------
    state : skspectral.monitoring.DriftState
        The result of :meth:`skspectral.monitoring.SpectralDrift.check`.

    Attributes
    ----------
    ax_ : ndarray of matplotlib.axes.Axes of shape (3,)
        Q, T2, and p values.
    figure_ : matplotlib.figure.Figure
        Their figure.
    points_ : dict of str to matplotlib.lines.Line2D
        Single spectra: "q" and "t2".
    tests_ : dict of str to matplotlib.lines.Line2D
        P values of the groups, by what is compared.
    """

    def __init__(self, state):
        self.state = state

    @classmethod
    def from_state(cls, state, *, ax=None, **kwargs):
        """Draw what was found.

        Parameters
        ----------
        state : skspectral.monitoring.DriftState
            The result of :meth:`skspectral.monitoring.SpectralDrift.check`.
        ax : array-like of three matplotlib.axes.Axes, optional
            Where to draw; a new figure by default.
        **kwargs : dict
            For ``Axes.plot``.

        Returns
        -------
        SpectralDriftDisplay

        Raises
        ------
        OptionalDependencyError
            If matplotlib is not installed.

        Examples
        --------
        >>> import matplotlib
        >>> matplotlib.use("Agg")
        >>> from skspectral.datasets import make_instruments
        >>> from skspectral.monitoring import SpectralDrift
        >>> from skspectral.plotting import SpectralDriftDisplay
        >>> X = make_instruments(100, random_state=0).X[:100]
        >>> display = SpectralDriftDisplay.from_state(SpectralDrift().fit(X[:60]).check(X[60:]))
        >>> len(display.points_["q"].get_ydata()), len(display.tests_["mean"].get_ydata())
        (40, 2)
        """
        return cls(state).plot(ax=ax, **kwargs)

    def _draw(self, ax, **kwargs):
        state = self.state
        self.figure_, self.ax_ = new_axes(ax, n_rows=3, figsize=(7.0, 6.0))
        when = np.arange(1, len(state.q) + 1) if state.dates is None else state.dates
        self.points_, self.tests_ = {}, {}
        for axis, name, title in zip(self.ax_, ("q", "t2"), ("Q / limit", "T² / limit")):
            # a spectrum exactly in the model has no place on a logarithmic axis
            values = np.maximum(getattr(state, name), 1e-3)
            options = {"color": COLORS[0], "linestyle": "none", "marker": "o", "markersize": 3, **kwargs}
            (self.points_[name],) = axis.plot(when, values, label="spectrum", **options)
            for j, rows in enumerate(state.groups):
                span, middle = when[rows[[0, -1]]], [np.median(values[rows])] * 2
                axis.plot(span, middle, color=COLORS[1], label="median of group" if j == 0 else None)
            axis.axhline(1, color=REFERENCE_COLOR, linestyle="--", linewidth=1.0, label="limit")
            axis.set(yscale="log")
            axis.set_ylabel(title, fontsize="small")
            if max(values.max(), 1) < 200 * values.min():
                label_log_axis(axis.yaxis)
        below, ends = self.ax_[2], when[state.groups[:, -1]]
        for (kind, p), style in zip(state.p_values.items(), STYLES):
            (self.tests_[kind],) = below.plot(ends, p, label=kind, markersize=4, linewidth=1.2, **style, **kwargs)
        below.axhline(state.threshold, color=REFERENCE_COLOR, linestyle="--", linewidth=1.0, label="alarm below")
        below.set(yscale="log", ylim=(min(state.threshold / 2, *(p.min() / 2 for p in state.p_values.values())), 1.5))
        below.set_ylabel("P value of group", fontsize="small")
        if state.dates is None:
            below.set_xlabel("Spectrum")
        else:
            dates = import_optional("matplotlib.dates", extra="plot", feature="Plotting")
            locator = dates.AutoDateLocator()
            below.xaxis.set_major_locator(locator)
            below.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator))
        for axis in self.ax_:
            axis.legend(frameon=False, fontsize="small", loc="center left", bbox_to_anchor=(1.01, 0.5))
            bare(axis)
