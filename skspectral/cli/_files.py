"""What the commands share that read spectra and write results."""

import glob
import os
import shlex
from pathlib import Path

from ._reading import add_reading_options as add_reading
from ._reading import given_options, sources
from ._reading import read_table_of as read

__all__ = [
    "add_output",
    "add_reading",
    "check_plot",
    "free",
    "free_plot",
    "read",
    "reading_options",
    "say",
    "shell",
    "sources",
    "target_of",
    "write_text",
]

PLOTS = (".png", ".svg", ".pdf")
#: Options of reading that a deployed model keeps for the files that it will predict.
KEPT = ("id_column", "instrument_column", "unit", "quantity")


def add_output(parser, *, required, help):
    """Add where to write, and how loud to be."""
    parser.add_argument("-o", "--output", required=required, metavar="FILE", help=help)
    parser.add_argument("--force", action="store_true", help="replace files that exist")
    parser.add_argument("--quiet", action="store_true", help="no progress bars, and nothing printed but errors")


def reading_options(args):
    """Options of reading that were given and that later files of the instrument will need too."""
    return {name: value for name, value in given_options(args).items() if name in KEPT}


def free(path, args):
    """Give the path, or refuse it before any work is done where there is a file already.

    What the command reads is never replaced, whatever the user said.
    """
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder. Give the name of a file in it.")
    if path.exists() and not args.force:
        raise FileExistsError(f"{path} exists. Give another name, or --force to replace it.")
    if path.exists() and any(path.samefile(file) for file in _files_read(args)):
        raise FileExistsError(f"{path} is among the files that are read, and is never replaced. Give another name.")
    if not path.absolute().parent.is_dir():
        raise FileNotFoundError(f"There is no folder {path.absolute().parent} to write {path.name} into.")
    if not os.access(path.absolute().parent, os.W_OK):
        raise PermissionError(f"Nothing may be written into the folder {path.absolute().parent}. Give another one.")
    return path


def check_plot(path):
    """Refuse a kind of file that is not drawn."""
    if Path(path).suffix.lower() not in PLOTS:
        raise ValueError(f"Plots are written to {', '.join(PLOTS[:-1])} or {PLOTS[-1]}, got {Path(path).name}.")


def free_plot(path, args):
    """Give the path of a plot as `free` does, or refuse a kind of file that is not drawn."""
    check_plot(path)
    return free(path, args)


def _files_read(args):
    """Files that the arguments name, alone, in a folder or by a pattern."""
    given = [getattr(args, name, None) for name in ("model", "log", "references")]
    for text in (text for name in ("files", "add", "table") for text in getattr(args, name, None) or []):
        given.append(text if Path(text).exists() else text.partition("=")[2] or text)
    for path in (Path(one).expanduser() for one in given if one):
        if path.is_dir():
            yield from (file for file in path.rglob("*") if file.is_file())
        elif path.exists():
            yield path
        else:
            yield from (file for file in map(Path, glob.glob(str(path), recursive=True)) if file.is_file())


def write_text(path, text):
    """Write a text file, whole or not at all."""
    from .._core.whole_files import write_whole

    write_whole(path, text.encode("utf-8"))


def shell(*words):
    """Words of a command to type, quoted where they hold blanks."""
    return shlex.join(map(str, words))


def target_of(model, text):
    """The target of a model that is written so on the command line; what is none is left to the model to refuse."""
    return next((name for name in model.targets if str(name) == text), text)


def say(args, text=""):
    """Print, unless the user wants quiet."""
    if not args.quiet:
        print(text)
