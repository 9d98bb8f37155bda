"""EPO and GLSW against full matrices, loops by hand, and the laws of a projection."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.linalg import sqrtm
from sklearn.base import clone
from sklearn.cross_decomposition import PLSRegression
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import Ridge
from sklearn.model_selection import LeaveOneOut, cross_val_predict
from sklearn.pipeline import make_pipeline

from skspectral import DS, EPO, GLSW, SBC, SNV, MeanShift, PLSRegressionCV
from skspectral.exceptions import ExistingCalibrationError, NoStandardsError, TooFewStandardsError
from skspectral.testing._data import two_instruments

ROLES = {"source": "A", "target": "B"}


def rows_of(data):
    """Source rows and references, and the paired spectra."""
    X, y, names = (part[~data.on_target] for part in (data.X, data.y, data.sample_id))
    twin = [names.tolist().index(name) for name in data.sample_id[data.on_target]]
    return X, y, X[twin], data.X[data.on_target]


def fitted(estimator, data):
    return clone(estimator).set_params(**ROLES).fit(data.X, data.y, **data.labels)


def projector(S, T, k):
    """I - V V' from the eigenvectors of D'D."""
    D = S - T
    values, vectors = np.linalg.eigh(D.T @ D)
    V = vectors[:, np.argsort(values)[::-1][:k]]
    return np.eye(D.shape[1]) - V @ V.T


@pytest.mark.parametrize("k", [1, 2, 5])
@pytest.mark.parametrize("centre", [True, False])
def test_epo_equals_its_formula(k, centre):
    data = two_instruments(noise=5e-3)
    X, y, S, T = rows_of(data)
    E = projector(S, T, k)
    s_mean, t_mean = (S.mean(axis=0), T.mean(axis=0)) if centre else (0.0, 0.0)
    expected = PLSRegression(3, scale=False).fit((X - s_mean) @ E, y).predict((data.X_test - t_mean) @ E)
    model = fitted(EPO(PLSRegression(3, scale=False), n_components=k, centre=centre), data)
    assert_allclose(model.predict(data.X_test), expected.ravel(), rtol=1e-8)


@pytest.mark.parametrize("alpha", [1e-6, 1e-3, 1.0])
@pytest.mark.parametrize("centre", [True, False])
def test_glsw_equals_its_formula(alpha, centre):
    """The filter is the inverse matrix square root of the covariance of the differences plus the identity."""
    data = two_instruments(noise=5e-3)
    X, y, S, T = rows_of(data)
    s_mean, t_mean = (S.mean(axis=0), T.mean(axis=0)) if centre else (np.zeros(60), np.zeros(60))
    D = (S - s_mean) - (T - t_mean)
    variance = np.trace(np.cov(X.T, bias=True))
    # older SciPy returns the root with an imaginary part of the size of rounding errors
    G = np.linalg.inv(np.real(sqrtm(D.T @ D / len(D) / (alpha * variance) + np.eye(60))))
    expected = PLSRegression(3, scale=False).fit((X - s_mean) @ G, y).predict((data.X_test - t_mean) @ G)
    model = fitted(GLSW(PLSRegression(3, scale=False), alpha=alpha, centre=centre), data)
    assert_allclose(model.predict(data.X_test), expected.ravel(), rtol=1e-6)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), k=st.integers(1, 4), centre=st.booleans())
def test_epo_removes_exactly_its_directions(seed, k, centre):
    """Nothing along a removed direction is seen, and everything else is."""
    data = two_instruments(noise=2e-3, seed=seed)
    model = fitted(EPO(Ridge(1e-3), n_components=k, centre=centre), data)
    assert model.weights_.tolist() == [1.0] * k + [0.0] * (len(model.weights_) - k)
    coef, _ = model.export_calibration()
    assert_allclose(coef @ model.axes_[:k].T, 0.0, atol=1e-9 * np.abs(coef).max())
    moved = data.X_test + 7.0 * np.random.RandomState(seed).standard_normal(k) @ model.axes_[:k]
    assert_allclose(model.predict(moved), model.predict(data.X_test), rtol=1e-7)
    assert np.abs(coef @ model.axes_[k:].T).max() > 1e-6 * np.abs(coef).max()


@pytest.mark.parametrize("estimator", [EPO(n_components=0), GLSW(alpha=1e12)], ids=repr)
def test_without_a_filter_it_is_the_mean_shift(estimator):
    data = two_instruments()
    expected = fitted(MeanShift(PLSRegression(3)), data).predict(data.X_test)
    assert_allclose(fitted(estimator.set_params(estimator=PLSRegression(3)), data).predict(data.X_test), expected)


def test_glsw_becomes_epo_as_alpha_falls():
    """With every direction of the differences removed, hard and soft removal are the same."""
    data = two_instruments(n_standards=4, noise=5e-3)
    hard = fitted(EPO(PLSRegression(3), n_components=4, centre=False), data).predict(data.X_test)
    apart = [
        np.abs(fitted(GLSW(PLSRegression(3), alpha=alpha, centre=False), data).predict(data.X_test) - hard).max()
        for alpha in (1e-3, 1e-8, 1e-15)
    ]
    assert apart[0] > apart[1] > apart[2]
    assert apart[2] < 1e-5 * data.y.std()


@pytest.mark.parametrize("estimator", [EPO(), GLSW()], ids=repr)
def test_the_unit_of_the_spectra_does_not_matter(estimator):
    data = two_instruments(noise=5e-3)
    expected = fitted(estimator, data).predict(data.X_test)
    data.X *= 1e3
    assert_allclose(fitted(estimator, data).predict(1e3 * data.X_test), expected, rtol=1e-6)


def test_mean_difference_is_removed_by_centring_alone():
    """An offset that is not among the removed directions: only with ``centre`` is it gone."""
    data = two_instruments(identical=True, noise=0.0)
    noise = 5e-2 * np.random.RandomState(0).standard_normal((10, 60))
    data.X[data.on_target] += 1e-3 + noise - noise.mean(axis=0)
    expected = PLSRegression(4).fit(*rows_of(data)[:2]).predict(data.X_test).ravel()
    bias = {
        centre: np.abs((fitted(estimator, data).predict(data.X_test + 1e-3) - expected).mean())
        for centre, estimator in ((c, EPO(PLSRegression(4), n_components=1, centre=c)) for c in (True, False))
    }
    assert bias[True] < 0.1 * bias[False]


def gaps_by_hand(data, k, calibration):
    """Predictions of the two spectra of each pair, apart, by a projection that has not seen the pair."""
    X, y, S, T = rows_of(data)
    gaps = []
    for i in range(len(S)):
        kept = np.arange(len(S)) != i
        E, s_mean, t_mean = projector(S[kept], T[kept], k), S[kept].mean(axis=0), T[kept].mean(axis=0)
        model = calibration.fit((X - s_mean) @ E, y)
        gaps.append(model.predict((T[[i]] - t_mean) @ E) - model.predict((S[[i]] - s_mean) @ E))
    return np.concatenate(gaps).ravel()


@pytest.mark.parametrize("n_standards", [3, 7])
def test_transfer_rmse_is_the_held_out_disagreement(n_standards):
    data = two_instruments(noise=5e-3, n_standards=n_standards)
    model = fitted(EPO(n_components=1), data)
    gaps = gaps_by_hand(data, 1, PLSRegression(int(model.estimator_.n_components_[0]), scale=False))
    assert_allclose(model.transfer_rmse_, np.sqrt(np.mean(gaps**2)), rtol=1e-7)


def test_settings_are_chosen_by_calibration_error_plus_disagreement():
    """A calibration of the user's, with the leave-one-sample-out error and the gaps from loops by hand."""
    data = two_instruments(noise=5e-3, n_samples=10, n_standards=5, seed=3)
    X, y, S, T = rows_of(data)
    criteria, gaps = [], []
    for k in range(4):
        E = projector(S, T, k)
        left_out = cross_val_predict(Ridge(1e-3), (X - S.mean(axis=0)) @ E, y, cv=LeaveOneOut())
        gaps.append(np.mean(gaps_by_hand(data, k, Ridge(1e-3)) ** 2))
        criteria.append(np.mean((left_out - y) ** 2) + gaps[-1])
    model = fitted(EPO(Ridge(1e-3)), data)
    best = int(np.argmin(criteria))
    assert 0 < best < 3, "the case must not be trivial"
    assert model.n_components_ == best
    assert_allclose(model.transfer_rmse_, np.sqrt(gaps[best]), rtol=1e-6)


