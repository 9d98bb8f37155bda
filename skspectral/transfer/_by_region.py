"""Transformers on regions of channels, so that none reaches over a gap of the axis."""

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

__all__ = ["ByRegion"]


class ByRegion(TransformerMixin, BaseEstimator):
    """Transform each region of the channels by itself; channels of no region become 0.

    Parameters
    ----------
    parts : list of (int, int, transformer or None)
        First channel, channel behind the last, and what transforms them, keeping their number; None leaves them as
        they are.
    """

    def __init__(self, parts):
        self.parts = parts

    def fit(self, X, y=None):
        """Fit the transformers in place: they belong to this one alone."""
        for start, stop, transformer in self.parts:
            if transformer is not None:
                transformer.fit(X[:, start:stop])
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X):
        """Transform spectra (n_spectra, n_channels)."""
        out = np.zeros(X.shape)
        for start, stop, transformer in self.parts:
            region = X[:, start:stop]
            out[:, start:stop] = region if transformer is None else transformer.transform(region)
        return out
