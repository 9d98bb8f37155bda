"""Drift of the spectra themselves, for which no reference is needed."""

from dataclasses import dataclass
from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.decomposition import PCA
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from .._core.validation import validate_spectra
from .._core.versions import VersionedState
from ..diagnostics import SpectralLimits
from ..exceptions import CheckLogError, TooFewCheckSamplesError
from ._dates import as_datetime

__all__ = ["DriftState", "SpectralDrift"]

LEAST_WINDOW = 3
#: What is compared, and what a difference may mean.
KINDS = {
    "mean": "the samples are others on average, or the baseline has moved",
    "covariance": "the samples vary in another way",
    "new shape": "every spectrum has something that the reference period did not have: the instrument has changed",
    "residual size": "single spectra fit less well: noise, or samples of a new kind",
}


class SpectralDrift(VersionedState, BaseEstimator):
    """Compare the spectra of today with those of a reference period, without reference values.

    New spectra are taken in groups in the order of their dates. Each group and the reference period are put into one
    principal component model, and four differences between the two are compared with those of groups drawn at random
    from both together (a permutation test): of the means and of the covariances of the scores, of the mean residual
    spectra, and of the sizes of the residuals. While nothing changes, a share ``alpha`` of the groups alarms, whatever
    the distribution of the spectra.

    Parameters
    ----------
    n_components : int or float, default=0.999
        Components, or the share of the variance of the reference period that they explain.
    window : int, default=20
        Spectra in a group; no more than a third of those of the reference period.
    alpha : float, default=0.01
        Share of groups that alarm by chance, by all four differences together.
    n_permutations : int, default=999
        Random groups; at least ``4 / alpha``.
    random_state : int, RandomState instance or None, default=0

    Attributes
    ----------
    limits_ : SpectralLimits
        Model of the reference period with its limits of Q and T2, by which single spectra are drawn.
    reference_ : ndarray of shape (n_reference, n_channels)
        Its spectra.
    window_ : int
        Spectra in a group.
    n_features_in_ : int

    See Also
    --------
    skspectral.plotting.SpectralDriftDisplay : Draws Q, T2 and the tests over their dates.

    Notes
    -----
    The test takes spectra as exchangeable: a reference period must hold what is usual, all seasons and varieties, or a
    new harvest alarms as a drift does. Scans of one sample count as one: average them first.

    References
    ----------
    Box, G. E. P. (1949), A general distribution theory for a class of likelihood criteria, Biometrika 36, 317-346.
    doi:10.1093/biomet/36.3-4.317

    Examples
    --------
    >>> from skspectral.datasets import make_instruments
    >>> from skspectral.monitoring import SpectralDrift
    >>> X = make_instruments(100, random_state=0).X[:100]
    >>> drift = SpectralDrift().fit(X[:60])
    >>> drift.check(X[60:]).alarm, drift.check(X[60:] + 0.002 * X[60:] ** 2).alarm
    (False, True)
    """

    def __init__(self, n_components=0.999, *, window=20, alpha=0.01, n_permutations=999, random_state=0):
        self.n_components = n_components
        self.window = window
        self.alpha = alpha
        self.n_permutations = n_permutations
        self.random_state = random_state

    def fit(self, X, y=None):
        """Keep the spectra of the reference period.

        Parameters
        ----------
        X : array-like of shape (n_reference, n_channels)
            Spectra of the instrument while its predictions were right, preprocessed as the calibration sees them.
        y : ignored

        Returns
        -------
        SpectralDrift
            Itself.

        Raises
        ------
        ValueError
            If a parameter is out of range.
        TooFewCheckSamplesError
            If there are fewer than 9 spectra.
        """
        if isinstance(self.window, bool) or not isinstance(self.window, Integral) or self.window < LEAST_WINDOW:
            raise ValueError(f"window must be an integer >= {LEAST_WINDOW}, got {self.window!r}.")
        if not 0 < self.alpha < 1:
            raise ValueError(f"alpha must lie between 0 and 1, got {self.alpha!r}.")
        if self.n_permutations < len(KINDS) / self.alpha:
            raise ValueError(
                f"n_permutations must be at least {len(KINDS) / self.alpha:.0f} for alpha={self.alpha:g}, got "
                f"{self.n_permutations!r}."
            )
        X = validate_spectra(self, X, reset=True, min_samples=4, min_channels=2, forbid_constant=True)
        if len(X) < 3 * LEAST_WINDOW:
            raise TooFewCheckSamplesError(
                f"The reference period has {len(X)} spectra; at least {3 * LEAST_WINDOW} are needed."
            )
        self.window_ = min(int(self.window), len(X) // 3)
        self.limits_ = SpectralLimits(self.n_components, alpha=self.alpha).fit(X)
        self.reference_ = X.copy()
        return self

    def check(self, X, dates=None):
        """Compare new spectra with the reference period.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
        dates : sequence of date, datetime, numpy.datetime64 or str of shape (n_spectra,), optional
            When they were measured; by default they are in order.

        Returns
        -------
        DriftState

        Raises
        ------
        TooFewCheckSamplesError
            If there are fewer spectra than in a group.
        CheckLogError
            If a date cannot be read, or there is not one for each spectrum.
        """
        check_is_fitted(self)
        X = validate_spectra(self, X, reset=False, forbid_constant=True)
        if len(X) < self.window_:
            raise TooFewCheckSamplesError(f"There are {len(X)} new spectra, and groups have {self.window_}.")
        if dates is not None:
            dates = [as_datetime(value) for value in dates]
            if len(dates) != len(X):
                raise CheckLogError(f"There are {len(dates)} dates for {len(X)} spectra.")
            order = sorted(range(len(X)), key=dates.__getitem__)
            X, dates = X[order], np.array(dates, dtype=object)[order]
        rng = check_random_state(self.random_state)
        groups = np.arange(len(X) // self.window_ * self.window_).reshape(-1, self.window_)
        p_values = np.array([self._test(X[rows], rng) for rows in groups])
        found = self.limits_.check(X)
        return DriftState(
            dates=dates,
            q=found.q / found.q_limit,
            t2=found.t2 / found.t2_limit,
            groups=groups,
            p_values={kind: p_values[:, j] for j, kind in enumerate(KINDS)},
            alpha=self.alpha,
            difference=np.array([X[rows].mean(axis=0) for rows in groups]) - self.reference_.mean(axis=0),
        )

    def _test(self, group, rng):
        """P value of each difference, (4,)."""
        together = np.vstack([group, self.reference_])
        n, size = len(together), len(group)
        pca = PCA(self.limits_.n_components_, svd_solver="full").fit(together)
        scores = pca.transform(together)
        residuals = together - pca.inverse_transform(scores)
        scores /= np.sqrt(pca.explained_variance_)
        energy = np.sum(residuals**2, axis=1)
        energy = np.log(np.maximum(energy, np.finfo(float).tiny))
        products = residuals @ residuals.T
        drawn = np.argsort(rng.random_sample((self.n_permutations, n)), axis=1)[:, :size]
        at = np.vstack([np.arange(size), drawn])
        inside = scores[at]
        # a covariance of few spectra needs several times as many of them as components
        largest = slice(max(1, size // 5))
        statistics = np.array(
            [
                np.sum(inside.mean(axis=1) ** 2, axis=1),
                _box_m(inside[:, :, largest], scores[:, largest]),
                products[at[:, :, None], at[:, None, :]].sum(axis=(1, 2)),
                np.abs(energy[at].mean(axis=1) - energy.mean()),
            ]
        )
        # the group itself counts among the draws, which makes the test exact
        return np.mean(statistics >= statistics[:, :1] * (1 - 1e-12), axis=1)


def _box_m(inside, scores):
    """Box's M of groups against the rest, (n_groups,); ``inside`` is (n_groups, size, k) of ``scores`` (n, k)."""
    n, size = len(scores), inside.shape[1]
    mean = inside.mean(axis=1)
    centred = inside - mean[:, None]
    within = np.einsum("gik,gil->gkl", centred, centred)
    total = scores.T @ scores
    between = np.einsum("gk,gl->gkl", mean, mean) * size * n / (n - size)
    rest = total - within - between
    pooled = np.linalg.slogdet((within + rest) / (n - 2))[1]
    one, other = (np.linalg.slogdet(part / df)[1] for part, df in ((within, size - 1), (rest, n - size - 1)))
    return (n - 2) * pooled - (size - 1) * one - (n - size - 1) * other


@dataclass(frozen=True, eq=False)
class DriftState:
    """New spectra compared with the reference period; ``print`` says what was found.

    Attributes
    ----------
    dates : ndarray of datetime of shape (n_spectra,) or None
    q, t2 : ndarray of shape (n_spectra,)
        Q and T2 in the model of the reference period, divided by their limits.
    groups : ndarray of int of shape (n_groups, window)
        Spectra of each group; those after the last whole group are not tested.
    p_values : dict of str to ndarray of shape (n_groups,)
        By what is compared: "mean", "covariance", "new shape", "residual size".
    alpha : float
        Share of groups that alarm by chance.
    difference : ndarray of shape (n_groups, n_channels)
        Mean spectrum of each group minus that of the reference period.
    """

    dates: np.ndarray | None
    q: np.ndarray
    t2: np.ndarray
    groups: np.ndarray
    p_values: dict
    alpha: float
    difference: np.ndarray

    @property
    def threshold(self):
        """P value below which one of the four differences alarms."""
        return self.alpha / len(self.p_values)

    @property
    def outside(self):
        """Groups that alarm, ndarray of bool of shape (n_groups,)."""
        return np.any([p <= self.threshold for p in self.p_values.values()], axis=0)

    @property
    def alarm(self):
        """Whether any group alarms."""
        return bool(self.outside.any())

    def name_of(self, spectrum):
        """Date of a spectrum, or its number where there are no dates."""
        return f"spectrum {spectrum + 1}" if self.dates is None else f"{self.dates[spectrum]:%Y-%m-%d}"

    @property
    def advice(self):
        """What to do next, in a sentence."""
        left = len(self.q) - self.groups.size
        rest = f" The last {left} spectra wait for their group to be complete." if left else ""
        if not self.alarm:
            return f"No drift of the spectra. Next: go on measuring.{rest}"
        first = int(np.flatnonzero(self.outside)[0])
        found = [kind for kind, p in self.p_values.items() if p[first] <= self.threshold]
        what = "; ".join(f"{kind} ({KINDS[kind]})" for kind in found)
        return (
            f"ALARM since {self.name_of(self.groups[first, 0])}: {what}. Next: measure a control sample or check "
            f"samples to see whether predictions have suffered.{rest}"
        )

    def __str__(self):
        width = max(12, *(len(kind) + 2 for kind in self.p_values))
        lines = ["from".ljust(14) + "".join(kind.rjust(width) for kind in self.p_values) + "  state"]
        for j, rows in enumerate(self.groups):
            values = "".join(f"{p[j]:.3f}".rjust(width) for p in self.p_values.values())
            state = "ALARM" if self.outside[j] else "as before"
            lines.append(f"{self.name_of(rows[0]):<14}{values}  {state}")
        lines.append(
            f"P values; below {self.threshold:.4f} is an alarm, which {self.alpha:.0%} of groups raise by chance."
        )
        return "\n".join([*lines, self.advice])
