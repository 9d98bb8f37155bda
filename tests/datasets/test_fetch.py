"""Where a file is looked for, and what happens when it is not there; no test here reaches the network."""

import hashlib
import zipfile

import pooch
import pytest
import requests

from skspectral.datasets import fetch_corn, fetch_sugarcane, fetch_tablets, get_data_home
from skspectral.datasets._fetch import DataFile, Download, find_data_file
from skspectral.exceptions import DatasetUnavailableError

CONTENT = b"spectra"
FILE = DataFile("set.bin", hashlib.sha256(CONTENT).hexdigest())


def find(tmp_path, downloads=(), **kwargs):
    return find_data_file("test spectra", (FILE,), downloads, remedy="Do this.", data_home=tmp_path / "home", **kwargs)


@pytest.fixture(autouse=True)
def no_local_folder(monkeypatch):
    monkeypatch.delenv("SKSPECTRAL_DATA", raising=False)
    monkeypatch.delenv("SKSPECTRAL_HOME", raising=False)


@pytest.fixture
def server(tmp_path, monkeypatch):
    """Serve files from a folder in place of the network."""
    folder = tmp_path / "server"
    folder.mkdir()

    def serve(url, output_file, pooch_object=None):
        source = folder / url.rsplit("/", 1)[1]
        if not source.exists():
            raise requests.exceptions.ConnectionError(f"no route to {url}")
        with open(output_file, "wb") as stream:
            stream.write(source.read_bytes())

    monkeypatch.setattr(pooch.core, "choose_downloader", lambda url, progressbar=False: serve)
    return folder


def test_data_home_comes_from_the_argument_then_the_variable_then_the_cache(monkeypatch, tmp_path):
    assert get_data_home() == pooch.os_cache("skspectral")
    monkeypatch.setenv("SKSPECTRAL_HOME", str(tmp_path / "variable"))
    assert get_data_home() == tmp_path / "variable"
    assert get_data_home(tmp_path / "argument") == tmp_path / "argument"
    assert not (tmp_path / "argument").exists()


def test_the_local_folder_wins_over_the_data_home(monkeypatch, tmp_path):
    for name in ("home", "local"):
        (tmp_path / name).mkdir()
        (tmp_path / name / FILE.name).write_bytes(CONTENT)
    assert find(tmp_path) == tmp_path / "home" / FILE.name
    monkeypatch.setenv("SKSPECTRAL_DATA", str(tmp_path / "local"))
    assert find(tmp_path) == tmp_path / "local" / FILE.name


def test_a_misspelt_local_folder_is_an_error(monkeypatch, tmp_path):
    monkeypatch.setenv("SKSPECTRAL_DATA", str(tmp_path / "typo"))
    with pytest.raises(DatasetUnavailableError, match=r"SKSPECTRAL_DATA names .*typo"):
        find(tmp_path)


def test_a_download_is_kept_in_the_data_home(server, tmp_path):
    (server / "set.bin").write_bytes(CONTENT)
    path = find(tmp_path, [Download("https://example.org/set.bin", FILE.sha256)])
    assert path == tmp_path / "home" / "set.bin" and path.read_bytes() == CONTENT
    (server / "set.bin").unlink()
    assert find(tmp_path, [Download("https://example.org/set.bin", FILE.sha256)]) == path


def test_a_member_is_taken_out_of_an_archive(server, tmp_path):
    with zipfile.ZipFile(server / "set.zip", "w") as archive:
        archive.writestr("set.bin", CONTENT)
        archive.writestr("readme.txt", "other")
    sha256 = hashlib.sha256((server / "set.zip").read_bytes()).hexdigest()
    path = find(tmp_path, [Download("https://example.org/set.zip", sha256, member="set.bin")])
    assert path.read_bytes() == CONTENT
    assert not (tmp_path / "home" / "readme.txt").exists()


def test_the_second_address_is_tried_when_the_first_fails(server, tmp_path):
    (server / "mirror.bin").write_bytes(CONTENT)
    addresses = [Download(f"https://example.org/{name}.bin", FILE.sha256) for name in ("gone", "mirror")]
    assert find(tmp_path, addresses).read_bytes() == CONTENT


def test_a_download_with_another_checksum_is_refused(server, tmp_path):
    (server / "set.bin").write_bytes(b"something else")
    with pytest.raises(DatasetUnavailableError, match="hash"):
        find(tmp_path, [Download("https://example.org/set.bin", FILE.sha256)])
    assert not (tmp_path / "home" / "set.bin").exists()


def test_no_network_names_the_address_the_remedy_and_the_folders(server, tmp_path):
    with pytest.raises(DatasetUnavailableError) as caught:
        find(tmp_path, [Download("https://example.org/set.bin", FILE.sha256)])
    message = str(caught.value)
    for part in ("set.bin", "https://example.org/set.bin", "ConnectionError", "Do this.", "home", "SKSPECTRAL_DATA"):
        assert part in message
    assert isinstance(caught.value, OSError)


@pytest.mark.parametrize("fetch", [fetch_corn, fetch_tablets, fetch_sugarcane])
def test_loaders_say_what_to_do_without_downloading(fetch, tmp_path):
    with pytest.raises(DatasetUnavailableError, match=r"Download .*https://") as caught:
        fetch(data_home=tmp_path, download_if_missing=False)
    assert str(tmp_path) in str(caught.value)
    assert not any(tmp_path.iterdir())
