"""Plans, jobs and units of the evaluation protocol."""

import json
import os
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.accuracy import __main__ as command
from benchmarks.accuracy import networks, protocol, summary
from benchmarks.accuracy.choose import choose
from benchmarks.accuracy.data import PLANS, load_pair
from benchmarks.accuracy.methods import METHODS, make_pipeline, settings_hash
from benchmarks.accuracy.protocol import (
    AND_OTHERS,
    NO_STANDARDS,
    OTHER_SAMPLES,
    UNLABELLED,
    WITH_UNLABELLED,
    Unit,
    make_jobs,
    run_job,
    unit_by_unit,
)

needs_data = pytest.mark.skipif(
    not os.environ.get("SKSPECTRAL_DATA"), reason="SKSPECTRAL_DATA does not name a folder with the published spectra"
)


def test_units_of_the_full_plan():
    jobs = make_jobs("simulated", PLANS["simulated"])
    assert len(jobs) == 2 * (5 + 5)
    assert [(job.source, job.repeat) for job in jobs[:4]] == [("A", 0), ("B", 0), ("A", 1), ("B", 1)]
    units, with_networks = jobs[-1].units, jobs[0].units
    assert jobs[-1].selection == "kennard-stone" and set(units) < set(with_networks)
    # where all samples are known alike, there is nothing to select
    fewer = [
        METHODS[unit.method] for unit in set(with_networks) - set(units) if unit.n_standards not in WITH_UNLABELLED
    ]
    assert not set(WITH_UNLABELLED) & {unit.n_standards for unit in units}
    assert all(method.network is not None or method.repeats is not None for method in fewer)
    some = [
        method
        for method in METHODS.values()
        if method.standards == "some" and method.datasets is None and not method.kept
    ]
    zero_shot = [unit.method for unit in with_networks if unit.n_standards == UNLABELLED]
    numbers = {"MeanShift": {1, 2, 3, 5, 10}, "PDS": {2, 3, 5, 10}, "CCA": {3, 5, 10}, "LoRACT": {5, 10}}
    for method, expected in numbers.items():
        assert {unit.n_standards for unit in with_networks if unit.method == method} - set(NO_STANDARDS) == expected
    least = [sum(n >= method.least for n in (1, 2, 3, 5, 10)) for method in some]
    # SourceOnly and the two native calibrations besides
    n_beside = len(AND_OTHERS) * sum(method.unlabelled_beside for method in some)
    assert len(with_networks) == len(set(with_networks)) == 2 + sum(least) + 2 * len(zero_shot) + n_beside + 2
    other = {unit.method for unit in with_networks if unit.n_standards == OTHER_SAMPLES}
    assert other == {*zero_shot, "SourceOnly"}
    assert {"MeanShift", "diPLS", "AutoTransfer", "SpectralFMTransfer"} <= set(zero_shot)
    assert not {"PDS", "DS", "SBC", "TargetOnly", "native"} & set(zero_shot)
    assert Unit("SourceOnly", 0) in units and Unit("native", "all") in units
    assert all(unit.n_standards != 0 for unit in with_networks if unit.method != "SourceOnly")


def test_pairs_without_a_common_range_are_for_methods_on_native_axes():
    plan = PLANS["sugarcane"]
    jobs = [job for job in make_jobs("sugarcane", plan) if (job.source, job.target) in plan.disjoint]
    assert {(job.source, job.target) for job in jobs} == set(plan.disjoint)
    units = {unit for job in jobs for unit in job.units}
    networks = {"SpectralFMTransfer", "SpectralFM (random weights)"}
    assert {unit.method for unit in units} == networks | {"TargetOnly-native", "native"}
    assert not set(NO_STANDARDS) & {unit.n_standards for unit in units}


def test_without_standards_no_reference_and_no_pair_of_the_target_is_known(job, monkeypatch):
    seen = []

    def look(method, rows):
        seen.append(rows)
        return choose(method, rows)

    monkeypatch.setattr(protocol, "choose", look)
    outcome = run_job(replace(job, units=(Unit("MeanShift", UNLABELLED),)))
    (rows,) = seen
    on_target = rows.instrument == job.target
    assert on_target.sum() == (~on_target).sum() == 45
    assert np.isnan(rows.y[on_target]).all() and all(label is None for label in rows.sample_id[on_target])
    assert np.isfinite(rows.y[~on_target]).all() and {row["n_standards"] for row in outcome.results} == {UNLABELLED}


