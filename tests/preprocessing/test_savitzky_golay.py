import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import savgol_filter

from skspectral.exceptions import AxisMismatchError
from skspectral.preprocessing import SavitzkyGolay

AXIS = 1100.0 + 2.0 * np.arange(40)


@pytest.fixture
def X():
    return np.random.default_rng(1).normal(size=(4, 40)).cumsum(axis=1)


def windowed_least_squares(row, window, polyorder, deriv):
    """Fit one polynomial per channel, at the ends the one of the outermost full window."""
    half = window // 2
    out = np.empty_like(row)
    for i in range(row.size):
        centre = min(max(i, half), row.size - 1 - half)
        channels = np.arange(centre - half, centre + half + 1)
        poly = np.polynomial.Polynomial.fit(channels, row[channels], polyorder, domain=[0, row.size])
        out[i] = poly.deriv(deriv)(i) if deriv else poly(i)
    return out


@pytest.mark.parametrize(("window", "polyorder", "deriv"), [(15, 2, 0), (7, 2, 1), (9, 3, 2), (5, 4, 1), (1, 0, 0)])
def test_equals_polynomials_fitted_one_by_one(X, window, polyorder, deriv):
    out = SavitzkyGolay(window, polyorder=polyorder, deriv=deriv).fit_transform(X)
    expected = [windowed_least_squares(row, window, polyorder, deriv) for row in X]
    np.testing.assert_allclose(out, expected, atol=1e-9)


@given(st.lists(st.floats(-2, 2), min_size=3, max_size=3), st.integers(0, 2))
def test_exact_on_quadratics_including_the_ends(coefficients, deriv):
    poly = np.polynomial.Polynomial(coefficients, domain=[1100, 1178], window=[-1, 1])
    out = SavitzkyGolay(21.0, deriv=deriv, unit="nm", wavelengths=AXIS).fit_transform(poly(AXIS)[None, :])
    expected = poly.deriv(deriv)(AXIS) if deriv else poly(AXIS)
    np.testing.assert_allclose(out[0], expected, atol=1e-10)


@pytest.mark.parametrize(
    ("width", "points"),
    [(30.0, 15), (29.0, 15), (27.9, 13), (28.0, 15), (31.9, 15), (10, 5), (0.5, 3), (6.0, 3)],
)
def test_width_in_nm_is_the_nearest_odd_number_of_points(X, width, points):
    fitted = SavitzkyGolay(width, unit="nm", wavelengths=AXIS).fit(X)
    assert fitted.window_ == points
    np.testing.assert_allclose(fitted.transform(X), savgol_filter(X, points, 2, axis=1))


def test_axis_from_column_labels(X):
    frame = pd.DataFrame(X, columns=AXIS.astype(str))
    out = SavitzkyGolay(14.0, deriv=1, unit="nm").fit_transform(frame)
    np.testing.assert_allclose(out, SavitzkyGolay(7, deriv=1).fit_transform(X) / 2.0)


def test_derivative_on_a_decreasing_axis_is_per_increasing_wavenumber(X):
    increasing = SavitzkyGolay(14, deriv=1, unit="cm-1", wavelengths=AXIS).fit_transform(X)
    decreasing = SavitzkyGolay(14, deriv=1, unit="cm-1", wavelengths=AXIS[::-1]).fit_transform(X[:, ::-1])
    np.testing.assert_allclose(decreasing[:, ::-1], increasing, atol=1e-12)


def test_points_ignore_the_axis(X):
    frame = pd.DataFrame(X, columns=AXIS.astype(str))
    np.testing.assert_array_equal(
        SavitzkyGolay(7, deriv=1).fit_transform(frame), SavitzkyGolay(7, deriv=1).fit_transform(X)
    )


def test_unequal_steps_ask_for_resampling(X):
    axis = 1e7 / np.linspace(9000, 8000, 40)
    with pytest.raises(AxisMismatchError, match="Use Resample first"):
        SavitzkyGolay(10.0, unit="nm", wavelengths=axis).fit(X)


def test_rounded_axis_counts_as_equal_steps(X):
    axis = np.round(1000 + 3.337 * np.arange(40), 2)
    assert SavitzkyGolay(17.0, unit="nm", wavelengths=axis).fit(X).window_ == 5


def test_nm_without_an_axis_is_an_error(X):
    with pytest.raises(AxisMismatchError, match="needs the wavelengths"):
        SavitzkyGolay(10.0, unit="nm").fit(X)
    with pytest.raises(AxisMismatchError, match="40 channels"):
        SavitzkyGolay(10.0, unit="nm", wavelengths=AXIS[:-1]).fit(X)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"window": 8}, "odd number of points"),
        ({"window": 7.5}, "odd number of points"),
        ({"window": 3, "polyorder": 3}, "above polyorder=3"),
        ({"window": 0}, "positive number"),
        ({"window": -3}, "positive number"),
        ({"window": "15"}, "positive number"),
        ({"window": np.nan}, "positive number"),
        ({"window": True}, "positive number"),
        ({"polyorder": -1}, "polyorder must be an integer"),
        ({"polyorder": 1.5}, "polyorder must be an integer"),
        ({"deriv": "1"}, "deriv must be an integer"),
        ({"deriv": 3}, "polyorder must be at least deriv"),
        ({"unit": "eV"}, "unit is 'points', or must be one of nm"),
    ],
)
def test_bad_parameters_are_named(X, parameters, message):
    with pytest.raises(ValueError, match=message):
        SavitzkyGolay(**parameters).fit(X)


def test_window_longer_than_the_spectrum_is_cut_with_a_warning(X):
    with pytest.warns(UserWarning, match=r"window of 15 points is longer than the spectra \(6 channels\); 5"):
        fitted = SavitzkyGolay().fit(X[:, :6])
    np.testing.assert_allclose(fitted.transform(X[:, :6]), savgol_filter(X[:, :6], 5, 2, axis=1))


def test_too_few_channels_for_a_derivative(X):
    with pytest.raises(ValueError, match=r"2 feature\(s\).* minimum of 3 is required by SavitzkyGolay"):
        SavitzkyGolay(deriv=1).fit(X[:, :2])
