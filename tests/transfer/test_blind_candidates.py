"""What PDS and DS choose among by held-out pairs, and what they say when nothing helps."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.cross_decomposition import PLSRegression

from skspectral import CCA, DS, PDS, MeanShift
from skspectral._core.affine import IntegratedMap
from skspectral.datasets import make_instruments
from skspectral.exceptions import PoorTransferWarning

ROLES = {"source": "A", "target": "B"}


def fit_on_pairs(model, source, target, n_pairs):
    """Fit on all source samples and the first pairs; the property is in the shape of the source spectra."""
    shapes = np.diff(source, axis=1)
    centred = shapes - shapes.mean(axis=0)
    y = 100 * centred @ np.linalg.svd(centred, full_matrices=False)[2][0]
    X = np.vstack([source, target[:n_pairs]])
    instrument = ["A"] * len(source) + ["B"] * n_pairs
    sample_id = [*range(len(source)), *range(n_pairs)]
    return model.fit(X, np.r_[y, y[:n_pairs]], instrument=instrument, sample_id=sample_id), y


@pytest.fixture(scope="module")
def source():
    return make_instruments(n_samples=30, n_instruments=1, n_channels=80, noise=1e-3).X


def test_pds_chooses_the_shift_where_the_instruments_differ_by_one(source):
    rng = np.random.default_rng(0)
    target = source + np.linspace(0.1, 0.3, 80) + 0.01 * rng.standard_normal(source.shape)
    model, _ = fit_on_pairs(PDS(**ROLES), source, target, 5)
    assert (model.n_components_, model.derivative_) == (0, False)
    shift, _ = fit_on_pairs(MeanShift(**ROLES), source, target, 5)
    assert_allclose(model.predict(target[5:]), shift.predict(target[5:]))
    F, _ = model.export_map()
    assert_array_equal(F, np.eye(80))


def test_two_pairs_leave_the_shift(source):
    model, _ = fit_on_pairs(PDS(**ROLES), source, source + 0.2, 2)
    assert model.n_components_ == 0
    assert_allclose(model.transform(source + 0.2), source)


def test_pds_relates_derivatives_where_every_scan_has_a_level_of_its_own(source):
    rng = np.random.default_rng(1)
    smooth = source.mean(axis=0) + 1.3 * (source - source.mean(axis=0))
    target = smooth + 0.05 * rng.standard_normal((len(source), 1))
    model, _ = fit_on_pairs(PDS(**ROLES), source, target, 12)
    assert model.derivative_
    left, before = (np.diff(spectra - source, axis=1)[12:].std() for spectra in (model.transform(target), target))
    assert left < 0.4 * before
    few, _ = fit_on_pairs(PDS(**ROLES), source, target, 7)
    assert not few.derivative_


def test_what_the_user_fixed_stays_fixed(source):
    target = source + 0.2
    fixed, _ = fit_on_pairs(PDS(window=3, n_components=2, **ROLES), source, target, 12)
    assert (fixed.window_, fixed.n_components_, fixed.derivative_) == (3, 2, False)
    named, _ = fit_on_pairs(PDS(window=3, n_components=2, derivative=True, **ROLES), source, target, 12)
    assert named.derivative_
    with pytest.raises(ValueError, match="derivative must be"):
        fit_on_pairs(PDS(derivative="both", **ROLES), source, target, 12)


def test_an_integrated_map_is_what_export_map_says(source):
    target = 1.2 * source + 0.1
    model, _ = fit_on_pairs(PDS(window=2, n_components=2, derivative=True, **ROLES), source, target, 10)
    assert isinstance(model.map_, IntegratedMap)
    F, a = model.export_map()
    assert_allclose(model.transform(target), target @ F + a, atol=1e-12)
    assert_allclose(model.transform(target[:10]).mean(axis=0), source[:10].mean(axis=0), atol=1e-12)


def test_ds_leaves_alone_what_few_pairs_do_not_span_and_erases_nothing(source):
    target = source + 0.2
    model, _ = fit_on_pairs(DS(**ROLES), source, target, 5)
    assert model.prior_ == "identity"
    assert_allclose(model.transform(target), source, atol=1e-8)
    one, _ = fit_on_pairs(DS(**ROLES), source, target, 1)
    assert one.prior_ == "identity"


def test_ds_takes_the_classical_form_where_the_instruments_are_nothing_alike(source):
    rng = np.random.default_rng(2)
    target = (source - source.mean(axis=0)) @ rng.standard_normal((80, 80)) / 3
    model, y = fit_on_pairs(DS(**ROLES), source, target, 20)
    assert model.prior_ == "zero"
    identity, _ = fit_on_pairs(DS(prior="identity", **ROLES), source, target, 20)
    errors = [np.sqrt(np.mean((m.predict(target[20:]) - y[20:]) ** 2)) for m in (model, identity)]
    assert errors[0] < errors[1]


@pytest.mark.parametrize(
    "model", [PDS(), DS(), CCA(), MeanShift(), PDS(PLSRegression(2)), DS(PLSRegression(2)), CCA(PLSRegression(2))]
)
def test_pairs_that_do_not_belong_together_are_a_poor_transfer(source, model):
    model.set_params(**ROLES)
    shuffled = source[np.random.default_rng(3).permutation(len(source))]
    with pytest.warns(PoorTransferWarning, match=rf"{type(model).__name__} transferred little: .* over 12 pairs"):
        fit_on_pairs(model, source, shuffled, 12)
    with warnings.catch_warnings():
        warnings.simplefilter("error", PoorTransferWarning)
        fit_on_pairs(model, source, source + 0.1, 12)
