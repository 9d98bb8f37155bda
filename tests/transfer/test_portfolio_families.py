"""The families of the portfolio: what is held out in closed form equals explicit refits."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from skspectral._core.roles import TransferRows
from skspectral.datasets import make_instruments
from skspectral.transfer._augmented import OFFSET, AugmentedRows, difference_weights
from skspectral.transfer.portfolio._constants import available_members
from skspectral.transfer.portfolio._few import expected_loss, settle
from skspectral.transfer.portfolio._members import FAMILIES, Member, all_members, family_members, fit_members
from skspectral.transfer.portfolio._source_models import source_model
from skspectral.transfer.portfolio._views import View, Views
from skspectral.transfer.portfolio._window_map import fit_window_map

ROLES = {"source": "A", "target": "B"}


@pytest.fixture(scope="module")
def data():
    return make_instruments(n_samples=50, n_channels=90, n_targets=2, random_state=5)


def sorted_rows(data, n_pairs, n_source=30, y=None):
    source = np.flatnonzero(data.instrument == "A")[:n_source]
    target = np.flatnonzero(data.instrument == "B")[:n_pairs]
    taken = np.concatenate([source, target])
    y = data.y if y is None else y
    labels = {"instrument": data.instrument[taken], "sample_id": data.sample_id[taken]}
    return TransferRows.sort_out(data.X[taken], y[taken], **labels, **ROLES)


def system_of(rng, n_source=12, n_standards=4, p=20):
    S, T = rng.normal(size=(n_source, p)), rng.normal(size=(n_standards, p)) + 0.3
    y = rng.normal(size=(n_source, 2))
    return S, T, y


def test_each_pair_is_mapped_by_a_map_that_has_not_seen_it():
    rng = np.random.default_rng(0)
    S = np.cumsum(rng.normal(size=(6, 40)), axis=1)
    T = S + 0.3 + 0.1 * rng.normal(size=S.shape)
    fitted, left_out = fit_window_map(S, T, 3, 0.3)
    assert fitted.coef.shape == (40, 7)
    channel, window = 20, slice(17, 24)
    penalty = 0.3 * ((T - T.mean(axis=0))[:, window] ** 2).sum() / 6
    for k in range(6):
        rest = np.delete(np.arange(6), k)
        W = T[rest, window] - T[rest, window].mean(axis=0)
        r = S[rest, channel] - T[rest, channel]
        coef = np.linalg.solve(W.T @ W + penalty * np.eye(7), W.T @ (r - r.mean()))
        expected = T[k, channel] + r.mean() + (T[k, window] - T[rest, window].mean(axis=0)) @ coef
        assert_allclose(left_out[k, channel], expected, rtol=1e-9)
    # new spectra: the map of all pairs
    W = (T - T.mean(axis=0))[:, window]
    r = S[:, channel] - T[:, channel]
    coef = np.linalg.solve(W.T @ W + penalty * np.eye(7), W.T @ (r - r.mean()))
    x = T[:1] + 0.5
    expected = x[0, channel] + r.mean() + (x[0, window] - T[:, window].mean(axis=0)) @ coef
    assert_allclose(fitted(x)[0, channel], expected, rtol=1e-9)


def test_a_map_between_equal_instruments_changes_nothing():
    S = np.cumsum(np.random.default_rng(1).normal(size=(5, 30)), axis=1)
    fitted, left_out = fit_window_map(S, S, 4, 0.3)
    assert_allclose(left_out, S, atol=1e-9)
    assert_allclose(fitted(S + 1.0), S + 1.0, atol=1e-9)


def test_more_pairs_than_a_map_takes_are_mapped_by_it(monkeypatch):
    from skspectral.transfer.portfolio import _window_map as module

    monkeypatch.setattr(module, "MOST_PAIRS", 5)
    rng = np.random.default_rng(2)
    S = np.cumsum(rng.normal(size=(9, 30)), axis=1)
    T = S + 0.1 * rng.normal(size=S.shape)
    fitted, left_out = fit_window_map(S, T, 3, 1.0)
    used = np.unique(np.linspace(0, 8, 5).astype(int))
    assert_allclose(np.delete(left_out, used, axis=0), fitted(np.delete(T, used, axis=0)))
    monkeypatch.setattr(module, "CHUNK", 1)
    again, _ = fit_window_map(S, T, 3, 1.0)
    assert_allclose(again.coef, fitted.coef, rtol=1e-9)


def test_source_models_without_a_standard_equal_refits():
    rng = np.random.default_rng(3)
    S, T, y = system_of(rng)
    y[5, 1] = np.nan
    system = AugmentedRows(S, y, T, y[:4], np.arange(4))
    ridge = 0.1
    found = {bias: source_model(system, ridge, bias) for bias in (False, True)}
    Z, Zt = (S - system.mean) / system.scale, (T - system.mean) / system.scale
    r = (y - system.y_mean) / system.y_scale
    for j in range(2):
        known = np.flatnonzero(np.isfinite(r[:, j]))

        def predict(kept, j=j):
            kernel = Z[kept] @ Z[kept].T + OFFSET + ridge * np.eye(len(kept))
            return (Zt @ Z[kept].T + OFFSET) @ np.linalg.solve(kernel, r[kept, j])

        full = r[:4, j] - predict(known)
        for k in range(4):
            errors = r[:4, j] - predict(np.setdiff1d(known, k))
            scale = system.y_scale[j]
            assert_allclose(found[False].held_out[k, j], errors[k] * scale, rtol=1e-5, atol=1e-7)
            expected = errors[k] - np.delete(errors, k).mean()
            assert_allclose(found[True].held_out[k, j], expected * scale, rtol=1e-5, atol=1e-7)
        shifted = (T @ found[True].coef[j] + found[True].intercept[j]).mean()
        plain = (T @ found[False].coef[j] + found[False].intercept[j]).mean()
        assert_allclose(shifted - plain, full.mean() * system.y_scale[j], rtol=1e-5, atol=1e-7)


def test_what_pairs_disagree_by_counts_as_error_of_a_source_model():
    S, _, y = system_of(np.random.default_rng(4))
    alike = AugmentedRows(S, y, S[:4], y[:4], np.arange(4))
    shifted = AugmentedRows(S, y, S[:4] + 0.5, y[:4], np.arange(4))
    plain, bias = (source_model(shifted, 0.1, bias).gap for bias in (False, True))
    assert (plain > 1e-3).all()
    assert_allclose(bias, 0.0, atol=1e-12)
    assert_allclose(source_model(alike, 0.1, False).gap, 0.0, atol=1e-12)


def test_a_model_that_runs_through_every_sample_is_not_taken_for_exact():
    """Of smooth spectra, whose last directions are tiny, general cross-validation says that nothing is left to err."""
    rng = np.random.default_rng(3)
    spectra = np.cumsum(np.cumsum(rng.normal(size=(30, 80)), axis=1), axis=1)
    y = rng.normal(size=(30, 1))
    system = AugmentedRows(spectra, y, spectra[:1] + 0.1, y[:1], np.arange(1))
    error = system.solve(1e-8, 1.0, 1.0).source_error[0]
    assert error > y.var()
    left_out = []
    for i in range(1, 30):
        kept = np.arange(30) != i
        alone = AugmentedRows(spectra[kept], y[kept], spectra[:1] + 0.1, y[:1], np.arange(1)).solve(1e-8, 1.0, 1.0)
        left_out.append((y[i] - spectra[i] @ alone.coef.T - alone.intercept).item() ** 2)
    assert_allclose(error, np.mean(left_out), rtol=0.3)


def test_predictions_are_placed_by_what_is_known_of_each():
    """Pairs and the mean of unlabelled spectra are averaged by their variances, and what varies more is not heard."""
    rng = np.random.default_rng(5)
    S, T, y = system_of(rng)
    system = AugmentedRows(S, y, T[:1], y[:1], np.arange(1))
    weights, difference = difference_weights(system, 1e-2, 0.4, 3)
    solution = system.solve(1.0, difference, 1.0, channel_weights=weights)
    unlabelled = T[rng.integers(len(T), size=40)] + 0.1 * rng.normal(size=(40, T.shape[1]))
    loss = expected_loss(system, solution, S, unlabelled)
    noisy = expected_loss(system, solution, S, unlabelled + 5.0 * rng.normal(size=unlabelled.shape))
    faded = expected_loss(system, solution, S, unlabelled.mean(axis=0) + 0.2 * (unlabelled - unlabelled.mean(axis=0)))
    assert (noisy > loss).all() and (faded > loss).all() and (loss > 0).all()
    here, there = ((X - system.mean) @ solution.coef.T for X in (S, unlabelled))
    pair = (S[0] - T[0]) @ solution.coef.T
    variance = here.var(axis=0) * (1 / 40 + 1 / len(S)) + loss / 40
    shift = (pair / loss + (here.mean(axis=0) - there.mean(axis=0)) / variance) / (1 / loss + 1 / variance)
    found = settle(system, solution, S, unlabelled)
    kept = found.coef[:, 0] / solution.coef[:, 0]
    assert ((kept > 0) & (kept < 1)).all()
    placed = (T @ found.coef.T + found.intercept - system.y_mean) / kept
    assert_allclose(placed, (T - system.mean) @ solution.coef.T + shift, atol=1e-8)
    assert (found.gap > 0).all()
    alone = settle(system, solution, S)
    middle = (S[0] + T[0]) / 2
    kept = alone.coef[:, 0] / solution.coef[:, 0]
    expected = (middle - system.mean) @ solution.coef.T + pair
    assert_allclose((middle @ alone.coef.T + alone.intercept - system.y_mean) / kept, expected, atol=1e-8)


def test_a_reference_without_a_pair_places_predictions_too():
    rng = np.random.default_rng(6)
    S, T, y = system_of(rng)
    system = AugmentedRows(S, y, T[:1], y[:1], np.array([-1]))
    solution = system.solve(1e-2, 1.0, 1.0)
    found = settle(system, solution, S)
    kept = found.coef[:, 0] / solution.coef[:, 0]
    assert_allclose((T[0] @ found.coef.T + found.intercept - system.y_mean) / kept, y[0] - system.y_mean, atol=1e-8)


def test_mapped_standards_are_the_rows_of_the_regression(data):
    rows = sorted_rows(data, 6)
    views = Views(rows, data.wavelengths)
    view = View("sg1", 20.0, 0.3)
    system, plain = views.system(view), views.system(View("sg1"))
    fresh = AugmentedRows(
        views.show(View("sg1"))(rows.source_samples[0]),
        rows.source_samples[1],
        views.show(View("sg1"))(views._map(view, views.show(view).operator)[1]),
        rows.target_samples[1],
        np.array([list(rows.source_samples[2]).index(c) for c in rows.target_samples[2]]),
    )
    assert_allclose(system.Z, fresh.Z, atol=1e-12)
    assert_allclose(system.gram, fresh.gram, atol=1e-12)
    assert not np.allclose(system.Z, plain.Z)


def test_fused_spectra_have_the_size_of_one(data):
    rows = sorted_rows(data, 6)
    source = rows.source_samples[0]
    fused = Views(rows, data.wavelengths).show(View("fused"))(source)
    assert fused.shape == (len(source), 5 * 90)
    parts = ((fused - fused.mean(axis=0)) ** 2).reshape(len(source), 5, 90).sum(axis=2).mean(axis=0)
    assert_allclose(parts, 0.2)


@pytest.mark.parametrize("family", FAMILIES)
def test_held_out_residuals_of_every_family_are_honest(data, family):
    """What is held out is as far off as new samples are, and not as near as a fit."""
    rows = sorted_rows(data, 12)
    fitted = fit_members(rows, data.wavelengths, family_members(family), None)
    new = np.flatnonzero(data.instrument == "B")[30:]
    errors = np.sqrt(((fitted.predict(data.X[new]) - data.y[new]) ** 2).mean(axis=1))
    held_out = np.sqrt((fitted.held_out**2).mean(axis=1))
    assert 0.5 < np.median(held_out / errors) < 2.5
    names = [member.name for member in all_members()]
    assert len(set(names)) == len(names)


def test_unlabelled_spectra_shift_where_there_is_no_standard(data):
    source = np.flatnonzero(data.instrument == "A")[:30]
    target = np.flatnonzero(data.instrument == "B")
    rows = TransferRows.sort_out(
        data.X[source], data.y[source], instrument=data.instrument[source], sample_id=data.sample_id[source], source="A"
    )
    members = [Member("weighted", "sg1", 1e-3, target=1.0, shrinkage=0.4, family="few")]
    without, with_mean = (
        fit_members(rows, data.wavelengths, members, unlabelled).predict(data.X[target[:30]])[0]
        for unlabelled in (None, data.X[target[:30]])
    )
    references = data.y[target[:30]]
    assert ((with_mean - references) ** 2).mean() < 0.5 * ((without - references) ** 2).mean()
    assert_allclose(with_mean.mean(axis=0), data.y[source].mean(axis=0), atol=0.3)


def test_a_map_that_blows_up_what_its_pairs_do_not_vary_in_is_seen():
    """Left-out pairs cannot tell: they are as alike as those that the map was learned from."""
    random = np.random.default_rng(2)
    spectra = np.cumsum(random.normal(size=(43, 120)), axis=1) / 10
    spectra[:3] = spectra[0] + 1e-3 * np.cumsum(random.normal(size=(3, 120)), axis=1)
    y = spectra[:, 60] + 0.05 * random.normal(size=43)
    X = np.vstack([spectra[:40], spectra[:3] + 0.01 * random.normal(size=(3, 120))])
    labels = {"instrument": np.repeat(["A", "B"], [40, 3]), "sample_id": np.r_[np.arange(40), np.arange(3)]}
    rows = TransferRows.sort_out(X, np.r_[y[:40], y[:3]][:, None], source="A", target="B", **labels)
    mapped = fit_members(rows, np.arange(1100.0, 1340.0, 2.0), family_members("standardised"))
    wrong = ((mapped.predict(spectra[3:40])[..., 0] - y[3:40]) ** 2).mean(axis=1)
    worst, best = np.argmax(wrong), np.argmin(wrong)
    assert wrong[worst] > 3 * y.var() > wrong[best]
    assert mapped.gap[worst, 0] > 0.3 * wrong[worst] and mapped.gap[best, 0] < 0.1 * y.var()
    # predictions of the standards themselves are as good as any
    assert (mapped.held_out[worst] ** 2).mean() < 0.2 * wrong[worst]


@pytest.mark.parametrize(("n_standards", "n_channels", "there"), [(19, 99, False), (20, 99, True), (3, 100, True)])
def test_families_of_fine_spectra_wait_on_coarse_axes_for_standards(n_standards, n_channels, there):
    members, _ = available_members(n_standards, n_standards, n_channels)
    assert {m.family for m in members} >= {"ridges", "source", "bias"}
    assert ({"mapped", "fused", "standardised", "pooled"} <= {m.family for m in members}) is there
