"""``skspectral monitor`` as a person runs it: state, exit codes, plots."""

import sys
import warnings
from pathlib import Path

import numpy as np
import pandas
import pytest

from skspectral import MeanShift, TransferredModel
from skspectral.cli import main
from skspectral.datasets import make_instruments
from skspectral.io import SpectraTable
from skspectral.monitoring import CheckLog, CheckSamples


@pytest.fixture
def log(tmp_path):
    """Forty weeks of two properties; protein is off from the 25th week to the 34th."""
    rng = np.random.default_rng(0)
    dates = np.datetime64("2026-01-05") + 7 * np.arange(40)
    checks = CheckLog(tmp_path / "checks.csv")
    for name, sd, drift in (("protein", 0.3, 0.6), ("fat/oil", 0.1, 0.0)):
        reference = rng.normal(12, 1, 40)
        error = rng.normal(0, sd, 40) + np.where((np.arange(40) < 24) | (np.arange(40) > 33), 0, drift)
        samples = [f"S{i}" for i in range(40)]
        checks.append(CheckSamples(dates, reference, reference + error, samples, name))
    return str(checks.path)


def test_in_control(log, capsys):
    assert main(["monitor", log, "--property", "fat/oil", "--sep", "0.1"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("fat/oil: 40 readings judged, 2026-01-05 to 2026-10-05; SEP 0.1 (given)")
    assert said[-1].startswith("In control. Next: ")


def test_alarm_and_plots(log, tmp_path, capsys):
    plot = tmp_path / "chart.png"
    options = ["monitor", log, "--sep", "protein=0.3", "--sep", "fat/oil=0.1", "--plot", str(plot)]
    before = Path(log).read_bytes()
    assert main(options) == 3
    said = capsys.readouterr().out
    assert "chart-protein.png" in said and "chart-fat_oil.png" in said
    *_, advice, how = said.splitlines()
    assert advice.startswith("protein: ALARM: predictions have been off by about +0.") and "--since" in how
    assert all((tmp_path / f"chart-{name}.png").stat().st_size > 10_000 for name in ("protein", "fat_oil"))
    assert Path(log).read_bytes() == before
    assert main(options) == 2
    assert "--force" in capsys.readouterr().err
    assert main([*options, "--force"]) == 3


def test_after_the_alarm_is_answered_watching_starts_anew(log, capsys):
    assert main(["monitor", log, "--property", "protein", "--sep", "0.3", "--since", "2026-08-31"]) == 0
    assert "6 readings judged" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--sep", "x"], "--sep must be a number"),
        (["--plot", "chart.doc"], "written to .png, .svg or .pdf, got chart.doc"),
        (["--date", "2026-03-09"], "--date belongs to the spectra of --add"),
        (["--sep", "sugar=1"], "names 'sugar'; the log has protein, fat/oil"),
        (["--property", "sugar"], "no check sample of 'sugar'"),
        (["--since", "tomorrow"], "'tomorrow' is no date"),
        (["--since", "2030-01-01"], "no check sample since 2030-01-01"),
        (["--since", "2026-09-28"], "20 are needed"),
        (["--sep", "0.3", "--repeatability", "0.5"], "repeatability must come"),
    ],
)
def test_faults_are_named(log, capsys, options, said):
    assert main(["monitor", log, *options]) == 2
    assert said in capsys.readouterr().err


@pytest.fixture
def deployed(tmp_path):
    """A model file, and files of check samples before and after the instrument has changed."""
    data = make_instruments(60, n_channels=60, random_state=0)
    table = SpectraTable(
        data.X, data.wavelengths, quantity="absorbance", instrument=data.instrument, sample_id=data.sample_id,
        y=data.y, properties=["protein"],
    )  # fmt: skip
    model = TransferredModel.fit(table.select(range(75)), source="A", target="B", method=MeanShift())
    model.save(tmp_path / "model.skspectral")
    order = np.argsort(data.y[:60].ravel())
    moved = 0.5 * (data.X[order[-10:]].mean(axis=0) - data.X[order[:10]].mean(axis=0))
    files = []
    for name, rows, change in (("before", range(80, 100), 0.0), ("after", range(100, 120), moved)):
        frame = table.select(rows).to_frame()
        axis = frame.columns[-60:]
        frame[axis] = frame[axis].to_numpy() + change
        files.append(str(tmp_path / f"{name}.csv"))
        frame.to_csv(files[-1], index=False)
    return str(tmp_path / "model.skspectral"), str(tmp_path / "log.csv"), *files


