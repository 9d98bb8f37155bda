"""``python -m benchmarks.deployment flags|possible|vials|intervals|coverage``: results go to files.

flags: how often good and wrong spectra are flagged. possible: how often the best of many scores would find them on real
pairs, that knew all samples and the limits. vials: how often an exchange of two standards is suspected, rightly and
wrongly. intervals: learn the constants of the intervals and print them.
coverage: how often intervals hold on corn, tablets and sugarcane, of which nothing was learned, and beside them on the
corpus pairs; with ``--conformal`` also intervals by the errors of left-out standards. The last two keep what they
computed in a file (``--cache``) and go on where they were.
"""

import argparse
import pickle
from pathlib import Path

import pandas as pd
from tqdm.auto import tqdm

from benchmarks.prior.materials import load_materials
from skspectral import PLSRegressionCV
from skspectral.diagnostics import TransferIntervals

from .collect import METHODS, interval_parts
from .evaluation import evaluation_pairs
from .flags import flag_rates, flag_summary, flags_by_pair, other_materials
from .learn import coverage, learn
from .pairs import KINDS, real_pairs, simulated_pairs
from .possible import possible_rates
from .vials import vial_odds, vial_summary

NUMBERS = (3, 5, 10, 20)
FLAG_SEEDS = range(1000, 1016)
VIAL_SEEDS, VIAL_SEED = range(7000, 7040), 500
VIAL_NUMBERS = (5, 7, 10, 20)
#: Splits on which the rates of flags are counted; their limits were chosen on others.
FLAG_REPEATS = range(100, 106)
FIRST_SEED = 300
#: What a calibration on spectra through simulated instruments explains at least; real ones are taken as they are.
USEFUL = 0.8
RESULTS = Path(__file__).parent / "results"


def flags(args):
    """Judge good and wrong spectra of all pairs and write the shares."""
    pairs = [*real_pairs(), *simulated_pairs(FLAG_SEEDS)]
    rows, materials = [], load_materials()
    for pair in tqdm(pairs, disable=args.quiet):
        others = other_materials(pair, materials)
        for n in NUMBERS:
            for seed in FLAG_REPEATS:
                rows += flag_rates(pair, n, seed, others)
    table = pd.DataFrame(rows)
    _write("flags", flag_summary(table).reset_index(), args)
    _write("flags_by_pair", flags_by_pair(table).reset_index(), args)


def possible(args):
    """Say what could be found at best on the real pairs."""
    materials = load_materials()
    pairs = tqdm(real_pairs(), disable=args.quiet)
    _write(
        "flags_possible", pd.DataFrame([possible_rates(pair, other_materials(pair, materials)) for pair in pairs]), args
    )


def vials(args):
    """Judge sets of standards with and without an exchange; ``--tasks`` is the number of sets of each real pair."""
    tasks = [(pair, seed) for pair in real_pairs() for seed in range(args.tasks)]
    tasks += [(pair, 0) for pair in simulated_pairs(VIAL_SEEDS)]
    rows = []
    for pair, seed in tqdm(tasks, disable=args.quiet):
        for n in VIAL_NUMBERS:
            rows += vial_odds(pair, n, VIAL_SEED + seed)
    _write("vials", vial_summary(pd.DataFrame(rows)), args)


def intervals(args):
    """Learn the constants and print them with the coverage on the tasks that they were learned on."""
    parts = _computed(_learning_tasks(args.tasks), args, judged=False)
    own, others = ([part for part in parts if (part["own"] is not None) == has] for has in (True, False))
    with_std = learn(own, {"prior_standards": 3.0})
    without = learn(others, {name: with_std[name] for name in ("rho", "y_prior")})
    print("with a standard deviation of its own:", with_std, "\nwithout:", without)
    table = coverage(parts, {"auto": with_std, "mean shift": without}, _in_use())
    columns = ["covered", "covered_before", "width_to_before", "tasks"]
    print(_summary(table, ["method", "kind"])[columns].to_string())


def coverage_of_evaluation(args):
    """Say how often intervals hold where nothing was learned, and write it."""
    parts = _computed(_evaluation_tasks(args.tasks, args.conformal), args)
    table = coverage(parts, _in_use())
    _write("coverage", _summary(table[table["set"] != "corpus"], ["method", "kind", "n"]).reset_index(), args)
    _write("coverage_by_set", _summary(table, ["method", "set", "kind"]).reset_index(), args)


