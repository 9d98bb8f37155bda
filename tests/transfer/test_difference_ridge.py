"""DifferenceRidge against normal equations, explicit refits and its limits."""

from unittest import mock

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.linear_model import Ridge

from skspectral import DifferenceRidge, MeanShift
from skspectral._core.roles import TransferRows
from skspectral.datasets import make_instruments
from skspectral.exceptions import (
    AmbiguousInstrumentError,
    AxisMismatchError,
    NoStandardsError,
    UnknownAxisWarning,
    UnknownInstrumentError,
)
from skspectral.transfer._augmented import OFFSET, AugmentedRows, difference_weights
from skspectral.transfer._operators import OPERATORS, Operator
from skspectral.transfer._others import other_samples
from skspectral.transfer.difference_ridge import augmented_rows

ROLES = {"source": "A", "target": "B"}


@pytest.fixture(scope="module")
def data():
    return make_instruments(n_samples=40, n_channels=120, n_targets=2, random_state=4)


def system(data, n_standards=8, **changes):
    on_source = data.instrument == "A"
    S, y = data.X[on_source][:30], data.y[on_source][:30].copy()
    T = data.X[~on_source][:n_standards]
    parts = {"source": S, "y_source": y, "target": T, "y_target": y[:n_standards], "twin": np.arange(n_standards)}
    return AugmentedRows(**parts | changes)


def normal_equations(rows, ridge, difference, target, kept=slice(None)):
    """Penalised least squares on the augmented features: spectrum, offset, target offset."""
    weight = np.array([1.0, difference, target, rows.n_source])[rows.kinds][kept] / ridge
    features = np.column_stack([rows.Z, np.sqrt(OFFSET) * rows.shared, np.sqrt(OFFSET) * rows.on_target])[kept]
    left = features.T @ (weight[:, None] * features) + np.eye(features.shape[1])
    return np.linalg.solve(left, features.T @ (weight[:, None] * rows.r[kept])), features


@pytest.mark.parametrize(("ridge", "difference", "target"), [(1e-2, 10.0, 1.0), (1e-3, 100.0, 0.1), (0.1, 1.0, 10.0)])
def test_dual_solution_equals_normal_equations(data, ridge, difference, target):
    rows = system(data)
    solution = rows.solve(ridge, difference, target)
    primal, _ = normal_equations(rows, ridge, difference, target)
    n = rows.Z.shape[1]
    on_target = (data.X[-5:] - rows.mean) / rows.scale
    expected = on_target @ primal[:n] + np.sqrt(OFFSET) * (primal[n] + primal[n + 1])
    expected = expected * rows.y_scale + rows.y_mean
    assert_allclose(data.X[-5:] @ solution.coef.T + solution.intercept, expected, rtol=1e-5)


def test_held_out_residuals_equal_refits_without_all_rows_of_the_standard(data):
    rows = system(data)
    solution = rows.solve(1e-2, 30.0, 3.0)
    for k in range(8):
        kept = np.flatnonzero(rows.standard != k)
        assert len(kept) == len(rows.Z) - 3
        primal, _ = normal_equations(rows, 1e-2, 30.0, 3.0, kept)
        own = np.flatnonzero((rows.standard == k) & (rows.kinds == 2))[0]
        features = np.concatenate([rows.Z[own], [np.sqrt(OFFSET)] * 2])
        expected = (rows.r[own] - features @ primal) * rows.y_scale
        assert_allclose(solution.held_out[k], expected, rtol=1e-4, atol=1e-6)


