"""``python -m benchmarks.prior``: learn the constants of the portfolio and write them beside its code."""

import argparse
import json
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from tqdm.auto import tqdm

from benchmarks.prior.families import mix_families
from benchmarks.prior.jobs import collect_job
from benchmarks.prior.learn import (
    learn_alike,
    learn_gate,
    learn_powers,
    learn_prior,
    learn_spread,
)
from benchmarks.prior.refine import refine
from benchmarks.prior.settings import real_settings
from benchmarks.prior.shares import learn_shares
from skspectral.transfer.portfolio._constants import constants as stored_constants
from skspectral.transfer.portfolio._members import FAMILIES

DATA = (
    "real near-infrared, mid-infrared and Raman spectra of many materials through simulated instruments, and "
    "powders, feed grain and minerals on real pairs of instruments; no evaluation set"
)
OUTPUT = Path(__file__).parents[2] / "skspectral" / "transfer" / "portfolio" / "constants.json"


def main():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.prior", description=__doc__)
    parser.add_argument("--settings", type=int, default=300, help="simulated pairs of instruments (default: 300)")
    parser.add_argument("--repeats", type=int, default=4, help="splits of every real pair (default: 4)")
    parser.add_argument("--first", type=int, help="only so many of all settings, in a random order; default: all")
    parser.add_argument("--keep-ridges", action="store_true", help="keep the stored prior of the ridges: half the time")
    parser.add_argument("--refine", action="store_true", help="keep what is stored but where one power is better")
    parser.add_argument("--cached-only", action="store_true", help="learn from what the cache has, and compute no more")
    parser.add_argument("--n-jobs", type=int, default=1)
    parser.add_argument("--cache", type=Path, help="folder that keeps what was computed, so that a run can go on")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    parser.add_argument("--quiet", action="store_true")
    args = parser.parse_args()
    tasks, n_settings = collect_all(args)
    command = f"python -m benchmarks.prior --settings {args.settings} --repeats {args.repeats} --first {n_settings}"
    if args.refine:
        content = stored_constants()
        powers, refined = refine(tasks, content)
        content = content | {"powers": powers, "report": content["report"] | {"refined": refined}}
        how = f"{content.pop('how')}; then {command} --refine"
    else:
        content = learn(tasks, stored_constants() if args.keep_ridges else None)
        how = command + (" --keep-ridges" if args.keep_ridges else "")
    content = {"how": how, "data": DATA} | {name: value for name, value in content.items() if name != "data"}
    args.output.write_text(json.dumps(content, indent=1) + "\n")
    if not args.quiet:
        print(json.dumps({k: v for k, v in content.items() if k != "log_prior"}, indent=1))


def learn(tasks, stored=None):
    """Learn everything from collected tasks, stage by stage; with stored constants, all but the prior of the ridges."""
    report = {}
    if stored is None:
        # references made up from the spectra favour models without preprocessing more than real chemistry does
        scarce = ("MIR", "Raman")
        enough = [
            t for t in tasks if t["n_standards"] >= 3 and (t["measured_references"] or t["kind"].startswith(scarce))
        ]
        log_prior, ridges, report["ridges"] = learn_prior(enough)
    else:
        log_prior = stored["log_prior"]
        ridges, report["ridges"] = learn_powers([t for t in tasks if t["n_standards"] >= 3], "ridges", log_prior)
    powers = {"ridges": ridges}
    for family in FAMILIES:
        if family != "ridges":
            powers[family], report[family] = learn_powers(tasks, family)
    mixed = [mix_families(task, log_prior, powers) for task in tasks]
    shares, report["shares"] = learn_shares(mixed)
    constants = {"powers": powers} | shares
    paired = [m for m in mixed if m.task["n_standards"]]
    constants["alike"], report["alike"] = learn_alike(paired, constants)
    constants["gate"], report["gate"] = learn_gate(paired, constants)
    constants["spread"], report["spread"] = learn_spread(mixed, constants)
    return constants | {"log_prior": log_prior, "report": report}


def collect_all(args):
    """Compute the tasks, or read them where they were computed before; return them, and of how many settings."""
    jobs = {f"sim{seed}": seed for seed in range(args.settings)}
    jobs |= {f"real{i}": job for i, job in enumerate(real_settings(args.repeats))}
    # in random order, so that the time that is left is told right
    names = [list(jobs)[i] for i in np.random.default_rng(0).permutation(len(jobs))][: args.first]
    if args.cached_only:
        # the first of this order, as a run that goes on would have them
        there = [(args.cache / f"{name}.pkl").exists() for name in names]
        names = names[: there.index(False)] if False in there else names
    ridges = set(stored_constants()["log_prior"]) if args.keep_ridges or args.refine else None
    results = Parallel(n_jobs=args.n_jobs, return_as="generator", batch_size=1)(
        delayed(collect_job)(name, jobs[name], args.cache, ridges) for name in names
    )
    found = dict(zip(names, tqdm(results, total=len(names), disable=args.quiet)))
    return [task for name in sorted(found) for task in found[name]], len(names)


if __name__ == "__main__":
    main()
