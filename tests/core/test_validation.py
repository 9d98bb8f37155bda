import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator

from skspectral._core.validation import constant_rows, paired_columns, validate_spectra
from skspectral.exceptions import (
    AxisMismatchError,
    ChannelMismatchError,
    ConstantSpectraError,
    NonFiniteSpectraError,
)
from skspectral.metrics import bias, r2, rmsep, rpd, sep


class Estimator(BaseEstimator):
    pass


def test_float64_in_order_is_not_copied():
    X = np.arange(12.0).reshape(3, 4)
    assert np.shares_memory(validate_spectra(Estimator(), X, reset=True), X)


@pytest.mark.parametrize(
    "X", [np.arange(12, dtype=np.float32).reshape(3, 4), np.arange(12.0).reshape(4, 3).T, [[1, 2], [3, 5]]]
)
def test_everything_else_becomes_contiguous_float64(X):
    values = validate_spectra(Estimator(), X, reset=True)
    assert values.dtype == np.float64
    assert values.flags.c_contiguous
    np.testing.assert_array_equal(values, X)


def test_reset_sets_what_later_calls_are_held_to():
    estimator = Estimator()
    frame = pd.DataFrame(np.arange(6.0).reshape(2, 3), columns=["1100.0", "1102.0", "1104.0"])
    validate_spectra(estimator, frame, reset=True)
    assert estimator.n_features_in_ == 3
    assert estimator.feature_names_in_.tolist() == ["1100.0", "1102.0", "1104.0"]
    with pytest.raises(ChannelMismatchError, match="X has 2 features, but Estimator is expecting 3 features as input"):
        validate_spectra(estimator, frame.iloc[:, :2], reset=False)
    with pytest.raises(AxisMismatchError, match=r"1101 to 1104.*differ by up to 1"):
        validate_spectra(estimator, frame.rename(columns={"1100.0": "1101.0"}), reset=False)
    validate_spectra(estimator, frame.iloc[:, :2], reset=True)
    assert estimator.n_features_in_ == 2


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_non_finite_names_the_first_row_and_channel(value):
    X = np.ones((4, 5))
    X[2, 3] = X[3, 0] = value
    with pytest.raises(NonFiniteSpectraError, match=r"first at row 2, channel 3; 2 of 4 spectra"):
        validate_spectra(Estimator(), X, reset=True)


def test_values_whose_squares_overflow():
    X = np.array([[1.0, 2.0], [1e149, -1e149]])
    validate_spectra(Estimator(), X, reset=True)
    with pytest.raises(NonFiniteSpectraError, match="too large"):
        validate_spectra(Estimator(), 10 * X, reset=True)


def test_minimum_numbers_are_in_the_message():
    with pytest.raises(ValueError, match=r"1 sample\(s\).*minimum of 2 is required by Estimator"):
        validate_spectra(Estimator(), [[1.0, 2.0]], reset=True, min_samples=2)
    with pytest.raises(ValueError, match=r"1 feature\(s\).*minimum of 2 is required by Estimator"):
        validate_spectra(Estimator(), [[1.0], [2.0]], reset=True, min_channels=2)


@pytest.mark.parametrize("X", [[1.0, 2.0], 3.0, [[["a"]]], [["a", "b"]], [[1j, 2.0]], np.array([[1j, 2.0]])])
def test_what_is_no_matrix_of_numbers(X):
    with pytest.raises((ValueError, TypeError), match=r"array|float|[Cc]omplex"):
        validate_spectra(Estimator(), X, reset=True)


def test_constant_spectra_on_request_only():
    X = np.array([[1.0, 2.0], [3.0, 3.0]])
    validate_spectra(Estimator(), X, reset=True)
    with pytest.raises(ConstantSpectraError, match=r"1 of 2 spectra .* \(rows 1\)"):
        validate_spectra(Estimator(), X, reset=True, forbid_constant=True)
    validate_spectra(Estimator(), X[:, :1], reset=True, forbid_constant=True)


def test_constant_rows_allow_for_rounding_but_not_for_signal():
    X = np.full((4, 50), 0.3)
    X[1, ::2] = np.nextafter(0.3, 1)
    X[2, 7] += 1e-12
    X[3] *= -1
    assert constant_rows(X).tolist() == [True, True, False, True]


def test_paired_columns_drop_missing_references_by_column():
    y_true = np.array([[1.0, np.nan], [2.0, 5.0], [np.nan, 6.0]])
    first, second = paired_columns(y_true, np.nan_to_num(y_true) + 1)
    np.testing.assert_array_equal(first, [[1.0, 2.0], [2.0, 3.0]])
    np.testing.assert_array_equal(second, [[5.0, 6.0], [6.0, 7.0]])


def test_masked_values_are_not_read_as_measurements():
    X = np.ma.array(np.random.RandomState(0).rand(4, 6), mask=np.eye(4, 6, dtype=bool))
    with pytest.raises(NonFiniteSpectraError, match="masked"):
        validate_spectra(Estimator(), X, reset=True)
    assert validate_spectra(Estimator(), np.ma.array(X.data), reset=True).shape == (4, 6)


def test_masked_references_are_missing_in_every_figure():
    y = np.array([1.0, 2.0, -9999.0, 4.0])
    masked, predicted = np.ma.masked_equal(y, -9999.0), np.array([1.1, 2.1, 3.0, 4.1])
    for figure in (rmsep, bias, sep, r2, rpd):
        assert figure(masked, predicted) == figure(np.where(y < 0, np.nan, y), predicted)
    with pytest.raises(ValueError, match="y_pred"):
        rmsep(y, np.ma.masked_equal(predicted, 3.0))
