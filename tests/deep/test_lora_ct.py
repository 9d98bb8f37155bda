"""Adapters of LoRACT: formula, merging, files, one per instrument."""

import copy
import io

import joblib
import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from safetensors.numpy import load_file, save_file

from skspectral.deep._lora import NetworkLoRA
from skspectral.deep._networks import ConvolutionalBody
from skspectral.exceptions import MissingWeightsError

from .common import Standards, lora


@pytest.fixture
def rows():
    return Standards(n_instruments=3)


@pytest.fixture
def model(rows, eager):
    return adapted(rows, "B")


def adapted(rows, target, **params):
    """Fit on one target of three instruments."""
    chosen = np.isin(rows.labels["instrument"], ("A", target))
    labels = {name: value[chosen] for name, value in rows.labels.items()}
    return lora(target=target, adapt_lr=1e-2, **params).fit(rows.X[chosen], rows.y[chosen], **labels)


@pytest.fixture
def body():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return ConvolutionalBody(2, 30, filters=(3, 4), kernel_size=5, stride=2, hidden=(6,)).double()


def test_adapters_change_nothing_at_the_start(body):
    x = torch.linspace(-1, 1, 120, dtype=torch.float64).reshape(2, 2, 30)
    before = body(x)
    adapters = NetworkLoRA(body, rank=2, alpha=4)
    assert torch.equal(body(x), before)
    assert all(torch.count_nonzero(update.B) == 0 for update in adapters._updates.values())


def test_adapted_convolution_is_the_formula(body):
    weight = body.convolutions[0].weight.detach().clone()
    adapters = NetworkLoRA(body, rank=2, alpha=6)
    state = adapters.state_dict()
    A, B = state["convolutions.0.A"], state["convolutions.0.B"]
    assert A.shape == (2, 2 * 5) and B.shape == (3, 2)
    with torch.no_grad():
        B.copy_(torch.arange(6.0).reshape(3, 2))
    expected = weight + 6 / 2 * (B @ A).reshape(3, 2, 5)
    torch.testing.assert_close(body.convolutions[0].weight, expected)


def test_only_the_adapters_require_gradients(body):
    adapters = NetworkLoRA(body, rank=2, alpha=4)
    assert {id(p) for p in body.parameters() if p.requires_grad} == {id(p) for p in adapters.parameters()}
    assert set(adapters._updates) == {"convolutions.0", "convolutions.2", "dense.0"}


def test_source_networks_stay_as_they_are(rows, model):
    plain = lora(source=None, target=None).fit(rows.X[rows.on_source], rows.y[rows.on_source])
    for mine, theirs in zip(model.source_weights_, plain.source_weights_):
        for name, value in mine.items():
            assert_array_equal(value, theirs[name])
    assert_allclose(model._predict_source(rows.X_test).ravel(), plain.predict(rows.X_test), rtol=1e-12)


def test_merged_weights_predict_the_same(rows, model):
    expected = model.predict(rows.X_test)
    source = model._predict_source(rows.X_test + model.shift_).ravel()
    assert np.abs(expected - source).max() > 1e-3, "the adapter must do something"
    assert model.merge() is model and model.merged_
    assert_allclose(model.predict(rows.X_test), expected, rtol=1e-6)
    assert not any("parametrizations" in name for name in model.weights_[0])
    with pytest.raises(ValueError, match="merged"):
        model.merge()
    assert model.unmerge() is model and not model.merged_
    assert_array_equal(model.predict(rows.X_test), expected)
    with pytest.raises(ValueError, match="not merged"):
        model.unmerge()


def test_merged_weights_are_source_plus_update(model):
    model.merge()
    scale = 2  # alpha is twice the rank
    adapter = model.adapters_[0]
    for layer in ("body.convolutions.0", "body.convolutions.2", "body.dense.0", "output"):
        before, after = model.source_weights_[0][f"{layer}.weight"], model.weights_[0][f"{layer}.weight"]
        update = scale * adapter[f"{layer}.B"] @ adapter[f"{layer}.A"]
        assert_allclose(after, before + update.reshape(before.shape), rtol=1e-5, atol=1e-7)
    assert_array_equal(model.weights_[0]["output.bias"], adapter["output.bias"])


