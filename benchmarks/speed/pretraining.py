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
    """Time the data of a step, its losses forward and backward, and the blocks of the network."""
    config = PretrainingConfig.load(PRESET)
    corpus = Corpus(leave_out=config.leave_out, validation=config.validation, seed=config.seed)
    make = SlotMaker(corpus, InstrumentPriors.fitted(), config)
    trainer = Trainer(config, Workers(0, 1, torch.device("cpu")))
    model, head, objective = trainer.model, trainer.net["head"], trainer.net["objective"]
    clock, n_spectra = Clock(), []
    for step in range(N_STEPS):
        slot = clock("data", lambda step=step: make(step, 0))
        batch = slot.episodes
        place = batch.spectra, batch.wavenumbers, batch.regions
        features = clock(
            "episodes, features",
            lambda batch=batch, place=place: spectral_features(
                model, head.projection, *place, batch.domain, batch.lengths
            ),
        )
        loss = clock(
            "episodes, head",
            lambda batch=batch, features=features: head_loss(head, batch.rows(features), batch.y_test).mean(),
        )
        clock("episodes, backward", loss.backward)
        terms = clock("other losses", lambda slot=slot: sum(objective.terms(slot.batch).values()))
        clock("other losses, backward", terms.backward)
        clock("a whole step", lambda step=step, slot=slot: trainer.step(step, N_STEPS, [(0, slot)]))
        n_spectra.append(slot.n_spectra)
        with torch.no_grad():
            clock("plain features", lambda place=place, batch=batch: plain_features(*place, batch.lengths))
            _time_blocks(clock, model, batch)
    rows = clock.typical()
    return {
        "spectra": statistics.median(n_spectra[N_SKIPPED:]),
        "ms": rows,
        "spectra_per_second": round(1e3 * statistics.median(n_spectra[N_SKIPPED:]) / rows["a whole step"], 1),
    }


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
        for name, milliseconds in result["ms"].items():
            print(f"{name:24s} {milliseconds:8.1f} ms")
        print(f"{result['spectra_per_second']:.0f} spectra a second; {path}")
