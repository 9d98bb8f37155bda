"""A second expert for targets that are cleaner than the source, and the evidence that decides how far it is heard.

Ten standards are a calibration of their own when the target measures far better than the source. The expert is a ridge
over both instruments that trusts the target's rows more; it is heard only when three things agree: it beats the
portfolio on held-out standards, it beats the source's own cross-validation, and the same standards are easier to
predict on the target than on the source.
"""

from dataclasses import dataclass

import numpy as np

from ..._core.labels import UNPAIRED
from ..._core.roles import shared_with
from .._operators import Operator

__all__ = ["TargetExpert", "evidence", "fit_target_expert", "gate"]

NOISE_GRID = 10.0 ** np.arange(-6.0, 0.5, 0.5)
SOURCE_OPERATORS = ("raw", "sg1", "sg2", "snvsg1")
PAIRED_OPERATORS = ("raw", "sg1")
INDEPENDENCE = (1.0, 3.0, 10.0)
NOISE_RATIO = 100.0
OFFSET = 100.0
FLOOR = 1e-4
# squared errors beyond nine robust variances count as nine: one outlying standard must not decide
CAP = 9.0 / 0.455
TEMPER = 0.25
SATURATION = 10
# with fewer standards three kinds of evidence agree by chance
LEAST_FOR_GATE = 5
MOST_SAMPLES = 400


@dataclass(frozen=True, eq=False)
class TargetExpert:
    """The fitted expert.

    Attributes
    ----------
    coef : ndarray of shape (n_targets, n_channels)
        For target spectra as measured.
    intercept : ndarray of shape (n_targets,)
    held_out : ndarray of shape (n_standards, n_targets)
        Leave-one-standard-out residuals, reference minus prediction.
    source_error : ndarray of shape (n_targets,)
        Mean squared error of the best cross-validated ridge on the source, in squared units of ``y``.
    easier_on_target : ndarray of shape (n_targets,)
        Log ratio of the held-out errors of the same standards, calibrated on the target and on the source.
    """

    coef: np.ndarray
    intercept: np.ndarray
    held_out: np.ndarray
    source_error: np.ndarray
    easier_on_target: np.ndarray


def fit_target_expert(rows, axis):
    """Fit the expert; None where fewer than three standards are paired and labelled in every property.

    Parameters
    ----------
    rows : TransferRows
    axis : ndarray of shape (n_channels,)
        Wavelengths in nm.
    """
    source, y_source, source_codes = rows.source_samples
    target, y_target, target_codes = rows.target_samples
    source, y_source, source_codes = _thin_out(source, y_source, source_codes, target_codes)
    here, there = shared_with(target_codes, source_codes)
    paired = np.full(len(target_codes), -1)
    paired[here] = there
    labelled = np.isfinite(y_source).all(axis=1)
    used = (paired >= 0) & labelled[paired]
    if used.sum() < 3 or not labelled.any():
        return None
    renumbered = np.cumsum(labelled) - 1
    twin = renumbered[paired[used]]
    S, y = source[labelled], y_source[labelled]
    T = target[used]
    centre, spread = y.mean(axis=0), np.where(y.std(axis=0) > 0, y.std(axis=0), 1.0)
    r = (y - centre) / spread
    inside = {name: Operator(name, axis)(S) for name in SOURCE_OPERATORS}
    noise, errors = {}, []
    for name, X in inside.items():
        press = _press(X, r)
        noise[name] = 10 ** (np.log10(NOISE_GRID) @ _weights(press, len(S)))
        errors.append(press.min(axis=0))
    on_target = {name: Operator(name, axis)(T) for name in PAIRED_OPERATORS}
    coef, intercept, held_out, easier = [], [], [], []
    for j in range(r.shape[1]):
        part = _solve(S, T, twin, r[:, j], noise["raw"][j])
        coef.append(part[0] * spread[j])
        intercept.append(part[1] * spread[j] + centre[j])
        residuals = np.full(len(target), np.nan)
        residuals[used] = part[2] * spread[j]
        held_out.append(residuals)
        ratios = [
            _log_ratio(on_target[name], inside[name][twin], r[twin, j], g)
            for name in PAIRED_OPERATORS
            for g in (noise[name][j], noise[name][j] / NOISE_RATIO)
        ]
        easier.append(np.mean(ratios))
    kept = np.isfinite(y_target).any(axis=1) | (paired >= 0)
    return TargetExpert(
        np.array(coef),
        np.array(intercept),
        np.array(held_out).T[kept],
        np.min(errors, axis=0) * spread**2,
        np.array(easier),
    )


def _thin_out(source, y_source, codes, target_codes):
    """Keep the standards and an even share of the other source samples: noise levels need no thousands of them."""
    twins = (codes != UNPAIRED) & np.isin(codes, target_codes)
    others = np.flatnonzero(~twins)
    chosen = np.linspace(0, len(others) - 1, min(len(others), MOST_SAMPLES)).astype(int)
    kept = np.sort(np.concatenate([np.flatnonzero(twins), others[chosen]]))
    return source[kept], y_source[kept], codes[kept]


