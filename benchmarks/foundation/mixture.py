"""Learn how far each expert is to be trusted: its prior weight, and how much held-out errors say."""

import json
import warnings
from itertools import product

import numpy as np
from tqdm import tqdm

from benchmarks.foundation.mixture_tasks import draw_tasks
from skspectral import SpectralFMTransfer
from skspectral.foundation._mixture import FLOOR, LEAST_FOR_EVIDENCE, LEAST_PRIOR, expert_weights
from skspectral.foundation._readout import EXPERTS

__all__ = ["EXPERTS", "collect", "learn"]

# Weights beside one of the portfolio.
PRIORS = (0.0, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5)
POWERS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8)
# Numbers of errors from which on more of them say little more; no task has more than fifty.
HALVES = (5, 10, 20, 50)
SHARES = np.linspace(0, 1, 11)


def collect(path, weights, n_simulated, n_repeats, quiet=False):
    """Fit the model to every task and append what its experts got wrong to a file of JSON lines.

    Tasks that the file holds already are not fitted again.

    Parameters
    ----------
    path : Path
        The file.
    weights : str or path
        Weights of the network.
    n_simulated, n_repeats : int
        Numbers of simulated tasks, and of splits of the real pairs.
    quiet : bool
        No progress bar.
    """
    done = len(path.read_text().splitlines()) if path.exists() else 0
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        for number, (kind, task) in enumerate(tqdm(draw_tasks(n_simulated, n_repeats), unit="task", disable=quiet)):
            if number < done:
                continue
            record = {"kind": kind, "material": task.material, "properties": errors(task, weights)}
            print(json.dumps(record), file=file)
            file.flush()


def errors(task, weights):
    """Errors of all experts on standards and test samples, for every property, relative to the spread of ``y``."""
    model = SpectralFMTransfer(weights, wavelengths=task.axis, source="A", target="B")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(task.X, task.y, instrument=task.instrument, sample_id=task.sample_id)
    predicted = {name: p.reshape(len(task.X_test), -1) for name, p in model.predict_experts(task.X_test).items()}
    spread = np.nanstd(task.y[task.instrument == "A"], axis=0)
    records = []
    for j in range(task.y.shape[1]):
        known = np.isfinite(task.y_test[:, j])
        wrong = {name: (task.y_test[known, j] - p[known, j]) / spread[j] for name, p in predicted.items()}
        # an expert that had too few standards for this property takes no part
        table = np.stack([part for part in wrong.values() if np.isfinite(part).all()])
        names = [name for name, part in wrong.items() if np.isfinite(part).all()]
        held_out = {
            name: [None if np.isnan(e) else round(float(e), 5) for e in model.held_out_[name][:, j] / spread[j]]
            for name in names
        }
        # mean squared error of a mixture with weights w: w @ products @ w
        products = (table @ table.T / table.shape[1]).tolist()
        records.append({"held_out": held_out, "products": products})
    return records


def learn(path):
    """Choose the constants of the mixture that make its errors smallest, every property of every task counting alike.

    Parameters
    ----------
    path : Path
        What `collect` wrote.

    Returns
    -------
    constants : dict
        For ``skspectral/foundation/mixture.json``.
    report : list of dict
        For every kind of task, with and without standards: number of properties, and geometric mean of the error of
        each expert and of the mixture over that of the portfolio.
    """
    cases = [
        _Case(record["kind"], values)
        for record in map(json.loads, path.read_text().splitlines())
        for values in record["properties"]
    ]
    labelled, zero_shot = ([case for case in cases if case.zero_shot == wanted] for wanted in (False, True))
    own = [False, *(True for _ in PRIORS[1:])] if any("own range" in case.names for case in labelled) else [False]
    grid = product(PRIORS, PRIORS, [p for p, used in zip(PRIORS, own) if used or p == 0], POWERS, HALVES)
    table = _Table(labelled)
    best = min(grid, key=lambda setting: table.score((1.0, *setting[:3]), *setting[3:]).mean())
    prior = np.array((1.0, *best[:3])) / sum((1.0, *best[:3]))
    unlabelled = _Table(zero_shot)
    shares = [(1 - a - b, a, b, 0.0) for a, b in product(SHARES, SHARES) if a + b <= 1 + 1e-9]
    without = min(shares, key=lambda share: unlabelled.score(share, 0.0, 1.0).mean())
    constants = {
        "prior": dict(zip(EXPERTS, np.round(prior, 4).tolist())),
        "without_standards": dict(zip(EXPERTS, np.round(without, 4).tolist())),
        "power": best[3],
        "half": best[4],
    }
    return constants, [*_report(labelled, constants), *_report(zero_shot, constants)]


