"""Names, references and codes for missing values among spectra: refused or named, never taken for absorbances."""

import warnings

import numpy as np
import pandas as pd
import pytest

from skspectral import MeanShift
from skspectral._core.channels import beside_the_axis
from skspectral.datasets import make_instruments
from skspectral.exceptions import AxisMismatchError, MissingCodeWarning
from skspectral.io import SpectraTable, check
from skspectral.preprocessing import Resample

ROLES = {"source": "A", "target": "B"}


@pytest.fixture(scope="module")
def data():
    return make_instruments(n_samples=12, n_channels=20, random_state=0)


def fit(data, X):
    return MeanShift(**ROLES).fit(X, data.y[:, 0], instrument=data.instrument, sample_id=data.sample_id)


@pytest.mark.parametrize("spelled", [lambda w: w, lambda w: f"{w:.1f}", lambda w: f"{w:.1f} nm", lambda w: f"X{w:.1f}"])
def test_references_and_names_left_among_the_spectra_are_refused(data, spelled):
    frame = pd.DataFrame(data.X, columns=[spelled(w) for w in data.wavelengths])
    with pytest.raises(AxisMismatchError, match=r"no wavelengths beside those that are: 'protein'\. Drop"):
        fit(data, frame.assign(protein=data.y[:, 0]))
    with pytest.raises(AxisMismatchError, match="'sample_id'"):
        Resample(grid=[1200.0, 1300.0]).fit(frame.assign(sample_id=data.sample_id))
    with pytest.raises(AxisMismatchError, match="'protein'"):
        fit(data, frame).predict(frame.assign(protein=data.y[:, 0]))


@pytest.mark.parametrize(
    "columns",
    [["x0", "x1", "x2"], [1100.0, 1102.0], ["1100", "1102 nm"], ["a", "b", "c", 1, 2, 3], [("nm", 1)]],
)
def test_other_tables_are_left_alone(columns):
    assert beside_the_axis(columns) == []


def test_codes_in_spectra_are_named(data):
    X = data.X.copy()
    X[3, 5] = -999.0
    with pytest.warns(MissingCodeWarning, match=r"X holds -999 in row 3, channel 5.*1 of 24 spectra"):
        model = fit(data, X)
    with pytest.warns(MissingCodeWarning):
        model.predict(X)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(data, data.X)


def test_zeros_far_from_all_other_references_are_asked_about(data):
    y = np.where(np.arange(24) % 12 < 2, 0.0, 20 + data.y[:, 0])
    table = SpectraTable(data.X, data.wavelengths, y=y, instrument=data.instrument, sample_id=data.sample_id)
    assert any("4 references of y1 are 0" in finding.what for finding in check(table))
    table = SpectraTable(data.X, data.wavelengths, y=data.y[:, 0] - data.y[:, 0].min(), sample_id=data.sample_id)
    assert not any("are 0" in finding.what for finding in check(table))
