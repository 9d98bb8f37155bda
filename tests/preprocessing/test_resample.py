import time
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import interp1d
from sklearn.base import clone

from skspectral.exceptions import AxisMismatchError, AxisUnitError, UnknownAxisWarning, WavelengthRangeError
from skspectral.preprocessing import Resample

REGULAR = 1100.0 + 2.0 * np.arange(700)


def spectra(n_channels, n_spectra=5, seed=0):
    return np.random.default_rng(seed).normal(size=(n_spectra, n_channels)).cumsum(axis=1)


def irregular(n_channels, seed=0):
    return 900 + np.random.default_rng(seed).uniform(0.3, 6.0, n_channels).cumsum()


def legacy(axis, X, grid, **options):
    return interp1d(axis, X, axis=1, **options)(grid)


@pytest.mark.parametrize("kind", ["cubic", "quadratic", "linear"])
@pytest.mark.parametrize("axis", [REGULAR, irregular(125), 1e7 / REGULAR], ids=["regular", "irregular", "decreasing"])
@pytest.mark.parametrize("n_points", [2048, 700, 33])
def test_equals_scipy_interp1d(kind, axis, n_points):
    X = spectra(axis.size)
    unit = "nm" if axis[0] < axis[-1] else "cm-1"
    fitted = Resample(n_points, wavelengths=axis, axis_unit=unit, kind=kind).fit(X)
    assert fitted.transform(X).shape == (5, n_points)
    expected = legacy(axis, X, np.clip(fitted.grid_, axis.min(), axis.max()), kind=kind)
    np.testing.assert_allclose(fitted.transform(X), expected, rtol=0, atol=1e-10)


def test_the_matrix_is_the_map():
    X = spectra(700)
    fitted = Resample(wavelengths=REGULAR).fit(X)
    assert fitted.matrix_.shape == (700, 2048)
    np.testing.assert_allclose(X @ fitted.matrix_, fitted.transform(X), atol=1e-11)
    np.testing.assert_allclose(fitted.matrix_.sum(axis=0), 1.0, atol=1e-12)


def test_the_whole_range_is_kept():
    X = spectra(700)
    fitted = Resample(wavelengths=REGULAR).fit(X)
    assert fitted.grid_[[0, -1]].tolist() == [1100.0, 2498.0]
    np.testing.assert_allclose(fitted.transform(X)[:, [0, -1]], X[:, [0, -1]], atol=1e-12)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.floats(-3, 3), min_size=4, max_size=4), st.integers(4, 300), st.integers(0, 10), st.integers(2, 400))
def test_exact_on_cubics(coefficients, n_channels, seed, n_points):
    axis = irregular(n_channels, seed)
    cubic = np.polynomial.Polynomial(coefficients, domain=axis[[0, -1]], window=[-1, 1])
    fitted = Resample(n_points, wavelengths=axis).fit(cubic(axis)[None, :])
    np.testing.assert_allclose(fitted.transform(cubic(axis)[None, :])[0], cubic(fitted.grid_), atol=1e-10)


@settings(deadline=None, max_examples=25)
@given(st.integers(4, 200), st.integers(0, 100), st.booleans())
def test_back_on_the_measured_channels_nothing_changes(n_channels, seed, decreasing):
    axis = irregular(n_channels, seed)[:: -1 if decreasing else 1]
    X = spectra(n_channels, seed=seed)
    np.testing.assert_allclose(Resample(wavelengths=axis, grid=axis).fit_transform(X), X, atol=1e-11)
    there = Resample(wavelengths=axis, grid=axis[::-1]).fit_transform(X)
    np.testing.assert_allclose(there, X[:, ::-1], atol=1e-11)


def test_smooth_spectra_survive_a_round_trip_to_a_finer_grid():
    X = np.sin(REGULAR / [[60.0], [97.0]])
    up = Resample(2048, wavelengths=REGULAR).fit(X)
    down = Resample(wavelengths=up.grid_, grid=REGULAR).fit(up.transform(X))
    np.testing.assert_allclose(down.transform(up.transform(X)), X, atol=1e-6)


def test_nm_to_wavenumbers_and_back():
    band = np.exp(-(((REGULAR - 1700) / 80) ** 2))[None, :]
    to_wavenumber = Resample(3000, wavelengths=REGULAR, grid_unit="cm-1").fit(band)
    wavenumbers = to_wavenumber.grid_
    np.testing.assert_allclose(wavenumbers, np.linspace(1e7 / 1100, 1e7 / 2498, 3000))
    at_wavenumbers = to_wavenumber.transform(band)
    np.testing.assert_allclose(at_wavenumbers[0], np.exp(-(((1e7 / wavenumbers - 1700) / 80) ** 2)), atol=1e-6)
    back = Resample(wavelengths=wavenumbers, grid=REGULAR, axis_unit="cm-1", grid_unit="nm").fit(at_wavenumbers)
    np.testing.assert_allclose(back.transform(at_wavenumbers), band, atol=1e-5)


@pytest.mark.parametrize("grid", [[1099.0, 1200.0], [1200.0, 2499.0], [1.0, 2.0]])
def test_out_of_range_is_an_error(grid):
    with pytest.raises(WavelengthRangeError, match="outside the measured range of 1100 to 2498 nm"):
        Resample(wavelengths=REGULAR, grid=grid).fit(spectra(700))


