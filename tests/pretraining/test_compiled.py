"""State space models in C against torch, alone and in a step of training; and where there is no compiler."""

import shutil

import numpy as np
import pytest
import torch

from skspectral.nn.ssm import SelectiveSSM, plain_filter
from skspectral.pretraining import Corpus, InstrumentPriors
from skspectral.pretraining.compiled.build import COMPILERS, build
from skspectral.pretraining.compiled.ssm import compiled_filter
from skspectral.pretraining.config import PretrainingConfig
from skspectral.pretraining.data.batches import SlotMaker
from skspectral.pretraining.training.distributed import Workers
from skspectral.pretraining.training.trainer import Trainer
from skspectral.pretraining.training.validation import episode_losses

from .corpora import write_corpus
from .test_engine import SMALL

ALONE = Workers(0, 1, torch.device("cpu"))
needs_compiler = pytest.mark.skipif(not any(map(shutil.which, COMPILERS)), reason="there is no C compiler")


def model(n_channels, dtype=torch.float32):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        ssm = SelectiveSSM(n_channels)
    with torch.no_grad():
        # Steps from nearly none to those that forget everything, on both sides of zero and beyond what saturates.
        ssm.dt_proj.bias.copy_(torch.linspace(-12, 25, n_channels))
    return ssm.to(dtype)


def tokens(n_rows, length, n_channels):
    """Half of the channels of a longer row, as the model's own gate leaves them, and a mask that ends early."""
    rng = np.random.default_rng(0)
    x = torch.from_numpy(rng.normal(size=(n_rows, length, 2 * n_channels))).float()[..., :n_channels]
    mask = torch.ones(n_rows, length, dtype=torch.bool)
    mask[0, length // 2 + 1 :] = False
    return x, mask


def values_and_gradients(function, ssm, x, mask, reverse):
    x = x.detach().requires_grad_()
    y = function(ssm, x, mask, reverse)
    weight = torch.linspace(-1, 1, y.numel(), dtype=y.dtype).reshape(y.shape)
    return y.detach(), *torch.autograd.grad((y * weight).sum(), [x, *ssm.parameters()])


@needs_compiler
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize(
    ("shape", "threads", "masked"), [((3, 37, 21), 1, True), ((2, 5, 16), 2, False), ((1, 1, 3), 2, True)]
)
def test_equals_double_precision_to_the_last_digits(shape, threads, masked, reverse):
    x, mask = tokens(*shape)
    mask = mask if masked else None
    exact = values_and_gradients(plain_filter, model(shape[2], torch.float64), x.double(), mask, reverse)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        found = values_and_gradients(compiled_filter, model(shape[2]), x, mask, reverse)
    finally:
        torch.set_num_threads(before)
    for mine, expected in zip(found, exact, strict=True):
        assert mine.dtype == torch.float32
        torch.testing.assert_close(mine.double(), expected, rtol=1e-4, atol=1e-12 + 5e-6 * expected.abs().max().item())


@needs_compiler
def test_what_is_not_finite_stays_so():
    x, _ = tokens(2, 4, 16)
    x = x.clone()
    x[0, 1, 3] = torch.nan
    with torch.no_grad():
        bad = compiled_filter(model(16), x, None, False).isnan()
        assert torch.equal(bad, plain_filter(model(16), x, None, False).isnan()) and bad[0, 1:].all()
        assert not bad[1].any()


@needs_compiler
def test_what_is_not_float32_is_refused():
    x, _ = tokens(1, 2, 3)
    with pytest.raises(ValueError, match=r"float32 on a processor, got torch.float64.*without the setting compile"):
        compiled_filter(model(3), x.double(), None, False)


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
    # of later steps the optimiser, which goes by the sign of the smallest gradients, too, makes more of their rounding
    for mine, expected, rel in zip(losses(slots, compile=True), losses(slots), (1e-4, 1e-2, 1e-2), strict=True):
        assert mine == pytest.approx(expected, rel=rel, abs=1e-4)


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
        build.__wrapped__("ssm", STATES=8)


@needs_compiler
def test_a_file_that_does_not_compile_is_shown_with_its_errors():
    with pytest.raises(RuntimeError, match=r"does not accept ssm\.c(.|\n)*STATES"):
        build.__wrapped__("ssm")
