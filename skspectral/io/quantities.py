"""What spectra are: names of quantities, percent or fraction, and the way to absorbance."""

import numpy as np

from .._core.quantities import ABSORBANCES, FRACTIONS
from ..exceptions import QuantityError

__all__ = ["absorbance", "percent_where_it_must_be"]

_LARGEST_FRACTION = 2.0
# share of values that spikes and dead channels are at most
FEW_BEYOND = 0.05


def absorbance(X, quantity, where):
    """Convert spectra to absorbance, log10(1/R) or log10(1/T).

    Parameters
    ----------
    X : ndarray of shape (n_spectra, n_channels)
        Spectra.
    quantity : str
        What they are.
    where : callable
        Names row and channel in a message.

    Returns
    -------
    ndarray of shape (n_spectra, n_channels)

    Raises
    ------
    QuantityError
        If the quantity has no absorbance, or a value has no logarithm.
    """
    if quantity in ABSORBANCES:
        return X.copy()
    if quantity == "Kubelka-Munk":
        # (1 - R)^2 / (2 R) = F has the root R = 1 + F - sqrt(F^2 + 2 F) below one
        _refuse(X < 0, X, where, "a Kubelka-Munk value below zero")
        return -np.log10(1.0 + X - np.sqrt(X * X + 2.0 * X))
    if quantity not in FRACTIONS:
        remedy = (
            "say what they are, such as quantity='reflectance'"
            if quantity == "unknown"
            else "divide by a reference scan"
        )
        raise QuantityError(f"Spectra of the quantity {quantity!r} have no absorbance; {remedy}.")
    _refuse(X <= 0, X, where, "no positive value, so it has no logarithm")
    return -np.log10(X / FRACTIONS[quantity])


def _refuse(bad, X, where, what):
    if bad.any():
        row, channel = np.argwhere(bad)[0]
        raise QuantityError(
            f"{where(row, channel)}: {X[row, channel]:g} is {what} ({int(bad.sum())} such values in "
            f"{int(bad.any(axis=1).sum())} spectra). Leave out these channels or spectra."
        )


def percent_where_it_must_be(quantity, X):
    """Name the percentage where a file says reflectance or transmittance and its values are percent.

    Fractions lie between 0 and 1 (a little above with noise or fluorescence); a file of whose values more than a few
    exceed 2 can only hold percent. A few are spikes of fractions.

    Parameters
    ----------
    quantity : str
        As the file says it.
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
    beyond = np.nonzero(X > _LARGEST_FRACTION)[0].size
    if beyond <= FEW_BEYOND * np.size(X):
        return quantity, (
            f"the file says {quantity}; {beyond} of {np.size(X)} values, up to {largest:.4g}, are more than that can "
            f"be, as spikes are. If all are percent, say quantity='% {quantity}'"
        )
    return f"% {quantity}", f"the file says {quantity}; values up to {largest:.4g} can only be percent"
