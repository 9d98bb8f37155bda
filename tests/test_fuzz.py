"""Whatever estimators are given: the right numbers, or an error that names the thing; never a write, never nonsense."""

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from sklearn.base import clone

from skspectral import PLSRegressionCV
from skspectral.testing import all_transfer_estimators
from tests.budgets import NETWORKS, quick
from tests.fuzzing import HARMLESS, ODD, apply, base_case, judge

SLOW = {"AutoTransfer", "MultiInstrumentGP", "TransferPortfolio", *NETWORKS}
ESTIMATORS = {name: quick(cls) for name, cls in all_transfer_estimators()} | {"PLSRegressionCV": PLSRegressionCV()}
FAST = sorted(set(ESTIMATORS) - SLOW)


def predictions(name):
    case = base_case()
    model = clone(ESTIMATORS[name])
    if name == "PLSRegressionCV":
        return model.fit(case.X, case.y).predict(case.X_test)
    model.set_params(**case.roles)
    return model.fit(case.X, case.y, instrument=case.instrument, sample_id=case.sample_id).predict(case.X_test)


def check(name, changes, seed):
    case = apply(changes, seed)
    assume(case is not None)
    judge(clone(ESTIMATORS[name]), case)


@pytest.mark.filterwarnings("ignore")
@given(st.sampled_from(FAST), st.lists(st.sampled_from(sorted(ODD)), min_size=1, max_size=2), st.integers(0, 2**32 - 1))
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
def test_odd_inputs(name, changes, seed):
    check(name, changes, seed)


@pytest.mark.filterwarnings("ignore")
@given(st.sampled_from(sorted(SLOW)), st.sampled_from(sorted(ODD)), st.integers(0, 2**32 - 1))
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
def test_odd_inputs_of_slow_methods(name, change, seed):
    check(name, [change], seed)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["MeanShift", "TargetOnly"])
def test_other_containers_give_the_same_predictions(name):
    expected = np.asarray(predictions(name))
    for seed, change in enumerate(HARMLESS):
        judge(clone(ESTIMATORS[name]), apply([change], seed), expected=expected)
