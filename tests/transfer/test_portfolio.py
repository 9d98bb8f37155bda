"""TransferPortfolio: its weights, its second expert, its uncertainty and its limits."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose

from skspectral import DifferenceRidge, MeanShift, SourceOnly, TransferPortfolio, TransferSplit
from skspectral._core.references import held_out_error
from skspectral._core.roles import TransferRows
from skspectral.datasets import make_instruments
from skspectral.exceptions import NoStandardsError, ZeroShotWarning
from skspectral.metrics import rmsep
from skspectral.transfer.portfolio._constants import available_members, constants, holds, portfolio_hash
from skspectral.transfer.portfolio._members import FAMILIES, Member, all_members, family_members, fit_members
from skspectral.transfer.portfolio._mixture import alike, effective_counts, family_shares, member_weights
from skspectral.transfer.portfolio._target_expert import evidence, fit_target_expert, gate

ROLES = {"source": "A", "target": "B"}


@pytest.fixture(scope="module")
def data():
    return make_instruments(n_samples=60, n_channels=100, n_targets=2, noise=1e-3, random_state=7)


def training(data, n_standards, repeat=0):
    labels = {"instrument": data.instrument, "sample_id": data.sample_id}
    split = TransferSplit(n_standards, 1, test_size=20, random_state=repeat, **ROLES)
    train, test = next(split.split(data.X, data.y, **labels))
    return (data.X[train], data.y[train], {name: values[train] for name, values in labels.items()}), test


def fitted(data, n_standards=10, y=None, **parameters):
    (X, own, labels), test = training(data, n_standards)
    model = TransferPortfolio(wavelengths=data.wavelengths, **ROLES, **parameters)
    return model.fit(X, own if y is None else y, **labels), test


def test_names_of_members_are_unique_and_all_have_a_prior():
    names = [member.name for member in all_members()]
    assert len(set(names)) == len(names) > 500
    table = constants()["log_prior"]
    assert set(table) <= {member.name for member in family_members("ridges")}
    assert_allclose(np.exp(list(table.values())).sum(), 1.0, rtol=1e-2)
    assert set(constants()["shares"]) == set(constants()["powers"]) == set(FAMILIES)
    assert len(portfolio_hash()) == 12


def test_a_member_is_the_single_model_of_the_same_settings(data):
    (X, y, labels), test = training(data, 10)
    rows = TransferRows.sort_out(X, y, **labels, **ROLES)
    member = Member("weighted", "sg1", 1e-2, target=1.0, shrinkage=0.4)
    many = fit_members(rows, data.wavelengths, [member])
    single = DifferenceRidge("sg1", wavelengths=data.wavelengths, **ROLES).fit(X, y, **labels)
    assert_allclose(many.predict(data.X[test])[0], single.predict(data.X[test]), rtol=1e-9)
    assert_allclose(np.sqrt(held_out_error(many.held_out))[0], single.transfer_rmse_, rtol=1e-9)


def test_held_out_error_of_pls_equals_refits_of_its_bias(data):
    (X, y, labels), _ = training(data, 6)
    rows = TransferRows.sort_out(X, y, **labels, **ROLES)
    fit = fit_members(rows, data.wavelengths, [Member("pls", "raw", family="bias")])
    spectra, references, _ = rows.target_samples
    residuals = references - spectra @ fit.coefs[0].T
    for k in range(6):
        others = np.delete(np.arange(6), k)
        assert_allclose(fit.held_out[0, k], residuals[k] - residuals[others].mean(axis=0), atol=1e-8)


def test_weights_are_prior_times_powers_of_both_errors():
    errors, source = np.array([[0.1], [0.4]]), np.array([[0.2], [0.1]])
    powers = {"standards": 0.1, "source": 0.5}
    found = member_weights(np.log([0.3, 0.7]), errors, source, np.array([10]), powers, np.ones(1))[:, 0]
    floored = errors[:, 0] + 1e-4, source[:, 0] + 1e-4
    n = 10 / 1.2
    expected = np.array([0.3, 0.7]) * floored[0] ** (-0.1 * n) * floored[1] ** -0.5
    assert_allclose(found, expected / expected.sum(), rtol=1e-9)
    few = member_weights(np.log([0.3, 0.7]), errors, source, np.array([2]), powers, np.ones(1))[:, 0]
    assert_allclose(few[0] / few[1], 3 / 7 * (floored[1][0] / floored[1][1]) ** -0.5)
    assert_allclose(effective_counts([0, 2, 3, 50]), [0, 0, 3 / 1.06, 25])


def test_families_that_cannot_hold_have_no_share():
    learned = {"shares": {"few": [-1.0, -0.5, 0.4], "ridges": [-0.5, 0.0, 0.4]}, "evidence": 0.2, "early": 1.1}
    errors, expected = np.array([[0.1, np.nan], [0.05, np.nan]]), np.array([[0.02, 0.02], [0.08, 0.02]])
    held = np.array([[True, True], [True, False]])
    found = family_shares(["few", "ridges"], errors, expected, [10, 0], [10, 0], held, learned, np.ones(2))
    assert_allclose(found[:, 1], [1.0, 0.0])
    n = 10 / 1.2
    odds = np.exp(-0.5) * (0.1 / 0.05) ** (-0.2 * n) * (0.02 / 0.08) ** -0.5
    assert_allclose(found[0, 0] / found[1, 0], odds, rtol=1e-2)
    assert holds("few", 0, 0, 700) and not holds("source", 0, 0, 700) and not holds("mapped", 10, 2, 700)
    assert not holds("fused", 10, 10, 60) and holds("ridges", 10, 0, 60)


def test_one_instrument_under_two_names_is_the_source_model():
    """Where the target is the source and a little noise, nothing is better than the source's own model."""
    rng = np.random.default_rng(0)
    data = make_instruments(n_samples=90, n_channels=90, noise=1e-4, random_state=4)
    source = np.flatnonzero(data.instrument == "A")
    X, y, ids = data.X[source], data.y[source], data.sample_id[source]
    twin = X + 1e-6 * rng.standard_normal(X.shape)
    errors = []
    for n in (3, 10):
        rows = np.vstack([X[:60], twin[:n]]), np.concatenate([y[:60], y[:n]])
        labels = {"instrument": ["A"] * 60 + ["B"] * n, "sample_id": np.concatenate([ids[:60], ids[:n]])}
        model = TransferPortfolio(wavelengths=data.wavelengths, **ROLES).fit(*rows, **labels)
        assert (model.alike_ > 0.9).all() and model.family_weights_["source"].min() > 0.9
        alone = SourceOnly(**ROLES).fit(*rows, **labels)
        errors.append([rmsep(y[60:], m.predict(twin[60:])) for m in (model, alone)])
    assert all(own < 1.1 * untouched for own, untouched in errors)


