"""What the variance of a prediction is made of, for tasks with known references."""

import warnings

import numpy as np
from sklearn.base import clone

from skspectral import AutoTransfer, MeanShift
from skspectral.deployment._content import usual_of
from skspectral.deployment._methods import as_columns, predict_with_std
from skspectral.diagnostics import TargetLimits, TransferIntervals
from skspectral.model_selection import StandardsSplit

from .pairs import blocks

__all__ = ["METHODS", "flagged_spectra", "interval_parts"]

METHODS = ("auto", "mean shift")
LEVEL, LEAST_FOR_CONFORMAL = 0.9, 9
ROLES = {"source": "A", "target": "B"}
MOST_TARGETS = 2


def interval_parts(pair, kind, n_standards, seed, method, conformal=False, judged=True):
    """Fit a method to a split and keep what intervals are made of, one dict per property.

    Parameters
    ----------
    pair : Pair
    kind, n_standards, seed
        As for `blocks`.
    method : str
        One of `METHODS`.
    conformal : bool
        Whether to fit anew without each standard, where there are enough of them for `LEVEL`, and to add the half
        widths of conformal intervals.
    judged : bool
        Whether to say which of the spectra are worth a warning, which takes half the time.
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
            residuals, _ = _left_out(model, split, y)
        enough = n_standards >= LEAST_FOR_CONFORMAL
        half = _conformal(model, split, y, predicted, y_test, own) if conformal and enough else None
    intervals = TransferIntervals(**ROLES).fit(split.X, y, **split.labels, residuals=residuals)
    flagged = flagged_spectra(split) if judged else np.zeros(len(split.X_test), dtype=bool)
    on_target = split.instrument == "B"
    usual = _usual(model, split)
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
            "y_source": y[~on_target, j],
            "y_spread": intervals.spread_[j],
            "source_error": intervals.source_error_[j],
            "difference": intervals.difference_[j],
            "usual": usual[:, j],
            "predicted": predicted[:, j],
            "error": predicted[:, j] - y_test[:, j],
            "own": None if own is None else own[:, j],
            "residuals": None if residuals is None else residuals[:, j],
            "conformal": None if half is None else half[:, j],
            "flagged": flagged,
        }
        for j in range(len(columns))
    ]


def _usual(model, split):
    """Mean and variance of predictions of the source's samples as the target sees them, and their number."""
    on_target = split.instrument == "B"
    source, at = split.X[~on_target], {name: row for row, name in enumerate(split.sample_id[~on_target])}
    twins = source[[at[name] for name in split.sample_id[on_target]]]
    return usual_of(as_columns(model.predict(source + (split.X[on_target] - twins).mean(axis=0))))


def flagged_spectra(split):
    """Whether each test spectrum (n_test,) is worth a warning by itself."""
    return TargetLimits(**ROLES).fit(split.X, **split.labels).check(split.X_test).outside


def _conformal(model, split, y, predicted, y_test, own):
    """Half widths of conformal intervals (n_test, n_targets) on the side of the reference."""
    residuals, std = _left_out(model, split, y)
    standards = split.sample_id[split.instrument == "B"]
    intervals = TransferIntervals(conformal=True, **ROLES)
    intervals.fit(split.X, y, **split.labels, residuals=residuals, left_out=standards, left_out_std=std)
    below, above = intervals.sides(split.X_test, predicted, own)
    return intervals.quantile(LEVEL) * np.where(predicted < y_test, above, below)


def _left_out(model, split, y):
    """Errors (n_standards, n_targets) of the standards in their order, each left out, and their own deviations."""
    errors, stds = {}, {}
    for train, test in StandardsSplit(**ROLES).split(split.X, y, **split.labels):
        fitted = clone(model).fit(split.X[train], y[train], **{k: v[train] for k, v in split.labels.items()})
        values, std = predict_with_std(fitted, split.X[test])
        name = split.sample_id[test[0]]
        errors[name], stds[name] = values.mean(axis=0) - y[test].mean(axis=0), None if std is None else std.mean(axis=0)
    standards = split.sample_id[split.instrument == "B"]
    some = next(iter(stds.values())) is not None
    return np.array([errors[s] for s in standards]), np.array([stds[s] for s in standards]) if some else None
