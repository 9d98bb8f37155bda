"""Roles, samples, inherited references and pairs: the rules of the contract, one by one."""

import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.base import clone
from sklearn.cross_decomposition import PLSRegression
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline

from skspectral import DS, PDS, SBC, MeanShift, SourceOnly
from skspectral._core.roles import TransferRows, resolve_roles
from skspectral.exceptions import (
    AmbiguousInstrumentError,
    ConflictingReferenceError,
    NoStandardsError,
    NotTransferredWarning,
    UnknownInstrumentError,
)
from skspectral.testing._data import two_instruments


@pytest.mark.parametrize(
    ("seen", "source", "target", "expected"),
    [
        ("A", None, None, ("A", None)),
        ("AB", "A", None, ("A", "B")),
        ("AB", None, "B", ("A", "B")),
        ("ABC", "C", "A", ("C", "A")),
        ("A", "A", None, ("A", None)),
        ("B", None, "B", (None, "B")),
        ("A", "A", "B", ("A", "B")),
        ("B", "A", "B", ("A", "B")),
    ],
)
def test_roles_that_can_be_told(seen, source, target, expected):
    assert resolve_roles(seen, source, target) == expected


@pytest.mark.parametrize(
    ("seen", "source", "target", "error", "words"),
    [
        ("AB", None, None, AmbiguousInstrumentError, ["'A'", "'B'"]),
        ("ABC", "A", None, AmbiguousInstrumentError, ["target", "'B'", "'C'"]),
        ("ABC", None, "A", AmbiguousInstrumentError, ["source", "'B'", "'C'"]),
        ("AB", "A", "A", AmbiguousInstrumentError, ["both 'A'"]),
        ("AB", "X", "B", UnknownInstrumentError, ["source='X'", "'A'"]),
        ("AB", "A", "X", UnknownInstrumentError, ["target='X'", "'B'"]),
        ("AB", "X", None, UnknownInstrumentError, ["source='X'"]),
    ],
)
def test_roles_that_cannot_be_told(seen, source, target, error, words):
    with pytest.raises(error) as caught:
        resolve_roles(seen, source, target)
    assert all(word in str(caught.value) for word in words)


def sort_out(y, instrument, sample_id, **roles):
    X = np.arange(2.0 * len(instrument)).reshape(-1, 2)
    y = np.array(y, dtype=float).reshape(len(instrument), -1)
    rows = TransferRows.sort_out(X, y, instrument=instrument, sample_id=sample_id, **roles)
    back = np.argsort(rows.order)
    return rows, rows.y[back]


def test_reference_is_the_mean_of_the_finite_values():
    _, y = sort_out([[1, np.nan], [3, 5], [np.nan, np.nan]], list("AAB"), ["s", "s", "s"], source="A")
    assert_allclose(y, [[2, 5], [2, 5], [2, 5]])


def test_reference_of_rows_without_id_is_their_own():
    _, y = sort_out([1, np.nan, 7], list("AAB"), [None, None, "s"], source="A")
    assert_allclose(y.ravel(), [1, np.nan, 7])


@pytest.mark.parametrize(("gap", "raises"), [(1e-7, False), (1e-5, True)])
def test_conflicts_are_relative_and_across_instruments(gap, raises):
    y = [100.0, 100.0 * (1 + gap), 4.0]
    if raises:
        with pytest.raises(ConflictingReferenceError, match="'s'"):
            sort_out(y, list("ABA"), ["s", "s", "r"], source="A")
    else:
        sort_out(y, list("ABA"), ["s", "s", "r"], source="A")


def test_replicates_on_one_instrument_do_not_conflict():
    _, y = sort_out([1.0, 2.0, np.nan], list("AAB"), ["s", "s", "s"], source="A")
    assert_allclose(y.ravel(), 1.5)


def test_pairs_average_replicates_and_count_samples_once():
    rows, _ = sort_out([1, 1, np.nan, np.nan, 2], list("AABBB"), ["s", "s", "s", "s", "t"], source="A")
    assert len(rows.pairs) == 1 and rows.n_standards == 2
    assert_allclose(rows.pairs.source, [[1.0, 2.0]])
    assert_allclose(rows.pairs.target, [[5.0, 6.0]])


def test_rows_of_a_third_instrument_lend_no_reference():
    _, y = sort_out([np.nan, np.nan, 5.0], list("ABC"), ["s", "s", "s"], source="A", target="B")
    assert np.isnan(y).all()


CONTAINERS = {
    "list": list,
    "object array": lambda v: np.array(v, dtype=object),
    "str array": lambda v: np.array([str(x) for x in v]),
    "series": pd.Series,
    "shuffled index": lambda v: pd.Series(list(v), index=np.arange(len(v))[::-1]),
    "category": lambda v: pd.Series(list(v), dtype="category"),
    "string array": lambda v: pd.array([str(x) for x in v], dtype="string"),
}


