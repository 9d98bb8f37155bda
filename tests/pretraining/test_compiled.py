"""The scan in C against that of torch, alone and in a step of training; and what happens where there is no compiler."""

import shutil

import numpy as np
import pytest
import torch

from skspectral.nn.scan import selective_scan
from skspectral.pretraining import Corpus, InstrumentPriors
from skspectral.pretraining.compiled.build import COMPILERS, build
from skspectral.pretraining.compiled.scan import compiled_scan
from skspectral.pretraining.config import PretrainingConfig
from skspectral.pretraining.data.batches import SlotMaker
from skspectral.pretraining.training.distributed import Workers
from skspectral.pretraining.training.trainer import Trainer
from skspectral.pretraining.training.validation import episode_losses

from .corpora import write_corpus
from .test_engine import SMALL

ALONE = Workers(0, 1, torch.device("cpu"))
needs_compiler = pytest.mark.skipif(not any(map(shutil.which, COMPILERS)), reason="there is no C compiler")


def arguments(n_batch, length, n_channels, n_states=8, largest=16.0):
    rng = np.random.default_rng(0)
    delta = rng.exponential(0.1, size=(n_batch, length, n_channels))
    delta[:, length // 2] = 0.0  # padding leaves the state alone
    values = (
        rng.normal(size=(n_batch, length, n_channels)),
        delta,
        -rng.uniform(0.05, largest, size=(n_channels, n_states)),
        rng.normal(size=(n_batch, length, n_states)),
        rng.normal(size=(n_batch, length, n_states)),
    )
    return [torch.tensor(v, dtype=torch.float32, requires_grad=True) for v in values]


def values_and_gradients(function, args, reverse):
    y = function(*args, reverse=reverse)
    weight = torch.linspace(-1, 1, y.numel(), dtype=y.dtype).reshape(y.shape)
    return y.detach(), *torch.autograd.grad((y * weight).sum(), args)


@needs_compiler
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize(("shape", "threads"), [((3, 37, 21), 1), ((2, 5, 16), 2), ((1, 1, 3), 2)])
def test_equals_the_exact_scan_to_single_precision(shape, threads, reverse):
    before = torch.get_num_threads()
    args = arguments(*shape)
    exact = values_and_gradients(selective_scan, [t.detach().double().requires_grad_() for t in args], reverse)
    torch.set_num_threads(threads)
    try:
        found = values_and_gradients(compiled_scan, args, reverse)
    finally:
        torch.set_num_threads(before)
    for mine, expected in zip(found, exact, strict=True):
        assert mine.dtype == torch.float32
        torch.testing.assert_close(mine.double(), expected, rtol=1e-4, atol=5e-6 * expected.abs().max().item())


@needs_compiler
def test_states_that_have_died_are_zero_and_nan_stays_nan():
    u, delta, A, B, C = (t.detach() for t in arguments(1, 4, 16, largest=1.0))
    gone = compiled_scan(u, delta + 1e6, A, B, C)
    torch.testing.assert_close(gone, selective_scan(u, delta + 1e6, A, B, C))
    delta[0, 1, 3] = torch.nan
    bad = compiled_scan(u, delta, A, B, C).isnan()
    assert bad[0, 1:, 3].all() and bad.sum() == 3


def test_what_is_not_float32_is_refused():
    args = [t.detach().double() for t in arguments(1, 2, 3)]
    with pytest.raises(
        ValueError, match=r"takes float32 on a processor, got torch.float64.*without the setting compile"
    ):
        compiled_scan(*args)


@pytest.fixture(scope="module")
def slots(tmp_path_factory):
    corpus = Corpus(write_corpus(tmp_path_factory.mktemp("corpus")))
    make = SlotMaker(corpus, InstrumentPriors.fitted(), PretrainingConfig.from_dict(SMALL))
    return [make(step, 0) for step in range(3)]


def losses(slots, **changes):
    trainer = Trainer(PretrainingConfig.from_dict(SMALL | changes), ALONE)
    return [trainer.step(number, 3, [(0, slot)]) for number, slot in enumerate(slots)]


@needs_compiler
def test_a_run_has_the_same_losses(slots):
    for mine, expected in zip(losses(slots, compile=True), losses(slots), strict=True):
        assert mine == pytest.approx(expected, rel=2e-4, abs=1e-6)
    assert losses(slots[:1], compile=True)[0]["total"] == pytest.approx(losses(slots[:1])[0]["total"], rel=2e-6)


def test_quiet_episodes_choose_experts_as_in_use(slots):
    trainer = Trainer(PretrainingConfig.from_dict(SMALL), ALONE)
    with torch.no_grad():
        used = episode_losses(trainer.model.eval(), trainer.net["head"], slots[0].episodes).mean().item()
    quiet, noisy = (losses(slots[:1], quiet_episodes=quiet)[0]["episodic"] for quiet in (True, False))
    assert quiet == pytest.approx(used, abs=1e-6)
    assert noisy != pytest.approx(used, abs=1e-6)


def test_without_a_compiler_the_setting_is_refused(monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CC", raising=False)
    with pytest.raises(RuntimeError, match=r"needs a C compiler, and there is none.*leave out the setting compile"):
        build.__wrapped__("scan", STATES=8)


@needs_compiler
def test_a_file_that_does_not_compile_is_shown_with_its_errors():
    with pytest.raises(RuntimeError, match=r"does not accept scan\.c(.|\n)*STATES"):
        build.__wrapped__("scan")
