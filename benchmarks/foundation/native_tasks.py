"""Transfer tasks whose instruments have axes of their own, for the weights of what the target measures besides."""

from dataclasses import replace

import numpy as np

from benchmarks.prior.real_pairs import pair_task, scores
from skspectral.pretraining import Corpus

__all__ = ["draw_native_powders", "with_windows"]

LEAST_CHANNELS, LEAST_BEYOND = 20, 20
N_TEST = 20


def with_windows(task, random):
    """Let each instrument of a task see its own part of the axis.

    Parameters
    ----------
    task : Task
        Spectra on one axis.
    random : numpy Generator
        Draws which is the wider one, and the ends.

    Returns
    -------
    Task or None
        The axis is a dict, and rows hold NaN behind the channels of their instrument. None where too little is shared.
    """
    n = len(task.axis)
    kind = random.choice(["target wider", "overlap", "source wider"])
    source = target = (0.0, 1.0)
    start, share = random.uniform(0, 0.4), random.uniform(0.25, 0.5)
    if kind == "target wider":
        source = (start, start + share)
    elif kind == "source wider":
        target = (start, start + share)
    else:
        end = random.uniform(0.35, 0.7)
        source, target = (0.0, end), (end - random.uniform(0.1, 0.3), 1.0)
    if random.random() < 0.5:
        source, target = ((1 - high, 1 - low) for low, high in (source, target))
    windows = {
        name: slice(int(max(low, 0) * n), int(min(high, 1) * n)) for name, (low, high) in (("A", source), ("B", target))
    }
    shared = min(w.stop for w in windows.values()) - max(w.start for w in windows.values())
    if shared < LEAST_CHANNELS:
        return None
    widest = max(window.stop - window.start for window in windows.values())
    X = np.full((len(task.X), widest), np.nan)
    for name, window in windows.items():
        rows = task.instrument == name
        X[rows, : window.stop - window.start] = task.X[rows, window]
    return replace(
        task,
        X=X,
        X_test=task.X_test[:, windows["B"]],
        axis={name: task.axis[window] for name, window in windows.items()},
    )


def draw_native_powders(n_repeats, standards):
    """Yield tasks of handheld instruments that measured the same powders, each over its whole range, in both ways.

    What the source alone sees stands in for references: the target cannot have it from its own channels.
    """
    for pair in Corpus().real_pairs():
        if not pair.name.startswith("drugs_"):
            continue
        sides = [
            (np.asarray(X, float), np.asarray(axis, float))
            for X, axis in ((pair.X_a, pair.axis_a), (pair.X_b, pair.axis_b))
        ]
        low, high = pair.overlap
        for (source, source_axis), (target, target_axis) in (sides, sides[::-1]):
            beyond = (source_axis < low) | (source_axis > high)
            if beyond.sum() < LEAST_BEYOND:
                continue
            y = scores(source[:, beyond])
            for repeat in range(n_repeats):
                order = np.random.default_rng(repeat).permutation(len(y))
                test, train = order[:N_TEST], order[N_TEST:]
                for n in standards:
                    axes = {"A": source_axis, "B": target_axis}
                    yield pair_task(source, target, y, train, test, n, axes, pair.name)
