"""Learn the portfolio's constants from what its members do on simulated tasks."""

import numpy as np
import torch
from scipy.optimize import minimize

from skspectral.transfer.portfolio._members import all_members
from skspectral.transfer.portfolio._mixture import FLOOR, evidence_counts, mixture_weights
from skspectral.transfer.portfolio._target_expert import TargetExpert, evidence, gate

__all__ = ["learn_gate", "learn_prior", "learn_spread", "mix"]

# relative mean squared errors below this are all equally good
TOLERATED = 0.02
PENALTIES = (1e-3, 1e-2, 1e-1, 1.0)
N_FOLDS = 4
STEPS = 200
POWERS = {"standards": 0.1, "source": 1.0}
NAMES = ("simulated", "real pairs")
# share of the prior kept for models that inject the differences as noise, with every preprocessing alike: what was
# learned on some instruments may be wrong on others
HEDGES = (0.0, 0.5)


def _tensors(tasks):
    """Stack tasks: log errors on standards and source, predictions minus measured, number of standards."""
    on_standards = np.stack([np.log(t["errors"] / t["spread"] + FLOOR) for t in tasks])
    on_source = np.stack([np.log(t["source_errors"] / t["spread"] + FLOOR) for t in tasks])
    deviations = np.stack([(t["predicted"] - t["measured"]) / t["measured"].std() for t in tasks])
    numbers = evidence_counts([t["n_standards"] for t in tasks])
    return [torch.tensor(a, dtype=torch.float32) for a in (on_standards, on_source, deviations, numbers)]


def _loss(logits, powers, tensors):
    on_standards, on_source, deviations, numbers = tensors
    logits = logits - powers[0] * numbers[:, None] * on_standards - powers[1] * on_source
    mixed = torch.einsum("tm,tmn->tn", torch.softmax(logits, dim=1), deviations)
    return torch.log(TOLERATED + (mixed**2).mean(dim=1))


def _family_prior():
    """Log prior before any task was seen: each kind of model counts alike, however many of it there are."""
    kinds = [(member.kind, member.deviation > 0) for member in all_members()]
    return torch.tensor([-np.log(kinds.count(kind)) for kind in kinds], dtype=torch.float32)


def _fit(groups, penalty):
    """Fit log prior and powers to groups of tasks that count alike."""
    base = _family_prior()
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
    plain = [m.kind == "weighted" and m.target == 1.0 and m.shrinkage == 0.4 for m in all_members()]
    even = torch.tensor(plain, dtype=torch.float32) / sum(plain)
    return torch.log((1 - share) * torch.softmax(logits, dim=0) + share * even + 1e-12)


def _fold(tasks):
    """Fold of each task; a material, or a pair of instruments, is never in two."""
    materials = sorted({t["material"] for t in tasks})
    return np.array([materials.index(t["material"]) % N_FOLDS for t in tasks])


def learn_prior(simulated, real):
    """Learn log prior weights and the powers of both errors.

    Simulated tasks and those between real instruments count alike. How far the prior may leave equal weights, and
    whether the real ones are learned from at all, and whether the prior is hedged, is cross-validated: over materials,
    and over pairs of instruments.

    Parameters
    ----------
    simulated, real : list of dict
        Tasks with measured references.

    Returns
    -------
    log_prior : ndarray of shape (n_members,)
    powers : dict
    report : dict
    """
    settings = [(with_real, penalty) for with_real in (False, True) for penalty in PENALTIES]
    scores = {(*setting, hedge): np.zeros(2) for setting in settings for hedge in HEDGES}
    folds = [_fold(simulated), _fold(real)]
    for k in range(N_FOLDS):
        kept = [[t for t, f in zip(tasks, fold) if f != k] for tasks, fold in zip((simulated, real), folds)]
        left = [[t for t, f in zip(tasks, fold) if f == k] for tasks, fold in zip((simulated, real), folds)]
        train = [_tensors(tasks) for tasks in kept]
        test = [(_tensors(part), i, len(whole)) for i, (part, whole) in enumerate(zip(left, (simulated, real))) if part]
        for with_real, penalty in settings:
            logits, powers = _fit(train if with_real else train[:1], penalty)
            for hedge in HEDGES:
                for tensors, i, n_tasks in test:
                    error = float(_loss(_hedge(logits, hedge), powers, tensors).sum())
                    scores[with_real, penalty, hedge][i] += error / n_tasks
    with_real, penalty, hedge = min(scores, key=lambda setting: scores[setting].mean())
    everything = [_tensors(simulated), _tensors(real)]
    logits, powers = _fit(everything if with_real else everything[:1], penalty)
    logits = _hedge(logits, hedge)
    powers = dict(zip(POWERS, (round(float(power), 4) for power in powers)))
    report = {
        "log_error_held_out": {
            _describe(*setting): dict(zip(NAMES, values.round(4).tolist())) for setting, values in scores.items()
        },
        "log_error_other_choices": {name: _other_choices(tensors) for name, tensors in zip(NAMES, everything)},
        "chosen": _describe(with_real, penalty, hedge),
    }
    return (logits - torch.logsumexp(logits, dim=0)).numpy().astype(float), powers, report


