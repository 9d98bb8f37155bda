"""Measured spectra: what is known of corn and tablets must come out again."""

import os

import numpy as np
import pytest

from skspectral import DS, MeanShift, SourceOnly, TargetOnly, TransferSplit
from skspectral.datasets import fetch_corn, fetch_tablets
from skspectral.metrics import rmsep

pytestmark = pytest.mark.skipif("SKSPECTRAL_DATA" not in os.environ, reason="SKSPECTRAL_DATA names no folder with data")


def mean_rmsep(model, data, splitter):
    """Root of the mean squared RMSEP over the splits, per property."""
    labels = {"instrument": data.instrument, "sample_id": data.sample_id}
    squares = []
    for train, test in splitter.split(data.X, data.y, **labels):
        inside = {name: value[train] for name, value in labels.items()}
        predicted = model.fit(data.X[train], data.y[train], **inside).predict(data.X[test])
        squares.append(np.square(rmsep(data.y[test], predicted, multioutput="raw_values")))
    return dict(zip(data.target_names, np.sqrt(np.mean(squares, axis=0))))


@pytest.fixture(scope="module")
def corn():
    return fetch_corn(instruments=["m5", "mp6"])


def splitter(n_standards=10):
    return TransferSplit(n_standards, 10, test_size=20, source="m5", target="mp6", random_state=0)


def test_corn_cannot_be_predicted_without_transfer(corn):
    errors = mean_rmsep(SourceOnly(source="m5", target="mp6"), corn, splitter())
    assert errors["moisture"] > 1.0 and errors["protein"] > 0.5


def test_mean_shift_does_most_of_the_work(corn):
    errors = mean_rmsep(MeanShift(source="m5", target="mp6"), corn, splitter())
    assert 0.13 < errors["protein"] < 0.18
    assert 0.06 < errors["oil"] < 0.11


def test_few_standards_are_no_calibration(corn):
    target = mean_rmsep(TargetOnly(source="m5", target="mp6"), corn, splitter())
    native = mean_rmsep(TargetOnly(source="m5", target="mp6"), corn, splitter("all"))
    assert native["protein"] < 0.17 < target["protein"]
    assert native["moisture"] < 0.19 < target["moisture"]


def test_tablets_assay_with_ten_standards():
    data = fetch_tablets()
    kept = (data.split != "validation") & np.isfinite(data.y).all(axis=1)
    channels = data.wavelengths <= 1638
    data.X, data.y, data.target_names = data.X[kept][:, channels], data.y[kept][:, 2:], ["assay"]
    data.instrument, data.sample_id, split = data.instrument[kept], data.sample_id[kept], data.split[kept]
    held_out = np.unique(data.sample_id[split == "test"])
    cv = TransferSplit(10, 3, test_samples=held_out, source="inst1", target="inst2", random_state=0)
    error = mean_rmsep(DS(prior="identity", source="inst1", target="inst2"), data, cv)["assay"]
    assert error < 6.0
