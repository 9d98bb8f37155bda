"""Instruments with axes of their own: the range that both measure, and what the target measures besides."""

from collections.abc import Mapping

import numpy as np

from .._core.axis import check_axis
from .._core.axis_identity import find_order
from .._core.channels import Labels, channel_labels, is_table, spectra_of
from .._core.matrices import as_matrix, refuse_masked
from .._core.units import check_plausible, check_unit, to_nm
from .._core.validation import constant_rows
from ..exceptions import (
    AxisMismatchError,
    ChannelMismatchError,
    ConstantSpectraError,
    NonFiniteSpectraError,
    UnknownInstrumentError,
)
from ..pretraining.instruments.grid import average_channels

__all__ = ["NativeSpectra", "axis_in_nm"]

# With fewer channels in common, there is nothing to compare; with fewer beyond, nothing to add.
LEAST_SHARED, LEAST_BEYOND = 8, 8


def axis_in_nm(axis, unit):
    """Turn an axis into nm as the network counts, for which a Raman shift is a wavenumber."""
    unit = check_unit(unit)
    return to_nm(axis, "cm-1" if unit == "Raman shift" else unit)


class NativeSpectra:
    """Brings spectra of two instruments with axes of their own into one table.

    Its first columns are the range that both share, with as many channels as the coarser of the two has there. Where
    the target measures more than that, its whole spectrum stands behind, with zeros for the source. Where nothing is
    shared, the first columns are the source's own, with zeros for the target.

    Spectra that are read stand in the first columns of a common array; the others hold NaN.

    Parameters
    ----------
    wavelengths : dict of {label: array-like}
        Axis of every instrument.
    unit : {"nm", "um", "cm-1", "Raman shift"}
        Unit of the axes.
    source, target : object
        Labels of the instruments; None for one without rows.
    others : sequence of object
        Labels of further known instruments: only what they measure, too, is shared.

    Attributes
    ----------
    nm : ndarray of shape (n_shared,) or None
        The shared axis, ascending; None where there is none.
    own_nm : ndarray of shape (n_own,) or None
        The target's axis, ascending; None where it measures nothing that is not shared.

    Raises
    ------
    UnknownInstrumentError
        If an instrument has no axis.
    AxisMismatchError
        If an axis is none, or there are further known instruments, and nothing that all of them measure.
    """

    def __init__(self, wavelengths: Mapping, unit, source, target, others=()):
        self.axes, self.source, self.target = {}, source, target
        unit = check_unit(unit)
        for label in (source, target, *others):
            if label is None:
                continue
            if label not in wavelengths:
                raise UnknownInstrumentError(
                    f"wavelengths has no axis of instrument {label!r}; it names {', '.join(map(repr, wavelengths))}."
                )
            name = f"wavelengths[{label!r}]"
            axis = check_axis(wavelengths[label], name=name)
            check_plausible(axis, unit, name=name, stacklevel=3)
            self.axes[label] = axis_in_nm(axis, unit)
        low = max(axis.min() for axis in self.axes.values())
        high = min(axis.max() for axis in self.axes.values())
        shared = min(int(((axis >= low) & (axis <= high)).sum()) for axis in self.axes.values())
        apart = len(self.axes) > 1 and (high <= low or shared < LEAST_SHARED)
        if apart and len(others):
            ranges = ", ".join(f"{label!r} {own.min():.0f} to {own.max():.0f} nm" for label, own in self.axes.items())
            raise AxisMismatchError(
                f"The instruments share fewer than {LEAST_SHARED} channels ({ranges}): leave out of others= what "
                "measures another range than source and target."
            )
        self.nm = None if apart else np.linspace(low, high, shared)
        own = self.axes.get(target)
        beyond = own is not None and (apart or ((own < low) | (own > high)).sum() >= LEAST_BEYOND)
        self.own_nm = np.sort(own) if beyond else None
        self._n_first = len(self.axes[source]) if apart else shared

    def read(self, X, instrument):
        """Bring spectra into one table.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_spectra, width)
            Spectra, each in the first columns of its row.
        instrument : sequence of length n_spectra
            Label of each; rows of instruments without an axis here come back as NaN.

        Returns
        -------
        ndarray of shape (n_spectra, n_columns)

        Raises
        ------
        ChannelMismatchError, NonFiniteSpectraError, ConstantSpectraError
            If a row does not hold as many numbers as its instrument has channels, or one and the same number.
        """
        X = as_matrix(X, ensure_min_samples=0)
        n_own = 0 if self.own_nm is None else len(self.own_nm)
        table = np.full((len(X), self._n_first + n_own), np.nan)
        labels = np.asarray(instrument, dtype=object)
        for label, axis in self.axes.items():
            rows = np.array([other == label for other in labels], dtype=bool)
            if rows.any():
                order = np.argsort(axis)
                spectra = self._own(X[rows], label)[:, order]
                table[rows] = 0.0
                if self.nm is not None:
                    table[rows, : self._n_first] = average_channels(spectra, axis[order], self.nm)
                elif label == self.source:
                    table[rows, : self._n_first] = spectra
                if n_own and label == self.target:
                    table[rows, self._n_first :] = spectra
        return table

    def read_target(self, X):
        """Bring spectra of the target, or of the source where there is none, into the table.

        Raises
        ------
        AxisMismatchError
            If columns are labelled with another axis than that of the instrument.
        """
        label = self.source if self.target is None else self.target
        X = self._on_axis(X, label)
        labels = np.empty(len(X), dtype=object)
        labels[:] = [label] * len(X)
        return self.read(X, labels)

    def parts(self, table):
        """Take the table apart: what stands in the first columns, and the target's own spectra or None."""
        return table[:, : self._n_first], None if self.own_nm is None else table[:, self._n_first :]

    def _on_axis(self, X, label):
        """Spectra in the order of an instrument's axis, where their columns say theirs."""
        labels = _labels_of(X, label)
        X = spectra_of(X)
        if labels is None or labels.counted:
            return X
        own = Labels(self.axes[label], "nm")
        order = find_order(own, labels)
        if order is None:
            raise AxisMismatchError(
                f"Instrument {label!r} has {own}, and the columns of X are labelled {labels}: another axis. Put "
                "Resample in front to bring it onto this one."
            )
        refuse_masked(X)
        # the columns behind a shorter axis hold nothing
        return np.asarray(X)[:, : order.size][:, order]

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
        constant = np.flatnonzero(constant_rows(X[:, :n]))
        if constant.size:
            raise ConstantSpectraError(
                f"{constant.size} of {len(X)} spectra of {label!r} are constant over all {n} channels (the first is "
                f"number {constant[0]} of them): remove these rows."
            )
        return X[:, :n]


def _labels_of(X, label):
    """Labels of the columns; of a table in which instruments have axes of their own, those of one instrument."""
    if not (is_table(X) and isinstance(X.wavelengths, Mapping)):
        return channel_labels(X)
    if label not in X.wavelengths:
        return None
    return Labels(np.array(X.wavelengths[label], dtype=np.float64), check_unit(X.unit))
