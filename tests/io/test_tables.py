import datetime
import decimal
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skspectral.exceptions import OptionalDependencyError, TableError
from skspectral.io import read_instrument_files, read_table

LONG = """instrument,sample_id,protein,oil,1100,1102.5,1105
A,s1,9.1,3.5,0.21,0.22,0.23
A,s2,8.7,,0.31,0.32,0.33
B,s1,,,0.25,0.26,0.27
B,,,,0.35,0.36,0.37
"""


@pytest.fixture
def table(tmp_path):
    def write(text, name="spectra.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_text(text, encoding=encoding)
        return path

    return write


def assert_is_long(data):
    np.testing.assert_array_equal(
        data.X, [[0.21, 0.22, 0.23], [0.31, 0.32, 0.33], [0.25, 0.26, 0.27], [0.35, 0.36, 0.37]]
    )
    np.testing.assert_array_equal(data.y, [[9.1, 3.5], [8.7, np.nan], [np.nan, np.nan], [np.nan, np.nan]])
    assert data.instrument.tolist() == ["A", "A", "B", "B"]
    assert data.sample_id.tolist() == ["s1", "s2", "s1", None]
    np.testing.assert_array_equal(data.wavelengths, [1100, 1102.5, 1105])
    assert data.target_names == ["protein", "oil"] and data.instruments == ["A", "B"]


def test_long_form(table):
    assert_is_long(read_table(table(LONG)))


@pytest.mark.parametrize(
    ("change", "name", "encoding"),
    [
        (lambda text: text, "bom.csv", "utf-8-sig"),
        (lambda text: text.replace(",", ";"), "semicolon.csv", "utf-8"),
        (lambda text: text.replace(",", ";").replace(".", ","), "german.csv", "utf-8-sig"),
        (lambda text: text.replace(",", "\t"), "tabs.tsv", "utf-8"),
        (lambda text: text.replace("\n", "\r\n"), "windows.csv", "utf-8"),
        (lambda text: "\n" + text.replace("B,s1", "\nB,s1") + ",,,,,,\n\n", "blank_lines.csv", "utf-8"),
        (lambda text: text.replace("A,", '"A",').replace("instrument", '"instrument"'), "quoted.csv", "utf-8"),
        (lambda text: text.replace(",", " , "), "padded.csv", "utf-8"),
    ],
)
def test_dialects_give_the_same_table(table, change, name, encoding):
    assert_is_long(read_table(table(change(LONG), name, encoding)))


def test_wavelengths_are_sorted_with_their_columns(table):
    data = read_table(table("1105,instrument,1100,sample_id,1102\n0.3,A,0.1,s1,0.2\n"))
    np.testing.assert_array_equal(data.wavelengths, [1100, 1102, 1105])
    np.testing.assert_array_equal(data.X, [[0.1, 0.2, 0.3]])
    assert data.y.shape == (1, 0) and data.target_names == []


def test_properties_are_chosen_and_ordered(table):
    data = read_table(table(LONG), targets=["oil", "protein"])
    assert data.target_names == ["oil", "protein"]
    np.testing.assert_array_equal(data.y[0], [3.5, 9.1])
    assert read_table(table(LONG), targets="oil").target_names == ["oil"]


def test_text_and_unlabelled_columns_are_no_properties(table):
    text = ",instrument,sample_id,operator,date,protein,1100\n0,A,s1,Ann,2024-01-01,9,0.1\n1,A,s2,Bo,2024-01-02,8,0.2\n"
    assert read_table(table(text)).target_names == ["protein"]


@pytest.mark.parametrize("missing", ["", "NA", "nan", "NULL"])
def test_missing_ids_and_references_in_the_writings_of_other_programs(table, missing):
    data = read_table(table(f"instrument,sample_id,protein,1100\nA,{missing},{missing},0.1\nA,7,2,0.2\n"))
    assert data.sample_id.tolist() == [None, "7"]
    np.testing.assert_array_equal(data.y, [[np.nan], [2.0]])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("\n  \n", "is empty"),
        ("instrument,sample_id,1100\n", "holds a head but no rows"),
        ("instrument,sample_id,1100,1102\nA,s1,0.1,0.2\n\nA,s2,0.1\n", r"line 4: 3 fields, but the head has 4"),
        ("instrument,sample_id,1100\nA,s1,0,1\n", r"line 2: 4 fields.*decimal commas"),
        ("sample_id,1100\ns1,0.1\n", r"no column 'instrument'.*sample_id"),
        ("instrument,1100\nA,0.1\n", r"no column 'sample_id'.*instrument"),
        ("instrument,sample_id,protein\nA,s1,9\n", "no spectral columns"),
        ("instrument,sample_id,1100,1102\nA,s1,1,2\nA,s2,1,high\n", r"line 3, column '1102': 'high' is not a number"),
        ("instrument,sample_id,1100,1102\nA,s1,1,2\nA,s2,,\n", r"line 3, column '1100'.*missing.*2 such cells in 1 "),
        ("instrument,sample_id,1100\nA,s1,inf\n", r"line 2, column '1100': the spectrum is infinite"),
        ("instrument,sample_id,1100,1100.0\nA,s1,0.1,0.2\n", r"two columns for 1100: '1100' and '1100.0'"),
        ("instrument,sample_id,oil,oil,1100\nA,s1,1,2,0.1\n", "two columns called 'oil'"),
        ("instrument,instrument,sample_id,1100\nA,A,s1,0.1\n", "two columns called 'instrument'"),
        ("instrument,sample_id,1100\n,s1,0.1\n", r"line 2, column 'instrument': the instrument is not named"),
        ("instrument,sample_id,oil,1100\nA,s1,3,0.1\nA,s2,~3,0.1\n", r"line 3, column 'oil': '~3' is not a reference"),
        ("instrument,sample_id,oil,1100\nA,s1,inf,0.1\n", r"line 2, column 'oil'"),
    ],
)  # fmt: skip
def test_a_broken_table_is_explained(table, text, message):
    with pytest.raises(TableError, match=message):
        read_table(table(text))


