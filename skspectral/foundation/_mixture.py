"""How far to trust the network: its weight beside the portfolio, from errors on standards that neither has seen."""

import json
from functools import cache
from pathlib import Path

import numpy as np

__all__ = ["learned_constants", "network_weight"]

# Fewer errors say nothing.
LEAST_FOR_EVIDENCE = 3


@cache
def learned_constants():
    """Prior weight of the network, how many standards it counts for, and the weight without standards."""
    return json.loads((Path(__file__).parent / "mixture.json").read_text())


def network_weight(portfolio, network, zero_shot=False, constants=None):
    """Weigh the network against the portfolio, for every property.

    The weight that would have been best on the held-out standards is shrunk to a prior one: ten errors tell too little
    to be believed. Prior weight and strength were learned on simulated transfers and on real pairs of instruments, none
    of which the network was trained on.

    Parameters
    ----------
    portfolio, network : ndarray of shape (n_standards, n_targets)
        Errors of both on standards that they have not seen; NaN where there is no reference.
    zero_shot : bool
        Whether there is neither a pair nor a reference on the target, so that the portfolio is a mean shift.
    constants : dict of {str: float}, optional
        Others than the learned ones.

    Returns
    -------
    ndarray of shape (n_targets,)
        Weights from 0 to 1.
    """
    learned = constants or learned_constants()
    known = np.isfinite(portfolio) & np.isfinite(network)
    difference = np.where(known, portfolio - network, 0.0)
    gain = (np.where(known, portfolio, 0.0) * difference).sum(axis=0)
    size = (difference**2).sum(axis=0)
    count = known.sum(axis=0)
    prior = learned["strength"] * size / np.maximum(count, 1)
    enough = (count >= LEAST_FOR_EVIDENCE) & (size > 0)
    weight = (gain + prior * learned["prior"]) / np.where(enough, size + prior, 1.0)
    return np.where(enough, weight.clip(0, 1), learned["without_standards" if zero_shot else "prior"])
