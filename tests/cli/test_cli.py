"""The commands as a person runs them: what they write, and what they say when the input is bad."""

import csv
import os
import shlex
import subprocess
import sys

import joblib
import numpy as np
import pytest

from skspectral.cli import main
from skspectral.datasets import make_instruments
from skspectral.exceptions import OtherInputsWarning
from skspectral.metrics import rmsep

FAST = ["--repeats", "2", "--methods", "SourceOnly,MeanShift,Pooled", "--quiet"]


@pytest.fixture(scope="module")
def rows():
    """Head and body of a table in long form: 30 samples, 2 properties, 40 channels, instruments A and B."""
    data = make_instruments(n_samples=30, n_channels=40, n_targets=2, random_state=1)
    head = ["instrument", "sample_id", "protein", "fat", *(f"{value:.2f}" for value in data.wavelengths)]
    columns = zip(data.instrument, data.sample_id, data.y.tolist(), data.X.tolist())
    return head, [[label, sample, *y, *x] for label, sample, y, x in columns], data


def write(path, head, body):
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([head, *body])
    return str(path)


def compare(*args, output):
    return main(["compare", *args, "--source", "A", "--target", "B", "--output", str(output), *FAST])


def outputs(folder):
    with (folder / "results.csv").open() as file:
        results = list(csv.DictReader(file))
    return results, (folder / "report.html").read_text(), joblib.load(folder / "model.joblib")


def test_demo_on_simulated_instruments(tmp_path, capsys):
    code = main(
        ["demo", "--simulated", "--repeats", "2", "--methods", "SourceOnly,MeanShift", "--output", str(tmp_path)]
    )
    said = capsys.readouterr().out
    assert code == 0 and "SIMULATED" in said and "loaded again" in said
    assert said.strip().splitlines()[-1].startswith("Next, with files of your own: skspectral compare")
    results, page, model = outputs(tmp_path)
    assert {row["method"] for row in results} == {"SourceOnly", "MeanShift", "native"}
    assert "lie inside their 90 % interval" in page
    assert "SIMULATED" in page and page.count("data:image/png;base64,") == 4
    assert type(model).__name__ == "MeanShift"


@pytest.mark.slow
@pytest.mark.skipif("SKSPECTRAL_DATA" not in os.environ, reason="SKSPECTRAL_DATA names no folder with corn")
def test_demo_on_corn(tmp_path, capsys):
    assert main(["demo", *FAST[:-1], "--output", str(tmp_path)]) == 0
    assert "corn" in capsys.readouterr().out
    results, _, _ = outputs(tmp_path)
    assert {row["property"] for row in results} == {"moisture", "oil", "protein", "starch"}


