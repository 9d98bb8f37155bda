"""JCAMP-DX: every form of its tables, several blocks, and contradictions."""

import io

import jcamp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skspectral.exceptions import NoSpectraError, SharedNameWarning, TableError, UnsupportedFormatError
from skspectral.io import read_spectra
from skspectral.io.formats.one_file import kind_of_file, read_file

from .jcamp_writer import FORMS, block

VALUES = [100, 104, 104, 104, 99, -3, -3, 0, 0, 0, 0, 0, 12, 5, 5, 1005, -77]


def read(tmp_path, text, name="spectrum.txt"):
    path = tmp_path / name
    path.write_text(text, encoding="latin-1")
    assert kind_of_file(path) == "JCAMP-DX"
    return read_file(path)


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_table(tmp_path, form):
    (spectrum,) = read(tmp_path, block(VALUES, form, y_factor=0.01))
    np.testing.assert_allclose(spectrum.X, [np.array(VALUES) * 0.01], rtol=1e-14)
    np.testing.assert_allclose(spectrum.axis, 4000 - 2.0 * np.arange(len(VALUES)))
    assert (spectrum.unit, spectrum.quantity, spectrum.names) == ("cm-1", "absorbance", ["sample"])


@settings(max_examples=80, deadline=None)
@given(st.lists(st.integers(-9999, 99999) | st.sampled_from([0, 7]), min_size=2, max_size=60), st.sampled_from(FORMS))
def test_any_values_come_back_from_any_form(tmp_path_factory, values, form):
    (spectrum,) = read(tmp_path_factory.mktemp("jcamp"), block(values, form, FIRSTY=None))
    np.testing.assert_array_equal(spectrum.X, [values])


def test_plain_tables_agree_with_the_package_jcamp(tmp_path):
    text = block(VALUES, "AFFN", y_factor=0.5)
    theirs = jcamp.read(io.StringIO(text))
    (ours,) = read(tmp_path, text)
    np.testing.assert_allclose(ours.X[0], theirs["y"])
    np.testing.assert_allclose(ours.axis, theirs["x"])


def test_differences_and_squeezed_digits_in_one_line(tmp_path):
    # 100, +4, squeezed 99, -2, plain +7, and a repeated difference
    (spectrum,) = read(tmp_path, block([100, 104, 99, 97, 7, 8, 9, 10], lines=["4000A00MI9k+7JU"]))
    np.testing.assert_array_equal(spectrum.X, [[100, 104, 99, 97, 7, 8, 9, 10]])


def test_squeezed_digits_that_look_like_exponents(tmp_path):
    (spectrum,) = read(tmp_path, block([500, -52, 5], lines=["4000E00e2E"]))
    np.testing.assert_array_equal(spectrum.X, [[500, -52, 5]])


def test_comments_blank_lines_exponents_and_missing_values(tmp_path):
    lines = ["4000.0 1.5E+00 -2.5e-1 $$ a comment", "", "$$ another", "3996.0 ? 3."]
    (spectrum,) = read(tmp_path, block([1.5, -0.25, 0, 3], lines=lines))
    np.testing.assert_array_equal(spectrum.X, [[1.5, -0.25, np.nan, 3.0]])


def test_decimal_commas(tmp_path):
    lines = ["4000,0 1,5 2,5", "3996,0 0,5 3,0"]
    (spectrum,) = read(tmp_path, block([1.5, 2.5, 0.5, 3], lines=lines, FIRSTX="4000,0", LASTX="3994,0"))
    np.testing.assert_array_equal(spectrum.X, [[1.5, 2.5, 0.5, 3.0]])


def test_commas_between_whole_numbers(tmp_path):
    (spectrum,) = read(tmp_path, block([12, 13, 14, 15], lines=["4000,12,13", "3996, 14, 15"]))
    np.testing.assert_array_equal(spectrum.X, [[12, 13, 14, 15]])


def test_the_abscissas_of_the_lines_decide_between_two_ends_and_need_no_factor(tmp_path):
    (spectrum,) = read(tmp_path, block(VALUES, LASTX=3900, DELTAX=-2))
    assert spectrum.axis[-1] == 3968
    (spectrum,) = read(tmp_path, block(VALUES, XFACTOR=0.5))
    assert spectrum.axis[-1] == 3968
    text = block(VALUES, XFACTOR=0.5)
    for x in (4000, 3986, 3972):
        text = text.replace(f"\n{x} ", f"\n{2 * x} ")
    (spectrum,) = read(tmp_path, text)
    assert spectrum.axis[-1] == 3968


