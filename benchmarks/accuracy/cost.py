"""What the methods cost: ``python -m benchmarks.accuracy.cost`` writes ``cost.csv`` beside the results.

Every method is fitted to one split of corn with ten standards, its choice of preprocessing included, on one thread and
in a process of its own.
"""

import argparse
import csv
import multiprocessing
import time
import warnings
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits
from tqdm.auto import tqdm

from benchmarks.speed.timing import peak_mib

from .choose import choose
from .data import PLANS, load_pair
from .methods import METHODS, preprocessing_of
from .protocol import Unit, make_jobs, unit_rows

__all__ = ["COLUMNS", "main", "measure"]

DATASET, N_STANDARDS, FITS, PREDICTIONS = "corn", 10, 3, 20
COLUMNS = ("method", "candidates", "fit_seconds", "predict_ms", "peak_mib")


def measure(method, dataset=DATASET, fits=FITS):
    """Fit a method and predict one spectrum at a time.

    Parameters
    ----------
    method : str
        A key of ``METHODS``.
    dataset : str
        A data set of the benchmark.
    fits : int
        How often; networks take long and are fitted once.

    Returns
    -------
    dict
        The number of candidates that were fitted, medians of seconds to fit them all and of milliseconds to predict
        one spectrum, and the largest memory of the process in MiB, Python and its libraries included.
    """
    job = next(iter(make_jobs(dataset, PLANS[dataset], [method])))
    number = {"none": 0, "some": N_STANDARDS, "all": "all"}[METHODS[method].standards]
    rows, spectra, _, test = unit_rows(load_pair(job.dataset, job.source, job.target), job, Unit(method, number))
    seconds, milliseconds = [], []
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(1 if METHODS[method].network else fits):
            start = time.perf_counter()
            choice = choose(method, rows)
            seconds.append(time.perf_counter() - start)
        for place in range(PREDICTIONS):
            start = time.perf_counter()
            choice.predict(spectra[test[[place % len(test)]]])
            milliseconds.append(1000 * (time.perf_counter() - start))
    figures = (len(preprocessing_of(method)), np.median(seconds), np.median(milliseconds), peak_mib())
    return dict(zip(COLUMNS, (method, *figures), strict=True))


def _measure_apart(method):
    import torch

    torch.set_num_threads(1)
    return measure(method)


def main(arguments=None):
    """Measure every method that has results on corn."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy.cost", description=__doc__)
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "results" / "cost.csv")
    parser.add_argument("--methods", nargs="+", choices=list(METHODS), help="default: all that take part on corn")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    options = parser.parse_args(arguments)
    context = multiprocessing.get_context("spawn")
    methods = options.methods or [name for name in METHODS if make_jobs(DATASET, PLANS[DATASET], [name])]
    rows = {}
    if options.output.exists():
        with options.output.open(newline="") as stream:
            rows = {row["method"]: row for row in csv.DictReader(stream)}
    for method in tqdm(methods, unit="method", disable=options.quiet):
        with ProcessPoolExecutor(1, mp_context=context) as apart:
            row = apart.submit(_measure_apart, method).result()
        rows[method] = {k: f"{v:.4g}" if isinstance(v, float) else v for k, v in row.items()}
        with options.output.open("w", newline="") as stream:
            writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows[name] for name in METHODS if name in rows)


if __name__ == "__main__":
    main()
