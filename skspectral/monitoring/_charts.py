"""The charts themselves: values and limits made of independent standard normal deviates."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import chi2

__all__ = ["CHARTS", "ChartSeries", "cusum", "ewma", "shewhart", "shewhart_of_groups"]

CHARTS = ("shewhart", "cusum", "ewma")


@dataclass(frozen=True, eq=False)
class ChartSeries:
    """One control chart.

    Attributes
    ----------
    figure : {"bias", "SEP"}
        What it watches.
    chart : {"shewhart", "cusum", "ewma"}
    at : ndarray of int of shape (n_points,)
        The reading at which each value is known.
    upper : ndarray of shape (n_points,)
        Values that alarm above ``limit``; in standard deviations of a reading.
    lower : ndarray of shape (n_points,) or None
        Values that alarm below ``-limit``; None where only growth is watched.
    limit : float
    """

    figure: str
    chart: str
    at: np.ndarray
    upper: np.ndarray
    lower: np.ndarray | None
    limit: float

    @property
    def outside(self):
        """Points beyond the limit, ndarray of bool of shape (n_points,)."""
        above = self.upper > self.limit
        return above if self.lower is None else above | (self.lower < -self.limit)

    @property
    def first_alarm(self):
        """Reading of the first alarm, or None."""
        beyond = np.flatnonzero(self.outside)
        return int(self.at[beyond[0]]) if beyond.size else None


def shewhart(deviates, limit):
    """Each reading by itself (Shewhart 1931)."""
    return ChartSeries("bias", "shewhart", np.arange(len(deviates)), deviates, deviates, limit)


def shewhart_of_groups(deviates, size, arl):
    """SD of the readings in successive groups around their mean; its limit is that of chi-square."""
    n = len(deviates) // size
    groups = deviates[: n * size].reshape(n, size)
    spread = groups.std(axis=1, ddof=1) if n else np.zeros(0)
    limit = float(np.sqrt(chi2.isf(size / arl, size - 1) / (size - 1)))
    return ChartSeries("SEP", "shewhart", np.arange(1, n + 1) * size - 1, spread, None, limit)


def cusum(deviates, k, h, *, figure):
    """Cumulative sums of what exceeds ``k``, restarted at 0 (Page 1954)."""
    upper = _cumulate(deviates, k)
    lower = -_cumulate(-deviates, k) if figure == "bias" else None
    return ChartSeries(figure, "cusum", np.arange(len(deviates)), upper, lower, h)


def _cumulate(deviates, k):
    values, total = np.empty(len(deviates)), 0.0
    for i, deviate in enumerate(deviates):
        total = max(0.0, total + deviate - k)
        values[i] = total
    return values


def ewma(deviates, weight, limit, *, figure):
    """Exponentially weighted means that start at 0 (Roberts 1959); those of SEP never fall below it."""
    values, mean = np.empty(len(deviates)), 0.0
    for i, deviate in enumerate(deviates):
        mean = (1 - weight) * mean + weight * deviate
        if figure == "SEP":
            mean = max(0.0, mean)
        values[i] = mean
    lower = values if figure == "bias" else None
    return ChartSeries(figure, "ewma", np.arange(len(deviates)), values, lower, limit)
