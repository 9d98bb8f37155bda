"""The foundation model with several known instruments."""

from unittest.mock import patch

import numpy as np
import pytest
from numpy.testing import assert_allclose

import skspectral
from skspectral import AutoTransfer, SpectralFMTransfer
from skspectral.datasets import make_instruments
from skspectral.exceptions import AmbiguousInstrumentError, AxisMismatchError, UnknownInstrumentError
from skspectral.foundation._encoder import load_encoder

N_CALIBRATION, N_STANDARDS = 30, 6


@pytest.fixture(scope="module")
def data():
    """Three instruments; A and C have measured all calibration samples, the target B the standards."""
    return make_instruments(n_samples=50, n_instruments=3, n_channels=64, n_components=6, noise=2e-3, random_state=4)


@pytest.fixture(scope="module")
def rows(data):
    number = np.array([int(label[1:]) for label in data.sample_id])
    on_target = data.instrument == "B"
    train = np.where(on_target, number < N_STANDARDS, number < N_CALIBRATION)
    return np.flatnonzero(train), np.flatnonzero(on_target & (number >= N_CALIBRATION))


def fit(data, train, y=None, **changes):
    params = {"wavelengths": data.wavelengths, "source": "A", "target": "B", "device": "cpu"} | changes
    labels = {"instrument": data.instrument[train], "sample_id": data.sample_id[train]}
    return SpectralFMTransfer(None, **params).fit(data.X[train], (data.y if y is None else y)[train], **labels)


@pytest.fixture(scope="module")
def both(data, rows):
    with patch("skspectral.foundation._encoder.load_encoder", side_effect=load_encoder) as loaded:
        model = fit(data, rows[0], others=["C"])
    # one network reads all instruments
    assert loaded.call_count == 1
    return model


def test_every_expert_is_that_of_single_sources_weighed_by_held_out_errors(data, rows, both):
    train, test = rows
    single = {label: fit(data, train, source=label) for label in "AC"}
    alone, found = ({k: m.predict_experts(data.X[test]) for k, m in single.items()}, both.predict_experts(data.X[test]))
    error = {k: np.sqrt(np.mean(m.held_out_["network"] ** 2)) for k, m in single.items()}
    weight = {k: error[k] ** (-N_STANDARDS / 4) for k in error}
    mean = sum(weight[k] * alone[k]["network"] for k in weight) / sum(weight.values())
    assert_allclose(found["network"], mean, rtol=1e-9)
    held_out = sum(weight[k] * m.held_out_["network"] for k, m in single.items()) / sum(weight.values())
    assert_allclose(both.held_out_["network"], held_out, rtol=1e-9)
    labels = {"instrument": data.instrument[train], "sample_id": data.sample_id[train]}
    auto = AutoTransfer(wavelengths=data.wavelengths, source="A", target="B", others=["C"])
    auto.fit(data.X[train], data.y[train], **labels)
    assert_allclose(found["portfolio"], auto.predict(data.X[test]))
    assert_allclose(both.held_out_["portfolio"], auto.held_out_)
    mixed = sum(both.expert_weights_[name][0] * value for name, value in found.items())
    assert_allclose(both.predict(data.X[test]), mixed)
    assert set(both.source_weights_) == {"A", "C"}
    assert_allclose(sum(both.source_weights_.values()), 1.0)


def test_which_of_them_is_called_the_source_changes_no_prediction(data, rows, both):
    train, test = rows
    turned = fit(data, train, source="C", others=["A"])
    assert_allclose(turned.predict(data.X[test]), both.predict(data.X[test]), rtol=1e-7)


def test_rows_of_instruments_that_are_not_named_change_nothing(data, rows):
    train, test = rows
    kept = train[data.instrument[train] != "C"]
    plain = fit(data, train)
    assert_allclose(plain.predict(data.X[test]), fit(data, kept).predict(data.X[test]))
    assert list(plain.source_weights_) == ["A"] and (plain.source_weights_["A"] == 1.0).all()


