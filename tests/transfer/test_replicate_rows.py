"""Contrasts between replicates as rows of a ridge: what they hold, how they leave, and that they help."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from skspectral import DifferenceRidge
from skspectral._core.roles import TransferRows
from skspectral.datasets import make_instruments
from skspectral.transfer._augmented import OFFSET
from skspectral.transfer._operators import Operator
from skspectral.transfer._replicates import MOST_DIRECTIONS, SOURCE_SHARE, TARGET_SHARE, replicate_rows
from skspectral.transfer.difference_ridge import augmented_rows

ROLES = {"source": "A", "target": "B"}
N_STANDARDS = 6


@pytest.fixture(scope="module")
def data():
    return make_instruments(n_samples=20, n_channels=60, replicates=3, noise=1e-3, random_state=4)


def sort_out(data, kept=slice(None)):
    labels = {"instrument": data.instrument[kept], "sample_id": data.sample_id[kept]}
    return TransferRows.sort_out(data.X[kept], data.y[kept], **labels, **ROLES)


def training_rows(data):
    standards = np.unique(data.sample_id)[:N_STANDARDS]
    return (data.instrument == "A") | np.isin(data.sample_id, standards)


def pooled_covariance(rows, side):
    """Covariance of one scan around its sample on one instrument, by hand."""
    scatter, degrees = np.zeros((60, 60)), 0
    for code in np.unique(rows.codes):
        scans = rows.X[(rows.codes == code) & (rows.is_target == side)]
        if len(scans):
            scatter += (scans - scans.mean(axis=0)).T @ (scans - scans.mean(axis=0))
            degrees += len(scans) - 1
    return scatter / degrees


def test_contrasts_hold_the_scatter_of_the_scans_around_their_sample(data):
    rows = sort_out(data, training_rows(data))
    found = replicate_rows(rows, lambda X: X, kept=rows.codes[rows.is_target])
    expected = SOURCE_SHARE * pooled_covariance(rows, False) + TARGET_SHARE * pooled_covariance(rows, True)
    assert_allclose(found.X.T @ found.X, expected, atol=1e-14)
    # two contrasts of each standard on either instrument stay with it
    assert (found.codes >= 0).sum() >= 2 * 2 * N_STANDARDS


def test_many_contrasts_keep_their_strongest_directions():
    data = make_instruments(n_samples=60, n_channels=60, replicates=3, noise=1e-3)
    rows = sort_out(data, data.instrument == "A")
    found = replicate_rows(rows, lambda X: X)
    assert len(found) == MOST_DIRECTIONS
    energy = np.linalg.eigvalsh(SOURCE_SHARE * pooled_covariance(rows, False))[::-1]
    assert_allclose((found.X**2).sum(axis=1), energy[:MOST_DIRECTIONS], rtol=1e-8)


def test_single_scans_and_copies_are_no_evidence(data):
    single = make_instruments(n_samples=12, n_channels=60, replicates=1)
    assert replicate_rows(sort_out(single), lambda X: X) is None
    twice = {name: np.repeat(single[name], 2, axis=0) for name in ("X", "y", "instrument", "sample_id")}
    copies = TransferRows.sort_out(**twice, **ROLES)
    assert replicate_rows(copies, lambda X: X) is None


def test_rows_without_an_id_are_no_replicates(data):
    rows = TransferRows.sort_out(
        data.X, data.y, instrument=data.instrument, sample_id=[None] * len(data.X), source="A", target="B"
    )
    assert replicate_rows(rows, lambda X: X) is None


def test_held_out_residuals_equal_refits_without_the_contrasts_of_the_standard(data):
    rows = sort_out(data, training_rows(data))
    system = augmented_rows(rows, Operator("raw", data.wavelengths))
    solution = system.solve(1e-2, 30.0, 3.0)
    assert system.n_standards == N_STANDARDS and (system.kinds == 3).any()
    weight = np.array([1.0, 30.0, 3.0, 20.0])[system.kinds] / 1e-2
    features = np.column_stack([system.Z, np.sqrt(OFFSET) * system.shared, np.sqrt(OFFSET) * system.on_target])
    for k in range(N_STANDARDS):
        kept = system.standard != k
        # source row, difference, target row, and the contrasts of three scans on either instrument
        assert (~kept).sum() == 3 + 2 * 3
        left = features[kept].T @ (weight[kept, None] * features[kept]) + np.eye(features.shape[1])
        primal = np.linalg.solve(left, features[kept].T @ (weight[kept, None] * system.r[kept]))
        own = np.flatnonzero(~kept & (system.kinds == 2))[0]
        expected = (system.r[own] - features[own] @ primal) * system.y_scale
        assert_allclose(solution.held_out[k], expected, rtol=1e-4, atol=1e-6)


def test_order_of_the_rows_and_names_of_the_samples_do_not_matter(data):
    kept = np.flatnonzero(training_rows(data))
    expected = DifferenceRidge(wavelengths=data.wavelengths, **ROLES).fit(
        data.X[kept], data.y[kept], instrument=data.instrument[kept], sample_id=data.sample_id[kept]
    )
    order = np.random.default_rng(0).permutation(kept)
    names = {label: -i for i, label in enumerate(np.unique(data.sample_id))}
    shuffled = DifferenceRidge(wavelengths=data.wavelengths, **ROLES).fit(
        data.X[order],
        data.y[order],
        instrument=data.instrument[order],
        sample_id=[names[label] for label in data.sample_id[order]],
    )
    assert_allclose(shuffled.predict(data.X), expected.predict(data.X), rtol=1e-7)


@pytest.mark.parametrize("side", ["A", "B"])
def test_repeated_scans_lower_the_error_where_scans_differ(side):
    """Every scan has a disturbance of its own; averages of the same scans keep no trace of what it looks like."""
    data = make_instruments(n_samples=80, n_channels=100, replicates=4, noise=3e-4, random_state=2)
    rng = np.random.default_rng(0)
    bumps = np.exp(-((np.arange(100) - np.array([[20.0], [50.0], [80.0]])) ** 2) / 50.0)
    X = data.X + 0.03 * rng.standard_normal((len(data.X), 3)) @ bumps
    samples = np.unique(data.sample_id)
    test = np.isin(data.sample_id, samples[40:]) & (data.instrument == "B")
    train = np.isin(data.sample_id, samples[:40]) & ((data.instrument == "A") | np.isin(data.sample_id, samples[:15]))
    averaged = X.copy()
    for label in samples[:40]:
        for name in "AB":
            scans = (data.sample_id == label) & (data.instrument == name)
            averaged[scans] = X[scans].mean(axis=0)
    errors = []
    for spectra in (averaged, np.where((data.instrument == side)[:, None], X, averaged)):
        model = DifferenceRidge(wavelengths=data.wavelengths, **ROLES)
        model.fit(spectra[train], data.y[train], instrument=data.instrument[train], sample_id=data.sample_id[train])
        errors.append(np.sqrt(np.mean((model.predict(X[test]) - data.y[test]) ** 2)))
    assert errors[1] < 0.95 * errors[0]
