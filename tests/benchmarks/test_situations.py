"""What is measured in particular situations: the same portfolio, rows as they should be, and tables of the records."""

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from benchmarks.accuracy import cells
from benchmarks.prior.collect import collect as collect_task
from benchmarks.prior.collect import members_of
from benchmarks.prior.tasks import draw_mixtures
from benchmarks.situations import ablation, like_instruments, records, replicates, report, several_table
from skspectral.transfer import TransferPortfolio
from skspectral.transfer.portfolio._constants import constants


@pytest.fixture(scope="module")
def task():
    """A small transfer with five standards."""
    setting = draw_mixtures(np.random.default_rng(0), n_others=5)
    return setting.task(5)


@pytest.fixture(scope="module")
def collected(task):
    return collect_task(task, members_of(5, set(constants()["log_prior"])))[0]


def test_all_families_together_are_the_portfolio(task, collected):
    model = TransferPortfolio(wavelengths=task.axis, source="A", target="B")
    model.fit(task.X, task.y, instrument=task.instrument, sample_id=task.sample_id)
    expected = model.predict(task.X_test).ravel()
    np.testing.assert_allclose(ablation.predict_without(collected), expected, atol=2e-3 * np.std(expected))


def test_a_removed_family_is_not_heard(collected):
    everything = ablation.predict_without(collected)
    spoilt = dict(collected, predicted=collected["predicted"].copy())
    spoilt["predicted"][[name.startswith("(mapped)") for name in collected["members"]]] = 1e6
    assert np.abs(ablation.predict_without(spoilt) - everything).max() > 1
    np.testing.assert_array_equal(
        ablation.predict_without(spoilt, "mapped"), ablation.predict_without(collected, "mapped")
    )


def test_without_standards_nothing_stands_in_for_the_family_of_few():
    setting = draw_mixtures(np.random.default_rng(1), n_others=5)
    (found,) = collect_task(setting.task(0, setting.others), members_of(0))
    assert ablation.predict_without(found, "few") is None
    assert ablation.predict_without(found, "mapped").shape == (len(setting.X_test),)


def test_records_go_on_and_are_of_one_version(tmp_path):
    path = tmp_path / "part.jsonl"
    first = records.Records(path)
    first.add({"repeat": 0}, {"both": np.array([0.25, 1.0])})
    assert {"repeat": 0} in records.Records(path) and {"repeat": 1} not in records.Records(path)
    row = json.loads(path.read_text())
    path.write_text(json.dumps(row | {"constants": "of before"}) + "\n" + json.dumps(row) + "\n")
    again = records.Records(path)
    assert len(again.rows) == 1
    again.add({"repeat": 1}, {"both": [1.0]})
    assert "of before" not in path.read_text() and len(records.Records(path).rows) == 2


def test_scans_become_rows_in_three_ways():
    scans = np.arange(24.0).reshape(4, 3, 2)
    y, train = np.arange(4.0)[:, None], np.array([2, 0, 3])
    found = {
        way: replicates.training_rows(way, scans, scans + 100, y, np.arange(2), train, 1) for way in replicates.WAYS
    }
    assert [len(rows.X) for rows in found.values()] == [4, 4, 12]
    np.testing.assert_array_equal(found["one scan"].X[:2], scans[[2, 0], 0])
    np.testing.assert_array_equal(found["mean of the scans"].X[-1], scans[2].mean(axis=0) + 100)
    assert list(found["all scans"].instrument).count("B") == 3
    assert set(found["all scans"].sample_id[found["all scans"].instrument == "B"]) == {"s2"}
    np.testing.assert_array_equal(found["all scans"].y.ravel(), np.repeat([2, 0, 3, 2], 3))