def test_other_samples_are_on_one_instrument_each(job, monkeypatch):
    seen = []

    def look(method, rows):
        seen.append(rows)
        return choose(method, rows)

    monkeypatch.setattr(protocol, "choose", look)
    outcome = run_job(replace(job, units=(Unit("SourceOnly", OTHER_SAMPLES), Unit("MeanShift", OTHER_SAMPLES))))
    pair = load_pair(job.dataset, job.source, job.target)
    _, _, train, test = protocol.unit_rows(pair, job, Unit("MeanShift", OTHER_SAMPLES))
    on_target = pair.instrument[train] == job.target
    assert on_target.sum() == 22 and (~on_target).sum() == 23
    halves = [set(pair.sample_id[train][mask]) for mask in (on_target, ~on_target)]
    assert not halves[0] & halves[1] and not set(pair.sample_id[test]) & (halves[0] | halves[1])
    for rows in seen:
        assert np.isnan(rows.y[rows.instrument == job.target]).all()
        assert all(label is None for label in rows.sample_id[rows.instrument == job.target])
    assert {row["n_calibration"] for row in outcome.results} == {23}
    (described,) = outcome.splits
    assert described["standards"].endswith(f"{OTHER_SAMPLES}: {' '.join(sorted(map(str, halves[1])))}")


@pytest.mark.parametrize("unit", AND_OTHERS)
def test_standards_beside_other_samples_are_of_the_half_that_is_calibrated_with(job, unit):
    pair = load_pair(job.dataset, job.source, job.target)
    rows, _, train, test = protocol.unit_rows(pair, job, Unit("AutoTransfer", unit))
    _, _, without, _ = protocol.unit_rows(pair, job, Unit("AutoTransfer", OTHER_SAMPLES))
    on_target = rows.instrument == job.target
    paired = np.isfinite(rows.y).any(axis=1) & on_target
    assert paired.sum() == AND_OTHERS[unit] and len(train) == len(without) + AND_OTHERS[unit]
    assert set(rows.sample_id[paired]) <= set(rows.sample_id[~on_target])
    assert all(label is None for label in rows.sample_id[on_target & ~paired])
    assert not set(pair.sample_id[train]) & set(pair.sample_id[test])


def test_networks_are_run_on_the_first_splits_of_the_others():
    plan = replace(PLANS["simulated"], repeats={"random": 20, "kennard-stone": 20})
    jobs = make_jobs("simulated", plan, ["LoRACT"])
    assert {(job.selection, job.repeat) for job in jobs} == {("random", repeat) for repeat in range(5)}
    both = make_jobs("simulated", plan, ["PDS", "LoRACT"])
    assert [replace(job, units=()) for job in both if Unit("LoRACT", 5) in job.units] == [
        replace(job, units=()) for job in jobs
    ]


def test_networks_have_the_settings_chosen_for_the_data_set(tmp_path, monkeypatch):
    path = tmp_path / "chosen.json"
    path.write_text(json.dumps({"corn": {"CNNTransfer": {"settings": {"inputs": ["raw", "sg2"], "lr": 0.5}}}}))
    monkeypatch.setattr(networks, "CHOSEN", path)
    networks._chosen.cache_clear()
    try:
        made = make_pipeline("CNNTransfer", "none", "m5", "mp6", dataset="corn").named_steps["method"]
        assert (made.inputs, made.lr, made.source, made.target) == (("raw", "sg2"), 0.5, "m5", "mp6")
        native = make_pipeline("native-CNN", "none", "m5", "mp6", dataset="corn").named_steps["method"]
        assert (native.lr, native.source, native.target) == (0.5, None, None)
        assert len({settings_hash("CNNTransfer", name) for name in ("corn", "simulated", None)}) == 3
        assert settings_hash("PDS", "corn") == settings_hash("PDS")
        # no settings, no results
        assert make_jobs("tablets", PLANS["tablets"], ["CNNTransfer"]) == []
        assert make_jobs("corn", PLANS["corn"], ["LoRACT"]) == []
        assert len(make_jobs("corn", PLANS["corn"], ["CNNTransfer"])) == 6 * 5
    finally:
        networks._chosen.cache_clear()