def test_partly_missing_references_are_solved_property_by_property(data):
    y = data.y[data.instrument == "A"][:30].copy()
    y[::4, 1] = np.nan
    both = system(data, y_source=y, y_target=y[:8]).solve(1e-2, 10.0, 1.0)
    for j in range(2):
        alone = system(data, y_source=y[:, [j]], y_target=y[:8, [j]])
        # one property alone is centred on its own labelled rows; the fit is compared where nothing is missing
        if j == 0:
            assert_allclose(both.coef[0], alone.solve(1e-2, 10.0, 1.0).coef[0], rtol=1e-8)
    assert np.isnan(both.held_out[[0, 4], 1]).all() and np.isfinite(both.held_out[:, 0]).all()
    assert np.isfinite(both.coef).all()


def test_a_heavy_difference_weight_removes_the_differences(data):
    rows = system(data)
    free, bound = (rows.solve(1e-2, weight, 1.0) for weight in (1e-3, 1e6))
    differences = rows.differences * rows.scale
    spread = [np.std(differences @ solution.coef.T, axis=0) for solution in (free, bound)]
    assert (spread[1] < 1e-2 * spread[0]).all()


def test_without_pairs_and_targets_it_is_ridge(data):
    rows = system(data, target=np.empty((0, 120)), y_target=np.empty((0, 2)), twin=np.empty(0, dtype=int))
    solution = rows.solve(1e-2, 1.0, 1.0)
    ridge = Ridge(alpha=1e-2).fit(rows.Z, rows.r)
    assert_allclose(solution.coef * rows.scale / rows.y_scale[:, None], ridge.coef_, rtol=1e-3, atol=1e-5)


def test_channel_weights_follow_the_variance_of_the_differences(data):
    rows = system(data)
    weights, difference = difference_weights(rows, 1e-2, 0.4, 1)
    variance = rows.differences.var(axis=0, ddof=1)
    assert_allclose(weights, 1 / np.sqrt(1e-2 + 30 * 0.6 * variance))
    assert difference == pytest.approx(30 * 0.4 / 7)
    flat, _ = difference_weights(rows, 1e-2, 1.0, 5)
    assert_allclose(flat, 10.0)


def test_a_deviation_of_the_target_fits_its_rows_better(data):
    rows = system(data)
    shared, own = rows.solve(1e-2, 1.0, 1.0), rows.solve(1e-2, 1.0, 1.0, deviation=10.0)
    target, y = data.X[data.instrument == "B"][:8], data.y[:8]
    errors = [np.square(target @ s.coef.T + s.intercept - y).mean() for s in (shared, own)]
    assert errors[1] < errors[0]


@pytest.mark.parametrize("name", OPERATORS)
def test_operators_do_not_depend_on_the_step_of_the_axis(name):
    """Windows are in nm: a spectrum sampled twice as finely gives nearly the same derivative."""
    fine, coarse = np.arange(1100.0, 1700.0, 1.0), np.arange(1100.0, 1700.0, 2.0)
    bands = [np.exp(-0.5 * ((axis - 1400.0) / 40.0) ** 2)[None] for axis in (fine, coarse)]
    a, b = Operator(name, fine)(bands[0])[:, ::2], Operator(name, coarse)(bands[1])
    order = OPERATORS[name][2] if OPERATORS[name] else None
    a = a * 2.0 ** (order or 0)
    inner = slice(40, -40)
    assert_allclose(a[0, inner] / np.abs(a).max(), b[0, inner] / np.abs(b).max(), atol=0.05)


def test_unequal_steps_are_resampled():
    axis = np.linspace(1100.0**0.5, 1700.0**0.5, 150) ** 2
    X = np.exp(-0.5 * ((axis - 1400.0) / 60.0) ** 2)[None]
    assert np.isfinite(Operator("sg1", axis)(X)).all()
    peak = np.abs(Operator("sg1", axis)(X)[0]).argmax()
    assert abs(np.linspace(axis[0], axis[-1], 150)[peak] - 1400.0) == pytest.approx(60.0, abs=15.0)


