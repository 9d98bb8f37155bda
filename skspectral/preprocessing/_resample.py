"""Interpolation of spectra onto another wavelength axis."""

import warnings
from numbers import Integral

import numpy as np
from scipy.interpolate import BSpline, make_interp_spline
from scipy.sparse.linalg import splu
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from .._core.axis import SAME_AXIS, check_axis, gaps
from .._core.axis_identity import axis_names, find_order, known_axis
from .._core.channels import Labels, channel_labels
from .._core.matrices import as_matrix
from .._core.units import check_plausible, check_unit, convert, to_nm
from .._core.validation import check_finite, validate_spectra
from .._core.versions import VersionedState
from ..exceptions import UnknownAxisWarning, UnmeasuredRegionWarning, WavelengthRangeError

__all__ = ["Resample"]

DEGREES = {"linear": 1, "quadratic": 2, "cubic": 3}

# The influence of a channel on a spline falls by a factor of about four per channel of distance. What lies below this
# weight is beneath the rounding of float64, so the matrix is kept as a band of dense blocks.
NEGLIGIBLE_WEIGHT = 1e-15
BLOCK = 128


class Resample(VersionedState, OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Interpolate spectra onto another wavelength axis.

    The result equals ``scipy.interpolate.interp1d(wavelengths, X, kind="cubic")(grid)``. Interpolation is linear in
    the spectra, so ``fit`` works out its matrix once and ``transform`` is one banded matrix product. Spectra are never
    truncated or padded. Interpolation adds no information: a finer grid does not raise the resolution.

    Spectra whose columns are labelled with another axis than that of ``fit`` are interpolated from their own onto the
    same grid. So a Pipeline that begins with ``Resample`` reads files of any axis that covers its grid.

    Under ``set_output(transform="pandas")`` the columns are named by the grid (``"1100.0"``, ``"9090.9 cm-1"``), from
    which the next step of a Pipeline reads its axis.

    Parameters
    ----------
    n_points : int, default=2048
        Number of equally spaced points over the measured range, used when ``grid`` is None. The first and last point
        are the first and last channel, in the order in which the axis runs.
    wavelengths : array-like of shape (n_channels,), optional
        Measured axis in ``axis_unit``, strictly increasing or decreasing. Without it the axis is read from numeric
        column labels of a DataFrame; without these it is an index from 0 to 1, with a warning.
    grid : array-like of shape (n_points,), optional
        Axis wanted, in ``grid_unit``, strictly increasing or decreasing.
    axis_unit : {"nm", "um", "cm-1", "Raman shift"}, default="nm"
        Unit of ``wavelengths``, and of labels that do not say theirs. The spline is drawn in the unit of the axis.
    grid_unit : {"nm", "um", "cm-1", "Raman shift"}, optional
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
        Measured axis in nm; the index from 0 to 1 where it is not known.
    grid_ : ndarray of shape (n_points,)
        Axis of the result, in ``grid_unit_``.
    grid_unit_ : str or None
        Unit of ``grid_``; None where it is an index.
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
    UnmeasuredRegionWarning
        If points of the grid lie in a gap of the measured axis.

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
        axis_unit="nm",
        grid_unit=None,
        kind="cubic",
        out_of_range="error",
    ):
        self.n_points = n_points
        self.wavelengths = wavelengths
        self.grid = grid
        self.axis_unit = axis_unit
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
        measured_unit = check_unit(self.axis_unit)
        n_channels = validate_spectra(self, X, reset=True, min_channels=2).shape[1]
        axis = known_axis(self)
        if axis is None:
            warnings.warn(
                "Resample does not know the wavelengths: pass wavelengths=, or a DataFrame with numeric column labels. "
                "The channels are taken as equally spaced from 0 to 1.",
                UnknownAxisWarning,
                stacklevel=2,
            )
            self.wavelengths_ = np.linspace(0.0, 1.0, n_channels)
            axis = Labels(self.wavelengths_, None)
        self.grid_unit_ = axis.unit if self.grid_unit is None else check_unit(self.grid_unit, name="grid_unit")
        if self.grid is None:
            first, last = convert(axis.values[[0, -1]], axis.unit or measured_unit, self.grid_unit_ or measured_unit)
            self.grid_ = np.linspace(first, last, self.n_points)
        else:
            self.grid_ = check_axis(self.grid, name="grid")
        self._blocks = self._interpolation(axis)
        return self

    def _interpolation(self, axis):
        """Blocks of the interpolation matrix from an axis onto the grid."""
        unit = axis.unit or check_unit(self.axis_unit)
        positions = convert(self.grid_, self.grid_unit_ or unit, unit, name="grid")
        positions = self._within_range(positions, axis.values, unit)
        _warn_of_gaps(positions, axis, stacklevel=4)
        return _spline_blocks(axis.values, positions, min(DEGREES[self.kind], axis.values.size - 1))

    def transform(self, X):
        """Interpolate each spectrum onto the grid.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra on the axis seen in ``fit``; with labels, on any axis that covers the grid.

        Returns
        -------
        ndarray of shape (n_spectra, n_points)
            Float64 spectra on ``grid_``.
        """
        check_is_fitted(self)
        labels, own = channel_labels(X), known_axis(self)
        if labels is None or labels.counted or own is None or find_order(own, labels) is not None:
            values, blocks = validate_spectra(self, X, reset=False), self._blocks
        else:
            values, blocks = self._from_another_axis(X, labels)
        out = np.empty((len(values), self.grid_.size))
        for channels, points, block in blocks:
            np.matmul(values[:, channels], block, out=out[:, points])
        return out

    def _from_another_axis(self, X, labels):
        """Validated spectra whose labels are another axis, in its order, and the interpolation from it."""
        values = as_matrix(X, ensure_min_features=2, estimator=self)
        check_finite(values)
        order = np.argsort(labels.values)
        name = "the column labels of X"
        axis = Labels(check_axis(labels.values[order], name=name), labels.unit or check_unit(self.axis_unit))
        check_plausible(axis.values, axis.unit, name=name, stacklevel=3)
        return np.ascontiguousarray(values[:, order]), self._interpolation(axis)

    def __setstate__(self, state):
        # models stored before had the parameter ``unit``, and their axis in it
        if "unit" in state:
            state = dict(state)
            unit = state["axis_unit"] = state.pop("unit")
            axis = state.get("wavelengths_")
            state["grid_unit_"] = state.get("grid_unit") or unit
            if axis is not None and tuple(axis[[0, -1]]) != (0.0, 1.0):
                state |= {"_axis_labels": axis, "_axis_unit": unit, "axis_unit_": unit}
                state["wavelengths_"] = to_nm(axis, unit)
        super().__setstate__(state)

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
            Numbers as text, exact to the last digit, with the unit where it is not nm.
        """
        super().get_feature_names_out(input_features)
        return axis_names(Labels(self.grid_, self.grid_unit_))

    def _check_parameters(self):
        allowed = {
            "kind": tuple(DEGREES),
            "out_of_range": ("error", "extrapolate", "nearest"),
        }
        for name, values in allowed.items():
            if getattr(self, name) not in values:
                raise ValueError(f"{name} must be one of {values}, got {getattr(self, name)!r}.")
        if not isinstance(self.n_points, Integral) or isinstance(self.n_points, bool) or self.n_points < 2:
            raise ValueError(f"n_points must be an integer of at least 2, got {self.n_points!r}.")

    def _within_range(self, positions, axis, unit):
        low, high = axis.min(), axis.max()
        # rounding, by conversion or in a file, may push the ends of a grid outside
        first, last = np.abs(np.diff(np.sort(axis)))[[0, -1]]
        outside = (positions < low - SAME_AXIS * first) | (positions > high + SAME_AXIS * last)
        if self.out_of_range == "error" and outside.any():
            raise WavelengthRangeError(
                f"{outside.sum()} of {positions.size} grid points ({positions.min():.6g} to {positions.max():.6g} "
                f"{unit}) lie outside the measured range of {low:.6g} to {high:.6g} {unit}. Shorten the "
                "grid, or set out_of_range='extrapolate' or 'nearest'."
            )
        if self.out_of_range == "extrapolate":
            return positions
        return np.clip(positions, low, high)


def _warn_of_gaps(positions, axis, stacklevel):
    """Warn where values are made up between channels far apart."""
    holes = gaps(axis.values)
    inside = sum(int(((positions > low) & (positions < high)).sum()) for low, high in holes)
    if inside:
        unit = f" {axis.unit}" if axis.unit else ""
        listed = ", ".join(f"{low:.6g} to {high:.6g}{unit}" for low, high in holes)
        warnings.warn(
            f"{inside} of {positions.size} points of the grid lie in a gap of the axis ({listed}), where nothing was "
            "measured: their values are made up from the channels at its ends. Leave these points out of the grid.",
            UnmeasuredRegionWarning,
            stacklevel=stacklevel + 1,
        )


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
