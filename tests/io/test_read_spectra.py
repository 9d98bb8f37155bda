"""From files to one table: instruments, names, replicates, references, axes; and what is refused or said."""

import re

import numpy as np
import pandas as pd
import pytest

from skspectral.exceptions import (
    ConflictingReferenceError,
    ReadingOptionError,
    SkippedFilesWarning,
    TableError,
    TableWarning,
)
from skspectral.io import SpectraTable, read_spectra

AXIS = [1100, 1102, 1104]


def csv(rows, labels=("sample_id", "protein", *AXIS)):
    return "\n".join(",".join(map(str, row)) for row in [labels, *rows]) + "\n"


@pytest.fixture
def write(tmp_path):
    def writer(name, text, encoding="utf-8"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding=encoding)
        return path

    return writer


def spectra(names, seed=0, protein=None):
    rng = np.random.default_rng(seed)
    return [[name, *([] if protein is None else [protein[k]]), *rng.random(3).round(4)] for k, name in enumerate(names)]


def test_files_by_instrument(write):
    a = write("a.csv", csv(spectra("pqr", protein=[9, 8, 7])))
    b = write("b.csv", csv(spectra("rq"), ("Sample", *AXIS)).replace(",", ";").replace(".", ","))
    table = read_spectra({"A": a, "B": b})
    assert table.instruments == ["A", "B"] and table.sample_id.tolist() == [*"pqr", *"rq"]
    np.testing.assert_array_equal(table.y, [[9], [8], [7], [np.nan], [np.nan]])
    assert table.properties == ["protein"] and table.unit == "nm"
    np.testing.assert_array_equal(table.wavelengths, AXIS)
    assert "A and B: 2 of 3 samples paired" in repr(table)
    assert table.files[3] == str(b) and table.places[3] == "line 2"


def test_long_form_and_other_columns(write):
    text = csv([["A", "s1", 9, 2024, "x", 1, 2, 3], ["B", "s1", "", 2024, "y", 1, 2, 4]],
               ("Spectrometer", "ID", "fat", "Year", "note", *AXIS))  # fmt: skip
    table = read_spectra(write("long.csv", text))
    assert table.instruments == ["A", "B"] and table.properties == ["fat"]
    assert table.columns["note"].tolist() == ["x", "y"] and any("no references: Year" in note for note in table.notes)
    assert read_spectra(write("long.csv", text), properties="year").properties == ["year"]
    with pytest.raises(TableError, match=r"no property 'oil' in .*long\.csv, but .*fat"):
        read_spectra(write("long.csv", text), properties=["oil"])


def test_descending_and_wavenumbers_become_ascending_nm(write):
    table = read_spectra(write("w.csv", csv([["s", 1, 2, 3]], ("id", "5000 cm-1", "4500 cm-1", "4000 cm-1"))))
    np.testing.assert_allclose(table.wavelengths, [2000, 1e7 / 4500, 2500])
    np.testing.assert_array_equal(table.X, [[1, 2, 3]])
    back = table.in_unit("cm-1")
    np.testing.assert_allclose(back.wavelengths, [4000, 4500, 5000])
    np.testing.assert_array_equal(back.X, [[3, 2, 1]])


@pytest.mark.parametrize(("low", "step", "unit"), [(600, 400, "cm-1"), (1.1, 0.1, "um"), (2400, 100, "nm")])
def test_a_unit_that_the_range_contradicts_is_said(write, low, step, unit):
    labels = [f"{low + step * k:.1f}" for k in range(9)]
    with pytest.warns(TableWarning, match=f"has no unit and is taken as {unit}"):
        read_spectra(write("u.csv", csv([["s", *range(9)]], ("id", *labels))))
    assert read_spectra(write("u.csv", csv([["s", *range(9)]], ("id", *labels))), unit="nm").wavelengths[0] == low


