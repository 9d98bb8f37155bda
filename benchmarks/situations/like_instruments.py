"""Where nothing needs to be transferred: the target is the source again, with a little more noise."""

from dataclasses import replace
from itertools import product

import numpy as np

from benchmarks.accuracy.data import PLANS, load
from benchmarks.accuracy.data import Pair as Rows
from benchmarks.accuracy.protocol import Job, Unit, unit_rows
from benchmarks.situations.fitting import squares_of_method

__all__ = ["METHODS", "STANDARDS", "collect", "like_pair"]

STANDARDS = (1, 2, 3, 5, 10, 20)
METHODS = ("SourceOnly", "AutoTransfer")
NOISE = 2e-5


def like_pair(repeat):
    """Corn on m5, and again with noise of 2e-5 absorbance: Pair of "m5" and "again"."""
    data = load("corn")
    own = data.instrument == "m5"
    X, y = data.X[own], data.y[own]
    again = X + NOISE * np.random.default_rng(repeat).standard_normal(X.shape)
    names = np.repeat(np.array(["m5", "again"], dtype=object), len(X))
    axes = dict.fromkeys(("m5", "again"), data.wavelengths)
    both = np.vstack([X, again])
    ids = np.tile(data.sample_id[own], 2)
    return Rows(both, both, axes, np.vstack([y, y]), names, ids, "m5", "again", data.wavelengths)


def collect(records, repeats=10, standards=STANDARDS):
    """Measure the errors of the untouched source model and of AutoTransfer."""
    plan = PLANS["corn"]
    for repeat, n in product(range(repeats), standards):
        of = {"repeat": repeat, "standards": n}
        if of in records:
            continue
        pair = like_pair(repeat)
        job = Job("corn", "m5", "again", "random", repeat, plan.test_size, standards, plan.properties, ())
        errors = {}
        for method in METHODS:
            rows, spectra, _, test = unit_rows(pair, job, Unit(method, n))
            errors[method] = squares_of_method(method, replace(rows, dataset=None), spectra[test], pair.y[test])
        records.add(of, errors)
