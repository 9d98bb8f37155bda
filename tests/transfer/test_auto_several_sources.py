"""AutoTransfer with several known instruments."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import skspectral
from skspectral import AutoTransfer
from skspectral.datasets import make_instruments
from skspectral.exceptions import AmbiguousInstrumentError, UnknownInstrumentError, WrongPairsWarning

N_CALIBRATION = 40


@pytest.fixture(scope="module")
def data():
    """Three instruments; A and C have measured all calibration samples, the target B the standards."""
    return make_instruments(n_samples=70, n_instruments=3, n_channels=80, n_components=8, noise=2e-3, random_state=8)


def rows(data, n_standards):
    number = np.array([int(label[1:]) for label in data.sample_id])
    on_target = data.instrument == "B"
    train = np.where(on_target, number < n_standards, number < N_CALIBRATION)
    return np.flatnonzero(train), np.flatnonzero(on_target & (number >= N_CALIBRATION))


def fit(data, train, source="A", **changes):
    labels = {"instrument": data.instrument[train], "sample_id": data.sample_id[train]}
    model = AutoTransfer(wavelengths=data.wavelengths, source=source, target="B", **changes)
    return model.fit(data.X[train], data.y[train], **labels)


def error(model, data, test):
    return np.sqrt(np.mean((model.predict(data.X[test]) - data.y[test]) ** 2))


@pytest.mark.parametrize("n_standards", [3, 10])
def test_two_sources_are_better_than_one_of_them(data, n_standards):
    train, test = rows(data, n_standards)
    single = [error(fit(data, train, source), data, test) for source in "AC"]
    both = fit(data, train, others=["C"])
    assert error(both, data, test) < np.mean(single)
    assert set(both.source_weights_) == {"A", "C"}
    assert_allclose(sum(both.source_weights_.values()), 1.0)
    assert_allclose(both.predict(data.X[test], return_std=True)[0], both.predict(data.X[test]))
    assert (both.predict(data.X[test], return_std=True)[1] > 0).all()
    assert "2 known instruments" in both.strategy_[0]
    # which of them is called the source decides what is described, and nothing else
    turned = fit(data, train, "C", others=["A"])
    assert_allclose(turned.predict(data.X[test]), both.predict(data.X[test]), rtol=1e-8)


def test_without_others_there_is_one_source(data):
    train, _ = rows(data, 5)
    model = fit(data, train)
    assert list(model.source_weights_) == ["A"] and (model.source_weights_["A"] == 1.0).all()
    # rows of an instrument that is not named change nothing
    kept = train[data.instrument[train] != "C"]
    assert_allclose(model.predict(data.X[:5]), fit(data, kept).predict(data.X[:5]))


def test_standards_that_robust_leaves_out_are_left_out_for_all_sources(data):
    train, test = rows(data, 10)
    sample_id = data.sample_id.copy()
    on_target = np.flatnonzero(data.instrument == "B")
    sample_id[on_target[:2]] = sample_id[on_target[[1, 0]]]
    y = np.where((data.instrument == "B")[:, None], np.nan, data.y)
    labels = {"instrument": data.instrument[train], "sample_id": sample_id[train]}
    model = AutoTransfer(robust=True, others=["C"], wavelengths=data.wavelengths, source="A", target="B")
    with pytest.warns(WrongPairsWarning):
        model.fit(data.X[train], y[train], **labels)
    assert set(model.left_out_) == {"S00", "S01"}
    without = np.setdiff1d(train, on_target[:2])
    expected = fit(data, without, others=["C"])
    assert_allclose(model.predict(data.X[test]), expected.predict(data.X[test]), rtol=1e-6)


@pytest.mark.parametrize("others", [(), ["C"]], ids=["one source", "two sources"])
def test_without_snv_it_is_one_coefficient_vector(data, others):
    train, test = rows(data, 5)
    model = fit(data, train, others=others, scatter=False)
    coef, intercept = model.export_calibration()
    predicted = model.predict(data.X[test])
    assert_allclose(data.X[test] @ coef.T + intercept, predicted.reshape(len(test), -1), rtol=1e-9)


def test_a_stored_model_knows_all_its_sources(data, tmp_path):
    train, test = rows(data, 5)
    model = fit(data, train, others=["C"])
    skspectral.save(model, tmp_path / "model.skops")
    assert_allclose(skspectral.load(tmp_path / "model.skops").predict(data.X[test]), model.predict(data.X[test]))


@pytest.mark.parametrize(("others", "wrong"), [(["Z"], UnknownInstrumentError), (["B"], AmbiguousInstrumentError)])
def test_wrong_names_of_known_instruments(data, others, wrong):
    train, _ = rows(data, 5)
    with pytest.raises(wrong, match="others"):
        fit(data, train, others=others)
