"""Many files at once: what a source stands for, in which order, and what happens to a file that cannot be read."""

import glob
import os
import re
import warnings
from collections.abc import Iterable

import numpy as np
from tqdm import tqdm

from ...exceptions import ReadingOptionError, SkippedFilesWarning, TableError
from ..block import SpectraBlock
from ._shared_names import settle_shared_names
from .one_file import read_file

__all__ = ["files_of", "read_many"]

#: Files that systems and programs leave beside those of their users, by name or by how it begins.
_NOT_THE_USERS = ("thumbs.db", "desktop.ini")
_HIDDEN = (".", "~$")
_FEW = 10
_LISTED = 10


def read_many(source, *, on_error="raise", progress=True, **options):
    """Read the spectra of a file, a folder, a glob or a list of these.

    Parameters
    ----------
    source : str, path-like, or sequence of these
        See `files_of`.
    on_error : {"raise", "skip", "keep"}, default="raise"
        What to do about a file that cannot be read or holds no spectrum: stop with its error, leave it out, or keep a
        row of NaN in its place, which says why. Files that were left out are listed at the end in a
        `SkippedFilesWarning`, and returned.
    progress : bool, default=True
        Whether to show a progress bar where there are ten files or more.
    **options
        Options of the readers; see `read_file`.

    Returns
    -------
    blocks : list of SpectraBlock
        Spectra of the files, in their order.
    skipped : list of (str, Exception)
        Files that were left out, and why.

    Raises
    ------
    TableError
        If a file cannot be read, or, where that is no reason to stop, none of them; see `read_file`.
    OSError
        If a file is missing or cannot be opened.
    OptionalDependencyError
        If the package that reads the format of a file is not installed, whatever ``on_error`` says.

    Warns
    -----
    SkippedFilesWarning
        If files were left out.
    SharedNameWarning
        If several files or blocks carry one name, which may be that of one sample or of none.
    """
    if on_error not in ("raise", "skip", "keep"):
        raise ReadingOptionError(f"on_error must be 'raise', 'skip' or 'keep'; got {on_error!r}.")
    files = files_of(source)
    blocks, skipped = [], []
    if on_error == "keep":
        options["keep_flawed"] = True
    for path in tqdm(files, desc="Reading", unit="file", disable=not progress or len(files) < _FEW):
        try:
            blocks.extend(read_file(path, **options))
        except (TableError, OSError) as error:
            if on_error == "raise":
                raise
            skipped.append((path, error))
    settle_shared_names(blocks)
    if on_error == "keep" and len(files) == len(skipped) == 1:
        raise skipped[0][1]
    if skipped and not blocks:
        raise TableError(f"None of {len(files)} files could be read.\n{_listing(skipped)}") from skipped[0][1]
    if skipped and on_error == "keep":
        return _with_unread(files, blocks, dict(skipped)), []
    if skipped:
        warnings.warn(
            f"{len(skipped)} of {len(files)} files were left out.\n{_listing(skipped)}",
            SkippedFilesWarning,
            stacklevel=2,
        )
    return blocks, skipped


def _with_unread(files, blocks, errors):
    """The blocks in the order of their files, and for a file that could not be read one of a spectrum of NaN."""
    by_path = {}
    for block in blocks:
        by_path.setdefault(block.path, []).append(block)
    like = blocks[0]
    for path, error in errors.items():
        why = str(error).removeprefix(path).lstrip(":, ")
        by_path[path] = [
            SpectraBlock(
                X=np.full((1, like.X.shape[1]), np.nan),
                axis=like.axis,
                unit=like.unit,
                quantity=like.quantity,
                names=[None],
                places=["the file"],
                path=path,
                flaws={0: f"the file cannot be read: {why}"},
            )
        ]
    return [block for path in files for block in by_path.pop(path, ())] + [b for rest in by_path.values() for b in rest]


def files_of(source):
    """Files that a source stands for, each once.

    Parameters
    ----------
    source : str, path-like, or sequence of these
        A file; a folder, read with all its subfolders; or a glob, in which ``**`` stands for any folders. Hidden files
        and those of the system (``Thumbs.db``) are passed over in folders and globs.

    Returns
    -------
    list of str
        In the order of a list; within a folder or glob in natural order, in which ``s2.0`` comes before ``s10.0``.

    Raises
    ------
    ReadingOptionError
        If the source is none of these.
    TableError
        If there is no file in a folder, none that a glob matches, or the list is empty.
    FileNotFoundError
        If a file or folder does not exist.
    """
    sources = [source] if isinstance(source, (str, os.PathLike)) else source
    if not isinstance(sources, Iterable) or not all(isinstance(one, (str, os.PathLike)) for one in sources):
        raise ReadingOptionError(
            f"What is read must be a file, a folder, a pattern, a list of these or a DataFrame; got "
            f"{type(source).__name__}. SpectraTable(X, wavelengths) takes arrays."
        )
    files = {}
    for one in sources:
        for path in _expanded(os.fspath(one)):
            files.setdefault(os.path.realpath(path), path)
    if not files:
        raise TableError("No files: the list of files to read is empty.")
    return list(files.values())


def _expanded(source):
    source = os.path.expanduser(source)
    if os.path.isdir(source):
        files = _in_folder(source)
        if not files:
            raise TableError(f"{source}: there is no file in this folder or below it.")
        return files
    if os.path.exists(source):
        return [source]
    if not glob.has_magic(source):
        raise FileNotFoundError(f"{source}: there is no such file or folder.")
    files = []
    for match in glob.glob(source, recursive=True):
        files.extend([match] if _is_the_users(match) and not os.path.isdir(match) else [])
    if not files:
        raise TableError(f"{source}: no file matches this pattern.")
    return sorted(files, key=_natural)


def _in_folder(folder):
    files = []
    for base, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(_HIDDEN)]
        files.extend(os.path.join(base, name) for name in names if _is_the_users(name))
    return sorted(files, key=_natural)


def _is_the_users(path):
    name = os.path.basename(path)
    return not name.startswith(_HIDDEN) and name.lower() not in _NOT_THE_USERS


def _natural(path):
    """Key that orders numbers within names by their size."""
    parts = re.split(r"(\d+)", path.lower())
    return [(int(part), part) if part.isdecimal() else (-1, part) for part in parts], path


def _listing(skipped):
    lines = [f"- {error}" if path in str(error) else f"- {path}: {error}" for path, error in skipped[:_LISTED]]
    return "\n".join(lines + ([f"... and {len(skipped) - _LISTED} more"] if len(skipped) > _LISTED else []))
