import numpy as np
import pytest
from matplotlib import pyplot as plt

from skspectral.monitoring import CheckSamples, ControlChart
from skspectral.plotting import ControlChartDisplay
from tests.plotting.test_plotting import legend, legible

plt.switch_backend("Agg")


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def state(charts=("shewhart", "cusum", "ewma"), sep=None, drift=0.6, n=60):
    error = np.random.default_rng(0).normal(0, 0.3, n) + np.where(np.arange(n) < n * 2 // 3, 0, drift)
    dates = np.datetime64("2026-01-05") + 7 * np.arange(n)
    samples = CheckSamples(dates, np.zeros(n), error, target_name="protein")
    return ControlChart(sep=sep, charts=charts).check(samples)


def test_errors_charts_and_alarms_over_dates():
    shown = state()
    display = ControlChartDisplay.from_state(shown, unit="%")
    legible(display.figure_)
    assert len(display.ax_) == 4 and set(display.charts_) == {
        ("SEP", "shewhart"), *((figure, chart) for figure in ("bias", "SEP") for chart in ("cusum", "ewma"))
    }  # fmt: skip
    np.testing.assert_allclose(display.errors_.get_ydata(), shown.samples.error[shown.judged])
    assert legend(display.ax_[0])[-1] == f"off since {shown.samples.date[shown.change_point]:%Y-%m-%d}"
    cusum = next(one for one in shown.series if (one.figure, one.chart) == ("bias", "cusum"))
    upper, lower = display.charts_["bias", "cusum"]
    np.testing.assert_allclose(upper.get_ydata() * cusum.limit, cusum.upper)
    np.testing.assert_allclose(lower.get_ydata() * cusum.limit, cusum.lower)
    marked = sum(len(points.get_xdata()) for points in display.alarms_)
    assert marked == sum(one.outside.sum() for one in shown.series) > 0


@pytest.mark.parametrize("charts", [("shewhart",), ("cusum",), ("ewma", "cusum")])
def test_some_charts_a_stable_run_and_one_reading(charts):
    for n in (1, 30):
        display = ControlChartDisplay.from_state(state(charts, sep=0.3, drift=0.0, n=n))
        legible(display.figure_)
        assert len(display.ax_) == 1 + len(charts)
        assert not display.alarms_ and all(ax.get_ylim()[1] >= 1.1 for ax in display.ax_[1:])


def test_draws_on_given_axes():
    _, axes = plt.subplots(2)
    assert ControlChartDisplay.from_state(state(("cusum",)), ax=axes).ax_.tolist() == axes.tolist()
    with pytest.raises(ValueError, match="needs 4 axes"):
        ControlChartDisplay.from_state(state(), ax=axes)
