"""AutoTransfer: which method is taken, and that it says so."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from skspectral import AutoTransfer, MeanShift, TransferPortfolio
from skspectral._core.roles import Pairs
from skspectral.datasets import make_instruments
from skspectral.exceptions import (
    NoStandardsError,
    PopulationWarning,
    UnknownAxisWarning,
    WrongPairsWarning,
    ZeroShotWarning,
)
from skspectral.metrics import rmsep
from skspectral.transfer._population import check_population

ROLES = {"source": "A", "target": "B"}


@pytest.fixture(scope="module")
def data():
    return make_instruments(n_samples=50, n_channels=90, n_targets=2, random_state=11)


def rows(data, n_standards, paired=True, labelled=True):
    """Forty source rows and some target rows of the same samples."""
    source = np.flatnonzero(data.instrument == "A")[:40]
    target = np.flatnonzero(data.instrument == "B")[:n_standards]
    taken = np.concatenate([source, target])
    y, ids = data.y[taken].copy(), data.sample_id[taken].astype(object)
    if not labelled:
        y[40:] = np.nan
    if not paired:
        ids[40:] = None
    return data.X[taken], y, {"instrument": data.instrument[taken], "sample_id": ids}


def fit(data, *args, parameters=None, **kwargs):
    X, y, labels = rows(data, *args, **kwargs)
    return AutoTransfer(wavelengths=data.wavelengths, **ROLES, **(parameters or {})).fit(X, y, **labels)


@pytest.mark.parametrize(
    ("n", "says"),
    [
        (10, "portfolio: 10 standards"),
        (3, "portfolio: 3 standards"),
        (2, "portfolio with prior weights: 2 standards and 2 pairs"),
        (1, "portfolio with prior weights: 1 standards and 1 pairs"),
    ],
)
def test_one_rule_for_every_number_of_standards(data, n, says):
    model = fit(data, n)
    X, y, labels = rows(data, n)
    expected = TransferPortfolio(wavelengths=data.wavelengths, **ROLES).fit(X, y, **labels).predict(data.X[-8:])
    assert_allclose(model.predict(data.X[-8:]), expected, rtol=1e-9)
    assert model.strategy_ == [says, says]


def test_standards_that_the_source_never_saw(data):
    assert fit(data, 8, paired=False).strategy_[0].startswith("portfolio: 8")
    model = fit(data, 2, paired=False)
    assert model.strategy_[0] == "portfolio with prior weights: 2 standards and 0 pairs"
    held_out = np.flatnonzero(data.instrument == "B")[40:]
    assert (rmsep(data.y[held_out], model.predict(data.X[held_out])) < data.y.std(axis=0)).all()


def test_unlabelled_target_spectra_are_centred_with_a_warning(data):
    with pytest.warns(ZeroShotWarning, match="^There is neither a pair nor a reference"):
        model = fit(data, 12, paired=False, labelled=False)
    assert model.strategy_[0] == "portfolio: the mean of 12 target samples, neither pairs nor references on the target"
    predicted, sd = model.predict(data.X[-8:], return_std=True)
    assert predicted.shape == sd.shape == (8, 2) and (sd > 0).all()


def with_further(data, n_standards, further):
    """Standards, and spectra of other samples of the target without id and reference."""
    X, y, labels = rows(data, n_standards)
    return (
        np.vstack([X, further]),
        np.vstack([y, np.full((len(further), y.shape[1]), np.nan)]),
        {
            "instrument": np.concatenate([labels["instrument"], np.full(len(further), "B", dtype=object)]),
            "sample_id": np.concatenate([labels["sample_id"], np.full(len(further), None)]),
        },
    )


def test_unlabelled_spectra_help_where_one_pair_says_little():
    """Every measurement on the target has a background of its own, so that one pair does not tell the difference."""
    errors = {name: [] for name in ("with", "without", "mean shift")}
    for seed in range(4):
        data = make_instruments(n_samples=90, n_channels=60, random_state=seed)
        target = np.flatnonzero(data.instrument == "B")
        x = np.linspace(-1, 1, data.X.shape[1])
        background = np.random.default_rng(seed).normal(size=(len(target), 3)) @ [x, np.sin(4 * x), np.cos(3 * x)]
        data.X[target] += data.X[target].std(axis=0).mean() * background
        further, test = data.X[target[40:70]], target[70:]
        X, y, labels = with_further(data, 1, further)
        for name, population in (("with", "same"), ("without", "other")):
            model = AutoTransfer(population=population, wavelengths=data.wavelengths, **ROLES).fit(X, y, **labels)
            assert ("unlabelled" in model.strategy_[0]) and (model.portfolio_.n_unlabelled_ == 30 * (name == "with"))
            errors[name].append(np.log(rmsep(data.y[test], model.predict(data.X[test]))))
        shift = MeanShift(**ROLES).fit(X[:41], y[:41], **{k: v[:41] for k, v in labels.items()})
        errors["mean shift"].append(np.log(rmsep(data.y[test], shift.predict(data.X[test]))))
    means = {name: np.mean(values) for name, values in errors.items()}
    assert means["with"] < means["without"] < means["mean shift"]


def test_enough_standards_need_no_unlabelled_spectra(data):
    target = np.flatnonzero(data.instrument == "B")
    X, y, labels = with_further(data, 8, data.X[target[40:]])
    model = AutoTransfer(wavelengths=data.wavelengths, **ROLES).fit(X, y, **labels)
    assert "10 unlabelled spectra left aside: there are enough standards" in model.strategy_[0]
    assert_allclose(model.predict(data.X[-5:]), fit(data, 8).predict(data.X[-5:]), rtol=1e-9)


def test_spectra_of_another_population_are_noticed_and_left_aside():
    data = make_instruments(n_samples=120, n_channels=90, random_state=2)
    source, target = (np.flatnonzero(data.instrument == name) for name in "AB")
    order = np.argsort(data.y[source, 0] if data.y.ndim > 1 else data.y[source])
    low, high = order[:60], order[90:]
    taken = np.concatenate([source[low], target[low[:4]], target[high]])
    y, ids = data.y[taken].astype(float), data.sample_id[taken].astype(object)
    y[64:], ids[64:] = np.nan, None
    labels = {"instrument": data.instrument[taken], "sample_id": ids}
    with pytest.warns(PopulationWarning, match="mean of"):
        model = AutoTransfer(wavelengths=data.wavelengths, **ROLES).fit(data.X[taken], y, **labels)
    assert not model.population_.passed and "not of the same population" in model.strategy_[0]
    other = AutoTransfer(population="other", wavelengths=data.wavelengths, **ROLES).fit(data.X[taken], y, **labels)
    assert_allclose(model.predict(data.X[-5:]), other.predict(data.X[-5:]))
    assert other.population_ is None


def test_the_same_population_passes_the_check():
    passed = []
    for seed in range(30):
        data = make_instruments(n_samples=80, n_channels=60, random_state=seed)
        source, target = (data.X[data.instrument == name] for name in "AB")
        y = data.y[data.instrument == "A"].reshape(80, -1)[:40]
        pairs = Pairs(source[:4], target[:4], y[:4])
        passed.append(check_population(source[:40], y, target[40:], pairs, data.wavelengths).passed)
    assert np.mean(passed) > 0.85


def test_a_population_must_be_one_of_three(data):
    with pytest.raises(ValueError, match="population"):
        fit(data, 5, parameters={"population": "mine"})


def test_robust_that_trusts_no_pair_says_so(data, monkeypatch):
    X, y, labels = rows(data, 6)
    nobody = SimpleNamespace(swapped=[], suspect=list(labels["sample_id"][40:]))
    monkeypatch.setattr("skspectral.diagnostics.find_wrong_pairs", lambda *args, **kwargs: nobody)
    with pytest.warns(WrongPairsWarning), pytest.raises(NoStandardsError, match="robust=True trusts none of the 6"):
        AutoTransfer(robust=True, wavelengths=data.wavelengths, **ROLES).fit(X, y, **labels)


def test_no_target_rows_are_an_error(data):
    with pytest.raises(NoStandardsError):
        fit(data, 0)


def test_without_metadata_it_is_the_source_calibration(data):
    X, y, _ = rows(data, 0)
    model = AutoTransfer().fit(X, y)
    assert model.strategy_[0].startswith("source calibration")
    predicted, sd = model.predict(X, return_std=True)
    assert np.sqrt(np.mean((predicted - y) ** 2)) < sd.mean()


def test_properties_are_decided_one_by_one(data):
    X, y, labels = rows(data, 8, paired=False)
    y[42:, 1] = np.nan
    model = AutoTransfer(wavelengths=data.wavelengths, **ROLES).fit(X, y, **labels)
    assert [reason.split(":")[0] for reason in model.strategy_] == ["portfolio", "portfolio with prior weights"]
    families = model.portfolio_.family_weights_
    assert families["ridges"][0] > 0 and families["ridges"][1] == 0 and families["few"][1] > 0
    predicted, sd = model.predict(data.X[-5:], return_std=True)
    assert np.isfinite(predicted).all() and sd.shape == (5, 2) and (sd > 0).all()


def test_robust_leaves_exchanged_standards_out_and_says_so():
    data = make_instruments(n_samples=50, n_channels=90, noise=1e-4, random_state=1)
    X, y, labels = rows(data, 12)
    X[[42, 45]] = X[[45, 42]]
    parameters = {"wavelengths": data.wavelengths, **ROLES}
    naive = AutoTransfer(**parameters).fit(X, y, **labels)
    with pytest.warns(WrongPairsWarning, match="exchanged"):
        robust = AutoTransfer(robust=True, **parameters).fit(X, y, **labels)
    assert set(robust.left_out_) == set(labels["sample_id"][[42, 45]])
    assert robust.strategy_ == ["portfolio: 10 standards"]
    held_out = np.flatnonzero(data.instrument == "B")[40:]
    errors = [np.sqrt(np.mean((m.predict(data.X[held_out]) - data.y[held_out]) ** 2)) for m in (robust, naive)]
    assert errors[0] < 0.7 * errors[1]


def test_robust_changes_nothing_where_nothing_is_wrong(data):
    plain, robust = fit(data, 10), fit(data, 10, parameters={"robust": True})
    assert robust.left_out_ == []
    assert_allclose(robust.predict(data.X[-5:]), plain.predict(data.X[-5:]), rtol=1e-12)


def test_axis_from_column_labels_or_a_warning(data):
    X, y, labels = rows(data, 8)
    frame = pd.DataFrame(X, columns=[f"{nm:.1f}" for nm in data.wavelengths])
    named = AutoTransfer(**ROLES).fit(frame, y, **labels)
    given = fit(data, 8)
    last = pd.DataFrame(data.X[-5:], columns=frame.columns)
    assert_allclose(named.predict(last), given.predict(data.X[-5:]), rtol=1e-6)
    with pytest.warns(UnknownAxisWarning, match="AutoTransfer"):
        AutoTransfer(**ROLES).fit(X, y, **labels)


def test_a_property_without_any_reference_has_the_mean_of_the_target(data):
    X, y, labels = rows(data, 4, paired=False)
    y[40:, 1] = np.nan
    with pytest.warns(ZeroShotWarning):
        model = AutoTransfer(wavelengths=data.wavelengths, **ROLES).fit(X, y, **labels)
    assert "neither pairs nor references" in model.strategy_[1] and "4 standards" in model.strategy_[0]
    predicted, std = model.predict(X[40:], return_std=True)
    assert np.isfinite(predicted).all() and (std > 0).all()
    # where nothing but the mean is known of the target, it is the mean of the source
    assert abs(predicted[:, 1].mean() - y[:40, 1].mean()) < 0.5 * y[:40, 1].std()
