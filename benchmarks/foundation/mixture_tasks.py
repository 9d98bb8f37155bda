"""Transfer tasks from which the weights of the experts are learned.

Materials that the pretraining left out, seen through two simulated instruments; handheld instruments that measured the
same powders; and those that measured the same feed grain, with references. Nothing here is evaluated on elsewhere.
"""

from dataclasses import replace
from fnmatch import fnmatch

import numpy as np

from benchmarks.foundation.native_tasks import draw_native_powders, with_windows
from benchmarks.prior.real_pairs import draw_pair_tasks, load_pairs, pair_task
from benchmarks.prior.tasks import draw_task, load_materials
from skspectral.pretraining import Corpus
from skspectral.pretraining.config import PretrainingConfig
from skspectral.pretraining.instruments.grid import average_channels

__all__ = ["draw_tasks"]

CORPUS_PAIR, N_TEST = "feedgrain", 30
N_STANDARDS = (5, 10, 20)
# Share of the tasks whose target rows have neither pairs nor references.
UNLABELLED = 0.25


def draw_tasks(n_simulated, n_repeats, seed=0):
    """Yield (kind, Task), the simulated ones first; those of kinds that begin with "native" have two axes."""
    random = np.random.default_rng(seed)
    left_out = PretrainingConfig.load("small").leave_out
    materials = [m for m in load_materials() if any(fnmatch(m[0], pattern) for pattern in left_out)]
    for _ in range(n_simulated):
        task = draw_task(materials, random)
        kind = "measured" if task.measured else "made up"
        yield ("simulated, " + kind, _without_labels(task) if random.random() < UNLABELLED else task)
    for task in [*_feed_grain(n_repeats), *draw_pair_tasks(load_pairs(), n_repeats)]:
        n_standards = int((task.instrument == "B").sum())
        kind = CORPUS_PAIR if task.material == CORPUS_PAIR else "powders"
        if n_standards in N_STANDARDS:
            yield kind, task
        if n_standards == N_STANDARDS[0]:
            yield kind, _without_labels(task)
    random = np.random.default_rng([seed, 1])
    for _ in range(n_simulated):
        task = with_windows(draw_task(materials, random), random)
        if task is not None:
            yield "native, simulated", task
    for task in draw_native_powders(n_repeats, N_STANDARDS):
        yield "native, powders", task


def _without_labels(task):
    """Let half of the test spectra be the only ones of the target that are known, without references."""
    n = len(task.X_test) // 2
    source = task.instrument == "A"
    return replace(
        task,
        X=np.vstack([task.X[source], task.X_test[:n]]),
        y=np.vstack([task.y[source], np.full((n, task.y.shape[1]), np.nan)]),
        instrument=np.array(["A"] * source.sum() + ["B"] * n, dtype=object),
        sample_id=np.concatenate([task.sample_id[source], [None] * n]),
        X_test=task.X_test[n:],
        y_test=task.y_test[n:],
    )


def _feed_grain(n_repeats):
    """Tasks of instruments that measured the same feed grain, in both directions."""
    pair = next(pair for pair in Corpus().real_pairs() if pair.name == CORPUS_PAIR)
    low, high = pair.overlap
    parts = [
        (np.asarray(X, float), np.asarray(axis, float))
        for X, axis in ((pair.X_a, pair.axis_a), (pair.X_b, pair.axis_b))
    ]
    inside = min(((axis >= low) & (axis <= high)).sum() for _, axis in parts)
    grid = np.linspace(low, high, int(inside))
    first, second = (average_channels(X, axis, grid) for X, axis in parts)
    references = np.asarray(pair.y, float).reshape(len(first), -1)
    for repeat in range(n_repeats):
        order = np.random.default_rng(repeat).permutation(len(first))
        test, train = order[:N_TEST], order[N_TEST : N_TEST + 80]
        for source, target in ((first, second), (second, first)):
            for n in N_STANDARDS:
                yield pair_task(source, target, references, train, test, n, grid, CORPUS_PAIR)
