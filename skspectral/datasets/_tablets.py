"""Tablets: 655 pharmaceutical tablets on two transmittance spectrometers (the IDRC 2002 shoot-out)."""

import numpy as np
from scipy.io import loadmat

from ._bunch import choose_instruments, long_form
from ._fetch import DataFile, Download, find_data_file

__all__ = ["fetch_tablets"]

INSTRUMENTS = ("inst1", "inst2")
TARGETS = ("weight", "hardness", "assay")
WAVELENGTHS = (600.0, 1898.0, 650)
# the name of each set here, its prefix in the MATLAB file, its size, and the rows that published work leaves out
SETS = (
    ("calibration", "calibrate", 155, (18, 121, 125, 126, 149)),
    ("validation", "validate", 40, ()),
    ("test", "test", 460, (4, 8, 10, 144, 266, 293, 294, 312, 340, 341, 343)),
)

FILES = (
    DataFile("nir_shootout_2002.mat", "129a32ec9e194e568cbd96a200c88aabeb347156081b5dfbb0120372fdd6c22a"),
    DataFile("tablets_idrc2002.npz", "437739ece073fff0ce8ca0d99f35f6486cbc0bed8001f80660a25f0c8d7fb71a"),
)
DOWNLOADS = (
    Download(
        "https://eigenvector.com/wp-content/uploads/2019/06/nir_shootout_2002.mat_.zip",
        "04c03a4314ab8e8f63e0ecc788b657b5d1b5450791ce465ad41ad90cb5d52125",
        member="nir_shootout_2002.mat",
    ),
)
REMEDY = (
    f"Download {DOWNLOADS[0].url} in a browser (the page is https://eigenvector.com/resources/data-sets/) "
    "and take nir_shootout_2002.mat out of the archive."
)

DESCR = """Pharmaceutical tablets on two near-infrared spectrometers (IDRC 2002 shoot-out)

655 tablets, each measured in transmittance on two Foss Multitab spectrometers, with three reference values and a split
into three sets.

:Spectra: log10(1/T); 650 channels, 600 to 1898 nm in steps of 2 nm
:Reference values: weight (mg), hardness (unit not stated), assay (mg of active substance in a tablet; nominal 200 mg)
:Split: ``split`` is "calibration" (155), "validation" (40) or "test" (460), as in the file of Eigenvector Research. The
    text of 2002 names the two last sets the other way round and counts 654 tablets.
:Origin: International Diffuse Reflectance Conference 2002; https://eigenvector.com/resources/data-sets/
:Licence: none is stated by Eigenvector Research; the ChemometricsData.jl collection calls the data public domain, with
    permission to redistribute

All 650 channels are returned. The detector gives out at long wavelengths: the noise between neighbouring channels is
five times higher above 1600 nm and sixty times above 1800 nm, so most work uses 600 to 1638 nm. Cropping is yours::

    keep = tablets.wavelengths <= 1638
    X, wavelengths = tablets.X[:, keep], tablets.wavelengths[keep]

``literature_outlier`` marks 5 calibration and 11 test tablets that published work leaves out; they are kept here.
Weight is only weakly related to the spectra, and hardness hardly. The reference method for assay has an
error of about 1.3 mg. Sample ids are the set and the row in it, counted from 0.
"""


def fetch_tablets(*, data_home=None, download_if_missing=True, instruments=None):
    """Load the tablet spectra of two near-infrared instruments (655 tablets, 3 properties, official split).

    The file is looked for in the folder that the environment variable ``SKSPECTRAL_DATA`` names, then in the data
    home, then downloaded. It is used only if its SHA-256 is the known one.

    Parameters
    ----------
    data_home : str or path-like, optional
        Folder for downloads; see `get_data_home`.
    download_if_missing : bool, default=True
        Whether to download where no local file is found.
    instruments : sequence of {"inst1", "inst2"}, optional
        Instruments to load, in this order; all by default.

    Returns
    -------
    sklearn.utils.Bunch
        Long form, one row per spectrum:

        * ``X`` ndarray of shape (n_spectra, 650): log10(1/T), all channels; cropping the noisy end, usually to
          ``wavelengths <= 1638``, is an explicit step of yours
        * ``y`` ndarray of shape (n_spectra, 3): weight (mg), hardness (unit not stated), assay (mg)
        * ``instrument`` ndarray of shape (n_spectra,) and ``sample_id`` ndarray of shape (n_spectra,)
        * ``split`` ndarray of shape (n_spectra,): "calibration", "validation" or "test"
        * ``literature_outlier`` ndarray of bool of shape (n_spectra,): tablets that published work leaves out
        * ``wavelengths`` ndarray of shape (650,): nm
        * ``target_names`` and ``instruments``: lists of str
        * ``DESCR``: units, origin, licence, caveats

    Raises
    ------
    DatasetUnavailableError
        If the file is neither found nor downloaded, or has another SHA-256. The message says what to put where.
    UnknownInstrumentError
        If ``instruments`` names one that is not there.

    Examples
    --------
    >>> from skspectral.datasets import fetch_tablets
    >>> tablets = fetch_tablets()  # doctest: +SKIP
    >>> X = tablets.X[:, tablets.wavelengths <= 1638]  # doctest: +SKIP
    """
    chosen = choose_instruments(instruments, INSTRUMENTS)
    path = find_data_file(
        "tablet spectra", FILES, DOWNLOADS, remedy=REMEDY, data_home=data_home, download_if_missing=download_if_missing
    )
    spectra, y = _read_mat(path) if path.suffix == ".mat" else _read_npz(path)
    sizes = [size for _, _, size, _ in SETS]
    outlier = np.concatenate([np.isin(np.arange(size), rows) for _, _, size, rows in SETS])
    return long_form(
        {name: spectra[name] for name in chosen},
        y,
        np.array([f"{name}_{row:03d}" for name, _, size, _ in SETS for row in range(size)]),
        wavelengths=np.linspace(*WAVELENGTHS),
        target_names=TARGETS,
        descr=DESCR,
        split=np.repeat([name for name, *_ in SETS], sizes),
        literature_outlier=outlier,
    )


def _read_mat(path):
    content = loadmat(path)

    def data(suffix):
        parts = [content[f"{prefix}_{suffix}"][0, 0]["data"] for _, prefix, _, _ in SETS]
        return np.vstack(parts).astype(np.float64)

    return {"inst1": data("1"), "inst2": data("2")}, data("Y")


def _read_npz(path):
    with np.load(path) as content:
        return {name: content[f"X_{name}"] for name in INSTRUMENTS}, content["y"]