def test_it_beats_the_mean_shift_on_simulated_instruments():
    errors = []
    for seed in range(6):
        data = make_instruments(n_samples=60, noise=1e-3, random_state=seed)
        used = np.r_[0:40, 60:70]
        labels = {"instrument": data.instrument[used], "sample_id": data.sample_id[used]}
        models = DifferenceRidge(wavelengths=data.wavelengths, **ROLES), MeanShift(**ROLES)
        fitted = [model.fit(data.X[used], data.y[used], **labels) for model in models]
        errors.append([np.sqrt(np.mean((model.predict(data.X[100:]) - data.y[100:]) ** 2)) for model in fitted])
    assert np.mean(np.log(errors), axis=0)[0] < np.mean(np.log(errors), axis=0)[1]


def test_held_out_error_is_an_attribute(data):
    used = np.r_[0:30, 40:48]
    labels = {"instrument": data.instrument[used], "sample_id": data.sample_id[used]}
    model = DifferenceRidge(wavelengths=data.wavelengths, **ROLES).fit(data.X[used], data.y[used], **labels)
    assert model.transfer_rmse_.shape == (2,) and (model.transfer_rmse_ > 0).all()
    only_source = DifferenceRidge(wavelengths=data.wavelengths).fit(data.X[:30], data.y[:30])
    assert np.isnan(only_source.transfer_rmse_).all()


@pytest.mark.parametrize(
    "bad",
    [{"preprocessing": "msc"}, {"alpha": 0.0}, {"shrinkage": 1.5}, {"difference_weight": -1.0}, {"target_weight": 0}],
)
def test_bad_parameters_are_named(bad, data):
    labels = {"instrument": data.instrument, "sample_id": data.sample_id}
    with pytest.raises(ValueError, match=next(iter(bad))):
        DifferenceRidge(**bad, **ROLES).fit(data.X, data.y, **labels)


def test_axis_and_pairs_are_asked_for(data):
    labels = {"instrument": data.instrument, "sample_id": data.sample_id}
    with pytest.warns(UnknownAxisWarning, match="2 nm"):
        DifferenceRidge(**ROLES).fit(data.X, data.y, **labels)
    with pytest.raises(AxisMismatchError, match="120 channels"):
        DifferenceRidge(wavelengths=data.wavelengths[1:], **ROLES).fit(data.X, data.y, **labels)
    with pytest.raises(NoStandardsError, match="sample_id"):
        DifferenceRidge(wavelengths=data.wavelengths, **ROLES).fit(data.X, data.y, instrument=data.instrument)


def test_more_samples_than_channels_are_rotated_without_a_trace():
    few_channels = make_instruments(n_samples=90, n_channels=24, n_targets=2, random_state=5)
    on_source = few_channels.instrument == "A"
    S, y = few_channels.X[on_source], few_channels.y[on_source].copy()
    y[50:60, 1] = np.nan
    T = few_channels.X[~on_source][:8]
    arguments = {"source": S, "y_source": y, "target": T, "y_target": y[:8], "twin": np.arange(8)}
    rotated = AugmentedRows(**arguments)
    assert len(rotated.Z) < len(S)
    with mock.patch("skspectral.transfer._augmented._rotate", lambda Z, r: (Z, np.ones(len(Z)), r)):
        whole = AugmentedRows(**arguments)
    assert len(whole.Z) == len(S) + 16
    for deviation in (0.0, 0.5):
        fast, slow = (rows.solve(1e-2, 10.0, 3.0, deviation=deviation) for rows in (rotated, whole))
        for name in ("coef", "intercept", "held_out"):
            assert_allclose(getattr(fast, name), getattr(slow, name), rtol=1e-5, err_msg=name)
        assert_allclose(fast.source_error, slow.source_error, rtol=0.1)


def test_hardly_more_samples_than_channels_are_left_as_they_are():
    rng = np.random.default_rng(0)
    S, y = rng.normal(size=(60, 40)), rng.normal(size=(60, 1))
    assert len(AugmentedRows(S, y, S[:3], y[:3], np.arange(3)).Z) == 66
    assert len(AugmentedRows(S[:, :25], y, S[:3, :25], y[:3], np.arange(3)).Z) < 45


