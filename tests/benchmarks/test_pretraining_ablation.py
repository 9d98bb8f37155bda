"""The ablation changes one thing at a time, resumes, and reports what its runs have found."""

import csv
import json
import math

import numpy as np
import pytest
import torch

from benchmarks.pretraining import __main__ as benchmark
from benchmarks.pretraining import ablation, ablation_summary
from benchmarks.pretraining.bootstrap import array_of, interval
from benchmarks.pretraining.real_pairs import N_STANDARDS, PairTasks, held_out_pairs
from benchmarks.pretraining.variants import FULL, UNTRAINED, VARIANTS, settings
from skspectral.nn.losses import WEIGHTS
from skspectral.pretraining import Corpus, InstrumentPriors, RealPair, TransferHead
from skspectral.pretraining.config import LOSSES
from skspectral.pretraining.data.pair_references import pair_references
from skspectral.pretraining.head.features import PLAIN_STAGES, plain_features
from tests.pretraining.corpora import write_corpus

pytestmark = pytest.mark.filterwarnings("ignore:leave_out names no data set", "ignore:This corpus lacks the pairs")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_corpus(tmp_path_factory.mktemp("corpus"), pairs=True)


@pytest.fixture
def pair():
    rng = np.random.default_rng(0)
    axis = np.linspace(1000.0, 1600.0, 80)
    bands = np.exp(-0.5 * ((axis - np.array([[1100.0], [1250.0], [1400.0]])) / 60) ** 2)
    concentrations = rng.random((50, 3))
    X = concentrations @ bands
    y = np.c_[concentrations[:, 0], np.full(50, 2.0)]
    return RealPair("feedgrain", X, axis, 1.1 * X[:, 10:] + 0.05, axis[10:], y, np.arange(50))


def test_every_loss_and_every_block_has_a_row():
    removed = {name for variant in VARIANTS.values() if len(variant.losses) == 1 for name in variant.losses}
    assert removed == set(LOSSES)
    changed = {key for name in VARIANTS for key in settings(name, "tiny", 100, 0)[0].model}
    assert changed == {
        "wavelets",
        "wavenumber_encoding",
        "stochastic",
        "n_experts",
        "top_k",
        "d_expert",
        "n_mamba_layers",
        "n_transformer_layers",
    }


@pytest.mark.parametrize("name", [name for name in VARIANTS if name != FULL])
def test_a_variant_differs_from_the_full_training_in_one_thing(name):
    full, fitted = settings(FULL, "small", 100, 3)
    config, priors = settings(name, "small", 100, 3)
    one, other = full.to_dict(), config.to_dict()
    differing = {key for key in one if one[key] != other[key]}
    assert differing <= {"losses", "curriculum", "model"}
    assert (priors != fitted) == name.startswith("priors")
    assert bool(differing) == (name != UNTRAINED and not name.startswith("priors"))
    for progress in (0.0, 0.9):
        weights = config.weights(progress)
        assert {k for k, v in weights.items() if v != full.weights(progress)[k]} == set(VARIANTS[name].losses)
    assert {"feedgrain_*", "drugs_*"} <= set(config.leave_out)


def test_one_dense_expert_is_as_wide_as_those_it_replaces():
    network = settings("no_experts", "tiny", 100, 0)[0].network()
    full = settings(FULL, "tiny", 100, 0)[0].network()
    assert network.n_experts * network.d_expert == full.top_k * full.d_expert


def test_textbook_instruments_do_no_more_than_they_say():
    priors = settings("priors_textbook", "tiny", 100, 0)[1].to_dict()
    assert {name for name, value in priors.items() if value} == {"gain", "offset", "baseline", "noise"}


