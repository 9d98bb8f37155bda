"""Units of an axis: conversion, and what is assumed where a file does not say."""

import numpy as np

from ..exceptions import AxisMismatchError, ReadingOptionError
from ._block import UNITS

__all__ = ["SAME_AXIS", "assume_unit", "check_unit", "convert_axis", "same_axis"]

_TO_NM = {"nm": lambda x: x, "um": lambda x: 1e3 * x, "cm-1": lambda x: 1e7 / x}
_FROM_NM = {"nm": lambda x: x, "um": lambda x: x / 1e3, "cm-1": lambda x: 1e7 / x}
_SPELLED = {
    "µm": "um", "μm": "um", "micrometre": "um", "micrometer": "um", "micron": "um", "cm^-1": "cm-1", "1/cm": "cm-1",
    "wavenumber": "cm-1", "nanometre": "nm", "nanometer": "nm", "raman": "Raman shift", "raman shift": "Raman shift",
}  # fmt: skip

#: Axes that agree to this share of a channel are one axis, written with other rounding.
SAME_AXIS = 0.01

# Near-infrared spectrometers with silicon to HgCdTe detectors end below 2600 nm; mid-infrared axes in cm-1 begin above.
LONGEST_NIR = 2700.0
SURELY_WAVENUMBERS = 3300.0
LONGEST_MICROMETRES = 30.0


def check_unit(unit):
    """Bring a unit that a user named into the spelling of `UNITS`."""
    known = _SPELLED.get(str(unit).strip().lower(), unit)
    if known not in UNITS or known == "":
        raise ReadingOptionError(f"unit must be one of {', '.join(map(repr, UNITS[:-1]))}, got {unit!r}.")
    return known


def convert_axis(axis, unit, to):
    """Convert an axis; its order turns around between lengths and wavenumbers.

    Parameters
    ----------
    axis : ndarray of shape (n_channels,)
        Values in ``unit``.
    unit, to : {"nm", "um", "cm-1", "Raman shift"}

    Returns
    -------
    ndarray of shape (n_channels,)

    Raises
    ------
    AxisMismatchError
        If values are not positive, or one of the units is a Raman shift and the other not: that needs the wavelength of
        the laser.
    """
    if unit == to:
        return axis
    if "Raman shift" in (unit, to):
        raise AxisMismatchError(
            f"An axis in {unit} cannot be converted to {to}: a Raman shift counts from the laser's wavenumber. Keep "
            "Raman spectra in a table of their own."
        )
    if np.min(axis) <= 0:
        raise AxisMismatchError(f"An axis with the value {np.min(axis):g} {unit} cannot be converted to {to}.")
    return _FROM_NM[to](_TO_NM[unit](axis))


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
    low, high = float(np.min(axis)), float(np.max(axis))
    if high <= LONGEST_MICROMETRES:
        return "um", True
    if high >= SURELY_WAVENUMBERS:
        return "cm-1", True
    return "nm", high > LONGEST_NIR or low < 100.0


def same_axis(first, second):
    """Whether two axes are one within rounding, and by how much they differ at most."""
    if first.shape != second.shape:
        return False, np.inf
    difference = float(np.abs(first - second).max())
    step = float(np.abs(np.diff(first)).min()) if first.size > 1 else 1.0
    return difference <= SAME_AXIS * step, difference
