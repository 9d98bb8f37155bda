"""Intervals over everything that was drawn by chance: seeds, pairs of instruments, splits, data sets."""

import numpy as np

__all__ = ["array_of", "interval", "median_interval", "resampled"]

N_DRAWS, COVERAGE = 2000, 0.95


def array_of(records, value, *axes):
    """Arrange records as an array; where several fall together their mean counts.

    Parameters
    ----------
    records : list of dict
        Results.
    value : callable
        Gives the number of a record.
    *axes : str
        Fields that make the axes of the array.

    Returns
    -------
    ndarray
        Numbers, NaN where there is no record.
    """
    levels = [sorted({record[axis] for record in records}) for axis in axes]
    sums, counts = np.zeros([len(level) for level in levels]), np.zeros([len(level) for level in levels])
    for record in records:
        place = tuple(level.index(record[axis]) for level, axis in zip(levels, axes))
        sums[place] += value(record)
        counts[place] += 1
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


def resampled(values, n_draws=N_DRAWS, seed=0):
    """Give means of resampled values, every axis drawn with replacement on its own.

    Parameters
    ----------
    values : ndarray
        One axis for each thing that chance has chosen; NaN where nothing is known. An axis of length one stays as it
        is.
    n_draws, seed : int
        Number of draws, and their seed.

    Returns
    -------
    ndarray of shape (n_draws,)
        Means.
    """
    generator = np.random.default_rng(seed)
    known = np.broadcast_to(~np.isnan(values), (n_draws, *values.shape))
    total = np.broadcast_to(np.nan_to_num(values), known.shape)
    for n in values.shape:
        # how often each entry of this axis was drawn; the axis is summed away
        times = generator.multinomial(n, np.full(n, 1 / n), size=n_draws)
        total, known = (np.einsum("dn...,dn->d...", x, times) for x in (total, known.astype(float)))
    with np.errstate(invalid="ignore"):
        return total / known


def interval(values, n_draws=N_DRAWS, seed=0):
    """Give the mean with its bootstrap interval: value, low, high."""
    tail = 50 * (1 - COVERAGE)
    ends = np.nanpercentile(resampled(values, n_draws, seed), [tail, 100 - tail])
    return [float(x) for x in (np.nanmean(values), *ends)]


def median_interval(values, kinds, n_draws=N_DRAWS, seed=0):
    """Give the median with its bootstrap interval, values of one kind drawn together.

    Parameters
    ----------
    values : sequence of float
        One number a data set.
    kinds : sequence of str
        Data sets of one kind, such as the same samples on other instruments, say nearly the same.
    n_draws, seed : int
        Number of draws, and their seed.

    Returns
    -------
    list of float
        Value, low, high.
    """
    values, kinds = np.asarray(values, dtype=float), np.asarray(kinds).tolist()
    names = list(dict.fromkeys(kinds))
    draws = np.random.default_rng(seed).integers(len(names), size=(n_draws, len(names)))
    times = np.stack([(draws == k).sum(axis=1) for k in range(len(names))], axis=1)
    order = np.argsort(values)
    # how many drawn values are not above each one: the middle one or two follow without building any sample
    up_to = np.cumsum(times[:, [names.index(kinds[i]) for i in order]], axis=1)
    middle = [np.argmax(up_to > place[:, None], axis=1) for place in ((up_to[:, -1] - 1) // 2, up_to[:, -1] // 2)]
    medians = values[order][np.stack(middle)].mean(axis=0)
    tail = 50 * (1 - COVERAGE)
    return [float(x) for x in (np.median(values), *np.percentile(medians, [tail, 100 - tail]))]
