"""Transfer tasks from which the weights of the experts are learned, and on which the network meets its random twin.

Materials that the pretraining left out, seen through two simulated instruments; handheld instruments that measured the
same powders or feed grain, and laboratory ones that measured the same minerals. Nothing here is evaluated on elsewhere.
"""

from collections import defaultdict
from dataclasses import replace
from fnmatch import fnmatch
from itertools import count

import numpy as np

from benchmarks.foundation.native_tasks import draw_native_powders, with_windows
from benchmarks.prior.materials import load_materials
from benchmarks.prior.real_pairs import draw_pair_settings, load_corpus_pairs, load_pairs
from benchmarks.prior.tasks import draw_setting, draw_task
from skspectral.pretraining.config import PretrainingConfig

__all__ = ["SIMULATED", "draw_settings", "draw_tasks", "left_out_materials"]

# In the order in which they are tried: a run that is stopped early knows the ends.
N_STANDARDS = (0, 10, 3, 5, 1, 2, 30)
NATIVE_STANDARDS = (5, 10, 20)
# Target spectra of further samples, without references: all that is known of the target without standards, and more
# than what one or two standards tell.
N_OTHERS, WITH_OTHERS = 20, (0, 1, 2)
MOST_REFERENCES = 3
#: Kinds of tasks whose instruments are simulated: unlike ones, units of one model, and ones with axes of their own.
SIMULATED = ("simulated", "simulated, like units", "native, simulated")
INSTRUMENTS = dict(zip(SIMULATED, ("unlike", "like")))


def draw_tasks(n_simulated, n_repeats, seed=0):
    """Yield (kind, setting, number of standards, Task); those of kinds that begin with "native" have two axes.

    Settings are numbered within their kind, whatever the number of standards.
    """
    settings = list(draw_settings(n_simulated, n_repeats, seed))
    for n in N_STANDARDS:
        numbers = defaultdict(count)
        for kind, setting in settings:
            yield kind, next(numbers[kind]), n, setting.task(n, setting.others if n in WITH_OTHERS else None)
    random = np.random.default_rng([seed, 1])
    materials = left_out_materials()
    drawn = (with_windows(draw_task(materials, random), random) for _ in range(n_simulated))
    for kind, tasks in (
        ("native, simulated", drawn),
        ("native, powders", draw_native_powders(n_repeats, NATIVE_STANDARDS)),
    ):
        for number, task in enumerate(task for task in tasks if task is not None):
            yield kind, number, int((task.instrument == "B").sum()), task


def draw_settings(n_simulated, n_repeats, seed=0):
    """Yield (kind, Setting) of those tasks whose instruments have one axis, whatever the number of standards."""
    yield from _simulated(n_simulated, seed)
    yield from _pairs(n_repeats)


def left_out_materials():
    """Read the materials that the pretraining left out, as `benchmarks.prior.materials.load_materials` does."""
    patterns = PretrainingConfig.load("small").leave_out
    return [material for material in load_materials() if any(fnmatch(material[0], p) for p in patterns)]


def _simulated(n, seed):
    """Settings of simulated instruments, every third one of like units."""
    random, materials = np.random.default_rng(seed), left_out_materials()
    for number in range(n):
        kind = SIMULATED[number % 3 == 2]
        yield kind, draw_setting(materials, random, INSTRUMENTS[kind], N_OTHERS)


def _pairs(n_repeats):
    """Settings of real pairs, in both directions, with a few of their properties."""
    for number, setting in enumerate(draw_pair_settings(load_pairs() + load_corpus_pairs(), n_repeats, N_OTHERS)):
        columns = np.random.default_rng(number).permutation(setting.y.shape[1])[:MOST_REFERENCES]
        chosen = replace(setting, y=setting.y[:, columns], y_test=setting.y_test[:, columns])
        yield next((kind for kind in ("feedgrain", "usgs") if setting.material.startswith(kind)), "powders"), chosen