def test_demo_says_why_corn_cannot_be_had(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("skspectral.cli.demo.fetch_corn", _no_corn)
    assert main(["demo", "--repeats", "1", "--methods", "MeanShift", "--output", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "no network" in said and "SIMULATED" in said


def _no_corn(**_):
    from skspectral.exceptions import DatasetUnavailableError

    raise DatasetUnavailableError("no network")


def test_compare_one_table(rows, tmp_path):
    head, body, data = rows
    assert compare(write(tmp_path / "long.csv", head, body), output=tmp_path / "out") == 0
    results, page, model = outputs(tmp_path / "out")
    assert len(results) == (3 + 1) * 2 * 2
    assert page.count("<td>native") == page.count("<td>Mean<wbr>Shift") == 2
    predicted = model.predict(data.X[data.instrument == "B"])
    assert rmsep(data.y[data.instrument == "B"], predicted) < 0.3 * data.y.std()


@pytest.mark.slow
def test_compare_one_file_per_instrument_equals_one_table(rows, tmp_path):
    head, body, _ = rows
    files = [f"{n}=" + write(tmp_path / f"{n}.csv", head[1:], [r[1:] for r in body if r[0] == n]) for n in "AB"]
    assert compare(*files, output=tmp_path / "two") == 0
    assert compare(write(tmp_path / "long.csv", head, body), output=tmp_path / "one") == 0
    figures = [[float(row["rmsep"]) for row in outputs(tmp_path / name)[0]] for name in ("one", "two")]
    np.testing.assert_allclose(*figures)


def test_compare_different_axes(rows, tmp_path, capsys):
    head, body, data = rows
    cut = [head[1:4] + head[9:], [r[1:4] + r[9:] for r in body if r[0] == "B"]]
    files = ["A=" + write(tmp_path / "A.csv", head[1:], [r[1:] for r in body if r[0] == "A"])]
    files.append("B=" + write(tmp_path / "B.csv", *cut))
    assert compare(*files, output=tmp_path / "out") == 2
    assert "--grid overlap" in capsys.readouterr().err
    assert compare(*files, "--grid", "overlap", output=tmp_path / "out") == 0
    model = outputs(tmp_path / "out")[2]
    assert model.predict(data.X[data.instrument == "B"][:, 5:]).shape == (30, 2)


def test_few_standards_are_left_out_one_by_one(rows, tmp_path, capsys):
    head, body, _ = rows
    few = [r for r in body if r[0] == "A"] + [r for r in body if r[0] == "B"][:6]
    args = [write(tmp_path / "few.csv", head, few), "--source", "A", "--target", "B", *FAST[:-1]]
    assert main(["compare", *args, "--output", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().out
    assert "only 6 samples" in said
    command = said.strip().splitlines()[-1].partition("skspectral transfer ")[2]
    assert shlex.split(command) == [*args[:5], "-o", "model.skspectral"]
    assert len({row["repeat"] for row in outputs(tmp_path / "out")[0]}) == 6


def test_references_on_the_source_only_are_enough(rows, tmp_path, capsys):
    head, body, _ = rows
    few = [r for r in body if r[0] == "A"] + [r for r in body if r[0] == "B"]
    assert compare(write(tmp_path / "all.csv", head, few), output=tmp_path / "all") == 0
    lent = [r if r[0] == "A" else [*r[:2], "", "", *r[4:]] for r in few]
    args = [write(tmp_path / "lent.csv", head, lent), "--source", "A", "--target", "B", *FAST[:-1]]
    assert main(["compare", *args, "--output", str(tmp_path / "lent")]) == 0
    assert "A: 30 spectra of 30 samples; B: 30 spectra of 30 samples; 30 samples" in capsys.readouterr().out
    figures = [[row["rmsep"] for row in outputs(tmp_path / name)[0]] for name in ("all", "lent")]
    assert figures[0] == figures[1]


@pytest.mark.slow
def test_results_of_other_inputs_are_kept_under_another_name(rows, tmp_path):
    head, body, _ = rows
    path, out = tmp_path / "long.csv", tmp_path / "out"
    assert compare(write(path, head, body), output=out) == 0
    names = sorted(file.name for file in out.iterdir())
    assert compare(str(path), output=out) == 0
    assert sorted(file.name for file in out.iterdir()) == names, "the same inputs are the same run"
    first = {file.name: file.read_bytes() for file in out.iterdir()}
    with pytest.warns(OtherInputsWarning):
        assert compare(write(path, [*head[:2], "fat", "protein", *head[4:]], body), output=out) == 0
    assert (out / "predictions.old-1.csv").read_text().startswith("run,")
    assert (out / "results.old-1.csv").read_bytes() == first["results.csv"]
    assert {"model.old-1.joblib", "report.old-1.html"} < {file.name for file in out.iterdir()}
    assert compare(str(path), output=tmp_path / "fresh") == 0
    figures = [[row["rmsep"] for row in outputs(folder)[0]] for folder in (out, tmp_path / "fresh")]
    assert figures[0] == figures[1]


def changed(body, row, column, value):
    body = [list(r) for r in body]
    body[row][column] = value
    return body


FAULTS = {
    "empty": (lambda h, b: ([], []), "empty"),
    "ragged": (lambda h, b: (h, [b[0][:9], *b[1:]]), "line 2"),
    "text": (lambda h, b: (h, changed(b, 3, 9, "abc")), "'abc'"),
    "missing cell": (lambda h, b: (h, changed(b, 3, 9, "")), "line 5"),
    "failed scan": (lambda h, b: (h, [[*b[0][:4], *[0.5] * 40], *b[1:]]), "'A'"),
    "huge": (lambda h, b: (h, changed(b, 3, 9, "1e300")), "line 5"),
    "conflict": (lambda h, b: (h, changed(b, 30, 2, 77)), "77"),
    "no ids": (lambda h, b: (h, [[r[0], "", *r[2:]] for r in b]), "0 samples"),
    "one id": (lambda h, b: (h, [[r[0], "same", *r[2:]] for r in b]), "1 samples"),
    "no property": (lambda h, b: (h[:2] + h[4:], [r[:2] + r[4:] for r in b]), "no property"),
    "no instrument": (lambda h, b: (h[1:], [r[1:] for r in b]), "instrument"),
    "no spectra": (lambda h, b: (h[:4], [r[:4] for r in b]), "wavelength"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_named(rows, tmp_path, capsys, fault):
    change, word = FAULTS[fault]
    head, body, _ = rows
    path = tmp_path / "bad.csv"
    head, body = change(head, body)
    path.write_text("") if fault == "empty" else write(path, head, body)
    assert compare(str(path), output=tmp_path / "out") == 2
    said = capsys.readouterr().err
    assert said.startswith("skspectral compare: ") and word in said
    assert "Traceback" not in said and not (tmp_path / "out" / "model.joblib").exists()


@pytest.mark.parametrize(
    ("args", "word"),
    [
        (["--property", "sugar"], "sugar"),
        (["--methods", "XYZ"], "PDS"),
        (["--test-size", "3"], "share"),
        (["--n-standards", "-1"], "--n-standards"),
        (["--target", "C"], "'C'"),
    ],
)
def test_bad_options_are_named(rows, tmp_path, capsys, args, word):
    head, body, _ = rows
    path = write(tmp_path / "long.csv", head, body)
    options = ["compare", path, "--source", "A", "--target", "B", *FAST, "--output", str(tmp_path), *args]
    assert main(options) == 2
    assert word in capsys.readouterr().err


def test_missing_file_and_unnamed_files(tmp_path, capsys):
    assert compare(str(tmp_path / "none.csv"), output=tmp_path) == 2
    assert "none.csv" in capsys.readouterr().err
    for name in "ab":
        (tmp_path / f"{name}.csv").write_text(f"sample_id,fat,1100,1102\n{name},1,.1,.2\n")
    assert compare(str(tmp_path / "a.csv"), str(tmp_path / "b.csv"), output=tmp_path) == 2
    assert "NAME=FILE" in capsys.readouterr().err


def test_debug_shows_the_traceback(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.csv"):
        compare(str(tmp_path / "none.csv"), "--debug", output=tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("args", [["--help"], ["demo", "--help"], ["compare", "--help"], ["--version"]])
def test_help_in_a_process_of_its_own(args):
    done = subprocess.run([sys.executable, "-m", "skspectral", *args], capture_output=True, text=True, check=True)
    assert "skspectral" in done.stdout


def test_import_is_light_and_leaves_the_configuration_alone():
    code = (
        "import sys, sklearn; before = sklearn.get_config(); import skspectral; assert sklearn.get_config() == before; "
        "print([name for name in ('torch', 'skorch', 'matplotlib', 'ot', 'pooch') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
