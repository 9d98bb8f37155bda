"""Probe: what the chemistry and the instrument code say about the instrument, and about the sample."""

import warnings

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.pretraining.real_pairs import held_out_pairs
from benchmarks.pretraining.spectra import Shown, assign_folds, choose_rows, show
from skspectral.pretraining import InstrumentPriors, draw_instruments
from skspectral.pretraining.instruments.grid import average_channels

__all__ = ["SIMULATED", "SPECTRA", "instrument_codes"]

#: How the names of what is measured on simulated instruments begin.
SIMULATED = "simulated: "
SPECTRA = "standardised spectra"
N_INSTRUMENTS, MOST_SAMPLES, N_FOLDS = 8, 60, 5


def instrument_codes(judged, name):
    """Tell instruments, and samples, by the codes of their spectra.

    Parameters
    ----------
    judged : Judged
        Networks and data.
    name : str
        Real pair of instruments, or "simulated: " and a data set, of which eight simulated instruments measure the same
        samples.

    Returns
    -------
    list of dict
        For the codes of each network, and for the spectra themselves: "accuracy" of a linear classifier of the
        instrument on samples that it has not seen, and its "chance"; share of the samples whose nearest neighbour on
        the first two instruments is the sample itself, "matched", and its "match_chance".
    """
    if name.startswith(SIMULATED):
        shown = _simulated(judged, name.removeprefix(SIMULATED))
    else:
        shown = _real(judged, next(pair for pair in held_out_pairs(judged.corpus) if pair.name == name))
    n = len(shown[0].x)
    results = []
    for (network, code), each in _codes(judged, shown).items():
        result = {"network": network, "code": code, "samples": n, "dimensions": each[0].shape[1]}
        result |= {"accuracy": accuracy(each), "chance": 1 / len(each)}
        results.append(result | {"matched": matched(*each[:2]), "match_chance": 1 / n})
    return results


def _codes(judged, shown):
    """Values (n, d) on each instrument, by network ("" for none) and code."""
    codes = {("", SPECTRA): [one.x.numpy() for one in shown]}
    for network, model in judged.networks.items():
        means = [one.encode(model, judged.device).codes.mean.double().cpu().numpy() for one in shown]
        d_chem = model.config.d_chem
        codes[network, "z_chem"] = [mean[:, :d_chem] for mean in means]
        codes[network, "z_inst"] = [mean[:, d_chem:] for mean in means]
    return codes


def accuracy(each):
    """Share of spectra whose instrument is named, by models that have seen other samples: list of (n, d) -> float."""
    n = len(each[0])
    Z, label, sample = np.concatenate(each), np.repeat(np.arange(len(each)), n), np.tile(np.arange(n), len(each))
    folds, right = assign_folds(sample, N_FOLDS), 0
    for fold in np.unique(folds):
        model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500))
        with warnings.catch_warnings():
            # codes that tell instruments apart perfectly let the coefficients grow
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(Z[folds != fold], label[folds != fold])
        right += (model.predict(Z[folds == fold]) == label[folds == fold]).sum()
    return float(right / len(Z))


def matched(first, second):
    """Share of samples (n, d) whose nearest neighbour among those on another instrument is the same sample.

    Every dimension has mean zero and variance one on either instrument: no constant difference is in the way.
    """
    first, second = (StandardScaler().fit_transform(values) for values in (first, second))
    distance = (first**2).sum(1)[:, None] + (second**2).sum(1) - 2 * first @ second.T
    return float(np.mean(distance.argmin(axis=1) == np.arange(len(first))))


def _real(judged, pair):
    grid = np.linspace(*pair.overlap, max(judged.config.n_channels))
    nm = torch.from_numpy(grid).float()
    both = ((pair.X_a, pair.axis_a), (pair.X_b, pair.axis_b))
    spectra = (average_channels(np.asarray(X, dtype=float), axis, grid) for X, axis in both)
    return [Shown(torch.from_numpy(X).float(), nm, 1e7 / nm, "NIR") for X in spectra]


def _simulated(judged, name):
    material = judged.corpus[name]
    shown = show(material, choose_rows(material, MOST_SAMPLES), judged.n_channels(material))
    random = torch.Generator().manual_seed(0)
    priors = InstrumentPriors.fitted()
    measured = []
    for _ in range(N_INSTRUMENTS):
        instrument = draw_instruments(1, priors, random)
        seen = instrument.measure(shown.absorbance, shown.nm, random)
        measured.append(Shown(seen, shown.nm, shown.wavenumbers, shown.domain))
    return measured
