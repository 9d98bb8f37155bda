"""Checks of what the rows and their labels mean, and of the errors where they mean nothing."""

import warnings
from functools import partial

import numpy as np
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from ..exceptions import (
    AmbiguousInstrumentError,
    ChannelMismatchError,
    ConflictingReferenceError,
    ConstantSpectraError,
    MissingReferenceError,
    NonFiniteSpectraError,
    NoStandardsError,
    UnknownInstrumentError,
)
from ._data import two_instruments
from ._helpers import fit, named, raises

__all__ = ["DATA_CHECKS"]


def check_inputs_unchanged(estimator):
    """X, y and the labels are never written to; read-only and float32 arrays work."""
    data = two_instruments()
    arrays = {"X": data.X, "y": data.y, **data.labels}
    before = {name: array.copy() for name, array in arrays.items()}
    for array in arrays.values():
        array.setflags(write=False)
    data.X_test.setflags(write=False)
    model = fit(estimator, data)
    kept = data.X_test.copy()
    predicted = model.predict(data.X_test)
    for name, array in arrays.items():
        assert_array_equal(array, before[name], err_msg=f"{name} was modified")
    assert_array_equal(data.X_test, kept)
    assert predicted.dtype == np.float64 and predicted.shape == data.y_test.shape
    single = fit(estimator, data, X=data.X.astype(np.float32), y=data.y.astype(np.float32))
    from_single = single.predict(data.X_test.astype(np.float32))
    assert from_single.dtype == np.float64
    assert np.sqrt(np.mean((from_single - predicted) ** 2)) < 0.1 * data.y.std()


def check_row_order_and_names(estimator):
    """Shuffled rows and renamed labels give the same predictions."""
    data = two_instruments()
    expected = fit(estimator, data).predict(data.X_test)
    order = np.random.RandomState(1).permutation(len(data.X))
    shuffled = {name: value[order] for name, value in data.labels.items()}
    moved = fit(estimator, data, X=data.X[order], y=data.y[order], **shuffled)
    assert_allclose(moved.predict(data.X_test), expected, rtol=1e-7)
    names = {"A": 7, "B": 3}
    renamed = named(estimator, source=7, target=3).fit(
        data.X,
        data.y,
        instrument=[names[label] for label in data.instrument],
        sample_id=[900 - int(label[1:]) for label in data.sample_id],
    )
    assert_allclose(renamed.predict(data.X_test), expected, rtol=1e-7)
    implied = clone(estimator).set_params(target="B").fit(data.X, data.y, **data.labels)
    assert implied.source_ == "A"
    assert_allclose(implied.predict(data.X_test), expected, rtol=1e-7)


