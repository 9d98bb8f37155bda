"""Adaptation to standards: what moves, for how many steps, and what it is worth."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skspectral import PDS, CNNTransfer, MeanShift, SourceOnly
from skspectral.exceptions import NoStandardsError, ZeroShotWarning

from .common import MAKERS, Standards, cnn, lora, transformer


def moved(model, k=0):
    """Names of the weights that differ between source and target."""
    before, after = model.source_weights_[k], model.weights_[k]
    assert before.keys() == after.keys()
    return {name for name in before if not np.array_equal(before[name], after[name])}


DENSE = {"body.dense.0.weight", "body.dense.0.bias"}
LAST = {"output.weight", "output.bias"}
CONVOLUTION = {"body.convolutions.0.weight", "body.convolutions.0.bias"}


@pytest.mark.parametrize(
    ("fine_tune", "expected"),
    [("all", CONVOLUTION | DENSE | LAST), ("dense", DENSE | LAST), ("last", LAST), ("bias", {"output.bias"})],
)
def test_fine_tuning_moves_only_the_chosen_layers(eager, fine_tune, expected):
    rows = Standards()
    model = rows.fit(cnn(fine_tune=fine_tune))
    assert model.adapt_steps_ == 4
    assert moved(model) == expected


def test_transformer_output_layer_alone(eager):
    rows = Standards()
    assert moved(rows.fit(transformer(fine_tune="last"))) == LAST
    assert "body.positions" in moved(rows.fit(transformer(fine_tune="all")))


def test_statistics_of_batch_norms_stay_the_source_s(eager):
    rows = Standards()
    changed = moved(rows.fit(lora(adapt="full", batch_norm=True)))
    assert "body.convolutions.1.weight" in changed
    assert not any("running" in name or "num_batches" in name or name.startswith("inputs") for name in changed)


def test_no_step_is_taken_where_none_helps():
    # the standards' references follow the source network exactly: any step away from it can only harm
    rows = Standards()
    source = cnn(max_epochs=20, source=None, target=None).fit(rows.X[rows.on_source], rows.y[rows.on_source])
    y = rows.y.copy()
    y[~rows.on_source] = source.predict(rows.X[~rows.on_source])
    ids = np.where(rows.on_source, None, rows.labels["sample_id"])
    model = cnn(max_epochs=20, centre=None, adapt_lr=1e-2, rehearsal=0.0).fit(
        rows.X, y, instrument=rows.labels["instrument"], sample_id=ids
    )
    assert model.adapt_steps_ == 0
    assert_allclose(model.transfer_rmse_, 0, atol=1e-4)
    assert moved(model) == set()


def test_held_out_standards_are_not_learned_from(monkeypatch):
    # a reference that is nonsense shows in its own held-out error, and leaves that of its fold's mates alone
    from skspectral.deep import _base

    seen = []
    original = _base.adapt

    def spy(network, X, y, *, held_out=None, **settings):
        predictions = []
        for predicted in original(network, X, y, held_out=held_out, **settings):
            predictions.append(predicted)
            if held_out is not None and len(predictions) == 1:
                seen.append(predictions)
            yield predicted

    monkeypatch.setattr(_base, "adapt", spy)
    rows = Standards()
    ids = np.where(rows.on_source, None, rows.labels["sample_id"])
    runs = []
    for shift in (0.0, 50.0):
        seen.clear()
        y = rows.y.copy()
        y[np.flatnonzero(~rows.on_source)[0]] += shift
        with pytest.warns(ZeroShotWarning):
            cnn(adapt_folds=8).fit(rows.X, y, instrument=rows.labels["instrument"], sample_id=ids)
        runs.append(sorted((np.stack(predictions).tolist() for predictions in seen), key=lambda p: p[0]))
    # leave-one-out: the predictions of the nonsensical standard are the same, those of the seven others change
    same = [np.allclose(a, b, atol=1e-6) for a, b in zip(*runs)]
    assert len(same) == 8 and same.count(True) == 1


def test_twins_of_held_out_standards_are_not_rehearsed(monkeypatch):
    from skspectral.deep import _base

    calls = []
    original = _base.adapt

    def spy(network, X, y, *, held_out=None, source, **settings):
        calls.append((held_out, y, source[1]))
        return original(network, X, y, held_out=held_out, source=source, **settings)

    monkeypatch.setattr(_base, "adapt", spy)
    rows = Standards()
    rows.fit(cnn(adapt_folds=4))
    in_folds = [call for call in calls if call[0] is not None]
    assert len(in_folds) == 4 and len(calls) == 5
    for held_out, y, rehearsed in in_folds:
        assert len(rehearsed) == rows.on_source.sum() - len(held_out)
        assert not np.isin(np.round(y[held_out], 9), np.round(rehearsed, 9)).any()
    assert len(calls[-1][2]) == rows.on_source.sum()


@pytest.mark.slow
def test_fine_tuning_beats_the_shift_alone_where_the_response_differs():
    rows = Standards(n_standards=30)
    slope = np.where(rows.on_source, 1.0, 1.6)[:, None]
    mean = rows.X.mean(axis=0)
    X = mean + (rows.X - mean) * slope
    X_test = mean + (rows.X_test - mean) * 1.6
    params = {"max_epochs": 150, "inputs": ("sg1",), "adapt_steps": 60, "adapt_lr": 3e-3, "hidden": (32,)}
    # no network can serve both instruments here
    params["rehearsal"] = 0.0
    scores = {}
    for what in ("none", "all"):
        model = cnn(fine_tune=what, **params).fit(X, rows.y, **rows.labels)
        scores[what] = model.score(X_test, rows.y_test)
    assert scores["all"] > scores["none"] + 0.02
    assert scores["all"] > 0.9


def test_rehearsal_keeps_what_the_source_taught(eager):
    # standards whose references are nonsense pull the network away; rehearsal holds it back
    rows = Standards()
    y = rows.y.copy()
    y[~rows.on_source] = y[~rows.on_source][::-1]
    ids = np.where(rows.on_source, None, rows.labels["sample_id"])
    X_source, y_source = rows.X[rows.on_source], rows.y[rows.on_source]
    errors = {}
    for rehearsal in (0.0, 5.0):
        settings = {"max_epochs": 60, "centre": None, "adapt_lr": 1e-2, "adapt_steps": 20, "rehearsal": rehearsal}
        model = cnn(**settings).fit(rows.X, y, instrument=rows.labels["instrument"], sample_id=ids)
        errors[rehearsal] = np.mean((model.predict(X_source) - y_source) ** 2)
    assert errors[5.0] < 0.5 * errors[0.0]


def test_centring_removes_the_difference_of_the_pairs():
    rows = Standards()
    model = rows.fit(cnn(fine_tune="none"))
    mean_shift = rows.fit(MeanShift(source="A", target="B"))
    assert_allclose(rows.X_test + model.shift_, mean_shift.transform(rows.X_test), rtol=1e-12)
    plain = cnn(source=None, target=None).fit(rows.X[rows.on_source], rows.y[rows.on_source])
    assert_allclose(model.predict(rows.X_test), plain.predict(rows.X_test + model.shift_), rtol=1e-12)
    assert_array_equal(rows.fit(cnn(centre=None)).shift_, 0.0)


def test_frozen_network_works_behind_another_method():
    # piecewise direct standardisation in front of a frozen network
    rows = Standards()
    network = {"adapt": "none", "centre": None, "max_epochs": 40, "source": None, "target": None}
    model = rows.fit(PDS(lora(**network), source="A", target="B"))
    alone = lora(**network).fit(rows.X[rows.on_source], rows.y[rows.on_source])
    assert_allclose(model.predict(rows.X_test), alone.predict(model.transform(rows.X_test)), rtol=1e-9)


def test_frozen_network_needs_what_its_centring_needs():
    rows = Standards()
    unlabelled = np.where(rows.on_source, rows.y, np.nan)
    ids = np.where(rows.on_source, None, rows.labels["sample_id"])
    labels = {"instrument": rows.labels["instrument"], "sample_id": ids}
    with pytest.warns(ZeroShotWarning, match="same population"):
        model = cnn(fine_tune="none").fit(rows.X, unlabelled, **labels)
    assert model.n_standards_ == 0 and np.abs(model.shift_).max() > 0
    with pytest.raises(NoStandardsError):
        cnn(fine_tune="all").fit(rows.X, unlabelled, **labels)
    on_source = {name: value[rows.on_source] for name, value in rows.labels.items()}
    model = cnn(fine_tune="none", centre=None).fit(rows.X[rows.on_source], rows.y[rows.on_source], **on_source)
    assert_array_equal(model.shift_, 0.0)


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_a_single_standard_changes_the_shift_only(make):
    rows = Standards(n_standards=1)
    model = rows.fit(make())
    assert model.adapt_steps_ == 0 and np.isnan(model.transfer_rmse_).all()
    assert np.abs(model.shift_).max() > 0
    source = model._predict_source(rows.X_test + model.shift_).ravel()
    assert_allclose(model.predict(rows.X_test), source, rtol=1e-12)


@pytest.mark.slow
def test_ten_standards_help_on_corn():
    fetch = pytest.importorskip("skspectral.datasets").fetch_corn
    try:
        data = fetch()
    except OSError as error:
        pytest.skip(f"corn is not at hand: {error}")
    kept = np.isin(data.instrument, ("m5", "mp5"))
    X, y = data.X[kept], data.y[kept]
    instrument, sample = data.instrument[kept], data.sample_id[kept]
    names = np.unique(sample)
    tested, standards = names[::4], np.setdiff1d(names, names[::4])[::6]
    train = ~np.isin(sample, tested) & ((instrument == "m5") | np.isin(sample, standards))
    test = np.isin(sample, tested) & (instrument == "mp5")
    roles = {"source": "m5", "target": "mp5"}
    labels = {"instrument": instrument[train], "sample_id": sample[train]}
    network = CNNTransfer(n_networks=1, random_state=0, device="cpu", **roles).fit(X[train], y[train], **labels)
    without = SourceOnly(**roles).fit(X[train], y[train], **labels)
    assert network.n_standards_ == 10
    assert network.score(X[test], y[test]) > 0.5 > 0 > without.score(X[test], y[test])
