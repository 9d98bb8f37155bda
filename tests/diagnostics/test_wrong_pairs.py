"""Exchanged standards and wrong spectra."""

from itertools import combinations

import numpy as np
import pytest

from skspectral.datasets import fetch_corn, make_instruments
from skspectral.diagnostics import find_wrong_pairs
from skspectral.diagnostics._pairing import DISTORTION, PRIOR_FREEDOM, PRIOR_VARIANCE, PairModel, source_scores
from skspectral.exceptions import (
    AmbiguousInstrumentError,
    ConflictingReferenceError,
    ConstantSpectraError,
    DatasetUnavailableError,
    TooFewStandardsError,
)

N = 40


def task(seed, n_standards=10):
    """Source and target spectra of random standards among 40 source samples, each repacked for the target."""
    rng = np.random.default_rng([seed, 7])
    data = make_instruments(N, n_channels=100, scatter=0.05, random_state=seed)
    target = data.X[N:] * (1 + 0.005 * rng.standard_normal((N, 1)))
    standards = rng.permutation(N)[:n_standards]
    return data.X[:N], target[standards], standards


def search(source, target, standards, **arguments):
    labels = {
        "instrument": np.repeat(["A", "B"], [len(source), len(standards)]),
        "sample_id": [*range(len(source)), *standards.tolist()],
    }
    return find_wrong_pairs(np.vstack([source, target]), **labels, source="A", target="B", **arguments)


class TestPairModel:
    @pytest.fixture
    def scores(self):
        rng = np.random.default_rng(0)
        source = rng.standard_normal((9, 3))
        return source, source + 0.3 * rng.standard_normal((9, 3)) + 5

    def test_gains_equal_the_change_of_the_likelihood(self, scores):
        model = PairModel(*scores)
        order = np.array([1, 0, 2, 3, 4, 5, 6, 8, 7])
        gains = model.exchange_gains(order)
        for i, j in combinations(range(9), 2):
            exchanged = order.copy()
            exchanged[[i, j]] = order[[j, i]]
            expected = model.log_likelihood(exchanged) - model.log_likelihood(order)
            assert gains[i, j] == pytest.approx(expected, abs=1e-9) and gains[j, i] == pytest.approx(gains[i, j])

    def test_likelihood_is_that_of_the_model_integrated_by_sampling(self):
        """In one dimension: average the normal likelihood over draws of shift, distortion and variance."""
        rng = np.random.default_rng(1)
        source, target = rng.standard_normal((2, 5, 1))
        model = PairModel(source, target)
        n_draws = 400_000
        scale = PRIOR_FREEDOM * PRIOR_VARIANCE
        variance = scale / rng.chisquare(PRIOR_FREEDOM, n_draws)
        distortion = rng.standard_normal(n_draws) * np.sqrt(DISTORTION * variance)

        def integrated(order):
            gap = (target[order] - source)[:, 0] - np.outer(distortion, source[:, 0] - source.mean())
            # a flat prior on the shift leaves the scatter around the mean, with one degree of freedom less
            squares = ((gap - gap.mean(axis=1, keepdims=True)) ** 2).sum(axis=1)
            return np.log(np.mean(np.exp(-squares / (2 * variance)) * variance ** (-(len(gap[0]) - 1) / 2)))

        filed, other = np.arange(5), np.array([2, 1, 0, 3, 4])
        ratio = model.log_likelihood(other) - model.log_likelihood(filed)
        assert ratio == pytest.approx(integrated(other) - integrated(filed), abs=0.02)

    def test_held_out_p_is_uniform_under_the_model(self):
        rng = np.random.default_rng(2)
        found = []
        for _ in range(300):
            variance = PRIOR_FREEDOM * PRIOR_VARIANCE / rng.chisquare(PRIOR_FREEDOM)
            source = rng.standard_normal((8, 1))
            distortion = rng.standard_normal() * np.sqrt(DISTORTION * variance)
            target = source * (1 + distortion) + 3 + np.sqrt(variance) * rng.standard_normal((8, 1))
            found.append(PairModel(source, target).held_out_p(np.arange(8))[0])
        assert np.mean(np.array(found) < 0.05) == pytest.approx(0.05, abs=0.035)
        assert np.mean(np.array(found) < 0.5) == pytest.approx(0.5, abs=0.09)

    def test_scores_have_unit_variance(self):
        source, target, standards = task(0)
        samples, on_source, _ = source_scores(source, source[standards], target)
        np.testing.assert_allclose(np.cov(samples, rowvar=False), np.eye(4), atol=1e-10)
        np.testing.assert_allclose(on_source, samples[standards], atol=1e-10)
        assert source_scores(source, source[:5], target[:5])[0].shape == (N, 2)


