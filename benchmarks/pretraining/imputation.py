"""Filling hidden channels of spectra without a network: principal components, and straight lines."""

import numpy as np
import torch

from benchmarks.pretraining.spectra import assign_folds
from skspectral.pretraining import block_mask

__all__ = ["Components", "choose_imputer", "hide", "interpolate"]

N_COMPONENTS = (1, 2, 3, 5, 8, 12, 16, 20, 25, 30, 40)
# By how much spectra of other origin may lie further from the components than those that these come from.
NOISE_FACTORS = (1.0, 10.0, 100.0)
N_FOLDS, MOST_JUDGED = 4, 20
LEAST_NOISE = 1e-8


class Components:
    """Principal components of complete spectra.

    Parameters
    ----------
    X : ndarray of shape (n, L)
        Spectra.
    """

    def __init__(self, X):
        self.mean = X.mean(axis=0)
        _, singular, self.directions = np.linalg.svd(X - self.mean, full_matrices=False)
        self.variance = singular**2 / max(len(X) - 1, 1)

    def fill(self, x, hidden, n_components, noise_factor=1.0):
        """Give hidden channels their expected value under a Gaussian.

        Parameters
        ----------
        x : ndarray of shape (n, L)
            Spectra; what is hidden does not matter.
        hidden : ndarray of bool of shape (n, L)
            Channels to fill.
        n_components : int
            Leading components, with their variances; all other directions share one variance.
        noise_factor : float
            Factor of that variance.

        Returns
        -------
        ndarray of shape (n, L)
            Complete spectra.
        """
        n_components = min(n_components, len(self.variance))
        loadings = self.directions[:n_components].T
        rest = self.variance[n_components:].sum() / max(x.shape[1] - n_components, 1)
        noise = noise_factor * max(rest, LEAST_NOISE)
        prior = np.diag(noise / np.maximum(self.variance[:n_components], LEAST_NOISE))
        filled = x.copy()
        for row, gone in zip(filled, hidden):
            seen = loadings[~gone]
            scores = np.linalg.solve(seen.T @ seen + prior, seen.T @ (row - self.mean)[~gone])
            row[gone] = self.mean[gone] + loadings[gone] @ scores
        return filled


def choose_imputer(X, groups, make_hidden):
    """Choose the settings of `Components.fill` that rebuild groups of spectra best from the other groups.

    Parameters
    ----------
    X : ndarray of shape (n, L)
        Complete spectra.
    groups : ndarray of shape (n,)
        What is left out together: a sample, or a data set where spectra of others are to be filled.
    make_hidden : callable
        Gives the channels to hide, (n, L), for a number of spectra.

    Returns
    -------
    callable
        Fills spectra (n, L) whose channels (n, L) are hidden.
    """
    settings = [(k, factor) for k in N_COMPONENTS for factor in NOISE_FACTORS]
    squares, folds = np.zeros(len(settings)), assign_folds(groups, N_FOLDS, seed=1)
    for fold in np.unique(folds):
        components = Components(X[folds != fold])
        judged = np.flatnonzero(folds == fold)
        # as many spectra of each group, so that one large data set does not decide for all
        judged = np.concatenate([judged[groups[judged] == group][:MOST_JUDGED] for group in np.unique(groups[judged])])
        hidden = make_hidden(len(judged))
        for number, each in enumerate(settings):
            squares[number] += ((components.fill(X[judged], hidden, *each) - X[judged]) ** 2)[hidden].sum()
    best = settings[int(np.argmin(squares))]
    components = Components(X)
    return lambda x, hidden: components.fill(x, hidden, *best)


def interpolate(x, hidden):
    """Draw straight lines through what is hidden, level beyond the last channel that is not."""
    place = np.arange(x.shape[1])
    return np.stack([np.interp(place, place[~gone], row[~gone]) for row, gone in zip(x, hidden)])


def hide(n, n_channels, patch_size, share, seed):
    """Choose blocks of patches to hide in ``n`` spectra: mask (n, n_patches) and channels (n, n_channels)."""
    n_patches = -(-n_channels // patch_size)
    random = torch.Generator().manual_seed(seed)
    mask = block_mask(torch.full((n,), n_patches), n_patches, random, share=share)
    return mask, mask.repeat_interleave(patch_size, 1)[:, :n_channels].numpy()
