"""A fit that fails leaves the model as it was, and one that should have failed says so."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError

from skspectral import AutoTransfer, MeanShift, PLSRegressionCV
from skspectral.datasets import make_instruments
from skspectral.exceptions import CopiedSpectraWarning, MissingReferenceError, SpectraScaleWarning, UnknownAxisWarning

ROLES = {"source": "A", "target": "B"}


@pytest.fixture(scope="module")
def data():
    return make_instruments(n_samples=20, n_channels=30, random_state=0)


@pytest.mark.parametrize("make", [MeanShift, AutoTransfer, PLSRegressionCV])
def test_a_failed_fit_changes_nothing(make, data):
    labels = {} if make is PLSRegressionCV else {"instrument": data.instrument, "sample_id": data.sample_id}
    model = make() if make is PLSRegressionCV else make(**ROLES)
    frame = pd.DataFrame(data.X, columns=data.wavelengths)
    nothing = np.full(len(data.X), np.nan)
    with pytest.raises(MissingReferenceError):
        model.fit(frame, nothing, **labels)
    with pytest.raises(NotFittedError):
        model.predict(frame)
    model.fit(frame, data.y[:, 0], **labels)
    expected = model.predict(frame[20:])
    # the same number of channels in another order: half of each model would be silently wrong
    with pytest.raises(MissingReferenceError):
        model.fit(frame.iloc[:, ::-1], nothing, **labels)
    np.testing.assert_array_equal(model.predict(frame[20:]), expected)
    with pytest.raises(MissingReferenceError):
        model.fit(frame.iloc[:, :20], nothing, **labels)
    np.testing.assert_array_equal(model.predict(frame.iloc[20:, ::-1]), expected)


def test_columns_that_descend_are_questioned_where_the_model_does_not_know_its_axis(data):
    labels = {"instrument": data.instrument, "sample_id": data.sample_id}
    model = MeanShift(**ROLES).fit(data.X, data.y, **labels)
    frame = pd.DataFrame(data.X[20:], columns=data.wavelengths)
    np.testing.assert_array_equal(model.predict(frame), model.predict(data.X[20:]))
    with pytest.warns(UnknownAxisWarning, match="do not ascend.*order in which they stand"):
        model.predict(frame.iloc[:, ::-1])


def test_instruments_of_other_scales_are_named(data):
    X = np.where((data.instrument == "B")[:, None], 100.0, 1.0) * data.X
    with pytest.warns(SpectraScaleWarning, match="Spectra of 'B' are .* times as large as those of 'A'"):
        MeanShift(**ROLES).fit(X, data.y, instrument=data.instrument, sample_id=data.sample_id)


def test_spectra_that_were_copied_are_named(data):
    X = data.X.copy()
    X[20:23] = X[:3]
    with pytest.warns(CopiedSpectraWarning, match="3 of 20 pairs have the same spectrum on 'A' and 'B'"):
        MeanShift(**ROLES).fit(X, data.y, instrument=data.instrument, sample_id=data.sample_id)


def test_one_spectrum_of_two_samples_is_named(data):
    X, labels = data.X.copy(), {"instrument": data.instrument, "sample_id": data.sample_id}
    X[[25, 27]] = X[24]
    with pytest.warns(CopiedSpectraWarning, match="Samples 'S04', 'S05', 'S07' have the same spectrum on 'B'"):
        MeanShift(**ROLES).fit(X, data.y, **labels)
    # a scan that stands twice is of one sample
    twice = np.r_[:40, 24]
    with warnings.catch_warnings():
        warnings.simplefilter("error", CopiedSpectraWarning)
        MeanShift(**ROLES).fit(data.X[twice], data.y[twice], **{name: v[twice] for name, v in labels.items()})
