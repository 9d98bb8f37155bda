"""Devices and settings of the network's tests."""

import pytest
import torch

DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU"))]


@pytest.fixture(params=DEVICES)
def device(request):
    """Every device at hand."""
    return request.param


@pytest.fixture(autouse=True)
def _reproducible():
    """Seed PyTorch for one test and give back the state it had."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield
