"""Numbers that stand for "no value"."""

import numpy as np

__all__ = ["find_codes", "mask_codes"]

# numbers that are no measurement anywhere
ALWAYS = (-9999.0, -9999.9, -9999.99, -9999.999, -99999.0, -999999.0)
# numbers that are a code where all others are far from them, or a negative one where no other is negative: rows of
# nines, ends of integers, and whatever lies beyond the fill values of single precision and netCDF
_NINES = [float(f"{whole}{end}") for whole in (999, 9999, 99999, 999999, 9999999) for end in ("", ".9", ".99", ".999")]
_ENDS = [32767.0, 65535.0, 2147483647.0, 4294967295.0, 1e20, 7777.0, 8888.0]
WHERE_FAR = np.array([*_NINES, *_ENDS, *(-code for code in _NINES + _ENDS), -99.0, -99.9, -99.99, -32768.0, -(2.0**31)])
FILL = 1e30
# a code lies this many times beyond the spread of the other values, which counts as a share of them at least: beside
# 998, 998 and 998, 999 is a measurement
FAR, LEAST_SPREAD = 20.0, 0.02
FEWEST_OTHERS = 3
# what single precision leaves of a code; two codes are farther apart
ROUNDING = 2e-7


def find_codes(values):
    """Mark codes for "no value".

    Parameters
    ----------
    values : ndarray
        One property, or spectra, float64; NaN is passed over.

    Returns
    -------
    ndarray of bool, of the same shape
    """
    codes = np.zeros(values.shape, dtype=bool)
    low, high = np.nanmin(values, initial=np.inf), np.nanmax(values, initial=-np.inf)
    always = low <= max(ALWAYS) * (1 - ROUNDING)
    if not always and not any(abs(end) >= FILL or _is(end, WHERE_FAR).any() for end in (low, high) if np.isfinite(end)):
        return codes
    if always:
        for code in ALWAYS:
            codes |= _is(values, code)
    others = values[np.isfinite(values) & ~codes]
    # a code that lies far from all others is at one of the ends
    suspects = list(np.unique(others[np.abs(others) >= FILL]))
    others = others[np.abs(others) < FILL]
    while others.size:
        ends = [end for end in (others.min(), others.max()) if _is(end, WHERE_FAR).any()]
        if not ends:
            break
        suspects += ends
        others = others[~np.isin(others, ends)]
    if others.size >= FEWEST_OTHERS:
        centre, reach = _centre_and_reach(others)
        for code in suspects:
            if abs(code - centre) > reach or code < 0 <= others.min():
                codes |= values == code
    return codes


def _centre_and_reach(others):
    """Median of the other values, and how far from it a number is a code."""
    centre = float(np.median(others))
    return centre, FAR * max(np.ptp(others), LEAST_SPREAD * abs(centre), 1e-12)


def _is(values, code):
    return np.abs(values - code) <= ROUNDING * np.abs(code)


def mask_codes(values):
    """Replace codes for "no value" by NaN.

    Parameters
    ----------
    values : ndarray of shape (n,)
        One property.

    Returns
    -------
    masked : ndarray of shape (n,)
        A copy.
    codes : list of float
        The codes that were found.
    """
    values = np.array(values, dtype=np.float64)
    codes = find_codes(values)
    found = np.unique(values[codes]).tolist()
    values[codes] = np.nan
    return values, found
