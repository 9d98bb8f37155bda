"""Slope and bias correction of predictions."""

import numpy as np
from scipy import stats
from sklearn.base import clone

from ..base import BaseTransferRegressor, TransferTags
from ..calibration import PLSRegressionCV
from ..calibration.wrapping import assign_roles, fit_calibration, fit_with_metadata, is_frozen, is_transfer, predict_2d
from ..exceptions import TooFewStandardsError

__all__ = ["SBC"]

LEAST_FOR_TEST = 3


class SBC(BaseTransferRegressor):
    """Correct the source calibration's predictions on the target by a straight line.

    Parameters
    ----------
    estimator : estimator, optional
        The calibration. Default: PLS with a cross-validated number of components, chosen together with the
        leave-one-standard-out error of the correction. A transfer method is allowed: ``SBC(DS(PLSRegression(10)))``.
    on : {"references", "predictions"}, default="references"
        What the line is fitted to: reference values of the standards, or (label-free) the predictions of the same
        samples on the source instrument.
    correction : {"tested", "slope_bias", "bias"}, default="tested"
        ``"tested"`` corrects slope and bias if the slope differs significantly from one, else the bias if it differs
        significantly from zero, else nothing. The other two always correct.
    alpha : float, default=0.05
        Significance level of both tests.
    source, target : object, optional
        Labels of the two instruments.

    Attributes
    ----------
    slope_, bias_ : ndarray of shape (n_targets,)
        ``corrected = slope_ * predicted + bias_``.
    estimator_ : fitted estimator
    transfer_rmse_ : ndarray of shape (n_targets,)
        Leave-one-standard-out error of the correction in units of ``y``; NaN with fewer than two standards.
    n_standards_, n_pairs_, source_, target_
        As in every transfer method.

    Raises
    ------
    NoStandardsError, TooFewStandardsError
        Without a standard, or with one where a slope is asked for.

    References
    ----------
    Bouveresse, E., Hartmann, C., Massart, D. L., Last, I. R., Prebble, K. A. (1996). Standardization of near-infrared
    spectrometric instruments. Analytical Chemistry 68, 982-990. https://doi.org/10.1021/ac9510595

    Examples
    --------
    >>> from skspectral.datasets import make_instruments
    >>> from skspectral.transfer import SBC
    >>> data = make_instruments(n_samples=30, random_state=0)
    >>> labels = {"instrument": data.instrument, "sample_id": data.sample_id}
    >>> SBC(correction="bias", source="A", target="B").fit(data.X, data.y, **labels).slope_
    array([1.])
    """

    def __init__(self, estimator=None, *, on="references", correction="tested", alpha=0.05, source=None, target=None):
        super().__init__(estimator, source=source, target=target)
        self.on = on
        self.correction = correction
        self.alpha = alpha

    def __transfer_tags__(self):
        by_reference = self.on == "references"
        return TransferTags(
            needs="standards" if by_reference else "pairs",
            min_samples=2 if self.correction == "slope_bias" else 1,
            needs_source=not (by_reference and is_frozen(self.estimator)),
            uses_target_references=by_reference,
            preserves_identity=not by_reference,
        )

    def _fit_source(self, rows):
        super()._fit_source(rows)
        self.slope_, self.bias_ = np.ones(rows.y.shape[1]), np.zeros(rows.y.shape[1])

    def _fit_transfer(self, rows):
        self._check_params()
        if self.estimator is None:
            self._fit_default(rows)
            return
        if is_transfer(self.estimator):
            inner = assign_roles(clone(self.estimator), rows.source, rows.target)
            self.estimator_ = fit_with_metadata(
                inner, rows.X, rows.y, instrument=rows.instrument, sample_id=rows.sample_id
            )
        else:
            on_source = ~rows.is_target
            ids = None if rows.sample_id is None else rows.sample_id[on_source]
            self.estimator_ = fit_calibration(self, self.estimator, rows.X[on_source], rows.y[on_source], ids)
        if self.on == "references":
            spectra, wanted, _ = rows.target_samples
        else:
            spectra = rows.pairs.target
            wanted = _source_prediction(self.estimator_, rows.pairs.source)
        predicted = predict_2d(self.estimator_, spectra)
        if predicted.shape[1] != wanted.shape[1]:
            raise ValueError(f"The calibration predicts {predicted.shape[1]} properties, but y has {wanted.shape[1]}.")
        lines = [self._line(p[None], w) for p, w in zip(predicted.T, wanted.T)]
        self.slope_, self.bias_ = (np.concatenate(part) for part in zip(*lines))
        errors = [self._held_out_error(p[None], w)[0] for p, w in zip(predicted.T, wanted.T)]
        self.transfer_rmse_ = np.sqrt(errors)

    def _fit_default(self, rows):
        """Choose the number of latent variables by source cross-validation plus the held-out error of the line."""
        on_source = ~rows.is_target & rows.has_reference
        ids = None if rows.sample_id is None else rows.sample_id[on_source]
        model = PLSRegressionCV()._fit_path(rows.X[on_source], rows.y[on_source], ids)
        by_reference = self.on == "references"
        spectra, wanted, _ = rows.target_samples if by_reference else (rows.pairs.target, None, None)
        # (n_targets, n_candidates, n_samples)
        predicted = model._coef_path @ spectra.T + model._intercept_path[:, :, None]
        if by_reference:
            paths = wanted.T[:, None, :]
        else:
            paths = model._coef_path @ rows.pairs.source.T + model._intercept_path[:, :, None]
        errors = np.stack([self._held_out_error(p, w) for p, w in zip(predicted, paths)])
        self.estimator_ = model._select(np.nan_to_num(errors, nan=0.0))
        chosen = self.estimator_.n_components_ - 1
        each = np.arange(len(chosen))
        lines = [self._line(p[[a]], w[[a if len(w) > 1 else 0]]) for p, w, a in zip(predicted, paths, chosen)]
        self.slope_, self.bias_ = (np.concatenate(part) for part in zip(*lines))
        self.transfer_rmse_ = np.sqrt(errors[each, chosen])

    def _check_params(self):
        if self.on not in ("references", "predictions"):
            raise ValueError(f'on must be "references" or "predictions", got {self.on!r}.')
        if self.correction not in ("tested", "slope_bias", "bias"):
            raise ValueError(f'correction must be "tested", "slope_bias" or "bias", got {self.correction!r}.')
        if not 0 < self.alpha < 1:
            raise ValueError(f"alpha must be between 0 and 1, got {self.alpha!r}.")

    def _line(self, predicted, wanted):
        """Slope and bias (n_candidates,) of each row of ``predicted`` against ``wanted``, over the known values."""
        wanted = np.broadcast_to(wanted, predicted.shape)
        known = np.isfinite(wanted[0])
        if known.sum() < (2 if self.correction == "slope_bias" else 1):
            raise TooFewStandardsError(
                f"SBC found {int(known.sum())} standards with a reference for one of the properties, too few for "
                f"correction={self.correction!r}."
            )
        return _fit_line(predicted[:, known], wanted[:, known], self.correction, self.alpha)

    def _held_out_error(self, predicted, wanted):
        """Mean squared leave-one-standard-out error (n_candidates,); NaN with too few standards."""
        wanted = np.broadcast_to(wanted, predicted.shape)
        known = np.flatnonzero(np.isfinite(wanted[0]))
        if len(known) < (3 if self.correction == "slope_bias" else 2):
            return np.full(len(predicted), np.nan)
        squares = np.zeros(len(predicted))
        for held_out in known:
            rest = known[known != held_out]
            slope, bias = _fit_line(predicted[:, rest], wanted[:, rest], self.correction, self.alpha)
            squares += (slope * predicted[:, held_out] + bias - wanted[:, held_out]) ** 2
        return squares / len(known)

    def _predict(self, X):
        return predict_2d(self.estimator_, X) * self.slope_ + self.bias_

    def _predict_source(self, X):
        return _source_prediction(self.estimator_, X)


