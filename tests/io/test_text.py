"""Text tables in the writings of many programs: the same numbers, names and axis, or an error that names the place."""

import warnings

import numpy as np
import pytest

from skspectral.exceptions import NoSpectraError, ReadingOptionError, TableError, TableWarning
from skspectral.io.references.properties import numbers_of
from skspectral.io.text.text_file import read_text

PLAIN = "sample_id,protein,1100,1102,1104\ns1,9.5,0.1,0.2,0.3\ns2,8.5,0.4,0.5,0.6\n"
X = [[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]]


@pytest.fixture
def read(tmp_path):
    def reader(text, written="utf-8", suffix=".csv", **options):
        path = tmp_path / f"table{suffix}"
        path.write_bytes(text.encode(written))
        (block,) = read_text(path, **options)
        return block

    return reader


BODY = PLAIN.split("\n", 1)[1]
QUOTED = 'sample_id,protein,1100,1102,1104\n"s1","9,5","0,1","0,2","0,3"\ns2,"8,5","0,4","0,5","0,6"\n'
DIALECTS = {
    "plain": (PLAIN, "utf-8"),
    "mark": (PLAIN, "utf-8-sig"),
    "utf-16": (PLAIN, "utf-16"),
    "utf-16 without a mark": (PLAIN, "utf-16-be"),
    "semicolons": (PLAIN.replace(",", ";"), "utf-8"),
    "decimal commas": (PLAIN.replace(",", ";").replace(".", ","), "utf-8"),
    "tabs and commas": (PLAIN.replace(",", "\t").replace(".", ","), "utf-8"),
    "bars": (PLAIN.replace(",", "|"), "utf-8"),
    "blanks": (PLAIN.replace(",", "   "), "utf-8"),
    "quoted commas": (QUOTED, "utf-8"),
    "old Macintosh": (PLAIN.replace("\n", "\r"), "utf-8"),
    "title": ("My export\n" + PLAIN, "utf-8"),
    "preamble": ("Program,v2\nDate,2024-01-02\n\n" + PLAIN, "utf-8"),
    "comments": ("# by me: 3\n" + PLAIN + "# end of it\n", "utf-8"),
    "Excel's first line": ("sep=;\n" + PLAIN.replace(",", ";"), "utf-8"),
    "trailing delimiters": (PLAIN.replace("\n", ",\n"), "utf-8"),
    "blank lines": (PLAIN.replace("\n", "\n\n,,,,\n"), "utf-8"),
    "names one line lower": (",,1100,1102,1104\nsample_id,protein\n" + BODY, "utf-8"),
    "names one line higher": ("sample_id,protein\n,,1100,1102,1104\n" + BODY, "utf-8"),
    "axis on its own line": ("Wavelengths:\n1100,1102,1104\n\nsample_id,protein,P1,P2,P3\n" + BODY, "utf-8"),
    "turned": ("sample_id,s1,s2\nprotein,9.5,8.5\n1100,.1,.4\n1102,.2,.5\n1104,.3,.6\n", "utf-8"),
    "units": (PLAIN.replace("\ns1", "\n,%,nm,nm,nm\ns1"), "utf-8"),
}  # fmt: skip


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_dialect_gives_the_same_table(read, dialect):
    block = read(*DIALECTS[dialect])
    np.testing.assert_array_equal(block.X, X)
    np.testing.assert_array_equal(block.axis, [1100, 1102, 1104])
    assert block.names == ["s1", "s2"]
    assert [str(cell).replace(",", ".") for cell in block.columns["protein"]] == ["9.5", "8.5"]
    assert list(block.columns) == ["protein"]


@pytest.mark.parametrize(
    ("prefix", "suffix", "unit", "quantity"),
    [
        ("", " nm", "nm", "unknown"),
        ("X", "", "", "unknown"),
        ("w", ".5", "", "unknown"),
        ("band", "", "", "unknown"),
        ("spec.", "", "", "unknown"),
        ("", ".0cm-1", "cm-1", "unknown"),
        ("", " (cm-1)", "cm-1", "unknown"),
        ("scan_nir.", "_ref", "", "reflectance"),
        ("abs_", "nm", "nm", "absorbance"),
        ("Wavelength ", "", "", "unknown"),
    ],
)
def test_labels_of_an_axis(read, prefix, suffix, unit, quantity):
    block = read("id,fat," + ",".join(f"{prefix}{w}{suffix}" for w in (1100, 1102, 1104)) + "\ns1,9,.1,.2,.3\n")
    np.testing.assert_array_equal(block.axis, np.array([1100, 1102, 1104]) + 0.5 * (suffix == ".5"))
    assert (block.unit, block.quantity, list(block.columns)) == (unit, quantity, ["fat"])