def test_losses_and_ratios_are_those_of_the_predictions(pair, monkeypatch):
    """With features that are the spectra, the untrained head is what it is compared with."""
    torch.manual_seed(0)
    head = TransferHead(len(PLAIN_STAGES), len(PLAIN_STAGES), d_model=3).eval()
    monkeypatch.setattr(
        "benchmarks.pretraining.real_pairs.spectral_features",
        lambda model, projection, x, axis, regions, domain: plain_features(x, axis, regions),
    )
    tasks = PairTasks(pair, 64, 6, n_splits=4)
    records = tasks(None, head)
    assert len(records) == 4 * len(N_STANDARDS)
    assert {(r["split"], r["n_standards"]) for r in records} == {(s, n) for s in range(4) for n in N_STANDARDS}
    for record in records:
        errors = [math.exp(record[key]) - 0.02 for key in ("loss", "plain_loss")]
        assert record["rmse_ratio"] == pytest.approx(math.sqrt(errors[0] / errors[1]), rel=1e-6)
    # a linear instrument and three constituents: nothing is left to predict but what the ridge takes away
    assert np.mean([r["loss"] for r in records if r["n_standards"] == 10]) < -3
    tasks._plain = [0.0] * len(records)
    assert tasks(None, head)[0]["rmse_ratio"] == pytest.approx(math.sqrt(errors_of(records[0]) / 0.98), rel=1e-4)


def errors_of(record):
    return math.exp(record["loss"]) - 0.02


def test_what_is_predicted_lies_beyond_the_shared_range(pair):
    assert [len(y) for y in pair_references(pair)] == [50]  # the second column is constant
    wide = np.linspace(1000.0, 2000.0, 80)
    unlabelled = RealPair("drugs_K", pair.X_a, wide, pair.X_b, pair.axis_b, None, pair.sample_id)
    found = pair_references(unlabelled)
    assert len(found) == 3
    changed = pair.X_a.copy()
    changed[:, (wide >= unlabelled.overlap[0]) & (wide <= unlabelled.overlap[1])] += 1.0
    again = pair_references(RealPair("drugs_K", changed, wide, pair.X_b, pair.axis_b, None, pair.sample_id))
    np.testing.assert_allclose(found, again)


def test_pairs_that_pretraining_sees_take_no_part(folder):
    assert [pair.name for pair in held_out_pairs(Corpus(folder))] == ["drugs_K"]


def test_a_stopped_ablation_goes_on(tmp_path, monkeypatch):
    done = []

    def train(run, folder, device):
        if run["seed"] == 1 and run["variant"] == "no_ot" and len(done) < 4:
            raise FloatingPointError("not finite")
        done.append((run["variant"], run["seed"]))
        return run | {"parameters": 1, "tasks": []}

    monkeypatch.setattr(ablation, "train_and_judge", train)
    options = {"preset": "tiny", "steps": 3, "seeds": 2, "n_jobs": 1, "device": "cpu", "quiet": True}
    records, failures = ablation.run_all(tmp_path, names=[FULL, "no_ot"], **options)
    assert failures == ["no_ot, seed 1: FloatingPointError: not finite"]
    assert [(r["variant"], r["seed"]) for r in records] == done == [(FULL, 0), ("no_ot", 0), (FULL, 1)]
    assert len((tmp_path / "ablation.jsonl").read_text().splitlines()) == 3
    done.append(None)
    records, failures = ablation.run_all(tmp_path, names=[FULL, "no_ot"], **options)
    assert not failures and len(records) == 4 and done[4:] == [("no_ot", 1)]
    ablation.run_all(tmp_path, names=[FULL], **(options | {"steps": 4, "seeds": 1}))
    assert done[5:] == [(FULL, 0)], "runs of another length have results of their own"


@pytest.mark.slow
def test_a_run_interrupted_within_a_variant_continues(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("SKSPECTRAL_CORPUS", str(folder))
    ablation._corpus.cache_clear()
    run = {"variant": "episodic_only", "seed": 0, "preset": "tiny", "steps": 3}
    whole = ablation.train_and_judge(run, tmp_path / "whole", "cpu")
    from skspectral.pretraining.training.trainer import Trainer

    step = Trainer.step

    def stop(self, number, *arguments):
        if number == 2:
            raise KeyboardInterrupt
        return step(self, number, *arguments)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Trainer, "step", stop)
        ablation.train_and_judge(run, tmp_path / "stopped", "cpu")
    assert ablation.train_and_judge(run, tmp_path / "stopped", "cpu") == whole
    ablation._corpus.cache_clear()


