"""compare_methods: same splits, resumed runs, figures from predictions alone."""

import csv
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import Bunch

from skspectral import CCA, LinearCalibration, MeanShift, SourceOnly, StandardsSplit, TargetOnly, TransferSplit
from skspectral.comparison import Comparison, compare_methods, default_methods, judge_held_out
from skspectral.datasets import make_instruments
from skspectral.exceptions import NonFiniteSpectraError, NoStandardsError, OtherInputsWarning
from skspectral.testing import all_transfer_estimators
from tests.budgets import NETWORKS

ROLES = {"source": "A", "target": "B"}
METHODS = {"SourceOnly": SourceOnly(Ridge(1e-3), **ROLES), "MeanShift": MeanShift(Ridge(1e-3), **ROLES)}


@pytest.fixture(scope="module")
def data():
    return make_instruments(n_samples=30, n_channels=50, n_targets=2, random_state=0)


def run(data, **changes):
    options = {
        "instrument": data.instrument,
        "sample_id": data.sample_id,
        "methods": METHODS,
        "cv": TransferSplit(8, 3, random_state=0, **ROLES),
        "target_names": ["protein", "fat"],
        "progress": False,
    } | changes
    return compare_methods(data.X, data.y, **options)


def test_predictions_are_those_of_a_loop_by_hand(data):
    comparison = run(data)
    labels = {"instrument": data.instrument, "sample_id": data.sample_id}
    for name, method in METHODS.items():
        measured, predicted = [], []
        for train, test in TransferSplit(8, 3, random_state=0, **ROLES).split(data.X, data.y, **labels):
            inside = {key: np.asarray(value)[train] for key, value in labels.items()}
            model = clone(method).fit(data.X[train], data.y[train], **inside)
            measured.append(data.y[test, 1])
            predicted.append(model.predict(data.X[test])[:, 1])
        expected = np.concatenate(measured), np.concatenate(predicted)
        assert_allclose(comparison.of(name, "fat"), expected)


def test_native_uses_all_calibration_samples_and_the_same_test_rows(data):
    comparison = run(data, native=True)
    tested = {
        name: [(r["repeat"], r["row"], r["property"]) for r in comparison.predictions if r["method"] == name]
        for name in ("native", "MeanShift")
    }
    assert tested["native"] == tested["MeanShift"]
    labels = {"instrument": data.instrument, "sample_id": data.sample_id}
    train, test = next(TransferSplit("all", 1, random_state=0, **ROLES).split(data.X, data.y, **labels))
    inside = {key: np.asarray(value)[train] for key, value in labels.items()}
    model = TargetOnly(**ROLES).fit(data.X[train], data.y[train], **inside)
    assert_allclose(comparison.of("native", "protein")[1][: len(test)], model.predict(data.X[test])[:, 0])
    with pytest.raises(ValueError, match="TransferSplit"):
        run(data, native=True, cv=StandardsSplit("loo", **ROLES))
    with pytest.raises(ValueError, match="int random_state"):
        run(data, native=True, cv=TransferSplit(8, 3, **ROLES))


class CountingShift(MeanShift):
    """MeanShift that counts its fits."""

    fits = 0

    def fit(self, *args, **kwargs):
        type(self).fits += 1
        return super().fit(*args, **kwargs)


