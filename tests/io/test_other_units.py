"""Axes in units that are none of ours, channels that are numbered, and names above columns of spectra."""

import numpy as np
import pytest

from skspectral.exceptions import AxisMismatchError, TableError, TableWarning
from skspectral.io import SpectraTable, read_spectra

NM = np.array([1100.0, 1200.0, 1500.0, 2000.0])


def read(tmp_path, text, **options):
    path = tmp_path / "table.csv"
    path.write_text(text, encoding="utf-8")
    return read_spectra(path, progress=False, **options)


def across(labels):
    return f"id,{','.join(labels)}\ns1,.1,.2,.3,.4\ns2,.2,.3,.4,.6\n"


def down(corner, axis=NM):
    return f"{corner},s1,s2\n" + "".join(f"{value:g},.{k + 1},.{k + 2}\n" for k, value in enumerate(axis))


@pytest.mark.parametrize("unit", ["Å", " Angstrom", "THz", " GHz", " eV", " mm", " px"])
def test_another_unit_in_the_labels_is_refused_by_name(tmp_path, unit):
    with pytest.raises(TableError, match=rf"labelled '{unit.strip().lower()}'. Convert"):
        read(tmp_path, across([f"{value:g}{unit}" for value in 299792.458 / NM]))


@pytest.mark.parametrize("corner", ["Wavelength (Angstrom)", "Frequency / THz", "Energy [eV]", "pixel"])
def test_another_unit_above_the_axis_is_refused(tmp_path, corner):
    with pytest.raises(TableError, match="is labelled '"):
        read(tmp_path, down(corner))


def test_another_unit_in_lines_above_is_refused_and_words_like_units_are_not(tmp_path):
    with pytest.raises(TableError, match="labelled 'thz'"):
        read(tmp_path, "XUNITS: THz\n" + across([f"{value:g}" for value in 299792.458 / NM]))
    text = "Spot size: 4 mm\nLamp: 12 eV\n" + across([f"{value:g} nm" for value in NM])
    assert read(tmp_path, text).wavelengths.tolist() == NM.tolist()


def test_the_user_knows_better(tmp_path):
    table = read(tmp_path, across([f"{value:g} px" for value in NM]), unit="nm")
    assert table.wavelengths.tolist() == NM.tolist()


def test_bare_terahertz_are_questioned(tmp_path):
    with pytest.warns(TableWarning, match="has no unit and is taken as nm"):
        read(tmp_path, across([f"{value:.3f}" for value in 299792.458 / NM]))


@pytest.mark.parametrize(
    ("axis", "remedy"),
    [(1e9 / NM, "Give 1e9 / axis as nm if they are m-1"), (299792458 / NM, "299792458 / axis as nm if they are GHz")],
)
def test_bare_numbers_that_are_in_none_of_our_units_are_refused(tmp_path, axis, remedy):
    with pytest.raises(TableError, match=f"has no unit, and is none in nm, um, cm-1.*{remedy}"):
        read(tmp_path, across([f"{value:.10g}" for value in axis]))


def test_an_axis_is_positive(tmp_path):
    with (
        pytest.raises(TableError, match="begins at 0 nm, but wavelengths and wavenumbers are positive"),
        pytest.warns(),
    ):
        read(tmp_path, across(["0", "2", "4", "6"]))
    with pytest.raises(AxisMismatchError, match="begin at -100 nm"):
        SpectraTable(np.ones((2, 3)), [-100.0, 0.0, 100.0])
    assert SpectraTable(np.ones((2, 3)), [-100.0, 0.0, 100.0], unit="Raman shift").shape == (2, 3)


@pytest.mark.parametrize(
    "corner",
    [
        "",
        "nm\\sample",
        "Wavelength/Sample",
        "Wave",
        "Wellenlaenge",
        "Longitud de onda (nm)",
        "index",
        "spectra",
        "波长",
    ],
)
def test_names_above_columns_of_spectra_are_kept(tmp_path, corner):
    table = read(tmp_path, down(corner))
    assert list(table.sample_id) == ["s1", "s2"]
    assert table.wavelengths.tolist() == NM.tolist()


def test_a_row_of_names_wins_over_the_head(tmp_path):
    table = read(tmp_path, down("instrument").replace("s1,s2", "A,B") + "sample_id,c1,c2\n")
    assert list(table.sample_id) == ["c1", "c2"] and table.instruments == ["A", "B"]


def test_a_file_that_is_a_byte_order_mark_is_empty(tmp_path):
    path = tmp_path / "empty.csv"
    path.write_bytes(b"\xef\xbb\xbf")
    with pytest.raises(TableError, match="is empty"):
        read_spectra(path, progress=False)


def test_blanks_between_decimal_commas_separate(tmp_path):
    table = read(tmp_path, "1100,5 0,123\n1102,5 0,124\n1104,5 0,126\n")
    assert table.wavelengths.tolist() == [1100.5, 1102.5, 1104.5] and table.X.tolist() == [[0.123, 0.124, 0.126]]
