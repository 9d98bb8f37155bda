"""Random numbers of PyTorch: seeded, one thread at a time, without a trace."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from skspectral import CNNTransfer, SpectralFMTransfer, load, save
from skspectral.datasets import make_instruments
from skspectral.nn.seeding import seeded
from tests.budgets import quick


def test_the_caller_s_generator_stays_where_it_was():
    torch.manual_seed(3)
    before = torch.get_rng_state()
    with seeded(5):
        first = torch.rand(3)
        with seeded(5):
            assert torch.equal(torch.rand(3), first)
        assert not torch.equal(torch.rand(3), first)
    with seeded():
        torch.rand(3)
    with pytest.raises(KeyError), seeded(5):
        raise KeyError
    assert torch.equal(torch.get_rng_state(), before)


def test_threads_take_turns():
    def draw(seed):
        with seeded(seed):
            return torch.cat([torch.rand(1) for _ in range(200)])

    expected = [draw(seed) for seed in range(4)]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(5):
            assert all(torch.equal(a, b) for a, b in zip(pool.map(draw, range(4)), expected))


@pytest.mark.slow
def test_networks_fitted_side_by_side_are_those_fitted_alone(tmp_path):
    data = make_instruments(n_samples=16, n_channels=40, random_state=1)
    rows = np.r_[0:16, 16:22]

    def fit(cls):
        model = quick(cls, source="A", target="B")
        model.fit(data.X[rows], data.y[rows, 0], instrument=data.instrument[rows], sample_id=data.sample_id[rows])
        return model.predict(data.X[22:])

    stored = tmp_path / "model.skops"
    rest = {"instrument": data.instrument[rows], "sample_id": data.sample_id[rows]}
    save(quick(SpectralFMTransfer, source="A", target="B").fit(data.X[rows], data.y[rows, 0], **rest), stored)
    kinds = [CNNTransfer, SpectralFMTransfer]
    expected = {cls: fit(cls) for cls in kinds}
    torch.manual_seed(3)
    before = torch.get_rng_state()
    with ThreadPoolExecutor(4) as pool:
        loading = pool.submit(load, stored)
        for cls, predicted in zip(kinds * 4, pool.map(fit, kinds * 4)):
            np.testing.assert_allclose(predicted, expected[cls], rtol=1e-9)
        loading.result()
    assert torch.equal(torch.get_rng_state(), before)
