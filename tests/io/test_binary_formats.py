"""ASD, SPC and OPUS: the variants of each that no file at hand shows, and damage of every kind."""

import numpy as np
import pytest

from skspectral.exceptions import (
    ConflictingReferenceError,
    NoSpectraError,
    OptionalDependencyError,
    ReadingOptionError,
    TableError,
    TableWarning,
    UnsupportedFormatError,
)
from skspectral.io import read_spectra
from skspectral.io.formats.one_file import kind_of_file, read_file

from .binary_writers import AB, KM, RAMAN, REFL, SCRF, SCSM, asd, opus, spc

Y = np.array([0.5, 0.25, -0.125, 0.75, 1.0, 0.625])
COUNTS = np.array([100.0, 200.0, 300.0, 400.0, 500.0, 600.0])
AXIS = np.array([1100.0, 1101.0, 1103.0, 1106.0, 1110.0, 1115.0])


def read(tmp_path, data, kind, **options):
    path = tmp_path / "file.bin"
    path.write_bytes(data)
    assert kind_of_file(path) == kind
    return read_file(path, **options)


@pytest.mark.parametrize("revision", range(1, 9))
@pytest.mark.parametrize("form", [0, 1, 2])
def test_asd_of_every_revision_and_form_of_numbers(tmp_path, revision, form):
    white = None if revision == 1 else 2 * COUNTS
    data = asd(COUNTS, white=white, revision=revision, number_form=form, description="leaf 1 \xe9")
    (block,) = read(tmp_path, data, "ASD")
    np.testing.assert_array_equal(block.X, [COUNTS])
    np.testing.assert_array_equal(block.axis, 350 + np.arange(6.0))
    assert (block.unit, block.quantity) == ("nm", "counts")
    assert (block.meta["serial number"], block.meta["splices (nm)"]) == ("4321", [1000.0, 1800.0])
    assert str(block.meta["date"]) == "2023-07-20 14:30:05"
    if revision > 1:
        assert block.meta["description"] == "leaf 1 \xe9"
        (block,) = read(tmp_path, data, "ASD", asd="reflectance")
        np.testing.assert_allclose(block.X, np.full((1, 6), 0.5))
        assert block.quantity == "reflectance"


def test_asd_declared_as_a_ratio(tmp_path):
    (block,) = read(tmp_path, asd(COUNTS, white=4 * COUNTS, kind=1), "ASD")
    np.testing.assert_allclose(block.X, np.full((1, 6), 0.25))
    (block,) = read(tmp_path, asd(COUNTS, white=4 * COUNTS, kind=6), "ASD")
    assert block.quantity == "transmittance"
    # Older programs stored the ratio itself.
    (block,) = read(tmp_path, asd(Y, revision=1, kind=1, number_form=0), "ASD")
    np.testing.assert_array_equal(block.X, [Y])
    assert block.quantity == "reflectance"


@pytest.mark.parametrize(
    ("data", "options", "error", "match"),
    [
        (asd(COUNTS, kind=1), {}, NoSpectraError, "no white reference, so there is no reflectance.*asd='raw'"),
        (asd(COUNTS), {"asd": "reflectance"}, NoSpectraError, "no white reference"),
        (asd(COUNTS, white=COUNTS - 300, kind=1), {}, TableError, "white reference is 0 at 352 nm"),
        (asd(COUNTS), {"asd": "ratio"}, ReadingOptionError, "asd must be one of declared, raw, reflectance"),
        (asd(COUNTS, step=0.0), {}, TableError, "in steps of 0 nm; the file is damaged"),
        (asd([1.0, np.nan, 2.0]), {}, TableError, "values that are no numbers"),
        (asd(COUNTS)[:300], {}, TableError, "ends after 300 bytes, within its header"),
        (asd(COUNTS)[:500], {}, TableError, "needs 532 bytes, the file has 500"),
        (asd(COUNTS, white=COUNTS)[:-1], {}, TableError, "white reference .* is truncated|white reference of this"),
        (asd(COUNTS, revision=1) + b"\0", {}, TableError, "1 bytes follow the spectrum"),
    ],
)
def test_asd_that_cannot_be_right(tmp_path, data, options, error, match):
    with pytest.raises(error, match=match):
        read(tmp_path, data, "ASD", **options)


@pytest.mark.parametrize("form", [{}, {"exponent": 2}, {"exponent": 2, "half": True}, {"exponent": -1}])
def test_spc_of_one_spectrum(tmp_path, form):
    y = Y / 8 if form.get("exponent") == -1 else Y
    (block,) = read(tmp_path, spc([y], log="SRC = NIR\r\n", **form), "SPC")
    np.testing.assert_allclose(block.X, [y], atol=2e-4 if form.get("half") else 1e-8)
    np.testing.assert_allclose(block.axis, np.linspace(1100, 1200, 6))
    assert (block.unit, block.quantity, block.meta["title"]) == ("nm", "absorbance", "wheat")
    assert (block.meta["instrument"], block.meta["log"]) == ("NIR 5000", "SRC = NIR")
    assert str(block.meta["date"]) == "2021-07-09 10:45:00"


