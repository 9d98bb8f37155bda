"""Workbooks: spectra, what stands on other sheets, and what is refused."""

import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

from skspectral.exceptions import NoSpectraError, ReadingOptionError, TableError, TableWarning
from skspectral.io import read_spectra
from skspectral.io.formats.one_file import kind_of_file, read_file

from .workbook_writer import FAILED, Percent, ods, xls, xlsx

FOLDER = Path(os.environ.get("SKSPECTRAL_DATA", ""), "formats")
SPECTRA = [
    ["sample_id", 1100.0, 1102.0, 1104.0, 1106.0],
    ["A 1", 0.1, 0.2, 0.3, 0.4],
    ["A 2", 0.5, 0.6, 0.7, 0.8],
    [3, 0.9, 1, 1.1, 1.2],
]
X = np.array([row[1:] for row in SPECTRA[1:]], dtype=float)
REFERENCES = [["name", "Protein (%)", "remark"], ["a  2", 11.5, None], [3, 12.5, "late"], ["B", 9.5, None]]


@pytest.mark.parametrize(("write", "kind"), [(xlsx, "Excel (.xlsx)"), (ods, "OpenDocument (.ods)")])
def test_other_sheets_are_joined_by_the_names_of_the_samples(tmp_path, write, kind):
    path = tmp_path / "workbook"
    write(path, {"spectra": SPECTRA, "lab": [[], *REFERENCES], "notes": [["Nobody", "knows"], ["this", "sheet"]]})
    assert kind_of_file(path) == kind
    (block,) = read_file(path)
    np.testing.assert_array_equal(block.X, X)
    np.testing.assert_array_equal(block.axis, [1100, 1102, 1104, 1106])
    assert [str(name) for name in block.names] == ["A 1", "A 2", "3"]
    assert block.places[0] == "sheet spectra, row 2"
    assert block.columns == {"Protein (%)": [None, 11.5, 12.5], "remark": [None, None, "late"]}
    assert any("'lab', joined by its column 'name' (1 of 3 names are not in it)" in note for note in block.notes)
    assert any("'notes' holds no spectra" in note for note in block.notes)


@pytest.mark.parametrize("suffix", [".xls", ".csv", ".ods", ""])
def test_the_suffix_of_a_workbook_does_not_matter(tmp_path, suffix):
    path = tmp_path / f"book{suffix}"
    xlsx(path, {"spectra": SPECTRA})
    np.testing.assert_array_equal(read_file(path)[0].X, X)


def test_each_sheet_of_spectra_is_a_block_and_hidden_ones_are_said(tmp_path):
    path = tmp_path / "two.xlsx"
    xlsx(path, {"old": SPECTRA, "new": SPECTRA[:3], "draft": SPECTRA}, hidden=("draft",))
    first, second = read_file(path)
    assert (first.meta["sheet"], len(first.X), second.meta["sheet"], len(second.X)) == ("old", 3, "new", 2)
    assert "hidden sheets are left out: 'draft'" in first.notes
    # The same samples stand on both, so these are two instruments.
    assert (first.columns["instrument"][0], second.columns["instrument"][0]) == ("old", "new")
    (chosen,) = read_file(path, sheet="draft")
    assert chosen.meta["sheet"] == "draft"
    with pytest.raises(ReadingOptionError, match="has no sheet 'none'; its sheets are 'old', 'new', 'draft'"):
        read_file(path, sheet="none")


def test_a_sheet_with_a_few_samples_of_another_makes_instruments_of_both(tmp_path):
    path = tmp_path / "standards.xlsx"
    xlsx(path, {"bench": SPECTRA, "field": [SPECTRA[0], SPECTRA[2]], "else": [SPECTRA[0], ["B", 0.1, 0.3, 0.2, 0.5]]})
    bench, field, other = read_file(path)
    assert set(bench.columns["instrument"]) == {"bench"} and set(field.columns["instrument"]) == {"field"}
    assert "instrument" not in other.columns


def test_sheets_of_different_samples_are_one_instrument(tmp_path):
    path = tmp_path / "parts.xlsx"
    xlsx(path, {"2023": SPECTRA[:3], "2024": [SPECTRA[0], SPECTRA[3]]})
    assert all("instrument" not in block.columns for block in read_file(path))


def test_several_rows_for_one_sample_are_not_joined(tmp_path):
    path = tmp_path / "repeated.xlsx"
    xlsx(path, {"spectra": SPECTRA, "lab": [*REFERENCES, ["A 2", 10.0, None]]})
    (block,) = read_file(path)
    assert block.columns == {}
    assert any("2 rows for 'a 2'" in note for note in block.notes)


