"""What each part of the foundation model is worth, on the splits of the accuracy benchmark.

The portfolio alone; beside it a network with random weights, the pretrained one as it is, with low-rank updates, and
with test-time training; of each the network alone, every calibration made of its features, and the mixture. Settings
are fixed before: nothing here chooses.
"""

import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
from tqdm import tqdm

from benchmarks.accuracy.data import PLANS, load_pair
from benchmarks.accuracy.protocol import UNLABELLED, Job, Unit, unit_rows
from benchmarks.accuracy.random_network import untrained_twin
from benchmarks.accuracy.store import SettingsChangedError, Table
from skspectral import SpectralFMTransfer, metrics
from skspectral.foundation import foundation_hash
from skspectral.foundation._mixture import mix, network_shares

__all__ = ["NETWORKS", "run"]

NETWORKS = {
    "random weights": {},
    "pretrained": {},
    "pretrained, LoRA": {"adapt": "lora"},
    "pretrained, TTT": {"ttt_steps": 10},
}
# The experts of the model, and what the tables call them; "network" there is all of its calibrations together.
CALIBRATIONS = {
    "portfolio": "portfolio",
    "network": "trained head alone",
    "own range": "own range alone",
}
KEY = ("dataset", "source", "target", "repeat", "n_standards", "network", "expert", "property")
FIGURES = ("rmsep", "r2", "weight", "fit_seconds", "predict_ms", "settings")
N_STANDARDS = (0, 5, 10)


def run(path, weights, dataset, n_repeats, networks=tuple(NETWORKS), standards=N_STANDARDS, quiet=False):
    """Compute what is missing in a results file.

    Parameters
    ----------
    path : Path
        CSV file; rows that it holds are kept.
    weights : str or path
        Pretrained weights.
    dataset : str
        A data set of the accuracy benchmark.
    n_repeats : int
        Random splits of every pair.
    networks : sequence of str
        Which, see `NETWORKS`.
    standards : sequence of int
        Numbers of standards. With none, all calibration samples are known on the target, without pair and reference.
    quiet : bool
        No progress bar.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    table = Table(path, KEY, FIGURES)
    twin = untrained_twin(weights, Path(tempfile.mkdtemp()) / "untrained")
    plan = PLANS[dataset]
    jobs = [
        (Job(dataset, *pair, "random", repeat, plan.test_size, plan.standards, plan.properties, ()), n, network)
        for n in standards
        for repeat in range(n_repeats)
        for pair in plan.pairs
        for network in networks
    ]
    sources = {network: twin if network == "random weights" else weights for network in networks}
    settings = {network: foundation_hash(source) for network, source in sources.items()}
    changed = [row for row in table.rows.values() if settings.get(row["network"], row["settings"]) != row["settings"]]
    if changed:
        raise SettingsChangedError(f"{path} holds results of other weights, or of another mixture. Move it away.")
    jobs = [job for job in jobs if (*_labels(*job), "mixture", plan.properties[-1]) not in table.rows]
    for job, n, network in tqdm(jobs, unit="fit", disable=quiet):
        rows = _fit_and_score(job, n, network, SpectralFMTransfer(sources[network], **NETWORKS[network]))
        table.append([row | {"settings": settings[network]} for row in rows])


def _fit_and_score(job, n, network, model):
    pair = load_pair(job.dataset, job.source, job.target)
    rows, spectra, _, test = unit_rows(pair, job, Unit("SpectralFMTransfer", n or UNLABELLED))
    model.set_params(wavelengths=rows.wavelengths, source=pair.source, target=pair.target)
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(rows.X, rows.y, instrument=rows.instrument, sample_id=rows.sample_id)
    seconds = time.perf_counter() - start
    start = time.perf_counter()
    model.predict(spectra[test][:1])
    milliseconds = 1000 * (time.perf_counter() - start)
    values = {name: p.reshape(len(test), -1) for name, p in model.predict_experts(spectra[test]).items()}
    weights, shares = model.expert_weights_, network_shares(model.expert_weights_)
    experts = {CALIBRATIONS[name]: (value, weights[name]) for name, value in values.items()}
    experts["network"] = (mix({name: values[name] for name in shares}, shares), model.network_weight_)
    experts["mixture"] = (mix(values, weights), model.network_weight_)
    for expert, (predicted, share) in experts.items():
        for j, name in enumerate(job.properties):
            known = np.isfinite(pair.y[test, j])
            measured, found = pair.y[test, j][known], predicted[known, j]
            if not np.isfinite(found).all():
                # an expert that had too few standards
                continue
            figures = (metrics.rmsep(measured, found), metrics.r2(measured, found), share[j], seconds, milliseconds)
            key = (*_labels(job, n, network), expert, name)
            yield dict(zip((*KEY, *FIGURES[:-1]), (*key, *map(float, figures)), strict=True))


def _labels(job, n, network):
    return (job.dataset, job.source, job.target, str(job.repeat), str(n), network)
