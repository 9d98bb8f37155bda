"""What methods share that bring their own calibration and may ask for the wavelengths."""

import warnings

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .._core.validation import validate_spectra
from ..base import BaseTransferRegressor
from ..exceptions import UnknownAxisWarning
from ._operators import UNKNOWN_STEP

__all__ = ["CompleteTransferRegressor", "PredictsWithStd"]


class CompleteTransferRegressor(BaseTransferRegressor):
    """Base class of methods without an inner ``estimator``, which have parameters ``wavelengths`` and ``axis_unit``."""

    # BaseTransferRegressor reads it; these methods are their own calibration
    estimator = None

    def fit(self, X, y, *, instrument=None, sample_id=None):
        """Fit the method; see :meth:`BaseTransferRegressor.fit` for the arguments and errors.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
        y : array-like of shape (n_spectra,) or (n_spectra, n_targets)
        instrument, sample_id : array-like of shape (n_spectra,), optional

        Returns
        -------
        self
        """
        self._check_params()
        # rows of further instruments are gone once the rows are sorted out
        self._given = X, y, instrument, sample_id
        try:
            return super().fit(X, y, instrument=instrument, sample_id=sample_id)
        finally:
            del self._given

    def _read_spectra(self, X):
        values = super()._read_spectra(X)
        self._given = values, *self._given[1:]
        return values

    def _check_params(self):
        """Raise ValueError for a parameter that cannot be used."""

    def _nm_axis(self):
        """Axis in nm that ``fit`` has learned, else channels that count as 2 nm each."""
        if not hasattr(self, "wavelengths_"):
            warnings.warn(
                f"{type(self).__name__} does not know the wavelengths, and each channel counts as "
                f"{UNKNOWN_STEP:g} nm: pass wavelengths=, or a DataFrame with numeric column labels.",
                UnknownAxisWarning,
                stacklevel=6,
            )
            return UNKNOWN_STEP * np.arange(self.n_features_in_)
        return self.wavelengths_


class PredictsWithStd:
    """Mixin, before the base class, of methods that also know how sure they are, by ``_predict_with_std``."""

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
        predicted, std = self._predict_with_std(X)
        return self._like_y(predicted), self._in_shape_of_y(std)
