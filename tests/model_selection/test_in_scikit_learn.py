"""Both splitters in searches and nested searches, with metadata routing off and on."""

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.cross_decomposition import PLSRegression
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import Pipeline

from skspectral.exceptions import (
    AmbiguousInstrumentError,
)
from skspectral.metrics import scorers
from skspectral.model_selection import StandardsSplit, TransferSplit, as_groups
from skspectral.preprocessing import SNV
from skspectral.transfer import PDS
from tests.model_selection.common import ROLES, labels_of, splits


def pds_pipeline(**roles):
    return Pipeline([("snv", SNV()), ("pds", PDS(PLSRegression(4), window=2, n_components=2, **roles))])


GRID = {"pds__window": [1, 3], "pds__estimator__n_components": [2, 4]}


def search(cv, n_jobs=None):
    return GridSearchCV(
        pds_pipeline(**ROLES), GRID, cv=cv, scoring=scorers["neg_rmsep"], n_jobs=n_jobs, error_score="raise"
    )


def test_search_gives_the_same_scores_in_both_routing_modes(data):
    splitter = TransferSplit(8, 2, random_state=0, **ROLES)
    labels = labels_of(data)
    with sklearn.config_context(enable_metadata_routing=True):
        routed = search(splitter, n_jobs=2).fit(data.X, data.y, **labels)
    spelled = {f"pds__{name}": values for name, values in labels.items()}
    groups = as_groups(**labels)
    plain = search(splitter, n_jobs=2).fit(data.X, data.y, groups=groups, **spelled)
    listed = search(list(splitter.split(data.X, data.y, **labels))).fit(data.X, data.y, **spelled)
    framed = search(splitter).fit(data.X, data.y, groups=pd.DataFrame(groups), **spelled)
    expected = plain.cv_results_["mean_test_score"]
    assert np.isfinite(expected).all() and len(set(expected)) > 1
    for other in (routed, listed, framed):
        np.testing.assert_allclose(other.cv_results_["mean_test_score"], expected, rtol=1e-12)
    assert routed.predict(data.X[data.instrument == "B"]).shape == (30, 2)


def test_search_scores_what_a_loop_over_the_splits_scores(data):
    splitter = TransferSplit(8, 3, random_state=0, **ROLES)
    spelled = {f"pds__{name}": values for name, values in labels_of(data).items()}
    found = search(splitter).fit(data.X, data.y, groups=as_groups(**labels_of(data)), **spelled)
    for i, (train, test) in enumerate(splits(splitter, data)):
        model = pds_pipeline(**ROLES).set_params(**found.best_params_)
        model.fit(
            data.X[train],
            data.y[train],
            pds__instrument=data.instrument[train],
            pds__sample_id=data.sample_id[train],
        )
        errors = model.predict(data.X[test]) - data.y[test]
        expected = -np.sqrt((errors**2).mean(axis=0)).mean()
        assert found.cv_results_[f"split{i}_test_score"][found.best_index_] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("routing", [False, True])
def test_search_without_roles_on_two_instruments_raises(data, routing):
    labels = labels_of(data)
    named = TransferSplit(8, 2, **ROLES)
    for estimator, splitter in ((pds_pipeline(**ROLES), TransferSplit(8, 2)), (pds_pipeline(), named)):
        found = GridSearchCV(estimator, GRID, cv=splitter, scoring=scorers["neg_rmsep"], error_score="raise")
        with sklearn.config_context(enable_metadata_routing=routing):
            spelled = {f"pds__{name}": values for name, values in labels.items()}
            given = labels if routing else {"groups": as_groups(**labels), **spelled}
            with pytest.raises(AmbiguousInstrumentError, match="2 instruments"):
                found.fit(data.X, data.y, **given)


def test_nested_search_gives_the_same_scores_in_both_routing_modes(data):
    labels, groups = labels_of(data), as_groups(**labels_of(data))
    outer = TransferSplit(8, 2, random_state=0, **ROLES)
    inner = search(StandardsSplit(**ROLES))
    given = {"scoring": scorers["neg_rmsep"], "return_estimator": True, "error_score": "raise"}
    with sklearn.config_context(enable_metadata_routing=True):
        routed = cross_validate(inner, data.X, data.y, cv=outer, params=labels, **given)
    spelled = {f"pds__{name}": values for name, values in labels.items()}
    plain = cross_validate(
        inner, data.X, data.y, cv=outer, groups=groups, params={"groups": groups, **spelled}, n_jobs=2, **given
    )
    assert np.isfinite(plain["test_score"]).all()
    np.testing.assert_allclose(plain["test_score"], routed["test_score"], rtol=1e-12)
    for result in (plain, routed):
        assert all(model.n_splits_ == 8 for model in result["estimator"])


@pytest.mark.parametrize("splitter", [TransferSplit(3, 2, **ROLES), StandardsSplit(3, **ROLES)])
def test_missing_labels_name_the_three_ways_to_give_them(data, splitter):
    for wrong in (None, data.sample_id, as_groups(**labels_of(data))[:, :1]):
        with pytest.raises(AmbiguousInstrumentError) as caught:
            list(splitter.split(data.X, data.y, wrong))
        for way in ("metadata routing", "groups=as_groups(", "cv=list("):
            assert way in str(caught.value)
    with pytest.raises(AmbiguousInstrumentError, match="needs the instrument and the sample"):
        list(splitter.split(data.X, data.y, instrument=data.instrument))
    with pytest.raises(AmbiguousInstrumentError, match="besides"):
        list(splitter.split(data.X, data.y, as_groups(**labels_of(data)), **labels_of(data)))


@pytest.mark.parametrize("splitter", [TransferSplit(3, 2, random_state=0, **ROLES), StandardsSplit(3, **ROLES)])
def test_groups_and_metadata_are_the_same(data, splitter):
    by_groups = splitter.split(data.X, data.y, as_groups(**labels_of(data)))
    for one, other in zip(splits(splitter, data), by_groups, strict=True):
        np.testing.assert_array_equal(one[0], other[0])
        np.testing.assert_array_equal(one[1], other[1])


def test_repr_shows_what_differs_from_the_defaults():
    assert repr(TransferSplit()) == "TransferSplit()"
    assert repr(TransferSplit(5, source="m5", random_state=0)) == "TransferSplit(5, source='m5', random_state=0)"
    assert repr(TransferSplit(n_repeats=3)) == "TransferSplit(n_repeats=3)"
    assert repr(StandardsSplit(4, target="B")) == "StandardsSplit(4, target='B')"
    assert len(repr(TransferSplit(test_samples=np.arange(460)))) < 80
