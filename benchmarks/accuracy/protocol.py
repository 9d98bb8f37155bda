"""Splits and units of work: what is computed, in which order, and what one unit yields."""

import warnings
from contextlib import nullcontext
from dataclasses import dataclass, replace

import numpy as np
from threadpoolctl import threadpool_limits

from skspectral import metrics
from skspectral.exceptions import PoorTransferWarning, ZeroShotWarning
from skspectral.model_selection import TransferSplit, detach

from .choose import TrainingRows, choose
from .data import load_pair
from .fingerprints import inputs_hash
from .methods import METHODS, VERSION, repeats_of

__all__ = [
    *("AND_OTHERS", "NO_STANDARDS", "OTHER_SAMPLES", "UNLABELLED", "WITH_UNLABELLED", "Job", "Outcome", "Unit"),
    *("describe_split", "make_jobs", "run_job", "split_rows", "unit_by_unit", "unit_rows"),
]

# in place of a number of standards: spectra of the target without pairs and references. Of other samples: half of the
# calibration samples are calibrated with, and the other half was measured on the target. Of the same samples: all
# calibration samples were measured on the target, too, so that second moments of the two sets are pairs in disguise.
OTHER_SAMPLES = "unlabelled-other"
UNLABELLED = "unlabelled"
NO_STANDARDS = (OTHER_SAMPLES, UNLABELLED)
# the first samples of the half that is calibrated with are standards, and the other half is known by spectra alone
AND_OTHERS = {f"{n}+{OTHER_SAMPLES}": n for n in (1, 2, 3)}
WITH_UNLABELLED = (*NO_STANDARDS, *AND_OTHERS)

# predictions are kept for plots only: at this number of standards, of a few repeats
PREDICTIONS_AT = 10
PREDICTED_REPEATS = {"corn": 5, "tablets": 1, "sugarcane": 2, "simulated": 2}


@dataclass(frozen=True)
class Unit:
    """One method on one split. ``n_standards`` is a number, "all" or one of ``WITH_UNLABELLED``."""

    method: str
    n_standards: int | str


@dataclass(frozen=True)
class Job:
    """Units that share a pair of instruments, a test set and an order of standards."""

    dataset: str
    source: str
    target: str
    selection: str
    repeat: int
    test_size: int | None
    standards: tuple
    properties: tuple
    units: tuple

    @property
    def labels(self):
        """What names the job in the files."""
        return {name: getattr(self, name) for name in ("dataset", "source", "target", "selection", "repeat")}

    @property
    def seed(self):
        """Seed of the split; pairs and ways of selection share it, so that comparisons are paired."""
        return self.repeat


@dataclass(frozen=True)
class Outcome:
    """Rows for the three files: dictionaries of column to value."""

    results: list
    predictions: list
    splits: list


def make_jobs(dataset, plan, methods=tuple(METHODS)):
    """List the jobs of a data set, all pairs of one repeat first, so that a run that is stopped has compared all pairs.

    Methods that take long are in the first repeats only.
    """
    units = {method: [Unit(method, n) for n in _numbers(method, plan)] for method in methods}
    repeats = {method: repeats_of(method, dataset, plan.repeats) for method in methods}

    def units_of(pair, selection, repeat):
        taking_part = [method for method in methods if repeat < repeats[method].get(selection, 0)]
        if pair in plan.disjoint:
            taking_part = [m for m in taking_part if METHODS[m].own_axis or METHODS[m].native_axes]
        possible = [unit for method in taking_part for unit in units[method]]
        if pair in plan.disjoint or selection != next(iter(plan.repeats)):
            # without references nothing leads to an axis that shares no range with the source, and where all samples
            # are known alike there is nothing to select
            possible = [unit for unit in possible if unit.n_standards not in WITH_UNLABELLED]
        return tuple(possible)

    return [
        Job(
            dataset,
            *pair,
            selection,
            repeat,
            plan.test_size,
            plan.standards,
            plan.properties,
            units_of(pair, selection, repeat),
        )
        for selection, n_repeats in plan.repeats.items()
        for repeat in range(n_repeats)
        for pair in (*plan.pairs, *plan.disjoint)
        if units_of(pair, selection, repeat)
    ]


