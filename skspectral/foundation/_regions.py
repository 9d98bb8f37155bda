"""What a network sees of two instruments: the range that they share, and what the target measures besides."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch.nn import functional as F

from ..pretraining.head.features import common_regions

__all__ = ["Sight"]


@dataclass(frozen=True)
class Sight:
    """The axes on which a network sees the instruments, and the features that it reads along them.

    Attributes
    ----------
    nm : ndarray of shape (n_channels,) or None
        What both measure, in nm; None where they share nothing.
    own_nm : ndarray of shape (n_own,) or None
        The target's whole axis, where it measures more.
    domain : str
        Kind of spectra.
    """

    nm: np.ndarray | None
    own_nm: np.ndarray | None
    domain: str

    def whole(self, shared, own):
        """Give the target's spectra as far as they reach, and their axis, out of both parts."""
        return (shared, self.nm) if self.own_nm is None else (own, self.own_nm)

    def shared_regions(self, n_regions):
        """Centres of the regions of the shared range, cm-1: Tensor of shape (n_regions,)."""
        return _regions(self.nm, n_regions)

    def n_shared(self, encoder, n_features):
        """How many of ``n_features`` features of a target spectrum, from the first, describe the shared range."""
        n_beyond = 0 if self.own_nm is None else int(self._beyond(encoder.n_regions).sum())
        return n_features * encoder.n_regions // (encoder.n_regions + n_beyond)

    def read_source(self, encoder, X):
        """Give the features of source spectra, which know nothing of what lies beyond the shared range.

        Parameters
        ----------
        encoder : Encoder
            The network.
        X : ndarray of shape (n_spectra, n_channels)
            Spectra on the axis ``nm``.

        Returns
        -------
        Tensor of shape (n_spectra, n_stages, n_features)
        """
        features = encoder.features(X, self.nm, self.shared_regions(encoder.n_regions), self.domain)
        if self.own_nm is None:
            return features
        per_region = features.shape[-1] // encoder.n_regions
        return F.pad(features, (0, int(self._beyond(encoder.n_regions).sum()) * per_region))

    def read_target(self, encoder, shared, own):
        """Give the features of target spectra.

        Parameters
        ----------
        encoder : Encoder
            The network.
        shared : ndarray of shape (n_spectra, n_channels)
            Spectra on the axis ``nm``; not read where there is none.
        own : ndarray of shape (n_spectra, n_own) or None
            The same on the axis ``own_nm``.

        Returns
        -------
        joint : Tensor of shape (n_spectra, n_stages, n_features) or None
            Of the shared range, then of what lies beyond it; None where nothing is shared.
        whole : Tensor of shape (n_spectra, n_stages, n_own_features) or None
            Over the own axis; None where it is no more than the shared range.
        """
        n_regions, views = encoder.n_regions, []
        if self.nm is not None:
            views.append((shared, self.nm, self.shared_regions(n_regions)))
        if self.own_nm is not None:
            views.append((own, self.own_nm, _regions(self.own_nm, n_regions)))
        features = encoder.features_on(views, self.domain)
        joint = features[0] if self.nm is not None else None
        whole = features[-1] if self.own_nm is not None else None
        if joint is not None and whole is not None:
            # All regions are read, since the width of one depends on its neighbours.
            by_region = whole.unflatten(-1, (n_regions, -1))
            joint = torch.cat([joint, by_region[:, :, self._beyond(n_regions)].flatten(2)], -1)
        return joint, whole

    def _beyond(self, n_regions):
        """Which regions of the own axis lie outside the shared range: Tensor of bool of shape (n_regions,)."""
        own, shared = _regions(self.own_nm, n_regions), torch.from_numpy(1e7 / self.nm)
        return (own < shared.min()) | (own > shared.max())


def _regions(nm, n_regions):
    return _regions_of(np.asarray(nm, dtype=np.float64).tobytes(), n_regions)


@lru_cache(maxsize=64)
def _regions_of(nm, n_regions):
    """Regions of an axis in nm, given as its bytes: every prediction asks for those of the same few axes."""
    axis = torch.from_numpy(1e7 / np.frombuffer(nm))
    return common_regions(axis, axis, n_regions)
