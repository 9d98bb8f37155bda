"""``skspectral inspect``: what files of spectra hold, and what looks wrong in them."""

from ._files import free_plot
from ._reading import add_reading_options, read_table_of
from ._words import in_options

__all__ = ["add_arguments", "run"]

DESCRIPTION = (
    "Read spectra and say what was read: instruments, axes, samples, pairs, replicates, properties with their ranges, "
    "and what cannot be right or may be wrong. Files may be CSV, Excel, parquet, MATLAB, JCAMP-DX, Bruker OPUS, SPC or "
    "ASD. Exit codes: 0, 2 where a file cannot be read, 3 where something cannot be right."
)
ERRORS_FOUND = 3


def add_arguments(parser):
    """Describe the options."""
    add_reading_options(parser)
    parser.add_argument("--plot", metavar="FILE", help="write a plot of the spectra (.png, .svg or .pdf)")
    parser.add_argument("--force", action="store_true", help="replace a plot that exists")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")


def run(args):
    """Print what the files hold; 3 where something in them cannot be right."""
    # the help of the command does without it
    from ..io import check

    if args.plot:
        free_plot(args.plot, args)
    table = read_table_of(args)
    findings = check(table)
    print(table)
    print(in_options(repr(findings), args))
    if args.plot:
        table.plot().figure.savefig(args.plot, dpi=150)
        print(f"Written: {args.plot}")
    return ERRORS_FOUND if findings.errors else 0
