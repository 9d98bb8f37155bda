"""The script that learns the portfolio's constants: its tasks, and that it learns what is there to be learned."""

import json
import sys

import numpy as np
import pytest

from benchmarks.prior import __main__ as command
from benchmarks.prior import learn
from benchmarks.prior.collect import collect, collect_task
from benchmarks.prior.real_pairs import draw_pair_tasks, load_pairs
from benchmarks.prior.tasks import draw_task, load_materials
from skspectral.transfer.portfolio._constants import constants
from skspectral.transfer.portfolio._members import all_members

MEMBERS = [member.name for member in all_members()]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """Files in the form of a corpus: two labelled powders in absorbance, an unlabelled one in percent reflectance."""
    folder = tmp_path_factory.mktemp("corpus")
    rng = np.random.default_rng(0)
    axis = np.arange(1000.0, 1800.0, 4.0)

    def bands(n):
        amounts = rng.uniform(0.2, 1.0, size=(n, 4))
        shapes = np.exp(-0.5 * ((axis - rng.uniform(1000, 1800, size=(4, 1))) / 60.0) ** 2)
        return amounts @ shapes + 1e-3 * rng.standard_normal((n, len(axis))), amounts

    def write(name, X, y=None, names=("protein",), quantity="absorbance", axis=axis):
        extra = {} if y is None else {"y": y, "y_names": np.array(names)}
        np.savez(folder / f"{name}.npz", X=X, axis=axis, axis_unit="nm", modality="NIR", quantity=quantity, **extra)

    for name in ("flour", "soil"):
        X, amounts = bands(120)
        write(name, X, amounts[:, 0])
    write("leaf", 100 * 10 ** -bands(90)[0], quantity="reflectance")
    for one, other, low, high in (
        ("micronir_K", "neospectra_K", 908.0, 2600.0),
        ("micronir_T", "nirone_T", 908.0, 1950.0),
    ):
        wide = np.linspace(low, high, 420)
        X = np.interp(wide, axis, axis)[None] / 1e4 + rng.uniform(0.2, 1.0, (70, 1)) * np.exp(
            -0.5 * ((wide - 1600) / 200) ** 2
        )
        X = X + 0.05 * rng.standard_normal((70, 3)) @ np.sin(np.outer([1, 2, 3], wide / 200))
        ids = np.array([f"p{i}" for i in range(70)])
        for name, part in ((one, wide < 1700), (other, wide > 1250)):
            write(f"drugs_{name}", X[:, part], ids, ("sample_id",), axis=wide[part])
    return folder


def test_materials_are_read_in_absorbance(corpus):
    materials = {name: (X, y) for name, X, _, y in load_materials(corpus)}
    assert {"flour", "soil", "leaf"} <= set(materials)
    assert materials["leaf"][1] is None and materials["flour"][1].shape == (120, 1)
    assert materials["leaf"][0].max() < 5


def test_tasks_are_functions_of_their_seed(corpus):
    materials = load_materials(corpus)
    one, again, other = (draw_task(materials, np.random.default_rng(seed)) for seed in (3, 3, 4))
    np.testing.assert_array_equal(one.X, again.X)
    assert one.X.shape != other.X.shape or not np.allclose(one.X, other.X)
    on_target = one.instrument == "B"
    assert set(one.sample_id[on_target]) <= set(one.sample_id[~on_target])
    assert np.isfinite(one.X).all() and np.isfinite(one.X_test).all() and len(one.X_test) == len(one.y_test) == 30


def test_a_task_is_collected_for_every_member(corpus):
    found = collect_task(load_materials(corpus), 1)
    assert found["predicted"].shape == (len(MEMBERS), 30)
    assert found["errors"].shape == found["source_errors"].shape == (len(MEMBERS),)


