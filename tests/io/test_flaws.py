"""Spectra and files that cannot be used: refused, or kept as rows that say why."""

import numpy as np
import pytest

from skspectral.exceptions import TableError
from skspectral.io import SpectraTable, read_spectra
from skspectral.io.grids.body import spectra_of_cells
from tests.io.binary_writers import spc

AXIS = "sample_id,1100,1102,1104,1106"
WHOLE = ["s1,0.1,0.2,0.3,0.4", "s2,0.2,0.3,0.5,0.4"]


def read(path, lines, **options):
    path.write_text("\n".join([AXIS, *lines]) + "\n")
    return read_spectra(path, progress=False, **{"on_error": "keep", **options})


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ("", "the spectrum is missing here"),
        ("inf", "the spectrum is infinite here"),
        ("-9999", "the spectrum is -9999, a code for 'missing', here"),
        ("saturated", "'saturated' is not a number"),
    ],
)
def test_a_cell_without_number_spoils_its_row_alone(tmp_path, cell, why):
    lines = [WHOLE[0], f"bad,0.1,0.2,{cell},0.4", WHOLE[1]]
    with pytest.raises(TableError):
        read(tmp_path / "t.csv", lines, on_error="raise")
    table = read(tmp_path / "t.csv", lines)
    assert table.sample_id.tolist() == ["s1", "bad", "s2"]
    assert table.flaws[0] is table.flaws[2] is None
    assert table.flaws[1].startswith(f"line 3, column '1104': {why}")
    np.testing.assert_array_equal(table.X[[0, 2]], [[0.1, 0.2, 0.3, 0.4], [0.2, 0.3, 0.5, 0.4]])
    np.testing.assert_array_equal(np.isnan(table.X[1]), [False, False, True, False])


def test_the_columns_of_a_bad_cell_alone_are_converted_cell_by_cell(tmp_path, monkeypatch):
    converted = []

    def count(rows, columns, *others, **how):
        converted.append(len(columns))
        return spectra_of_cells(rows, columns, *others, **how)

    monkeypatch.setattr("skspectral.io.text._body.spectra_of_cells", count)
    lines = [WHOLE[0], "bad,0.1,x, 0.2 ,", "worse,0.1,'',y,0.4", WHOLE[1]]
    table = read(tmp_path / "t.csv", lines)
    assert converted == [3]
    assert table.flaws[1].startswith("line 3, column '1102': 'x' is") and "'1102': \"''\" is" in table.flaws[2]
    nan = np.nan
    expected = [[0.1, 0.2, 0.3, 0.4], [0.1, nan, 0.2, nan], [0.1, nan, nan, 0.4], [0.2, 0.3, 0.5, 0.4]]
    np.testing.assert_array_equal(table.X, expected)
    # a percent sign in the first spectrum is asked of all cells, also of those that pandas would take for numbers
    with pytest.raises(TableError, match="no percent sign"):
        read(tmp_path / "t.csv", ["a,10%,20%,30%,40", "b,10%,20%,30%,40"])


def test_a_row_of_totals_without_numbers_is_a_flaw(tmp_path):
    table = read(tmp_path / "t.csv", [*WHOLE, "Total,,,,"])
    assert "and in 3 other channels" in table.flaws[2] and table.select([0, 1]).flaws.tolist() == [None, None]
    assert SpectraTable.concat([table, table]).flaws.tolist() == [None, None, table.flaws[2]] * 2


def test_a_channel_that_is_blank_in_all_rows_is_a_fault_of_cells(tmp_path):
    lines = [f"{line.rpartition(',')[0]}," for line in WHOLE]
    with pytest.raises(TableError, match=r"line 2, column '1106': the spectrum is missing here \(2 such cells"):
        read(tmp_path / "t.csv", lines, on_error="raise")


def test_nothing_whole_is_refused(tmp_path):
    for lines in (["a,0.1,,0.3,0.4"], ["a,x,0.1,0.2,0.2", "b,x,0.1,0.2,0.2"]):
        with pytest.raises(TableError, match="line 2"):
            read(tmp_path / "t.csv", lines)
    (tmp_path / "broken.csv").write_bytes(b"\x00\x01")
    with pytest.raises(TableError, match="broken"):
        read_spectra(tmp_path / "broken.csv", on_error="keep")


def test_columns_and_parquet_and_frames_keep_the_same_rows(tmp_path):
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    frame = pandas.DataFrame(
        {"sample_id": ["s1", "bad", "s2"], "1100": [0.1, 0.1, 0.2], "1102": [0.2, np.nan, 0.3], "1104": [0.3, 0.2, 0.5]}
    )
    frame.to_parquet(tmp_path / "t.parquet")
    turned = frame.set_index("sample_id").T.rename_axis("nm")
    turned.to_csv(tmp_path / "turned.csv")
    for source in (frame, tmp_path / "t.parquet", tmp_path / "turned.csv"):
        table = read_spectra(source, on_error="keep", progress=False)
        assert table.sample_id.tolist() == ["s1", "bad", "s2"]
        assert [flaw is None for flaw in table.flaws] == [True, False, True]
        assert "missing" in table.flaws[1]


def test_one_of_several_spectra_of_a_binary_file(tmp_path):
    pytest.importorskip("spc_io")
    X = np.array([[0.1, 0.2, 0.3], [0.1, np.inf, 0.3], [0.2, 0.3, 0.5]])
    (tmp_path / "a.spc").write_bytes(spc(X))
    table = read_spectra(tmp_path / "a.spc", on_error="keep")
    assert [flaw is None for flaw in table.flaws] == [True, False, True] and "spectrum 2" in table.flaws[1]
    np.testing.assert_allclose(table.X[[0, 2]], X[[0, 2]], rtol=1e-6)
    with pytest.raises(TableError, match="spectrum 2 of this SPC file holds values that are no numbers"):
        read_spectra(tmp_path / "a.spc")


def test_a_file_that_cannot_be_read_keeps_its_place(tmp_path):
    for name, line in zip("ac", WHOLE):
        (tmp_path / f"{name}.csv").write_text(f"{AXIS}\n{line}\n")
    (tmp_path / "b.csv").write_bytes(b"\x00\x01")
    table = read_spectra(tmp_path, on_error="keep", progress=False)
    assert table.sample_id.tolist() == ["s1", "b", "s2"] and np.isnan(table.X[1]).all()
    assert table.flaws[1].startswith("the file cannot be read: ") and table.files[1].endswith("b.csv")
