"""Several known instruments: a model from each, weighed by held-out errors, and their differences as nuisance rows."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from skspectral import TransferPortfolio
from skspectral._core.known_instruments import check_others, combination_weights
from skspectral._core.roles import TransferRows
from skspectral.datasets import make_instruments
from skspectral.exceptions import (
    AmbiguousInstrumentError,
    ConflictingReferenceError,
    MissingReferenceError,
    UnknownInstrumentError,
)
from skspectral.transfer._operators import Operator
from skspectral.transfer._others import KNOWN_SHARE, LEAST_PAIRS, known_differences, other_samples
from skspectral.transfer._several_sources import fit_sources
from skspectral.transfer.difference_ridge import augmented_rows

N_SAMPLES, N_STANDARDS = 40, 6


@pytest.fixture(scope="module")
def data():
    """A, the target B with six standards, and C, whose spectra of the standards have no reference of their own."""
    data = make_instruments(n_samples=60, n_instruments=3, n_channels=80, noise=2e-3, random_state=5)
    number = np.array([int(label[1:]) for label in data.sample_id])
    limit = {"A": N_SAMPLES, "B": N_STANDARDS, "C": N_SAMPLES}
    kept = np.array([n < limit[label] for n, label in zip(number, data.instrument)])
    y = np.where((data.instrument == "A")[:, None], data.y, np.nan)
    test = (data.instrument == "B") & (number >= N_SAMPLES)
    labels = {"instrument": data.instrument[kept], "sample_id": data.sample_id[kept]}
    return data, data.X[kept], y[kept], labels, test


def fit(data, X, y, labels):
    def make(source, others):
        assert others == tuple(label for label in "AC" if label != source)
        return TransferPortfolio(wavelengths=data.wavelengths, source=source, target="B")

    return fit_sources(make, ["A", "C"], "B", X, y, **labels)


def test_every_known_instrument_is_a_source_and_the_combination_is_theirs(data):
    data, X, y, labels, test = data
    fitted = fit(data, X, y, labels)
    # C has its references, and B too, from A
    assert {label: model.n_standards_ for label, model in fitted.models.items()} == {"A": 6, "C": 6}
    assert fitted.held_out.shape == (N_STANDARDS, 1) and np.isfinite(fitted.held_out).all()
    mean, std = fitted._predict_with_std(data.X[test])
    each = np.stack([model.predict(data.X[test]) for model in fitted.models.values()])
    assert_allclose(mean, np.einsum("st,snt->nt", fitted.weights, each))
    assert (mean >= each.min(axis=0) - 1e-12).all() and (mean <= each.max(axis=0) + 1e-12).all()
    assert (std > 0).all()
    errors = np.sqrt(np.mean((each - data.y[test]) ** 2, axis=(1, 2)))
    assert np.sqrt(np.mean((mean - data.y[test]) ** 2)) < errors.mean()
    assert_allclose(fitted.transfer_rmse, np.sqrt(np.mean(fitted.held_out**2, axis=0)))


def test_references_that_contradict_each_other_between_known_instruments(data):
    data, X, y, labels, _ = data
    y = y.copy()
    y[np.flatnonzero(labels["instrument"] == "C")[3]] = 99.0
    with pytest.raises(ConflictingReferenceError, match=r"on 'A' and 99 on 'C'"):
        fit(data, X, y, labels)


def test_a_known_instrument_without_references_is_named(data):
    data, X, y, labels, _ = data
    ids = np.where(labels["instrument"] == "C", None, labels["sample_id"])
    with pytest.raises(MissingReferenceError, match=r"No sample on 'C' .* property 0.*leave it out of others"):
        fit(data, X, y, labels | {"sample_id": ids})


def test_weights_follow_the_errors_on_common_standards_with_a_power_that_grows_with_their_number():
    rng = np.random.default_rng(0)
    residuals = rng.standard_normal((1, 10, 1)) * np.array([1.0, 2.0])[:, None, None]
    assert_allclose(combination_weights(residuals)[:, 0], np.array([1.0, 2**-2.5]) / (1 + 2**-2.5))
    assert_allclose(combination_weights(residuals[:, :4])[:, 0], np.array([1.0, 0.5]) / 1.5)
    # thirty say no more than ten
    assert_allclose(combination_weights(np.tile(residuals, (1, 3, 1))), combination_weights(residuals))
    none = np.full((3, 5, 2), np.nan)
    assert_allclose(combination_weights(none), np.full((3, 2), 1 / 3))
    # a standard that one source has not seen says nothing
    partly = residuals.copy()
    partly[0, 5:] = np.nan
    assert_allclose(combination_weights(partly), combination_weights(residuals[:, :5]))
    # nothing is divided by an error of zero
    exact = np.zeros((2, 5, 1))
    assert_allclose(combination_weights(exact), np.full((2, 1), 0.5))


def test_differences_between_known_instruments_are_rows_of_their_own(data):
    data, X, y, labels, _ = data
    rows = TransferRows.sort_out(X, y, **labels, source="A", target="B")
    others = other_samples(["C"], rows, X, y, labels["instrument"], labels["sample_id"])
    operator = Operator("raw", data.wavelengths)
    found = known_differences(operator, rows.source_samples[0], rows.source_samples[2], others, rows.target_samples[2])
    by_name = {
        label: {s: x for s, x, i in zip(labels["sample_id"], X, labels["instrument"]) if i == label} for label in "AC"
    }
    difference = np.stack([by_name["C"][s] - by_name["A"][s] for s in sorted(by_name["A"])])
    # with six pairs of its own the target needs half as much
    expected = KNOWN_SHARE * LEAST_PAIRS / N_STANDARDS * np.cov(difference, rowvar=False)
    # thirty-four directions are kept whole, and the standards' beside them
    assert_allclose(found.X.T @ found.X, expected, atol=1e-12)
    assert (found.codes >= 0).sum() == N_STANDARDS
    system = augmented_rows(rows, operator, known=others)
    plain = augmented_rows(rows, operator)
    # the target's own pairs and the source samples are what they were
    assert system.n_pairs == plain.n_pairs == N_STANDARDS and system.n_source == plain.n_source == N_SAMPLES
    assert (system.kinds == 3).sum() == len(found)
    assert_allclose(system.differences, plain.differences)


def test_one_shared_sample_says_nothing_about_a_covariance(data):
    data, X, y, labels, _ = data
    rows = TransferRows.sort_out(X, y, **labels, source="A", target="B")
    (spectra, references, codes), *_ = other_samples(["C"], rows, X, y, labels["instrument"], labels["sample_id"])
    one = [(spectra[:1], references[:1], codes[:1])]
    assert known_differences(lambda X: X, rows.source_samples[0], rows.source_samples[2], one) is None


@pytest.mark.parametrize(
    ("others", "error", "match"),
    [
        (["Z"], UnknownInstrumentError, "no row was measured on it"),
        (["B"], AmbiguousInstrumentError, "the source or the target already"),
        (["C", "C"], AmbiguousInstrumentError, "twice"),
    ],
)
def test_wrong_names_of_known_instruments(others, error, match):
    with pytest.raises(error, match=match):
        check_others(others, "A", "B", ["A", "B", "C"])
