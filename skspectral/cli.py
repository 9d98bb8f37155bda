"""The command line: ``skspectral demo``, ``skspectral compare`` and ``skspectral pretrain``."""

import argparse
import sys
from importlib import import_module

from ._version import __version__

__all__ = ["main"]

ERROR_CODE = 2


def build_parser():
    """Describe the commands."""
    parser = argparse.ArgumentParser(
        prog="skspectral",
        description="Calibration transfer between spectrometers.",
        epilog="Each command has its own help: skspectral demo --help",
    )
    parser.add_argument("--version", action="version", version=f"skspectral {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    demo = commands.add_parser(
        "demo",
        help="compare the methods on a published data set and keep a model",
        description="Compare the methods on corn (80 samples, 3 NIR instruments; downloaded once, or read from the "
        "folder in SKSPECTRAL_DATA), or on simulated instruments where corn cannot be had.",
    )
    demo.add_argument("--source", default="m5", help="source instrument (default: m5)")
    demo.add_argument("--target", default="mp6", help="target instrument (default: mp6)")
    demo.add_argument("--simulated", action="store_true", help="use simulated instruments")

    compare = commands.add_parser(
        "compare",
        help="compare the methods on your own spectra and keep a model",
        description="Spectra come as CSV or parquet: one table in long form with the columns instrument and sample_id, "
        "one column per property, and one per wavelength whose label is a number (nm or cm-1); or one such table per "
        "instrument as NAME=FILE, without the column instrument.",
    )
    compare.add_argument("files", nargs="+", metavar="FILE", help="FILE, or NAME=FILE for each instrument")
    compare.add_argument("--source", required=True, help="the instrument that the calibration comes from")
    compare.add_argument("--target", required=True, help="the instrument that it moves to")
    compare.add_argument("--property", action="append", metavar="NAME", help="property to predict (repeatable)")
    compare.add_argument("--grid", choices=["same", "overlap"], default="same",
                         help="overlap: resample instruments with different axes to their common range")  # fmt: skip
    compare.add_argument(
        "--test-size", type=float, default=0.3, metavar="SHARE", help="share of the samples held out (default: 0.3)"
    )

    for command, folder in ((demo, "skspectral-demo"), (compare, "skspectral-compare")):
        command.add_argument(
            "--n-standards", type=int, default=10, metavar="N", help="transfer standards (default: 10)"
        )
        command.add_argument("--repeats", type=int, default=10, metavar="N", help="random splits (default: 10)")
        command.add_argument("--methods", metavar="A,B", help="comma-separated names; default: all")
        command.add_argument("--seed", type=int, default=0, help="seed of the splits (default: 0)")
        command.add_argument("--output", default=folder, metavar="FOLDER", help=f"where to write (default: {folder})")
        command.add_argument("--quiet", action="store_true", help="no progress bar, no table")
        command.add_argument("--debug", action="store_true", help="show the traceback of an error")

    pretrain = commands.add_parser(
        "pretrain",
        help="pretrain the network on a folder of spectra",
        description="Train SpectralFM on real spectra seen through simulated instruments. Under torchrun, several "
        "processes share the work: torchrun --nproc-per-node 4 -m skspectral pretrain ...",
    )
    pretrain.add_argument(
        "--config", default="small", metavar="FILE", help="settings (TOML), or tiny, small, base (default: small)"
    )
    pretrain.add_argument("--corpus", metavar="DIR", help="folder of spectra (default: that in SKSPECTRAL_CORPUS)")
    pretrain.add_argument("--out", default="skspectral-pretrain", metavar="DIR",
                          help="where to write (default: skspectral-pretrain)")  # fmt: skip
    pretrain.add_argument("--steps", type=int, metavar="N", help="length of the run (default: that of the settings)")
    pretrain.add_argument("--seconds", type=float, metavar="S", help="time limit; sets the length if --steps does not")
    pretrain.add_argument("--seed", type=int, help="seed of everything (default: that of the settings)")
    pretrain.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N (default: auto)")
    pretrain.add_argument("--resume", action="store_true", help="continue the run in --out, if there is one")
    pretrain.add_argument("--quiet", action="store_true", help="no progress bar")
    pretrain.add_argument("--debug", action="store_true", help="show the traceback of an error")
    return parser


def main(argv=None):
    """Run a command.

    Parameters
    ----------
    argv : list of str, optional
        Arguments without the program's name; those of the process by default.

    Returns
    -------
    int
        0, or 2 after an error, which is named on the standard error.
    """
    args = build_parser().parse_args(argv)
    commands = import_module("._commands", __package__)
    try:
        getattr(commands, args.command)(args)
    except (ArithmeticError, ValueError, OSError, ImportError) as error:
        if args.debug:
            raise
        print(f"skspectral {args.command}: {error}", file=sys.stderr)
        return ERROR_CODE
    return 0


if __name__ == "__main__":
    sys.exit(main())
