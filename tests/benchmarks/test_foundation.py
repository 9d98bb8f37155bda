"""The foundation model's benchmark: constants that fit the errors, files that go on, tables that say what they hold."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.accuracy.store import SettingsChangedError
from benchmarks.foundation import mixture, native_tasks, parts
from benchmarks.foundation.mixture import errors, learn, report
from benchmarks.foundation.report import write_report
from benchmarks.foundation.twin import compare, twin_table
from benchmarks.prior.tasks import Task
from skspectral import SpectralFMTransfer
from skspectral.datasets import make_instruments


def records(rng, kind, n, network_sd, n_standards=10):
    """Tasks on which portfolio errors have unit variance and independent network errors the given one."""
    for number in range(n):
        wrong = rng.standard_normal((2, 400)) * [[1.0], [network_sd]]
        names = ("portfolio", "network")
        held_out = {name: w[:n_standards].tolist() if n_standards else [None] for name, w in zip(names, wrong)}
        yield {
            "kind": kind,
            "setting": number,
            "material": f"m{number % 5}",
            "standards": n_standards,
            "network": "pretrained",
            "properties": [{"held_out": held_out, "products": (wrong @ wrong.T / 400).tolist()}],
        }


@pytest.fixture
def coarse(monkeypatch):
    """A grid with few settings."""
    for name, values in {"POWERS": (0.0, 0.4), "HALVES": (20,), "BOOTSTRAPS": 20}.items():
        monkeypatch.setattr(mixture, name, values)


@pytest.mark.parametrize("network_sd, best", [(1.0, 0.5), (1.5, 0.3), (2.0, 0.2)])
def test_learned_constants_are_the_best_weights(coarse, network_sd, best):
    rng = np.random.default_rng(0)
    lines = [*records(rng, "one", 30, network_sd), *records(rng, "one", 30, network_sd, 0)]
    constants = learn(lines)
    without = constants["without_standards"]
    assert without["network"] / (without["network"] + without["portfolio"]) == pytest.approx(best, abs=0.1)
    rows = {row["standards"]: row for row in report(lines, constants)}
    for row in rows.values():
        assert row["mixture"] < min(1.0, row["network"])
        assert row["mixture"] == pytest.approx(1 / np.sqrt(1 + network_sd**-2), abs=0.03)
        assert row["portfolio weight"] == pytest.approx(1 - best, abs=0.15)
    assert set(rows) == {0, 10}


def test_what_predictions_say_without_standards_is_learned(coarse):
    """Where an expert errs, its predictions vary more: the one that does is left out, whichever it is."""
    rng = np.random.default_rng(0)
    lines = [*records(rng, "one", 40, 1.0, 0), *records(rng, "one", 40, 1.0)]
    for number, line in enumerate(lines[:40]):
        (values,) = line["properties"]
        scale = np.array([3.0, 1.0] if number % 2 else [1.0, 3.0])
        values["products"] = (np.array(values["products"]) * np.outer(scale, scale)).tolist()
        values["said"] = dict(zip(("portfolio", "network"), scale.tolist()))
    constants = learn(lines)
    assert constants["excess"]["power"] > 0.4
    (row,) = [row for row in report(lines, constants) if not row["standards"]]
    blind = constants | {"excess": {"power": 0.0, "floor": 0.4}}
    (unheard,) = [row for row in report(lines, blind) if not row["standards"]]
    assert row["mixture"] < 0.85 * unheard["mixture"]


def test_the_search_scores_what_the_model_would_do():
    rng = np.random.default_rng(0)
    prior = dict(zip(mixture.EXPERTS, (0.6, 0.2, 0.2)))
    constants = {"prior": prior, "without_standards": prior, "power": 0.3, "half": 20}
    constants["excess"] = {"power": 3.0, "floor": 0.2}
    cases = mixture.to_cases(records(rng, "one", 20, 1.3))
    expected = [case.log_ratio(case.weights(constants)) for case in cases]
    np.testing.assert_allclose(mixture.Table(cases).score((0.6, 0.2, 0.2), 0.3, 20), expected)
    lines = list(records(rng, "one", 20, 1.3, 0))
    for line in lines:
        line["properties"][0]["said"] = dict(zip(("portfolio", "network"), rng.uniform(0.5, 2, 2)))
    cases = mixture.to_cases(lines)
    expected = [case.log_ratio(case.weights(constants)) for case in cases]
    np.testing.assert_allclose(mixture.Table(cases).score_alone((0.6, 0.2, 0.2), 3.0, 0.2), expected)


def test_the_twin_is_compared_on_the_same_tasks(coarse):
    lines = []
    for n in (10, 0):
        for network, sd in (("pretrained", 1.0), ("random weights", 2.0)):
            found = records(np.random.default_rng(0), "feedgrain", 10, sd, n)
            lines += [line | {"network": network} for line in found]
    # only the constants are learned from tasks that one network was tried on
    lines += [r | {"network": "pretrained"} for r in records(np.random.default_rng(0), "feedgrain", 10, 1.0, 3)]
    compared = compare(lines)
    assert set(compared["standards"]) == {0, 10}
    text = twin_table(compared)
    assert text.count("| 10 | real pairs (5) |") == 2 and "| network alone | +" in text and "| mixture | -" in text
    table = compared.set_index(["standards", "expert", "weights"])["log_rmse"]
    for n in (0, 10):
        assert table[n, "network", "random weights"] == pytest.approx(np.log(2), abs=0.1)
        assert table[n, "network", "pretrained - random weights"] == pytest.approx(-np.log(2), abs=0.02)
        assert table[n, "mixture", "pretrained"] == pytest.approx(-np.log(2) / 2, abs=0.06)
        difference = table[n, "mixture", "pretrained"] - table[n, "mixture", "random weights"]
        assert table[n, "mixture", "pretrained - random weights"] == pytest.approx(difference)


def task_of(data):
    on_source, on_target = (np.flatnonzero(data.instrument == name) for name in "AB")
    rows = np.r_[on_source[:30], on_target[:6]]
    y = np.asarray(data.y, float).reshape(len(data.X), -1)
    return Task(
        data.X[rows], y[rows], data.instrument[rows], data.sample_id[rows], data.X[on_target[30:]], y[on_target[30:]],
        data.wavelengths, "m", True,
    )  # fmt: skip


def test_errors_of_mixtures_follow_from_their_products():
    task = task_of(make_instruments(n_samples=40, random_state=0))
    (record,) = errors(task, None)
    assert list(record["held_out"]) == ["portfolio", "network"]
    assert {len(part) for part in record["held_out"].values()} == {6}
    model = SpectralFMTransfer(None, wavelengths=task.axis, source="A", target="B")
    model.fit(task.X, task.y, instrument=task.instrument, sample_id=task.sample_id)
    weights = np.array([model.expert_weights_[name][0] for name in record["held_out"]])
    mse = np.mean((model.predict(task.X_test) - task.y_test) ** 2) / task.y[:30].var()
    assert weights @ np.array(record["products"]) @ weights == pytest.approx(mse)


def test_windows_give_instruments_axes_of_their_own():
    task = task_of(make_instruments(n_samples=40, random_state=0))
    drawn = [native_tasks.with_windows(task, np.random.default_rng(seed)) for seed in range(12)]
    drawn = [case for case in drawn if case is not None]
    widths = {tuple(len(axis) for axis in case.axis.values()) for case in drawn}
    assert len(widths) > 5 and any(a < b for a, b in widths) and any(a > b for a, b in widths)
    for case in drawn:
        for name, axis in case.axis.items():
            rows = case.X[case.instrument == name]
            start = np.flatnonzero(task.axis == axis[0])[0]
            original = task.X[task.instrument == name][:, start : start + len(axis)]
            np.testing.assert_array_equal(rows[:, : len(axis)], original)
            assert np.isnan(rows[:, len(axis) :]).all()
    (record,) = errors(next(case for case in drawn if len(case.axis["A"]) < len(case.axis["B"])), None)
    assert "own range" in record["held_out"]


@pytest.fixture
def plan(monkeypatch):
    """Corn with one pair of simulated instruments in its place."""
    monkeypatch.setattr(parts, "untrained_twin", lambda weights, folder: None)
    return "simulated"


@pytest.mark.slow
def test_a_stopped_comparison_goes_on(plan, tmp_path):
    path = tmp_path / "simulated.csv"
    parts.run(path, None, plan, 1, ("pretrained",), (5,), quiet=True)
    once = path.read_text()
    results = pd.read_csv(path, dtype={"settings": str})
    alone = {"trained head alone"}
    assert set(results["expert"]) == {"portfolio", "network", "mixture"} | alone
    weights = results.groupby(["source", "property", "expert"])["weight"].sum().unstack()
    np.testing.assert_allclose(weights["portfolio"] + weights["mixture"], 1)
    np.testing.assert_allclose(weights[sorted(alone)].sum(axis=1), weights["network"], rtol=1e-5)
    path.write_text(once[: once.rfind("\n", 0, -1) + 1])
    parts.run(path, None, plan, 1, ("pretrained",), (5,), quiet=True)
    again = pd.read_csv(path)
    figures = [*parts.KEY, "rmsep"]
    pd.testing.assert_frame_equal(again[figures], results[figures])
    path.write_text(once.replace(results["settings"][0], "00000000"))
    with pytest.raises(SettingsChangedError, match="of other weights"):
        parts.run(path, None, plan, 1, ("pretrained",), (5,), quiet=True)


def test_tables_compare_with_the_portfolio_and_with_fifty_standards(tmp_path):
    keys = {"source": "a", "target": "b", "repeat": 0, "n_standards": 10, "network": "pretrained"}
    rows = [
        {**keys, "property": p, "expert": e, "rmsep": r, "r2": 1 - r, "weight": 0.4, "fit_seconds": 1, "predict_ms": 9}
        for p in ("x", "z")
        for e, r in (("portfolio", 0.5), ("network", 0.3), ("mixture", 0.2))
    ]
    twin = {"portfolio": 0.5, "network": 0.3, "mixture": 0.45}
    rows += [row | {"network": "random weights", "rmsep": twin[row["expert"]]} for row in rows if row["expert"] in twin]
    pd.DataFrame(rows).to_csv(tmp_path / "corn.csv", index=False)
    accuracy = tmp_path / "accuracy"
    accuracy.mkdir()
    other = {"source": "a", "target": "b", "selection": "random", "repeat": 0, "method": "PDS", "n_standards": "50"}
    methods = [
        other | {"rmsep": 0.4},
        other | {"method": "native", "n_standards": "all", "rmsep": 0.4},
        other | {"method": "AutoTransfer", "n_standards": "10", "rmsep": 0.5},
        other | {"method": "SpectralFMTransfer", "n_standards": "10", "rmsep": 0.4},
        # of another split
        other | {"method": "AutoTransfer", "n_standards": "10", "rmsep": 9.0, "repeat": 1},
    ]
    rows = [{**m, "property": p, "r2": 1 - m["rmsep"]} for m in methods for p in ("x", "z")]
    pd.DataFrame(rows).to_csv(accuracy / "corn.csv", index=False)
    page, *figures = write_report(tmp_path, accuracy)
    text = page.read_text()
    assert [figure.name for figure in figures] == ["ablation.png", "by_number.png"]
    assert all(figure.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n" for figure in figures)
    assert "| 10 | pretrained | mixture | 0.8000 | +0.3000" in text
    assert "| random | 10 | 2 | 1 | 0.5000 | 0.6000 | 0.800 | 0.800 | 2 | 0.900 (1) |" in text
    assert "| PDS | 0 | 2 | 2 | 2 | 0 |" in text and "| native, all on the target | 0 | 2 | 2 | 2 | 0 |" in text
    assert text.splitlines()[2] == (
        "With 10 standards its RMSEP is, beside that of the portfolio alone, -60.0 % on corn (2 cells; random weights "
        "-10.0 %)."
    )
    assert (
        "changes the RMSEP with 10 standards by -55.6 % on corn (95 % interval over cells -55.6 % to -55.6 %)" in text
    )
