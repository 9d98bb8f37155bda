"""Unit and quantity that differ between instruments, in Python and on the command line."""

import numpy as np
import pandas as pd
import pytest

from skspectral.cli import main
from skspectral.datasets import make_instruments
from skspectral.exceptions import QuantityError, ReadingOptionError, TableError
from skspectral.io import SpectraTable, read_spectra

AXIS = np.array([1250.0, 1600.0, 2000.0, 2500.0])


def write(folder, name, axis, values):
    frame = pd.DataFrame(values, columns=[f"{value:g}" for value in axis])
    frame.insert(0, "id", [f"s{k}" for k in range(len(values))])
    frame.to_csv(folder / f"{name}.csv", index=False)
    return folder / f"{name}.csv"


@pytest.fixture
def files(tmp_path):
    X = np.random.default_rng(0).uniform(0.2, 0.8, size=(3, 4))
    return {"A": write(tmp_path, "a", AXIS, X), "B": write(tmp_path, "b", 1e7 / AXIS, 10.0**-X)}


def test_each_instrument_has_its_own(files):
    table = read_spectra(files, unit={"A": "nm", "B": "cm-1"}, quantity={"A": "absorbance", "B": "r"})
    np.testing.assert_allclose(table.wavelengths, AXIS)
    assert table.quantity == {"A": "absorbance", "B": "reflectance"}
    in_one = table.in_quantity("absorbance")
    assert in_one.quantity == "absorbance"
    np.testing.assert_allclose(in_one.spectra_of("B"), in_one.spectra_of("A"))
    back = in_one.in_quantity("% reflectance", instruments=["B"])
    np.testing.assert_allclose(back.spectra_of("B"), 100 * table.spectra_of("B"))
    np.testing.assert_array_equal(back.spectra_of("A"), table.spectra_of("A"))


def test_names_that_are_no_instruments_are_refused(files):
    with pytest.raises(ReadingOptionError, match="quantity names the instrument 'b', but there is none, only"):
        read_spectra(files, unit={"A": "nm", "B": "cm-1"}, quantity={"b": "reflectance"})
    with pytest.raises(ReadingOptionError, match="the spectra name none"):
        read_spectra(files["A"], quantity={"A": "absorbance"})
    with pytest.raises(ReadingOptionError, match="quantity must be one of"):
        read_spectra(files, quantity={"A": "colour"})


def test_instruments_in_one_table(files):
    frame = pd.concat([pd.read_csv(files["A"]).assign(instrument=name) for name in "AB"])
    said = {"A": "absorbance", "B": "reflectance"}
    assert SpectraTable.from_frame(frame, quantity=said).quantity == said
    with pytest.raises(TableError, match=r"share one axis.*in several units: nm, um"):
        SpectraTable.from_frame(frame, unit={"A": "nm", "B": "um"})


def test_what_is_not_known_is_not_converted(files):
    table = read_spectra(files, unit={"A": "nm", "B": "cm-1"}, quantity={"B": "reflectance"})
    with pytest.raises(QuantityError, match="What the spectra of 'A' are is not known"):
        table.in_quantity("absorbance")
    zero = SpectraTable([[0.5, 0.0]], [1000.0, 1002.0], quantity="reflectance", instrument=["A"])
    with pytest.raises(QuantityError, match=r"1 spectra of 'A'.*row 0.*channel 1, where the value is 0"):
        zero.in_quantity("absorbance")


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    folder, data = tmp_path_factory.mktemp("mixed"), make_instruments(n_samples=24, n_channels=40, random_state=0)
    for name in "AB":
        rows = data.instrument == name
        X = data.X[rows] if name == "A" else 10.0 ** -data.X[rows]
        frame = pd.DataFrame(X, columns=[f"{value:g}" for value in data.wavelengths])
        frame.insert(0, "protein", data.y[rows, 0])
        frame.insert(0, "sample_id", data.sample_id[rows])
        frame.to_csv(folder / f"{name}.csv", index=False)
    return folder


def command(folder, *options, to="out"):
    files = [f"{name}={folder}/{name}.csv" for name in "AB"]
    roles = ["--source", "A", "--target", "B", "--methods", "MeanShift", "--repeats", "2", "--n-standards", "6"]
    return main(["compare", *files, *roles, *options, "--output", str(folder / to)])


def test_reflectance_beside_absorbance_is_not_ranked(mixed, capsys):
    assert command(mixed) == 2
    said = capsys.readouterr().err
    assert "mirror images" in said and "--quantity A=reflectance --quantity B=absorbance" in said


def test_what_was_said_is_converted_to_what_the_target_measures(mixed, capsys):
    assert command(mixed, "--quantity", "A=absorbance", "--quantity", "B=reflectance", to="said") == 0
    assert "A is converted from absorbance to reflectance, as B is measured" in capsys.readouterr().out
    assert (mixed / "said" / "model.joblib").exists()


def test_one_quantity_for_both_is_believed(mixed, capsys):
    assert command(mixed, "--quantity", "absorbance", "--quiet", to="believed") == 0


@pytest.mark.parametrize("options", [["absorbance", "B=reflectance"], ["absorbance", "reflectance"], ["A=r", "A=t"]])
def test_half_named_options_are_refused(mixed, capsys, options):
    assert command(mixed, *[text for option in options for text in ("--quantity", option)]) == 2
    assert "one value for all instruments, or NAME=QUANTITY for each" in capsys.readouterr().err
