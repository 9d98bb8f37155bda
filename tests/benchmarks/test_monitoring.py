"""The table of the control charts' alarms: made by the command, and what the documentation says of it."""

import json

import numpy as np
import pytest

from benchmarks.monitoring.__main__ import RESULTS, main
from benchmarks.monitoring.spectra import CHANGES, stray
from benchmarks.monitoring.spectra import RESULTS as SPECTRA


def test_stored_figures_are_those_of_theory():
    found = json.loads(RESULTS.read_text())
    for figures in found["stable"].values():
        for name, figure in figures.items():
            if name != "any chart":
                # four standard errors of a mean of exponential run lengths
                wanted = found["run_length_asked_for"]
                assert figure["run_length"] == pytest.approx(wanted, rel=4 / figure["alarms"] ** 0.5)
    new, *controls = found["drift"]
    assert new["alarm_within_10"]["any chart"] < 1.1 * new["theory_without_history"]["best test"] < 0.5
    within = {
        (case["repeatability_in_sep"], case["readings_before"]): case["alarm_within_10"]["bias cusum"]
        for case in controls
    }
    assert within[0.25, 20] > 0.9 and within[0.333, 50] > 0.9 and within[0.2, 20] > 0.95


def test_the_command(tmp_path, capsys):
    assert main(["--runs", "2", "--output", str(tmp_path / "made.json")]) == 0
    made, stored = (json.loads(path.read_text()) for path in (tmp_path / "made.json", RESULTS))
    assert made["stable"].keys() == stored["stable"].keys()
    for case, kept in zip(made["drift"], stored["drift"], strict=True):
        assert case["theory_without_history"] == pytest.approx(kept["theory_without_history"], abs=0.002)
    assert "SEP estimated" in capsys.readouterr().out


def test_the_changes_do_what_they_say():
    axis, rng = np.arange(1000.0, 1100.0), np.random.default_rng(0)
    X = np.tile(0.01 * axis, (3, 1))
    np.testing.assert_allclose(
        CHANGES["axis off by 0.3 nm"](X, axis, rng)[:, :-1], 0.01 * (axis[:-1] + 0.3) * np.ones((3, 1))
    )
    np.testing.assert_allclose(stray(np.array([[0.0, 10.0]]), 0.01), [[0.0, np.log10(101)]], atol=1e-6)


def test_stable_spectra_are_left_alone():
    for name, figures in json.loads(SPECTRA.read_text()).items():
        # one in a hundred is asked for; four standard errors above
        assert figures["none"] <= 0.01 + 4 * (0.01 / figures["groups"]) ** 0.5, name
        assert figures["stray light 1 %"] >= figures["stray light 0.3 %"], name
