"""Raman: spectra of the corpus through two simulated Raman spectrometers, against simple methods."""

from itertools import product

import numpy as np

from benchmarks.accuracy.choose import TrainingRows
from benchmarks.prior.materials import load_vibrational
from benchmarks.prior.tasks import draw_setting
from benchmarks.situations.fitting import squares_of_method

__all__ = ["FIRST_SEED", "METHODS", "STANDARDS", "collect"]

# no constant was learned on settings drawn with these seeds or later ones
FIRST_SEED = 90_000
STANDARDS = (3, 5, 10)
METHODS = ("SourceOnly", "MeanShift", "SBC", "Pooled", "AutoTransfer")


def collect(records, repeats=40, standards=STANDARDS):
    """Measure the errors of all methods, relative to the variance of the references."""
    materials = None
    for repeat, n in product(range(repeats), standards):
        of = {"seed": FIRST_SEED + repeat, "standards": n}
        if of in records:
            continue
        materials = load_vibrational("RAMAN") if materials is None else materials
        setting = draw_setting(materials, np.random.default_rng(FIRST_SEED + repeat), "Raman")
        task = setting.task(n)
        rows = TrainingRows(task.X, task.y, task.instrument, task.sample_id, "A", "B", task.axis)
        spread = setting.y.var()
        errors = {m: squares_of_method(m, rows, task.X_test, task.y_test) / spread for m in METHODS}
        records.add(of, errors)
