"""Fit simulated instruments to real pairs, and test what still tells them apart: ``python -m benchmarks.instruments``.

The pairs come from the folder that ``SKSPECTRAL_CORPUS`` names. For every family of pairs, priors are fitted to all
other families, so that each test is of instruments that the fit never saw. The priors without the family "feedgrain"
are those that come with the package: that pair, the only one with references, stays free for judging networks.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
import torch

import skspectral
from benchmarks.instruments import figure
from benchmarks.instruments.differences import FAMILIES, crude, real_set, simulated_sets, simulator
from benchmarks.instruments.fit import fit
from benchmarks.instruments.statistics import BANDS, NAMES, repeatability, statistics
from benchmarks.instruments.two_sample import VIEWS, across_pairs, within_pairs
from skspectral.exceptions import DatasetUnavailableError
from skspectral.pretraining import Corpus, InstrumentPriors, draw_instruments

RESULTS = Path(__file__).parent / "results"
SHIPPED = Path(skspectral.__file__).parent / "pretraining" / "instruments" / "instrument_priors.json"
FREE = "feedgrain"
N_SEEDS = 5


def fitted_priors(pairs, family, folder, n_rounds):
    """Priors fitted without a family: those of an earlier run, or a search."""
    path = folder / f"priors_without_{family}.json"
    if not path.exists():
        start = time.perf_counter()
        used = [pair for pair in pairs if FAMILIES[pair.name] != family]
        priors, history = fit(used, n_rounds)
        priors.to_json(
            path,
            command="python -m benchmarks.instruments",
            fitted_to=[f"{pair.name}: {len(pair)} samples" for pair in used],
            criterion=[round(value, 3) for value in history],
            seconds=round(time.perf_counter() - start),
        )
        print(f"fitted without {family}: {history[0]:.2f} to {history[-1]:.2f}", flush=True)
    return InstrumentPriors.from_json(path)


def areas(pairs, measures, n_seeds):
    """Areas under the curve over seeds, for both views: mean of each pair, and of all with its standard deviation."""
    result = {}
    for view in VIEWS:
        for test in (across_pairs, within_pairs):
            runs = [test(pairs, measures, seed, view) for seed in range(n_seeds)]
            means = [np.mean(list(run.values())) for run in runs]
            each = {pair.name: round(float(np.mean([run[pair.name] for run in runs])), 3) for pair in pairs}
            summary = {"mean": round(float(np.mean(means)), 3), "sd over seeds": round(float(np.std(means)), 3)}
            result[f"{view}, {test.__name__.replace('_', ' ')}"] = summary | each
    return result


def scores(pairs, measures):
    """How many standard deviations of the simulated statistics each real one lies from their mean."""
    table = {}
    for pair in pairs:
        random = torch.Generator().manual_seed(1000)
        simulated = simulated_sets(pair, measures[FAMILIES[pair.name]], 40, random)
        values = np.array([statistics(one) for one in simulated])
        z = (statistics(real_set(pair)) - values.mean(axis=0)) / np.hypot(values.std(axis=0, ddof=1), 0.1)
        table[pair.name] = {name: round(float(value), 2) for name, value in zip(NAMES, z)}
    return table


def scan_scores(pairs, priors):
    """The same scores for repeated scans of the samples on either instrument, where they are known."""
    table = {}
    for pair in pairs:
        for side, scans, axis in (("a", pair.scans_a, pair.axis_a), ("b", pair.scans_b, pair.axis_b)):
            if scans is None:
                continue
            random = torch.Generator().manual_seed(1000)
            clean, wavelengths = torch.from_numpy(scans.mean(axis=1)).float(), torch.from_numpy(axis).float()
            values = []
            for _ in range(40):
                instrument = draw_instruments(1, priors[FAMILIES[pair.name]], random)
                repeats = [instrument.measure(clean, wavelengths, random).numpy() for _ in range(scans.shape[1])]
                values.append(repeatability(np.stack(repeats, axis=1).astype(float)))
            z = (repeatability(scans) - np.mean(values, axis=0)) / np.hypot(np.std(values, axis=0, ddof=1), 0.1)
            names = [f"scans, orders {low}-{high - 1}" for low, high in BANDS]
            table[f"{pair.name}, instrument {side}"] = {name: round(float(v), 2) for name, v in zip(names, z)}
    return table


def main(arguments=None):
    """Write the results, the figure and, where asked for, the priors of the package."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.instruments", description=main.__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="rounds of the search")
    parser.add_argument("--seeds", type=int, default=N_SEEDS, help="repetitions of the test")
    parser.add_argument("--output", type=Path, default=RESULTS, help="folder of the results; fits there are kept")
    parser.add_argument("--ship", action="store_true", help="replace the priors that come with the package")
    options = parser.parse_args(arguments)
    options.output.mkdir(parents=True, exist_ok=True)
    try:
        pairs = Corpus().real_pairs()
    except DatasetUnavailableError as error:
        print(error, file=sys.stderr)
        return 1
    families = list(dict.fromkeys(FAMILIES[pair.name] for pair in pairs))
    priors = {family: fitted_priors(pairs, family, options.output, options.rounds) for family in families}
    simulators = {
        "crude": dict.fromkeys(families, crude),
        "set by hand": dict.fromkeys(families, simulator(InstrumentPriors())),
        "fitted to the other families": {family: simulator(one) for family, one in priors.items()},
    }
    result = {"pairs": {pair.name: len(pair) for pair in pairs}, "area under the curve": {}, "z of the statistics": {}}
    for name, measures in simulators.items():
        result["area under the curve"][name] = areas(pairs, measures, options.seeds)
        result["z of the statistics"][name] = scores(pairs, measures)
        for test, values in result["area under the curve"][name].items():
            print(f"{name}; {test}: {values}", flush=True)
    by_hand = dict.fromkeys(families, InstrumentPriors())
    result["z of repeated scans"] = {
        "set by hand": scan_scores(pairs, by_hand),
        "fitted to the other families": scan_scores(pairs, priors),
    }
    (options.output / "instruments.json").write_text(json.dumps(result, indent=1) + "\n")
    figure.draw(pairs, simulators["fitted to the other families"], options.output / "differences.png")
    if options.ship:
        SHIPPED.write_text((options.output / f"priors_without_{FREE}.json").read_text())
    return 0


if __name__ == "__main__":
    sys.exit(main())
