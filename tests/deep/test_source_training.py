"""Training on the source: what is learned, when it stops, what it leaves alone."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from skspectral import CNNTransfer, LoRACT, TransformerTransfer
from skspectral.datasets import make_instruments
from skspectral.exceptions import MissingReferenceError

from .common import MAKERS, TINY, Standards, cnn, lora, transformer

STRONG = {"n_networks": 1, "random_state": 0, "device": "cpu"}


@pytest.mark.slow
@pytest.mark.parametrize("cls", [CNNTransfer, TransformerTransfer, LoRACT])
def test_learns_a_linear_task(cls):
    data = make_instruments(n_samples=110, n_instruments=1, n_channels=100, random_state=3)
    model = cls(**STRONG).fit(data.X[:80], data.y[:80])
    assert model.score(data.X[80:], data.y[80:]) > 0.9


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_same_seed_same_predictions(make):
    rows = Standards()
    first, second, other = (rows.fit(make(random_state=seed)).predict(rows.X_test) for seed in (0, 0, 1))
    assert_array_equal(first, second)
    assert np.abs(first - other).max() > 1e-6


def test_random_states_of_every_kind():
    rows = Standards()
    for make_state in (np.random.RandomState, np.random.default_rng):
        first, second = (rows.fit(cnn(random_state=make_state(5))).predict(rows.X_test) for _ in range(2))
        assert_array_equal(first, second)
    unseeded = [rows.fit(cnn(random_state=None)).predict(rows.X_test) for _ in range(2)]
    assert np.abs(unseeded[0] - unseeded[1]).max() > 1e-6


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_global_generators_stay_where_they_were(make):
    rows = Standards()
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    rows.fit(make(random_state=None)).predict(rows.X_test)
    assert torch.equal(torch.rand(3), expected)


def test_training_stops_early_and_keeps_the_best_weights():
    rows = Standards()
    model = cnn(max_epochs=400, patience=5, lr=1e-2, adapt_steps=0)
    rows.fit(model)
    curve = model.loss_curves_[0]
    best = int(curve[:, 1].argmin())
    assert len(curve) < 400 and len(curve) == best + 5 + 1
    # the kept weights are those of the best epoch: their error on the held-out samples is the smallest of the curve
    variance = np.var(rows.y[rows.on_source])
    assert_allclose(model.validation_rmse_[0] ** 2 / variance, curve[best, 1], rtol=1e-3)
    assert curve[best, 1] < 0.99 * curve[-1, 1]


def test_each_network_holds_out_other_samples(monkeypatch):
    from skspectral.deep import _base

    held_out = []
    original = _base.train_on_source

    def spy(network, X, y, validation, **settings):
        held_out.append(set(validation.tolist()))
        return original(network, X, y, validation, **settings)

    monkeypatch.setattr(_base, "train_on_source", spy)
    rows = Standards()
    rows.fit(cnn(n_networks=5, validation=0.2, max_epochs=1, adapt_steps=0))
    assert len(set.union(*held_out)) == sum(map(len, held_out)) == rows.on_source.sum()


def test_without_validation_training_runs_its_full_length():
    rows = Standards()
    for params in ({"validation": 0.0}, {}):
        X, y = (rows.X, rows.y) if params else (rows.X[:8], rows.y[:8])
        model = cnn(source=None, target=None, **params).fit(X, y)
        assert model.loss_curves_[0].shape == (TINY["max_epochs"], 1)
        assert np.isnan(model.validation_rmse_).all()


def test_predictions_are_the_mean_of_the_networks():
    rows = Standards()
    model = rows.fit(cnn(n_networks=3, adapt_steps=0))
    expected = model.predict(rows.X_test)
    every, each = model.weights_, []
    model.n_networks = 1
    for weights in every:
        model.weights_ = [weights]
        each.append(model.predict(rows.X_test))
    assert_allclose(np.mean(each, axis=0), expected, rtol=1e-12)
    assert np.ptp(each, axis=0).max() > 1e-3


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_missing_references_leave_the_rest_to_learn_from(make):
    rows = Standards(n_targets=2)
    y = rows.y.copy()
    y[np.isin(rows.labels["sample_id"], np.unique(rows.labels["sample_id"])[::3]), 1] = np.nan
    model = make(max_epochs=60, hidden=(32,)) if make is not MAKERS["transformer"] else make(max_epochs=60)
    predicted = model.fit(rows.X, y, **rows.labels).predict(rows.X_test)
    assert predicted.shape == (10, 2)
    assert min(np.corrcoef(predicted[:, j], rows.y_test[:, j])[0, 1] for j in range(2)) > 0.7


def test_a_property_without_source_references_is_an_error():
    rows = Standards(n_targets=2)
    y = rows.y.copy()
    y[:, 1] = np.nan
    with pytest.raises(MissingReferenceError, match="every property"):
        cnn().fit(rows.X, y, **rows.labels)


def test_silent_unless_asked(capsys):
    rows = Standards()
    rows.fit(lora())
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""
    rows.fit(cnn(verbose=1))
    assert "train_loss" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"inputs": "snv"}, "inputs must be a tuple"),
        ({"inputs": ("snv", "msc")}, "msc"),
        ({"inputs": ()}, "inputs"),
        ({"centre": "mean"}, "centre"),
        ({"n_networks": 0}, "n_networks"),
        ({"validation": 1.0}, "validation"),
        ({"adapt_steps": -1}, "adapt_steps"),
        ({"adapt_folds": 1}, "adapt_folds"),
        ({"rehearsal": -1.0}, "rehearsal"),
        ({"window": 8}, "window must be an odd"),
        ({"max_epochs": 0}, "max_epochs"),
        ({"max_epochs": 2.5}, "max_epochs must be an integer"),
        ({"kernel_size": 10}, "kernel_size must be an odd"),
        ({"stride": 0}, "stride"),
        ({"filters": 8}, "filters must be a tuple"),
        ({"hidden": (0,)}, "hidden must be a tuple"),
        ({"dropout": 1.0}, "dropout must be a number of at least 0 and below 1"),
        ({"lr": 0}, "lr must be a number above 0"),
        ({"augmentation": float("nan")}, "augmentation"),
        ({"device": "abacus"}, "device must be"),
    ],
)
def test_parameters_out_of_range_are_named(params, message):
    rows = Standards()
    with pytest.raises(ValueError, match=message):
        rows.fit(cnn(**params))


def test_wrong_arms_are_named():
    rows = Standards()
    with pytest.raises(ValueError, match="fine_tune must be one of all, dense"):
        rows.fit(cnn(fine_tune="first"))
    with pytest.raises(ValueError, match="adapt must be one of lora"):
        rows.fit(lora(adapt="pds"))
    for params in ({"rank": "auto"}, {"rank": 2.5}, {"rank": 0}, {"alpha": 0}, {"kernel_size": 8}):
        with pytest.raises(ValueError, match=f"{next(iter(params))} must be"):
            rows.fit(lora(**params))
    for params in ({"patch_size": 0}, {"n_layers": 0}, {"n_heads": 3}, {"dropout": -0.1}):
        with pytest.raises(ValueError, match=f"{next(iter(params))} must"):
            rows.fit(transformer(**params))


@pytest.mark.slow
def test_training_that_diverges_is_named():
    rows = Standards()
    with pytest.raises(ValueError, match="diverged: lower lr, got 1000000"):
        rows.fit(cnn(lr=1e6, max_epochs=30))


def test_ctrl_c_is_not_taken_for_the_end_of_training(monkeypatch):
    from skspectral.deep._training import MaskedMSE

    def interrupted(self, predicted, reference):
        raise KeyboardInterrupt

    monkeypatch.setattr(MaskedMSE, "forward", interrupted)
    rows = Standards()
    with pytest.raises(KeyboardInterrupt):
        rows.fit(cnn())
