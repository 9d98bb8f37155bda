"""Ratios of run times, measured in turns so that a busy machine slows both sides alike."""

import json
import platform
import resource
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

__all__ = ["RESULTS", "environment", "fit_exponent", "peak_mib", "ratio", "save"]

RESULTS = Path(__file__).with_name("results")
WARM_UP = 1


def _seconds(run, loops):
    started = time.perf_counter()
    for _ in range(loops):
        run()
    return (time.perf_counter() - started) / loops


def _loops(run, least=0.02):
    """How many calls make a measurement longer than ``least`` seconds."""
    for _ in range(WARM_UP):
        run()
    once = _seconds(run, 1)
    return max(1, int(np.ceil(least / max(once, 1e-7))))


def ratio(name, ours, peer, *, repeats=7, peer_name):
    """Time two callables in turns and summarise how many times faster the first is."""
    loops = _loops(ours), _loops(peer)
    pairs = [(_seconds(ours, loops[0]), _seconds(peer, loops[1])) for _ in range(repeats)]
    own, other = np.array(pairs).T
    ratios = other / own
    return {
        "name": name,
        "peer": peer_name,
        "ours_ms": round(1e3 * float(np.median(own)), 4),
        "peer_ms": round(1e3 * float(np.median(other)), 4),
        "ratio_min": round(float(ratios.min()), 2),
        "ratio_median": round(float(np.median(ratios)), 2),
        "ratio_max": round(float(ratios.max()), 2),
    }


def fit_exponent(sizes, seconds):
    """Slope of log time against log size."""
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])


def peak_mib():
    """Peak resident memory of this process in MiB."""
    status = Path("/proc/self/status")
    if status.exists():
        # ru_maxrss of a spawned process starts at its parent's on Linux
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def environment(*packages):
    """Versions and machine, for the results file."""
    found = {}
    for package in ("skspectral", "numpy", "scipy", "scikit-learn", *packages):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return {"python": platform.python_version(), "machine": platform.machine(), "packages": found}


def save(name, content):
    """Write a results file."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(content, indent=1) + "\n")
    return path
