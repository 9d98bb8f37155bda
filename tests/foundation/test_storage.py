"""What a stored model holds, and adapters that are kept apart."""

import io
import pickle
import shutil

import joblib
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import skspectral
from skspectral.exceptions import MissingWeightsError
from skspectral.foundation._encoder import untrained
from skspectral.pretraining.config import PretrainingConfig
from skspectral.pretraining.weights import save_weights
from tests.foundation.test_spectral_fm import data, fitted, network_alone, rows_of  # noqa: F401


@pytest.fixture
def folder(tmp_path):
    config = PretrainingConfig.load("tiny")
    save_weights(tmp_path / "mine", *untrained(config), metadata={"config": config.to_dict()})
    return tmp_path / "mine"


def test_a_pickle_holds_the_name_of_the_network(data, folder):  # noqa: F811
    _, test = rows_of(data)
    model = fitted(data, weights=str(folder))
    stored = pickle.dumps(model)
    assert_allclose(pickle.loads(stored).predict(data.X[test]), model.predict(data.X[test]), rtol=1e-12)
    whole = pickle.dumps(fitted(data, weights=str(folder), store_weights=True))
    assert len(whole) > len(stored) + 100_000
    expected = pickle.loads(whole).predict(data.X[test])
    config = PretrainingConfig.load("tiny")
    save_weights(folder, *untrained(config), metadata={"config": config.to_dict()})
    with pytest.raises(MissingWeightsError, match="not those that this model was fitted with"):
        pickle.loads(stored).predict(data.X[test])
    shutil.rmtree(folder)
    with pytest.raises(MissingWeightsError, match="no weights"):
        pickle.loads(stored).predict(data.X[test])
    assert_array_equal(pickle.loads(whole).predict(data.X[test]), expected)
    assert_allclose(expected, model.predict(data.X[test]), rtol=1e-12)


@pytest.mark.parametrize("params", [{}, {"adapt": "lora", "adapt_steps": 2}, {"ttt_steps": 3}, {"store_weights": True}])
def test_stored_models_predict_the_same(data, tmp_path, params):  # noqa: F811
    _, test = rows_of(data)
    model = fitted(data, **params)
    expected = model.predict(data.X[test])
    buffer = io.BytesIO()
    joblib.dump(model, buffer)
    buffer.seek(0)
    assert_allclose(joblib.load(buffer).predict(data.X[test]), expected, rtol=1e-9)
    skspectral.save(model, tmp_path / "model.skspectral")
    assert_allclose(skspectral.load(tmp_path / "model.skspectral").predict(data.X[test]), expected, rtol=1e-9)


def test_adapters_are_small_and_plug_in(data, tmp_path):  # noqa: F811
    _, test = rows_of(data)
    model = fitted(data, adapt="lora", adapt_steps=2)
    model.save_adapter(tmp_path / "b.safetensors")
    assert (tmp_path / "b.safetensors").stat().st_size < 500_000
    other = fitted(data, n_standards=6)
    other.load_adapter(tmp_path / "b.safetensors")
    assert_array_equal(other.network_weight_, 1)
    assert_allclose(other.predict(data.X[test]), network_alone(model, data.X[test]), rtol=1e-9)
    assert other.adapter_.keys() == model.adapter_.keys()


def test_foreign_adapters_are_refused(data, tmp_path):  # noqa: F811
    model = fitted(data)
    model.save_adapter(tmp_path / "b.safetensors")
    with pytest.raises(ValueError, match="other weights"):
        fitted(data, random_state=1).load_adapter(tmp_path / "b.safetensors")
    (tmp_path / "c.safetensors").write_bytes(b"nothing")
    with pytest.raises(MissingWeightsError, match="Cannot read an adapter"):
        model.load_adapter(tmp_path / "c.safetensors")
    with pytest.raises(MissingWeightsError):
        model.load_adapter(tmp_path / "missing")
    twice = fitted(data)
    train, _ = rows_of(data)
    y = np.column_stack([np.ravel(data.y), np.ravel(data.y)])
    twice.fit(data.X[train], y[train], instrument=data.instrument[train], sample_id=data.sample_id[train])
    with pytest.raises(ValueError, match="predicts 1 properties"):
        twice.load_adapter(tmp_path / "b.safetensors")


def test_a_file_of_earlier_weights_keeps_them(data):  # noqa: F811
    """What was the newest when a model was fitted still is its network when there are newer ones."""
    test = data.X[rows_of(data)[1]]
    before = fitted(data, weights="small-1")
    expected = before.predict(test)
    before.weights = before._network.weights = "small"
    assert_allclose(pickle.loads(pickle.dumps(before)).predict(test), expected, rtol=1e-9)
    assert not np.allclose(fitted(data, weights="small").predict(test), expected, rtol=1e-6)