def test_source_error_is_that_of_leaving_source_samples_out(data):
    rows = system(data, n_standards=3)
    solution = rows.solve(1e-2, 10.0, 1.0)
    squares = []
    for left_out in np.flatnonzero(rows.kinds == 0):
        kept = np.delete(np.arange(len(rows.Z)), left_out)
        primal, _ = normal_equations(rows, 1e-2, 10.0, 1.0, kept)
        features = np.concatenate([rows.Z[left_out], [np.sqrt(OFFSET), 0.0]])
        squares.append(((rows.r[left_out] - features @ primal) * rows.y_scale) ** 2)
    assert_allclose(solution.source_error, np.mean(squares, axis=0), rtol=1e-5)


def three_instruments(data, n_standards=4, n_source=12):
    """Few source samples, few standards, and forty samples of a third instrument with a distortion of its own."""
    on_source, on_target = np.flatnonzero(data.instrument == "A"), np.flatnonzero(data.instrument == "B")
    axis = np.linspace(-1, 1, data.X.shape[1])
    third = on_source[:40]
    X = np.vstack([data.X[on_source[:n_source]], data.X[on_target[:n_standards]], data.X[third] * 1.005 + 0.05 * axis])
    taken = np.concatenate([on_source[:n_source], on_target[:n_standards], third])
    instrument = np.repeat(["A", "B", "C"], [n_source, n_standards, 40])
    return X, data.y[taken], {"instrument": instrument, "sample_id": data.sample_id[taken]}


def test_samples_of_further_instruments_join_the_calibration():
    data = make_instruments(n_samples=70, n_channels=100, n_components=10, random_state=9)
    X, y, labels = three_instruments(data)
    test = np.flatnonzero(data.instrument == "B")[45:]
    two, three = (
        DifferenceRidge(wavelengths=data.wavelengths, others=o, **ROLES).fit(X, y, **labels) for o in ((), ["C"])
    )
    errors = [np.sqrt(np.mean((model.predict(data.X[test]) - data.y[test]) ** 2)) for model in (two, three)]
    assert errors[1] < 0.6 * errors[0]


def test_a_standard_leaves_with_its_rows_on_all_instruments():
    data = make_instruments(n_samples=60, n_channels=80, random_state=9)
    X, y, labels = three_instruments(data)
    rows = TransferRows.sort_out(X, y, **labels, **ROLES)
    others = other_samples(["C"], rows, X, y, labels["instrument"], labels["sample_id"])
    system = augmented_rows(rows, Operator("sg1", data.wavelengths), others)
    for k in range(4):
        # source, difference and target rows, and those of the third instrument: one spectrum and one difference
        assert sorted(system.kinds[system.standard == k]) == [0, 0, 1, 2, 3]
    solution = system.solve(1e-2, 30.0, 3.0)
    for k in range(4):
        kept = np.flatnonzero(system.standard != k)
        primal, _ = normal_equations(system, 1e-2, 30.0, 3.0, kept)
        own = np.flatnonzero((system.standard == k) & (system.kinds == 2))[0]
        features = np.concatenate([system.Z[own], [np.sqrt(OFFSET)] * 2])
        assert_allclose(
            solution.held_out[k], (system.r[own] - features @ primal) * system.y_scale, rtol=1e-3, atol=1e-6
        )


@pytest.mark.parametrize(("others", "error"), [(["Z"], UnknownInstrumentError), (["B"], AmbiguousInstrumentError)])
def test_wrong_names_of_further_instruments(others, error):
    data = make_instruments(n_samples=45, n_channels=60, random_state=9)
    X, y, labels = three_instruments(data)
    with pytest.raises(error, match="others"):
        DifferenceRidge(others=others, wavelengths=data.wavelengths, **ROLES).fit(X, y, **labels)