def test_single_spectra_in_columns(read):
    block = read("Wavenumber (cm-1)\t%Transmittance\n4000\t91.1\n3998\t92\n3996\t93\n")
    assert (block.unit, block.quantity, block.names) == ("cm-1", "% transmittance", [None])
    np.testing.assert_array_equal(block.axis, [4000, 3998, 3996])
    np.testing.assert_array_equal(read("1100,5;0,1\n1102,5;0,2\n1104,5;0,3\n").X, [[0.1, 0.2, 0.3]])
    block = read("Wvl,Ref,Target,Reflectance\n400,10,5,.5\n401,10,4,.4\n402,10,5,.5\n")
    np.testing.assert_array_equal(block.X, [[0.5, 0.4, 0.5]])
    assert block.quantity == "reflectance" and "left out: 'Ref', 'Target'" in block.notes[0]


def test_numbers_in_rare_writings(read):
    block = read("id,1100,1102,1104\ns1,1.D-01,+.2,\u22123e-1\n")
    np.testing.assert_array_equal(block.X, [[0.1, 0.2, -0.3]])
    block = read("y: Reflectance\nid,1100,1102\ns1,10%,20%\n")
    np.testing.assert_array_equal(block.X, [[10, 20]])
    assert block.quantity == "% reflectance"


def test_points_that_separate_thousands_are_refused_until_it_is_said(read):
    text = "sample_id;count;1.100;1.102\ns1;1.234;0,11;0,12\n"
    with pytest.raises(TableError, match=r"'1\.100' is ambiguous.*thousands"):
        read(text)
    np.testing.assert_array_equal(read(text, decimal=",").axis, [1100, 1102])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,1100,1102\ns1,.1,x\n", r"line 2, column '1102': 'x' is not a number"),
        ("id,1100,1102\ns1,.1,-9999\n", r"line 2, column '1102': the spectrum is -9999, a code"),
        ("id,1100,1102\ns1,.1,.2\ns2,-999,.2\n", r"line 3, column '1100': the spectrum is -999, a code"),
        ("id,1100,1102\ns1,.1,.2\ns2,.1,65535\n", r"line 3, column '1102': the spectrum is 65535, a code"),
        ("id,1100,1102\ns1,.1,.2\ns2,.1\n", r"line 3: 2 fields, but the head has 3"),
        ("id,1100,1102\ns1,.1,.2,.3\ns2,.1,.2\n", r"line 2: 4 fields, but the head has 3"),
        ("id;1100;1102\ns1;0,1;0.2\n", r"line 2, column '1102': '0\.2' is not a number with the decimal sign ','"),
        ("id,999,1000,1000.1,1001\ns1,.1,.2,.3,.4\n", "'1000.1' looks like a repeated label '1000'"),
        ("id,1000,1000,1001\ns1,.1,.2,.3\n", "two columns for 1000"),
        ("id,900,905,910,906,911,916\ns1,1,2,3,4,5,6\n", "two detectors overlap from 906 to 910"),
        ("id,900,905,910,95,920,925,930,935\ns,1,2,3,4,5,6,7,8\n", "'95' stands between '910' and '920'.*typing error"),
        ("id,0,1,2\ns1,.1,.2,.3\n", "only numbered from 0 to 2"),
        (",1100,1102,1104\n1001,.2,.3,.4\n1002,.2,.3,.4\n1003,.2,.3,.4\n", "first row.*first column"),
        ("id,R_1100,R_1102,R_1104,R_1106,A_1100,A_1102,A_1104,A_1106\ns,.1,.2,.3,.4,.1,.2,.3,.4\n", "two spectra"),
        ('id,note,1100\ns1,"a,.1\n', "line 2 is not a CSV file: a quotation mark is not closed"),
        ("id,1100 nm,1100 cm-1,1102 nm\ns1,.1,.2,.3\n", "several units"),
    ],
)
def test_what_cannot_be_right_is_refused(read, text, message):
    with pytest.raises(TableError, match=message):
        read(text)


