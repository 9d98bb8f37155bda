"""Run lengths of control charts from theory: how many readings pass, on average, until a chart alarms.

A chart walks from value to value and stops beyond its limit. Its mean run length solves an integral equation, which a
quadrature turns into a small linear system; see Page (1954) for CUSUM and Crowder (1987) for EWMA.
"""

from functools import lru_cache

import numpy as np
from scipy.optimize import brentq
from scipy.stats import norm

__all__ = ["Shifted", "Widened", "cusum_walk", "ewma_walk", "find_limit", "run_length", "still_quiet", "two_sided"]

NODES = 48


class Shifted:
    """Deviates of readings with a bias: normal with mean ``shift`` and standard deviation 1."""

    def __init__(self, shift=0.0):
        self.shift = shift

    def pdf(self, x):
        return norm.pdf(x - self.shift)

    def cdf(self, x):
        return norm.cdf(x - self.shift)


class Widened:
    """Spread deviates (see `spread_deviates`) of readings whose standard deviation is ``ratio`` times the usual."""

    def __init__(self, ratio=1.0):
        self.ratio = ratio

    def pdf(self, x):
        size = _size_of(x)
        # ratio of two normal densities, written so that it cannot become 0 / 0
        return norm.pdf(x) / self.ratio * np.exp(size**2 / 2 * (1 - 1 / self.ratio**2))

    def cdf(self, x):
        return 1 - 2 * norm.sf(_size_of(x) / self.ratio)

    @property
    def mean(self):
        """Mean of the spread deviates; 0 where the ratio is 1."""
        x = np.linspace(-9, 9, 3601)
        return float(np.trapezoid(x * self.pdf(x), x))


def _size_of(x):
    """Size of a standard normal reading whose spread deviate is ``x``."""
    return norm.isf(norm.sf(x) / 2)


def cusum_walk(law, k, h):
    """Transition matrix of a one-sided CUSUM between 0 (first row) and quadrature nodes below ``h``."""
    nodes, weights = _nodes(0, h)
    at = np.concatenate([[0.0], nodes])[:, None]
    return np.hstack([law.cdf(k - at), weights * law.pdf(nodes + k - at)])


def ewma_walk(law, weight, limit, *, one_sided=False):
    """Transition matrix of an EWMA that starts at 0 (first row); a one-sided one never falls below 0."""
    nodes, weights = _nodes(0 if one_sided else -limit, limit)
    at = np.concatenate([[0.0], nodes])[:, None]
    stay = (1 - weight) * at
    first = law.cdf(-stay / weight) if one_sided else np.zeros_like(at)
    return np.hstack([first, weights * law.pdf((nodes - stay) / weight) / weight])


def _nodes(low, high):
    x, w = np.polynomial.legendre.leggauss(NODES)
    return low + (x + 1) / 2 * (high - low), w * (high - low) / 2


def run_length(walk):
    """Mean number of readings until the alarm, starting at 0; infinite where it exceeds what floats can tell."""
    if np.abs(walk).sum(axis=1).max() >= 1 + 1e-12 and np.abs(np.linalg.eigvals(walk)).max() >= 1:
        return np.inf
    return float(np.linalg.solve(np.eye(len(walk)) - walk, np.ones(len(walk)))[0])


def still_quiet(walk, n):
    """Probability that ``n`` readings pass without an alarm, starting at 0."""
    return float((np.linalg.matrix_power(walk, n) @ np.ones(len(walk)))[0])


def two_sided(upper, lower):
    """Mean run length of two one-sided CUSUMs together (Van Dobben de Bruyn 1968)."""
    return 1 / (1 / upper + 1 / lower)


def find_limit(run_length_of, wanted):
    """Limit at which an increasing mean run length takes the wanted value."""
    high = 0.5
    while run_length_of(high) < wanted:
        high *= 1.3
    return float(brentq(lambda limit: np.log(run_length_of(limit) / wanted), high / 10, high, xtol=1e-6))


# finer steps gain less than one reading
WEIGHTS = (0.05, 0.1, 0.2, 0.4)


@lru_cache(maxsize=128)
def bias_design(shift, arl):
    """Settings of the charts of bias that are best for a lasting shift, in standard deviations of a reading.

    Returns
    -------
    dict
        ``shewhart`` (limit), ``cusum`` (k, h) and ``ewma`` (weight, limit), each with the in-control run length
        ``arl``.
    """
    k = shift / 2
    h = find_limit(lambda limit: run_length(cusum_walk(Shifted(), k, limit)) / 2, arl)
    ewma = _best_ewma(Shifted(), Shifted(shift), arl, one_sided=False)
    return {"shewhart": float(norm.isf(1 / (2 * arl))), "cusum": (k, h), "ewma": ewma}


@lru_cache(maxsize=128)
def spread_design(ratio, arl):
    """The same for the charts of SEP, for a SEP that grows by ``ratio``; these look upwards only."""
    k = Widened(ratio).mean / 2
    h = find_limit(lambda limit: run_length(cusum_walk(Widened(), k, limit)), arl)
    return {"cusum": (k, h), "ewma": _best_ewma(Widened(), Widened(ratio), arl, one_sided=True)}


def _best_ewma(stable, changed, arl, *, one_sided):
    """Weight and limit of the EWMA that finds the change soonest among those with the wanted run length."""
    designs = []
    for weight in WEIGHTS:
        limit = find_limit(lambda c, w=weight: run_length(ewma_walk(stable, w, c, one_sided=one_sided)), arl)
        designs.append((run_length(ewma_walk(changed, weight, limit, one_sided=one_sided)), weight, limit))
    return min(designs)[1:]