def _describe(with_real, penalty, hedge):
    return f"{'with' if with_real else 'without'} real pairs, penalty {penalty:g}, hedge {hedge:g}"


def _other_choices(tensors):
    """Log errors of simpler ways to use the same members."""
    single = torch.log(TOLERATED + (tensors[2] ** 2).mean(dim=2))
    return {
        "equal families": round(float(_loss(_family_prior(), (0.0, 0.0), tensors).mean()), 4),
        "best single member": round(float(single.mean(dim=0).min()), 4),
        "smallest held-out error": round(float(single[range(len(single)), tensors[0].argmin(dim=1)].mean()), 4),
        "best in hindsight": round(float(single.min(dim=1).values.mean()), 4),
    }


def mix(task, log_prior, powers):
    """Portfolio prediction, its held-out residuals and the spread between members, for one task."""
    spread = np.array([task["spread"]])
    errors, source_errors = task["errors"][:, None], task["source_errors"][:, None]
    weights = mixture_weights(log_prior, errors, source_errors, np.array([task["n_standards"]]), powers, spread)[:, 0]
    predicted = weights @ task["predicted"]
    between = weights @ (task["predicted"] - predicted) ** 2
    return predicted, weights @ task["held_out"], between


def _gate_inputs(tasks, log_prior, powers):
    rows = []
    for task in tasks:
        predicted, held_out, _ = mix(task, log_prior, powers)
        expert = TargetExpert(
            None,
            None,
            task["expert_held_out"][:, None],
            np.array([task["source_error"]]),
            np.array([task["easier_on_target"]]),
        )
        ratios = evidence(held_out[:, None], expert, np.array([task["spread"]]))
        rows.append((ratios, predicted, task))
    return rows


def learn_gate(tasks, log_prior, powers):
    """Learn threshold and slope of the gate: smallest mean log error over the tasks."""
    rows = _gate_inputs(tasks, log_prior, powers)

    def error(parameters):
        logs = []
        for ratios, predicted, task in rows:
            w = gate(ratios, task["n_standards"], parameters[0], parameters[1])[0]
            deviation = (w * task["expert"] + (1 - w) * predicted - task["measured"]) / task["measured"].std()
            logs.append(np.log(TOLERATED + (deviation**2).mean()))
        return float(np.mean(logs))

    closed = error([-50.0, 0.0])
    found = minimize(error, [-2.5, 2.0], method="Nelder-Mead", options={"xatol": 0.02, "fatol": 1e-5})
    threshold, slope = (round(float(value), 2) for value in found.x)
    report = {"log_error_closed": round(closed, 4), "log_error_open_by_evidence": round(error([threshold, slope]), 4)}
    return {"threshold": threshold, "slope": slope}, report


def learn_spread(tasks, log_prior, powers, gate_constants):
    """Learn how held-out error, source error and spread between members add up to a predictive variance."""
    parts, squares = [], []
    for ratios, predicted, task in _gate_inputs(tasks, log_prior, powers):
        _, held_out, between = mix(task, log_prior, powers)
        w = gate(ratios, task["n_standards"], gate_constants["threshold"], gate_constants["slope"])[0]
        residual = w * task["expert_held_out"] + (1 - w) * held_out
        mixed = w * task["expert"] + (1 - w) * predicted
        between = between + w * (1 - w) * (task["expert"] - predicted) ** 2
        parts.append((np.nanmean(residual**2), task["source_error"], task["n_standards"], between, task["spread"]))
        squares.append((mixed - task["measured"]) ** 2)

    def variances(parameters):
        own, prior_standards, weight = np.exp(parameters)
        return [
            own * (n * error + prior_standards * source) / (n + prior_standards) + weight * between + 1e-6 * spread
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

    found = minimize(loss, np.log([1.0, 3.0, 1.0]), method="Nelder-Mead", options={"xatol": 0.01, "fatol": 1e-5})
    own, prior_standards, weight = np.exp(found.x)
    ratio = np.concatenate([s / v for s, v in zip(squares, variances(found.x))])
    scale = float(np.quantile(ratio, 0.9) / 1.6449**2)
    constants = {
        "own": round(float(own * scale), 4),
        "prior_standards": round(float(prior_standards), 3),
        "between": round(float(weight * scale), 4),
    }
    return constants, {"coverage_90": round(float(np.mean(ratio < scale * 1.6449**2)), 4)}
