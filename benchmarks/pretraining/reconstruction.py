"""Probe: rebuild hidden blocks of spectra of materials that the network has never seen."""

from functools import partial

import numpy as np
import torch

from benchmarks.pretraining.imputation import choose_imputer, hide, interpolate
from benchmarks.pretraining.spectra import assign_folds, choose_rows, sample_names, show
from skspectral.pretraining.instruments.grid import average_channels, read_rows, standardise

__all__ = ["CORPUS_PCA", "LINEAR", "OWN_PCA", "reconstruction"]

OWN_PCA, CORPUS_PCA, LINEAR = "PCA of the same data set", "PCA of the corpus", "linear interpolation"
MOST_ROWS, N_FOLDS, LEAST_MASKS, MOST_OF_CORPUS = 300, 5, 300, 60
# A data set of the corpus takes part where it covers the axis but for this share, at either end.
TOLERANCE = 0.1
# Masks by which settings are chosen are others than those that methods are judged by.
CHOOSING = 1000


def reconstruction(judged, name):
    """Judge reconstructions of a data set; all methods see the same standardised spectra and the same masks.

    The components of "PCA of the same data set" come from complete spectra of other samples of that data set, measured
    on the same instrument: it knows what no network that has never seen them can know. "PCA of the corpus" comes from
    the data sets that the network was trained on, as far as they cover this axis, with the settings that rebuild whole
    data sets best from the others: it knows as much as the network.

    Parameters
    ----------
    judged : Judged
        Networks and data.
    name : str
        Data set.

    Returns
    -------
    list of dict
        Root mean squared error over the hidden channels, in standard deviations of a spectrum, for each method.
    """
    material = judged.corpus[name]
    rows = choose_rows(material, MOST_ROWS)
    samples = sample_names(material)[rows]
    shown = show(material, rows, judged.n_channels(material))
    x = shown.x.double().numpy()
    draw = partial(_draw, x.shape[1], judged.config)
    fillers = {LINEAR: interpolate, OWN_PCA: _OtherSamples(x, samples, draw)}
    corpus = _corpus_spectra(judged, material, shown.wavenumbers)
    if corpus is not None:
        fillers[CORPUS_PCA] = choose_imputer(*corpus, lambda n: draw(n, CHOOSING)[1])
    squares = {}
    for seed in range(-(-LEAST_MASKS // len(rows))):
        mask, hidden = draw(len(rows), seed)
        filled = {network: _by_network(model, shown, mask, judged.device) for network, model in judged.networks.items()}
        filled |= {method: fill(np.where(hidden, np.nan, x), hidden) for method, fill in fillers.items()}
        for method, prediction in filled.items():
            squares.setdefault(method, []).append(((prediction - x) ** 2)[hidden])
    return [
        {"method": method, "rmse": float(np.sqrt(np.concatenate(parts).mean())), "spectra": len(rows)}
        for method, parts in squares.items()
    ]


def _draw(n_channels, config, n, seed):
    return hide(n, n_channels, config.network().patch_size, config.mask_share, seed)


def _by_network(model, shown, mask, device):
    output = shown.encode(model, device, mask)
    with torch.inference_mode():
        patches = model.reconstruct(output).flatten(1)
    return patches[:, : shown.x.shape[1]].double().cpu().numpy()


class _OtherSamples:
    """Fill spectra by the components of other samples of the same data set."""

    def __init__(self, complete, samples, draw):
        self._folds = assign_folds(samples, N_FOLDS)
        train = [self._folds != fold for fold in np.unique(self._folds)]
        self._fill = [choose_imputer(complete[a], samples[a], lambda n: draw(n, CHOOSING)[1]) for a in train]

    def __call__(self, x, hidden):
        filled = np.empty_like(x)
        for fold, fill in enumerate(self._fill):
            test = self._folds == fold
            filled[test] = fill(x[test], hidden[test])
        return filled


def _corpus_spectra(judged, material, wavenumbers):
    """Spectra (n, L) of the network's training sets on these channels, and the number (n,) of the set of each."""
    grid = wavenumbers.double().numpy()
    order = np.argsort(grid)
    reach = TOLERANCE * (grid.max() - grid.min())
    parts = []
    for other in judged.corpus.materials:
        own = other.axis if other.axis_unit == "cm-1" else 1e7 / other.axis[::-1]
        covers = own[0] <= grid.min() + reach and own[-1] >= grid.max() - reach
        if not covers or other.domain != material.domain or other is material or not judged.sees(other.name):
            continue
        rows = np.random.default_rng(0).permutation(other.rows("train"))[:MOST_OF_CORPUS]
        X = read_rows(other, rows)
        spectra = np.empty((len(rows), len(grid)))
        spectra[:, order] = _on_channels(X if other.axis_unit == "cm-1" else X[:, ::-1], own, grid[order])
        parts.append(standardise(torch.from_numpy(spectra))[0].numpy())
    if len(parts) < 2:
        return None
    return np.concatenate(parts), np.repeat(np.arange(len(parts)), [len(part) for part in parts])


def _on_channels(X, axis, grid):
    """Average spectra over channels (L,), ascending; beyond the ends of their axis they stay level."""
    inside = np.flatnonzero((grid >= axis[0]) & (grid <= axis[-1]))
    within = average_channels(X, axis.astype(float), grid[inside])
    return np.pad(within, ((0, 0), (inside[0], len(grid) - 1 - inside[-1])), mode="edge")
