"""B-splines against SciPy, and what a learned activation can learn."""

import numpy as np
import pytest
import torch
from scipy.interpolate import BSpline

from skspectral.nn.kan import KANLinear, bspline_basis


@pytest.mark.parametrize("order", [0, 1, 2, 3, 5])
@pytest.mark.parametrize("n_intervals", [1, 5, 8])
def test_basis_equals_scipy(n_intervals, order):
    low, high = -1.5, 2.0
    step = (high - low) / n_intervals
    knots = low + step * np.arange(-order, n_intervals + order + 1)
    x = np.random.default_rng(0).uniform(low, high, 200)
    expected = BSpline.design_matrix(x, knots, order).toarray()
    basis = bspline_basis(torch.from_numpy(x), n_intervals, order, low, high)
    np.testing.assert_allclose(basis.numpy(), expected, atol=1e-12)


def test_basis_outside_the_range_fades_like_scipy():
    knots = np.arange(-3, 9.0)
    x = np.array([-2.5, -0.5, 5.5, 7.9, -10.0, 20.0])
    expected = np.stack([np.nan_to_num(BSpline.basis_element(knots[i : i + 5], False)(x)) for i in range(8)], 1)
    np.testing.assert_allclose(bspline_basis(torch.from_numpy(x), 5, 3, 0.0, 5.0).numpy(), expected, atol=1e-12)


def test_basis_sums_to_one_inside():
    x = torch.linspace(-3, 2.999, 101, dtype=torch.float64)
    torch.testing.assert_close(bspline_basis(x, 5, 3, -3, 3).sum(-1), torch.ones_like(x))


def test_gradient():
    x = torch.rand(7, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: bspline_basis(x, 4, 3, -1.0, 1.0), x)


def test_one_layer_learns_a_function_that_no_linear_layer_can(device):
    x = torch.rand(256, 2, device=device) * 4 - 2
    y = torch.sin(3 * x[:, :1]) + x[:, 1:] ** 2
    layer = KANLinear(2, 1, n_intervals=10).to(device)
    optimizer = torch.optim.Adam(layer.parameters(), 0.05)
    for _ in range(300):
        loss = torch.nn.functional.mse_loss(layer(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 0.01 * y.var()
