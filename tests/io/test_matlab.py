"""MATLAB files: arrays, structs and DataSet objects, and what is refused."""

import os
from pathlib import Path

import numpy as np
import pytest
from scipy.io import loadmat, savemat
from scipy.sparse import csr_matrix

from skspectral.exceptions import NoSpectraError, ReadingOptionError, TableError, UnsupportedFormatError
from skspectral.io.formats.one_file import kind_of_file, read_file

CORN = Path(os.environ.get("SKSPECTRAL_DATA", ""), "corn.mat")
AXIS = np.arange(1100.0, 1124.0, 2.0)
X = np.random.default_rng(0).uniform(0, 1, (5, 12))
Y = np.random.default_rng(1).uniform(10, 20, (5, 2))


@pytest.fixture(autouse=True)
def without_processes(request, monkeypatch):
    """Read in this process: one for each file takes its time. That of corn, and those of `test_damage`, have theirs."""
    if request.function is not test_several_instruments_and_the_references_of_one_file:
        monkeypatch.setattr("skspectral.io.formats.matlab._blocks._loaded", loadmat)


def cells(*texts):
    return np.array(texts, dtype=object)


def saved(tmp_path, **variables):
    path = tmp_path / "spectra.dat"
    savemat(path, variables, appendmat=False)
    return path


@pytest.mark.skipif(not CORN.is_file(), reason="SKSPECTRAL_DATA names no folder with corn.mat")
def test_several_instruments_and_the_references_of_one_file():
    blocks = {block.meta["variable"]: block for block in read_file(CORN)}
    assert {name: block.X.shape for name, block in blocks.items()} == {
        **{"m5spec": (80, 700), "mp5spec": (80, 700), "mp6spec": (80, 700)},
        **{"m5nbs": (3, 700), "mp5nbs": (4, 700), "mp6nbs": (4, 700)},
    }
    for block in blocks.values():
        np.testing.assert_array_equal(block.axis, np.arange(1100.0, 2500.0, 2.0))
    for name in ("m5spec", "mp5spec", "mp6spec"):
        assert list(blocks[name].columns) == ["Moisture", "Oil", "Protein", "Starch", "instrument"]
        assert blocks[name].columns["Protein"][:2] == [8.746, 8.658]
        assert (blocks[name].names[0], blocks[name].names[-1]) == ("1", "80")
        assert set(blocks[name].columns["instrument"]) == {name}
    # Glasses are no samples of corn, whatever their row.
    assert blocks["mp5nbs"].names == [None] * 4
    assert set(blocks["mp5nbs"].columns["instrument"]) == {"mp5nbs"}


def test_plain_arrays(tmp_path):
    path = saved(tmp_path, X=X, y=Y, wavelengths_nm=AXIS, sample_names=cells(*"abcde"), props=cells("fat", "water"))
    assert kind_of_file(path) == "MATLAB"
    (block,) = read_file(path)
    np.testing.assert_array_equal(block.X, X)
    np.testing.assert_array_equal(block.axis, AXIS)
    assert (block.unit, block.names) == ("nm", list("abcde"))
    np.testing.assert_array_equal([block.columns["fat"], block.columns["water"]], Y.T)
    assert any("row k of y" in note for note in block.notes)


def test_structs_keep_their_own_axis(tmp_path):
    wavenumbers = np.linspace(9000, 4000, 12)
    path = saved(tmp_path, a={"absorbance": X, "wavelength": AXIS}, b={"reflectance": X[:3], "wavenumber": wavenumbers})
    first, second = read_file(path)
    np.testing.assert_array_equal(first.axis, AXIS)
    np.testing.assert_array_equal(second.axis, wavenumbers)
    assert (first.quantity, second.quantity, second.unit) == ("absorbance", "reflectance", "cm-1")


