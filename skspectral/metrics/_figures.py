"""Figures of merit that ignore missing references, and scorers made of them."""

import numpy as np
from sklearn.metrics import make_scorer, r2_score

from .._core.validation import paired_columns

__all__ = [
    "abs_bias",
    "bias",
    "get_scorer",
    "neg_abs_bias_scorer",
    "neg_rmsep_scorer",
    "neg_sep_scorer",
    "r2",
    "r2_scorer",
    "rmsep",
    "rpd",
    "rpd_scorer",
    "rpiq",
    "rpiq_scorer",
    "scorers",
    "sep",
]


def rmsep(y_true, y_pred, *, multioutput="uniform_average"):
    """Compute the root mean squared error of prediction.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_targets)
        Reference values; NaN where there is none.
    y_pred : array-like of shape (n_samples,) or (n_samples, n_targets)
        Predictions.
    multioutput : {"uniform_average", "raw_values"}, default="uniform_average"
        Mean over the properties, or one value for each.

    Returns
    -------
    float or ndarray of shape (n_targets,)
        In the unit of the property.

    Raises
    ------
    ValueError
        If a property has no reference at all, a prediction is not finite, or the shapes differ.

    Examples
    --------
    >>> from skspectral.metrics import rmsep
    >>> rmsep([1.0, 2.0, float("nan")], [2.0, 3.0, 9.0])
    1.0
    """
    return _per_target(_rmsep, y_true, y_pred, multioutput)


def bias(y_true, y_pred, *, multioutput="uniform_average"):
    """Compute the mean of predicted minus reference.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_targets)
        Reference values; NaN where there is none.
    y_pred : array-like of shape (n_samples,) or (n_samples, n_targets)
        Predictions.
    multioutput : {"uniform_average", "raw_values"}, default="uniform_average"
        Mean over the properties, or one value for each.

    Returns
    -------
    float or ndarray of shape (n_targets,)
        Positive where the calibration predicts too high.

    Raises
    ------
    ValueError
        If a property has no reference at all, a prediction is not finite, or the shapes differ.

    Examples
    --------
    >>> from skspectral.metrics import bias
    >>> bias([1.0, 2.0], [1.5, 2.5])
    0.5
    """
    return _per_target(_bias, y_true, y_pred, multioutput)


def sep(y_true, y_pred, *, multioutput="uniform_average"):
    """Compute the standard error of prediction: the SD of the errors around their bias (``ddof=1``).

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_targets)
        Reference values; NaN where there is none. At least two in each property.
    y_pred : array-like of shape (n_samples,) or (n_samples, n_targets)
        Predictions.
    multioutput : {"uniform_average", "raw_values"}, default="uniform_average"
        Mean over the properties, or one value for each.

    Returns
    -------
    float or ndarray of shape (n_targets,)
        In the unit of the property.

    Raises
    ------
    ValueError
        If a property has fewer than two references, a prediction is not finite, or the shapes differ.

    Examples
    --------
    >>> from skspectral.metrics import sep
    >>> sep([1.0, 2.0, 3.0], [1.0, 3.0, 5.0])
    1.0
    """
    return _per_target(_sep, y_true, y_pred, multioutput, least=2)


def r2(y_true, y_pred, *, multioutput="uniform_average"):
    """Compute the coefficient of determination against the mean of the test set.

    It is 1 - SSE / SST as in :func:`sklearn.metrics.r2_score`, not a squared correlation: a wrong slope or bias lowers
    it, and it is negative where the mean of the references would predict better.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_targets)
        Reference values; NaN where there is none. At least two in each property.
    y_pred : array-like of shape (n_samples,) or (n_samples, n_targets)
        Predictions.
    multioutput : {"uniform_average", "raw_values"}, default="uniform_average"
        Mean over the properties, or one value for each.

    Returns
    -------
    float or ndarray of shape (n_targets,)
        At most 1. Where all references are equal: 1 for perfect predictions and 0 otherwise, as in scikit-learn.

    Raises
    ------
    ValueError
        If a property has fewer than two references, a prediction is not finite, or the shapes differ.

    Examples
    --------
    >>> from skspectral.metrics import r2
    >>> r2([1.0, 2.0, 3.0], [1.0, 2.0, 4.0])
    0.5
    """
    return _per_target(r2_score, y_true, y_pred, multioutput, least=2)


