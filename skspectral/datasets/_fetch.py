"""Where a published data set is found: a local folder, the data home, or a download that is checked by SHA-256."""

import os
from dataclasses import dataclass
from pathlib import Path

import pooch

from ..exceptions import DatasetUnavailableError

__all__ = ["DataFile", "Download", "find_data_file", "find_data_folder", "get_data_home"]

LOCAL_FOLDER_VARIABLE = "SKSPECTRAL_DATA"
DATA_HOME_VARIABLE = "SKSPECTRAL_HOME"


@dataclass(frozen=True)
class DataFile:
    """A file that a loader can read, and the SHA-256 of its bytes."""

    name: str
    sha256: str


@dataclass(frozen=True)
class Download:
    """A public address; ``member`` is the file to take out where the address holds a zip archive."""

    url: str
    sha256: str
    member: str | None = None


def get_data_home(data_home=None):
    """Folder in which downloaded data sets are kept.

    Parameters
    ----------
    data_home : str or path-like, optional
        The folder. Without it, the environment variable ``SKSPECTRAL_HOME``, else the user's cache folder.

    Returns
    -------
    pathlib.Path
        The folder. It is created by the first download, not by this function.

    Examples
    --------
    >>> from skspectral.datasets import get_data_home
    >>> get_data_home("spectra").name
    'spectra'
    """
    if data_home is None:
        data_home = os.environ.get(DATA_HOME_VARIABLE) or pooch.os_cache("skspectral")
    return Path(data_home).expanduser()


def find_data_file(title, files, downloads, *, remedy, data_home=None, download_if_missing=True):
    """Find one of ``files``, first locally, then by download.

    Parameters
    ----------
    title : str
        What the data are called in messages.
    files : sequence of DataFile
        Files that the loader can read, best first.
    downloads : sequence of Download
        Addresses that give the first of ``files``; empty where none with a known checksum exists.
    remedy : str
        What to do by hand where the data cannot be had, with the public address.
    data_home : str or path-like, optional
        See `get_data_home`.
    download_if_missing : bool
        Whether to download.

    Returns
    -------
    pathlib.Path
        A file whose SHA-256 is right.

    Raises
    ------
    DatasetUnavailableError
        If there is no such file, or if one has another SHA-256.
    """
    home = get_data_home(data_home)
    folders = [*_local_folder(), home]
    for folder in folders:
        for file in files:
            path = folder / file.name
            if path.is_file():
                return _verified(path, file)
    looked_in = " and ".join(str(folder) for folder in folders)
    missing = f"The {title} are not on this machine: no {' or '.join(f.name for f in files)} in {looked_in}."
    place = f"{remedy} Put it into {home}, or into the folder that the variable {LOCAL_FOLDER_VARIABLE} names."
    if not downloads:
        raise DatasetUnavailableError(f"{missing} They cannot be downloaded automatically. {place}")
    if not download_if_missing:
        raise DatasetUnavailableError(f"{missing} Downloading was not allowed (download_if_missing=False). {place}")
    return _download(files[0], downloads, home, missing=missing, place=place)


def find_data_folder(name, data_home=None):
    """Find a folder of tables in the local folder or the data home.

    Parameters
    ----------
    name : str
        Name of the folder.
    data_home : str or path-like, optional
        See `get_data_home`.

    Returns
    -------
    pathlib.Path or None
        The first folder of that name, None where there is none.
    """
    candidates = [folder / name for folder in (*_local_folder(), get_data_home(data_home))]
    return next((folder for folder in candidates if folder.is_dir()), None)


def _local_folder():
    """Name the folder of SKSPECTRAL_DATA; a misspelt one must not silently lead to a download."""
    value = os.environ.get(LOCAL_FOLDER_VARIABLE)
    if not value:
        return []
    folder = Path(value).expanduser()
    if not folder.is_dir():
        raise DatasetUnavailableError(
            f"The environment variable {LOCAL_FOLDER_VARIABLE} names {folder}, which is not a folder. "
            "Correct it, or unset it to use the data home."
        )
    return [folder]


def _verified(path, file):
    found = pooch.file_hash(str(path), alg="sha256")
    if found != file.sha256:
        raise DatasetUnavailableError(
            f"{path} is not the published file: its SHA-256 is {found}, expected {file.sha256}. "
            "Delete it, so that it can be downloaded or copied again."
        )
    return path


def _download(file, downloads, home, *, missing, place):
    failures = []
    for download in downloads:
        archive = download.member is not None
        try:
            pooch.retrieve(
                download.url,
                known_hash=f"sha256:{download.sha256}",
                fname=f"{file.name}.zip" if archive else file.name,
                path=str(home),
                processor=pooch.Unzip(members=[download.member], extract_dir=".") if archive else None,
            )
        # pooch signals a wrong checksum by ValueError, the network by subclasses of OSError
        except (OSError, ValueError) as error:
            failures.append(f"{download.url}: {type(error).__name__}: {error}")
        else:
            return _verified(home / file.name, file)
    raise DatasetUnavailableError(f"{missing} The download failed ({'; '.join(failures)}). {place}")
