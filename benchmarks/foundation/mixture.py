"""Learn how far each expert is to be trusted: its prior weight, and how much held-out errors say."""

import json
import warnings
from itertools import product

import numpy as np
from tqdm import tqdm

from benchmarks.foundation.mixture_tasks import SIMULATED, draw_tasks
from skspectral import SpectralFMTransfer
from skspectral.foundation._mixture import FLOOR, LEAST_FOR_EVIDENCE, LEAST_PRIOR, expert_weights
from skspectral.foundation._readout import EXPERTS

__all__ = ["EXPERTS", "Case", "Table", "collect", "learn", "report", "to_cases"]

# Weights beside one of the portfolio.
PRIORS = (0.0, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5)
POWERS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8)
# Numbers of errors from which on more of them say little more; no task has more than fifty.
HALVES = (5, 10, 20, 50)
SHARES = np.linspace(0, 1, 11)
# How much it says without standards that predictions vary more than references do, and from which excess on.
EXCESS_POWERS, EXCESS_FLOORS = (0.0, 0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0), (0.1, 0.2, 0.4, 0.8)
BOOTSTRAPS = 200
COMPARED = (0, 3, 5, 10)


def collect(path, networks, n_simulated, n_repeats, quiet=False):
    """Fit the model to every task and append what its experts got wrong to a file of JSON lines.

    Tasks that the file holds already are not fitted again.

    Parameters
    ----------
    path : Path
        The file.
    networks : dict of {str: str or path}
        Weights of every network that is tried; all but the first one only where both instruments have one axis, and
        with the numbers of standards in ``COMPARED``.
    n_simulated, n_repeats : int
        Numbers of simulated settings, and of splits of the real pairs.
    quiet : bool
        No progress bar.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        file.seek(0)
        done = {_label(json.loads(line)) for line in file}
        for kind, setting, n_standards, task in tqdm(draw_tasks(n_simulated, n_repeats), unit="task", disable=quiet):
            for number, (network, weights) in enumerate(networks.items()):
                record = {"kind": kind, "setting": setting, "standards": n_standards, "network": network}
                compared = not kind.startswith("native") and n_standards in COMPARED
                if _label(record) in done or (number and not compared):
                    continue
                record |= {"material": task.material, "properties": errors(task, weights)}
                print(json.dumps(record), file=file, flush=True)


def _label(record):
    return tuple(record[name] for name in ("kind", "setting", "standards", "network"))


def errors(task, weights):
    """Errors of all experts on standards and test samples, for every property, relative to the spread of ``y``."""
    model = SpectralFMTransfer(weights, wavelengths=task.axis, source="A", target="B")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(task.X, task.y, instrument=task.instrument, sample_id=task.sample_id)
    predicted = {name: p.reshape(len(task.X_test), -1) for name, p in model.predict_experts(task.X_test).items()}
    spread = np.nanstd(task.y[task.instrument == "A"], axis=0)
    said = _said(model, task)
    records = []
    for j in range(task.y.shape[1]):
        known = np.isfinite(task.y_test[:, j])
        wrong = {name: (task.y_test[known, j] - p[known, j]) / spread[j] for name, p in predicted.items()}
        # an expert that had too few standards for this property takes no part
        table = np.stack([part for part in wrong.values() if np.isfinite(part).all()])
        names = [name for name, part in wrong.items() if np.isfinite(part).all()]
        held_out = {
            name: [None if np.isnan(e) else _rounded(e) for e in model.held_out_[name][:, j] / spread[j]]
            for name in names
        }
        # mean squared error of a mixture with weights w: w @ products @ w
        products = [[_rounded(value, 7) for value in row] for row in table @ table.T / table.shape[1]]
        record = {"held_out": held_out, "products": products}
        if said:
            record["said"] = {name: _rounded(said[name][j] / spread[j]) for name in names}
        records.append(record)
    return records


def _said(model, task):
    """Standard deviation over target rows of what every expert says of them, where held-out errors say nothing."""
    on_target = task.instrument == "B"
    if np.isfinite(task.y[on_target]).any(axis=1).sum() >= LEAST_FOR_EVIDENCE:
        return {}
    said = model.predict_experts(task.X[on_target])
    return {name: value.reshape(on_target.sum(), -1).std(axis=0) for name, value in said.items()}


def _rounded(value, digits=4):
    return float(f"{value:.{digits}g}")


def learn(records):
    """Choose the constants of the mixture.

    What is best on a few hundred tasks is often a corner, where it is best by chance. The constants are therefore the
    mean of those that are best on many bootstrap samples of materials and pairs of instruments. Simulated and real
    instruments count alike, within each every material or pair, and within these every property of every task. Tasks
    with one or two standards take no part: their prior weights lie between.

    Parameters
    ----------
    records : list of dict
        What `collect` wrote of one network.

    Returns
    -------
    constants : dict
        For ``skspectral/foundation/mixture.json``.
    """
    cases = to_cases(records)
    labelled = [case for case in cases if case.standards >= LEAST_FOR_EVIDENCE]
    zero_shot = [case for case in cases if not case.standards]
    own = [False, *(True for _ in PRIORS[1:])] if any("own range" in case.names for case in labelled) else [False]
    grid = list(product(PRIORS, [p for p, used in zip(PRIORS, own) if used or p == 0], POWERS, HALVES))
    table = Table(labelled)
    priors = np.array([(1.0, *setting[:2]) for setting in grid])
    scores = np.array([table.score(prior, *setting[2:]) for prior, setting in zip(priors, grid)], dtype=np.float32)
    chosen = [int(np.argmin(scores @ weight)) for weight in _bootstraps(labelled)]
    there = np.array([any(name in case.names for case in zero_shot) for name in EXPERTS])
    shares = [(1 - network, network, 0.0) for network in SHARES]
    shares = [share for share in shares if not np.any(np.array(share)[~there])]
    unlabelled, alone = Table(zero_shot), list(product(shares, EXCESS_POWERS, EXCESS_FLOORS))
    scores = np.array([unlabelled.score_alone(*setting) for setting in alone], dtype=np.float32)
    best = [alone[int(np.argmin(scores @ weight))] for weight in _bootstraps(zero_shot)]
    without, power, floor = (np.mean([setting[k] for setting in best], axis=0) for k in range(3))
    prior = (priors / priors.sum(1, keepdims=True))[chosen].mean(0)
    return {
        "prior": dict(zip(EXPERTS, np.round(prior, 3).tolist())),
        "without_standards": dict(zip(EXPERTS, np.round(without, 3).tolist())),
        "excess": {"power": round(float(power), 1), "floor": round(float(floor), 2)},
        "power": round(float(np.mean([grid[k][2] for k in chosen])), 2),
        "half": round(float(np.mean([grid[k][3] for k in chosen]))),
    }


def to_cases(records):
    """Give one `Case` for every property of every task."""
    return [Case(record, values) for record in records for values in record["properties"]]


def _bootstraps(cases):
    """Weights of the cases (n_cases,) in every bootstrap sample of materials and pairs."""
    random = np.random.default_rng(0)
    sides = [sorted({case.material for case in cases if case.simulated == side}) for side in (True, False)]
    for _ in range(BOOTSTRAPS):
        weight = np.zeros(len(cases))
        for simulated, names in zip((True, False), sides, strict=True):
            for name in random.choice(names, len(names)) if names else ():
                own = np.array([case.material == name and case.simulated == simulated for case in cases])
                weight[own] += 1 / (len(names) * own.sum())
        yield weight / weight.sum()


class Case:
    """One property of one task."""

    def __init__(self, record, values):
        self.kind, self.material, self.standards = record["kind"], record["material"], record["standards"]
        self.simulated = self.kind in SIMULATED
        self.names = tuple(values["held_out"])
        self.products = np.array(values["products"])
        self.held_out = {name: np.array(part, dtype=float)[:, None] for name, part in values["held_out"].items()}
        said = values.get("said")
        self.said = said and {name: np.array([said[name] ** 2]) for name in self.names}

    def weights(self, constants):
        """Weights of the experts (n_experts,) as the model chooses them."""
        found = expert_weights(self.held_out, np.ones(1), standards=self.standards, said=self.said, constants=constants)
        return np.array([found[name][0] for name in self.names])

    def only(self, name):
        """Weights of one expert alone (n_experts,)."""
        return np.eye(len(self.names))[self.names.index(name)]

    def log_ratio(self, weight):
        """Logarithm of the root mean squared error with some weights over that of the portfolio."""
        return 0.5 * np.log((FLOOR + weight @ self.products @ weight) / (FLOOR + self.products[0, 0]))


class Table:
    """All cases at once, for searching."""

    def __init__(self, cases):
        n = len(cases)
        self._there = np.array([[name in case.names for name in EXPERTS] for case in cases]).reshape(n, len(EXPERTS))
        self._products = np.zeros((n, len(EXPERTS), len(EXPERTS)))
        self._log_errors, self._count = np.zeros((n, len(EXPERTS))), np.zeros(n)
        self._excess = np.zeros((n, len(EXPERTS)))
        for place, case in enumerate(cases):
            at = [EXPERTS.index(name) for name in case.names]
            self._products[place][np.ix_(at, at)] = case.products
            if case.said:
                self._excess[place, at] = [max(case.said[name][0] - 1, 0) for name in case.names]
            held_out = np.hstack([case.held_out[name] for name in case.names])
            known = np.isfinite(held_out).all(axis=1)
            if known.sum() >= LEAST_FOR_EVIDENCE:
                self._count[place] = known.sum()
                self._log_errors[place, at] = np.log(FLOOR + (held_out[known] ** 2).mean(axis=0))

    def score(self, prior, power, half):
        """Logarithms of the errors over the portfolio's (n_cases,)."""
        evidence = self._count / (1 + self._count / half)
        score = np.log(np.maximum(prior, LEAST_PRIOR)) - 0.5 * power * evidence[:, None] * self._log_errors
        return self._mixed(score)

    def score_alone(self, prior, power, floor):
        """The same without standards, by what the experts say of target spectra."""
        return self._mixed(np.log(np.maximum(prior, LEAST_PRIOR)) - 0.5 * power * np.log(floor + self._excess))

    def _mixed(self, score):
        weight = np.exp(np.where(self._there, score - score.max(axis=1, keepdims=True), -np.inf))
        weight /= weight.sum(axis=1, keepdims=True)
        mixed = np.einsum("ci,cij,cj->c", weight, self._products, weight)
        return 0.5 * np.log((FLOOR + mixed) / (FLOOR + self._products[:, 0, 0]))


def report(records, constants):
    """Give the errors of each expert and of the mixture over the portfolio's, by kind of task and standards."""
    cases = to_cases(records)
    rows = []
    for kind, standards in sorted({(case.kind, case.standards) for case in cases}):
        own = [case for case in cases if (case.kind, case.standards) == (kind, standards)]
        weights = [case.weights(constants) for case in own]
        row = {
            "kind": kind,
            "standards": standards,
            "properties": len(own),
        }
        for name in EXPERTS[1:]:
            ratios = [case.log_ratio(case.only(name)) for case in own if name in case.names]
            row[name] = float(np.exp(np.mean(ratios))) if ratios else None
        row["mixture"] = float(np.exp(np.mean([case.log_ratio(w) for case, w in zip(own, weights)])))
        row["portfolio weight"] = float(np.mean([w[0] for w in weights]))
        rows.append(row)
    return rows
