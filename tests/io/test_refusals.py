"""Files that are of no format that is read: what is said, and what nirs4all-formats may do about it."""

import sys
import types
import zipfile
from types import SimpleNamespace

import numpy as np
import pytest

from skspectral.exceptions import ReadingOptionError, TableError, TableWarning, UnsupportedFormatError
from skspectral.io.formats.one_file import kind_of_file, read_file

from .binary_writers import spc


@pytest.fixture
def without_nirs4all(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)


def stand_in(monkeypatch, records):
    """A module with the one function of nirs4all-formats that is called."""

    def open_recordset(path):
        if isinstance(records, Exception):
            raise records
        return records

    module = types.ModuleType("nirs4all_formats")
    module.open_recordset, module.__version__ = open_recordset, "0.2.11"
    module.__spec__ = SimpleNamespace(name="nirs4all_formats", loader=None)
    monkeypatch.setitem(sys.modules, "nirs4all_formats", module)


def record(values, axis=(400.0, 500.0), name="reflectance", metadata=None, targets=None, warnings=()):
    values = np.asarray(values, dtype=float)
    signal = SimpleNamespace(
        values=values,
        axis=SimpleNamespace(values=np.asarray(axis), unit="nm"),
        x_dim_index=values.ndim - 1,
        signal_type=name,
        unit=None,
    )
    provenance = SimpleNamespace(format="spectral-evolution-sed", warnings=warnings)
    signals = {"reference_spectrum": signal, name: signal}
    return SimpleNamespace(signals=signals, metadata=metadata or {}, targets=targets or {}, provenance=provenance)


@pytest.mark.parametrize(
    ("data", "match"),
    [
        (b"%PDF-1.7", "a PDF document.*Export the table as CSV"),
        (b"\x89PNG\r\n\x1a\n", "a picture"),
        (b"MM\x00*\x00\x00", "a picture"),
        (b"\x00Kd\x01", "no format that is read"),
        (b"\n\n\x1a\x1a\0\0", "an OPUS file of the oldest kind"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0", "an encrypted workbook, or a compound file"),
        (b"\x1f\x8b\x08\0", "a gzip archive.*Unpack it first"),
        (b"\x89HDF\r\n\x1a\n", r"an HDF5 file.*save -v7"),
        (b"\r\n<HTML><table>", r"a web page.*save it as \.xlsx or CSV"),
        (b"\xef\xbb\xbf<?xml version='1.0'?>", "an XML file"),
        (b' {"spectra": [', "a JSON file.*SpectraTable"),
        (b"\x7fELF" + bytes(range(32)), "no format that is read .*MATLAB, SPC, JCAMP-DX.*begins with b"),
    ],
)
def test_what_a_file_is_instead(tmp_path, without_nirs4all, data, match):
    path = tmp_path / "spectra.csv"
    path.write_bytes(data * 20)
    assert kind_of_file(path) is None
    with pytest.raises(UnsupportedFormatError, match=match) as caught:
        read_file(path)
    assert "spectra.csv" in str(caught.value)
    assert "nirs4all-formats (licence CeCILL-2.1 or AGPL-3.0" in str(caught.value)


def test_an_archive_that_is_no_workbook(tmp_path, without_nirs4all):
    path = tmp_path / "spectra.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", "1,2")
    with pytest.raises(UnsupportedFormatError, match="a ZIP archive, and no workbook"):
        read_file(path)


def test_an_unknown_option(tmp_path):
    with pytest.raises(ReadingOptionError, match=r"no option 'sheets'; the readers know asd, .*sheet"):
        read_file(tmp_path / "any.xlsx", sheets="spectra")


def test_an_empty_and_a_missing_file(tmp_path):
    (tmp_path / "empty.csv").touch()
    with pytest.raises(TableError, match=r"empty\.csv: this file is empty"):
        read_file(tmp_path / "empty.csv")
    with pytest.raises(FileNotFoundError, match=r"none\.csv"):
        read_file(tmp_path / "none.csv")


def test_nirs4all_reads_what_is_refused(tmp_path, monkeypatch):
    records = [
        record([0.1, 0.2], metadata={"sample_id": "a", "operator": "x", "raw": {}}, targets={"protein": 9.5}),
        record([0.3, 0.4], metadata={"sample_id": "b", "operator": "y"}, targets={"protein": 8.5}, warnings=("gap",)),
        record([[50.0, 60.0], [70.0, 80.0]], axis=(401.0, 501.0)),
    ]
    stand_in(monkeypatch, records)
    path = tmp_path / "old.spc"
    path.write_bytes(spc([[1.0, 2.0]], version=0x4D))
    with pytest.warns(TableWarning, match=r"old\.spc, read by nirs4all-formats: gap"):
        first, second = read_file(path)
    np.testing.assert_array_equal(first.X, [[0.1, 0.2], [0.3, 0.4]])
    np.testing.assert_array_equal(first.axis, [400.0, 500.0])
    assert (first.unit, first.quantity, first.names) == ("nm", "reflectance", ["a", "b"])
    assert first.columns == {"operator": ["x", "y"], "protein": [9.5, 8.5]}
    assert first.notes == ["read by nirs4all-formats 0.2.11", "gap"]
    assert first.places == ["record 1, reflectance", "record 2, reflectance"]
    np.testing.assert_array_equal(second.X, [[50.0, 60.0], [70.0, 80.0]])
    assert second.quantity == "% reflectance"
    assert second.names == [None, None]


@pytest.mark.parametrize(
    ("records", "match"),
    [(OSError("unsupported"), "cannot read it either: unsupported"), ([], "finds no spectrum in it")],
)
def test_nirs4all_may_not_help_either(tmp_path, monkeypatch, records, match):
    stand_in(monkeypatch, records)
    path = tmp_path / "spectrum.bin"
    path.write_bytes(b"\x7fELF" + bytes(64))
    with pytest.raises(UnsupportedFormatError, match=rf"no format that is read(.|\n)*{match}"):
        read_file(path)


def test_a_damaged_file_is_not_handed_over(tmp_path, monkeypatch):
    stand_in(monkeypatch, [record([0.1, 0.2])])
    path = tmp_path / "broken.spc"
    path.write_bytes(spc([[1.0, 2.0]])[:-1])
    with pytest.raises(TableError, match="truncated"):
        read_file(path)


def test_what_a_package_raises_on_a_damaged_file_is_told_as_such(tmp_path, monkeypatch):
    path = tmp_path / "odd.spc"
    path.write_bytes(spc([[1.0, 2.0]]))
    for error in (MemoryError("9 TB"), OSError("no number"), ZeroDivisionError("x")):

        def fail(path, error=error, **options):
            raise error

        monkeypatch.setattr("skspectral.io.formats._spc.read_spc", fail)
        with pytest.raises(TableError, match=r"odd\.spc: this SPC file cannot be read; it is damaged"):
            read_file(path)
