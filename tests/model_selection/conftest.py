import pytest

from skspectral.datasets import make_instruments


@pytest.fixture(scope="module")
def data():
    return make_instruments(n_samples=30, n_channels=60, n_targets=2, random_state=3)
