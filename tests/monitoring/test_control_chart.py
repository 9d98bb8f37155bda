"""Control charts: drifts are found and dated, stable runs stay quiet, and what cannot be judged is refused."""

import numpy as np
import pytest
from scipy.stats import binom

from skspectral.exceptions import CheckLogError, TooFewCheckSamplesError
from skspectral.monitoring import CheckSamples, ControlChart


def samples(error, names=None):
    dates = np.datetime64("2026-01-05") + 7 * np.arange(len(error))
    reference = 12 + np.sin(np.arange(len(error)))
    return CheckSamples(dates, reference, reference + error, names, "protein")


def noise(n, seed, sd=0.3):
    return np.random.default_rng(seed).normal(0, sd, n)


@pytest.mark.parametrize("chart", [ControlChart(sep=0.3), ControlChart(sep=0.3, sep_df=30), ControlChart()])
def test_a_drift_is_found_and_dated(chart):
    error = noise(80, 0) + np.where(np.arange(80) < 40, 0, 0.45)
    state = chart.check(samples(error))
    assert state.alarm and {alarm.figure for alarm in state.alarms} >= {"bias"}
    assert 40 <= state.alarms[0].reading <= 60 and abs(state.change_point - 40) <= 4
    assert state.drift == pytest.approx(0.45, abs=0.15)
    assert f"since {state.samples.date[state.change_point]:%Y-%m-%d}" in state.advice
    assert "ALARM" in str(state) and str(state).endswith(state.advice)


def test_a_growing_sep_is_found_and_not_called_a_bias():
    error = noise(60, 1)
    error[30:] *= 2.5
    state = ControlChart(sep=0.3, charts="cusum").check(samples(error))
    assert state.alarms[0].figure == "SEP"
    assert state.change_point is None and state.drift is None and "without a lasting bias" in state.advice


def test_one_wrong_reading_is_named():
    error = noise(40, 2)
    error[33] = 4.0
    state = ControlChart(sep=0.3).check(samples(error))
    assert state.alarms[0].reading == 33 and "#34" in state.advice and state.change_point is None


def test_false_alarms_come_as_rarely_as_asked_for():
    n, runs, arl = 60, 120, 200.0
    for number, settings in enumerate([{"sep": 0.3}, {}, {"sep": 0.3, "repeatability": 0.1}]):
        quiet = dict.fromkeys([(f, c) for f in ("bias", "SEP") for c in ("shewhart", "cusum", "ewma")], 0)
        for seed in range(runs):
            rng = np.random.default_rng([number, seed])
            names = None
            error = rng.normal(0, 0.3, n + 20)
            if "repeatability" in settings:
                names = rng.integers(0, 6, n + 20).astype(str)
                error = rng.normal(0, np.sqrt(0.08), 6)[names.astype(int)] + rng.normal(0, 0.1, n + 20)
            for one in ControlChart(arl=arl, **settings).check(samples(error, names)).series:
                first = one.first_alarm
                offset = 0 if settings else 20
                quiet[one.figure, one.chart] += first is None or first >= n + offset
        # CUSUM and EWMA need some readings before they can alarm at all, hence more quiet runs than the exponential
        expected = np.exp(-n / arl)
        for count in quiet.values():
            assert binom.ppf(1e-5, runs, expected) <= count <= binom.ppf(1 - 1e-5, runs, expected + 0.1)


def test_a_control_sample_shows_half_an_sep_within_ten_readings():
    found = 0
    for seed in range(60):
        error = np.random.default_rng(seed).normal(0, 0.06, 50) + 0.2
        error[40:] += 0.15
        state = ControlChart(sep=0.3, repeatability=0.06, charts="cusum").check(samples(error, ["control"] * 50))
        found += any(alarm.reading >= 40 for alarm in state.alarms)
    assert found >= 54


def test_the_sign_of_the_bias_and_a_known_bias():
    error = noise(40, 5) - 0.6
    state = ControlChart(sep=0.3).check(samples(error))
    assert state.drift < 0 and (state.series[1].lower < -state.series[1].limit).any()
    assert not ControlChart(sep=0.3, bias=-0.6).check(samples(error)).alarm


def test_the_limits_of_single_readings_are_those_of_the_deviates():
    error = noise(60, 6, sd=1.0)
    error[50] = 9.0
    for chart in (ControlChart(sep=1.0), ControlChart(), ControlChart(sep=1.0, sep_df=10)):
        state = chart.check(samples(error))
        beyond = np.abs(error - state.expected) > np.where(state.judged, state.limit, np.inf)
        shewhart = state.series[0]
        assert beyond[50] and np.flatnonzero(beyond).tolist() == shewhart.at[shewhart.outside].tolist()


def test_order_of_entry_does_not_matter_and_time_does():
    error = noise(40, 7) + np.linspace(0, 0.8, 40)
    inside = samples(error)
    order = np.random.default_rng(0).permutation(40)
    mixed = CheckSamples(inside.date[order], inside.reference[order], inside.predicted[order], inside.sample[order])
    assert ControlChart(sep=0.3).check(mixed).alarms == ControlChart(sep=0.3).check(inside).alarms
    late = inside.since("2026-06-01")
    assert len(late) == 19 and str(late.date[0].date()) == "2026-06-01"


@pytest.mark.parametrize(
    ("settings", "error", "names", "exception", "said"),
    [
        ({}, noise(20, 0), None, TooFewCheckSamplesError, "20 are needed"),
        ({"sep": 1.0}, noise(0, 0), None, TooFewCheckSamplesError, "nothing to judge"),
        ({}, np.zeros(30), None, CheckLogError, "no error at all"),
        ({"sep": 1.0}, noise(3, 0), ["A", "B", "A"], CheckLogError, "'A' is read 2 times.*give repeatability"),
    ],
)
def test_what_cannot_be_judged_is_refused(settings, error, names, exception, said):
    with pytest.raises(exception, match=said):
        ControlChart(**settings).check(samples(error, names))


def test_one_property_at_a_time():
    both = CheckSamples(["2026-01-01"] * 2, [1, 2], [1, 2], ["A", "A"], ["fat", "protein"])
    with pytest.raises(CheckLogError, match="one property"):
        ControlChart(sep=1).check(both)
    assert both.properties == ["fat", "protein"] and len(both.of("fat")) == 1
    with pytest.raises(CheckLogError, match="no check sample of 'oil', only of fat, protein"):
        both.of("oil")


@pytest.mark.parametrize(
    "settings",
    [
        {"sep": 0}, {"sep": -1}, {"sep": float("nan")}, {"sep_df": 5}, {"sep": 1, "sep_df": 0}, {"shift": 0},
        {"ratio": 1}, {"arl": 1}, {"charts": "range"}, {"charts": ()}, {"repeatability": 0.1},
        {"sep": 1, "repeatability": 1}, {"bias": float("inf")},
    ],
)  # fmt: skip
def test_parameters_out_of_range(settings):
    with pytest.raises(ValueError, match=r"must be|must come|there is no sep"):
        ControlChart(**settings)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"reference": [1.0]}, "reference has the shape"),
        ({"predicted": [1.0, np.nan]}, r"predicted of check sample 2 \(2026-01-02\)"),
        ({"sample": ["A", " "]}, "sample of check sample 2"),
        ({"date": ["2026-01-01", "1.2."]}, "'1.2.' is no date"),
    ],
)
def test_readings_that_cannot_be_right(changes, said):
    good = {"date": ["2026-01-01", "2026-01-02"], "reference": [1.0, 2.0], "predicted": [1.0, 2.0]}
    with pytest.raises(CheckLogError, match=said):
        CheckSamples(**good | changes)
