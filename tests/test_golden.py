"""Predictions stay what they were; see tests/reference/README.md."""

import json

import numpy as np
import pytest
from numpy.testing import assert_allclose

from skspectral.testing import all_transfer_estimators
from tests.budgets import NETWORKS
from tests.reference.make_golden import PATH, golden_predictions

STORED = json.loads(PATH.read_text())


@pytest.fixture(scope="module")
def current():
    return golden_predictions()


@pytest.mark.parametrize("name", [name for name, _ in all_transfer_estimators()])
def test_predictions_are_unchanged(name, current):
    assert name in STORED, "no golden numbers: run python -m tests.reference.make_golden"
    if name in NETWORKS:
        # trained in single precision: other processors and versions of PyTorch round otherwise
        assert np.abs(np.subtract(current[name], STORED[name])).max() < 0.01 * np.std(STORED["PDS"])
    else:
        assert_allclose(current[name], STORED[name], rtol=1e-6)


def test_no_golden_numbers_without_estimator():
    assert set(STORED) == {name for name, _ in all_transfer_estimators()}
