"""Drift of spectra: false alarms as rare as promised, changes of an instrument found and named."""

import numpy as np
import pytest

from skspectral import load, save
from skspectral.datasets import make_instruments
from skspectral.exceptions import CheckLogError, ConstantSpectraError, TooFewCheckSamplesError
from skspectral.monitoring import SpectralDrift
from skspectral.monitoring._spectral_drift import _box_m


@pytest.fixture(scope="module")
def spectra():
    return make_instruments(120, n_channels=60, random_state=0).X[:120]


def test_groups_alarm_as_rarely_as_promised():
    alarms = groups = 0
    for seed in range(12):
        rng = np.random.default_rng(seed)
        # heavy tails, which tests that assume a normal distribution do not stand
        scores = rng.standard_t(3, (120, 3))
        X = 1 + scores @ rng.normal(0, 1, (3, 25)) + rng.normal(0, 0.05, (120, 25))
        state = SpectralDrift(alpha=0.1, n_permutations=99, window=10).fit(X[:40]).check(X[40:])
        alarms, groups = alarms + state.outside.sum(), groups + len(state.groups)
    # 9.6 are expected of 96; the four differences share the level, so there may be fewer
    assert groups == 96 and alarms <= 20


CHANGES = {
    "curved response": (lambda X, rng: X + 0.01 * X**2, {"new shape"}),
    "noise": (lambda X, rng: X + rng.normal(0, 0.02 * X.std(), X.shape), {"residual size"}),
    "wider variation": (lambda X, rng: X.mean(axis=0) + 2.5 * (X - X.mean(axis=0)), {"covariance"}),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_found_named_and_dated(spectra, change):
    changed, kinds = CHANGES[change]
    new = np.vstack([spectra[60:80], changed(spectra[80:], np.random.default_rng(0))])
    dates = np.datetime64("2026-01-01") + np.arange(60)
    state = SpectralDrift().fit(spectra[:60]).check(new, dates)
    assert state.outside.tolist() == [False, True, True]
    assert all((state.p_values[kind][1:] <= state.threshold).all() for kind in kinds)
    assert "ALARM since 2026-01-21" in state.advice and all(kind in state.advice for kind in kinds)
    np.testing.assert_allclose(state.difference[1], new[20:40].mean(axis=0) - spectra[:60].mean(axis=0))


def test_order_is_that_of_the_dates_and_a_rest_waits(spectra):
    drift = SpectralDrift().fit(spectra[:60])
    dates = np.datetime64("2026-01-01") + np.arange(50)
    state = drift.check(spectra[60:110], dates)
    assert len(state.groups) == 2 and "last 10 spectra wait" in state.advice and not state.alarm
    order = np.random.default_rng(0).permutation(50)
    mixed = drift.check(spectra[60:110][order], dates[order])
    np.testing.assert_array_equal(mixed.q, state.q)
    assert {k: p.tolist() for k, p in mixed.p_values.items()} == {k: p.tolist() for k, p in state.p_values.items()}
    text = str(drift.check(spectra[60:110]))
    assert "spectrum 21" in text and text.endswith("wait for their group to be complete.")


def test_q_and_t2_are_those_of_the_reference_period(spectra):
    drift = SpectralDrift().fit(spectra[:60])
    found = drift.limits_.check(spectra[60:])
    state = drift.check(spectra[60:])
    np.testing.assert_allclose(state.q, found.q / found.q_limit)
    np.testing.assert_allclose(state.t2, found.t2 / found.t2_limit)


def test_box_m_is_that_of_the_formula():
    scores = np.random.default_rng(0).standard_normal((40, 3))
    scores -= scores.mean(axis=0)
    at = np.array([[0, 3, 5, 7, 9, 11, 13, 20, 21, 30]])
    rest = np.setdiff1d(np.arange(40), at)
    one, other = np.cov(scores[at[0]].T), np.cov(scores[rest].T)
    pooled = (9 * one + 29 * other) / 38
    by_hand = 38 * np.log(np.linalg.det(pooled)) - 9 * np.log(np.linalg.det(one)) - 29 * np.log(np.linalg.det(other))
    assert _box_m(scores[at], scores)[0] == pytest.approx(by_hand)


def test_it_is_stored_as_other_estimators_are(spectra, tmp_path):
    drift = SpectralDrift().fit(spectra[:60])
    save(drift, tmp_path / "drift.skspectral")
    again = load(tmp_path / "drift.skspectral").check(spectra[60:])
    np.testing.assert_array_equal(again.p_values["mean"], drift.check(spectra[60:]).p_values["mean"])


@pytest.mark.parametrize(
    ("settings", "rows", "exception", "said"),
    [
        ({"window": 2}, 60, ValueError, "window"),
        ({"alpha": 0}, 60, ValueError, "alpha"),
        ({"alpha": 0.001}, 60, ValueError, "at least 4000"),
        ({}, 8, TooFewCheckSamplesError, "at least 9"),
    ],
)
def test_what_cannot_be_fitted(spectra, settings, rows, exception, said):
    with pytest.raises(exception, match=said):
        SpectralDrift(**settings).fit(spectra[:rows])


def test_groups_are_smaller_where_the_reference_period_is_short(spectra):
    state = SpectralDrift().fit(spectra[:30]).check(spectra[30:60])
    assert state.groups.shape == (3, 10)


def test_what_cannot_be_checked(spectra):
    drift = SpectralDrift().fit(spectra[:60])
    with pytest.raises(TooFewCheckSamplesError, match="19 new spectra"):
        drift.check(spectra[60:79])
    with pytest.raises(CheckLogError, match="1 dates for 20"):
        drift.check(spectra[60:80], ["2026-01-01"])
    failed = spectra[60:80].copy()
    failed[3] = 0.5
    with pytest.raises(ConstantSpectraError):
        drift.check(failed)
