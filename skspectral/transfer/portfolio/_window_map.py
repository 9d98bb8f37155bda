"""Target spectra mapped to the source by a banded ridge that shrinks toward a mere shift.

Each channel of the source is predicted from a window of the target's channels. What is penalised is the departure from
the channel itself, so that with few pairs the map is hardly more than the mean difference. The standards that a
calibration learns from are mapped without themselves: it then sees the difference that a new spectrum will have, not
the smaller one that a fit leaves.
"""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

__all__ = ["WindowMap", "fit_window_map"]

# more pairs than these say little about a window, and cost the cube of their number in every channel
MOST_PAIRS = 100
# numbers that are worked on at once
CHUNK = 2_000_000


@dataclass(frozen=True, eq=False)
class WindowMap:
    """A fitted map.

    Attributes
    ----------
    coef : ndarray of shape (n_channels, n_window)
        What each channel of the window adds to the channel itself.
    target_mean, source_mean : ndarray of shape (n_channels,)
    """

    coef: np.ndarray
    target_mean: np.ndarray
    source_mean: np.ndarray

    def __call__(self, X):
        """Map target spectra (n_spectra, n_channels)."""
        centred = X - self.target_mean
        n_channels, width = self.coef.shape
        padded = np.pad(centred, ((0, 0), (width // 2, width // 2)))
        mapped = self.source_mean + centred
        for j in range(width):
            mapped += padded[:, j : j + n_channels] * self.coef[:, j]
        return mapped

    def pull_back(self, coefs):
        """Coefficients (n, n_channels) for mapped spectra, as those for spectra, and constants (n,)."""
        n_channels, width = self.coef.shape
        half = width // 2
        spread = np.zeros((len(coefs), n_channels + 2 * half))
        for j in range(width):
            spread[:, j : j + n_channels] += coefs * self.coef[:, j]
        pulled = coefs + spread[:, half : half + n_channels]
        return pulled, coefs @ self.source_mean - pulled @ self.target_mean


def fit_window_map(source, target, half, ridge):
    """Fit the map to pairs, and map each pair by a map that has not seen it.

    Parameters
    ----------
    source, target : ndarray of shape (n_pairs, n_channels)
    half : int
        Channels on either side of the window's centre.
    ridge : float
        Penalty relative to the mean squared norm of the centred window.

    Returns
    -------
    WindowMap
    left_out : ndarray of shape (n_pairs, n_channels)
        Target spectra, each mapped without itself.
    """
    used = np.unique(np.linspace(0, len(source) - 1, min(len(source), MOST_PAIRS)).astype(int))
    S, T = source[used], target[used]
    n, n_channels = S.shape
    s_mean, t_mean = S.mean(axis=0), T.mean(axis=0)
    centred = T - t_mean
    residual = (S - s_mean) - centred
    padded = np.pad(centred, ((0, 0), (half, half)))
    windows = sliding_window_view(padded, 2 * half + 1, axis=1)
    coef = np.empty((n_channels, 2 * half + 1))
    left_out = np.empty_like(S)
    step = max(1, CHUNK // (n * max(n, 2 * half + 1)))
    for start in range(0, n_channels, step):
        part = slice(start, start + step)
        W = windows[:, part].transpose(1, 0, 2)
        gram = W @ W.transpose(0, 2, 1)
        penalty = ridge * np.trace(gram, axis1=1, axis2=2) / n
        # a window without variation has nothing to say
        penalty = np.where(penalty > 0, penalty, 1.0)
        inverse = np.linalg.inv(gram + penalty[:, None, None] * np.eye(n))
        dual = (inverse @ residual[:, part].T[..., None])[..., 0]
        coef[part] = (dual[:, None] @ W)[:, 0]
        # the residual of a ridge is its penalty times the dual, and one minus the leverage that times the diagonal
        stays = penalty[:, None] * np.diagonal(inverse, axis1=1, axis2=2) - 1.0 / n
        left_out[:, part] = S[:, part] - (penalty[:, None] * dual / np.maximum(stays, 1e-6)).T
    fitted = WindowMap(coef, t_mean, s_mean)
    every = fitted(target)
    every[used] = left_out
    return fitted, every
