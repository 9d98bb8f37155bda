"""References of twins for what scores against the y that it is given."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, cross_validate

from skspectral import MeanShift, StandardsSplit, TransferSplit, as_groups, inherit_references
from skspectral.datasets import make_instruments
from skspectral.exceptions import ConflictingReferenceError, LabelsError, TooFewStandardsError
from skspectral.metrics import scorers
from tests.model_selection.common import ROLES

NAN = np.nan


def test_only_what_is_missing_is_filled():
    y = [[1.0, NAN], [3.0, 5.0], [NAN, NAN], [7.0, NAN], [NAN, 9.0]]
    instrument, ids = ["A", "A", "B", "B", "B"], ["s", "s", "s", "t", None]
    before = np.array(y)
    assert_array_equal(inherit_references(y, instrument, ids), [[1, 5], [3, 5], [2, 5], [7, NAN], [NAN, 9]])
    assert_array_equal(np.array(y), before)


def test_containers():
    y = pd.Series([1, None, 2], index=[5, 6, 5], dtype="Int64")
    instrument, ids = pd.Categorical(["A", "B", "A"]), pd.array([7, 7, pd.NA], dtype="Int64")
    assert_array_equal(inherit_references(y, instrument, ids), [1, 1, 2])
    masked = np.ma.masked_equal([1, -9999, 2], -9999)
    assert_array_equal(inherit_references(masked, instrument, ids), [1, 1, 2])


def test_conflicts_name_the_instruments():
    with pytest.raises(ConflictingReferenceError, match=r"Sample 's' has reference 1 on 'A' and 2 on 'C'"):
        inherit_references([1.0, NAN, 2.0], ["A", "B", "C"], ["s", "s", "s"])
    with pytest.raises(LabelsError, match="sample_id has 2 entries for 3"):
        inherit_references([1.0, NAN, 2.0], ["A", "B", "C"], ["s", "s"])


@pytest.fixture
def on_source():
    data = make_instruments(n_samples=24, n_channels=30, random_state=0)
    labels = {"instrument": data.instrument, "sample_id": data.sample_id}
    return data, labels, np.where(data.instrument == "B", NAN, data.y[:, 0])


@pytest.mark.parametrize(
    "splitter", [TransferSplit(8, 3, random_state=0, **ROLES), StandardsSplit(4, **ROLES)], ids=repr
)
def test_cross_validation_with_references_on_the_source_only(on_source, splitter):
    data, labels, y = on_source
    options = {
        "cv": splitter,
        "groups": as_groups(**labels),
        "params": labels,
        "scoring": scorers["neg_rmsep"],
        "error_score": "raise",
    }
    model = MeanShift(Ridge(1e-3), **ROLES)
    expected = cross_validate(model, data.X, data.y[:, 0], **options)["test_score"]
    inherited = inherit_references(y, **labels)
    assert_array_equal(cross_validate(model, data.X, inherited, **options)["test_score"], expected)
    options.pop("params")
    search = GridSearchCV(model, {"estimator__alpha": [1e-3, 1.0]}, cv=splitter, scoring=scorers["neg_rmsep"])
    assert np.isfinite(search.fit(data.X, inherited, groups=options["groups"], **labels).best_score_)


def test_the_splitters_name_the_remedy(on_source):
    data, labels, y = on_source
    with pytest.raises(TooFewStandardsError, match=r"found 0\. 24 more .*inherit_references"):
        list(StandardsSplit(4, **ROLES).split(data.X, y, **labels))
