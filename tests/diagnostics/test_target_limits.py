"""Spectra unlike those of the calibration are found with any method; good ones are let through."""

import numpy as np
import pandas as pd
import pytest
from scipy.ndimage import median_filter
from scipy.signal import savgol_filter
from sklearn.pipeline import make_pipeline

from skspectral import SNV, AutoTransfer, MeanShift, TransferredModel
from skspectral.datasets import make_instruments
from skspectral.diagnostics import TargetLimits, TransferIntervals, q_and_t2
from skspectral.diagnostics._spectra import derivative, roughness
from skspectral.exceptions import (
    AxisMismatchError,
    ChannelMismatchError,
    IndistinctSpectraError,
    NoSourceError,
    NoStandardsError,
)

ROLES = {"source": "A", "target": "B"}


def split(n_standards=10, random_state=0, **options):
    """Training rows and new target spectra of simulated instruments."""
    data = make_instruments(n_samples=100, random_state=random_state, **options)
    number = np.array([int(label[1:]) for label in data.sample_id])
    known = ((data.instrument == "A") & (number < 50)) | ((data.instrument == "B") & (number < n_standards))
    new = (data.instrument == "B") & (number >= 50)
    labels = {"instrument": data.instrument[known], "sample_id": data.sample_id[known]}
    return data.X[known], data.y[known], labels, data.X[new], data


@pytest.mark.parametrize("n_channels", [5, 8, 9, 40])
def test_the_derivative_is_that_of_savitzky_and_golay(n_channels):
    spectra = np.random.default_rng(0).normal(size=(3, n_channels))
    window = min(9, n_channels - 1 + n_channels % 2)
    expected = savgol_filter(SNV().fit_transform(spectra), window, polyorder=2, deriv=1, axis=1)
    np.testing.assert_allclose(derivative(spectra), expected, atol=1e-12)


@pytest.mark.parametrize("n_channels", [5, 8, 9, 40])
def test_roughness_is_what_a_median_filter_leaves(n_channels):
    spectra = np.random.default_rng(0).normal(size=(3, n_channels))
    steps = np.diff(SNV().fit_transform(spectra), axis=1)
    around = median_filter(steps, size=(1, min(7, n_channels - 1)), mode="nearest")
    np.testing.assert_allclose(roughness(spectra), steps - around, atol=1e-12)


@pytest.mark.parametrize("n_standards", [1, 3, 5, 10])
def test_good_spectra_are_let_through(n_standards):
    outside = []
    for seed in range(8):
        X, _, labels, new, _ = split(n_standards, seed)
        outside.append(TargetLimits(**ROLES).fit(X, **labels).check(new).outside.mean())
    assert np.mean(outside) <= 0.06


def test_wrong_spectra_are_found():
    for seed in range(4):
        X, _, labels, new, _ = split(random_state=seed)
        limits = TargetLimits(**ROLES).fit(X, **labels)
        rng = np.random.default_rng(seed)
        noise = new.mean(axis=1, keepdims=True) + new.std(axis=1, keepdims=True) * rng.standard_normal(new.shape)
        step = new + 0.05 * np.ptp(new, axis=1, keepdims=True) * (np.arange(new.shape[1]) > 90)
        other = split(random_state=100 + seed)[3]
        for wrong in (noise, step, other, new[:, ::-1], 10.0**-new):
            assert limits.check(wrong).outside.mean() >= 0.95


def test_a_single_standard_tells_gross_mistakes():
    for seed in range(2):
        X, _, labels, new, _ = split(1, seed)
        limits = TargetLimits(**ROLES).fit(X, **labels)
        for wrong in (new[:, ::-1], 10.0**-new, 100 * new):
            assert limits.check(wrong).outside.mean() >= 0.95


def test_a_single_spike_is_named_as_such():
    X, _, labels, new, _ = split()
    spiked = new[:5].copy()
    spiked[:, 60] += 0.02
    found = TargetLimits(**ROLES).fit(X, **labels).check(spiked)
    assert found.outside.all() and all(name.endswith("peak") for name in found.worst)
    assert "5 of 5" in str(found)