def test_signs_that_a_file_does_not_hold_are_named(read):
    with pytest.raises(ReadingOptionError, match=r"decimal must be a sign within numbers, such as ',', got ';'"):
        read(PLAIN, decimal=";")
    with pytest.raises(ReadingOptionError, match=r"no line holds the delimiter ';'. Leave delimiter= out"):
        read(PLAIN, delimiter=";")


@pytest.mark.parametrize("cell", ["1D2", "1.D2", "1D+02", "1d-01", "1_0", "0x1F", "1e", "1 2", "1.2\x0034", "٣"])
def test_what_no_program_writes_is_no_number(read, cell):
    # damage at random made 1D2 of 1.2, which was read as 100
    with pytest.raises(TableError, match=r"is not a number|no text holds"):
        read(f"id,1100,1102,1104\ns1,.1,.2,.3\ns2,.4,{cell},.6\n")
    with pytest.raises(TableError, match=r"s2.*is not a reference value"):
        numbers_of(["9.5", cell], ["s1", "s2"].__getitem__)


@pytest.mark.parametrize("sign", [";", "\t", "|"])
@pytest.mark.parametrize("row", ["s1;9,5;3,78027149", "s1;9,5;3,78027149;1,015", "s1;9,5;3,7802"])
def test_decimal_commas_separate_no_columns_in_a_short_file(read, sign, row):
    # a cut after the first numbers left more commas than bars, and the decimals were read as spectra
    with pytest.raises(TableError, match=r"fields are missing|fields, but the head has|no spectral columns|no row"):
        read(f"id;protein;nm 1780,5;nm 1783,5;nm 1787,5\n{row}".replace(";", sign))


