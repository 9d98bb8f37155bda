import numpy as np
import pytest
from matplotlib import pyplot as plt

from skspectral.datasets import make_instruments
from skspectral.monitoring import SpectralDrift
from skspectral.plotting import SpectralDriftDisplay
from tests.plotting.test_plotting import legible

plt.switch_backend("Agg")


@pytest.mark.parametrize("dated", [False, True])
def test_q_t2_and_tests_over_dates(dated):
    X = make_instruments(130, n_channels=60, random_state=0).X[:130]
    X[90:] += 0.01 * X[90:] ** 2
    dates = np.datetime64("2026-01-05") + 3 * np.arange(70) if dated else None
    state = SpectralDrift().fit(X[:60]).check(X[60:], dates)
    display = SpectralDriftDisplay.from_state(state)
    legible(display.figure_)
    np.testing.assert_allclose(display.points_["q"].get_ydata(), state.q)
    np.testing.assert_allclose(display.tests_["new shape"].get_ydata(), state.p_values["new shape"])
    assert display.ax_[2].get_ylim()[0] < state.threshold
    plt.close("all")
