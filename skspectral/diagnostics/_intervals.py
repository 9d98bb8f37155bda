"""How far a transferred prediction may be off: also for samples unlike the standards, and with few of them."""

from copy import copy

import numpy as np
from scipy.special import stdtrit

from .._core.references import check_references
from .._core.roles import TransferRows, shared_with
from ..calibration import PLSRegressionCV
from ..exceptions import MissingReferenceError
from ._spectra import checked_spectra, derivative
from ._target_model import in_batches

__all__ = ["TransferIntervals", "side_variances"]

MOST_COMPONENTS = 8
SAMPLES_PER_COMPONENT = 5
VARIANCE_KEPT = 0.99


class TransferIntervals:
    r"""Variance of transferred predictions, for methods with and without a standard deviation of their own.

    For a spectrum with scores :math:`z` (whitened principal components of the first derivative, as the target sees the
    source calibration), a prediction :math:`\hat y` and standards with scores :math:`Z` and references :math:`y_i`:

    .. math:: \operatorname{var} = a\, s^2 + (b\, h_y + c\, h_z)\, s^2 + g\, \tau^2 h_z + k\, u^2 \operatorname{var} y
              + m\, u^2 (\hat y - \bar y_0)^2, \qquad
              h_y = \frac{(\hat y - \bar y)^2}{\sum_i (y_i - \bar y)^2 + r \operatorname{var} y}, \qquad
              h_z = \tfrac{1}{\dim z} (z - \bar z)^\top \bigl(I + Z_c^\top Z_c / \rho\bigr)^{-1} (z - \bar z)

    :math:`s^2` is the method's own variance where it has one; else the squared error on standards that were left out,
    with the source's cross-validation error as prior. :math:`h_z` is the variance that is left, after the standards, of
    a difference between the instruments that is linear in the scores: it is large in directions in which no standard
    lies. :math:`\tau^2` is how much the instruments do differ from sample to sample, in units of the property: the
    spread, over the standards, of what a source calibration predicts from either spectrum, per unit of score. Intervals
    are those of Student's distribution, whose degrees of freedom count the standards.

    The last two terms are for samples of other content than the calibration's. A calibration that explains the share
    :math:`1 - u` of the variance of its references, :math:`u = \min(1, s^2 / \operatorname{var} y)`, draws a sample
    that lies :math:`\Delta` from their mean :math:`\bar y_0` toward it by :math:`u \Delta`. Nobody knows
    :math:`\Delta`; its variance over the samples that calibrations are used for is :math:`k \operatorname{var} y`
    beyond that of the calibration's own, and the farther out a prediction lies, the more of it is to be expected. The
    first of the two counts on both sides of a prediction, the second on the side that looks away from the mean.

    Parameters
    ----------
    source, target : object, optional
        Labels of the two instruments.
    conformal : bool, default=False
        Where there are enough standards, let their own errors say how many standard deviations wide intervals are,
        instead of Student's distribution: the error of every left-out standard in units of the standard deviation that
        it would have had (:math:`n` standards do for levels up to :math:`n / (n + 1)`, nine for 90 %). This takes no
        distribution for granted, only that new samples are as the standards are; with ten standards, 90 % intervals are
        as wide as the worst of them asks for.

    Attributes
    ----------
    n_standards_ : ndarray of int of shape (n_targets,)
        Standards with a reference.
    own_variance_ : ndarray of shape (n_targets,)
        :math:`s^2` for methods without a standard deviation.
    difference_ : ndarray of shape (n_targets,)
        :math:`\tau^2`.
    spread_, middle_ : ndarray of shape (n_targets,)
        Variance :math:`\operatorname{var} y` and mean :math:`\bar y_0` of the source's references.
    scores_ : ndarray of shape (n_standards, n_targets) or None
        With ``conformal``, errors of the left-out standards in standard deviations; NaN without a reference.
    n_features_in_ : int

    Notes
    -----
    With ``conformal`` these are normalised jackknife intervals: the models without a standard are not kept, as
    jackknife+ would have to.

    The constants were learned on real spectra of many materials through simulated instruments, and on powders, grain
    and minerals measured by pairs of spectrometers, with test samples drawn at random and from the upper end of an
    order (of a property, of the first principal component, of the rows), the random draws counting as much as all
    blocks. They hold 90 % on that average: somewhat more on samples like the standards, less on samples of more extreme
    content. Beyond the range of the references of the standards errors grew no faster than these terms say, so that
    the distance from it is not in them.
    """

    #: Learned; see Notes.
    constants = {
        "rho": 0.723,
        "y_prior": 1.119,
        "prior_standards": 6.126,
        "freedom": 3.0,
        "with": {"a": 1.109, "b": 0.063, "c": 0.037, "g": 0.018, "k": 1.124, "m": 0.494},
        "without": {"a": 1.192, "b": 2.205, "c": 0.191, "g": 0.031, "k": 1.198, "m": 0.196},
    }

    #: Intervals that were stored before there was a choice, and before they knew of other content.
    conformal, scores_, middle_ = False, None, 0.0

    def __init__(self, *, source=None, target=None, conformal=False):
        self.source = source
        self.target = target
        self.conformal = conformal

    def fit(self, X, y, *, instrument, sample_id, residuals=None, left_out=None, left_out_std=None):
        """Learn where the standards lie and how much the instruments differ.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            The training rows of the method.
        y : array-like of shape (n_spectra,) or (n_spectra, n_targets)
            References; NaN where there is none.
        instrument, sample_id : array-like of shape (n_spectra,)
        residuals : array-like of shape (n_standards, n_targets), optional
            Prediction minus reference of left-out standards in any order; NaN where there is none.
        left_out : sequence of shape (n_standards,), optional
            Which samples these are; only for ``conformal``, which needs to know.
        left_out_std : array-like of shape (n_standards, n_targets), optional
            Standard deviations that the method itself gave them, where it gives any.

        Returns
        -------
        self

        Raises
        ------
        MissingReferenceError
            If a property has fewer than four source samples with a reference.
        ValueError
            With ``conformal``, if nobody says which standards were left out.
        """
        if self.conformal and (residuals is None or left_out is None):
            raise ValueError("Conformal intervals need the errors of left-out standards: residuals and left_out.")
        # kept, so that a stored model answers as it did
        self.constants_ = self.constants
        X = checked_spectra(self, X, reset=True)
        y = check_references(self, y, len(X), allow_missing=True).reshape(len(X), -1)
        rows = TransferRows.sort_out(
            X, y, instrument=instrument, sample_id=sample_id, source=self.source, target=self.target
        )
        S, y_source, source_codes = rows.source_samples
        T, y_target, target_codes = rows.target_samples
        if (np.isfinite(y_source).sum(axis=0) < 4).any():
            raise MissingReferenceError("Intervals need at least four source samples with a reference per property.")
        self._fit_scores(S, T, shared_with(target_codes, source_codes))
        calibration = PLSRegressionCV().fit(S, y_source)
        self.source_error_ = calibration.rmsecv_**2
        self.spread_, self.middle_ = np.nanvar(y_source, axis=0), np.nanmean(y_source, axis=0)
        on_target, on_source = shared_with(target_codes, source_codes)
        gap = (T[on_target] - S[on_source]) @ calibration.coef_.T
        self._fit_standards(T, y_target, gap, on_target)
        self._fit_own(residuals, y.shape[1])
        if self.conformal:
            code_of = dict(zip(rows.sample_id[rows.is_target], rows.codes[rows.is_target], strict=True))
            place_of = {code: place for place, code in enumerate(target_codes)}
            residuals, std = np.asarray(residuals, dtype=float), left_out_std
            scores = [
                self._score(
                    *(T, y_target, gap, on_target),
                    *(residuals, row, place_of[code_of[name]], None if std is None else std[row]),
                )
                for row, name in enumerate(left_out)
            ]
            self.scores_ = np.array(scores).reshape(-1, y.shape[1])
        return self

    def _score(self, T, y, gap, paired, residuals, row, i, std):
        """Error of a standard in the standard deviations (n_targets,) that it has where nothing is known of it."""
        without, others, pairs = copy(self), np.arange(len(T)) != i, paired != i
        without._fit_standards(T[others], y[others], gap[pairs], (np.cumsum(others) - 1)[paired[pairs]])
        without._fit_own(np.delete(residuals, row, axis=0), y.shape[1])
        own = None if std is None else np.asarray(std, dtype=float)[None]
        below, above = without.sides(T[[i]], (y[i] + residuals[row])[None], own)
        # a prediction that is too low has its reference above
        return np.abs(residuals[row]) / np.where(residuals[row] < 0, above[0], below[0])

    def _fit_scores(self, S, T, shared):
        on_target, on_source = shared
        moved = derivative(S)
        looked = derivative(T)
        shift = (looked[on_target] - moved[on_source]).mean(axis=0) if len(on_target) else 0.0
        moved = moved + shift
        self.centre_ = moved.mean(axis=0)
        _, singular, axes = np.linalg.svd(moved - self.centre_, full_matrices=False)
        enough = int(np.searchsorted(np.cumsum(singular**2), VARIANCE_KEPT * np.sum(singular**2))) + 1
        k = max(1, min(enough, MOST_COMPONENTS, len(S) // SAMPLES_PER_COMPONENT))
        axes = axes[:k] * (np.sqrt(len(S)) / np.maximum(singular[:k], 1e-300))[:, None]
        self.axes_ = axes.astype(np.float32)

    def _scores(self, X):
        return in_batches(lambda part: {"z": (derivative(part) - self.centre_) @ self.axes_.T}, X)["z"]

    def _fit_standards(self, T, y, gap, paired):
        Z = self._scores(T)
        self.n_standards_ = np.isfinite(y).sum(axis=0)
        n_targets = y.shape[1]
        self._inverse, self._middle, self.y_mean_, self.y_squares_ = [], [], [], []
        for j in range(n_targets):
            known = np.isfinite(y[:, j])
            # without references the pairs alone say something about the difference
            used = Z[known] if known.any() else Z
            middle = used.mean(axis=0)
            centred = used - middle
            self._middle.append(middle)
            self._inverse.append(np.linalg.inv(np.eye(len(middle)) + centred.T @ centred / self.constants_["rho"]))
            self.y_mean_.append(y[known, j].mean() if known.any() else np.nan)
            self.y_squares_.append(np.sum((y[known, j] - self.y_mean_[-1]) ** 2) if known.any() else 0.0)
        self.y_mean_, self.y_squares_ = np.array(self.y_mean_), np.array(self.y_squares_)
        self.difference_ = np.zeros(n_targets)
        if len(paired) > 1:
            centred = Z[paired] - Z[paired].mean(axis=0)
            per_score = np.sum(centred**2) / centred.shape[1]
            self.difference_ = np.sum((gap - gap.mean(axis=0)) ** 2, axis=0) / max(per_score, 1e-12)

    def _fit_own(self, residuals, n_targets):
        squares = np.full((0, n_targets), np.nan) if residuals is None else np.asarray(residuals, dtype=float) ** 2
        known = np.isfinite(squares)
        n, prior = known.sum(axis=0), self.constants_["prior_standards"]
        total = np.where(known, squares, 0.0).sum(axis=0)
        self.own_variance_ = (total + prior * self.source_error_) / (n + prior)

    def interval(self, X, predicted, own_std=None, *, level=0.9):
        """Limits between which references are to be expected.

        Parameters
        ----------
        X, predicted, own_std
            As for :meth:`std`.
        level : float, default=0.9
            In what share of cases.

        Returns
        -------
        lower, upper : ndarray of shape (n_spectra, n_targets)
        """
        below, above = self.sides(X, predicted, own_std)
        values, times = np.asarray(predicted, dtype=float).reshape(below.shape), self.quantile(level)
        return values - times * below, values + times * above

    def std(self, X, predicted, own_std=None):
        """Standard deviation of predictions, the mean of both sides.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Target spectra.
        predicted : array-like of shape (n_spectra,) or (n_spectra, n_targets)
        own_std : array-like of the same shape, optional
            The method's own standard deviations.

        Returns
        -------
        ndarray of shape (n_spectra, n_targets)
        """
        return np.mean(self.sides(X, predicted, own_std), axis=0)

    def sides(self, X, predicted, own_std=None):
        """Standard deviations below and above predictions, two ndarrays of shape (n_spectra, n_targets).

        Parameters
        ----------
        X, predicted, own_std
            As for :meth:`std`.
        """
        X = checked_spectra(self, X, reset=False)
        predicted = np.asarray(predicted, dtype=float).reshape(len(X), -1)
        constants = self.constants_["without" if own_std is None else "with"]
        own = self.own_variance_ if own_std is None else np.asarray(own_std, dtype=float).reshape(predicted.shape) ** 2
        leverages, away = self.leverages(X, predicted), predicted - self.middle_
        return tuple(map(np.sqrt, side_variances(constants, own, *leverages, self.difference_, self.spread_, away)))

    def leverages(self, X, predicted):
        """Leverage in the property and in the spectra, two ndarrays of shape (n_spectra, n_targets)."""
        Z = self._scores(X)
        spread = self.y_squares_ + self.constants_["y_prior"] * self.spread_
        h_y = np.where(np.isfinite(self.y_mean_), (predicted - self.y_mean_) ** 2, 0.0) / np.maximum(spread, 1e-300)
        h_z = np.empty_like(predicted)
        for j, (middle, inverse) in enumerate(zip(self._middle, self._inverse)):
            centred = Z - middle
            h_z[:, j] = np.einsum("nk,nk->n", centred @ inverse, centred) / centred.shape[1]
        return h_y, h_z

    def quantile(self, level):
        """How many standard deviations an interval of this level is wide on either side, ndarray (n_targets,).

        Student's, and with ``conformal`` that of the left-out standards where they are enough for the level.
        """
        if not 0 < level < 1:
            raise ValueError(f"level must lie between 0 and 1, such as 0.95 for 95 %; got {level!r}.")
        widths = -stdtrit(self.n_standards_ + self.constants_["freedom"], (1 - level) / 2)
        if self.scores_ is None:
            return widths
        for j, scores in enumerate(self.scores_.T):
            known = np.sort(scores[np.isfinite(scores)])
            # so many of the scores, and the new one, must lie below; a hair of rounding must not ask for one more
            place = int(np.ceil((len(known) + 1) * level - 1e-9))
            if place <= len(known):
                widths[j] = known[place - 1]
        return widths


def side_variances(constants, own, h_y, h_z, difference, spread, away):
    r"""Variance below and above predictions, from arrays that broadcast; the formula of `TransferIntervals`.

    Parameters
    ----------
    constants : dict
        a, b, c, g, and k and m unless the intervals were stored before there were any.
    own : array
        :math:`s^2`.
    h_y, h_z : array
        Leverages.
    difference, spread : array
        :math:`\tau^2` and variance of the references.
    away : array
        Predictions less the mean of the source's references.
    """
    both = own * (constants["a"] + constants["b"] * h_y + constants["c"] * h_z) + constants["g"] * difference * h_z
    unexplained = np.minimum(own / np.maximum(spread, 1e-300), 1.0)
    both = both + constants.get("k", 0.0) * unexplained**2 * spread
    outward = constants.get("m", 0.0) * (unexplained * away) ** 2
    return both + outward * (away < 0), both + outward * (away > 0)
