"""From files to predictions by commands alone: choose, transfer, predict, export, monitor."""

import csv
import json
import os
import subprocess
import sys

import numpy as np
import pytest

from skspectral import TransferredModel
from skspectral.cli import main
from skspectral.datasets import fetch_corn, make_instruments
from skspectral.metrics import rmsep

N_STANDARDS = 6


def call(*arguments, cwd):
    done = subprocess.run(
        [sys.executable, "-m", "skspectral", *map(str, arguments)], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def write(path, data, rows, *, names=(), y=None):
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["sample_id", *names, *(f"{value:.6g}" for value in data.wavelengths)])
        for i in np.flatnonzero(rows):
            references = () if y is None else y[i]
            writer.writerow([data.sample_id[i], *references, *(repr(float(v)) for v in data.X[i])])


def read(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def data():
    return make_instruments(n_samples=50, n_targets=2, n_channels=60, random_state=3)


@pytest.fixture
def folder(data, tmp_path):
    """A calibration of 35 samples on A; later samples on B, without references."""
    number = np.array([int(label[1:]) for label in data.sample_id])
    write(tmp_path / "bench.csv", data, (data.instrument == "A") & (number < 35), names=["protein", "fat"], y=data.y)
    write(tmp_path / "new.csv", data, (data.instrument == "B") & (number >= 35))
    return tmp_path


def measure_standards(data, folder, ids):
    write(folder / "standards.csv", data, (data.instrument == "B") & np.isin(data.sample_id, ids))


@pytest.fixture
def made(data, folder):
    """The folder with a model."""
    measure_standards(data, folder, [f"S{i:02d}" for i in range(N_STANDARDS)])
    files = [f"A={folder / 'bench.csv'}", f"B={folder / 'standards.csv'}"]
    given = ["--source", "A", "--target", "B", "--method", "PDS", "-o", str(folder / "m.skspectral"), "--quiet"]
    assert main(["transfer", *files, *given, "--units", "fat=%"]) == 0
    return folder


@pytest.fixture
def say(folder, capsys, monkeypatch):
    """Run a command in the folder within this process, and give what it prints."""
    monkeypatch.chdir(folder)

    def run(*arguments):
        assert main([*map(str, arguments)]) == 0
        return capsys.readouterr().out

    return run


def test_the_whole_journey_on_files(data, folder, say):
    said = say("choose", "bench.csv", "-n", N_STANDARDS, "-o", "standards_to_measure.csv")
    chosen = [row["sample_id"] for row in read(folder / "standards_to_measure.csv")]
    assert len(set(chosen)) == N_STANDARDS and all(name in said for name in chosen)
    assert said.strip().splitlines()[-1].startswith("Next: ") and "skspectral transfer" in said

    measure_standards(data, folder, chosen)
    said = say(
        "transfer", "bench=bench.csv", "handheld=standards.csv", "--source", "bench", "--target", "handheld",
        "--method", "MeanShift", "-o", "model.skspectral",
    )  # fmt: skip
    assert "RMSEP" in said and said.strip().splitlines()[-1].startswith("Next: skspectral predict model.skspectral")

    said = say("predict", "model.skspectral", "new.csv", "-o", "predictions.csv")
    assert said.strip().splitlines()[-1].startswith("Next, when references")
    rows = read(folder / "predictions.csv")
    truth = {label: y for label, y in zip(data.sample_id, data.y)}
    predicted = np.array([[float(row["protein"]), float(row["fat"])] for row in rows])
    reference = np.array([truth[row["sample_id"]] for row in rows])
    assert len(rows) == 15
    held_out = TransferredModel.load(folder / "model.skspectral").records["handheld"].held_out.rmsep
    assert (np.array(rmsep(reference, predicted)) < 3 * held_out.max()).all()
    inside = [float(row["fat_lower"]) <= truth[row["sample_id"]][1] <= float(row["fat_upper"]) for row in rows]
    assert np.mean(inside) >= 0.6

    say("export", "model.skspectral", "-o", "coefficients.json")
    content = json.loads((folder / "coefficients.json").read_text())["properties"]["fat"]
    new = (data.instrument == "B") & np.isin(data.sample_id, [row["sample_id"] for row in rows])
    np.testing.assert_allclose(data.X[new] @ content["b"] + content["b0"], predicted[:, 1], rtol=1e-6)


@pytest.mark.slow
@pytest.mark.skipif("SKSPECTRAL_DATA" not in os.environ, reason="SKSPECTRAL_DATA names no folder with corn")
def test_the_journey_on_corn(tmp_path):
    data = fetch_corn()
    data.sample_id = np.array([f"corn {label}" for label in data.sample_id])
    names = sorted(set(data.sample_id))
    old = (data.instrument == "m5") & np.isin(data.sample_id, names[:60])
    write(tmp_path / "m5.csv", data, old, names=data.target_names, y=data.y)
    write(tmp_path / "new.csv", data, (data.instrument == "mp6") & np.isin(data.sample_id, names[60:]))
    call("choose", "m5.csv", "-n", 8, "-o", "list.csv", cwd=tmp_path)
    measure_standards_of = [row["sample_id"] for row in read(tmp_path / "list.csv")]
    write(tmp_path / "mp6.csv", data, (data.instrument == "mp6") & np.isin(data.sample_id, measure_standards_of))
    given = ["--source", "m5", "--target", "mp6", "-o", "corn.skspectral", "--method", "MeanShift"]
    call("transfer", "m5=m5.csv", "mp6=mp6.csv", *given, cwd=tmp_path)
    call("predict", "corn.skspectral", "new.csv", "-o", "predictions.csv", cwd=tmp_path)
    rows = read(tmp_path / "predictions.csv")
    predicted = np.array([[float(row[name]) for name in data.target_names] for row in rows])
    truth = dict(zip(data.sample_id, data.y))
    reference = np.array([truth[row["sample_id"]] for row in rows])
    assert len(rows) == 20 and (np.array(rmsep(reference, predicted)) < reference.std(axis=0)).sum() >= 2


def test_check_samples_go_into_the_log_and_are_judged(data, made, say):
    number = np.array([int(label[1:]) for label in data.sample_id])
    checks = (data.instrument == "B") & (number >= 40)
    write(made / "checks.csv", data, checks, names=["protein", "fat"], y=data.y)
    said = say("monitor", "m.skspectral", "log.csv", "--add", "checks.csv")
    assert "protein" in said and (made / "log.csv").exists()


def test_nothing_is_overwritten_unless_forced(made, capsys):
    model, new, out = made / "m.skspectral", made / "new.csv", made / "p.csv"
    assert main(["predict", str(model), str(new), "-o", str(out), "--quiet"]) == 0
    before = out.read_bytes()
    assert main(["predict", str(model), str(new), "-o", str(out), "--level", "0.5"]) == 2
    assert "--force" in capsys.readouterr().err and out.read_bytes() == before
    assert main(["predict", str(model), str(new), "-o", str(out), "--level", "0.5", "--force", "--quiet"]) == 0
    assert out.read_bytes() != before and capsys.readouterr().out == ""
    for command in (["transfer", str(new), "--source", "A", "--target", "B"], ["export", str(model)]):
        assert main([*command, "-o", str(model)]) == 2


def test_what_is_read_is_never_replaced(made, capsys):
    model, new, bench = (made / name for name in ("m.skspectral", "new.csv", "bench.csv"))
    before = {path: path.read_bytes() for path in (model, new, bench)}
    for command in (
        ["predict", model, new, "-o", new],
        ["predict", model, f"B={new}", "-o", new],
        ["predict", model, made / "n*.csv", "-o", new],
        ["predict", model, made, "-o", bench],
        ["transfer", f"A={bench}", f"B={made / 'standards.csv'}", "--source", "A", "--target", "B", "-o", bench],
        ["choose", bench, "-o", bench],
    ):
        assert main([*map(str, command), "--force"]) == 2
        assert "is among the files that are read, and is never replaced" in capsys.readouterr().err
    assert main(["predict", str(model), str(new), "-o", str(made), "--force"]) == 2
    assert "is a folder" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in before} == before