def test_how_alike_two_instruments_are_is_judged_with_care():
    learned = {"ratio": 0.1, "slope": 2.0}
    gap, error = np.array([1e-3, 1.0]), np.array([1.0, 1.0])
    many, few, none = (alike(gap, error, n, learned) for n in (20, 1, 0))
    assert many[0] > 0.99 and many[1] < 0.01 and few[0] < many[0] and (none == 0).all()


@pytest.mark.slow
def test_more_standards_are_no_cliff():
    """Errors fall, on average, from no standard to ten, and none of the steps makes things much worse."""
    numbers, errors = (0, 1, 2, 3, 5, 10), []
    for seed in range(3):
        data = make_instruments(n_samples=80, n_channels=60, noise=1e-3, random_state=seed)
        source, target = (np.flatnonzero(data.instrument == name) for name in "AB")
        further, test = target[40:60], target[60:]
        errors.append([])
        for n in numbers:
            taken = np.concatenate([source[:40], target[:n], further])
            y, ids = data.y[taken].astype(float), data.sample_id[taken].astype(object)
            y[40 + n :], ids[40 + n :] = np.nan, None
            labels = {"instrument": data.instrument[taken], "sample_id": ids}
            model = TransferPortfolio(wavelengths=data.wavelengths, **ROLES)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ZeroShotWarning)
                model.fit(data.X[taken], y, **labels)
            errors[-1].append(np.log(rmsep(data.y[test], model.predict(data.X[test]))))
    means = np.mean(errors, axis=0)
    assert (np.diff(means) < 0.1).all(), means
    assert means[-1] < means[3] < means[0]


