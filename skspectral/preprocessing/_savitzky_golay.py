"""Savitzky-Golay smoothing and derivatives."""

import warnings
from numbers import Integral, Real

import numpy as np
from scipy.signal import savgol_filter
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from .._core.axis_identity import ChannelNames, known_axis
from .._core.steps import warn_of_jumps
from .._core.units import check_unit
from .._core.validation import validate_spectra
from .._core.versions import VersionedState
from ..exceptions import AxisMismatchError

__all__ = ["SavitzkyGolay"]

# A polynomial window assumes equal steps; measured axes are rounded to a few digits, hence not exactly zero.
LARGEST_STEP_DEVIATION = 0.01
LEAST_WINDOW = 2


class SavitzkyGolay(VersionedState, ChannelNames, TransformerMixin, BaseEstimator):
    """Smooth spectra, or take their derivative, by polynomials fitted in a moving window.

    The first and last half window are read off the polynomial fitted to the first and last full window, so that nothing
    is invented outside the measured range.

    Parameters
    ----------
    window : int or float, default=15
        Width of the window: an odd number of points, or with another ``unit`` a width in the unit of the axis, which is
        divided by the median step and taken to the nearest odd number of points above ``polyorder``. A window longer
        than the spectrum is cut to the largest odd number of its channels, and ``polyorder`` with it, with a warning.
    polyorder : int, default=2
        Degree of the polynomial, below the number of points in the window.
    deriv : int, default=0
        Order of the derivative, at most ``polyorder``; 0 smooths.
    unit : {"points", "nm", "um", "cm-1", "Raman shift"}, default="points"
        With "points" derivatives are per channel. With the unit of the axis, derivatives are per that unit, with the
        sign of increasing wavelength (wavenumber) also where the axis decreases.
    wavelengths : array-like of shape (n_channels,), optional
        Axis, of equal steps where ``unit`` is not "points". Without it the axis is read from numeric column labels of a
        DataFrame.
    axis_unit : {"nm", "um", "cm-1", "Raman shift"}, optional
        Unit of ``wavelengths``, and of labels that do not say theirs. Default: ``unit``, or nm where that is "points".

    Attributes
    ----------
    window_ : int
        Points in the window.
    polyorder_ : int
        Degree of the polynomial.
    step_ : float
        Distance between channels in the unit of the axis, negative where the axis decreases; 1.0 with
        ``unit="points"``.
    n_features_in_ : int
        Number of channels seen in ``fit``.
    feature_names_in_ : ndarray of shape (n_channels,)
        Column labels seen in ``fit``, when all of them are strings.
    wavelengths_ : ndarray of shape (n_channels,)
        Axis in nm, where it is known; labelled spectra are brought into its order.

    Raises
    ------
    ValueError
        If the window is even or not above ``polyorder``, or the derivative exceeds ``polyorder``.
    AxisMismatchError
        If a width in nm or cm-1 meets an unknown axis, one in another unit, or one whose steps differ by more than 1 %.

    Warns
    -----
    UnequalStepsWarning
        If with ``unit="points"`` the steps of a known axis jump, as over a gap or where two detectors meet.

    References
    ----------
    Savitzky and Golay (1964), Smoothing and differentiation of data by simplified least squares procedures, Analytical
    Chemistry 36, 1627-1639. doi:10.1021/ac60214a047

    Examples
    --------
    >>> import numpy as np
    >>> from skspectral.preprocessing import SavitzkyGolay
    >>> wavelengths = np.arange(1100.0, 1120.0, 2.0)
    >>> slope = SavitzkyGolay(10.0, deriv=1, unit="nm", wavelengths=wavelengths)
    >>> slope.fit_transform(0.5 * wavelengths[None, :]).round(6)
    array([[0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5]])
    >>> slope.window_
    5
    """

    def __init__(self, window=15, *, polyorder=2, deriv=0, unit="points", wavelengths=None, axis_unit=None):
        self.window = window
        self.polyorder = polyorder
        self.deriv = deriv
        self.unit = unit
        self.wavelengths = wavelengths
        self.axis_unit = axis_unit

    def fit(self, X, y=None):
        """Check the parameters against the spectra and settle the window in points.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_spectra, n_channels)
            Spectra.
        y : None
            Ignored.

        Returns
        -------
        SavitzkyGolay
            The estimator itself.
        """
        self._check_parameters()
        in_points = self.unit == "points"
        axis_unit = self.axis_unit
        if axis_unit is None and not (in_points and self.wavelengths is None):
            axis_unit = "nm" if in_points else self.unit
        least = _odd_above(self.deriv)
        n_channels = validate_spectra(self, X, reset=True, min_channels=least, axis_unit=axis_unit).shape[1]
        if in_points:
            if self.window >= LEAST_WINDOW:
                warn_of_jumps(self, "Treat each region by itself, or use Resample where it was measured throughout.")
            self.step_ = 1.0
            window = int(self.window)
        else:
            self.step_ = self._axis_step()
            window = max(_odd_above(self.polyorder), 2 * int(self.window / abs(self.step_) / 2) + 1)
        longest = n_channels - 1 + n_channels % 2
        if window > longest:
            warnings.warn(
                f"window of {window} points is longer than the spectra ({n_channels} channels); {longest} are used.",
                UserWarning,
                stacklevel=2,
            )
        self.window_ = min(window, longest)
        self.polyorder_ = min(self.polyorder, self.window_ - 1)
        return self

    def transform(self, X):
        """Smooth or differentiate each spectrum.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra.

        Returns
        -------
        ndarray of shape (n_spectra, n_channels)
            Float64 spectra or derivatives.
        """
        check_is_fitted(self)
        values = validate_spectra(self, X, reset=False, gives_channels=True)
        return savgol_filter(values, self.window_, self.polyorder_, deriv=self.deriv, delta=self.step_, axis=1)

    def _check_parameters(self):
        if self.unit != "points":
            check_unit(self.unit, name="unit is 'points', or")
        for name in ("polyorder", "deriv"):
            value = getattr(self, name)
            if not isinstance(value, Integral) or isinstance(value, bool) or value < 0:
                raise ValueError(f"{name} must be an integer of at least 0, got {value!r}.")
        if self.deriv > self.polyorder:
            raise ValueError(
                f"deriv={self.deriv} of a polynomial of degree polyorder={self.polyorder} is zero everywhere; "
                "polyorder must be at least deriv."
            )
        if not isinstance(self.window, Real) or isinstance(self.window, bool) or not 0 < self.window < np.inf:
            raise ValueError(f"window must be a positive number, got {self.window!r}.")
        if self.unit == "points" and (self.window % 2 != 1 or self.window <= self.polyorder):
            raise ValueError(
                f"window must be an odd number of points above polyorder={self.polyorder}, got {self.window!r}. "
                "Give a width in nm with unit='nm'."
            )

    def _axis_step(self):
        own, unit = known_axis(self), check_unit(self.unit)
        if own is None:
            raise AxisMismatchError(
                f"unit={self.unit!r} needs the wavelengths: pass wavelengths=, or a DataFrame with numeric column "
                "labels, or give the window in points."
            )
        if own.unit != unit:
            raise AxisMismatchError(
                f"unit={self.unit!r}, but the axis is in {own.unit}. Give the window in the unit of the axis, or "
                "convert the axis with Resample first."
            )
        steps = np.diff(own.values)
        if steps.size == 0:
            raise AxisMismatchError(f"unit={self.unit!r} needs at least two channels; give the window in points.")
        step = float(np.median(steps))
        if np.abs(steps / step - 1).max() > LARGEST_STEP_DEVIATION:
            raise AxisMismatchError(
                f"the steps of the axis run from {steps.min():.6g} to {steps.max():.6g}; a moving polynomial needs "
                "equal steps. Use Resample first."
            )
        return step


def _odd_above(number):
    return number + 1 + number % 2
