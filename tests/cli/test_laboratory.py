"""What laboratories do with the commands: names in two spellings, columns in another order, a model without an SEP."""

import csv
import io
import sys

import numpy as np
import pytest

from skspectral import TransferredModel
from skspectral.cli import main
from skspectral.exceptions import UnknownInstrumentError
from skspectral.io import read_spectra
from tests.cli.two_instruments import two_instruments, write_spectra

ROLES = ["--source", "A", "--target", "B", "--method", "MeanShift", "--quiet"]
N_OLD, N_STANDARDS = 30, 6


@pytest.fixture(scope="module")
def data():
    return two_instruments(36, seed=2)


@pytest.fixture
def folder(data, tmp_path):
    names = [f"wheat {i:03d}" for i in range(36)]
    references = {"protein": data.protein[:N_OLD].tolist()}
    write_spectra(tmp_path / "bench.csv", data.wavelengths, data.on["A"][:N_OLD], names[:N_OLD], references)
    write_spectra(tmp_path / "new.csv", data.wavelengths, data.on["B"][N_OLD:], names[N_OLD:])
    return tmp_path


def transfer(folder, standards, *options):
    files = [f"A={folder / 'bench.csv'}", f"B={folder / standards}"]
    return main(["transfer", *files, *ROLES, "-o", str(folder / "m.skspectral"), "--force", *options])


def test_names_that_differ_by_a_sign_are_asked_about(data, folder, capsys):
    write_spectra(
        folder / "std.csv", data.wavelengths, data.on["B"][:N_STANDARDS], [f"Wheat_{i:03d}" for i in range(6)]
    )
    assert transfer(folder, "std.csv") == 2
    said = capsys.readouterr().err
    assert "'wheat 000' / 'Wheat_000'" in said and "--match loose" in said
    assert transfer(folder, "std.csv", "--match", "loose") == 0
    model = TransferredModel.load(folder / "m.skspectral")
    assert len(model.records["B"].standards) == N_STANDARDS
    # who says that they are others gets a transfer without standards
    with pytest.warns(UserWarning):
        assert transfer(folder, "std.csv", "--match", "exact") == 0


def test_columns_in_no_order_are_sorted(data, folder):
    order = np.random.default_rng(0).permutation(40)
    X, names = data.on["B"][N_OLD:], [f"wheat {i:03d}" for i in range(N_OLD, 36)]
    table = read_spectra(write_spectra(folder / "mixed.csv", data.wavelengths[order], X[:, order], names))
    np.testing.assert_array_equal(table.X, X)
    assert any("not in the order of their labels" in note for note in table.notes)


def test_a_line_that_was_cut_off_is_rejected_alone(data, folder):
    write_spectra(
        folder / "std.csv", data.wavelengths, data.on["B"][:N_STANDARDS], [f"wheat {i:03d}" for i in range(6)]
    )
    assert transfer(folder, "std.csv", "--no-validation") == 0
    lines = (folder / "new.csv").read_text().splitlines()
    lines[3] = lines[3][:100]
    (folder / "new.csv").write_text("\n".join(lines))
    out = folder / "p.csv"
    assert main(["predict", str(folder / "m.skspectral"), str(folder / "new.csv"), "-o", str(out), "--quiet"]) == 3
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["protein"] == "" for row in rows] == [i == 2 for i in range(6)]
    assert "fields, but the head has 41" in rows[2]["protein_reason"]