def _numbers(method, plan):
    """Numbers of standards that a method is run with."""
    if METHODS[method].standards != "some":
        # what the calibration on half of the samples is worth stands beside what target spectra add to it
        return {"none": [0, OTHER_SAMPLES], "all": ["all"]}[METHODS[method].standards]
    unlabelled = NO_STANDARDS if METHODS[method].zero_shot else ()
    beside = AND_OTHERS if METHODS[method].unlabelled_beside else ()
    return [*unlabelled, *beside, *(n for n in plan.standards if n >= METHODS[method].least)]


def unit_by_unit(jobs, standards=None):
    """Take jobs apart: every split of one method and number of standards, then of the next.

    A run that is stopped has then compared something on all splits.

    Parameters
    ----------
    jobs : list of Job
    standards : list of int, optional
        The order of the numbers of standards, and which; all in their own order by default.

    Returns
    -------
    list of Job
    """
    units = list(dict.fromkeys(unit for job in jobs for unit in job.units))
    if standards is not None:
        places = {n: place for place, n in enumerate(standards)}
        # a sort is stable: methods keep their order
        units = sorted(
            (u for u in units if METHODS[u.method].standards != "some" or u.n_standards in places),
            key=lambda u: places.get(u.n_standards, 0),
        )
    return [replace(job, units=(unit,)) for unit in units for job in jobs if unit in job.units]


def run_job(job, kept=None):
    """Compute the units of a job on one thread.

    Parameters
    ----------
    job : Job
    kept : path-like, optional
        Folder of trained source networks that units share.

    Returns
    -------
    Outcome
    """
    pair = load_pair(job.dataset, job.source, job.target)
    outcome = Outcome([], [], [describe_split(pair, job)])
    with threadpool_limits(1), _source_networks_kept(kept):
        for unit in job.units:
            _run_unit(pair, job, unit, outcome)
    return outcome


def _source_networks_kept(folder):
    if folder is None:
        return nullcontext()
    from benchmarks.deep.reuse import source_networks_kept

    return source_networks_kept(folder)


def split_rows(pair, job, n):
    """Return the rows to train on and to test on; with one seed the test samples are the same for every ``n``."""
    tested = {"test_size": job.test_size} if pair.test_samples is None else {"test_samples": pair.test_samples}
    roles = {"source": pair.source, "target": pair.target}
    splitter = TransferSplit(n, 1, selection=job.selection, random_state=job.seed, **tested, **roles)
    return next(iter(splitter.split(pair.X, pair.y, instrument=pair.instrument, sample_id=pair.sample_id)))


def unit_rows(pair, job, unit):
    """Training rows, all spectra as the method takes them, and positions of the rows to train and to test on."""
    unlabelled = unit.n_standards in WITH_UNLABELLED
    train, test = split_rows(pair, job, "all" if unlabelled else unit.n_standards)
    standards = ()
    if unlabelled and unit.n_standards != UNLABELLED:
        calibrated = _calibrated(pair, job, train)
        standards = calibrated[: AND_OTHERS.get(unit.n_standards, 0)]
        train = _other_samples(pair, train, calibrated, standards)
    spectra, axis = _spectra_for(METHODS[unit.method], pair)
    rows = train[pair.instrument[train] == pair.target] if METHODS[unit.method].own_axis else train
    y, sample_id = pair.y[rows], pair.sample_id[rows]
    if unlabelled:
        y, sample_id = detach(y, sample_id, (pair.instrument[rows] == pair.target) & ~np.isin(sample_id, standards))
    known = TrainingRows(
        spectra[rows], y, pair.instrument[rows], sample_id, pair.source, pair.target, axis, job.dataset
    )
    return known, spectra, train, test


