"""Percent where a file says a fraction."""

import numpy as np

__all__ = ["percent_where_it_must_be"]

_LARGEST_FRACTION = 2.0


def percent_where_it_must_be(quantity, X):
    """Name the percentage where a file says reflectance or transmittance and its values are percent.

    Fractions lie between 0 and 1 (a little above with noise or fluorescence); a file whose values exceed 2 can only
    hold percent.

    Parameters
    ----------
    quantity : str
        One of `QUANTITIES`, as the file says it.
    X : ndarray
        Spectra.

    Returns
    -------
    quantity : str
        As given, or with the percent sign.
    note : str or None
        What a user should know.
    """
    if quantity not in ("reflectance", "transmittance"):
        return quantity, None
    largest = float(np.nanmax(X, initial=0.0))
    if largest <= _LARGEST_FRACTION:
        return quantity, None
    return f"% {quantity}", f"the file says {quantity}; values up to {largest:.4g} can only be percent"
