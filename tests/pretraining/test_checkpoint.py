"""Checkpoints: exact, in small files, and never spoilt by a kill or a damaged file."""

import json

import pytest
import torch

from skspectral.exceptions import MissingWeightsError
from skspectral.pretraining.training import checkpoint
from skspectral.pretraining.training.checkpoint import latest_checkpoint, load_checkpoint, save_checkpoint
from skspectral.pretraining.training.record import StepTable


def tensors(seed=0):
    random = torch.Generator().manual_seed(seed)
    return {
        "weight": torch.randn(40, 30, generator=random),
        "half": torch.randn(7, generator=random).half(),
        "scalar": torch.tensor(3.0),
        "number": torch.arange(5),
        "transposed": torch.randn(4, 6, generator=random).T,
        "shared": torch.ones(1).expand(3, 3),
    }


def test_everything_comes_back(tmp_path):
    path = save_checkpoint(tmp_path, 12, tensors(), {"best": 0.5})
    step, loaded, record = load_checkpoint(path)
    assert step == 12 and record == {"best": 0.5}
    assert loaded.keys() == tensors().keys()
    for name, value in tensors().items():
        assert torch.equal(loaded[name], value) and loaded[name].dtype == value.dtype


def test_shards_are_small_and_pickle_free(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint.save_shards, "__defaults__", (1000,))
    path = save_checkpoint(tmp_path, 1, tensors(), {})
    shards = sorted(path.glob("*.safetensors"))
    # the 4800 bytes of one matrix alone need five files
    assert len(shards) >= 5
    assert all(shard.stat().st_size < 1000 + 1000 for shard in shards)
    assert {file.suffix for file in path.iterdir()} == {".safetensors", ".json"}
    for name, value in load_checkpoint(path)[1].items():
        assert torch.equal(value, tensors()[name])


def test_default_shards_stay_below_the_limit():
    assert checkpoint.save_shards.__defaults__ == (checkpoint.SHARD_BYTES,) and checkpoint.SHARD_BYTES <= 15 * 10**6


def test_a_kill_while_writing_leaves_the_one_before(tmp_path, monkeypatch):
    before = save_checkpoint(tmp_path, 1, tensors(1), {})

    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(checkpoint.os, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        save_checkpoint(tmp_path, 2, tensors(2), {})
    monkeypatch.undo()
    assert latest_checkpoint(tmp_path) == before
    assert torch.equal(load_checkpoint(before)[1]["weight"], tensors(1)["weight"])
    assert len(list(tmp_path.glob("*.partial"))) == 1
    assert latest_checkpoint(tmp_path, clean=True) == before and not list(tmp_path.glob("*.partial"))


def test_the_two_newest_are_kept(tmp_path):
    assert latest_checkpoint(tmp_path) is None
    for step in (5, 10, 100):
        save_checkpoint(tmp_path, step, tensors(), {})
    assert latest_checkpoint(tmp_path).name.endswith("100")
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("damage", ["flip", "cut", "remove", "index"])
def test_damage_is_named(tmp_path, damage):
    path = save_checkpoint(tmp_path, 1, tensors(), {})
    shard = next(path.glob("*.safetensors"))
    content = bytearray(shard.read_bytes())
    if damage == "flip":
        content[-1] ^= 1
        shard.write_bytes(content)
    elif damage == "cut":
        shard.write_bytes(content[:-8])
    elif damage == "remove":
        shard.unlink()
    else:
        (path / "state.json").write_text("{")
    with pytest.raises(MissingWeightsError, match=r"SHA-256|no weights at|no checkpoint"):
        load_checkpoint(path)


def test_a_file_that_lacks_a_tensor_is_refused(tmp_path):
    path = save_checkpoint(tmp_path, 1, tensors(), {})
    state = json.loads((path / "state.json").read_text())
    state["tensors"]["shapes"]["extra"] = [1]
    (path / "state.json").write_text(json.dumps(state))
    with pytest.raises(MissingWeightsError, match="extra"):
        load_checkpoint(path)


def test_a_table_forgets_what_will_be_done_again(tmp_path):
    path = tmp_path / "log.csv"
    table = StepTable(path, ["step", "loss"])
    for step in range(1, 6):
        table.append({"step": step, "loss": step / 10})
    with path.open("a") as file:
        file.write("6")  # cut short by a kill
    assert [row["step"] for row in StepTable(path, ["step", "loss"], last_step=3).read()] == ["1", "2", "3"]
    assert path.read_text() == "step,loss\n1,0.1\n2,0.2\n3,0.3\n"
