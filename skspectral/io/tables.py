"""Tables of spectra as laboratories keep them: one row per spectrum, wavelengths as column labels."""

from itertools import pairwise

import numpy as np
from sklearn.utils import Bunch

from .._core.padding import pad_right
from ..exceptions import TableError
from ._raw_table import BLANKS, as_number, as_wavelength, read_raw

__all__ = ["read_instrument_files", "read_table"]

INSTRUMENT = "instrument"
SAMPLE_ID = "sample_id"


def read_table(path, *, targets=None, delimiter=None, decimal=None):
    r"""Read spectra of several instruments from one table.

    A row is one spectrum of one sample on one instrument. The column ``instrument`` names the instrument and
    ``sample_id`` the sample (blank: unknown). Columns whose label is a number are the spectrum, the label being the
    wavelength in nm or the wavenumber in cm-1; they are sorted in ascending order. Of the others, those that hold
    numbers are properties (blank: no reference value), those that hold only text are ignored, and so are columns
    without a label.

    Parameters
    ----------
    path : str or path-like
        A CSV file (.csv, .txt, .tsv; UTF-8) or a parquet file (.parquet, .pq).
    targets : sequence of str, optional
        Properties to read, in this order; all by default.
    delimiter, decimal : str, optional
        Column and decimal separators of a CSV file. By default the delimiter is the one of comma, semicolon and tab
        that divides the head into most columns, and the decimal sign is a comma where numbers are written so.

    Returns
    -------
    sklearn.utils.Bunch
        * ``X`` ndarray of shape (n_spectra, n_channels)
        * ``y`` ndarray of shape (n_spectra, n_targets), NaN where there is no reference value
        * ``instrument`` ndarray of str of shape (n_spectra,)
        * ``sample_id`` ndarray of object of shape (n_spectra,): str, or None where unknown
        * ``wavelengths`` ndarray of shape (n_channels,), ascending
        * ``target_names`` and ``instruments``: lists of str
        * ``DESCR``: where the data come from

    Raises
    ------
    TableError
        If the file is missing, empty, ragged, lacks a column, or holds text or nothing where a number should be. The
        message names the line and the column.
    OptionalDependencyError
        If the file is a parquet file and pyarrow is not installed.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from skspectral.io import read_table
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "spectra.csv")
    ...     _ = path.write_text("instrument,sample_id,protein,1100,1102\nA,s1,9.1,0.21,0.22\nB,s1,,0.25,0.26\n")
    ...     read_table(path).y
    array([[9.1],
           [nan]])
    """
    raw = read_raw(path, delimiter=delimiter, decimal=decimal)
    column = _column(raw, INSTRUMENT, remedy="Name the instrument of each row, or give one file per instrument.")
    instrument = [_as_text(cell) for cell in raw.cells[column]]
    if None in instrument:
        raise TableError(f"{raw.where(instrument.index(None), column)}: the instrument is not named.")
    X, wavelengths = _spectra(raw)
    targets = _check_targets(targets, [raw])
    y = _properties(raw, targets)
    return Bunch(
        X=X,
        y=np.column_stack([np.empty((len(X), 0)), *y.values()]),
        instrument=np.array(instrument),
        sample_id=_sample_id(raw),
        wavelengths=wavelengths,
        target_names=list(y),
        instruments=list(dict.fromkeys(instrument)),
        DESCR=f"Spectra read from {raw.path}",
    )


def read_instrument_files(paths, *, targets=None, delimiter=None, decimal=None, common_axis=True):
    """Read spectra of several instruments from one table each.

    The tables are like those of `read_table`, without the column ``instrument``. A property may be missing in some of
    them, as where only one instrument's samples were analysed.

    Parameters
    ----------
    paths : dict of str to str or path-like
        The file of each instrument.
    targets : sequence of str, optional
        Properties to read, in this order; all by default. Each must be in one of the files at least.
    delimiter, decimal : str, optional
        See `read_table`.
    common_axis : bool, default=True
        Whether all files must have the same wavelengths. If not, ``X`` is padded with NaN on the right, ``wavelengths``
        is a dict of instrument to axis, and ``spectra`` a dict of instrument to unpadded spectra, as
        ``stack_instruments`` takes them.

    Returns
    -------
    sklearn.utils.Bunch
        As by `read_table`, instrument by instrument in the order of ``paths``.

    Raises
    ------
    TableError
        As by `read_table`, and where the wavelengths of two files differ.

    Examples
    --------
    >>> from skspectral.io import read_instrument_files
    >>> read_instrument_files({"A": "missing.csv"})
    Traceback (most recent call last):
    ...
    skspectral.exceptions.TableError: There is no file missing.csv.
    """
    if not paths:
        raise TableError("No file was given: pass one file per instrument, as {name: path}.")
    raws = {name: read_raw(path, delimiter=delimiter, decimal=decimal) for name, path in paths.items()}
    spectra, axes = {}, {}
    for name, raw in raws.items():
        _check_only_instrument(raw, name)
        spectra[name], axes[name] = _spectra(raw)
    if common_axis:
        _check_same_axis(raws, axes)
    targets = _check_targets(targets, raws.values())
    values = {name: _properties(raw, targets) for name, raw in raws.items()}
    names = targets if targets is not None else list(dict.fromkeys(t for v in values.values() for t in v))
    y = np.full((sum(len(X) for X in spectra.values()), len(names)), np.nan)
    row = 0
    for name, X in spectra.items():
        for target, column in values[name].items():
            y[row : row + len(X), names.index(target)] = column
        row += len(X)
    bunch = Bunch(
        X=pad_right(spectra),
        y=y,
        instrument=np.repeat(list(spectra), [len(X) for X in spectra.values()]),
        sample_id=np.concatenate([_sample_id(raw) for raw in raws.values()]),
        wavelengths=next(iter(axes.values())) if common_axis else axes,
        target_names=names,
        instruments=list(spectra),
        DESCR="Spectra read from " + ", ".join(f"{raw.path} ({name})" for name, raw in raws.items()),
    )
    if not common_axis:
        bunch.spectra = spectra
    return bunch


