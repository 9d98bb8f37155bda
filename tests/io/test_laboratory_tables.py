"""What laboratories' tables hold beside spectra: a second axis, one unit for all, merged cells, names left blank."""

import numpy as np
import pytest

from skspectral.exceptions import TableError, TableWarning
from skspectral.io import read_spectra

from .workbook_writer import xlsx

AXIS = [1100, 1102, 1104, 1106]
ROWS = [[0.1, 0.2, 0.3, 0.25], [0.2, 0.3, 0.1, 0.2], [0.3, 0.1, 0.2, 0.4]]
HEAD = "sample_id,1100,1102,1104,1106\n"
BODY = "".join(f"s{k},{','.join(map(str, row))}\n" for k, row in enumerate(ROWS))


@pytest.fixture
def read(tmp_path):
    def from_text(text, **options):
        path = tmp_path / "table.csv"
        path.write_text(text)
        return read_spectra(path, progress=False, **options)

    return from_text


@pytest.mark.parametrize("between", ["", "\n"])
def test_labels_that_are_repeated_are_no_spectrum(read, between):
    table = read(HEAD + BODY + between + HEAD + BODY.replace("s", "t"))
    assert list(table.sample_id) == ["s0", "s1", "s2", "t0", "t1", "t2"]
    np.testing.assert_array_equal(table.X, ROWS + ROWS)
    assert any("the axis stands again in line" in note for note in table.notes)
    assert table.places[3] == f"line {7 if between else 6}"


@pytest.mark.parametrize(
    "second", ["sample_id,1200,1202,1204,1206\n", "name,1101,1103,1105,1107\n", "sample_id,1,2,1,3\n"]
)
def test_labels_of_another_axis_further_down_are_refused(read, second):
    with pytest.raises(TableError, match=r"line 5: this row is an axis of its own, .* where the first is 1100 to 1106"):
        read(HEAD + BODY + second + BODY)


def test_pairs_of_columns(read):
    def pairs(second):
        lines = zip(AXIS, ROWS[0], second, ROWS[1])
        return "wl,a,wl,b\n" + "".join(",".join(map(str, line)) + "\n" for line in lines)

    np.testing.assert_array_equal(read(pairs(AXIS), unit="nm").X, ROWS[:2])
    with pytest.raises(TableError, match="this column is an axis of its own, 1101 to 1107"):
        read(pairs([value + 1 for value in AXIS]), unit="nm")


@pytest.mark.parametrize(
    ("head", "unit"),
    [
        ("sample_id,1100 nm,1102,1104,1106\n", "nm"),
        ("sample_id,7000,7002,7004,7006 cm-1\n", "cm-1"),
        ("wavenumber (cm-1),1100,1102,1104,1106\n", "cm-1"),
        ("Wavelength [nm] / sample,1100,1102,1104,1106\n", "nm"),
    ],
)
def test_a_unit_that_is_said_once_is_that_of_all(read, head, unit):
    table = read(head + BODY)
    numbers = [float(label.split()[0]) for label in head.strip().split(",")[1:]]
    np.testing.assert_allclose(table.in_unit(unit).wavelengths, numbers)
    assert table.properties == [] and list(table.sample_id) == ["s0", "s1", "s2"]


@pytest.mark.parametrize("head", ["id,405 THz,410,415,420\n", "Frequency (THz),405,410,415,420\n"])
def test_visible_light_in_thz_is_refused_where_anything_says_so(read, head):
    with pytest.raises(TableError, match="is labelled 'thz'"):
        read(head + BODY)


@pytest.mark.parametrize("said", ["frequency,", "X axis: frequency\nsample_id,", "Energy,"])
def test_an_axis_that_is_called_frequency_is_questioned(read, said):
    with pytest.warns(TableWarning, match="has no unit and is taken as nm, although the file calls it"):
        read(said + "405,410,415,420\n" + BODY)


def test_merged_names_and_references_count_for_all_their_rows(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.active.append(["Sample", "Analysis", "Absorbance (nm)", None, None, None])
    book.active.append([None, "protein", *AXIS])
    for k, row in enumerate([*ROWS, ROWS[0]]):
        book.active.append([*([f"s{k // 2}", 9.0 + k] if k % 2 == 0 else [None, None]), *row])
    for cells in ("A1:A2", "C1:F1", "A3:A4", "A5:A6", "B3:B4", "B5:B6"):
        book.active.merge_cells(cells)
    book.save(tmp_path / "book.xlsx")
    table = read_spectra(tmp_path / "book.xlsx")
    assert list(table.sample_id) == ["s0", "s0", "s1", "s1"]
    np.testing.assert_array_equal(table.y.ravel(), [9.0, 9.0, 11.0, 11.0])


def test_rows_without_a_name_and_columns_with_units_are_said(read, tmp_path):
    with pytest.warns(TableWarning, match=r"1 of 3 spectra have no name of a sample, first .*line 3"):
        read(HEAD + BODY.replace("s1", ""))
    rows = [["sample_id", "fat", "protein", *AXIS]]
    rows += [[f"s{k}", k + 0.5, f"{k + 9}.1 g/kg", *row] for k, row in enumerate(ROWS)]
    xlsx(tmp_path / "units.xlsx", {"all": rows})
    with pytest.warns(
        TableWarning, match=r"column 'protein': numbers stand with a unit or an error, such as '9.1 g/kg'"
    ):
        assert read_spectra(tmp_path / "units.xlsx").properties == ["fat"]


@pytest.mark.parametrize("label", ["11O2", "l102", "1lO2"])
def test_a_label_with_a_letter_for_a_digit_is_refused(read, label):
    with pytest.raises(TableError, match=f"the label '{label}' stands beside 1100, 1104 and is no number"):
        read(HEAD.replace("1102", label) + BODY)


@pytest.mark.parametrize(("right", "wrong"), [("1100", "llOO"), ("1106", "11O6")])
def test_a_slip_at_the_ends_of_the_axis_is_refused(read, right, wrong):
    with pytest.raises(TableError, match=f"the label '{wrong}' stands beside"):
        read(HEAD.replace(right, wrong) + BODY)


def test_a_channel_without_a_label_is_refused(read):
    with pytest.raises(TableError, match="the column 3, between '1100' and '1104', has no label"):
        read(HEAD.replace("1102", "") + BODY)


def test_percentages_that_look_like_fractions_are_questioned(read):
    with pytest.warns(TableWarning, match="said to be % reflectance, and no value is larger than 0.4"):
        read("# Reflectance (%)\n" + HEAD + BODY)


def test_numbers_longer_than_a_workbook_keeps_are_said(tmp_path):
    rows = [["sample_id", *AXIS], *([float(123456789012345678 + k), *row] for k, row in enumerate(ROWS))]
    xlsx(tmp_path / "codes.xlsx", {"all": rows})
    with pytest.warns(TableWarning, match=r"3 numbers of sheet 'all' \(first A2\) have more than 15 digits"):
        read_spectra(tmp_path / "codes.xlsx")
