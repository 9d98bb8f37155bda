"""Learn the portfolio's constants from what its members do on transfer tasks.

Stage by stage, each with what the one before has found: the prior of the family "ridges"; the powers of the errors
inside the other families; the shares of the families; how alike two instruments must be for the source's own model; the
gate of the target's own expert; the predictive variance. What could be overdone is cross-validated over materials and
pairs of instruments, none of which is ever learned from and tested on.
"""

import numpy as np
import torch
from scipy.optimize import minimize

from benchmarks.prior.families import members_by_family, relative_error
from benchmarks.prior.judging import N_FOLDS, TOLERATED, balanced, folds, log_error
from skspectral.transfer.portfolio._members import family_members
from skspectral.transfer.portfolio._mixture import (
    FLOOR,
    alike,
    effective_counts,
    member_weights,
)
from skspectral.transfer.portfolio._portfolio import own_variance
from skspectral.transfer.portfolio._target_expert import gate

__all__ = ["learn_alike", "learn_gate", "learn_powers", "learn_prior", "learn_spread"]

PRIOR_PENALTY = 1e-2
STEPS = 200
# where the powers begin, and which are tried
POWERS = {"standards": 0.2, "source": 1.0}
# powers of the source's error are steeper where that costs no more than this: on clean instruments, which are few among
# the tasks, models that are far worse on the source than others must not be heard
INDIFFERENT = 0.015
STANDARD_POWERS, SOURCE_POWERS = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6), (0.3, 0.5, 1.0, 2.0, 4.0)
# what 1200 simulated pairs of instruments said of the gate; kept unless it can be bettered by more than this
GATE, BETTER = {"threshold": -2.77, "slope": 1.38}, 0.002
# held-out errors are heard from about as many standards on: on tasks where both instruments are as noisy they would not
# be heard at all, and a noisier target needs them
MOST_PRIOR_STANDARDS = 20.0
# errors of equal instruments are small, and differ little between settings
TOLERATED_ALIKE, INDIFFERENT_ALIKE = 1e-4, 3e-4
# share of the prior kept for models that inject the differences as noise, with every preprocessing alike: what was
# learned on some instruments may be wrong on others
HEDGES = (0.0, 0.5)
# members whose weights are not worth their time
MOST_MEMBERS = 120


def _tensors(tasks):
    """Stack the ridges of tasks: log errors on standards and source, deviations of predictions, weights, counts."""
    own = members_by_family(tasks[0])["ridges"]
    n_test = max(len(t["measured"]) for t in tasks)
    deviations, weights = np.zeros((len(tasks), len(own), n_test)), np.zeros((len(tasks), n_test))
    for i, t in enumerate(tasks):
        n = len(t["measured"])
        deviations[i, :, :n] = (t["predicted"][own] - t["measured"]) / np.sqrt(t["spread"])
        weights[i, :n] = 1.0 / n
    on_standards = np.stack([np.log(t["errors"][own] / t["spread"] + FLOOR) for t in tasks])
    on_source = np.stack([np.log(t["source_errors"][own] / t["spread"] + FLOOR) for t in tasks])
    counts = effective_counts([t["n_standards"] for t in tasks])
    return [torch.tensor(a, dtype=torch.float32) for a in (on_standards, on_source, deviations, weights, counts)]


def _loss(logits, powers, tensors):
    on_standards, on_source, deviations, weights, counts = tensors
    logits = logits - powers[0] * counts[:, None] * on_standards - powers[1] * on_source
    mixed = torch.einsum("tm,tmn->tn", torch.softmax(logits, dim=1), deviations)
    return 0.5 * torch.log(TOLERATED + (mixed**2 * weights).sum(dim=1))


def _kind_prior():
    """Log prior before any task was seen: each kind of model counts alike, however many of it there are."""
    kinds = [(member.kind, member.deviation > 0) for member in family_members("ridges")]
    return torch.tensor([-np.log(kinds.count(kind)) for kind in kinds], dtype=torch.float32)


def _fit_prior(groups, penalty):
    """Fit log prior and powers to groups of tasks that count alike."""
    base = _kind_prior()
    change = torch.zeros_like(base).requires_grad_()
    powers = torch.tensor(list(POWERS.values())).log().requires_grad_()
    optimiser = torch.optim.Adam([change, powers], lr=0.05)
    for _ in range(STEPS):
        optimiser.zero_grad()
        loss = sum(_loss(base + change, powers.exp(), tensors).mean() for tensors in groups) / len(groups)
        (loss + penalty * (change**2).mean()).backward()
        optimiser.step()
    return (base + change).detach(), powers.detach().exp()


