"""Numbers that stand for "no value"."""

import numpy as np

__all__ = ["LEAST_CODE", "MISSING_CODES", "SOFT_CODES", "find_codes", "mask_codes"]

#: Numbers that are no measurement anywhere.
MISSING_CODES = np.array([-9999.0, -9999.9, -9999.99, -9999.999, -99999.0, -999999.0, -1e30, 1e30, -1.23e34])
#: No code lies between this and its opposite.
LEAST_CODE = -9998.0
#: Numbers that are a code where all others are far from them.
SOFT_CODES = np.array([-999.0, -999.9, -999.99, -99.0, -99.9, -99.99, 9999.0, 99999.0])
# a code lies this many times beyond the spread of the other values
FAR = 20.0
# what single precision leaves of a code; two codes are farther apart
ROUNDING = 2e-7


def find_codes(values):
    """Mark codes for "no value".

    Parameters
    ----------
    values : ndarray of shape (n,)
        One property, float64.

    Returns
    -------
    ndarray of bool of shape (n,)
    """
    codes = np.zeros(values.shape, dtype=bool)
    for code in MISSING_CODES:
        codes |= _is(values, code)
    for code in SOFT_CODES:
        here = _is(values, code)
        rest = values[~here & ~codes & np.isfinite(values)]
        if here.any() and rest.size >= 3 and np.abs(code - np.median(rest)) > FAR * max(np.ptp(rest), 1e-12):
            codes |= here
    return codes


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