class TestFindWrongPairs:
    def test_clean_pairs_are_not_flagged(self):
        flagged = [result for result in (search(*task(seed)) for seed in range(30)) if result.swapped]
        assert len(flagged) <= 1
        result = search(*task(0))
        assert result.belongs_to == {label: label for label in result.sample_id} and result.evidence == 0
        assert str(result) == "10 pairs checked: none contradicts the others."

    def test_a_swap_is_found(self):
        found = []
        for seed in range(30):
            source, target, standards = task(seed)
            target[[2, 5]] = target[[5, 2]]
            result = search(source, target, standards)
            found.append(result.swapped == [tuple(sorted(standards[[2, 5]].tolist()))])
        assert np.mean(found) >= 0.9

    def test_what_a_swap_looks_like(self):
        source, target, standards = task(0)
        target[[2, 5]] = target[[5, 2]]
        result = search(source, target, standards)
        first, second = sorted(standards[[2, 5]].tolist())
        assert result.belongs_to[first] == second and result.belongs_to[second] == first
        assert result.evidence > 1.5 and not result.suspect
        assert f"Target spectra exchanged: {first} and {second} (log evidence" in str(result)

    def test_a_list_that_slipped_by_one_row_is_one_circle(self):
        source, target, standards = task(3)
        standards = np.sort(standards)
        target = np.roll(task(3)[1][np.argsort(task(3)[2])], 1, axis=0)
        result = search(source, target, standards)
        assert len(result.swapped) == 1 and set(result.swapped[0]) == set(standards.tolist())
        assert [result.belongs_to[label] for label in standards[1:]] == standards[:-1].tolist()
        assert "in the wrong places" in str(result)

    @pytest.mark.parametrize("fault", ["gain", "noise", "spike", "failed scan"])
    def test_a_wrong_spectrum_is_suspect(self, fault):
        source, target, standards = task(1)
        rng = np.random.default_rng(0)
        if fault == "gain":
            target[4] = 1.5 * target[4]
        elif fault == "noise":
            target[4] += 0.02 * rng.standard_normal(target.shape[1])
        elif fault == "spike":
            target[4, 50] += 0.3
        else:
            target[4] = 0.01 * rng.standard_normal(target.shape[1])
        result = search(source, target, standards)
        assert result.suspect == [standards[4]] and not result.swapped
        assert f"Wrong spectrum: {standards[4]} (p " in str(result)

    def test_a_swap_and_a_wrong_spectrum_together(self):
        source, target, standards = task(2, n_standards=14)
        target[[0, 9]] = target[[9, 0]]
        target[4] += 0.05 * np.random.default_rng(0).standard_normal(target.shape[1])
        result = search(source, target, standards)
        assert result.swapped == [tuple(sorted(standards[[0, 9]].tolist()))] and result.suspect == [standards[4]]

    def test_order_and_names_of_rows_and_instruments_do_not_matter(self):
        source, target, standards = task(5)
        target[[1, 3]] = target[[3, 1]]
        X = np.vstack([source, target])
        ids = np.array([*range(N), *standards])
        instrument = np.repeat(["A", "B"], [N, 10])
        first = find_wrong_pairs(X, instrument=instrument, sample_id=ids, source="A", target="B")
        order = np.random.default_rng(0).permutation(len(X))
        kept = X.copy()
        second = find_wrong_pairs(
            X[order],
            instrument=np.where(instrument == "A", 9, 3)[order],
            sample_id=np.array([f"sample {i:02d}" for i in ids])[order],
            source=9,
            target=3,
        )
        np.testing.assert_array_equal(X, kept)
        assert second.swapped == [tuple(f"sample {i:02d}" for i in circle) for circle in first.swapped]
        assert len(first.swapped) == 1
        np.testing.assert_allclose(second.p_value, first.p_value, rtol=1e-6)
        np.testing.assert_allclose(second.roughness, first.roughness, rtol=1e-6, atol=1e-9)

    def test_replicates_are_averaged_and_third_instruments_ignored(self):
        source, target, standards = task(6)
        X = np.vstack([source, target + 1e-4, target - 1e-4, target[::-1]])
        instrument = np.repeat(["A", "B", "B", "C"], [N, 10, 10, 10])
        ids = np.array([*range(N), *standards, *standards, *standards])
        result = find_wrong_pairs(X, instrument=instrument, sample_id=ids, source="A", target="B")
        np.testing.assert_allclose(result.p_value, search(source, target, standards).p_value, rtol=1e-5)

    def test_identical_noise_free_instruments_are_clean(self):
        data = make_instruments(12, noise=0.0, difference=0.0)
        result = find_wrong_pairs(
            data.X, data.y, instrument=data.instrument, sample_id=data.sample_id, source="A", target="B"
        )
        assert not result.swapped and not result.suspect

    def test_wrong_input_is_explained(self):
        source, target, standards = task(0)
        with pytest.raises(TooFewStandardsError, match="at least 5 samples measured on both"):
            search(source, target[:4], standards[:4])
        with pytest.raises(TooFewStandardsError, match="found 0"):
            find_wrong_pairs(source, instrument=["A", "B"] * 20, sample_id=[None] * N, source="A", target="B")
        with pytest.raises(AmbiguousInstrumentError, match="name only one"):
            find_wrong_pairs(source, instrument=["A"] * N, sample_id=range(N))
        with pytest.raises(ConstantSpectraError, match="same spectrum"):
            search(np.tile(source[:1], (N, 1)), target, standards)
        with pytest.raises(ConflictingReferenceError):
            search(source, target, standards, y=np.arange(50.0))


def test_swaps_among_corn_standards_are_found():
    try:
        corn = fetch_corn(instruments=["m5", "mp6"], download_if_missing=False)
    except DatasetUnavailableError as error:
        pytest.skip(f"corn is not on this machine: {error}")
    source, target = (corn.X[corn.instrument == name] for name in ("m5", "mp6"))
    found, alarms = [], []
    for seed in range(10):
        standards = np.random.default_rng(seed).permutation(80)[:10]
        spectra = target[standards]
        alarms.append(bool(search(source, spectra, standards).swapped))
        spectra[[0, 1]] = spectra[[1, 0]]
        found.append(search(source, spectra, standards).swapped == [tuple(sorted(standards[:2].tolist()))])
    assert np.mean(found) >= 0.7 and np.mean(alarms) <= 0.1