def test_pairs_of_instruments_share_samples_and_hide_the_reference_range(corpus):
    pairs = load_pairs(corpus)
    assert len(pairs) == 2
    for _, first, second, grid, y in pairs:
        assert first.shape == second.shape == (70, len(grid)) and y.shape == (70, 8)
        assert 1250 < grid[0] < grid[-1] < 1700
    task = next(draw_pair_tasks(pairs, 1))
    assert len(collect(task)) == 8


def made_up(n_tasks, good, seed=0, measured=True):
    """Tasks in which a few members are right and the others are not."""
    rng = np.random.default_rng(seed)
    noise = np.where(np.isin(np.arange(len(MEMBERS)), good), 0.1, 1.0)
    tasks = []
    for i in range(n_tasks):
        y = rng.standard_normal(30)
        # an error that all members share, since independent ones would average out
        held_out = noise[:, None] * rng.standard_normal(10)
        tasks.append(
            {
                "material": f"m{i % 6}",
                "measured_references": measured,
                "n_standards": 10,
                "predicted": y + noise[:, None] * rng.standard_normal(30),
                "measured": y,
                "errors": (held_out**2).mean(axis=1),
                "source_errors": np.full(len(MEMBERS), 0.2),
                "held_out": held_out,
                "spread": 1.0,
                "expert": y + (1.0 if i % 3 else 0.01) * rng.standard_normal(30),
                "expert_held_out": (1.0 if i % 3 else 0.01) * rng.standard_normal(10),
                "source_error": 0.2,
                "easier_on_target": 1.0 if i % 3 else -4.0,
            }
        )
    return tasks


def test_what_is_good_on_all_tasks_gets_the_prior(monkeypatch):
    monkeypatch.setattr(learn, "STEPS", 60)
    monkeypatch.setattr(learn, "PENALTIES", (1e-3,))
    good = [3, 50, 200]
    log_prior, powers, report = learn.learn_prior(made_up(40, good), made_up(12, good, seed=1))
    assert np.exp(log_prior).sum() == pytest.approx(1.0, rel=1e-3)
    before = np.exp(learn._family_prior().numpy())
    assert (np.exp(log_prior[good]) > 5 * before[good] / before.sum()).all()
    assert set(powers) == {"standards", "source"} and "hedge" in report["chosen"]


def test_the_gate_opens_where_the_expert_is_better():
    tasks = made_up(30, [3, 50])
    log_prior = np.log(np.full(len(MEMBERS), 1 / len(MEMBERS)))
    powers = {"standards": 0.0, "source": 0.0}
    found, report = learn.learn_gate(tasks, log_prior, powers)
    assert report["log_error_open_by_evidence"] < report["log_error_closed"] - 0.05
    assert found["slope"] > 0


def test_the_predictive_variance_is_calibrated():
    tasks = made_up(30, range(len(MEMBERS)))
    log_prior = np.log(np.full(len(MEMBERS), 1 / len(MEMBERS)))
    found, report = learn.learn_spread(
        tasks, log_prior, {"standards": 0.0, "source": 0.0}, {"threshold": -50.0, "slope": 0.0}
    )
    assert report["coverage_90"] == pytest.approx(0.9, abs=0.01)
    assert found["own"] > 0


@pytest.mark.slow
def test_the_command_writes_constants_and_resumes(corpus, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("SKSPECTRAL_CORPUS", str(corpus))
    monkeypatch.setattr(learn, "STEPS", 5)
    monkeypatch.setattr(command, "PAIR_REPEATS", 1)
    output, cache = tmp_path / "constants.json", tmp_path / "cache.pkl"
    arguments = ["prior", "--tasks", "16", "--cache", str(cache), "--output", str(output), "--quiet"]
    monkeypatch.setattr(sys, "argv", arguments)
    command.main()
    first = json.loads(output.read_text())
    assert set(first["log_prior"]) == set(MEMBERS) == set(constants()["log_prior"])
    monkeypatch.setattr(command, "collect_task", None)
    command.main()
    assert json.loads(output.read_text()) == first
