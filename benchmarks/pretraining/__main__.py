"""Judge pretraining: ``python -m benchmarks.pretraining probes --weights small``, or ``ablation``.

``probes`` asks of pretrained weights what they have learned, ``ablation`` of the training what each part contributes,
``noise`` of its gradients how much is chance, and ``curve`` what its hours brought. All write tables, figures and
``README.md`` to one folder.

The spectra come from the folder that ``SKSPECTRAL_CORPUS`` names. A run that was stopped goes on where it stopped when
the same command is given again.
"""

import argparse
import sys
from pathlib import Path

from benchmarks.pretraining import (
    ablation,
    ablation_summary,
    gradient_noise,
    learning_curve,
    probes,
    probes_summary,
    report,
)
from benchmarks.pretraining.variants import VARIANTS
from skspectral.exceptions import DatasetUnavailableError, MissingWeightsError

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
        _draw(lambda: ablation_summary.draw(rows, options.out / "ablation.png"))
        report.write_readme(options.out)
    return 1 if failures else 0


def run_probes(options):
    """Ask what pretrained weights have learned."""
    records = probes.run_all(
        options.out,
        weights=options.weights,
        n_random=options.n_random,
        names=options.probes,
        n_jobs=options.n_jobs,
        device=options.device,
        quiet=options.quiet,
        unseen_only=options.unseen_only,
    )
    if records:
        summary = probes_summary.write(records, options.out)
        _draw(lambda: _figures().draw(summary, options.out))
        report.write_readme(options.out)
    return 0


def run_noise(options):
    """Split the variance of the transfer loss's gradient."""
    gradient_noise.write(options.out, options.weights, options.batches)
    report.write_readme(options.out)
    return 0


def run_curve(options):
    """Join the curves of the runs that went on from one another."""
    _draw(lambda: learning_curve.draw(options.out))
    report.write_readme(options.out)
    return 0


def _figures():
    from benchmarks.pretraining import probes_figures

    return probes_figures


def _draw(make):
    """Draw where there is matplotlib: machines that only compute may lack it."""
    try:
        make()
    except ImportError:
        print("No figure: matplotlib is not installed. The same command draws it where it is.", file=sys.stderr)


def main(arguments=None):
    """Parse the command line, run, and give the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pretraining", description=__doc__)
    commands = parser.add_subparsers(required=True)
    one = commands.add_parser("ablation", help=run_ablation.__doc__)
    one.set_defaults(run=run_ablation)
    one.add_argument("--preset", default="tiny", help="settings of pretraining: a packaged name or a file")
    one.add_argument("--steps", type=int, default=600, help="steps of every run (default: 600)")
    one.add_argument("--seeds", type=int, default=2, help="runs of every variant (default: 2)")
    one.add_argument("--variants", nargs="+", choices=VARIANTS, default=list(VARIANTS), metavar="NAME")
    other = commands.add_parser("probes", help=run_probes.__doc__)
    other.set_defaults(run=run_probes)
    other.add_argument("--weights", required=True, help="name or folder of the weights")
    other.add_argument("--n-random", type=int, default=2, help="networks before any training (default: 2)")
    other.add_argument("--probes", nargs="+", choices=probes.PROBES, default=list(probes.PROBES), metavar="NAME")
    other.add_argument("--unseen-only", action="store_true", help="only data sets that the training left out")
    third = commands.add_parser("noise", help=run_noise.__doc__)
    third.set_defaults(run=run_noise)
    third.add_argument("--weights", default="small", help="name or folder of the weights (default: small)")
    third.add_argument("--batches", type=int, default=12, help="steps whose gradients are computed (default: 12)")
    fourth = commands.add_parser("curve", help=run_curve.__doc__)
    fourth.set_defaults(run=run_curve)
    for command in (third, fourth):
        command.add_argument("--out", type=Path, default=RESULTS, help="folder of the results")
    for command in (one, other):
        command.add_argument("--n-jobs", type=int, default=1, help="processes, one processor core each")
        command.add_argument("--device", default="cpu", help="cpu or cuda")
        command.add_argument("--out", type=Path, default=RESULTS, help="folder of the results")
        command.add_argument("--quiet", action="store_true", help="no progress bar")
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    try:
        return options.run(options)
    except (DatasetUnavailableError, MissingWeightsError) as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
