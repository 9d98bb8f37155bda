"""How often the control charts alarm, stable and drifting, against theory: ``python -m benchmarks.monitoring``.

Errors are simulated, the charts are those of ``skspectral.monitoring`` with their default settings.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
from scipy.stats import norm
from tqdm import tqdm

from skspectral.monitoring import CheckSamples, ControlChart
from skspectral.monitoring._run_lengths import Shifted, cusum_walk, ewma_walk, still_quiet

RESULTS = Path(__file__).parent / "results" / "run_lengths.json"
SEP = 1.0
DRIFT = 0.5
WITHIN = 10
STABLE_READINGS = 1000
NAMES = [f"{figure} {chart}" for figure in ("bias", "SEP") for chart in ("shewhart", "cusum", "ewma")]
TOGETHER = "any chart"


def errors(rng, n, repeatability, n_controls):
    """Errors and sample names: new samples, or so many control samples read in turn."""
    if repeatability is None:
        return rng.normal(0, SEP, n), np.arange(n)
    lasting = rng.normal(0, np.sqrt(SEP**2 - repeatability**2), n_controls)
    at = np.arange(n) % n_controls
    return lasting[at] + rng.normal(0, repeatability, n), at


def first_alarms(chart, error, names):
    """Reading of the first alarm of each chart, and of any of them; infinite where there is none."""
    dates = np.datetime64("2026-01-01") + np.arange(len(error))
    state = chart.check(CheckSamples(dates, np.zeros(len(error)), error, names.astype(str)))
    first = {f"{one.figure} {one.chart}": one.first_alarm for one in state.series}
    first = {name: np.inf if at is None else at for name, at in first.items()}
    return first | {TOGETHER: min(first.values())}


def stable(settings, runs, *, repeatability=None, n_controls=4, progress=None):
    """Mean run length of every chart without any change: readings divided by alarms, as runs are cut off."""
    offset = 0 if "sep" in settings else 20
    total, alarms = dict.fromkeys([*NAMES, TOGETHER], 0), dict.fromkeys([*NAMES, TOGETHER], 0)
    for run in range(runs):
        rng = np.random.default_rng([run, 1])
        error, names = errors(rng, STABLE_READINGS + offset, repeatability, n_controls)
        if "sep_df" in settings:
            # the SEP of a validation of so many samples
            settings = settings | {"sep": float(SEP * np.sqrt(rng.chisquare(settings["sep_df"]) / settings["sep_df"]))}
        for name, at in first_alarms(ControlChart(**settings), error, names).items():
            total[name] += min(at - offset + 1, STABLE_READINGS)
            alarms[name] += at < np.inf
        progress.update()
    return {
        name: {"run_length": round(total[name] / max(alarms[name], 1), 1), "alarms": alarms[name]} for name in total
    }


def drifting(settings, runs, *, before, repeatability=None, n_controls=1, progress=None):
    """Share of runs, quiet until the drift, that alarm within ten readings of it."""
    found, quiet = dict.fromkeys([*NAMES, TOGETHER], 0), dict.fromkeys([*NAMES, TOGETHER], 0)
    for run in range(runs):
        error, names = errors(np.random.default_rng([run, 2]), before + WITHIN, repeatability, n_controls)
        error[before:] += DRIFT * SEP
        for name, at in first_alarms(ControlChart(**settings), error, names).items():
            quiet[name] += at >= before
            found[name] += before <= at < np.inf
        progress.update()
    return {name: round(found[name] / max(quiet[name], 1), 3) for name in found}


def theory(repeatability, arl):
    """Probability of an alarm within ten readings, from the start of the charts, by the integral equations.

    ``best test`` is that of the mean of exactly these ten readings, two-sided, which alarms falsely as often in ten
    readings as a chart of this run length: no chart can do better with ten readings.
    """
    shift = DRIFT * SEP / (repeatability or SEP)
    design = ControlChart(SEP, repeatability=repeatability, arl=arl).limits_["bias"]
    k, h = design["cusum"]
    level = 1 - (1 - 1 / arl) ** WITHIN
    limit, mean = norm.isf(level / 2), shift * np.sqrt(WITHIN)
    alone = norm.sf(design["shewhart"] - shift) + norm.cdf(-design["shewhart"] - shift)
    return {
        "bias shewhart": round(float(1 - (1 - alone) ** WITHIN), 3),
        "bias cusum": round(1 - still_quiet(cusum_walk(Shifted(shift), k, h), WITHIN), 3),
        "bias ewma": round(1 - still_quiet(ewma_walk(Shifted(shift), *design["ewma"]), WITHIN), 3),
        "best test": round(float(norm.sf(limit - mean) + norm.cdf(-limit - mean)), 3),
    }


STABLE = {
    "SEP given": ({"sep": SEP}, {}),
    "SEP of 20 validation samples": ({"sep": SEP, "sep_df": 19}, {}),
    "SEP estimated": ({}, {}),
    "control samples, repeatability SEP / 3": ({"sep": SEP, "repeatability": SEP / 3}, {"repeatability": SEP / 3}),
}


def main(arguments=None):
    """Write the results as JSON and print them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.monitoring", description=main.__doc__)
    parser.add_argument("--runs", type=int, default=400, help="simulated runs of each setting (default: 400)")
    parser.add_argument("--output", type=Path, default=RESULTS)
    options = parser.parse_args(arguments)
    runs, results = options.runs, {"runs": options.runs, "run_length_asked_for": ControlChart.arl}
    cases = [(None, 1, 30)] + [(SEP / part, 1, before) for part in (2, 3, 4, 5) for before in (20, 50)]
    with tqdm(total=runs * (len(STABLE) + len(cases)), unit="run") as progress:
        results["stable"] = {
            name: stable(settings, runs, progress=progress, **more) for name, (settings, more) in STABLE.items()
        }
        results["drift"] = []
        for repeatability, n_controls, before in cases:
            settings = {"sep": SEP, "repeatability": repeatability}
            more = {"repeatability": repeatability, "n_controls": n_controls}
            found = drifting(settings, runs, before=before, progress=progress, **more)
            share = None if repeatability is None else round(repeatability / SEP, 3)
            case = {"repeatability_in_sep": share, "readings_before": before}
            results["drift"].append(
                case | {"alarm_within_10": found, "theory_without_history": theory(repeatability, ControlChart.arl)}
            )
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(results, indent=1) + "\n")
    for name, figures in results["stable"].items():
        print(name, {chart: figure["run_length"] for chart, figure in figures.items()})
    for case in results["drift"]:
        print(case)
    return 0


if __name__ == "__main__":
    sys.exit(main())