def _column(raw, label, *, remedy):
    found = [i for i in raw.cells if raw.labels[i] == label]
    if len(found) == 1:
        return found[0]
    if found:
        raise TableError(f"{raw.path} has {len(found)} columns called {label!r}.")
    named = ", ".join(raw.labels[i] for i in raw.cells if raw.labels[i])
    raise TableError(f"{raw.path} has no column {label!r}; its columns with a name are: {named or 'none'}. {remedy}")


def _as_text(cell):
    """Read a cell as a name, None where blank or NA: samples must not be paired because both are called NA."""
    if isinstance(cell, float) and cell.is_integer():
        # an integer column that has blanks as well arrives as float; the id is "7", not "7.0"
        cell = int(cell)
    text = str(cell).strip()
    return None if text.lower() in BLANKS else text


def _sample_id(raw):
    column = _column(raw, SAMPLE_ID, remedy="Name the sample of each row; leave it blank where unknown.")
    return np.array([_as_text(cell) for cell in raw.cells[column]], dtype=object)


def _spectra(raw):
    """Sort the spectral columns by wavelength and check that nothing is missing."""
    if not raw.spectral:
        raise TableError(
            f"{raw.path} has no spectral columns: label each by its wavelength or wavenumber alone, such as 1100.5."
        )
    found = sorted((as_wavelength(raw.labels[i], raw.decimal), k) for k, i in enumerate(raw.spectral))
    for (value, k), (following, m) in pairwise(found):
        if value == following:
            first, second = (raw.labels[raw.spectral[n]] for n in (k, m))
            raise TableError(f"{raw.path} has two columns for {value:g}: {first!r} and {second!r}.")
    bad = ~np.isfinite(raw.X)
    if bad.any():
        row, k = np.argwhere(bad)[0]
        what = "missing" if np.isnan(raw.X[row, k]) else "infinite"
        raise TableError(
            f"{raw.where(row, raw.spectral[k])}: the spectrum is {what} here ({bad.sum()} such cells in "
            f"{bad.any(axis=1).sum()} rows). Remove these rows; where instruments have different wavelengths, give one "
            "file per instrument."
        )
    return raw.X[:, [k for _, k in found]], np.array([value for value, _ in found])


def _property_columns(raw):
    return [i for i in raw.cells if raw.labels[i] not in ("", INSTRUMENT, SAMPLE_ID)]


def _properties(raw, targets):
    """Read the properties that the file has, by name, each of shape (n_spectra,)."""
    values = {}
    for i in _property_columns(raw):
        label = raw.labels[i]
        if targets is not None and label not in targets:
            continue
        column, wrong = _numbers(raw.cells[i], raw.decimal)
        if targets is None and wrong is not None and np.isnan(column).all():
            continue
        if label in values:
            raise TableError(f"{raw.path} has two columns called {label!r}.")
        if wrong is not None:
            raise TableError(
                f"{raw.where(wrong, i)}: {raw.cells[i][wrong]!r} is not a reference value. Leave the cell blank where "
                "there is none; if the column is no property, name the properties to read."
            )
        values[label] = column
    return values if targets is None else {label: values[label] for label in targets if label in values}


def _numbers(cells, decimal):
    """Read cells as float64, and the row of the first that is neither blank nor a finite number (or None)."""
    column, wrong = np.full(len(cells), np.nan), None
    for row, cell in enumerate(cells):
        try:
            column[row] = as_number(cell, decimal)
        except ValueError:
            column[row] = np.nan
            wrong = row if wrong is None else wrong
        if np.isinf(column[row]):
            wrong = row if wrong is None else wrong
    return column, wrong


def _check_targets(targets, raws):
    """Return the wanted properties without repetition, all of which some file has; None is all."""
    if targets is None:
        return None
    targets = list(dict.fromkeys([targets] if isinstance(targets, str) else targets))
    offered = list(dict.fromkeys(raw.labels[i] for raw in raws for i in _property_columns(raw)))
    unknown = [target for target in targets if target not in offered]
    if unknown:
        files = " or ".join(str(raw.path) for raw in raws)
        raise TableError(
            f"There is no property {', '.join(map(repr, unknown))} in {files}, but {', '.join(offered) or 'none'}."
        )
    return targets


def _check_only_instrument(raw, name):
    """Compare the column of instruments, where a file of one instrument has it, with the name that the caller gave."""
    for i in raw.cells:
        if raw.labels[i] != INSTRUMENT:
            continue
        for row, cell in enumerate(raw.cells[i]):
            if _as_text(cell) not in (None, name):
                raise TableError(
                    f"{raw.where(row, i)}: the row is of instrument {cell!r}, but the file was given as that of "
                    f"{name!r}. Read a table of several instruments by itself, in long form."
                )


def _check_same_axis(raws, axes):
    (first, axis), *others = axes.items()
    for name, other in others:
        if not np.array_equal(axis, other):
            raise TableError(
                f"The wavelengths differ: {raws[first].path} ({first}) has {_describe(axis)}, {raws[name].path} "
                f"({name}) has {_describe(other)}. Bring them to one grid: read with common_axis=False and use "
                "stack_instruments, or --grid overlap on the command line."
            )


def _describe(axis):
    return f"{len(axis)} channels from {axis[0]:g} to {axis[-1]:g}"
