"""Whether the standard deviations that predictions come with are right: ``python -m benchmarks.accuracy.coverage``.

The splits are those of the comparison. ``AutoTransfer`` is fitted on training rows; the share of test references inside
its central intervals is written to ``coverage.csv``.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from scipy import stats
from threadpoolctl import threadpool_limits
from tqdm.auto import tqdm

from skspectral import AutoTransfer
from skspectral.model_selection import TransferSplit

from .data import PLANS, load_pair

__all__ = ["coverage_of_split", "main"]

LEVELS = (0.5, 0.8, 0.9, 0.95)
STANDARDS = (5, 10, 20, 50)
N_REPEATS = 5


def coverage_of_split(dataset, source, target, n_standards, seed):
    """Share of test references inside the central intervals: one row per property and level."""
    pair, plan = load_pair(dataset, source, target), PLANS[dataset]
    tested = {"test_size": plan.test_size} if pair.test_samples is None else {"test_samples": pair.test_samples}
    splitter = TransferSplit(n_standards, 1, random_state=seed, source=source, target=target, **tested)
    labels = {"instrument": pair.instrument, "sample_id": pair.sample_id}
    train, test = next(iter(splitter.split(pair.X, pair.y, **labels)))
    model = AutoTransfer(wavelengths=pair.wavelengths, source=source, target=target)
    with threadpool_limits(1):
        model.fit(pair.X[train], pair.y[train], **{name: values[train] for name, values in labels.items()})
        predicted, sd = model.predict(pair.X[test], return_std=True)
    z = np.abs(pair.y[test] - predicted) / sd
    cell = {"dataset": dataset, "source": source, "target": target, "n_standards": n_standards, "seed": seed}
    return [
        cell
        | {"property": name, "level": level, "covered": float(np.mean(z[known, j] <= stats.norm.ppf((1 + level) / 2)))}
        for j, name in enumerate(plan.properties)
        for known in [np.isfinite(pair.y[test, j])]
        for level in LEVELS
    ]


def main():
    """Compute all splits and write the file."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy.coverage", description=__doc__)
    parser.add_argument("--results", type=Path, default=Path(__file__).parent / "results")
    parser.add_argument("--n-jobs", type=int, default=1)
    parser.add_argument("--quiet", action="store_true")
    args = parser.parse_args()
    units = [
        (dataset, source, target, n, seed)
        for dataset in ("corn", "tablets")
        for source, target in PLANS[dataset].pairs
        for n in STANDARDS
        for seed in range(N_REPEATS)
    ]
    parts = Parallel(n_jobs=args.n_jobs, return_as="generator")(delayed(coverage_of_split)(*unit) for unit in units)
    rows = [row for part in tqdm(parts, total=len(units), disable=args.quiet) for row in part]
    table = pd.DataFrame(rows).groupby(["dataset", "source", "target", "property", "n_standards", "level"])["covered"]
    table.mean().round(4).reset_index().to_csv(args.results / "coverage.csv", index=False, lineterminator="\n")
    if not args.quiet:
        print(f"written: {args.results / 'coverage.csv'}")


if __name__ == "__main__":
    main()
