"""The evaluation protocol: nothing of the test set reaches the choice of settings, and a stopped run goes on."""

import csv
import os
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from benchmarks.accuracy import __main__ as command
from benchmarks.accuracy import archive, protocol, readme, store, tables
from benchmarks.accuracy.choose import TrainingRows, blind_criterion, choose
from benchmarks.accuracy.data import PLANS, load_pair
from benchmarks.accuracy.methods import METHODS, PREPROCESSING, make_pipeline, settings_hash
from benchmarks.accuracy.protocol import Unit, make_jobs, run_job
from skspectral import PLSRegressionCV
from skspectral.exceptions import DatasetUnavailableError, WavelengthRangeError
from skspectral.model_selection import TransferSplit
from skspectral.transfer import DS

FEW = ["SourceOnly", "MeanShift", "TargetOnly", "native"]
needs_data = pytest.mark.skipif(
    not os.environ.get("SKSPECTRAL_DATA"), reason="SKSPECTRAL_DATA does not name a folder with the published spectra"
)


def run(output, *options, methods=FEW):
    arguments = ["--quick", "--datasets", "simulated", "--output", str(output), "--quiet", "--methods", *methods]
    return command.main([*arguments, *options])


def read(path):
    with open(path, newline="") as stream:
        return list(csv.DictReader(stream))


def without_seconds(path):
    """The content of a file but for the one column that differs from run to run."""
    return [{name: value for name, value in row.items() if name != "fit_seconds"} for row in read(path)]


@pytest.fixture(scope="module")
def job():
    return make_jobs("simulated", replace(PLANS["simulated"], standards=(0, 5)))[0]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("finished")
    assert run(folder, "--no-figures") == 0
    return folder


# ---------------------------------------------------------------------------------------------- the blind choice


@pytest.mark.parametrize("selection", ["random", "kennard-stone"])
def test_the_choice_never_receives_a_row_of_a_tested_sample(job, selection, monkeypatch):
    pair = load_pair("simulated", job.source, job.target)
    seen = []

    def watched(method, rows):
        seen.append((method, rows))
        return choose(method, rows)

    monkeypatch.setattr(protocol, "choose", watched)
    outcome = run_job(replace(job, selection=selection))
    tested = set(outcome.splits[0]["test"].split())
    assert len(tested) == 15
    assert {method for method, _ in seen} == set(METHODS)
    held_out = np.isin(pair.sample_id, list(tested))
    forbidden = {spectrum.tobytes() for spectrum in pair.X[held_out]}
    for method, rows in seen:
        assert not tested & set(rows.sample_id)
        assert not forbidden & {spectrum.tobytes() for spectrum in rows.X}
        n_standards = len(set(rows.sample_id[rows.instrument == job.target]))
        assert n_standards == {"none": 0, "some": 5, "all": 45}[METHODS[method].standards]
        assert set(rows.instrument) <= ({job.target} if method == "native" else {job.source, job.target})


def test_garbage_in_tested_samples_does_not_change_the_choice(job, monkeypatch):
    pair = load_pair("simulated", job.source, job.target)
    splits = {n: protocol._split(pair, job, n) for n in (0, 5, "all")}
    out = np.isin(pair.sample_id, pair.sample_id[splits[0][1]])
    rng = np.random.default_rng(0)
    X, y = pair.X.copy(), pair.y.copy()
    X[out], y[out] = rng.normal(size=X[out].shape), 1e6 * rng.normal(size=y[out].shape)
    clean = run_job(job)
    monkeypatch.setattr(protocol, "_split", lambda pair, job, n: splits[n])
    monkeypatch.setattr(protocol, "load_pair", lambda *_: replace(pair, X=X, own=X, y=y))
    poisoned = run_job(job)
    for one, other in zip(clean.results, poisoned.results, strict=True):
        for name in ("method", "property", "prep", "n_components", "blind_rmse", "n_calibration", "settings"):
            assert one[name] == other[name], (one["method"], name)
        assert other["rmsep"] > 1e4 > one["rmsep"]


