"""Weights: by name, folder or hub id; checked; and the card that comes with them."""

import json
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
import torch

from skspectral.exceptions import MissingWeightsError
from skspectral.nn import SpectralFM, SpectralFMConfig
from skspectral.pretraining import weights
from skspectral.pretraining.head.transfer_head import TransferHead
from skspectral.pretraining.weights import available_weights, load_head, load_weights, save_weights

TINY = SpectralFMConfig.preset("tiny")


@pytest.fixture
def model():
    torch.manual_seed(0)
    return SpectralFM(TINY).eval()


@pytest.fixture
def saved(model, tmp_path):
    head = TransferHead(n_stages=5, n_heads=3)
    save_weights(tmp_path / "mine", model, head, metadata={"steps": 7})
    return tmp_path / "mine", head


def spectra():
    random = torch.Generator().manual_seed(0)
    return torch.randn(2, 64, generator=random), torch.linspace(1100, 2400, 64)


def test_half_precision_gives_nearly_the_same_features(model, saved):
    loaded, metadata = load_weights(saved[0])
    assert metadata == {"steps": 7} and not loaded.training
    assert all(p.dtype == torch.float32 for p in loaded.parameters())
    for name, value in model.state_dict().items():
        torch.testing.assert_close(loaded.state_dict()[name], value.half().float())
    with torch.inference_mode():
        torch.testing.assert_close(loaded(*spectra()).cls, model(*spectra()).cls, atol=0.05, rtol=0.05)


def test_the_head_comes_too(saved):
    head = load_head(saved[0])
    assert head.n_heads == 3
    for name, value in saved[1].state_dict().items():
        torch.testing.assert_close(head.state_dict()[name], value.half().float())


def test_a_model_saved_without_head(model, tmp_path):
    save_weights(tmp_path / "bare", model)
    load_weights(tmp_path / "bare")
    with pytest.raises(MissingWeightsError, match="without a transfer head"):
        load_head(tmp_path / "bare")


def test_a_folder_of_the_network_itself(model, tmp_path):
    model.save(tmp_path / "plain")
    loaded, metadata = load_weights(tmp_path / "plain")
    assert metadata == {}
    with torch.inference_mode():
        assert torch.equal(loaded(*spectra()).cls, model(*spectra()).cls)


def test_loading_leaves_the_random_state_alone(saved):
    state = torch.get_rng_state()
    load_weights(saved[0])
    load_head(saved[0])
    assert torch.equal(torch.get_rng_state(), state)


def test_packaged_names_and_versions(model, tmp_path, monkeypatch):
    monkeypatch.setattr(weights, "PACKAGED", tmp_path)
    for name, steps in (("small-2", 2), ("small-10", 10), ("other", 0)):
        save_weights(tmp_path / name, model, metadata={"steps": steps})
    assert list(available_weights()) == ["other", "small-10", "small-2"]
    assert load_weights("small")[1] == {"steps": 10}
    assert load_weights("small-2")[1] == {"steps": 2}
    with pytest.raises(MissingWeightsError, match="other, small-10, small-2"):
        load_weights("large")


def test_every_packaged_checkpoint_loads_and_is_small():
    folders = [weights.PACKAGED / name for name in available_weights()]
    assert sum(file.stat().st_size for folder in folders for file in folder.iterdir()) <= 25 * 2**20
    for folder in folders:
        load_weights(folder.name)


def test_packaged_weights_say_what_they_are():
    for name, known in available_weights().items():
        assert known.name == name and known.n_bytes >= sum(p.numel() * 2 for p in load_weights(name)[0].parameters())
        assert known.licence == "BSD-3-Clause" and "## Limits" in known.card
        steps, hours, scores = (known.curve[column] for column in ("step", "hours", "score"))
        assert steps == sorted(steps) and hours == sorted(hours) and f"{min(scores):.3f}" in known.card
        assert steps[int(np.argmin(scores))] == load_weights(name)[1]["step"]


@pytest.mark.parametrize("damage", ["weights", "settings", "head", "json", "empty"])
def test_damage_is_named(saved, damage):
    folder = saved[0]
    settings = folder / "config.json"
    if damage == "weights":
        shard = next(folder.glob("*.safetensors"))
        content = bytearray(shard.read_bytes())
        content[-1] ^= 1
        shard.write_bytes(content)
    elif damage in ("settings", "head"):
        record = json.loads(settings.read_text())
        if damage == "settings":
            record["config"]["d_model"] = 48
        else:
            record["head"]["n_heads"] = 4
        settings.write_text(json.dumps(record))
    elif damage == "json":
        settings.write_text("{")
    else:
        settings.write_text("[]")
    with pytest.raises(MissingWeightsError, match=r"SHA-256|do not fit|no weights in|does not describe"):
        (load_head if damage == "head" else load_weights)(folder)


def test_weights_that_half_precision_cannot_hold_are_refused(model, tmp_path):
    with torch.no_grad():
        model.patch_decoder.weight[0, 0] = 1e6
    with pytest.raises(ValueError, match="patch_decoder"):
        save_weights(tmp_path / "large", model)
    save_weights(tmp_path / "large", model, dtype=torch.float32)
    assert load_weights(tmp_path / "large")[0].patch_decoder.weight[0, 0] == 1e6


@pytest.fixture
def hub(saved, tmp_path, monkeypatch):
    """A hub on this machine, and what was asked of it."""
    (tmp_path / "hub/lab/fm/resolve").mkdir(parents=True)
    saved[0].rename(tmp_path / "hub/lab/fm/resolve/main")
    asked = []

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            asked.append(self.path)

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=tmp_path / "hub"))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("SKSPECTRAL_HUB", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setattr(weights.pooch, "os_cache", lambda name: tmp_path / "cache" / name)
    yield tmp_path / "hub/lab/fm/resolve/main", asked
    server.shutdown()
    server.server_close()


def test_a_hub_id_is_fetched_once(hub):
    assert load_weights("lab/fm")[1] == {"steps": 7}
    n_asked = len(hub[1])
    assert n_asked >= 2
    load_head("lab/fm")
    assert len(hub[1]) == n_asked


def test_a_hub_that_lacks_or_spoils_the_weights(hub):
    with pytest.raises(MissingWeightsError, match="lab/other"):
        load_weights("lab/other")
    shard = next(hub[0].glob("*.safetensors"))
    shard.write_bytes(shard.read_bytes()[:-1] + b"\x55")
    with pytest.raises(MissingWeightsError, match="lab/fm"):
        load_weights("lab/fm")


def test_a_hub_cannot_write_elsewhere(hub):
    record = json.loads((hub[0] / "config.json").read_text())
    record["tensors"]["files"] = {"../../outside.safetensors": "0" * 64}
    (hub[0] / "config.json").write_text(json.dumps(record))
    with pytest.raises(MissingWeightsError, match="outside its folder"):
        load_weights("lab/fm")