def test_arrays_of_structs_cells_sparse_matrices_and_other_columns(tmp_path):
    runs = np.zeros((1, 2), dtype=[("spectra", object), ("wavelength", object)])
    for k in range(2):
        runs[0, k] = (X + k, AXIS)
    nested = np.empty((1, 2), dtype=object)
    nested[0, 0], nested[0, 1] = csr_matrix(X), np.array([["mixed"]], dtype=object)
    cubes = np.zeros((2, 2, 2))
    path = saved(tmp_path, run=runs, c=nested, wl=AXIS, day=np.arange(5.0), site=cells(*"uvwxy"), cube=cubes)
    blocks = {block.meta["variable"]: block for block in read_file(path)}
    assert list(blocks) == ["run(1).spectra", "run(2).spectra", "c{1}"]
    np.testing.assert_array_equal(blocks["run(2).spectra"].X, X + 1)
    np.testing.assert_array_equal(blocks["c{1}"].X, X)
    assert blocks["c{1}"].columns["day"] == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert blocks["c{1}"].columns["site"] == ["u", "v", "w", "x", "y"]


def test_the_axis_may_stand_in_the_labels_of_a_dataset_object(tmp_path):
    label = np.empty((2, 1), dtype=object)
    label[0, 0], label[1, 0] = "", np.array([f"{value:g} nm" for value in AXIS])
    fields = {"data": X, "label": label, "axisscale": np.empty((2, 1), dtype=object)}
    fields["axisscale"][...] = ""
    (block,) = read_file(saved(tmp_path, absorbance={**fields}))
    np.testing.assert_array_equal(block.axis, AXIS)
    assert (block.unit, block.quantity) == ("nm", "absorbance")


def test_the_axis_may_stand_in_labels_of_the_variables(tmp_path):
    labels = cells(*(f"{value:g} nm" for value in AXIS))
    (block,) = read_file(saved(tmp_path, Matrix=X, VarLabels=labels, ObjLabels=cells(*"abcde")))
    np.testing.assert_array_equal(block.axis, AXIS)
    assert (block.unit, block.names, block.columns) == ("nm", list("abcde"), {})


def test_decimal_commas_and_other_units_in_labels_of_the_variables(tmp_path):
    labels = cells(*(f"{value + 0.5:.1f} nm".replace(".", ",") for value in AXIS))
    (block,) = read_file(saved(tmp_path, Matrix=X, VarLabels=labels))
    np.testing.assert_array_equal(block.axis, AXIS + 0.5)
    (block,) = read_file(saved(tmp_path, Matrix=X, VarLabels=cells(*(f"{value:g} THz" for value in AXIS))))
    assert block.unit == "thz"


def test_numbered_samples_are_no_axis(tmp_path):
    with pytest.raises(NoSpectraError, match="no matrix of spectra with an axis"):
        read_file(saved(tmp_path, X=X, names=cells("A101", "A102", "A103", "A104", "A105")))
    with pytest.raises(NoSpectraError, match="no matrix of spectra with an axis"):
        read_file(saved(tmp_path, X=X.T, weight=np.arange(2.0, 14.0)))


def test_loadings_are_no_spectra(tmp_path):
    (block,) = read_file(saved(tmp_path, X=X, loadings=X.T[:, :3], wavelength=AXIS))
    np.testing.assert_array_equal(block.X, X)
    assert block.notes == ["left out, having the axis along their columns: loadings"]


def test_spectra_in_columns_and_an_axis_without_a_name_are_said(tmp_path):
    (block,) = read_file(saved(tmp_path, D=X.T, lambda_=AXIS))
    np.testing.assert_array_equal(block.X, X)
    assert any("in columns" in note for note in block.notes)
    (block,) = read_file(saved(tmp_path, D=X, x=AXIS))
    np.testing.assert_array_equal(block.axis, AXIS)
    assert any("x is taken as the axis" in note for note in block.notes)


def test_one_spectrum(tmp_path):
    (block,) = read_file(saved(tmp_path, wavelength=AXIS, spectrum=X[0]))
    np.testing.assert_array_equal(block.X, X[:1])


