"""The probes measure what they say, see nothing that they must not see, and go on where they stopped."""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge

from benchmarks.pretraining import __main__ as benchmark
from benchmarks.pretraining import few_shot, frozen, networks, probes, regression, report
from benchmarks.pretraining.imputation import Components, choose_imputer, hide, interpolate
from benchmarks.pretraining.instrument_codes import SPECTRA, accuracy, instrument_codes, matched
from benchmarks.pretraining.networks import PRETRAINED
from benchmarks.pretraining.reconstruction import (
    CORPUS_PCA,
    LINEAR,
    OWN_PCA,
    _corpus_spectra,
    _on_channels,
    reconstruction,
)
from benchmarks.pretraining.spectra import assign_folds, show
from skspectral.nn import SpectralFM
from skspectral.pretraining import PretrainingConfig, TransferHead, save_weights
from skspectral.pretraining.head.features import PLAIN_STAGES
from tests.pretraining.corpora import _save, _spectra, write_corpus

LEFT_OUT = PretrainingConfig.load("small").leave_out
CONFIG = PretrainingConfig(preset="tiny", leave_out=LEFT_OUT, n_channels=[64], n_regions=4, n_heads=2)
pytestmark = pytest.mark.filterwarnings("ignore:AutoTransfer")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Three data sets to train on; drugs and feed grain on two instruments each, and meat, to judge by."""
    folder = write_corpus(tmp_path_factory.mktemp("corpus"), pairs=True)
    rng = np.random.default_rng(1)
    meat = rng.random((50, 4))
    nm = np.linspace(1150.0, 2350.0, 80)
    labels = {"y": np.c_[meat[:, 0], np.full(50, np.nan)], "y_names": np.array(["fat", "unknown"])}
    _save(folder, "tecator_meat_nir", _spectra(np.random.default_rng(2), nm, "nm", meat), nm, "nm", "NIR", **labels)
    grain = np.repeat(rng.random((40, 4)), 5, axis=0)
    for name, axis in (("micronir", nm), ("flamenir", nm[5:75])):
        X = _spectra(np.random.default_rng(3), axis, "nm", grain) * rng.uniform(0.9, 1.1) + rng.normal(0, 0.05)
        X = X + 1e-3 * rng.standard_normal(X.shape)
        labels = {"y": grain[:, :1], "y_names": np.array(["protein"])}
        _save(folder, f"feedgrain_{name}_nirs4all", X, axis, "nm", "NIR", **labels)
    return folder


def write_weights(folder, config=CONFIG, seed=0, **metadata):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = SpectralFM(config.network())
        n_stages = len(PLAIN_STAGES) + 2 + config.network().n_mamba_layers + config.network().n_transformer_layers
        head = TransferHead(n_stages, len(PLAIN_STAGES), config.network().d_model, config.n_heads)
        save_weights(folder, model, head, metadata={"config": config.to_dict()} | metadata)
    return str(folder)


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    return write_weights(tmp_path_factory.mktemp("weights") / "run")


@pytest.fixture
def judged(folder, weights, monkeypatch):
    monkeypatch.setenv("SKSPECTRAL_CORPUS", str(folder))
    networks.load.cache_clear()
    yield networks.load(weights, 1, "cpu")
    networks.load.cache_clear()


def low_rank(n, rank=3, n_channels=64, seed=0):
    """Smooth spectra that few components describe."""
    rng = np.random.default_rng(seed)
    place = np.linspace(0, 1, n_channels)
    waves = np.stack([np.cos(np.pi * k * place) for k in range(1, rank + 1)])
    return rng.standard_normal((n, rank)) @ waves + place


def test_components_rebuild_what_they_span():
    X = low_rank(60)
    mask, hidden = hide(10, 64, 16, 0.3, seed=0)
    assert hidden.any(1).all() and not hidden.all(1).any()
    assert (hidden.sum(1) == 16 * mask.sum(1).numpy()).all()
    x = np.where(hidden, np.nan, X[:10])
    np.testing.assert_allclose(Components(X[10:]).fill(x, hidden, 3), X[:10], atol=1e-3)
    mean = Components(X[10:]).fill(x, hidden, 1, noise_factor=1e12)
    np.testing.assert_allclose(mean[hidden], np.broadcast_to(X[10:].mean(0), X[:10].shape)[hidden], atol=1e-2)


def test_settings_of_components_come_from_other_groups():
    X, draw = low_rank(80, rank=2), lambda n: hide(n, 64, 16, 0.3, seed=1)[1]
    X = X + 0.05 * np.random.default_rng(0).standard_normal(X.shape)
    fill = choose_imputer(X[:60], np.arange(60), draw)
    hidden = hide(20, 64, 16, 0.3, seed=5)[1]
    error = np.sqrt(np.mean((fill(np.where(hidden, np.nan, X[60:]), hidden) - X[60:])[hidden] ** 2))
    assert error < 0.1


def test_interpolation_is_straight_and_ends_are_level():
    x = np.array([[0.0, 1.0, np.nan, np.nan, 7.0, np.nan]])
    np.testing.assert_allclose(interpolate(x, np.isnan(x)), [[0, 1, 3, 5, 7, 7]])


class Zeros(torch.nn.Module):
    """Rebuilds nothing but zeros."""

    def __init__(self, config):
        super().__init__()
        self.config = config

    def forward(self, x, axis, unit, domain, patch_mask=None):
        assert patch_mask is not None and patch_mask.any(1).all()
        return x

    def reconstruct(self, x):
        return torch.zeros(len(x), x.shape[1] // 16, 16)


def test_reconstruction_errors_are_those_of_the_hidden_channels(judged):
    zeros = replace(judged, networks={"zeros": Zeros(judged.config.network())})
    results = {row["method"]: row["rmse"] for row in reconstruction(zeros, "tecator_meat_nir")}
    assert set(results) == {"zeros", LINEAR, OWN_PCA, CORPUS_PCA}
    assert 0.5 < results["zeros"] < 2, "standardised spectra have mean square one"
    assert results[OWN_PCA] < 0.2 * results["zeros"]
    again = {row["method"]: row["rmse"] for row in reconstruction(zeros, "tecator_meat_nir")}
    assert again == results


def test_spectra_of_the_corpus_are_those_that_training_saw_on_the_same_channels(judged):
    meat = judged.corpus["tecator_meat_nir"]
    wavenumbers = show(meat, np.arange(1), 64).wavenumbers
    X, sets = _corpus_spectra(judged, meat, wavenumbers)
    assert len(X) == 120 and np.bincount(sets).tolist() == [60, 60], "flour and oil; polymer is infrared"
    flour = judged.corpus["flour"]
    rows = np.random.default_rng(0).permutation(flour.rows("train"))[:60]
    expected = np.stack([np.interp(1e7 / wavenumbers.numpy(), flour.axis, x) for x in flour.X[rows]])
    for mine, theirs in zip(X, expected):
        assert np.corrcoef(mine, theirs)[0, 1] > 0.99
    blind = replace(judged, sees=lambda name: name == "flour")
    assert _corpus_spectra(blind, meat, wavenumbers) is None


def test_channels_beyond_an_axis_are_level():
    axis = np.linspace(1000.0, 2000.0, 101)
    spectra = _on_channels(axis[None] / 1000, axis, np.array([900.0, 1200.0, 1500.0, 1800.0, 2100.0]))
    np.testing.assert_allclose(spectra, [[1.2, 1.2, 1.5, 1.8, 1.8]], rtol=1e-6)


def test_the_network_does_not_see_what_it_rebuilds(judged):
    """Changing the hidden channels before the network sees them changes no prediction."""
    seen = []
    shown = show(judged.corpus["tecator_meat_nir"], np.arange(5), 64)
    mask, hidden = hide(5, 64, 16, 0.3, seed=0)
    for change in (0.0, 3.0):
        shown.x = shown.x + change * torch.from_numpy(hidden)
        with torch.inference_mode():
            seen.append(judged.networks[PRETRAINED].reconstruct(shown.encode(judged.networks[PRETRAINED], "cpu", mask)))
    assert torch.equal(*seen)


def test_ridge_is_the_ridge_of_textbooks_and_keeps_samples_together():
    rng = np.random.default_rng(0)
    X, X_test = rng.standard_normal((30, 6)), rng.standard_normal((5, 6))
    y = X @ rng.standard_normal(6) + 0.1 * rng.standard_normal(30)
    path = regression._path(X @ X.T, y, X_test @ X.T)
    centred = X - X.mean(0)
    for number in (4, 12):
        strength = regression.ALPHAS[number] * 30 * np.trace(centred @ centred.T) / 30
        np.testing.assert_allclose(path[:, number], Ridge(alpha=strength).fit(X, y).predict(X_test), rtol=1e-6)
    samples = np.repeat(np.arange(10), 3)
    folds = assign_folds(samples, 4)
    assert all(len(set(folds[samples == s])) == 1 for s in range(10)) and set(folds) == {0, 1, 2, 3}
    prediction, error = regression.ridge([X, 100 * X[:, :2]], y, samples, [X_test, 100 * X_test[:, :2]])
    truth = X_test @ np.linalg.lstsq(X, y, rcond=None)[0]
    assert np.sqrt(np.mean((prediction - truth) ** 2)) < 0.2 and 0.05 < error < 0.4


def test_features_that_hold_the_reference_win_and_noise_does_not(judged, monkeypatch):
    y = judged.corpus["tecator_meat_nir"].labels[:, 0]
    noise = np.random.default_rng(0).standard_normal((50, 3))
    monkeypatch.setattr(frozen, "stages", lambda j, model, m, rows: {"noise": noise[rows], "known": y[rows, None]})
    rows = frozen.frozen(judged, "tecator_meat_nir")
    found = {(row["network"], row["method"]): row["rmsecv"] for row in rows}
    assert {row["property"] for row in rows} == {"fat"}, "a property without references is left out"
    assert found[PRETRAINED, "known"] < 1e-3 and found[PRETRAINED, frozen.CHOSEN] < 1e-3
    assert found[PRETRAINED, "noise"] > 0.8 * rows[0]["sd"]
    assert found["", frozen.PLS] < 0.2 * rows[0]["sd"]


def test_stages_are_those_of_the_network(judged):
    found = frozen.stages(judged, judged.networks[PRETRAINED], judged.corpus["flour"], np.arange(7))
    assert list(found) == ["embedding", "mamba_1", "mamba_2", "experts", "transformer_1"]
    assert {F.shape for F in found.values()} == {(7, 4 * 24)}


def test_instruments_are_named_where_codes_tell_them_apart():
    rng = np.random.default_rng(0)
    first = rng.standard_normal((60, 5))
    assert accuracy([first, first + 4]) == 1.0
    assert accuracy([first, first.copy()]) < 0.6
    assert accuracy([rng.standard_normal((60, 5)) for _ in range(4)]) < 0.45
    assert matched(first, 3 + 2 * first) == 1.0
    assert matched(first, rng.standard_normal((60, 5))) < 0.2


def test_codes_of_real_and_simulated_instruments(judged):
    for name, chance in (("feedgrain", 1 / 2), ("simulated: tecator_meat_nir", 1 / 8)):
        rows = instrument_codes(judged, name)
        assert [(row["network"], row["code"]) for row in rows[:3]] == [
            ("", SPECTRA),
            (PRETRAINED, "z_chem"),
            (PRETRAINED, "z_inst"),
        ]
        assert {row["chance"] for row in rows} == {chance}
        assert rows[1]["dimensions"] == 16 and rows[2]["dimensions"] == 8


def test_few_shot_methods_meet_the_same_tasks(judged, monkeypatch):
    monkeypatch.setattr(few_shot, "N_SPLITS", 2)
    rows = few_shot.few_shot(judged, "feedgrain")
    places = {}
    for row in rows:
        places.setdefault((row["split"], row["n_standards"]), []).append(row["method"])
    assert len(places) == 2 * 3
    expected = {PRETRAINED, "random 0", few_shot.NO_NETWORK, few_shot.AUTO, few_shot.MEAN_SHIFT}
    assert all(set(methods) == expected and len(methods) == 5 for methods in places.values())
    good = [row["rmsep"] for row in rows if row["method"] == few_shot.AUTO and row["n_standards"] == 10]
    assert max(good) < 0.15, "a gain and an offset are nothing to learn for ten standards"


@pytest.mark.parametrize("n_standards", [0, 5])
def test_references_of_test_samples_are_not_used(n_standards):
    rng = np.random.default_rng(0)
    A = low_rank(40)
    y = A[:, 3] + 0.01 * rng.standard_normal(40)
    train, test = np.arange(30), np.arange(30, 40)
    garbage = np.where(np.arange(40) < 30, y, 1e6)
    predictions = [
        few_shot._transferred(few_shot.MeanShift(source="A", target="B"), A, A + 0.1, train, test, known, n_standards)
        for known in (y, garbage)
    ]
    np.testing.assert_array_equal(*predictions)


def test_what_training_saw_is_told_from_what_it_did_not(judged, folder, tmp_path):
    assert set(networks.probe_sets(judged.corpus)) == {
        "drugs_micronir_K",
        "drugs_neospectra_K",
        "feedgrain_flamenir_nirs4all",
        "feedgrain_micronir_nirs4all",
        "tecator_meat_nir",
    }
    for name, unseen in (("feedgrain", True), ("simulated: tecator_meat_nir", True), ("flour", False)):
        assert probes._is_unseen(judged, name) == unseen
    assert probes._is_unseen(replace(judged, sees=lambda name: name == "drugs_neospectra_K"), "drugs_K") is False
    networks.load.cache_clear()
    curious = networks.load(write_weights(tmp_path / "w", replace(CONFIG, leave_out=(), domains=("NIR",))), 0, "cpu")
    assert curious.sees("tecator_meat_nir") and not curious.sees("polymer")
    assert curious.identity != networks.load(write_weights(tmp_path / "v", seed=1), 0, "cpu").identity


def test_weights_without_a_record_are_taken_for_those_of_the_small_settings(judged, tmp_path):
    save_weights(tmp_path / "w", SpectralFM(CONFIG.network()))
    networks.load.cache_clear()
    with pytest.warns(UserWarning, match="do not say"):
        found = networks.load(str(tmp_path / "w"), 0, "cpu")
    assert not found.heads and not found.sees("tecator_meat_nir") and found.sees("flour")
    assert probes._data_sets(found, "transfer") == []


def test_a_stopped_run_goes_on(judged, weights, tmp_path, monkeypatch):
    done = []

    def probe(judged, name):
        if name == "feedgrain_flamenir_nirs4all" and len(done) < 3:
            raise KeyboardInterrupt
        done.append(name)
        return [{"method": PRETRAINED, "rmse": 1.0}]

    monkeypatch.setattr(probes, "PROBES", {"reconstruction": probe})
    options = {"n_random": 1, "names": ["reconstruction"], "n_jobs": 1, "device": "cpu", "quiet": True}
    with pytest.raises(KeyboardInterrupt):
        probes.run_all(tmp_path, weights=weights, **options)
    assert done == ["drugs_micronir_K", "drugs_neospectra_K"]
    done.append("again")
    records = probes.run_all(tmp_path, weights=weights, **options)
    assert done[3:] == ["feedgrain_flamenir_nirs4all", "feedgrain_micronir_nirs4all", "tecator_meat_nir"]
    assert [record["name"] for record in records] == done[:2] + done[3:]
    assert {record["source"] for record in records} == {"a folder"}
    networks.load.cache_clear()
    probes.run_all(tmp_path, weights=write_weights(tmp_path / "others", seed=5), **options)
    assert len(done) == 6 + 5, "other weights have results of their own"


@pytest.mark.slow
def test_the_command_writes_everything(judged, weights, tmp_path, monkeypatch):
    monkeypatch.setattr(few_shot, "N_SPLITS", 2)
    arguments = ["probes", "--weights", weights, "--out", str(tmp_path), "--n-random", "1", "--quiet"]
    assert benchmark.main(arguments) == 0
    page = (tmp_path / "README.md").read_text()
    for probe in probes.PROBES:
        assert list(csv.DictReader((tmp_path / f"{probe}.csv").open()))
        assert (tmp_path / f"{probe}.png").stat().st_size > 5000
        assert f"![{probe}]({probe}.png)" in page
    assert report.NOT_UNSEEN not in page and str(tmp_path) not in page
    monkeypatch.setattr(probes, "_probe", lambda *a: pytest.fail("there is a result already"))
    assert benchmark.main(arguments) == 0
    assert (tmp_path / "README.md").read_text() == page
    summary = json.loads((tmp_path / "probes.json").read_text())
    by_hand = [r for r in csv.DictReader((tmp_path / "reconstruction.csv").open()) if r["method"] == PRETRAINED]
    row = next(row for row in summary["reconstruction"] if row["method"] == PRETRAINED)
    assert row["rmse"][0] == pytest.approx(np.median([float(r["rmse"]) for r in by_hand]), rel=1e-5)
    assert row["ratio"] == [1.0, 1.0, 1.0]


def test_missing_weights_are_an_error(judged, tmp_path, capsys):
    networks.load.cache_clear()
    assert benchmark.main(["probes", "--weights", "no-such-weights", "--out", str(tmp_path), "--quiet"]) == 1
    assert "no-such-weights" in capsys.readouterr().err
