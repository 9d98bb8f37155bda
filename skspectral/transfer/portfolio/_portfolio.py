"""The portfolio as one estimator."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ..._core.references import held_out_error
from ..._core.validation import validate_spectra
from ...base import TransferTags
from ...calibration import PLSRegressionCV
from ...exceptions import MissingReferenceError
from ..complete import CompleteTransferRegressor
from ._constants import constants, prior_members
from ._members import fit_members
from ._mixture import mixture_weights
from ._target_expert import evidence, fit_target_expert, gate

__all__ = ["TransferPortfolio"]

NEGLIGIBLE = 1e-4
# members whose cost grows with the cube of the rows: with many rows only those that matter most are kept
MANY_ROWS, FEW_MEMBERS = 600, 24
DECLARED_THRESHOLD = -1.0


class TransferPortfolio(CompleteTransferRegressor):
    """Average of many closed-form transfer models, weighted by a learned prior and by the standards.

    With ten standards, picking the model with the smallest held-out error loses more than any single model is worth:
    the error of ten samples is a lottery. Here some three hundred ridges (see :class:`DifferenceRidge`) and
    bias-corrected PLS models are averaged, each with a prior weight times small powers of its error on held-out
    standards and of its cross-validation error on the source. Prior and powers were learned on simulated transfers of
    many materials and on real pairs of handheld instruments. A second expert, which trusts the target's own rows, is
    mixed in as far as three kinds of evidence say that the target is the cleaner instrument.

    Parameters
    ----------
    scatter : {"auto", True, False}, default="auto"
        Use models with SNV first as well as without, only those with, or only those without.
    target_cleaner : bool, default=False
        Declare that the target measures better than the source, which halves the evidence asked for.
    power : float, optional
        Exponent of the held-out error per standard. Default: the learned one; 0 uses the prior alone.
    wavelengths : array-like of shape (n_channels,), optional
        Axis of the channels. Default: numeric column labels of ``X``, else 2 nm a channel (with a warning).
    axis_unit : {"nm", "um", "cm-1", "Raman shift"}, default="nm"
        Unit of ``wavelengths``, and of labels that do not say theirs.
    source, target : object, optional
        Labels of the two instruments.

    Attributes
    ----------
    weights_ : dict of {str: ndarray of shape (n_targets,)}
        Weight of each model that is kept.
    target_weight_ : ndarray of shape (n_targets,)
        Weight of the expert: how far the target looks cleaner.
    transfer_rmse_ : ndarray of shape (n_targets,)
        Leave-one-standard-out error of the mixture in units of ``y``; NaN without labelled standards.
    held_out_ : ndarray of shape (n_standards, n_targets)
        Reference minus prediction of every target sample by models that have not seen it, in units of ``y``; NaN
        without a reference.
    n_standards_, n_pairs_, source_, target_
        As in every transfer method.

    Raises
    ------
    NoStandardsError, TooFewStandardsError
        With fewer than three pairs or standards.

    Notes
    -----
    Standards need no reference for the models to be fitted. A property with fewer than five labelled standards is
    predicted with the prior weights.

    Examples
    --------
    >>> from skspectral.datasets import make_instruments
    >>> from skspectral.transfer import TransferPortfolio
    >>> data = make_instruments(n_samples=30, random_state=0)
    >>> labels = {"instrument": data.instrument, "sample_id": data.sample_id}
    >>> model = TransferPortfolio(wavelengths=data.wavelengths, source="A", target="B")
    >>> predicted, sd = model.fit(data.X, data.y, **labels).predict(data.X[-2:], return_std=True)
    >>> sd.shape
    (2, 1)
    """

    def __init__(
        self,
        *,
        scatter="auto",
        target_cleaner=False,
        power=None,
        wavelengths=None,
        axis_unit="nm",
        source=None,
        target=None,
    ):
        self.scatter = scatter
        self.target_cleaner = target_cleaner
        self.power = power
        self.wavelengths = wavelengths
        self.axis_unit = axis_unit
        self.source = source
        self.target = target

    def __transfer_tags__(self):
        # models that begin with SNV make predictions no affine function of the spectrum
        return TransferTags(
            needs="pairs_or_standards", min_samples=3, carries_source_model=False, affine=self.scatter is False
        )

    def _check_params(self):
        if self.scatter not in ("auto", True, False):
            raise ValueError(f'scatter must be "auto", True or False, got {self.scatter!r}.')
        if self.power is not None and not 0 <= self.power < np.inf:
            raise ValueError(f"power must be a number >= 0 or None, got {self.power!r}.")

    def _fit_source(self, rows):
        known = np.isfinite(rows.y).any(axis=1)
        self.estimator_ = PLSRegressionCV().fit(
            rows.X[known], rows.y[known], sample_id=None if rows.sample_id is None else rows.sample_id[known]
        )

    def _fit_transfer(self, rows):
        self.estimator_ = None
        on_source = rows.y[~rows.is_target]
        if not np.isfinite(on_source).any(axis=0).all():
            raise MissingReferenceError("TransferPortfolio needs source references for every property; y is NaN.")
        axis = self._nm_axis()
        size = min(len(rows.source_samples[0]), self.n_features_in_)
        n_members = FEW_MEMBERS if size > MANY_ROWS else None
        members, log_prior = prior_members(n_members, self.scatter)
        spread = np.nanvar(on_source, axis=0)
        spread = np.where(spread > 0, spread, 1.0)
        fitted = fit_members(rows, axis, members)
        powers = constants()["powers"]
        if self.power is not None:
            powers = powers | {"standards": self.power}
        errors = held_out_error(fitted.held_out)
        counts = np.isfinite(fitted.held_out[0]).sum(axis=0)
        weights = mixture_weights(log_prior, errors, fitted.source_error, counts, powers, spread)
        weights = np.where(weights < NEGLIGIBLE * weights.max(axis=0), 0.0, weights)
        weights /= weights.sum(axis=0)
        held_out = np.einsum("mt,mnt->nt", weights, fitted.held_out)
        self._keep(fitted, weights)
        self._add_expert(rows, axis, held_out, spread)

    def _keep(self, fitted, weights):
        """Keep the members that have a weight, and nothing else."""
        kept = np.flatnonzero(weights.any(axis=1))
        self.weights_ = {fitted.members[i].name: weights[i] for i in kept}
        self._weights = weights[kept]
        self._fitted = fitted.take(kept)

    def _add_expert(self, rows, axis, held_out, spread):
        """Weigh the expert, and work out what the mixture's errors will be."""
        n_targets = held_out.shape[1]
        self.target_weight_ = np.zeros(n_targets)
        self._expert = None
        expert = fit_target_expert(rows, axis)
        source_error = spread.copy()
        if expert is not None:
            source_error = expert.source_error
            if self.power != 0:
                learned = constants()["gate"]
                threshold = DECLARED_THRESHOLD if self.target_cleaner else learned["threshold"]
                ratios = evidence(held_out, expert, spread)
                self.target_weight_ = gate(ratios, np.isfinite(held_out).sum(axis=0), threshold, learned["slope"])
                self._expert = expert.coef, expert.intercept
                w = self.target_weight_
                held_out = np.where(np.isfinite(expert.held_out), w * expert.held_out + (1 - w) * held_out, held_out)
        self.held_out_ = held_out
        error = held_out_error(held_out)
        self.transfer_rmse_ = np.sqrt(error)
        learned = constants()["spread"]
        seen = np.isfinite(held_out).sum(axis=0)
        total = seen + learned["prior_standards"]
        self._variance = learned["own"] * (
            (seen * np.nan_to_num(error) + learned["prior_standards"] * source_error) / total
        )

    def predict(self, X, return_std=False):
        """Predict references from spectra of the target instrument.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
        return_std : bool, default=False
            Also return the standard deviation of each prediction.

        Returns
        -------
        predicted : ndarray of shape (n_spectra,) or (n_spectra, n_targets)
        std : ndarray of the same shape
            Only with ``return_std``; ``predicted +- 1.645 std`` is meant to hold 90 % of the reference values.
        """
        if not return_std:
            return super().predict(X)
        check_is_fitted(self)
        X = validate_spectra(self, X, reset=False, forbid_constant=True)
        predicted, variance = self._mix(X)
        return self._like_y(predicted), self._like_y(np.sqrt(variance))

    def _predict(self, X):
        return self._mix(X)[0]

    def _mix(self, X):
        """Mean and variance of the mixture, each of shape (n_spectra, n_targets)."""
        if self.estimator_ is not None:
            predicted = self.estimator_.predict(X).reshape(len(X), -1)
            return predicted, np.broadcast_to(self.estimator_.rmsecv_**2, predicted.shape)
        each = self._fitted.predict(X)
        predicted = np.einsum("mt,mnt->nt", self._weights, each)
        between = np.einsum("mt,mnt->nt", self._weights, (each - predicted) ** 2)
        if self._expert is not None:
            w = self.target_weight_
            own = X @ self._expert[0].T + self._expert[1]
            between = between + w * (1 - w) * (own - predicted) ** 2
            predicted = w * own + (1 - w) * predicted
        return predicted, self._variance + constants()["spread"]["between"] * between
