"""The published sets as they are on this machine; skipped where SKSPECTRAL_DATA does not name them."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from skspectral.datasets import _tablets, fetch_corn, fetch_sugarcane, fetch_tablets
from skspectral.exceptions import DatasetUnavailableError, UnknownInstrumentError

FOLDER = os.environ.get("SKSPECTRAL_DATA")
pytestmark = pytest.mark.skipif(not FOLDER, reason="SKSPECTRAL_DATA does not name a folder with the published spectra")


@pytest.fixture
def only(tmp_path, monkeypatch):
    """Make SKSPECTRAL_DATA a folder with nothing but the named file."""

    def copy(name):
        if not (Path(FOLDER) / name).is_file():
            pytest.skip(f"{name} is not in SKSPECTRAL_DATA")
        shutil.copy(Path(FOLDER) / name, tmp_path / name)
        (tmp_path / name).chmod(0o644)
        monkeypatch.setenv("SKSPECTRAL_DATA", str(tmp_path))
        return tmp_path / name

    return copy


def test_corn_has_the_published_shape_and_numbers():
    corn = fetch_corn()
    assert corn.X.shape == (240, 700) and corn.X.dtype == np.float64
    assert corn.target_names == ["moisture", "oil", "protein", "starch"]
    np.testing.assert_array_equal(corn.wavelengths, np.arange(1100, 2500, 2))
    # first reading of m5 and first row of reference values, as printed in the publisher's file
    assert corn.X[0, 0] == 0.0444948
    np.testing.assert_array_equal(corn.y[0], [10.448, 3.687, 8.746, 64.838])
    np.testing.assert_allclose(corn.y[:80].mean(axis=0), [10.23, 3.498, 8.668, 64.70], atol=0.005)
    np.testing.assert_array_equal(corn.instrument, np.repeat(["m5", "mp5", "mp6"], 80))
    np.testing.assert_array_equal(corn.sample_id[80:160], np.arange(80).astype(str))
    for start in (80, 160):
        np.testing.assert_array_equal(corn.y[start : start + 80], corn.y[:80])
    assert {name: glass.shape[0] for name, glass in corn.nbs.items()} == {"m5": 3, "mp5": 4, "mp6": 4}
    assert np.isfinite(corn.X).all()


def test_both_forms_of_the_corn_file_hold_the_same_numbers(only, tmp_path):
    only("corn.mat")
    from_mat = fetch_corn()
    (tmp_path / "corn.mat").unlink()
    only("corn.npz")
    from_npz = fetch_corn()
    for key in ("X", "y", "wavelengths", "instrument", "sample_id"):
        np.testing.assert_array_equal(from_mat[key], from_npz[key])
    for name in from_mat.nbs:
        np.testing.assert_array_equal(from_mat.nbs[name], from_npz.nbs[name])


def test_instruments_are_chosen_and_ordered():
    corn = fetch_corn(instruments=["mp6", "m5"])
    everything = fetch_corn()
    assert corn.instruments == ["mp6", "m5"] and list(corn.nbs) == ["mp6", "m5"]
    np.testing.assert_array_equal(corn.X[:80], everything.X[160:])
    np.testing.assert_array_equal(corn.X[80:], everything.X[:80])
    for wrong in (["m6"], ["m5", "m5"], []):
        with pytest.raises(UnknownInstrumentError):
            fetch_corn(instruments=wrong)


def test_a_damaged_file_is_refused_with_both_checksums(only):
    path = only("corn.npz")
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(DatasetUnavailableError, match=r"corn\.npz.*expected 82fd424f9d14") as caught:
        fetch_corn()
    assert isinstance(caught.value, OSError)


def test_tablets_have_the_published_shape_split_and_outliers():
    tablets = fetch_tablets()
    assert tablets.X.shape == (1310, 650) and tablets.y.shape == (1310, 3)
    assert tablets.target_names == ["weight", "hardness", "assay"]
    np.testing.assert_array_equal(tablets.wavelengths, np.arange(600, 1900, 2))
    names, counts = np.unique(tablets.split[tablets.instrument == "inst2"], return_counts=True)
    assert dict(zip(names, counts)) == {"calibration": 155, "validation": 40, "test": 460}
    assert tablets.literature_outlier.dtype == bool and tablets.literature_outlier.sum() == 2 * 16
    np.testing.assert_allclose(tablets.y[0], [378.02, 20.9, 200.1], atol=1e-4)
    assert tablets.y[:, 2].min() > 151 and tablets.y[:, 2].max() < 240
    # a pair of rows is one tablet: its id and reference agree
    first, second = (tablets.instrument == name for name in tablets.instruments)
    np.testing.assert_array_equal(tablets.sample_id[first], tablets.sample_id[second])
    np.testing.assert_array_equal(tablets.y[first], tablets.y[second])


def test_tablet_labels_agree_with_those_stored_beside_the_spectra():
    with np.load(Path(FOLDER) / "tablets_idrc2002.npz") as stored:
        tablets = fetch_tablets(instruments=["inst1"])
        for key in ("sample_id", "split", "literature_outlier"):
            np.testing.assert_array_equal(tablets[key], stored[key])


def test_tablets_are_read_from_the_layout_of_the_original_matlab_file(tmp_path):
    """The original holds nine data objects, three sets times (instrument 1, instrument 2, references)."""
    tablets = fetch_tablets()
    content = {}
    for name, prefix, _, _ in _tablets.SETS:
        for suffix, instrument in (("1", "inst1"), ("2", "inst2")):
            mask = (tablets.split == name) & (tablets.instrument == instrument)
            content[f"{prefix}_{suffix}"] = {"name": "x", "data": tablets.X[mask].astype(np.float32)}
            content[f"{prefix}_Y"] = {"name": "y", "data": tablets.y[mask]}
    savemat(tmp_path / "nir_shootout_2002.mat", content)
    spectra, y = _tablets._read_mat(tmp_path / "nir_shootout_2002.mat")
    np.testing.assert_allclose(np.vstack([spectra["inst1"], spectra["inst2"]]), tablets.X, rtol=1e-6)
    np.testing.assert_array_equal(y, tablets.y[:655])
    assert spectra["inst1"].dtype == np.float64


def test_sugarcane_is_padded_and_keeps_native_spectra():
    cane = fetch_sugarcane()
    assert len(cane.instruments) == 9 and cane.X.shape == (540, 331) and cane.y.shape == (540, 4)
    for name in cane.instruments:
        block, native = cane.X[cane.instrument == name], cane.spectra[name]
        width = len(cane.wavelengths[name])
        assert native.shape == (60, width) and np.isfinite(native).all()
        np.testing.assert_array_equal(block[:, :width], native)
        assert np.isnan(block[:, width:]).all()
    assert np.isnan(cane.y[:60]).sum(axis=0).tolist() == [3, 0, 0, 0]
    # sample 100 as in the published table of references
    np.testing.assert_array_equal(cane.y[cane.sample_id == "100"][0], [4.76, 7.03, 40.69, 36.77])
    assert (cane.wavelengths["SCiO"][0], cane.wavelengths["NIRONE22"][-1]) == (740, 2150)


def test_a_subset_of_sugarcane_is_no_wider_than_it_must_be():
    cane = fetch_sugarcane(instruments=["NIRONE22", "F750"])
    assert cane.X.shape == (120, 231)
    assert list(cane.wavelengths) == list(cane.spectra) == ["NIRONE22", "F750"]


def write_table(path, head, names, values):
    """Write a table as published: a blank corner, semicolons, padded names and cells, NA for missing."""
    lines = ["  ;" + ";".join(f"{label}" for label in head)]
    for name, row in zip(names, values):
        cells = ["NA " if np.isnan(v) else f"{v:.10g} " for v in row]
        lines.append(f"{name}   ;" + ";".join(cells).rstrip())
    path.write_text("\n".join(lines) + "\n")


def test_the_published_tables_of_sugarcane_are_read_and_checked(tmp_path, monkeypatch):
    from skspectral.datasets import _sugarcane

    cane = fetch_sugarcane()
    ids = cane.sample_id[:60]
    folder = tmp_path / "sugarcane"
    folder.mkdir()
    write_table(folder / "References.csv", cane.target_names, ids, cane.y[:60])
    for name, table in _sugarcane.TABLES.items():
        # the rows of a table may come in another order than the references
        write_table(folder / table, cane.wavelengths[name], ids[::-1], cane.spectra[name][::-1])
    monkeypatch.setenv("SKSPECTRAL_DATA", str(tmp_path))
    again = fetch_sugarcane()
    np.testing.assert_array_equal(again.X, cane.X)
    np.testing.assert_array_equal(again.y, cane.y)
    np.testing.assert_array_equal(again.sample_id, cane.sample_id)

    changed = cane.spectra["SCiO"].copy()
    changed[3, 3] += 0.001
    write_table(folder / "Scio.CSV", cane.wavelengths["SCiO"], ids, changed)
    with pytest.raises(DatasetUnavailableError, match="not the published ones"):
        fetch_sugarcane()
    write_table(folder / "Scio.CSV", cane.wavelengths["SCiO"], ids[1:], cane.spectra["SCiO"][1:])
    with pytest.raises(DatasetUnavailableError, match="hold different samples"):
        fetch_sugarcane()
    (folder / "Scio.CSV").write_text("  ;740;741\n100;0.1\n")
    with pytest.raises(DatasetUnavailableError, match=r"Scio\.CSV is not the published table"):
        fetch_sugarcane()
    (folder / "Scio.CSV").unlink()
    with pytest.raises(DatasetUnavailableError, match=r"Scio\.CSV is missing"):
        fetch_sugarcane()
