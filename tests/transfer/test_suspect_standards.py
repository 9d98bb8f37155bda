"""One vial taken for another among the standards is named, and good standards are not."""

import warnings

import numpy as np
import pytest

from skspectral import AutoTransfer
from skspectral.datasets import make_instruments
from skspectral.diagnostics._pairing import PairModel, rival_evidence
from skspectral.exceptions import SuspectStandardsWarning, WrongPairsWarning

N, STANDARDS = 30, slice(30, 40)
# rows of the target that are filed as S00 to S09, and what is said of them
FAULTS = {
    "two exchanged": ([30, 35, 32, 33, 34, 31, 36, 37, 38, 39], "target spectra of 'S01' and 'S05' look exchanged"),
    "a stranger": ([30, 31, 32, 50, 34, 35, 36, 37, 38, 39], "target spectrum of 'S03' fits 'S20' better"),
}


@pytest.fixture(scope="module")
def data():
    return make_instruments(n_samples=N, n_channels=60, random_state=0)


def fit(data, standards, **parameters):
    rows = np.r_[:N, 30:40]
    X = np.vstack([data.X[:N], standards])
    labels = {"instrument": data.instrument[rows], "sample_id": data.sample_id[rows]}
    model = AutoTransfer(wavelengths=data.wavelengths, source="A", target="B", **parameters)
    return model.fit(X, data.y[rows], **labels)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_vial_taken_for_another_is_named(data, fault):
    rows, said = FAULTS[fault]
    with pytest.warns(SuspectStandardsWarning, match=said) as caught:
        fit(data, data.X[rows])
    assert len(caught) == 1 and caught[0].filename == __file__


def test_good_standards_are_not_suspected(data):
    with warnings.catch_warnings():
        warnings.simplefilter("error", SuspectStandardsWarning)
        fit(data, data.X[STANDARDS])
        for seed in range(1, 4):
            other = make_instruments(n_samples=N, n_channels=60, scatter=0.02, random_state=seed)
            fit(other, other.X[STANDARDS])


def test_robust_leaves_out_instead(data):
    with warnings.catch_warnings():
        warnings.simplefilter("error", SuspectStandardsWarning)
        with pytest.warns(WrongPairsWarning):
            fit(data, data.X[FAULTS["two exchanged"][0]], robust=True)


def test_evidence_is_that_of_the_pair_model():
    """Of two samples that fit equally well neither has the better evidence; distances agree with the held-out p."""
    rng = np.random.default_rng(0)
    samples = rng.standard_normal((9, 2))
    target = samples[:7] + 0.1 * rng.standard_normal((7, 2))
    twins = np.vstack([samples, samples])
    evidence, rival, distance = rival_evidence(twins, samples[:7], target, np.arange(7))
    np.testing.assert_array_equal(rival, np.arange(7) + 9)
    np.testing.assert_allclose(evidence, -np.log(17))
    p = PairModel(samples[:7], target).held_out_p(np.arange(7))
    np.testing.assert_array_equal(np.argsort(-distance), np.argsort(p))
