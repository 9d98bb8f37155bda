"""``python -m benchmarks.situations [parts]``: measure what is missing, and write tables of what there is."""

import argparse
from pathlib import Path

from benchmarks.situations import ablation, like_instruments, raman, replicates, several_sources
from benchmarks.situations.records import Records
from benchmarks.situations.report import report

RESULTS = Path(__file__).with_name("results")
PARTS = {
    "several_sources": several_sources.collect,
    "replicates": replicates.collect,
    "like_instruments": like_instruments.collect,
    "raman": raman.collect,
    "ablation": ablation.collect,
}


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m benchmarks.situations", description=__doc__)
    parser.add_argument("parts", nargs="*", default=list(PARTS), help=f"any of {', '.join(PARTS)}; default: all")
    parser.add_argument("--repeats", type=int, help="splits, or simulated settings; default: as many as each part has")
    parser.add_argument("--output", type=Path, default=RESULTS, help="folder of the records and of README.md")
    parser.add_argument("--report-only", action="store_true", help="tables of the records there are")
    options = parser.parse_args(arguments)
    unknown = set(options.parts) - set(PARTS)
    if unknown:
        parser.error(f"unknown part {', '.join(sorted(unknown))}; choose from {', '.join(PARTS)}")
    for part in () if options.report_only else options.parts:
        wanted = {} if options.repeats is None else {"repeats": options.repeats}
        PARTS[part](Records(options.output / f"{part}.jsonl"), **wanted)
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "README.md").write_text(report(options.output), encoding="utf-8")


if __name__ == "__main__":
    main()