def test_default_calibration_is_chosen_together_with_the_filter():
    data = two_instruments(noise=2e-2)
    model = fitted(GLSW(), data)
    alone = [fitted(GLSW(alpha=10.0**-a), data) for a in range(9)]
    assert isinstance(model.estimator_, PLSRegressionCV)
    same = next(m for m in alone if m.alpha_ == model.alpha_)
    assert_allclose(model.predict(data.X_test), same.predict(data.X_test), rtol=1e-9)
    total = [m.estimator_.rmsecv_[0] ** 2 + m.transfer_rmse_[0] ** 2 for m in alone]
    assert total[alone.index(same)] <= 1.02 * min(total)


@pytest.mark.parametrize("estimator", [EPO(n_components=2), GLSW(alpha=1e-3)], ids=repr)
def test_around_a_transfer_method(estimator):
    """The inner method sees filtered spectra of both instruments."""
    data = two_instruments(noise=5e-3)
    model = fitted(estimator.set_params(estimator=SBC(Ridge(1e-3), correction="bias")), data)
    alone = fitted(estimator.set_params(estimator=Ridge(1e-3)), data)
    bias = (data.y[data.on_target] - alone.predict(data.X[data.on_target])).mean()
    assert_allclose(model.predict(data.X_test), alone.predict(data.X_test) + bias, rtol=1e-8)
    chosen = fitted(EPO(SBC()), data)
    assert chosen.n_components_ == fitted(EPO(), data).n_components_


