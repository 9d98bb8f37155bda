"""Instruments with axes of their own: their spectra on the range that both measure."""

from collections.abc import Mapping

import numpy as np

from .._axis import check_axis
from ..exceptions import AxisMismatchError, ChannelMismatchError, NonFiniteSpectraError, UnknownInstrumentError
from ..pretraining._grid import average_channels

__all__ = ["SharedAxis", "to_nm"]

UNITS = ("nm", "cm-1")
# With fewer channels in common, there is nothing to compare.
LEAST_SHARED = 8


def to_nm(axis, unit):
    """Turn an axis into nm.

    Raises
    ------
    AxisMismatchError
        If a wavelength or wavenumber is not positive.
    """
    if not (axis > 0).all():
        raise AxisMismatchError(f"wavelengths must be positive, in {unit}; the smallest is {axis.min():g}.")
    return axis if unit == "nm" else 1e7 / axis


class SharedAxis:
    """The range that two instruments share, with as many channels as the coarser of the two has there.

    Spectra of an instrument stand in the first columns of a common array; the others hold NaN.

    Parameters
    ----------
    wavelengths : dict of {label: array-like}
        Axis of every instrument.
    unit : {"nm", "cm-1"}
        Unit of the axes.
    source, target : object
        Labels of the instruments.

    Attributes
    ----------
    nm : ndarray of shape (n_channels,)
        The shared axis, ascending.

    Raises
    ------
    UnknownInstrumentError
        If an instrument has no axis.
    AxisMismatchError
        If an axis is none, or the two have no range in common.
    """

    def __init__(self, wavelengths: Mapping, unit, source, target):
        self.axes, self.target = {}, target
        for label in (source, target):
            if label is None:
                continue
            if label not in wavelengths:
                raise UnknownInstrumentError(
                    f"wavelengths has no axis of instrument {label!r}; it names {', '.join(map(repr, wavelengths))}."
                )
            axis = check_axis(wavelengths[label], name=f"wavelengths[{label!r}]")
            self.axes[label] = to_nm(axis, unit)
        low = max(axis.min() for axis in self.axes.values())
        high = min(axis.max() for axis in self.axes.values())
        inside = {label: np.sort(axis[(axis >= low) & (axis <= high)]) for label, axis in self.axes.items()}
        coarsest = min(inside.values(), key=len)
        if high <= low or len(coarsest) < LEAST_SHARED:
            ranges = ", ".join(f"{label!r} {axis.min():.0f}-{axis.max():.0f} nm" for label, axis in self.axes.items())
            raise AxisMismatchError(
                f"The instruments share fewer than {LEAST_SHARED} channels ({ranges}). What one measures says nothing "
                "about the other channel by channel: calibrate on the target alone, with TargetOnly."
            )
        self.nm = np.linspace(low, high, len(coarsest))

    def read(self, X, instrument):
        """Bring spectra onto the shared axis.

        Parameters
        ----------
        X : array-like of shape (n_spectra, width)
            Spectra, each in the first columns of its row.
        instrument : sequence of length n_spectra
            Label of each; rows of instruments without an axis here come back as NaN.

        Returns
        -------
        ndarray of shape (n_spectra, n_channels)

        Raises
        ------
        ChannelMismatchError, NonFiniteSpectraError
            If a row does not hold as many numbers as its instrument has channels.
        """
        X = np.asarray(X, dtype=np.float64)
        if X.ndim != 2:
            raise ValueError(f"X must be two-dimensional, one spectrum a row, got shape {X.shape}.")
        shared = np.full((len(X), len(self.nm)), np.nan)
        labels = np.asarray(instrument, dtype=object)
        for label, axis in self.axes.items():
            rows = np.array([other == label for other in labels], dtype=bool)
            if rows.any():
                order = np.argsort(axis)
                shared[rows] = average_channels(self._own(X[rows], label)[:, order], axis[order], self.nm)
        return shared

    def read_target(self, X):
        """Bring spectra of the target (n_spectra, n_channels or more) onto the shared axis."""
        return self.read(X, np.full(len(X), self.target, dtype=object))

    def _own(self, X, label):
        n = len(self.axes[label])
        if X.shape[1] < n:
            raise ChannelMismatchError(
                f"X has {X.shape[1]} columns, but wavelengths[{label!r}] has {n} channels: put every spectrum into the "
                "first columns of its row, and NaN behind shorter ones."
            )
        if not np.isfinite(X[:, :n]).all() or not np.isnan(X[:, n:]).all():
            raise NonFiniteSpectraError(
                f"Spectra of {label!r} must hold {n} numbers and NaN behind them, as its axis has {n} channels."
            )
        return X[:, :n]
