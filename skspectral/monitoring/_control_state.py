"""What the control charts say: in control or not, since when, and what to do."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from scipy.stats import ttest_1samp

from ..metrics import bias_test
from ._charts import CHARTS

__all__ = ["Alarm", "ControlState"]

# readings that a test of bias by itself looks back to, and the least it needs
RECENT, LEAST_RECENT = 20, 5
# of the mean of the readings since a change, whose place was chosen where it is largest
SIGNIFICANCE = 0.01
# readings that are named as the farthest off, in standard deviations
MOST_WORST, FAR_OFF = 3, 2.0
TITLES = {"shewhart": "Shewhart", "cusum": "CUSUM", "ewma": "EWMA"}


@dataclass(frozen=True)
class Alarm:
    """The first time that a chart went beyond its limit.

    Attributes
    ----------
    figure : {"bias", "SEP"}
    chart : {"shewhart", "cusum", "ewma"}
    reading : int
        Index of the reading that raised it.
    date : datetime
        Its date.
    """

    figure: str
    chart: str
    reading: int
    date: datetime


@dataclass(frozen=True, eq=False)
class ControlState:
    """Control charts of check samples; ``print`` says what they show.

    Attributes
    ----------
    samples : CheckSamples
        The readings, of one property.
    chart : ControlChart
        With what settings they were judged.
    judged : ndarray of bool of shape (n,)
        False for the readings that served to estimate the SEP.
    deviates : ndarray of shape (n,)
        Errors as independent standard normal deviates; NaN where not judged.
    expected, limit : ndarray of shape (n,)
        Error expected of each reading, and how far it may be from that in the Shewhart chart of bias; in the unit of
        the property.
    sep : float
        The SEP that the last reading was judged by.
    series : list of ChartSeries
        The charts, those of bias first.
    """

    samples: object
    chart: object
    judged: np.ndarray
    deviates: np.ndarray
    expected: np.ndarray
    limit: np.ndarray
    sep: float
    series: list

    @property
    def alarms(self):
        """First alarm of each chart that went beyond its limit, the earliest first."""
        found = [(one.first_alarm, one) for one in self.series if one.first_alarm is not None]
        found.sort(key=lambda pair: pair[0])
        return [Alarm(one.figure, one.chart, at, self.samples.date[at]) for at, one in found]

    @property
    def alarm(self):
        """Whether any chart went beyond its limit."""
        return bool(self.alarms)

    @property
    def change_point(self):
        """Reading since which the bias has probably been there, or None.

        The likeliest place of one lasting change before the first alarm of bias (Hinkley 1970). There is none where
        the errors since then may as well have the mean that was expected, such as after one wrong reading.
        """
        first = next((alarm.reading for alarm in self.alarms if alarm.figure == "bias"), None)
        if first is None:
            return None
        deviates = np.nan_to_num(self.deviates)
        tail = np.cumsum(deviates[first::-1])[::-1]
        at = int(np.argmax(tail**2 / np.arange(len(tail), 0, -1)))
        since = deviates[at:]
        if len(since) < LEAST_RECENT or ttest_1samp(since, 0).pvalue > SIGNIFICANCE:
            return None
        return at

    @property
    def drift(self):
        """Mean error since `change_point`, beyond what was expected of the samples before it; None without one."""
        at = self.change_point
        if at is None:
            return None
        expected = {}
        for sample, value in zip(self.samples.sample[at:], self.expected[at:]):
            expected.setdefault(sample, value)
        return float(np.mean(self.samples.error[at:] - [expected[sample] for sample in self.samples.sample[at:]]))

    def __str__(self):
        return f"{self.table}\n{self.advice}"

    @property
    def table(self):
        """What each chart says, as text."""
        samples = self.samples
        first, last = (f"{date:%Y-%m-%d}" for date in (samples.date[0], samples.date[-1]))
        n = int(self.judged.sum())
        readings = "reading" if n == 1 else "readings"
        basis = f"estimated, first {int((~self.judged).sum())} not judged"
        if self.chart.sep is not None:
            several = f"{self.chart.sep:.3g} from {self.chart.sep_df} degrees of freedom, then these readings"
            basis = "given" if self.chart.sep_df is None else several
        lines = [
            f"{samples.target_name[0]}: {n} {readings} judged, {first} to {last}; SEP {self.sep:.3g} ({basis})",
            f"{'figure':<8}{'chart':<10}{'now':>8}{'limit':>8}  state",
        ]
        for one in self.series:
            now = "-" if not len(one.at) else f"{_farthest(one):.2f}"
            at = one.first_alarm
            state = "in control" if at is None else f"ALARM {samples.date[at]:%Y-%m-%d}, sample {samples.sample[at]}"
            lines.append(f"{one.figure:<8}{TITLES[one.chart]:<10}{now:>8}{one.limit:>8.2f}  {state}")
        lines += self._recent()
        lines.append(
            f"Values and limits are in standard deviations of a reading; each chart alarms falsely once in about "
            f"{self.chart.arl:.0f} readings"
            + (", all six about three times as often." if len(self.series) == 2 * len(CHARTS) else ".")
        )
        return "\n".join(lines)

    def _recent(self):
        """The test of bias of the last readings, as ISO 12099 has it."""
        samples = self.samples
        if self.chart.repeatability is not None or len(samples) < LEAST_RECENT:
            return []
        rows = slice(-RECENT, None)
        test = bias_test(samples.reference[rows], samples.predicted[rows] - self.chart.bias)
        n = len(samples.error[rows])
        size = abs(test.estimate) / test.statistic * test.limit if test.statistic > 0 else np.nan
        verdict = "significant" if test.significant else "not significant"
        return [f"Bias of the last {n} readings {test.estimate:+.3g} ({verdict} at 95 %: limit {size:.3g})"]

    @property
    def advice(self):
        """What to do next, in a sentence."""
        if not self.alarm:
            return "In control. Next: measure the next check sample as planned."
        at = self.change_point
        if at is not None:
            return (
                f"ALARM: predictions have been off by about {self.drift:+.3g} since {self.samples.date[at]:%Y-%m-%d} "
                f"(sample {self.samples.sample[at]}). Next: read the last check samples again and have their "
                "references checked; if it stays, measure new standards, update the model and watch from that date on."
            )
        size = np.abs(np.nan_to_num(self.deviates))
        worst = [i for i in np.argsort(-size, kind="stable")[:MOST_WORST] if size[i] >= max(FAR_OFF, size.max() / 2)]
        if not worst:
            worst = [int(np.argmax(size))]
        names = ", ".join(dict.fromkeys(str(self.samples.sample[i]) for i in sorted(worst)))
        return (
            f"ALARM: errors are larger than an SEP of {self.sep:.3g} explains, without a lasting bias. Next: read "
            f"sample{'s' if len(worst) > 1 else ''} {names} again, the farthest off, and check the reference method "
            "and the sample presentation."
        )


def _farthest(one):
    """Latest value of a chart, of its two sides the one nearer to its limit."""
    if one.lower is None or one.upper[-1] > -one.lower[-1]:
        return one.upper[-1]
    return one.lower[-1]
