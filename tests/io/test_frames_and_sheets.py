"""DataFrames of any make, and references in workbooks of several sheets: read right, or refused by name."""

import numpy as np
import pandas as pd
import pytest

from skspectral.exceptions import AxisUnitWarning, ReadingOptionError, TableError
from skspectral.io import SpectraTable, check, read_spectra

NM = [1100, 1102, 1104, 1106]
NAMES = ["corn_1", "corn_2", "corn_3"]
X = np.arange(12.0).reshape(3, 4) / 10
PROTEIN = pd.Series([9.5, 10.1, 11.3], index=NAMES, name="protein")


def frame(index=None):
    return pd.DataFrame(X, columns=NM, index=NAMES if index is None else index)


def read(source, **options):
    return read_spectra(source, progress=False, **options)


def test_a_dataframe_is_read_like_a_file():
    table = read({"A": frame(), "B": frame()}, references=PROTEIN)
    assert table.instruments == ["A", "B"] and table.y.ravel().tolist() == [9.5, 10.1, 11.3] * 2
    assert any(note.startswith("references of a DataFrame: 3 of 3") for note in table.notes)


def test_levels_of_an_index_are_columns():
    index = pd.MultiIndex.from_product([["A"], NAMES], names=["instrument", "sample_id"])
    table = SpectraTable.from_frame(frame(index))
    assert list(table.sample_id) == NAMES and table.instruments == ["A"]
    with pytest.raises(TableError, match="an index of 2 levels without names"):
        SpectraTable.from_frame(frame(index.set_names([None, None])))
    with pytest.raises(TableError, match="labels of 2 levels"):
        SpectraTable.from_frame(frame().set_axis(pd.MultiIndex.from_product([["nm"], NM]), axis=1))


def test_numbers_in_an_index_are_names_of_references_and_said_elsewhere():
    spectra = frame(pd.Index([101, 102, 103], name="id"))
    references = pd.DataFrame({"protein": [3.0, 1.0, 2.0]}, index=[103, 101, 102])
    assert read(spectra, references=references).y.ravel().tolist() == [1.0, 2.0, 3.0]
    table = read(frame([101, 102, 103]))
    assert set(table.sample_id) == {None} and any("not taken as samples" in note for note in table.notes)
    assert not any("not taken" in note for note in read(frame([0, 1, 2])).notes)


def test_an_index_of_whole_wavelengths_is_the_axis():
    table = read(frame().T)
    assert list(table.sample_id) == NAMES and table.wavelengths.tolist() == NM and np.array_equal(table.X, X)


@pytest.mark.parametrize("source", [X, None, 5, [X], [None]])
def test_what_is_no_file_is_refused(source):
    with pytest.raises(ReadingOptionError, match="must be a file, a folder"):
        read(source)
    with pytest.raises(TableError, match="is no DataFrame"):
        SpectraTable.from_frame(source)
    if source is not None:
        with pytest.raises(ReadingOptionError, match="references must be a file or a DataFrame"):
            read(frame(), references=source)


def test_a_table_refuses_words_as_references_and_lists_as_names():
    with pytest.raises(TableError, match="y must hold numbers"):
        SpectraTable(X, NM, y=["low", "high", "low"])
    with pytest.raises(TableError, match="sample_id holds a list in row 0"):
        SpectraTable(X, NM, sample_id=[["a"], ["b"], ["c"]])


def workbook(path, **sheets):
    with pd.ExcelWriter(path) as writer:
        for name, sheet in sheets.items():
            sheet.to_excel(writer, sheet_name=name, index=False)
    return path


@pytest.fixture
def sheets():
    pytest.importorskip("openpyxl", reason="openpyxl writes the workbooks")
    named = PROTEIN.rename_axis("ID").reset_index()
    return {
        "Cover": pd.DataFrame({"Report": ["of May"]}),
        "Protein": named,
        "Ash": named.set_axis(["ID", "ash"], axis=1),
    }


def test_all_sheets_give_references_and_others_are_said(tmp_path, sheets):
    table = read(frame(), references=workbook(tmp_path / "r.xlsx", **sheets))
    assert table.properties == ["protein", "ash"] and np.array_equal(table.y[:, 0], table.y[:, 1])
    assert any("no references in" in note and "sheet Cover" in note for note in table.notes)


def test_sheets_that_contradict_each_other_are_a_conflict(tmp_path, sheets):
    sheets["Ash"] = sheets["Protein"].assign(protein=[9.5, 10.1, 12.0])
    with pytest.raises(ValueError, match=r"'corn_3' has two references of 'protein': 11.3 .*Protein.* and 12 .*Ash"):
        read(frame(), references=workbook(tmp_path / "r.xlsx", **sheets))


def test_references_without_any_value_are_refused():
    with pytest.raises(TableError, match=r"no column holds reference values.*'protein'"):
        read(frame(), references=PROTEIN.map("{} g".format))


def test_two_columns_of_one_property_are_refused(tmp_path):
    path = tmp_path / "r.csv"
    path.write_text("id,protein,protein\ncorn_1,9,10\ncorn_2,8,11\n")
    with pytest.raises(TableError, match="two columns called 'protein'"):
        read(frame(), references=path)


def test_names_of_references_that_are_nearly_right_are_shown():
    with pytest.raises(TableError, match="similar ones: corn_1 / corn-1"):
        read(frame(), references=PROTEIN.rename(lambda name: name.replace("_", "-")))


def test_a_row_of_units_and_missing_values_with_decimal_commas(tmp_path):
    path = tmp_path / "r.csv"
    path.write_text("id;protein\nunit;% DM\ncorn_1;9,5\ncorn_2;<0,5\ncorn_3;n.d.\n", encoding="utf-8")
    with pytest.warns(UserWarning, match="beyond a limit"):
        table = read(frame(), references=path)
    np.testing.assert_array_equal(table.y.ravel(), [9.5, np.nan, np.nan])


def test_even_steps_beyond_the_near_infrared_are_questioned():
    with pytest.warns(AxisUnitWarning):
        finding = check(SpectraTable(X, np.arange(11000.0, 11008.0, 2.0)))
    assert any("looks like one of wavenumbers" in one.what for one in finding)
