"""What the commands share that read spectra and write results."""

from pathlib import Path

from ._reading import add_reading_options as add_reading
from ._reading import given_options, sources
from ._reading import read_table_of as read

__all__ = ["add_output", "add_reading", "free", "read", "reading_options", "say", "sources", "write_text"]

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
    """Give the path, or refuse it before any work is done where there is a file already."""
    path = Path(path)
    if path.exists() and not args.force:
        raise FileExistsError(f"{path} exists. Give another name, or --force to replace it.")
    if not path.absolute().parent.is_dir():
        raise FileNotFoundError(f"There is no folder {path.absolute().parent} to write {path.name} into.")
    return path


def write_text(path, text):
    """Write a text file, whole or not at all."""
    from .._core.whole_files import write_whole

    write_whole(path, text.encode("utf-8"))


def say(args, text=""):
    """Print, unless the user wants quiet."""
    if not args.quiet:
        print(text)
