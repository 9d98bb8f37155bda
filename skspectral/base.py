"""The contract: rows carry the instrument and the sample they come from, and every method is one regressor.

A row is one spectrum of one sample on one instrument. ``fit`` receives all rows with two labels, ``instrument`` and
``sample_id``; ``predict`` receives spectra of the target instrument. Subclasses implement ``_fit_transfer`` and
``_predict`` and describe themselves in ``__transfer_tags__``.
"""

import warnings

import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin, RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils.validation import check_is_fitted

from ._core.affine import affine_coefficients
from ._core.axis_identity import known_axis
from ._core.nested import is_nested, nested_fits
from ._core.plausible import fitted_range, warn_of_absurd, warn_of_copies, warn_of_scales
from ._core.property_names import properties_named, property_name
from ._core.quantities import learn_quantity, said_quantity
from ._core.references import check_references, warn_of_units
from ._core.refitting import unchanged_on_failure
from ._core.replicates import check_replicates
from ._core.roles import TransferRows
from ._core.spelling import warn_of_instruments_left_out
from ._core.tags import TransferTags, check_enough
from ._core.validation import validate_spectra, varies
from ._core.versions import VersionedState
from .calibration.wrapping import (
    existing_calibration,
    fit_calibration,
    holds_frozen,
    is_frozen,
    predict_2d,
    refuse_class,
)
from .exceptions import (
    AxisMismatchError,
    ChannelMismatchError,
    ExistingCalibrationError,
    IndistinctSpectraError,
    MissingReferenceError,
    NoSourceError,
    NotTransferredWarning,
    UnpairedSamplesWarning,
)

__all__ = ["BaseTransferRegressor", "TransferTags"]


