"""How sure a mean over cells, materials or pairs is."""

import numpy as np

__all__ = ["interval"]

BOOTSTRAPS = 2000


def interval(values):
    """Bootstrap interval, at 95 %, of the mean of values (n,): ndarray of shape (2,)."""
    random = np.random.default_rng(0)
    means = values[random.integers(len(values), size=(BOOTSTRAPS, len(values)))].mean(axis=1)
    return np.quantile(means, [0.025, 0.975])
