"""Results files of the evaluation protocol: a stopped run goes on, and nothing is mixed."""

from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import pytest

from benchmarks.accuracy import __main__ as command
from benchmarks.accuracy import archive, methods
from benchmarks.accuracy.data import SIMULATED, load_pair
from benchmarks.accuracy.fingerprints import DATA_OF_FIRST_VERSION, data_hash, inputs_hash
from benchmarks.accuracy.methods import METHODS, PREPROCESSING, make_pipeline, settings_hash
from skspectral import LinearCalibration, MeanShift
from skspectral.exceptions import DatasetUnavailableError


def test_quick_run_writes_one_row_per_unit_and_property(protocol_run, finished):
    rows = protocol_run.read(finished / "simulated.csv")
    assert len(rows) == 2 * (len(protocol_run.methods) + 3) * 2
    assert {(row["method"], row["n_standards"]) for row in rows} == {
        ("SourceOnly", "0"),
        ("SourceOnly", "unlabelled-other"),
        ("MeanShift", "unlabelled-other"),
        ("MeanShift", "unlabelled"),
        ("MeanShift", "5"),
        ("TargetOnly", "5"),
        ("native", "all"),
    }
    assert all(np.isfinite(float(row[name])) for row in rows for name in ("rmsep", "r2", "rpd", "sse", "fit_seconds"))
    assert {row["settings"] for row in rows if row["method"] == "native"} == {inputs_hash("native", "simulated")}
    predictions = pd.read_csv(finished / "simulated_predictions.csv")
    columns = ["method", "property", "repeat", "n_standards"]
    for key, part in predictions.astype({"repeat": str}).groupby(columns):
        row = next(row for row in rows if tuple(row[name] for name in columns) == key)
        error = part["predicted"] - part["measured"]
        assert float(row["rmsep"]) == pytest.approx(np.sqrt((error**2).mean()), rel=1e-4)


def cut(path, share):
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])


def test_changed_settings_are_computed_anew_where_asked_for(protocol_run, finished, tmp_path):
    for path in finished.glob("*.csv"):
        content = path.read_text().replace(inputs_hash("MeanShift", "simulated"), "2-000000")
        (tmp_path / path.name).write_text(content)
    assert protocol_run.run(tmp_path, "--no-figures") == 1
    assert protocol_run.run(tmp_path, "--no-figures", "--replace-changed", methods=["MeanShift"]) == 0

    def rows(folder):
        return sorted(map(str, protocol_run.without_seconds(folder / "simulated.csv")))

    assert rows(tmp_path) == rows(finished)


