"""Bias, slope and SEP of predictions in one summary."""

from dataclasses import dataclass

import numpy as np

from .._core.validation import paired_columns
from ..metrics import SignificanceTest, bias_test, rmsep, sep, sep_test, slope_test

__all__ = ["TransferTests", "transfer_tests"]


@dataclass(frozen=True, eq=False)
class TransferTests:
    """Outcome of the tests; every array has one value per property.

    Attributes
    ----------
    target_names : list of str
        The properties.
    n_samples : ndarray of int of shape (n_targets,)
        Predictions with a reference.
    rmsep, sep : ndarray of shape (n_targets,)
        Errors in units of the property.
    bias, slope : SignificanceTest
        With arrays of shape (n_targets,): is the bias other than 0, the slope of reference on prediction other than 1?
    sep_ratio : SignificanceTest or None
        Is the SEP larger than the reference SEP? None where no reference SEP was given.
    alpha : float
        Level of significance of each test.
    """

    target_names: list
    n_samples: np.ndarray
    rmsep: np.ndarray
    sep: np.ndarray
    bias: SignificanceTest
    slope: SignificanceTest
    sep_ratio: SignificanceTest | None
    alpha: float

    @property
    def passed(self):
        """Properties for which no test is significant, ndarray of bool of shape (n_targets,)."""
        failed = self.bias.significant | self.slope.significant
        return ~(failed if self.sep_ratio is None else failed | self.sep_ratio.significant)

    def __str__(self):
        width = max(8, *(len(name) for name in self.target_names)) + 2
        heads = ("n", "RMSEP", "SEP", "bias", "p", "slope", "p", "SEP/ref.", "p")
        last = len(heads) if self.sep_ratio is not None else -2
        widths = (5, 10, 10, 12, 8, 10, 8, 11, 8)[:last]
        lines = ["property".ljust(width) + "".join(head.rjust(w) for head, w in zip(heads[:last], widths))]
        for j, name in enumerate(self.target_names):
            cells = [f"{self.n_samples[j]}", f"{self.rmsep[j]:.4g}", f"{self.sep[j]:.4g}"]
            cells += _cells(f"{self.bias.estimate[j]:+.3g}", self.bias, j)
            cells += _cells(f"{self.slope.estimate[j]:.3f}", self.slope, j)
            if self.sep_ratio is not None:
                cells += _cells(f"{np.sqrt(self.sep_ratio.statistic[j]):.2f}", self.sep_ratio, j)
            lines.append(name.ljust(width) + "".join(cell.rjust(w) for cell, w in zip(cells, widths)))
        lines.append(f"* significant at the level {self.alpha:g}")
        return "\n".join(lines)


def transfer_tests(y_true, y_pred, *, reference_sep=None, reference_df=None, alpha=0.05, target_names=None):
    """Test predictions of standards for bias, slope, and an SEP larger than before the transfer (ISO 12099).

    Predict standards that the transfer has not learned from, for example leave-one-standard-out with
    :class:`~skspectral.model_selection.StandardsSplit`.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_targets)
        Reference values; NaN where there is none. At least three in each property.
    y_pred : array-like of shape (n_samples,) or (n_samples, n_targets)
        Predictions.
    reference_sep : float or array-like of shape (n_targets,), optional
        Error to compare the SEP with, such as that of the calibration on the source instrument.
    reference_df : int or array-like of shape (n_targets,), optional
        Its degrees of freedom; needed with ``reference_sep``.
    alpha : float, default=0.05
        Level of significance of each test.
    target_names : sequence of str, optional
        Names of the properties.

    Returns
    -------
    TransferTests
        ``print`` shows a table.

    Raises
    ------
    ValueError
        If references are too few, shapes differ, or a parameter is out of range.

    Examples
    --------
    >>> from skspectral.diagnostics import transfer_tests
    >>> tests = transfer_tests([1.0, 2.0, 3.0, 4.0], [1.4, 2.6, 3.5, 4.5], target_names=["oil"])
    >>> bool(tests.bias.significant[0]), bool(tests.slope.significant[0])
    (True, False)
    """
    columns = paired_columns(y_true, y_pred, least=3)
    n_targets = len(columns)
    names = [f"property {j}" for j in range(n_targets)] if target_names is None else [str(n) for n in target_names]
    if len(names) != n_targets:
        raise ValueError(f"target_names has {len(names)} names for {n_targets} properties.")
    if (reference_sep is None) != (reference_df is None):
        raise ValueError("reference_sep and reference_df belong together: give both or none.")
    ratio = None
    if reference_sep is not None:
        errors = _per_property(reference_sep, n_targets, "reference_sep")
        freedom = _per_property(reference_df, n_targets, "reference_df")
        ratio = _joined(
            sep_test(true, pred, reference_sep=error, reference_df=df, alpha=alpha)
            for (true, pred), error, df in zip(columns, errors, freedom)
        )
    return TransferTests(
        target_names=names,
        n_samples=np.array([len(true) for true, _ in columns]),
        rmsep=np.array([rmsep(*pair) for pair in columns]),
        sep=np.array([sep(*pair) for pair in columns]),
        bias=_joined(bias_test(*pair, alpha=alpha) for pair in columns),
        slope=_joined(slope_test(*pair, alpha=alpha) for pair in columns),
        sep_ratio=ratio,
        alpha=alpha,
    )


def _cells(estimate, test, j):
    return [estimate, f"{test.p_value[j]:.3f}{'*' if test.significant[j] else ' '}"]


def _per_property(values, n_targets, name):
    values = np.asarray(values, dtype=np.float64)
    if values.ndim > 1 or values.size not in (1, n_targets):
        raise ValueError(f"{name} must be one number or one per property ({n_targets}), got shape {values.shape}.")
    return np.broadcast_to(values, n_targets)


def _joined(tests):
    """One test of arrays out of one test per property."""
    fields = ("estimate", "statistic", "limit", "p_value", "significant")
    tests = list(tests)
    return SignificanceTest(*(np.array([getattr(test, field) for test in tests]) for field in fields))
