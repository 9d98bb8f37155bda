"""Choose the command, run it, and turn errors into a message and an exit code."""

import argparse
import os
import sys
import warnings
from importlib import import_module

from .._version import __version__
from ._words import in_options

__all__ = ["main"]

ERROR_CODE = 2
STOPPED_CODE = 130
CLOSED_CODE = 141
#: Module of each command and its line in ``skspectral --help``. A module is imported when its command is called.
COMMANDS = {
    "demo": "compare the methods on a published data set and keep a model",
    "inspect": "say what files of spectra hold, and what looks wrong in them",
    "compare": "compare the methods on your own spectra and keep a model",
    "choose": "name the samples to measure on the other instrument",
    "transfer": "move a calibration to another instrument and write the model to deploy",
    "predict": "predict new spectra: values, intervals, flags",
    "export": "write the coefficients of a deployed model",
    "monitor": "see whether check samples are still predicted as they should be",
    "update": "add standards to a deployed model, or correct its predictions by them",
    "pretrain": "pretrain the network on a folder of spectra",
}


def build_parser(argv):
    """Describe the commands; the options of those that ``argv`` does not name are left out."""
    parser = argparse.ArgumentParser(
        prog="skspectral",
        description="Calibration transfer between spectrometers.",
        epilog="Each command has its own help: skspectral demo --help",
    )
    parser.add_argument("--version", action="version", version=f"skspectral {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, line in COMMANDS.items():
        if name in argv:
            module = import_module(f".{name}", __package__)
            command = commands.add_parser(name, help=line, description=module.DESCRIPTION)
            module.add_arguments(command)
            command.add_argument("--debug", action="store_true", help="show the traceback of an error")
            command.set_defaults(run=module.run)
        else:
            commands.add_parser(name, help=line)
    return parser


def _said_by(error):
    """The message of an error; one of the system without its number, and with the file that it is about."""
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{error.filename}: {error.strerror}"
    return str(error)


def main(argv=None):
    """Run a command.

    Parameters
    ----------
    argv : list of str, optional
        Arguments without the program's name; those of the process by default.

    Returns
    -------
    int
        0, 2 after an error, which is named on the standard error, 130 after Ctrl-C, 141 where nobody reads the output
        any more, or what the command says, such as 3 after an alarm of ``monitor``.
    """
    argv = sys.argv[1:] if argv is None else list(argv)
    args = build_parser(argv).parse_args(argv)
    if hasattr(sys.stdout, "reconfigure"):
        # a name in letters that the console lacks stops nothing
        sys.stdout.reconfigure(errors="backslashreplace")
    formatted = warnings.formatwarning
    # what a file, a fit or a prediction is warned of is about them, not about a line of code
    warnings.formatwarning = lambda message, *_, **__: f"Warning: {in_options(str(message), args)}\n"
    try:
        code = args.run(args)
        sys.stdout.flush()
    except BrokenPipeError:
        # who reads the output has seen enough, as `head` has; what is still to be written goes nowhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return CLOSED_CODE
    except (ArithmeticError, ValueError, OSError, ImportError, MemoryError) as error:
        if args.debug:
            raise
        print(f"skspectral {args.command}: {in_options(_said_by(error), args)}", file=sys.stderr)
        return ERROR_CODE
    except KeyboardInterrupt:
        print(
            f"skspectral {args.command}: stopped. No file is half written; run the same command to begin again, or to "
            "go on where it writes as it goes (compare, demo).",
            file=sys.stderr,
        )
        return STOPPED_CODE
    finally:
        warnings.formatwarning = formatted
    return code or 0
