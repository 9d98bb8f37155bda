"""Errors name the property that they are about, however deep in a fit they arise."""

import numpy as np
import pandas as pd
import pytest

from skspectral import (
    DifferenceRidge,
    MeanShift,
    ModelUpdate,
    PLSRegressionCV,
    SourceOnly,
    TransferPortfolio,
    TransferredModel,
)
from skspectral._core.property_names import properties_named, property_name
from skspectral.datasets import make_instruments
from skspectral.exceptions import ConflictingReferenceError, ImplausibleReferenceError, MissingReferenceError

ROLES = {"source": "A", "target": "B"}


@pytest.fixture(scope="module")
def data():
    made = make_instruments(12, n_channels=20, n_targets=2, random_state=0)
    rows = np.r_[:12, 12:17]
    return made.X[rows], made.y[rows], {"instrument": made.instrument[rows], "sample_id": made.sample_id[rows]}


def named(y):
    return pd.DataFrame(y, columns=["oil", "starch"])


@pytest.mark.parametrize("method", [MeanShift, SourceOnly, ModelUpdate, DifferenceRidge, TransferPortfolio])
def test_the_property_without_references_is_named(data, method):
    X, y, labels = data
    y = np.where([True, False], y, np.nan)
    with pytest.raises(MissingReferenceError, match="property 'starch'"):
        method(**ROLES).fit(X, named(y), **labels)
    with pytest.raises(MissingReferenceError, match="property 1"):
        method(**ROLES).fit(X, y, **labels)
    with pytest.raises(MissingReferenceError, match="property 'acid'"):
        TransferredModel.fit(X=X, y=y, **labels, **ROLES, properties=["fat", "acid"], method=method())


def test_a_calibration_by_itself_names_it(data):
    X, y, _ = data
    y = named(y)
    y.loc[1:, "oil"] = np.nan
    with pytest.raises(MissingReferenceError, match="2 at least, and found 1 of property 'oil'"):
        PLSRegressionCV().fit(X, y)


def test_odd_references_are_named(data):
    X, y, labels = data
    y = named(y)
    y.loc[0, "starch"] = 1e30
    with pytest.raises(ImplausibleReferenceError, match=r"^Property 'starch' has the value"):
        MeanShift(**ROLES).fit(X, y, **labels)
    y.loc[0, "starch"] = y.loc[12, "starch"] + 1.0
    with pytest.raises(ConflictingReferenceError, match="property 'starch'"):
        MeanShift(**ROLES).fit(X, y, **labels)


def test_names_of_other_columns_are_not_taken():
    with properties_named(["oil", "starch"]):
        with properties_named(np.zeros((3, 1))):
            assert property_name(0, 2) == "property 'oil'" and property_name(0, 1) == "property 0"
        with properties_named(pd.Series([1.0], name="fat")):
            assert property_name(0, 1) == "property 'fat'"
    assert property_name(1, 2) == "property 1"


def test_a_deployed_model_is_not_made_of_references_that_are_all_alike(data):
    X, y, labels = data
    y = np.column_stack([y[:, 0], np.full(len(y), 5.0)])
    with pytest.raises(ImplausibleReferenceError, match="All 17 references of acid are 5"):
        TransferredModel.fit(X=X, y=y, **labels, **ROLES, properties=["fat", "acid"], method=MeanShift())
