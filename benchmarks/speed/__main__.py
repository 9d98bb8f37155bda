"""``python -m benchmarks.speed [classical|deployed|few_standards|foundation|network|...]``: all parts by default."""

import argparse
from importlib import import_module
from importlib.util import find_spec

PARTS = [
    name
    for name in ("classical", "deployed", "few_standards", "foundation", "network", "pretraining", "reading")
    if find_spec(f"benchmarks.speed.{name}")
]


def main():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__)
    parser.add_argument("parts", nargs="*", default=PARTS, help=f"any of {', '.join(PARTS)}")
    parser.add_argument("--quiet", action="store_true", help="no progress, no table; results go to files")
    args = parser.parse_args()
    for part in args.parts:
        if part not in PARTS:
            parser.error(f"unknown part {part!r}; choose from {', '.join(PARTS)}")
        import_module(f"benchmarks.speed.{part}").main(quiet=args.quiet)


if __name__ == "__main__":
    main()