def test_rejected_spectra_have_an_exit_code(data, made, capsys):
    wrong = made / "wrong.csv"
    backwards = type(data)(**data)
    backwards.X = data.X[:, ::-1]
    write(wrong, backwards, (data.instrument == "B") & (data.sample_id > "S44"))
    assert main(["predict", str(made / "m.skspectral"), str(wrong), "-o", str(made / "w.csv")]) == 3
    assert "reject: wrong.csv" in capsys.readouterr().out.replace(str(made) + "/", "")
    assert {row["fat_flag"] for row in read(made / "w.csv")} == {"reject"}


def test_workbooks_hold_the_same(made):
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("openpyxl")
    for name in ("p.csv", "p.xlsx"):
        assert (
            main(["predict", str(made / "m.skspectral"), str(made / "new.csv"), "-o", str(made / name), "--quiet"]) == 0
        )
    sheet = pandas.read_excel(made / "p.xlsx", engine="openpyxl")
    text = pandas.read_csv(made / "p.csv")
    assert list(sheet) == list(text)
    np.testing.assert_allclose(sheet["fat"], text["fat"])


def test_bad_calls_say_what_is_wrong(made, capsys, tmp_path):
    # tmp_path is the folder of the fixture
    bench, model = str(made / "bench.csv"), str(made / "m.skspectral")
    standards = str(made / "standards.csv")
    roles = ["--source", "A", "--target", "B"]
    cases = [
        (["transfer", f"A={bench}", f"B={standards}", *roles, "--method", "XYZ", "-o", str(tmp_path / "x")], "XYZ"),
        (["transfer", f"A={bench}", standards, *roles, "-o", str(tmp_path / "x")], "NAME=FILE"),
        (["transfer", f"A={bench}", *roles, "-o", str(tmp_path / "x")], "'B'"),
        (
            ["transfer", f"A={bench}", f"B={standards}", *roles, "--units", "fat", "-o", str(tmp_path / "x")],
            "NAME=UNIT",
        ),
        (["predict", model, bench, "-o", str(tmp_path / "no" / "p.csv")], "folder"),
        (["predict", model, bench, "-o", str(tmp_path / "p.doc")], ".csv or .xlsx"),
        (["predict", bench, bench, "-o", str(tmp_path / "p.csv")], "no model file"),
        (["export", model, "-o", str(tmp_path / "p.txt")], ".csv or .json"),
        (["choose", bench, "-n", "99"], "99"),
        (["choose", bench, "-n", "0"], "at least 1"),
        (["choose", bench, "-o", str(tmp_path / "list.xlsx")], "written to .csv"),
        (["choose", f"A={bench}", f"B={standards}"], "--instrument"),
    ]
    for arguments, said in cases:
        assert main(arguments) == 2, arguments
        assert said in capsys.readouterr().err, arguments
    assert {path.name for path in tmp_path.iterdir()} == {"bench.csv", "standards.csv", "new.csv", "m.skspectral"}


