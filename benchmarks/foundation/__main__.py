"""Learn the mixture's constants: ``python -m benchmarks.foundation mixture --weights small``."""

import argparse
import json
from pathlib import Path

from benchmarks.foundation.mixture import collect, learn

RESULTS = Path(__file__).parent / "results"


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m benchmarks.foundation", description=__doc__)
    parser.add_argument("part", choices=["mixture"])
    parser.add_argument("--weights", default="small", help="name or folder of the weights (default: small)")
    parser.add_argument("--simulated", type=int, default=120, help="simulated tasks (default: 120)")
    parser.add_argument("--repeats", type=int, default=2, help="splits of every real pair (default: 2)")
    parser.add_argument("--output", type=Path, default=RESULTS, help="where to write")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    options = parser.parse_args(arguments)
    path = options.output / "mixture.jsonl"
    collect(path, options.weights, options.simulated, options.repeats, options.quiet)
    constants, report = learn(path)
    (options.output / "mixture.json").write_text(
        json.dumps({"constants": constants, "report": report}, indent=1) + "\n"
    )
    lines = [
        "| tasks | target rows | properties | network / portfolio | mixture / portfolio | mean weight |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    lines += [
        "| {kind} | {standards} | {properties} | {network:.3f} | {mixture:.3f} | {weight:.2f} |".format(**row)
        for row in report
    ]
    (options.output / "mixture.md").write_text("\n".join(lines) + "\n")
    print(json.dumps(constants), *lines, sep="\n")


if __name__ == "__main__":
    main()