@pytest.mark.parametrize("method", list(METHODS))
def test_missing_values_in_tested_samples_do_not_change_the_fit(job, method):
    pair = load_pair("simulated", job.source, job.target)
    n = {"none": 0, "some": 5, "all": "all"}[METHODS[method].standards]
    train, test = protocol._split(pair, job, n)
    train = train[pair.instrument[train] == job.target] if METHODS[method].own_axis else train
    X, y = pair.X.copy(), pair.y.copy()
    out = np.isin(pair.sample_id, pair.sample_id[test])
    X[out], y[out] = np.nan, np.nan

    def rows(X, y):
        return TrainingRows(X[train], y[train], pair.instrument[train], pair.sample_id[train], job.source, job.target)

    clean, poisoned = choose(method, rows(pair.X, pair.y)), choose(method, rows(X, y))
    assert clean.preprocessing == poisoned.preprocessing
    np.testing.assert_array_equal(clean.predict(pair.X[test]), poisoned.predict(pair.X[test]))


def test_the_criterion_adds_the_errors_of_calibration_and_transfer():
    calibration = SimpleNamespace(rmsecv_=np.array([3.0, 1.0]))
    transferred = SimpleNamespace(estimator_=calibration, transfer_rmse_=np.array([4.0, np.nan]))
    np.testing.assert_allclose(blind_criterion(transferred), [25.0, 1.0])
    np.testing.assert_allclose(blind_criterion(SimpleNamespace(estimator_=calibration)), [9.0, 1.0])
    alone = SimpleNamespace(rmsecv_=np.array([3.0]), transfer_rmse_=np.array([4.0]), estimator=None)
    np.testing.assert_allclose(blind_criterion(alone), [25.0])


def test_a_unit_is_scored_as_by_hand(job):
    """One split, computed again with the public splitter, one Pipeline per preprocessing and plain formulas."""
    pair = load_pair("simulated", job.source, job.target)
    rows = run_job(replace(job, units=(Unit("DS", 5),))).results
    splitter = TransferSplit(5, 1, test_size=15, source=job.source, target=job.target, random_state=job.seed)
    labels = {"instrument": pair.instrument, "sample_id": pair.sample_id}
    ((train, test),) = splitter.split(pair.X, pair.y, **labels)
    fitted = {}
    for name, steps in PREPROCESSING.items():
        X = pair.X
        for step in steps:
            X = step.fit_transform(X)
        model = DS(source=job.source, target=job.target)
        model.fit(X[train], pair.y[train], **{key: values[train] for key, values in labels.items()})
        fitted[name] = (model.estimator_.rmsecv_**2 + model.transfer_rmse_**2, model.predict(X[test]), model)
    for j, row in enumerate(rows):
        name = min(fitted, key=lambda name: fitted[name][0][j])
        criterion, predicted, model = fitted[name]
        measured, error = pair.y[test, j], predicted[:, j] - pair.y[test, j]
        assert (row["prep"], row["n_components"]) == (name, model.estimator_.n_components_[j])
        expected = {
            "rmsep": np.sqrt(np.mean(error**2)),
            "bias": error.mean(),
            "sep": error.std(ddof=1),
            "r2": 1 - (error**2).sum() / ((measured - measured.mean()) ** 2).sum(),
            "rpd": measured.std(ddof=1) / error.std(ddof=1),
            "sse": (error**2).sum(),
            "n_test": 15,
            "n_calibration": 45,
            "blind_rmse": np.sqrt(criterion[j]),
        }
        for figure, value in expected.items():
            assert row[figure] == pytest.approx(value, rel=1e-9), figure


def test_the_native_ceiling_is_the_targets_own_calibration(job):
    pair = load_pair("simulated", job.source, job.target)
    rows = run_job(replace(job, units=(Unit("native", "all"),))).results
    _, test = protocol._split(pair, job, 5)
    train = (pair.instrument == job.target) & ~np.isin(pair.sample_id, pair.sample_id[test])
    for j, row in enumerate(rows):
        X = pair.X
        for step in PREPROCESSING[row["prep"]]:
            X = step.fit_transform(X)
        model = PLSRegressionCV().fit(X[train], pair.y[train])
        error = model.predict(X[test])[:, j] - pair.y[test, j]
        assert row["rmsep"] == pytest.approx(np.sqrt(np.mean(error**2)), rel=1e-6)


def test_the_native_calibration_refuses_rows_of_the_source(job):
    pair = load_pair("simulated", job.source, job.target)
    with pytest.raises(ValueError, match="target alone"):
        choose("native", TrainingRows(pair.X, pair.y, pair.instrument, pair.sample_id, job.source, job.target))