def evidence(portfolio_held_out, expert, spread):
    """Three log ratios (3, n_targets) that are negative where the expert should be heard; NaN becomes +inf."""
    mixed, own = portfolio_held_out**2 / spread, expert.held_out**2 / spread
    cap = CAP * np.nanmedian(mixed, axis=0)
    mixed, own = np.minimum(mixed, cap), np.minimum(own, cap)
    own_error = np.nanmean(own, axis=0) + FLOOR
    ratios = np.stack(
        [
            np.log(own_error / (np.nanmean(mixed, axis=0) + FLOOR)),
            np.log(own_error / (expert.source_error / spread + FLOOR)),
            expert.easier_on_target,
        ]
    )
    return np.where(np.isfinite(ratios), ratios, np.inf)


def gate(ratios, n_standards, threshold, slope):
    """Weight of the expert (n_targets,), between 0 and 1, for standards per property (n_targets,)."""
    n_standards = np.asarray(n_standards)
    seen = np.minimum(np.maximum(n_standards, 1), SATURATION) / SATURATION
    logit = threshold + np.log(seen) - slope * n_standards / SATURATION * ratios.max(axis=0)
    weight = 1.0 / (1.0 + np.exp(np.clip(-logit, -50.0, 50.0)))
    return np.where(n_standards >= LEAST_FOR_GATE, weight, 0.0)


def _weights(press, n):
    """Weights proportional to ``press ** (-n / 2)``, without overflow."""
    logits = -0.5 * n * np.log(np.maximum(press, 1e-300))
    weights = np.exp(logits - logits.max(axis=0))
    return weights / weights.sum(axis=0)


def _press(X, r):
    """Leave-one-out mean squared errors (n_noise, n_targets) of kernel ridge with an intercept."""
    centred = X - X.mean(axis=0)
    kernel = centred @ centred.T
    kernel /= np.trace(kernel) / len(X) or 1.0
    energy, axes = np.linalg.eigh(kernel)
    energy = np.maximum(energy, 0.0)
    rotated = axes.T @ (r - r.mean(axis=0))
    errors = []
    for noise in NOISE_GRID:
        shrink = energy / (energy + noise)
        residual = (r - r.mean(axis=0)) - axes @ (shrink[:, None] * rotated)
        leverage = (axes**2) @ shrink + 1.0 / len(X)
        errors.append(((residual / np.maximum(1 - leverage, 1e-6)[:, None]) ** 2).mean(axis=0))
    return np.array(errors)


def _solve(S, T, twin, r, noise):
    """Blend of three degrees of independence: coefficients, intercept and held-out residuals of the target rows."""
    s_mean, t_mean = S[twin].mean(axis=0), T.mean(axis=0)
    scale = np.sqrt(((S - S.mean(axis=0)) ** 2).sum(axis=1).mean()) or 1.0
    Z = np.vstack([(S - s_mean) / scale, (T - t_mean) / scale])
    own = np.repeat([0, 1], [len(S), len(T)])
    y = np.concatenate([r, r[twin]])
    same = own[:, None] == own[None, :]
    gram = Z @ Z.T
    solutions = []
    for mu in INDEPENDENCE:
        kernel = gram * np.where(same, 1.0, 1.0 / (1.0 + mu)) + OFFSET * same
        C = np.linalg.inv(kernel + np.diag(np.where(own == 1, noise / NOISE_RATIO, noise) + 1e-10))
        alpha = C @ y
        residuals = np.array(
            [
                np.linalg.solve(C[np.ix_(block, block)], alpha[block])[1]
                for block in ([twin[k], len(S) + k] for k in range(len(T)))
            ]
        )
        coef = (Z * np.where(own == 1, 1.0, 1.0 / (1.0 + mu))[:, None]).T @ alpha / scale
        solutions.append((coef, OFFSET * alpha[own == 1].sum() - coef @ t_mean, residuals))
    errors = np.array([np.minimum(e**2, CAP * np.median(e**2)).mean() for _, _, e in solutions])
    weights = (errors + FLOOR) ** (-TEMPER * len(T) / 2)
    weights /= weights.sum()
    return tuple(sum(w * part[i] for w, part in zip(weights, solutions)) for i in range(3))


def _log_ratio(on_target, on_source, r, noise):
    """Log ratio of the held-out errors of the same standards on either instrument."""
    errors = [_plain_held_out(X, r, noise) + FLOOR for X in (on_target, on_source)]
    return np.log(errors[0] / errors[1])


def _plain_held_out(X, r, noise):
    """Leave-one-out mean squared error of a ridge on a few rows of one instrument."""
    centred = X - X.mean(axis=0)
    kernel = centred @ centred.T
    kernel = kernel / (np.trace(kernel) / len(X) or 1.0) + OFFSET
    C = np.linalg.inv(kernel + (noise + 1e-10) * np.eye(len(X)))
    return float((((C @ r) / np.diag(C)) ** 2).mean())
