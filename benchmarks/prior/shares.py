"""Learn the shares of the portfolio's families, and what errors say about them."""

import numpy as np
import torch

from benchmarks.prior.judging import N_FOLDS, TOLERATED, balanced, folds
from skspectral.transfer.portfolio._members import FAMILIES
from skspectral.transfer.portfolio._mixture import FAMILY_FLOOR, REFERENCE, effective_counts

__all__ = ["START", "learn_shares"]

# how far the start is believed: squares of what is learned beyond it are penalised by these, of which one is chosen on
# materials that were left out
PENALTIES = (1e-2, 3e-2, 1e-1, 3e-1, 1.0)
# of two that differ by less, the one that stays nearer to the start
INDIFFERENT = 0.001
STEPS = 300
# shares at ten standards, how they change with the logarithm of the number, and the power of the expected error
START = {
    "ridges": (0.25, 0.0, 0.5),
    "few": (0.12, -0.7, 0.5),
    "mapped": (0.15, 0.0, 0.5),
    "fused": (0.25, 0.0, 0.5),
    "source": (0.06, 0.0, 0.5),
    "bias": (0.10, 0.0, 0.5),
    "standardised": (0.10, 0.0, 0.5),
    "pooled": (0.07, 0.0, 0.5),
}
# powers of the held-out error per standard, and of the expected error where no standard is held out yet
START_POWERS = {"evidence": 0.2, "early": 0.5}


def _tensors(mixed):
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
    floats = (deviations, weights, errors, expected, counts, grown, 1.0 / (1.0 + numbers))
    return [torch.tensor(a, dtype=torch.float32) for a in floats] + [torch.tensor(there)]


def _loss(table, powers, tensors):
    """Log error of every task for a table of the families (n_families, 3), and two powers."""
    deviations, weights, errors, expected, counts, grown, early, there = tensors
    logits = table[:, 0] + table[:, 1] * grown[:, None] - powers[0] * counts[:, None] * errors
    logits = logits - (table[:, 2] + powers[1] * early[:, None]) * expected
    shares = torch.softmax(torch.where(there, logits, torch.tensor(-1e9)), dim=1)
    return 0.5 * torch.log(TOLERATED + (torch.einsum("tf,tfn->tn", shares, deviations) ** 2 * weights).sum(dim=1))


def _start():
    table = torch.tensor([[np.log(a), b, c] for a, b, c in (START[f] for f in FAMILIES)], dtype=torch.float32)
    return table, torch.tensor(list(START_POWERS.values()), dtype=torch.float32)


def _fit(tensors, real, penalty):
    start, first = _start()
    change, growth = torch.zeros_like(start, requires_grad=True), torch.zeros_like(first, requires_grad=True)
    optimiser = torch.optim.Adam([change, growth], lr=0.03)
    parts = [part for part in (real, ~real) if part.any()]
    for _ in range(STEPS):
        optimiser.zero_grad()
        losses = _loss(start + change, first * growth.exp(), tensors)
        loss = sum(losses[part].mean() for part in parts) / len(parts)
        (loss + penalty * ((change**2).mean() + (growth**2).mean())).backward()
        optimiser.step()
    return (start + change).detach(), (first * growth.exp()).detach()


def learn_shares(mixed):
    """Learn the table of the families and the powers of their errors.

    How far they may leave what is set to start with is chosen on materials and pairs that were not learned from; if
    nothing betters it there, the start stays.

    Parameters
    ----------
    mixed : list of Mixed

    Returns
    -------
    constants : dict
        ``"shares"``, ``"evidence"`` and ``"early"``.
    report : dict of {str: float}
        Mean log errors on what was left out.
    """
    tensors = _tensors(mixed)
    tasks = [m.task for m in mixed]
    real = torch.tensor([t["kind"] == "real" for t in tasks])
    fold = torch.tensor(folds(tasks))
    found = {"start": _loss(*_start(), tensors)}
    for penalty in PENALTIES:
        losses = torch.zeros(len(mixed))
        for k in range(N_FOLDS):
            left = fold == k
            if left.any() and (~left).any():
                learned = _fit([a[~left] for a in tensors], real[~left], penalty)
                losses[left] = _loss(*learned, [a[left] for a in tensors])
        found[f"penalty {penalty:g}"] = losses
    scores = {name: balanced(losses.numpy(), tasks) for name, losses in found.items()}
    good = [name for name, score in scores.items() if score <= min(scores.values()) + INDIFFERENT]
    # the strongest penalty of these comes last
    best = "start" if "start" in good else good[-1]
    table, powers = _start() if best == "start" else _fit(tensors, real, float(best.split()[-1]))
    table[:, 0] -= torch.logsumexp(table[:, 0], dim=0)
    report = {name: round(score, 4) for name, score in scores.items()} | {"chosen": best}
    for low, high in ((0, 0), (1, 1), (2, 2), (3, 4), (5, 9), (10, 99)):
        part = np.array([low <= t["n_standards"] <= high for t in tasks])
        if part.any():
            some = [t for t, kept in zip(tasks, part) if kept]
            pair = (balanced(found[name].numpy()[part], some) for name in ("start", best))
            report[f"N = {low} to {high}: start, chosen"] = [round(value, 4) for value in pair]
    constants = {"shares": {f: [round(float(x), 3) for x in row] for f, row in zip(FAMILIES, table)}}
    return constants | {name: round(float(p), 3) for name, p in zip(START_POWERS, powers)}, report