# ---------------------------------------------------------------------------------------------- plans and jobs


def test_units_of_the_full_plan():
    jobs = make_jobs("simulated", PLANS["simulated"])
    assert len(jobs) == 2 * (5 + 5)
    units = jobs[0].units
    with_standards = [name for name, method in METHODS.items() if method.standards == "some"]
    assert len(units) == len(set(units)) == 1 + 2 * len(with_standards) + 1
    assert Unit("SourceOnly", 0) in units and Unit("native", "all") in units
    assert all(unit.n_standards != 0 for unit in units if unit.method != "SourceOnly")


def test_all_pairs_and_selections_test_the_same_samples():
    plan = PLANS["simulated"]
    tested = {}
    for job in make_jobs("simulated", plan, ["SourceOnly"]):
        pair = load_pair("simulated", job.source, job.target)
        _, test = protocol._split(pair, job, 5)
        tested.setdefault(job.repeat, set()).add(frozenset(pair.sample_id[test]))
    assert len(tested) == 5 and all(len(sets) == 1 for sets in tested.values())
    assert len(set.union(*tested.values())) == 5


def test_the_split_file_tells_which_standards_joined(job):
    pair = load_pair("simulated", job.source, job.target)
    described = run_job(replace(job, standards=(0, 5, 10), units=())).splits[0]
    first, second = (part.split(": ")[1].split() for part in described["standards"].split("; "))
    for n, expected in ((5, set(first)), (10, set(first) | set(second))):
        train, test = protocol._split(pair, job, n)
        assert set(pair.sample_id[train][pair.instrument[train] == job.target]) == expected
        assert set(described["test"].split()) == set(pair.sample_id[test])


@needs_data
def test_published_data_sets_follow_the_protocol():
    assert len(make_jobs("corn", PLANS["corn"])) == 6 * 40
    assert load_pair("corn", "m5", "mp6").X.shape == (160, 700)
    tablets = load_pair("tablets", "inst1", "inst2")
    assert tablets.X.shape == (2 * 615, 520) and len(tablets.test_samples) == 460
    train, test = protocol._split(tablets, make_jobs("tablets", PLANS["tablets"])[0], 10)
    assert len(train) == 165 and len(test) == 460
    plan = PLANS["sugarcane"]
    assert len(plan.pairs) == 28 and len(plan.disjoint) == 14
    for pair in plan.disjoint:
        with pytest.raises(WavelengthRangeError, match="share no range"):
            load_pair("sugarcane", *pair)
    assert min(load_pair("sugarcane", *pair).X.shape[1] for pair in plan.pairs) >= 25
    cane = load_pair("sugarcane", "MicroNIR2200", "NIRONE22")
    assert cane.own.shape[1] == 201 and cane.X.shape[1] == 50
    on_target = cane.instrument == "NIRONE22"
    assert np.isfinite(cane.own[on_target]).all() and np.isnan(cane.own[~on_target]).all()


@needs_data
def test_corn_gives_the_published_order_of_magnitude(tmp_path):
    arguments = ["--quick", "--datasets", "corn", "--output", str(tmp_path), "--quiet", "--methods", *FEW]
    assert command.main([*arguments, "--no-figures"]) == 0
    table = tables.summarise(tables.read_results(tmp_path, "corn")).set_index(["property", "method"])["rmsep"]
    assert table["protein", "SourceOnly"] > 2 * table["protein", "MeanShift"]
    assert 0.10 < table["protein", "MeanShift"] < 0.20
    assert 0.10 < table["moisture", "native"] < 0.16


# ---------------------------------------------------------------------------------------------- results files


def test_quick_run_writes_one_row_per_unit_and_property(finished):
    rows = read(finished / "simulated.csv")
    assert len(rows) == 2 * len(FEW) * 2
    assert {(row["method"], row["n_standards"]) for row in rows} == {
        ("SourceOnly", "0"),
        ("MeanShift", "5"),
        ("TargetOnly", "5"),
        ("native", "all"),
    }
    assert all(np.isfinite(float(row[name])) for row in rows for name in ("rmsep", "r2", "rpd", "sse", "fit_seconds"))
    assert {row["settings"] for row in rows if row["method"] == "native"} == {settings_hash("native")}
    predictions = pd.read_csv(finished / "simulated_predictions.csv")
    for (method, name, repeat), part in predictions.groupby(["method", "property", "repeat"]):
        row = next(r for r in rows if (r["method"], r["property"], int(r["repeat"])) == (method, name, repeat))
        error = part["predicted"] - part["measured"]
        assert float(row["rmsep"]) == pytest.approx(np.sqrt((error**2).mean()), rel=1e-4)


