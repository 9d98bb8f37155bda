"""Tables of spectra as a Bunch of arrays, in the unit in which they are labelled."""

from pathlib import Path

from sklearn.utils import Bunch

from ..exceptions import TableError
from .formats.one_file import read_file
from .table.assemble import assemble
from .table.summary import describe_axis

__all__ = ["read_instrument_files", "read_table"]


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
    path = _existing(path)
    blocks = {None: read_file(path, delimiter=delimiter, decimal=decimal)}
    table = _table(blocks, targets, decimal)
    if table.instruments == [None]:
        for block in blocks[None]:
            if "instrument" in block.columns:
                raise TableError(f"{path}, {block.places[0]}, column 'instrument': the instrument is not named.")
        raise TableError(
            f"{path} has no column 'instrument'; its columns with a name are: {_labels(blocks[None])}. Name the "
            "instrument of each row, or give one file per instrument."
        )
    _check_axis(table)
    return _bunch(table, f"Spectra read from {path}")


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
    paths = {name: _existing(path) for name, path in paths.items()}
    blocks = {name: read_file(path, delimiter=delimiter, decimal=decimal) for name, path in paths.items()}
    table = _table(blocks, targets, decimal)
    if common_axis:
        _check_axis(table)
    bunch = _bunch(table, "Spectra read from " + ", ".join(f"{path} ({name})" for name, path in paths.items()))
    if not common_axis:
        bunch.wavelengths = {name: table.axis_of(name) for name in table.instruments}
        bunch.spectra = {name: table.spectra_of(name) for name in table.instruments}
    return bunch


def _existing(path):
    path = Path(path).expanduser()
    if not path.is_file():
        raise TableError(f"There is no file {path}.")
    return path


def _labels(blocks):
    labels = [label for block in blocks for label in [block.meta.get("id_column"), *block.columns] if label]
    return ", ".join(labels) or "none"


def _table(blocks, targets, decimal):
    for block in (block for found in blocks.values() for block in found):
        if all(name is None for name in block.names) and "id_column" not in block.meta:
            raise TableError(
                f"{block.path} has no column 'sample_id'; its columns with a name are: {_labels([block])}. Name the "
                "sample of each row; leave it blank where unknown."
            )
    return assemble(blocks, to_unit=None, properties=targets, decimal=decimal, replicates=False)


def _check_axis(table):
    if not isinstance(table.wavelengths, dict):
        return
    first, *others = table.instruments
    other = next(name for name in others if table.axis_of(name) is not table.axis_of(first))
    where = {name: table.files[table.rows_of(name)[0]] for name in (first, other)}
    raise TableError(
        f"The wavelengths differ: {where[first]} ({first}) has {describe_axis(table.axis_of(first), table.unit)}, "
        f"{where[other]} ({other}) has {describe_axis(table.axis_of(other), table.unit)}. Bring them to one grid: read "
        "with common_axis=False and use stack_instruments, or --grid overlap on the command line."
    )


def _bunch(table, described):
    return Bunch(
        X=table.X,
        y=table.y,
        instrument=table.instrument.astype(str),
        sample_id=table.sample_id,
        wavelengths=table.wavelengths,
        target_names=table.properties,
        instruments=table.instruments,
        DESCR=described,
    )