def test_a_like_target_is_measured_beside_the_untouched_model(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((60, 12)), rng.standard_normal((60, 4))
    data = SimpleNamespace(
        X=X, y=X[:, :4] + 0.01 * y, instrument=np.repeat("m5", 60), sample_id=np.arange(60), wavelengths=np.arange(12.0)
    )
    monkeypatch.setattr(like_instruments, "load", lambda name: data)
    monkeypatch.setattr(like_instruments, "METHODS", ("SourceOnly", "MeanShift"))
    pair = like_instruments.like_pair(0)
    difference = pair.X[pair.instrument == "again"] - pair.X[pair.instrument == "m5"]
    assert 1.5e-5 < difference.std() < 2.5e-5
    kept = records.Records(tmp_path / "like_instruments.jsonl")
    like_instruments.collect(kept, repeats=1, standards=(2,))
    (row,) = kept.rows
    # the difference is noise: its mean over two pairs hardly moves a prediction
    np.testing.assert_allclose(row["errors"]["SourceOnly"], row["errors"]["MeanShift"], rtol=0.02)


def test_tables_list_what_falls_short(tmp_path):
    like = records.Records(tmp_path / "like_instruments.jsonl")
    like.add({"repeat": 0, "standards": 5}, {"AutoTransfer": [1.44, 1, 1, 1], "SourceOnly": [1, 1, 1, 1]})
    raman = records.Records(tmp_path / "raman.jsonl")
    simple = {"SourceOnly": [1.0], "MeanShift": [4.0], "SBC": [4.0], "Pooled": [4.0]}
    raman.add({"seed": 0, "standards": 5}, simple | {"AutoTransfer": [1.21]})
    raman.add({"seed": 1, "standards": 5}, simple | {"SourceOnly": [9.0], "AutoTransfer": [1.0]})
    scans = records.Records(tmp_path / "replicates.jsonl")
    errors = {"one scan": [4.0, 4.0], "mean of the scans": [1.0, 1.0], "all scans": [1.0, 1.0]}
    scans.add({"pair": "feed grain, back", "repeat": 0, "standards": 10}, errors)
    without = records.Records(tmp_path / "ablation.jsonl")
    of = {"where": "corn and tablets", "task": "corn m5 mp5 0", "standards": 0}
    without.add(of, {"all": [1.0], "mapped": [1.21]})
    text = report.report(tmp_path)
    assert "Above: moisture at N = 5 (+20%)" in text
    assert "+10.0% (1)" in text
    assert "| feed grain | 10 | 1 | -50.0% (-50.0% to -50.0%) | +0.0%" in text
    assert "| corn | 0 | 1 |  |  | +10.0% |" in text
    assert "Two known" not in text


def test_both_sources_stand_beside_either_on_the_same_splits(tmp_path, monkeypatch):
    monkeypatch.setattr(several_table, "is_of_these_inputs", lambda row, method, dataset: row["settings"] == "now")
    lines = [
        {
            "source": source,
            "target": "m5",
            "repeat": 0,
            "n_standards": 3,
            "property": name,
            "method": "AutoTransfer",
            "selection": "random",
            "settings": settings,
            "sse": 20 * square,
            "n_test": 20,
            "r2": 1 - square / 2,
        }
        for source, square, settings in (("mp5", 1.0, "now"), ("mp6", 1.0, "now"), ("mp6", 9.0, "before"))
        for name in ("moisture", "oil", "protein", "starch")
    ]
    pd.DataFrame(lines).to_csv(tmp_path / "corn.csv", index=False)
    rows = [{"of": {"target": "m5", "repeat": 0, "standards": 3}, "errors": {"both": [0.25, 0.25, 0.25, 1.21]}}]
    text = several_table.several_section(rows, tmp_path)
    assert "| 3 | 1 | 0.5000 | 0.7550 | +0.2550 |" in text
    assert "starch on m5 (+10.0%)" in text and "oil on m5" not in text
    rows[0]["of"]["repeat"] = 1
    assert "| 3 |" not in several_table.several_section(rows, tmp_path)


def test_cells_that_a_simple_method_wins_are_named():
    def row(method, n, rmsep, name="oil", repeats=2):
        return ("m5", "mp5", name, "random", n, method, repeats, rmsep)

    columns = ["source", "target", "property", "selection", "n_standards", "method", "n_repeats", "rmsep"]
    rows = [row("AutoTransfer", "10", 1.1), row("AutoTransfer", "10", 1.0, "starch")]
    rows += [row("SourceOnly", "0", value, name) for name, value in (("oil", 3.0), ("starch", 0.99))]
    rows += [row("SBC", "10", value, name) for name, value in (("oil", 1.0), ("starch", 2.0))]
    rows += [row("PDS", "10", 0.1), row("PDS", "10", 0.1, "starch", repeats=1)]
    n_cells, worse, missing = cells.clearly_worse(pd.DataFrame(rows, columns=columns), "AutoTransfer", 10)
    assert n_cells == 2 and "PDS" in missing and "SBC" not in missing
    assert [(cell, best) for cell, best, _ in worse] == [("m5 → mp5, oil", "SBC")]
    text = "\n".join(cells.worse_section({"corn": pd.DataFrame(rows, columns=columns)}, "AutoTransfer"))
    assert "corn: 1 of 2 cells. m5 → mp5, oil: 1.100 (SBC)." in text and "Without MeanShift" in text