def test_raman_shifts_do_not_join_wavelengths(write):
    a = write("a.csv", csv([["s", 1, 2, 3]], ("id", "1100 nm", "1102 nm", "1104 nm")))
    b = write("b.csv", "Raman shift (cm-1),s\n200,1\n202,2\n204,3\n")
    with pytest.raises(TableError, match="cannot stand in one table"):
        read_spectra({"A": a, "B": b})
    table = read_spectra(b)
    assert table.unit == "Raman shift" and table.wavelengths[0] == 200


def test_instruments_with_their_own_axes_are_kept_or_brought_onto_one(write):
    x = np.arange(1100, 1200, 4)
    a = write("a.csv", csv([["s", *np.sin(x / 30)]], ("id", *x)))
    b = write("b.csv", csv([["s", *np.sin(x[2:] / 30)]], ("id", *x[2:])))
    table = read_spectra({"A": a, "B": b})
    assert isinstance(table.wavelengths, dict) and np.isnan(table.X[1, -2:]).all()
    np.testing.assert_array_equal(table.spectra_of("B"), [np.sin(x[2:] / 30)])
    joined = table.on("overlap")
    np.testing.assert_array_equal(joined.wavelengths, x[2:])
    np.testing.assert_allclose(joined.X[0], joined.X[1], atol=1e-12)
    with pytest.raises(TableError, match=r"stand on several axes.*a\.csv has 25 channels.*b\.csv has 23"):
        read_spectra([a, b])


def test_axes_that_differ_by_rounding_are_one(write):
    a = write("a.csv", csv([["s", 1, 2, 3]], ("id", "1100.000", "1102.000", "1104.000")))
    b = write("b.csv", csv([["s", 1, 2, 3]], ("id", "1100.001", "1102.001", "1104.001")))
    table = read_spectra({"A": a, "B": b})
    assert not isinstance(table.wavelengths, dict)
    assert any("differs by up to 0.001" in note for note in table.notes)


@pytest.mark.parametrize("names", [["001", "002", "3.0"], [" 1", "2 ", "3"], ["1.spc", "2.SPC", "3"]])
def test_spelling_does_not_part_pairs(write, names):
    files = {"A": write("a.csv", csv(spectra(["1", "2", "3"]), ("id", *AXIS)))}
    files["B"] = write("b.csv", csv(spectra(names), ("id", *AXIS)))
    table = read_spectra(files)
    assert table.sample_id.tolist() == ["1", "2", "3"] * 2
    assert (len(set(read_spectra(files, match="exact").sample_id)) > 3) == (names[0] != " 1")
    with pytest.raises(ReadingOptionError, match="match must be"):
        read_spectra(files, match="fuzzy")


def test_similar_names_are_listed_not_joined(write):
    a = write("a.csv", csv(spectra(["corn_01", "corn_02", "corn_03"]), ("id", *AXIS)))
    b = write("b.csv", csv(spectra(["corn_01", "Corn-02", "corn_13"]), ("id", *AXIS)))
    said = repr(read_spectra({"A": a, "B": b}))
    assert "1 of 5 samples paired; not paired, similar: corn_02 / Corn-02\n" in said + "\n"


def test_two_names_that_become_one_with_two_references_are_refused(write):
    path = write("a.csv", csv(spectra(["1", "01"], protein=[9, 8])))
    with pytest.raises(ConflictingReferenceError, match=r"'1' and '01'.*'protein' are 9 and 8.*match='exact'"):
        read_spectra(path)
    assert len(set(read_spectra(path, match="exact").sample_id)) == 2
    with pytest.warns(TableWarning, match="'1' and '01' are taken as one sample"):
        read_spectra(write("a.csv", csv(spectra(["1", "01"], protein=[9, 9]))))