def cut(path, share):
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])


@pytest.mark.parametrize("share", [0.0, 0.01, 0.37, 0.6, 0.999, 1.0])
@pytest.mark.parametrize("name", ["simulated.csv", "simulated_predictions.csv"])
def test_a_killed_run_goes_on_to_the_same_files(finished, tmp_path, name, share):
    for path in finished.glob("*.csv"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    cut(tmp_path / name, share)
    if name == "simulated_predictions.csv":
        # results are written last: with lost predictions the results of the unit are not there yet
        cut(tmp_path / "simulated.csv", 0.0)
    assert run(tmp_path, "--no-figures") == 0
    for path in finished.glob("simulated*.csv"):
        if path.name != "simulated_summary.csv":
            assert without_seconds(tmp_path / path.name) == without_seconds(path), path.name


def test_a_finished_run_computes_nothing(finished, tmp_path, monkeypatch):
    for path in finished.glob("*.csv"):
        (tmp_path / path.name).write_bytes(path.read_bytes())

    def refuse(job):
        raise AssertionError(f"{job} was computed again")

    monkeypatch.setattr(command, "run_job", refuse)
    assert run(tmp_path, "--no-figures") == 0
    assert (tmp_path / "simulated.csv").read_bytes() == (finished / "simulated.csv").read_bytes()


def test_methods_may_be_added_later(finished, tmp_path):
    assert run(tmp_path, "--no-figures", methods=["MeanShift"]) == 0
    assert run(tmp_path, "--no-figures") == 0
    key = ("repeat", "method", "property")
    both = [
        sorted(without_seconds(folder / "simulated.csv"), key=lambda row: [row[name] for name in key])
        for folder in (tmp_path, finished)
    ]
    assert both[0] == both[1]


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_workers_do_not_change_the_results(finished, tmp_path, backend):
    assert run(tmp_path, "--no-figures", "--n-jobs", "2", "--backend", backend) == 0
    for name in ("simulated.csv", "simulated_predictions.csv", "simulated_splits.csv"):
        assert without_seconds(tmp_path / name) == without_seconds(finished / name)


def test_results_of_other_settings_are_not_mixed(finished, tmp_path, capsys):
    content = (finished / "simulated.csv").read_text()
    changed = content.replace(settings_hash("MeanShift"), "00000000")
    assert changed != content
    (tmp_path / "simulated.csv").write_text(changed)
    assert run(tmp_path, "--no-figures") == 1
    assert "MeanShift with other settings" in capsys.readouterr().err
    assert (tmp_path / "simulated.csv").read_text() == changed
    (tmp_path / "simulated.csv").write_text("a,b\n1,2\n")
    assert run(tmp_path, "--no-figures") == 1
    assert "--output" in capsys.readouterr().err


def test_settings_hash_follows_the_parameters(monkeypatch):
    before = {method: settings_hash(method) for method in METHODS}
    assert len(set(before.values())) == len(METHODS)
    monkeypatch.setitem(METHODS, "DS", replace(METHODS["DS"], make=METHODS["DS-identity"].make))
    assert settings_hash("DS") != before["DS"]
    monkeypatch.setitem(PREPROCESSING, "SG1", (PREPROCESSING["SG1"][0].__class__(17, polyorder=2, deriv=1),))
    assert settings_hash("PDS") != before["PDS"]
    assert make_pipeline("PDS", "SG1", "A", "B").named_steps["SavitzkyGolay"].window == 17


def test_missing_data_are_named(tmp_path, monkeypatch, capsys):
    def unavailable(dataset):
        raise DatasetUnavailableError("no corn here")

    monkeypatch.setattr("benchmarks.accuracy.data._load", unavailable)
    load_pair.cache_clear()
    assert command.main(["--quick", "--datasets", "corn", "--output", str(tmp_path), "--quiet"]) == 1
    assert "no corn here" in capsys.readouterr().err


def test_quiet_prints_nothing_and_the_bar_counts_splits(tmp_path, capfd):
    assert run(tmp_path / "quiet", "--no-figures") == 0
    captured = capfd.readouterr()
    assert captured.out == captured.err == ""
    arguments = ["--quick", "--datasets", "simulated", "--output", str(tmp_path / "loud"), "--methods", *FEW]
    assert command.main([*arguments, "--no-figures"]) == 0
    captured = capfd.readouterr()
    assert "2/2" in captured.err and "simulated_tables.md" in captured.out


# ---------------------------------------------------------------------------------------------- tables and figures


def made_up(rmsep, **columns):
    """Results of two cells and four repeats: ``rmsep`` maps (method, n) to a mean in each cell."""
    rows = []
    for (method, n), means in rmsep.items():
        for name, mean in zip(("moisture", "oil"), means):
            for repeat in range(4):
                value = mean + 0.001 * repeat
                rows.append(
                    {
                        **dict.fromkeys([*store.UNIT, *store.FIGURES], 0),
                        **{"dataset": "corn", "source": "m5", "target": "mp5", "selection": "random"},
                        **{"property": name, "method": method, "n_standards": n, "repeat": repeat, "rmsep": value},
                        **{"n_test": 20, "n_calibration": 60, "sse": 20 * value**2, "r2": 1 - value, "rpd": 1 / value},
                        **columns,
                    }
                )
    return pd.DataFrame(rows)


def test_summary_pools_squared_errors():
    table = made_up({("MeanShift", 10): (0.1, 0.2)})
    table["n_test"], table["sse"] = [20, 20, 20, 10] * 2, [4.0, 1.0, 1.0, 1.0] * 2
    row = tables.summarise(table).iloc[0]
    assert row["rmsep_pooled"] == pytest.approx(np.sqrt(7 / 70))
    assert row["rmsep"] == pytest.approx(0.1015) and row["n_repeats"] == 4
    assert row["rmsep_sd"] == pytest.approx(np.std([0, 0.001, 0.002, 0.003], ddof=1))


def test_tables_count_cells_and_print_thresholds_beside_the_ceiling(tmp_path):
    results = made_up(
        {
            ("SourceOnly", 0): (0.9, 0.9),
            ("MeanShift", 10): (0.03, 0.4),
            ("MeanShift", 50): (0.02, 0.3),
            ("Pooled", 10): (0.5, 0.35),
            ("Pooled", 50): (0.1, 0.25),
            ("native", "all"): (0.2, 0.02),
        }
    )
    results.to_csv(tmp_path / "corn.csv", index=False)
    text = tables.write_tables(tmp_path, "corn").read_text()
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()]
    cells = {tuple(line[:2]): line for line in lines if len(line) == 10}
    assert cells["moisture", "**native**"][5] == "0.95 fail" and cells["oil", "**native**"][5] == "0.95 pass"
    assert cells["moisture", "MeanShift"][5] == "0.95 pass" and cells["moisture", "MeanShift"][8] == "pass"
    assert cells["oil", "MeanShift"][5] == "0.95 fail" and cells["oil", "MeanShift"][8] == "fail"
    assert cells["moisture", "MeanShift"][2] == "0.0315 ± 0.0013"
    assert list(cells).index(("moisture", "**native**")) < list(cells).index(("moisture", "MeanShift"))
    assert cells["moisture", "MeanShift"][6] == "pass" and cells["oil", "MeanShift"][6] == "fail"
    # at or below native: moisture only; N = 10 against N = 50
    assert ["MeanShift", "1", "1"] in lines and ["Pooled", "0", "1"] in lines
    at_fifty = [line for line in lines if len(line) == 3][-2:]
    assert at_fifty == [["MeanShift", "0", "1"], ["Pooled", "0", "0"]]
    summary = pd.read_csv(tmp_path / "corn_summary.csv")
    assert len(summary) == 12 and (tmp_path / "corn_tables.md").exists()


