"""Two processes share the slots of every step and give the losses of one."""

import json
import os
import socket
import subprocess
import sys

import numpy as np
import pytest
import torch

from skspectral.pretraining import Corpus
from skspectral.pretraining.config import PretrainingConfig
from skspectral.pretraining.training.distributed import Workers
from skspectral.pretraining.training.engine import pretrain

from .corpora import write_corpus
from .test_engine import SMALL, assert_same_curve, curve

SETTINGS = SMALL | {"slots": 2, "episodes": 1, "checkpoint_every": 2}


def start(folder, settings, out, rank, port, *extra):
    command = [sys.executable, "-m", "skspectral", "pretrain", "--config", str(settings), "--corpus", str(folder)]
    command += ["--out", str(out), "--steps", "4", "--device", "cpu", "--quiet", *extra]
    group = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "RANK": str(rank), "WORLD_SIZE": "2"}
    environment = os.environ | group | {"OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.slow
@pytest.mark.skipif(not torch.distributed.is_gloo_available(), reason="this torch has no gloo")
def test_two_processes_give_the_curve_of_one(tmp_path):
    folder = write_corpus(tmp_path / "corpus", pairs=True)
    pretrain(PretrainingConfig.from_dict(SETTINGS), Corpus(folder), tmp_path / "one", steps=4, quiet=True, device="cpu")
    settings = tmp_path / "settings.toml"
    settings.write_text("\n".join(f"{name} = {json.dumps(value)}" for name, value in SETTINGS.items()))
    port = free_port()
    processes = [start(folder, settings, tmp_path / "two", rank, port) for rank in range(2)]
    said = [process.communicate(timeout=150)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], said
    # sums of single-precision gradients in another order, four steps long
    assert_same_curve(curve(tmp_path / "two"), curve(tmp_path / "one"))
    assert_same_curve(curve(tmp_path / "two", "validation.csv"), curve(tmp_path / "one", "validation.csv"))
    assert json.loads((tmp_path / "two/run.json").read_text())["processes"] == 2


def test_slots_are_dealt_out_once():
    shares = [Workers(rank, 3, torch.device("cpu")).share(6) for rank in range(3)]
    assert [list(share) for share in shares] == [[0, 1], [2, 3], [4, 5]]
    with pytest.raises(ValueError, match="multiple"):
        Workers(0, 4, torch.device("cpu")).share(6)


def test_one_process_needs_no_group():
    alone = Workers(0, 1, torch.device("cpu"))
    values = [torch.ones(2), torch.zeros(())]
    alone.add_up(values)
    alone.wait()
    alone.stop()
    assert alone.agree(2.5) == 2.5 and alone.is_first
    np.testing.assert_array_equal(values[0], [1, 1])
