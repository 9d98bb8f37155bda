"""Where features are read: in the range that both instruments share, and beyond it on the target's own axis."""

from dataclasses import dataclass

import torch
from torch.nn import functional as F

from ..pretraining.features import common_regions

__all__ = ["Regions"]


@dataclass(frozen=True)
class Regions:
    """Regions of the axis that the features of one calibration describe.

    Attributes
    ----------
    first : Tensor of shape (n_regions,)
        Centres in the range of the first spectra, cm-1.
    own : Tensor of shape (n_regions,)
        Centres over the whole axis of the target, cm-1; empty where it measures nothing besides.
    beyond : Tensor of bool of shape (n_regions,)
        Which of these lie outside the range of the first.
    """

    first: torch.Tensor
    own: torch.Tensor
    beyond: torch.Tensor

    @classmethod
    def of(cls, nm, own_nm, n_regions):
        """Place the regions.

        Parameters
        ----------
        nm : ndarray of shape (n_channels,)
            Axis of the first spectra.
        own_nm : ndarray of shape (n_own,) or None
            Whole axis of the target, where it measures more.
        n_regions : int
            Number of regions of each.
        """
        axis = torch.from_numpy(1e7 / nm)
        first = common_regions(axis, axis, n_regions)
        if own_nm is None:
            return cls(first, torch.empty(0, dtype=first.dtype), torch.empty(0, dtype=torch.bool))
        whole = torch.from_numpy(1e7 / own_nm)
        own = common_regions(whole, whole, n_regions)
        return cls(first, own, (own < axis.min()) | (own > axis.max()))

    def read_target(self, encoder, X, nm, own, own_nm, domain):
        """Give the features of target spectra.

        Parameters
        ----------
        encoder : Encoder
            The network.
        X : ndarray of shape (n_spectra, n_channels)
            First spectra, with the axis ``nm``.
        own : ndarray of shape (n_spectra, n_own) or None
            Whole spectra, with the axis ``own_nm``.
        domain : str
            Kind of spectra.

        Returns
        -------
        Tensor of shape (n_spectra, n_stages, n_features)
        """
        first = encoder.features(X, nm, self.first, domain)
        if not len(self.own):
            return first
        # All regions are read, since the width of one depends on its neighbours.
        whole = encoder.features(own, own_nm, self.own, domain).unflatten(-1, (len(self.own), -1))
        return torch.cat([first, whole[:, :, self.beyond].flatten(2)], -1)

    def read_source(self, encoder, X, nm, domain):
        """Give the features of source spectra, which know nothing of what lies beyond."""
        first = encoder.features(X, nm, self.first, domain)
        per_region = first.shape[-1] // len(self.first)
        return F.pad(first, (0, int(self.beyond.sum()) * per_region))