def test_choose_names_are_those_of_the_library(data, made, capsys):
    assert main(["choose", str(made / "bench.csv"), "-n", "4", "--method", "kennard-stone", "--quiet"]) == 0
    names = capsys.readouterr().out.split()
    from skspectral.model_selection import select_standards

    rows = (data.instrument == "A") & (data.sample_id < "S35")
    order = select_standards(data.X[rows], 4, method="kennard-stone")
    assert names == list(data.sample_id[rows][order])


def test_a_model_that_is_not_linear_is_refused_or_approximated(made, capsys):
    files = [f"A={made / 'bench.csv'}", f"B={made / 'standards.csv'}", "--source", "A", "--target", "B"]
    model = str(made / "auto.skspectral")
    assert main(["transfer", *files, "-o", model, "--no-validation", "--quiet"]) == 0
    out = made / "b.csv"
    assert main(["export", model, "-o", str(out)]) == 2
    assert "--approximate" in capsys.readouterr().err and not out.exists()
    assert main(["export", model, "-o", str(out), "--approximate"]) == 0
    assert "error of linearisation" in capsys.readouterr().out
    lines = read(out)
    assert len(lines) == 61 and next(iter(lines[0].values())) == "b0"
    loaded = TransferredModel.load(model)
    found = loaded.coefficients(approximate=True)
    drawn = loaded.records["B"].limits.draw(200, random_state=5)
    off = drawn @ found.coef.T + found.intercept - loaded.predict(drawn).value
    np.testing.assert_allclose(np.sqrt((off**2).mean(axis=0)), found.error, rtol=0.5)


def test_help_needs_no_library():
    listing = (
        "import sys; from skspectral.cli import main\ntry: main({})\nexcept SystemExit: print(sorted(sys.modules))"
    )
    for arguments in (
        ["--help"],
        ["predict", "--help"],
        ["transfer", "--help"],
        ["choose", "--help"],
        ["export", "-h"],
    ):
        done = subprocess.run(
            [sys.executable, "-c", listing.format(arguments)], capture_output=True, text=True, check=True
        )
        loaded = done.stdout.splitlines()[-1]
        assert "'numpy'" not in loaded and "'sklearn'" not in loaded, arguments