def test_filtered_spectra_stay_at_the_level_of_the_source():
    """SNV inside the calibration divides by the spread over channels, which centred spectra would not have."""
    data = two_instruments(identical=True)
    inside = make_pipeline(SNV(), PLSRegression(4))
    X, y, _, _ = rows_of(data)
    expected = make_pipeline(SNV(), PLSRegression(4)).fit(X, y).predict(data.X_test)
    assert_allclose(fitted(EPO(inside), data).predict(data.X_test), expected.ravel(), rtol=1e-8)


@pytest.mark.parametrize("wrap", [lambda e: e, SBC, lambda e: DS(SBC(e)), lambda e: make_pipeline(SNV(), e)])
@pytest.mark.parametrize("method", [EPO, GLSW])
def test_existing_calibrations_are_refused(method, wrap):
    data = two_instruments()
    frozen = FrozenEstimator(PLSRegression(3).fit(*rows_of(data)[:2]))
    with pytest.raises(ExistingCalibrationError, match=f"{method.__name__} fits the calibration anew.*MeanShift"):
        fitted(method(wrap(frozen)), data)
    plain = method(frozen).fit(*rows_of(data)[:2])
    assert_allclose(plain.predict(data.X_test), frozen.predict(data.X_test).ravel())


@pytest.mark.parametrize(("estimator", "needed"), [(EPO(), 1), (GLSW(), 2), (GLSW(centre=False), 1)], ids=repr)
def test_few_pairs(estimator, needed):
    data = two_instruments(n_standards=1)
    with pytest.raises(NoStandardsError, match=f"at least {needed}.*found 0"):
        estimator.set_params(**ROLES).fit(data.X, data.y, instrument=data.instrument)
    if needed > 1:
        with pytest.raises(TooFewStandardsError, match=r"at least 2.*found 1"):
            fitted(estimator, data)
        return
    # nothing can be held out: the most cautious setting
    assert fitted(EPO(), data).n_components_ == 0
    assert fitted(EPO(centre=False), data).n_components_ == 1
    assert fitted(GLSW(centre=False), data).alpha_ == 1.0


@pytest.mark.parametrize("estimator", [EPO(), GLSW(), GLSW(centre=False)], ids=repr)
def test_copies_of_one_scan_are_no_standards(estimator):
    data = two_instruments()
    data.X = np.where(data.on_target[:, None], data.X[-1], data.X)
    with pytest.raises(TooFewStandardsError, match="all the same"):
        fitted(estimator, data)


@pytest.mark.parametrize(
    "estimator",
    [
        EPO(n_components=-1), EPO(n_components=0, centre=False), EPO(n_components=1.5), EPO(n_components="auto"),
        GLSW(alpha=0), GLSW(alpha=-1.0), GLSW(alpha=np.inf), GLSW(alpha="auto"),
    ],
    ids=repr,
)  # fmt: skip
def test_bad_parameters_are_named(estimator):
    with pytest.raises(ValueError, match=r"n_components|alpha"):
        fitted(estimator, two_instruments())
