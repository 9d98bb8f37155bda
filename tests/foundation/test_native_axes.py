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
)


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


def test_what_the_target_measures_besides_is_used(wider):
    case = wider["overlap"]
    X, *_, axes, _, test = case
    model = fit(case)
    assert list(model.expert_weights_) == ["portfolio", "network", "committee", "own range"]
    changed = X[test].copy()
    beyond = axes["B"] > axes["A"].max()
    changed[:, : len(beyond)][:, beyond] += 0.05 * np.sin(np.arange(beyond.sum()))
    before, after = model.predict_experts(X[test]), model.predict_experts(changed)
    for name in ("network", "own range"):
        assert not np.allclose(before[name], after[name])
    for name in ("portfolio", "committee"):
        assert_allclose(before[name], after[name])
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


def test_held_out_errors_over_the_own_range_are_those_of_a_refit(wider):
    X, y, instrument, sample_id, axes, keep, _ = wider["apart"]
    model = fit(wider["apart"])
    left = keep[-1]
    rest = keep[:-1]
    other = SpectralFMTransfer(None, wavelengths=axes, source="A", target="B")
    other.fit(X[rest], y[rest], instrument=instrument[rest], sample_id=sample_id[rest])
    error = np.ravel(y)[left] - np.ravel(other.predict(X[[left]]))[0]
    assert np.abs(model.held_out_["own range"] - error).min() < 0.1 * np.std(y)


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
    model.save_adapter(tmp_path / "b.safetensors")
    other = fit(wider[kind])
    other.load_adapter(tmp_path / "b.safetensors")
    assert_array_equal(other.network_weight_, 1)
    if kind == "overlap":
        with pytest.raises(ValueError, match="other axes"):
            fit(wider["apart"]).load_adapter(tmp_path / "b.safetensors")


def test_constant_spectra_are_named(native):
    X, y, instrument, sample_id, axes, keep, _ = native
    broken = X[keep].copy()
    broken[-1, : len(axes["B"])] = 0.5
    with pytest.raises(ConstantSpectraError, match="of 'B' are constant"):
        fit((broken, y[keep], instrument[keep], sample_id[keep], axes, np.arange(len(keep)), None))