def test_replicates_are_counted_parsed_and_found(write):
    names = [f"s{i}_{n}" for i in (1, 2, 3) for n in (1, 2)]
    a = write("a.csv", csv(spectra(names), ("id", *AXIS)))
    table = read_spectra(a, replicates="{sample}_{n}")
    assert table.sample_id.tolist() == ["s1", "s1", "s2", "s2", "s3", "s3"]
    assert table.replicate.tolist() == [1, 2] * 3
    table = read_spectra(a)
    assert table.sample_id.tolist() == names and "replicates='{sample}_{n}'" in repr(table)
    b = write("b.csv", csv(spectra(["s1", "s2", "s3"]), ("id", *AXIS)))
    found = read_spectra({"A": a, "B": b})
    assert "names on A are of the pattern '{sample}_{n}': 6 spectra of 3 samples" in repr(found)
    assert read_spectra({"A": a, "B": b}, replicates=False).sample_id[0] == "s1_1"
    with pytest.raises(ReadingOptionError, match="No name is of the pattern"):
        read_spectra(a, replicates="{sample}-rep{n}")
    with pytest.raises(ReadingOptionError, match="must hold"):
        read_spectra(a, replicates="sample_n")
    rep = write("rep.csv", csv(spectra([f"x{i}-rep{n}" for i in (1, 2) for n in (1, 2)]), ("id", *AXIS)))
    assert read_spectra(rep).sample_id.tolist() == ["x1", "x1", "x2", "x2"]


@pytest.mark.parametrize("kind", ["csv", "frame"])
def test_references_from_their_own_file(write, kind):
    path = write("a.csv", csv(spectra(["S1", "S2", "S3"]), ("id", *AXIS)))
    frame = pd.DataFrame({"Lab no": [7, 8, 9], "Name": ["s1", "s3 ", "s9"], "Protein": [9.5, 8.5, 7.5], "Year": 2024})
    references = frame
    if kind == "csv":
        references = write("refs.csv", "Laboratory X\n" + frame.to_csv(index=False, sep=";", decimal=","))
    table = read_spectra(path, references=references)
    np.testing.assert_array_equal(table.y, [[9.5], [np.nan], [8.5]])
    assert table.properties == ["Protein"]
    assert "2 of 4 samples have both spectra and references" in repr(table)


def test_references_that_contradict_or_fit_nothing_are_refused(write):
    path = write("a.csv", csv(spectra(["s1", "s2"], protein=[9, 8])))
    with pytest.raises(ConflictingReferenceError, match=r"'s1' has two references of 'protein': 9 beside.*9\.5"):
        read_spectra(path, references=write("r.csv", "id,protein\ns1,9.5\n"))
    with pytest.raises(ConflictingReferenceError, match=r"'s1' has two references of 'fat'.*line 2.*line 3"):
        read_spectra(path, references=write("r.csv", "id,fat\ns1,1\ns1,2\n"))
    with pytest.raises(TableError, match=r"no column holds names of the spectra.*called s1, s2"):
        read_spectra(path, references=write("r.csv", "id,fat\nx,1\ny,2\n"))
    table = read_spectra(path, references=write("r.csv", "id,fat\nS2,1\n"))
    np.testing.assert_array_equal(table.y, [[9, np.nan], [8, 1]])


ODD = {
    "-9999": (["10.1", "-9999", "11.3", "10.8"], [10.1, np.nan, 11.3, 10.8], "-9999 stands for 'missing'"),
    "-9999.99": (["10.1", "-9999.99", "11.3", "10.8"], [10.1, np.nan, 11.3, 10.8], "-9999.99 stands for"),
    "-999 far away": (["10.1", "-999", "11.3", "10.8"], [10.1, np.nan, 11.3, 10.8], "-999 stands for"),
    "limit": (["10.1", "<0.5", "11.3", "10.8"], [10.1, np.nan, 11.3, 10.8], "1 values beyond a limit"),
    "comma": (["10.1", '"10,5"', "11.3", "10.8"], [10.1, 10.5, 11.3, 10.8], None),
    "percent": (["10.1%", "10.5 %", "11.3%", "10.8%"], [10.1, 10.5, 11.3, 10.8], "percent signs"),
    "words": (["10.1", "n.d.", "NA", "10.8"], [10.1, np.nan, np.nan, 10.8], None),
}