def test_a_wrong_cell_is_named_with_its_sheet_and_row(tmp_path):
    path = tmp_path / "wrong.xlsx"
    rows = [list(row) for row in SPECTRA]
    rows[2][3] = "O.7"
    xlsx(path, {"cover": [["Title"]], "spectra": rows})
    with pytest.raises(TableError, match=r"wrong\.xlsx, sheet spectra, row 3.*'O\.7'.*sheet= chooses"):
        read_file(path)


def test_a_workbook_without_spectra_says_what_it_holds(tmp_path):
    path = tmp_path / "lab.xlsx"
    xlsx(path, {"lab": REFERENCES, "empty": []})
    with pytest.raises(NoSpectraError, match=r"only sheet 'lab' with name, Protein \(%\), remark.*references="):
        read_file(path)


@pytest.mark.skipif(not FOLDER.is_dir(), reason="SKSPECTRAL_DATA names no folder with a folder 'formats'")
def test_a_workbook_of_field_notes_is_no_spectra():
    with pytest.raises(NoSpectraError, match="sheet 'spectra_metadata' with Field, Value"):
        read_file(FOLDER / "auroranir_handheld_barley_sensAIfood_metadata.xlsx")


def test_cells_that_hold_no_value_and_sheets_of_references_that_are_left_out_are_said(tmp_path):
    path = tmp_path / "book.xlsx"
    xlsx(path, {"spectra": [[*row, *extra] for row, extra in zip(SPECTRA, (["fat"], [1.5], [2.5], [3.5]))]})
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    parts[sheet] = parts[sheet].replace(b"<c><v>1.5</v></c>", b'<c r="F2" t="e"><v>#DIV/0!</v></c>')
    parts[sheet] = parts[sheet].replace(b"<c><v>2.5</v></c>", b'<c r="F3"><f>F4*2</f><v /></c>')
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    with pytest.warns(TableWarning) as said:
        (block,) = read_file(path)
    assert block.columns["fat"] == [None, None, 3.5]
    texts = [str(one.message) for one in said]
    assert any("1 cells (F2) hold errors" in text for text in texts)
    assert any("1 cells (F3) hold formulas whose results are not stored" in text for text in texts)
    xlsx(path, {"spectra": SPECTRA, "Lab values": [["name", "fat"], ["A_1", 1.5], ["A_2", 2.5]]})
    with pytest.warns(TableWarning, match="sheet 'Lab values' holds no spectra and none of their names"):
        read_file(path)


@pytest.mark.parametrize("write", [xlsx, ods, xls])
def test_percentages_are_what_is_shown_and_errors_are_named(tmp_path, write):
    path, lab = tmp_path / "book", tmp_path / "lab"
    fat = ["fat", Percent(0.125), FAILED, Percent(0.07)]
    write(path, {"spectra": [[*row, cell] for row, cell in zip(SPECTRA, fat)]})
    with pytest.warns(TableWarning, match=r"1 cells \(F3\) hold errors such as #DIV/0!"):
        table = read_spectra(path)
    np.testing.assert_array_equal(table.y.ravel(), [12.5, np.nan, 7.0])
    # the same beside the spectra as in a file of their own
    write(path, {"spectra": SPECTRA})
    write(lab, {"lab": [[str(row[0]), cell] for row, cell in zip(SPECTRA, fat)]})
    with pytest.warns(TableWarning, match=r"lab: 1 cells \(B3\) hold errors"):
        table = read_spectra(path, references=lab)
    np.testing.assert_array_equal(table.y.ravel(), [12.5, np.nan, 7.0])
    write(lab, {"lab": [["name", "fat"], ["A 1", Percent(0.125)], ["A 2", 12.5]]})
    with pytest.raises(TableError, match=r"lab, sheet lab, row 3, column 'fat': 12.5 has no percent sign"):
        read_spectra(path, references=lab)
    write(path, {"spectra": [SPECTRA[0], *([row[0], *map(Percent, row[1:])] for row in SPECTRA[1:])]})
    table = read_spectra(path, quantity="% reflectance")
    np.testing.assert_allclose(table.X, 100 * X, rtol=1e-14)


@pytest.mark.parametrize("write", [xlsx, ods, xls])
def test_a_damaged_workbook_of_references_is_an_error_of_its_own(tmp_path, write):
    spectra, lab = tmp_path / "spectra.xlsx", tmp_path / "lab"
    xlsx(spectra, {"spectra": SPECTRA})
    write(lab, {"lab": REFERENCES})
    whole = lab.read_bytes()
    lab.write_bytes(whole[: len(whole) * 2 // 3])
    with pytest.raises(TableError, match="lab: "):
        read_spectra(spectra, references=lab)
