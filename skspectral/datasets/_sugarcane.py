"""Sugarcane: 60 samples on seven small spectrometers whose wavelength axes differ."""

import csv
import hashlib

import numpy as np

from ..exceptions import DatasetUnavailableError
from ._bunch import choose_instruments, long_form
from ._fetch import DataFile, find_data_file, find_data_folder

__all__ = ["fetch_sugarcane"]

# instrument: the published table of its spectra
TABLES = {
    "F750": "F750.CSV",
    "MicroNIR1700_rep1": "Micronir1700rep1.CSV",
    "MicroNIR1700_rep2": "Micronir1700rep2.CSV",
    "MicroNIR1700_rep3": "Micronir1700rep3.CSV",
    "MicroNIR2200": "Micronir2200.CSV",
    "NIRONE22": "Nirone22.CSV",
    "NIRscanNano": "Nirscan_nano.CSV",
    "SCiO": "Scio.CSV",
    "TellSpec": "Tellspec.CSV",
}
REFERENCES = "References.csv"
TARGETS = ("TS", "CP", "ADF", "IVOMD")

FILES = (DataFile("sugarcane_chaix.npz", "d95cd1de75d521eed249088d539619a1aa86ccd156a0bda5af64f3f9bb43a9df"),)
FOLDER = "sugarcane"
CONTENT_SHA256 = "b7020e4d2e0203a0fb8b7b50fc8b113e5c0237355a28989895ec8c28eb6fdee0"
REMEDY = (
    f"Download the tables {', '.join([*TABLES.values(), REFERENCES])} of https://doi.org/10.17632/mjttsjfj2s.1 "
    f"(Mendeley Data) into a folder called {FOLDER}."
)

DESCR = """Sugarcane on seven small spectrometers

60 dried and ground samples of sugarcane (leaves, stem or whole plant), each measured on seven spectrometers with
different wavelength axes, with four reference values.

:Spectra: log10(1/R), absorbance; 125 to 331 channels between 450 and 2170 nm
:Instruments: F750 (450 to 1140 nm), SCiO (740 to 1070), MicroNIR1700 (908 to 1676), NIRscanNano (901 to 1701), TellSpec
    (901 to 1700), MicroNIR2200 (1159 to 2169), NIRONE22 (1750 to 2150). MicroNIR1700 was measured three times; the
    repeats are MicroNIR1700_rep1, _rep2 and _rep3, and are no pair of instruments.
:Reference values: TS total sugar, CP crude protein, ADF acid detergent fibre, IVOMD in vitro organic matter
    digestibility, all in % of dry matter; TS is missing (NaN) for three samples
:Origin: Zgouz et al., Data in Brief 31 (2020) 106013; Mendeley Data, https://doi.org/10.17632/mjttsjfj2s.1
:Licence: a later deposit of the same data, https://doi.org/10.17632/mjttsjfj2s.1, is under CC BY 4.0

Some pairs of instruments share no wavelength (NIRONE22 with F750 or SCiO, for example). The reference spectrometer of
the publication (ASD LabSpec 4) is not part of this set. Rows follow the sample ids.
"""


