"""Learn how far the network is trusted, and compare the parts of the foundation model.

``python -m benchmarks.foundation mixture`` collects errors and learns the constants of the mixture;
``python -m benchmarks.foundation parts --datasets corn`` computes what is missing; ``report`` writes the tables.
"""

import argparse
import json
from pathlib import Path

from benchmarks.accuracy.__main__ import RESULTS as ACCURACY
from benchmarks.accuracy.archive import unpack
from benchmarks.foundation.mixture import collect, learn
from benchmarks.foundation.parts import NETWORKS, run

RESULTS = Path(__file__).parent / "results"


def main(arguments=None):
    """Run one part of the benchmark."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.foundation", description=__doc__)
    parser.add_argument("part", choices=["mixture", "parts", "report"])
    parser.add_argument("--weights", default="small", help="name or folder of the weights (default: small)")
    parser.add_argument("--simulated", type=int, default=120, help="mixture: simulated tasks (default: 120)")
    parser.add_argument("--repeats", type=int, help="splits (default: 2 of every real pair, 5 of every other)")
    parser.add_argument("--datasets", nargs="+", default=["corn"], choices=["corn", "tablets", "sugarcane"])
    parser.add_argument("--networks", nargs="+", default=list(NETWORKS), choices=list(NETWORKS))
    parser.add_argument("--standards", nargs="+", type=int, default=[10, 5, 0], help="parts: numbers of standards")
    parser.add_argument("--output", type=Path, default=RESULTS, help="where to write")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    options = parser.parse_args(arguments)
    if options.part == "mixture":
        path = options.output / "mixture.jsonl"
        collect(path, options.weights, options.simulated, options.repeats or 2, options.quiet)
        constants, report = learn(path)
        learned = json.dumps({"constants": constants, "report": report}, indent=1)
        (options.output / "mixture.json").write_text(learned + "\n")
        if not options.quiet:
            print(learned)
    elif options.part == "parts":
        for dataset in options.datasets:
            path = options.output / f"{dataset}.csv"
            run(
                path, options.weights, dataset, options.repeats or 5, options.networks, options.standards, options.quiet
            )
    else:
        from benchmarks.foundation.report import write_report

        for dataset in ("corn", "tablets", "sugarcane"):
            unpack(ACCURACY, dataset)
        print(*write_report(options.output, ACCURACY), sep="\n")


if __name__ == "__main__":
    main()
