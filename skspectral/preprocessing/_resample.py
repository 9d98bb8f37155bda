"""Interpolation of spectra onto another wavelength axis."""

from numbers import Integral

import numpy as np
from scipy.interpolate import BSpline, make_interp_spline
from scipy.sparse.linalg import splu
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from .._core.axis import check_axis, resolve_axis
from .._core.validation import validate_spectra
from .._core.versions import VersionedState
from ..exceptions import AxisMismatchError, WavelengthRangeError

__all__ = ["Resample"]

DEGREES = {"linear": 1, "quadratic": 2, "cubic": 3}

# The influence of a channel on a spline falls by a factor of about four per channel of distance. What lies below this
# weight is beneath the rounding of float64, so the matrix is kept as a band of dense blocks.
NEGLIGIBLE_WEIGHT = 1e-15
BLOCK = 128

# Conversion between nm and cm-1 and back is not exact: ends of the range may lie outside by rounding.
RANGE_SLACK = 1e-9


class Resample(VersionedState, OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Interpolate spectra onto another wavelength axis.

    The result equals ``scipy.interpolate.interp1d(wavelengths, X, kind="cubic")(grid)``. Interpolation is linear in
    the spectra, so ``fit`` works out its matrix once and ``transform`` is one banded matrix product. Spectra are never
    truncated or padded. Interpolation adds no information: a finer grid does not raise the resolution.

    Under ``set_output(transform="pandas")`` the columns are named by the grid (``"1100.0"``), from which the next step
    of a Pipeline reads its axis.

    Parameters
    ----------
    n_points : int, default=2048
        Number of equally spaced points over the measured range, used when ``grid`` is None. The first and last point
        are the first and last channel, in the order in which the axis runs.
    wavelengths : array-like of shape (n_channels,), optional
        Measured axis in ``unit``, strictly increasing or decreasing. Without it the axis is read from numeric column
        labels of a DataFrame; without these it is an index from 0 to 1, with a warning.
    grid : array-like of shape (n_points,), optional
        Axis wanted, in ``grid_unit``, strictly increasing or decreasing.
    unit : {"nm", "cm-1"}, default="nm"
        Unit of the measured axis, in which the spline is drawn.
    grid_unit : {"nm", "cm-1"}, optional
        Unit of the grid; None for that of the measured axis. Wavelengths and wavenumbers are converted by
        ``1e7 / x``.
    kind : {"cubic", "quadratic", "linear"}, default="cubic"
        Degree of the spline (cubic: not-a-knot ends). Spectra with fewer channels than a degree needs get the highest
        degree that they determine.
    out_of_range : {"error", "extrapolate", "nearest"}, default="error"
        What to do with points of the grid outside the measured range: raise, continue the outermost polynomial, or
        repeat the outermost channel.

    Attributes
    ----------
    wavelengths_ : ndarray of shape (n_channels,)
        Measured axis.
    grid_ : ndarray of shape (n_points,)
        Axis of the result, in ``grid_unit``.
    matrix_ : ndarray of shape (n_channels, n_points)
        The interpolation as a matrix: ``transform(X)`` is ``X @ matrix_``.
    n_features_in_ : int
        Number of channels seen in ``fit``.
    feature_names_in_ : ndarray of shape (n_channels,)
        Column labels seen in ``fit``, when all of them are strings.

    Raises
    ------
    WavelengthRangeError
        If the grid leaves the measured range and ``out_of_range="error"``.
    AxisMismatchError
        If an axis has the wrong length, is not strictly monotonic, or cannot be converted.

    Warns
    -----
    UnknownAxisWarning
        If neither ``wavelengths`` nor numeric column labels are known.

    Examples
    --------
    >>> import numpy as np
    >>> from skspectral.preprocessing import Resample
    >>> wavelengths = np.array([1100.0, 1102.0, 1104.0, 1106.0, 1108.0])
    >>> X = ((wavelengths - 1100) ** 2)[None, :]
    >>> Resample(wavelengths=wavelengths, grid=[1101.0, 1103.0]).fit_transform(X).round(6)
    array([[1., 9.]])
    """

    def __init__(
        self,
        n_points=2048,
        *,
        wavelengths=None,
        grid=None,
        unit="nm",
        grid_unit=None,
        kind="cubic",
        out_of_range="error",
    ):
        self.n_points = n_points
        self.wavelengths = wavelengths
        self.grid = grid
        self.unit = unit
        self.grid_unit = grid_unit
        self.kind = kind
        self.out_of_range = out_of_range

    def fit(self, X, y=None):
        """Work out the interpolation matrix.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_spectra, n_channels)
            Spectra, at least two channels. Only their axis matters.
        y : None
            Ignored.

        Returns
        -------
        Resample
            The estimator itself.
        """
        self._check_parameters()
        n_channels = validate_spectra(self, X, reset=True, min_channels=2).shape[1]
        axis = resolve_axis(self.wavelengths, X, n_channels, caller="Resample")
        grid_unit = self.unit if self.grid_unit is None else self.grid_unit
        if self.grid is None:
            first, last = _convert(axis[[0, -1]], self.unit, grid_unit, "wavelengths")
            grid = np.linspace(first, last, self.n_points)
        else:
            grid = check_axis(self.grid, name="grid")
        positions = self._within_range(_convert(grid, grid_unit, self.unit, "grid"), axis)
        self._blocks = _spline_blocks(axis, positions, min(DEGREES[self.kind], n_channels - 1))
        self.wavelengths_ = axis
        self.grid_ = grid
        return self

    def transform(self, X):
        """Interpolate each spectrum onto the grid.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra on the axis seen in ``fit``.

        Returns
        -------
        ndarray of shape (n_spectra, n_points)
            Float64 spectra on ``grid_``.
        """
        check_is_fitted(self)
        values = validate_spectra(self, X, reset=False)
        out = np.empty((len(values), self.grid_.size))
        for channels, points, block in self._blocks:
            np.matmul(values[:, channels], block, out=out[:, points])
        return out

    @property
    def matrix_(self):
        """Interpolation matrix of shape (n_channels, n_points)."""
        check_is_fitted(self)
        matrix = np.zeros((self.n_features_in_, self.grid_.size))
        for channels, points, block in self._blocks:
            matrix[channels, points] = block
        return matrix

    def get_feature_names_out(self, input_features=None):
        """Name the points of the grid by their wavelength.

        Parameters
        ----------
        input_features : array-like of str of shape (n_channels,), optional
            Only checked against the names seen in ``fit``.

        Returns
        -------
        ndarray of object of shape (n_points,)
            Numbers as strings, exact to the last digit.
        """
        super().get_feature_names_out(input_features)
        return np.array([repr(float(point)) for point in self.grid_], dtype=object)

    def _check_parameters(self):
        allowed = {
            "unit": ("nm", "cm-1"),
            "grid_unit": (None, "nm", "cm-1"),
            "kind": tuple(DEGREES),
            "out_of_range": ("error", "extrapolate", "nearest"),
        }
        for name, values in allowed.items():
            if getattr(self, name) not in values:
                raise ValueError(f"{name} must be one of {values}, got {getattr(self, name)!r}.")
        if not isinstance(self.n_points, Integral) or isinstance(self.n_points, bool) or self.n_points < 2:
            raise ValueError(f"n_points must be an integer of at least 2, got {self.n_points!r}.")

    def _within_range(self, positions, axis):
        low, high = axis.min(), axis.max()
        slack = RANGE_SLACK * (high - low)
        outside = (positions < low - slack) | (positions > high + slack)
        if self.out_of_range == "error" and outside.any():
            raise WavelengthRangeError(
                f"{outside.sum()} of {positions.size} grid points ({positions.min():.6g} to {positions.max():.6g} "
                f"{self.unit}) lie outside the measured range of {low:.6g} to {high:.6g} {self.unit}. Shorten the "
                "grid, or set out_of_range='extrapolate' or 'nearest'."
            )
        if self.out_of_range == "extrapolate":
            return positions
        return np.clip(positions, low, high)


def _convert(values, unit, to_unit, name):
    if unit == to_unit:
        return values
    if np.min(values) <= 0:
        raise AxisMismatchError(f"{name} must be positive to be converted from {unit} to {to_unit}.")
    return 1e7 / values


def _spline_blocks(axis, positions, degree):
    """Split the interpolation matrix into (channels, points, weights) blocks along its band."""
    decreasing = axis[0] > axis[-1]
    x = axis[::-1] if decreasing else axis
    knots = make_interp_spline(x, x, k=degree).t
    # Coefficients c solve at_axis @ c = spectrum and the result is at_grid @ c, so the weights solve the transpose.
    factor = splu(BSpline.design_matrix(x, knots, degree).T.tocsc())
    at_grid = BSpline.design_matrix(positions, knots, degree, extrapolate=True)
    blocks = []
    for start in range(0, positions.size, BLOCK):
        points = slice(start, min(start + BLOCK, positions.size))
        weights = factor.solve(at_grid[points].T.toarray())
        if decreasing:
            weights = weights[::-1]
        used = np.flatnonzero((np.abs(weights) > NEGLIGIBLE_WEIGHT).any(axis=1))
        channels = slice(int(used[0]), int(used[-1]) + 1)
        blocks.append((channels, points, np.ascontiguousarray(weights[channels])))
    return blocks