def test_adapter_of_another_instrument_is_plugged_in(rows, model, eager, tmp_path):
    other = adapted(rows, "C")
    X = rows.data.X[(rows.data.instrument == "C")][:7]
    other.save_adapter(tmp_path / "C.safetensors")
    assert np.abs(model.predict(X) - other.predict(X)).max() > 1e-3
    plugged = copy.deepcopy(model).merge().load_adapter(tmp_path / "C.safetensors")
    assert plugged.target_ == "C" and not plugged.merged_
    assert_array_equal(plugged.predict(X), other.predict(X))
    plain = lora(source=None, target=None).fit(rows.X[rows.on_source], rows.y[rows.on_source])
    assert_array_equal(plain.load_adapter(tmp_path / "C.safetensors").predict(X), other.predict(X))


def test_adapter_file_holds_no_network(rows, eager, tmp_path):
    model = adapted(rows, "B", n_networks=2)
    model.save_adapter(tmp_path / "B.safetensors")
    stored = load_file(tmp_path / "B.safetensors")
    assert sum(value.size for name, value in stored.items() if name != "shift") == 2 * model.n_adapter_parameters_
    layers = {"body.convolutions.0", "body.convolutions.2", "body.dense.0", "output"}
    names = {f"{layer}.{part}" for layer in layers for part in "AB"} | {"output.bias"}
    assert set(stored) == {f"{k}.{name}" for k in range(2) for name in names} | {"shift"}
    assert_array_equal(stored["shift"], model.shift_)


def test_adapter_counts_a_small_share_of_the_network():
    rows = Standards(n_channels=200)
    model = rows.fit(lora(filters=(8, 16, 32), hidden=(64,), rank=1))
    d_in, d_out = 32 * 25, 64
    convolutions = (8 + 2 * 11) + (16 + 8 * 11) + (32 + 16 * 11)
    assert model.n_adapter_parameters_ == convolutions + (d_in + d_out) + (64 + 1) + 1
    assert model.n_adapter_parameters_ < 0.05 * model.n_parameters_


def test_wrong_adapter_files_are_refused(rows, model, tmp_path):
    path = tmp_path / "B.safetensors"
    model.save_adapter(path)
    other = lora(random_state=1, source=None, target=None).fit(rows.X[rows.on_source], rows.y[rows.on_source])
    with pytest.raises(ValueError, match="other source networks"):
        other.load_adapter(path)
    scaled = lora(alpha=1.0, source=None, target=None).fit(rows.X[rows.on_source], rows.y[rows.on_source])
    with pytest.raises(ValueError, match="alpha"):
        scaled.load_adapter(path)
    with pytest.raises(MissingWeightsError, match="none"):
        model.load_adapter(tmp_path / "none.safetensors")
    save_file({"a": np.zeros(2)}, tmp_path / "a.safetensors")
    with pytest.raises(MissingWeightsError, match="no adapter"):
        model.load_adapter(tmp_path / "a.safetensors")


@pytest.mark.parametrize("call", ["merge", "unmerge", "save_adapter"])
def test_without_adapter_there_is_nothing_to_merge_or_save(rows, tmp_path, call):
    model = rows.fit(lora(adapt="bias"), instrument=np.where(rows.on_source, "A", "B"))
    with pytest.raises(ValueError, match="no adapter"):
        getattr(model, call)(*([tmp_path / "x"] if call == "save_adapter" else []))


@pytest.mark.slow
def test_rank_is_chosen_on_held_out_standards(rows):
    # without centring there is a lot to learn
    model = adapted(rows, "B", rank="cv", centre=None, adapt_steps=40)
    single = {rank: adapted(rows, "B", rank=rank, centre=None, adapt_steps=40) for rank in (1, 2, 4, 8)}
    assert model.adapt_steps_ > 0
    best = min(single, key=lambda rank: single[rank].transfer_rmse_[0])
    assert model.rank_ == best
    assert_allclose(model.transfer_rmse_, single[best].transfer_rmse_, rtol=1e-12)
    assert_array_equal(model.predict(rows.X_test), single[best].predict(rows.X_test))


@pytest.mark.parametrize("merged", [False, True])
def test_joblib_round_trip(rows, model, merged):
    if merged:
        model.merge()
    expected = model.predict(rows.X_test)
    stored = io.BytesIO()
    joblib.dump(model, stored)
    stored.seek(0)
    loaded = joblib.load(stored)
    assert loaded.merged_ is merged
    assert_array_equal(loaded.predict(rows.X_test), expected)
    assert b"torch." not in stored.getvalue(), "arrays are stored, not modules"
