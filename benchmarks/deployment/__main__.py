"""``python -m benchmarks.deployment flags``: how often good and wrong spectra are flagged, to results/flags.csv."""

import argparse
import pickle
from pathlib import Path

import pandas as pd
from tqdm.auto import tqdm

from .collect import METHODS, interval_parts
from .flags import flag_rates, flag_summary, other_materials
from .pairs import KINDS, real_pairs, simulated_pairs

NUMBERS = (3, 5, 10, 20)
FLAG_SEEDS = range(1000, 1016)
N_REPEATS = 2
RESULTS = Path(__file__).parent / "results"


def flags(args):
    """Judge good and wrong spectra of all pairs and write the shares."""
    pairs = [*real_pairs(), *simulated_pairs(FLAG_SEEDS)]
    rows = []
    for pair in tqdm(pairs, disable=args.quiet):
        others = other_materials(pair)
        for n in NUMBERS:
            for seed in range(N_REPEATS):
                rows += flag_rates(pair, n, seed, others)
    table = flag_summary(pd.DataFrame(rows))
    RESULTS.mkdir(exist_ok=True)
    table.reset_index().to_csv(RESULTS / "flags.csv", index=False, lineterminator="\n")
    if not args.quiet:
        print(table.to_string())


def units(n_simulated):
    """Yield the tasks in an order in which any number of them is a fair sample."""
    real = real_pairs()
    for seed, simulated in enumerate(simulated_pairs(range(n_simulated))):
        n = NUMBERS[seed % len(NUMBERS)]
        round_ = seed // len(real)
        for method in METHODS:
            yield from ((simulated, kind, n, seed, method) for kind in KINDS if kind != "row")
            real_n = NUMBERS[(round_ // len(KINDS)) % len(NUMBERS)]
            yield real[seed % len(real)], KINDS[round_ % len(KINDS)], real_n, seed, method


def collect(args):
    """Compute what intervals are made of, or read what was computed."""
    found = pickle.loads(args.cache.read_bytes()) if args.cache.exists() else {}
    for count, (pair, *task) in enumerate(tqdm(list(units(args.tasks)), disable=args.quiet)):
        key = (pair.name, *task)
        if key not in found:
            found[key] = interval_parts(pair, *task)
            if count % 20 == 19:
                args.cache.write_bytes(pickle.dumps(found))
    args.cache.write_bytes(pickle.dumps(found))
    return [part for parts in found.values() for part in parts]


def main():
    """Run what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.deployment", description=__doc__)
    parser.add_argument("what", choices=["flags"])
    parser.add_argument("--quiet", action="store_true")
    args = parser.parse_args()
    flags(args)


if __name__ == "__main__":
    main()