class BaseTransferRegressor(VersionedState, MetaEstimatorMixin, RegressorMixin, BaseEstimator):
    """Base class of all transfer methods.

    Parameters
    ----------
    estimator : estimator, optional
        The calibration. Default: :class:`~skspectral.PLSRegressionCV`. An existing calibration, wrapped in
        ``sklearn.frozen.FrozenEstimator`` or given as :class:`~skspectral.LinearCalibration`, is used as
        it is.
    source, target : object, optional
        Labels of the two instruments as they stand in ``instrument``. One of them may be left out when the rows come
        from two instruments, both when they come from one.

    Attributes
    ----------
    estimator_ : fitted estimator
    source_, target_ : object or None
        The resolved roles.
    n_standards_ : int
        Samples with a target row and a reference (their own or their twin's).
    n_pairs_ : int
        Samples with rows on both instruments.
    n_features_in_ : int
    wavelengths_ : ndarray of shape (n_channels,)
        The axis in nm, in the order of the channels inside the model, where it is known; ``axis_unit_`` is the unit in
        which it was given. Labelled spectra (a DataFrame whose labels are wavelengths, a
        :class:`~skspectral.io.SpectraTable`) are brought into this order.
    """

    # class-level requests: the library never calls set_fit_request and works with routing on and off
    __metadata_request__fit = {"instrument": True, "sample_id": True}

    def __init__(self, estimator=None, *, source=None, target=None):
        self.estimator = estimator
        self.source = source
        self.target = target

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def __transfer_tags__(self):
        """Describe the method; subclasses override."""
        return TransferTags()

    def fit(self, X, y, *, instrument=None, sample_id=None):
        """Calibrate on the source and transfer to the target.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            One row is one spectrum of one sample on one instrument.
        y : array-like of shape (n_spectra,) or (n_spectra, n_targets)
            References; NaN where there is none. A row without one takes it from the same sample on the other
            instrument.
        instrument : array-like of shape (n_spectra,), optional
            Instrument of each row. Without it all rows are source rows and the result is the source calibration.
        sample_id : array-like of shape (n_spectra,), optional
            Sample of each row; None, NaN, NaT, pandas.NA and texts that stand for them (``""``, ``"nan"``, ``"NA"``,
            ``"None"``) mean unknown. A number is its text, so that 7, 7.0 and ``"7"`` are one sample; two texts are one
            sample only if they are equal. Rows of one sample on two instruments are a pair; several rows of one sample
            on one instrument are replicates.

        Returns
        -------
        self

        Raises
        ------
        UnknownInstrumentError, AmbiguousInstrumentError
            If the roles cannot be resolved.
        NoStandardsError, TooFewStandardsError
            If the target rows are not enough for the method.
        ConflictingReferenceError
            If one sample has different references on the two instruments.
        ReplicatesDisagreeError
            If rows of one sample on one instrument differ as much as different samples do.
        ExistingCalibrationError
            If the method fits the calibration anew and was given a frozen one.
        NonFiniteSpectraError, ConstantSpectraError, ImplausibleSpectraError, IndistinctSpectraError
            If spectra cannot be used.
        ImplausibleReferenceError
            If references cannot be used.
        LabelsError
            If there is not one instrument and one sample_id per row.
        AxisMismatchError
            If column labels contradict ``wavelengths`` or the existing calibration, or are in no order.
        QuantityError
            If a table says that its instruments hold different quantities.

        Warns
        -----
        UnpairedSamplesWarning
            If ids were given and the two instruments share none, or some differ in case, blanks or leading zeros only.
        InstrumentSpellingWarning
            If rows are left out whose instrument is called almost like one that takes part.
        ReferenceUnitsWarning
            If references of the two instruments are far apart.
        SpectraScaleWarning
            If spectra of one instrument are much larger than those of the other.
        CopiedSpectraWarning
            If spectra of the two instruments, or of two samples on one, are equal to the last digit.
        """
        refuse_class(self.estimator)
        with unchanged_on_failure(self), properties_named(y):
            frozen, quantity = is_frozen(self.estimator), said_quantity(X)
            X = self._read_spectra(X)
            y = check_references(self, y, len(X), allow_missing=True)
            self._check_frozen_width(frozen)
            self._y_is_1d = y.ndim == 1
            self._range = fitted_range(X, y.reshape(len(X), -1))
            if not frozen and not np.isfinite(y).any():
                raise MissingReferenceError(
                    "Input y contains NaN only: no spectrum has a reference. Give references, or wrap an existing "
                    "calibration in FrozenEstimator."
                )
            rows = TransferRows.sort_out(
                X,
                y.reshape(len(X), -1),
                instrument=instrument,
                sample_id=sample_id,
                source=self.source,
                target=self.target,
            )
            if instrument is not None and not is_nested():
                warn_of_instruments_left_out(instrument, rows.source, rows.target, stacklevel=2)
            if rows.target is not None and not is_nested():
                own = y.reshape(len(X), -1)[rows.order]
                warn_of_units(own, rows.is_target, (rows.source, rows.target), stacklevel=2)
                warn_of_copies(rows, stacklevel=2)
            if not is_nested():
                warn_of_scales(rows, stacklevel=2)
            if sample_id is not None:
                check_replicates(rows, y.reshape(len(X), -1)[rows.order])
            learn_quantity(self, quantity, rows.source, rows.target)
            self.source_, self.target_ = rows.source, rows.target
            self.n_standards_, self.n_pairs_ = rows.n_standards, len(rows.pairs)
            plain = instrument is None or (self.source is None and rows.target is None)
            odd = "" if plain or is_nested() else rows.describe_pairing()
            with nested_fits():
                self._fit_rows(rows, plain=plain, odd=odd)
            if not plain and not is_nested():
                self._warn_of_doubts(rows)
        return self

    def _read_spectra(self, X):
        """Validate the spectra of ``fit``, on the axis of the existing calibration where one is inside."""
        existing = existing_calibration(self.estimator)
        values = validate_spectra(
            self,
            X,
            reset=True,
            min_samples=1 if is_frozen(self.estimator) else 2,
            forbid_constant=True,
            existing=None if existing is None else known_axis(existing),
        )
        names, expected = (getattr(owner, "feature_names_in_", None) for owner in (self, existing))
        if names is not None and expected is not None and known_axis(self) is None and list(names) != list(expected):
            raise AxisMismatchError(
                f"The existing calibration was fitted on the columns {_listed(expected)}, and X has {_listed(names)}. "
                "Give the columns that it knows, in its order."
            )
        return values

    def _check_frozen_width(self, frozen):
        expected = getattr(self.estimator, "n_features_in_", None) if frozen else None
        if expected is not None and expected != self.n_features_in_:
            raise ChannelMismatchError(
                f"X has {self.n_features_in_} features, but the existing calibration "
                f"{type(self.estimator).__name__} is expecting {expected} features as input."
            )

    def _fit_rows(self, rows, plain, odd):
        tags = self.__transfer_tags__()
        if plain:
            if self.source is not None or self.target is not None:
                warnings.warn(
                    f"{type(self).__name__} has roles (source={self.source!r}, target={self.target!r}) but fit got no "
                    "instrument: this is the plain source calibration, nothing is transferred.",
                    NotTransferredWarning,
                    stacklevel=4,
                )
            self._check_source_spectra(rows)
            self._fit_source(rows)
            return
        if tags.refits and holds_frozen(self.estimator):
            raise ExistingCalibrationError(
                f"{type(self).__name__} fits the calibration anew on the spectra it has changed, and an existing one "
                "cannot be. Give an ordinary estimator and the source spectra with their references, or use a method "
                "that changes target spectra only, such as MeanShift, DS, PDS or SST."
            )
        check_enough(tags, rows, type(self).__name__, odd)
        if tags.needs_source:
            self._check_source_spectra(rows)
        if tags.needs_source and not (~rows.is_target).any():
            raise NoSourceError(
                f"{type(self).__name__} needs rows of the source instrument (source={rows.source!r}), and there are "
                "none. Methods that learn from the target alone are TargetOnly and SBC on references."
            )
        if odd:
            warnings.warn(odd, UnpairedSamplesWarning, stacklevel=4)
        self._fit_transfer(rows)

    def _warn_of_doubts(self, rows):
        """Warn of what the fitted method makes doubtful in the rows; subclasses that can tell override."""

    def _check_source_spectra(self, rows):
        """Raise where the source spectra that are calibrated on are one and the same."""
        source = rows.X[~rows.is_target]
        if len(source) < 2 or holds_frozen(self.estimator) or varies(source):
            return
        raise IndistinctSpectraError(
            f"All {len(source)} source spectra are the same up to rounding, so that {type(self).__name__} has nothing "
            "to calibrate on. Check that each sample was measured, not one scan copied."
        )

    def _fit_source(self, rows):
        """Fit the plain source calibration; ``_predict`` must then apply no transfer."""
        on_source = ~rows.is_target
        ids = None if rows.sample_id is None else rows.sample_id[on_source]
        self.estimator_ = fit_calibration(self, self.estimator, rows.X[on_source], rows.y[on_source], ids)

    def _fit_transfer(self, rows):
        """Learn from source and target rows; sets ``estimator_`` and whatever ``_predict`` needs."""
        raise NotImplementedError

    def predict(self, X):
        """Predict references from spectra of the target instrument.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)

        Returns
        -------
        ndarray of shape (n_spectra,) or (n_spectra, n_targets), float64
            In the units of ``y``.

        Raises
        ------
        AxisMismatchError
            If the column labels are another axis than the one seen in ``fit``.
        ChannelMismatchError, NonFiniteSpectraError, ConstantSpectraError, ImplausibleSpectraError, QuantityError
            If the spectra cannot be used.

        Warns
        -----
        AbsurdPredictionWarning
            If predictions are far from all references.
        SpectraScaleWarning
            If the spectra are much larger or smaller than those of ``fit``.
        """
        check_is_fitted(self)
        X = validate_spectra(self, X, reset=False, forbid_constant=True)
        with nested_fits():
            # an estimator inside says nothing that was not said of the spectra as they arrived
            values = self._predict(X)
        return self._like_y(values)

    def _like_y(self, values):
        """Give predictions (n_spectra, n_targets) the number of dimensions that ``y`` had in ``fit``."""
        warn_of_absurd(self, values)
        return self._in_shape_of_y(values)

    def _in_shape_of_y(self, values):
        """Give what is no prediction, such as standard deviations (n_spectra, n_targets), the dimensions of ``y``."""
        return values[:, 0] if self._y_is_1d and values.shape[1] == 1 else values

    def _predict(self, X):
        """Predict validated target spectra as (n_spectra, n_targets)."""
        return predict_2d(self.estimator_, X)

    def _predict_source(self, X):
        """Predict spectra of the *source* instrument as (n_spectra, n_targets)."""
        return predict_2d(self.estimator_, X)

    def export_calibration(self):
        """Fold transfer and calibration into one coefficient vector for the target instrument.

        Returns
        -------
        coef : ndarray of shape (n_targets, n_channels)
            ``b`` in ``y = X @ b.T + b0``, for spectra as measured on the target.
        intercept : ndarray of shape (n_targets,)
            ``b0``.

        Raises
        ------
        NonLinearCalibrationError
            If predictions are not an affine function of the spectrum: with SNV, a tree or a kernel inside, for example.
        """
        check_is_fitted(self)
        seen = getattr(self, "_range", None)
        return affine_coefficients(self._predict, self.n_features_in_, None if seen is None else seen["typical"])

    def score(self, X, y, sample_weight=None):
        """Coefficient of determination on target spectra, ignoring missing references.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
        y : array-like of shape (n_spectra,) or (n_spectra, n_targets)
            References; each property is scored where it is not NaN.
        sample_weight : array-like of shape (n_spectra,), optional

        Returns
        -------
        float
            R2 against the mean of ``y``, averaged over the properties.
        """
        predicted = self.predict(X)
        y = check_references(self, y, len(predicted), allow_missing=True).reshape(len(predicted), -1)
        predicted = predicted.reshape(y.shape)
        weight = None if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
        scores = []
        for j in range(y.shape[1]):
            known = np.isfinite(y[:, j])
            if not known.any():
                which = property_name(j, y.shape[1])
                raise MissingReferenceError(f"score got no reference for {which}; y is NaN there.")
            weights = None if weight is None else weight[known]
            scores.append(r2_score(y[known, j], predicted[known, j], sample_weight=weights))
        return float(np.mean(scores))


def _listed(names):
    names = [repr(str(name)) for name in names]
    return ", ".join(names if len(names) < 6 else [*names[:3], "...", names[-1]])
