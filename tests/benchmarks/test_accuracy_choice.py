"""The blind choice of settings: nothing of the test set reaches it."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks.accuracy import protocol
from benchmarks.accuracy.choose import TrainingRows, blind_criterion, choose
from benchmarks.accuracy.data import load_pair
from benchmarks.accuracy.methods import METHODS, PREPROCESSING
from benchmarks.accuracy.protocol import AND_OTHERS, Unit, run_job
from skspectral import PLSRegressionCV
from skspectral.model_selection import TransferSplit
from skspectral.transfer import DS

# the source alone, without references, of pairs, of references, the target alone, many models at once, the ceiling
ONE_OF_EACH_KIND = ("SourceOnly", "MeanShift", "PDS", "SBC", "TargetOnly", "TransferPortfolio", "native")


def of_methods(job, methods):
    return replace(job, units=tuple(unit for unit in job.units if unit.method in methods))


@pytest.mark.slow
@pytest.mark.parametrize("selection", ["random", "kennard-stone"])
def test_the_choice_never_receives_a_row_of_a_tested_sample(job, selection, monkeypatch):
    pair = load_pair("simulated", job.source, job.target)
    # the way of selection changes the split, which is the same for all methods
    asked = {m for m, found in METHODS.items() if found.datasets is None and not found.kept}
    asked = asked if selection == "random" else set(ONE_OF_EACH_KIND)
    seen = []

    def watched(method, rows):
        seen.append((method, rows))
        return choose(method, rows)

    monkeypatch.setattr(protocol, "choose", watched)
    outcome = run_job(replace(of_methods(job, asked), selection=selection))
    tested = set(outcome.splits[0]["test"].split())
    assert len(tested) == 15
    assert {method for method, _ in seen} == asked
    held_out = np.isin(pair.sample_id, list(tested))
    forbidden = {spectrum.tobytes() for spectrum in pair.X[held_out]}
    for method, rows in seen:
        assert not tested & set(rows.sample_id)
        assert not forbidden & {spectrum.tobytes() for spectrum in rows.X}
        on_target = rows.instrument == job.target
        if on_target.any() and np.isnan(rows.y[on_target]).all():
            assert METHODS[method].zero_shot or METHODS[method].standards == "none"
            assert set(rows.sample_id[on_target]) == {None}
            continue
        named = set(rows.sample_id[on_target]) - {None}
        if None in rows.sample_id[on_target]:
            assert METHODS[method].unlabelled_beside and len(named) in AND_OTHERS.values()
            continue
        n_standards = len(named)
        assert n_standards == {"none": 0, "some": 5, "all": 45}[METHODS[method].standards]
        assert set(rows.instrument) <= ({job.target} if METHODS[method].own_axis else {job.source, job.target})


@pytest.mark.slow
def test_garbage_in_tested_samples_does_not_change_the_choice(job, monkeypatch):
    job = of_methods(job, ONE_OF_EACH_KIND)
    pair = load_pair("simulated", job.source, job.target)
    splits = {n: protocol.split_rows(pair, job, n) for n in (0, 5, "all")}
    out = np.isin(pair.sample_id, pair.sample_id[splits[0][1]])
    rng = np.random.default_rng(0)
    X, y = pair.X.copy(), pair.y.copy()
    X[out], y[out] = rng.normal(size=X[out].shape), 1e6 * rng.normal(size=y[out].shape)
    clean = run_job(job)
    monkeypatch.setattr(protocol, "split_rows", lambda pair, job, n: splits[n])
    monkeypatch.setattr(protocol, "load_pair", lambda *_: replace(pair, X=X, native=X, y=y))
    poisoned = run_job(job)
    for one, other in zip(clean.results, poisoned.results, strict=True):
        for name in ("method", "property", "prep", "n_components", "blind_rmse", "n_calibration", "settings"):
            assert one[name] == other[name], (one["method"], name)
        assert other["rmsep"] > 1e4 > one["rmsep"]


@pytest.mark.parametrize("method", list(METHODS))
def test_missing_values_in_tested_samples_do_not_change_the_fit(job, method):
    pair = load_pair("simulated", job.source, job.target)
    n = {"none": 0, "some": 5, "all": "all"}[METHODS[method].standards]
    train, test = protocol.split_rows(pair, job, n)
    train = train[pair.instrument[train] == job.target] if METHODS[method].own_axis else train
    X, y = pair.X.copy(), pair.y.copy()
    out = np.isin(pair.sample_id, pair.sample_id[test])
    X[out], y[out] = np.nan, np.nan

    def rows(X, y):
        labels = (pair.instrument[train], pair.sample_id[train], job.source, job.target)
        return TrainingRows(X[train], y[train], *labels, dataset="simulated")

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
    network = SimpleNamespace(validation_rmse_=np.array([3.0, np.nan]), transfer_rmse_=np.array([4.0, 1.0]))
    np.testing.assert_allclose(blind_criterion(network), [25.0, 1.0])


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
    _, test = protocol.split_rows(pair, job, 5)
    train = (pair.instrument == job.target) & ~np.isin(pair.sample_id, pair.sample_id[test])
    for j, row in enumerate(rows):
        X = pair.X
        for step in PREPROCESSING[row["prep"]]:
            X = step.fit_transform(X)
        model = PLSRegressionCV().fit(X[train], pair.y[train])
        error = model.predict(X[test])[:, j] - pair.y[test, j]
        assert row["rmsep"] == pytest.approx(np.sqrt(np.mean(error**2)), rel=1e-6)


@pytest.mark.parametrize("method", ["native", "native-CNN"])
def test_the_native_calibration_refuses_rows_of_the_source(job, method):
    pair = load_pair("simulated", job.source, job.target)
    with pytest.raises(ValueError, match="target alone"):
        choose(method, TrainingRows(pair.X, pair.y, pair.instrument, pair.sample_id, job.source, job.target))
