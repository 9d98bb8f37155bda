"""Samples of other content than the calibration's are told together where each alone looks like any other."""

import numpy as np
import pytest

from skspectral import MeanShift, TransferredModel
from skspectral.datasets import make_instruments
from skspectral.deployment._content import count_samples, pull
from skspectral.io import SpectraTable

N, N_STANDARDS, N_TOGETHER = 100, 20, 20
SAID = "together are of other content"


def test_what_is_held_back_is_that_of_regression_to_the_mean():
    """References of variance 4, a calibration that explains half of them: what lies 1 off was 2 off."""
    values = np.full((9, 1), 11.0) + np.linspace(-1, 1, 9)[:, None]
    usual, spread = np.array([[10.0], [0.5], [1000.0]]), np.array([4.0])
    told = {"own_variance": np.full((9, 1), 2.0), "half_width": np.full((9, 1), 3.0), "n_samples": np.array([9.0])}
    told |= {"usual": usual, "spread": spread, "n_standards": np.array([1000])}
    np.testing.assert_allclose(pull(values, **told), 1.0)
    np.testing.assert_allclose(pull(20.0 - values, **told), -1.0)
    # chance, few samples, a transfer by one standard, and an interval beside which that is nothing
    assert pull(values - 0.5, **told) == 0
    assert pull(values, **told | {"n_samples": np.array([2.0])}) == 0
    assert pull(values, **told | {"n_standards": np.array([1])}) == 0
    assert pull(values, **told | {"half_width": np.full((9, 1), 11.0)}) == 0


def test_scans_of_one_sample_are_one():
    variance = np.array([1.0])
    scans, samples = (size * np.linspace(-1, 1, 8)[:, None] for size in (0.01, 1.0))
    assert count_samples(["a", "a", "b", "a"], scans[:4], variance) == 2
    assert count_samples(None, scans, variance) == 1
    assert count_samples([None] * 8, samples, variance) == 8
    assert count_samples(None, samples[:1], variance) == 1


@pytest.fixture(scope="module")
def weak():
    """A model that explains about half of its references, and spectra of samples that it has not seen."""
    data = make_instruments(n_samples=2 * N, n_channels=40, noise=0.002, random_state=3)
    rng = np.random.default_rng(0)
    noisy = data.y[: 2 * N, 0] + data.y[: 2 * N, 0].std() * rng.standard_normal(2 * N)
    rows = np.r_[:N, 2 * N : 2 * N + N_STANDARDS]
    model = TransferredModel.fit(
        X=data.X[rows],
        y=noisy[rows % (2 * N)],
        instrument=data.instrument[rows],
        sample_id=data.sample_id[rows],
        wavelengths=data.wavelengths,
        **{"source": "A", "target": "B", "method": MeanShift(), "validate": False},
    )
    X = data.X[3 * N :]
    order = np.argsort(model.predict(X).value[:, 0])
    return model, X, order[-N_TOGETHER:], order[:N_TOGETHER]


def named(X, wavelengths, names=None):
    names = [f"new {row}" for row in range(len(X))] if names is None else names
    return SpectraTable(X, wavelengths, sample_id=names, instrument=["B"] * len(X))


def told(model, X, names=None):
    return np.array([SAID in reason for reason in reasons(model, X, names)])


def reasons(model, X, names=None):
    return model.predict(named(X, model.records["B"].wavelengths, names)).reason[:, 0]


def test_the_ends_are_told_and_random_samples_are_not(weak):
    model, X, upper, lower = weak
    assert all(SAID in reason and "higher" in reason for reason in reasons(model, X[upper]))
    assert all(SAID in reason and "lower" in reason for reason in reasons(model, X[lower]))
    assert set(model.predict(named(X[upper], model.records["B"].wavelengths)).flag[:, 0]) <= {"warning", "reject"}
    for seed in range(20):
        assert not told(model, X[np.random.default_rng(seed).choice(N, N_TOGETHER, replace=False)]).any()
    # one spectrum tells nothing, nor do scans of one sample, named or not
    assert not told(model, X[upper[:1]]).any()
    scans = X[upper[-1]] * (1 + 1e-4 * np.arange(N_TOGETHER)[:, None])
    assert not told(model, scans, ["one"] * N_TOGETHER).any()
    assert not told(model, scans, [None] * N_TOGETHER).any()


def test_a_wrong_spectrum_does_not_speak_for_the_others(weak):
    model, X, *_ = weak
    rows = np.vstack([X[:12], 50.0 * X[12:14]])
    assert (model.predict(rows).flag[12:] == "reject").all() and not told(model, rows)[:12].any()


def test_a_file_keeps_it_and_a_model_without_it_is_silent(weak, tmp_path):
    model, X, upper, _ = weak
    model.save(tmp_path / "m.skspectral")
    assert told(TransferredModel.load(tmp_path / "m.skspectral"), X[upper]).all()
    old = TransferredModel.load(tmp_path / "m.skspectral")
    del vars(old.records["B"])["usual"]
    assert not told(old, X[upper]).any()
