"""MeanShift, DS, PDS and CCA against textbook loops, other libraries and laws."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from sklearn.cross_decomposition import CCA as SklearnCCA
from sklearn.cross_decomposition import PLSRegression
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression

from benchmarks.speed.plain import plain_ds, plain_pds
from skspectral import CCA, DS, PDS, MeanShift
from skspectral.datasets import make_instruments
from skspectral.exceptions import NoStandardsError, TooFewStandardsError, ZeroShotWarning
from skspectral.testing._data import two_instruments
from skspectral.transfer.cca import _canonical_weights, _principal_scores

ROLES = {"source": "A", "target": "B"}


@pytest.fixture(scope="module")
def pairs():
    """Paired spectra of 30 samples on 150 channels of two simulated instruments."""
    data = make_instruments(n_samples=30, n_channels=150, random_state=3)
    on_source = data.instrument == "A"
    return data.X[on_source], data.X[~on_source], data


def fitted_map(estimator, pairs):
    source, target, _ = pairs
    n = len(source)
    X = np.vstack([source, target])
    model = estimator.set_params(estimator=PLSRegression(4), **ROLES)
    model.fit(X, np.arange(2 * n) % n, instrument=["A"] * n + ["B"] * n, sample_id=[*range(n)] * 2)
    return model.export_map()


def test_mean_shift_by_hand():
    X = np.array([[1.0, 2.0, 4.0], [3.0, 2.0, 0.0], [9.0, 8.0, 7.0], [2.0, 2.0, 5.0], [6.0, 2.0, 1.0]])
    model = MeanShift(LinearRegression(), **ROLES)
    model.fit(X, [1.0, 2.0, 3.0, 1.0, 2.0], instrument=list("AAABB"), sample_id=list("abcab"))
    # pairs a and b: source mean (2, 2, 2), target mean (4, 2, 3)
    assert_allclose(model.transform(X[3:]), [[0.0, 2.0, 4.0], [4.0, 2.0, 0.0]])
    shifted = model.estimator_.predict(X[3:] + np.array([-2.0, 0.0, -1.0]))
    assert_allclose(model.predict(X[3:]), shifted)


def test_mean_shift_changes_only_the_intercept():
    data = two_instruments()
    model = MeanShift(PLSRegression(3), **ROLES).fit(data.X, data.y, **data.labels)
    coef, intercept = model.export_calibration()
    source = PLSRegression(3).fit(data.X[~data.on_target], data.y[~data.on_target])
    assert_allclose(coef.ravel(), source.coef_.ravel(), rtol=1e-6, atol=1e-9)
    shift = model.export_map()[1]
    own_intercept = source.predict(np.zeros((1, 60))).item()
    assert_allclose(intercept, own_intercept + shift @ source.coef_.ravel(), rtol=1e-8)


def test_mean_shift_without_pairs_says_what_it_assumes():
    data = two_instruments()
    y = np.where(data.on_target, np.nan, data.y)
    with pytest.warns(ZeroShotWarning, match="36 source and 10 target"):
        model = MeanShift(**ROLES).fit(data.X, y, instrument=data.instrument)
    shift = data.X[~data.on_target].mean(axis=0) - data.X[data.on_target].mean(axis=0)
    assert_allclose(model.export_map()[1], shift, rtol=1e-10)


@pytest.mark.parametrize("prior", ["zero", "identity"])
@pytest.mark.parametrize("alpha", [1e-4, 1e-1])
def test_ds_ridge_equals_normal_equations(pairs, alpha, prior):
    F, a = fitted_map(DS(alpha=alpha, prior=prior), pairs)
    expected = plain_ds(pairs[0], pairs[1], alpha, prior)
    assert_allclose(F, expected[0], atol=1e-7)
    assert_allclose(pairs[1] @ F + a, pairs[1] @ expected[0] + expected[1], rtol=1e-8)


def test_ds_pcr_equals_principal_component_regression(pairs):
    source, target, _ = pairs
    F, a = fitted_map(DS(method="pcr", prior="zero", n_components=5), pairs)
    pca = PCA(5, svd_solver="full").fit(target)
    expected = LinearRegression().fit(pca.transform(target), source).predict(pca.transform(target))
    assert_allclose(target @ F + a, expected, rtol=1e-8)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), prior=st.sampled_from(["zero", "identity"]))
def test_ds_is_exact_on_linear_instruments(seed, prior):
    rng = np.random.RandomState(seed)
    pure, mix, offset = rng.uniform(0.1, 1, (3, 20)), rng.uniform(-1, 1, (20, 20)), rng.uniform(-1, 1, 20)
    source = rng.uniform(0, 1, (12, 3)) @ pure
    target = source @ mix + offset
    X = np.vstack([source, target[:8]])
    model = DS(PLSRegression(2), method="pcr", n_components=3, prior=prior, **ROLES)
    model.fit(X, np.arange(20.0) % 12, instrument=["A"] * 12 + ["B"] * 8, sample_id=[*range(12), *range(8)])
    assert_allclose(model.transform(target[8:]), source[8:], atol=1e-7)


@pytest.mark.parametrize("method", ["pcr", "pls"])
@pytest.mark.parametrize(("window", "n_components"), [(0, 1), (2, 2), (3, 3), (6, 3)])
def test_pds_equals_plain_loop(pairs, method, window, n_components):
    source, target, _ = pairs
    estimator = PDS(window=window, n_components=n_components, method=method, tolerance=0.0)
    F, a = fitted_map(estimator, pairs)
    expected = plain_pds(source, target, window, n_components, method)
    assert_allclose(F, expected[0], atol=1e-7)
    assert_allclose(target @ F + a, target @ expected[0] + expected[1], rtol=0, atol=1e-8)


def test_pds_windows_are_cut_off_at_the_ends(pairs):
    F, _ = fitted_map(PDS(window=4, n_components=2), pairs)
    row, column = np.indices(F.shape)
    assert (F[np.abs(row - column) > 4] == 0).all()
    assert (F[:5, 0] != 0).all() and (F[-5:, -1] != 0).all()


def test_pds_with_a_window_wider_than_the_spectrum():
    data = two_instruments()
    labels = dict(**data.labels)
    model = PDS(PLSRegression(2), window=50, n_components=2, **ROLES).fit(data.X[:, :9], data.y, **labels)
    F, _ = model.export_map()
    pairs_s = np.stack([data.X[list(data.sample_id).index(s)] for s in data.sample_id[data.on_target]])[:, :9]
    expected = plain_pds(pairs_s, data.X[data.on_target][:, :9], 50, 2)
    assert_allclose(F, expected[0], atol=1e-6)
    assert_allclose(model.transform(data.X_test[:, :9]), data.X_test[:, :9] @ expected[0] + expected[1], rtol=1e-6)


def test_a_calibration_that_is_a_class_is_told_apart():
    data = two_instruments()
    with pytest.raises(TypeError, match=r"such as PLSRegression\(\), got the class PLSRegression"):
        PDS(PLSRegression, **ROLES).fit(data.X, data.y, **data.labels)


def test_pds_recovers_a_shift_of_one_channel():
    rng = np.random.RandomState(0)
    source = np.cumsum(rng.standard_normal((30, 80)), axis=1)
    target = np.roll(source, 1, axis=1)
    target[:, 0] = source[:, 0]
    X = np.vstack([source, target])
    model = PDS(PLSRegression(2), window=2, n_components=5, tolerance=0.0, **ROLES)
    model.fit(X, np.arange(60.0) % 30, instrument=["A"] * 30 + ["B"] * 30, sample_id=[*range(30)] * 2)
    assert_allclose(model.transform(target)[:, :-1], source[:, :-1], atol=1e-8)


def test_canonical_correlations_equal_sklearn():
    rng = np.random.RandomState(0)
    A = rng.standard_normal((40, 4))
    B = np.column_stack([A[:, 0] + 0.3 * rng.standard_normal(40), A[:, 1] + rng.standard_normal(40), A[:, 3] ** 2])
    A, B = A - A.mean(axis=0), B - B.mean(axis=0)
    wa, wb = _canonical_weights(A, B, ridge=0.0)
    ours = [abs(np.corrcoef(A @ wa[:, k], B @ wb[:, k])[0, 1]) for k in range(3)]
    left, right = SklearnCCA(3, max_iter=5000, tol=1e-12).fit(A, B).transform(A, B)
    theirs = [abs(np.corrcoef(left[:, k], right[:, k])[0, 1]) for k in range(3)]
    assert_allclose(ours, theirs, atol=1e-5)


def test_cca_follows_its_equation(pairs):
    source, target, _ = pairs
    F, a = fitted_map(CCA(n_components=3, n_scores=6, ridge=1e-2), pairs)
    S, T = source - source.mean(axis=0), target - target.mean(axis=0)
    (ts, axes), (ss, _) = _principal_scores(T, 6), _principal_scores(S, 6)
    wt, ws = _canonical_weights(ts, ss, 1e-2)
    Lt, Ls = ts @ wt[:, :3], ss @ ws[:, :3]
    expected = T @ axes.T @ wt[:, :3] @ np.linalg.pinv(Lt) @ Ls @ np.linalg.pinv(Ls) @ S
    assert_allclose(target @ F + a, expected + source.mean(axis=0), rtol=1e-8)


@pytest.mark.parametrize(
    ("estimator", "found", "needed"),
    [
        (DS(prior="zero"), 1, 2),
        (DS(), 0, 1),
        (PDS(), 1, 2),
        (CCA(), 2, 3),
        (DS(prior="identity"), 0, 1),
        (MeanShift(), 0, None),
    ],
)
def test_too_few_pairs(estimator, found, needed):
    data = two_instruments(n_standards=max(found, 1))
    sample_id = data.sample_id if found else [None] * len(data.X)
    model = estimator.set_params(**ROLES)
    if needed is None:
        with pytest.warns(ZeroShotWarning):
            model.fit(data.X, data.y, instrument=data.instrument, sample_id=sample_id)
        return
    error = NoStandardsError if found == 0 else TooFewStandardsError
    with pytest.raises(error, match=f"at least {needed}.*found {found}"):
        model.fit(data.X, data.y, instrument=data.instrument, sample_id=sample_id)


def test_copies_of_one_scan_are_no_standards():
    data = two_instruments()
    X = np.where(data.on_target[:, None], data.X[-1], data.X)
    for estimator in (DS(**ROLES), PDS(**ROLES), CCA(**ROLES)):
        with pytest.raises(TooFewStandardsError, match="all the same"):
            estimator.fit(X, data.y, **data.labels)
    shifted = MeanShift(PLSRegression(3), **ROLES).fit(X, data.y, **data.labels).predict(data.X_test)
    identity = DS(PLSRegression(3), prior="identity", alpha=1e-4, **ROLES).fit(X, data.y, **data.labels)
    assert_allclose(identity.predict(data.X_test), shifted, rtol=1e-9)


@pytest.mark.parametrize(
    "estimator",
    [
        DS(alpha=0), DS(alpha="auto"), DS(prior="one"), DS(method="pls"), DS(method="pcr", n_components=0),
        PDS(window=-1), PDS(window=2.5), PDS(n_components=0), PDS(method="mlr"), PDS(tolerance=1.0),
        CCA(ridge=-1.0), CCA(n_components=0), CCA(n_scores=0),
    ],
    ids=repr,
)  # fmt: skip
def test_bad_parameters_are_named(estimator):
    data = two_instruments()
    with pytest.raises(ValueError, match=r"alpha|prior|method|n_components|window|tolerance|ridge|n_scores"):
        estimator.set_params(**ROLES).fit(data.X, data.y, **data.labels)


def test_settings_are_chosen_on_held_out_pairs():
    """With strong noise on few pairs, the search takes the most cautious settings; with none, the richest."""
    noisy, clean = two_instruments(noise=0.1, seed=1), two_instruments(noise=1e-6, seed=1)
    model = DS(PLSRegression(3), prior="identity", **ROLES)
    assert model.fit(noisy.X, noisy.y, **noisy.labels).alpha_ == 1.0
    assert model.fit(clean.X, clean.y, **clean.labels).alpha_ == 1e-4


def test_transfer_rmse_is_the_held_out_disagreement():
    data = two_instruments(noise=5e-3, n_standards=6)
    model = MeanShift(**ROLES).fit(data.X, data.y, **data.labels)
    names = data.sample_id[data.on_target]
    gaps = []
    for name in names:
        kept = data.sample_id[~data.on_target].tolist()
        rest = data.on_target & (data.sample_id != name)
        shift = data.X[[kept.index(s) for s in data.sample_id[rest]]].mean(axis=0) - data.X[rest].mean(axis=0)
        seen = data.X[data.on_target & (data.sample_id == name)] + shift
        gaps.append((model.estimator_.predict(seen) - model.estimator_.predict(data.X[[kept.index(name)]])).item())
    assert_allclose(model.transfer_rmse_, np.sqrt(np.mean(np.square(gaps))), rtol=1e-8)
