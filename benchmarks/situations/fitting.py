"""Fit a method blindly, and say how wrong it is."""

import warnings

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.accuracy.choose import choose

__all__ = ["mean_squares", "squares_of_method"]


def mean_squares(predicted, measured):
    """Mean squared error of every property over the references that there are: ndarray of shape (n_targets,)."""
    predicted, measured = (np.asarray(values).reshape(len(measured), -1) for values in (predicted, measured))
    return np.nanmean((predicted - measured) ** 2, axis=0)


def squares_of_method(method, rows, X_test, y_test):
    """Mean squared errors of a method of the evaluation protocol, its preprocessing chosen on the training rows.

    Parameters
    ----------
    method : str
        A key of ``benchmarks.accuracy.methods.METHODS``.
    rows : TrainingRows
    X_test, y_test : ndarray of shape (n_test, n_channels) and (n_test, n_targets)

    Returns
    -------
    ndarray of shape (n_targets,)
    """
    with threadpool_limits(1), warnings.catch_warnings():
        # warnings speak to who fits one model; here errors are counted
        warnings.simplefilter("ignore")
        return mean_squares(choose(method, rows).predict(X_test), y_test)
