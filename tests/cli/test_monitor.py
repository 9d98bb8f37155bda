"""``skspectral monitor`` as a person runs it: state, exit codes, plots."""

from pathlib import Path

import numpy as np
import pytest

from skspectral.cli import main
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
    assert said.splitlines()[-1].startswith("protein: ALARM: predictions have been off by about +0.")
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


def test_a_missing_log(tmp_path, capsys):
    assert main(["monitor", str(tmp_path / "none.csv")]) == 2
    assert "none.csv" in capsys.readouterr().err