def test_unit_by_unit_finishes_a_number_of_standards_on_all_splits_first():
    plan = replace(PLANS["simulated"], standards=(0, 5, 10))
    jobs = make_jobs("simulated", plan, ["native", "SBC", "LoRACT"])
    units = [job.units for job in unit_by_unit(jobs, [10, 5])]
    assert {len(one) for one in units} == {1}
    order = [unit for (unit,) in units]
    assert list(dict.fromkeys(order)) == [
        Unit("native", "all"),
        Unit("SBC", 10),
        Unit("LoRACT", 10),
        Unit("SBC", 5),
        Unit("LoRACT", 5),
    ]
    assert order.count(Unit("SBC", 5)) == 20 and order.count(Unit("LoRACT", 5)) == 10
    assert {unit.n_standards for job in unit_by_unit(jobs, [5]) for unit in job.units} == {5, "all"}
    assert sorted(map(str, units)) == sorted(str((unit,)) for job in jobs for unit in job.units)


def test_all_pairs_and_selections_test_the_same_samples():
    plan = PLANS["simulated"]
    tested = {}
    for job in make_jobs("simulated", plan, ["SourceOnly"]):
        pair = load_pair("simulated", job.source, job.target)
        _, test = protocol.split_rows(pair, job, 5)
        tested.setdefault(job.repeat, set()).add(frozenset(pair.sample_id[test]))
    assert len(tested) == 5 and all(len(sets) == 1 for sets in tested.values())
    assert len(set.union(*tested.values())) == 5


def test_the_split_file_tells_which_standards_joined(job):
    pair = load_pair("simulated", job.source, job.target)
    described = run_job(replace(job, standards=(0, 5, 10), units=())).splits[0]
    first, second = (part.split(": ")[1].split() for part in described["standards"].split("; ")[:-1])
    for n, expected in ((5, set(first)), (10, set(first) | set(second))):
        train, test = protocol.split_rows(pair, job, n)
        assert set(pair.sample_id[train][pair.instrument[train] == job.target]) == expected
        assert set(described["test"].split()) == set(pair.sample_id[test])


@needs_data
def test_published_data_sets_follow_the_protocol():
    assert len(make_jobs("corn", PLANS["corn"])) == 6 * 40
    assert load_pair("corn", "m5", "mp6").X.shape == (160, 700)
    tablets = load_pair("tablets", "inst1", "inst2")
    assert tablets.X.shape == (2 * 615, 520) and len(tablets.test_samples) == 460
    train, test = protocol.split_rows(tablets, make_jobs("tablets", PLANS["tablets"])[0], 10)
    assert len(train) == 165 and len(test) == 460
    plan = PLANS["sugarcane"]
    assert len(plan.pairs) == 28 and len(plan.disjoint) == 14
    for pair in plan.disjoint:
        apart = load_pair("sugarcane", *pair)
        on_source = apart.instrument == pair[0]
        assert apart.wavelengths is None and np.isfinite(apart.X[on_source]).all()
    assert min(load_pair("sugarcane", *pair).X.shape[1] for pair in plan.pairs) >= 25
    cane = load_pair("sugarcane", "MicroNIR2200", "NIRONE22")
    assert cane.own.shape[1] == 201 and cane.X.shape[1] == 50
    on_target = cane.instrument == "NIRONE22"
    assert np.isfinite(cane.own[on_target]).all() and list(cane.axes) == ["MicroNIR2200", "NIRONE22"]
    assert np.isfinite(cane.native[~on_target, :125]).all() and np.isnan(cane.native[~on_target, 125:]).all()


@pytest.mark.slow
@needs_data
def test_corn_gives_the_published_order_of_magnitude(protocol_run, tmp_path):
    arguments = ["--quick", "--datasets", "corn", "--output", str(tmp_path), "--quiet"]
    arguments += ["--methods", *protocol_run.methods]
    assert command.main([*arguments, "--no-figures"]) == 0
    table = summary.summarise(summary.read_results(tmp_path, "corn"))
    table = table[~table["n_standards"].isin(NO_STANDARDS)].set_index(["property", "method"])["rmsep"]
    assert table["protein", "SourceOnly"] > 2 * table["protein", "MeanShift"]
    assert 0.10 < table["protein", "MeanShift"] < 0.20
    assert 0.10 < table["moisture", "native"] < 0.16
