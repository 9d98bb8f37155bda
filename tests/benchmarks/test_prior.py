"""The script that learns the portfolio's constants: its tasks, and that it learns what is there to be learned."""

import json
import pickle
import sys
from argparse import Namespace

import numpy as np
import pytest

from benchmarks.prior import __main__ as command
from benchmarks.prior import jobs, learn, settings, shares
from benchmarks.prior.collect import collect, collect_settings, members_of
from benchmarks.prior.families import members_by_family, mix_families
from benchmarks.prior.materials import load_materials, load_vibrational
from benchmarks.prior.real_pairs import draw_pair_settings, draw_pair_tasks, load_pairs
from benchmarks.prior.refine import refine
from benchmarks.prior.settings import simulated_setting
from benchmarks.prior.tasks import by_blocks, draw_setting, draw_task
from skspectral.transfer.portfolio._members import FAMILIES, family_members

MEMBERS = tuple(member.name for member in members_of(5))
POSITIONS = members_by_family({"members": MEMBERS, "n_standards": 10, "n_channels": 200})
START = {"shares": {f: [np.log(a), b, c] for f, (a, b, c) in shares.START.items()}} | shares.START_POWERS
RIDGES = [member.name for member in family_members("ridges")]


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
    wavenumbers = np.arange(600.0, 1800.0, 4.0)
    for name, modality in (("pellet", "MIR"), ("powder", "RAMAN")):
        X, amounts = bands(90)
        X = np.vstack([np.interp(wavenumbers, axis - 400, row) for row in X])
        np.savez(
            folder / f"{name}.npz",
            X=X,
            axis=wavenumbers,
            axis_unit="cm-1",
            modality=modality,
            quantity="absorbance" if modality == "MIR" else "intensity",
        )
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


@pytest.mark.slow
def test_a_task_is_collected_for_every_member(corpus):
    (found,) = collect(draw_task(load_materials(corpus), np.random.default_rng(1)), members_of(5))
    assert found["predicted"].shape == (len(MEMBERS), 30)
    assert found["errors"].shape == found["source_errors"].shape == found["gaps"].shape == (len(MEMBERS),)


def test_settings_have_unlabelled_spectra_of_other_samples(corpus):
    setting = draw_setting(load_materials(corpus), np.random.default_rng(2), "like", n_others=12)
    task = setting.task(2, setting.others)
    assert np.isnan(task.y[-len(setting.others) :]).all() and task.sample_id[-1] is None
    assert len(task.X) == len(setting.source) + 2 + len(setting.others)
    found = collect_settings(setting, [(0, "other"), (2, None)], "like")
    assert [(t["n_standards"], t["n_unlabelled"]) for t in found] == [(0, len(setting.others)), (2, 0)]
    assert found[0]["predicted"].shape[0] == len(members_of(0)) < len(MEMBERS)
    ordered = by_blocks(setting, np.random.default_rng(0))
    half = len(setting.y) // 2
    assert ordered.y[:half].max() <= ordered.y[half:].min() or ordered.y[:half].min() >= ordered.y[half:].max()
    pair = np.sort(setting.source[:, 0])
    np.testing.assert_allclose(np.sort(ordered.source[:, 0]), pair)


def test_every_kind_of_spectroscopy_is_drawn(corpus):
    materials = {"NIR": load_materials(corpus)} | {m: load_vibrational(m, corpus) for m in ("MIR", "RAMAN")}
    kinds = set()
    for seed in range(len(settings.KINDS)):
        kind, setting, plan = simulated_setting(materials, seed)
        kinds.add(kind.split()[0])
        assert np.isfinite(setting.target).all() and plan[0][0] == 0
    assert kinds == set(settings.KINDS)


@pytest.mark.slow
def test_mixtures_of_a_task_are_those_of_the_portfolio(corpus):
    """What the constants are learned from is what the estimator does with them."""
    from skspectral import TransferPortfolio
    from skspectral.transfer.portfolio._constants import constants

    task = draw_task(load_materials(corpus), np.random.default_rng(7))
    (found,) = collect(task, members_of(5))
    found |= {"kind": "unlike"}
    mixed = mix_families(found, constants()["log_prior"], constants()["powers"])
    labels = {"instrument": task.instrument, "sample_id": task.sample_id}
    model = TransferPortfolio(wavelengths=task.axis, source="A", target="B").fit(task.X, task.y, **labels)
    shares = mixed._final_shares(constants())
    for family, share in model.family_weights_.items():
        assert shares[family] == pytest.approx(share[0], abs=1e-6)
    w = model.target_weight_[0]
    expected = w * found["expert"] + (1 - w) * mixed.final(constants())
    np.testing.assert_allclose(model.predict(task.X_test)[:, 0], expected, atol=2e-3 * task.y.std())


