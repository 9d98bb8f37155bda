"""MultiInstrumentGP: its kernels, the closed forms it must equal, and further instruments."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from skspectral import MeanShift, MultiInstrumentGP
from skspectral.datasets import make_instruments
from skspectral.exceptions import AmbiguousInstrumentError, AxisMismatchError, UnknownInstrumentError
from skspectral.metrics import rmsep
from skspectral.transfer.gp import InstrumentCovariance, InstrumentNoise, _multi_instrument

ROLES = {"source": "A", "target": "B"}


@pytest.fixture(scope="module")
def data():
    return make_instruments(n_samples=60, n_channels=80, n_targets=2, random_state=5)


def rows(data, n_standards):
    taken = np.concatenate(
        [np.flatnonzero(data.instrument == "A")[:40], np.flatnonzero(data.instrument == "B")[:n_standards]]
    )
    labels = {"instrument": data.instrument[taken], "sample_id": data.sample_id[taken]}
    return data.X[taken], data.y[taken], labels


@pytest.fixture
def inputs():
    rng = np.random.default_rng(0)
    return np.column_stack([rng.normal(size=(9, 4)), [0, 1, 2, 0, 1, 2, 0, 0, 1]])


def test_gradients_equal_finite_differences(inputs):
    kernel = InstrumentCovariance(2.0, 0.3, 5.0) + InstrumentNoise([0.1, 0.3, 0.2])
    covariance, gradient = kernel(inputs, eval_gradient=True)
    assert gradient.shape == (*covariance.shape, len(kernel.theta))
    for i in range(len(kernel.theta)):
        step = 1e-6 * np.eye(len(kernel.theta))[i]
        above, below = (kernel.clone_with_theta(kernel.theta + sign * step)(inputs) for sign in (1, -1))
        assert_allclose(gradient[..., i], (above - below) / 2e-6, atol=1e-7)


def test_kernels_are_covariances(inputs):
    kernel = InstrumentCovariance(2.0, 0.3, 5.0) + InstrumentNoise([0.1, 0.3, 0.2])
    covariance = kernel(inputs)
    assert_allclose(covariance, covariance.T)
    assert np.linalg.eigvalsh(covariance).min() > 0
    assert_allclose(kernel.diag(inputs), np.diag(covariance))
    assert_allclose(InstrumentCovariance()(inputs, inputs[:3]), InstrumentCovariance()(inputs)[:, :3])
    assert "shared=0.3" in repr(kernel) and "0.1, 0.3, 0.2" in repr(kernel)


def test_fixed_hyperparameters_have_no_gradient(inputs):
    kernel = InstrumentCovariance(variance_bounds="fixed", shared_bounds="fixed") + InstrumentNoise([0.1] * 3, "fixed")
    assert kernel(inputs, eval_gradient=True)[1].shape == (9, 9, 0)


def test_held_out_error_equals_refits_without_the_sample(data):
    X, y, labels = rows(data, 6)
    model = MultiInstrumentGP(**ROLES).fit(X, y, **labels)
    process = model.models_[0]
    inputs, r = process.X_train_, process.y_train_
    codes = np.full(len(r), -1)
    for k in range(len(r)):
        twins = np.flatnonzero(np.abs(r - r[k]) < 1e-12)
        codes[twins] = twins[0]
    squares = []
    for row in np.flatnonzero(inputs[:, -1] == 1):
        kept = np.flatnonzero(codes != codes[row])
        covariance = process.kernel_(inputs[kept]) + 1e-9 * np.eye(len(kept))
        between = process.kernel_(inputs[[row]], inputs[kept])
        squares.append((r[row] - (between @ np.linalg.solve(covariance, r[kept]))[0]) ** 2)
    expected = np.sqrt(np.mean(squares)) * y[labels["instrument"] == "A", 0].std()
    assert_allclose(model.transfer_rmse_[0], expected, rtol=1e-4)


def test_it_beats_the_mean_shift_and_covers(data):
    X, y, labels = rows(data, 10)
    test = np.flatnonzero(data.instrument == "B")[40:]
    model, shift = MultiInstrumentGP(**ROLES).fit(X, y, **labels), MeanShift(**ROLES).fit(X, y, **labels)
    predicted, sd = model.predict(data.X[test], return_std=True)
    assert rmsep(data.y[test], predicted) < rmsep(data.y[test], shift.predict(data.X[test]))
    assert np.mean(np.abs(predicted - data.y[test]) < 1.645 * sd) > 0.6


def test_noise_levels_follow_the_instruments(data):
    rng = np.random.default_rng(3)
    X, y, labels = rows(data, 30)
    on_target = labels["instrument"] == "B"
    X = X + np.where(on_target, 1e-4, 0.1)[:, None] * X.std() * rng.standard_normal(X.shape)
    levels = MultiInstrumentGP(**ROLES).fit(X, y, **labels).models_[0].kernel_.k2.level
    assert levels[0] > 3 * levels[1]


def test_rows_of_further_instruments_help_and_can_be_predicted(data):
    X, y, labels = rows(data, 2)
    third = np.flatnonzero(data.instrument == "B")[:40]
    distorted = 1.05 * data.X[third] + 0.1
    more = {
        "instrument": np.concatenate([labels["instrument"], ["C"] * 40]),
        "sample_id": np.concatenate([labels["sample_id"], data.sample_id[third]]),
    }
    all_X, all_y = np.vstack([X, distorted]), np.vstack([y, data.y[third]])
    test = np.flatnonzero(data.instrument == "B")[40:]
    two = MultiInstrumentGP(**ROLES).fit(all_X, all_y, **more)
    three = MultiInstrumentGP(others=["C"], **ROLES).fit(all_X, all_y, **more)
    assert two.instruments_ == ["A", "B"] and three.instruments_ == ["A", "B", "C"]
    assert rmsep(data.y[test], three.predict(data.X[test])) < rmsep(data.y[test], two.predict(data.X[test]))
    on_third = three.predict(1.05 * data.X[test] + 0.1, on="C")
    assert rmsep(data.y[test], on_third) < 0.5 * data.y[test].std()
    with pytest.raises(UnknownInstrumentError, match="'D'"):
        three.predict(data.X[test], on="D")


@pytest.mark.parametrize(("others", "error"), [(["Z"], UnknownInstrumentError), (["A"], AmbiguousInstrumentError)])
def test_wrong_names_of_further_instruments(data, others, error):
    X, y, labels = rows(data, 5)
    with pytest.raises(error, match="others"):
        MultiInstrumentGP(others=others, **ROLES).fit(X, y, **labels)


def test_hyperparameters_of_many_samples_come_from_a_share(data, monkeypatch):
    X, y, labels = rows(data, 10)
    whole = MultiInstrumentGP(**ROLES).fit(X, y, **labels)
    monkeypatch.setattr(_multi_instrument, "MOST_FOR_HYPERPARAMETERS", 40)
    thinned = MultiInstrumentGP(**ROLES).fit(X, y, **labels)
    assert len(thinned.models_[0].X_train_) == len(whole.models_[0].X_train_) == 50
    difference = thinned.predict(data.X[-10:]) - whole.predict(data.X[-10:])
    assert 0 < np.abs(difference).max() < 0.5 * data.y.std()


def test_bad_preprocessing_and_axis_are_named(data):
    X, y, labels = rows(data, 5)
    with pytest.raises(ValueError, match="preprocessing"):
        MultiInstrumentGP("msc", **ROLES).fit(X, y, **labels)
    with pytest.raises(AxisMismatchError, match="wavelengths"):
        MultiInstrumentGP(wavelengths=[1.0, 2.0], **ROLES).fit(X, y, **labels)