@pytest.mark.parametrize("share", [0.0, 0.37, 0.999])
@pytest.mark.parametrize("name", ["simulated.csv", "simulated_predictions.csv"])
def test_a_killed_run_goes_on_to_the_same_files(protocol_run, finished, tmp_path, name, share):
    for path in finished.glob("*.csv"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    cut(tmp_path / name, share)
    if name == "simulated_predictions.csv":
        # results are written last: with lost predictions the results of the unit are not there yet
        cut(tmp_path / "simulated.csv", 0.0)
    assert protocol_run.run(tmp_path, "--no-figures") == 0
    for path in finished.glob("simulated*.csv"):
        if path.name != "simulated_summary.csv":
            assert protocol_run.without_seconds(tmp_path / path.name) == protocol_run.without_seconds(path), path.name


def test_a_finished_run_computes_nothing(protocol_run, finished, tmp_path, monkeypatch):
    for path in finished.glob("*.csv"):
        (tmp_path / path.name).write_bytes(path.read_bytes())

    def refuse(job):
        raise AssertionError(f"{job} was computed again")

    monkeypatch.setattr(command, "run_job", refuse)
    assert protocol_run.run(tmp_path, "--no-figures") == 0
    assert (tmp_path / "simulated.csv").read_bytes() == (finished / "simulated.csv").read_bytes()


def test_methods_may_be_added_later(protocol_run, finished, tmp_path):
    assert protocol_run.run(tmp_path, "--no-figures", methods=["MeanShift"]) == 0
    assert protocol_run.run(tmp_path, "--no-figures") == 0
    key = ("repeat", "method", "property")
    both = [
        sorted(protocol_run.without_seconds(folder / "simulated.csv"), key=lambda row: [row[name] for name in key])
        for folder in (tmp_path, finished)
    ]
    assert both[0] == both[1]


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_workers_do_not_change_the_results(protocol_run, finished, tmp_path, backend):
    assert protocol_run.run(tmp_path, "--no-figures", "--n-jobs", "2", "--backend", backend) == 0
    for name in ("simulated.csv", "simulated_predictions.csv", "simulated_splits.csv"):
        assert protocol_run.without_seconds(tmp_path / name) == protocol_run.without_seconds(finished / name)


def test_results_of_other_settings_are_not_mixed(protocol_run, finished, tmp_path, capsys):
    content = (finished / "simulated.csv").read_text()
    changed = content.replace(inputs_hash("MeanShift", "simulated"), "2-000000")
    assert changed != content
    (tmp_path / "simulated.csv").write_text(changed)
    assert protocol_run.run(tmp_path, "--no-figures") == 1
    assert "MeanShift with other settings" in capsys.readouterr().err
    assert (tmp_path / "simulated.csv").read_text() == changed
    (tmp_path / "simulated.csv").write_text("a,b\n1,2\n")
    assert protocol_run.run(tmp_path, "--no-figures") == 1
    assert "--output" in capsys.readouterr().err


FINGERPRINTS = [settings_hash, partial(inputs_hash, dataset="simulated")]


@pytest.mark.parametrize("fingerprint", FINGERPRINTS)
def test_a_parameter_that_came_later_leaves_results_valid(monkeypatch, fingerprint):
    before = fingerprint("MeanShift")
    monkeypatch.setitem(methods.LATER, "window", (15,))
    without = fingerprint("MeanShift")
    assert without != before
    monkeypatch.setitem(methods.LATER, "window", (17,))
    assert fingerprint("MeanShift") == before


@pytest.mark.parametrize("fingerprint", FINGERPRINTS)
def test_fingerprints_follow_the_parameters(monkeypatch, fingerprint):
    # what is never computed again needs none of its own
    before = {method: fingerprint(method) for method in METHODS if not METHODS[method].kept}
    # a method that sees the target alone is the same on any axis
    assert before.pop("TargetOnly-native") == before["TargetOnly"]
    assert len(set(before.values())) == len(before)
    monkeypatch.setitem(METHODS, "DS", replace(METHODS["DS"], make=METHODS["DS-identity"].make))
    assert fingerprint("DS") != before["DS"]
    monkeypatch.setitem(PREPROCESSING, "SG1", (PREPROCESSING["SG1"][0].__class__(17, polyorder=2, deriv=1),))
    assert fingerprint("PDS") != before["PDS"]
    assert make_pipeline("PDS", "SG1", "A", "B").named_steps["SavitzkyGolay"].window == 17


@pytest.fixture
def other_data(monkeypatch):
    """What is simulated is made with another seed from here on."""
    monkeypatch.setitem(SIMULATED, "random_state", 2)
    data_hash.cache_clear()
    yield
    data_hash.cache_clear()


def test_results_of_other_data_are_never_continued(protocol_run, finished, tmp_path, capsys, other_data):
    (tmp_path / "simulated.csv").write_bytes((finished / "simulated.csv").read_bytes())
    assert protocol_run.run(tmp_path, "--no-figures") == 1
    assert "of other data" in capsys.readouterr().err


def first_version(path):
    """A file of results as it was written when the fingerprint named the settings alone."""
    rows = path.read_text()
    for method in METHODS:
        rows = rows.replace(inputs_hash(method, "simulated"), settings_hash(method, "simulated"))
    assert "2-" not in rows
    return rows


def test_results_of_the_first_version_are_continued_on_the_same_data(protocol_run, finished, tmp_path, monkeypatch):
    for path in finished.glob("*.csv"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "simulated.csv").write_text(first_version(finished / "simulated.csv"))
    monkeypatch.setattr(command, "run_job", lambda job: pytest.fail(f"{job} was computed again"))
    assert protocol_run.run(tmp_path, "--no-figures") == 0


def test_results_of_the_first_version_are_not_of_other_data(protocol_run, finished, tmp_path, capsys, monkeypatch):
    (tmp_path / "simulated.csv").write_text(first_version(finished / "simulated.csv"))
    monkeypatch.setitem(DATA_OF_FIRST_VERSION, "simulated", "00000000")
    assert protocol_run.run(tmp_path, "--no-figures") == 1
    assert "of other data" in capsys.readouterr().err


def test_a_coefficient_deep_inside_counts(monkeypatch):
    coef = np.ones(2000)
    make = partial(MeanShift, LinearCalibration(coef, 0.0))
    monkeypatch.setitem(METHODS, "MeanShift", replace(METHODS["MeanShift"], make=make))
    before = inputs_hash("MeanShift", "simulated")
    coef[1000] = 1.5
    assert inputs_hash("MeanShift", "simulated") != before


def test_missing_data_are_named(tmp_path, monkeypatch, capsys):
    def unavailable(dataset):
        raise DatasetUnavailableError("no corn here")

    monkeypatch.setattr("benchmarks.accuracy.data.load", unavailable)
    load_pair.cache_clear()
    assert command.main(["--quick", "--datasets", "corn", "--output", str(tmp_path), "--quiet"]) == 1
    assert "no corn here" in capsys.readouterr().err


@pytest.mark.slow
def test_quiet_prints_nothing_and_the_bar_counts_splits(protocol_run, tmp_path, capfd):
    assert protocol_run.run(tmp_path / "quiet", "--no-figures") == 0
    captured = capfd.readouterr()
    assert captured.out == captured.err == ""
    arguments = ["--quick", "--datasets", "simulated", "--output", str(tmp_path / "loud")]
    arguments += ["--methods", *protocol_run.methods]
    assert command.main([*arguments, "--no-figures"]) == 0
    captured = capfd.readouterr()
    assert "2/2" in captured.err and "simulated_tables.md" in captured.out


def test_parts_of_a_run_add_up_to_the_whole(protocol_run, finished, tmp_path):
    assert protocol_run.run(tmp_path, "--no-report", "--minutes", "0") == 0
    assert not list(tmp_path.glob("*.csv"))
    assert (
        protocol_run.run(tmp_path, "--no-report", "--standards", "5", "--source-networks", str(tmp_path / "kept")) == 0
    )
    assert not (tmp_path / "simulated_tables.md").exists()
    assert protocol_run.run(tmp_path, "--no-figures") == 0
    key = ("repeat", "method", "n_standards", "property")
    parts, whole = (
        sorted(protocol_run.without_seconds(folder / "simulated.csv"), key=lambda row: [row[name] for name in key])
        for folder in (tmp_path, finished)
    )
    assert parts == whole


def test_results_of_two_machines_are_merged(protocol_run, finished, tmp_path, capsys):
    here, there = tmp_path / "here", tmp_path / "there"
    assert protocol_run.run(here, "--no-report", methods=["SourceOnly", "MeanShift"]) == 0
    assert protocol_run.run(there, "--no-report", methods=["TargetOnly", "native"]) == 0
    merge = ["--merge", str(there), "--report-only", "--no-figures"]
    assert protocol_run.run(here, *merge) == 0
    rows = protocol_run.without_seconds(here / "simulated.csv")
    whole = protocol_run.without_seconds(finished / "simulated.csv")
    assert sorted(map(str, rows)) == sorted(map(str, whole))
    assert protocol_run.run(here, *merge) == 0
    assert len(protocol_run.read(here / "simulated.csv")) == len(whole)
    path = there / "simulated_splits.csv"
    path.write_text(path.read_text().replace("5: ", "5: nobody "))
    assert protocol_run.run(here, *merge) == 1
    assert "other samples in the split simulated A B" in capsys.readouterr().err


def test_a_run_goes_on_from_what_is_packed(protocol_run, finished, tmp_path):
    for path in finished.glob("*.csv"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    archive.pack(tmp_path, "simulated")
    (tmp_path / "simulated.csv").unlink()
    assert protocol_run.run(tmp_path, "--no-report", methods=[*protocol_run.methods, "SBC"]) == 0
    rows = protocol_run.read(tmp_path / "simulated.csv")
    whole = protocol_run.read(finished / "simulated.csv")
    assert rows[: len(whole)] == whole and {row["method"] for row in rows[len(whole) :]} == {"SBC"}