def test_pairs_of_instruments_share_samples_and_hide_the_reference_range(corpus):
    pairs = load_pairs(corpus)
    assert len(pairs) == 2
    for _, first, second, grid, y in pairs:
        assert first.shape == second.shape == (70, len(grid)) and y.shape == (70, 8)
        assert 1250 < grid[0] < grid[-1] < 1700
    task = next(draw_pair_tasks(pairs, 1))
    assert len(collect(task)) == 8


def test_settings_of_pairs_go_both_ways_and_keep_other_samples(corpus):
    pairs = load_pairs(corpus)
    found = list(draw_pair_settings(pairs, 4))
    assert len(found) == 2 * 2 * 4
    for setting in found:
        assert len(setting.others) > 5 and len(setting.source) == len(setting.target) == len(setting.y)


def made_up(n_tasks, good, seed=0, kind="unlike"):
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
                "kind": kind,
                "members": MEMBERS,
                "material": f"m{i % 6}",
                "measured_references": True,
                "n_standards": 10,
                "n_pairs": 10,
                "n_channels": 200,
                "predicted": y + noise[:, None] * rng.standard_normal(30),
                "measured": y,
                "errors": (held_out**2).mean(axis=1),
                "source_errors": np.full(len(MEMBERS), 0.2),
                "gaps": np.zeros(len(MEMBERS)) + 0.1,
                "held_out": held_out,
                "spread": 1.0,
                "expert": y + (1.0 if i % 3 else 0.01) * rng.standard_normal(30),
                "expert_held_out": (1.0 if i % 3 else 0.01) * rng.standard_normal(10),
                "source_error": 0.2,
                "easier_on_target": 1.0 if i % 3 else -4.0,
            }
        )
    return tasks


def mixtures(tasks):
    even = dict.fromkeys(RIDGES, -np.log(len(RIDGES)))
    powers = {family: {"standards": 0.0, "source": 0.0} for family in FAMILIES}
    return [mix_families(task, even, powers) for task in tasks]


def test_what_is_good_on_all_tasks_gets_the_prior(monkeypatch):
    monkeypatch.setattr(learn, "STEPS", 60)
    monkeypatch.setattr(learn, "PRIOR_PENALTY", 1e-3)
    good = POSITIONS["ridges"][[3, 50, 200]]
    tasks = made_up(40, good) + made_up(12, good, seed=1, kind="real")
    log_prior, powers, report = learn.learn_prior(tasks)
    assert len(log_prior) == learn.MOST_MEMBERS
    assert np.exp(list(log_prior.values())).sum() == pytest.approx(1.0, rel=1e-2)
    before = np.exp(learn._kind_prior().numpy())
    before /= before.sum()
    assert all(np.exp(log_prior[RIDGES[i]]) > 5 * before[i] for i in (3, 50, 200))
    assert set(powers) == {"standards", "source"} and "hedge" in report["chosen"]


def test_powers_favour_members_that_are_right():
    good = POSITIONS["mapped"][:3]
    found, report = learn.learn_powers(made_up(20, good), "mapped")
    assert found["standards"] == max(learn.STANDARD_POWERS)
    assert len(report["held_out"]) == len(learn.STANDARD_POWERS) * len(learn.SOURCE_POWERS)


def test_a_power_is_changed_only_where_the_whole_mixture_is_better_for_it():
    stored = START | {
        "log_prior": dict.fromkeys(RIDGES, -np.log(len(RIDGES))),
        "powers": {family: {"standards": 0.6, "source": 4.0} for family in FAMILIES},
        "alike": {"ratio": 1e-6, "slope": 2.0},
    }
    tasks = made_up(20, np.arange(len(MEMBERS)))
    for task in tasks:
        # of the map's models, those that are bad on the source are good on the target
        wrong = POSITIONS["mapped"][::2]
        task["source_errors"] = np.where(np.isin(np.arange(len(MEMBERS)), wrong), 0.1, 0.2)
        task["predicted"][wrong] += 5.0
    powers, report = refine(tasks, stored)
    changed = {family for family in FAMILIES if powers[family] != stored["powers"][family]}
    assert "mapped" in changed and powers["mapped"]["source"] == 1.0
    assert report["after"] < report["before"] and stored["powers"]["mapped"]["source"] == 4.0
    again, unchanged = refine(tasks, stored | {"powers": powers})
    assert again == powers and unchanged["after"] == unchanged["before"]


