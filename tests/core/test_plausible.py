"""Spectra and predictions that are far from all that a model was fitted on."""

import warnings

import numpy as np
import pandas as pd
import pytest

from skspectral import AutoTransfer, MeanShift, PLSRegressionCV, SourceOnly, TransferPortfolio
from skspectral.datasets import make_instruments
from skspectral.exceptions import AbsurdPredictionWarning, ImplausibleSpectraError, SpectraScaleWarning
from skspectral.io import SpectraTable, check

ROLES = {"source": "A", "target": "B"}


@pytest.fixture(scope="module")
def data():
    return make_instruments(n_samples=20, n_channels=30, random_state=0)


@pytest.fixture(params=["MeanShift", "AutoTransfer", "PLSRegressionCV"])
def model(request, data):
    if request.param == "PLSRegressionCV":
        return PLSRegressionCV().fit(data.X, data.y[:, 0])
    labels = {"instrument": data.instrument, "sample_id": data.sample_id}
    made = {"MeanShift": MeanShift, "AutoTransfer": AutoTransfer}[request.param](**ROLES)
    return made.fit(data.X, data.y[:, 0], **labels)


@pytest.mark.parametrize("value", [1e90, -1e12])
def test_a_value_that_dwarfs_all_is_refused(model, data, value):
    X = data.X[20:].copy()
    X[3, 5] = value
    with pytest.raises(ImplausibleSpectraError, match=r"row 3, channel 5.*no value of fit"):
        model.predict(X)


def test_absurd_predictions_warn(model, data):
    X = data.X[20:].copy()
    X[3, 5] = -1e7
    with pytest.warns(AbsurdPredictionWarning, match=r"1 of 20 predictions .* in row 3"):
        predicted = model.predict(X)
    np.testing.assert_allclose(np.delete(predicted, 3), np.delete(model.predict(data.X[20:]), 3), rtol=1e-9)


def test_ordinary_spectra_and_small_scales_do_not_warn(data):
    labels = {"instrument": data.instrument, "sample_id": data.sample_id}
    with warnings.catch_warnings():
        warnings.simplefilter("error", AbsurdPredictionWarning)
        warnings.simplefilter("error", SpectraScaleWarning)
        for factor in (1e-8, 1.0, 1e8):
            fitted = MeanShift(**ROLES).fit(factor * data.X, factor * data.y, **labels)
            fitted.predict(2 * factor * data.X)


def test_a_standard_deviation_is_no_absurd_prediction(data):
    """References far from zero that hardly vary: a deviation, taken for a prediction, would be far from them."""
    y = 1e6 + 1e-4 * data.y[:, 0]
    model = TransferPortfolio(**ROLES).fit(data.X, y, instrument=data.instrument, sample_id=data.sample_id)
    with warnings.catch_warnings():
        warnings.simplefilter("error", AbsurdPredictionWarning)
        predicted, std = model.predict(data.X[20:], return_std=True)
    assert predicted.shape == std.shape == (20,) and std.max() < 1.0


@pytest.mark.parametrize(("cell", "place"), [("<0.5", "row 4, column 2"), ("n.d.", "row 4, column 2")])
def test_text_among_numbers_names_the_cell(data, cell, place):
    X = data.X.astype(object)
    X[4, 2] = cell
    with pytest.raises(ValueError, match=f"X holds '{cell}' in {place}"):
        MeanShift(**ROLES).fit(X, data.y, instrument=data.instrument, sample_id=data.sample_id)
    y = data.y[:, 0].astype(object)
    y[4] = cell
    with pytest.raises(ValueError, match=f"y holds '{cell}' in row 4"):
        MeanShift(**ROLES).fit(data.X, y, instrument=data.instrument, sample_id=data.sample_id)


@pytest.mark.parametrize("factor", [100.0, 0.01])
def test_spectra_of_another_scale_warn(model, data, factor):
    with pytest.warns(SpectraScaleWarning, match="times as large as those of fit .*percent"):
        model.predict(factor * data.X[20:])


def test_a_scale_that_one_instrument_had_in_fit_does_not_warn(data):
    X = np.where((data.instrument == "B")[:, None], 0.001, 1.0) * data.X
    labels = {"instrument": data.instrument, "sample_id": data.sample_id}
    fitted = MeanShift(**ROLES).fit(X, data.y, **labels)
    with warnings.catch_warnings():
        warnings.simplefilter("error", SpectraScaleWarning)
        fitted.predict(X[20:])


def test_single_spectra_of_another_scale_are_named(model, data):
    labels = {"instrument": data.instrument, "sample_id": data.sample_id}
    for row, whose in ((3, "'A'"), (23, "'B'")):
        X = data.X.copy()
        X[row] *= 100
        expected = f"of sample '{data.sample_id[row]}' is .* times as large as is usual among the 20 spectra of {whose}"
        with pytest.warns(SpectraScaleWarning, match=expected):
            MeanShift(**ROLES).fit(X, data.y, **labels)
        with pytest.warns(SpectraScaleWarning, match=r"^1 of 20 spectra \(first: row 3\) are .* times as large"):
            model.predict(X[20:] if row > 20 else X[:20])
        findings = check(SpectraTable(X, data.wavelengths, **labels))
        assert any("much larger than the others" in f.what and data.sample_id[row] in f.where for f in findings)
    with pytest.warns(SpectraScaleWarning, match="in row 3 is"):
        SourceOnly().fit(np.where(np.arange(40)[:, None] == 3, 100, 1) * data.X, data.y)


@pytest.mark.parametrize("which", ["X", "y"])
def test_dates_are_no_numbers(data, which):
    dates = pd.date_range("2024-01-01", periods=data.X.size).to_numpy().reshape(data.X.shape)
    X, y = (dates, data.y) if which == "X" else (data.X, pd.Series(dates[:, 0]))
    with pytest.raises(ValueError, match=f"{which} holds dates or durations"):
        MeanShift(**ROLES).fit(X, y, instrument=data.instrument, sample_id=data.sample_id)