def test_in_spc_of_one_spectrum_the_exponent_of_the_file_counts(tmp_path):
    (block,) = read(tmp_path, spc([Y], exponent=3, sub_exponents=[0]), "SPC")
    np.testing.assert_allclose(block.X, [Y], atol=1e-8)


@pytest.mark.parametrize("form", [{}, {"exponent": 1, "sub_exponents": [2, 3, 2]}])
def test_spc_of_several_spectra(tmp_path, form):
    log = 'SUBFILE1 = 5/3/1995, 9:29:44, "a "\r\nSUBFILE3 = 5/3/1995, 9:30:44, "c"\r\n'
    (block,) = read(tmp_path, spc([Y, 2 * Y, Y - 0.25], axis=AXIS, log=log, **form), "SPC")
    np.testing.assert_allclose(block.X, [Y, 2 * Y, Y - 0.25], atol=1e-8)
    np.testing.assert_array_equal(block.axis, AXIS)
    assert block.names == ["a", None, "c"]
    assert block.columns == {"z (min)": [0.0, 1.0, 2.0]}
    assert block.places == ["subfile 1", "subfile 2", "subfile 3"]


def test_spc_whose_spectra_have_their_own_axes(tmp_path):
    first, second = read(tmp_path, spc([Y, Y[:4], -Y], own_axes=[AXIS, AXIS[:4], AXIS], log="x"), "SPC")
    np.testing.assert_array_equal(first.X, [Y, -Y])
    np.testing.assert_array_equal(second.axis, AXIS[:4])
    assert first.places == ["subfile 1", "subfile 3"]
    (single,) = read(tmp_path, spc([Y], own_axes=[AXIS]), "SPC")
    np.testing.assert_array_equal(single.axis, AXIS)


@pytest.mark.parametrize(
    ("codes", "unit", "quantity"),
    [
        ({"x_type": 1, "y_type": 10}, "cm-1", "log 1/R"),
        ({"x_type": 2, "y_type": 129}, "um", "reflectance"),
        ({"x_type": 13, "y_type": 4}, "Raman shift", "counts"),
        ({"x_type": 0, "y_type": 0}, "", "unknown"),
        ({"x_type": 0, "y_type": 0, "labels": b"Wavelength (nm)\0Reflectance\0"}, "nm", "reflectance"),
    ],
)
def test_units_and_quantities_of_spc(tmp_path, codes, unit, quantity):
    (block,) = read(tmp_path, spc([Y], **codes), "SPC")
    assert (block.unit, block.quantity) == (unit, quantity)


def test_spc_of_percent_is_said_to_be(tmp_path):
    (block,) = read(tmp_path, spc([100 * Y], y_type=128), "SPC")
    assert block.quantity == "% transmittance"
    assert any("can only be percent" in note for note in block.notes)


def test_a_spike_does_not_make_percent_of_fractions(tmp_path):
    spiked = np.linspace(0.2, 0.6, 40)
    spiked[7] = 5.0
    (block,) = read(tmp_path, spc([spiked], y_type=128), "SPC")
    assert block.quantity == "transmittance"
    assert any("1 of 40 values, up to 5, are more than that can be, as spikes are" in note for note in block.notes)


@pytest.mark.parametrize(
    ("data", "error", "match"),
    [
        (spc([Y], version=0x4C), UnsupportedFormatError, "big-endian byte order"),
        (spc([Y], version=0x4D), UnsupportedFormatError, "the old format"),
        (spc([Y], x_type=5), NoSpectraError, "the axis of this SPC file is XMINUTS"),
        (spc([Y], y_type=1), NoSpectraError, "an interferogram"),
        (spc([Y])[:-1], TableError, "its spectra need 568; it is truncated"),
        (spc([Y, Y], log="x")[:-10], TableError, "truncated or damaged"),
        (spc([Y], first=1200.0), TableError, "is no axis"),
        (spc([[1.0, np.inf]]), TableError, "values that are no numbers"),
        (spc([Y])[:200], TableError, "within its header"),
    ],
)
def test_spc_that_cannot_be_right(tmp_path, data, error, match):
    with pytest.raises(error, match=match):
        read(tmp_path, data, "SPC")


def test_spc_with_more_than_its_header_announces_warns(tmp_path):
    with pytest.warns(TableWarning, match=r"file\.bin: 4 bytes follow the spectra that the header announces"):
        (block,) = read(tmp_path, spc([Y]) + b"four", "SPC")
    np.testing.assert_array_equal(block.X, [Y])


def test_spc_flags_that_say_nothing_are_no_matter(tmp_path):
    for flags in (0x08, 0x10, 0x40):  # Z in no order, ordered Z, own abscissas although none are stored
        (block,) = read(tmp_path, spc([Y, -Y], flags=flags), "SPC")
        np.testing.assert_array_equal(block.X, [Y, -Y])


