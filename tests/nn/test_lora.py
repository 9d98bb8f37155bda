"""Adapters: no effect at first, merging, swapping, files, counts."""

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from skspectral.exceptions import MissingWeightsError
from skspectral.nn import TransformerEncoder
from skspectral.nn.lora import LoRA


@pytest.fixture
def model():
    return TransformerEncoder(8, n_layers=2, n_heads=2).double()


@pytest.fixture
def x():
    return torch.randn(2, 5, 8, dtype=torch.float64)


def trained(lora, seed):
    with torch.no_grad():
        generator = torch.Generator().manual_seed(seed)
        for parameter in lora.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator, dtype=parameter.dtype))
    return lora


def output(model, x):
    with torch.no_grad():
        return model(x)[-1]


def test_untouched_output_at_initialisation(model, x):
    before = output(model, x)
    LoRA(model, rank=4)
    assert torch.equal(output(model, x), before)


def test_adapted_weight_is_the_formula(model):
    weight = model.layers[0].attention.key.weight.detach().clone()
    lora = trained(LoRA(model, rank=4, alpha=16), 0)
    state = lora.state_dict()
    A, B = state["layers.0.attention.key.A"], state["layers.0.attention.key.B"]
    torch.testing.assert_close(model.layers[0].attention.key.weight, weight + 16 / 4 * B @ A)


def test_only_query_key_value_are_adapted_and_trained(model):
    lora = LoRA(model, rank=4)
    names = {name.rsplit(".", 1)[0] for name in lora.state_dict()}
    assert names == {f"layers.{i}.attention.{part}" for i in (0, 1) for part in ("query", "key", "value")}
    assert {id(p) for p in model.parameters() if p.requires_grad} == {id(p) for p in lora.parameters()}


def test_parameter_count(model):
    lora = LoRA(model, rank=4)
    assert lora.n_parameters == 2 * 3 * 4 * (8 + 8) == sum(p.numel() for p in model.parameters() if p.requires_grad)


def test_gradient_reaches_B_at_once_and_A_after_one_step(model, x):
    lora = LoRA(model, rank=4)
    optimizer = torch.optim.SGD(lora.parameters(), 0.1)
    target = torch.randn_like(x)
    for step in range(2):
        optimizer.zero_grad()
        nn.functional.mse_loss(model(x)[-1], target).backward()
        for name, value in model.named_parameters():
            if not value.requires_grad:
                continue
            expected = name.endswith("B") or step == 1
            assert (value.grad.abs().max() > 0) == expected, (name, step)
        optimizer.step()


def test_merge_and_unmerge(model, x):
    original = {k: v.clone() for k, v in model.state_dict().items()}
    lora = trained(LoRA(model), 0)
    adapted = output(model, x)
    lora.merge()
    torch.testing.assert_close(output(model, x), adapted)
    stored = model.layers[0].attention.query.parametrizations.weight.original
    assert not torch.allclose(stored, original["layers.0.attention.query.weight"])
    lora.unmerge()
    torch.testing.assert_close(output(model, x), adapted)
    torch.testing.assert_close(stored.data, original["layers.0.attention.query.weight"])


def test_remove_gives_the_model_back(model, x):
    before, keys = output(model, x), list(model.state_dict())
    trained(LoRA(model), 0).remove()
    assert torch.equal(output(model, x), before)
    assert set(model.state_dict()) == set(keys)


def test_remove_after_merging_keeps_the_updates(model, x):
    lora = trained(LoRA(model), 0)
    adapted = output(model, x)
    lora.merge()
    lora.remove()
    torch.testing.assert_close(output(model, x), adapted)


def test_swap_adapters_of_two_instruments(model, x, tmp_path):
    lora = LoRA(model)
    outputs = {}
    for seed, name in enumerate(["m5", "mp6"]):
        trained(lora, seed).save(tmp_path / name)
        outputs[name] = output(model, x)
    assert not torch.allclose(outputs["m5"], outputs["mp6"])
    for name in ("m5", "mp6", "m5"):
        lora.load(tmp_path / name)
        assert torch.equal(output(model, x), outputs[name])


def test_file_holds_the_adapters_alone(model, tmp_path):
    lora = trained(LoRA(model), 0)
    lora.save(tmp_path / "adapter")
    assert sum(v.numel() for v in load_file(tmp_path / "adapter").values()) == lora.n_parameters


def test_reset_returns_to_the_model_without_updates(model, x):
    before = output(model, x)
    trained(lora := LoRA(model), 0)
    lora.reset()
    assert torch.equal(output(model, x), before)


@pytest.mark.parametrize("action", ["merge", "reset", "load"])
def test_merged_adapters_cannot_be_changed(model, action, tmp_path):
    lora = LoRA(model)
    lora.save(tmp_path / "adapter")
    lora.merge()
    with pytest.raises(ValueError, match=r"unmerge\(\) first"):
        lora.load(tmp_path / "adapter") if action == "load" else getattr(lora, action)()


def test_unmerge_needs_a_merge(model):
    with pytest.raises(ValueError, match="not merged"):
        LoRA(model).unmerge()


def test_adapters_that_do_not_fit_are_refused(model, tmp_path):
    lora = LoRA(model, rank=4)
    LoRA(TransformerEncoder(8, n_heads=2), rank=2).save(tmp_path / "rank2")
    with pytest.raises(ValueError, match="do not fit"):
        lora.load(tmp_path / "rank2")
    LoRA(TransformerEncoder(8, n_heads=2), rank=4, alpha=8).save(tmp_path / "alpha8")
    with pytest.raises(ValueError, match="alpha=8"):
        lora.load(tmp_path / "alpha8")
    with pytest.raises(MissingWeightsError, match="nowhere"):
        lora.load(tmp_path / "nowhere")
    save_file({"a": torch.ones(1)}, tmp_path / "other")
    with pytest.raises(MissingWeightsError, match="no adapters"):
        lora.load(tmp_path / "other")
    (tmp_path / "text").write_text("no weights")
    with pytest.raises(MissingWeightsError, match="text"):
        lora.load(tmp_path / "text")


def test_models_that_cannot_be_adapted_are_refused(model):
    with pytest.raises(ValueError, match="no SelfAttention"):
        LoRA(nn.Linear(2, 2))
    with pytest.raises(ValueError, match="rank"):
        LoRA(model, rank=0)
    LoRA(model)
    with pytest.raises(ValueError, match="adapters already"):
        LoRA(model)
