"""Samples measured on two instruments: real pairs of the corpus, and real spectra through simulated instruments."""

from dataclasses import dataclass

import numpy as np

from benchmarks.prior.materials import load_materials
from benchmarks.prior.tasks import draw_measured
from skspectral.pretraining.data.corpus import Corpus
from skspectral.pretraining.data.pair_references import pair_references
from skspectral.pretraining.instruments.grid import average_channels

__all__ = ["KINDS", "Pair", "Split", "blocks", "real_pairs", "simulated_pairs"]

#: How test samples are drawn: at random, or as the upper end of an order of the samples.
KINDS = ("random", "property", "row", "pc1")
TEST_SHARE, MOST_TEST, MOST_SOURCE, LEAST_SAMPLES = 0.3, 40, 120, 30


@dataclass(frozen=True, eq=False)
class Pair:
    """The same samples on two instruments.

    Attributes
    ----------
    name : str
    source, target : ndarray of shape (n_samples, n_channels)
    y : ndarray of shape (n_samples, n_targets)
    axis : ndarray of shape (n_channels,)
        In nm.
    """

    name: str
    source: np.ndarray
    target: np.ndarray
    y: np.ndarray
    axis: np.ndarray


@dataclass(frozen=True, eq=False)
class Split:
    """Rows to fit and to test: the arguments of ``fit``, and target spectra with references.

    Attributes
    ----------
    X, y, instrument, sample_id : ndarray of n_rows rows
    X_test, y_test : ndarray of n_test rows
    """

    X: np.ndarray
    y: np.ndarray
    instrument: np.ndarray
    sample_id: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray

    @property
    def labels(self):
        """What ``fit`` takes beside spectra and references."""
        return {"instrument": self.instrument, "sample_id": self.sample_id}


def real_pairs():
    """Read the pairs of the corpus in SKSPECTRAL_CORPUS, in both directions, list of Pair."""
    pairs = []
    for pair in Corpus().real_pairs():
        low, high = pair.overlap
        sides = [(np.asarray(X, float), np.asarray(axis, float)) for X, axis in _sides(pair)]
        inside = min(int(((axis >= low) & (axis <= high)).sum()) for _, axis in sides)
        if len(pair) < LEAST_SAMPLES or inside < 2:
            continue
        grid = np.linspace(low, high, inside)
        first, second = (average_channels(X, axis, grid) for X, axis in sides)
        y = np.stack(pair_references(pair, first), axis=1)
        known = np.isfinite(y).all(axis=1)
        for direction, (a, b) in (("forth", (first, second)), ("back", (second, first))):
            pairs.append(Pair(f"{pair.name} {direction}", a[known], b[known], y[known], grid))
    return pairs


def _sides(pair):
    return (pair.X_a, pair.axis_a), (pair.X_b, pair.axis_b)


def simulated_pairs(seeds, folder=None):
    """Yield a Pair for each seed: a material of the corpus through two simulated instruments."""
    materials = load_materials(folder)
    for seed in seeds:
        drawn = draw_measured(materials, np.random.default_rng(seed), source_rows="all")
        yield Pair(f"simulated {seed}: {drawn.material}", drawn.source, drawn.target, drawn.y[:, None], drawn.axis)


def blocks(pair, kind, n_standards, seed):
    """Split the samples of a pair; in a block the test samples are the upper end of an order.

    Parameters
    ----------
    pair : Pair
    kind : str
        One of `KINDS`.
    n_standards : int
    seed : int
        Of the random draws.

    Returns
    -------
    Split
    """
    rng = np.random.default_rng(seed)
    n = len(pair.y)
    if kind == "random":
        order = rng.permutation(n)
    elif kind == "property":
        order = np.argsort(pair.y[:, seed % pair.y.shape[1]], kind="stable")
    elif kind == "pc1":
        centred = pair.source - pair.source.mean(axis=0)
        order = np.argsort(np.linalg.svd(centred, full_matrices=False)[0][:, 0], kind="stable")
    else:
        order = np.arange(n)
    if kind != "random" and seed % 2:
        order = order[::-1]
    n_test = min(int(TEST_SHARE * n), MOST_TEST)
    train, test = rng.permutation(order[:-n_test])[:MOST_SOURCE], order[-n_test:]
    standards = train[:n_standards]
    ids = np.array([f"s{i}" for i in range(n)], dtype=object)
    return Split(
        np.concatenate([pair.source[train], pair.target[standards]]),
        np.concatenate([pair.y[train], pair.y[standards]]),
        np.array(["A"] * len(train) + ["B"] * len(standards), dtype=object),
        np.concatenate([ids[train], ids[standards]]),
        pair.target[test],
        pair.y[test],
    )
