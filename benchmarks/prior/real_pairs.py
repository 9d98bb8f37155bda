"""Transfer tasks between real handheld spectrometers that measured the same powders.

The samples have no references. What one of the instruments sees outside the range that both share stands in for them:
it is chemistry, and no instrument's noise on the shared range is in it.
"""

import os
from pathlib import Path

import numpy as np

from benchmarks.prior.tasks import Setting, Task
from skspectral.pretraining import Corpus

__all__ = ["draw_pair_settings", "draw_pair_tasks", "load_corpus_pairs", "load_pairs", "pair_task", "scores"]

# the sets of a pair, and the range in nm of each that stands in for the references
PAIRS = (
    (("drugs_micronir_K", 908.0, 1250.0), ("drugs_neospectra_K", 1720.0, 2600.0)),
    (("drugs_micronir_T", 908.0, 1500.0), ("drugs_nirone_T", 1700.0, 1950.0)),
)
STEP = 4.0
N_COMPONENTS = 4
N_TEST = 20
MOST_SOURCE = 120
N_STANDARDS = (3, 5, 10, 15, 20, 30)


def load_pairs(folder=None):
    """Read the pairs as (name, spectra of one instrument, of the other, axis in nm, references)."""
    folder = Path(folder or os.environ["SKSPECTRAL_CORPUS"])
    pairs = []
    for sides in PAIRS:
        read = []
        for stem, low, high in sides:
            with np.load(folder / f"{stem}.npz") as stored:
                X, axis = stored["X"].astype(float), stored["axis"].astype(float)
                ids = [str(value) for value in np.ravel(stored["y"])]
            read.append((X, axis, ids, (axis >= low) & (axis <= high)))
        common = sorted(set(read[0][2]) & set(read[1][2]))
        grid = np.arange(np.ceil(max(axis[0] for _, axis, _, _ in read)), min(axis[-1] for _, axis, _, _ in read), STEP)
        spectra, references = [], []
        for X, axis, ids, beyond in read:
            rows = [ids.index(name) for name in common]
            spectra.append(np.stack([np.interp(grid, axis, row) for row in X[rows]]))
            references.append(scores(X[rows][:, beyond]))
        name = " and ".join(stem for stem, _, _ in sides)
        pairs.append((name, *spectra, grid, np.hstack(references)))
    return pairs


def scores(X):
    """First principal components of SNV spectra, with unit variance: (n_spectra, n_channels) to (n_spectra, 4)."""
    X = (X - X.mean(axis=1, keepdims=True)) / X.std(axis=1, keepdims=True)
    left = np.linalg.svd(X - X.mean(axis=0), full_matrices=False)[0]
    return left[:, :N_COMPONENTS] * np.sqrt(len(X))


def draw_pair_tasks(pairs, n_repeats):
    """Yield tasks of every pair, in both directions, with several numbers of standards."""
    for name, first, second, grid, y in pairs:
        for source, target in ((first, second), (second, first)):
            for repeat in range(n_repeats):
                order = np.random.default_rng(repeat).permutation(len(y))
                test, train = order[:N_TEST], order[N_TEST:]
                for n in N_STANDARDS:
                    yield pair_task(source, target, y, train, test, n, grid, name)


def load_corpus_pairs():
    """Read the further pairs: feed grain with its measured protein, powders on a third pair, minerals.

    Of minerals the spectra below 1900 nm are read; what both instruments see above 2000 nm stands in for references.
    """
    pairs = []
    for pair in Corpus().real_pairs():
        if pair.name == "feedgrain":
            axis, first, second = pair.aligned()
            pairs.append((pair.name, first, second, axis, np.asarray(pair.y, float).reshape(len(first), -1)))
        elif pair.name.startswith("usgs"):
            below, beyond = pair.axis_a < 1900, pair.axis_a > 2000
            references = np.hstack([scores(np.asarray(X[:, beyond], float)) for X in (pair.X_a, pair.X_b)])
            first, second = (np.asarray(X[:, below], float) for X in (pair.X_a, pair.X_b))
            pairs.append((pair.name, first, second, pair.axis_a[below].astype(float), references))
        elif pair.name == "drugs_P":
            axis, first, second = pair.aligned()
            beyond = scores(np.asarray(pair.X_a[:, pair.axis_a > axis[-1]], float))
            pairs.append((pair.name, first, second, axis, beyond))
    return pairs


def draw_pair_settings(pairs, n_repeats, n_others=20):
    """Yield settings of every pair, in both directions: at random, and ordered by rows."""
    for name, first, second, grid, y in pairs:
        for source, target in ((first, second), (second, first)):
            for repeat in range(n_repeats):
                rng = np.random.default_rng(repeat)
                n = len(y)
                order = rng.permutation(n)
                if repeat % 4 == 3:
                    # neighbours in the file are alike: tests are one run of rows, standards come from the others
                    order = np.roll(np.arange(n), int(rng.integers(n)))
                    order[N_TEST:] = rng.permutation(order[N_TEST:])
                n_free = min(n_others, (n - N_TEST) // 4)
                test, others, train = np.split(order, [N_TEST, N_TEST + n_free])
                train = train[:MOST_SOURCE]
                yield Setting(
                    source[train], target[train], y[train], target[others], target[test], y[test], grid, name, True
                )


def pair_task(source, target, y, train, test, n_standards, axis, material):
    """Make a task of the same samples on two instruments.

    Parameters
    ----------
    source, target : ndarray of shape (n_samples, n_channels)
        Spectra; where the numbers of channels differ, rows of the narrower instrument end with NaN.
    y : ndarray of shape (n_samples, n_targets)
        References.
    train, test : ndarray of int
        Samples to calibrate with, the first of which are the standards, and to test.
    n_standards : int
        Number of standards.
    axis : ndarray, or dict of {"A" and "B": ndarray}
        Axis of both, or of each, in nm.
    material : str
        What the task is named by.
    """
    standards = train[:n_standards]
    X = np.full((len(train) + len(standards), max(source.shape[1], target.shape[1])), np.nan)
    X[: len(train), : source.shape[1]] = source[train]
    X[len(train) :, : target.shape[1]] = target[standards]
    return Task(
        X=X,
        y=np.vstack([y[train], y[standards]]),
        instrument=np.array(["A"] * len(train) + ["B"] * len(standards), dtype=object),
        sample_id=np.array([f"s{i}" for i in (*train, *standards)], dtype=object),
        X_test=target[test],
        y_test=y[test],
        axis=axis,
        material=material,
        measured=True,
    )
