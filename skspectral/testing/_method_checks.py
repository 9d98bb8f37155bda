"""Checks of what a method does with a calibration: leaves it alone, carries it over, exports it, keeps it."""

import io
import pickle
import warnings

import joblib
import numpy as np
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.cross_decomposition import PLSRegression
from sklearn.frozen import FrozenEstimator

from ..calibration import PLSRegressionCV
from ..exceptions import (
    AmbiguousInstrumentError,
    ExistingCalibrationError,
    NonLinearCalibrationError,
    NotTransferredWarning,
)
from ._data import two_instruments
from ._helpers import fit, named, raises, wraps

__all__ = ["METHOD_CHECKS"]

IDENTITY_TOLERANCE = 0.2


def check_no_metadata_is_source_calibration(estimator):
    """Without labels, ``fit`` is the plain calibration and ``transform`` the identity."""
    data = two_instruments()
    X, y = data.X[~data.on_target], data.y[~data.on_target]
    with warnings.catch_warnings():
        warnings.simplefilter("error", NotTransferredWarning)
        plain = clone(estimator).fit(X, y)
    assert plain.n_standards_ == 0 and plain.n_pairs_ == 0
    if wraps(estimator):
        calibration = PLSRegressionCV() if estimator.estimator is None else clone(estimator.estimator)
        assert_allclose(plain.predict(X), calibration.fit(X, y).predict(X).ravel(), rtol=1e-6, atol=1e-8)
    if hasattr(plain, "transform"):
        assert_allclose(plain.transform(X), X, rtol=1e-12)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with_roles = named(estimator).fit(X, y)
    assert any(issubclass(w.category, NotTransferredWarning) for w in caught), "no NotTransferredWarning"
    assert_allclose(with_roles.predict(X), plain.predict(X), rtol=1e-8)
    one = clone(estimator).fit(X, y, instrument=["A"] * len(X))
    assert_allclose(one.predict(X), plain.predict(X), rtol=1e-8)


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
    inside = {"estimator": calibration} if wraps(estimator) else {"n_components": n_components}
    predicted = fit(clone(estimator).set_params(**inside), data).predict(data.X_test)
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


def check_existing_calibration(estimator):
    """An existing calibration transfers from the pairs alone and equals the full fit, or is refused where it cannot."""
    tags = estimator.__transfer_tags__()
    if not wraps(estimator) or not (tags.carries_source_model or tags.refits):
        return
    data = two_instruments()
    X, y = data.X[~data.on_target], data.y[~data.on_target]
    calibration = PLSRegression(3, scale=False)
    if tags.refits:
        existing = clone(estimator).set_params(estimator=FrozenEstimator(clone(calibration).fit(X, y)))
        raises(ExistingCalibrationError, lambda: fit(existing, data), mentions=[type(estimator).__name__])
        return
    full = fit(clone(estimator).set_params(estimator=calibration), data)
    frozen = FrozenEstimator(clone(calibration).fit(X, y))
    used = np.isin(data.sample_id, data.sample_id[data.on_target])
    labels = {name: value[used] for name, value in data.labels.items()}
    references = np.where(data.on_target, data.y, np.nan)[used]
    if not tags.uses_target_references:
        references[:] = np.nan
    alone = fit(clone(estimator).set_params(estimator=frozen), data, X=data.X[used], y=references, **labels)
    assert_allclose(alone.predict(data.X_test), full.predict(data.X_test), rtol=1e-7)


def check_fit_transform(estimator):
    """``fit_transform`` leaves source rows alone, maps target rows, and refuses rows that are neither."""
    if not hasattr(estimator, "transform"):
        return
    data = two_instruments()
    model = named(estimator)
    mapped = model.fit_transform(data.X, data.y, **data.labels)
    assert_array_equal(mapped[~data.on_target], data.X[~data.on_target])
    assert_allclose(mapped[data.on_target], model.transform(data.X[data.on_target]), rtol=1e-12)
    if hasattr(model, "export_map"):
        matrix, offset = model.export_map()
        assert_allclose(data.X_test @ matrix + offset, model.transform(data.X_test), rtol=1e-8, atol=1e-10)
    X, y = np.vstack([data.X, data.X[:1]]), np.append(data.y, np.nan)
    third = {"instrument": [*data.instrument, "C"], "sample_id": [*data.sample_id, None]}
    raises(AmbiguousInstrumentError, lambda: named(estimator).fit_transform(X, y, **third), mentions=["'C'"])


def check_export_calibration(estimator):
    """The exported coefficient vector predicts what the estimator predicts; what is not affine has none.

    A method that need not be affine may be so on one set of rows, and then may export what it is: the vector predicts
    other spectra than those of the test as the estimator does, too.
    """
    data = two_instruments(n_targets=2)
    model = fit(estimator, data)
    try:
        coef, intercept = model.export_calibration()
    except NonLinearCalibrationError:
        assert not estimator.__transfer_tags__().affine, "an affine method refuses to export its calibration"
        return
    assert coef.shape == (2, data.X.shape[1])
    for X in (data.X_test, 1.5 * data.X_test - 0.2, -data.X_test):
        assert_allclose(X @ coef.T + intercept, model.predict(X), rtol=1e-6, atol=1e-6)


def check_persistence(estimator):
    """Clone, pickle and joblib keep the estimator; predictions do not depend on the batch."""
    data = two_instruments()
    model = fit(estimator, data)
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
    fit(estimator, data).predict(data.X_test)
    after = np.random.get_state()  # noqa: NPY002
    assert_array_equal(before[1], after[1])
    assert before[2] == after[2]


METHOD_CHECKS = (
    check_no_metadata_is_source_calibration,
    check_identical_instruments,
    check_existing_calibration,
    check_fit_transform,
    check_export_calibration,
    check_persistence,
    check_random_state_untouched,
)