def test_it_beats_the_mean_shift_and_the_average_single_model(data):
    errors = []
    for repeat in range(4):
        (X, y, labels), test = training(data, 10, repeat)
        models = (
            TransferPortfolio(wavelengths=data.wavelengths, **ROLES),
            MeanShift(**ROLES),
            DifferenceRidge("sg2", wavelengths=data.wavelengths, **ROLES),
        )
        errors.append([rmsep(data.y[test], m.fit(X, y, **labels).predict(data.X[test])) for m in models])
    portfolio, shift, single = np.mean(errors, axis=0)
    assert portfolio < 0.8 * shift
    assert portfolio < single


def test_scatter_restricts_the_members(data):
    with_scatter, without = (fitted(data, scatter=scatter)[0] for scatter in (True, False))
    assert all(" snvsg1" in name for name in with_scatter.weights_)
    assert not any(" snvsg1" in name or "fused" in name for name in without.weights_)
    assert_allclose(np.sum(list(with_scatter.weights_.values()), axis=0), 1.0)


def test_multiplicative_scatter_is_recognised_blind():
    data = make_instruments(n_samples=80, n_channels=100, scatter=0.15, noise=1e-4, random_state=3)
    plain = make_instruments(n_samples=80, n_channels=100, scatter=0.0, noise=1e-4, random_state=3)

    def share(data):
        weights = fitted(data)[0].weights_
        return sum(w[0] for name, w in weights.items() if " snvsg1" in name)

    assert share(data) > share(plain) + 0.1


def test_pairs_without_references_use_the_prior(data):
    (X, y, labels), test = training(data, 8)
    position = {label: i for i, label in enumerate(labels["sample_id"][labels["instrument"] == "B"])}
    unlabelled = np.array([label in position for label in labels["sample_id"]])
    y = y.copy()
    y[unlabelled] = np.nan
    model = TransferPortfolio(wavelengths=data.wavelengths, **ROLES).fit(X, y, **labels)
    assert model.n_pairs_ == 8 and model.n_standards_ == 0
    assert np.isnan(model.transfer_rmse_).all()
    assert (model.target_weight_ == 0).all()
    assert rmsep(data.y[test], model.predict(data.X[test])) < data.y[test].std()


def test_standards_that_the_source_never_saw_are_used(data):
    (X, y, labels), test = training(data, 10)
    on_target = labels["instrument"] == "B"
    ids = np.where(on_target, None, labels["sample_id"])
    model = TransferPortfolio(wavelengths=data.wavelengths, **ROLES)
    model.fit(X, y, instrument=labels["instrument"], sample_id=ids)
    assert model.n_pairs_ == 0 and model.n_standards_ == 10
    assert rmsep(data.y[test], model.predict(data.X[test])) < 0.5 * data.y[test].std()


def test_properties_have_weights_of_their_own(data):
    (_, y, labels), _ = training(data, 10)
    y = y.copy()
    few = labels["sample_id"][labels["instrument"] == "B"][:7]
    y[np.isin(labels["sample_id"], few), 1] = np.nan
    model, _ = fitted(data, y=y)
    weights = np.array(list(model.weights_.values()))
    assert not np.allclose(weights[:, 0], weights[:, 1])
    assert model.target_weight_[1] == 0.0


def test_a_target_that_is_far_cleaner_is_heard():
    rng = np.random.default_rng(0)
    data = make_instruments(n_samples=70, n_channels=80, n_components=4, noise=1e-4, random_state=2)
    clean, on_source = data.X.copy(), data.instrument == "A"
    # what varies at random on one instrument looks like the analyte: only the other one can tell them apart
    analyte = np.polyfit(data.y[on_source, 0], clean[on_source], 1)[0]
    disturbance = 3.0 * rng.standard_normal((len(clean), 1)) * data.y.std() * analyte
    weights = []
    for disturbed in (on_source, ~on_source):
        data.X = clean + disturbed[:, None] * disturbance
        weights.append(fitted(data, 20)[0].target_weight_[0])
    assert weights[0] > 0.5 > 0.1 > weights[1]
    data.X = clean + on_source[:, None] * disturbance
    assert fitted(data, 10, target_cleaner=True)[0].target_weight_[0] > fitted(data, 10)[0].target_weight_[0]


