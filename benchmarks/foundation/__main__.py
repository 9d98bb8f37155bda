"""Learn how far the network is trusted, and compare the parts of the foundation model.

``python -m benchmarks.foundation mixture`` collects errors, learns the constants of the mixture from them and sets the
network beside its random twin;
``python -m benchmarks.foundation parts --datasets corn`` computes what is missing; ``adaptation`` and ``several`` do so
for test-time training and low-rank updates, and for several known instruments; ``report`` writes the tables.
"""

import argparse
import json
from pathlib import Path
from tempfile import mkdtemp

from benchmarks.accuracy.__main__ import RESULTS as ACCURACY
from benchmarks.accuracy.archive import unpack
from benchmarks.accuracy.random_network import untrained_twin
from benchmarks.foundation import adaptation, several
from benchmarks.foundation.mixture import collect, learn, report
from benchmarks.foundation.parts import NETWORKS, run
from benchmarks.foundation.sentence import write_readme
from benchmarks.foundation.twin import PRETRAINED, RANDOM, compare
from skspectral.pretraining.weights import packaged_versions

RESULTS = Path(__file__).parent / "results"
README = Path(__file__).parents[2] / "README.md"


def main(arguments=None):
    """Run one part of the benchmark."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.foundation", description=__doc__)
    parser.add_argument("part", choices=["mixture", "parts", "adaptation", "several", "report"])
    parser.add_argument("--weights", default="small", help="name or folder of the weights (default: small)")
    parser.add_argument("--simulated", type=int, default=42, help="simulated settings or tasks (default: 42)")
    parser.add_argument("--repeats", type=int, help="splits (default: 3 of every real pair, 5 of every other)")
    parser.add_argument("--datasets", nargs="+", default=["corn"], choices=["corn", "tablets", "sugarcane"])
    parser.add_argument("--networks", nargs="+", default=list(NETWORKS), choices=list(NETWORKS))
    parser.add_argument("--standards", nargs="+", type=int, default=[10, 5, 0], help="parts: numbers of standards")
    parser.add_argument("--output", type=Path, default=RESULTS, help="where to write")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    options = parser.parse_args(arguments)
    # results name the version, whichever is the newest when they are read
    options.weights = next(iter(packaged_versions(options.weights)), options.weights)
    if options.part in ("mixture", "several"):
        networks = {PRETRAINED: options.weights, RANDOM: untrained_twin(options.weights, Path(mkdtemp()) / "untrained")}
    if options.part == "mixture":
        path = options.output / "mixture.jsonl"
        collect(path, networks, options.simulated, options.repeats or 3, options.quiet)
        records = [json.loads(line) for line in path.read_text().splitlines()]
        pretrained = [record for record in records if record["network"] == PRETRAINED]
        constants = learn(pretrained)
        learned = json.dumps({"constants": constants, "report": report(pretrained, constants)}, indent=1)
        (options.output / "mixture.json").write_text(learned + "\n")
        compare(records).to_csv(options.output / "twin.csv", index=False, float_format="%.4f")
        if not options.quiet:
            print(learned)
    elif options.part == "parts":
        for dataset in options.datasets:
            path = options.output / f"{dataset}.csv"
            run(
                path, options.weights, dataset, options.repeats or 5, options.networks, options.standards, options.quiet
            )
    elif options.part == "adaptation":
        path = options.output / "adaptation.jsonl"
        adaptation.collect(path, options.weights, options.simulated, options.repeats or 3, options.quiet)
    elif options.part == "several":
        several.collect(
            options.output / "several.jsonl", networks, options.simulated, options.repeats or 3, options.quiet
        )
    else:
        from benchmarks.foundation.report import write_report

        for dataset in ("corn", "tablets", "sugarcane"):
            unpack(ACCURACY, dataset)
        print(*write_report(options.output, ACCURACY), sep="\n")
        if options.output == RESULTS:
            write_readme(RESULTS, README)


if __name__ == "__main__":
    main()