@pytest.mark.slow
def test_the_command_writes_everything(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("SKSPECTRAL_CORPUS", str(folder))
    ablation._corpus.cache_clear()
    arguments = ["ablation", "--out", str(tmp_path), "--steps", "2", "--seeds", "1", "--quiet"]
    arguments += ["--variants", FULL, UNTRAINED, "no_wavelets"]
    assert benchmark.main(arguments) == 0
    rows = list(csv.DictReader((tmp_path / "ablation.csv").open()))
    assert {row["variant"] for row in rows} == {FULL, UNTRAINED, "no_wavelets"}
    assert {row["pair"] for row in rows} == {"drugs_K"}
    summary = json.loads((tmp_path / "ablation.json").read_text())
    assert all(row["loss"][1] <= row["loss"][0] <= row["loss"][2] for row in summary)
    assert "| wavelets |" in (tmp_path / "README.md").read_text()
    assert (tmp_path / "ablation.png").stat().st_size > 5000
    assert not list(tmp_path.glob("runs/*/checkpoints"))
    monkeypatch.setattr(ablation, "train_and_judge", lambda *a: pytest.fail("there is a result already"))
    assert benchmark.main(arguments) == 0
    ablation._corpus.cache_clear()


def task(pair, split, n, loss, ratio):
    return {"pair": pair, "split": split, "n_standards": n, "target": 0, "loss": loss, "rmse_ratio": ratio}


def test_the_summary_is_of_differences_on_equal_tasks():
    rng = np.random.default_rng(0)
    hard = rng.normal(size=(4, 5))
    records = [
        {
            "variant": name,
            "seed": seed,
            "preset": "tiny",
            "steps": 9,
            "tasks": [
                task(pair, split, n, hard[k, split] + extra, 2.0)
                for k, pair in enumerate(("drugs_K", "drugs_T", "drugs_P", "feedgrain"))
                for split in range(5)
                for n in N_STANDARDS
            ],
        }
        for seed in (0, 1)
        for name, extra in ((FULL, 0.0), ("no_ot", 0.25))
    ]
    rows = {(r["variant"], r["pairs"], r["n_standards"]): r for r in ablation_summary.summarise(records)}
    assert rows["no_ot", "all pairs", 5]["difference"] == pytest.approx([0.25] * 3)
    assert "difference" not in rows[FULL, "all pairs", 5]
    assert rows[FULL, "feedgrain", "all"]["loss"][0] == pytest.approx(hard[3].mean())
    assert rows[FULL, "all pairs", 0]["ratio"] == pytest.approx([2.0] * 3)
    low, high = rows[FULL, "all pairs", "all"]["loss"][1:]
    assert high - low > 0.2, "tasks differ, and so do their resampled means"


def test_intervals_are_wide_where_few_things_were_drawn():
    rng = np.random.default_rng(0)
    per_pair = rng.normal(size=(4, 1)) + 0.01 * rng.normal(size=(4, 100))
    value, low, high = interval(per_pair)
    assert low < per_pair.mean() == value < high
    assert high - low > per_pair.mean(1).std(), "a hundred splits of four pairs are four pairs"
    records = [{"a": 0, "b": 1, "v": 2.0}, {"a": 0, "b": 1, "v": 4.0}, {"a": 1, "b": 0, "v": 5.0}]
    np.testing.assert_equal(array_of(records, lambda r: r["v"], "a", "b"), [[np.nan, 3.0], [5.0, np.nan]])


def test_without_a_corpus_it_says_so(monkeypatch, capsys, tmp_path):
    monkeypatch.delenv("SKSPECTRAL_CORPUS", raising=False)
    ablation._corpus.cache_clear()
    arguments = ["ablation", "--out", str(tmp_path), "--seeds", "1", "--variants", UNTRAINED, "--quiet"]
    assert benchmark.main(arguments) == 1
    assert "SKSPECTRAL_CORPUS" in capsys.readouterr().err


def test_weights_cover_what_the_ablation_names():
    assert set(WEIGHTS) | {"episodic"} == set(LOSSES)
    assert InstrumentPriors.fitted() == settings(FULL, "tiny", 10, 0)[1]