def test_a_model_without_an_sep_collects_readings(data, folder, capsys):
    write_spectra(
        folder / "std.csv", data.wavelengths, data.on["B"][:N_STANDARDS], [f"wheat {i:03d}" for i in range(6)]
    )
    assert transfer(folder, "std.csv", "--no-validation") == 0
    names, references = [f"c{i}" for i in range(6)], {"protein": data.protein[N_OLD:].tolist()}
    write_spectra(folder / "check.csv", data.wavelengths, data.on["B"][N_OLD:], names, references)
    monitor = ["monitor", str(folder / "m.skspectral"), str(folder / "log.csv")]
    assert main([*monitor, "--add", str(folder / "check.csv")]) == 0
    said = capsys.readouterr().out
    assert "6 readings" in said and "not judged yet" in said and "Give --sep" in said
    assert main(monitor) == 2
    # once there are enough, they tell the SEP
    for month in range(1, 4):
        names = [f"c{month}{i}" for i in range(6)]
        write_spectra(folder / "check.csv", data.wavelengths, data.on["B"][N_OLD:], names, references)
        assert main([*monitor, "--add", str(folder / "check.csv"), "--date", f"2026-{month:02d}-01"]) in (0, 3)
    assert "4 readings judged" in capsys.readouterr().out


def test_few_references_are_said(data, folder, capsys):
    standards = {"fat": data.protein[:N_STANDARDS].tolist()}
    names = [f"wheat {i:03d}" for i in range(6)]
    write_spectra(folder / "std.csv", data.wavelengths, data.on["B"][:N_STANDARDS], names, standards)
    assert transfer(folder, "std.csv", "--no-validation") == 0
    model = TransferredModel.load(folder / "m.skspectral")
    assert model.records["B"].notes == [
        "property 'fat' is calibrated by 6 of the 30 samples of A, as the others have no reference of it"
    ]
    standards = {"protein": (data.protein[:N_STANDARDS] / 100).round(4).tolist()}
    write_spectra(folder / "std.csv", data.wavelengths, data.on["B"][:N_STANDARDS], names, standards)
    assert transfer(folder, "std.csv") == 2
    assert "as percent is of a fraction" in capsys.readouterr().err


def test_a_console_without_the_letters_of_a_name(folder, monkeypatch):
    path = folder / "bench.csv"
    path.write_text(path.read_text().replace("wheat", "blé"), encoding="utf-8")
    content = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(content, encoding="ascii"))
    assert main(["choose", str(path), "-n", "3"]) == 0
    assert b"bl\\xe9 0" in content.getvalue()


def test_properties_that_are_called_as_other_columns_are_refused(data, folder, capsys):
    path = folder / "bench.csv"
    text = path.read_text()
    write_spectra(
        folder / "std.csv", data.wavelengths, data.on["B"][:N_STANDARDS], [f"wheat {i:03d}" for i in range(6)]
    )
    for name in ("n_spectra", "protein_lower"):
        head, *rows = text.splitlines()
        lines = [
            head.replace("protein", f"protein,{name}"),
            *(row.replace(",", f",{i},", 1) for i, row in enumerate(rows)),
        ]
        path.write_text("\n".join(lines))
        assert transfer(folder, "std.csv", "--property", "protein", "--property", name) == 2
        assert f"The property '{name}' is called as a column" in capsys.readouterr().err


def test_files_without_instruments_are_told_how_to_name_them(folder):
    table = read_spectra(folder / "bench.csv")
    with pytest.raises(UnknownInstrumentError, match="NAME=FILE"):
        TransferredModel.fit(table, source="A", target="B")


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["inspect", "A=", "bench.csv"], "Write NAME=FILE, with no blank between, got 'A='"),
        (["choose", "std.csv", "--method", "y"], "give --references FILE"),
        (["choose", "bench.csv", "--plot", "x.bmp"], "Plots are written to .png, .svg or .pdf, got x.bmp"),
        (["inspect", "bench.csv", "--plot", "x.bmp"], "Plots are written to .png, .svg or .pdf, got x.bmp"),
        (["compare", "A=bench.csv", "B=std.csv", *ROLES[:4], "--n-standards", "0"], "--n-standards must be at least 1"),
        (["compare", "A=bench.csv", "B=std.csv", *ROLES[:4], "--repeats", "0"], "--repeats must be at least 1"),
        (["compare", "A=bench.csv", "B=std.csv", "--source", "A", "--target", "A"], "name two instruments"),
        (["compare", "A=bench.csv", "B=std.csv", *ROLES[:4], "--output", "std.csv"], "std.csv is a file"),
        (["predict", "bench.csv", "std.csv", "-o", "p.csv"], "no model file, such as `skspectral transfer`"),
    ],
)
def test_what_is_refused_before_any_work(data, folder, capsys, monkeypatch, command, said):
    monkeypatch.chdir(folder)
    write_spectra(folder / "std.csv", data.wavelengths, data.on["B"][:6], [f"wheat {i:03d}" for i in range(6)])
    files = sorted(path.name for path in folder.iterdir())
    assert main(command) == 2
    shown = capsys.readouterr()
    assert said in shown.err and "order" not in shown.out and sorted(path.name for path in folder.iterdir()) == files


