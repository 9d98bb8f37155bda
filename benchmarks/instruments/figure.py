"""Real beside simulated differences in one figure."""

import matplotlib

matplotlib.use("Agg")
import numpy as np
import torch
from matplotlib import pyplot as plt

from benchmarks.instruments.differences import FAMILIES, real_set, simulated_sets

__all__ = ["draw"]

N_SETS = 24


def draw(pairs, measures, path, seed=0):
    """Draw mean difference, spread of the deviations and their components for every pair.

    Parameters
    ----------
    pairs : list of RealPair
        Real pairs.
    measures : dict of str to callable
        For each family of pairs a simulator that knows nothing of it.
    path : path-like
        Where the figure goes.
    seed : int
        Simulated instruments.
    """
    figure, axes = plt.subplots(len(pairs), 3, figsize=(11, 2.1 * len(pairs)), constrained_layout=True)
    for row, pair in zip(axes, pairs):
        random = torch.Generator().manual_seed(seed)
        simulated = simulated_sets(pair, measures[FAMILIES[pair.name]], N_SETS, random)
        for number, one in enumerate([*simulated, real_set(pair)]):
            real = number == N_SETS
            style = {"color": "C3", "lw": 1.8} if real else {"color": "0.6", "lw": 0.6}
            D = one.difference
            rest = D - D.mean(axis=0)
            variances = np.linalg.svd(rest, compute_uv=False)[:15] ** 2
            row[0].plot(one.axis, D.mean(axis=0), **style)
            row[1].semilogy(one.axis, rest.std(axis=0), **style)
            row[2].semilogy(np.arange(1, 16), variances / len(D) / len(one.axis), **style)
        row[0].set_ylabel(pair.name)
    for axis, title in zip(
        axes[0], ("mean difference", "standard deviation of the rest", "variance of its components")
    ):
        axis.set_title(title)
    for axis, label in zip(axes[-1], ("wavelength (nm)", "wavelength (nm)", "component")):
        axis.set_xlabel(label)
    figure.suptitle("Difference between two instruments (absorbance): real (red), simulated (grey)")
    figure.savefig(path, dpi=90)
    plt.close(figure)
