"""What a transfer estimator promises, as checks that fail when it does not keep it.

Each check takes an unfitted estimator whose roles are None; it clones it and names source "A" and target "B".
"""

import contextlib
import io
import pickle
import warnings
from functools import partial

import joblib
import numpy as np
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.cross_decomposition import PLSRegression
from sklearn.frozen import FrozenEstimator

from ..calibration import PLSRegressionCV
from ..exceptions import (
    AmbiguousInstrumentError,
    ChannelMismatchError,
    ConflictingReferenceError,
    ConstantSpectraError,
    MissingReferenceError,
    NonFiniteSpectraError,
    NoStandardsError,
    NotTransferredWarning,
    UnknownInstrumentError,
)
from ._data import two_instruments
from ._model_selection_checks import SELECTION_CHECKS

__all__ = ["CHECKS", "check_transfer_estimator"]

IDENTITY_TOLERANCE = 0.2


def _named(estimator, **roles):
    return clone(estimator).set_params(**({"source": "A", "target": "B"} | roles))


def _fit(estimator, data, **changes):
    arrays = {"X": data.X, "y": data.y, **data.labels} | changes
    return _named(estimator).fit(arrays.pop("X"), arrays.pop("y"), **arrays)


def _wraps(estimator):
    return "estimator" in estimator.get_params(deep=False)


def _raises(error, call, *, mentions=()):
    """Fail unless ``call`` raises ``error`` with every word of ``mentions`` in its message."""
    try:
        call()
    except error as raised:
        for word in mentions:
            assert word in str(raised), f"the message does not mention {word!r}: {raised}"
        return
    raise AssertionError(f"{error.__name__} was not raised")


def check_no_metadata_is_source_calibration(estimator):
    """Without labels, ``fit`` is the plain calibration and ``transform`` the identity."""
    data = two_instruments()
    X, y = data.X[~data.on_target], data.y[~data.on_target]
    with warnings.catch_warnings():
        warnings.simplefilter("error", NotTransferredWarning)
        plain = clone(estimator).fit(X, y)
    assert plain.n_standards_ == 0 and plain.n_pairs_ == 0
    if _wraps(estimator):
        calibration = PLSRegressionCV() if estimator.estimator is None else clone(estimator.estimator)
        assert_allclose(plain.predict(X), calibration.fit(X, y).predict(X).ravel(), rtol=1e-6, atol=1e-8)
    if hasattr(plain, "transform"):
        assert_allclose(plain.transform(X), X, rtol=1e-12)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        named = _named(estimator).fit(X, y)
    assert any(issubclass(w.category, NotTransferredWarning) for w in caught), "no NotTransferredWarning"
    assert_allclose(named.predict(X), plain.predict(X), rtol=1e-8)
    one = clone(estimator).fit(X, y, instrument=["A"] * len(X))
    assert_allclose(one.predict(X), plain.predict(X), rtol=1e-8)


def check_inputs_unchanged(estimator):
    """X, y and the labels are never written to; read-only and float32 arrays work."""
    data = two_instruments()
    arrays = {"X": data.X, "y": data.y, **data.labels}
    before = {name: array.copy() for name, array in arrays.items()}
    for array in arrays.values():
        array.setflags(write=False)
    data.X_test.setflags(write=False)
    model = _fit(estimator, data)
    kept = data.X_test.copy()
    predicted = model.predict(data.X_test)
    for name, array in arrays.items():
        assert_array_equal(array, before[name], err_msg=f"{name} was modified")
    assert_array_equal(data.X_test, kept)
    assert predicted.dtype == np.float64 and predicted.shape == data.y_test.shape
    single = _fit(estimator, data, X=data.X.astype(np.float32), y=data.y.astype(np.float32))
    from_single = single.predict(data.X_test.astype(np.float32))
    assert from_single.dtype == np.float64
    assert np.sqrt(np.mean((from_single - predicted) ** 2)) < 0.1 * data.y.std()


