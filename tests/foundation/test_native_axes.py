"""Instruments with axes of their own."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import skspectral
from skspectral import SpectralFMTransfer
from skspectral.datasets import make_instruments
from skspectral.exceptions import (
    AxisMismatchError,
    ChannelMismatchError,
    ConstantSpectraError,
    NonFiniteSpectraError,
    TooFewStandardsError,
    UnknownInstrumentError,
    ZeroShotWarning,
)
from skspectral.foundation._mixture import expert_weights


@pytest.fixture(scope="module")
def native():
    """Spectra of A on all channels, of B on every second one of the upper part: X padded with NaN, axes and labels."""
    data = make_instruments(n_samples=40, random_state=0)
    on_target = data.instrument == "B"
    start = len(data.wavelengths) // 5
    axes = {"A": data.wavelengths, "B": data.wavelengths[start::2]}
    X = data.X.copy()
    X[on_target] = np.nan
    X[on_target, : len(axes["B"])] = data.X[on_target][:, start::2]
    keep = np.r_[np.flatnonzero(~on_target)[:30], np.flatnonzero(on_target)[:10]]
    test = np.flatnonzero(on_target)[30:]
    return X, np.asarray(data.y), data.instrument, data.sample_id, axes, keep, test


def fit(native, **params):
    X, y, instrument, sample_id, axes, keep, _ = native
    model = SpectralFMTransfer(**{"weights": None, "wavelengths": axes, "source": "A", "target": "B"} | params)
    return model.fit(X[keep], y[keep], instrument=instrument[keep], sample_id=sample_id[keep])


def test_instruments_meet_on_the_range_that_both_measure(native):
    X, y, _, _, axes, _, test = native
    model = fit(native)
    shared = model.shared_wavelengths_
    assert len(shared) == len(axes["B"])
    assert shared[0] == axes["B"].min() and shared[-1] == axes["B"].max()
    own = X[test][:, : len(axes["B"])]
    assert_allclose(model.predict(own), model.predict(X[test]))
    assert np.corrcoef(np.ravel(model.predict(own)), np.ravel(y[test]))[0, 1] > 0.9
    assert model.transform(own).shape == (len(test), len(shared))


def test_units_and_directions_of_the_axes_do_not_matter(native):
    X, _, _, _, axes, _, test = native
    expected = fit(native).predict_experts(X[test])["network"]
    other = fit(native, wavelengths={name: 1e7 / axis for name, axis in axes.items()}, axis_unit="cm-1")
    assert_allclose(other.predict_experts(X[test])["network"], expected)


def test_fit_transform_writes_all_rows_on_the_shared_axis(native):
    X, y, instrument, sample_id, axes, keep, _ = native
    model = SpectralFMTransfer(None, wavelengths=axes, source="A", target="B")
    written = model.fit_transform(X[keep], y[keep], instrument=instrument[keep], sample_id=sample_id[keep])
    assert written.shape == (len(keep), len(axes["B"])) and np.isfinite(written).all()


def test_mistakes_are_named(native):
    X, y, instrument, sample_id, axes, keep, test = native
    with pytest.raises(UnknownInstrumentError, match="no axis of instrument 'B'"):
        fit(native, wavelengths={"A": axes["A"]})
    with pytest.raises(UnknownInstrumentError, match="instrument of every row"):
        SpectralFMTransfer(None, wavelengths=axes).fit(X[keep], y[keep])
    with pytest.raises(NonFiniteSpectraError, match="'B' must hold"):
        SpectralFMTransfer(None, wavelengths=axes, source="A", target="B").fit(
            np.nan_to_num(X[keep]), y[keep], instrument=instrument[keep], sample_id=sample_id[keep]
        )
    model = fit(native)
    labels = {"instrument": instrument[keep], "sample_id": sample_id[keep]}
    bare = SpectralFMTransfer(None, wavelengths=axes, source="A", target="B")
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        bare.fit(X[keep], y[keep][:-1], **labels)
    with pytest.raises(ValueError, match="requires y"):
        bare.fit(X[keep], None, **labels)
    with pytest.raises(UnknownInstrumentError, match="missing in row 0"):
        bare.fit(X[keep], y[keep], instrument=[None, *labels["instrument"][1:]], sample_id=labels["sample_id"])
    masked = np.ma.masked_array(X[keep], mask=np.zeros(X[keep].shape, dtype=bool))
    masked[0, 0] = np.ma.masked
    with pytest.raises(NonFiniteSpectraError, match="masked"):
        bare.fit(masked, y[keep], **labels)
    with pytest.raises(ChannelMismatchError, match="first columns"):
        model.predict(X[test][:, :5])


@pytest.fixture(scope="module")
def wider():
    """Spectra of A on the lower half of the channels, of B on all but the lowest quarter, or on the upper half."""
    data = make_instruments(n_samples=60, random_state=1)
    on_target = data.instrument == "B"
    n = len(data.wavelengths)

    def cut(start):
        axes = {"A": data.wavelengths[: n // 2], "B": data.wavelengths[start:]}
        X = np.full((len(data.X), max(map(len, axes.values()))), np.nan)
        X[~on_target, : n // 2] = data.X[~on_target, : n // 2]
        X[on_target, : n - start] = data.X[on_target, start:]
        keep = np.r_[np.flatnonzero(~on_target)[:40], np.flatnonzero(on_target)[:15]]
        return X, np.asarray(data.y), data.instrument, data.sample_id, axes, keep, np.flatnonzero(on_target)[40:]

    return {"overlap": cut(n // 4), "apart": cut(n // 2)}


def rmse(wider, predicted):
    return np.sqrt(np.mean((np.ravel(predicted) - np.ravel(wider[1])[wider[6]]) ** 2))


@pytest.mark.slow
def test_what_the_target_measures_besides_is_used(wider):
    case = wider["overlap"]
    X, *_, axes, _, test = case
    model = fit(case)
    assert list(model.expert_weights_) == ["portfolio", "network", "own range"]
    changed = X[test].copy()
    beyond = axes["B"] > axes["A"].max()
    changed[:, : len(beyond)][:, beyond] += 0.05 * np.sin(np.arange(beyond.sum()))
    before, after = model.predict_experts(X[test]), model.predict_experts(changed)
    for name in ("network", "own range"):
        assert not np.allclose(before[name], after[name])
    assert_allclose(before["portfolio"], after["portfolio"])
    # the target cut to what is shared
    n_shared = int((~beyond).sum())
    on_target = case[2] == "B"
    cut = X.copy()
    cut[on_target, n_shared:] = np.nan
    shared = fit((cut, *case[1:4], axes | {"B": axes["B"][:n_shared]}, *case[5:]), weights="small")
    assert "own range" not in shared.expert_weights_
    before = fit(case, weights="small").predict_experts(X[test])
    after = shared.predict_experts(cut[test])
    assert rmse(case, before["network"]) < 0.8 * rmse(case, after["network"])


@pytest.mark.parametrize("kind", ["overlap", "apart"])
def test_errors_of_all_experts_are_of_the_same_samples(wider, kind):
    X, y, instrument, sample_id, axes, keep, test = wider[kind]
    wrong = y.copy()
    odd = sample_id == sample_id[keep[45]]
    wrong[odd] += 8 * y.std()
    model = fit((X, wrong, instrument, sample_id, axes, keep, test), weights="small")
    places = {int(np.abs(errors[:, 0]).argmax()) for errors in model.held_out_.values()}
    assert len(places) == 1


def test_held_out_errors_over_the_own_range_are_those_of_a_refit(wider):
    X, y, instrument, sample_id, axes, keep, test = wider["apart"]
    # found by its error: a standard with an odd reference
    odd = keep[-1]
    y = y.copy()
    y[odd] += 5 * y.std()
    ids = sample_id.astype(object)
    ids[instrument == "B"] = None
    case = (X, y, instrument, ids, axes, keep, test)
    model = fit(case)
    without = fit((*case[:5], keep[keep != odd], test))
    expected = y[odd].ravel()[0] - without.predict(X[[odd]]).ravel()[0]
    found = model.held_out_["own range"][:, 0]
    # the settings that the head proposes move a little with one sample
    assert found[np.abs(found).argmax()] == pytest.approx(expected, rel=0.15)


def test_the_own_range_is_centred_by_its_standards(wider):
    X, y, instrument, sample_id, axes, keep, test = wider["apart"]
    expected = fit(wider["apart"]).predict(X[test])
    # further spectra of high content without references
    high = test[np.argsort(np.ravel(y)[test])[-8:]]
    rows = np.r_[keep, high]
    more, ids = y[rows].copy(), sample_id[rows].astype(object)
    more[len(keep) :], ids[len(keep) :] = np.nan, None
    model = SpectralFMTransfer(None, wavelengths=axes, source="A", target="B")
    model.fit(X[rows], more, instrument=instrument[rows], sample_id=ids)
    assert_allclose(model.predict(X[test]), expected, rtol=1e-9)


def test_instruments_that_share_nothing_leave_the_standards(wider):
    case = wider["apart"]
    X, y, instrument, sample_id, axes, keep, test = case
    model = fit(case)
    assert list(model.expert_weights_) == ["own range"] and model.portfolio_ is None
    assert model.shared_wavelengths_.size == 0 and model.network_weight_[0] == 1
    assert rmse(case, model.predict(X[test])) < np.std(y[test])
    predicted, std = model.predict(X[test], return_std=True)
    assert_allclose(std, model.transfer_rmse_[0])
    assert model.embed(X[test]).shape[0] == len(test)
    with pytest.raises(AxisMismatchError, match="share no range"):
        model.transform(X[test])
    # the source has no part in it
    other = X[keep].copy()
    other[instrument[keep] == "A"] *= 2
    again = SpectralFMTransfer(None, wavelengths=axes, source="A", target="B")
    again.fit(other, y[keep], instrument=instrument[keep], sample_id=sample_id[keep])
    assert_allclose(again.predict(X[test]), predicted)
    few = np.r_[keep[:40], keep[40:42]]
    with pytest.raises(TooFewStandardsError, match="share no range"):
        again.fit(X[few], y[few], instrument=instrument[few], sample_id=sample_id[few])
    narrow = X.copy()
    narrow[instrument == "B", 10:] = np.nan
    with pytest.raises(AxisMismatchError, match="too few for the network"):
        fit((narrow, y, instrument, sample_id, axes | {"B": axes["B"][:10]}, keep, test))


@pytest.mark.parametrize("params", [{"adapt": "lora", "adapt_steps": 2}, {"ttt_steps": 2}, {"store_weights": True}])
@pytest.mark.parametrize("kind", ["overlap", "apart"])
def test_models_on_axes_of_their_own_adapt_and_are_stored(wider, kind, params, tmp_path):
    X, *_, test = wider[kind]
    model = fit(wider[kind], **params)
    expected = model.predict(X[test])
    skspectral.save(model, tmp_path / "model.skspectral")
    assert_allclose(skspectral.load(tmp_path / "model.skspectral").predict(X[test]), expected, rtol=1e-9)


@pytest.mark.parametrize("weight", ["auto", 0.0])
def test_adapters_keep_what_the_network_says(wider, weight, tmp_path):
    X, y, instrument, sample_id, axes, keep, test = wider["overlap"]
    model = fit(wider["overlap"], network_weight=weight, adapt="lora", adapt_steps=2)
    model.save_adapter(tmp_path / "b.safetensors")
    other = fit((X, y, instrument, sample_id, axes, keep[:-4], test))
    other.load_adapter(tmp_path / "b.safetensors")
    assert_array_equal(other.network_weight_, 1)
    assert_allclose(
        other.predict(X[test]), fit(wider["overlap"], network_weight=1.0, adapt="lora", adapt_steps=2).predict(X[test])
    )
    assert_allclose(other.transform(X[test]), model.transform(X[test]))
    for name, value in other.predict_experts(X[test]).items():
        if name != "portfolio":
            assert_allclose(value, model.predict_experts(X[test])[name])
    assert np.isnan(other.transfer_rmse_).all() and other.held_out_ == {}
    moved = {"A": axes["A"], "B": axes["B"] + 5}
    for case in (wider["apart"], (X, y, instrument, sample_id, moved, keep, test)):
        with pytest.raises(ValueError, match="other axes"):
            fit(case).load_adapter(tmp_path / "b.safetensors")


def test_what_was_held_out_was_held_out_before_an_adaptation(wider):
    plain, adapted = fit(wider["overlap"]), fit(wider["overlap"], adapt="lora", adapt_steps=2)
    for name, errors in plain.held_out_.items():
        assert_array_equal(adapted.held_out_[name], errors)


def test_a_source_calibration_knows_its_axis(native):
    X, y, instrument, _, axes, keep, _ = native
    on_source = keep[instrument[keep] == "A"]
    model = SpectralFMTransfer(None, wavelengths=axes)
    model.fit(X[on_source], y[on_source], instrument=instrument[on_source])
    assert model.score(X[on_source], y[on_source]) > 0.9
    assert model.transform(X[on_source]).shape == (len(on_source), len(axes["A"]))


def test_names_of_the_channels_are_those_of_the_shared_axis(wider):
    X, y, instrument, sample_id, axes, keep, test = wider["overlap"]
    model = SpectralFMTransfer(None, wavelengths=axes, source="A", target="B").set_output(transform="pandas")
    both = model.fit_transform(X[keep], y[keep], instrument=instrument[keep], sample_id=sample_id[keep])
    written = model.transform(X[test])
    assert both.shape[1] == written.shape[1] == len(model.shared_wavelengths_)
    assert_allclose(written.columns.astype(float), model.shared_wavelengths_)
    assert list(both.columns) == list(written.columns)


def test_no_property_takes_its_prior_from_another(wider):
    X, y, instrument, _, axes, keep, _ = wider["overlap"]
    rows = keep
    both = np.column_stack([np.ravel(y), np.ravel(y)])[rows]
    both[instrument[rows] == "B", 1] = np.nan
    model = SpectralFMTransfer(None, wavelengths=axes, source="A", target="B")
    with pytest.warns(ZeroShotWarning):
        model.fit(X[rows], both, instrument=instrument[rows])
    # what the experts say of the target's spectra is the only evidence about a property without references there
    on_target = X[rows][instrument[rows] == "B"]
    said = {name: value.var(axis=0) for name, value in model.predict_experts(on_target).items()}
    variance = np.full(2, np.var(np.ravel(y)[rows][instrument[rows] == "A"]))
    expected = expert_weights(model.held_out_, variance, standards=[3, 0], said=said)
    for name in ("portfolio", "network"):
        assert model.expert_weights_[name][1] == pytest.approx(expected[name][1], abs=1e-4)
    assert model.expert_weights_["portfolio"][0] > 0.1 and model.expert_weights_["own range"][1] == 0
    assert np.isfinite(model.predict(X[keep[-3:]])).all()


def test_constant_spectra_are_named(native):
    X, y, instrument, sample_id, axes, keep, _ = native
    broken = X[keep].copy()
    broken[-1, : len(axes["B"])] = 0.5
    with pytest.raises(ConstantSpectraError, match="of 'B' are constant"):
        fit((broken, y[keep], instrument[keep], sample_id[keep], axes, np.arange(len(keep)), None))
