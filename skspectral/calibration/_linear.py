"""A calibration that exists as coefficients only."""

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin

from .._core.axis import check_axis
from .._core.axis_identity import learn_axis, order_for
from .._core.channels import Labels, channel_labels, spectra_of
from .._core.units import check_unit
from .._core.versions import VersionedState
from ..exceptions import ChannelMismatchError

__all__ = ["LinearCalibration"]


class LinearCalibration(VersionedState, RegressorMixin, BaseEstimator):
    """A calibration that exists as a coefficient vector only, as instruments and LIMS store it.

    Parameters
    ----------
    coef : array-like of shape (n_channels,) or (n_targets, n_channels)
        Regression vector, in units of the property per unit of ``X``.
    intercept : float or array-like of shape (n_targets,), default=0.0
    wavelengths : array-like of shape (n_channels,), optional
        The channels that the coefficients belong to, in their order. With them, labelled spectra are brought into this
        order, and those on another axis are refused.
    axis_unit : {"nm", "um", "cm-1", "Raman shift"}, default="nm"
        Unit of ``wavelengths``, and of labels that do not say theirs.

    Notes
    -----
    ``fit`` learns nothing but the labels of the columns; the object is ready to predict. Transfer methods treat it as
    frozen: they learn the map from the pairs alone, and source rows need no references.

    Examples
    --------
    >>> from skspectral import LinearCalibration
    >>> LinearCalibration([0.5, -1.0], 3.0).predict([[2.0, 1.0]])
    array([3.])
    """

    def __init__(self, coef, intercept=0.0, *, wavelengths=None, axis_unit="nm"):
        self.coef = coef
        self.intercept = intercept
        self.wavelengths = wavelengths
        self.axis_unit = axis_unit

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = False
        tags.target_tags.multi_output = True
        tags.requires_fit = False
        return tags

    def __sklearn_is_fitted__(self):
        return True

    @property
    def coef_(self):
        """Regression vectors as an array of shape (n_targets, n_channels)."""
        coef = np.array(self.coef, dtype=np.float64)
        if coef.ndim not in (1, 2) or not np.isfinite(coef).all():
            raise ValueError("coef must be finite, of shape (n_channels,) or (n_targets, n_channels).")
        return np.atleast_2d(coef)

    @property
    def intercept_(self):
        """Intercepts as an array of shape (n_targets,)."""
        return np.broadcast_to(np.asarray(self.intercept, dtype=np.float64), len(self.coef_))

    @property
    def n_features_in_(self):
        """Number of channels that the coefficients expect."""
        return self.coef_.shape[1]

    def _known_axis(self):
        """The axis of the coefficients: the parameter, which needs no fit, else the labels seen in ``fit``."""
        if self.wavelengths is None:
            values = getattr(self, "_axis_labels", None)
            return None if values is None else Labels(values, self._axis_unit)
        return Labels(check_axis(self.wavelengths, self.n_features_in_), check_unit(self.axis_unit))

    def fit(self, X, y=None):
        """Check the number of channels and keep the labels of the columns; nothing else is learned.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
        y : ignored

        Returns
        -------
        self
        """
        labels = channel_labels(X)
        X = self._matrix(X)
        learn_axis(self, labels, X.shape[1], ordered=False)
        return self

    def predict(self, X):
        """Apply the coefficients.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)

        Returns
        -------
        ndarray of shape (n_spectra,) or (n_spectra, n_targets)
            One-dimensional where ``coef`` is.

        Raises
        ------
        ChannelMismatchError
            If the spectra have another number of channels than ``coef``.
        AxisMismatchError
            If column labels are another axis than that of the coefficients.
        """
        labels = channel_labels(X)
        X = self._matrix(X)
        order = order_for(self, labels, X.shape[1])
        X = X if order is None else np.ascontiguousarray(X[:, order])
        predicted = X @ self.coef_.T + self.intercept_
        return predicted[:, 0] if np.ndim(self.coef) == 1 else predicted

    def _matrix(self, X):
        # sums over another memory layout round otherwise
        X = np.asarray(spectra_of(X), dtype=np.float64, order="C")
        if X.ndim != 2 or X.shape[1] != self.n_features_in_:
            raise ChannelMismatchError(
                f"X has shape {X.shape}, but LinearCalibration is expecting {self.n_features_in_} features as input, "
                "one per coefficient."
            )
        return X
