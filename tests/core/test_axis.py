import numpy as np
import pytest

from skspectral._core.axis import check_axis
from skspectral.exceptions import AxisMismatchError


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
