"""compare_methods: same splits, resumed runs, figures from predictions alone."""

import csv

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.base import clone
from sklearn.linear_model import Ridge

from skspectral import CCA, MeanShift, SourceOnly, StandardsSplit, TargetOnly, TransferSplit
from skspectral.comparison import Comparison, compare_methods, default_methods
from skspectral.datasets import make_instruments
from skspectral.exceptions import NoStandardsError
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
    run(data, methods=methods, path=path, cv=TransferSplit(8, 3, random_state=1, **ROLES))
    assert CountingShift.fits == 3, "results of other splits must not be continued"
    with path.open() as file:
        assert len({row["run"] for row in csv.DictReader(file)}) == 1


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


def test_default_methods_are_all_classical_methods():
    used = {type(model) for model in default_methods("A", "B").values()}
    assert used == {cls for name, cls in all_transfer_estimators() if name not in NETWORKS}
