"""The training loop as a user runs it: what it writes, that it learns, and that a kill changes nothing."""

import csv
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from skspectral.cli import main
from skspectral.exceptions import DatasetUnavailableError
from skspectral.nn.losses import WEIGHTS
from skspectral.pretraining import Corpus, InstrumentPriors
from skspectral.pretraining.config import LOSSES, PretrainingConfig
from skspectral.pretraining.data.batches import SlotMaker
from skspectral.pretraining.training import engine
from skspectral.pretraining.training.card import model_card
from skspectral.pretraining.training.checkpoint import latest_checkpoint, load_checkpoint
from skspectral.pretraining.training.distributed import Workers
from skspectral.pretraining.training.engine import pretrain
from skspectral.pretraining.training.trainer import Trainer, learning_rate
from skspectral.pretraining.weights import load_head, load_weights

from .corpora import write_corpus

SMALL = {
    "preset": "tiny",
    "n_channels": [48],
    "batch_size": 9,
    "n_materials": 3,
    "n_instruments": 4,
    "episodes": 2,
    "n_source": [12, 16],
    "n_test": [5, 8],
    "n_standards": [0, 6],
    "warmup": 4,
    "learning_rate": 3e-3,
    "checkpoint_every": 3,
    "validate_every": 4,
    "ema": 0.9,
}
CONFIG = PretrainingConfig.from_dict(SMALL)
ALONE = Workers(0, 1, torch.device("cpu"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_corpus(tmp_path_factory.mktemp("corpus"), pairs=True)


@pytest.fixture(scope="module")
def corpus(folder):
    return Corpus(folder)


@pytest.fixture(scope="module")
def finished(corpus, tmp_path_factory):
    """A run of 12 steps without interruption."""
    out = tmp_path_factory.mktemp("run")
    state = torch.get_rng_state()
    pretrain(CONFIG, corpus, out, steps=12, quiet=True, device="cpu")
    assert torch.equal(torch.get_rng_state(), state)
    return out


def curve(out, table="log.csv"):
    """Everything in a table but the clock."""
    lines = [line.split(",") for line in (out / table).read_text().splitlines()]
    skipped = [k for k, name in enumerate(lines[0]) if name == "seconds"]
    return [[value for k, value in enumerate(line) if k not in skipped] for line in lines]


def write_settings(path, **changes):
    def shown(value):
        return json.dumps(value)

    path.write_text("\n".join(f"{name} = {shown(value)}" for name, value in (SMALL | changes).items()))
    return str(path)


def test_a_run_writes_what_it_promises(finished):
    rows = curve(finished)
    assert rows[0] == ["step", "phase", "learning_rate", *LOSSES, "total", "gradient", "spectra"]
    assert [row[0] for row in rows[1:]] == [str(k) for k in range(1, 13)]
    assert np.isfinite(np.array(rows[1:], dtype=float)).all()
    values = dict(zip(rows[0], map(float, rows[1])))
    total = sum(weight * values[name] for name, weight in (WEIGHTS | {"episodic": 1.0}).items())
    assert values["total"] == pytest.approx(total, rel=1e-5)
    validation = curve(finished, "validation.csv")
    assert validation[0] == ["step", "drugs_K", "simulated", "score", "best"]
    assert [row[0] for row in validation[1:]] == ["0", "4", "8", "12"]
    for _, pair, simulated, score, _ in validation[1:]:
        assert float(score) == pytest.approx((float(pair) + float(simulated)) / 2)
    model, metadata = load_weights(finished / "weights")
    assert model.config.d_model == 24 and metadata["step"] in (0, 4, 8, 12)
    assert load_head(finished / "weights").n_heads == CONFIG.n_heads
    best = min(validation[1:], key=lambda row: float(row[3]))
    with (finished / "weights/curve.csv").open() as file:
        scores = list(csv.DictReader(file))
    assert list(scores[0]) == ["step", "hours", "drugs_K", "simulated", "score"]
    assert [row["score"] for row in scores] == [row[3] for row in validation[1:]]
    hours = [float(row["hours"]) for row in scores]
    assert hours == sorted(hours) and hours[0] >= 0 and hours[-1] < 1
    assert metadata["step"] == int(best[0]) and metadata["validation"]["score"] == pytest.approx(float(best[3]))


def test_the_card_names_data_figures_and_limits(finished):
    card = (finished / "weights/card.md").read_text()
    assert card == model_card(finished)
    record = json.loads((finished / "run.json").read_text())
    assert record["steps"] == 12 and f"{record['parameters']:,} parameters" in card
    for name in ("flour", "oil", "polymer", "drugs_micronir_K"):
        assert f"| {name} |" in card
    for row in LOSSES:
        assert f"| {row} |" in card
    plain = record["without_network"]["drugs_K"]
    assert plain < 0 and f"| no network | {plain:.3f} |  |  |" in card
    assert "made up" in card and "## Limits" in card and "drugs_K" in card


@pytest.mark.slow
def test_a_killed_process_continues_with_the_same_losses(folder, finished, tmp_path):
    settings = write_settings(tmp_path / "settings.toml")
    out = tmp_path / "run"
    command = [sys.executable, "-m", "skspectral", "pretrain", "--config", settings, "--corpus", str(folder)]
    command += ["--out", str(out), "--steps", "12", "--quiet", "--device", "cpu"]
    process = subprocess.Popen(command, env=os.environ | {"OMP_NUM_THREADS": "1"})
    try:
        # killed between two checkpoints, so that steps are lost and done again
        wait_for(lambda: (out / "log.csv").exists() and len(curve(out)) > 5, process)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    done = load_checkpoint(latest_checkpoint(out / "checkpoints"))[0]
    assert 0 < done < 12
    assert main([*command[3:], "--resume"]) == 0
    assert_same_curve(curve(out), curve(finished))
    assert_same_curve(curve(out, "validation.csv"), curve(finished, "validation.csv"))


def wait_for(condition, process, seconds=90):
    end = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, "the run ended before it could be killed"
        assert time.monotonic() < end, "the run did not start"
        time.sleep(0.02)


def assert_same_curve(a, b):
    assert a[0] == b[0] and len(a) == len(b)
    # the linear algebra may sum in another order from process to process, and training makes more of it every step;
    # other spectra, masks or optimiser states change losses by some percent
    np.testing.assert_allclose(np.array(a[1:], dtype=float), np.array(b[1:], dtype=float), rtol=1e-3, atol=1e-5)


def test_a_run_is_not_overwritten_nor_continued_with_other_settings(corpus, finished):
    with pytest.raises(ValueError, match="continue it with resume"):
        pretrain(CONFIG, corpus, finished, quiet=True, device="cpu")
    other = PretrainingConfig.from_dict(SMALL | {"clip": 2.0})
    with pytest.raises(ValueError, match="other settings: clip"):
        pretrain(other, corpus, finished, resume=True, quiet=True, device="cpu")
    with pytest.raises(ValueError, match=r"other settings: priors\.shift"):
        priors = InstrumentPriors(**InstrumentPriors.fitted().to_dict() | {"shift": 0.123})
        pretrain(CONFIG, corpus, finished, priors=priors, resume=True, quiet=True, device="cpu")


@pytest.mark.slow
def test_a_finished_run_can_be_made_longer(corpus, finished, tmp_path):
    for steps in (3, 5):
        pretrain(CONFIG, corpus, tmp_path, steps=steps, resume=True, quiet=True, device="cpu")
    assert [row[0] for row in curve(tmp_path)[1:]] == ["1", "2", "3", "4", "5"]
    # the learning rate falls with the length of the run, so only the warm-up is the same
    assert_same_curve(curve(tmp_path)[:4], curve(finished)[:4])


@pytest.mark.slow
def test_time_limit_sets_the_length(corpus, tmp_path, monkeypatch):
    monkeypatch.setattr(engine, "PROBE_STEPS", 3)
    monkeypatch.setattr(engine, "PROBE_SKIPPED", 1)
    # a clock that moves when it is looked at, so that a busy machine changes nothing
    ticks = itertools.count()
    monkeypatch.setattr(engine, "time", SimpleNamespace(perf_counter=lambda: 0.05 * next(ticks)))
    pretrain(CONFIG, corpus, tmp_path, seconds=4, quiet=True, device="cpu")
    record = json.loads((tmp_path / "run.json").read_text())
    assert 3 < record["steps"] <= record["total"]
    rates = [float(row[2]) for row in curve(tmp_path)[1:]]
    assert rates[-1] < max(rates)


def test_a_run_starts_from_the_weights_of_another(corpus, finished, tmp_path):
    weights = finished / "weights"
    config = PretrainingConfig.from_dict(SMALL | {"init": str(weights)})
    trainer = Trainer(config, ALONE)
    for mine, theirs in ((trainer.model, load_weights(weights)[0]), (trainer.net["head"], load_head(weights))):
        torch.testing.assert_close(mine.state_dict(), theirs.state_dict(), rtol=0, atol=0)
    pretrain(config, corpus, tmp_path, steps=1, quiet=True, device="cpu")
    assert f"started from the weights `{weights}`" in model_card(tmp_path)
    with pytest.raises(ValueError, match="has other settings"):
        Trainer(PretrainingConfig.from_dict(SMALL | {"init": str(weights), "n_heads": 3}), ALONE)


def test_patience_ends_a_run_that_does_not_improve(corpus, tmp_path):
    config = PretrainingConfig.from_dict(SMALL | {"learning_rate": 0.0, "patience": 2, "validate_every": 1})
    pretrain(config, corpus, tmp_path, steps=10, quiet=True, device="cpu")
    assert [row[-1] for row in curve(tmp_path, "validation.csv")[1:]] == ["1", "0", "0"]
    assert load_weights(tmp_path / "weights")[1]["step"] == 0


@pytest.mark.slow
def test_training_lowers_every_trained_loss(corpus):
    slot = SlotMaker(corpus, InstrumentPriors.fitted(), CONFIG)(0, 0)
    trainer = Trainer(CONFIG, ALONE)
    values = [trainer.step(k, 40, [(0, slot)]) for k in range(40)]

    def mean(name, part):
        return np.mean([v[name] for v in part])

    for name in ("total", "episodic", "msrp", "denoise", "contrastive"):
        assert mean(name, values[-10:]) < mean(name, values[:5]) - 0.05, name


def test_slots_are_averaged(corpus):
    maker = SlotMaker(corpus, InstrumentPriors.fitted(), CONFIG)
    slots = [(k, maker(0, k)) for k in range(2)]
    trainer = Trainer(PretrainingConfig.from_dict(SMALL | {"slots": 2, "clip": 1e9}), ALONE)
    both = trainer.step(0, 10, slots)
    gradient = trainer.model.patch_decoder.weight.grad.clone()
    # the second slot alone has random numbers of its own, those of place 1
    parts, gradients = [], []
    for slot in slots:
        alone = Trainer(PretrainingConfig.from_dict(SMALL | {"clip": 1e9}), ALONE)
        parts.append(alone.step(0, 10, [slot]))
        gradients.append(alone.model.patch_decoder.weight.grad)
    for name in ("total", "msrp", "episodic"):
        assert both[name] == pytest.approx((parts[0][name] + parts[1][name]) / 2, rel=1e-5)
    assert both["spectra"] == parts[0]["spectra"] + parts[1]["spectra"]
    torch.testing.assert_close(gradient, sum(gradients) / 2, rtol=1e-4, atol=1e-7)


def test_weights_are_averaged_over_steps(corpus):
    slot = SlotMaker(corpus, InstrumentPriors.fitted(), CONFIG)(0, 0)
    trainer = Trainer(CONFIG, ALONE)
    expected = trainer.model.patch_decoder.weight.detach().clone()
    for k in range(3):
        trainer.step(k, 10, [(0, slot)])
        decay = min(0.9, (1 + k) / (10 + k))
        expected = decay * expected + (1 - decay) * trainer.model.patch_decoder.weight.detach()
    torch.testing.assert_close(trainer.ema["model"].patch_decoder.weight, expected)
    assert not trainer.ema["model"].training and trainer.model.training


@pytest.mark.slow
def test_state_survives_a_round_trip(corpus):
    maker = SlotMaker(corpus, InstrumentPriors.fitted(), CONFIG)
    first, second = Trainer(CONFIG, ALONE), Trainer(PretrainingConfig.from_dict(SMALL | {"seed": 5}), ALONE)
    for k in range(2):
        first.step(k, 10, [(0, maker(k, 0))])
    second.load_state({name: value.clone() for name, value in first.state().items()})
    second.config = first.config
    assert first.step(2, 10, [(0, maker(2, 0))]) == second.step(2, 10, [(0, maker(2, 0))])
    for name, value in first.state().items():
        assert torch.equal(value, second.state()[name]), name


def test_curriculum_switches_losses(corpus, tmp_path):
    phases = [{"until": 0.5, "losses": {"episodic": 0.0, "msrp": 2.0}}, {"losses": dict.fromkeys(WEIGHTS, 0.0)}]
    config = PretrainingConfig.from_dict(SMALL | {"curriculum": phases})
    assert config.weights(0.1)["msrp"] == 2.0 and config.weights(0.6)["episodic"] == 1.0
    pretrain(config, corpus, tmp_path, steps=4, quiet=True, device="cpu")
    rows = curve(tmp_path)
    names, values = rows[0], np.array(rows[1:], dtype=float)
    assert values[:, names.index("phase")].tolist() == [0, 0, 1, 1]
    assert (values[:2, names.index("episodic")] == 0).all() and (values[:2, names.index("msrp")] > 0).all()
    assert (values[2:, names.index("msrp")] == 0).all()
    np.testing.assert_allclose(values[2:, names.index("total")], values[2:, names.index("episodic")], rtol=1e-6)


@pytest.mark.slow
def test_half_precision_stays_close_and_trains(corpus):
    slot = SlotMaker(corpus, InstrumentPriors.fitted(), CONFIG)(0, 0)
    exact, mixed = Trainer(CONFIG, ALONE), Trainer(CONFIG, ALONE)
    mixed.mixed_precision = True
    a, b = (trainer.step(0, 10, [(0, slot)]) for trainer in (exact, mixed))
    assert a != b
    for name in ("total", "msrp", "denoise", "ot", "cross_covariance"):
        assert b[name] == pytest.approx(a[name], rel=0.1, abs=0.1), name
    assert b["episodic"] == pytest.approx(a["episodic"], rel=1e-5)  # small differences count there
    assert all(p.dtype == torch.float32 for p in mixed.net.parameters())
    assert all(np.isfinite(mixed.step(1, 10, [(0, slot)])[name]) for name in LOSSES)


def test_losses_that_are_not_finite_stop_the_run(corpus):
    slot = SlotMaker(corpus, InstrumentPriors.fitted(), CONFIG)(0, 0)
    trainer = Trainer(CONFIG, ALONE)
    before = trainer.model.patch_decoder.bias.detach().clone()
    slot.batch.scale[:] = float("inf")
    with pytest.raises(FloatingPointError, match="step 1 are not finite"):
        trainer.step(0, 10, [(0, slot)])
    assert torch.equal(trainer.model.patch_decoder.bias, before)


def test_learning_rate_rises_and_falls():
    rates = [learning_rate(CONFIG, k, 100) for k in range(100)]
    assert rates[:4] == pytest.approx([7.5e-4, 1.5e-3, 2.25e-3, 3e-3])
    assert max(rates) == 3e-3 and rates[-1] == pytest.approx(3e-5, rel=0.1)
    assert all(a >= b for a, b in itertools.pairwise(rates[4:]))


@pytest.mark.parametrize("name", ["tiny", "small", "base"])
def test_packaged_settings_are_valid(name):
    config = PretrainingConfig.load(name)
    assert config.preset == name
    assert PretrainingConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"epochs": 3}, "epochs"),
        ({"losses": {"mspr": 1.0}}, "mspr"),
        ({"n_standards": [0, 200]}, "n_standards"),
        ({"n_source": [1, 4]}, "n_source"),
        ({"n_channels": [8]}, "n_channels"),
        ({"steps": 0}, "steps"),
        ({"preset": "huge"}, "huge"),
        ({"model": {"width": 3}}, "width"),
        ({"augmentation": {"loudness": 3}}, "loudness"),
        ({"curriculum": [{"until": 0.5}, {"until": 0.2}]}, "curriculum"),
    ],
)
def test_bad_settings_are_named(changes, message):
    with pytest.raises(ValueError, match=message):
        PretrainingConfig.from_dict(SMALL | changes)


