"""A classifier that tries to tell real differences between instruments from simulated ones."""

import numpy as np
import torch
from sklearn.decomposition import PCA
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold

from benchmarks.instruments.differences import FAMILIES, real_set, simulated_sets
from benchmarks.instruments.statistics import band_powers, on_relative_axis

__all__ = ["VIEWS", "across_pairs", "labelled", "within_pairs"]

N_COMPONENTS, N_TREES = 20, 100
# pairs of simulated instruments beside each real one, each of which gives a tenth of its samples
N_SETS, SHARE = 30, 10
# "deviations": without the mean difference of the pair of instruments, in units of their own root mean square;
# "differences": all there is, in units of how much the samples differ
VIEWS = ("deviations", "differences")


def labelled(pairs, measure, seed, view="deviations"):
    """Differences of samples between instruments, real and simulated.

    Parameters
    ----------
    pairs : list of RealPair
        Real pairs.
    measure : callable
        Simulator, see `simulated_sets`.
    seed : int
        Simulated instruments.
    view : {"deviations", "differences"}
        What is shown of a difference.

    Returns
    -------
    curves : ndarray of shape (n, 64)
        Differences on a relative axis.
    real : ndarray of bool of shape (n,)
        Which are real.
    names : ndarray of str of shape (n,)
        Real pair that each belongs to.
    """
    curves, real, names = [], [], []
    for pair in pairs:
        simulated = simulated_sets(pair, measure, N_SETS, torch.Generator().manual_seed(seed))
        for number, each in enumerate([real_set(pair), *simulated]):
            shown = on_relative_axis(each.difference) / each.size
            if view == "deviations":
                shown = shown - shown.mean(axis=0)
                shown = shown / np.sqrt(np.mean(shown**2))
            if number:
                # rows of simulated sets come in random order, so that each gives other samples
                shown = shown[number % SHARE :: SHARE]
            curves.append(shown)
            real.append(np.full(len(shown), number == 0))
            names.append(np.full(len(shown), pair.name))
    return np.concatenate(curves), np.concatenate(real), np.concatenate(names)


def across_pairs(pairs, measures, seed=0, view="deviations"):
    """Learn from all pairs but one, and tell real from simulated in that one.

    Parameters
    ----------
    pairs : list of RealPair
        Real pairs.
    measures : dict of str to callable
        For each family of pairs a simulator that knows nothing of it.
    seed : int
        Simulated instruments and classifier.
    view : {"deviations", "differences"}
        What is shown of a difference.

    Returns
    -------
    dict of str to float
        Area under the receiver operating curve for each pair.
    """
    areas = {}
    shown = {family: labelled(pairs, measure, seed, view) for family, measure in measures.items()}
    for pair in pairs:
        curves, real, names = shown[FAMILIES[pair.name]]
        test = names == pair.name
        areas[pair.name] = _area(curves[~test], real[~test], curves[test], real[test], seed)
    return areas


def within_pairs(pairs, measures, seed=0, view="deviations"):
    """Tell real from simulated after seeing other samples of the same two real instruments.

    Only instruments that behave exactly like these two could pass: it is the upper end of what can be told apart.

    Parameters
    ----------
    pairs, measures, seed, view
        As for `across_pairs`.

    Returns
    -------
    dict of str to float
        Area under the receiver operating curve for each pair.
    """
    areas = {}
    for pair in pairs:
        X, y, _ = labelled([pair], measures[FAMILIES[pair.name]], seed, view)
        folds = StratifiedKFold(5, shuffle=True, random_state=seed).split(X, y)
        areas[pair.name] = float(np.mean([_area(X[a], y[a], X[b], y[b], seed) for a, b in folds]))
    return areas


def _area(X, y, X_test, y_test, seed):
    pca = PCA(N_COMPONENTS, random_state=seed).fit(X)

    def features(curves):
        return np.hstack([pca.transform(curves), band_powers(curves)])

    model = GradientBoostingClassifier(n_estimators=N_TREES, max_depth=3, subsample=0.7, random_state=seed)
    # real and simulated rows together weigh the same
    model.fit(features(X), y, sample_weight=np.where(y, 1 / y.mean(), 1 / (~y).mean()))
    return float(roc_auc_score(y_test, model.predict_proba(features(X_test))[:, 1]))
