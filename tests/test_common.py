"""scikit-learn's own checks on every estimator of the package."""

import numpy as np
import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from skspectral import CCA
from skspectral.testing import all_estimators
from skspectral.testing._axis_checks import check_axis_identity, check_axis_of_data_frames, check_axis_parameter
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


# what does not know its axis by itself, and why
NO_AXIS_OF_ITS_OWN = {
    "PerInstrument": "each model inside knows its own; see test_per_instrument.py",
    "Resample": "another axis is interpolated from, not refused; see test_resample.py",
}


# what the checks' twelve spectra of sixty channels ask for
FITTING_THE_CHECKS = {"LinearCalibration": {"coef": np.ones(60)}, "SpectralDrift": {"window": 5}}


def with_an_axis():
    """Estimators that are no transfer methods; those are held to the same checks by the contract."""
    return [
        quick(cls, **FITTING_THE_CHECKS.get(name, {}))
        for name, cls in all_estimators()
        if name not in NO_AXIS_OF_ITS_OWN and not hasattr(cls, "__transfer_tags__")
    ]


@pytest.mark.parametrize("check", [check_axis_identity, check_axis_of_data_frames, check_axis_parameter])
@pytest.mark.parametrize("estimator", with_an_axis(), ids=lambda estimator: type(estimator).__name__)
def test_estimators_know_their_axis(estimator, check):
    check(estimator)


def test_every_estimator_with_wavelengths_has_their_unit():
    for name, cls in all_estimators():
        parameters = cls._get_param_names()
        assert ("wavelengths" in parameters) == ("axis_unit" in parameters), name