def test_unknown_properties_files_and_kinds_of_file(table, tmp_path):
    with pytest.raises(TableError, match=r"no property 'starch' in .*protein, oil"):
        read_table(table(LONG), targets=["oil", "starch"])
    with pytest.raises(TableError, match=r"There is no file .*nothing\.csv"):
        read_table(tmp_path / "nothing.csv")
    with pytest.raises(TableError, match="There is no file"):
        read_table(tmp_path)
    assert_is_long(read_table(table(LONG, "a_text.xlsx")))
    latin = read_table(table(LONG.replace("protein", "protéine"), "latin.csv", "latin-1"))
    assert latin.target_names == ["protéine", "oil"]
    with pytest.raises(TableError, match=r"spectra\.parquet.*damaged"):
        read_table(table("PAR1" + LONG, "spectra.parquet"))


def test_parquet_gives_the_same_table(tmp_path):
    pd = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    (tmp_path / "a.csv").write_text(LONG)
    frame = pd.read_csv(tmp_path / "a.csv").iloc[::-1].iloc[::-1]
    frame["1100"] = frame["1100"].astype("float64")
    frame.set_index([[3, 1, 2, 0]]).to_parquet(tmp_path / "a.parquet")
    assert_is_long(read_table(tmp_path / "a.parquet"))


def test_parquet_ids_are_the_same_as_in_csv(tmp_path):
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    columns = {"instrument": ["A", "B", "B"], "sample_id": [7.0, None, 7.0], "1100": [0.1, 0.2, 0.3]}
    parquet.write_table(pa.table(columns), tmp_path / "a.parquet")
    assert read_table(tmp_path / "a.parquet").sample_id.tolist() == ["7", None, "7"]
    columns["1100"] = ["0.1", "x", "0.3"]
    parquet.write_table(pa.table(columns), tmp_path / "b.parquet")
    with pytest.raises(TableError, match="row 2, column '1100': 'x' is not a number"):
        read_table(tmp_path / "b.parquet")
    parquet.write_table(pa.table(columns).slice(0, 0), tmp_path / "c.parquet")
    with pytest.raises(TableError, match="no rows"):
        read_table(tmp_path / "c.parquet")
    columns["1100"] = [1.0, None, 2.0]
    parquet.write_table(pa.table(columns), tmp_path / "d.parquet")
    with pytest.raises(TableError, match="row 2, column '1100': the spectrum is missing"):
        read_table(tmp_path / "d.parquet")


def test_dates_and_flags_in_parquet_are_no_properties(tmp_path):
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    columns = {
        "instrument": ["A", "B"],
        "sample_id": ["1", "1"],
        "checked": [True, None],
        "date": [datetime.date(2024, 1, 2), None],
        "oil": pa.array([decimal.Decimal("3.5"), None]),
        "1100": pa.array([1, 2], pa.int16()),
    }
    parquet.write_table(pa.table(columns), tmp_path / "a.parquet")
    data = read_table(tmp_path / "a.parquet")
    assert data.target_names == ["oil"]
    np.testing.assert_array_equal(data.y, [[3.5], [np.nan]])
    np.testing.assert_array_equal(data.X, [[1.0], [2.0]])
    with pytest.raises(TableError, match="row 1, column 'checked': True is not a reference value"):
        read_table(tmp_path / "a.parquet", targets=["checked"])


