"""Fit the priors of simulated instruments to pairs of real ones, by what their differences look like."""

import numpy as np
import torch

from benchmarks.instruments.differences import FAMILIES, real_set, simulated_sets, simulator
from benchmarks.instruments.statistics import statistics
from skspectral.pretraining import InstrumentPriors

__all__ = ["FITTED", "fit", "mismatch"]

# name: how far the logarithm may stray from its hand-made value (standard deviation): what optics make plausible.
# Six pairs do not say anything about the others: no search moved stretch, nonlinearity, stray light or temperature.
FITTED = {
    "shift": 0.5,
    "width": 0.5,
    "gain": 1.5,
    "gain_shape": 1.5,
    "offset": 1.5,
    "baseline": 1.5,
    "coupling": 1.5,
    "scatter": 1.5,
    "drift": 1.5,
    "packing": 1.5,
    "tail": 0.5,
    "noise": 1.5,
    "spread": 0.5,
    "grade": 1.0,
    "smoothness": 0.5,
    "packing_smoothness": 0.5,
}
# simulated pairs of instruments for each real one, and samples of each, during the search
N_SETS, N_SAMPLES = 16, 24
# statistics of one pair hang together, so that each of them says less than one number's worth
WEIGHT = 0.5
# a few sets do not show their spread exactly
SMALLEST_SPREAD = 0.15


def mismatch(priors, pairs, seed=0):
    """How unlikely the real differences are under the priors.

    Parameters
    ----------
    priors : InstrumentPriors
        Priors to judge.
    pairs : list of RealPair
        Real pairs; those of one family count as one.
    seed : int
        Simulated instruments.

    Returns
    -------
    float
        Negative logarithm of the density of the real pairs' statistics, taken as normal with the mean and the standard
        deviation of the simulated ones.
    """
    families = [FAMILIES[pair.name] for pair in pairs]
    total = 0.0
    for pair, family in zip(pairs, families):
        random = torch.Generator().manual_seed(seed)
        simulated = simulated_sets(pair, simulator(priors), N_SETS, random, N_SAMPLES)
        values = np.array([statistics(one) for one in simulated])
        spread = np.hypot(values.std(axis=0, ddof=1), SMALLEST_SPREAD)
        deviation = (statistics(real_set(pair)) - values.mean(axis=0)) / spread
        # one strange number of one pair must not rule the search: Student's t with 4 degrees of freedom
        total += np.sum(2.5 * np.log1p(deviation**2 / 4) + np.log(spread)) / families.count(family)
    return WEIGHT * float(total)


def fit(pairs, n_rounds=3, seed=0):
    """Search for the priors under which the real differences are most likely.

    One prior after the other is tried at factors above and below, the best value is kept, and every round halves the
    logarithm of the factors. The distance from the hand-made values counts as a penalty. All candidates meet the same
    random numbers.

    Parameters
    ----------
    pairs : list of RealPair
        Pairs of instruments to match.
    n_rounds : int
        Rounds over all priors.
    seed : int
        Simulated instruments.

    Returns
    -------
    priors : InstrumentPriors
        The fitted priors.
    history : list of float
        Criterion before the search and after each round.
    """
    start = InstrumentPriors().to_dict()
    place = dict.fromkeys(FITTED, 0.0)

    def criterion(place):
        penalty = sum((shift / FITTED[name]) ** 2 for name, shift in place.items()) / 2
        return mismatch(_moved(start, place), pairs, seed) + penalty

    best = criterion(place)
    history = [best]
    for number in range(n_rounds):
        for name, width in FITTED.items():
            steps = [step * width / 2**number for step in (-1.6, -0.8, 0.8, 1.6)]
            candidates = [place | {name: place[name] + step} for step in steps]
            values = [criterion(candidate) for candidate in candidates]
            if min(values) < best:
                best, place = min(values), candidates[int(np.argmin(values))]
        history.append(best)
    return _moved(start, place), history


def _moved(start, place):
    """Priors whose logarithms are moved from where they start."""
    changed = {name: float(f"{start[name] * np.exp(shift):.3g}") for name, shift in place.items()}
    return InstrumentPriors(**(start | changed))
