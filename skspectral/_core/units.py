"""Units of an axis: their spellings, conversion to nm, and which numbers cannot be in which unit."""

import re
import warnings

import numpy as np

from ..exceptions import AxisUnitError, AxisUnitWarning
from .nested import is_nested

__all__ = ["LENGTHS", "UNITS", "check_plausible", "check_unit", "convert", "likely_unit", "remedy_for", "to_nm"]

LENGTHS = ("nm", "um", "cm-1")
#: A Raman shift counts from the laser line, so it is no wavelength and is never converted.
UNITS = (*LENGTHS, "Raman shift")

_SPELLINGS = {
    "nm": r"nm|nanomet(?:er|re)s?",
    "um": r"[uµμ]m|microns?|micromet(?:er|re)s?",
    "cm-1": r"cm\s*\^?\s*\(?[-−⁻]\s*[1¹]\)?|1/cm|wavenumbers?",  # noqa: RUF001
    "Raman shift": r"raman(?:[ _-]?shift)?",
}

# A spectrum whose longest "nm" is shorter, or whose shortest "um" is longer, was never measured by a spectrometer for
# samples; beyond 3300 nm instruments count in wavenumbers, and below 180 nm air absorbs all light.
LEAST_NM, LEAST_LIKELY_NM, MOST_LIKELY_NM, MOST_NM = 100.0, 180.0, 3300.0, 1e5
LEAST_UM, MOST_UM, MOST_LIKELY_UM = 0.1, 1e3, 30.0
LEAST_WAVENUMBER, MOST_WAVENUMBER = 10.0, 1e5
# far infrared that says itself that it counts in nm
MOST_NM_TOLD = 1e6

# units that are none of UNITS: how they become nm, and how a user writes that
_OTHERS = {
    "Angstrom": (lambda x: x / 10, "axis / 10"),
    "m": (lambda x: 1e9 * x, "axis * 1e9"),
    "mm": (lambda x: 1e6 * x, "axis * 1e6"),
    "m-1": (lambda x: 1e9 / x, "1e9 / axis"),
    "THz": (lambda x: 299792.458 / x, "299792.458 / axis"),
    "GHz": (lambda x: 299792458.0 / x, "299792458 / axis"),
    "eV": (lambda x: 1239.841984 / x, "1239.842 / axis"),
}


def check_unit(unit, *, name="axis_unit"):
    """Bring a unit into the spelling of ``UNITS``.

    Raises
    ------
    AxisUnitError
        If it is none of them.
    """
    if isinstance(unit, str):
        for known, pattern in _SPELLINGS.items():
            if re.fullmatch(pattern, unit.strip(), re.IGNORECASE):
                return known
    raise AxisUnitError(f"{name} must be one of {', '.join(UNITS)}, got {unit!r}.")


def to_nm(axis, unit, *, name="wavelengths"):
    """Convert an axis to nm; a Raman shift stays as it is.

    Parameters
    ----------
    axis : ndarray of shape (n_channels,)
    unit : {"nm", "um", "cm-1", "Raman shift"}
    name : str
        What the axis is called in messages.

    Returns
    -------
    ndarray of shape (n_channels,)

    Raises
    ------
    AxisUnitError
        If a value is not positive.
    """
    if unit == "Raman shift":
        return axis
    return convert(axis, unit, "nm", name=name)


def convert(axis, unit, to, *, name="wavelengths"):
    """Convert an axis between lengths and wavenumbers, channel by channel.

    Raises
    ------
    AxisUnitError
        If a value is not positive, or one of the two units is a Raman shift and the other is not.
    """
    if unit == to:
        return axis
    if "Raman shift" in (unit, to):
        raise AxisUnitError(
            f"{name} in {unit} cannot be converted to {to}: a Raman shift counts from the wavenumber of the laser."
        )
    if not np.min(axis) > 0:
        raise AxisUnitError(f"{name} must be positive to be converted from {unit} to {to}; one is {np.min(axis):g}.")
    nm = {"nm": lambda x: x, "um": lambda x: 1e3 * x, "cm-1": lambda x: 1e7 / x}[unit](axis)
    return {"nm": lambda x: x, "um": lambda x: x / 1e3, "cm-1": lambda x: 1e7 / x}[to](nm)


def likely_unit(axis):
    """Name the unit in which spectrometers count such numbers, or None where there is none.

    Parameters
    ----------
    axis : ndarray of shape (n_channels,)

    Returns
    -------
    {"nm", "um", "cm-1"} or None
    """
    low, high = float(np.min(axis)), float(np.max(axis))
    if low <= 0 or high > MOST_WAVENUMBER:
        return None
    if high <= MOST_LIKELY_UM:
        return "um" if low >= LEAST_UM else None
    if high > MOST_LIKELY_NM:
        return "cm-1"
    return "nm" if high >= LEAST_NM else None


def remedy_for(axis, unit, option="axis_unit"):
    """Say what a user can do about an axis that cannot, or hardly can, be in its unit.

    Parameters
    ----------
    axis : ndarray of shape (n_channels,)
        Positive.
    unit : str
        What it is not.
    option : str
        Where the unit is given.

    Returns
    -------
    str
        A sentence.
    """
    likely, nm = likely_unit(axis), {name: function(axis) for name, (function, _) in _OTHERS.items()}
    others = [name for name, x in nm.items() if np.min(x) >= LEAST_LIKELY_NM and np.max(x) <= MOST_LIKELY_NM]
    parts = [] if likely in (None, unit) else [f"say {option}={likely!r} if they are {likely}"]
    parts += [f"give {_OTHERS[name][1]} as nm if they are {name}" for name in others]
    text = "; ".join(parts) or "give the wavelengths or wavenumbers of the channels"
    return f"{text[0].upper()}{text[1:]}."


def check_plausible(axis, unit, *, name, told=False, option="axis_unit", stacklevel=2):
    """Refuse an axis that cannot be in its unit, and warn of one that hardly is.

    Parameters
    ----------
    axis : ndarray of shape (n_channels,)
    unit : {"nm", "um", "cm-1", "Raman shift"}
    name : str
        What the axis is called in messages.
    told : bool
        Whether the spectra name the unit themselves: then it is only checked, not questioned.
    option : str
        Where the unit is given, for messages.
    stacklevel : int
        As in ``warnings.warn``, counted from the caller.

    Raises
    ------
    AxisUnitError
        If values are not positive, or no spectrometer measures there.

    Warns
    -----
    AxisUnitWarning
        If an axis in nm looks like one in another unit.
    """
    if unit == "Raman shift" or is_nested():
        return
    low, high = float(np.min(axis)), float(np.max(axis))
    axis_said = f"{name}: {low:g} to {high:g}"
    if low <= 0:
        raise AxisUnitError(f"{axis_said} is no axis in {unit}: wavelengths and wavenumbers must be positive.")
    impossible = {
        "nm": high < LEAST_NM or high > (MOST_NM_TOLD if told else MOST_NM),
        "um": high > MOST_UM or high < LEAST_UM,
        "cm-1": high < LEAST_WAVENUMBER or high > MOST_WAVENUMBER,
    }[unit]
    if impossible:
        raise AxisUnitError(
            f"{axis_said} cannot be an axis in {unit}, where no spectrometer measures. {remedy_for(axis, unit, option)}"
        )
    if unit == "nm" and not told and (low < LEAST_LIKELY_NM or high > MOST_LIKELY_NM):
        warnings.warn(
            f"{axis_said} is taken as nm, where hardly a spectrometer measures. {remedy_for(axis, unit, option)}",
            AxisUnitWarning,
            stacklevel=stacklevel + 1,
        )
