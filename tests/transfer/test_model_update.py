"""ModelUpdate against repeated rows, weighted regression and loops by hand."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.base import clone
from sklearn.cross_decomposition import PLSRegression
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import Ridge

from skspectral import DS, MeanShift, ModelUpdate
from skspectral.exceptions import ExistingCalibrationError, MissingReferenceError, NoStandardsError
from skspectral.testing._data import two_instruments
from skspectral.transfer.model_update import _pls_paths

ROLES = {"source": "A", "target": "B"}


def fitted(estimator, data, **changes):
    arrays = {"X": data.X, "y": data.y, **data.labels} | changes
    return clone(estimator).set_params(**ROLES).fit(arrays.pop("X"), arrays.pop("y"), **arrays)


def pair_means(data, held_out=()):
    """Means of the pairs on either instrument."""
    names = [name for name in data.sample_id[data.on_target] if name not in held_out]
    of = np.isin(data.sample_id, names)
    return data.X[of & ~data.on_target].mean(axis=0), data.X[of & data.on_target].mean(axis=0)


@pytest.mark.parametrize("estimator", [PLSRegression(3), Ridge(1e-3), None], ids=repr)
def test_without_weight_it_is_the_centred_source_model(estimator):
    data = two_instruments(noise=5e-3)
    model = fitted(ModelUpdate(estimator, weight=0), data)
    if estimator is None:
        estimator = PLSRegression(int(model.estimator_.n_components_[0]), scale=False)
    expected = fitted(MeanShift(estimator), data).predict(data.X_test)
    assert_allclose(model.predict(data.X_test), expected, rtol=1e-8)


@pytest.mark.parametrize("weight", [1, 4])
@pytest.mark.parametrize("estimator", [PLSRegression(3, scale=False), Ridge(1e-3)], ids=repr)
def test_rows_are_centred_by_instrument_and_repeated(estimator, weight):
    data = two_instruments(noise=5e-3)
    s_mean, t_mean = pair_means(data)
    X = np.where(data.on_target[:, None], data.X - t_mean, data.X - s_mean)
    each = np.repeat(np.arange(len(X)), np.where(data.on_target, weight, 1))
    expected = clone(estimator).fit(X[each], data.y[each]).predict(data.X_test - t_mean).ravel()
    model = fitted(ModelUpdate(estimator, weight=weight), data)
    assert_allclose(model.predict(data.X_test), expected, rtol=1e-8)
    assert_allclose(model.shift_, s_mean - t_mean)


def test_repeating_is_weighted_regression():
    data = two_instruments(noise=5e-3)
    s_mean, t_mean = pair_means(data)
    X = np.where(data.on_target[:, None], data.X - t_mean, data.X - s_mean)
    expected = Ridge(1e-3).fit(X, data.y, sample_weight=np.where(data.on_target, 7, 1)).predict(data.X_test - t_mean)
    assert_allclose(fitted(ModelUpdate(Ridge(1e-3), weight=7), data).predict(data.X_test), expected, rtol=1e-7)


def test_weighted_pls_equals_pls_on_repeated_rows():
    rng = np.random.RandomState(0)
    X, y, counts = rng.standard_normal((14, 30)), rng.standard_normal((14, 2)), rng.randint(1, 6, 14)
    y[3, 1] = np.nan
    coefs, intercepts = _pls_paths(X, y, counts, 4)
    for j in range(2):
        each = np.repeat(np.arange(14), np.where(np.isfinite(y[:, j]), counts, 0))
        for a in range(4):
            pls = PLSRegression(a + 1, scale=False).fit(X[each], y[each, j])
            assert_allclose(X @ coefs[j, a] + intercepts[j, a], pls.predict(X).ravel(), rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("weight", [0, 3])
@pytest.mark.parametrize("default", [True, False])
def test_held_out_errors_equal_a_loop(weight, default):
    """Both spectra of a sample leave, and the mean difference is found without them."""
    data = two_instruments(noise=2e-2, n_samples=10, n_standards=10)
    estimator = None if default else Ridge(1e-3)
    data.y[data.on_target] = data.y[~data.on_target]
    model = fitted(ModelUpdate(estimator, weight=weight), data)
    if not default:
        # a named weight leaves nothing to choose
        assert not hasattr(model, "transfer_rmse_")
        model = fitted(ModelUpdate(estimator), data)
        weight = model.weight_
    else:
        estimator = PLSRegression(int(model.estimator_.n_components_[0]), scale=False)
    errors = {True: [], False: []}
    for name in np.unique(data.sample_id.astype(str)):
        out = data.sample_id == name
        s_mean, t_mean = pair_means(data, [name])
        X = data.X - np.where(data.on_target[:, None], t_mean, s_mean)
        kept = np.repeat(np.arange(len(X)), np.where(out, 0, np.where(data.on_target, weight, 1)))
        residual = clone(estimator).fit(X[kept], data.y[kept]).predict(X[out]).ravel() - data.y[out]
        for value, on_target in zip(residual, data.on_target[out]):
            errors[bool(on_target)].append(value)
    assert_allclose(model.transfer_rmse_, np.sqrt(np.mean(np.square(errors[True]))), rtol=1e-6)
    if default:
        assert_allclose(model.estimator_.rmsecv_, np.sqrt(np.mean(np.square(errors[False]))), rtol=1e-6)


@pytest.mark.parametrize("estimator", [None, PLSRegression(5)], ids=repr)
def test_the_weight_follows_what_the_standards_say(estimator):
    """High where only the target sees an interferent, low where references of standards are mixed up."""
    rng = np.random.RandomState(0)
    data = two_instruments(n_standards=12)
    shape = np.sin(np.linspace(0, 9, 60))
    interfered = data.X + np.where(data.on_target[:, None], np.outer(rng.standard_normal(len(data.X)), shape), 0.0)
    assert fitted(ModelUpdate(estimator), data, X=interfered).weight_ >= 3

    # further standards, which have no reference on the source to contradict
    X, y = np.vstack([data.X, data.X_test]), np.append(data.y, rng.permutation(data.y_test))
    labels = {
        "instrument": [*data.instrument, *["B"] * 12],
        "sample_id": [*data.sample_id, *(f"x{i}" for i in range(12))],
    }
    assert fitted(ModelUpdate(estimator), data, X=X, y=y, **labels).weight_ <= 1


def test_candidates_span_from_nothing_to_the_standards_alone():
    model = ModelUpdate()
    assert model._candidates(100, 4) == [0, 1, 5, 25, 100]
    assert model._candidates(10, 10) == [0, 1, 4]
    assert model._candidates(3, 12) == [0, 1]


def test_standards_without_reference_only_shift():
    data = two_instruments(n_samples=36, n_standards=12)
    standards = np.isin(data.sample_id, data.sample_id[data.on_target])
    y = np.where(standards, np.nan, data.y)
    model = fitted(ModelUpdate(PLSRegression(3)), data, y=y)
    expected = fitted(MeanShift(PLSRegression(3)), data, y=y)
    assert (model.weight_, model.n_standards_) == (0, 0)
    assert_allclose(model.predict(data.X_test), expected.predict(data.X_test), rtol=1e-9)


def test_few_pairs():
    one, two = two_instruments(n_standards=1), two_instruments(n_standards=2)
    with pytest.raises(NoStandardsError, match=r"at least 1.*found 0"):
        fitted(ModelUpdate(), one, sample_id=[None] * len(one.X))
    # nothing can be held out: the standards are not entered unless the user says so
    assert fitted(ModelUpdate(), one).weight_ == 0
    assert fitted(ModelUpdate(), two).weight_ == 0
    assert fitted(ModelUpdate(weight=5), two).weight_ == 5


def test_what_cannot_be_updated():
    data = two_instruments(n_targets=2)
    X, y = data.X[~data.on_target], data.y[~data.on_target]
    with pytest.raises(ExistingCalibrationError, match="ModelUpdate fits the calibration anew"):
        fitted(ModelUpdate(FrozenEstimator(PLSRegression(3).fit(X, y))), data)
    with pytest.raises(TypeError, match="ordinary regressor"):
        fitted(ModelUpdate(DS()), data)
    with pytest.raises(MissingReferenceError):
        fitted(ModelUpdate(), data, y=np.column_stack([data.y[:, 0], np.full(len(data.y), np.nan)]))


@pytest.mark.parametrize("weight", [-1, 0.5, "balanced"])
def test_bad_parameters_are_named(weight):
    with pytest.raises(ValueError, match="weight must be"):
        fitted(ModelUpdate(weight=weight), two_instruments())
