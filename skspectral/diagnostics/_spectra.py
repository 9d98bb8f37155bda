"""Checks of spectra, and a view of them, for diagnostics that are no estimators."""

from functools import lru_cache

import numpy as np
from scipy.ndimage import correlate1d, median_filter
from scipy.signal import savgol_filter

from .._core.axis_identity import learn_axis, order_for
from .._core.channels import channel_labels
from .._core.matrices import as_matrix
from .._core.validation import check_finite
from ..exceptions import ChannelMismatchError

__all__ = ["checked_spectra", "coarse", "curvatures", "derivative", "roughness", "slopes"]

#: A derivative needs so many channels at least.
LEAST_CHANNELS = 5
DERIVATIVE_POINTS = 9
#: Steps whose median one is compared with.
STEPS_AROUND = 7
#: Exchanges after which the fourth of seven values is their median.
MEDIAN_OF_SEVEN = (
    *((0, 5), (0, 3), (1, 6), (2, 4), (0, 1), (3, 5), (2, 6)),
    *((2, 3), (3, 6), (4, 5), (1, 4), (1, 3), (3, 4)),
)
CURVATURE_POINTS = 7
MOST_COARSE = 100


def checked_spectra(owner, X, *, reset):
    """Spectra as float64 (n_spectra, n_channels), in the order of the axis seen in ``fit`` where columns say theirs.

    Parameters
    ----------
    owner : object
        Keeps the number of channels, and the axis where it is known.
    X : array-like of shape (n_spectra, n_channels)
    reset : bool
        Whether this is ``fit``.

    Raises
    ------
    AxisMismatchError
        If the columns are labelled by another axis than in ``fit``.
    ChannelMismatchError
        If there are other channels than in ``fit``.
    NonFiniteSpectraError
        If a value is NaN, infinite or masked.
    """
    labels, values = channel_labels(X), as_matrix(X, ensure_min_features=LEAST_CHANNELS)
    n_channels = values.shape[1]
    if not reset and n_channels != owner.n_features_in_:
        raise ChannelMismatchError(f"X has {n_channels} channels, but {owner.n_features_in_} were seen in fit.")
    check_finite(values)
    if reset:
        owner.n_features_in_ = n_channels
    order = learn_axis(owner, labels, n_channels) if reset else order_for(owner, labels, n_channels)
    return values if order is None else np.ascontiguousarray(values[:, order])


def derivative(X):
    """First derivative after SNV, where noise, steps and bands are not drowned by the level of the spectra."""
    return _polynomial(_scaled(X), DERIVATIVE_POINTS, 1)


def _polynomial(X, points, order):
    """Derivative of a parabola through each window."""
    points = min(points, X.shape[1] if X.shape[1] % 2 else X.shape[1] - 1)
    weights, half = _weights(points, order), points // 2
    out = correlate1d(X, weights[:, half], axis=1)
    # the ends are read off the polynomial of the first and of the last window
    out[:, :half], out[:, -half:] = X[:, :points] @ weights[:, :half], X[:, -points:] @ weights[:, -half:]
    return out


@lru_cache(maxsize=8)
def _weights(points, order):
    """Derivatives at all points of a window (n_points, n_points), as weights of its values in columns."""
    return savgol_filter(np.eye(points), points, polyorder=2, deriv=order, axis=1)


def roughness(X):
    """Steps from channel to channel after SNV, less the median of the steps around them.

    Bands of real spectra are smooth beside it; noise, spikes and splices are not.
    """
    steps = np.diff(_scaled(X), axis=1)
    if steps.shape[1] < STEPS_AROUND:
        return steps - median_filter(steps, size=(1, steps.shape[1]), mode="nearest")
    return steps - _running_median(steps)


def _running_median(steps):
    """Median of the STEPS_AROUND steps around each, by exchanges of whole arrays: many times faster than sorting."""
    half, n = STEPS_AROUND // 2, steps.shape[1]
    padded = np.concatenate([steps[:, :1]] * half + [steps] + [steps[:, -1:]] * half, axis=1)
    around = [padded[:, at : at + n] for at in range(STEPS_AROUND)]
    for low, high in MEDIAN_OF_SEVEN:
        around[low], around[high] = np.minimum(around[low], around[high]), np.maximum(around[low], around[high])
    return around[half]


def _scaled(X):
    """SNV without the checks of an estimator: each new spectrum comes by here several times."""
    spread = X.std(axis=1, keepdims=True)
    return (X - X.mean(axis=1, keepdims=True)) / np.where(spread > 0, spread, 1.0)


def coarse(X):
    """Means of neighbouring channels, so many that no more than MOST_COARSE are left."""
    n = X.shape[1]
    if n <= MOST_COARSE:
        return X
    first, size, longest = _groups(n)
    total = sum(X[:, first + k] for k in range(size.min()))
    # groups differ by one channel at most
    if len(longest):
        total[:, longest] += X[:, first[longest] + size.min()]
    return total / size


@lru_cache(maxsize=8)
def _groups(n):
    """First channels of the groups that are averaged, their sizes, and which groups are longer than the others."""
    edges = np.linspace(0, n, MOST_COARSE + 1).round().astype(int)
    size = np.diff(edges)
    return edges[:-1], size, np.flatnonzero(size > size.min())


def slopes(X):
    """First derivative of unit size: the shape of spectra, whatever their level and contrast."""
    # the unit undoes any scale, so that SNV before the derivative is its centring alone
    return _unit(_polynomial(X - X.mean(axis=1, keepdims=True), DERIVATIVE_POINTS, 1))


def curvatures(X):
    """Second derivative of unit size, in which bands point to one side."""
    return _unit(_polynomial(X, CURVATURE_POINTS, 2))


def _unit(X):
    size = np.sqrt(np.einsum("np,np->n", X, X)[:, None] / X.shape[1])
    return X / np.where(size > 0, size, 1.0)