def test_files_of_settings(tmp_path):
    path = tmp_path / "mine.toml"
    write_settings(path)
    assert PretrainingConfig.load(path) == CONFIG
    assert PretrainingConfig.load(path, seed=3).seed == 3
    path.write_text("preset = ")
    with pytest.raises(ValueError, match="no valid TOML"):
        PretrainingConfig.load(path)
    with pytest.raises(FileNotFoundError, match="base, small, small-2, tiny"):
        PretrainingConfig.load("medium")


def test_the_command_names_what_is_wrong(folder, tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("SKSPECTRAL_CORPUS", raising=False)
    assert main(["pretrain", "--config", "tiny", "--out", str(tmp_path)]) == 2
    assert "SKSPECTRAL_CORPUS" in capsys.readouterr().err
    with pytest.raises(DatasetUnavailableError):
        main(["pretrain", "--config", "tiny", "--corpus", str(tmp_path / "no"), "--out", str(tmp_path), "--debug"])
    assert main(["pretrain", "--config", "no", "--corpus", str(folder), "--out", str(tmp_path)]) == 2
    assert "no packaged settings" in capsys.readouterr().err


@pytest.mark.slow
def test_one_bar_shows_throughput_unless_quiet(folder, tmp_path, capsys):
    arguments = ["--config", write_settings(tmp_path / "s.toml"), "--corpus", str(folder), "--device", "cpu"]
    assert main(["pretrain", *arguments, "--out", str(tmp_path / "a"), "--steps", "2"]) == 0
    shown = capsys.readouterr()
    assert "2/2" in shown.err and "spectra=" in shown.err and "load_weights" in shown.out
    assert main(["pretrain", *arguments, "--out", str(tmp_path / "b"), "--steps", "2", "--quiet"]) == 0
    shown = capsys.readouterr()
    assert shown.err == "" and shown.out == ""
