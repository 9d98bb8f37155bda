"""What the portfolio keeps of its members predicts as they do together."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from skspectral import SNV, TransferPortfolio, load, save
from skspectral._core.roles import TransferRows
from skspectral.datasets import make_instruments
from skspectral.exceptions import NonLinearCalibrationError
from skspectral.transfer.portfolio import _disagreement, _portfolio
from skspectral.transfer.portfolio._constants import available_members, constants
from skspectral.transfer.portfolio._disagreement import Disagreement
from skspectral.transfer.portfolio._fold import on_features
from skspectral.transfer.portfolio._members import all_members, fit_members
from skspectral.transfer.portfolio._target_expert import fit_target_expert
from skspectral.transfer.portfolio._views import View, Views

ROLES = {"source": "A", "target": "B"}


@pytest.fixture(scope="module")
def data():
    return make_instruments(n_samples=30, n_channels=100, n_targets=2, scatter=0.05, noise=1e-3, random_state=11)


@pytest.fixture(scope="module", autouse=True)
def few_members():
    """Every fifth member of each family, in a fraction of the time."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(_portfolio, "available_members", lambda *args: [part[::5] for part in available_members(*args)])
        yield


@pytest.fixture(scope="module")
def new(data):
    return data.X[data.instrument == "B"][20:]


def training(data):
    number = np.array([int(label[1:]) for label in data.sample_id])
    kept = (number < 20) & ((data.instrument == "A") | (number < 8))
    return data.X[kept], data.y[kept], {"instrument": data.instrument[kept], "sample_id": data.sample_id[kept]}


def unequal(axis):
    """An axis whose steps grow."""
    return axis[0] + (axis - axis[0]) * (1.0 + 0.2 * np.linspace(0.0, 1.0, len(axis)))