def test_out_of_range_on_request():
    X, grid = spectra(700), np.array([1090.0, 1099.0, 1101.0, 2503.0])
    extrapolated = Resample(wavelengths=REGULAR, grid=grid, out_of_range="extrapolate").fit_transform(X)
    expected = legacy(REGULAR, X, grid, kind="cubic", fill_value="extrapolate")
    np.testing.assert_allclose(extrapolated, expected, atol=1e-10)
    nearest = Resample(wavelengths=REGULAR, grid=grid, out_of_range="nearest").fit_transform(X)
    np.testing.assert_allclose(nearest[:, [0, 1, 3]], X[:, [0, 0, -1]], atol=1e-12)
    np.testing.assert_allclose(nearest[:, 2], expected[:, 2], atol=1e-12)


def test_ends_that_rounding_pushed_outside_are_inside():
    axis = 1e7 / REGULAR
    fitted = Resample(wavelengths=axis, grid=1e7 / axis, axis_unit="cm-1", grid_unit="nm").fit(spectra(700))
    np.testing.assert_allclose(fitted.transform(spectra(700)), spectra(700), atol=1e-9)


def test_axis_from_column_labels_and_names_that_carry_it_on():
    frame = pd.DataFrame(spectra(50), columns=[f"{w:.1f}" for w in REGULAR[:50]])
    fitted = Resample(99).set_output(transform="pandas").fit(frame)
    np.testing.assert_array_equal(fitted.wavelengths_, REGULAR[:50])
    out = fitted.transform(frame)
    assert out.columns[:2].tolist() == ["1100.0", "1101.0"]
    np.testing.assert_array_equal(out.columns.astype(float), fitted.grid_)
    assert not hasattr(clone(fitted), "grid_")


def test_the_parameter_wins_over_column_labels():
    frame = pd.DataFrame(spectra(50), columns=np.arange(50) / 10)
    fitted = Resample(10, wavelengths=REGULAR[:50]).fit(frame)
    assert fitted.grid_[0] == 1100.0


def test_unknown_axis_warns_and_takes_equal_steps():
    X = spectra(20)
    with pytest.warns(UnknownAxisWarning, match="Resample does not know the wavelengths"):
        out = Resample(39).fit_transform(X)
    np.testing.assert_allclose(out, legacy(np.arange(20), X, np.linspace(0, 19, 39), kind="cubic"), atol=1e-10)


def test_unknown_axis_cannot_be_converted():
    with pytest.warns(UnknownAxisWarning), pytest.raises(AxisMismatchError, match="positive to be converted"):
        Resample(grid_unit="cm-1").fit(spectra(20))


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"wavelengths": REGULAR[:10]}, AxisMismatchError, "10 entries but the spectra have 700"),
        ({"wavelengths": np.r_[REGULAR[:-1], 1100.0]}, AxisMismatchError, "strictly"),
        ({"wavelengths": np.r_[REGULAR[:-1], np.nan]}, AxisMismatchError, "NaN"),
        ({"grid": [1200.0, 1200.0]}, AxisMismatchError, "grid must be strictly"),
        ({"grid": []}, AxisMismatchError, "grid must be one-dimensional and not empty"),
        ({"grid": ["a"]}, AxisMismatchError, "grid must be numbers"),
        ({"n_points": 1}, ValueError, "n_points"),
        ({"n_points": 20.0}, ValueError, "n_points"),
        ({"kind": "nearest"}, ValueError, "kind must be one of"),
        ({"axis_unit": "eV"}, AxisUnitError, "axis_unit must be one of"),
        ({"grid_unit": "eV"}, AxisUnitError, "grid_unit must be one of"),
        ({"out_of_range": "clip"}, ValueError, "out_of_range must be one of"),
    ],
)
def test_bad_parameters_are_named(parameters, error, message):
    with pytest.raises(error, match=message):
        Resample(**{"wavelengths": REGULAR, **parameters}).fit(spectra(700))


@pytest.mark.parametrize("n_channels", [2, 3])
def test_few_channels_get_the_polynomial_they_determine(n_channels):
    axis = REGULAR[:n_channels]
    x = (axis - 1100) ** (n_channels - 1)
    fitted = Resample(7, wavelengths=axis).fit(x[None, :])
    np.testing.assert_allclose(fitted.transform(x[None, :])[0], (fitted.grid_ - 1100) ** (n_channels - 1), atol=1e-12)


def test_caller_may_change_its_axis_afterwards():
    axis, X = REGULAR.copy(), spectra(700)
    fitted = Resample(50, wavelengths=axis).fit(X)
    before = fitted.transform(X)
    axis += 100
    np.testing.assert_array_equal(fitted.transform(X), before)
    assert fitted.wavelengths_[0] == 1100.0


def test_faster_than_one_interp1d_per_spectrum():
    X = spectra(700, n_spectra=30)
    fitted = Resample(wavelengths=REGULAR).fit(X)

    def best(run, repeats):
        times = []
        for _ in range(repeats):
            start = time.perf_counter()
            run()
            times.append(time.perf_counter() - start)
        return min(times)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        loop = best(lambda: [interp1d(REGULAR, row, kind="cubic")(fitted.grid_) for row in X], 5)
    assert loop > 10 * best(lambda: fitted.transform(X), 20)
