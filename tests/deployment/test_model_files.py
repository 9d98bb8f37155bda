"""Files that are no model files, are damaged, or cannot be written: the error says what is wrong."""

import os
import zipfile

import numpy as np
import pytest

import skspectral
from skspectral import SNV, MeanShift
from skspectral.exceptions import ModelFileError
from skspectral.testing._data import two_instruments
from tests.fitted import rewritten

DATA = two_instruments()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.skspectral"


@pytest.fixture
def stored(path):
    skspectral.save(MeanShift(source="A", target="B").fit(DATA.X, DATA.y, **DATA.labels), path)
    return path


def test_missing_file(path):
    with pytest.raises(FileNotFoundError, match=r"model\.skspectral"):
        skspectral.load(path)


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04 cut"])
def test_no_zip(content, path):
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match="no model file"):
        skspectral.load(path)


def test_other_zip(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(ModelFileError, match=r"not written by skspectral\.save"):
        skspectral.load(path)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_truncated_file(share, stored):
    stored.write_bytes(stored.read_bytes()[: int(share * stored.stat().st_size)])
    with pytest.raises(ModelFileError, match="cut off"):
        skspectral.load(stored)


def test_flipped_bits(stored):
    content = stored.read_bytes()
    for position in range(10, len(content), 97):
        changed = bytearray(content)
        changed[position] ^= 0xFF
        stored.write_bytes(changed)
        # a bit that nothing reads may go unnoticed; nothing but our own error may come of the others
        try:
            loaded = skspectral.load(stored)
        except ModelFileError:
            continue
        assert np.isfinite(loaded.predict(DATA.X_test)).all()


@pytest.mark.parametrize("header", [[], {}, {"format": "1", "versions": {}}, {"format": 1, "versions": None}])
def test_damaged_header(header, stored):
    rewritten(stored, lambda _: header)
    with pytest.raises(ModelFileError, match="damaged"):
        skspectral.load(stored)


def test_folder_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        skspectral.save(SNV(), tmp_path / "none" / "model")
    with pytest.raises(OSError, match=str(tmp_path)):
        skspectral.save(SNV(), tmp_path)
    assert not list(tmp_path.iterdir())


def test_overwriting_is_atomic(stored, monkeypatch):
    before = stored.read_bytes()

    def fail(*_):
        raise OSError("disk full")

    for name in ("fsync", "replace"):
        with monkeypatch.context() as patch:
            patch.setattr(os, name, fail)
            with pytest.raises(OSError, match="disk full"):
                skspectral.save(SNV(), stored)
        assert stored.read_bytes() == before
        assert [file.name for file in stored.parent.iterdir()] == [stored.name]
    skspectral.save(SNV(), stored)
    assert isinstance(skspectral.load(stored), SNV)


def test_links_stay_links(stored):
    link = stored.with_name("link")
    link.symlink_to(stored)
    skspectral.save(SNV(), link)
    assert link.is_symlink()
    assert isinstance(skspectral.load(stored), SNV)