def test_spectra_are_predicted_into_the_log_and_judged_by_the_sep_of_the_model(deployed, capsys):
    model, log, before, after = deployed
    assert main(["monitor", model, log, "--add", before, "--date", "2026-03-09"]) == 0
    said = capsys.readouterr().out
    assert (
        "Added to" in said
        and "20 readings judged, 2026-03-09 to 2026-03-09" in said
        and "from 14 degrees of freedom" in said
    )
    sep = TransferredModel.load(model).records["B"].held_out.sep[0]
    samples = CheckLog(log).read()
    assert len(samples) == 20 and np.abs(samples.error).max() < 5 * sep
    assert main(["monitor", model, log, "--add", after, "--date", "2026-04-09"]) == 3
    assert "since 2026-04-09" in capsys.readouterr().out and len(CheckLog(log).read()) == 40
    assert main(["monitor", model, log]) == 3


def test_a_plot_that_exists_is_refused_before_the_log_grows(deployed, tmp_path, capsys):
    model, log, before, _ = deployed
    (tmp_path / "chart.png").write_text("mine")
    assert main(["monitor", model, log, "--add", before, "--plot", str(tmp_path / "chart.png")]) == 2
    assert "--force" in capsys.readouterr().err
    assert not Path(log).exists() and (tmp_path / "chart.png").read_text() == "mine"


def test_without_matplotlib_the_state_is_told(log, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    assert main(["monitor", log, "--sep", "0.3", "--plot", str(tmp_path / "chart.png")]) == 3
    said = capsys.readouterr()
    assert "ALARM" in said.out and "is not written. Plotting needs matplotlib" in said.err


def test_references_in_a_table_of_their_own(deployed, tmp_path, capsys):
    model, log, before, _ = deployed
    frame = pandas.read_csv(before)
    frame[["sample_id", "protein"]].to_csv(tmp_path / "references.csv", index=False)
    frame.drop(columns="protein").to_csv(tmp_path / "spectra.csv", index=False)
    options = ["--add", str(tmp_path / "spectra.csv"), "--references", str(tmp_path / "references.csv")]
    assert main(["monitor", model, log, *options, "--date", "2026-03-09"]) == 0
    assert "20 readings judged" in capsys.readouterr().out


def test_faults_of_a_model_are_named(deployed, log, capsys):
    model, empty, before, _ = deployed
    assert main(["monitor", empty, "--add", before]) == 2
    assert "needs a model" in capsys.readouterr().err
    assert main(["monitor", model, log]) == 2
    assert "predicts protein, not 'fat/oil'" in capsys.readouterr().err
    assert main(["monitor", log, empty]) == 2
    assert "no model file" in capsys.readouterr().err


def test_a_missing_log(tmp_path, capsys):
    assert main(["monitor", str(tmp_path / "none.csv")]) == 2
    assert "none.csv yet; --add FILE makes it" in capsys.readouterr().err


def test_warnings_are_of_the_log_and_of_no_line_of_code(log, capsys):
    lines = Path(log).read_text().splitlines(keepends=True)
    Path(log).write_text("".join(lines + lines[1:4]))
    with warnings.catch_warnings():
        # the test run keeps warnings to itself; this is how Python shows them
        warnings.showwarning = lambda *said: print(warnings.formatwarning(*said[:4]), end="", file=sys.stderr)
        main(["monitor", str(log)])
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith(f"Warning: {log}, line") and "as 2 more lines do of others and is counted once" in said