def test_a_run_that_was_cut_off_continues(data, tmp_path):
    path = tmp_path / "predictions.csv"
    methods = {"shift": CountingShift(Ridge(1e-3), **ROLES)}
    whole = run(data, methods=methods, path=path)
    assert CountingShift.fits == 3
    complete = path.read_text()
    lines = complete.splitlines(keepends=True)
    path.write_text("".join(lines[: len(lines) // 2]) + "broken,li")
    resumed = run(data, methods=methods, path=path)
    assert 3 < CountingShift.fits < 6, "finished splits must not be fitted again"
    assert_allclose(resumed.of("shift", "fat"), whole.of("shift", "fat"))
    CountingShift.fits = 0
    before = path.read_text()
    with pytest.warns(OtherInputsWarning, match=r"predictions\.old-1\.csv"):
        other = run(data, methods=methods, path=path, cv=TransferSplit(8, 3, random_state=1, **ROLES))
    assert CountingShift.fits == 3, "results of other splits must not be continued"
    assert other.set_aside == tmp_path / "predictions.old-1.csv" and other.set_aside.read_text() == before
    with path.open() as file:
        assert len({row["run"] for row in csv.DictReader(file)}) == 1


def existing(factor):
    data = make_instruments(n_samples=30, n_channels=50, n_targets=2, random_state=0)
    on_a = data.instrument == "A"
    return {"shift": MeanShift(FrozenEstimator(Ridge(1e-3).fit(data.X[on_a], factor * data.y[on_a])), **ROLES)}


def vector(factor):
    coef = np.ones((2, 50))
    coef[:, 20:30] *= factor
    return {"shift": MeanShift(LinearCalibration(coef, [0.0, 0.0]), **ROLES)}


OTHER_INPUTS = {
    "calibrated anew": ({"methods": existing(1)}, {"methods": existing(2)}),
    "a vector of coefficients": ({"methods": vector(1)}, {"methods": vector(1.5)}),
    "names of the properties": ({}, {"target_names": ["fat", "protein"]}),
    "names of the samples": ({}, {"sample_id": np.tile([f"n{k}" for k in range(30)], 2)}),
    "settings": ({}, {"methods": {**METHODS, "MeanShift": MeanShift(Ridge(1e-2), **ROLES)}}),
    "another method": ({}, {"methods": {**METHODS, "more": SourceOnly(Ridge(1.0), **ROLES)}}),
    "native": ({}, {"native": True}),
    "splits drawn anew": ({"cv": TransferSplit(8, 2, **ROLES)}, {"cv": TransferSplit(8, 2, **ROLES)}),
    "a function without a name": (
        {"methods": {"f": SourceOnly(make_pipeline(FunctionTransformer(lambda x: x), Ridge()), **ROLES)}},
        {"methods": {"f": SourceOnly(make_pipeline(FunctionTransformer(lambda x: 2 * x), Ridge()), **ROLES)}},
    ),
}


@pytest.mark.parametrize("kind", OTHER_INPUTS)
def test_results_of_other_inputs_are_never_reused(data, tmp_path, kind):
    first, second = OTHER_INPUTS[kind]
    path = tmp_path / "p.csv"
    run(data, path=path, **first)
    before = path.read_text()
    with pytest.warns(OtherInputsWarning, match="other inputs"):
        again = run(data, path=path, **second)
    assert again.set_aside.read_text() == before
    if kind != "splits drawn anew":
        expected = run(data, **second)
        for name in expected.methods:
            for target in expected.properties:
                assert_array_equal(again.of(name, target), expected.of(name, target))


def test_the_same_inputs_made_again_are_continued(data, tmp_path):
    path = tmp_path / "p.csv"
    first = run(data, path=path, methods=existing(1))
    with path.open() as file:
        done = list(csv.DictReader(file))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again = run(data, path=path, methods=existing(1))
    assert again.set_aside is None
    assert_allclose(again.of("shift", "fat"), first.of("shift", "fat"))
    with path.open() as file:
        kept = [row for row in csv.DictReader(file) if row["repeat"] != "2"]
    # the last group may have been cut off and is made again
    assert kept == [row for row in done if row["repeat"] != "2"]


@pytest.mark.parametrize("lines", [2, 5])
def test_a_single_cut_off_group_of_other_inputs_is_kept_too(data, tmp_path, lines):
    path = tmp_path / "p.csv"
    run(data, path=path, methods=existing(1))
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:lines]))
    before = path.read_text()
    with pytest.warns(OtherInputsWarning):
        assert run(data, path=path, methods=existing(2)).set_aside.read_text() == before


def test_a_file_of_something_else_is_left_alone(data, tmp_path):
    path = tmp_path / "notes.csv"
    path.write_text("day,weather\n1,rain\n")
    with pytest.raises(ValueError, match="no file of predictions"):
        run(data, path=path)
    assert path.read_text() == "day,weather\n1,rain\n"


