"""Search settings of the deep baselines: ``python -m benchmarks.deep --datasets corn``.

Writes ``<dataset>_search.jsonl``, one line a fit, and what is chosen for each data set to ``chosen.json``. With
``--native`` the chosen settings and PLS are then calibrated on all samples of the target and scored on the test rows of
the protocol: a network that cannot learn an instrument when it has everything is no baseline for transfer.
"""

import argparse
import json
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from tqdm import tqdm

from benchmarks.accuracy.data import PLANS
from skspectral.exceptions import DatasetUnavailableError

from .log import Log
from .search import NothingFittedError, choose, native_units, run_native, run_unit, search_units
from .space import METHODS

RESULTS = Path(__file__).parent / "results"
QUICK_RESULTS = Path(tempfile.gettempdir()) / "skspectral-deep-quick"
SEARCH_KEY = ("method", "settings", "source", "target", "n_standards", "repeat", "budget")
NATIVE_KEY = ("method", "target", "repeat", "settings", "budget")
# share of the R2 of PLS below which a comparison with a network says nothing
WORTH_COMPARING = 0.9
QUICK = {"max_epochs": 2, "adapt_steps": 2, "adapt_folds": 2}


def main(arguments=None):
    """Compute what is missing in the results files, then choose."""
    options = _parse(arguments)
    budget = {"n_networks": options.n_networks, "device": options.device} | (QUICK if options.quick else {})
    try:
        for dataset in options.datasets:
            chosen = _search(dataset, options, budget)
            if options.native:
                _native(dataset, options, budget, chosen)
    except (DatasetUnavailableError, NothingFittedError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _parse(arguments):
    parser = argparse.ArgumentParser(prog="python -m benchmarks.deep", description=__doc__)
    parser.add_argument("--datasets", nargs="+", choices=list(PLANS), default=["corn", "tablets"])
    parser.add_argument("--methods", nargs="+", choices=list(METHODS), default=list(METHODS))
    parser.add_argument("--configurations", type=int, default=24, help="settings tried for each method")
    parser.add_argument("--standards", type=int, default=10, help="transfer standards in the training rows")
    parser.add_argument("--pairs", type=int, help="pairs of instruments, by which each is a source and a target first")
    parser.add_argument("--repeats", type=int, default=1, help="random draws of the training rows")
    parser.add_argument("--n-networks", type=int, default=1, help="networks averaged in each fit")
    parser.add_argument("--n-jobs", type=int, default=1, help="parallel workers; -1 uses all cores")
    parser.add_argument("--device", default="auto", help="where networks are trained")
    parser.add_argument("--native", action="store_true", help="also calibrate on the target itself, and score")
    parser.add_argument("--minutes", type=float, default=np.inf, help="no fit of a data set begins after them")
    parser.add_argument(
        "--source-networks", type=Path, help="folder to keep trained source networks in, for other fits"
    )
    parser.add_argument("--output", type=Path, help=f"folder of the results (default: {RESULTS})")
    parser.add_argument("--quick", action="store_true", help="a few steps of training: for trying the program out")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    options = parser.parse_args(arguments)
    if options.output is None:
        options.output = QUICK_RESULTS if options.quick else RESULTS
    return options


def _compute(path, key, units, work, options):
    """Run what the file does not have; returns the records of all units, in their order."""
    log = Log(path, key)
    left = [unit for unit in units if unit not in log]
    bar = tqdm(total=len(units), initial=len(units) - len(left), desc=path.stem, unit="fit", disable=options.quiet)
    end = time.monotonic() + 60 * options.minutes
    work = partial(work, kept=options.source_networks)
    # nothing waits in a queue, so that what begins before the end is all that is still computed after it
    workers = Parallel(n_jobs=options.n_jobs, return_as="generator_unordered", pre_dispatch="n_jobs", batch_size=1)
    with bar:
        for record in workers(delayed(work)(unit) for unit in left if time.monotonic() < end):
            log.add(record)
            bar.update()
    return log.of(units)


def _search(dataset, options, budget):
    units = search_units(
        dataset, options.methods, options.configurations, options.standards, options.repeats, options.pairs
    )
    units = [unit | {"budget": budget} for unit in units]
    records = _compute(
        options.output / f"{dataset}_search.jsonl", SEARCH_KEY, units, partial(run_unit, dataset), options
    )
    path = options.output / "chosen.json"
    chosen = json.loads(path.read_text()) if path.exists() else {}
    chosen[dataset] = chosen.get(dataset, {}) | choose(records)
    path.write_text(json.dumps(chosen, indent=1, sort_keys=True) + "\n")
    if not options.quiet:
        print(path)
    return chosen[dataset]


def _native(dataset, options, budget, chosen):
    units = [
        unit | {"settings": chosen[unit["method"]]["settings"] if unit["method"] in chosen else {}, "budget": budget}
        for unit in native_units(dataset, options.methods, options.repeats)
    ]
    records = _compute(
        options.output / f"{dataset}_native.jsonl", NATIVE_KEY, units, partial(run_native, dataset), options
    )
    means = {
        method: float(np.mean([list(r["r2"].values()) for r in records if r["method"] == method]))
        for method in ("PLS", *options.methods)
    }
    for method in options.methods:
        share = means[method] / means["PLS"]
        verdict = "worth comparing with" if share >= WORTH_COMPARING else "NOT worth comparing with"
        print(f"{dataset}: {method} R2 {means[method]:.3f}, PLS {means['PLS']:.3f}, share {share:.3f}: {verdict}")


if __name__ == "__main__":
    sys.exit(main())
