"""Checks that an estimator knows its axis: it finds its channels by their wavelengths, and refuses another axis."""

import pickle
import warnings
from functools import partial

import numpy as np
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from .._core.channels import LabelledSpectra
from ..exceptions import AxisMismatchError, ChannelOrderWarning
from ..preprocessing import SNV
from ._data import two_instruments
from ._helpers import named, raises

__all__ = ["AXIS_CHECKS", "check_axis_identity"]

# twelve steps of 10 nm beyond the axis, and a twentieth of a per cent of a step
ANOTHER, ROUNDING = 120.0, 5e-3
# conversion of units rounds, and narrow problems magnify it
SAME_IN_OTHER_UNITS = 1e-3


def check_axis_identity(estimator):
    """Labelled spectra in another order or unit give the same result to the last digit; another axis is an error."""
    data = two_instruments()
    axis = _axis(data)
    model = _fitted(estimator, data, LabelledSpectra(data.X, axis, "nm"))
    assert_allclose(model.wavelengths_, axis)
    expected = _outcome(model, LabelledSpectra(data.X_test, axis, "nm"))
    assert_array_equal(_outcome(model, data.X_test), expected, err_msg="an array is not taken as it is")
    again = pickle.loads(pickle.dumps(model))
    for how, spectra in _written_otherwise(data.X_test, axis):
        for fitted in (model, again):
            assert_array_equal(_outcome(fitted, spectra), expected, err_msg=f"{how} gives another result")
    _check_refused(model, data.X_test, axis)


def check_axis_of_data_frames(estimator):
    """Column labels of a DataFrame are wavelengths in every spelling, and scikit-learn never warns of them."""
    try:
        import pandas as pd
    except ImportError:
        # labels of a table are checked without it
        return
    data = two_instruments()
    axis = _axis(data)
    spelled = {
        "numbers": axis,
        "text": [f"{value:.1f}" for value in axis],
        "with unit": [f"{value:g} nm" for value in axis],
        "wavenumbers": [f"{1e7 / value:.3f} cm-1" for value in axis],
    }
    frames = {how: pd.DataFrame(data.X_test, columns=labels) for how, labels in spelled.items()}
    shuffled = np.random.RandomState(3).permutation(len(axis))
    orders = {"numbers": shuffled, "text": slice(None), "with unit": slice(None, None, -1), "wavenumbers": shuffled}
    for how in ("numbers", "text", "wavenumbers"):
        model = _fitted(estimator, data, pd.DataFrame(data.X, columns=spelled[how]))
        assert_allclose(model.wavelengths_, axis, rtol=1e-6)
        expected = _outcome(model, data.X_test)
        for other, frame in frames.items():
            found = _outcome(model, frame.iloc[:, orders[other]])
            assert_array_equal(found, expected, err_msg=f"fitted on {how}, asked with {other}")


def check_axis_in_pipeline(estimator):
    """A Pipeline finds the channels, too, and its score is that of the right order."""
    data = two_instruments()
    axis = _axis(data)
    model = make_pipeline(SNV(), named(estimator))
    X = LabelledSpectra(data.X, axis, "nm")
    # labels of the rows are handed on to the last step, whatever the routing
    model[:-1].fit(X)
    model[-1].fit(model[:-1].transform(X), data.y, **data.labels)
    backwards = LabelledSpectra(data.X_test[:, ::-1], axis[::-1], "nm")
    assert_array_equal(model.predict(backwards), model.predict(data.X_test))
    assert model.score(backwards, data.y_test) == model.score(data.X_test, data.y_test)
    raises(AxisMismatchError, partial(model.predict, LabelledSpectra(data.X_test, axis + ANOTHER, "nm")))


def check_axis_parameter(estimator):
    """An axis that the parameter gives is known as labels are, in every unit."""
    if "wavelengths" not in estimator.get_params(deep=False):
        return
    assert "axis_unit" in estimator.get_params(deep=False), "wavelengths without axis_unit"
    data = two_instruments()
    axis = _axis(data)
    model = _fitted(clone(estimator).set_params(wavelengths=axis), data, data.X)
    expected = _outcome(model, data.X_test)
    for how, spectra in _written_otherwise(data.X_test, axis):
        assert_array_equal(_outcome(model, spectra), expected, err_msg=f"{how} gives another result")
    _check_refused(model, data.X_test, axis)
    for unit, values in (("um", axis / 1e3), ("cm-1", 1e7 / axis)):
        other = _fitted(clone(estimator).set_params(wavelengths=values, axis_unit=unit), data, data.X)
        assert_allclose(other.wavelengths_, axis)
        scale = np.abs(expected).max()
        assert_allclose(_outcome(other, data.X_test), expected, atol=SAME_IN_OTHER_UNITS * scale, err_msg=unit)
    wrong = clone(estimator).set_params(wavelengths=axis / 1e3)
    raises(AxisMismatchError, lambda: _fitted(wrong, data, data.X), mentions=["nm", "um"])


def _axis(data):
    return 1100.0 + 10.0 * np.arange(data.X.shape[1])


def _fitted(estimator, data, X):
    with warnings.catch_warnings():
        warnings.filterwarnings("error", ".*feature names", UserWarning)
        if hasattr(estimator, "__transfer_tags__"):
            return named(estimator).fit(X, data.y, **data.labels)
        return clone(estimator).fit(X, data.y)


def _outcome(model, X):
    """What a model makes of spectra: predictions, or what stands for them in other estimators."""
    with warnings.catch_warnings():
        warnings.filterwarnings("error", ".*feature names", UserWarning)
        warnings.simplefilter("ignore", ChannelOrderWarning)
        if hasattr(model, "predict"):
            predicted = model.predict(X)
            return np.column_stack([predicted, model.transform(X)]) if hasattr(model, "transform") else predicted
        return model.transform(X) if hasattr(model, "transform") else model.check(X).q


def _written_otherwise(X, axis):
    """Pairs of (how, spectra): the same channels in other orders and units, or rounded."""
    shuffled = np.random.RandomState(3).permutation(len(axis))
    yield "a descending axis", LabelledSpectra(X[:, ::-1], axis[::-1], "nm")
    yield "columns in any order", LabelledSpectra(X[:, shuffled], axis[shuffled], "nm")
    yield "wavenumbers", LabelledSpectra(X[:, ::-1], 1e7 / axis[::-1], "cm-1")
    yield "micrometres", LabelledSpectra(X, axis / 1e3, "um")
    yield "other rounding", LabelledSpectra(X, axis + ROUNDING, "nm")
    yield "an axis without its unit", LabelledSpectra(X[:, ::-1], 1e7 / axis[::-1], None)


def _check_refused(model, X, axis):
    """Another axis of as many channels is refused by both ranges, by every method that takes spectra."""
    other = LabelledSpectra(X, axis + ANOTHER, "nm")
    ends = [f"{value:g}" for value in (*axis[[0, -1]], *other.wavelengths[[0, -1]])]
    for method in ("predict", "transform", "check"):
        if hasattr(model, method):
            raises(AxisMismatchError, partial(getattr(model, method), other), mentions=[*ends, "Resample"])
    narrower = LabelledSpectra(X[:, 1:], axis[1:], "nm")
    for method in ("predict", "transform", "check"):
        if hasattr(model, method):
            raises(AxisMismatchError, partial(getattr(model, method), narrower), mentions=["features"])


AXIS_CHECKS = (check_axis_identity, check_axis_of_data_frames, check_axis_in_pipeline, check_axis_parameter)
