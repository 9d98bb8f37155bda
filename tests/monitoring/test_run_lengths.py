"""Run lengths against published values and against walks that are simulated."""

import numpy as np
import pytest
from scipy import stats

from skspectral.monitoring._charts import cusum, ewma, shewhart_of_groups
from skspectral.monitoring._deviates import bias_deviates, expectations, spread_deviates
from skspectral.monitoring._run_lengths import (
    Shifted,
    Widened,
    bias_design,
    cusum_walk,
    ewma_walk,
    run_length,
    spread_design,
    still_quiet,
    two_sided,
)


@pytest.mark.parametrize(("shift", "published"), [(0, 465), (0.5, 38.0), (1, 10.4), (2, 4.01), (3, 2.57)])
def test_cusum_as_published(shift, published):
    # k = 0.5, h = 5, two-sided: Lucas and Crosier (1982), Technometrics 24, 199-205, table 1
    upper, lower = (run_length(cusum_walk(Shifted(sign * shift), 0.5, 5)) for sign in (1, -1))
    assert two_sided(upper, lower) == pytest.approx(published, rel=0.005)


@pytest.mark.parametrize(("shift", "published"), [(0, 500), (0.5, 31.3), (1, 10.3), (2, 4.36)])
def test_ewma_as_published(shift, published):
    # weight 0.1, limit 2.814: Lucas and Saccucci (1990), Technometrics 32, 1-12, table 3
    limit = 2.814 * np.sqrt(0.1 / 1.9)
    assert run_length(ewma_walk(Shifted(shift), 0.1, limit)) == pytest.approx(published, rel=0.005)


@pytest.mark.parametrize("arl", [100.0, 370.0, 2000.0])
def test_designs_have_the_run_length_they_promise(arl):
    bias, spread = bias_design(0.5, arl), spread_design(1.5, arl)
    assert run_length(cusum_walk(Shifted(), *bias["cusum"])) == pytest.approx(2 * arl, rel=1e-3)
    assert run_length(ewma_walk(Shifted(), *bias["ewma"])) == pytest.approx(arl, rel=1e-3)
    assert run_length(cusum_walk(Widened(), *spread["cusum"])) == pytest.approx(arl, rel=1e-3)
    assert run_length(ewma_walk(Widened(), *spread["ewma"], one_sided=True)) == pytest.approx(arl, rel=1e-3)
    assert 2 * stats.norm.sf(bias["shewhart"]) == pytest.approx(1 / arl)


@pytest.mark.parametrize("ratio", [1.0, 1.5, 3.0])
def test_law_of_spread_deviates(ratio):
    deviates = spread_deviates(np.random.default_rng(0).normal(0, ratio, 20_000))
    assert stats.kstest(deviates, Widened(ratio).cdf).pvalue > 0.001
    x = np.linspace(-4, 6, 2001)
    slope = np.gradient(Widened(ratio).cdf(x), x)
    np.testing.assert_allclose(Widened(ratio).pdf(x)[1:-1], slope[1:-1], atol=1e-4)
    assert Widened(ratio).mean == pytest.approx(deviates.mean(), abs=0.03)


@pytest.mark.parametrize(("law", "figure"), [(Shifted(0.7), "bias"), (Widened(1.6), "SEP")])
def test_alarms_of_simulated_walks_come_when_theory_says(law, figure):
    rng = np.random.default_rng(1)
    design = bias_design(0.5, 100.0) if figure == "bias" else spread_design(1.5, 100.0)
    walks = [cusum_walk(law, *design["cusum"]), ewma_walk(law, *design["ewma"], one_sided=figure == "SEP")]
    counts = np.zeros(2)
    for _ in range(600):
        readings = rng.normal(0.7, 1, 15) if figure == "bias" else spread_deviates(rng.normal(0, 1.6, 15))
        for i, (chart, settings) in enumerate([(cusum, design["cusum"]), (ewma, design["ewma"])]):
            counts[i] += chart(readings, *settings, figure=figure).first_alarm is not None
    for count, walk in zip(counts, walks):
        # four standard errors of a share of 600
        assert count / 600 == pytest.approx(1 - still_quiet(walk, 15), abs=4 * 0.5 / np.sqrt(600))


def test_groups_alarm_as_often_as_chi_square_says():
    deviates = np.random.default_rng(2).standard_normal(100_000)
    series = shewhart_of_groups(deviates, 5, 50.0)
    assert len(series.upper) == 20_000 and series.at[:2].tolist() == [4, 9]
    assert series.outside.mean() == pytest.approx(5 / 50, abs=4 * np.sqrt(0.09 / 20_000))


@pytest.mark.parametrize("df", [0, 5, np.inf])
def test_deviates_are_independent_and_normal_however_few_readings_there_are(df):
    rng = np.random.default_rng(3)
    found = []
    for _ in range(1500):
        # the deviation of the validation is off, as one of few samples is
        estimate = np.sqrt(rng.chisquare(df) / df) if 0 < df < np.inf else 1.0
        found.append(bias_deviates(rng.normal(0, 1, 8) / estimate, df)[0])
    found = np.array(found)[:, 1:]
    assert stats.kstest(found.ravel(), "norm").pvalue > 0.001
    correlation = np.corrcoef(np.abs(found), rowvar=False)[np.triu_indices(7, 1)]
    assert np.abs(correlation).max() < 0.1


def test_repeated_readings_are_compared_with_what_the_sample_showed_before():
    rng = np.random.default_rng(4)
    n, sep, repeatability = 4000, 2.0, 0.5
    sample = rng.integers(0, 40, n)
    lasting = rng.normal(0, np.sqrt(sep**2 - repeatability**2), 40)
    error = lasting[sample] + rng.normal(0, repeatability, n)
    mean, sd = expectations(error, sample, sep=sep, repeatability=repeatability)
    deviates = (error - mean) / sd
    assert sd[0] == pytest.approx(sep) and sd[-1] == pytest.approx(repeatability, rel=0.02)
    assert stats.kstest(deviates, "norm").pvalue > 0.001
    assert abs(np.corrcoef(deviates[1:], deviates[:-1])[0, 1]) < 4 / np.sqrt(n)
