"""What the commands share that read spectra and write results."""

from pathlib import Path

__all__ = ["add_output", "add_reading", "free", "read", "reading_options", "say", "sources", "write_text"]

#: Options of reading that a deployed model keeps for the files that it will predict.
KEPT = ("id_column", "instrument_column", "unit", "quantity")


def add_reading(parser, *, references=True):
    """Add the files and the options of reading them."""
    parser.add_argument(
        "files", nargs="+", metavar="FILE", help="FILE, folder or glob; NAME=FILE says which instrument measured it"
    )
    if references:
        parser.add_argument("--references", metavar="FILE", help="table of reference values with the names of samples")
        parser.add_argument("--property", action="append", metavar="NAME", help="property to read (repeatable)")
    parser.add_argument("--id-column", metavar="NAME", help="column that names the sample")
    parser.add_argument("--instrument-column", metavar="NAME", help="column that names the instrument")
    parser.add_argument("--unit", metavar="UNIT", help="unit of the axis (nm, um, cm-1), where files do not say")
    parser.add_argument("--quantity", metavar="NAME", help="what the spectra are (absorbance, reflectance, ...)")


def add_output(parser, *, required, help):
    """Add where to write, and how loud to be."""
    parser.add_argument("-o", "--output", required=required, metavar="FILE", help=help)
    parser.add_argument("--force", action="store_true", help="replace files that exist")
    parser.add_argument("--quiet", action="store_true", help="no progress bars, and nothing printed but errors")


def reading_options(args):
    """Options of reading that were given and that later files of the instrument will need too."""
    return {name: value for name in KEPT if (value := getattr(args, name)) is not None}


def read(args):
    """Read the files of a command as one SpectraTable."""
    from ..io import read_spectra

    return read_spectra(
        sources(args.files),
        references=getattr(args, "references", None),
        properties=getattr(args, "property", None),
        progress=not args.quiet,
        **reading_options(args),
    )


def sources(files):
    """What `read_spectra` takes: a dict where files have the names of instruments, else a list."""
    named = [item.partition("=") for item in files]
    has_name = [bool(sign) and not Path(item).exists() for item, (_, sign, _) in zip(files, named)]
    if not any(has_name):
        return files if len(files) > 1 else files[0]
    if not all(has_name):
        raise ValueError("Some files have the name of an instrument and some have none; write NAME=FILE for each.")
    by_name = {}
    for name, _, path in named:
        by_name.setdefault(name, []).append(path)
    return {name: paths if len(paths) > 1 else paths[0] for name, paths in by_name.items()}


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
