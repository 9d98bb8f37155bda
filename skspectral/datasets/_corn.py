"""Corn: 80 samples on three near-infrared spectrometers."""

import numpy as np
from scipy.io import loadmat

from ._bunch import choose_instruments, long_form
from ._fetch import DataFile, Download, find_data_file

__all__ = ["fetch_corn"]

INSTRUMENTS = ("m5", "mp5", "mp6")
TARGETS = ("moisture", "oil", "protein", "starch")
WAVELENGTHS = (1100.0, 2498.0, 700)

FILES = (
    DataFile("corn.mat", "e28fd4be274a54ca57b1f2c67ef5a8bf4981f8314bcc73e4c64836fe658c46b5"),
    DataFile("corn.npz", "82fd424f9d1435a312cd216fd73ca3067a77156143f768e45b9e05c1b6439a7c"),
)
DOWNLOADS = (
    Download(
        "https://eigenvector.com/wp-content/uploads/2019/06/corn.mat_.zip",
        "8a2d1a03648b6ad334caaafa5d8377bf945ba1477a5082c4963d705d07cca795",
        member="corn.mat",
    ),
    Download("https://eigenvector.com/data/Corn/corn.mat", FILES[0].sha256),
)
REMEDY = (
    f"Download {DOWNLOADS[0].url} in a browser (the page is https://eigenvector.com/resources/data-sets/) "
    "and take corn.mat out of the archive."
)

DESCR = """Corn on three near-infrared spectrometers

80 samples of corn, each measured on the spectrometers m5, mp5 and mp6, with four reference values.

:Spectra: log10(1/R), absorbance; 700 channels, 1100 to 2498 nm in steps of 2 nm
:Reference values: moisture, oil, protein and starch in % (w/w)
:Standards: ``nbs`` holds spectra of NBS glass standards, 3 on m5, 4 on mp5 and 4 on mp6, on the same axis
:Origin: measured at Cargill; published by Eigenvector Research, https://eigenvector.com/resources/data-sets/
:Licence: none is stated; Eigenvector Research distributes the data with the permission of Mike Blackburn (Cargill)

mp5 and mp6 resemble each other; m5 differs strongly from both and measures much better: in 5-fold cross-validation, PLS
on m5 explains 0.97 to 1.00 of the variance of every property, on mp5 and mp6 0.92 for protein, 0.84 to 0.87 for
moisture, 0.83 for starch and 0.72 for oil. Sample ids are the row numbers of the original file, counted from 0.
"""


def fetch_corn(*, data_home=None, download_if_missing=True, instruments=None):
    """Load the corn spectra of three near-infrared instruments (80 samples, 4 properties).

    The file is looked for in the folder that the environment variable ``SKSPECTRAL_DATA`` names, then in the data
    home, then downloaded. It is used only if its SHA-256 is the known one.

    Parameters
    ----------
    data_home : str or path-like, optional
        Folder for downloads; see `get_data_home`.
    download_if_missing : bool, default=True
        Whether to download where no local file is found.
    instruments : sequence of {"m5", "mp5", "mp6"}, optional
        Instruments to load, in this order; all by default.

    Returns
    -------
    sklearn.utils.Bunch
        Long form, one row per spectrum:

        * ``X`` ndarray of shape (n_spectra, 700): absorbance, log10(1/R)
        * ``y`` ndarray of shape (n_spectra, 4): reference values in % (w/w); every instrument's rows carry them
        * ``instrument`` ndarray of shape (n_spectra,) and ``sample_id`` ndarray of shape (n_spectra,)
        * ``wavelengths`` ndarray of shape (700,): nm
        * ``target_names`` and ``instruments``: lists of str
        * ``nbs``: dict of instrument to ndarray of shape (n_glasses, 700), the NBS glass standards
        * ``DESCR``: units, origin, licence, caveats

    Raises
    ------
    DatasetUnavailableError
        If the file is neither found nor downloaded, or has another SHA-256. The message says what to put where.
    UnknownInstrumentError
        If ``instruments`` names one that is not there.

    Examples
    --------
    >>> from skspectral.datasets import fetch_corn
    >>> corn = fetch_corn(instruments=["m5", "mp6"])  # doctest: +SKIP
    >>> corn.X.shape  # doctest: +SKIP
    (160, 700)
    """
    chosen = choose_instruments(instruments, INSTRUMENTS)
    path = find_data_file(
        "corn spectra", FILES, DOWNLOADS, remedy=REMEDY, data_home=data_home, download_if_missing=download_if_missing
    )
    spectra, nbs, y = _read_mat(path) if path.suffix == ".mat" else _read_npz(path)
    corn = long_form(
        {name: spectra[name] for name in chosen},
        y,
        np.arange(len(y)).astype(str),
        wavelengths=np.linspace(*WAVELENGTHS),
        target_names=TARGETS,
        descr=DESCR,
    )
    corn.nbs = {name: nbs[name] for name in chosen}
    return corn


def _read_mat(path):
    content = loadmat(path)

    def data(variable):
        return np.array(content[variable][0, 0]["data"], dtype=np.float64)

    spectra = {name: data(f"{name}spec") for name in INSTRUMENTS}
    return spectra, {name: data(f"{name}nbs") for name in INSTRUMENTS}, data("propvals")


def _read_npz(path):
    with np.load(path) as content:
        spectra = {name: content[f"X_{name}"] for name in INSTRUMENTS}
        return spectra, {name: content[f"nbs_{name}"] for name in INSTRUMENTS}, content["y"]