def check_missing_ids_are_unpaired(estimator):
    """Rows without a sample id form no pair."""
    data = two_instruments()
    missing = [None if i % 2 else float("nan") for i in range(len(data.X))]
    tags = estimator.__transfer_tags__()
    if tags.needs == "pairs" and not tags.zero_shot:
        raises(NoStandardsError, lambda: fit(estimator, data, sample_id=missing), mentions=["sample_id"])
        return
    if type(estimator).__name__ == "Pooled":
        estimator = clone(estimator).set_params(centre=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert fit(estimator, data, sample_id=missing).n_pairs_ == 0


def check_third_instrument_is_ignored(estimator):
    """Rows of a third instrument change nothing when both roles are named, and are an error otherwise."""
    data = two_instruments()
    expected = fit(estimator, data).predict(data.X_test)
    garbage = np.random.RandomState(2).uniform(5, 9, size=(6, data.X.shape[1]))
    more = {
        "X": np.vstack([garbage, data.X]),
        "y": np.concatenate([np.full(6, 1e3), data.y]),
        "instrument": ["C"] * 6 + list(data.instrument),
        "sample_id": list(data.sample_id[:6]) + list(data.sample_id),
    }
    assert_allclose(fit(estimator, data, **more).predict(data.X_test), expected, rtol=1e-8)
    for roles in ({}, {"source": "A"}, {"target": "B"}):
        model = named(estimator, **({"source": None, "target": None} | roles))
        raises(AmbiguousInstrumentError, partial(model.fit, **more), mentions=["'C'"])


def check_references_belong_to_samples(estimator):
    """A twin lends its reference, agreeing ones change nothing, conflicting ones are an error."""
    data = two_instruments()
    expected = fit(estimator, data).predict(data.X_test)
    lent = data.y.copy()
    lent[data.on_target] = np.nan
    assert_allclose(fit(estimator, data, y=lent).predict(data.X_test), expected, rtol=1e-8)
    assert fit(estimator, data, y=lent).n_standards_ == data.on_target.sum()
    conflict = data.y.copy()
    conflict[-1] += 0.5
    label = str(data.sample_id[-1])
    raises(ConflictingReferenceError, lambda: fit(estimator, data, y=conflict), mentions=[label])
    raises(MissingReferenceError, lambda: fit(estimator, data, y=np.full(len(data.y), np.nan)))


def check_target_references_ignored(estimator):
    """Methods that say so do not look at references of target rows (of samples that the source has not seen)."""
    if estimator.__transfer_tags__().uses_target_references:
        return
    data = two_instruments()
    extra = two_instruments(seed=5)
    X = np.vstack([data.X, extra.X_test])
    instrument = list(data.instrument) + ["B"] * len(extra.X_test)
    sample_id = list(data.sample_id) + [f"x{i}" for i in range(len(extra.X_test))]
    predictions = []
    for value in (np.nan, -1e6):
        y = np.concatenate([data.y, np.full(len(extra.X_test), value)])
        model = fit(estimator, data, X=X, y=y, instrument=instrument, sample_id=sample_id)
        predictions.append(model.predict(data.X_test))
    assert_allclose(predictions[1], predictions[0], rtol=1e-9)


def check_unlabelled_rows_beside_standards(estimator):
    """Target spectra without pair and reference may stand beside the standards: they are no standards."""
    data = two_instruments()
    extra = two_instruments(seed=5).X_test
    X = np.vstack([data.X, extra])
    y = np.concatenate([data.y, np.full(len(extra), np.nan)])
    instrument = list(data.instrument) + ["B"] * len(extra)
    sample_id = list(data.sample_id) + [None] * len(extra)
    expected = fit(estimator, data)
    for shape in ((-1,), (-1, 2)):
        references = y if len(shape) == 1 else np.column_stack([y, y**2])
        model = fit(estimator, data, X=X, y=references, instrument=instrument, sample_id=sample_id)
        assert (model.n_standards_, model.n_pairs_) == (expected.n_standards_, expected.n_pairs_)
        predicted = model.predict(data.X_test)
        assert np.isfinite(predicted).all() and predicted.size == len(data.X_test) * len(shape)


def check_replicates(estimator):
    """Replicates of a sample count once: repeating the scans of the standards does not add standards."""
    data = two_instruments()
    twice = np.concatenate([np.arange(len(data.X)), np.flatnonzero(data.on_target)])
    doubled = {name: value[twice] for name, value in data.labels.items()}
    model = fit(estimator, data, X=data.X[twice], y=data.y[twice], **doubled)
    assert model.n_standards_ == model.n_pairs_ == data.on_target.sum()
    if estimator.__transfer_tags__().needs in ("pairs", "target_rows"):
        assert_allclose(model.predict(data.X_test), fit(estimator, data).predict(data.X_test), rtol=1e-6)


def check_partial_references(estimator):
    """Several properties with missing values: each is learned from its own labelled rows."""
    data = two_instruments(n_targets=2)
    y = data.y.copy()
    y[~data.on_target & (np.arange(len(y)) % 5 == 1), 1] = np.nan
    model = fit(estimator, data, y=y)
    predicted = model.predict(data.X_test)
    assert predicted.shape == data.y_test.shape and np.isfinite(predicted).all()
    assert np.isfinite(model.score(data.X_test, np.where(np.arange(24).reshape(12, 2) == 3, np.nan, data.y_test)))


def check_clear_errors(estimator):
    """Bad input raises an error of its own class that names the thing."""
    data = two_instruments()
    X, y, labels = data.X, data.y, data.labels
    needs = estimator.__transfer_tags__().needs
    raises(AmbiguousInstrumentError, lambda: clone(estimator).fit(X, y, **labels), mentions=["'A'", "'B'"])
    raises(UnknownInstrumentError, lambda: named(estimator, target="Z").fit(X, y, **labels), mentions=["'Z'", "'B'"])
    raises(UnknownInstrumentError, lambda: named(estimator, source="Z").fit(X, y, **labels), mentions=["'Z'", "'A'"])
    raises(AmbiguousInstrumentError, lambda: named(estimator, source="B").fit(X, y, **labels))
    if needs != "nothing":
        source_only = {name: value[~data.on_target] for name, value in labels.items()}
        without_target = partial(named(estimator).fit, X[~data.on_target], y[~data.on_target], **source_only)
        raises(NoStandardsError, without_target)
    raises(ValueError, lambda: fit(estimator, data, instrument=data.instrument[:-1]), mentions=["instrument"])
    raises(ValueError, lambda: fit(estimator, data, sample_id=data.sample_id[:-1]), mentions=["sample_id"])
    unnamed = [None, *data.instrument[1:]]
    raises(UnknownInstrumentError, lambda: fit(estimator, data, instrument=unnamed), mentions=["row 0"])
    for value in (np.nan, np.inf, 1e200):
        bad = X.copy()
        bad[3, 4] = value
        raises(NonFiniteSpectraError, lambda bad=bad: fit(estimator, data, X=bad), mentions=["row 3"])
    dead = X.copy()
    dead[2] = 0.7
    raises(ConstantSpectraError, lambda: fit(estimator, data, X=dead), mentions=["2"])
    raises(ValueError, lambda: fit(estimator, data, y=np.where(np.arange(len(y)) == 1, np.inf, y)))
    raises(ValueError, lambda: named(estimator).fit(X[:1], y[:1], instrument=["A"], sample_id=["s0"]))
    model = fit(estimator, data)
    raises(ChannelMismatchError, lambda: model.predict(X[:, 1:]), mentions=["60"])
    raises(NonFiniteSpectraError, lambda: model.predict(bad))
    raises(ConstantSpectraError, lambda: model.predict(dead))


DATA_CHECKS = (
    check_inputs_unchanged,
    check_row_order_and_names,
    check_missing_ids_are_unpaired,
    check_third_instrument_is_ignored,
    check_references_belong_to_samples,
    check_target_references_ignored,
    check_unlabelled_rows_beside_standards,
    check_replicates,
    check_partial_references,
    check_clear_errors,
)