def _hedge(logits, share):
    """Mix a log prior with an even one over the weighted models of default settings."""
    plain = [m.kind == "weighted" and m.target == 1.0 and m.shrinkage == 0.4 for m in family_members("ridges")]
    even = torch.tensor(plain, dtype=torch.float32) / sum(plain)
    return torch.log((1 - share) * torch.softmax(logits, dim=0) + share * even + 1e-12)


def learn_prior(tasks):
    """Learn log prior weights of the ridges and the powers of both errors.

    Whether the prior is hedged is cross-validated.

    Parameters
    ----------
    tasks : list of dict
        With three standards or more and measured references.

    Returns
    -------
    log_prior : dict of {str: float}
        Of the members that are worth their time.
    powers : dict
    report : dict
    """
    split = [[t for t in tasks if (t["kind"] == "real") == real] for real in (True, False)]
    split = [part for part in split if part]
    parts = [folds(part) for part in split]
    scores = dict.fromkeys(HEDGES, 0.0)
    for k in range(N_FOLDS):
        train = [_tensors([t for t, f in zip(part, fold) if f != k]) for part, fold in zip(split, parts)]
        logits, powers = _fit_prior(train, PRIOR_PENALTY)
        for part, fold in zip(split, parts):
            left = [t for t, f in zip(part, fold) if f == k]
            for hedge in HEDGES if left else ():
                error = float(_loss(_hedge(logits, hedge), powers, _tensors(left)).sum())
                scores[hedge] += error / len(part) / len(split)
    hedge = min(scores, key=scores.get)
    everything = [_tensors(part) for part in split]
    logits, powers = _fit_prior(everything, PRIOR_PENALTY)
    logits = _hedge(logits, hedge)
    kept = torch.argsort(-logits)[:MOST_MEMBERS].sort().values
    pruned = torch.full_like(logits, -1e9)
    pruned[kept] = logits[kept]
    errors = [float(np.mean([_loss(each, powers, part).mean() for part in everything])) for each in (logits, pruned)]
    names = [member.name for member in family_members("ridges")]
    normalised = pruned - torch.logsumexp(pruned, dim=0)
    report = {
        "held_out": {f"hedge {h:g}": round(score, 4) for h, score in scores.items()},
        "chosen": f"hedge {hedge:g}",
        "all members": round(errors[0], 4),
        "kept members": round(errors[1], 4),
    }
    return (
        {names[i]: round(float(normalised[i]), 3) for i in kept},
        dict(zip(POWERS, (round(float(power), 3) for power in powers))),
        report,
    )


def learn_powers(tasks, family, log_prior=None):
    """Choose the powers of both errors inside a family from a few, and report what the neighbours would have been.

    Members that a prior does not name are left out.
    """
    known = [t for t in tasks if family in members_by_family(t)]
    settings = [(standards, source) for standards in STANDARD_POWERS for source in SOURCE_POWERS]
    powers = {"standards": np.array([s[0] for s in settings]), "source": np.array([s[1] for s in settings])}
    errors = []
    for t in known:
        own, prior = members_by_family(t)[family], np.zeros(1)
        if log_prior is not None:
            own = np.array([i for i in own if t["members"][i] in log_prior])
            prior = np.array([log_prior[t["members"][i]] for i in own])
        given = (t["errors"][own, None], (t["source_errors"] + t["gaps"])[own, None])
        # one column for each setting
        weights = member_weights(prior, *given, np.array([t["n_standards"]]), powers, t["spread"])
        mixed = weights.T @ t["predicted"][own]
        errors.append(((mixed - t["measured"]) ** 2).mean(axis=1) / t["spread"])
    logs = log_error(np.array(errors))
    scores = {setting: balanced(logs[:, i], known) for i, setting in enumerate(settings)}
    steepest = max(source for (_, source), score in scores.items() if score <= min(scores.values()) + INDIFFERENT)
    best = min((setting for setting in settings if setting[1] == steepest), key=scores.get)
    report = {f"{a:g}, {b:g}": round(score, 4) for (a, b), score in scores.items()}
    return dict(zip(("standards", "source"), best)), {"chosen": f"{best[0]:g}, {best[1]:g}", "held_out": report}


def learn_alike(mixed, shares):
    """Learn how alike two instruments must be: smallest mean log error over the tasks with pairs."""
    tasks = [m.task for m in mixed]
    parts = [(m.gap, m.source_error, m.combined(shares), m.predicted["source"]) for m in mixed]

    def error(parameters):
        constants = {"ratio": float(np.exp(parameters[0])), "slope": float(np.exp(parameters[1]))}
        squares = []
        for (gap, source, rest, own), task in zip(parts, tasks):
            w = alike(np.array([gap]), np.array([source]), task["n_pairs"], constants)[0]
            squares.append(relative_error(task, w * own + (1 - w) * rest))
        return balanced(0.5 * np.log(TOLERATED_ALIKE + np.array(squares)), tasks)

    grid = [(a, b) for a in np.log([0.02, 0.05, 0.1, 0.2, 0.5]) for b in np.log([1.0, 2.0])]
    scores = {where: error(where) for where in grid}
    # of settings that are equally good, the one that is the first to leave a model alone that needs no transfer
    good = [where for where in grid if scores[where] <= min(scores.values()) + INDIFFERENT_ALIKE]
    best = max(good, key=lambda where: (where[0], -scores[where]))
    report = {f"ratio {np.exp(a):.2g}, slope {np.exp(b):.2g}": round(score, 4) for (a, b), score in scores.items()}
    report["without"] = round(error((-50.0, 1.0)), 4)
    return {"ratio": round(float(np.exp(best[0])), 3), "slope": round(float(np.exp(best[1])), 2)}, report


