"""The models of the portfolio: ridges with differences as noise, and PLS with a bias correction."""

from dataclasses import asdict, dataclass

import numpy as np

from ...calibration import PLSRegressionCV
from .._augmented import Solution, difference_weights
from .._operators import Operator
from ..difference_ridge import SMOOTHING_NM, augmented_rows

__all__ = ["Fitted", "Member", "all_members", "fit_members"]

PARTS = ("intercept", "held_out", "source_error")
PREPROCESSING = ("raw", "sg1", "sg1n", "sg2", "snvsg1")


@dataclass(frozen=True)
class Member:
    """One model of the portfolio.

    Attributes
    ----------
    kind : {"ridge", "weighted", "pls"}
        Ridge with the given weights of difference and target rows; ridge with channel weights from the differences;
        source PLS with the mean error on the standards removed.
    preprocessing : str
        A key of ``OPERATORS``.
    ridge, difference, target, deviation : float
        Settings of ``AugmentedRows.solve``; not used by PLS.
    shrinkage : float
        Share of the covariance of the differences that the weighted kind keeps as it is.
    """

    kind: str
    preprocessing: str
    ridge: float = 0.0
    difference: float = 0.0
    target: float = 0.0
    deviation: float = 0.0
    shrinkage: float = 0.0

    @property
    def name(self):
        """A readable key, stable over versions of the table."""
        numbers = [f"{key}={value:g}" for key, value in asdict(self).items() if isinstance(value, float) and value]
        return " ".join([self.kind, self.preprocessing, *numbers])


def all_members():
    """List every model that a prior weight can be given to."""
    members = [
        Member("ridge", prep, g, lam, mu)
        for prep in PREPROCESSING
        for g in (1e-4, 1e-3, 3e-3, 1e-2, 3e-2)
        for lam in (10.0, 100.0)
        for mu in (0.1, 1.0, 10.0, 100.0)
    ]
    members += [
        Member("ridge", prep, g, 10.0, mu, rho)
        for prep in PREPROCESSING
        for g in (1e-3, 1e-2)
        for mu in (1.0, 10.0, 100.0)
        for rho in (0.1, 1.0)
    ]
    members += [
        Member("weighted", prep, g, target=mu, shrinkage=share)
        for prep in PREPROCESSING
        for g in (1e-3, 3e-3, 1e-2, 3e-2)
        for mu in (1.0, 10.0)
        for share in (0.4, 0.8)
    ]
    return members + [Member("pls", prep) for prep in ("raw", "sg1", "snvsg1")]


@dataclass(frozen=True, eq=False)
class Fitted:
    """Fitted members, in the order they were asked for.

    Attributes
    ----------
    operators : dict of {str: Operator}
    coefs : list of ndarray of shape (n_targets, n_channels)
        For spectra after the member's operator.
    intercepts : ndarray of shape (n_members, n_targets)
    held_out : ndarray of shape (n_members, n_standards, n_targets)
        Leave-one-standard-out residuals, reference minus prediction.
    source_error : ndarray of shape (n_members, n_targets)
        Mean squared cross-validation error of the source samples.
    """

    members: list
    operators: dict
    coefs: list
    intercepts: np.ndarray
    held_out: np.ndarray
    source_error: np.ndarray

    def take(self, indices):
        """Keep some members, and the operators they need."""
        members = [self.members[i] for i in indices]
        names = dict.fromkeys(member.preprocessing for member in members)
        return Fitted(
            members,
            {name: self.operators[name] for name in names},
            [self.coefs[i] for i in indices],
            self.intercepts[indices],
            self.held_out[indices],
            self.source_error[indices],
        )

    def predict(self, X):
        """Predict target spectra (n, n_channels) by every member: (n_members, n, n_targets)."""
        inside = {name: operator(X) for name, operator in self.operators.items()}
        predicted = [inside[m.preprocessing] @ coef.T for m, coef in zip(self.members, self.coefs)]
        return np.stack(predicted) + self.intercepts[:, None, :]


def fit_members(rows, axis, members):
    """Fit members on sorted rows.

    Parameters
    ----------
    rows : TransferRows
    axis : ndarray of shape (n_channels,)
        Wavelengths in nm.
    members : list of Member

    Returns
    -------
    Fitted
    """
    operators = {name: Operator(name, axis) for name in dict.fromkeys(m.preprocessing for m in members)}
    systems = {name: augmented_rows(rows, operator) for name, operator in operators.items()}
    step = np.abs(np.diff(axis)).mean() if len(axis) > 1 else 1.0
    width = max(1, round(SMOOTHING_NM / step))
    solutions = []
    for member in members:
        system = systems[member.preprocessing]
        if member.kind == "pls":
            solutions.append(_pls_with_bias(rows, operators[member.preprocessing], system))
        elif member.kind == "weighted":
            weights, difference = difference_weights(system, member.ridge, member.shrinkage, width)
            solutions.append(system.solve(1.0, difference, member.target, channel_weights=weights))
        else:
            solutions.append(system.solve(member.ridge, member.difference, member.target, deviation=member.deviation))
    return Fitted(
        list(members),
        operators,
        [solution.coef for solution in solutions],
        *(np.stack([getattr(solution, part) for solution in solutions]) for part in PARTS),
    )


def _pls_with_bias(rows, operator, system):
    """Source PLS whose mean error on the standards is removed."""
    on_source = ~rows.is_target & rows.has_reference
    ids = None if rows.sample_id is None else rows.sample_id[on_source]
    model = PLSRegressionCV().fit(operator(rows.X[on_source]), rows.y[on_source], sample_id=ids)
    standards = system.Z[system.kinds == 2] * system.scale + system.mean
    y = system.r[system.kinds == 2] * system.y_scale + system.y_mean
    residuals = y - standards @ model.coef_.T - model.intercept_
    counts = np.isfinite(residuals).sum(axis=0)
    bias = np.nansum(residuals, axis=0) / np.maximum(counts, 1)
    stretch = counts / np.maximum(counts - 1, 1)
    return Solution(model.coef_, model.intercept_ + bias, (residuals - bias) * stretch, model.rmsecv_**2)
