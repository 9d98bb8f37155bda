"""``skspectral update``, axes of ``export``, and what is refused before any work is done."""

import csv
import os

import numpy as np
import pytest

from skspectral import TransferredModel
from skspectral.cli import main
from skspectral.cli._files import free
from skspectral.exceptions import SuspectStandardsWarning, TableError
from skspectral.io.formats import one_file
from tests.cli.two_instruments import two_instruments, write_spectra

NEW = slice(30, 36)


@pytest.fixture(scope="module")
def data():
    return two_instruments(40, seed=4)


def write(path, data, X, numbers, y=None):
    extra = {} if y is None else {"protein": [float(y[i]) for i in numbers]}
    write_spectra(path, data.wavelengths, X, [f"w{i}" for i in numbers], extra)


@pytest.fixture(scope="module")
def folder(data, tmp_path_factory):
    """A model, new standards that read half a unit too high, and later samples."""
    folder = tmp_path_factory.mktemp("update")
    write(folder / "bench.csv", data, data.on["A"][:30], range(30), data.protein)
    write(folder / "std.csv", data, data.on["B"][:6], range(6))
    write(folder / "june.csv", data, data.on["B"][NEW], range(30, 36), data.protein - 0.5)
    write(folder / "later.csv", data, data.on["B"][36:], range(36, 40))
    files = [f"A={folder / 'bench.csv'}", f"B={folder / 'std.csv'}", "--source", "A", "--target", "B"]
    assert main(["transfer", *files, "--method", "MeanShift", "--quiet", "-o", str(folder / "m.skspectral")]) == 0
    return folder


def call(folder, *arguments):
    return main([str(folder / one) if (folder / one).exists() else one for one in arguments])


def test_predictions_are_corrected(data, folder, capsys):
    out = str(folder / "corrected.skspectral")
    before = (folder / "m.skspectral").read_bytes()
    assert call(folder, "update", "m.skspectral", "june.csv", "--correction", "bias", "-o", out) == 0
    assert "then SBC(correction='bias')" in capsys.readouterr().out
    assert (folder / "m.skspectral").read_bytes() == before
    old, new = (
        TransferredModel.load(path).predict(folder / "later.csv").value for path in (folder / "m.skspectral", out)
    )
    measured = TransferredModel.load(folder / "m.skspectral").predict(folder / "june.csv").value[:, 0]
    moved = np.mean(data.protein[NEW] - 0.5 - measured)
    np.testing.assert_allclose(new - old, moved, atol=1e-9)


def test_old_and_new_standards_make_a_new_model(folder, capsys):
    out = str(folder / "anew.skspectral")
    table = ["--table", f"A={folder / 'bench.csv'}", f"B={folder / 'std.csv'}"]
    assert call(folder, "update", "m.skspectral", "june.csv", *table, "-o", out, "--quiet", "--no-validation") == 0
    assert len(TransferredModel.load(out).records["B"].standards) == 12
    assert capsys.readouterr().out == ""


def test_figures_of_the_model_before_are_said_to_be(data, folder):
    write(folder / "two.csv", data, data.on["B"][30:32], range(30, 32), data.protein)
    out = str(folder / "two.skspectral")
    for files, extra in (("two.csv", []), ("june.csv", ["--no-validation"])):
        command = ["update", "m.skspectral", files, "--correction", "slope_bias", "-o", out, "--force", "--quiet"]
        assert call(folder, *command, *extra) == 0
        record = TransferredModel.load(out).records["B"]
        assert record.held_out.how.startswith("before the correction: each standard was left out")
        assert any("which any line meets" in note for note in record.notes) == (files == "two.csv")


def test_new_standards_that_are_none(data, folder, capsys):
    files = [f"A={folder / 'bench.csv'}", f"B={folder / 'std.csv'}"]
    out = str(folder / "none.skspectral")
    assert call(folder, "update", "m.skspectral", "std.csv", "--table", *files, "-o", out) == 2
    assert "All 6 spectra of the new standards are in --table already" in capsys.readouterr().err
    # references that were not there before are something to add
    write(folder / "analysed.csv", data, data.on["B"][:6], range(6), data.protein)
    extra = ["-o", out, "--no-validation", "--force", "--quiet"]
    assert call(folder, "update", "m.skspectral", "analysed.csv", "--table", *files, *extra) == 0
    write(folder / "reversed.csv", data, data.on["B"][NEW][:, ::-1], range(30, 36), data.protein)
    with pytest.warns(SuspectStandardsWarning, match="rejects the spectra of 6 new standards, as of 'w30'.*reversed"):
        assert call(folder, "update", "m.skspectral", "reversed.csv", "--correction", "bias", *extra) == 0


def test_what_an_update_lacks_is_named_as_an_option(folder, capsys):
    refused = [
        (["june.csv"], "give --table,"),
        (["june.csv"], "give --correction bias"),
        (["later.csv", "--correction", "bias"], "no references of protein"),
        (["june.csv", "--correction", "bias", "--target", "C"], "'C'"),
        (["june.csv", "--table", "bench.csv"], "NAME=FILE"),
    ]
    for arguments, said in refused:
        assert call(folder, "update", "m.skspectral", *arguments, "-o", str(folder / "no.skspectral")) == 2
        assert said in capsys.readouterr().err
    assert call(folder, "update", "m.skspectral", "june.csv", "--table", "bench.csv", "-o", "bench.csv", "--force") == 2
    assert "never replaced" in capsys.readouterr().err


def test_coefficients_in_wavenumbers(data, folder, capsys):
    for unit in ("nm", "cm-1"):
        assert call(folder, "export", "m.skspectral", "--unit", unit, "-o", str(folder / f"{unit}.csv")) == 0
    assert "for spectra in the quantity that the model was made from" in capsys.readouterr().out
    tables = {}
    for unit in ("nm", "cm-1"):
        with (folder / f"{unit}.csv").open(newline="") as file:
            head, first, *rows = csv.reader(file)
        assert head[0] == unit and first[0] == "b0"
        tables[unit] = np.array(rows, dtype=float)
    assert (np.diff(tables["cm-1"][:, 0]) > 0).all()
    np.testing.assert_allclose(tables["cm-1"][::-1, 0], 1e7 / tables["nm"][:, 0])
    np.testing.assert_array_equal(tables["cm-1"][::-1, 1], tables["nm"][:, 1])


def test_a_folder_without_rights_is_refused_before_any_work(folder, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(PermissionError, match="Nothing may be written"):
        free(folder / "new.csv", None)


def test_a_file_that_is_replaced_while_it_is_read_is_refused(folder, monkeypatch):
    path, read = folder / "later.csv", one_file._read

    def slow(*arguments):
        blocks = read(*arguments)
        os.utime(path, (1, 1))
        return blocks

    monkeypatch.setattr(one_file, "_read", slow)
    with pytest.raises(TableError, match="was changed while it was read"):
        one_file.read_file(path)