class _Case:
    """One property of one task."""

    def __init__(self, kind, values):
        self.kind, self.names = kind, tuple(values["held_out"])
        self.products = np.array(values["products"])
        self.held_out = {name: np.array(part, dtype=float)[:, None] for name, part in values["held_out"].items()}
        self.zero_shot = not any(np.isfinite(part).any() for part in self.held_out.values())

    def weights(self, constants):
        found = expert_weights(self.held_out, np.ones(1), zero_shot=self.zero_shot, constants=constants)
        return np.array([found[name][0] for name in self.names])

    def log_ratio(self, weight):
        """Logarithm of the root mean squared error with some weights over that of the portfolio."""
        return 0.5 * np.log((FLOOR + weight @ self.products @ weight) / (FLOOR + self.products[0, 0]))


class _Table:
    """All cases at once, for searching."""

    def __init__(self, cases):
        n = len(cases)
        self._there = np.array([[name in case.names for name in EXPERTS] for case in cases]).reshape(n, len(EXPERTS))
        self._products = np.zeros((n, len(EXPERTS), len(EXPERTS)))
        self._log_errors, self._count = np.zeros((n, len(EXPERTS))), np.zeros(n)
        for place, case in enumerate(cases):
            at = [EXPERTS.index(name) for name in case.names]
            self._products[place][np.ix_(at, at)] = case.products
            held_out = np.hstack([case.held_out[name] for name in case.names])
            known = np.isfinite(held_out).all(axis=1)
            if known.sum() >= LEAST_FOR_EVIDENCE:
                self._count[place] = known.sum()
                self._log_errors[place, at] = np.log(FLOOR + (held_out[known] ** 2).mean(axis=0))

    def score(self, prior, power, half):
        """Logarithms of the errors over the portfolio's (n_cases,)."""
        evidence = self._count / (1 + self._count / half)
        score = np.log(np.maximum(prior, LEAST_PRIOR)) - 0.5 * power * evidence[:, None] * self._log_errors
        weight = np.exp(np.where(self._there, score - score.max(axis=1, keepdims=True), -np.inf))
        weight /= weight.sum(axis=1, keepdims=True)
        mixed = np.einsum("ci,cij,cj->c", weight, self._products, weight)
        return 0.5 * np.log((FLOOR + mixed) / (FLOOR + self._products[:, 0, 0]))


def _report(cases, constants):
    for kind in sorted({case.kind for case in cases}):
        own = [case for case in cases if case.kind == kind]
        weights = [case.weights(constants) for case in own]
        row = {
            "kind": kind,
            "standards": "without standards" if own[0].zero_shot else "with standards",
            "properties": len(own),
        }
        for name in EXPERTS[1:]:
            there = [case for case in own if name in case.names]
            ratios = [case.log_ratio(np.eye(len(case.names))[case.names.index(name)]) for case in there]
            row[name] = float(np.exp(np.mean(ratios))) if ratios else None
        row["mixture"] = float(np.exp(np.mean([case.log_ratio(w) for case, w in zip(own, weights)])))
        row["portfolio weight"] = float(np.mean([w[0] for w in weights]))
        yield row
