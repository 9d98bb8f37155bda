"""Instruments that nobody named, properties in two spellings, and scans that are counted in rarer ways."""

import warnings

import numpy as np
import pytest

from skspectral.exceptions import TableError, TableWarning, ZeroReferencesWarning
from skspectral.io import read_spectra

STEMS = ["corn_01", "corn_02", "corn_03"]


@pytest.fixture
def write(tmp_path):
    def make(name, ids, label="protein", values=None):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        values = range(1, len(ids) + 1) if values is None else values
        rows = [f"{i},{v},.{k + 1},.{2 * k + 3},.5" for k, (i, v) in enumerate(zip(ids, values))]
        path.write_text("\n".join([f"sample_id,{label},1100 nm,1102 nm,1104 nm", *rows]) + "\n")
        return path

    return make


def read(source, **options):
    return read_spectra(source, progress=False, **options)


@pytest.mark.parametrize(
    ("names", "replicates"),
    [
        (["corn_01_1", "corn_01_2", "corn_01_4", "corn_02_1", "corn_03_1"], [1, 2, 4, 1, 1]),
        (["corn_01_1", "corn_02_1", "corn_03_1"], [1, 1, 1]),
        (["corn_01_7", "corn_01_8"], [7, 8]),
        (["corn_01a", "corn_01b", "corn_02a", "corn_03a"], [1, 2, 1, 1]),
        (["corn_01-A", "corn_01-B"], [1, 2]),
    ],
)
def test_scans_of_samples_that_are_known_elsewhere_are_replicates_however_they_count(write, names, replicates):
    table = read({"A": write("a.csv", STEMS), "B": write("b.csv", names, "remark", ["x"] * len(names))})
    assert list(table.sample_id[3:]) == [name[:7] for name in names]
    assert table.replicate[3:].tolist() == replicates
    assert any("are of the pattern" in note for note in table.notes)


@pytest.mark.parametrize("names", [["corn_1", "corn_2"], ["corn_01", "corn_02", "corn_03"], ["s1a", "s1b", "s2a"]])
def test_without_a_sample_elsewhere_names_are_whole(write, names):
    assert list(read({"A": write("a.csv", STEMS), "B": write("b.csv", names)}).sample_id[3:]) == names


def test_a_pattern_with_letters(write):
    table = read(write("a.csv", ["corn_A", "corn_B", "rye_A"]), replicates="{sample}_{n}")
    assert list(table.sample_id) == ["corn", "corn", "rye"] and table.replicate.tolist() == [1, 2, 1]


def test_one_property_in_two_spellings(write):
    table = read({"A": write("a.csv", STEMS), "B": write("b.csv", STEMS, "Protein ")})
    assert table.properties == ["protein"] and table.y.ravel().tolist() == [1, 2, 3] * 2
    assert any("'Protein' of one file is 'protein' of another" in note for note in table.notes)
    both = write("c.csv", STEMS, "protein,Protein", ["1,4", "2,5", "3,6"])
    assert read(both).properties == ["protein", "Protein"]


@pytest.mark.parametrize("label", ["Protein (% w/w)", "PROTEIN %", "protein [g/kg]"])
def test_a_property_with_a_unit_in_one_file_alone_is_asked_about(write, label):
    first = write("a.csv", STEMS)
    expected = r"'protein' \(3 references\) and '.*' \(3 references\) of different files differ in no more than a unit"
    with pytest.warns(TableWarning, match=expected):
        table = read({"A": first, "B": write("b.csv", STEMS, label)})
    assert table.properties == ["protein", label]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read({"A": first, "B": write("c.csv", STEMS, "protein dry")})
        # what one file tells apart is two
        both = read(write("d.csv", [f"{name},{k}" for k, name in enumerate(STEMS)], f"protein,{label}"))
    assert both.properties == ["protein", label]


def test_a_unit_that_an_axis_cannot_be_in_is_refused_with_its_file(write):
    path = write("um.csv", STEMS)
    path.write_text("# wavelength in µm\n" + path.read_text().replace(" nm", ""))
    with pytest.raises(ValueError, match=r"um.csv, the axis: 1100 to 1104 cannot be an axis in um.*Say unit='nm'"):
        read(path)


def test_a_file_that_ends_before_the_others_is_called_cut_off(tmp_path):
    for name, n in (("a", 40), ("b", 30), ("c", 40)):
        (tmp_path / f"{name}.csv").write_text("\n".join(f"{1100 + k},{k % 7 / 10}" for k in range(n)))
    with pytest.raises(TableError, match=r"b.csv has 30 channels.*Was the shorter one cut off\?"):
        read(tmp_path)


def test_folders_and_files_of_the_same_samples_are_asked_about(write, tmp_path):
    a, b = write("one/a.csv", STEMS), write("two/b.csv", STEMS)
    with pytest.warns(TableWarning, match=r"3 samples stand in several folders \(one, two\), of which no instrument"):
        read(tmp_path)
    with pytest.warns(TableWarning, match=r"3 samples stand in several files \(a.csv, c.csv\)"):
        read([a, write("one/c.csv", STEMS)])
    assert read({"A": a, "B": b}).instruments == ["A", "B"]
    assert len(read([a, write("one/c.csv", ["rye_1", "rye_2"])])) == 5


def test_zeros_far_from_all_other_references_are_asked_about(write):
    ids = [f"s{k}x" for k in range(8)]
    with pytest.warns(ZeroReferencesWarning, match="2 references of 'protein' are 0 .first: .*line 2.* 9 to 14"):
        table = read(write("a.csv", ids, values=[0, 0, 9, 10, 11, 12, 13, 14]))
    assert table.y[0, 0] == 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read(write("a.csv", ids, values=[0, 0, 0.1, 1, 1.1, 2.2, 2.3, 1.4]))


@pytest.mark.parametrize("name", ["Mean", "SD", "Std. dev.", "Mittelwert", "White reference", "dark_2", "Blank scan"])
def test_summaries_and_scans_without_a_sample_are_asked_about(write, name):
    with pytest.warns(TableWarning, match=f"{name}.*names of summaries"):
        assert len(read(write("a.csv", ["s1x", "s2x", name]))) == 3
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read(write("a.csv", ["Blanka", "Maximilian", "meant", "reference barley"]))


def test_what_laboratories_write_for_no_value_and_before_a_text(write):
    table = read(write("a.csv", ["'001", "2", "3", "4", "5", "6"], values=["9.1", "#NV", ".", "k.A.", "n.b.", "#N/D"]))
    assert table.sample_id[0] == "001" and table.y[0, 0] == 9.1 and np.isnan(table.y[1:, 0]).all()


def test_an_axis_that_is_said_to_be_in_nm_and_looks_like_wavenumbers_is_asked_about(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("id,4000 nm,5000 nm,6000 nm\ns1x,.1,.2,.3\n")
    with pytest.warns(TableWarning, match="4000 to 6000. is said to be in nm, and looks like wavenumbers"):
        read(path)


def test_scans_of_one_measurement_are_no_samples(tmp_path):
    for name in ("w1.csv", "w2.csv", "w3.csv"):
        (tmp_path / name).write_text("nm,Sample\n1100,.1\n1102,.2\n1104,.3\n")
    assert read(tmp_path).sample_id.tolist() == ["w1", "w2", "w3"]
    (tmp_path / "w1.csv").write_text("Units: Reflectance\nnm,Sample,Reference\n1100,5,9\n1102,6,9\n1104,7,9\n")
    with pytest.raises(TableError, match="'Sample', 'Reference' are scans that make one spectrum, not samples"):
        read(tmp_path / "w1.csv")
