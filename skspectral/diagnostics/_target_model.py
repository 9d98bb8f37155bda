"""Principal components of a calibration as the target sees it, and the same without some of its samples."""

from dataclasses import dataclass

import numpy as np

__all__ = ["SpectraModel", "folds_of", "in_batches", "mean_shift", "twins_of"]

#: So many spectra are judged at a time: what is computed of them stays in the cache of the processor.
BATCH = 256
N_FOLDS = 10
MOST_SAMPLES = 300


@dataclass(frozen=True, eq=False)
class SpectraModel:
    """Components of spectra that were looked at in one way.

    Attributes
    ----------
    mean : ndarray of shape (n_channels,)
    axes : ndarray of shape (n_components, n_channels)
    variances : ndarray of shape (n_components,)
    noise : ndarray of shape (n_channels,)
        Mean square of the residuals of left-out spectra, channel by channel.
    """

    mean: np.ndarray
    axes: np.ndarray
    variances: np.ndarray
    noise: np.ndarray

    @classmethod
    def of(cls, seen, target, count, noise=None):
        """Model source spectra as the target sees them, and target spectra that weigh as much as a third of them.

        Parameters
        ----------
        seen : ndarray of shape (n_source, n_channels)
        target : ndarray of shape (n_target, n_channels)
        count : int or callable
            Number of components, or a function that gives it for the squared singular values, largest first. With none
            there is no mean either.
        noise : ndarray of shape (n_channels,), optional
        """
        mean = seen.mean(axis=0)
        weight = np.sqrt(max(1.0, len(seen) / (3.0 * max(len(target), 1))))
        centred = np.concatenate([seen - mean, weight * (target - mean)])
        tall = len(centred) > centred.shape[1]
        values, vectors = np.linalg.eigh(centred.T @ centred if tall else centred @ centred.T)
        values, vectors = np.maximum(values[::-1], 0.0), vectors[:, ::-1]
        k = count(values) if callable(count) else min(count, len(values))
        axes = vectors[:, :k].T if tall else (vectors[:, :k] / np.sqrt(np.maximum(values[:k], 1e-300))).T @ centred
        variances = np.maximum(values[:k] / (len(seen) + weight**2 * len(target)), 1e-300)
        mean = mean if k else np.zeros_like(mean)
        # half the digits of the components are enough, and half a model file
        return cls(mean, axes.astype(np.float32), variances, np.ones(len(mean)) if noise is None else noise)

    @property
    def n_components(self):
        return len(self.axes)

    def first(self, k):
        """Give the model with no more than k components."""
        return SpectraModel(self.mean, self.axes[:k], self.variances[:k], self.noise)

    def residuals(self, X):
        """Scores (n_spectra, n_components) and what they leave over (n_spectra, n_channels)."""
        centred = X - self.mean
        scores = centred @ self.axes.T
        centred -= scores @ self.axes
        return scores, centred

    def statistics(self, X):
        """Compute each statistic of the spectra: dict of {name: (n_spectra,)}."""
        scores, left = self.residuals(X)
        return {
            "q": np.einsum("np,np->n", left, left),
            "t2": np.sum(scores**2 / self.variances, axis=1) if self.n_components else np.ones(len(X)),
            "peak": np.max(np.square(left / np.sqrt(self.noise)), axis=1),
        }

    def distances(self, X):
        """Squared distance from the centre, inside the components and outside of them, (n_spectra,)."""
        scores, left = self.residuals(X)
        return np.square(scores) @ (1.0 / self.variances) + np.square(left) @ (1.0 / self.noise)


@dataclass(frozen=True, eq=False)
class Fold:
    """What a model is made of without some samples, and these.

    Attributes
    ----------
    seen : ndarray of shape (n_source, n_channels)
        Source spectra moved to the target.
    target : ndarray of shape (n_target, n_channels)
    shift : ndarray of shape (n_channels,)
        What they were moved by.
    out : ndarray of shape (n_out, n_channels)
        Spectra that were left out.
    on_target : bool
        Whether these are standards, measured on the target, or source spectra that were moved.
    """

    seen: np.ndarray
    target: np.ndarray
    shift: np.ndarray
    out: np.ndarray
    on_target: bool


def in_batches(compute, X):
    """Values of many spectra (n_spectra, n_channels) by a function that gives {name: (n_some,)} for some of them."""
    parts = [compute(X[at : at + BATCH]) for at in range(0, max(len(X), 1), BATCH)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def folds_of(source, target, twin):
    """Leave out source samples, and standards with their source spectra: list of Fold."""
    shift = mean_shift(source, target, twin)
    kept, folds = _thinned(len(source), twin), []
    for first in range(min(N_FOLDS, len(kept))):
        out = kept[first :: min(N_FOLDS, len(kept))]
        folds.append(Fold(np.delete(source, out, axis=0) + shift, target, shift, source[out] + shift, False))
    for out in np.array_split(np.arange(len(target)), min(len(target), 2 * N_FOLDS)):
        rest = np.delete(np.arange(len(target)), out)
        gone = twin[out][twin[out] >= 0]
        mapping = np.full(len(source), -1)
        mapping[np.delete(np.arange(len(source)), gone)] = np.arange(len(source) - len(gone))
        fewer = np.delete(source, gone, axis=0)
        # without the only standard nothing is known of the target: it is as far from the source as it is
        moved = np.zeros_like(shift)
        if len(rest):
            moved = mean_shift(fewer, target[rest], np.where(twin[rest] >= 0, mapping[twin[rest]], -1))
        folds.append(Fold(fewer + moved, target[rest], moved, target[out], True))
    return folds


def twins_of(rows):
    """Position among the source samples of each target sample, -1 where it has none."""
    codes, source_codes = rows.target_samples[2], rows.source_samples[2]
    position = {code: i for i, code in enumerate(source_codes) if code >= 0}
    return np.array([position.get(code, -1) for code in codes])


def mean_shift(source, target, twin):
    """Mean difference of the pairs, else of the two sets: (n_channels,)."""
    paired = twin >= 0
    if paired.any():
        return (target[paired] - source[twin[paired]]).mean(axis=0)
    return target.mean(axis=0) - source.mean(axis=0)


def _thinned(n_source, twin):
    """Source samples whose left-out statistics are computed: all, or an even share of many."""
    others = np.setdiff1d(np.arange(n_source), twin)
    chosen = np.linspace(0, len(others) - 1, min(len(others), MOST_SAMPLES)).astype(int)
    return others[np.unique(chosen)] if len(others) else np.arange(n_source)
