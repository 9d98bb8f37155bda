"""What the network makes of target spectra besides predictions: those of the source instrument, and codes."""

from dataclasses import dataclass

import numpy as np
import torch
from sklearn.base import TransformerMixin

from .._core.axis import check_axis
from ..exceptions import AxisMismatchError
from ..preprocessing import Resample
from ..pretraining.head.features import standardised
from ._native_spectra import axis_in_nm

__all__ = ["SpectraOutputs", "SpectrumWriter", "codes"]

# The mean code of an instrument needs no more.
MOST_SPECTRA = 200


@torch.no_grad()
def codes(encoder, X, nm, domain):
    """Chemistry and instrument code of spectra: Tensors (n_spectra, d_chem) and (n_spectra, d_inst)."""
    x, axis = encoder.resample(X, nm)
    mean = encoder.model(standardised(x), axis.expand(len(x), -1), "cm-1", domain).codes.mean
    d_chem = encoder.model.config.d_chem
    return mean[:, :d_chem], mean[:, d_chem:]


@dataclass
class SpectrumWriter:
    """Writes target spectra as the source measures them.

    The head alone would smooth away what it cannot know. So the spectrum stays as it is, and the difference between
    what the head writes for the two instruments is added, with the mean of what is then still missing on the pairs.

    Attributes
    ----------
    z_source, z_target : ndarray of shape (d_inst,)
        Mean codes of the instruments.
    residual : ndarray of shape (n_channels,)
        Mean of source minus written spectrum of the pairs.
    """

    z_source: np.ndarray
    z_target: np.ndarray
    residual: np.ndarray

    @classmethod
    def fit(cls, encoder, rows, nm, domain):
        """Learn from the rows of source and target (TransferRows) on one axis."""
        instruments = [
            codes(encoder, X[:MOST_SPECTRA], nm, domain)[1].mean(0).cpu().numpy()
            for X in (rows.source_samples[0], rows.target_samples[0])
        ]
        writer = cls(*instruments, np.zeros(len(nm)))
        if len(rows.pairs):
            missing = rows.pairs.source - writer.write(encoder, rows.pairs.target, nm, domain)
        else:
            target = writer.write(encoder, rows.target_samples[0], nm, domain)
            missing = rows.source_samples[0].mean(axis=0, keepdims=True) - target.mean(axis=0, keepdims=True)
        writer.residual = missing.mean(axis=0)
        return writer

    @torch.no_grad()
    def write(self, encoder, X, nm, domain):
        """Write spectra (n_spectra, n_channels) of the target: ndarray of the same shape."""
        z_chem, _ = codes(encoder, X, nm, domain)
        scale = X.std(axis=1, keepdims=True)
        source, target = (
            encoder.model.transfer(z_chem, z.expand(len(X), -1), X.shape[1]).double().cpu().numpy()
            for z in (torch.from_numpy(z).to(z_chem) for z in (self.z_source, self.z_target))
        )
        difference = source - target
        # The head writes along the network's axis, which ascends in nm.
        return X + scale * (difference if nm[0] < nm[-1] else difference[:, ::-1]) + self.residual


class SpectraOutputs(TransformerMixin):
    """Mixin of estimators whose network writes and embeds spectra of the target."""

    def transform(self, X):
        """Write target spectra as the source instrument would measure them, by the network's Fourier head.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra of the target.

        Returns
        -------
        ndarray of shape (n_spectra, n_channels)
            In absorbance, on the axis of ``X``; on the shared one, ``shared_wavelengths_``, where every instrument has
            its own.

        Raises
        ------
        AxisMismatchError
            If the instruments share no range.
        """
        return self._map_target(self._parts(self._target_spectra(X, forbid_constant=False))[0])

    def transform_to(self, X, wavelengths):
        """Write target spectra as the source instrument would measure them, on another axis.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra of the target.
        wavelengths : array-like of shape (n_points,)
            Any axis in ``axis_unit`` within the range that the instruments share, such as the source's own channels.

        Returns
        -------
        ndarray of shape (n_spectra, n_points)
            In absorbance, interpolated by :class:`Resample`.

        Raises
        ------
        WavelengthRangeError
            If the axis reaches beyond what both instruments measure.
        AxisMismatchError
            If it is no axis, the instruments share no range, or the model was fitted without target rows.
        """
        written = self.transform(X)
        if self._sight is None:
            raise AxisMismatchError("This model was fitted without target rows, and so to no axis: give both to fit.")
        resample = Resample(wavelengths=self._sight.nm, grid=axis_in_nm(check_axis(wavelengths), self.axis_unit))
        return resample.fit_transform(written)

    def _map_target(self, X):
        if self.portfolio_ is None and self.estimator_ is None:
            raise AxisMismatchError(
                f"{self.source_!r} and {self.target_!r} share no range, so that nothing can be written for the source."
            )
        if self._writer is None:
            return X.copy()
        return self._writer.write(self._fitted_encoder(), X, self._sight.nm, self.domain)

    def embed(self, X):
        """Give the network's chemistry code of target spectra.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)

        Returns
        -------
        ndarray of shape (n_spectra, d_chem)
            Mean of the code, over the range that the instruments share where there is one.

        Raises
        ------
        ValueError
            If the model has no network: with fewer than 16 channels, or without target rows in ``fit``.
        """
        X = self._target_spectra(X)
        if self._network is None:
            raise ValueError(
                "This model has no network to embed spectra with: it was fitted without target rows, or to too few "
                "channels."
            )
        shared, own = self._parts(X)
        seen = (own, self._sight.own_nm) if self._sight.nm is None else (shared, self._sight.nm)
        return codes(self._fitted_encoder(), *seen, self.domain)[0].double().cpu().numpy()
