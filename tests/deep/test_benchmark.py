"""The blind search of settings: what it sees, how it goes on, what it chooses."""

import json
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.accuracy.data import load_pair
from benchmarks.deep import search
from benchmarks.deep.__main__ import main
from benchmarks.deep.log import Log
from benchmarks.deep.search import choose, run_unit, split_rows
from benchmarks.deep.space import METHODS, configurations

ARGUMENTS = ["--datasets", "simulated", "--configurations", "2", "--quick", "--quiet", "--device", "cpu"]


@pytest.mark.parametrize("method", METHODS)
def test_configurations_are_different_valid_and_stable(method):
    found = configurations(method, 24)
    assert len(found) == 24 and found[0] == {}
    assert len({json.dumps(settings, sort_keys=True) for settings in found}) == 24
    assert configurations(method, 10) == found[:10]
    assert {"centre": None} in found and {"rehearsal": 0.0} in found
    for settings in found:
        model = METHODS[method](random_state=0).set_params(**settings)
        model._check_params()
        assert model._adapts(), "the criterion needs held-out standards"
        assert all(model.get_params()[name] != METHODS[method]().get_params()[name] for name in settings)


def unit(**changes):
    budget = {"n_networks": 1, "max_epochs": 2, "adapt_steps": 2, "adapt_folds": 2, "device": "cpu"}
    first = {"method": "CNNTransfer", "settings": {"inputs": ["sg1"]}, "source": "A", "target": "B"}
    return first | {"n_standards": 5, "repeat": 0, "budget": budget} | changes


def test_test_rows_cannot_change_the_criterion(monkeypatch):
    pair, train, test = split_rows("simulated", "A", "B", 5, 0)
    assert not set(pair.sample_id[train]) & set(pair.sample_id[test])
    expected = run_unit("simulated", unit())
    spoiled_X, spoiled_y = pair.X.copy(), pair.y.copy()
    spoiled_X[test], spoiled_y[test] = 9.0, -1e6
    spoiled = replace(pair, X=spoiled_X, y=spoiled_y)
    monkeypatch.setattr(search, "split_rows", lambda *_: (spoiled, train, test))
    found = run_unit("simulated", unit())
    assert found["criterion"] == expected["criterion"]
    assert expected["criterion"] == pytest.approx(expected["source_error"] + expected["transfer_error"])


def test_criterion_is_that_of_the_fitted_model():
    pair, train, _ = split_rows("simulated", "A", "B", 5, 0)
    model = METHODS["CNNTransfer"](source="A", target="B", random_state=0, inputs=("sg1",), **unit()["budget"])
    model.fit(pair.X[train], pair.y[train], instrument=pair.instrument[train], sample_id=pair.sample_id[train])
    variance = pair.y[train][pair.instrument[train] == "A"].var(axis=0)
    expected = np.mean((model.validation_rmse_**2 + model.transfer_rmse_**2) / variance)
    assert run_unit("simulated", unit())["criterion"] == pytest.approx(expected, rel=1e-9)


def made_up(values, name="n"):
    """Records of settings: a criterion for each of the first repeats."""
    return [
        {"method": "m", "configuration": number, "settings": {name: number}, "criterion": value}
        | {"source": "A", "target": "B", "repeat": repeat}
        for number, criteria in values.items()
        for repeat, value in enumerate(criteria)
    ]


def test_chooses_the_smallest_mean_over_shared_training_rows():
    # the last one would win by its first fit alone, and lose by what the others have besides
    assert choose(made_up({0: [0.5, 0.7], 1: [0.45, 0.0], 2: [0.4]})) == {
        "m": {
            "settings": {"n": 2},
            "configuration": 2,
            "criterion": pytest.approx(0.4),
            "defaults": pytest.approx(0.5),
            "configurations": 3,
            "fits": 1,
        }
    }
    found = choose(made_up({0: [0.5, 0.7], 1: [0.4, 0.6], 2: [0.1, 1.5]}))["m"]
    assert found["configuration"] == 1 and found["fits"] == 2


def test_other_arms_are_not_chosen_for_lora():
    records = made_up({0: [0.5]}) + made_up({1: [0.1]}, name="adapt")
    assert choose(records)["m"]["configuration"] == 0


def test_the_first_pairs_have_every_instrument_in_both_roles():
    units = search.search_units("corn", ["LoRACT"], 24, 10, 1)
    assert len(units) == 6 * 24
    assert [unit["configuration"] for unit in units[:7]] == [0] * 6 + [1]
    pairs = list(dict.fromkeys((unit["source"], unit["target"]) for unit in units))
    assert {source for source, _ in pairs[:3]} == {target for _, target in pairs[:3]} == {"m5", "mp5", "mp6"}
    assert [unit["source"] for unit in units[6:29]] == [units[0]["source"]] * 23


