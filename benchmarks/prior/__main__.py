"""``python -m benchmarks.prior``: learn the constants of the portfolio and write them beside its code."""

import argparse
import json
import os
import pickle
from pathlib import Path

from joblib import Parallel, delayed
from tqdm.auto import tqdm

from benchmarks.prior.collect import collect, collect_task
from benchmarks.prior.learn import learn_gate, learn_prior, learn_spread
from benchmarks.prior.real_pairs import draw_pair_tasks, load_pairs
from benchmarks.prior.tasks import load_materials
from skspectral.transfer.portfolio._members import all_members

PAIR_REPEATS = 4
OUTPUT = Path(__file__).parents[2] / "skspectral" / "transfer" / "portfolio" / "constants.json"


def main():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.prior", description=__doc__)
    parser.add_argument("--tasks", type=int, default=1200, help="number of simulated tasks (default: 1200)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the first task")
    parser.add_argument("--n-jobs", type=int, default=1)
    parser.add_argument("--cache", type=Path, help="file that keeps what was computed, so that a run can go on")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    parser.add_argument("--quiet", action="store_true")
    args = parser.parse_args()
    pairs = draw_pair_tasks(load_pairs(), PAIR_REPEATS)
    real = [task for tasks in Parallel(n_jobs=args.n_jobs)(delayed(collect)(t) for t in pairs) for task in tasks]
    tasks = _collect(args)
    log_prior, powers, prior_report = learn_prior([t for t in tasks if t["measured_references"]], real)
    gate_constants, gate_report = learn_gate(tasks, log_prior, powers)
    spread_constants, spread_report = learn_spread(tasks, log_prior, powers, gate_constants)
    members = [member.name for member in all_members()]
    content = {
        "how": f"python -m benchmarks.prior --tasks {args.tasks} --seed {args.seed}",
        "data": (
            "real near-infrared spectra of many materials through simulated instruments, and powders on real handheld "
            "instruments; no evaluation set"
        ),
        "powers": powers,
        "gate": gate_constants,
        "spread": spread_constants,
        "log_prior": {name: round(float(value), 3) for name, value in zip(members, log_prior)},
        "report": prior_report | gate_report | spread_report,
    }
    args.output.write_text(json.dumps(content, indent=1) + "\n")
    if not args.quiet:
        print(json.dumps({k: v for k, v in content.items() if k != "log_prior"}, indent=1))


def _collect(args):
    """Compute the tasks, or read them where they were computed before."""
    found = {}
    if args.cache is not None and args.cache.exists():
        found = pickle.loads(args.cache.read_bytes())
    materials = load_materials(os.environ["SKSPECTRAL_CORPUS"])
    seeds = range(args.seed, args.seed + args.tasks)
    missing = [seed for seed in seeds if seed not in found]
    results = Parallel(n_jobs=args.n_jobs, return_as="generator")(
        delayed(collect_task)(materials, seed) for seed in missing
    )
    for i, (seed, result) in enumerate(zip(missing, tqdm(results, total=len(missing), disable=args.quiet))):
        found[seed] = result
        if args.cache is not None and (i % 200 == 199 or i == len(missing) - 1):
            args.cache.write_bytes(pickle.dumps(found))
    return [found[seed] for seed in seeds]


if __name__ == "__main__":
    main()
