"""Probe: calibrations on frozen features, of materials that the network has never seen."""

import numpy as np
import torch

from benchmarks.pretraining.regression import best_pls, pls, ridge
from benchmarks.pretraining.spectra import assign_folds, choose_rows, sample_names, show
from skspectral.pretraining import common_regions, regional_features
from skspectral.pretraining.instruments.grid import read_rows

__all__ = ["ALL", "BEST_PLS", "CHOSEN", "EVERYTHING", "PLS", "RIDGE", "RIDGE_SNV", "frozen", "is_labelled"]

#: Calibrations without a network. The network sees standardised spectra: what that alone does, the last one shows.
PLS, BEST_PLS = "PLS", "PLS, preprocessing chosen"
RIDGE, RIDGE_SNV = "ridge on spectra and slopes", "the same, also on standardised spectra and slopes"
#: Calibrations on features beside those on single stages.
CHOSEN, ALL, EVERYTHING = "chosen stage", "all stages", "all stages, spectra and slopes"
N_FOLDS, MOST_ROWS, MOST_PROPERTIES = 5, 300, 4
LEAST_SAMPLES, LEAST_VALUES = 30, 10


def is_labelled(material):
    """Tell whether a data set has a property that can be calibrated."""
    return bool(properties(material))


def properties(material):
    """Number the references that enough samples have, at most four."""
    if material.labels is None:
        return []
    samples = sample_names(material)
    found = []
    for column, y in enumerate(material.labels.T):
        known = np.isfinite(y)
        if len(np.unique(samples[known])) >= LEAST_SAMPLES and len(np.unique(y[known])) >= LEAST_VALUES:
            found.append(column)
    return found[:MOST_PROPERTIES]


def frozen(judged, name):
    """Cross-validate calibrations of a data set, every setting chosen inside the training samples of each fold.

    Parameters
    ----------
    judged : Judged
        Networks and data.
    name : str
        Data set.

    Returns
    -------
    list of dict
        Root mean squared error of cross-validation of every property and method, and the standard deviation of the
        references.
    """
    material = judged.corpus[name]
    rows = choose_rows(material, MOST_ROWS)
    samples = sample_names(material)[rows]
    X = read_rows(material, rows)
    standardised = (X - X.mean(axis=1, keepdims=True)) / X.std(axis=1, keepdims=True).clip(1e-8)
    plain = [X, np.gradient(X, axis=1), standardised, np.gradient(standardised, axis=1)]
    features = {network: stages(judged, model, material, rows) for network, model in judged.networks.items()}
    results = []
    for column in properties(material):
        y = material.labels[rows, column].astype(float)
        known = np.isfinite(y)
        predictions = _cross_validate(
            y[known],
            samples[known],
            [block[known] for block in plain],
            {network: {stage: F[known] for stage, F in found.items()} for network, found in features.items()},
        )
        for (network, method), prediction in predictions.items():
            result = {"property": str(material.label_names[column]), "network": network, "method": method}
            result["rmsecv"] = float(np.sqrt(np.mean((prediction - y[known]) ** 2)))
            results.append(result | {"sd": float(y[known].std()), "spectra": int(known.sum())})
    return results


@torch.inference_mode()
def stages(judged, model, material, rows):
    """Encode spectra: dict of ndarray of shape (n, R * d_model), features of every stage by its name."""
    shown = show(material, rows, judged.n_channels(material))
    axis = shown.wavenumbers.to(judged.device)
    regions = common_regions(axis, axis, judged.config.n_regions)
    x = shown.x.to(judged.device)
    found = regional_features(model, x, axis.expand(len(x), -1), regions, shown.domain).double().cpu().numpy()
    names = list(shown.encode(model, judged.device).stages)
    return {stage: found[:, number] for number, stage in enumerate(names)}


def _cross_validate(y, samples, plain, features):
    """Predictions of every row by models that have not seen its sample, by network ("" for none) and method."""
    predictions = {}
    folds = assign_folds(samples, N_FOLDS)

    def keep(network, method, test, prediction):
        predictions.setdefault((network, method), np.empty(len(y)))[test] = prediction

    for fold in np.unique(folds):
        a, b = folds != fold, folds == fold
        known = (y[a], samples[a])
        keep("", PLS, b, pls(plain[0][a], *known, plain[0][b])[0])
        keep("", BEST_PLS, b, best_pls(plain[0][a], *known, plain[0][b])[0])
        keep("", RIDGE, b, _ridge(plain[:2], a, b, *known)[0])
        keep("", RIDGE_SNV, b, _ridge(plain, a, b, *known)[0])
        for network, found in features.items():
            each = {stage: _ridge([F], a, b, *known) for stage, F in found.items()}
            for stage, (prediction, _) in each.items():
                keep(network, stage, b, prediction)
            keep(network, CHOSEN, b, min(each.values(), key=lambda result: result[1])[0])
            keep(network, ALL, b, _ridge(list(found.values()), a, b, *known)[0])
            keep(network, EVERYTHING, b, _ridge([*plain[:2], *found.values()], a, b, *known)[0])
    return predictions


def _ridge(blocks, a, b, y, samples):
    return ridge([block[a] for block in blocks], y, samples, [block[b] for block in blocks])
