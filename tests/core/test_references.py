"""What references may hold: missing codes, masks, magnitudes."""

import warnings

import numpy as np
import pytest

from skspectral import SBC, MeanShift, StandardsSplit, TransferSplit
from skspectral._core.missing_codes import find_codes, mask_codes
from skspectral._core.references import check_references
from skspectral.datasets import make_instruments
from skspectral.exceptions import MissingCodeWarning, ReferenceUnitsWarning

ROLES = {"source": "A", "target": "B"}


@pytest.fixture(scope="module")
def data():
    return make_instruments(n_samples=20, n_channels=30, random_state=0)


@pytest.mark.parametrize("code", [-9999, -9999.0, -9999.99, np.float32(-9999.99), -99999, -999.0, 9999])
def test_codes_for_no_reference_are_named(data, code):
    y = data.y[:, 0].copy()
    y[[3, 7]] = code
    y[20:] = np.nan
    labels = {"instrument": data.instrument, "sample_id": data.sample_id}
    with pytest.warns(MissingCodeWarning, match=f"2 of 40 references of property 0 are {float(code):.6g}"):
        MeanShift(**ROLES).fit(data.X, y, **labels)


@pytest.mark.parametrize("splitter", [TransferSplit(5, 1, **ROLES), StandardsSplit(3, **ROLES)])
def test_splitters_say_it_too(data, splitter):
    y = np.where(np.arange(40) % 20 == 3, -9999.0, data.y[:, 0])
    with pytest.warns(MissingCodeWarning):
        list(splitter.split(data.X, y, instrument=data.instrument, sample_id=data.sample_id))


@pytest.mark.parametrize("values", [[-12000.0, -9998.0, -8000.0], [-99.0, -80.0, -120.0], [9999.0, 9000.0, 11000.0]])
def test_values_among_others_of_their_size_are_values(values):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_references("test", np.repeat(values, 3), 9, allow_missing=True)


def test_finding_and_masking_agree():
    values = np.array([1.0, -9999.0, 2.0, np.nan, 3.0, -999.0])
    masked, codes = mask_codes(values)
    assert codes == [-9999.0, -999.0]
    np.testing.assert_array_equal(find_codes(values), np.isnan(masked) & ~np.isnan(values))


def test_masked_references_are_missing_and_refused_where_none_may_be(data):
    masked = np.ma.masked_less(np.array([1, 2, -9999, 4]), 0)
    np.testing.assert_array_equal(check_references("test", masked, 4, allow_missing=True), [1, 2, np.nan, 4])
    with pytest.raises(ValueError, match="y"):
        check_references("test", masked, 4, allow_missing=False)
    y = np.ma.array(data.y[:, 0], mask=np.arange(40) >= 20)
    labels = {"instrument": data.instrument, "sample_id": data.sample_id}
    expected = MeanShift(**ROLES).fit(data.X, y.filled(np.nan), **labels).predict(data.X)
    np.testing.assert_array_equal(MeanShift(**ROLES).fit(data.X, y, **labels).predict(data.X), expected)


def test_references_of_other_samples_in_another_unit_are_questioned():
    data = make_instruments(n_samples=16, n_channels=20, random_state=0)
    on_b = data.instrument == "B"
    ids = np.where(on_b, None, data.sample_id)
    roles = {"source": "A", "target": "B"}
    percent = np.where(on_b, 0.01, 1.0) * data.y[:, 0]
    with pytest.warns(ReferenceUnitsWarning, match=r"around .* on 'A' and around .* on 'B'.*in one unit\?"):
        SBC(**roles).fit(data.X, percent, instrument=data.instrument, sample_id=ids)
    with warnings.catch_warnings():
        warnings.simplefilter("error", ReferenceUnitsWarning)
        SBC(**roles).fit(data.X, data.y, instrument=data.instrument, sample_id=ids)
        few = np.where(on_b & (np.arange(len(on_b)) > 17), np.nan, percent)
        SBC(**roles).fit(data.X, few, instrument=data.instrument, sample_id=ids)