def _calibrated(pair, job, train):
    """Half of the calibration samples, in random order, that the source is calibrated with."""
    samples = np.unique(pair.sample_id[train])
    return np.random.default_rng([job.seed, len(samples)]).permutation(samples)[: (len(samples) + 1) // 2]


def _other_samples(pair, train, calibrated, standards):
    """Source rows of the samples that are calibrated with, and target rows of the others and of the standards."""
    samples, on_source = pair.sample_id[train], pair.instrument[train] == pair.source
    is_calibrated = np.isin(samples, calibrated)
    return train[np.where(on_source, is_calibrated, ~is_calibrated | np.isin(samples, standards))]


def _run_unit(pair, job, unit, outcome):
    """Choose on the training rows, then predict and score the test rows."""
    rows, spectra, train, test = unit_rows(pair, job, unit)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PoorTransferWarning)
        if unit.n_standards in NO_STANDARDS:
            warnings.simplefilter("ignore", ZeroShotWarning)
        choice = choose(unit.method, rows)
    predicted = choice.predict(spectra[test])
    outcome.results.extend(_score(pair, job, unit, train, test, choice, predicted))
    if _keeps_predictions(job, unit):
        outcome.predictions.extend(_list_predictions(pair, job, unit, test, predicted))


def _spectra_for(method, pair):
    """Spectra as a method takes them, and their axis in nm where it asks for one."""
    if method.own_axis:
        return pair.own, None
    same = all(np.array_equal(axis, pair.wavelengths) for axis in pair.axes.values())
    return (pair.native, pair.axes) if method.native_axes and not same else (pair.X, pair.wavelengths)


def _labels(job, unit):
    return {**job.labels, "n_standards": unit.n_standards, "method": unit.method}


def _score(pair, job, unit, train, test, choice, predicted):
    """Score one property a row; a missing reference is left out."""
    n_calibration = len(np.unique(pair.sample_id[train][pair.instrument[train] == pair.source]))
    for j, name in enumerate(job.properties):
        known = np.isfinite(pair.y[test, j])
        measured, found = pair.y[test, j][known], predicted[known, j]
        yield {
            **_labels(job, unit),
            "property": name,
            "seed": job.seed,
            "n_calibration": n_calibration,
            "n_test": len(measured),
            "rmsep": metrics.rmsep(measured, found),
            "bias": metrics.bias(measured, found),
            "sep": metrics.sep(measured, found),
            "r2": metrics.r2(measured, found),
            "rpd": metrics.rpd(measured, found),
            "sse": float(((found - measured) ** 2).sum()),
            "prep": choice.preprocessing[j],
            "n_components": choice.n_components[j],
            "blind_rmse": float(np.sqrt(choice.criterion[j])),
            "fit_seconds": round(choice.seconds, 4),
            "version": VERSION,
            "settings": inputs_hash(unit.method, job.dataset),
        }


def _keeps_predictions(job, unit):
    wanted = unit.n_standards in (0, PREDICTIONS_AT, "all") and METHODS[unit.method].plotted
    return wanted and job.selection == "random" and job.repeat < PREDICTED_REPEATS[job.dataset]


def _list_predictions(pair, job, unit, test, predicted):
    for j, name in enumerate(job.properties):
        for row, value in zip(test, predicted[:, j]):
            if np.isfinite(pair.y[row, j]):
                yield {
                    **_labels(job, unit),
                    "property": name,
                    "sample_id": pair.sample_id[row],
                    "measured": pair.y[row, j],
                    "predicted": value,
                }


def describe_split(pair, job):
    """Write down who was tested and who was a standard, since generators may change between versions of NumPy.

    Standards are listed as they join: ``5: a b c d e; 10: f g h i j``, and at the end the half that is calibrated with
    where other samples are measured on the target.
    """
    joined, steps = set(), []
    for n in sorted(job.standards):
        train, test = split_rows(pair, job, n)
        standards = set(pair.sample_id[train][pair.instrument[train] == pair.target])
        if n:
            steps.append(f"{n}: {' '.join(sorted(map(str, standards - joined)))}")
        joined = standards
    train, _ = split_rows(pair, job, "all")
    steps.append(f"{OTHER_SAMPLES}: {' '.join(map(str, np.sort(_calibrated(pair, job, train))))}")
    return {
        **job.labels,
        "seed": job.seed,
        "standards": "; ".join(steps),
        "test": "official" if pair.test_samples is not None else " ".join(map(str, np.unique(pair.sample_id[test]))),
    }
