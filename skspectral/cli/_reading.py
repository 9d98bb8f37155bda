"""What the commands share that read spectra: options of reading, and reading itself."""

import sys
import warnings
from pathlib import Path

from ..exceptions import ReadingOptionError, TableError

__all__ = ["add_options_of_new_files", "add_reading_options", "given_options", "read_table_of", "sources"]

#: Options that may be given for each instrument.
PER_INSTRUMENT = ("unit", "quantity")
REPEATABLE = (*PER_INSTRUMENT, "sheet")
#: Options of `read_spectra` that have the same name here, with their help.
OPTIONS = {
    "references": ("FILE", "table of reference values with a column of sample names (CSV, Excel, parquet)"),
    "id-column": ("LABEL", "column that names the sample (default: recognised)"),
    "instrument-column": ("LABEL", "column that names the instrument (default: recognised)"),
    "unit": (
        "[NAME=]UNIT",
        "unit of the axis: nm, um, cm-1 or 'Raman shift' (default: what the files say); with NAME= of an instrument's "
        "(repeatable)",
    ),
    "quantity": (
        "[NAME=]WHAT",
        "what the spectra are, such as absorbance or '%% reflectance' (default: what the files say); with NAME= on one "
        "instrument (repeatable)",
    ),
    "match": (
        "HOW",
        "tidy: names that differ in case, blanks, leading zeros or suffix are one (default); loose: also in what "
        "separates their parts, as corn_041 and corn 041; exact",
    ),
    "replicates": (
        "PATTERN",
        "how names count replicates: '{sample}_{n}', or no (default: where it is certain)",
    ),
    "sheet": ("NAME", "sheet of a workbook to read (repeatable; default: all that are visible)"),
    "encoding": ("NAME", "encoding of text files (default: found)"),
    "decimal": ("SIGN", "decimal sign of text files (default: found)"),
    "delimiter": ("SIGN", "column separator of text files (default: found)"),
    "on-error": ("HOW", "raise: stop at a file that cannot be read (default); skip: leave it out and list it"),
}


def add_reading_options(parser):
    """Add the files and the options of `read_spectra`."""
    parser.add_argument(
        "files", nargs="+", metavar="FILE", help="file, folder or pattern; NAME=FILE names its instrument (repeatable)"
    )
    parser.add_argument("--property", action="append", metavar="NAME", help="property to read (repeatable)")
    _add(parser, OPTIONS)


def add_options_of_new_files(parser):
    """Add the options of `read_spectra` that matter to files which a deployed model reads."""
    own = parser.add_argument_group("how the files are read", "by default as those that MODEL was made from")
    _add(own, [name for name in OPTIONS if name not in ("references", "on-error")])


def _add(parser, names):
    for name in names:
        metavar, text = OPTIONS[name]
        action = "append" if name in REPEATABLE else "store"
        parser.add_argument(f"--{name}", metavar=metavar, help=text, action=action)


def given_options(args):
    """Options of reading that the arguments hold, by their names in `read_spectra`."""
    options = {name.replace("-", "_"): getattr(args, name.replace("-", "_"), None) for name in OPTIONS}
    options = {name: value for name, value in options.items() if value is not None}
    if options.get("replicates") in ("no", "none"):
        options["replicates"] = False
    return options | {name: _by_instrument(name, options[name]) for name in PER_INSTRUMENT if name in options}


def _by_instrument(option, texts):
    """One value for all instruments, or those of some by their names."""
    named = dict(text.rpartition("=")[::2] for text in texts if "=" in text)
    if not named and len(texts) == 1:
        return texts[0]
    if len(named) < len(texts):
        raise ReadingOptionError(
            f"--{option} is one value for all instruments, or NAME={option.upper()} for each, once; got "
            f"{', '.join(map(repr, texts))}."
        )
    return named


def read_table_of(args):
    """Read the spectra that the arguments name; warnings go to the standard error, one line each.

    Returns
    -------
    SpectraTable
    """
    # what reads files takes a second to import, and help does without it
    from ..io import read_spectra

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        table = read_spectra(
            sources(args.files),
            properties=getattr(args, "property", None),
            progress=not args.quiet,
            **given_options(args),
        )
    for warning in caught:
        print(warnings.formatwarning(warning.message, warning.category, "", 0), end="", file=sys.stderr)
    return table


def sources(files):
    """Files by instrument where they are named so, else a list."""
    named = {}
    for item in files:
        if "=" in item and not Path(item).exists():
            name, _, path = item.partition("=")
            if not name or not path:
                raise TableError(f"Write NAME=FILE, with no blank between, got {item!r}.")
            named.setdefault(name, []).append(path)
    if not named:
        return files
    if sum(map(len, named.values())) < len(files):
        raise TableError("Some files have a name and some have none; write NAME=FILE for each.")
    return named