def learn_gate(mixed, constants):
    """Learn threshold and slope of the gate of the target's expert: smallest mean log error over the tasks."""
    rows = []
    for m in mixed:
        if "expert" in m.task:
            rows.append((m.expert_evidence(constants), m.final(constants), 1.0 - m.alike(constants), m.task))
    tasks = [row[3] for row in rows]

    def error(parameters):
        squares = []
        for ratios, predicted, unlike, task in rows:
            w = unlike * gate(ratios, task["n_standards"], *parameters)[0]
            squares.append(relative_error(task, w * task["expert"] + (1 - w) * predicted))
        return balanced(log_error(np.array(squares)), tasks)

    closed = error([-50.0, 0.0])
    found = minimize(error, [-2.5, 1.5], method="Nelder-Mead", options={"xatol": 0.02, "fatol": 1e-5, "maxiter": 80})
    before, after = error(list(GATE.values())), error(found.x)
    report = {"closed": round(closed, 4), "as before": round(before, 4), "best": round(after, 4)}
    if after > before - BETTER or found.x[1] < 0:
        return dict(GATE), report
    return dict(zip(GATE, (round(float(value), 2) for value in found.x))), report


def learn_spread(mixed, constants):
    """Learn how held-out error, source error and spread between members add up to a predictive variance."""
    parts, squares, numbers = [], [], []
    for m in mixed:
        task = m.task
        predicted, held_out, between = m.final(constants), m.held_out(constants), m.between(constants)
        source, w = m.expected.get("few", m.source_error), 0.0
        if "expert" in task:
            w = m.expert_weight(constants)
            held_out = w * task["expert_held_out"] + (1 - w) * held_out
            between = between + w * (1 - w) * (task["expert"] - predicted) ** 2
            predicted = w * task["expert"] + (1 - w) * predicted
            source = task["source_error"]
        n = task["n_standards"] if task["n_standards"] >= 3 else 0
        parts.append((np.nanmean(held_out**2) if n else 0.0, min(source, task["spread"]), n, between, task["spread"]))
        squares.append((predicted - task["measured"]) ** 2)
        numbers.append(task["n_standards"])

    def constants_of(parameters):
        found = dict(zip(("own", "prior_standards", "few", "between"), np.exp(np.minimum(parameters, 50.0))))
        return found | {"prior_standards": min(found["prior_standards"], MOST_PRIOR_STANDARDS)}

    def variances(parameters):
        learned = constants_of(parameters)
        return [
            own_variance(error, source, n, learned) + learned["between"] * between + 1e-6 * spread
            for error, source, n, between, spread in parts
        ]

    def loss(parameters):
        # each task counts once; a Student likelihood, since some tasks are odd
        nu = 5.0
        logs = [
            np.mean(0.5 * np.log(v) + 0.5 * (nu + 1) * np.log1p(s / (nu * v)))
            for v, s in zip(variances(parameters), squares)
        ]
        return float(np.mean(logs))

    start = np.log([1.0, 5.0, 1.0, 1.0])
    found = minimize(loss, start, method="Nelder-Mead", options={"xatol": 0.01, "fatol": 1e-5, "maxiter": 300})
    ratio = [s / v for s, v in zip(squares, variances(found.x))]
    # intervals of 90 % hold on average over the tasks
    scale = float(np.quantile(np.concatenate(ratio), 0.9) / 1.6449**2)
    best = constants_of(found.x)
    constants = {name: float(value * (scale if name in ("own", "between") else 1.0)) for name, value in best.items()}
    constants = {name: round(value, 4) for name, value in constants.items()}
    covered = [np.mean(r < scale * 1.6449**2) for r in ratio]
    report = {
        f"coverage_90, {name}": round(float(np.mean([c for c, n in zip(covered, numbers) if low <= n <= high])), 3)
        for name, low, high in (("N = 0", 0, 0), ("1 to 2", 1, 2), ("3 to 7", 3, 7), ("10 and more", 8, 99))
        if any(low <= n <= high for n in numbers)
    }
    return constants, report