def test_pairs_keep_their_own_axis(tmp_path):
    text = block([1, 2, 3], XUNITS="NANOMETERS").split("##XYDATA")[0] + "##XYPOINTS=(XY..XY)\n"
    text += "1100.0,0.5; 1102.5,0.25\n1107.0, -1E-2\n##END=\n"
    (spectrum,) = read(tmp_path, text.replace("##FIRSTY=1.0\n", ""))
    np.testing.assert_array_equal(spectrum.axis, [1100.0, 1102.5, 1107.0])
    np.testing.assert_array_equal(spectrum.X, [[0.5, 0.25, -0.01]])
    assert spectrum.unit == "nm"


@pytest.mark.parametrize(
    ("x_units", "data_type", "unit"),
    [
        ("MICROMETERS", "INFRARED SPECTRUM", "um"),
        ("NANOMETERS", "NEAR INFRARED SPECTRUM", "nm"),
        ("1/CM", "RAMAN SPECTRUM", "Raman shift"),
        ("cm^-1", "INFRARED SPECTRUM", "cm-1"),
        ("", "INFRARED SPECTRUM", ""),
    ],
)
def test_units(tmp_path, x_units, data_type, unit):
    (spectrum,) = read(tmp_path, block(VALUES, XUNITS=x_units, DATA_TYPE=data_type))
    assert spectrum.unit == unit


@pytest.mark.parametrize(
    ("y_units", "factor", "quantity"),
    [
        ("TRANSMITTANCE", 0.0009, "transmittance"),
        ("TRANSMITTANCE", 0.09, "% transmittance"),
        ("% Transmittance", 0.0009, "% transmittance"),
        ("REFLECTANCE", 0.0009, "reflectance"),
        ("log(1/R)", 0.001, "log 1/R"),
        ("KUBELKA-MUNK", 0.001, "Kubelka-Munk"),
        ("ARBITRARY UNITS", 0.001, "unknown"),
    ],
)
def test_quantities(tmp_path, y_units, factor, quantity):
    (spectrum,) = read(tmp_path, block(VALUES, YUNITS=y_units, y_factor=factor))
    assert spectrum.quantity == quantity


def test_linked_nested_and_successive_blocks(tmp_path):
    one, two = block([1, 2, 3], title="one"), block([4, 5, 6], "SQZ", title="two", first=1100, step=2, XUNITS="NM")
    link = "##TITLE=all\n##DATA TYPE=LINK\n##BLOCKS=2\n"
    for text in (one + two, link + one + two + "##END=\n", link + one + link + two + "##END=\n##END=\n"):
        first, second = read(tmp_path, text)
        assert (first.names, second.names) == (["one"], ["two"])
        np.testing.assert_array_equal(second.X, [[4, 5, 6]])
        np.testing.assert_array_equal(second.axis, [1100, 1102, 1104])
        assert first.places != second.places


def test_blocks_of_one_title_are_replicates_only_if_they_are_alike(tmp_path):
    path = tmp_path / "several.jdx"
    path.write_text(block([1, 2, 4], title="wheat") + block([1.1, 2.1, 4.0], title="wheat"))
    with pytest.warns(
        SharedNameWarning, match="2 blocks name their sample 'wheat' .block 1, block 2. and are taken as"
    ):
        table = read_spectra(path)
    assert (table.sample_id.tolist(), table.replicate.tolist()) == (["wheat"] * 2, [1, 2])
    path.write_text(block([1, 2, 4], title="wheat") + block([4, 1, 3], title="wheat") + block([4, 2, 1], title="oats"))
    with pytest.warns(SharedNameWarning, match="not those of one sample"):
        table = read_spectra(path)
    assert table.sample_id.tolist() == ["wheat (block 1)", "wheat (block 2)", "oats"]
    path.write_text("".join(block([k, 2, 4], title="untitled") for k in (1, 1.1, 1.2)))
    with pytest.warns(SharedNameWarning):
        assert read_spectra(path).sample_id.tolist() == ["untitled"] * 3


