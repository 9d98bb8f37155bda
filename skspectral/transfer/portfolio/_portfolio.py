"""The portfolio as one estimator."""

import warnings

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ..._core.property_names import check_labelled, property_name
from ..._core.references import held_out_error
from ...base import TransferTags
from ...calibration import PLSRegressionCV
from ...calibration.wrapping import predict_2d
from ...exceptions import NonLinearCalibrationError, ZeroShotWarning
from .._others import other_samples
from ..complete import CompleteTransferRegressor, PredictsWithStd
from ._constants import available_members, constants, holds
from ._fold import fold
from ._members import FAMILIES, fit_members
from ._mixture import LEAST_FOR_EVIDENCE, alike, family_shares, member_weights
from ._target_expert import evidence, fit_target_expert, gate

__all__ = ["MOST_WITH_UNLABELLED", "TransferPortfolio"]

NEGLIGIBLE = 1e-4
# the cost of a member grows with the cube of the rows: with many rows only those that matter most are kept
MANY_ROWS = 300
DECLARED_THRESHOLD = -1.0
# with more standards than these, unlabelled spectra add nothing that can be relied on
MOST_WITH_UNLABELLED = 4


class TransferPortfolio(PredictsWithStd, CompleteTransferRegressor):
    """Average of many closed-form transfer models, weighted by a learned prior and by the standards.

    With ten standards, picking the model with the smallest held-out error loses more than any single model is worth:
    the error of ten samples is a lottery. Here hundreds of models in eight families are averaged. Members of a family
    are weighed by small powers of their error on held-out standards and of their error on the source, families by a
    share that depends on the number of standards and by their held-out errors:

    ==============  =================================================================================================
    "few"           ridges on derivatives that take differences between instruments as noise; with hardly a standard
                    they are placed by pairs, references and the mean of unlabelled target spectra, each for what it
                    knows, and weighed by how much noisier the target makes them
    "ridges"        the same in many settings, with a learned prior
    "mapped"        ridges on standards that a banded map has brought to the source, each without itself
    "fused"         ridges on raw spectra, SNV, first and second derivatives side by side
    "source"        the source's own models as they are
    "bias"          the same with their mean error on the standards removed
    "standardised"  the same behind a banded map from the target to the source, as piecewise standardisation has it
    "pooled"        ridges on the rows of both instruments as if they were one
    ==============  =================================================================================================

    Two more weights are learned. Where the pairs show that the instruments are one and the same, the source's models
    are heard alone; where three kinds of evidence say that the target is the cleaner instrument, an expert is mixed in
    that trusts the target's own rows. All constants were learned on simulated transfers of many materials and on real
    pairs of instruments.

    Parameters
    ----------
    scatter : {"auto", True, False}, default="auto"
        Use models with SNV first as well as without, only those with, or only those without.
    target_cleaner : bool, default=False
        Declare that the target measures better than the source, which halves the evidence asked for.
    same_population : bool, default=True
        Whether target rows without pair and reference come from the source's population of samples, so that their mean
        says where the target stands. Not used with five standards and more.
    others : sequence of object, default=()
        Labels of further instruments that measured samples of the source: their differences to it say how the target
        may differ, with a weight of their own beside the target's own pairs.
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
    family_weights_ : dict of {str: ndarray of shape (n_targets,)}
        Weight of each family.
    alike_ : ndarray of shape (n_targets,)
        How far the pairs say that the instruments are one and the same.
    target_weight_ : ndarray of shape (n_targets,)
        Weight of the expert: how far the target looks cleaner.
    n_unlabelled_ : int
        Target samples without pair and reference that were used.
    transfer_rmse_ : ndarray of shape (n_targets,)
        Leave-one-standard-out error of the mixture in units of ``y``; NaN with fewer than three labelled standards.
    held_out_ : ndarray of shape (n_standards, n_targets)
        Reference minus prediction of every target sample by models that have not seen it, in units of ``y``; NaN
        without a reference, and with fewer than three of them.
    n_standards_, n_pairs_, source_, target_
        As in every transfer method.

    Raises
    ------
    NoStandardsError
        Without any target row.
    UnknownInstrumentError, AmbiguousInstrumentError
        If ``others`` names an instrument without rows, or one of the roles.

    Notes
    -----
    Standards need no reference for the models to be fitted. A property with fewer than three labelled standards is
    predicted with the prior weights.

    Every model is linear in the spectrum or in its SNV, so that the mixture is kept as one coefficient vector for each
    of the two. Predictions are exactly those of the mixture; what the models differ by, which adds to the standard
    deviation, is rounded to half a per cent of its usual size.

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

    # 1 kept the members, 2 keeps what they are together
    _layout = 2

    def __init__(
        self,
        *,
        scatter="auto",
        target_cleaner=False,
        same_population=True,
        others=(),
        wavelengths=None,
        axis_unit="nm",
        source=None,
        target=None,
    ):
        self.scatter = scatter
        self.target_cleaner = target_cleaner
        self.same_population = same_population
        self.others = others
        self.wavelengths = wavelengths
        self.axis_unit = axis_unit
        self.source = source
        self.target = target

    def __transfer_tags__(self):
        # models that begin with SNV make predictions no affine function of the spectrum
        return TransferTags(
            needs="target_rows", zero_shot=True, carries_source_model=False, affine=self.scatter is False
        )

    def _check_params(self):
        if self.scatter not in ("auto", True, False):
            raise ValueError(f'scatter must be "auto", True or False, got {self.scatter!r}.')

    def _fit_source(self, rows):
        known = np.isfinite(rows.y).any(axis=1)
        self.estimator_ = PLSRegressionCV().fit(
            rows.X[known], rows.y[known], sample_id=None if rows.sample_id is None else rows.sample_id[known]
        )

    def _fit_transfer(self, rows):
        self.estimator_ = None
        on_source = rows.y[~rows.is_target]
        check_labelled(self, np.isfinite(on_source))
        axis = self._nm_axis()
        spread = np.nanvar(on_source, axis=0)
        spread = np.where(spread > 0, spread, 1.0)
        n_seen = max(self.n_pairs_, self.n_standards_)
        many = min(len(rows.source_samples[0]), self.n_features_in_) > MANY_ROWS
        members, log_prior = available_members(n_seen, self.n_pairs_, self.n_features_in_, self.scatter, many)
        unlabelled = self._unlabelled(rows, n_seen)
        known = other_samples(self.others, rows, *self._given)
        self.n_unlabelled_ = len(unlabelled)
        fitted = fit_members(rows, axis, members, unlabelled if len(unlabelled) else None, known)
        counts = np.isfinite(fitted.held_out[0]).sum(axis=0)
        # an error of one or two standards is the error of an offset that nothing else determines
        fitted.held_out[:, :, counts < LEAST_FOR_EVIDENCE] = np.nan
        weights = self._weigh(fitted, log_prior, counts, spread)
        held_out = np.einsum("mt,mnt->nt", weights, np.nan_to_num(fitted.held_out))
        expert = self._weigh_expert(rows, axis, held_out, counts, spread)
        kept = np.flatnonzero(weights.any(axis=1))
        self._member_names, self._weights = "\n".join(fitted.members[i].name for i in kept), weights[kept]
        spectra = rows.X[~rows.is_target], rows.X[rows.is_target]
        self._folded = fold(fitted.take(kept), weights[kept], expert, self.target_weight_, axis, *spectra)

    def _unlabelled(self, rows, n_seen):
        """Target samples that say where the target stands, and nothing else.

        A property that no pair and no reference speaks of has but the mean of all target spectra.
        """
        spectra, y, _ = rows.target_samples
        silent = self.n_pairs_ == 0 and not np.isfinite(y).any(axis=0).all()
        used = np.ones(len(spectra), dtype=bool) if silent else ~rows.says_something
        if not self.same_population or (n_seen > MOST_WITH_UNLABELLED and not silent):
            used[:] = False
        if silent and used.any():
            silent_one = property_name(int(np.argmin(np.isfinite(y).any(axis=0))), y.shape[1])
            warnings.warn(
                f"There is neither a pair nor a reference of {silent_one} on the target: the mean of {used.sum()} "
                "target samples is used, which assumes the same population of samples on both instruments.",
                ZeroShotWarning,
                stacklevel=4,
            )
        return spectra[used]

    def _weigh(self, fitted, log_prior, counts, spread):
        """Weights (n_members, n_targets) of members times those of their families."""
        learned = constants()
        families = [family for family in FAMILIES if any(m.family == family for m in fitted.members)]
        of_family = {f: np.array([m.family == f for m in fitted.members]) for f in families}
        errors = held_out_error(fitted.held_out)
        weights = np.empty_like(fitted.intercepts)
        for family, own in of_family.items():
            weights[own] = member_weights(
                log_prior[own],
                errors[own],
                fitted.source_error[own] + fitted.gap[own],
                counts,
                learned["powers"][family],
                spread,
            )
        mixed = np.stack([np.einsum("mt,mnt->nt", weights[own], fitted.held_out[own]) for own in of_family.values()])
        n_seen = np.maximum(counts, self.n_pairs_)
        known = fitted.source_error + fitted.gap
        expected = np.stack([(weights[own] * known[own]).sum(axis=0) for own in of_family.values()])
        self._expected = expected[families.index("few")]
        n, p = self.n_pairs_, self.n_features_in_
        held = np.array([[holds(family, seen, n, p) for seen in n_seen] for family in families])
        shares = family_shares(families, held_out_error(mixed), expected, counts, n_seen, held, learned, spread)
        self.alike_ = np.zeros(len(spread))
        if "source" in families:
            own = of_family["source"]
            gap, error = ((weights[own] * part[own]).sum(axis=0) for part in (fitted.gap, fitted.source_error))
            self.alike_ = alike(gap, error, self.n_pairs_, learned["alike"])
            shares *= 1.0 - self.alike_
            shares[families.index("source")] += self.alike_
        self.family_weights_ = dict(zip(families, shares))
        for share, own in zip(shares, of_family.values()):
            weights[own] *= share
        weights = np.where(weights < NEGLIGIBLE * weights.max(axis=0), 0.0, weights)
        return weights / weights.sum(axis=0)

    @property
    def weights_(self):
        """Weight of each model that is kept: dict of {str: ndarray of shape (n_targets,)}."""
        return dict(zip(self._member_names.split("\n"), self._weights, strict=True))

    def _weigh_expert(self, rows, axis, held_out, counts, spread):
        """Weigh the expert, and work out what the mixture's errors will be; its coefficients, if there is one."""
        n_targets = held_out.shape[1]
        known = np.isfinite(rows.target_samples[1][rows.says_something])
        held_out = np.where(known & (counts >= LEAST_FOR_EVIDENCE), held_out, np.nan)
        self.target_weight_ = np.zeros(n_targets)
        expert = fit_target_expert(rows, axis)
        source_error = np.minimum(self._expected, spread) if expert is None else expert.source_error
        if expert is not None:
            learned = constants()["gate"]
            threshold = DECLARED_THRESHOLD if self.target_cleaner else learned["threshold"]
            ratios = evidence(held_out, expert, spread)
            # nothing is cleaner than its equal
            self.target_weight_ = (1.0 - self.alike_) * gate(ratios, counts, threshold, learned["slope"])
            w = self.target_weight_
            held_out = np.where(np.isfinite(expert.held_out), w * expert.held_out + (1 - w) * held_out, held_out)
        self.held_out_ = held_out
        error = held_out_error(held_out)
        self.transfer_rmse_ = np.sqrt(error)
        self._variance = own_variance(error, source_error, np.isfinite(held_out).sum(axis=0), constants()["spread"])
        return None if expert is None else (expert.coef, expert.intercept)

    def _predict(self, X):
        if self.estimator_ is not None:
            return predict_2d(self.estimator_, X)
        return self._folded.predict(X)

    def _predict_with_std(self, X):
        """Prediction and standard deviation of checked spectra, each of shape (n_spectra, n_targets)."""
        if self.estimator_ is not None:
            return predict_2d(self.estimator_, X), np.tile(self.estimator_.rmsecv_, (len(X), 1))
        predicted, between = self._folded.predict_with_variance(X)
        return predicted, np.sqrt(self._variance + constants()["spread"]["between"] * between)

    def export_calibration(self):
        """Coefficients for the target instrument, where no model begins with SNV.

        Returns
        -------
        coef : ndarray of shape (n_targets, n_channels)
            ``b`` in ``y = X @ b.T + b0``, for spectra as measured on the target.
        intercept : ndarray of shape (n_targets,)
            ``b0``.

        Raises
        ------
        NonLinearCalibrationError
            If models with a weight begin with SNV; ``scatter=False`` leaves them out.
        """
        check_is_fitted(self)
        if self.estimator_ is not None:
            return super().export_calibration()
        if self._folded.scatter is not None:
            raise NonLinearCalibrationError(
                "Some models of the portfolio begin with SNV, which is no affine function of the spectrum, so that the "
                "mixture has no coefficient vector. Fit it with scatter=False, which leaves them out."
            )
        return self._folded.raw.copy(), self._folded.intercept.copy()


def own_variance(error, source_error, n_standards, learned):
    """Predictive variance (n_targets,) apart from what the members differ by.

    The held-out error, shrunk to the error on the source, and inflated where few standards tell what the transfer adds.
    """
    total = n_standards + learned["prior_standards"]
    mean = (n_standards * np.nan_to_num(error) + learned["prior_standards"] * source_error) / total
    return learned["own"] * (1.0 + learned["few"] / (1.0 + n_standards)) * mean
