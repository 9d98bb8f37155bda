"""Numbers that cannot be right are refused by name, and end in no error from the depths and no absurd prediction."""

import numpy as np
import pandas as pd
import pytest
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression

from skspectral import AutoTransfer, DifferenceRidge, MeanShift, MultiInstrumentGP, TargetOnly, diPLS
from skspectral.datasets import make_instruments
from skspectral.exceptions import (
    AxisMismatchError,
    ImplausibleReferenceError,
    ImplausibleSpectraError,
    IndistinctSpectraError,
)

METHODS = [MeanShift, diPLS, DifferenceRidge, AutoTransfer, MultiInstrumentGP]
ON_SOURCE = 24


@pytest.fixture
def data():
    return make_instruments(n_samples=ON_SOURCE, n_channels=60, random_state=1)


def fit(make, data, X=None, y=None, **labels):
    model = make(source="A", target="B")
    if "wavelengths" in model.get_params():
        model.set_params(wavelengths=data.wavelengths)
    labels = {"instrument": data.instrument, "sample_id": data.sample_id} | labels
    return model.fit(data.X if X is None else X, data.y if y is None else y, **labels)


@pytest.mark.parametrize("make", METHODS)
def test_source_spectra_that_are_all_alike(make, data):
    X = data.X.copy()
    X[:ON_SOURCE] = X[0]
    with pytest.raises(IndistinctSpectraError, match=f"All {ON_SOURCE} source spectra are the same.*{make.__name__}"):
        fit(make, data, X)
    X = np.tile(data.X[0], (len(X), 1)) + 1e-13 * np.arange(len(X))[:, None]
    with pytest.raises(IndistinctSpectraError):
        fit(make, data, X)


def test_methods_that_do_not_calibrate_on_the_source_take_them(data):
    X = data.X.copy()
    X[:ON_SOURCE] = X[0]
    fit(TargetOnly, data, X)
    existing = FrozenEstimator(LinearRegression().fit(data.X[:ON_SOURCE], data.y[:ON_SOURCE]))
    fit(lambda **roles: MeanShift(existing, **roles), data, X)


@pytest.mark.parametrize("make", METHODS)
@pytest.mark.parametrize("row", [3, ON_SOURCE + 2])
def test_one_value_that_dwarfs_all_others(make, data, row):
    X = data.X.copy()
    X[row, 5] = 1e90
    with pytest.raises(ImplausibleSpectraError, match=rf"1e\+90 in row {row}, channel 5.*1 of 48 spectra"):
        fit(make, data, X)


@pytest.mark.parametrize("make", METHODS)
def test_units_in_which_squares_vanish(make, data):
    with pytest.raises(ImplausibleSpectraError, match="too small for float64"):
        fit(make, data, data.X * 1e-200)
    with pytest.raises(ImplausibleReferenceError, match=r"property 0 is .*, too small for float64"):
        fit(make, data, y=data.y * 1e-300)


@pytest.mark.parametrize("make", METHODS)
def test_references_that_are_fill_values(make, data):
    y = data.y.copy()
    y[[3, ON_SOURCE + 3]] = 1e30
    with pytest.raises(ImplausibleReferenceError, match=r"Property 0 has the value 1e\+30, where the median is"):
        fit(make, data, y=y)


@pytest.mark.parametrize("factor", [1e-70, 1e-20, 1e20, 1e70])
def test_any_unit_between_is_taken(data, factor):
    """Instruments count in units of their own; squares of these exist."""
    expected = fit(MeanShift, data).predict(data.X[ON_SOURCE:])
    scaled = fit(MeanShift, data, factor * data.X, factor * data.y).predict(factor * data.X[ON_SOURCE:])
    np.testing.assert_allclose(scaled / factor, expected, rtol=1e-5)


def test_labels_and_columns_that_name_nothing(data):
    ids = np.empty(len(data.X), dtype=object)
    for i, label in enumerate(data.sample_id):
        ids[i] = [label]
    with pytest.raises(ValueError, match="sample_id holds a list in row 0"):
        fit(MeanShift, data, sample_id=ids)
    frame = pd.DataFrame(data.X, columns=data.wavelengths)
    frame.columns = [*frame.columns[:-1], frame.columns[0]]
    with pytest.raises(AxisMismatchError, match=r"2 columns named 1100\.0"):
        fit(MeanShift, data, frame)
