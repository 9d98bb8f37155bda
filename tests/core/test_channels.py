import numpy as np
import pandas as pd
import pytest

from skspectral._core.channels import LabelledSpectra, Labels, channel_labels, rows_of, spectra_of
from skspectral.exceptions import AxisMismatchError, AxisUnitError

X = np.zeros((2, 3))


@pytest.mark.parametrize(
    ("labels", "unit"),
    [
        ([1100.0, 1102.0, 1104.0], None),
        ([1100, 1102, 1104], None),
        (["1100.0", "1102.0", "1104.0"], None),
        ([1100.0, "1102", 1104], None),
        (["1100 nm", "1102 nm", "1104 nm"], "nm"),
        (["1100nm", "1102nm", "1104nm"], "nm"),
        (["1100 [nm]", "1102 (nm)", "1104_nm"], "nm"),
        (["1.1e3", "1102.", "+1104"], None),
        (["1100,0", "1102,00", "1104"], None),
        (["X1100", "X1102", "X1104"], None),
        (["spec.1100", "spec.1102", "spec.1104"], None),
        (["w1100.0 nm", "w1102.0 nm", "w1104.0 nm"], "nm"),
        ([" 1100 ", "1102 nm", "1104"], "nm"),
    ],
)
def test_labels_in_their_spellings(labels, unit):
    for found in (channel_labels(pd.DataFrame(X, columns=labels)), channel_labels(pd.DataFrame(X, columns=labels))):
        np.testing.assert_array_equal(found.values, [1100.0, 1102.0, 1104.0])
        assert found.unit == unit


@pytest.mark.parametrize("unit", ["cm-1", "cm^-1", "cm⁻¹", "1/cm", "cm(-1)"])
def test_wavenumbers_in_their_spellings(unit):
    frame = pd.DataFrame(X, columns=[f"{value} {unit}" for value in (4000.5, 4002.0, 4004.0)])
    assert channel_labels(frame).unit == "cm-1"
    assert channel_labels(frame).values[0] == 4000.5


@pytest.mark.parametrize("unit", ["um", "µm", "μm", "micron", "micrometres"])
def test_micrometres_in_their_spellings(unit):
    assert channel_labels(pd.DataFrame(X, columns=[f"{value}{unit}" for value in (1.1, 1.2, 1.3)])).unit == "um"


@pytest.mark.parametrize(
    "labels",
    [
        ["1100.0", "x", "1104.0"],
        ["a", "b", "c"],
        ["x1100", "x1102", "x1104"],
        ["col0", "col1", "col2"],
        ["col2", "col1", "col0"],
        ["pls3", "pls17", "pls20"],
        ["a1100", "b1102", "b1104"],
        ["1,100", "1,102", "1,104"],
        ["1100,5", "1102.5", "1104"],
        ["-1100", "-1102", "-1104"],
        ["1100 kg", "1102 kg", "1104 kg"],
        range(3),
        ["0", "1", "2"],
        [1, 2, 3],
        [True, 2, 3],
        [None, "a", "b"],
        ["nan", "inf", "1"],
        ["1_000", "1_002", "1_004"],
        [("a", 1), ("a", 2), ("a", 3)],
    ],
)
def test_other_labels_are_names(labels):
    frame = pd.DataFrame(X)
    frame.columns = labels
    assert channel_labels(frame) is None


def test_two_units_are_refused():
    with pytest.raises(AxisMismatchError, match="several units: cm-1, nm"):
        channel_labels(pd.DataFrame(X, columns=["1100 nm", "1102 nm", "4000 cm-1"]))


def test_what_has_no_columns_has_no_labels():
    assert channel_labels(X) is None
    assert channel_labels([[1.0, 2.0]]) is None
    assert channel_labels(pd.DataFrame(index=[0, 1])) is None


def test_shuffled_numbers_of_columns_are_counted():
    labels = channel_labels(pd.DataFrame(X)[[2, 0, 1]])
    assert labels.counted
    assert not Labels(np.array([0.0, 2.0, 1.0]), "nm").counted


def test_a_table_says_its_axis_and_unit():
    table = LabelledSpectra(X, [4000.0, 4002.0, 4004.0], "wavenumber")
    assert channel_labels(table).unit == "cm-1"
    assert spectra_of(table) is X and spectra_of(X) is X
    assert channel_labels(LabelledSpectra(X, [1.0, 2.0, 4.0], None)).unit is None
    with pytest.raises(AxisUnitError, match="the unit of X must be one of nm, um, cm-1, Raman shift, got 'eV'"):
        channel_labels(LabelledSpectra(X, [1.0, 2.0, 4.0], "eV"))
    with pytest.raises(AxisMismatchError, match=r"'A', 'B'.*on\('overlap'\)"):
        channel_labels(LabelledSpectra(X, {"A": [1.0], "B": [2.0]}, "nm"))


def test_rows_keep_their_labels():
    values = np.arange(6.0).reshape(2, 3)
    frame = pd.DataFrame(values, columns=[1100.0, 1102.0, 1104.0])
    assert rows_of(frame, [1], "A").columns.tolist() == [1100.0, 1102.0, 1104.0]
    np.testing.assert_array_equal(rows_of(values.tolist(), [1], "A"), values[1:])
    table = rows_of(LabelledSpectra(values, [1100.0, 1102.0, 1104.0], "nm"), [1], "A")
    np.testing.assert_array_equal(table.X, values[1:])
    own = rows_of(LabelledSpectra(values, {"A": [1100.0, 1102.0], "B": [900.0, 901.0, 902.0]}, "nm"), [0], "A")
    assert own.X.shape == (1, 2) and len(own) == 1
    np.testing.assert_array_equal(own.wavelengths, [1100.0, 1102.0])


def test_labels_on_several_levels_are_read_where_they_differ():
    axis = np.arange(1100.0, 1108.0, 2.0)
    levels = pd.MultiIndex.from_product([["absorbance"], axis, ["nm"]])
    found = channel_labels(pd.DataFrame(np.zeros((2, 4)), columns=levels).iloc[:, ::-1])
    np.testing.assert_array_equal(found.values, axis[::-1])
    mixed = pd.MultiIndex.from_tuples([("lab", "protein"), *(("spectrum", value) for value in axis)])
    with pytest.raises(AxisMismatchError, match=r"named on 2 levels.*as in X\['spectrum'\]"):
        channel_labels(pd.DataFrame(np.zeros((2, 5)), columns=mixed))