def fetch_sugarcane(*, data_home=None, download_if_missing=True, instruments=None):
    """Load the sugarcane spectra of seven small instruments (60 samples, 4 properties, different axes).

    The file ``sugarcane_chaix.npz``, or a folder ``sugarcane`` with the published tables, is looked for in the folder
    that the environment variable ``SKSPECTRAL_DATA`` names, then in the data home. There is no automatic download.
    What is found is used only if its SHA-256 is the known one.

    Parameters
    ----------
    data_home : str or path-like, optional
        Folder of data sets; see `get_data_home`.
    download_if_missing : bool, default=True
        Without effect; the same signature as the other loaders.
    instruments : sequence of str, optional
        Instruments to load, in this order; all nine (three of them repeats) by default.

    Returns
    -------
    sklearn.utils.Bunch
        Long form, one row per spectrum:

        * ``X`` ndarray of shape (n_spectra, max_channels): absorbance, padded with NaN on the right
        * ``y`` ndarray of shape (n_spectra, 4): TS, CP, ADF, IVOMD in % of dry matter; NaN is missing
        * ``instrument`` ndarray of shape (n_spectra,) and ``sample_id`` ndarray of shape (n_spectra,)
        * ``wavelengths``: dict of instrument to ndarray of shape (n_channels,), nm
        * ``spectra``: dict of instrument to ndarray of shape (60, n_channels), the spectra without padding
        * ``target_names`` and ``instruments``: lists of str
        * ``DESCR``: units, origin, licence, caveats

    Raises
    ------
    DatasetUnavailableError
        If nothing is found, or it has another SHA-256. The message says what to put where.
    UnknownInstrumentError
        If ``instruments`` names one that is not there.

    Examples
    --------
    >>> from skspectral.datasets import fetch_sugarcane
    >>> cane = fetch_sugarcane(instruments=["SCiO", "F750"])  # doctest: +SKIP
    >>> {name: X.shape for name, X in cane.spectra.items()}  # doctest: +SKIP
    {'SCiO': (60, 331), 'F750': (60, 231)}
    """
    chosen = choose_instruments(instruments, tuple(TABLES))
    folder = find_data_folder(FOLDER, data_home)
    if folder is None:
        path = find_data_file(
            "sugarcane spectra",
            FILES,
            (),
            remedy=REMEDY,
            data_home=data_home,
            download_if_missing=download_if_missing,
        )
        spectra, wavelengths, y, sample_id = _read_npz(path)
    else:
        spectra, wavelengths, y, sample_id = _read_folder(folder)
    spectra = {name: spectra[name] for name in chosen}
    cane = long_form(
        spectra,
        y,
        sample_id,
        wavelengths={name: wavelengths[name] for name in chosen},
        target_names=TARGETS,
        descr=DESCR,
    )
    cane.spectra = spectra
    return cane


def _read_npz(path):
    with np.load(path) as content:
        spectra = {name: content[f"X_{name}"] for name in TABLES}
        wavelengths = {name: content[f"wavelengths_{name}"] for name in TABLES}
        return spectra, wavelengths, content["y"], content["sample_id"]


def _read_folder(folder):
    """Read the published tables and check the numbers, since the bytes depend on how they were exported."""
    spectra, wavelengths = {}, {}
    sample_id, labels, y = _read_table(folder / REFERENCES)
    y = y[:, [labels.index(name) for name in TARGETS]]
    for name, table in TABLES.items():
        rows, axis, X = _read_table(folder / table)
        position = {row: i for i, row in enumerate(rows)}
        if set(rows) != set(sample_id):
            raise DatasetUnavailableError(f"{folder / table} and {folder / REFERENCES} hold different samples.")
        spectra[name] = X[[position[row] for row in sample_id]]
        wavelengths[name] = np.array(axis, dtype=np.float64)
    found = content_sha256(spectra, wavelengths, y)
    if found != CONTENT_SHA256:
        raise DatasetUnavailableError(
            f"The tables in {folder} are not the published ones: the SHA-256 of their numbers is {found}, expected "
            f"{CONTENT_SHA256}. Download them again."
        )
    return spectra, wavelengths, y, np.array(sample_id)


def _read_table(path):
    """Read one table: a head of labels, then one row per sample; semicolons, blanks and NA for missing."""
    if not path.is_file():
        raise DatasetUnavailableError(f"{path} is missing. {REMEDY}")
    with path.open(encoding="utf-8-sig", newline="") as stream:
        head, *rows = [row for row in csv.reader(stream, delimiter=";") if row]
    try:
        values = [[float("nan" if cell.strip() == "NA" else cell) for cell in row[1:]] for row in rows]
        table = np.array(values, dtype=np.float64).reshape(len(rows), len(head) - 1)
    except ValueError as error:
        raise DatasetUnavailableError(f"{path} is not the published table: {error}. {REMEDY}") from error
    order = np.argsort([row[0].strip() for row in rows])
    return [rows[i][0].strip() for i in order], [label.strip() for label in head[1:]], table[order]


def content_sha256(spectra, wavelengths, y):
    """Digest of the numbers to six decimals, the most that the published tables give."""
    digest = hashlib.sha256()
    arrays = [array for name in TABLES for array in (wavelengths[name], spectra[name])]
    for array in [*arrays, np.nan_to_num(y, nan=-1.0)]:
        digest.update(np.rint(array * 1e6).astype("<i8").tobytes())
    return digest.hexdigest()
