"""How far to trust each expert: weights from errors on standards that none of them has seen."""

import json
from functools import cache
from pathlib import Path

import numpy as np

__all__ = ["expert_weights", "learned_constants", "mix", "network_shares"]

# Fewer errors say nothing.
LEAST_FOR_EVIDENCE = 3
# Errors below this share of the variance of the references count alike: no instrument is exact.
FLOOR = 0.01
LEAST_PRIOR = 1e-100


@cache
def learned_constants():
    """Prior weight of every expert with and without standards, and how much the evidence for either says."""
    return json.loads((Path(__file__).parent / "mixture.json").read_text())


def expert_weights(held_out, variance, *, standards=LEAST_FOR_EVIDENCE, said=None, constants=None):
    """Weigh experts against one another, for every property.

    A weight is a prior one times a power of the expert's mean squared error on held-out standards. The power is small,
    because ten errors tell little, and grows with their number. Priors and power were learned on simulated transfers
    and on real pairs of instruments, none of which the network was trained on.

    With fewer than three standards there is another kind of evidence. What a good calibration says of target spectra
    varies at most as much as the references of the source do, where the samples are of its population; where it varies
    more, the instrument is speaking. Weights fall with what it varies beyond. There are other prior weights without
    standards, and with one or two a geometric mean of both kinds.

    Parameters
    ----------
    held_out : dict of {str: ndarray of shape (n_standards, n_targets)}
        Errors of every expert on standards that it has not seen; NaN where there is no reference.
    variance : ndarray of shape (n_targets,)
        Variance of the references.
    standards : int or ndarray of int of shape (n_targets,)
        How many target samples have a reference or a pair.
    said : dict of {str: ndarray of shape (n_targets,)}, optional
        Variance over target spectra of what every expert says of them; only looked at with fewer than three standards.
    constants : dict, optional
        Others than the learned ones.

    Returns
    -------
    dict of {str: ndarray of shape (n_targets,)}
        Weights from 0 to 1 that sum to 1.
    """
    learned = constants or learned_constants()
    names = list(held_out)
    errors = np.stack([held_out[name] for name in names])
    trust = np.minimum(np.asarray(standards) / LEAST_FOR_EVIDENCE, 1.0)
    score = 0.0
    for key, share in (("prior", trust), ("without_standards", 1 - trust)):
        # a prior of nothing still tells apart what is left when the portfolio is taken away
        score = score + share * np.log(np.maximum([[learned[key][name]] for name in names], LEAST_PRIOR))
    # A calibration that learns from the standards alone is not there without them.
    usable = np.array([np.isfinite(errors[i]).any(axis=0) | (name != "own range") for i, name in enumerate(names)])
    known = (np.isfinite(errors) | ~usable[:, None]).all(axis=0)
    count = known.sum(axis=0)
    squares = np.where(known, np.nan_to_num(errors), 0.0) ** 2
    relative = squares.sum(axis=1) / np.maximum(count, 1) / np.where(variance > 0, variance, 1.0)
    evidence = np.where(count >= LEAST_FOR_EVIDENCE, count / (1 + count / learned["half"]), 0.0)
    score = score - 0.5 * learned["power"] * evidence * np.log(FLOOR + relative)
    if said is not None:
        excess = np.stack([said[name] for name in names]) / np.where(variance > 0, variance, 1.0) - 1
        alone = learned["excess"]
        against = 0.5 * alone["power"] * np.log(alone["floor"] + np.maximum(excess, 0))
        score = np.where(trust < 1, score - against, score)
    score = np.where(usable, score, -np.inf)
    weight = np.exp(score - score.max(axis=0))
    return dict(zip(names, weight / weight.sum(axis=0), strict=True))


def network_shares(weights):
    """Weights of all but the portfolio among one another."""
    others = {name: value for name, value in weights.items() if name != "portfolio"}
    total = sum(others.values())
    return {name: value / total for name, value in others.items()}


def mix(values, weights):
    """Average what experts say (n_spectra, n_targets), with weights by property; without weight, none is heard."""
    return sum(weights[name] * np.where(weights[name] > 0, value, 0.0) for name, value in values.items())
