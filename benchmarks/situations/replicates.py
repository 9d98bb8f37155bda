"""Repeated scans as rows of their own, as their mean, and one scan alone: sugarcane's MicroNIR, and feed grain."""

from itertools import product

import numpy as np
from scipy.interpolate import CubicSpline

from benchmarks.accuracy.choose import TrainingRows
from benchmarks.accuracy.data import PLANS, load
from benchmarks.situations.fitting import squares_of_method
from skspectral.deployment import stack_instruments
from skspectral.pretraining import Corpus

__all__ = ["STANDARDS", "WAYS", "collect", "feed_grain", "sugarcane", "training_rows"]

STANDARDS = (5, 10)
SERIES = ("MicroNIR1700_rep1", "MicroNIR1700_rep2", "MicroNIR1700_rep3")
WAYS = ("one scan", "mean of the scans", "all scans")
N_TEST, MOST_SOURCE = 20, 120


def sugarcane():
    """Yield (name, scans of the source, of the target, y, axis) of the pairs whose one side is the MicroNIR.

    Scans are arrays of shape (n_samples, n_scans, n_channels) on the range that both instruments cover.
    """
    data = load("sugarcane")
    samples = data.sample_id[data.instrument == SERIES[0]]
    for source, target in PLANS["sugarcane"].pairs:
        if SERIES[0] not in (source, target):
            continue
        sides = {name: SERIES if name == SERIES[0] else (name,) for name in (source, target)}
        spectra = {
            name: np.vstack([_in_order(data, series, samples)[0] for series in parts]) for name, parts in sides.items()
        }
        axes = {name: data.wavelengths[name] for name in sides}
        shared = stack_instruments(spectra, wavelengths=axes)
        scans = [
            shared.X[shared.instrument == name].reshape(len(parts), len(samples), -1).transpose(1, 0, 2)
            for name, parts in sides.items()
        ]
        yield f"{source} to {target}", *scans, _in_order(data, SERIES[0], samples)[1], shared.wavelengths


def _in_order(data, series, samples):
    """Spectra and references of one series, in the order of the samples."""
    mask = data.instrument == series
    places = {sample: place for place, sample in enumerate(data.sample_id[mask])}
    order = [places[sample] for sample in samples]
    return data.spectra[series][order], data.y[mask][order]


def feed_grain():
    """Yield the same for feed grain on two handhelds, five scans on either, in both directions."""
    (pair,) = (pair for pair in Corpus(leave_out=()).real_pairs() if pair.name == "feedgrain")
    axis = pair.aligned()[0]
    first = np.asarray(pair.scans_a, float)[:, :, np.isin(pair.axis_a, axis)]
    second = CubicSpline(pair.axis_b, np.asarray(pair.scans_b, float), axis=2)(axis)
    y = np.asarray(pair.y, float).reshape(len(first), -1)
    for name, source, target in (("feed grain, forth", first, second), ("feed grain, back", second, first)):
        yield name, source, target, y, axis


def training_rows(way, source, target, y, axis, train, n_standards):
    """Rows to fit on, with the scans of source samples and standards in one of the ``WAYS``.

    Parameters
    ----------
    way : str
    source, target : ndarray of shape (n_samples, n_scans, n_channels)
    y : ndarray of shape (n_samples, n_targets)
    axis : ndarray of shape (n_channels,)
    train : ndarray of int
        Samples to calibrate with; the first are the standards.
    n_standards : int

    Returns
    -------
    TrainingRows
    """
    parts = []
    for name, scans, samples in (("A", source, train), ("B", target, train[:n_standards])):
        for sample in samples:
            own = {"one scan": scans[sample, :1], "mean of the scans": scans[sample].mean(axis=0, keepdims=True)}.get(
                way, scans[sample]
            )
            parts += [(spectrum, y[sample], name, f"s{sample}") for spectrum in own]
    X, references, instrument, ids = zip(*parts)
    labels = np.array(instrument, dtype=object), np.array(ids, dtype=object)
    return TrainingRows(np.stack(X), np.stack(references), *labels, "A", "B", axis)


def collect(records, repeats=5, standards=STANDARDS):
    """Measure the errors of AutoTransfer in every way, on the first scan of test samples."""
    for name, source, target, y, axis in (*sugarcane(), *feed_grain()):
        for repeat, n in product(range(repeats), standards):
            of = {"pair": name, "repeat": repeat, "standards": n}
            if of in records:
                continue
            order = np.random.default_rng(repeat).permutation(len(y))
            test, train = order[:N_TEST], order[N_TEST:][:MOST_SOURCE]
            errors = {
                way: squares_of_method(
                    "AutoTransfer",
                    training_rows(way, source, target, y, axis, train, n),
                    target[test, 0],
                    y[test],
                )
                for way in WAYS
            }
            records.add(of, errors)