def test_packed_results_are_the_results(tmp_path):
    results = made_up({("MeanShift", 10): (0.03, 0.4), ("native", "all"): (0.2, 0.02)})
    results.to_csv(tmp_path / "corn.csv", index=False)
    plain = tables.read_results(tmp_path, "corn")
    written = archive.pack(tmp_path, "corn")
    assert [path.name for path in written] == [f"corn_{name}.csv.xz" for name in plain["selection"].unique()]
    (tmp_path / "corn.csv").unlink()
    pd.testing.assert_frame_equal(tables.read_results(tmp_path, "corn"), plain)


def test_the_readme_table_shows_the_ceiling_and_the_best(tmp_path):
    rows = []
    for dataset, source, target, name in readme.CELLS:
        for method, n, rmsep in (("MeanShift", "10", 0.2), ("PDS", "10", 0.1), ("native", "all", 0.05)):
            rows.append((dataset, source, target, name, "random", n, method, rmsep))
    columns = ["dataset", "source", "target", "property", "selection", "n_standards", "method", "rmsep"]
    for dataset, part in pd.DataFrame(rows, columns=columns).groupby("dataset"):
        part.to_csv(tmp_path / f"{dataset}_summary.csv", index=False)
    lines = readme.readme_table(tmp_path).splitlines()
    assert len(lines) == 2 + len(readme.CELLS)
    cells = dict(zip(lines[0].strip("| ").split(" | "), lines[2].split(" | ")[1:]))
    assert (cells["PDS"], cells["MeanShift"], cells["DS"], cells["native |"[:6]]) == ("**0.1**", "0.2", "n/a", "0.05 |")
    page = tmp_path / "README.md"
    page.write_text(f"before\n{readme.BEGIN}\nold\n{readme.END}\nafter\n")
    readme.write_readme(tmp_path, page)
    assert "old" not in page.read_text() and lines[3] in page.read_text() and page.read_text().endswith("after\n")


