"""Judge pretraining: ``python -m benchmarks.pretraining ablation --out DIR``.

The spectra come from the folder that ``SKSPECTRAL_CORPUS`` names. A run that was stopped goes on where it stopped when
the same command is given again.
"""

import argparse
import sys
from pathlib import Path

from benchmarks.pretraining import ablation, ablation_summary
from benchmarks.pretraining.variants import VARIANTS
from skspectral.exceptions import DatasetUnavailableError

RESULTS = Path(__file__).parent / "results"


def run_ablation(options):
    """Train the network with one thing removed at a time."""
    records, failures = ablation.run_all(
        options.out,
        preset=options.preset,
        steps=options.steps,
        seeds=options.seeds,
        names=options.variants,
        n_jobs=options.n_jobs,
        device=options.device,
        quiet=options.quiet,
    )
    for failure in failures:
        print(failure, file=sys.stderr)
    if records:
        rows = ablation_summary.write(records, options.out)
        (options.out / "ablation.md").write_text("\n".join(ablation_summary.table(rows)).strip() + "\n")
        try:
            ablation_summary.draw(rows, options.out / "ablation.png")
        except ImportError:
            print("No figure: matplotlib is not installed.", file=sys.stderr)
    return 1 if failures else 0


def main(arguments=None):
    """Parse the command line, run, and give the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pretraining", description=__doc__)
    commands = parser.add_subparsers(required=True)
    one = commands.add_parser("ablation", help=run_ablation.__doc__)
    one.set_defaults(run=run_ablation)
    one.add_argument("--preset", default="tiny", help="settings of pretraining: a packaged name or a file")
    one.add_argument("--steps", type=int, default=600, help="steps of every run (default: 600)")
    one.add_argument("--seeds", type=int, default=2, help="runs of every variant (default: 2)")
    one.add_argument("--n-jobs", type=int, default=1, help="runs at a time, one processor core each")
    one.add_argument("--device", default="cpu", help="cpu or cuda")
    one.add_argument("--variants", nargs="+", choices=VARIANTS, default=list(VARIANTS), metavar="NAME")
    for command in (one,):
        command.add_argument("--out", type=Path, default=RESULTS, help="folder of the results")
        command.add_argument("--quiet", action="store_true", help="no progress bar")
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    try:
        return options.run(options)
    except DatasetUnavailableError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
