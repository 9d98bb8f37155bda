"""References however a laboratory lays them out: samples in columns, one row for each value, labels with numbers."""

import warnings

import numpy as np
import pandas as pd
import pytest

from skspectral.exceptions import TableError, TableWarning
from skspectral.io import read_spectra

from .workbook_writer import xlsx

NAMES = ["w1x", "w2x", "w3x"]
FRAME = pd.DataFrame(np.array([[0.1, 0.2, 0.3], [0.2, 0.3, 0.1], [0.3, 0.1, 0.2]]), columns=[1100.0, 1102.0, 1104.0])
FRAME.insert(0, "sample_id", NAMES)
SPECTRA = [list(FRAME.columns), *FRAME.to_numpy().tolist()]
WIDE = [["Parameter", *NAMES], ["Protein", 9.5, 9.25, None], ["Moisture", 12.5, 12.0, 11.5]]
LONG = [
    ["Sample", "Analyte", "Result", "Unit"],
    *[["w1x", "Protein", 9.5, "%"], ["w1x", "Moisture", 12.5, "%"], ["w2x", "Protein", 9.25, "%"]],
    *[["w2x", "Moisture", 12.0, "%"], ["w3x", "Moisture", 11.5, "%"]],
]
SHAPES = pytest.mark.parametrize("rows", [WIDE, LONG], ids=["samples in columns", "one row for each value"])
Y = [[9.5, 12.5], [9.25, 12.0], [np.nan, 11.5]]


def csv(path, rows):
    path.write_text("\n".join(",".join("" if cell is None else str(cell) for cell in row) for row in rows) + "\n")
    return path


def test_one_property_in_long_form_keeps_its_name(tmp_path):
    rows = [["Sample", "Analyte", "Result"], *[[name, "Protein", k + 9] for k, name in enumerate(NAMES)]]
    table = read_spectra(FRAME, references=csv(tmp_path / "lab.csv", rows), unit="nm")
    assert table.properties == ["Protein"] and table.y[:, 0].tolist() == [9, 10, 11]
    with pytest.raises(TableError, match=r"no property 'fat' in .* or the references, but Protein"):
        read_spectra(FRAME, references=tmp_path / "lab.csv", unit="nm", properties=["fat"])


@SHAPES
def test_in_a_file_of_their_own(tmp_path, rows):
    table = read_spectra(FRAME, references=csv(tmp_path / "lab.csv", rows), unit="nm")
    assert table.properties == ["Protein", "Moisture"]
    np.testing.assert_array_equal(table.y, Y)


@SHAPES
def test_on_a_second_sheet(tmp_path, rows):
    xlsx(tmp_path / "book.xlsx", {"spectra": SPECTRA, "lab": rows})
    table = read_spectra(tmp_path / "book.xlsx", unit="nm")
    assert table.properties == ["Protein", "Moisture"]
    np.testing.assert_array_equal(table.y, Y)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (["w3x", "Protein", 95, "g/kg"], r"lab\.csv, line 7: 'Protein' is in g/kg here and in % above"),
        (["w1x", "Protein", 9.75, "%"], r"lab\.csv, line 7: 'w1x' has two values of 'Protein', 9\.5 and 9\.75"),
    ],
)
def test_what_contradicts_itself_is_refused(tmp_path, row, message):
    with pytest.raises(TableError, match=message):
        read_spectra(FRAME, references=csv(tmp_path / "lab.csv", [*LONG, row]), unit="nm")


def test_labels_with_numbers_are_properties_and_a_spectrum_is_none(tmp_path):
    acids = [["sample_id", "C140", "C160", "C180"], *[[name, 1.5, 2.5, 3.5] for name in NAMES]]
    table = read_spectra(FRAME, references=csv(tmp_path / "acids.csv", acids), unit="nm")
    assert table.properties == ["C140", "C160", "C180"]
    axis = [str(1100 + 2 * k) for k in range(12)]
    beside = [["sample_id", "oil", *axis], *[[name, 3.5, *[0.1] * 12] for name in NAMES]]
    table = read_spectra(FRAME, references=csv(tmp_path / "both.csv", beside), unit="nm")
    assert table.properties == ["oil"]
    assert "12 columns from '1100' to '1122', a spectrum" in repr(table)


@pytest.mark.parametrize("written", ["{}", "{}.csv", r"C:\scans\run 1\{}.csv", "/home/lab/{}", "run1/{}.csv"])
def test_references_that_name_files(tmp_path, written):
    titled = "sample_id,1100,1102,1104\n{title},0.1,0.2,0.{k}\n"
    names = ["scan_a1x", "scan_b1x", "scan_c1x"]
    for own_names in (False, True):
        for k, name in enumerate(names):
            title = f"barley {k}z" if own_names else name
            (tmp_path / f"{name}.csv").write_text(titled.format(title=title, k=k + 3))
        lab = pd.DataFrame({"file": [written.format(name) for name in names], "protein": [9.5, 9.25, 9.0]})
        table = read_spectra([tmp_path / f"{name}.csv" for name in reversed(names)], references=lab, unit="nm")
        np.testing.assert_array_equal(table.y.ravel(), [9.0, 9.25, 9.5])
        assert table.sample_id[0] == ("barley 2z" if own_names else "scan_c1x")


def test_two_columns_that_name_the_spectra_in_another_order_are_asked_about():
    spectra = FRAME.assign(sample_id=[7, 8, 9])
    lab = pd.DataFrame({"lab no": [7, 8, 9], "sample": [8, 7, 9], "protein": [9.5, 9.25, 9.0], "fat": [8, 9, 7]})
    with pytest.warns(TableWarning, match="the columns 'sample' and 'lab no' both name 3 spectra") as caught:
        table = read_spectra(spectra, references=lab, unit="nm")
    assert len(caught) == 1 and table.y[:, 0].tolist() == [9.25, 9.5, 9.0]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = read_spectra(spectra, references=lab, unit="nm", id_column="lab no")
    assert table.y[:, 0].tolist() == [9.5, 9.25, 9.0]
