"""The stopping rule: what further standards would buy, with its uncertainty."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from scipy.optimize import nnls

from ..exceptions import TooFewStandardsError

__all__ = ["StandardsCurve", "StandardsGain", "fit_error_curve"]

LEAST_POINTS = 4
POWERS = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)
N_BOOTSTRAP = 400
COVERAGE = 0.8


@dataclass(frozen=True, eq=False)
class StandardsGain:
    """What further standards are expected to buy; arrays of shape (n_targets,).

    Attributes
    ----------
    further : int
        How many standards more.
    now, then : ndarray
        Expected RMSEP with the standards there are, and with the further ones.
    low, high : ndarray
        Limits of the 80 % interval of ``now - then``.
    """

    further: int
    now: np.ndarray
    then: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @property
    def gain(self):
        """Expected decrease of the RMSEP."""
        return self.now - self.then


@dataclass(frozen=True, eq=False)
class StandardsCurve:
    r"""RMSEP against the number of standards.

    The curve :math:`\mathrm{RMSEP}^2(n) = c + a / n^p` with :math:`a, c \ge 0` and :math:`p` from 1/2 to 8 is fitted to
    the means over the repeats. The mean squared error of what is estimated from :math:`n` standards falls as
    :math:`1 / n` towards what no standard can remove, and faster where :math:`n` has to pass the number of parameters
    first. The uncertainty comes from a bootstrap over the held-out standards and the repeats.

    Attributes
    ----------
    n_standards : ndarray of int of shape (n_sizes,)
        Numbers of standards tried.
    squared_errors : ndarray of shape (n_repeats, n_sizes, n_tested, n_targets)
        Of each held-out standard; NaN without a reference.
    n_available : int
        Standards in the data; the advice starts from there.
    sample_id : list
        The held-out standards.
    target_names : list of str
        The properties.
    worthwhile : float
        Relative improvement that is worth the work.
    """

    n_standards: np.ndarray
    squared_errors: np.ndarray
    n_available: int
    sample_id: list = field(repr=False)
    target_names: list
    worthwhile: float = 0.05

    @property
    def rmsep_of_repeats(self):
        """RMSEP over the held-out standards, ndarray of shape (n_repeats, n_sizes, n_targets)."""
        return np.sqrt(np.nanmean(self.squared_errors, axis=2))

    @property
    def rmsep(self):
        """Root of the mean squared error over repeats and held-out standards, (n_sizes, n_targets)."""
        return np.sqrt(np.nanmean(self.squared_errors, axis=(0, 2)))

    @cached_property
    def coefficients(self):
        """``c``, ``a`` and ``p`` of the fitted curves, ndarray of shape (n_targets, 3).

        Raises
        ------
        TooFewStandardsError
            With fewer than four numbers of standards.
        """
        self._check_points()
        return np.array([fit_error_curve(self.n_standards, column**2) for column in self.rmsep.T])

    def predict(self, n):
        """Read the fitted curves.

        Parameters
        ----------
        n : array-like of shape (n_points,)
            Numbers of standards.

        Returns
        -------
        ndarray of shape (n_points, n_targets)
            Expected RMSEP.
        """
        return _read(self.coefficients, n)

    def gain(self, further=5):
        """Estimate what further standards would buy.

        Parameters
        ----------
        further : int, default=5
            How many more; at most as many as there are.

        Returns
        -------
        StandardsGain

        Raises
        ------
        TooFewStandardsError
            With fewer than four numbers of standards.
        ValueError
            If ``further`` would more than double the standards, which the curve cannot tell.
        """
        if isinstance(further, bool) or not isinstance(further, (int, np.integer)) or further < 1:
            raise ValueError(f"further must be an integer >= 1, got {further!r}.")
        self._check_points()
        if further > self.n_available:
            raise ValueError(
                f"{further} further standards would more than double the {self.n_available} there are; the curve "
                "cannot be extrapolated so far."
            )
        steps = [self.n_available, self.n_available + further]
        now, then = self.predict(steps)
        gains = np.array([np.subtract(*_read(c, steps)) for c in self._resampled_coefficients])
        tail = (1 - COVERAGE) / 2
        low, high = np.quantile(gains, [tail, 1 - tail], axis=0)
        return StandardsGain(int(further), now, then, low, high)

    @property
    def advice_(self):
        """What to do next, in words and numbers, one line per property."""
        if len(self.n_standards) < LEAST_POINTS:
            return (
                f"The error is known for {len(self.n_standards)} numbers of standards; at least {LEAST_POINTS} are "
                "needed to say what further standards would buy."
            )
        return "\n".join(self._advise(self.gain(min(5, self.n_available)), j) for j in range(len(self.target_names)))

    def _advise(self, gain, j):
        now, low, high = gain.now[j], gain.low[j], gain.high[j]
        share = 0.0 if now == 0 else gain.gain[j] / now
        if low > self.worthwhile * now:
            verdict = "measure them"
        elif high < self.worthwhile * now:
            verdict = "stop here"
        else:
            verdict = "too uncertain to tell whether that is worth it"
        return (
            f"{self.target_names[j]}: RMSEP about {now:.3g} with {self.n_available} standards; {gain.further} more "
            f"would buy about {gain.gain[j]:.2g} ({share:.0%}; {COVERAGE:.0%} interval {low:.2g} to {high:.2g}): "
            f"{verdict}."
        )

    def __str__(self):
        width = max(8, *(len(name) for name in self.target_names)) + 2
        lines = ["standards".ljust(10) + "".join(name.rjust(width) for name in self.target_names)]
        for n, row in zip(self.n_standards, self.rmsep):
            lines.append(f"{n:<10d}" + "".join(f"{value:.4g}".rjust(width) for value in row))
        return "\n".join([*lines, self.advice_])

    def _check_points(self):
        if len(self.n_standards) < LEAST_POINTS:
            raise TooFewStandardsError(
                f"A curve through {len(self.n_standards)} numbers of standards is not extrapolated; at least "
                f"{LEAST_POINTS} are needed."
            )

    @cached_property
    def _resampled_coefficients(self):
        """Coefficients (n_bootstrap, n_targets, 3) with repeats and held-out standards drawn again."""
        rng = np.random.default_rng(0)
        n_repeats, _, n_tested, _ = self.squared_errors.shape
        fits = []
        while len(fits) < N_BOOTSTRAP:
            repeats = rng.integers(n_repeats, size=n_repeats)
            drawn = self.squared_errors[repeats][:, :, rng.integers(n_tested, size=n_tested)]
            # a property with few references may be missing from a draw
            if np.isfinite(drawn[0, 0]).any(axis=0).all():
                fits.append([fit_error_curve(self.n_standards, column) for column in np.nanmean(drawn, axis=(0, 2)).T])
        return np.array(fits)


def fit_error_curve(n_standards, mean_squares):
    """Fit ``c + a / n**p`` with ``a, c >= 0`` to mean squared errors, relative deviations weighted equally.

    Parameters
    ----------
    n_standards : array-like of shape (n_points,)
    mean_squares : array-like of shape (n_points,)

    Returns
    -------
    ndarray of shape (3,)
        ``c``, ``a`` and ``p``; the smallest power of those that fit best.
    """
    n, squares = np.asarray(n_standards, dtype=np.float64), np.asarray(mean_squares, dtype=np.float64)
    if not squares.any():
        return np.array([0.0, 0.0, 1.0])
    weights = 1 / np.maximum(squares, 1e-12 * squares.max())
    fits = []
    for power in POWERS:
        design = np.column_stack([np.ones_like(n), n**-power])
        (c, a), deviation = nnls(design * weights[:, None], squares * weights)
        fits.append((deviation, c, a, power))
    best = min(fits, key=lambda fit: fit[0])
    return np.array(best[1:])


def _read(coefficients, n):
    n = np.atleast_1d(np.asarray(n, dtype=np.float64))
    c, a, power = coefficients.T
    return np.sqrt(c + a * n[:, None] ** -power)
