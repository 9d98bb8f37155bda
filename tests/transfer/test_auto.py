"""AutoTransfer: which method is taken, and that it says so."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from skspectral import SBC, AutoTransfer, MeanShift, TransferPortfolio
from skspectral.datasets import make_instruments
from skspectral.exceptions import NoStandardsError, UnknownAxisWarning, WrongPairsWarning, ZeroShotWarning

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
    ("n", "peer", "says"),
    [
        (10, TransferPortfolio, "portfolio: 10 standards"),
        (5, TransferPortfolio, "portfolio: 5 standards"),
        (4, TransferPortfolio, "prior weights"),
        (3, TransferPortfolio, "prior weights"),
        (2, MeanShift, "mean shift: 2 pairs"),
        (1, MeanShift, "mean shift: 1 pairs"),
    ],
)
def test_the_number_of_standards_decides(data, n, peer, says):
    model = fit(data, n)
    X, y, labels = rows(data, n)
    axis = {"wavelengths": data.wavelengths} if peer is TransferPortfolio else {}
    expected = peer(**axis, **ROLES).fit(X, y, **labels).predict(data.X[-8:])
    assert_allclose(model.predict(data.X[-8:]), expected, rtol=1e-9)
    assert all(says in reason for reason in model.strategy_) and len(model.strategy_) == 2


def test_standards_that_the_source_never_saw(data):
    assert fit(data, 8, paired=False).strategy_[0].startswith("portfolio: 8")
    model = fit(data, 2, paired=False)
    assert model.strategy_[0].startswith("bias: 2 standards")
    X, y, labels = rows(data, 2, paired=False)
    expected = SBC(correction="bias", **ROLES).fit(X, y, **labels).predict(data.X[-8:])
    assert_allclose(model.predict(data.X[-8:]), expected)


def test_unlabelled_target_spectra_are_centred_with_a_warning(data):
    with pytest.warns(ZeroShotWarning):
        model = fit(data, 12, paired=False, labelled=False)
    assert "neither pairs nor references" in model.strategy_[0]
    predicted, sd = model.predict(data.X[-8:], return_std=True)
    assert predicted.shape == sd.shape == (8, 2)


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
    assert [reason.split(":")[0] for reason in model.strategy_] == ["portfolio", "bias"]
    assert set(model.models_) == {"portfolio", "bias"}
    bias = model.models_["bias"].predict(data.X[-5:])[:, 0]
    predicted, sd = model.predict(data.X[-5:], return_std=True)
    assert_allclose(predicted[:, 1], bias)
    assert sd.shape == (5, 2)


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


def test_a_property_without_references_does_not_stop_another_from_its_bias(data):
    X, y, labels = rows(data, 2, paired=False)
    y[40:, 1] = np.nan
    with pytest.warns(ZeroShotWarning):
        model = AutoTransfer(wavelengths=data.wavelengths, **ROLES).fit(X, y, **labels)
    assert model.methods_ == ["bias", "mean shift"]
    predicted, std = model.predict(data.X[-5:], return_std=True)
    assert np.isfinite(predicted).all() and (std > 0).all()
    alone = AutoTransfer(wavelengths=data.wavelengths, **ROLES).fit(X, y[:, 0], **labels)
    np.testing.assert_allclose(predicted[:, 0], alone.predict(data.X[-5:]))