def test_source_networks_are_trained_once_and_change_nothing(tmp_path, monkeypatch):
    expected = run_unit("simulated", unit())
    found = run_unit("simulated", unit(), tmp_path)
    assert len(list(tmp_path.iterdir())) == 1

    def refuse(*_, **__):
        raise AssertionError("a network was trained again")

    monkeypatch.setattr("skspectral.deep._base.train_on_source", refuse)
    # more standards and another arm have the same source network
    for changes in ({}, {"n_standards": 8}, {"settings": {"inputs": ["sg1"], "fine_tune": "last"}}):
        again = run_unit("simulated", unit(**changes), tmp_path)
        assert again["source_error"] == found["source_error"] == expected["source_error"]
        if not changes:
            assert again["criterion"] == found["criterion"] == expected["criterion"]
    for settings in ({"inputs": ["sg1"], "lr": 1e-2}, {"inputs": ["sg1"], "window": 9}, {"inputs": ["snv"]}):
        with pytest.raises(AssertionError, match="trained again"):
            run_unit("simulated", unit(settings=settings), tmp_path)
    with pytest.raises(AssertionError, match="trained again"):
        run_unit("simulated", unit())


def test_no_fit_begins_after_the_time(tmp_path, capsys):
    arguments = [*ARGUMENTS, "--methods", "CNNTransfer", "--output", str(tmp_path)]
    assert main([*arguments, "--minutes", "0"]) == 1
    assert "Nothing was fitted" in capsys.readouterr().err
    assert not (tmp_path / "chosen.json").exists()


def test_run_is_recorded_and_goes_on_where_it_stopped(tmp_path, monkeypatch, capsys):
    arguments = [*ARGUMENTS, "--methods", "CNNTransfer", "--output", str(tmp_path)]
    assert main(arguments) == 0
    path = tmp_path / "simulated_search.jsonl"
    lines = path.read_text().splitlines()
    assert len(lines) == 2 * 2
    chosen = json.loads((tmp_path / "chosen.json").read_text())["simulated"]
    assert chosen["CNNTransfer"]["configurations"] == 2 and chosen["CNNTransfer"]["fits"] == 2
    # killed within the last line
    path.write_text("\n".join(lines)[:-20])
    done = []
    monkeypatch.setattr("benchmarks.deep.__main__.run_unit", lambda *a, **k: done.append(a) or run_unit(*a, **k))
    assert main(arguments) == 0
    assert len(done) == 1
    kept = [json.loads(line) for line in path.read_text().splitlines()]
    before = [json.loads(line) for line in lines]
    for record in kept + before:
        record.pop("seconds")
    assert kept == before
    assert main([*arguments, "--native"]) == 0
    assert "simulated: CNNTransfer R2" in capsys.readouterr().out
    assert len((tmp_path / "simulated_native.jsonl").read_text().splitlines()) == 2 * 2


def test_log_tells_records_apart_by_their_key(tmp_path):
    log = Log(tmp_path / "log.jsonl", ("a", "b"))
    log.add({"a": 1, "b": (1, 2), "value": 5})
    again = Log(tmp_path / "log.jsonl", ("a", "b"))
    assert {"a": 1, "b": [1, 2]} in again and {"a": 1, "b": [2, 1]} not in again
    assert again.of([{"a": 1, "b": (1, 2)}])[0]["value"] == 5


def test_native_calibration_uses_target_rows_alone(monkeypatch):
    pair = load_pair("simulated", "A", "B")
    seen = []

    class Spy(search.PLSRegressionCV):
        def fit(self, X, y):
            seen.append(X)
            return super().fit(X, y)

    monkeypatch.setattr(search, "PLSRegressionCV", Spy)
    found = search.run_native("simulated", unit(method="PLS", target="B", settings={}))
    assert set(found["r2"]) == {"component_1", "component_2"} and min(found["r2"].values()) > 0.5
    on_target = {row.tobytes() for row in pair.X[pair.instrument == "B"]}
    assert len(seen[0]) == 45 and all(row.tobytes() in on_target for row in seen[0])


def test_search_can_be_kept_to_the_first_pairs():
    every = search.search_units("corn", ["LoRACT"], 3, 10, 1)
    some = search.search_units("corn", ["LoRACT"], 3, 10, 1, n_pairs=2)
    assert len(some) == 2 * 3 and all(unit in every for unit in some)