def _source_prediction(estimator, X):
    """Predict source spectra with a calibration that may itself be a transfer method."""
    return estimator._predict_source(X) if hasattr(estimator, "_predict_source") else predict_2d(estimator, X)


def _fit_line(x, y, correction, alpha):
    """Fit ``y = slope x + bias`` to each row of (n_candidates, n); tested corrections keep what is not significant."""
    n = x.shape[1]
    offset = (y - x).mean(axis=1)
    ones = np.ones(len(x))
    if correction == "bias" or n < 2:
        return ones, offset
    x_mean, y_mean = x.mean(axis=1, keepdims=True), y.mean(axis=1, keepdims=True)
    energy = ((x - x_mean) ** 2).sum(axis=1)
    fits = energy > 0
    safe = np.where(fits, energy, 1.0)
    slope = np.where(fits, ((x - x_mean) * (y - y_mean)).sum(axis=1) / safe, 1.0)
    bias = y_mean[:, 0] - slope * x_mean[:, 0]
    if correction == "slope_bias":
        return slope, bias
    if n < LEAST_FOR_TEST:
        return _tested_bias(x, y, offset, alpha)
    residual = y - slope[:, None] * x - bias[:, None]
    error = np.sqrt((residual**2).sum(axis=1) / (n - 2) / safe)
    steep = np.abs(slope - 1) > stats.t.ppf(1 - alpha / 2, n - 2) * error
    flat_slope, flat_bias = _tested_bias(x, y, offset, alpha)
    return np.where(steep, slope, flat_slope), np.where(steep, bias, flat_bias)


def _tested_bias(x, y, offset, alpha):
    """Bias where it is significant, zero elsewhere; with two values or fewer a bias cannot be tested and is used."""
    n = x.shape[1]
    if n < LEAST_FOR_TEST:
        return np.ones(len(x)), offset
    spread = (y - x).std(axis=1, ddof=1)
    significant = np.abs(offset) > stats.t.ppf(1 - alpha / 2, n - 1) * spread / np.sqrt(n)
    return np.ones(len(x)), np.where(significant, offset, 0.0)
