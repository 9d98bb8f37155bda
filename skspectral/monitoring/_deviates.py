"""From errors of check samples to independent standard normal deviates, on which the charts stand."""

import numpy as np
from scipy.stats import norm, t

__all__ = ["bias_deviates", "expectations", "spread_deviates"]

# beyond these a probability is zero in floating point, and its deviate infinite
LARGEST, LARGEST_SPREAD = 37.0, 8.0


def expectations(error, sample, *, sep, repeatability):
    """What the earlier readings of the same sample lead one to expect of each error.

    An error is the sum of a part that belongs to the sample (its reference value, its matrix) and comes again with
    every reading of it, and of a part that is new each time, the repeatability.

    Parameters
    ----------
    error : ndarray of shape (n,)
    sample : ndarray of shape (n,)
    sep : float
        Standard deviation of both parts together, or 1 where it is not known.
    repeatability : float or None
        Standard deviation of the second part; None where no sample is read again.

    Returns
    -------
    mean, sd : ndarray of shape (n,)
        Of the error, given the readings before it. ``(error - mean) / sd`` are independent.
    """
    if repeatability is None:
        return np.zeros(len(error)), np.full(len(error), sep)
    noise = repeatability**2
    lasting = sep**2 - noise
    seen, mean, sd = {}, np.empty(len(error)), np.empty(len(error))
    for i, (value, name) in enumerate(zip(error, sample)):
        n, total = seen.get(name, (0, 0.0))
        mean[i] = total * lasting / (n * lasting + noise)
        sd[i] = np.sqrt(lasting * noise / (n * lasting + noise) + noise)
        seen[name] = n + 1, total + value
    return mean, sd


def bias_deviates(scaled, df):
    """Standard normal deviates of errors whose standard deviation is known with ``df`` degrees of freedom.

    Each is compared with the deviation estimated before it, from ``df`` and from all readings so far, and the resulting
    t is turned into the normal deviate of the same probability (Quesenberry 1991). The deviates are independent and
    standard normal however few readings the estimate rests on.

    Parameters
    ----------
    scaled : ndarray of shape (n,)
        Errors divided by the given standard deviation.
    df : float
        Infinite for one that is known, 0 for one that is not known at all; the first deviate is then NaN.

    Returns
    -------
    deviates : ndarray of shape (n,)
    scale : ndarray of shape (n,)
        Estimated standard deviation of ``scaled`` before each reading.
    df : ndarray of shape (n,)
        Its degrees of freedom.
    """
    if np.isinf(df):
        return scaled.copy(), np.ones(len(scaled)), np.full(len(scaled), np.inf)
    before = df + np.arange(len(scaled))
    squares = df + np.concatenate([[0.0], np.cumsum(scaled**2)[:-1]])
    with np.errstate(invalid="ignore", divide="ignore"):
        scale = np.sqrt(squares / before)
        ratio = scaled / scale
        size = np.minimum(norm.isf(t.sf(np.abs(ratio), before)), LARGEST)
        return np.sign(ratio) * size, scale, before


def spread_deviates(deviates):
    """Sizes of standard normal deviates as standard normal deviates themselves: large where the size is."""
    return np.clip(norm.isf(2 * norm.sf(np.abs(deviates))), -LARGEST_SPREAD, LARGEST_SPREAD)
