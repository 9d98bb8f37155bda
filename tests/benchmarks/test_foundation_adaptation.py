"""Studies of the foundation model: adaptation of the network, and several known instruments."""

import json

import numpy as np
import pytest

from benchmarks.foundation import adaptation, several
from benchmarks.foundation.adaptation_table import adaptation_text, draw, summarise, verdict, weights_of
from benchmarks.prior.tasks import Setting
from skspectral.datasets import make_instruments


@pytest.fixture(scope="module")
def setting():
    data = make_instruments(n_samples=60, n_channels=64, random_state=0)
    source, target = (data.X[data.instrument == name] for name in "AB")
    y = data.y[data.instrument == "A"]
    return Setting(
        source[:30], target[:30], y[:30], target[30:44], target[44:], y[44:], data.wavelengths, "m", True
    )  # fmt: skip


@pytest.mark.parametrize("target", adaptation.POPULATIONS)
def test_no_target_row_has_a_reference_or_a_pair(setting, target):
    task = adaptation.without_standards(setting, target)
    on_target = task.instrument == "B"
    assert on_target.sum() >= 10 and np.isnan(task.y[on_target]).all()
    assert all(label is None for label in task.sample_id[on_target])
    of_source = (task.X[on_target][:, None] == setting.target[None]).all(axis=2).any(axis=1)
    assert of_source.all() == (target != adaptation.OTHER_SAMPLES) == of_source.any()


def test_another_population_is_one_end_of_the_range(setting):
    task = adaptation.without_standards(setting, adaptation.OTHER_POPULATION)
    known = task.y[task.instrument == "A"][:, 0]
    assert len(known) == 20 and known.max() == np.sort(setting.y.ravel())[19]
    assert len(task.y_test) >= 5 and task.y_test[:, 0].min() >= np.sort(setting.y_test.ravel())[-len(task.y_test)]


@pytest.fixture(scope="module")
def records(setting, tmp_path_factory):
    """A study of one setting, which is stopped and goes on."""
    path = tmp_path_factory.mktemp("study") / "adaptation.jsonl"
    patched = pytest.MonkeyPatch()
    with patched.context() as patch:
        patch.setattr(adaptation, "draw_settings", lambda *_: [("feedgrain", setting)])
        patch.setattr(adaptation, "STEPS", (2,))
        patch.setattr(
            adaptation, "PARAMETERS", {name: adaptation.PARAMETERS[name] for name in ("normalisation", "all")}
        )
        patch.setattr(adaptation, "LORA_STANDARDS", (6, 25))
        patch.setattr(adaptation, "LORA_STEPS", 2)
        adaptation.collect(path, None, 0, 1, quiet=True)
        once = path.read_text()
        lines = once.splitlines()
        path.write_text("\n".join(lines[:-1]) + "\n")
        adaptation.collect(path, None, 0, 1, quiet=True)
    assert path.read_text() == once
    return [json.loads(line) for line in lines]


def test_adaptation_is_compared_with_the_same_task_without_it(records):
    # three populations, all parameters once; 25 standards are too many for thirty samples
    assert len(records) == 3 * 2 + 1 + 2
    assert {record["standards"] for record in records} == {0, 6}
    table = summarise(records)
    one = table.set_index(["target", "adapted", "steps", "expert"])
    by_labels = {tuple(r[name] for name in ("target", "adapted", "steps")): r["errors"] for r in records}
    now, then = (by_labels["standards", *key]["mixture"][0] for key in (("lora", 2), ("nothing", 0)))
    change = one.loc[("standards", "lora", 2, "mixture")]
    assert change["log_rmse"] == pytest.approx(0.5 * np.log((0.01 + now) / (0.01 + then)))
    assert (one.loc[(adaptation.OTHER_SAMPLES, "all")]["log_rmse"] != 0).any()


def test_the_verdict_follows_the_figures(records, tmp_path):
    table = summarise(records)
    text = adaptation_text(table, weights_of(records))
    assert "Weights: None." in text
    assert "| 6 | standards | lora | 2 | 1 |" in text
    assert draw(table, tmp_path / "adaptation.png").read_bytes()[:4] == b"\x89PNG"
    of_lora = (table["adapted"] == "lora") & (table["expert"] == "mixture")
    helps = table.assign(
        log_rmse=np.where(of_lora, -0.05, 0.004), low=np.where(of_lora, -0.08, 0.0), high=np.where(of_lora, -0.02, 0.01)
    )
    said = verdict(helps)
    assert "Test-time training is not recommended" in said and "lies between +0.4 and +0.4 %" in said
    assert "Low-rank adaptation makes the mixture better by more than 1 % with: standards, lora, 2 steps" in said
    assert "Low-rank adaptation is not recommended" in verdict(helps.assign(high=0.01))


def test_two_known_instruments_are_compared_with_either(tmp_path, monkeypatch):
    data = make_instruments(n_samples=44, n_instruments=3, n_channels=40, random_state=1)
    seen = {name: data.X[data.instrument == name] for name in "ABC"}
    three = several.Three(seen, data.y[data.instrument == "A"].ravel(), data.wavelengths, "m")
    monkeypatch.setattr(several, "N_SOURCE", 24)
    monkeypatch.setattr(several, "N_STANDARDS", (4,))
    monkeypatch.setattr(several, "draw_three", lambda *_: iter([("simulated", three)]))
    path = tmp_path / "several.jsonl"
    several.collect(path, {"pretrained": None}, 1, 0, quiet=True)
    once = path.read_text()
    several.collect(path, {"pretrained": None}, 1, 0, quiet=True)
    assert path.read_text() == once
    (record,) = [json.loads(line) for line in once.splitlines()]
    table = several.summarise([record, record | {"material": "other"}]).set_index("expert")
    a, c, both = (0.5 * np.log(record[name]["mixture"]) for name in ("A", "C", "both"))
    row = table.loc["mixture"]
    assert row["log_rmse"] == pytest.approx(both - (a + c) / 2) and row["groups"] == 2
    assert row["to_better"] == pytest.approx(both - min(a, c))
    assert row["worst"] == pytest.approx(np.exp(both - max(a, c)))
    assert "| 4 | simulated (2) | pretrained | mixture |" in several.several_table(table.reset_index(), "small-9")
