"""Training: the losses of the network and the transfer loss, step by step, exact after any interruption."""

import json
import platform
import statistics
import time
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from ..._version import __version__
from ..config import LOSSES
from ..data.batches import SlotMaker, prefetch
from ..instruments.simulation import InstrumentPriors
from ..weights import save_weights
from .card import write_card, write_curve
from .checkpoint import latest_checkpoint, load_checkpoint, save_checkpoint
from .distributed import start_workers
from .record import StepTable, write_text
from .trainer import Trainer
from .validation import Validation

__all__ = ["pretrain"]

# Steps after which the length of a run with a time limit is set, and the share of the limit that it may use.
PROBE_STEPS, PROBE_SKIPPED, PROBE_SHARE = 20, 5, 0.97
RUN_FILE, LOG_FILE, VALIDATION_FILE = "run.json", "log.csv", "validation.csv"
CHECKPOINTS, WEIGHTS = "checkpoints", "weights"
LOG_COLUMNS = ["step", "phase", "learning_rate", *LOSSES, "total", "gradient", "spectra", "seconds"]


def pretrain(
    config,
    corpus,
    out,
    *,
    priors=None,
    steps=None,
    seconds=None,
    resume=False,
    quiet=False,
    device="auto",
    n_workers=None,
) -> Path:
    """Pretrain a network.

    Writes to ``out``: ``run.json`` (settings, data, machine), ``log.csv`` (every loss of every step),
    ``validation.csv`` (transfer losses, from step 0 before any training), ``checkpoints`` (to continue from) and
    ``weights`` (averaged weights that did best on the real pairs, for `skspectral.pretraining.weights.load_weights`,
    with a model card and the curve of their scores).

    A killed run continues with ``resume=True`` and gives the losses that it would have given without the interruption.
    Under torchrun the processes share the slots of every step, with the result of one process.

    Parameters
    ----------
    config : PretrainingConfig
        Settings.
    corpus : Corpus
        Spectra.
    out : path
        Folder of the run.
    priors : InstrumentPriors, optional
        What instruments are like; those fitted to real pairs where None.
    steps : int, optional
        Length of the run instead of that in ``config``.
    seconds : float, optional
        Time limit. Unless ``steps`` is given, too, the length is set after the first steps so that the learning rate
        has fallen by then.
    resume : bool
        Continue from the newest checkpoint, if there is one.
    quiet : bool
        No progress bar.
    device : str
        "auto", "cpu", "cuda" or "cuda:1".
    n_workers : int, optional
        Processes that prepare the data, see `skspectral.pretraining.data.batches.prefetch`; 0 where this process is
        itself a worker that may not start others.

    Returns
    -------
    path
        Folder of the weights.

    Raises
    ------
    ValueError
        If ``out`` holds a run that was not asked to continue, or one with other settings.
    FloatingPointError
        If a loss is not finite.
    """
    workers = start_workers(device)
    precision = torch.get_float32_matmul_precision()
    try:
        torch.set_float32_matmul_precision("high" if config.mixed_precision else "highest")
        run = _Run(config, corpus, Path(out), priors or InstrumentPriors.fitted(), workers, n_workers)
        run.open(steps, seconds, resume)
        return run.train(quiet)
    finally:
        torch.set_float32_matmul_precision(precision)
        workers.stop()


