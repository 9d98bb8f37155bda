"""Whether unlabelled target spectra may be of the population that the source was calibrated on."""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from ._operators import Operator

__all__ = ["PopulationCheck", "check_population"]

ALPHA = 0.01
N_COMPONENTS = 3
RIDGE = 1e-3
LEAST_PAIRS = 2
LEAST_SAMPLES = 8


@dataclass(frozen=True)
class PopulationCheck:
    """Result of :func:`check_population`.

    Attributes
    ----------
    p_value : float
        Smallest of all tests, times their number; NaN where there were too few samples to test anything.
    what : str
        What differs most, in words.
    passed : bool
    """

    p_value: float
    what: str
    passed: bool


def check_population(source, y, unlabelled, pairs, axis):
    """Compare unlabelled target spectra with the source's, after the shift that brings them there.

    Looked at are predictions of a source calibration and the first principal components of first derivatives. Where the
    pairs tell the shift, the means are compared (Welch's test, with the uncertainty of the shift); in any case the
    shapes of the distributions, without place and width (Kolmogorov and Smirnov): widths differ between instruments
    whatever the samples are, and so does the place as long as nothing else tells the shift.

    Parameters
    ----------
    source : ndarray of shape (n_source, n_channels)
    y : ndarray of shape (n_source, n_targets)
        NaN where there is no reference.
    unlabelled : ndarray of shape (n_unlabelled, n_channels)
    pairs : Pairs
    axis : ndarray of shape (n_channels,)
        In nm.

    Returns
    -------
    PopulationCheck
    """
    if len(unlabelled) < LEAST_SAMPLES or len(source) < LEAST_SAMPLES:
        return PopulationCheck(np.nan, "too few samples to compare", True)
    operator = Operator("sg1", axis)
    Z = operator(source)
    scores = _Scores.fit(Z, y)
    here, there = scores(Z), scores(operator(unlabelled))
    names = [f"predictions of property {j}" for j in range(y.shape[1])]
    names += [f"principal component {j + 1}" for j in range(here.shape[1] - len(names))]
    found = [(_same_shape(a, b), f"the shape of the distribution of {n}") for a, b, n in zip(here.T, there.T, names)]
    if len(pairs) >= LEAST_PAIRS:
        shift = scores(operator(pairs.target)) - scores(operator(pairs.source))
        found += [
            (_same_mean(a, b, d), f"the mean of {name}") for a, b, d, name in zip(here.T, there.T, shift.T, names)
        ]
    p, what = min(found)
    p = min(1.0, p * len(found))
    return PopulationCheck(p, what, p >= ALPHA)


@dataclass(frozen=True, eq=False)
class _Scores:
    """Predictions and principal components as linear functions of preprocessed spectra."""

    mean: np.ndarray
    coef: np.ndarray

    @classmethod
    def fit(cls, Z, y):
        mean = Z.mean(axis=0)
        centred = Z - mean
        axes = np.linalg.svd(centred, full_matrices=False)[2][:N_COMPONENTS]
        columns = []
        for reference in y.T:
            known = np.isfinite(reference)
            part = Z[known] - Z[known].mean(axis=0)
            kernel = part @ part.T
            kernel += RIDGE * (np.trace(kernel) / len(part) or 1.0) * np.eye(len(part))
            columns.append(part.T @ np.linalg.solve(kernel, reference[known] - reference[known].mean()))
        return cls(mean, np.column_stack([*columns, *axes]))

    def __call__(self, Z):
        return (Z - self.mean) @ self.coef


def _same_shape(a, b):
    """P-value of two samples having one distribution but for place and width."""
    a, b = (x - np.median(x) for x in (a, b))
    a, b = (x / (np.median(np.abs(x)) or 1.0) for x in (a, b))
    return float(stats.ks_2samp(a, b).pvalue)


def _same_mean(a, b, shift):
    """P-value of two samples having one mean but for a shift that a few pairs tell."""
    parts = [x.var(ddof=1) / len(x) for x in (a, b, shift)]
    total = sum(parts)
    if total == 0:
        return 1.0
    freedom = total**2 / sum(part**2 / (len(x) - 1) for part, x in zip(parts, (a, b, shift)))
    t = (b.mean() - shift.mean() - a.mean()) / np.sqrt(total)
    return float(2 * stats.t.sf(abs(t), freedom))
