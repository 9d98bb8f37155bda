"""Reading one file of any format."""

import importlib
import os

from ...exceptions import OptionalDependencyError, ReadingOptionError, TableError, UnsupportedFormatError
from ._others import read_by_nirs4all
from .kinds import format_of, kind_of_file, refusal

__all__ = ["kind_of_file", "read_file"]

#: Options that some reader knows.
_OPTIONS = (
    "asd",
    "decimal",
    "delimiter",
    "encoding",
    "id_column",
    "keep_flawed",
    "quantity",
    "sheet",
    "unit",
    "variables",
    "wavelengths",
)


def read_file(path, **options):
    """Read the spectra of one file, whatever its format.

    Parameters
    ----------
    path : str or path-like
        The file. What it is decides its content, not its suffix.
    **options
        Options of the readers; each takes those that it knows and leaves the others alone:

        * ``sheet``: name of the sheet of a workbook, or a list of names; by default all that are visible
        * ``asd``: "declared" (default; the ratio to the white reference where a file declares reflectance or
          transmittance), "raw" (counts as they are stored) or "reflectance" (the ratio in any case)
        * ``variables``: names of the matrices of a MATLAB file; by default all of spectra
        * ``wavelengths``: axis (n_channels,) of a MATLAB file that has none
        * ``keep_flawed``: whether a table keeps spectra with cells that are no numbers, beside others that are whole;
          the block says so in ``flaws``
        * ``encoding``, ``decimal``, ``delimiter``, ``unit``, ``quantity``, ``id_column``: see
          `skspectral.io.read_spectra`

    Returns
    -------
    list of SpectraBlock
        Spectra as the file holds them, one block for all that share an axis.

    Raises
    ------
    TableError
        If the file is empty, truncated, damaged, or of no format that is read (`UnsupportedFormatError`), or if it
        holds no spectrum (`NoSpectraError`).
    ReadingOptionError
        If an option is unknown, or has a value that it cannot have.
    OptionalDependencyError
        If the package that reads the format is not installed.
    OSError
        If the file is missing or cannot be opened.
    """
    unknown = sorted(options.keys() - set(_OPTIONS))
    if unknown:
        raise ReadingOptionError(f"There is no option {unknown[0]!r}; the readers know {', '.join(_OPTIONS)}.")
    path = os.fspath(path)
    form = format_of(path)
    before = _state(path)
    try:
        if form is None:
            raise UnsupportedFormatError(refusal(path))
        blocks = _read(form, path, options)
    except UnsupportedFormatError as error:
        blocks = read_by_nirs4all(path, error)
    if _state(path) != before:
        raise TableError(f"{path} was changed while it was read. Read it again when it is complete.")
    return blocks


def _state(path):
    """What tells a file from another, or from itself at another time; readers open it more than once."""
    found = os.stat(os.path.expanduser(path))
    return found.st_ino, found.st_size, found.st_mtime_ns


def _read(form, path, options):
    module, _, function = form.reader.rpartition(".")
    reader = getattr(importlib.import_module(f"..{module}", __package__), function)
    try:
        return reader(path, **options)
    except (TableError, ReadingOptionError, OptionalDependencyError):
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the file could be opened before and cannot be now; what packages raise of themselves has no number
        # The packages that decode a format fail in any way on a damaged file: a length in it may ask for more memory
        # than there is, a date for the 40th of May.
        raise TableError(f"{path}: this {form.name} file cannot be read; it is damaged ({error}).") from error
