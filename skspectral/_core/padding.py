"""Spectra of different width in one matrix."""

import numpy as np

__all__ = ["pad_right"]


def pad_right(spectra):
    """Stack matrices of different width, filling the right side with NaN.

    Parameters
    ----------
    spectra : dict of str to ndarray of shape (n_samples, n_channels)
        Spectra of each instrument; widths may differ.

    Returns
    -------
    ndarray of shape (n_spectra, max_channels)
        All rows in the order of the dictionary.
    """
    width = max(X.shape[1] for X in spectra.values())
    padded = [np.pad(X, ((0, 0), (0, width - X.shape[1])), constant_values=np.nan) for X in spectra.values()]
    return np.vstack(padded)
