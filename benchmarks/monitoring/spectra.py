"""What `SpectralDrift` finds in real spectra: ``python -m benchmarks.monitoring.spectra``.

Half of the samples of one instrument, drawn at random, are the reference period; the others come afterwards, as they
are or with a change of the instrument that is computed into them.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
from tqdm import tqdm

from skspectral.datasets import fetch_corn, fetch_tablets
from skspectral.exceptions import DatasetUnavailableError
from skspectral.monitoring import SpectralDrift

RESULTS = Path(__file__).parent / "results" / "spectral_drift.json"
REPEATS = 10
STABLE = "none"


def moved(X, axis, shift):
    """Spectra of an instrument whose axis is off by ``shift``."""
    return np.array([np.interp(axis + shift, axis, row) for row in X])


def stray(X, share):
    """Absorbance with a share of stray light."""
    return -np.log10((10.0**-X + share) / (1 + share))


# each gets spectra, axis in nm and a random generator; noise and offset are in units of absorbance
CHANGES = {
    STABLE: lambda X, axis, rng: X,
    "axis off by 0.1 nm": lambda X, axis, rng: moved(X, axis, 0.1),
    "axis off by 0.3 nm": lambda X, axis, rng: moved(X, axis, 0.3),
    "offset 0.003": lambda X, axis, rng: X + 0.003,
    "offset 0.01": lambda X, axis, rng: X + 0.01,
    "gain 1.01": lambda X, axis, rng: 1.01 * X,
    "stray light 0.3 %": lambda X, axis, rng: stray(X, 0.003),
    "stray light 1 %": lambda X, axis, rng: stray(X, 0.01),
    "noise 0.0005": lambda X, axis, rng: X + rng.normal(0, 0.0005, X.shape),
    "noise 0.002": lambda X, axis, rng: X + rng.normal(0, 0.002, X.shape),
}


def instruments():
    """Yield name, spectra and axis in nm of single instruments."""
    corn = fetch_corn()
    for name in ("m5", "mp5", "mp6"):
        yield f"corn {name}", corn.X[corn.instrument == name], corn.wavelengths
    tablets = fetch_tablets()
    for name in sorted(set(tablets.instrument)):
        yield f"tablets {name}", tablets.X[tablets.instrument == name], tablets.wavelengths


def run(X, axis, progress):
    """Share of groups that alarm, by change; stable groups over all repeats are some hundreds."""
    alarms, groups = dict.fromkeys(CHANGES, 0), 0
    for repeat in range(REPEATS):
        rng = np.random.default_rng(repeat)
        # as many as corn has: with more spectra everything is found sooner
        rows = rng.permutation(len(X))[:80]
        drift = SpectralDrift().fit(X[rows[:40]])
        for name, change in CHANGES.items():
            outside = drift.check(change(X[rows[40:]], axis, rng)).outside
            alarms[name] += int(outside.sum())
            groups += len(outside) if name == STABLE else 0
            progress.update()
    return {"groups": groups, "window": drift.window_} | {name: round(n / groups, 3) for name, n in alarms.items()}


def main(arguments=None):
    """Write the results as JSON and print them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.monitoring.spectra", description=main.__doc__)
    parser.add_argument("--output", type=Path, default=RESULTS)
    options = parser.parse_args(arguments)
    try:
        sets = list(instruments())
    except DatasetUnavailableError as error:
        print(error, file=sys.stderr)
        return 1
    options.output.parent.mkdir(parents=True, exist_ok=True)
    results = {}
    with tqdm(total=len(sets) * REPEATS * len(CHANGES), unit="check") as progress:
        for name, X, axis in sets:
            results[name] = run(X, axis, progress)
            # what is done is kept where the run is stopped
            options.output.write_text(json.dumps(results, indent=1) + "\n")
            progress.write(f"{name} {results[name]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