def test_opus_prefers_results_in_a_fixed_order_and_says_what_it_left_out(tmp_path):
    data = opus((SCSM, 3 * Y), (REFL, Y + 1), (SCRF, 9 * Y), (AB, Y))
    (block,) = read(tmp_path, data, "Bruker OPUS")
    np.testing.assert_array_equal(block.X, [Y])
    np.testing.assert_allclose(block.axis, np.linspace(9000, 4000, 6))
    assert (block.unit, block.quantity, block.names) == ("cm-1", "absorbance", ["sample 1"])
    assert (block.meta["instrument"], block.meta["serial number"]) == ("MPA", "77")
    assert str(block.meta["date"]) == "2023-02-01 10:11:12.500000"
    assert block.notes == ["left out beside absorbance: Reflectance, Sample Spectrum"]


def test_opus_files_of_one_stem_with_references_of_their_own_are_asked_about(tmp_path):
    for number in range(2):
        (tmp_path / f"wheat.{number}").write_bytes(opus((AB, Y), name=""))
    (tmp_path / "references.csv").write_text("file,protein\nwheat.0,10\nwheat.1,11\n")
    with pytest.raises(
        ConflictingReferenceError, match=r"10 .*11 .*'wheat.0' and 'wheat.1' are files that count as rep"
    ):
        read_spectra(tmp_path / "wheat.*", references=tmp_path / "references.csv")
    (tmp_path / "references.csv").write_text("sample,protein\nwheat,10\nwheat,11\n")
    with pytest.raises(ConflictingReferenceError, match=r"10 .* and 11 \(.*line 3\)\.$"):
        read_spectra(tmp_path / "wheat.*", references=tmp_path / "references.csv")


def test_opus_takes_the_block_that_was_stored_last(tmp_path):
    (block,) = read(tmp_path, opus((AB, Y + 1), (AB, Y)), "Bruker OPUS")
    np.testing.assert_array_equal(block.X, [Y])
    assert "2 blocks of absorbance" in block.notes[0]


@pytest.mark.parametrize(
    ("blocks", "options", "unit", "quantity"),
    [
        ([(REFL, Y)], {}, "cm-1", "reflectance"),
        ([(KM, Y)], {}, "cm-1", "Kubelka-Munk"),
        ([(SCSM, Y), (SCRF, 2 * Y)], {}, "cm-1", "counts"),
        ([(RAMAN, Y)], {"first": 3500.0, "last": 50.0}, "Raman shift", "counts"),
        ([(AB, Y)], {"unit": "MI", "first": 1.1, "last": 2.5}, "um", "absorbance"),
        ([(AB, Y, {"derivative": 1})], {}, "cm-1", "unknown"),
    ],
)
def test_what_opus_blocks_hold(tmp_path, blocks, options, unit, quantity):
    (block,) = read(tmp_path, opus(*blocks, **options), "Bruker OPUS")
    np.testing.assert_array_equal(block.X, [Y])
    assert (block.unit, block.quantity) == (unit, quantity)


def test_opus_values_beyond_what_the_file_says_warn(tmp_path):
    with pytest.warns(TableWarning, match=r"values from -0\.125 to 1, the file says -0\.125 to 0\.5; is it damaged"):
        (block,) = read(tmp_path, opus((AB, Y), MXY=0.5), "Bruker OPUS")
    assert "the file says -0.125 to 0.5" in block.notes[0]


def test_opus_series_of_spectra(tmp_path):
    X = np.array([Y, 2 * Y, 3 * Y])
    (block,) = read(tmp_path, opus((AB, X), factor=2.0), "Bruker OPUS")
    np.testing.assert_array_equal(block.X, 2 * X)
    assert block.columns == {"time (s)": [0.5, 1.5, 2.5]}
    assert len(set(block.places)) == 3


@pytest.mark.parametrize(
    ("data", "error", "match"),
    [
        (opus((SCRF, Y)), NoSpectraError, "no spectrum of a sample, only: Reference Spectrum"),
        (opus((AB, Y), unit="PNT"), UnsupportedFormatError, "the axis is in PNT"),
        (opus((AB, Y), DPF=2), UnsupportedFormatError, "DPF 2"),
        (opus((AB, Y), MXY=-0.1), TableError, "values from -0.125 to 1, the file says -0.125 to -0.1; it is damaged"),
        (opus((AB, [0.5, np.inf, 0.1])), TableError, "values that are no numbers"),
        (opus((AB, Y), last=9000.0), TableError, "the axis goes from 9000.0 to 9000.0"),
        (opus((AB, Y))[:-1], TableError, "its directory speaks of"),
        (opus((AB, Y))[:20], TableError, "within its header"),
        (opus((AB, Y))[:30], TableError, "truncated|damaged"),
    ],
)
def test_opus_that_cannot_be_right(tmp_path, data, error, match):
    with pytest.raises(error, match=match):
        read(tmp_path, data, "Bruker OPUS")


def test_a_missing_package_is_named_with_its_extra(tmp_path, monkeypatch):
    for data, package in ((opus((AB, Y)), "brukeropus"), (spc([Y]), "spc_io")):
        path = tmp_path / "file.bin"
        path.write_bytes(data)
        for name in (package, f"{package}.low_level", f"{package}.file", f"{package}.file.parse"):
            monkeypatch.setitem(__import__("sys").modules, name, None)
        with pytest.raises(OptionalDependencyError, match=rf"needs {package}.*skspectral\[io\]"):
            read_file(path)