def test_scores_do_not_depend_on_the_other_spectra_nor_on_the_order_of_the_rows():
    X, _, labels, new, _ = split()
    limits = TargetLimits(**ROLES).fit(X, **labels)
    order = np.random.default_rng(0).permutation(len(X))
    shuffled = TargetLimits(**ROLES).fit(X[order], **{name: values[order] for name, values in labels.items()})
    every = limits.check(new).score
    many = limits.check(np.resize(new, (len(new) * 6, new.shape[1]))).score
    np.testing.assert_allclose(many, np.resize(every, len(many)))
    np.testing.assert_allclose(every[7], limits.check(new[7:8]).score[0])
    np.testing.assert_allclose(every, shuffled.check(new).score)


def test_one_unpaired_target_spectrum_is_enough_and_none_is_not():
    X, _, labels, new, _ = split(1)
    labels["sample_id"] = labels["sample_id"].astype(object)
    labels["sample_id"][-1] = None
    assert TargetLimits(**ROLES).fit(X, **labels).n_standards_ == 1
    with pytest.raises(NoSourceError):
        TargetLimits(**ROLES).fit(X[44:], **{name: values[44:] for name, values in labels.items()})
    with pytest.raises(ChannelMismatchError):
        TargetLimits(**ROLES).fit(X, **labels).check(new[:, 1:])
    with pytest.raises((NoStandardsError, ValueError)):
        TargetLimits(**ROLES).fit(X[:50], **{name: values[:50] for name, values in labels.items()})
    with pytest.raises(ValueError, match="alpha"):
        TargetLimits(alpha=0.7, **ROLES).fit(X, **labels)


@pytest.mark.parametrize(
    "method", [AutoTransfer(**ROLES), MeanShift(**ROLES), make_pipeline(SNV(), MeanShift(**ROLES))]
)
def test_q_and_t2_take_any_fitted_method(method):
    X, y, labels, new, _ = split()
    if isinstance(method, AutoTransfer):
        method.set_params(wavelengths=np.linspace(1100, 2498, X.shape[1]))
    spelled = {f"meanshift__{k}": v for k, v in labels.items()} if hasattr(method, "steps") else labels
    method.fit(X, y, **spelled)
    result = q_and_t2(method, new, X_train=X, **labels)
    assert np.median(result.q) < np.median(q_and_t2(method, new[:, ::-1], X_train=X, **labels).q)
    with pytest.raises(ValueError, match="X_train"):
        q_and_t2(method, new)


def test_intervals_hold_and_widen_where_no_standard_lies():
    X, y, labels, new, _ = split()
    intervals = TransferIntervals(**ROLES).fit(X, y, **labels, residuals=np.full((10, 1), 0.1))
    predicted = np.full((len(new), 1), y.mean())
    near = intervals.std(new, predicted)
    assert near.shape == (len(new), 1) and (near > 0).all()
    middle = new.mean(axis=0)
    assert intervals.std(middle + 3 * (new - middle), predicted).mean() > 1.02 * near.mean()
    assert (intervals.std(new, predicted + 5 * y.std()) > near).all()
    fewer = TransferIntervals(**ROLES).fit(X[:53], y[:53], **{k: v[:53] for k, v in labels.items()})
    assert (fewer.quantile(0.9) > intervals.quantile(0.9)).all()
    with pytest.raises(ValueError, match="level"):
        intervals.quantile(1.5)


def test_intervals_reach_farther_away_from_the_middle_the_less_is_explained():
    X, y, labels, new, _ = split()
    intervals = TransferIntervals(**ROLES).fit(X, y, **labels)
    new, middle, spread = new[:3], intervals.middle_[0], np.sqrt(intervals.spread_[0])
    predicted = np.array([[middle - 2 * spread], [middle], [middle + 2 * spread]])
    reaches = []
    for share in (0.1, 0.9):
        own = np.full((3, 1), np.sqrt(share) * spread)
        below, above = intervals.sides(new, predicted, own)
        assert below[0] > above[0] and below[1] == above[1] and below[2] < above[2]
        lower, upper = intervals.interval(new, predicted, own, level=0.8)
        np.testing.assert_allclose((upper - predicted) / above, intervals.quantile(0.8)[0])
        np.testing.assert_allclose((predicted - lower) / below, intervals.quantile(0.8)[0])
        reaches.append((below[0] / above[0]).item())
    assert reaches[1] > reaches[0]
    # a model that was stored before its intervals knew of other content
    intervals.constants_ = intervals.constants_ | {"with": {"a": 1.0, "b": 0.1, "c": 0.1, "g": 0.1}}
    below, above = intervals.sides(new, predicted, own)
    np.testing.assert_array_equal(below, above)


