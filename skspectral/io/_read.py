"""Reading spectra: from files of any format to one table."""

from .._core.quantities import check_quantity
from ..exceptions import ReadingOptionError, TableError
from .formats.many_files import read_many
from .grids.frames import blocks_of_frame, is_frame
from .names.spelling import MATCHES
from .options import checked_option, option_of
from .table.assemble import assemble
from .text.dialect import check_separators
from .units import check_unit

__all__ = ["read_spectra"]


def read_spectra(
    source,
    *,
    references=None,
    id_column=None,
    instrument_column=None,
    unit=None,
    quantity=None,
    properties=None,
    match="tidy",
    replicates=None,
    encoding=None,
    decimal=None,
    delimiter=None,
    on_error="raise",
    progress=True,
    **options,
):
    r"""Read spectra from a laboratory's files.

    Text tables in any of the usual writings, Excel, parquet, MATLAB, JCAMP-DX, Bruker OPUS, Galactic SPC and ASD files
    are told apart by their content.

    Parameters
    ----------
    source : str, path-like, DataFrame, sequence of paths, or dict of {instrument: any of these}
        A file, a folder (with the folders in it), a glob, a list, or a table in memory. In a dict, the instrument that
        each was measured on.
    references : str, path-like or DataFrame, optional
        A table of reference values (CSV, Excel, parquet) with a column of sample names.
    id_column, instrument_column : str, optional
        Labels of the columns that name sample and instrument; recognised by default (``sample_id``, ``ID``,
        ``Sample No``, ...; ``instrument``, ``Spectrometer``, ...). A file of one spectrum lends its own name.
    unit : {"nm", "um", "cm-1", "Raman shift"} or dict of {instrument: one of these}, optional
        Unit of the axis, of all files or of those of an instrument; by default what each file says. An axis without a
        unit is taken as nm, or, with a warning, as um or cm-1 where its range leaves no other choice.
    quantity : str or dict of {instrument: str}, optional
        What the spectra are, in all files or in those of an instrument; by default what each file says. See
        `SpectraTable`.
    properties : str or sequence of str, optional
        Labels of the columns of reference values; by default all columns of numbers but those that hold scan numbers,
        dates, temperatures and the like, which are reported as left out.
    match : {"tidy", "loose", "exact"}, default="tidy"
        What counts as one name. "tidy" ignores case, blanks around and repeated blanks, leading zeros of pure numbers,
        ``.0`` behind integers, and the folders and suffixes of files; "loose" also what separates the parts of a name,
        so that ``corn_041``, ``corn-041`` and ``corn 041`` are one.
    replicates : str or False, optional
        How replicates are numbered in the names, such as ``"{sample}_{n}"``. By default found where it is certain, and
        said; False: names are whole.
    encoding, decimal, delimiter : str, optional
        Of text files; found by default. With ``decimal=","`` points separate thousands, and the reverse.
    on_error : {"raise", "skip", "keep"}, default="raise"
        What to do about a file that cannot be read: stop, or leave it out and list it in a `SkippedFilesWarning`. With
        "keep" it becomes a row of NaN, a spectrum with cells that are blank, infinite or no numbers stays with NaN in
        them, and ``flaws`` of the table says why, as long as anything else can be read: what is made for predicting,
        where one bad spectrum is to spoil no others.
    progress : bool, default=True
        Whether to show a progress bar for ten files or more.
    **options
        For single formats: ``sheet`` (name or names) of a workbook; ``asd`` ("declared", "raw" or "reflectance"), what
        to take of ASD files; ``variables`` (names) and ``wavelengths`` (n_channels,) of MATLAB files.

    Returns
    -------
    SpectraTable
        Wavelengths ascending in nm (Raman shifts stay Raman shifts), instrument by instrument as given.

    Raises
    ------
    TableError
        If a file cannot be read, or cannot be right; the message names file, line and column.
    ConflictingReferenceError
        If two references of one sample differ.
    ReadingOptionError
        If an option has a value that it cannot have.
    OptionalDependencyError
        If the package for a format is not installed.
    OSError
        If a file is missing.

    Warns
    -----
    TableWarning
        If something may be wrong: a unit that was assumed, codes for missing values, names that become one.
    SharedNameWarning
        If several files, or blocks of one file, name their sample alike: as replicates do, and as titles do that name
        no sample.
    ZeroReferencesWarning
        If some references of a property are zero and all others far from it.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from skspectral.io import read_spectra
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "spectra.csv")
    ...     _ = path.write_text("Sample;Protein;1100 nm;1102 nm\ns1;9,1;0,21;0,22\ns2;8,7;0,31;0,32\n")
    ...     read_spectra(path).y.ravel()
    array([9.1, 8.7])
    """
    _check_options(match, replicates)
    check_separators(delimiter, decimal)
    unit, quantity = checked_option(unit, check_unit), checked_option(quantity, check_quantity)
    named = dict(source) if isinstance(source, dict) else {None: source}
    if not named:
        raise TableError("No file was given: pass one file per instrument, as {name: path}.")
    blocks, notes = {}, []
    # beside references, the column may be one of theirs alone
    of_spectra = id_column if references is None else None
    for name, files in named.items():
        if is_frame(files):
            said = {"unit": option_of(unit, name), "quantity": option_of(quantity, name)}
            blocks[name] = blocks_of_frame(files, **said, id_column=of_spectra, keep_flawed=on_error == "keep")
            continue
        blocks[name], skipped = read_many(
            files,
            on_error=on_error,
            progress=progress,
            id_column=of_spectra,
            encoding=encoding,
            decimal=decimal,
            delimiter=delimiter,
            **({} if option_of(quantity, name) is None else {"quantity": option_of(quantity, name)}),
            **options,
        )
        notes.extend(f"left out: {error}" for _, error in skipped)
    return assemble(
        blocks,
        references=references,
        id_column=id_column,
        instrument_column=instrument_column,
        unit=unit,
        quantity=quantity,
        properties=properties,
        match=match,
        replicates=replicates,
        decimal=decimal,
        notes=notes,
        reference_options={"encoding": encoding, "delimiter": delimiter},
    )


def _check_options(match, replicates):
    if match not in MATCHES:
        raise ReadingOptionError(f"match must be one of {', '.join(map(repr, MATCHES))}, got {match!r}.")
    if replicates not in (None, False) and not isinstance(replicates, str):
        raise ReadingOptionError(
            f"replicates must be a pattern such as '{{sample}}_{{n}}' or False, got {replicates!r}."
        )
