"""SST against its formula and its law."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from sklearn.cross_decomposition import PLSRegression

from skspectral import SST, MeanShift
from skspectral.exceptions import TooFewStandardsError
from skspectral.testing._data import two_instruments

ROLES = {"source": "A", "target": "B"}


def paired_spectra(data):
    names = data.sample_id[data.on_target].tolist()
    rows = [data.sample_id[~data.on_target].tolist().index(name) for name in names]
    return data.X[~data.on_target][rows], data.X[data.on_target]


@pytest.mark.parametrize("k", [1, 3, 6])
def test_sst_equals_its_formula(k):
    data = two_instruments(noise=5e-3)
    S, T = paired_spectra(data)
    model = SST(PLSRegression(3), n_components=k, **ROLES).fit(data.X, data.y, **data.labels)
    s_mean, t_mean = S.mean(axis=0), T.mean(axis=0)
    gram = np.hstack([S - s_mean, T - t_mean])
    values, vectors = np.linalg.eigh(gram.T @ gram)
    P = vectors[:, np.argsort(values)[::-1][:k]]
    Ps, Pt = P[:60], P[60:]
    scores = (data.X_test - t_mean) @ Pt @ np.linalg.inv(Pt.T @ Pt)
    expected = s_mean + (data.X_test - t_mean) + scores @ (Ps - Pt).T
    assert_allclose(model.transform(data.X_test), expected, rtol=1e-8)


def test_sst_without_components_is_the_mean_shift():
    data = two_instruments()
    shifted = MeanShift(PLSRegression(3), **ROLES).fit(data.X, data.y, **data.labels)
    model = SST(PLSRegression(3), n_components=0, **ROLES).fit(data.X, data.y, **data.labels)
    assert_allclose(model.predict(data.X_test), shifted.predict(data.X_test), rtol=1e-10)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), surplus=st.integers(0, 5))
def test_sst_is_exact_on_linear_instruments(seed, surplus):
    """More components than the spectra have add nothing."""
    rng = np.random.RandomState(seed)
    pure, mix, offset = rng.uniform(0.1, 1, (3, 20)), rng.uniform(-1, 1, (20, 20)), rng.uniform(-1, 1, 20)
    source = rng.uniform(0, 1, (12, 3)) @ pure
    target = source @ mix + offset
    X = np.vstack([source, target[:8]])
    model = SST(PLSRegression(2), n_components=3 + surplus, **ROLES)
    model.fit(X, np.arange(20.0) % 12, instrument=["A"] * 12 + ["B"] * 8, sample_id=[*range(12), *range(8)])
    assert_allclose(model.transform(target[8:]), source[8:], atol=1e-6)


def test_few_pairs():
    one, two = two_instruments(n_standards=1), two_instruments(n_standards=2)
    with pytest.raises(TooFewStandardsError, match=r"at least 2.*found 1"):
        SST(**ROLES).fit(one.X, one.y, **one.labels)
    # nothing can be held out of two pairs: the most cautious setting
    assert SST(**ROLES).fit(two.X, two.y, **two.labels).n_components_ == 0


def test_components_are_chosen_on_held_out_pairs():
    """The four components of a noise-free mixture are worth correcting; noise a hundred times stronger is not."""
    clean, noisy = two_instruments(noise=1e-6), two_instruments(noise=0.1)
    assert SST(PLSRegression(4), **ROLES).fit(clean.X, clean.y, **clean.labels).n_components_ >= 4
    assert SST(PLSRegression(4), **ROLES).fit(noisy.X, noisy.y, **noisy.labels).n_components_ <= 1


@pytest.mark.parametrize("n_components", [-1, 1.5, "auto"])
def test_bad_parameters_are_named(n_components):
    data = two_instruments()
    with pytest.raises(ValueError, match="n_components"):
        SST(n_components=n_components, **ROLES).fit(data.X, data.y, **data.labels)
