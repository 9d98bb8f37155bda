"""Whether test-time training and low-rank updates are worth their time, on tasks that the pretraining left out.

Test-time training without standards, with target spectra of three kinds: of other samples of the source's population,
of the samples that the source was calibrated on, and of another population, as are then the samples that are tested.
Low-rank updates with so many standards that something can be left out. Both against the network as it comes, on the
same task: nothing here chooses.
"""

import json
import warnings
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import count
from unittest.mock import patch

import numpy as np
from tqdm import tqdm

from benchmarks.foundation.mixture_tasks import draw_settings
from skspectral import SpectralFMTransfer
from skspectral.foundation import TestTimeTraining, _fitting
from skspectral.foundation._mixture import mix
from skspectral.nn import SpectralFM

__all__ = ["EXPERTS", "OTHER_SAMPLES", "POPULATIONS", "collect"]

EXPERTS = ("portfolio", "network", "mixture")
OTHER_SAMPLES, SAME_SAMPLES, OTHER_POPULATION = POPULATIONS = ("other samples", "same samples", "other population")
N_UNLABELLED = 20
STEPS = (5, 10, 30)
LORA_STANDARDS, LORA_STEPS = (10, 20, 50), 20
# Source samples that a task keeps beside its standards.
LEAST_MORE = 10
#: Parameters that test-time training may change, and its rate: normalisation as it comes, faster, and everything.
PARAMETERS = {
    "normalisation": (SpectralFM.normalisation_parameters, 1e-3),
    "normalisation, tenfold rate": (SpectralFM.normalisation_parameters, 1e-2),
    "all": (SpectralFM.named_parameters, 1e-4),
}
SHIPPED = "normalisation"
LABELS = ("kind", "setting", "standards", "target", "adapted", "steps")


def collect(path, weights, n_simulated, n_repeats, quiet=False):
    """Append the errors with and without adaptation to a file of JSON lines, but for what it holds already.

    Parameters
    ----------
    path : Path
        The file.
    weights : str or path
        Pretrained weights.
    n_simulated, n_repeats : int
        Numbers of simulated settings, and of splits of the real pairs.
    quiet : bool
        No progress bar.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    numbers = {}
    with path.open("a+") as file:
        file.seek(0)
        done = {tuple(record[name] for name in LABELS): record for record in map(json.loads, file)}
        settings = list(draw_settings(n_simulated, n_repeats))
        for kind, setting in tqdm(settings, unit="setting", disable=quiet):
            number = next(numbers.setdefault(kind, count()))
            stopped = {}
            for labels, task, changes in _runs(kind, number, setting):
                # training that stopped before goes no further with more steps allowed
                early = stopped.get(labels[:-1])
                record = done.get(labels) or (early and early | {"steps": labels[-1]})
                if record is None:
                    record = dict(zip(LABELS, labels)) | {"weights": str(weights), "material": task.material}
                    record |= _errors(task, weights, *changes)
                if record["used"] is not None and record["used"] < labels[-1]:
                    stopped[labels[:-1]] = record
                if labels not in done:
                    print(json.dumps(record), file=file, flush=True)


def _runs(kind, number, setting):
    """Yield (labels, task, (parameters of the model, what is trained)) of one setting."""
    for target in POPULATIONS:
        task = without_standards(setting, target)
        yield (kind, number, 0, target, "nothing", 0), task, ({}, SHIPPED)
        for adapted in PARAMETERS if target == OTHER_SAMPLES else (SHIPPED,):
            for steps in STEPS if adapted == SHIPPED else (max(STEPS),):
                yield (kind, number, 0, target, adapted, steps), task, ({"ttt_steps": steps}, adapted)
    for n in LORA_STANDARDS:
        if len(setting.source) >= n + LEAST_MORE:
            task = setting.task(n)
            yield (kind, number, n, "standards", "nothing", 0), task, ({}, SHIPPED)
            changes = {"adapt": "lora", "adapt_steps": LORA_STEPS}
            yield (kind, number, n, "standards", "lora", LORA_STEPS), task, (changes, SHIPPED)


def without_standards(setting, target):
    """Make the task without standards, with unlabelled target spectra of one of `POPULATIONS`.

    Another population is one end of the range of the first reference: those samples leave the source, and of the test
    samples those within that range are kept, at least a third.
    """
    if target == OTHER_SAMPLES:
        return setting.task(0, setting.others)
    if target == SAME_SAMPLES:
        return setting.task(0, setting.target[:N_UNLABELLED])
    y = setting.y.reshape(len(setting.y), -1)[:, 0]
    y_test = setting.y_test.reshape(len(setting.y_test), -1)[:, 0]
    order = np.argsort(-np.nan_to_num(y, nan=-np.inf))
    high, rest = np.split(order, [min(N_UNLABELLED, len(y) // 3)])
    tested = np.argsort(-np.nan_to_num(y_test, nan=-np.inf))[: max((y_test >= y[high].min()).sum(), len(y_test) // 3)]
    without = replace(setting, source=setting.source[rest], target=setting.target[rest], y=setting.y[rest])
    without = replace(without, X_test=setting.X_test[tested], y_test=setting.y_test[tested])
    return without.task(0, setting.target[high])


@contextmanager
def _training(adapted):
    """Let test-time training change other parameters than those that it is meant for."""
    parameters, rate = PARAMETERS[adapted]
    with (
        patch.object(SpectralFM, "normalisation_parameters", parameters),
        patch.object(_fitting, "TestTimeTraining", partial(TestTimeTraining, learning_rate=rate)),
    ):
        yield


def _errors(task, weights, changes, adapted):
    """Mean squared errors of the experts and the mixture over the variance of ``y``, and steps that were made."""
    model = SpectralFMTransfer(weights, wavelengths=task.axis, source="A", target="B", device="cpu", **changes)
    with warnings.catch_warnings(), _training(adapted):
        warnings.simplefilter("ignore")
        model.fit(task.X, task.y, instrument=task.instrument, sample_id=task.sample_id)
        found = {name: p.reshape(len(task.X_test), -1) for name, p in model.predict_experts(task.X_test).items()}
    found["mixture"] = mix(found, model.expert_weights_)
    variance = np.nanvar(task.y[task.instrument == "A"], axis=0)
    errors = {name: np.nanmean((task.y_test - p) ** 2, axis=0) / variance for name, p in found.items()}
    losses = model.ttt_losses_
    return {
        "errors": {name: [float(f"{e:.5g}") for e in errors[name]] for name in EXPERTS},
        "used": len(losses) - 1 if losses else None,
        "reconstruction": [losses[0], min(losses)] if losses else None,
    }
