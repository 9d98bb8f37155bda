"""Standard normal variate of checked spectra, as the transformer and the models that begin with it work it out."""

import numpy as np

__all__ = ["standardised"]

# deviations below this size have squares that vanish in float64
SMALLEST_DEVIATION = 1e-150


def standardised(values):
    """Bring each spectrum (n_spectra, n_channels) to mean 0 and standard deviation 1; one without variation to 0."""
    out = values - values.mean(axis=1, keepdims=True)
    scale = _root_mean_square(out)
    tiny = scale < SMALLEST_DEVIATION
    if tiny.any():
        peak = np.abs(out[tiny]).max(axis=1, keepdims=True)
        out[tiny] /= np.where(peak > 0, peak, 1.0)
        scale[tiny] = np.where(peak[:, 0] > 0, _root_mean_square(out[tiny]), 1.0)
    out /= scale[:, None]
    return out


def _root_mean_square(values):
    return np.sqrt(np.einsum("ij,ij->i", values, values) / values.shape[1])
