"""What the variance of a prediction is made of, for tasks with known references."""

import warnings

import numpy as np

from skspectral import AutoTransfer, MeanShift
from skspectral.diagnostics import TransferIntervals
from skspectral.model_selection import StandardsSplit

from .pairs import blocks

__all__ = ["METHODS", "interval_parts"]

METHODS = ("auto", "mean shift")
ROLES = {"source": "A", "target": "B"}
MOST_TARGETS = 2


def interval_parts(pair, kind, n_standards, seed, method):
    """Fit a method to a split and keep what intervals are made of, one dict per property.

    Parameters
    ----------
    pair : Pair
    kind, n_standards, seed
        As for `blocks`.
    method : str
        One of `METHODS`.
    """
    split = blocks(pair, kind, n_standards, seed)
    columns = [seed % pair.y.shape[1]] if pair.y.shape[1] > MOST_TARGETS else list(range(pair.y.shape[1]))
    y, y_test = split.y[:, columns], split.y_test[:, columns]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if method == "auto":
            model = AutoTransfer(wavelengths=pair.axis, **ROLES).fit(split.X, y, **split.labels)
            predicted, own = model.predict(split.X_test, return_std=True)
            residuals = None
        else:
            model = MeanShift(**ROLES).fit(split.X, y, **split.labels)
            predicted, own = model.predict(split.X_test), None
            residuals = _left_out(model, split, y)
    intervals = TransferIntervals(**ROLES).fit(split.X, y, **split.labels, residuals=residuals)
    on_target = split.instrument == "B"
    standards = intervals._scores(split.X[on_target])
    scores = intervals._scores(split.X_test)
    return [
        {
            "pair": pair.name,
            "kind": kind,
            "method": method,
            "n": n_standards,
            "standards": standards,
            "scores": scores,
            "y_standards": y[on_target, j],
            "y_spread": intervals.spread_[j],
            "source_error": intervals.source_error_[j],
            "difference": intervals.difference_[j],
            "predicted": predicted[:, j],
            "error": predicted[:, j] - y_test[:, j],
            "own": None if own is None else own[:, j],
            "residuals": None if residuals is None else residuals[:, j],
        }
        for j in range(len(columns))
    ]


def _left_out(model, split, y):
    """Errors of the standards, each left out, (n_standards, n_targets)."""
    errors = []
    for train, test in StandardsSplit(**ROLES).split(split.X, y, **split.labels):
        fitted = type(model)(**ROLES).fit(split.X[train], y[train], **{k: v[train] for k, v in split.labels.items()})
        errors.append(fitted.predict(split.X[test]).mean(axis=0) - y[test].mean(axis=0))
    return np.array(errors)