@pytest.mark.parametrize("container", CONTAINERS.values(), ids=CONTAINERS)
def test_labels_in_any_container(container):
    data = two_instruments()
    model = DS(PLSRegression(3), source="A", target="B")
    expected = model.fit(data.X, data.y, **data.labels).predict(data.X_test)
    labels = {name: container(value) for name, value in data.labels.items()}
    assert_allclose(model.fit(data.X, data.y, **labels).predict(data.X_test), expected)


def test_pandas_with_a_shuffled_index():
    data = two_instruments()
    model = PDS(PLSRegression(3), source="A", target="B")
    expected = model.fit(data.X, data.y, **data.labels).predict(data.X_test)
    index = np.random.RandomState(0).permutation(len(data.X))
    X = pd.DataFrame(data.X, columns=[f"{w:.1f}" for w in np.linspace(1100, 1700, 60)], index=index)
    labels = {name: pd.Series(value, index=index[::-1]) for name, value in data.labels.items()}
    model.fit(X, pd.Series(data.y, index=index), **labels)
    X_test = pd.DataFrame(data.X_test, columns=X.columns)
    assert_allclose(model.predict(X_test), expected)
    mapped = model.set_output(transform="pandas").transform(X_test)
    assert list(mapped.columns) == list(X.columns)
    np.testing.assert_array_equal(model.predict(X_test[X_test.columns[::-1]]), model.predict(X_test))


@pytest.mark.parametrize("y", ["object", "nullable", "frame"])
def test_references_in_any_container(y):
    data = two_instruments()
    values = data.y.copy()
    values[1] = np.nan
    forms = {
        "object": [None if np.isnan(v) else v for v in values],
        "nullable": pd.array([pd.NA if np.isnan(v) else v for v in values], dtype="Float64"),
        "frame": pd.DataFrame({"protein": values}),
    }
    model = MeanShift(PLSRegression(3), source="A", target="B")
    expected = clone(model).fit(data.X, values, **data.labels).predict(data.X_test)
    predicted = model.fit(data.X, forms[y], **data.labels).predict(data.X_test)
    assert predicted.shape == ((12, 1) if y == "frame" else (12,))
    assert_allclose(predicted.ravel(), expected)


def test_no_target_rows():
    data = two_instruments()
    X, y = data.X[~data.on_target], data.y[~data.on_target]
    for roles in ({"source": "A"}, {"source": "A", "target": "B"}):
        with pytest.raises(NoStandardsError, match="found 0"):
            DS(**roles).fit(X, y, instrument=["A"] * len(X), sample_id=range(len(X)))
        with warnings.catch_warnings():
            warnings.simplefilter("error", NotTransferredWarning)
            SourceOnly(**roles).fit(X, y, instrument=["A"] * len(X))


def test_mapper_in_front_of_a_regressor_is_right():
    """make_pipeline(PDS(), LinearRegression) calibrates on source rows and mapped target rows."""
    data = two_instruments()
    pipe = make_pipeline(DS(source="A", target="B"), PLSRegression(3, scale=False))
    pipe.fit(data.X, data.y, ds__instrument=data.instrument, ds__sample_id=data.sample_id)
    mapper = DS(source="A", target="B").fit(data.X, data.y, **data.labels)
    X = np.where(data.on_target[:, None], mapper.transform(data.X), data.X)
    expected = PLSRegression(3, scale=False).fit(X, data.y).predict(mapper.transform(data.X_test))
    assert_allclose(pipe.predict(data.X_test), expected.ravel(), rtol=1e-8)


def test_mapper_in_front_of_a_regressor_refuses_missing_references():
    data = two_instruments()
    y = np.where(data.on_target, np.nan, data.y)
    pipe = make_pipeline(DS(source="A", target="B"), LinearRegression())
    with pytest.raises(ValueError, match="NaN"):
        pipe.fit(data.X, y, ds__instrument=data.instrument, ds__sample_id=data.sample_id)


def test_chain_in_a_pipeline_with_routing_off():
    """SBC around a Pipeline whose last step is a transfer method spells the labels for it."""
    data = two_instruments()
    inner = make_pipeline(DS(source="A"), PLSRegression(3))
    chained = SBC(inner, correction="bias", source="A", target="B").fit(data.X, data.y, **data.labels)
    assert chained.estimator_.steps[0][1].target_ == "B"
    residual = data.y[data.on_target] - chained.predict(data.X[data.on_target])
    assert abs(residual.mean()) < 1e-8
