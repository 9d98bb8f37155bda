"""Whether new samples together are of other content than the calibration's, which draws them toward its middle.

A sample of more extreme content than any in the calibration is predicted near the middle where the calibration explains
little, and nothing in its spectrum tells. Several such samples do tell: their predictions lie off the middle together.
"""

import numpy as np

from .._core.labels import is_missing

__all__ = ["count_samples", "pull", "usual_of"]

#: So many samples are a set, and more than so many count no more: samples of one delivery are alike.
LEAST_SAMPLES, MOST_SAMPLES = 3, 20
#: The mean prediction is so many standard deviations from that of the calibration's samples, and what is missing to the
#: true mean is so large a share of the interval's half width. Chosen so that of random draws of the calibration's own
#: kind of samples no more than one in fifty is suspected; measured by benchmarks.deployment coverage.
FAR, NOTABLE = 3.0, 0.1
#: The upper third of a normal distribution has a quarter of its variance. What varies less is scans of few samples.
VARIANCE_OF_A_THIRD = 0.25
LARGEST_UNEXPLAINED = 0.95


def usual_of(values):
    """Mean and variance of predictions (n_samples, n_properties) of the calibration's samples, and their number."""
    return np.stack([values.mean(axis=0), values.var(axis=0), np.full(values.shape[1], float(len(values)))])


def count_samples(names, values, variance):
    """Count the samples behind predictions (n_spectra, n_properties), for each property (n_properties,).

    Parameters
    ----------
    names : sequence of object of length n_spectra, or None
        Samples; where one is missing, spectra whose predictions hardly vary are taken for scans of few samples.
    values : ndarray of shape (n_spectra, n_properties)
    variance : ndarray of shape (n_properties,)
        Of predictions of the calibration's samples.
    """
    if names is not None and not any(map(is_missing, names)):
        return np.full(values.shape[1], float(len(set(names))))
    if len(values) < 2:
        return np.ones(values.shape[1])
    varied = values.var(axis=0, ddof=1) / np.maximum(VARIANCE_OF_A_THIRD * variance, 1e-300)
    return np.maximum(1.0, len(values) * np.minimum(1.0, varied))


def pull(values, own_variance, half_width, n_samples, usual, spread, n_standards):
    r"""How much of the content of new samples a calibration holds back, in units of the properties.

    The mean prediction of :math:`n` samples of the calibration's kind has the variance
    :math:`v / n + v / n_0 + s^2 / N`: that of the samples, of the calibration's :math:`n_0`, and of a transfer by
    :math:`N` standards. Where the mean lies off by :math:`d` beyond that, a calibration that leaves the share :math:`u`
    of the variance of its references unexplained holds :math:`d u / (1 - u)` back.

    Parameters
    ----------
    values, own_variance, half_width : ndarray of shape (n_spectra, n_properties)
        Predictions, the method's own variances, and half widths of their intervals.
    n_samples : ndarray of shape (n_properties,)
        From `count_samples`.
    usual : ndarray of shape (3, n_properties)
        From `usual_of`.
    spread, n_standards : ndarray of shape (n_properties,)
        Variance of the references; number of standards.

    Returns
    -------
    ndarray of shape (n_properties,)
        Zero where there is no doubt.
    """
    mean, variance, number = usual
    own = own_variance.mean(axis=0)
    counted = np.minimum(n_samples, MOST_SAMPLES)
    off = values.mean(axis=0) - mean
    of_chance = variance * (1 / counted + 1 / number) + own / np.maximum(n_standards, 1)
    unexplained = np.minimum(own / np.maximum(spread, 1e-300), LARGEST_UNEXPLAINED)
    missing = off * unexplained / (1 - unexplained)
    doubted = (n_samples >= LEAST_SAMPLES) & (np.abs(off) > FAR * np.sqrt(of_chance))
    return np.where(doubted & (np.abs(missing) > NOTABLE * half_width.mean(axis=0)), missing, 0.0)
