"""Parquet tables."""

import numpy as np
import pandas as pd
import pytest

from skspectral.exceptions import NoSpectraError, TableError
from skspectral.io.formats.one_file import kind_of_file, read_file

X = np.random.default_rng(0).uniform(size=(5, 6))
LABELS = [f"{label} nm" for label in range(1100, 1112, 2)]


@pytest.fixture
def frame():
    frame = pd.DataFrame(X, columns=LABELS)
    frame.insert(0, "sample_id", [f"s{k}" for k in range(5)])
    frame["protein"] = [9.5, np.nan, 8.5, 10.0, 11.0]
    return frame


def stored(tmp_path, frame, **options):
    path = tmp_path / "table.pq"
    frame.to_parquet(path, **options)
    assert kind_of_file(path) == "parquet"
    return path


def test_a_table_of_spectra_in_rows(tmp_path, frame):
    (block,) = read_file(stored(tmp_path, frame))
    np.testing.assert_array_equal(block.X, X)
    np.testing.assert_array_equal(block.axis, np.arange(1100, 1112, 2))
    assert (block.unit, block.names, block.places[0]) == ("nm", ["s0", "s1", "s2", "s3", "s4"], "row 1")
    assert block.columns["protein"] == [9.5, None, 8.5, 10.0, 11.0]


def test_the_names_may_be_the_index(tmp_path, frame):
    frame = frame.set_index("sample_id")
    (block,) = read_file(stored(tmp_path, frame))
    assert block.names[:2] == ["s0", "s1"]
    frame.index.name = None
    (block,) = read_file(stored(tmp_path, frame))
    assert block.names[:2] == ["s0", "s1"]


def test_narrow_numbers_and_texts(tmp_path, frame):
    narrow = frame.astype(dict.fromkeys(LABELS, np.float32))
    (block,) = read_file(stored(tmp_path, narrow))
    assert block.X.dtype == np.float64
    np.testing.assert_array_equal(block.X, X.astype(np.float32))
    text = frame.astype({LABELS[2]: str})
    (block,) = read_file(stored(tmp_path, text))
    np.testing.assert_array_equal(block.X, X)


def test_spectra_in_columns(tmp_path, frame):
    turned = pd.DataFrame(X.T, columns=frame["sample_id"])
    turned.insert(0, "wavelength (nm)", np.arange(1100.0, 1112.0, 2.0))
    (block,) = read_file(stored(tmp_path, turned))
    np.testing.assert_array_equal(block.X, X)
    assert [str(name) for name in block.names] == ["s0", "s1", "s2", "s3", "s4"]


def test_missing_and_wrong_cells_are_named(tmp_path, frame):
    gap = frame.copy()
    gap.loc[2, LABELS[3]] = np.nan
    with pytest.raises(TableError, match=r"table\.pq, row 3, column '1106 nm'.*missing"):
        read_file(stored(tmp_path, gap))
    wrong = frame.astype({LABELS[1]: str})
    wrong.loc[4, LABELS[1]] = "O.5"
    with pytest.raises(TableError, match=r"table\.pq, row 5, column '1102 nm': 'O\.5' is not a number"):
        read_file(stored(tmp_path, wrong))


def test_a_table_without_spectra(tmp_path, frame):
    with pytest.raises(NoSpectraError, match=r"sample_id, protein"):
        read_file(stored(tmp_path, frame[["sample_id", "protein"]]))
