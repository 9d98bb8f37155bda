"""Spectra that cannot be used among new ones: rejected with the reason, and the others predicted as without them."""

import csv

import numpy as np
import pytest
from scipy.interpolate import CubicSpline

from skspectral import MeanShift, TransferredModel
from skspectral.cli import main
from skspectral.datasets import make_instruments
from skspectral.exceptions import ReadingOptionError, TableError, UnknownInstrumentError
from skspectral.io import SpectraTable
from skspectral.monitoring import update


@pytest.fixture(scope="module")
def data():
    return make_instruments(n_samples=40, n_channels=50, random_state=1)


@pytest.fixture(scope="module")
def model(data):
    labels = {"instrument": data.instrument, "sample_id": data.sample_id, "wavelengths": data.wavelengths}
    return TransferredModel.fit(
        X=data.X, y=data.y, **labels, properties=["protein"], source="A", target="B", method=MeanShift(), validate=False
    )


@pytest.fixture(scope="module")
def new(data):
    return data.X[data.instrument == "B"][:8]


def write(path, data, X, names=None, y=None):
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["sample_id", *(["protein"] if y is not None else []), *map(repr, data.wavelengths.tolist())])
        for i, row in enumerate(X):
            name = f"n{i}" if names is None else names[i]
            cells = ["" if np.isnan(value) else repr(float(value)) for value in row]
            writer.writerow([name, *([float(y[i])] if y is not None else []), *cells])
    return path


def test_one_bad_spectrum_spoils_no_others(data, model, new, tmp_path):
    X = new.copy()
    X[3, 7] = np.nan
    predicted = model.predict(write(tmp_path / "new.csv", data, X))
    whole = model.predict(write(tmp_path / "whole.csv", data, new))
    others = np.arange(8) != 3
    np.testing.assert_allclose(predicted.value[others], whole.value[others], rtol=1e-12)
    np.testing.assert_allclose(predicted.lower[others], whole.lower[others], rtol=1e-12)
    assert (predicted.flag[others] == whole.flag[others]).all()
    assert np.isnan(predicted.value[3, 0]) and predicted.flag[3, 0] == "reject"
    assert predicted.reason[3, 0].startswith("not predicted: line 5, column ")
    with pytest.raises(TableError, match="line 5"):
        update(model, write(tmp_path / "s.csv", data, X, y=np.arange(8.0)), correction="bias")


def test_the_command_writes_the_others(data, model, new, tmp_path, capsys):
    X = new.copy()
    X[3] = np.nan
    model.save(tmp_path / "m.skspectral")
    write(tmp_path / "new.csv", data, X)
    (tmp_path / "scans").mkdir()
    write(tmp_path / "scans" / "a.csv", data, new[:2])
    (tmp_path / "scans" / "b.csv").write_bytes(b"\x00\x01")
    for source, n, rejected, why in (("new.csv", 8, 3, "line 5"), ("scans", 3, 2, "the file cannot be read")):
        out = tmp_path / f"{source}.p.csv"
        assert main(["predict", str(tmp_path / "m.skspectral"), str(tmp_path / source), "-o", str(out)]) == 3
        assert why in capsys.readouterr().out
        with out.open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert len(rows) == n and [row["protein"] == "" for row in rows].count(True) == 1
        assert rows[rejected]["protein_flag"] == "reject" and why in rows[rejected]["protein_reason"]


def test_a_sample_is_the_mean_of_the_spectra_that_can_be_used(data, model, new, tmp_path):
    X = np.vstack([new[:3], new[:3] + 1e-4])
    X[0, 0] = np.nan
    each = model.predict(write(tmp_path / "r.csv", data, X, names=["a", "b", "c"] * 2))
    means = each.per_sample()
    assert means.n_spectra.tolist() == [1, 2, 2] and means.flag[0, 0] == "warning"
    assert means.reason[0, 0].startswith("1 of 2 spectra left out: not predicted: line 2")
    np.testing.assert_allclose(means.value[0], each.value[3])
    np.testing.assert_allclose(means.value[1], (each.value[1] + each.value[4]) / 2)


def test_what_has_no_logarithm_is_rejected_alone(data, model, new):
    table = SpectraTable(data.X, data.wavelengths, quantity="absorbance", instrument=data.instrument,
                         sample_id=data.sample_id, y=data.y, properties=["protein"])  # fmt: skip
    own = TransferredModel.fit(table, source="A", target="B", method=MeanShift(), validate=False)
    X = 10.0**-new
    X[2, 5] = 0.0
    predicted = own.predict(SpectraTable(X, data.wavelengths, quantity="transmittance"))
    assert (predicted.flag[:, 0] == "reject").tolist() == [row == 2 for row in range(8)]
    assert "no absorbance in 1 channels, where it is 0 or less" in predicted.reason[2, 0]
    # what a file says it is, and the model does not know, is said
    doubted = model.predict(SpectraTable(new, data.wavelengths, quantity="reflectance"))
    assert "was not stated" in doubted.reason[0, 0] and doubted.flag[0, 0] == "note"


def test_axes_much_coarser_than_the_model_s_are_warned_of(data, model, new):
    coarse, fine = data.wavelengths[::7], np.linspace(data.wavelengths[0], data.wavelengths[-1], 120)
    severities = {}
    for axis in (coarse, fine):
        X = CubicSpline(data.wavelengths, new, axis=1)(axis)
        predicted = model.predict(SpectraTable(X, axis))
        severities[len(axis)] = set(predicted.flag.ravel()), predicted.reason[0, 0]
    assert "" not in severities[8][0] and "note" not in severities[8][0] and "narrower" in severities[8][1]
    assert "note" in severities[120][0] and "resampled from 120 channels" in severities[120][1]


def test_options_of_reading_name_instruments_of_the_model(data, model, new, tmp_path):
    path = write(tmp_path / "new.csv", data, new)
    assert model.read(path, quantity={"B": "absorbance"}).quantity == "absorbance"
    with pytest.raises(ReadingOptionError, match="'C'"):
        model.read(path, quantity={"C": "absorbance"})


def test_the_instrument_is_asked_for_in_the_words_of_the_command(data, model, new, tmp_path, capsys):
    several = TransferredModel({**model.records, "C": model.records["B"]}, **{
        name: getattr(model, name) for name in ("source", "properties", "units", "unit", "method", "reading",
                                                "created", "versions")
    })  # fmt: skip
    with pytest.raises(UnknownInstrumentError, match="with target="):
        several.coefficients()
    several.save(tmp_path / "m.skspectral")
    write(tmp_path / "new.csv", data, new, y=np.arange(8.0))
    out, path = str(tmp_path / "o.csv"), str(tmp_path / "m.skspectral")
    for command, said in (
        (["predict", path, str(tmp_path / "new.csv"), "-o", out], "name it with --instrument."),
        (["monitor", path, str(tmp_path / "l.csv"), "--add", str(tmp_path / "new.csv")], "name it with --target."),
        (["export", path, "-o", out], "say with --target for which"),
    ):
        assert main(command) == 2
        assert said in capsys.readouterr().err
    assert main(["predict", path, str(tmp_path / "new.csv"), "--instrument", "C", "-o", out]) == 0
    assert capsys.readouterr().out.rstrip().endswith("--target C")
