"""The whole network: batches, stages, files, adapters, and which parameters may move."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from skspectral.exceptions import MissingWeightsError
from skspectral.nn import SpectralFM, SpectralFMConfig
from skspectral.nn.lora import LoRA
from skspectral.nn.losses import MSRPLoss

AXIS = torch.linspace(1100, 2498, 700)


def make_model(**changes):
    return SpectralFM(SpectralFMConfig.preset("tiny", **changes)).eval()


@pytest.fixture
def model():
    return make_model()


@pytest.mark.parametrize("preset, low, high", [("tiny", 0, 1e5), ("small", 1e6, 2e6), ("base", 9e6, 11e6)])
def test_preset_sizes(preset, low, high):
    with torch.device("meta"):
        counts = SpectralFM(SpectralFMConfig.preset(preset)).n_parameters()
    assert low < counts["total"] < high
    assert sum(counts.values()) == 2 * counts["total"]


def test_card_dimensions():
    config = SpectralFMConfig.preset("base")
    assert (config.n_mamba_layers, config.n_experts, config.top_k, config.n_transformer_layers) == (4, 4, 2, 2)
    assert (config.d_chem, config.d_inst, config.wavelet_level) == (128, 64, 4)


def test_every_stage_is_exposed(model, device):
    output = model.to(device)(torch.randn(3, 700, device=device), AXIS.to(device))
    assert list(output.stages) == ["embedding", "mamba_1", "mamba_2", "experts", "transformer_1"]
    assert {tokens.shape for tokens in output.stages.values()} == {(3, 46, 24)}
    assert output.cls.shape == (3, 24)
    assert {name: pooled.shape for name, pooled in output.pooled().items()} == dict.fromkeys(output.stages, (3, 24))
    assert output.codes.z_chem.shape == (3, 16)


def test_two_instruments_in_one_batch(model, device):
    model.to(device)
    spectra = [torch.randn(700), torch.randn(345)]
    axes = [AXIS, torch.linspace(12_000, 4000, 345)]
    x, axis = torch.full((2, 700), torch.nan), torch.full((2, 700), torch.nan)
    for row in (0, 1):
        x[row, : len(spectra[row])], axis[row, : len(spectra[row])] = spectra[row], axes[row]
    together = model(x.to(device), axis.to(device), ["nm", "cm-1"], ["NIR", "IR"], torch.tensor([700, 345]))
    for row, (unit, domain) in enumerate([("nm", "NIR"), ("cm-1", "IR")]):
        alone = model(spectra[row][None].to(device), axes[row].to(device), unit, domain)
        torch.testing.assert_close(together.codes.z_chem[row], alone.codes.z_chem[0], rtol=1e-3, atol=1e-4)
        for name, pooled in together.pooled().items():
            torch.testing.assert_close(pooled[row], alone.pooled()[name][0], rtol=1e-3, atol=1e-4)


def test_transfer_at_any_resolution(model):
    codes = model(torch.randn(2, 700), AXIS).codes
    assert model.transfer(codes.z_chem, codes.z_inst, 2048).shape == (2, 2048)
    assert model.transfer(codes.z_chem, codes.z_inst, 125).shape == (2, 125)


@pytest.mark.parametrize("expert", ["gelu", "relu", "kan"])
@pytest.mark.parametrize("bidirectional", [True, False])
def test_variants_run(expert, bidirectional):
    model = make_model(expert=expert, bidirectional=bidirectional)
    assert torch.isfinite(model(torch.randn(2, 100), torch.linspace(1000, 2000, 100)).codes.z_chem).all()


@pytest.mark.parametrize(
    ("changes", "stages"),
    [
        ({"n_mamba_layers": 0}, ["embedding", "experts", "transformer_1"]),
        ({"n_transformer_layers": 0}, ["embedding", "mamba_1", "mamba_2", "experts"]),
        ({"n_mamba_layers": 0, "n_transformer_layers": 0}, ["embedding", "experts"]),
        ({"n_experts": 1, "top_k": 1}, ["embedding", "mamba_1", "mamba_2", "experts", "transformer_1"]),
        ({"wavelets": False, "wavenumber_encoding": False, "stochastic": False}, None),
    ],
)
def test_blocks_can_be_left_out(changes, stages, tmp_path):
    model = make_model(**changes)
    output = model(torch.randn(2, 100), AXIS[:100])
    if stages is not None:
        assert list(output.stages) == stages
    assert torch.isfinite(model.reconstruct(output)).all()
    model.train()(torch.randn(2, 100), AXIS[:100]).codes.z_chem.sum().backward()
    model.eval().save(tmp_path)
    assert SpectralFM.load(tmp_path).config == model.config


def apart(a, b):
    """Size of the difference relative to ``b``; 1.4 for unrelated values. A token may round to another expert."""
    return ((a - b).norm() / b.norm()).item()


def test_half_precision(model, device):
    model.to(device)
    x, axis = torch.randn(2, 700, device=device), AXIS.to(device)
    expected = model(x, axis).codes.z_chem
    with torch.autocast(device, dtype=torch.bfloat16):
        output = model(x, axis)
        spectra = model.transfer(output.codes.z_chem, output.codes.z_inst, 300)
    assert apart(output.codes.z_chem.float(), expected) < 0.7
    assert torch.isfinite(spectra).all()
    half = model.bfloat16()
    codes = half(x.bfloat16(), axis).codes
    assert apart(codes.z_chem.float(), expected) < 0.7
    assert half.transfer(codes.z_chem, codes.z_inst, 300).dtype == torch.bfloat16


def test_training_under_autocast_gives_finite_gradients(model, device):
    model.to(device).train()
    with torch.autocast(device, dtype=torch.bfloat16):
        output = model(torch.randn(4, 700, device=device), AXIS.to(device))
        loss = output.tokens.float().square().mean() + model.reconstruct(output).float().square().mean()
    loss.backward()
    assert all(torch.isfinite(p.grad).all() for p in model.parameters() if p.grad is not None)


def block_mask(n_spectra, n_patches=44, block=4, n_blocks=4):
    mask = torch.zeros(n_spectra, n_patches, dtype=torch.bool)
    for row in mask:
        for start in torch.randint(0, n_patches - block, (n_blocks,)):
            row[start : start + block] = True
    return mask


def test_only_normalisation_parameters_move_in_test_time_training(model):
    names = {name for name, _ in model.normalisation_parameters()}
    assert "embedding.norm.weight" in names
    assert "transformer.norm.bias" in names
    assert all("norm" in name for name in names)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    model.requires_grad_(False)
    parameters = [p.requires_grad_() for _, p in model.normalisation_parameters()]
    optimizer = torch.optim.Adam(parameters, 1e-2)
    x = torch.sin(torch.linspace(0, 20, 700) + torch.rand(8, 1))
    mask = block_mask(8)
    target, valid = model.embedding.patchify(x)
    losses = []
    for _ in range(30):
        loss = MSRPLoss()(model.reconstruct(model(x, AXIS, patch_mask=mask)), target, mask, valid)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.9 * losses[0]
    changed = {name for name, value in model.state_dict().items() if not torch.equal(value, before[name])}
    assert changed == names


@pytest.mark.slow
def test_masked_reconstruction_cannot_be_solved_by_copying(model):
    # Patches of noise: what is masked cannot be known, so a model that beats the variance must have looked.
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    x = torch.randn(64, 256)
    axis = torch.linspace(1000, 2000, 256)
    errors = {}
    for masked in (True, False):
        for _ in range(60):
            mask = block_mask(16, 16, 3, 2)
            x = torch.randn(16, 256)
            target, valid = model.embedding.patchify(x)
            output = model(x, axis, patch_mask=mask if masked else None)
            loss = MSRPLoss()(model.reconstruct(output), target, mask, valid)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        errors[masked] = loss.item()
    assert errors[True] > 0.9
    assert errors[False] < 0.8  # the same training with the mask left off the input copies


def test_weight_decay_spares_norms_biases_and_state_space(model):
    decayed, free = model.parameter_groups(0.1)
    assert (decayed["weight_decay"], free["weight_decay"]) == (0.1, 0)
    assert len(decayed["params"]) + len(free["params"]) == len(list(model.parameters()))
    in_free = {id(p) for p in free["params"]}
    for name, parameter in model.named_parameters():
        if "norm" in name or name.endswith(("bias", "A_log", "cls", "skip")):
            assert id(parameter) in in_free, name


def test_save_and_load(model, tmp_path):
    x = torch.randn(2, 700)
    model.save(tmp_path / "model")
    assert sorted(p.name for p in (tmp_path / "model").iterdir()) == ["config.json", "model.safetensors"]
    loaded = SpectralFM.load(tmp_path / "model")
    assert loaded.config == model.config
    assert not loaded.training
    assert torch.equal(loaded(x, AXIS).codes.z_chem, model(x, AXIS).codes.z_chem)


def test_adapters_are_not_saved_with_the_model(model, tmp_path):
    x = torch.randn(2, 700)
    before = model(x, AXIS).codes.z_chem
    lora = LoRA(model, rank=4)
    with torch.no_grad():
        for parameter in lora.parameters():
            parameter.normal_()
    adapted = model(x, AXIS).codes.z_chem
    assert not torch.allclose(adapted, before)
    model.save(tmp_path)
    torch.testing.assert_close(SpectralFM.load(tmp_path)(x, AXIS).codes.z_chem, before)
    lora.merge()
    model.save(tmp_path)
    torch.testing.assert_close(SpectralFM.load(tmp_path)(x, AXIS).codes.z_chem, adapted, rtol=1e-4, atol=1e-5)


def test_adapters_live_in_attention_alone(model):
    lora = LoRA(model)
    assert {name.split(".")[0] for name in lora.state_dict()} == {"transformer"}


def rewrite_config(folder, change):
    record = json.loads((folder / "config.json").read_text())
    change(record)
    (folder / "config.json").write_text(json.dumps(record))


def truncate(folder):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda f: (f / "config.json").unlink(), "config.json is missing"),
        (lambda f: (f / "model.safetensors").unlink(), "no weights at"),
        (lambda f: (f / "config.json").write_text("{"), "no valid JSON"),
        (lambda f: (f / "config.json").write_text("[]"), "does not describe a model"),
        (truncate, "SHA-256"),
        (lambda f: rewrite_config(f, lambda r: r["config"].update(d_chem=17)), "does not fit the settings"),
        (lambda f: rewrite_config(f, lambda r: r["config"].update(colour=1)), "colour"),
        (lambda f: rewrite_config(f, lambda r: r.update(format="other")), "format"),
        (lambda f: rewrite_config(f, lambda r: r.update(config=None)), "does not fit the settings"),
    ],
)
def test_damaged_files_are_named(model, tmp_path, damage, message):
    model.save(tmp_path)
    damage(tmp_path)
    with pytest.raises(MissingWeightsError, match=message):
        SpectralFM.load(tmp_path)


def test_weights_of_another_model_are_refused(model, tmp_path):
    model.save(tmp_path)
    state = load_file(tmp_path / "model.safetensors")
    save_file({name: value + 1 for name, value in state.items()}, tmp_path / "model.safetensors")
    with pytest.raises(MissingWeightsError, match="SHA-256"):
        SpectralFM.load(tmp_path)


def test_config_survives_json():
    config = SpectralFMConfig.preset("small", expert="kan")
    assert SpectralFMConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_unknown_settings_are_named():
    with pytest.raises(ValueError, match="tiny, small, base"):
        SpectralFMConfig.preset("huge")
    with pytest.raises(ValueError, match="colour"):
        SpectralFMConfig.preset("tiny", colour=1)
