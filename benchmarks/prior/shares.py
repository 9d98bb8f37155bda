"""The shares of the portfolio's families: fixed ones, and what learning them would give."""

import numpy as np
import torch

from benchmarks.prior.judging import N_FOLDS, TOLERATED, balanced, folds
from skspectral.transfer.portfolio._constants import LEAST_CHANNELS
from skspectral.transfer.portfolio._members import FAMILIES
from skspectral.transfer.portfolio._mixture import FAMILY_FLOOR, REFERENCE, effective_counts

__all__ = ["fixed_shares", "judge_shares"]

SHARE_PENALTIES = (3e-3, 2e-2, 1e-1)
STEPS = 200
# shares of the families at ten standards, and how they change with the logarithm of the number: fixed, because what is
# learned on some materials does worse on those left out, with one standard above all; the report has both
SHARES = {
    "ridges": (0.25, 0.0),
    "few": (0.12, -0.7),
    "mapped": (0.15, 0.0),
    "fused": (0.25, 0.0),
    "source": (0.06, 0.0),
    "bias": (0.10, 0.0),
    "pooled": (0.07, 0.0),
}
SHARE_POWERS = {"evidence": 0.2, "expectation": 0.5}


def _share_tensors(mixed):
    """Deviations of every family's mixture (n_tasks, n_families, n_test), their weights, log errors and counts."""
    n_test = max(len(m.task["measured"]) for m in mixed)
    deviations = np.zeros((len(mixed), len(FAMILIES), n_test))
    weights = np.zeros((len(mixed), n_test))
    errors, expected = (np.zeros((len(mixed), len(FAMILIES))) for _ in range(2))
    there = np.zeros((len(mixed), len(FAMILIES)), dtype=bool)
    for i, m in enumerate(mixed):
        n, unit = len(m.task["measured"]), np.sqrt(m.task["spread"])
        weights[i, :n] = 1.0 / n
        for j, family in enumerate(FAMILIES):
            if family in m.predicted:
                there[i, j] = True
                deviations[i, j, :n] = (m.predicted[family] - m.task["measured"]) / unit
                errors[i, j] = np.nan_to_num(np.log(m.error(family) + FAMILY_FLOOR))
                expected[i, j] = np.log(m.expected[family] / m.task["spread"] + FAMILY_FLOOR)
    numbers = np.array([m.task["n_standards"] for m in mixed])
    counts, grown = effective_counts(numbers), np.log((numbers + 1.0) / (REFERENCE + 1.0))
    floats = (deviations, weights, errors, expected, counts, grown)
    return [torch.tensor(a, dtype=torch.float32) for a in floats] + [torch.tensor(there)]


def _share_loss(levels, slopes, powers, tensors):
    deviations, weights, errors, expected, counts, grown, there = tensors
    logits = levels + slopes * grown[:, None] - powers[0] * counts[:, None] * errors - powers[1] * expected
    shares = torch.softmax(torch.where(there, logits, torch.tensor(-1e9)), dim=1)
    return 0.5 * torch.log(TOLERATED + (torch.einsum("tf,tfn->tn", shares, deviations) ** 2 * weights).sum(dim=1))


def _fit_shares(tensors, real, penalty):
    levels, slopes = (torch.zeros(len(FAMILIES), requires_grad=True) for _ in range(2))
    powers = torch.tensor(np.log([0.2, 0.5]), dtype=torch.float32, requires_grad=True)
    optimiser = torch.optim.Adam([levels, slopes, powers], lr=0.05)
    parts = [part for part in (real, ~real) if part.any()]
    for _ in range(STEPS):
        optimiser.zero_grad()
        losses = _share_loss(levels, slopes, powers.exp(), tensors)
        loss = sum(losses[part].mean() for part in parts) / len(parts)
        (loss + penalty * (((levels - levels.mean()) ** 2).mean() + (slopes**2).mean())).backward()
        optimiser.step()
    return levels.detach(), slopes.detach(), powers.exp().detach()


def judge_shares(mixed):
    """Compare the fixed shares with equal ones, and with what is learned without the material they are tested on.

    Parameters
    ----------
    mixed : list of Mixed

    Returns
    -------
    dict of {str: float}
        Mean log errors on axes fine enough for all families.
    """
    mixed = [m for m in mixed if m.task["n_channels"] >= LEAST_CHANNELS]
    tensors = _share_tensors(mixed)
    tasks = [m.task for m in mixed]
    real = torch.tensor([t["kind"] == "real" for t in tasks])
    fold = torch.tensor(folds(tasks))
    scores = {}
    for penalty in SHARE_PENALTIES:
        losses = torch.zeros(len(mixed))
        for k in range(N_FOLDS):
            left = fold == k
            if left.any() and (~left).any():
                found = _fit_shares([a[~left] for a in tensors], real[~left], penalty)
                losses[left] = _share_loss(*found, [a[left] for a in tensors])
        scores[f"learned, penalty {penalty:g}"] = balanced(losses.numpy(), tasks)
    powers = torch.tensor(list(SHARE_POWERS.values()))
    levels, slopes = (torch.tensor([SHARES[f][i] for f in FAMILIES]) for i in range(2))
    for name, start in (("fixed", (levels.log(), slopes)), ("equal", (torch.zeros(len(FAMILIES)),) * 2)):
        scores[name] = balanced(_share_loss(*start, powers, tensors).numpy(), tasks)
    return {name: round(score, 4) for name, score in scores.items()}


def fixed_shares():
    """The constants of the families: logarithms of the shares and slopes, and the powers."""
    return {"shares": {f: [round(float(np.log(a)), 3), b] for f, (a, b) in SHARES.items()}} | SHARE_POWERS
