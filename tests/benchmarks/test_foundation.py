"""The foundation model's benchmark: constants that fit the errors, files that go on, tables that say what they hold."""

import json

import numpy as np
import pandas as pd
import pytest

from benchmarks.foundation import parts
from benchmarks.foundation.mixture import _errors, learn
from benchmarks.foundation.report import write_report
from benchmarks.prior.tasks import Task
from skspectral.datasets import make_instruments


def records(rng, kind, n, network_sd, n_standards=10):
    """Tasks on which portfolio errors have unit variance and independent network errors the given one."""
    for _ in range(n):
        portfolio, network = rng.standard_normal((2, 400)) * [[1.0], [network_sd]]
        difference = portfolio - network
        held_out = [portfolio[:n_standards].tolist(), network[:n_standards].tolist()]
        if n_standards == 0:
            held_out = [[None], [None]]
        yield {
            "kind": kind,
            "material": "m",
            "properties": [
                {
                    "held_out": held_out,
                    "a": float(np.mean(portfolio**2)),
                    "b": float(np.mean(portfolio * difference)),
                    "c": float(np.mean(difference**2)),
                }
            ],
        }


@pytest.mark.parametrize("network_sd, best", [(1.0, 0.5), (0.5, 0.8), (2.0, 0.2)])
def test_learned_constants_are_the_best_weights(tmp_path, network_sd, best):
    rng = np.random.default_rng(0)
    lines = [*records(rng, "one", 30, network_sd), *records(rng, "one", 30, network_sd, 0)]
    (tmp_path / "mixture.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n")
    constants, report = learn(tmp_path / "mixture.jsonl")
    assert constants["without_standards"] == pytest.approx(best, abs=0.1)
    assert constants["prior"] == pytest.approx(best, abs=0.15)
    assert {row["standards"] for row in report} == {"with standards", "without standards"}
    assert all(row["mixture"] < min(1.0, row["network"]) for row in report)


def test_errors_of_mixtures_follow_from_three_numbers():
    data = make_instruments(n_samples=40, random_state=0)
    on_source, on_target = (np.flatnonzero(data.instrument == name) for name in "AB")
    rows = np.r_[on_source[:30], on_target[:6]]
    y = np.asarray(data.y, float).reshape(len(data.X), -1)
    task = Task(
        data.X[rows], y[rows], data.instrument[rows], data.sample_id[rows], data.X[on_target[30:]], y[on_target[30:]],
        data.wavelengths, "m", True,
    )  # fmt: skip
    (record,) = _errors(task, None)
    assert len(record["held_out"][0]) == len(record["held_out"][1]) == 6
    assert record["a"] > 0 and record["c"] > 0
    assert record["a"] - 2 * record["b"] + record["c"] > 0  # the network's own mean squared error


@pytest.fixture
def plan(monkeypatch):
    """Corn with one pair of simulated instruments in its place."""
    monkeypatch.setattr(parts, "untrained_twin", lambda weights, folder: None)
    return "simulated"


def test_a_stopped_comparison_goes_on(plan, tmp_path):
    path = tmp_path / "simulated.csv"
    parts.run(path, None, plan, 1, ("pretrained",), (5,), quiet=True)
    once = path.read_text()
    results = pd.read_csv(path)
    assert set(results["expert"]) == {"portfolio", "network", "mixture"}
    assert (results.loc[results["expert"] == "network", "weight"] == 1).all()
    path.write_text(once[: once.rfind("\n", 0, -1) + 1])
    parts.run(path, None, plan, 1, ("pretrained",), (5,), quiet=True)
    again = pd.read_csv(path)
    figures = [*parts.KEY, "rmsep"]
    pd.testing.assert_frame_equal(again[figures], results[figures])


def test_tables_compare_with_the_portfolio_and_with_fifty_standards(tmp_path):
    keys = {"source": "a", "target": "b", "repeat": 0, "n_standards": 10, "network": "pretrained"}
    rows = [
        {**keys, "property": p, "expert": e, "rmsep": r, "r2": 1 - r, "weight": 0.4, "fit_seconds": 1, "predict_ms": 9}
        for p in ("x", "z")
        for e, r in (("portfolio", 0.5), ("network", 0.3), ("mixture", 0.2))
    ]
    pd.DataFrame(rows).to_csv(tmp_path / "corn.csv", index=False)
    accuracy = tmp_path / "accuracy"
    accuracy.mkdir()
    other = {"source": "a", "target": "b", "selection": "random", "repeat": 0, "method": "PDS", "n_standards": "50"}
    native = other | {"method": "native", "n_standards": "all"}
    pd.DataFrame([{**m, "property": p, "rmsep": 0.4} for m in (other, native) for p in ("x", "z")]).to_csv(
        accuracy / "corn.csv", index=False
    )
    page, figure = write_report(tmp_path, accuracy)
    text = page.read_text()
    assert figure.stat().st_size > 0
    assert "| 10 | pretrained | mixture | 0.8000 | +0.3000" in text
    assert "| PDS | 0 | 2 | 2 |" in text and "| native, all on the target | 0 | 2 | 2 |" in text
