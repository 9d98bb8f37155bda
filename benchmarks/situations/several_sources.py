"""Two known instruments as sources instead of one: corn, on the splits of the evaluation protocol."""

import warnings
from itertools import product

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.accuracy.data import PLANS, load, load_pair
from benchmarks.accuracy.protocol import make_jobs, split_rows
from benchmarks.situations.fitting import mean_squares
from skspectral import AutoTransfer

__all__ = ["STANDARDS", "TARGETS", "collect", "rows_of_two"]

STANDARDS = (3, 5, 10)
# target: source, further known instrument
TARGETS = {"m5": ("mp5", "mp6"), "mp5": ("m5", "mp6"), "mp6": ("m5", "mp5")}


def rows_of_two(job, n_standards, other):
    """Give rows of a split with a further known instrument that measured the samples to calibrate with.

    Parameters
    ----------
    job : Job
        Of a pair of instruments of corn.
    n_standards : int
    other : str
        The further instrument.

    Returns
    -------
    X, y, instrument, sample_id : ndarray of n_rows rows
    X_test, y_test : ndarray of n_test rows
    """
    pair, data = load_pair(job.dataset, job.source, job.target), load(job.dataset)
    train, test = split_rows(pair, job, n_standards)
    calibrated = pair.sample_id[train][pair.instrument[train] == job.source]
    further = np.flatnonzero((data.instrument == other) & np.isin(data.sample_id, calibrated))
    return (
        np.vstack([pair.X[train], data.X[further]]),
        np.vstack([pair.y[train], data.y[further]]),
        np.concatenate([pair.instrument[train], data.instrument[further]]),
        np.concatenate([pair.sample_id[train], data.sample_id[further]]),
        pair.X[test],
        pair.y[test],
    )


def collect(records, repeats=20, standards=STANDARDS):
    """Measure what both sources together are worth; what either is worth stands in the results of the protocol."""
    jobs = {
        (job.source, job.target, job.repeat): job
        for job in make_jobs("corn", PLANS["corn"], ["AutoTransfer"])
        if job.selection == "random"
    }
    for repeat, (target, (source, other)), n in product(range(repeats), TARGETS.items(), standards):
        of = {"target": target, "repeat": repeat, "standards": n}
        if of in records:
            continue
        job = jobs[source, target, repeat]
        X, y, instrument, sample_id, X_test, y_test = rows_of_two(job, n, other)
        axis = load_pair("corn", source, target).wavelengths
        model = AutoTransfer(others=[other], wavelengths=axis, source=source, target=target)
        with threadpool_limits(1), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(X, y, instrument=instrument, sample_id=sample_id)
            records.add(of, {"both": mean_squares(model.predict(X_test), y_test)})
