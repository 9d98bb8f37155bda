"""Learn how far the network is to be trusted beside the portfolio: its prior weight, and how strong that is."""

import json
import warnings
from itertools import product

import numpy as np
from tqdm import tqdm

from benchmarks.foundation.mixture_tasks import draw_tasks
from skspectral import SpectralFMTransfer
from skspectral.foundation._mixture import network_weight

__all__ = ["collect", "learn"]

PRIORS = np.linspace(0, 1, 21)
STRENGTHS = 10 ** np.linspace(-1, 2.5, 15)
# Errors below this share of the variance of the references count alike.
FLOOR = 0.01


def collect(path, weights, n_simulated, n_repeats, quiet=False):
    """Fit the model to every task and append what its two experts got wrong to a file of JSON lines.

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
            print(
                json.dumps({"kind": kind, "material": task.material, "properties": _errors(task, weights)}), file=file
            )
            file.flush()


def _errors(task, weights):
    """Errors of both experts on standards and test samples, for every property, relative to the spread of ``y``."""
    model = SpectralFMTransfer(weights, wavelengths=task.axis, source="A", target="B")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(task.X, task.y, instrument=task.instrument, sample_id=task.sample_id)
    portfolio, network = (p.reshape(len(task.X_test), -1) for p in model.predict_experts(task.X_test))
    spread = np.nanstd(task.y[task.instrument == "A"], axis=0)
    records = []
    for j in range(task.y.shape[1]):
        held_out = [model.portfolio_held_out_[:, j] / spread[j], model.network_held_out_[:, j] / spread[j]]
        known = np.isfinite(task.y_test[:, j])
        error = (task.y_test[known, j] - portfolio[known, j]) / spread[j]
        difference = (network[known, j] - portfolio[known, j]) / spread[j]
        records.append(
            {
                "held_out": [[None if np.isnan(e) else round(float(e), 5) for e in part] for part in held_out],
                # mean squared error of a mixture with weight w: a - 2 w b + w^2 c
                "a": float(np.mean(error**2)),
                "b": float(np.mean(error * difference)),
                "c": float(np.mean(difference**2)),
            }
        )
    return records


def learn(path):
    """Choose the constants of the mixture that make its errors smallest, every property of every task counting alike.

    Parameters
    ----------
    path : Path
        What `collect` wrote.

    Returns
    -------
    constants : dict of {str: float}
        For ``skspectral/foundation/mixture.json``.
    report : list of dict
        For every kind of task, with and without standards: number of properties, and geometric mean of the error of
        network and mixture over that of the portfolio.
    """
    cases = [
        (record["kind"], values, np.array(values["held_out"], dtype=float))
        for record in map(json.loads, path.read_text().splitlines())
        for values in record["properties"]
    ]
    labelled = [case for case in cases if np.isfinite(case[2]).all(axis=0).any()]
    zero_shot = [case for case in cases if not np.isfinite(case[2][1]).any()]
    best = min(
        ({"prior": p, "strength": s, "without_standards": 0.0} for p, s in product(PRIORS, STRENGTHS)),
        key=lambda constants: _score(labelled, constants),
    )
    best["without_standards"] = min(PRIORS, key=lambda w: _score(zero_shot, best | {"without_standards": w}))
    constants = {name: round(float(value), 4) for name, value in best.items()}
    report = []
    for name, group in (("with standards", labelled), ("without standards", zero_shot)):
        for kind in sorted({case[0] for case in group}):
            own = [case for case in group if case[0] == kind]
            report.append(
                {
                    "kind": kind,
                    "standards": name,
                    "properties": len(own),
                    "network": float(np.exp(np.mean([_log_ratio(case, 1.0) for case in own]))),
                    "mixture": float(np.exp(np.mean([_log_ratio(case, _weight(case, constants)) for case in own]))),
                    "weight": float(np.mean([_weight(case, constants) for case in own])),
                }
            )
    return constants, report


def _weight(case, constants):
    zero_shot = not np.isfinite(case[2][1]).any()
    return float(network_weight(*case[2][:, :, None], zero_shot, constants)[0])


def _log_ratio(case, weight):
    """Logarithm of the root mean squared error with a weight over that of the portfolio."""
    a, b, c = (case[1][name] for name in "abc")
    return 0.5 * np.log((FLOOR + a - 2 * weight * b + weight**2 * c) / (FLOOR + a))


def _score(cases, constants):
    return np.mean([_log_ratio(case, _weight(case, constants)) for case in cases])
