import warnings

import numpy as np
import pandas as pd
import pytest

from skspectral._core.axis import check_axis, column_axis, resolve_axis
from skspectral.exceptions import AxisMismatchError, UnknownAxisWarning

X = np.zeros((2, 3))


@pytest.mark.parametrize("axis", [[1.0, 2.0, 4.0], (4, 2, 1), np.array([1, 2, 4], dtype=np.float32), ["1", "2", "4"]])
def test_check_axis_gives_float64(axis):
    values = check_axis(axis, 3)
    assert values.dtype == np.float64
    np.testing.assert_array_equal(values, np.asarray(axis, dtype=float))


def test_check_axis_copies():
    axis = np.array([1.0, 2.0, 3.0])
    assert not np.shares_memory(check_axis(axis), axis)


@pytest.mark.parametrize(
    ("axis", "message"),
    [
        ([1.0, 2.0], "2 entries but the spectra have 3 channels"),
        ([1.0, 1.0, 2.0], "strictly"),
        ([1.0, 3.0, 2.0], "strictly"),
        ([1.0, np.nan, 2.0], "NaN or infinity"),
        ([1.0, 2.0, np.inf], "NaN or infinity"),
        ([[1.0, 2.0, 3.0]], "one-dimensional"),
        (5.0, "one-dimensional"),
        ([], "not empty"),
        (["a", "b", "c"], "must be numbers"),
        ([1.0, [2.0], 3.0], "must be numbers"),
    ],
)
def test_check_axis_names_the_fault(axis, message):
    with pytest.raises(AxisMismatchError, match=message):
        check_axis(axis, 3)
    with pytest.raises(AxisMismatchError, match=r"^grid "):
        check_axis(axis, 3, name="grid")


def test_one_channel_is_an_axis():
    np.testing.assert_array_equal(check_axis([1100], 1), [1100.0])


@pytest.mark.parametrize("labels", [["1100.0", "1102.0", "1104.0"], [1100, 1102, 1104], [1100.0, "1102", 1104]])
def test_column_axis_reads_numbers(labels):
    np.testing.assert_array_equal(column_axis(pd.DataFrame(X, columns=labels)), [1100.0, 1102.0, 1104.0])


@pytest.mark.parametrize(
    "labels", [["1100.0", "x", "1104.0"], ["a", "b", "c"], range(3), ["0", "1", "2"], [True, 2, 3], [None, "a", "b"]]
)
def test_column_axis_does_not_guess(labels):
    assert column_axis(pd.DataFrame(X, columns=labels)) is None


def test_column_axis_of_what_has_no_columns():
    assert column_axis(X) is None
    assert column_axis([[1.0, 2.0]]) is None
    assert column_axis(pd.DataFrame(index=[0, 1])) is None


def test_the_parameter_wins_over_the_labels():
    frame = pd.DataFrame(X, columns=[1.0, 2.0, 4.0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(resolve_axis([9.0, 8.0, 7.0], frame, 3, caller="C"), [9.0, 8.0, 7.0])
        np.testing.assert_array_equal(resolve_axis(None, frame, 3, caller="C"), [1.0, 2.0, 4.0])


def test_unsorted_labels_are_an_error_and_not_an_index():
    with pytest.raises(AxisMismatchError, match="the column labels of X must be strictly"):
        resolve_axis(None, pd.DataFrame(X, columns=[1.0, 4.0, 2.0]), 3, caller="C")


def test_unknown_axis_is_an_index_with_a_warning_that_names_the_caller():
    with pytest.warns(UnknownAxisWarning, match="Caller does not know the wavelengths"):
        axis = resolve_axis(None, X, 3, caller="Caller")
    np.testing.assert_array_equal(axis, [0.0, 0.5, 1.0])


def test_wrong_length_of_the_parameter():
    with pytest.raises(AxisMismatchError, match="4 entries but the spectra have 3"):
        resolve_axis([1.0, 2.0, 3.0, 4.0], X, 3, caller="C")