def rpd(y_true, y_pred, *, multioutput="uniform_average"):
    """Compute the ratio of performance to deviation: SD of the references (``ddof=1``) divided by SEP.

    Some authors divide by RMSEP, or take the SD with ``ddof=0``; the figures differ where there is bias or few samples.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_targets)
        Reference values; NaN where there is none. At least two in each property.
    y_pred : array-like of shape (n_samples,) or (n_samples, n_targets)
        Predictions.
    multioutput : {"uniform_average", "raw_values"}, default="uniform_average"
        Mean over the properties, or one value for each.

    Returns
    -------
    float or ndarray of shape (n_targets,)
        Without unit; infinite where SEP is zero.

    Raises
    ------
    ValueError
        If a property has fewer than two references, a prediction is not finite, or the shapes differ.

    Examples
    --------
    >>> from skspectral.metrics import rpd
    >>> rpd([1.0, 3.0, 5.0], [1.0, 4.0, 7.0])
    2.0
    """
    return _per_target(_rpd, y_true, y_pred, multioutput, least=2)


def rpiq(y_true, y_pred, *, multioutput="uniform_average"):
    """Compute the ratio of performance to interquartile distance: (Q3 - Q1) of the references divided by RMSEP.

    The spread of skewed properties is better told by quartiles than by a standard deviation.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_targets)
        Reference values; NaN where there is none. At least two in each property.
    y_pred : array-like of shape (n_samples,) or (n_samples, n_targets)
        Predictions.
    multioutput : {"uniform_average", "raw_values"}, default="uniform_average"
        Mean over the properties, or one value for each.

    Returns
    -------
    float or ndarray of shape (n_targets,)
        Without unit; infinite where RMSEP is zero.

    Raises
    ------
    ValueError
        If a property has fewer than two references, a prediction is not finite, or the shapes differ.

    References
    ----------
    Bellon-Maurel et al. (2010), Critical review of chemometric indicators commonly used for assessing the quality of
    the prediction of soil attributes by NIR spectroscopy, Trends in Analytical Chemistry 29, 1073-1081.
    doi:10.1016/j.trac.2010.05.006

    Examples
    --------
    >>> from skspectral.metrics import rpiq
    >>> rpiq([1.0, 2.0, 3.0, 4.0, 5.0], [2.0, 3.0, 4.0, 5.0, 6.0])
    2.0
    """
    return _per_target(_rpiq, y_true, y_pred, multioutput, least=2)


def abs_bias(y_true, y_pred, *, multioutput="uniform_average"):
    """Compute the size of the bias, averaged over properties so that opposite signs do not cancel; see :func:`bias`."""
    return _average(np.abs(bias(y_true, y_pred, multioutput="raw_values")), multioutput)


def get_scorer(name):
    """Look up a scorer that ignores NaN references.

    Parameters
    ----------
    name : str
        A key of ``scorers``: neg_abs_bias, neg_rmsep, neg_sep, r2, rpd or rpiq.

    Returns
    -------
    callable
        ``scorer(estimator, X, y)``; greater is better.

    Raises
    ------
    ValueError
        If there is no scorer of that name.

    Examples
    --------
    >>> from skspectral.metrics import get_scorer
    >>> get_scorer("neg_rmsep")
    make_scorer(rmsep, greater_is_better=False, response_method='predict')
    """
    if name not in scorers:
        raise ValueError(f"scorer must be one of {sorted(scorers)}, got {name!r}.")
    return scorers[name]


def _per_target(figure, y_true, y_pred, multioutput, *, least=1):
    return _average(np.array([figure(*pair) for pair in paired_columns(y_true, y_pred, least=least)]), multioutput)


def _average(values, multioutput):
    if multioutput == "raw_values":
        return values
    if multioutput == "uniform_average":
        return float(values.mean())
    raise ValueError(f"multioutput must be 'uniform_average' or 'raw_values', got {multioutput!r}.")


def _rmsep(true, pred):
    return np.sqrt(np.mean((pred - true) ** 2))


def _bias(true, pred):
    return np.mean(pred - true)


def _sep(true, pred):
    return np.std(pred - true, ddof=1)


def _rpd(true, pred):
    return _ratio(np.std(true, ddof=1), _sep(true, pred))


def _rpiq(true, pred):
    return _ratio(np.subtract(*np.percentile(true, [75, 25])), _rmsep(true, pred))


def _ratio(spread, error):
    return spread / error if error > 0 else np.inf


neg_abs_bias_scorer = make_scorer(abs_bias, greater_is_better=False)
neg_rmsep_scorer = make_scorer(rmsep, greater_is_better=False)
neg_sep_scorer = make_scorer(sep, greater_is_better=False)
r2_scorer = make_scorer(r2)
rpd_scorer = make_scorer(rpd)
rpiq_scorer = make_scorer(rpiq)

#: Scorers by name: ``GridSearchCV(scoring=scorers["neg_rmsep"])``, or ``scoring=scorers`` with ``refit="neg_rmsep"``.
scorers = {
    "neg_abs_bias": neg_abs_bias_scorer,
    "neg_rmsep": neg_rmsep_scorer,
    "neg_sep": neg_sep_scorer,
    "r2": r2_scorer,
    "rpd": rpd_scorer,
    "rpiq": rpiq_scorer,
}
