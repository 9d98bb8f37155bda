"""What a model of the source can be expected to lose on the target, where hardly a standard says it.

The predictions themselves tell. What those for the two spectra of a pair differ by is one draw of the error that the
instrument adds, and if unlabelled spectra come from the source's population, their predictions must vary as those of
the source do: what they vary more is noise, what they vary less is signal that the model no longer sees. All are
squared errors beside the model's own, so that a model that reads what the instruments differ in is not heard, long
before any reference says so.
"""

from dataclasses import replace

import numpy as np

__all__ = ["expected_loss", "settle"]

# A target adds at least this share of a model's own error. Where predictions for pairs differ, what they differ by
# varies from sample to sample by about the geometric mean of its square and that error; this counts as much as so many
# degrees of freedom of the pairs.
LEAST_LOSS, DEGREES = 0.3, 0.5
# standard errors of two variances that are added to their difference: no spectra are so many that nothing may hide
CAUTION = 0.1
# how much of what theory says predictions are shrunk, and how much where a single pair or reference is all that speaks
SHRINKAGE, ALONE = 0.2, 1.0
SMALL = 1e-9


def expected_loss(system, solution, source=None, unlabelled=None):
    """Variance (n_targets,) of what the target adds to a model's errors from sample to sample.

    Parameters
    ----------
    system : AugmentedRows
    solution : Solution
    source, unlabelled : ndarray of shape (n_samples, n_channels), optional
        Spectra of either instrument as the model's view shows them.

    Returns
    -------
    ndarray of shape (n_targets,)
    """
    gap, shifts = _differences(system, solution), []
    if len(gap):
        shifts.append(gap.mean(axis=0) ** 2)
    excess = np.zeros(len(solution.coef))
    if unlabelled is not None:
        there, here = (_predicted(X, system, solution) for X in (unlabelled, source))
        n = len(there), len(here)
        excess = np.maximum(there.var(axis=0) - here.var(axis=0), 0.0)
        excess += CAUTION * here.var(axis=0) * np.sqrt(2 / n[0] + 2 / n[1])
        missing = np.maximum(here.std(axis=0) - there.std(axis=0), 0.0) ** 2
        excess += np.maximum(missing - here.var(axis=0) * (0.5 / n[0] + 0.5 / n[1]), 0.0)
        known = here.var(axis=0) * (1 / n[0] + 1 / n[1])
        shifts.append(np.maximum((there.mean(axis=0) - here.mean(axis=0)) ** 2 - known, 0.0))
    residuals = _residuals(system, solution)
    seen = np.isfinite(residuals)
    if not shifts and seen.any():
        shifts.append(np.where(seen, residuals, 0.0).sum(axis=0) ** 2 / np.maximum(seen.sum(axis=0), 1) ** 2)
    prior = excess
    if len(gap) or seen.any():
        prior = prior + np.sqrt(np.mean(shifts, axis=0) * solution.source_error)
    apart = ((gap - gap.mean(axis=0)) ** 2).sum(axis=0) if len(gap) > 1 else 0.0
    added = (DEGREES * prior + apart) / (DEGREES + max(len(gap) - 1, 0))
    return added + LEAST_LOSS * solution.source_error + SMALL * system.y_scale**2


def settle(system, solution, source, unlabelled=None):
    """Place and shrink the predictions of a model by pairs, references and unlabelled spectra, each for what it knows.

    The mean of unlabelled spectra says where the target stands but for how two samples of the population differ; a
    pair but for what the target adds from sample to sample; a reference without a pair but for that and the model's own
    error. They are averaged by these variances. The same variances say how far predictions should be drawn to the mean.

    Parameters
    ----------
    system : AugmentedRows
    solution : Solution
    source : ndarray of shape (n_source, n_channels)
        As the model's view shows them.
    unlabelled : ndarray of shape (n_samples, n_channels), optional

    Returns
    -------
    Solution
        Its ``gap`` is what the target is expected to add to the error on the source. Held-out residuals stay those of
        the solution: no place was learned from the few standards there are.
    """
    loss = expected_loss(system, solution, source, unlabelled)
    here = _predicted(source, system, solution)
    gap, residuals = _differences(system, solution), _residuals(system, solution)
    seen = np.isfinite(residuals)
    known = [(-gap.mean(axis=0), len(gap) / loss)] if len(gap) else []
    if seen.any():
        counts = seen.sum(axis=0)
        mean = np.where(seen, residuals, 0.0).sum(axis=0) / np.maximum(counts, 1)
        known.append((mean, counts / (loss + solution.source_error)))
    if unlabelled is not None:
        there = _predicted(unlabelled, system, solution)
        variance = here.var(axis=0) * (1 / len(there) + 1 / len(here)) + loss / len(there)
        known.append((here.mean(axis=0) - there.mean(axis=0), 1 / variance))
    shift, precision = np.zeros(len(loss)), sum((p for _, p in known), np.zeros(len(loss)))
    for value, p in known:
        shift += np.divide(value * p, precision, out=np.zeros_like(loss), where=precision > 0)
    added = loss + np.divide(1.0, precision, out=np.zeros_like(loss), where=precision > 0)
    varied = here.var(axis=0) + SMALL * system.y_scale**2
    witnesses = len(gap) + (0 if unlabelled is None else len(unlabelled)) + seen.sum(axis=0)
    kept = 1.0 / (1.0 + np.where(witnesses == 1, ALONE, SHRINKAGE) * added / varied)
    return replace(
        solution,
        coef=solution.coef * kept[:, None],
        intercept=system.y_mean + kept * (shift - solution.coef @ system.mean),
        gap=(1.0 - kept) ** 2 * varied + kept**2 * added,
    )


def _differences(system, solution):
    """What predictions from the two spectra of a pair differ by (n_pairs, n_targets)."""
    return system.differences * system.scale @ solution.coef.T


def _predicted(X, system, solution):
    """Predictions apart from the mean of the source's references (n_samples, n_targets)."""
    return (X - system.mean) @ solution.coef.T


def _residuals(system, solution):
    """Reference minus prediction of standards that are not paired (n, n_targets), without an offset of the target."""
    paired = system.standard[(system.kinds == 1) & (system.on_target == 1)]
    alone = (system.kinds == 2) & ~np.isin(system.standard, paired)
    return system.r[alone] * system.y_scale - system.Z[alone] * system.scale @ solution.coef.T
