"""The foundation model as an estimator: what it promises beyond the checks that all estimators pass."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline

from skspectral import SNV, AutoTransfer, Resample, SpectralFMTransfer, TransferSplit
from skspectral.datasets import make_instruments
from skspectral.exceptions import (
    AxisMismatchError,
    MissingWeightsError,
    UnknownAxisWarning,
    WavelengthRangeError,
    ZeroShotWarning,
)


@pytest.fixture(scope="module")
def data():
    return make_instruments(n_samples=40, random_state=0)


def rows_of(data, n_standards=10):
    """Rows of 30 source samples and of the first standards on the target; test rows of the others."""
    on_source = np.flatnonzero(data.instrument == "A")[:30]
    on_target = np.flatnonzero(data.instrument == "B")
    return np.r_[on_source, on_target[:n_standards]], on_target[30:]


def fitted(data, n_standards=10, **params):
    train, _ = rows_of(data, n_standards)
    model = SpectralFMTransfer(
        **{"weights": None, "wavelengths": data.wavelengths, "source": "A", "target": "B", "device": "cpu"} | params
    )
    return model.fit(data.X[train], data.y[train], instrument=data.instrument[train], sample_id=data.sample_id[train])


def network_alone(model, X):
    """Predictions without the portfolio."""
    found = model.predict_experts(X)
    shares = {name: w / model.network_weight_ for name, w in model.expert_weights_.items() if name != "portfolio"}
    return sum(share[0] * found[name] for name, share in shares.items())


def test_the_mixture_lies_between_its_experts_and_starts_from_the_portfolio(data):
    train, test = rows_of(data)
    model = fitted(data)
    found = model.predict_experts(data.X[test])
    portfolio, network = found["portfolio"], network_alone(model, data.X[test])
    weight = model.network_weight_[0]
    assert list(found) == ["portfolio", "network"] == list(model.expert_weights_)
    assert sum(w[0] for w in model.expert_weights_.values()) == pytest.approx(1)
    assert 0 <= weight <= 1 and not np.allclose(portfolio, network)
    assert_allclose(model.predict(data.X[test]), (1 - weight) * portfolio + weight * network)
    auto = AutoTransfer(wavelengths=data.wavelengths, source="A", target="B").fit(
        data.X[train], data.y[train], instrument=data.instrument[train], sample_id=data.sample_id[train]
    )
    assert_allclose(portfolio, auto.predict(data.X[test]))
    assert_allclose(fitted(data, network_weight=0).predict(data.X[test]), portfolio)
    assert_allclose(fitted(data, network_weight=1.0).predict(data.X[test]), network)


def test_held_out_errors_are_those_of_a_refit_without_the_standard(data):
    train, _ = rows_of(data)
    model = fitted(data)
    left = train[-1]
    kept = train[np.isin(data.sample_id[train], [data.sample_id[left]], invert=True)]
    other = SpectralFMTransfer(None, wavelengths=data.wavelengths, source="A", target="B").fit(
        data.X[kept], data.y[kept], instrument=data.instrument[kept], sample_id=data.sample_id[kept]
    )
    # The settings that the head proposes hardly change with one sample; centring moves a little.
    error = np.ravel(data.y)[left] - other.predict_experts(data.X[[left]])["network"][0]
    assert np.abs(model.held_out_["network"][:, 0] - error).min() < 0.25 * np.nanstd(data.y)


def test_the_error_on_held_out_standards_is_that_of_the_mixture(data):
    model = fitted(data, network_weight=0.25)
    assert model.network_weight_[0] == pytest.approx(0.25)
    mixed = sum(model.expert_weights_[name][0] * errors for name, errors in model.held_out_.items())
    assert_allclose(model.transfer_rmse_, np.sqrt(np.mean(mixed**2, axis=0)))
    assert_allclose(fitted(data, network_weight=0).transfer_rmse_, model.portfolio_.transfer_rmse_)
    assert np.isnan(fitted(data, n_standards=2).transfer_rmse_).all()


def test_predictions_have_an_uncertainty_that_grows_where_the_experts_disagree(data):
    _, test = rows_of(data)
    model = fitted(data, network_weight=0.5)
    predicted, std = model.predict(data.X[test], return_std=True)
    assert predicted.shape == std.shape and (std > 0).all()
    _, alone = fitted(data, network_weight=0).predict(data.X[test], return_std=True)
    between = sum(
        model.expert_weights_[name][0] * (value - predicted) ** 2
        for name, value in model.predict_experts(data.X[test]).items()
    )
    assert_allclose(std**2 - alone**2, between, atol=1e-12)


def test_without_standards_the_target_spectra_alone_are_used(data):
    train, test = rows_of(data)
    y, ids = data.y[train].copy(), data.sample_id[train].astype(object)
    on_target = data.instrument[train] == "B"
    y[on_target], ids[on_target] = np.nan, None
    model = SpectralFMTransfer(None, wavelengths=data.wavelengths, source="A", target="B")
    with pytest.warns(ZeroShotWarning):
        model.fit(data.X[train], y, instrument=data.instrument[train], sample_id=ids)
    assert np.isfinite(model.predict(data.X[test])).all()
    shifted = data.X[train].copy()
    shifted[on_target] += 0.3
    with pytest.warns(ZeroShotWarning):
        other = clone(model).fit(shifted, y, instrument=data.instrument[train], sample_id=ids)
    assert_allclose(other.predict(data.X[test] + 0.3), model.predict(data.X[test]), rtol=1e-5)


@pytest.mark.parametrize("how", ["lora", "full"])
def test_adaptation_changes_the_network_and_nothing_that_is_shared(data, how):
    _, test = rows_of(data)
    plain, adapted = fitted(data), fitted(data, adapt=how, adapt_steps=3)
    before, after = (model.predict_experts(data.X[test]) for model in (plain, adapted))
    assert not np.allclose(before["network"], after["network"], rtol=1e-9)
    assert_allclose(before["portfolio"], after["portfolio"])
    assert adapted.n_parameters_["adapted"] > plain.n_parameters_["adapted"]
    again = fitted(data, adapt=how, adapt_steps=3)
    assert_array_equal(again.predict(data.X[test]), adapted.predict(data.X[test]))
    # Evidence comes from before: the adaptation has seen every standard.
    assert_array_equal(adapted.network_weight_, plain.network_weight_)


def test_too_few_standards_adapt_no_network(data):
    model = fitted(data, n_standards=4, adapt="lora")
    assert model.n_parameters_ == fitted(data, n_standards=4).n_parameters_


def test_test_time_training_in_fit_and_on_the_batch(data):
    _, test = rows_of(data)
    plain = fitted(data)
    in_fit = fitted(data, ttt_steps=4)
    assert 1 <= len(in_fit.ttt_losses_) <= 5
    on_batch = fitted(data, ttt_steps=4, ttt_on="predict")
    assert on_batch.ttt_losses_ == [] and on_batch.adapter_.keys() == plain.adapter_.keys()
    first = on_batch.predict(data.X[test])
    assert_array_equal(on_batch.predict(data.X[test]), first)


def test_transform_brings_target_spectra_close_to_the_source(data):
    _, test = rows_of(data)
    model = fitted(data)
    twins = [np.flatnonzero((data.instrument == "A") & (data.sample_id == data.sample_id[i]))[0] for i in test]
    before = np.abs(data.X[test] - data.X[twins]).mean()
    written = model.transform(data.X[test])
    assert written.shape == data.X[test].shape
    assert np.abs(written - data.X[twins]).mean() < before


def test_spectra_are_written_on_any_axis_that_both_measure(data):
    _, test = rows_of(data)
    model = fitted(data)
    written, nm = model.transform(data.X[test]), data.wavelengths
    assert_allclose(model.transform_to(data.X[test], nm), written)
    assert_allclose(model.transform_to(data.X[test], nm[::-4]), written[:, ::-4])
    assert_allclose(fitted(data, axis_unit="cm-1", wavelengths=1e7 / nm).transform_to(data.X[test], 1e7 / nm), written)
    with pytest.raises(WavelengthRangeError, match="range"):
        model.transform_to(data.X[test], nm + 30)
    plain = SpectralFMTransfer(None, wavelengths=nm).fit(data.X[:20], data.y[:20])
    with pytest.raises(AxisMismatchError, match="without target rows"):
        plain.transform_to(data.X[test], nm)


def test_spectra_are_embedded(data):
    _, test = rows_of(data)
    codes = fitted(data).embed(data.X[test])
    assert codes.shape == (len(test), 16) and np.isfinite(codes).all()
    assert_allclose(codes[:1], fitted(data).embed(data.X[test[:1]]))


def test_the_axis_comes_from_the_parameter_the_columns_or_a_guess(data):
    train, test = rows_of(data)
    labels = {"instrument": data.instrument[train], "sample_id": data.sample_id[train]}
    expected = fitted(data).predict(data.X[test])
    roles = {"source": "A", "target": "B"}
    frame = pd.DataFrame(data.X, columns=[str(w) for w in data.wavelengths])
    by_name = SpectralFMTransfer(None, **roles).fit(frame.iloc[train], data.y[train], **labels)
    assert_allclose(by_name.predict(frame.iloc[test]), expected)
    in_wavenumbers = fitted(data, wavelengths=1e7 / data.wavelengths, axis_unit="cm-1")
    assert_allclose(in_wavenumbers.predict(data.X[test]), expected)
    backwards = fitted(data, wavelengths=data.wavelengths)
    flipped = SpectralFMTransfer(None, wavelengths=data.wavelengths[::-1], **roles).fit(
        data.X[train][:, ::-1], data.y[train], **labels
    )
    assert_allclose(
        flipped.predict_experts(data.X[test][:, ::-1])["network"],
        backwards.predict_experts(data.X[test])["network"],
        rtol=1e-9,
    )
    with pytest.warns(UnknownAxisWarning):
        SpectralFMTransfer(None, **roles).fit(data.X[train], data.y[train], **labels)


@pytest.mark.slow
def test_pipelines_and_searches(data):
    labels = {"instrument": data.instrument, "sample_id": data.sample_id}
    low, high = data.wavelengths[[0, -1]]
    model = SpectralFMTransfer(None, source="A", target="B", wavelengths=np.linspace(low, high, 64))
    resample = Resample(64, wavelengths=data.wavelengths)
    pipeline = make_pipeline(resample, SNV(), model)
    steps = {f"spectralfmtransfer__{name}": value for name, value in labels.items()}
    assert np.isfinite(pipeline.fit(data.X, data.y, **steps).predict(data.X[:3])).all()
    own = clone(model).set_params(wavelengths=data.wavelengths)
    splits = list(TransferSplit(5, 2, source="A", target="B").split(data.X, data.y, **labels))
    search = GridSearchCV(own, {"network_weight": [0.0, 0.5]}, cv=splits, error_score="raise", n_jobs=2)
    search.fit(data.X, data.y, **labels)
    assert search.best_params_["network_weight"] in (0.0, 0.5)
    scores = cross_validate(own, data.X, data.y, cv=splits, params=labels, error_score="raise")
    assert np.isfinite(scores["test_score"]).all()


@pytest.mark.parametrize(
    "params, message",
    [
        ({"adapt": "all"}, "adapt must be one of head, lora, full"),
        ({"ttt_steps": -1}, "ttt_steps must be an integer of at least 0"),
        ({"network_weight": 2}, "network_weight must be"),
        ({"axis_unit": "eV"}, "axis_unit must be one of nm, um, cm-1"),
        ({"domain": "UV"}, "domain must be one of"),
        ({"lora_rank": 0}, "lora_rank"),
    ],
)
def test_wrong_parameters_are_named(data, params, message):
    with pytest.raises(ValueError, match=message):
        fitted(data, **params)


def test_an_axis_must_be_positive(data):
    with pytest.raises(AxisMismatchError, match="must be positive"):
        fitted(data, wavelengths=data.wavelengths - data.wavelengths[0])


def test_unknown_weights_are_named(data):
    with pytest.raises(MissingWeightsError, match="no weights 'gigantic'"):
        fitted(data, weights="gigantic")


def test_few_channels_leave_the_portfolio_alone(data):
    train, test = rows_of(data)
    few = slice(0, 10)
    model = SpectralFMTransfer(None, wavelengths=data.wavelengths[few], source="A", target="B").fit(
        data.X[train][:, few], data.y[train], instrument=data.instrument[train], sample_id=data.sample_id[train]
    )
    assert_array_equal(model.network_weight_, 0)
    with pytest.raises(ValueError, match="no network to embed"):
        model.embed(data.X[test][:, few])
