"""Splitters with further known instruments: their rows are trained on, and tested samples leave them, too."""

import numpy as np
import pytest
from sklearn.model_selection import cross_validate

from skspectral import AutoTransfer
from skspectral.datasets import make_instruments
from skspectral.exceptions import AmbiguousInstrumentError, UnknownInstrumentError
from skspectral.model_selection import StandardsSplit, TransferSplit

ROLES = {"source": "A", "target": "B"}


@pytest.fixture(scope="module")
def data():
    return make_instruments(n_samples=24, n_instruments=3, n_channels=40, random_state=0)


def split(splitter, data, rows=slice(None), y=None):
    labels = {"instrument": data.instrument[rows], "sample_id": data.sample_id[rows]}
    return list(splitter.split(data.X[rows], (data.y if y is None else y)[rows], **labels))


@pytest.mark.parametrize("splitter", [TransferSplit, StandardsSplit])
def test_rows_of_others_are_trained_on_without_the_tested_samples(data, splitter):
    size = {TransferSplit: {"n_standards": 5, "n_repeats": 2, "random_state": 0}, StandardsSplit: {"n_splits": 4}}
    plain, found = (split(splitter(**size[splitter], **ROLES, others=others), data) for others in ((), ["C"]))
    for (train, test), (more, same) in zip(plain, found, strict=True):
        np.testing.assert_array_equal(test, same)
        added = np.setdiff1d(more, train)
        np.testing.assert_array_equal(np.setdiff1d(train, more), [])
        assert set(data.instrument[added]) == {"C"}
        assert set(data.sample_id[added]) == set(data.sample_id) - set(data.sample_id[test])


def test_a_standard_may_have_its_reference_from_another_instrument(data):
    y = np.where(data.instrument[:, None] == "C", data.y, np.nan)
    tested = data.sample_id[:4]
    y[(data.instrument == "B") & np.isin(data.sample_id, tested)] = 1.0
    params = {"test_samples": tested, "n_repeats": 1, **ROLES}
    ((train, _),) = split(TransferSplit(20, others=["C"], **params), data, y=y)
    assert (data.instrument[train] == "B").sum() == 20


def test_methods_with_several_sources_are_cross_validated(data):
    splitter = TransferSplit(4, 1, **ROLES, others=["C"], random_state=0)
    labels = {"instrument": data.instrument, "sample_id": data.sample_id}
    model = AutoTransfer(wavelengths=data.wavelengths, others=["C"], **ROLES)
    found = cross_validate(model, data.X, data.y, cv=split(splitter, data), params=labels, return_estimator=True)
    assert set(found["estimator"][0].source_weights_) == {"A", "C"} and np.isfinite(found["test_score"]).all()


@pytest.mark.parametrize(("others", "wrong"), [(["Z"], UnknownInstrumentError), (["B"], AmbiguousInstrumentError)])
def test_wrong_names(data, others, wrong):
    with pytest.raises(wrong, match="others"):
        split(TransferSplit(3, 1, **ROLES, others=others), data)