def test_pages_of_several_variables(tmp_path):
    text = """##TITLE=kinetics
##JCAMP-DX=5.00
##DATA TYPE=INFRARED SPECTRUM
##NTUPLES=INFRARED SPECTRUM
##VAR_NAME=WAVENUMBER, ABSORBANCE, TIME
##SYMBOL=X, Y, T
##VAR_DIM=3, 3, 2
##UNITS=1/CM, ABSORBANCE, SECONDS
##FIRST=4000, 0.1, 0
##LAST=3996, 0.6, 1
##FACTOR=1, 0.1, 1
##PAGE=T=0
##DATA TABLE=(X++(Y..Y)), XYDATA
4000 1 2 3
##PAGE=T=1
##DATA TABLE=(X++(Y..Y)), XYDATA
4000 4 5 6
##END NTUPLES=INFRARED SPECTRUM
##END=
"""
    first, second = read(tmp_path, text)
    np.testing.assert_allclose(first.X, [[0.1, 0.2, 0.3]])
    np.testing.assert_allclose(second.X, [[0.4, 0.5, 0.6]])
    np.testing.assert_array_equal(second.axis, [4000, 3998, 3996])
    assert second.places == ["block 1, page T=1"]


@pytest.mark.parametrize(
    ("text", "match"),
    [
        (block(VALUES, NPOINTS=18), r"NPOINTS= announces 18 points and there are 17"),
        (block(VALUES, "DIF").replace("\n3988", "\n3960"), "begins at 3960"),
        (block(VALUES, "DIF").replace("\n3988c", "\n3988b"), "must repeat the last one before it"),
        (block(VALUES).replace("104 104", "1x4 104"), "'x4 104 104 99 -3 -3' is no number"),
        (block(VALUES).replace("104 104", "1.0.4 104"), "'.4 104 104 99 -3 -3' is no number"),
        (block(VALUES).replace("104 104", "1\x0b4 104"), "no number"),
        (block(VALUES, DELTAX="1_0"), "DELTAX= must be a number and is '1_0'"),
        (block(VALUES)[:-40], "truncated|NPOINTS"),
        (block(VALUES)[:-8], "ends before ##END="),
        (block(VALUES, y_factor=1.0, FIRSTY=1e4, MAXY=1e5, MINY=-1e3), "a factor or the values are damaged"),
        (block(VALUES, YFACTOR="0"), "YFACTOR= is '0'"),
        (block(VALUES, FIRSTX="4OOO"), "FIRSTX= must be a number and is '4OOO'"),
        (block(VALUES, LASTX=4000), "are no axis"),
        (block(VALUES, LASTX=3966), "begins at 3972.*LASTX= or ##DELTAX= is wrong"),
        (block(VALUES, LASTX=None), "neither ##LASTX= nor ##DELTAX="),
        (block([1, 2, 3], lines=["4000T 1 2"]), "no number|repeats nothing|must be"),
        (block([1, 2, 3], lines=["4000J1K"]), "is a difference to no value"),
        (block(VALUES) + "1 2 3\n", "text outside the blocks"),
        (block(VALUES) + "##END=\n", "closes no block|no title"),
    ],
)
def test_contradictions_are_refused(tmp_path, text, match):
    with pytest.raises(TableError, match=match) as caught:
        read(tmp_path, text)
    assert "spectrum.txt" in str(caught.value)


@pytest.mark.parametrize("sign", ["\xa0", "\x85"])
@pytest.mark.parametrize("form", ["AFFN", "DIFDUP"])
def test_a_digit_that_is_damaged_is_no_blank(tmp_path, sign, form):
    text = block(VALUES, form, y_factor=0.0025, ORIGIN="Sociét\xe9")
    assert read(tmp_path, text)[0].X[0, 0] == 0.25
    for was, damaged in (("FACTOR=0.0025", f"FACTOR=0.002{sign}"), ("FIRSTX=4000", f"FIRSTX=400{sign}")):
        with pytest.raises(TableError, match="must be a number and is '"):
            read(tmp_path, text.replace(was, damaged))


def test_what_holds_no_spectrum(tmp_path):
    peaks = block([1, 2]).split("##XYDATA")[0] + "##PEAK TABLE=(XY..XY)\n4000,1\n3998,2\n##END=\n"
    with pytest.raises(NoSpectraError, match="only: peaks"):
        read(tmp_path, peaks)
    with pytest.raises(NoSpectraError, match="nmr spectrum in HZ"):
        read(tmp_path, block(VALUES, DATA_TYPE="NMR SPECTRUM", XUNITS="HZ"))
    with pytest.raises(UnsupportedFormatError, match=r"tables of the form '\(XYZ\)' are not read"):
        read(tmp_path, block(VALUES).replace("(X++(Y..Y))", "(XYZ)"))


def test_a_file_without_its_last_record_is_read_if_no_point_is_missing(tmp_path):
    (spectrum,) = read(tmp_path, block(VALUES).replace("##END=\n", ""))
    np.testing.assert_array_equal(spectrum.X, [VALUES])