def test_a_prediction_that_says_no_more_than_the_mean_is_a_warning():
    _, _, _, _, data = split()
    known = (data.instrument == "A") | (data.sample_id < "S10")
    noise = np.random.default_rng(0).standard_normal(100)[[int(label[1:]) for label in data.sample_id]]
    given = {"instrument": data.instrument[known], "sample_id": data.sample_id[known]}
    model = TransferredModel.fit(
        X=data.X[known], y=np.column_stack([data.y[known, 0], noise[known]]), properties=["content", "noise"],
        wavelengths=data.wavelengths, source="A", target="B", method=AutoTransfer(), validate=False, **given,
    )  # fmt: skip
    predicted = model.predict(data.X[~known])
    said = np.array([[" more than the mean" in text for text in row] for row in predicted.reason])
    assert said[:, 1].all() and not said[:, 0].any()
    surely = np.array(["no more than the mean" in text for text in predicted.reason[:, 1]])
    assert surely.any() and np.isin(predicted.flag[surely, 1], ["warning", "reject"]).all()


def test_a_deployed_model_says_why_it_rejects():
    _, _, _, new, data = split()
    known = (data.instrument == "A") | (data.sample_id < "S10")
    model = TransferredModel.fit(
        X=data.X[known], y=data.y[known], instrument=data.instrument[known], sample_id=data.sample_id[known],
        wavelengths=data.wavelengths, source="A", target="B", method=MeanShift(), validate=False,
    )  # fmt: skip
    for wrong, said in (
        (new[:, ::-1], "reversed"),
        (10.0**-new, "reflectance or transmittance instead of absorbance"),
        (100 * 10.0**-new, "percent"),
    ):
        found = model.predict(wrong)
        assert (found.flag == "reject").mean() >= 0.9
        assert np.mean([said in text for text in found.reason[:, 0]]) >= 0.9
    far = model.predict(new + 0.0)
    assert (far.flag[far.value > model.records["B"].high] != "").all()


def test_spectra_that_differ_in_level_alone_give_no_limits():
    data = make_instruments(n_samples=12, n_channels=30, random_state=0)
    X = np.outer(1.0 + np.arange(len(data.X)), np.linspace(1.0, 2.0, 30) ** 2)
    labels = {"instrument": data.instrument, "sample_id": data.sample_id}
    with pytest.raises(IndistinctSpectraError, match="one and the same shape"):
        TargetLimits(source="A", target="B").fit(X, **labels)
    model = TransferredModel.fit(
        X=X, y=data.y[:, 0], method=MeanShift(), source="A", target="B", validate=False, **labels
    )
    assert any("Spectra are not judged" in note for note in model.records["B"].notes)


def test_labelled_columns_are_brought_into_order():
    data = make_instruments(n_samples=16, n_channels=30, random_state=0)
    labels = {"instrument": data.instrument, "sample_id": data.sample_id}
    frame = pd.DataFrame(data.X, columns=data.wavelengths)
    limits = TargetLimits(**ROLES).fit(frame, **labels)
    intervals = TransferIntervals(**ROLES).fit(frame, data.y[:, 0], **labels)
    new, predicted = frame.iloc[-4:], data.y[-4:, :1]
    np.testing.assert_allclose(limits.check(new.iloc[:, ::-1]).score, limits.check(new.to_numpy()).score)
    backwards = intervals.std(new.iloc[:, ::-1], predicted)
    np.testing.assert_array_equal(backwards, intervals.std(new.to_numpy(), predicted))
    for look in (limits.check, lambda X: intervals.std(X, predicted)):
        with pytest.raises(AxisMismatchError, match="on another axis"):
            look(new.set_axis(data.wavelengths + 300.0, axis=1))
