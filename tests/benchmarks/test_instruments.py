"""The test for real and simulated instruments finds no difference where there is none, and finds a crude one."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from benchmarks.instruments import __main__ as benchmark
from benchmarks.instruments import fit, two_sample
from benchmarks.instruments.differences import FAMILIES, DifferenceSet, crude, simulated_sets, simulator
from benchmarks.instruments.statistics import NAMES, band_powers, repeatability, statistics
from skspectral.datasets import make_instruments
from skspectral.pretraining import InstrumentPriors, RealPair, draw_instruments

PRIORS = InstrumentPriors(offset=0.02, gain=0.05)
NAMES_OF_PAIRS = ("drugs_K", "drugs_T", "feedgrain", "usgs_asdfr")


@pytest.fixture(scope="module")
def pairs():
    """Pairs of instruments that are drawn from known priors."""
    result = []
    for seed, name in enumerate(NAMES_OF_PAIRS):
        data = make_instruments(40, 1, n_channels=90, scatter=0.1, random_state=seed)
        clean, axis = torch.from_numpy(data.X).float(), torch.from_numpy(data.wavelengths).float()
        a, b = simulator(PRIORS)(clean, axis, torch.Generator().manual_seed(100 + seed))
        names = np.array([f"s{k}" for k in range(40)])
        result.append(RealPair(name, a.numpy(), data.wavelengths, b.numpy(), data.wavelengths, None, names))
    return result


@pytest.mark.slow
def test_the_classifier_is_blind_to_its_own_kind_and_sees_the_crude_one(pairs, monkeypatch):
    monkeypatch.setattr(two_sample, "N_TREES", 40)
    families = {FAMILIES[name] for name in NAMES_OF_PAIRS}
    own = two_sample.across_pairs(pairs, dict.fromkeys(families, simulator(PRIORS)))
    other = two_sample.across_pairs(pairs, dict.fromkeys(families, crude))
    assert list(own) == list(NAMES_OF_PAIRS)
    assert np.mean(list(own.values())) < 0.68
    assert np.mean(list(other.values())) > 0.75


def test_half_of_the_rows_are_not_more_than_named(pairs):
    curves, real, names = two_sample.labelled(pairs, simulator(PRIORS), 0)
    assert curves.shape == (4 * (40 + 3 * 40), 64)
    for pair in NAMES_OF_PAIRS:
        assert real[names == pair].sum() == 40
        np.testing.assert_allclose(curves[(names == pair) & real].mean(0), 0, atol=1e-6)
        assert np.mean(curves[(names == pair) & real] ** 2) == pytest.approx(1)


@pytest.mark.slow
def test_the_true_priors_are_more_likely_than_wrong_ones(pairs):
    true = fit.mismatch(PRIORS, pairs)
    for changes in ({"noise": 1e-2}, {"drift": 0.2}, {"packing": 0.3}, {"offset": 2.0}):
        assert fit.mismatch(InstrumentPriors(**PRIORS.to_dict() | changes), pairs) > true + 3
    assert fit.mismatch(PRIORS, pairs) == true


def test_the_search_improves_and_changes_only_what_it_fits(pairs, monkeypatch):
    monkeypatch.setattr(fit, "FITTED", {"noise": 1.5, "drift": 1.5})
    found, history = fit.fit(pairs[:2], n_rounds=1)
    assert len(history) == 2 and history[1] <= history[0]
    start = InstrumentPriors().to_dict()
    changed = {name for name, value in found.to_dict().items() if value != start[name]}
    assert changed <= {"noise", "drift"}


def test_statistics_say_what_they_are_named_for():
    rng = np.random.default_rng(0)
    A = rng.random((30, 64))
    shifted = dict(zip(NAMES, statistics(DifferenceSet("drugs_K", np.arange(64.0), A, A + 2 * A.std(0).mean()))))
    assert shifted["mean difference, orders 0-0"] == pytest.approx(np.log10(2), abs=0.05)
    assert shifted["mean difference, orders 3-6"] < -4 and shifted["deviations, orders 3-6"] < -4
    A = A - A.mean(axis=0)
    scaled = dict(zip(NAMES, statistics(DifferenceSet("drugs_K", np.arange(64.0), A, 1.3 * A))))
    assert scaled["share not explained by each spectrum and its slope"] < -5
    noisy = dict(zip(NAMES, statistics(DifferenceSet("drugs_K", np.arange(64.0), A, rng.random((30, 64))))))
    assert noisy["share not explained by each spectrum and its slope"] > -0.4
    assert noisy["deviations, orders 16-63"] > noisy["deviations, orders 1-2"]


def test_band_powers_are_root_mean_squares():
    wave = 0.2 * np.sqrt(2) * np.cos(np.pi * 5 * (np.arange(64) + 0.5) / 64)
    np.testing.assert_allclose(band_powers(wave[None])[0], [-6, -6, np.log10(0.2), -6, -6], atol=1e-6)


def test_repeatability_is_relative_to_the_samples():
    rng = np.random.default_rng(0)
    samples = rng.random((200, 1, 1)) * np.ones((1, 1, 64))
    offsets = 0.1 * samples.std() * rng.standard_normal((200, 50, 1))
    values = repeatability(samples + offsets)
    assert values[0] == pytest.approx(-1, abs=0.02) and values[1] < -4


def test_scores_of_scans_are_small_for_scans_of_the_same_kind(pairs):
    clean, axis = torch.from_numpy(pairs[0].X_a), torch.from_numpy(pairs[0].axis_a).float()
    random = torch.Generator().manual_seed(3)
    instrument = draw_instruments(1, PRIORS, random)
    scans = np.stack([instrument.measure(clean, axis, random).numpy() for _ in range(4)], axis=1)
    pair = replace(pairs[0], scans_a=scans)
    table = benchmark.scan_scores([pair, pairs[1]], dict.fromkeys(FAMILIES.values(), PRIORS))
    assert list(table) == ["drugs_K, instrument a"]
    assert max(abs(value) for value in table["drugs_K, instrument a"].values()) < 3
    noisier = replace(pair, scans_a=scans + 0.05 * np.random.default_rng(0).standard_normal(scans.shape))
    table = benchmark.scan_scores([noisier], dict.fromkeys(FAMILIES.values(), PRIORS))
    assert table["drugs_K, instrument a"]["scans, orders 16-63"] > 4


def test_simulated_sets_have_the_axis_of_the_real_one(pairs):
    common = pairs[0].aligned()[0]
    sets = simulated_sets(pairs[0], crude, 3, torch.Generator().manual_seed(0), 7)
    assert [one.A.shape for one in sets] == [(7, len(common))] * 3
    assert all(np.abs(one.difference).max() > 0 for one in sets)


@pytest.mark.slow
def test_a_run_writes_results_figure_and_priors(pairs, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(benchmark, "Corpus", lambda: type("Found", (), {"real_pairs": lambda self: pairs[1:3]})())
    monkeypatch.setattr(benchmark, "SHIPPED", tmp_path / "shipped.json")
    monkeypatch.setattr(fit, "FITTED", {"noise": 1.5})
    monkeypatch.setattr(two_sample, "N_SETS", 10)
    monkeypatch.setattr(two_sample, "N_COMPONENTS", 2)
    monkeypatch.setattr(two_sample, "N_TREES", 5)
    arguments = ["--rounds", "1", "--seeds", "1", "--output", str(tmp_path), "--ship"]
    assert benchmark.main(arguments) == 0
    result = json.loads((tmp_path / "instruments.json").read_text())
    assert set(result["area under the curve"]) == {"crude", "set by hand", "fitted to the other families"}
    assert (tmp_path / "differences.png").stat().st_size > 10_000
    made = json.loads((tmp_path / "shipped.json").read_text())["made"]
    assert made["fitted_to"] == ["drugs_T: 40 samples"]
    assert "fitted without feedgrain" in capsys.readouterr().out
    assert InstrumentPriors.from_json(tmp_path / "shipped.json").shift == InstrumentPriors().shift


def test_without_a_corpus_it_says_so(monkeypatch, capsys, tmp_path):
    monkeypatch.delenv("SKSPECTRAL_CORPUS", raising=False)
    assert benchmark.main(["--output", str(tmp_path)]) == 1
    assert "SKSPECTRAL_CORPUS" in capsys.readouterr().err
