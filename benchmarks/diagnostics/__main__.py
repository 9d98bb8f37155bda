"""Plant wrong pairs among random standards and count what is found: ``python -m benchmarks.diagnostics``.

The constants of ``find_wrong_pairs`` were chosen on the simulated instruments, the tablets, the sugar cane and a set of
alcohol mixtures; corn took no part in that.
"""

import argparse
import json
import sys
import zlib
from pathlib import Path

import numpy as np

from benchmarks.accuracy.data import PLANS, load_pair
from skspectral.datasets import make_instruments
from skspectral.diagnostics import find_wrong_pairs
from skspectral.exceptions import DatasetUnavailableError

RESULTS = Path(__file__).parent / "results"
DATASETS = ("simulated", "tablets", "sugarcane", "corn")
FAULTS = ("swap", "stranger", "offset", "noise")
# random sets of standards for each pair of instruments
REPEATS = {"simulated": 2, "tablets": 40, "sugarcane": 5, "corn": 20}
N_SIMULATED = 100


def pairs_of(dataset):
    """Yield name, source spectra and target spectra of the same samples, for each directed pair of instruments."""
    if dataset == "simulated":
        yield from (simulated(seed) for seed in range(N_SIMULATED))
        return
    for source, target in PLANS[dataset].pairs:
        pair = load_pair(dataset, source, target)
        rows = {name: np.flatnonzero(pair.instrument == name) for name in (source, target)}
        at = {sample: row for sample, row in zip(pair.sample_id[rows[target]], rows[target])}
        order = [at[sample] for sample in pair.sample_id[rows[source]]]
        yield f"{source} to {target}", pair.X[rows[source]], pair.X[order]


def simulated(seed):
    """Two instruments of random noise and difference, between whose measurements a sample is packed anew."""
    rng = np.random.default_rng([seed, 1])
    n, n_channels = int(rng.choice([40, 60, 80])), int(rng.choice([100, 200, 350]))
    data = make_instruments(
        n,
        n_channels=n_channels,
        n_components=int(rng.integers(3, 8)),
        noise=10 ** rng.uniform(-4, -2.7),
        difference=rng.uniform(0.3, 2.5),
        scatter=rng.choice([0.0, 0.02, 0.05, 0.1]),
        random_state=seed,
    )
    source, target = data.X[:n], data.X[n:]
    # another part of an uneven sample, packed with another density
    uneven, packing = rng.choice([0.0, 0.1, 0.3]), rng.choice([0.0, 0.01, 0.03])
    target = target + uneven * (target[rng.permutation(n)] - target.mean(axis=0))
    gain, offset, slope = packing * rng.standard_normal((3, n, 1))
    target = target * (1 + gain) + offset + 0.5 * slope * np.linspace(-1, 1, n_channels)
    return f"seed {seed}", source, target


def spoil(fault, target, standards, rng):
    """Target spectra of the standards with one fault, and the positions that have it."""
    spectra = target[standards].copy()
    first, second = rng.choice(len(standards), 2, replace=False)
    if fault == "swap":
        spectra[[first, second]] = spectra[[second, first]]
        return spectra, sorted((int(first), int(second)))
    if fault == "stranger":
        spectra[first] = target[rng.choice(np.setdiff1d(np.arange(len(target)), standards))]
    elif fault == "offset":
        spectra[first] = 1.3 * spectra[first] + 0.1
    else:
        spectra[first] += 0.05 * target.std(axis=1).mean() * rng.standard_normal(target.shape[1])
    return spectra, [int(first)]


def search(source, target, standards):
    """Run the search on all source spectra and those of the standards on the target."""
    n = len(source)
    return find_wrong_pairs(
        np.vstack([source, target]),
        instrument=np.repeat(["source", "target"], [n, len(standards)]),
        sample_id=np.concatenate([np.arange(n), standards]),
        source="source",
        target="target",
    )


def trial(source, target, n_standards, rng):
    """Count what is found among clean standards and with each fault, as 0 and 1."""
    standards = rng.permutation(len(source))[:n_standards]
    clean = search(source, target[standards], standards)
    found = {"clean: swap": bool(clean.swapped), "clean: suspect": bool(clean.suspect)}
    for fault in FAULTS:
        spectra, at = spoil(fault, target, standards, rng)
        wrong = {int(standards[i]) for i in at}
        result = search(source, spectra, standards)
        if fault == "swap":
            found["swap: found"] = any(set(circle) == wrong for circle in result.swapped)
            named = wrong & ({label for circle in result.swapped for label in circle} | set(result.suspect))
            found["swap: any sign"] = bool(named)
        else:
            found[f"{fault}: found"] = wrong <= set(result.suspect)
    return found


def run(dataset, n_standards):
    """Rates for one data set: over all trials, and for each pair of instruments."""
    rates, trials = {}, []
    for name, source, target in pairs_of(dataset):
        rng = np.random.default_rng([zlib.crc32(name.encode()), n_standards])
        found = [trial(source, target, n_standards, rng) for _ in range(REPEATS[dataset])]
        rates[name] = _means(found)
        trials += found
    pairs = {} if dataset == "simulated" else rates
    return {"dataset": dataset, "n_standards": n_standards, "n_trials": len(trials), "all": _means(trials), **pairs}


def _means(found):
    return {key: round(float(np.mean([each[key] for each in found])), 4) for key in found[0]}


def main(arguments=None):
    """Write one JSON file per data set and print its rates."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.diagnostics", description=main.__doc__)
    parser.add_argument("--datasets", nargs="+", choices=DATASETS, default=list(DATASETS))
    parser.add_argument("--standards", nargs="+", type=int, default=[10])
    parser.add_argument("--output", type=Path, default=RESULTS)
    options = parser.parse_args(arguments)
    options.output.mkdir(parents=True, exist_ok=True)
    for dataset in options.datasets:
        try:
            results = [run(dataset, n) for n in options.standards]
        except DatasetUnavailableError as error:
            print(error, file=sys.stderr)
            return 1
        (options.output / f"{dataset}.json").write_text(json.dumps(results, indent=1) + "\n")
        for result in results:
            print(dataset, result["n_standards"], "standards,", result["n_trials"], "trials:", result["all"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
