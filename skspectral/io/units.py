"""Units of an axis: how a user names them, and what is assumed where a file does not say."""

import numpy as np

from .._core.axis_identity import axis_names
from .._core.channels import Labels
from .._core.units import LEAST_LIKELY_NM, LEAST_UM, MOST_LIKELY_NM, MOST_NM, convert, likely_unit
from .._core.units import check_unit as known_unit

__all__ = ["assume_unit", "check_unit", "column_labels", "convert_axis", "is_even", "possible"]

# Near-infrared spectrometers end below; from here on an axis in nm is unusual.
LONGEST_NIR = 2700.0


def check_unit(unit):
    """Bring a unit that a user named into the spelling of `UNITS`."""
    return known_unit(unit, name="unit")


def convert_axis(axis, unit, to, name="The axis"):
    """Convert an axis; its order turns around between lengths and wavenumbers, and a Raman shift is never converted."""
    return convert(np.asarray(axis, dtype=np.float64), unit, to, name=name)


def column_labels(axis, unit):
    """Labels that estimators read as the axis: numbers in nm; text with the unit in the mid-infrared and for Raman."""
    if unit == "Raman shift":
        return axis_names(Labels(axis, unit))
    nm = convert_axis(axis, unit, "nm")
    return nm if nm.max() <= MOST_LIKELY_NM else axis_names(Labels(convert_axis(nm, "nm", "cm-1"), "cm-1"))


def assume_unit(axis):
    """Say in which unit an axis is that does not tell.

    Parameters
    ----------
    axis : ndarray of shape (n_channels,)

    Returns
    -------
    unit : {"nm", "um", "cm-1"}
    doubtful : bool
        Whether another unit is possible, so that a user must be told.
    """
    unit = likely_unit(axis) or "nm"
    return unit, unit != "nm" or float(np.max(axis)) > LONGEST_NIR or float(np.min(axis)) < LEAST_LIKELY_NM


def possible(axis):
    """Whether an axis of positive numbers can be in one of our units; numbers of channels are left to others."""
    return float(np.min(axis)) <= 0 or (float(np.max(axis)) >= LEAST_UM and float(np.max(axis)) <= MOST_NM)


def is_even(axis):
    """Whether the steps of an axis are equal, as those of most instruments are in the unit that they count in."""
    steps = np.abs(np.diff(axis))
    return steps.size > 0 and bool(np.ptp(steps) < 0.05 * np.median(steps))
