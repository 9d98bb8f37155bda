"""Run the evaluation protocol: ``python -m benchmarks.accuracy``."""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from joblib import Parallel, delayed, parallel_config
from tqdm import tqdm

from skspectral.exceptions import DatasetUnavailableError

from .archive import packed_paths, unpack
from .data import PLANS
from .methods import METHODS
from .protocol import WITH_UNLABELLED, make_jobs, run_job, unit_by_unit
from .store import SettingsChangedError, Store

RESULTS = Path(__file__).parent / "results"
QUICK_RESULTS = Path(tempfile.gettempdir()) / "skspectral-accuracy-quick"
DEFAULT_DATASETS = ("corn", "tablets", "sugarcane")


def main(arguments=None):
    """Compute what is missing in the results files, then write tables and figures from them."""
    options = _parse(arguments)
    try:
        for dataset in options.datasets:
            unpack(options.output, dataset)
            if options.merge is not None:
                Store(options.output, dataset).merge(Store(options.merge, dataset))
            if not options.report_only:
                _run(dataset, options)
            if options.no_report:
                continue
            if (options.output / f"{dataset}.csv").exists() or packed_paths(options.output, dataset):
                _report(dataset, options)
    except (DatasetUnavailableError, SettingsChangedError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _parse(arguments):
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy", description=main.__doc__)
    parser.add_argument("--datasets", nargs="+", choices=list(PLANS), default=list(DEFAULT_DATASETS))
    parser.add_argument("--methods", nargs="+", choices=list(METHODS), default=list(METHODS))
    parser.add_argument("--output", type=Path, help=f"folder of the results (default: {RESULTS})")
    parser.add_argument("--n-jobs", type=int, default=1, help="parallel workers; -1 uses all cores")
    parser.add_argument("--backend", default="loky", help="joblib backend, such as loky, threading or dask")
    parser.add_argument("--scheduler", help="address of the Dask scheduler, with --backend dask")
    parser.add_argument(
        "--standards",
        nargs="+",
        type=_number,
        help="these numbers of standards only, all splits of one first; with spectra without reference: "
        + ", ".join(WITH_UNLABELLED),
    )
    parser.add_argument(
        "--unit-by-unit", action="store_true", help="all splits of one method and number of standards first"
    )
    parser.add_argument("--minutes", type=float, default=float("inf"), help="no split of a data set begins after them")
    parser.add_argument(
        "--source-networks", type=Path, help="folder to keep trained source networks in, for other units"
    )
    parser.add_argument("--merge", type=Path, help="take over the results of another folder first")
    parser.add_argument(
        "--replace-changed", action="store_true", help="remove results of --methods whose settings have changed first"
    )
    parser.add_argument("--no-report", action="store_true", help="results only")
    parser.add_argument("--quick", action="store_true", help="one pair, two repeats, five standards")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    parser.add_argument("--report-only", action="store_true", help="tables and figures of the results there are")
    parser.add_argument("--pack", action="store_true", help="also compress the results, to be kept beside the code")
    parser.add_argument("--no-figures", action="store_true", help="tables only")
    options = parser.parse_args(arguments)
    if options.output is None:
        options.output = QUICK_RESULTS if options.quick else RESULTS
    return options


def _number(text):
    return text if text in WITH_UNLABELLED else int(text)


def _run(dataset, options):
    plan = PLANS[dataset].quick() if options.quick else PLANS[dataset]
    store = Store(options.output, dataset)
    if options.replace_changed:
        store.forget_changed(options.methods, dataset)
    jobs = make_jobs(dataset, plan, options.methods)
    if options.unit_by_unit or options.standards:
        jobs = unit_by_unit(jobs, options.standards)
    jobs = [store.remaining(job) for job in jobs]
    left = [job for job in jobs if job is not None]
    bar = tqdm(total=len(jobs), initial=len(jobs) - len(left), desc=dataset, unit="split", disable=options.quiet)
    end = time.monotonic() + 60 * options.minutes
    cluster = {"scheduler_host": options.scheduler} if options.scheduler else {}
    with bar, parallel_config(backend=options.backend, **cluster):
        # results come back in the order of the jobs, so that the files do not depend on the number of workers
        # and nothing waits in a queue, so that what begins before the end is all that is still computed after it
        workers = Parallel(n_jobs=options.n_jobs, return_as="generator", pre_dispatch="n_jobs", batch_size=1)
        begun = (delayed(run_job)(job, options.source_networks) for job in left if time.monotonic() < end)
        for outcome in workers(begun):
            store.add(outcome)
            bar.update()


def _report(dataset, options):
    # pandas and matplotlib are needed for the report alone, and not on the machines that compute
    from .tables import write_tables

    written = [write_tables(options.output, dataset)]
    if not options.no_figures:
        from .figures import write_figures

        written += write_figures(options.output, dataset)
    if options.pack:
        from .archive import pack

        written += pack(options.output, dataset)
    if not options.quiet:
        print("\n".join(map(str, written)))


if __name__ == "__main__":
    sys.exit(main())