def check_row_order_and_names(estimator):
    """Shuffled rows and renamed labels give the same predictions."""
    data = two_instruments()
    expected = _fit(estimator, data).predict(data.X_test)
    order = np.random.RandomState(1).permutation(len(data.X))
    shuffled = {name: value[order] for name, value in data.labels.items()}
    moved = _fit(estimator, data, X=data.X[order], y=data.y[order], **shuffled)
    assert_allclose(moved.predict(data.X_test), expected, rtol=1e-7)
    names = {"A": 7, "B": 3}
    renamed = _named(estimator, source=7, target=3).fit(
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
        _raises(NoStandardsError, lambda: _fit(estimator, data, sample_id=missing), mentions=["sample_id"])
        return
    if type(estimator).__name__ == "Pooled":
        estimator = clone(estimator).set_params(centre=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert _fit(estimator, data, sample_id=missing).n_pairs_ == 0


def check_identical_instruments(estimator):
    """Two equal instruments give the source model's predictions, exactly where the method says so.

    Methods that look at target references repeat the error of a source model that is too small, so they are given one
    that is exact; the others are given one that is not, and may deviate by a fifth of its error.
    """
    tags = estimator.__transfer_tags__()
    if not tags.carries_source_model:
        return
    # a method of whole distributions sees equal instruments only where it sees equal samples
    n_standards = 36 if tags.needs == "target_rows" else 10
    data = two_instruments(noise=0.0, identical=True, n_standards=n_standards)
    X, y = data.X[~data.on_target], data.y[~data.on_target]
    n_components = 4 if tags.uses_target_references else 2
    calibration = PLSRegression(n_components, scale=False)
    inside = {"estimator": calibration} if _wraps(estimator) else {"n_components": n_components}
    predicted = _fit(clone(estimator).set_params(**inside), data).predict(data.X_test)
    expected = clone(calibration).fit(X, y).predict(data.X_test).ravel()
    if tags.preserves_identity:
        assert_allclose(predicted, expected, rtol=1e-9)
        return
    if tags.uses_target_references:
        limit = 1e-6 * y.std()
    else:
        limit = IDENTITY_TOLERANCE * PLSRegressionCV(max_components=n_components).fit(X, y).rmsecv_[0]
        assert limit > 0.002 * y.std(), "the case must not be trivial"
    error = np.sqrt(np.mean((predicted - expected) ** 2))
    assert error <= limit, f"RMSE {error:.3g} against the source model exceeds {limit:.3g}"


def check_third_instrument_is_ignored(estimator):
    """Rows of a third instrument change nothing when both roles are named, and are an error otherwise."""
    data = two_instruments()
    expected = _fit(estimator, data).predict(data.X_test)
    garbage = np.random.RandomState(2).uniform(5, 9, size=(6, data.X.shape[1]))
    more = {
        "X": np.vstack([garbage, data.X]),
        "y": np.concatenate([np.full(6, 1e3), data.y]),
        "instrument": ["C"] * 6 + list(data.instrument),
        "sample_id": list(data.sample_id[:6]) + list(data.sample_id),
    }
    assert_allclose(_fit(estimator, data, **more).predict(data.X_test), expected, rtol=1e-8)
    for roles in ({}, {"source": "A"}, {"target": "B"}):
        model = _named(estimator, **({"source": None, "target": None} | roles))
        _raises(AmbiguousInstrumentError, partial(model.fit, **more), mentions=["'C'"])


def check_references_belong_to_samples(estimator):
    """A twin lends its reference, agreeing ones change nothing, conflicting ones are an error."""
    data = two_instruments()
    expected = _fit(estimator, data).predict(data.X_test)
    lent = data.y.copy()
    lent[data.on_target] = np.nan
    assert_allclose(_fit(estimator, data, y=lent).predict(data.X_test), expected, rtol=1e-8)
    assert _fit(estimator, data, y=lent).n_standards_ == data.on_target.sum()
    conflict = data.y.copy()
    conflict[-1] += 0.5
    label = str(data.sample_id[-1])
    _raises(ConflictingReferenceError, lambda: _fit(estimator, data, y=conflict), mentions=[label])
    _raises(MissingReferenceError, lambda: _fit(estimator, data, y=np.full(len(data.y), np.nan)))


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
        model = _fit(estimator, data, X=X, y=y, instrument=instrument, sample_id=sample_id)
        predictions.append(model.predict(data.X_test))
    assert_allclose(predictions[1], predictions[0], rtol=1e-9)


def check_replicates(estimator):
    """Replicates of a sample count once: repeating the scans of the standards does not add standards."""
    data = two_instruments()
    twice = np.concatenate([np.arange(len(data.X)), np.flatnonzero(data.on_target)])
    doubled = {name: value[twice] for name, value in data.labels.items()}
    model = _fit(estimator, data, X=data.X[twice], y=data.y[twice], **doubled)
    assert model.n_standards_ == model.n_pairs_ == data.on_target.sum()
    if estimator.__transfer_tags__().needs in ("pairs", "target_rows"):
        assert_allclose(model.predict(data.X_test), _fit(estimator, data).predict(data.X_test), rtol=1e-6)


def check_existing_calibration(estimator):
    """An existing calibration transfers from the pairs alone and equals the full fit with the same map."""
    if not _wraps(estimator) or not estimator.__transfer_tags__().carries_source_model:
        return
    data = two_instruments()
    X, y = data.X[~data.on_target], data.y[~data.on_target]
    calibration = PLSRegression(3, scale=False)
    full = _fit(clone(estimator).set_params(estimator=calibration), data)
    frozen = FrozenEstimator(clone(calibration).fit(X, y))
    used = np.isin(data.sample_id, data.sample_id[data.on_target])
    labels = {name: value[used] for name, value in data.labels.items()}
    references = np.where(data.on_target, data.y, np.nan)[used]
    if not estimator.__transfer_tags__().uses_target_references:
        references[:] = np.nan
    alone = _fit(clone(estimator).set_params(estimator=frozen), data, X=data.X[used], y=references, **labels)
    assert_allclose(alone.predict(data.X_test), full.predict(data.X_test), rtol=1e-7)


def check_partial_references(estimator):
    """Several properties with missing values: each is learned from its own labelled rows."""
    data = two_instruments(n_targets=2)
    y = data.y.copy()
    y[~data.on_target & (np.arange(len(y)) % 5 == 1), 1] = np.nan
    model = _fit(estimator, data, y=y)
    predicted = model.predict(data.X_test)
    assert predicted.shape == data.y_test.shape and np.isfinite(predicted).all()
    assert np.isfinite(model.score(data.X_test, np.where(np.arange(24).reshape(12, 2) == 3, np.nan, data.y_test)))


def check_fit_transform(estimator):
    """``fit_transform`` leaves source rows alone, maps target rows, and refuses rows that are neither."""
    if not hasattr(estimator, "transform"):
        return
    data = two_instruments()
    model = _named(estimator)
    mapped = model.fit_transform(data.X, data.y, **data.labels)
    assert_array_equal(mapped[~data.on_target], data.X[~data.on_target])
    assert_allclose(mapped[data.on_target], model.transform(data.X[data.on_target]), rtol=1e-12)
    matrix, offset = model.export_map()
    assert_allclose(data.X_test @ matrix + offset, model.transform(data.X_test), rtol=1e-8, atol=1e-10)
    X, y = np.vstack([data.X, data.X[:1]]), np.append(data.y, np.nan)
    third = {"instrument": [*data.instrument, "C"], "sample_id": [*data.sample_id, None]}
    _raises(AmbiguousInstrumentError, lambda: _named(estimator).fit_transform(X, y, **third), mentions=["'C'"])


def check_export_calibration(estimator):
    """The exported coefficient vector predicts what the estimator predicts."""
    data = two_instruments(n_targets=2)
    model = _fit(estimator, data)
    coef, intercept = model.export_calibration()
    assert coef.shape == (2, data.X.shape[1])
    assert_allclose(data.X_test @ coef.T + intercept, model.predict(data.X_test), rtol=1e-6, atol=1e-6)


def check_persistence(estimator):
    """Clone, pickle and joblib keep the estimator; predictions do not depend on the batch."""
    data = two_instruments()
    model = _fit(estimator, data)
    expected = model.predict(data.X_test)
    assert_allclose(clone(model).fit(data.X, data.y, **data.labels).predict(data.X_test), expected, rtol=1e-10)
    assert_array_equal(pickle.loads(pickle.dumps(model)).predict(data.X_test), expected)
    stored = io.BytesIO()
    joblib.dump(model, stored)
    stored.seek(0)
    assert_array_equal(joblib.load(stored).predict(data.X_test), expected)
    one_by_one = np.concatenate([model.predict(row[None]) for row in data.X_test])
    assert_allclose(one_by_one, expected, rtol=1e-9)


def check_random_state_untouched(estimator):
    """The global generator of NumPy is where it was."""
    data = two_instruments()
    before = np.random.get_state()  # noqa: NPY002
    _fit(estimator, data).predict(data.X_test)
    after = np.random.get_state()  # noqa: NPY002
    assert_array_equal(before[1], after[1])
    assert before[2] == after[2]


def check_clear_errors(estimator):
    """Bad input raises an error of its own class that names the thing."""
    data = two_instruments()
    X, y, labels = data.X, data.y, data.labels
    needs = estimator.__transfer_tags__().needs
    _raises(AmbiguousInstrumentError, lambda: clone(estimator).fit(X, y, **labels), mentions=["'A'", "'B'"])
    _raises(UnknownInstrumentError, lambda: _named(estimator, target="Z").fit(X, y, **labels), mentions=["'Z'", "'B'"])
    _raises(UnknownInstrumentError, lambda: _named(estimator, source="Z").fit(X, y, **labels), mentions=["'Z'", "'A'"])
    _raises(AmbiguousInstrumentError, lambda: _named(estimator, source="B").fit(X, y, **labels))
    if needs != "nothing":
        source_only = {name: value[~data.on_target] for name, value in labels.items()}
        fit = lambda: _named(estimator).fit(X[~data.on_target], y[~data.on_target], **source_only)  # noqa: E731
        _raises(NoStandardsError, fit)
    _raises(ValueError, lambda: _fit(estimator, data, instrument=data.instrument[:-1]), mentions=["instrument"])
    _raises(ValueError, lambda: _fit(estimator, data, sample_id=data.sample_id[:-1]), mentions=["sample_id"])
    unnamed = [None, *data.instrument[1:]]
    _raises(UnknownInstrumentError, lambda: _fit(estimator, data, instrument=unnamed), mentions=["row 0"])
    for value in (np.nan, np.inf, 1e200):
        bad = X.copy()
        bad[3, 4] = value
        _raises(NonFiniteSpectraError, lambda bad=bad: _fit(estimator, data, X=bad), mentions=["row 3"])
    dead = X.copy()
    dead[2] = 0.7
    _raises(ConstantSpectraError, lambda: _fit(estimator, data, X=dead), mentions=["2"])
    _raises(ValueError, lambda: _fit(estimator, data, y=np.where(np.arange(len(y)) == 1, np.inf, y)))
    _raises(ValueError, lambda: _named(estimator).fit(X[:1], y[:1], instrument=["A"], sample_id=["s0"]))
    model = _fit(estimator, data)
    _raises(ChannelMismatchError, lambda: model.predict(X[:, 1:]), mentions=["60"])
    _raises(NonFiniteSpectraError, lambda: model.predict(bad))
    _raises(ConstantSpectraError, lambda: model.predict(dead))


CHECKS = (
    check_no_metadata_is_source_calibration,
    check_inputs_unchanged,
    check_row_order_and_names,
    check_missing_ids_are_unpaired,
    check_identical_instruments,
    check_third_instrument_is_ignored,
    check_references_belong_to_samples,
    check_target_references_ignored,
    check_replicates,
    check_existing_calibration,
    check_partial_references,
    check_fit_transform,
    check_export_calibration,
    check_persistence,
    check_random_state_untouched,
    check_clear_errors,
    *SELECTION_CHECKS,
)


def check_transfer_estimator(estimator, *, routing=(False, True)):
    """Run every check on an estimator.

    Parameters
    ----------
    estimator : transfer estimator
        Unfitted, with ``source`` and ``target`` None.
    routing : sequence of bool
        States of scikit-learn's metadata routing to run the checks in.

    Raises
    ------
    AssertionError
        From the first check that fails.

    Examples
    --------
    >>> from skspectral import MeanShift
    >>> from skspectral.testing import check_transfer_estimator
    >>> check_transfer_estimator(MeanShift(), routing=[False])
    """
    for enabled in routing:
        for check in CHECKS:
            with config_context(enable_metadata_routing=enabled), contextlib.redirect_stdout(io.StringIO()):
                check(estimator)