def test_shares_are_learned_where_that_holds_on_other_materials(monkeypatch):
    monkeypatch.setattr(shares, "STEPS", 40)
    found, report = shares.learn_shares(mixtures(made_up(30, POSITIONS["fused"])))
    assert report["chosen"].startswith("penalty") and report[report["chosen"]] < report["start"]
    levels = {family: row[0] for family, row in found["shares"].items()}
    assert max(levels, key=levels.get) == "fused"
    assert np.exp(list(levels.values())).sum() == pytest.approx(1.0, abs=0.01)
    assert set(found) == {"shares", "evidence", "early"}


def test_shares_stay_where_materials_contradict_one_another(monkeypatch):
    monkeypatch.setattr(shares, "STEPS", 40)
    monkeypatch.setattr(shares, "PENALTIES", (1e-2,))
    families = ("fused", "mapped", "pooled", "few")
    tasks = []
    for i, family in enumerate(families):
        some = made_up(8, POSITIONS[family], seed=i)
        tasks += [task | {"material": family, "errors": np.ones(len(MEMBERS))} for task in some]
        # what held-out residuals say of families is taken away, too
        tasks[-8:] = [task | {"held_out": np.ones_like(task["held_out"])} for task in tasks[-8:]]
    found, report = shares.learn_shares(mixtures(tasks))
    assert report["chosen"] == "start" and found["evidence"] == pytest.approx(shares.START_POWERS["evidence"])


def test_the_gate_opens_where_the_expert_is_better():
    constants = START | {"alike": {"ratio": 1e-6, "slope": 2.0}}
    found, report = learn.learn_gate(mixtures(made_up(30, [3, 50])), constants)
    assert report["best"] < report["closed"] - 0.05
    assert found["slope"] > 0


def test_equal_instruments_are_told_from_others():
    tasks = made_up(20, POSITIONS["source"])
    for i, task in enumerate(tasks):
        task["gaps"] = np.full(len(MEMBERS), 1e-6 if i % 2 else 10.0)
        task["predicted"] = task["predicted"] if i % 2 else task["predicted"] + 3.0 * (task["gaps"][:, None] > 1)
    found, report = learn.learn_alike(mixtures(tasks), START)
    assert min(report.values()) < report["without"]
    assert 0 < found["ratio"] < 1


def test_the_predictive_variance_is_calibrated():
    constants = START | {
        "alike": {"ratio": 1e-6, "slope": 2.0},
        "gate": {"threshold": -50.0, "slope": 0.0},
    }
    found, report = learn.learn_spread(mixtures(made_up(30, range(len(MEMBERS)))), constants)
    assert report["coverage_90, 10 and more"] == pytest.approx(0.9, abs=0.01)
    assert found["own"] > 0 and found["few"] >= 0


@pytest.mark.slow
def test_the_command_writes_constants_and_resumes(corpus, tmp_path, monkeypatch):
    monkeypatch.setenv("SKSPECTRAL_CORPUS", str(corpus))
    monkeypatch.setattr(learn, "STEPS", 5)
    monkeypatch.setattr(shares, "STEPS", 5)
    monkeypatch.setattr(settings, "load_corpus_pairs", list)
    output, cache = tmp_path / "constants.json", tmp_path / "cache"
    arguments = [
        "prior",
        "--settings",
        "10",
        "--repeats",
        "1",
        "--first",
        "4",
        "--cache",
        str(cache),
        "--output",
        str(output),
        "--quiet",
    ]
    monkeypatch.setattr(sys, "argv", arguments)
    command.main()
    first = json.loads(output.read_text())
    assert set(first["log_prior"]) <= set(RIDGES) and set(first["shares"]) == set(FAMILIES)
    monkeypatch.setattr(jobs, "collect_settings", None)
    command.main()
    assert json.loads(output.read_text()) == first


def test_a_run_that_was_cut_short_is_learned_from(tmp_path, monkeypatch):
    monkeypatch.setattr(command, "real_settings", lambda repeats: [])
    order = [f"sim{i}" for i in np.random.default_rng(0).permutation(6)]
    for name in (*order[:3], order[4]):
        (tmp_path / f"{name}.pkl").write_bytes(pickle.dumps([name]))
    options = {"settings": 6, "repeats": 1, "first": None, "keep_ridges": True, "n_jobs": 1, "quiet": True}
    found = command.collect_all(Namespace(cached_only=True, cache=tmp_path, **options))
    assert found == (sorted(order[:3]), 3)
