"""Figures of merit of a calibration, and scorers made of them.

All functions take the reference values first and the predictions second, as scikit-learn does. A NaN reference means
that the property was not measured on that sample: it is left out, column by column. ``bias`` is *predicted minus
reference*, ``SEP`` is corrected for bias, ``R2`` compares with the mean of the test set, so that

``RMSEP**2 == bias**2 + SEP**2 * (n - 1) / n``.

The scorers work in ``cross_validate`` and ``GridSearchCV``: ``GridSearchCV(..., scoring=scorers["neg_rmsep"])``.
"""

from ._figures import (
    abs_bias,
    bias,
    get_scorer,
    neg_abs_bias_scorer,
    neg_rmsep_scorer,
    neg_sep_scorer,
    r2,
    r2_scorer,
    rmsep,
    rpd,
    rpd_scorer,
    rpiq,
    rpiq_scorer,
    scorers,
    sep,
)
from ._significance import SignificanceTest, bias_test, sep_test, slope_test

__all__ = [
    "SignificanceTest",
    "abs_bias",
    "bias",
    "bias_test",
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
    "sep_test",
    "slope_test",
]
