"""PLSRegressionCV against scikit-learn's PLS, and LinearCalibration by hand."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.cross_decomposition import PLSRegression
from sklearn.frozen import FrozenEstimator

from skspectral import DS, PDS, LinearCalibration, PLSRegressionCV
from skspectral._core.folds import content_folds
from skspectral.calibration.pls1 import pls1_path
from skspectral.exceptions import ChannelMismatchError, MissingReferenceError, NonLinearCalibrationError
from skspectral.preprocessing import SNV
from skspectral.testing._data import two_instruments


@pytest.mark.parametrize("shape", [(20, 60), (60, 20)], ids=["wide", "tall"])
def test_path_equals_sklearn_for_every_number_of_components(shape):
    rng = np.random.RandomState(0)
    X = rng.standard_normal(shape) @ np.diag(0.7 ** np.arange(shape[1]))
    y = X[:, :5].sum(axis=1) + 0.1 * rng.standard_normal(shape[0])
    path = pls1_path(X - X.mean(axis=0), y - y.mean(), 10)
    for n_components in range(1, 11):
        expected = PLSRegression(n_components, scale=False).fit(X, y).coef_.ravel()
        assert_allclose(path[n_components - 1], expected, rtol=1e-6, atol=1e-8)


def test_path_stops_when_the_covariance_is_exhausted():
    X = np.outer(np.arange(6.0) - 2.5, [1.0, 2.0, 3.0])
    path = pls1_path(X, X[:, 0], 3)
    assert_allclose(path[1:], path[[0, 0]])
    assert_allclose(X @ path[0], X[:, 0])


def test_cross_validated_error_equals_explicit_refits():
    data = two_instruments(noise=0.02)
    X, y = data.X[:36], data.y[:36]
    model = PLSRegressionCV(max_components=6, cv=5).fit(X, y)
    folds = content_folds(X, y[:, None], np.full(36, -1), 5)
    squares = np.zeros(6)
    for fold in range(5):
        test = folds == fold
        for a in range(6):
            pls = PLSRegression(a + 1, scale=False).fit(X[~test], y[~test])
            squares[a] += ((pls.predict(X[test]).ravel() - y[test]) ** 2).sum()
    assert_allclose(model.mse_path_[0], squares / 36, rtol=1e-6)
    chosen = np.argmax(squares <= 1.02 * squares.min())
    assert model.n_components_[0] == chosen + 1
    expected = PLSRegression(chosen + 1, scale=False).fit(X, y).predict(data.X_test).ravel()
    assert_allclose(model.predict(data.X_test), expected, rtol=1e-7)


def test_folds_keep_samples_together_and_ignore_order():
    rng = np.random.RandomState(0)
    X, y = rng.standard_normal((30, 4)), rng.standard_normal((30, 1))
    groups = np.repeat(np.arange(10), 3)
    folds = content_folds(X, y, groups, 5)
    assert all(len(set(folds[groups == g])) == 1 for g in range(10))
    order = rng.permutation(30)
    assert (content_folds(X[order], y[order], 99 - groups[order], 5) == folds[order]).all()


def test_replicates_stay_in_one_fold():
    """Noise-free replicates would make any number of components look perfect if they were split."""
    rng = np.random.RandomState(0)
    X, y = np.repeat(rng.standard_normal((15, 40)), 2, axis=0), np.repeat(rng.standard_normal(15), 2)
    ids = np.repeat(np.arange(15), 2)
    honest, fooled = PLSRegressionCV(cv=10).fit(X, y, sample_id=ids), PLSRegressionCV(cv=10).fit(X, y)
    assert honest.rmsecv_[0] > 0.5 * y.std() > fooled.rmsecv_[0]


def test_each_property_learns_from_its_own_references():
    data = two_instruments(n_targets=2)
    y = data.y[:36].copy()
    y[::3, 1] = np.nan
    model = PLSRegressionCV().fit(data.X[:36], y)
    known = np.isfinite(y[:, 1])
    alone = PLSRegressionCV(max_components=model.mse_path_.shape[1]).fit(data.X[:36][known], y[known, 1])
    assert model.n_components_.shape == (2,)
    assert_allclose(model.predict(data.X_test)[:, 0], PLSRegressionCV().fit(data.X[:36], y[:, 0]).predict(data.X_test))
    assert_allclose(model.predict(data.X_test)[:, 1], alone.predict(data.X_test), rtol=1e-8)


@pytest.mark.parametrize("bad", [{"max_components": 0}, {"cv": 1}])
def test_bad_parameters_are_named(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        PLSRegressionCV(**bad).fit(np.eye(5), np.arange(5.0))


def test_too_few_references():
    with pytest.raises(MissingReferenceError, match="2 at least, and found 1 of property 0"):
        PLSRegressionCV().fit(np.random.RandomState(0).rand(4, 3), [1.0, np.nan, np.nan, np.nan])
    with pytest.raises(MissingReferenceError, match="one sample"):
        PLSRegressionCV().fit(np.random.RandomState(0).rand(3, 3), [1.0, 2.0, 3.0], sample_id=["a"] * 3)


def test_linear_calibration_by_hand():
    one = LinearCalibration([1.0, 2.0], 0.5)
    assert_allclose(one.predict([[1.0, 1.0], [0.0, 3.0]]), [3.5, 6.5])
    two = LinearCalibration([[1.0, 2.0], [0.0, 1.0]], [0.5, -1.0])
    assert_allclose(two.fit([[1.0, 1.0]]).predict([[1.0, 1.0]]), [[3.5, 0.0]])
    with pytest.raises(ChannelMismatchError, match="expecting 2"):
        one.predict([[1.0, 2.0, 3.0]])
    with pytest.raises(ValueError, match="coef"):
        LinearCalibration([[[1.0]]]).fit([[1.0]])


@pytest.mark.parametrize("method", [PDS(window=2, n_components=2), DS(alpha=1e-3)], ids=repr)
def test_coefficients_alone_transfer_like_the_model_they_came_from(method):
    data = two_instruments()
    pls = PLSRegression(3, scale=False).fit(data.X[:36], data.y[:36])
    coefficients = LinearCalibration(pls.coef_.ravel(), pls.predict(np.zeros((1, 60))).item())
    used = np.isin(data.sample_id, data.sample_id[data.on_target])
    labels = {name: value[used] for name, value in data.labels.items()}
    nothing = np.full(used.sum(), np.nan)
    roles = {"source": "A", "target": "B"}
    results = [
        method.set_params(estimator=calibration, **roles).fit(data.X[used], nothing, **labels).predict(data.X_test)
        for calibration in (coefficients, FrozenEstimator(pls))
    ]
    assert_allclose(results[0], results[1], rtol=1e-8)
    with pytest.raises(ChannelMismatchError, match="existing calibration"):
        method.set_params(estimator=LinearCalibration([1.0, 2.0]), **roles).fit(data.X[used], nothing, **labels)


def test_nonlinear_calibration_has_no_coefficients():
    from sklearn.pipeline import make_pipeline

    data = two_instruments()
    model = PDS(make_pipeline(SNV(), PLSRegression(3)), source="A", target="B").fit(data.X, data.y, **data.labels)
    with pytest.raises(NonLinearCalibrationError, match="SNV"):
        model.export_calibration()