def test_references_on_the_source_only_are_enough(data):
    expected = run(data)
    on_b = (data.instrument == "B")[:, None]
    lent = Bunch(**data | {"y": np.where(on_b, np.nan, data.y)})
    for name in METHODS:
        assert_array_equal(run(lent).of(name, "fat"), expected.of(name, "fat"))
    # a third instrument lends nothing: its reference of the sample is another one
    third = Bunch(
        X=np.vstack([data.X, data.X[:1]]),
        y=np.vstack([lent.y, [[99.0, 99.0]]]),
        instrument=np.append(data.instrument, "C"),
        sample_id=np.append(data.sample_id, data.sample_id[0]),
    )
    assert_allclose(run(third).of("MeanShift", "fat"), expected.of("MeanShift", "fat"))


def test_masked_references_are_missing_and_masked_spectra_refused(data):
    y = data.y.copy()
    y[:4] = np.nan
    expected = run(Bunch(**data | {"y": y}))
    masked = np.ma.array(data.y, mask=np.isnan(y))
    assert_allclose(run(Bunch(**data | {"y": masked})).of("MeanShift", "fat"), expected.of("MeanShift", "fat"))
    spectra = np.ma.array(data.X, mask=False)
    spectra[0, 0] = np.ma.masked
    with pytest.raises(NonFiniteSpectraError, match="masked"):
        run(Bunch(**data | {"X": spectra}))


def test_figures_come_from_the_predictions():
    rows = [
        {"method": "m", "repeat": k, "property": "p", "measured": y, "predicted": z, "fit_seconds": 0.1}
        for k, y, z in [(0, 1.0, 1.5), (0, 2.0, 2.5), (0, 4.0, 4.5), (1, 3.0, 3.0), (1, 5.0, 4.0)]
    ]
    comparison = Comparison(rows)
    first, second = comparison.results()
    assert_allclose([first["rmsep"], first["bias"], first["sep"]], [0.5, 0.5, 0.0], atol=1e-12)
    assert_allclose([second["rmsep"], second["bias"]], [np.sqrt(0.5), -0.5])
    assert_allclose(comparison.summary()[0]["rmsep"], np.sqrt((3 * 0.25 + 1.0) / 5))


def test_too_few_standards_leaves_a_method_out_and_says_why(data):
    methods = {**METHODS, "CCA": CCA(**ROLES)}
    comparison = run(data, methods=methods, cv=TransferSplit(2, 2, random_state=0, **ROLES))
    assert comparison.methods == ["SourceOnly", "MeanShift"]
    assert "at least 3" in comparison.skipped["CCA"]
    assert comparison.best() == "MeanShift"
    with pytest.raises(NoStandardsError, match="at least 3"):
        run(data, methods={"CCA": CCA(**ROLES)}, cv=TransferSplit(2, 2, random_state=0, **ROLES)).best()


def test_held_out_samples_are_judged_by_the_model_of_their_split(data):
    comparison = run(data)
    given = {"instrument": data.instrument, "sample_id": data.sample_id, "target_names": ["protein", "fat"]}
    cv = TransferSplit(8, 3, random_state=0, **ROLES)
    judged = judge_held_out(
        comparison, data.X, data.y, name="MeanShift", method=METHODS["MeanShift"], cv=cv, progress=False, **given
    )
    assert len(judged.predictions) == len(comparison.predictions)
    changed = [row for row, old in zip(judged.predictions, comparison.predictions) if row != old]
    assert {(row["method"], row["repeat"]) for row in changed} == {("MeanShift", 0)} and len(changed) == 2 * 9
    for row in changed:
        # the interval is that of the prediction which stands beside it, and hardly longer on one side
        below, above = row["predicted"] - row["lower"], row["upper"] - row["predicted"]
        assert below > 0 and above > 0 and abs(below - above) < 0.2 * (below + above)
        assert row["flag"] in ("", "note", "warning", "reject")
    assert all("lower" not in row for row in comparison.predictions)


def test_default_methods_are_all_classical_methods():
    used = {type(model) for model in default_methods("A", "B").values()}
    assert used == {cls for name, cls in all_transfer_estimators() if name not in NETWORKS}
