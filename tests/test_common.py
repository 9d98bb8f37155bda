"""scikit-learn's own checks on every estimator of the package."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from skspectral import CCA
from skspectral.testing import all_estimators
from tests.budgets import quick

# what cannot be checked generically, and why
NOT_CHECKED = {
    "LinearCalibration": "its coefficients fix the number of channels, which the checks vary; see test_calibration.py",
    "PerInstrument": "predict needs to know the instrument; see test_per_instrument.py",
}


class CanonicalTransfer(CCA):
    """CCA under a name that scikit-learn's checks do not take for its own CCA, so that none is skipped."""


def instances():
    """One instance of every estimator with its default settings, networks with tiny budgets."""
    return [quick(cls) for name, cls in all_estimators() if name not in NOT_CHECKED] + [CanonicalTransfer()]


@parametrize_with_checks(instances())
def test_sklearn_compatible(estimator, check):
    check(estimator)


def test_exclusions_exist():
    assert set(NOT_CHECKED) <= {name for name, _ in all_estimators()}


@pytest.mark.parametrize("name", sorted(NOT_CHECKED))
def test_exclusions_say_why(name):
    assert len(NOT_CHECKED[name]) > 20