def test_evidence_and_gate(data):
    (X, y, labels), _ = training(data, 10)
    rows = TransferRows.sort_out(X, y, **labels, **ROLES)
    expert = fit_target_expert(rows, data.wavelengths)
    ratios = evidence(expert.held_out, expert, y.var(axis=0))
    assert_allclose(ratios[0], 0.0, atol=1e-12)
    open_, closed = gate(np.full((3, 2), -2.0), [10, 10], -2.5, 2.0), gate(np.full((3, 2), 1.0), [10, 10], -2.5, 2.0)
    assert_allclose(open_, 1 / (1 + np.exp(2.5 - 4.0)))
    assert (closed < 0.02).all()
    assert (gate(np.full((3, 1), -9.0), [4], -2.5, 2.0) == 0).all()


def test_held_out_residuals_of_the_expert_equal_refits(data):
    from skspectral.transfer.portfolio import _target_expert as module

    rng = np.random.default_rng(1)
    S, T, twin = rng.normal(size=(20, 30)), rng.normal(size=(6, 30)), np.arange(6)
    r = rng.normal(size=20)
    scale = np.sqrt(((S - S.mean(axis=0)) ** 2).sum(axis=1).mean())
    s_mean, t_mean = S[twin].mean(axis=0), T.mean(axis=0)
    Z = np.vstack([(S - s_mean) / scale, (T - t_mean) / scale])
    same = np.repeat([0, 1], [20, 6])[:, None] == np.repeat([0, 1], [20, 6])
    y = np.concatenate([r, r[twin]])
    residuals = []
    for mu in module.INDEPENDENCE:
        kernel = Z @ Z.T * np.where(same, 1.0, 1.0 / (1.0 + mu)) + module.OFFSET * same
        noise = np.repeat([0.1, 0.1 / module.NOISE_RATIO], [20, 6])
        left = []
        for k in range(6):
            kept = np.delete(np.arange(26), [k, 20 + k])
            alpha = np.linalg.solve(kernel[np.ix_(kept, kept)] + np.diag(noise[kept]), y[kept])
            left.append(y[20 + k] - kernel[20 + k, kept] @ alpha)
        residuals.append(left)
    found = module._solve(S, T, twin, r, 0.1)[2]
    low, high = np.min(residuals, axis=0), np.max(residuals, axis=0)
    assert ((found >= low - 1e-6) & (found <= high + 1e-6)).all()


@pytest.mark.slow
def test_uncertainty_covers_what_it_says(data):
    inside = []
    for repeat in range(6):
        (X, y, labels), test = training(data, 10, repeat)
        model = TransferPortfolio(wavelengths=data.wavelengths, **ROLES).fit(X, y, **labels)
        predicted, sd = model.predict(data.X[test], return_std=True)
        assert sd.shape == predicted.shape and (sd > 0).all()
        inside.append(np.abs(data.y[test] - predicted) < 1.645 * sd)
    assert 0.75 < np.mean(inside) <= 1.0


def test_many_rows_use_the_members_that_matter():
    members, log_prior = available_members(10, 10, 700, many_rows=True)
    everything, _ = available_members(10, 10, 700)
    assert len(members) == len(log_prior) < len(everything) / 2
    assert {m.name for m in members} < {m.name for m in everything}
    assert {m.family for m in members} == set(FAMILIES) and not any(m.preprocessing == "fused" for m in members)


def test_few_channels_have_the_families_that_hold_there():
    data = make_instruments(n_samples=40, n_channels=60, random_state=1)
    kept = (data.instrument == "A") | np.isin(data.sample_id, np.unique(data.sample_id)[:12])
    labels = {"instrument": data.instrument[kept], "sample_id": data.sample_id[kept]}
    model = TransferPortfolio(wavelengths=data.wavelengths, **ROLES).fit(data.X[kept], data.y[kept], **labels)
    shares = model.family_weights_
    assert set(shares) == {"ridges", "few", "source", "bias"} and shares["few"] == 0


@pytest.mark.parametrize("bad", [{"scatter": "snv"}])
def test_bad_parameters_are_named(bad, data):
    with pytest.raises(ValueError, match=next(iter(bad))):
        fitted(data, **bad)


def test_no_target_row_is_too_few(data):
    (X, y, labels), _ = training(data, 5)
    own = labels["instrument"] == "A"
    with pytest.raises(NoStandardsError):
        TransferPortfolio(**ROLES).fit(X[own], y[own], **{name: values[own] for name, values in labels.items()})
