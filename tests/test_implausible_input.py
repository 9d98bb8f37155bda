"""Numbers that cannot be right are refused by name, and end in no error from the depths and no absurd prediction."""

import numpy as np
import pandas as pd
import pytest
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression

from skspectral import (
    PDS,
    AutoTransfer,
    DifferenceRidge,
    MeanShift,
    MultiInstrumentGP,
    TargetOnly,
    TransferPortfolio,
    diPLS,
)
from skspectral.datasets import make_instruments
from skspectral.exceptions import (
    AxisMismatchError,
    ImplausibleReferenceError,
    ImplausibleSpectraError,
    IndistinctSpectraError,
    LabelsError,
)
from skspectral.transfer._augmented import inverse_of

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


def test_spectra_that_are_nothing_beside_the_others(data):
    X = data.X.copy()
    X[3] *= 1e-9
    with pytest.raises(ImplausibleSpectraError, match=r"No value of row 3 of X is larger than .*1 of \d+ spectra"):
        fit(MeanShift, data, X)


def test_what_rounding_has_made_unsolvable_is_refused():
    assert np.allclose(inverse_of(np.diag([2.0, 4.0])), np.diag([0.5, 0.25]))
    with pytest.raises(ImplausibleSpectraError, match="differ so much in size"):
        inverse_of(np.array([[1.0, 2.0], [2.0, 1.0]]))


def test_two_properties_of_one_name_are_refused(data):
    y = pd.DataFrame(np.column_stack([data.y[:, 0], data.y[:, 0]]), columns=["fat", "fat"])
    with pytest.raises(LabelsError, match="y has two columns named 'fat'"):
        fit(MeanShift, data, y=y)


@pytest.mark.parametrize("make", [AutoTransfer, TransferPortfolio, DifferenceRidge, MultiInstrumentGP])
def test_a_property_that_does_not_vary_is_predicted_as_it_is(make, data):
    y = np.column_stack([data.y[:, 0], np.full(len(data.y), 3.0)])
    predicted = fit(make, data, y=y).predict(data.X[-4:])
    assert np.isfinite(predicted).all()
    np.testing.assert_allclose(predicted[:, 1], 3.0, atol=1e-6)


def test_a_single_channel_has_no_derivative(data):
    X = data.X[:, 20:21]
    assert np.isfinite(fit(PDS, data, X).predict(X)).all()
    with pytest.raises(ValueError, match="one channel only"):
        fit(lambda **roles: PDS(derivative=True, **roles), data, X)


def test_a_series_of_arrays_is_named(data):
    with pytest.raises(ValueError, match=r"X holds '\[.*' in row 0: setting an array element"):
        fit(MeanShift, data, pd.Series(list(data.X)))


def test_labels_and_columns_that_name_nothing(data):
    ids = np.empty(len(data.X), dtype=object)
    for i, label in enumerate(data.sample_id):
        ids[i] = [label]
    with pytest.raises(ValueError, match="sample_id holds a list in row 0"):
        fit(MeanShift, data, sample_id=ids)
    frame = pd.DataFrame(data.X, columns=data.wavelengths)
    frame.columns = [*frame.columns[:-1], frame.columns[0]]
    with pytest.raises(AxisMismatchError, match=r"two columns named 1100\.0"):
        fit(MeanShift, data, frame)
