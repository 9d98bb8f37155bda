"""Estimators whose instruments may have axes of their own."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from sklearn.utils import check_consistent_length

from .._core.axis_identity import known_axis
from .._core.channels import is_table
from .._core.known_instruments import check_others, inherit_from_all
from .._core.labels import check_instrument, check_labels
from .._core.references import check_references
from .._core.roles import TransferRows, resolve_roles
from .._core.spelling import warn_of_instruments_left_out
from .._core.units import check_unit, convert
from ..exceptions import UnknownInstrumentError
from ..transfer.complete import CompleteTransferRegressor
from ..transfer.spectra_transfer import SpectraTransferMixin
from ._native_spectra import NativeSpectra, axis_in_nm
from ._regions import Sight

__all__ = ["NativeAxes"]

# What channels count as where no axis is known: a common part of the near infrared.
UNKNOWN_START, UNKNOWN_STEP = 1000.0, 2.0


class NativeAxes(SpectraTransferMixin, CompleteTransferRegressor):
    """Base class of estimators that may have one axis for each instrument.

    Subclasses have the parameters ``others``, ``wavelengths``, ``axis_unit`` and ``domain``.

    Attributes
    ----------
    shared_wavelengths_ : ndarray
        Range that the instruments share, in ``axis_unit``, where each has an axis of its own; empty where they share
        none.
    """

    def fit(self, X, y, *, instrument=None, sample_id=None):
        """Fit the method; see :meth:`BaseTransferRegressor.fit` for the arguments and errors.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            One row is one spectrum; where ``wavelengths`` is a dict, in its first columns, with NaN behind. A table
            in which instruments have axes of their own says them itself.
        y : array-like of shape (n_spectra,) or (n_spectra, n_targets)
        instrument, sample_id : array-like of shape (n_spectra,), optional

        Returns
        -------
        self
        """
        self._native = self._sight = None
        axes, unit = self.wavelengths, self.axis_unit
        if axes is None and is_table(X):
            axes, unit = X.wavelengths, X.unit
        if not isinstance(axes, Mapping):
            return super().fit(X, y, instrument=instrument, sample_id=sample_id)
        self._check_params()
        if instrument is None:
            raise UnknownInstrumentError("With an axis for each instrument, fit needs the instrument of every row.")
        if y is None:
            raise ValueError(f"{type(self).__name__} requires y to be passed, but the target y is None.")
        check_consistent_length(X, y)
        labels = check_instrument(instrument, len(X))
        source, target = resolve_roles(set(labels), self.source, self.target)
        warn_of_instruments_left_out(labels, source, target, stacklevel=2)
        check_others(self.others, source, target, labels)
        native = NativeSpectra(axes, unit, source, target, self.others)
        ours = np.array([label in (source, target, *self.others) for label in labels], dtype=bool)
        # Rows of other instruments take no part, and have no place in the table.
        table = native.read(X, labels)[ours]
        ids = None if sample_id is None else check_labels(sample_id, len(X), "sample_id")[ours]
        self._native = native
        self._sight = Sight(native.nm, native.own_nm, self.domain)
        unit = "cm-1" if unit == "Raman shift" else check_unit(unit)
        self.shared_wavelengths_ = np.empty(0) if native.nm is None else convert(native.nm, "nm", unit)
        return super().fit(table, np.asarray(y)[ours], instrument=labels[ours], sample_id=ids)

    def get_feature_names_out(self, input_features=None):
        """Name the channels of transformed spectra: those of ``X``, or the shared axis of instruments with their own.

        Parameters
        ----------
        input_features : array-like of str, optional
            Names of the channels of ``X``.

        Returns
        -------
        ndarray of str of shape (n_channels,), dtype object
        """
        if getattr(self, "_native", None) is None:
            return super().get_feature_names_out(input_features)
        return np.array([f"{value:.10g}" for value in self.shared_wavelengths_], dtype=object)

    def _validated(self, X, instrument):
        if self._native is None:
            return super()._validated(X, instrument)
        return self._parts(self._native.read(X, instrument))[0]

    def _given_rows(self):
        """What ``fit`` was given: all that a common axis has of the spectra, references, instruments and samples."""
        X, y, instrument, sample_id = self._given
        check_others(self.others, self.source_, self.target_, instrument)
        y = check_references(self, y, len(X), allow_missing=True).reshape(len(X), -1)
        y = inherit_from_all(y, [self.source_, *self.others, self.target_], instrument, sample_id)
        return self._parts(X)[0], y, {"instrument": instrument, "sample_id": sample_id}

    def _sort_out(self, X, y, labels):
        """Rows of the target with every known instrument, the source first; target samples' own spectra or None.

        Target samples are the same, and stand in the same order, in all of them.
        """
        each = [
            TransferRows.sort_out(X, y, **labels, source=label, target=self.target_)
            for label in (self.source_, *self.others)
        ]
        own = self._parts(self._given[0])[1]
        return each, None if own is None else replace(each[0], X=own[each[0].order]).target_samples[0]

    def _parts(self, X):
        """What both instruments measure, or the source where that is nothing, and the target's own spectra or None."""
        return (X, None) if self._native is None else self._native.parts(X)

    def _check_unit(self):
        check_unit(self.axis_unit)

    def _find_nm(self):
        """Axis in nm of spectra that all have the same channels."""
        own = known_axis(self)
        return UNKNOWN_START + self._nm_axis() if own is None else axis_in_nm(own.values, own.unit)
