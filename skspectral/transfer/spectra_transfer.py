"""What methods share that write target spectra as the source measures them."""

import numpy as np
from sklearn.base import TransformerMixin

from .._core.axis_identity import ChannelNames
from .._core.labels import check_labels
from .._core.validation import validate_spectra
from ..exceptions import AmbiguousInstrumentError

__all__ = ["SpectraTransferMixin"]


class SpectraTransferMixin(ChannelNames, TransformerMixin):
    """Mixin of methods that write target spectra as the source measures them; subclasses implement ``_map_target``."""

    def _map_target(self, X):
        """Map validated target spectra (n_spectra, n_channels)."""
        raise NotImplementedError

    def _validated(self, X, instrument):
        """Validate the spectra of all instruments that ``fit`` was given."""
        return validate_spectra(self, X, reset=False)

    def fit_transform(self, X, y=None, *, instrument=None, sample_id=None):
        """Fit, and return source rows as they are and target rows as the source would have seen them.

        Parameters
        ----------
        X, y, instrument, sample_id
            As in ``fit``.

        Returns
        -------
        ndarray of shape (n_spectra, n_channels)

        Raises
        ------
        AmbiguousInstrumentError
            If there are rows of a third instrument, which can be neither mapped nor dropped here.
        """
        self.fit(X, y, instrument=instrument, sample_id=sample_id)
        mapped = self._validated(X, instrument).copy()
        if instrument is None:
            return mapped
        labels = check_labels(instrument, len(mapped), "instrument")
        others = {label for label in labels if label not in (self.source_, self.target_)}
        if others:
            raise AmbiguousInstrumentError(
                f"fit_transform got rows of further instruments ({', '.join(sorted(map(repr, others)))}), which are "
                "neither source nor target. Remove these rows first."
            )
        on_target = np.array([self.target_ is not None and label == self.target_ for label in labels], dtype=bool)
        if on_target.any():
            mapped[on_target] = self._map_target(mapped[on_target])
        return mapped
