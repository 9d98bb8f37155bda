"""The method to try first: it looks at what the target rows are, and says what it did."""

import warnings

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .._core.validation import validate_spectra
from ..base import TransferTags
from ..calibration import PLSRegressionCV
from ..exceptions import WrongPairsWarning
from .complete import CompleteTransferRegressor
from .mean_shift import MeanShift
from .portfolio import TransferPortfolio
from .portfolio._mixture import LEAST_FOR_EVIDENCE
from .sbc import SBC

__all__ = ["AutoTransfer"]

LEAST_FOR_PORTFOLIO = 3
LEAST_FOR_CHECK = 5


class AutoTransfer(CompleteTransferRegressor):
    """Choose the transfer method by the number of standards, for each property.

    ==========================================  =======================================================
    target rows                                 method
    ==========================================  =======================================================
    5 or more standards                         :class:`TransferPortfolio`, weighted by their errors
    3 or 4 standards, or 3 pairs                :class:`TransferPortfolio`, prior weights alone
    1 or 2 pairs                                :class:`MeanShift`
    1 or 2 standards that the source never saw  :class:`SBC`, bias alone
    spectra without pair and reference          :class:`MeanShift` of the two sets (``ZeroShotWarning``)
    ==========================================  =======================================================

    Parameters
    ----------
    robust : bool, default=False
        Leave out standards whose two spectra do not belong together
        (:func:`~skspectral.diagnostics.find_wrong_pairs`, from five pairs on) and warn.
    scatter : {"auto", True, False}, default="auto"
    target_cleaner : bool, default=False
        As in :class:`TransferPortfolio`.
    wavelengths : array-like of shape (n_channels,), optional
        Axis of the channels. Default: numeric column labels of ``X``, else 2 nm a channel (with a warning).
    axis_unit : {"nm", "um", "cm-1", "Raman shift"}, default="nm"
        Unit of ``wavelengths``, and of labels that do not say theirs.
    source, target : object, optional
        Labels of the two instruments.

    Attributes
    ----------
    strategy_ : list of str
        For each property, the method and why.
    methods_ : list of str
        Name of each property's method.
    models_ : dict of {str: estimator}
        The fitted methods by name; "bias" is fitted to the properties that it predicts alone.
    transfer_rmse_ : ndarray of shape (n_targets,)
        Leave-one-standard-out error in units of ``y``; NaN where too few standards could be left out.
    left_out_ : list
        Samples that ``robust=True`` did not trust.
    n_standards_, n_pairs_, source_, target_
        As in every transfer method.

    Raises
    ------
    NoStandardsError
        Without any target row.

    Examples
    --------
    >>> from skspectral import AutoTransfer
    >>> from skspectral.datasets import make_instruments
    >>> data = make_instruments(n_samples=30, random_state=0)
    >>> labels = {"instrument": data.instrument, "sample_id": data.sample_id}
    >>> model = AutoTransfer(wavelengths=data.wavelengths, source="A", target="B").fit(data.X, data.y, **labels)
    >>> model.strategy_
    ['portfolio: 30 standards']
    """

    def __init__(
        self,
        *,
        robust=False,
        scatter="auto",
        target_cleaner=False,
        wavelengths=None,
        axis_unit="nm",
        source=None,
        target=None,
    ):
        self.robust = robust
        self.scatter = scatter
        self.target_cleaner = target_cleaner
        self.wavelengths = wavelengths
        self.axis_unit = axis_unit
        self.source = source
        self.target = target

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        # channels are taken as neighbours: derivatives of unrelated features say little
        tags.regressor_tags.poor_score = True
        return tags

    def __transfer_tags__(self):
        # models that begin with SNV make predictions no affine function of the spectrum
        return TransferTags(
            needs="target_rows", zero_shot=True, carries_source_model=False, affine=self.scatter is False
        )

    def _fit_source(self, rows):
        self.estimator_ = PLSRegressionCV().fit(rows.X, rows.y, sample_id=rows.sample_id)
        self.models_, self.left_out_ = {}, []
        self.strategy_ = ["source calibration: no target rows"] * rows.y.shape[1]
        self.transfer_rmse_ = np.full(rows.y.shape[1], np.nan)

    def _fit_transfer(self, rows):
        self.estimator_ = None
        ids = rows.sample_id
        self.left_out_ = self._wrong_pairs(rows) if self.robust else []
        kept = np.ones(len(rows.X), dtype=bool)
        if self.left_out_:
            wrong = np.array([label in set(self.left_out_) for label in ids], dtype=bool)
            kept = ~(wrong & rows.is_target)
        labelled = self._standards_per_property(rows, kept)
        n_pairs = self.n_pairs_ - len(self.left_out_)
        chosen = [_choose(n, n_pairs) for n in labelled]
        self.strategy_ = [reason for _, reason in chosen]
        self.methods_ = [name for name, _ in chosen]
        self.models_ = {name: self._make(name) for name in dict.fromkeys(self.methods_)}
        self.transfer_rmse_ = np.full(rows.y.shape[1], np.nan)
        for name, model in self.models_.items():
            columns = self._columns(name)
            model.fit(
                rows.X[kept],
                rows.y[kept][:, columns],
                instrument=rows.instrument[kept],
                sample_id=None if ids is None else ids[kept],
            )
            own = np.isin(columns, self._own_columns(name))
            if hasattr(model, "transfer_rmse_"):
                self.transfer_rmse_[columns[own]] = model.transfer_rmse_[own]

    def _own_columns(self, name):
        """Properties that a method predicts."""
        return np.flatnonzero([method == name for method in self.methods_])

    def _columns(self, name):
        """Properties that a method is fitted to; a bias needs a reference for each, and others may have none."""
        return self._own_columns(name) if name == "bias" else np.arange(len(self.methods_))

    def _standards_per_property(self, rows, kept):
        """Count target samples with a reference, for each property."""
        _, y, codes = rows.target_samples
        trusted = np.isin(codes, rows.codes[kept & rows.is_target])
        return np.isfinite(y[trusted]).sum(axis=0)

    def _wrong_pairs(self, rows):
        """Name the standards that contradict the others, with a warning."""
        if self.n_pairs_ < LEAST_FOR_CHECK:
            return []
        # diagnostics look at fitted methods and so know this package
        from ..diagnostics import find_wrong_pairs

        found = find_wrong_pairs(
            rows.X, instrument=rows.instrument, sample_id=rows.sample_id, source=rows.source, target=rows.target
        )
        wrong = [label for circle in found.swapped for label in circle] + list(found.suspect)
        wrong = list(dict.fromkeys(wrong))
        if wrong:
            warnings.warn(
                f"AutoTransfer leaves {len(wrong)} of {self.n_pairs_} pairs out: {found}",
                WrongPairsWarning,
                stacklevel=6,
            )
        return wrong

    def _make(self, name):
        roles = {"source": self.source_, "target": self.target_}
        if name == "portfolio":
            return TransferPortfolio(
                scatter=self.scatter,
                target_cleaner=self.target_cleaner,
                wavelengths=self._nm_axis(),
                **roles,
            )
        return SBC(correction="bias", **roles) if name == "bias" else MeanShift(**roles)

    def predict(self, X, return_std=False):
        """Predict references from spectra of the target instrument.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
        return_std : bool, default=False
            Also return the standard deviation of each prediction. With fewer than three standards it is the
            calibration's own cross-validation error, which leaves out what the transfer adds.

        Returns
        -------
        predicted : ndarray of shape (n_spectra,) or (n_spectra, n_targets)
        std : ndarray of the same shape
            Only with ``return_std``.
        """
        if not return_std:
            return super().predict(X)
        check_is_fitted(self)
        X = validate_spectra(self, X, reset=False, forbid_constant=True)
        return self._like_y(self._predict(X)), self._like_y(self._std(X))

    def _predict(self, X):
        if self.estimator_ is not None:
            return self.estimator_.predict(X).reshape(len(X), -1)
        return self._collect({name: model.predict(X) for name, model in self.models_.items()}, len(X))

    def _std(self, X):
        if self.estimator_ is not None:
            return np.tile(self.estimator_.rmsecv_, (len(X), 1))
        parts = {}
        for name, model in self.models_.items():
            if name == "portfolio":
                parts[name] = model.predict(X, return_std=True)[1]
            else:
                parts[name] = np.tile(model.estimator_.rmsecv_, (len(X), 1))
        return self._collect(parts, len(X))

    def _collect(self, parts, n_rows):
        """Take each property from its method's values: (n_rows, n_targets)."""
        collected = np.empty((n_rows, len(self.methods_)))
        for name, values in parts.items():
            columns, own = self._columns(name), self._own_columns(name)
            collected[:, own] = values.reshape(n_rows, -1)[:, np.isin(columns, own)]
        return collected


def _choose(n_standards, n_pairs):
    """Name the method for a property, and say why."""
    if n_standards >= LEAST_FOR_EVIDENCE:
        return "portfolio", f"portfolio: {n_standards} standards"
    if max(n_standards, n_pairs) >= LEAST_FOR_PORTFOLIO:
        return "portfolio", (
            f"portfolio with prior weights: {n_standards} standards and {n_pairs} pairs, too few to weigh models by "
            "their errors"
        )
    if n_pairs:
        return "mean shift", f"mean shift: {n_pairs} pairs, too few for more"
    if n_standards:
        return "bias", f"bias: {n_standards} standards that the source never saw, too few for more"
    return "mean shift", "mean shift between the two sets: neither pairs nor references on the target"