def test_separators_can_be_given(table):
    path = table("instrument|sample_id|1100\nA|s1|0'5\n")
    np.testing.assert_array_equal(read_table(path, delimiter="|", decimal="'").X, [[0.5]])


def test_an_unclosed_quote_is_explained(table):
    with pytest.raises(TableError, match="not a CSV file"):
        read_table(table('instrument,sample_id,1100\nA,"s1,0.1\n' + "A,s1,0.1\n" * 20000))


def test_parquet_without_pyarrow_names_the_extra(table, monkeypatch):
    path = table("PAR1", "spectra.parquet")
    for module in [name for name in sys.modules if name.split(".")[0] == "pyarrow"]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setattr(sys, "meta_path", [Blocked("pyarrow"), *sys.meta_path])
    with pytest.raises(OptionalDependencyError, match=r"pip install 'skspectral\[io\]'"):
        read_table(path)


class Blocked:
    """An import hook that hides one package."""

    def __init__(self, package):
        self.package = package

    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == self.package:
            raise ModuleNotFoundError(f"No module named {self.package!r}", name=self.package)
        return None


def test_one_file_per_instrument(table):
    source = table("sample_id,protein,1100,1102\ns1,9.1,0.1,0.2\ns2,8.7,0.3,0.4\n", "source.csv")
    target = table("sample_id;oil;1102;1100\ns2;3;0,6;0,5\n", "target.csv")
    data = read_instrument_files({"B": target, "A": source})
    np.testing.assert_array_equal(data.X, [[0.5, 0.6], [0.1, 0.2], [0.3, 0.4]])
    assert data.target_names == ["oil", "protein"] and data.instruments == ["B", "A"]
    np.testing.assert_array_equal(data.y, [[3, np.nan], [np.nan, 9.1], [np.nan, 8.7]])
    assert data.instrument.tolist() == ["B", "A", "A"] and data.sample_id.tolist() == ["s2", "s1", "s2"]
    only = read_instrument_files({"B": target, "A": source}, targets=["protein"])
    np.testing.assert_array_equal(only.y, [[np.nan], [9.1], [8.7]])
    with pytest.raises(TableError, match=r"no property 'starch' in .*target\.csv or .*source\.csv.*oil, protein"):
        read_instrument_files({"B": target, "A": source}, targets=["starch"])


def test_different_axes_are_refused_or_kept_apart(table):
    paths = {
        "A": table("sample_id,1100,1102,1104\ns1,0.1,0.2,0.3\n", "a.csv"),
        "B": table("sample_id,900,1101\ns1,0.5,0.6\n", "b.csv"),
    }
    with pytest.raises(TableError, match=r"3 channels from 1100 to 1104.*2 channels from 900 to 1101.*--grid overlap"):
        read_instrument_files(paths)
    data = read_instrument_files(paths, common_axis=False)
    np.testing.assert_array_equal(data.X, [[0.1, 0.2, 0.3], [0.5, 0.6, np.nan]])
    np.testing.assert_array_equal(data.wavelengths["B"], [900, 1101])
    np.testing.assert_array_equal(data.spectra["B"], [[0.5, 0.6]])


def test_a_file_that_names_another_instrument_is_refused(table):
    path = table(LONG)
    with pytest.raises(TableError, match=r"line 4, column 'instrument': the row is of instrument 'B'.*that of 'A'"):
        read_instrument_files({"A": path})
    with pytest.raises(TableError, match="No file was given"):
        read_instrument_files({})


@given(
    values=st.lists(st.floats(-10, 10, allow_nan=False, width=64), min_size=3, max_size=3),
    sign=st.sampled_from([".", ","]),
)
@settings(max_examples=50, deadline=None)
def test_numbers_survive_to_the_last_bit(tmp_path_factory, values, sign):
    path = tmp_path_factory.mktemp("roundtrip") / "a.csv"
    cells = ";".join(repr(value).replace(".", sign) for value in values)
    path.write_text(f"instrument;sample_id;1100;1102;1104\nA;s;{cells}\n")
    np.testing.assert_array_equal(read_table(path, decimal=sign).X, [values])
