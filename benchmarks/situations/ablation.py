"""The portfolio without one of its families, on tasks that nothing was learned from, and on corn and tablets."""

from itertools import product

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.accuracy.data import PLANS, load_pair
from benchmarks.accuracy.protocol import OTHER_SAMPLES, Unit, make_jobs, unit_rows
from benchmarks.prior.collect import collect as collect_task
from benchmarks.prior.collect import members_of
from benchmarks.prior.families import mix_families, relative_error
from benchmarks.prior.real_pairs import draw_pair_settings, load_corpus_pairs, load_pairs
from benchmarks.prior.settings import load_all_materials, simulated_setting
from benchmarks.prior.tasks import Task
from skspectral.transfer.portfolio._constants import constants
from skspectral.transfer.portfolio._members import FAMILIES

__all__ = ["STANDARDS", "collect", "predict_without", "tasks_of_corn_and_tablets", "tasks_of_pairs", "tasks_simulated"]

STANDARDS = (0, 3, 5, 10, 20)
FIRST_SEED = 90_000
# the constants were learned on splits of the same pairs with lower numbers
FIRST_SPLIT = 8
EVALUATED = {"corn": slice(None), "tablets": slice(2, 3)}


def predict_without(task, removed=None):
    """Prediction of a collected task by all families, or by all but one, the target's own expert included.

    Parameters
    ----------
    task : dict
        As ``benchmarks.prior.collect`` gives it.
    removed : str, optional
        A family.

    Returns
    -------
    ndarray of shape (n_test,), or None
        None where no other family holds with so few standards.
    """
    learned = constants()
    kept = [family for family in FAMILIES if family != removed]
    mixed = mix_families(task, learned["log_prior"], learned["powers"], kept)
    if not mixed.predicted:
        return None
    predicted = mixed.final(learned)
    if "expert" not in task:
        return predicted
    weight = mixed.expert_weight(learned)
    return weight * task["expert"] + (1 - weight) * predicted


def tasks_simulated(repeats, standards=STANDARDS):
    """Yield (name, number of standards, Task) of simulated instruments of all kinds."""
    materials = load_all_materials()
    for seed in range(FIRST_SEED, FIRST_SEED + repeats):
        kind, setting, _ = simulated_setting(materials, seed)
        for n in standards:
            yield f"{kind} {seed}", n, setting.task(n, setting.others if n == 0 else None)


def tasks_of_pairs(repeats, standards=STANDARDS):
    """Yield the same of the corpus' pairs of instruments, on fresh splits."""
    per_pair = FIRST_SPLIT + repeats
    settings = list(draw_pair_settings(load_pairs() + load_corpus_pairs(), per_pair))
    for place, setting in enumerate(settings):
        if place % per_pair < FIRST_SPLIT:
            continue
        for n in standards:
            name = f"{setting.material} {place // per_pair % 2} {place % per_pair}"
            yield name, n, setting.task(n, setting.others if n == 0 else None)


def tasks_of_corn_and_tablets(repeats, standards=STANDARDS):
    """Yield the same of the evaluation protocol's first random splits: corn, and the assay of tablets."""
    for dataset, columns in EVALUATED.items():
        jobs = make_jobs(dataset, PLANS[dataset], ["AutoTransfer"])
        for job, n in product([j for j in jobs if j.selection == "random" and j.repeat < repeats], standards):
            pair = load_pair(dataset, job.source, job.target)
            rows, spectra, _, test = unit_rows(pair, job, Unit("AutoTransfer", n or OTHER_SAMPLES))
            names = np.where(rows.instrument == job.source, "A", "B").astype(object)
            y, y_test = rows.y[:, columns], pair.y[test][:, columns]
            known = np.isfinite(y_test).all(axis=1)
            yield (
                f"{dataset} {job.source} {job.target} {job.repeat}",
                n,
                Task(
                    rows.X,
                    y,
                    names,
                    rows.sample_id,
                    spectra[test][known],
                    y_test[known],
                    rows.wavelengths,
                    dataset,
                    True,
                ),
            )


SOURCES = {"simulated": tasks_simulated, "pairs": tasks_of_pairs, "corn and tablets": tasks_of_corn_and_tablets}
REPEATS = {"simulated": 28, "pairs": 2, "corn and tablets": 3}


def collect(records, repeats=None, standards=STANDARDS):
    """Measure errors with all families and without each, relative to the variance of the references."""
    ridges = set(constants()["log_prior"])
    for where, draw in SOURCES.items():
        for name, n, task in draw(repeats or REPEATS[where], standards):
            of = {"where": where, "task": name, "standards": n}
            if of in records:
                continue
            with threadpool_limits(1):
                found = collect_task(task, members_of(n, ridges))
            predicted = {f: [predict_without(part, f) for part in found] for f in (None, *FAMILIES)}
            errors = {
                removed or "all": [relative_error(part, values) for part, values in zip(found, each)]
                for removed, each in predicted.items()
                if each[0] is not None
            }
            records.add(of, errors)