def test_a_standard_takes_its_reference_from_whichever_instrument_has_it(data, rows, both):
    """A has not measured some standards, and the target's rows have no references of their own."""
    train, test = rows
    y = np.where((data.instrument == "B")[:, None], np.nan, data.y.reshape(len(data.X), -1))
    missing = (data.instrument == "A") & np.isin(data.sample_id, data.sample_id[:2])
    model = fit(data, train[~missing[train]], y, others=["C"])
    assert np.isfinite(model.held_out_["network"]).all() and len(model.held_out_["network"]) == N_STANDARDS
    assert model.predict(data.X[test]).shape == both.predict(data.X[test]).shape


def test_without_standards_all_known_instruments_are_heard_alike(data, rows):
    train, test = rows
    ids, y = data.sample_id.astype(object), data.y.reshape(len(data.X), -1).copy()
    ids[data.instrument == "B"], y[data.instrument == "B"] = None, np.nan
    model = SpectralFMTransfer(None, others=["C"], wavelengths=data.wavelengths, source="A", target="B", device="cpu")
    with pytest.warns(skspectral.exceptions.ZeroShotWarning):
        model.fit(data.X[train], y[train], instrument=data.instrument[train], sample_id=ids[train])
    assert_allclose(model.source_weights_["A"], 0.5)
    assert np.isfinite(model.predict(data.X[test])).all()


def test_low_rank_updates_learn_from_all_of_them(data, rows, both):
    train, test = rows
    adapted = fit(data, train, others=["C"], adapt="lora", adapt_steps=2)
    assert adapted.n_parameters_["adapted"] > both.n_parameters_["adapted"]
    assert not np.allclose(
        adapted.predict_experts(data.X[test])["network"], both.predict_experts(data.X[test])["network"]
    )
    assert_allclose(adapted.source_weights_["C"], both.source_weights_["C"])


def test_a_stored_model_and_an_adapter_know_all_their_sources(data, rows, both, tmp_path):
    train, test = rows
    skspectral.save(both, tmp_path / "model.skops")
    assert_allclose(skspectral.load(tmp_path / "model.skops").predict(data.X[test]), both.predict(data.X[test]))
    both.save_adapter(tmp_path / "adapter.safetensors")
    plain = fit(data, train).load_adapter(tmp_path / "adapter.safetensors")
    assert_allclose(plain.predict_experts(data.X[test])["network"], both.predict_experts(data.X[test])["network"])


def axes_of_their_own(data):
    """The target measures all, A all but the first eight channels, C all but the last four."""
    parts = {"A": slice(8, 64), "B": slice(0, 64), "C": slice(0, 60)}
    X = np.full(data.X.shape, np.nan)
    for label, part in parts.items():
        on = data.instrument == label
        X[on, : part.stop - part.start] = data.X[on, part]
    return X, {label: data.wavelengths[part] for label, part in parts.items()}


def test_axes_of_their_own_share_what_all_measure(data, rows):
    train, test = rows
    X, axes = axes_of_their_own(data)
    labels = {"instrument": data.instrument[train], "sample_id": data.sample_id[train]}
    model = SpectralFMTransfer(None, others=["C"], wavelengths=axes, source="A", target="B", device="cpu")
    model.fit(X[train], data.y[train], **labels)
    assert_allclose(model.shared_wavelengths_[[0, -1]], data.wavelengths[[8, 59]])
    assert list(model.expert_weights_) == ["portfolio", "network", "own range"]
    assert_allclose(sum(model.source_weights_.values()), 1.0)
    error = np.sqrt(np.mean((np.ravel(model.predict(X[test])) - np.ravel(data.y[test])) ** 2))
    assert error < np.std(data.y)
    far = axes | {"C": np.linspace(2510, 2600, 60)}
    with pytest.raises(AxisMismatchError, match="leave out of others="):
        model.set_params(wavelengths=far).fit(X[train], data.y[train], **labels)


@pytest.mark.parametrize(("others", "wrong"), [(["Z"], UnknownInstrumentError), (["B"], AmbiguousInstrumentError)])
@pytest.mark.parametrize("native", [False, True])
def test_wrong_names_of_known_instruments(data, rows, others, wrong, native):
    train, _ = rows
    if native:
        wavelengths = {label: data.wavelengths for label in "ABC"}
        with pytest.raises(wrong, match="others"):
            fit(data, train, others=others, wavelengths=wavelengths)
    else:
        with pytest.raises(wrong, match="others"):
            fit(data, train, others=others)