def _in_use():
    """Constants of the library for each method."""
    shared = {key: value for key, value in TransferIntervals.constants.items() if not isinstance(value, dict)}
    return {m: shared | TransferIntervals.constants[k] for m, k in (("auto", "with"), ("mean shift", "without"))}


def _learning_tasks(n_tasks):
    """Yield tasks on simulated and real pairs whose calibration is worth something on the source."""
    real, count = real_pairs(), 0
    for simulated in simulated_pairs(range(FIRST_SEED, FIRST_SEED + 100 * n_tasks)):
        fitted = PLSRegressionCV(max_components=15, cv=4).fit(simulated.source, simulated.y)
        if fitted.rmsecv_[0] ** 2 > (1 - USEFUL) * simulated.y.var():
            continue
        # no number of standards keeps to some of the pairs
        n = NUMBERS[(count + count // len(real)) % len(NUMBERS)]
        for pair in (simulated, real[count % len(real)]):
            for kind in KINDS if pair is not simulated else [kind for kind in KINDS if kind != "row"]:
                for method in METHODS:
                    yield pair, kind, n, count, method
        count += 1
        if count == n_tasks:
            return


def _evaluation_tasks(n_tasks, conformal):
    """Yield tasks: every kind of split and number of standards of each known pair, and some of those of evaluation.

    Of these any number of repeats is a fair sample, since the step shares no divisor with their number.
    """
    pairs = evaluation_pairs()
    known = real_pairs()
    for i, n in enumerate((10, 5, 20, 3)):
        for kind in KINDS:
            for j, pair in enumerate(known):
                # both directions of a pair are split alike, and every other task is enough for a method beside it
                for method in METHODS if (i + j) % 2 else METHODS[:1]:
                    yield pair, kind, n, j // 2 + i, method
    for repeat in range(n_tasks):
        for i, kind in enumerate(KINDS):
            for j, n in enumerate(NUMBERS):
                turn = 5 * repeat + j + 2 * i
                for method in METHODS:
                    yield pairs[turn % len(pairs)], kind, n, turn, method, conformal


def _computed(tasks, args, **options):
    found = pickle.loads(args.cache.read_bytes()) if args.cache and args.cache.exists() else {}
    if args.again:
        found = {key: parts for key, parts in found.items() if args.again not in key}
    for count, (pair, *task) in enumerate(tqdm(tasks, disable=args.quiet)):
        key = (pair.name, *task)
        if key not in found:
            found[key] = interval_parts(pair, *task, **options)
            if args.cache and count % 20 == 19:
                args.cache.write_bytes(pickle.dumps(found))
    if args.cache:
        args.cache.write_bytes(pickle.dumps(found))
    return [part for parts in found.values() for part in parts]


def _summary(table, by):
    """Mean coverage in groups, median width beside the method's own, and how many far errors came with a warning."""
    groups = table.groupby(by)
    means = ("covered", "covered_before", "width_to_before", "own_covered", "conformal", "warned")
    summary = groups[[name for name in means if name in table]].mean()
    for name in ("width", "conformal_width"):
        summary[name] = groups[name].median()
    summary["far"], summary["far_flagged"] = groups["far"].sum(), groups["far_flagged"].sum()
    summary["tasks"], summary["tasks_conformal"] = groups.size(), groups["conformal"].count()
    return summary.round(3)


def _write(name, table, args):
    RESULTS.mkdir(exist_ok=True)
    table.to_csv(RESULTS / f"{name}.csv", index=False, lineterminator="\n")
    if not args.quiet:
        print(table.to_string())


def main():
    """Run what is asked for."""
    what = {
        "flags": flags,
        "possible": possible,
        "vials": vials,
        "intervals": intervals,
        "coverage": coverage_of_evaluation,
    }
    parser = argparse.ArgumentParser(prog="python -m benchmarks.deployment", description=__doc__)
    parser.add_argument("what", choices=list(what))
    parser.add_argument("--tasks", type=int, default=40, help="number of tasks, or of repeats (default: 40)")
    parser.add_argument("--conformal", action="store_true", help="with conformal intervals, which take many fits")
    parser.add_argument("--cache", type=Path, help="file that keeps what was computed")
    parser.add_argument(
        "--again", choices=METHODS, help="compute anew what the file keeps of a method that has changed"
    )
    parser.add_argument("--quiet", action="store_true")
    args = parser.parse_args()
    what[args.what](args)


if __name__ == "__main__":
    main()
