"""Tests of whether the bias, the slope, or the SEP of a validation is more than chance."""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from .._core.validation import paired_columns

__all__ = ["SignificanceTest", "bias_test", "sep_test", "slope_test"]

# Perfect predictions leave a deviation of this relative size, and no scatter to compare it with.
ROUNDING = 64 * np.finfo(np.float64).eps


@dataclass(frozen=True)
class SignificanceTest:
    """Outcome of a test; floats for one property, arrays of shape (n_targets,) for two-dimensional ``y``.

    Parameters
    ----------
    estimate : float or ndarray of shape (n_targets,)
        What is tested: the bias, the slope, or the SEP.
    statistic : float or ndarray of shape (n_targets,)
        Test statistic.
    limit : float or ndarray of shape (n_targets,)
        Value of the statistic above which the outcome is significant.
    p_value : float or ndarray of shape (n_targets,)
        Probability of a statistic at least as large by chance alone.
    significant : bool or ndarray of bool of shape (n_targets,)
        Whether the statistic exceeds the limit.
    """

    estimate: float | np.ndarray
    statistic: float | np.ndarray
    limit: float | np.ndarray
    p_value: float | np.ndarray
    significant: bool | np.ndarray


def bias_test(y_true, y_pred, *, alpha=0.05):
    """Test whether the bias differs from zero.

    The bias is significant where it exceeds ``t(1 - alpha / 2, n - 1) * SEP / sqrt(n)`` in size (ISO 12099).

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_targets)
        Reference values; NaN where there is none. At least two in each property.
    y_pred : array-like of shape (n_samples,) or (n_samples, n_targets)
        Predictions.
    alpha : float, default=0.05
        Level of significance.

    Returns
    -------
    SignificanceTest
        ``estimate`` is the bias (predicted minus reference), ``statistic`` its size in standard errors.

    Raises
    ------
    ValueError
        If a property has fewer than two references, or ``alpha`` is not between 0 and 1.

    Examples
    --------
    >>> from skspectral.metrics import bias_test
    >>> test = bias_test([1.0, 2.0, 3.0, 4.0], [1.4, 2.6, 3.5, 4.5])
    >>> round(test.estimate, 3), test.significant
    (0.5, True)
    """
    return _test_columns(_bias_column, y_true, y_pred, alpha, least=2)


def slope_test(y_true, y_pred, *, alpha=0.05):
    """Test whether the slope of the references on the predictions differs from one.

    The slope ``b`` is significant where ``abs(b - 1) / s_b`` exceeds ``t(1 - alpha / 2, n - 2)`` (ISO 12099).

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_targets)
        Reference values; NaN where there is none. At least three in each property.
    y_pred : array-like of shape (n_samples,) or (n_samples, n_targets)
        Predictions, not all equal.
    alpha : float, default=0.05
        Level of significance.

    Returns
    -------
    SignificanceTest
        ``estimate`` is the slope ``b`` of ``reference = a + b * predicted``.

    Raises
    ------
    ValueError
        If a property has fewer than three references or constant predictions, or ``alpha`` is not between 0 and 1.

    Examples
    --------
    >>> from skspectral.metrics import slope_test
    >>> test = slope_test([1.0, 2.0, 3.0, 4.0], [2.0, 4.1, 5.9, 8.0])
    >>> round(test.estimate, 3), test.significant
    (0.505, True)
    """
    return _test_columns(_slope_column, y_true, y_pred, alpha, least=3)


def sep_test(y_true, y_pred, *, reference_sep, reference_df, alpha=0.05):
    """Test whether the SEP exceeds an error known from elsewhere, such as the SEC or the SEP on the source.

    The SEP is significant where ``SEP**2 / reference_sep**2`` exceeds ``F(1 - alpha, n - 1, reference_df)``
    (ISO 12099).

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_targets)
        Reference values; NaN where there is none. At least two in each property.
    y_pred : array-like of shape (n_samples,) or (n_samples, n_targets)
        Predictions.
    reference_sep : float
        Error to compare with, in the unit of the property.
    reference_df : int
        Degrees of freedom of that error: samples minus estimated parameters.
    alpha : float, default=0.05
        Level of significance, one-sided.

    Returns
    -------
    SignificanceTest
        ``estimate`` is the SEP, ``statistic`` the ratio of variances.

    Raises
    ------
    ValueError
        If a property has fewer than two references, or a parameter is out of range.

    Examples
    --------
    >>> from skspectral.metrics import sep_test
    >>> test = sep_test([1.0, 2.0, 3.0], [1.0, 3.0, 5.0], reference_sep=0.1, reference_df=40)
    >>> round(test.statistic), test.significant
    (100, True)
    """
    if not (np.isfinite(reference_sep) and reference_sep > 0):
        raise ValueError(f"reference_sep must be positive, got {reference_sep!r}.")
    if not reference_df >= 1:
        raise ValueError(f"reference_df must be at least 1, got {reference_df!r}.")

    def sep_column(true, pred, alpha):
        spread = np.std(pred - true, ddof=1)
        distribution = stats.f(true.size - 1, reference_df)
        return spread, (spread / reference_sep) ** 2, distribution.isf(alpha), distribution.sf

    return _test_columns(sep_column, y_true, y_pred, alpha, least=2)


def _bias_column(true, pred, alpha):
    error = pred - true
    estimate = error.mean()
    rounding = ROUNDING * max(np.abs(true).max(), np.abs(pred).max())
    return estimate, *_student(estimate, error.std(ddof=1) / np.sqrt(error.size), error.size - 1, alpha, rounding)


def _slope_column(true, pred, alpha):
    if np.ptp(pred) == 0:
        raise ValueError("slope_test needs predictions that differ; all of them are equal.")
    fit = stats.linregress(pred, true)
    return fit.slope, *_student(fit.slope - 1, fit.stderr, true.size - 2, alpha, ROUNDING)


def _student(deviation, standard_error, df, alpha, rounding):
    """Two-sided t test; without scatter a deviation beyond rounding is infinitely many standard errors."""
    with np.errstate(divide="ignore"):
        statistic = np.divide(abs(deviation), standard_error) if abs(deviation) > rounding else 0.0
    return statistic, stats.t.isf(alpha / 2, df), lambda value: 2 * stats.t.sf(value, df)


def _test_columns(column_test, y_true, y_pred, alpha, *, least):
    if not 0 < alpha < 1:
        raise ValueError(f"alpha must lie between 0 and 1, got {alpha!r}.")
    rows = []
    for true, pred in paired_columns(y_true, y_pred, least=least):
        estimate, statistic, limit, survival = column_test(true, pred, alpha)
        rows.append((estimate, statistic, limit, survival(statistic), statistic > limit))
    if np.ndim(y_true) == 1:
        estimate, statistic, limit, p_value, significant = rows[0]
        return SignificanceTest(float(estimate), float(statistic), float(limit), float(p_value), bool(significant))
    return SignificanceTest(*map(np.array, zip(*rows)))
