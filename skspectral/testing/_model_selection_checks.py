"""Checks that an estimator works inside scikit-learn's model selection, with metadata routing off and on."""

import numpy as np
from numpy.testing import assert_allclose
from sklearn import get_config
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from ..exceptions import AmbiguousInstrumentError
from ..model_selection import TransferSplit, as_groups
from ._data import two_instruments
from ._helpers import named

__all__ = ["SELECTION_CHECKS"]


def _long_form():
    """All samples on both instruments, so that a splitter can draw standards and test samples."""
    return two_instruments(n_samples=30, n_standards=30)


def _splitter():
    return TransferSplit(8, n_repeats=2, source="A", target="B", random_state=0)


def _params(data, step=""):
    """Metadata in the spelling that the current routing mode wants."""
    if get_config()["enable_metadata_routing"]:
        return data.labels
    return {f"{step}{name}": value for name, value in data.labels.items()}


def _groups(data):
    return None if get_config()["enable_metadata_routing"] else as_groups(data.instrument, data.sample_id)


def check_cross_validate(estimator):
    """``cross_validate`` scores held-out samples on the target, as a loop by hand does."""
    data = _long_form()
    splitter = _splitter()
    folds = list(splitter.split(data.X, data.y, **data.labels))
    by_hand = []
    for train, test in folds:
        labels = {name: value[train] for name, value in data.labels.items()}
        model = named(estimator).fit(data.X[train], data.y[train], **labels)
        by_hand.append(model.score(data.X[test], data.y[test]))
        assert not set(data.sample_id[train]) & set(data.sample_id[test]), "a test sample is in the training rows"
    result = cross_validate(
        named(estimator), data.X, data.y, cv=splitter, params=_params(data), groups=_groups(data), error_score="raise"
    )
    assert_allclose(result["test_score"], by_hand, rtol=1e-8)


def check_grid_search_in_pipeline(estimator):
    """A Pipeline with preprocessing in front is searched, and the refitted model predicts."""
    data = _long_form()
    pipeline = make_pipeline(FunctionTransformer(np.sqrt), named(estimator))
    step = pipeline.steps[-1][0]
    search = GridSearchCV(pipeline, {f"{step}__source": ["A"]}, cv=_splitter(), error_score="raise")
    groups = {} if get_config()["enable_metadata_routing"] else {"groups": _groups(data)}
    search.fit(data.X, data.y, **_params(data, f"{step}__"), **groups)
    assert np.isfinite(search.best_score_)
    assert search.predict(data.X_test).shape == data.y_test.shape


def check_no_roles_raises_in_search(estimator):
    """Two instruments and no roles are an error inside a search too."""
    data = _long_form()
    groups = {} if get_config()["enable_metadata_routing"] else {"groups": _groups(data)}
    search = GridSearchCV(clone(estimator), {"target": [None]}, cv=_splitter(), error_score="raise")
    try:
        search.fit(data.X, data.y, **_params(data), **groups)
    except AmbiguousInstrumentError:
        return
    raise AssertionError("AmbiguousInstrumentError was not raised")


SELECTION_CHECKS = (check_cross_validate, check_grid_search_in_pipeline, check_no_roles_raises_in_search)