@pytest.mark.parametrize("written", ["utf-8", "utf-16", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("sign", ["\x1e", "\x0b", "\x0c", "\x1a", "\x00", "\x7f"])
def test_a_control_character_is_no_blank(read, written, sign):
    # a digit that is damaged so would be lost without a word
    with pytest.raises(TableError, match=r"line 2.*no text holds"):
        read(f"id,1100,1102,1104\nä,.1,.123{sign},.3\n", written)


LABORATORY = (
    "id;Protéine;1,1\xa0µm;1,2\xa0µm;1,3\xa0µm\nBlé à 20\xa0°C;1\xa0234,5;0,12;0,2;0,3\nß;999,5;-0,1;0,2e-3;0,3\n"
)


@pytest.mark.parametrize("written", ["utf-16", "utf-16-be", "cp1252"])
@pytest.mark.parametrize(
    ("was", "damaged"),
    [(";0,12;", ";0,1\xa0;"), (";-0,1;", ";\xa00,1;"), (",2e-3", ",2e-\xa0"), ("0,3\n", "0,\xa0\n"), ("ß", "\xa01")],
)
def test_a_no_break_space_at_the_edge_of_a_number_is_a_lost_digit(read, written, was, damaged):
    np.testing.assert_array_equal(read(LABORATORY, written).X, [[0.12, 0.2, 0.3], [-0.1, 0.0002, 0.3]])
    text = LABORATORY.replace(was, damaged, 1)
    with pytest.raises(TableError, match=rf"line [23]: a no-break space.*Give encoding='{written[:6]}"):
        read(text, written)


def test_no_break_spaces_are_blanks_where_a_damage_would_show_or_the_encoding_is_named(read):
    text = LABORATORY.replace("0,2;", "0,2\xa0;")
    for given in ({"written": "utf-8"}, {"written": "cp1252", "encoding": "cp1252"}):
        np.testing.assert_array_equal(read(text, **given).X[0], [0.12, 0.2, 0.3])


@pytest.mark.parametrize("damaged", ["0.2512 345", "0.251 345", "1 2345", "12345 678", "12 34"])
def test_a_blank_that_separates_no_thousands_is_a_lost_digit(read, damaged):
    with pytest.raises(TableError, match=f"'{damaged}' is not a number"):
        read(f"id,1100,1102,1104\ns1,.1,{damaged},.3\n", decimal=".")


def test_a_form_feed_may_begin_a_line_and_dos_ends_a_file(read):
    block = read("id,1100,1102,1104\ns1,.1,.2,.3\n\fs2,.1,.2,.3\n\x1a")
    np.testing.assert_array_equal(block.X, [[0.1, 0.2, 0.3]] * 2)


def test_samples_that_are_called_like_quantities_are_samples(read):
    for first, second in (("AU01", "AU02"), ("Abs_a", "Abs_b"), ("ref1", "ref2"), ("Reflectance 1", "Reflectance 2")):
        block = read(f"nm,{first},{second}\n1100,.1,.4\n1102,.2,.5\n1104,.3,.6\n")
        assert (block.names, len(block.X)) == ([first, second], 2)
    assert read("nm,AU01\n1100,.1\n1102,.2\n1104,.3\n").names == ["AU01"]
    block = read("nm,log(1/R),% R\n1100,.1,90\n1102,.2,80\n1104,.3,70\n")
    assert (block.names, block.quantity) == ([None], "log 1/R")


def test_commas_that_may_separate_thousands_are_asked_about(read):
    text = 'id,1100,1102,1104\ns1,"12,345","13,456","11,234"\n'
    with pytest.warns(TableWarning, match="three digits follow every comma in the spectra, such as '12,345'"):
        np.testing.assert_array_equal(read(text).X, [[12.345, 13.456, 11.234]])
    np.testing.assert_array_equal(read(text, decimal=".").X, [[12345, 13456, 11234]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read(text.replace("13,456", "0,456"))
        read("id;1100;1102;1104\ns1;12,345;13,456;11,234\n")


def test_rows_of_empty_quotes_are_passed_over(read):
    block = read('"id","s1","s2"\n"fat","9","8"\n"","",""\n"1100","1","4"\n"1102","2","5"\n"1104","3","6"\n')
    np.testing.assert_array_equal(block.X, [[1, 2, 3], [4, 5, 6]])


def test_a_blank_may_be_a_lost_decimal_sign_or_separate_thousands(read):
    where = ["s1", "s2", "s3"].__getitem__
    np.testing.assert_array_equal(numbers_of(["1 234,5", "987,25", "12 002"], where, ",")[0], [1234.5, 987.25, 12002])
    with pytest.raises(TableError, match="s2: '9 125' is ambiguous"):
        numbers_of(["9.217", "9 125", "9.5"], where)


@pytest.mark.parametrize("text", ["SampleID,Moisture\nP1,13.7\nP2,12.2\n", "0.1\n0.2\n0.3\n", "id,P1,P2,P3\ns,1,2,3\n"])
def test_tables_without_spectra_say_so(read, text):
    with pytest.raises(NoSpectraError, match="no spectral columns"):
        read(text)


def test_encodings_are_found_or_refused(read, tmp_path):
    block = read("id;Protéine;1,1 µm;1,2 µm;1,3 µm\nBlé;1;0,1;0,2;0,3\n", "latin-1")
    assert block.names == ["Blé"] and block.unit == "um" and "Windows-1252" in block.notes[0]
    path = tmp_path / "damaged.csv"
    path.write_bytes("id,1100\nBlé,0.1\nMaïs,0.2\n".encode() + b"\xe9,0.3\n")
    with pytest.raises(TableError, match="line 4: byte 0xe9 is not utf-8"):
        read_text(path)
    path.write_bytes(PLAIN.encode("utf-16")[:-1])
    with pytest.raises(TableError, match=r"damaged\.csv, line \d.*utf-16"):
        read_text(path)
    with pytest.raises(ReadingOptionError, match="not an encoding"):
        read(PLAIN, encoding="klingon-8")
    with pytest.raises(ReadingOptionError, match="delimiter must be one character"):
        read(PLAIN, delimiter=", ")


def test_an_end_that_may_be_cut_off_is_said(read):
    with pytest.warns(TableWarning, match="may be cut off"):
        read("id,1100,1102\n" + "".join(f"s{i},.123,.234\n" for i in range(5)) + "s6,.111,.2")
    with pytest.warns(TableWarning, match=r"line 3 is no row of the table.*\[99 more lines\]"):
        assert len(read("id,1100,1102\ns1,.1,.2\n[99 more lines]\n").X) == 1


def test_what_is_written_above_is_kept(read):
    block = read("Made by me\nSerial: 123\nY axis: Absorbance\nRange (nm): 1100-1104\n" + PLAIN)
    assert block.meta["Serial"] == "123" and block.meta["title"] == "Made by me"
    assert (block.unit, block.quantity) == ("nm", "absorbance")
    assert block.places == ["line 6", "line 7"]