class _Run:
    """A run and its folder."""

    def __init__(self, config, corpus, out, priors, workers, n_workers):
        self.config, self.corpus, self.out, self.priors, self.workers = config, corpus, out, priors, workers
        self.n_workers = n_workers
        self.trainer = Trainer(config, workers)
        self.slots = SlotMaker(corpus, priors, config)
        self.validation = Validation(corpus, priors, config)
        self.done, self.before, self.best, self.since_best = 0, 0.0, float("inf"), 0
        self.step_times, self.validated = [], None

    def open(self, steps, seconds, resume):
        """Start, or continue from the newest checkpoint."""
        self.limit, self.total = seconds, steps or (None if seconds else self.config.steps)
        newest = latest_checkpoint(self.out / CHECKPOINTS, clean=self.workers.is_first)
        if newest and not resume:
            raise ValueError(f"{self.out} holds a run already: continue it with resume, or choose another folder.")
        settings = {
            "config": json.loads(json.dumps(self.config.to_dict())),
            "priors": self.priors.to_dict(),
            "data": {material.name: len(material) for material in self.corpus.materials},
        }
        if newest:
            self.done, tensors, record = load_checkpoint(newest, self.workers.device)
            if record["settings"] != settings:
                changed = _differences(record["settings"], settings)
                raise ValueError(f"{self.out} was trained with other settings: {changed}. Use the same to resume.")
            self.trainer.load_state(tensors)
            self.before, self.validated = record["seconds"], record["validated"]
            self.best, self.since_best = record["best"], record["since_best"]
            self.total = steps or record["total"] or self.total
        self.settings = settings
        if self.workers.is_first:
            self.out.mkdir(parents=True, exist_ok=True)
            self.log = StepTable(self.out / LOG_FILE, LOG_COLUMNS, self.done)
            columns = ["step", "seconds", *self.validation.names, "score", "best"]
            # Step 0, the network before any training, belongs to the start of a run, not to its continuation.
            self.scores = StepTable(self.out / VALIDATION_FILE, columns, self.done if newest else -1)
            self._write_record()
        self.workers.wait()

    def train(self, quiet):
        """Train until the steps are done, the time is up or the validation no longer improves."""
        self.started = time.perf_counter()
        mine = self.workers.share(self.config.slots)
        places = ((step, slot) for step in range(self.done, 2**31) for slot in mine)
        bar = tqdm(total=self.total, initial=self.done, unit="step", disable=quiet or not self.workers.is_first)
        slots = iter(prefetch(self.slots, places, self.n_workers))
        with bar:
            if self.done == 0:
                self._validate()
            while not self._finished():
                began = time.perf_counter()
                values = self.trainer.step(self.done, self.total or 2**31, [next(slots) for _ in mine])
                self.step_times.append(time.perf_counter() - began)
                self.done += 1
                self._report(values, bar)
                self._set_length(bar)
                if self.done % self.config.validate_every == 0:
                    self._validate()
                if self.done % self.config.checkpoint_every == 0:
                    self._checkpoint()
            if self.done != self.validated:
                # The last steps may be the best, also where time ran out before the planned end.
                self._validate()
        if self.workers.is_first:
            self._checkpoint()
            self._write_record()
            write_card(self.out)
            write_curve(self.out)
        self.workers.wait()
        return self.out / WEIGHTS

    def _finished(self):
        over_time = self.limit is not None and self._elapsed() > self.limit
        stopped = self.config.patience and self.since_best >= self.config.patience
        reached = self.total is not None and self.done >= self.total
        return bool(self.workers.agree(float(over_time or stopped or reached)))

    def _elapsed(self):
        return self.before + time.perf_counter() - self.started

    def _set_length(self, bar):
        """With a time limit alone, choose the number of steps once it is known how long one takes."""
        if self.total is None and self.done >= PROBE_STEPS:
            typical = statistics.median(self.step_times[PROBE_SKIPPED:])
            left = PROBE_SHARE * self.limit - self._elapsed()
            self.total = int(self.workers.agree(max(self.done + int(left / typical), self.done + 1)))
            bar.total = self.total
            bar.refresh()

    def _report(self, values, bar):
        rate = values["spectra"] / self.step_times[-1]
        bar.set_postfix(loss=f"{values['total']:.3f}", transfer=f"{values['episodic']:.3f}", spectra=f"{rate:.0f}/s")
        bar.update()
        if self.workers.is_first:
            phase = self.config.phase((self.done - 1) / (self.total or 2**31))
            row = {name: f"{value:.9g}" for name, value in values.items()}
            self.log.append(row | {"step": self.done, "phase": phase, "seconds": f"{self._elapsed():.2f}"})

    def _validate(self):
        """Score the averaged weights, and keep them if they are the best yet."""
        self.validated = self.done
        if self.workers.is_first:
            ema = self.trainer.ema
            scores = self.validation(ema["model"], ema["head"], self.workers.device)
            better = scores["score"] < self.best
            self.best, self.since_best = (scores["score"], 0) if better else (self.best, self.since_best + 1)
            row = {name: f"{value:.9g}" for name, value in scores.items()}
            self.scores.append(row | {"step": self.done, "seconds": f"{self._elapsed():.2f}", "best": int(better)})
            if better:
                metadata = {"step": self.done, "validation": scores, "config": self.config.to_dict()}
                save_weights(self.out / WEIGHTS, ema["model"], ema["head"], metadata=metadata)
        self.since_best = int(self.workers.agree(float(self.since_best)))

    def _checkpoint(self):
        if self.workers.is_first:
            record = {
                "settings": self.settings,
                "total": self.total,
                "seconds": self._elapsed(),
                "best": self.best,
                "since_best": self.since_best,
                "validated": self.validated,
            }
            save_checkpoint(self.out / CHECKPOINTS, self.done, self.trainer.state(), record)

    def _write_record(self):
        """Keep what the run was made of, for the model card."""
        device = self.workers.device
        record = {
            "version": __version__,
            "settings": self.settings,
            "steps": self.done,
            "total": self.total,
            "seconds": self.before if not hasattr(self, "started") else self._elapsed(),
            "device": torch.cuda.get_device_name(device) if device.type == "cuda" else platform.processor() or "CPU",
            "peak_memory": torch.cuda.max_memory_allocated(device) if device.type == "cuda" else None,
            "processes": self.workers.size,
            "torch": torch.__version__,
            "numpy": np.__version__,
            "parameters": self.trainer.model.n_parameters()["total"],
            "without_network": self.validation.plain,
            "score_pairs": self.validation.pairs,
            "data": [
                {
                    "name": material.name,
                    "domain": material.domain,
                    "spectra": len(material),
                    "training": len(material.rows("train")),
                    "channels": len(material.axis),
                    "materials": material.materials,
                    "source": material.source,
                    "licence": material.licence,
                }
                for material in self.corpus.materials
            ],
            "skipped": self.corpus.skipped,
        }
        write_text(self.out / RUN_FILE, json.dumps(record, indent=1) + "\n")


def _differences(old, new):
    """Name the settings that differ."""
    flat = [
        record["config"] | {f"{part}.{k}": v for part in ("priors", "data") for k, v in record[part].items()}
        for record in (old, new)
    ]
    return ", ".join(name for name in sorted(flat[0] | flat[1]) if flat[0].get(name) != flat[1].get(name))