def test_differences_are_tested_only_where_the_test_set_is_drawn_anew(tmp_path):
    figures = {("MeanShift", 10): (0.03, 0.4), ("native", "all"): (0.2, 0.02)}
    made_up(figures).to_csv(tmp_path / "corn.csv", index=False)
    fixed = made_up(figures, dataset="tablets", source="inst1", target="inst2")
    fixed["property"] = fixed["property"].replace({"moisture": "weight", "oil": "assay"})
    fixed.to_csv(tmp_path / "tablets.csv", index=False)
    text = {name: tables.write_tables(tmp_path, name).read_text() for name in ("corn", "tablets")}
    # the differences are the same in all four repeats
    assert "| 0 |" in text["corn"] and "significantly below" in text["corn"]
    assert "share one test set" in text["tablets"] and "significantly below" not in text["tablets"]
    assert "0.96 pass" in text["tablets"] and "0.96 fail" in text["tablets"]


def test_corrected_t_test():
    # by hand: mean 2, variance 1, error sqrt(1/3 + 1/2), two degrees of freedom
    assert tables.corrected_t_test([1.0, 2.0, 3.0], 20, 40) == pytest.approx(
        2 * stats.t.sf(2 / np.sqrt(5 / 6), 2), rel=1e-12
    )
    values = np.random.default_rng(0).normal(0.5, 1, 12)
    assert tables.corrected_t_test(values, 0, 60) == pytest.approx(stats.ttest_1samp(values, 0).pvalue, rel=1e-12)
    assert np.isnan(tables.corrected_t_test([1.0], 20, 60))
    assert tables.corrected_t_test([0.0, 0.0], 20, 60) == 1.0
    assert tables.corrected_t_test([1.0, 1.0], 20, 60) == 0.0


def test_figures_are_drawn_from_the_files(tmp_path):
    pytest.importorskip("matplotlib")
    from matplotlib import rcParams

    # reading "backend" would choose one
    names = [name for name in rcParams if name != "backend"]
    before = [rcParams[name] for name in names]
    assert run(tmp_path, methods=["SourceOnly", "MeanShift", "SBC", "native"]) == 0
    drawn = sorted(path.name for path in (tmp_path / "figures").iterdir())
    assert drawn == ["simulated_A-B_curves.png", "simulated_A-B_predictions.png", "simulated_cells.png"]
    assert all((tmp_path / "figures" / name).read_bytes()[:8] == b"\x89PNG\r\n\x1a\n" for name in drawn)
    assert [rcParams[name] for name in names] == before
    for path in (tmp_path / "figures").iterdir():
        path.unlink()
    content = (tmp_path / "simulated.csv").read_bytes()
    assert run(tmp_path, "--report-only") == 0
    assert len(list((tmp_path / "figures").iterdir())) == 3
    assert (tmp_path / "simulated.csv").read_bytes() == content
