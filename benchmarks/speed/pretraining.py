"""Where a step of pretraining spends its time, on one core: ``python -m benchmarks.speed pretraining``.

Needs the corpus that the variable ``SKSPECTRAL_CORPUS`` names. Times are of the processor, not of the clock, so that a
busy machine changes them little.
"""

import statistics
import time
from collections import defaultdict

import torch

from benchmarks.speed.timing import environment, save
from skspectral.pretraining import Corpus, InstrumentPriors
from skspectral.pretraining.config import PretrainingConfig
from skspectral.pretraining.data.batches import SlotMaker
from skspectral.pretraining.head.features import plain_features, spectral_features
from skspectral.pretraining.head.transfer_head import head_loss
from skspectral.pretraining.training.distributed import Workers
from skspectral.pretraining.training.trainer import Trainer

PRESET, N_STEPS, N_SKIPPED = "small", 6, 1
WAYS = {"as shipped": False, "compiled": True}


class Clock:
    """Processor time by name, one value a step."""

    def __init__(self):
        self.times = defaultdict(list)

    def __call__(self, name, run):
        """Run something and note how long it took."""
        started = time.process_time()
        result = run()
        self.times[name].append(time.process_time() - started)
        return result

    def typical(self):
        """Medians without the first steps, ms."""
        return {name: round(1e3 * statistics.median(t[N_SKIPPED:]), 1) for name, t in self.times.items()}


def measure():
    """Time the data of a step, its losses forward and backward, and the blocks of the network; both ways by turns."""
    config = PretrainingConfig.load(PRESET)
    corpus = Corpus(leave_out=config.leave_out, validation=config.validation, seed=config.seed)
    make = SlotMaker(corpus, InstrumentPriors.fitted(), config)
    trainers = {
        way: Trainer(PretrainingConfig.load(PRESET, compile=compiled), Workers(0, 1, torch.device("cpu")))
        for way, compiled in WAYS.items()
    }
    clocks, data, n_spectra = {way: Clock() for way in WAYS}, Clock(), []
    for step in range(N_STEPS):
        slot = data("data", lambda step=step: make(step, 0))
        for way, trainer in trainers.items():
            _time_step(clocks[way], trainer, slot, step)
        n_spectra.append(slot.n_spectra)
    spectra, (of_data,) = statistics.median(n_spectra[N_SKIPPED:]), data.typical().values()
    return {"spectra": spectra, "data, ms": of_data} | {
        way: {
            "ms": clock.typical(),
            "spectra_per_second": round(1e3 * spectra / (of_data + clock.typical()["a whole step"]), 1),
        }
        for way, clock in clocks.items()
    }


def _time_step(clock, trainer, slot, step):
    """Time the parts of one step, then the step."""
    model, head, objective = trainer.model, trainer.net["head"], trainer.net["objective"]
    batch = slot.episodes
    place = batch.spectra, batch.wavenumbers, batch.regions
    features = clock(
        "episodes, features",
        lambda: spectral_features(model, head.projection, *place, batch.domain, batch.lengths),
    )
    loss = clock("episodes, head", lambda: head_loss(head, batch.rows(features), batch.y_test).mean())
    clock("episodes, backward", loss.backward)
    terms = clock("other losses", lambda: sum(objective.terms(slot.batch).values()))
    clock("other losses, backward", terms.backward)
    clock("a whole step", lambda: trainer.step(step, N_STEPS, [(0, slot)]))
    with torch.no_grad():
        clock("plain features", lambda: plain_features(*place, batch.lengths))
        _time_blocks(clock, model, batch)


def _time_blocks(clock, model, batch):
    """Time every block of the network, forward alone, on the spectra of a step's episodes."""
    tokens, mask = clock(
        "embedding",
        lambda: model.embedding(batch.spectra, batch.wavenumbers, "cm-1", batch.domain, batch.lengths, None),
    )
    tokens = clock("mamba", lambda: model.mamba(tokens, mask))[-1]
    mixed, _ = clock("experts", lambda: model.experts(model.expert_norm(tokens), mask))
    clock("transformer", lambda: model.transformer(tokens + mixed, mask))


def main(quiet=False):
    """Measure, print and save."""
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        result = measure()
    finally:
        torch.set_num_threads(before)
    path = save("pretraining", {"preset": PRESET, "threads": 1, **result, "environment": environment("torch")})
    if not quiet:
        for name, milliseconds in result["as shipped"]["ms"].items():
            print(f"{name:24s} {milliseconds:8.1f} ms, compiled {result['compiled']['ms'][name]:8.1f} ms")
        rates = " and ".join(f"{result[way]['spectra_per_second']:.0f} {way}" for way in WAYS)
        print(f"{rates} spectra a second, with {result['data, ms']:.0f} ms of data a step; {path}")
