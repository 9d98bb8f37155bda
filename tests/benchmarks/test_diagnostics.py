"""The benchmark of wrong pairs runs, counts what it plants, and is reproducible."""

import json

import numpy as np
import pytest

from benchmarks.diagnostics import __main__ as benchmark


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(benchmark, "N_SIMULATED", 4)
    monkeypatch.setitem(benchmark.REPEATS, "simulated", 1)


def test_results_are_written_and_the_same_again(tmp_path, capsys):
    for name in ("first", "second"):
        code = benchmark.main(["--datasets", "simulated", "--standards", "8", "--output", str(tmp_path / name)])
        assert code == 0
    first, second = (json.loads((tmp_path / name / "simulated.json").read_text()) for name in ("first", "second"))
    assert first == second and first[0]["n_trials"] == 4 and first[0]["n_standards"] == 8
    assert set(first[0]["all"]) >= {"clean: swap", "swap: found", "noise: found"}
    assert "simulated 8 standards, 4 trials" in capsys.readouterr().out


@pytest.mark.parametrize("fault", benchmark.FAULTS)
def test_faults_are_where_they_are_said_to_be(fault):
    rng = np.random.default_rng(0)
    target = rng.standard_normal((20, 30))
    standards = np.arange(5, 12)
    spectra, at = benchmark.spoil(fault, target, standards, rng)
    changed = np.flatnonzero((spectra != target[standards]).any(axis=1))
    assert changed.tolist() == at and len(at) == (2 if fault == "swap" else 1)
