"""Which variables of a MATLAB file are axes, and of which matrix."""

import re

import numpy as np

from ....exceptions import TableError
from ...cells.labels import axis_labels
from ._variables import Variable

__all__ = ["FEWEST_CHANNELS", "axis_of_texts", "is_axis", "may_be_axis", "nearest_axis", "numbers_of"]

_AXIS = re.compile(r"wave|lambda|(^|[._])(wl|wn|wv|nm|nu|freqs?|axis|axisscale|xaxis|x_?axis|shift)\d*($|[._])", re.I)
FEWEST_CHANNELS = 3
#: A vector that is not named as an axis must be at least as long to be taken as one.
_FEWEST_UNNAMED = 10


def is_axis(variable):
    """Whether a variable is an axis by its name: finite numbers that only rise or only fall."""
    values = variable.vector
    return values is not None and _AXIS.search(variable.name) is not None and _is_monotonic(values)


def axis_of_texts(variable):
    """The axis that the texts of a variable are (``VarLabels``: "1100 nm", "1102 nm", ...); None where they are not."""
    if not variable.is_text:
        return None
    numbers, unit = numbers_of(variable.value)
    return None if numbers is None else Variable(variable.name, numbers[np.newaxis], axis_title=unit)


def numbers_of(labels):
    """Numbers that rise or fall in all labels, and their unit; (None, "") where they are no axis."""
    axis = axis_labels(labels, "the labels of channels")
    if axis is None or len(axis.columns) < len(labels) or axis.counted or not _is_monotonic(axis.values):
        return None, ""
    return axis.values, axis.unit


def may_be_axis(variable, held):
    """Whether a vector can be nothing but the axis: it rises or falls, counts nothing, and a matrix is as wide."""
    values = variable.vector
    if values is None or len(values) < _FEWEST_UNNAMED or not _is_monotonic(values):
        return False
    counted = values[0] in (0, 1) and np.all(np.diff(values) == 1)
    widths = [other.value.shape[1] for other in held if not other.is_text and other.vector is None]
    return not counted and len(values) in widths


def _is_monotonic(values):
    steps = np.diff(values)
    return len(values) >= FEWEST_CHANNELS and bool(
        np.all(np.isfinite(values)) and (np.all(steps > 0) or np.all(steps < 0))
    )


def nearest_axis(path, variable, axes):
    """The axis of a matrix among several of its length: that in its struct, or with the same ending of the name."""
    parent, _, own = variable.name.rpartition(".")
    near = [axis for axis in axes if axis.name.rpartition(".")[0] == parent] or axes
    if any(not np.array_equal(axis.vector, near[0].vector) for axis in near):
        named = [axis for axis in near if re.split(r"[._]", axis.name)[-1] == re.split(r"[._]", own)[-1]]
        if len(named) != 1:
            names = ", ".join(axis.name for axis in near)
            raise TableError(
                f"{path}: {names} may each be the axis of {variable.name}. Put a matrix and its axis into one "
                "struct, or end both names alike (X_a, wavelength_a)."
            )
        return named[0]
    return near[0]