def test_a_transfer_says_what_looks_wrong_in_its_spectra(data, folder, capsys):
    X = data.on["B"][:6].copy()
    X[2] = X[2, ::-1]
    write_spectra(folder / "std.csv", data.wavelengths, X, [f"wheat {i:03d}" for i in range(6)])
    files = [f"A={folder / 'bench.csv'}", f"B={folder / 'std.csv'}"]
    loud = [option for option in ROLES if option != "--quiet"]
    assert main(["transfer", *files, *loud, "--no-validation", "-o", str(folder / "m.skspectral")]) == 0
    assert "1 samples have a spectrum on B of another shape than all others (wheat 002" in capsys.readouterr().out


def test_an_instrument_without_a_part_is_named(data, folder, capsys):
    write_spectra(folder / "std.csv", data.wavelengths, data.on["B"][:6], [f"wheat {i:03d}" for i in range(6)])
    files = [f"A={folder / 'bench.csv'}", f"B={folder / 'std.csv'}", f"C={folder / 'new.csv'}"]
    loud = [option for option in ROLES if option != "--quiet"]
    assert main(["transfer", *files, *loud, "--no-validation", "-o", str(folder / "m.skspectral")]) == 0
    assert "  C: no part in this, as neither --source nor --target names it" in capsys.readouterr().out


def test_a_reading_of_a_day_to_come_is_not_added(data, folder, capsys):
    write_spectra(folder / "std.csv", data.wavelengths, data.on["B"][:6], [f"wheat {i:03d}" for i in range(6)])
    assert transfer(folder, "std.csv") == 0
    references = {"protein": data.protein[N_OLD:].tolist()}
    write_spectra(folder / "check.csv", data.wavelengths, data.on["B"][N_OLD:], [f"c{i}" for i in range(6)], references)
    log = folder / "log.csv"
    monitor = ["monitor", str(folder / "m.skspectral"), str(log), "--add", str(folder / "check.csv")]
    assert main([*monitor, "--date", "2204-03-09"]) == 2
    assert "2204-03-09 is still to come: nothing was measured yet" in capsys.readouterr().err and not log.exists()


def test_strategies_that_differ_name_their_property(data, folder, capsys):
    protein, names = data.protein[:N_OLD].tolist(), [f"wheat {i:03d}" for i in range(N_OLD)]
    some = {"fat": ["" if i % 3 else value for i, value in enumerate(protein)], "protein": protein}
    write_spectra(folder / "bench.csv", data.wavelengths, data.on["A"][:N_OLD], names, some)
    write_spectra(folder / "std.csv", data.wavelengths, data.on["B"][:6], [f"wheat {i:03d}" for i in range(6)])
    assert transfer(folder, "std.csv", "--method", "auto", "--no-validation") == 0
    said = str(TransferredModel.load(folder / "m.skspectral"))
    assert "strategy    fat: portfolio" in said and "strategy    protein: portfolio" in said


def test_reasons_of_a_choice(folder, capsys):
    for method, first, others in (
        ("kennard-stone", "the pair farthest apart in its spectrum", "far from those before it"),
        ("leverage", "of the largest leverage", "of large leverage beside"),
        ("random", "drawn at random", "drawn at random"),
    ):
        assert main(["choose", str(folder / "bench.csv"), "-n", "3", "--method", method]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert first in lines[1] and others in lines[3] and "nan" not in "".join(lines) and "inf" not in lines[1]