def test_matrices_of_common_rows_are_numbered(tmp_path):
    first, second = read_file(saved(tmp_path, A=X, B=X + 1, y=Y[:, :1], wl=AXIS))
    assert first.names == second.names == ["1", "2", "3", "4", "5"]
    assert (first.columns["instrument"][0], second.columns["instrument"][0]) == ("A", "B")
    assert first.columns["y"] == Y[:, 0].tolist()


def test_sets_of_samples_do_not_mix(tmp_path):
    sets = {"calibrate_1": X, "calibrate_2": X + 1, "calibrate_Y": Y, "test_1": X[:3], "test_2": X[:3] + 1}
    blocks = {block.meta["variable"]: block for block in read_file(saved(tmp_path, **sets, test_Y=Y[:3], wl=AXIS))}
    assert blocks["calibrate_1"].names == blocks["calibrate_2"].names == [f"calibrate {k}" for k in range(1, 6)]
    assert blocks["test_2"].names == ["test 1", "test 2", "test 3"]
    assert [block.columns["instrument"][0] for block in blocks.values()] == ["1", "2", "1", "2"]


def test_a_dataset_object_tells_names_axis_and_what_it_excludes(tmp_path):
    def grid(rows, columns):
        return np.empty((rows, columns), dtype=object)

    label, axisscale, title, include = grid(2, 2), grid(2, 2), grid(2, 2), grid(2, 2)
    for cell in (label, axisscale, title, include):
        cell[...] = ""
    label[0, 0] = np.array([f"s{k}" for k in range(5)])
    axisscale[1, 0] = AXIS / 1000
    title[1, 0] = "Wavelength (µm)"
    include[0, 0], include[1, 0] = np.array([[1, 2, 4, 5]]), np.arange(1, 13)[np.newaxis]
    fields = {"label": label, "axisscale": axisscale, "title": title, "include": include}
    (block,) = read_file(saved(tmp_path, set1={"name": "set1", "data": X, **fields}))
    assert (block.unit, block.names) == ("um", [f"s{k}" for k in range(5)])
    np.testing.assert_allclose(block.axis, AXIS / 1000)
    assert block.columns["included"] == [True, True, False, True, True]
    assert any("excludes 1 of 5 samples" in note for note in block.notes)


def test_an_axis_can_be_given_and_matrices_chosen(tmp_path):
    path = saved(tmp_path, A=X, B=X + 1)
    with pytest.raises(NoSpectraError, match=r"no matrix of spectra with an axis, only: A \(5 x 12\), B"):
        read_file(path)
    (block,) = read_file(path, wavelengths=AXIS, variables="B")
    np.testing.assert_array_equal(block.X, X + 1)
    with pytest.raises(ReadingOptionError, match="'C'; the file has spectra in A, B"):
        read_file(path, wavelengths=AXIS, variables=["C"])


def test_two_axes_that_may_both_belong_to_a_matrix_are_refused(tmp_path):
    path = saved(tmp_path, M=X, wl_a=AXIS, wl_b=AXIS + 1)
    with pytest.raises(TableError, match="wl_a, wl_b may each be the axis of M"):
        read_file(path)
    first, second = read_file(saved(tmp_path, M_a=X, M_b=X, wl_a=AXIS, wl_b=AXIS + 1))
    assert (first.axis[0], second.axis[0]) == (1100.0, 1101.0)


def test_version_7_3_says_how_to_save(tmp_path):
    path = tmp_path / "new.mat"
    path.write_bytes(
        b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\x00\x02IM" + b"\0" * 384 + b"\x89HDF\r\n"
    )
    with pytest.raises(UnsupportedFormatError, match=r"version 7\.3.*'-v7'"):
        read_file(path)


def test_version_4(tmp_path):
    path = tmp_path / "old.mat"
    savemat(path, {"wavelength": AXIS, "X": X}, format="4")
    assert kind_of_file(path) == "MATLAB"
    (block,) = read_file(path)
    np.testing.assert_array_equal(block.X, X)