def broken(axis):
    """An axis with a gap in it."""
    return np.where(np.arange(len(axis)) < len(axis) // 2, axis, axis + 500.0)


def openly(model, data, axis, new):
    """Prediction and standard deviation of the members, one by one."""
    X, y, labels = training(data)
    rows = TransferRows.sort_out(X, y, **labels, **ROLES)
    by_name = {member.name: member for member in all_members()}
    each = fit_members(rows, axis, [by_name[name] for name in model.weights_]).predict(new)
    weights = np.stack(list(model.weights_.values()))
    mean = np.einsum("mt,mnt->nt", weights, each)
    between = np.einsum("mt,mnt->nt", weights, (each - mean) ** 2)
    expert, w = fit_target_expert(rows, axis), model.target_weight_
    own = new @ expert.coef.T + expert.intercept
    between += w * (1 - w) * (own - mean) ** 2
    return w * own + (1 - w) * mean, np.sqrt(model._variance + constants()["spread"]["between"] * between)


@pytest.fixture(scope="module")
def fitted(data):
    X, y, labels = training(data)
    return TransferPortfolio(wavelengths=data.wavelengths, target_cleaner=True, **ROLES).fit(X, y, **labels)


@pytest.mark.parametrize("axis", [lambda axis: axis, unequal], ids=["equal steps", "unequal steps"])
def test_it_is_the_mixture_of_its_members(data, new, axis, monkeypatch):
    """With nothing rounded, to what arithmetic in another order leaves."""
    monkeypatch.setattr(_disagreement, "TOLERANCE", 1e-12)
    axis = axis(data.wavelengths)
    X, y, labels = training(data)
    model = TransferPortfolio(wavelengths=axis, target_cleaner=True, **ROLES).fit(X, y, **labels)
    assert model.target_weight_.max() > 0 and any("half" in name for name in model.weights_)
    mean, std = openly(model, data, axis, new)
    predicted, found = model.predict(new, return_std=True)
    assert_allclose(model.predict(new), mean, rtol=1e-9)
    assert_allclose(predicted, mean, rtol=1e-9)
    assert_allclose(found, std, rtol=1e-9)


def test_standard_deviations_are_rounded_by_less_than_anybody_sees(data, new, fitted):
    rng = np.random.default_rng(0)
    noise = new + 0.05 * new.std(axis=0).mean() * rng.normal(size=new.shape)
    spectra = np.vstack([new, noise, new + 0.2, rng.normal(size=new.shape)])
    _, std = openly(fitted, data, data.wavelengths, spectra)
    found = fitted.predict(spectra, return_std=True)[1]
    assert_allclose(found[: 3 * len(new)], std[: 3 * len(new)], rtol=0.05)
    # what is no spectrum at all has one that is many times larger
    assert_allclose(found[3 * len(new) :], std[3 * len(new) :], rtol=0.2)
    assert (std[3 * len(new) :] > 5 * std[: len(new)].max()).all()


@pytest.mark.parametrize("unit", [1e-60, 1e60])
def test_spectra_may_be_of_any_size(unit):
    """Also where what usual spectra vary by is beyond single precision."""
    rng = np.random.default_rng(0)
    rows, constants, features = rng.normal(size=(6, 40)), rng.normal(size=6), rng.normal(size=(9, 40))
    plain = Disagreement.of([rows], [constants], features, features[:3], 20)
    other = Disagreement.of([rows / unit], [constants], unit * features, unit * features[:3], 20)
    assert_allclose(other.variance(unit * features), plain.variance(features), rtol=0.05)
    assert_allclose(plain.variance(features)[:, 0], ((features @ rows.T + constants) ** 2).sum(axis=1), rtol=0.05)


def test_models_that_agree_add_nothing():
    features = np.random.default_rng(0).normal(size=(5, 20))
    nothing = Disagreement.of([np.zeros((3, 20))], [np.zeros(3)], features, features, 20)
    assert_allclose(nothing.variance(features), 0.0)


def test_a_file_says_the_same_and_is_small(fitted, new, tmp_path):
    save(fitted, tmp_path / "model")
    again = load(tmp_path / "model")
    for one, other in zip(fitted.predict(new, return_std=True), again.predict(new, return_std=True), strict=True):
        np.testing.assert_array_equal(one, other)
    assert list(again.weights_) == list(fitted.weights_)
    n_properties = fitted.predict(new).shape[1]
    assert (tmp_path / "model").stat().st_size < 60_000 * n_properties


def test_many_spectra_are_predicted_as_one_by_one(fitted, new, monkeypatch):
    whole = fitted.predict(new, return_std=True)
    monkeypatch.setattr("skspectral.transfer.portfolio._fold.BLOCK", 3 * new.shape[1])
    for one, other in zip(whole, fitted.predict(new, return_std=True), strict=True):
        assert_allclose(one, other, rtol=1e-9)


def test_without_snv_it_is_one_coefficient_vector(data, new, fitted):
    X, y, labels = training(data)
    model = TransferPortfolio(wavelengths=data.wavelengths, scatter=False, **ROLES).fit(X, y, **labels)
    coef, intercept = model.export_calibration()
    assert_allclose(new @ coef.T + intercept, model.predict(new), rtol=1e-9)
    coef[:] = 0.0
    assert np.ptp(model.predict(new)) > 0
    with pytest.raises(NonLinearCalibrationError, match="scatter=False"):
        fitted.export_calibration()


@pytest.mark.parametrize("axis", [unequal, broken], ids=["unequal steps", "a gap"])
@pytest.mark.parametrize(
    "view",
    [View("raw"), View("sg2"), View("snvsg1"), View("fused"), View("sg1", 20.0, 0.3), View("snvsg1", 60.0, 3.0)],
    ids=lambda view: view.name,
)
def test_coefficients_for_what_a_view_shows_are_those_on_the_features(data, new, view, axis):
    X, y, labels = training(data)
    views = Views(TransferRows.sort_out(X, y, **labels, **ROLES), axis(data.wavelengths))
    show = views.show(view)
    shown = show(new)
    coefs = np.random.default_rng(0).normal(size=(3, shown.shape[1]))
    snv = views.show(View("snvsg1")).operator.to_scatter(new)
    features = np.hstack([new, snv, np.ones((len(new), 1))])
    assert_allclose(features @ show.pull_back(coefs).T, shown @ coefs.T, rtol=1e-9, atol=1e-9)


def test_features_are_the_spectrum_its_snv_and_one(new):
    coefs, constants = np.arange(2.0 * new.shape[1]).reshape(2, -1), np.array([3.0, 5.0])
    features = np.hstack([new, SNV().fit_transform(new), np.ones((len(new), 1))])
    assert_allclose(features @ on_features(coefs, constants, False).T, new @ coefs.T + constants)
    snv = SNV().fit_transform(new)
    assert_allclose(features @ on_features(coefs, constants, True).T, snv @ coefs.T + constants)