@pytest.mark.parametrize("odd", ODD)
def test_odd_references_are_read_where_their_meaning_is_plain(write, odd, recwarn):
    cells, values, said = ODD[odd]
    table = read_spectra(write("o.csv", csv(spectra("pqrs", protein=cells))))
    np.testing.assert_array_equal(table.y.ravel(), values)
    texts = [str(warning.message) for warning in recwarn if warning.category is TableWarning]
    assert (said is None and not texts) or any(said in text and "column 'protein'" in text for text in texts)


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["1", "~2", "3"], r"line 3, column 'protein': '~2' is not a reference value"),
        (["1%", "2", "3"], r"line 3, column 'protein': '2' has no percent sign"),
        (["1.5", '"1,234"', "2.5"], r"line 3, column 'protein': '1,234' is ambiguous"),
        (["1", "inf", "3"], r"line 3, column 'protein'"),
    ],
)
def test_other_odd_references_are_refused_with_their_place(write, cells, message):
    with pytest.raises(TableError, match=message):
        read_spectra(write("o.csv", csv(spectra("pqr", protein=cells))))


@pytest.mark.parametrize("name", ["02-Jan", "Mar-04", "1E+05", "1.23E+08", "####"])
def test_names_that_a_spreadsheet_has_changed_are_said(write, name):
    with pytest.warns(
        TableWarning, match=f"1 names look as if a spreadsheet had changed them, such as '{re.escape(name)}'"
    ):
        read_spectra(write("a.csv", csv(spectra([name, "s2", "E+05"]), ("id", *AXIS))))


def test_a_column_that_may_be_no_name_is_said(write):
    table = read_spectra(write("a.csv", csv(spectra(["a", "b", "a"]), ("Code", *AXIS))))
    assert "the samples are named by the column 'Code'" in repr(table) and "up to 2 replicates" in repr(table)


def test_instruments_that_differ_in_spelling_are_said(write):
    text = csv([["A", "s1", 1, 2, 3], ["a", "s2", 1, 2, 4]], ("instrument", "id", *AXIS))
    with pytest.warns(TableWarning, match=r"'A' \(1 rows\) and 'a' \(1 rows\) differ in spelling"):
        read_spectra(write("long.csv", text))


def test_folders_of_single_spectra_and_broken_files(write, tmp_path):
    for k in range(3):
        write(f"scans/leaf_{k}.txt", "".join(f"{w}\t{0.1 * k + w / 1e4}\n" for w in range(400, 410)))
    table = read_spectra(tmp_path / "scans")
    assert table.shape == (3, 10) and table.sample_id.tolist() == ["leaf_0", "leaf_1", "leaf_2"]
    write("scans/broken.txt", "400\tx\n401\t2\n402\ty\n")
    with pytest.raises(TableError, match=r"broken\.txt"):
        read_spectra(tmp_path / "scans")
    with pytest.warns(SkippedFilesWarning, match=r"1 of 4 files were left out.*"):
        assert len(read_spectra(tmp_path / "scans", on_error="skip")) == 3


def test_kinds_of_spectra_on_one_instrument_do_not_mix(write):
    a = write("a.csv", "y: Reflectance\n" + csv([["s", 0.1, 0.2, 0.3]], ("id", *AXIS)))
    b = write("b.csv", "y: Absorbance\n" + csv([["t", 0.1, 0.2, 0.3]], ("id", *AXIS)))
    with pytest.raises(TableError, match=r"two kinds: .*a\.csv holds reflectance.*b\.csv holds absorbance"):
        read_spectra([a, b])
    assert read_spectra([a, b], quantity="absorbance").quantity == "absorbance"
    assert read_spectra({"A": a, "B": b}).quantity == {"A": "reflectance", "B": "absorbance"}


def test_frames_go_round(write):
    table = read_spectra(write("a.csv", csv(spectra("pqr", protein=[9, 8, 7]))))
    again = SpectraTable.from_frame(table.to_frame())
    np.testing.assert_array_equal(again.X, table.X)
    np.testing.assert_array_equal(again.y, table.y)
    assert again.sample_id.tolist() == [*"pqr"] and again.properties == ["protein"]
