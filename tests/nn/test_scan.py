"""The chunked scan against the recurrence written out, in value, gradient, precision and length."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from skspectral.nn import scan
from skspectral.nn.scan import selective_scan, sequential_scan


def arguments(n_batch, length, n_channels, n_state, dtype=torch.float64, device="cpu", seed=0):
    rng = np.random.default_rng(seed)
    values = (
        rng.normal(size=(n_batch, length, n_channels)),
        rng.exponential(0.1, size=(n_batch, length, n_channels)),
        -rng.uniform(0.05, 16, size=(n_channels, n_state)),
        rng.normal(size=(n_batch, length, n_state)),
        rng.normal(size=(n_batch, length, n_state)),
    )
    return [torch.tensor(v, dtype=dtype, device=device, requires_grad=True) for v in values]


def numpy_scan(u, delta, A, B, C):
    """The recurrence in NumPy, with the exact exponential minus one."""
    h = np.zeros((u.shape[0], *A.shape))
    y = np.empty_like(u)
    for t in range(u.shape[1]):
        z = delta[:, t, :, None] * A
        h = np.exp(z) * h + np.expm1(z) / A * B[:, t, None] * u[:, t, :, None]
        y[:, t] = np.einsum("bdn,bn->bd", h, C[:, t])
    return y


def values_and_gradients(function, args, seed=1):
    y = function(*args)
    weight = torch.randn(y.shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(y)
    return y.detach(), torch.autograd.grad((y * weight).sum(), args)


@pytest.mark.parametrize("budget", [1, 64, 500, 2**18])
@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (3, 37, 5, 4), (2, 64, 7, 16), (5, 130, 3, 2)])
def test_equals_the_sequential_loop(shape, budget, device, monkeypatch):
    # Small budgets cut both the sequence and the batch, which large shapes would do.
    monkeypatch.setitem(scan._CHUNK_ELEMENTS, device, budget)
    args = arguments(*shape, device=device)
    y, grads = values_and_gradients(selective_scan, args)
    expected, expected_grads = values_and_gradients(sequential_scan, args)
    torch.testing.assert_close(y, expected, rtol=1e-9, atol=1e-9)
    for grad, reference in zip(grads, expected_grads, strict=True):
        torch.testing.assert_close(grad, reference, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("budget", [1, 200, 2**18])
def test_reverse_equals_the_flipped_sequence(budget, device, monkeypatch):
    monkeypatch.setitem(scan._CHUNK_ELEMENTS, device, budget)

    def flipped(u, delta, A, B, C):
        u, delta, B, C = (t.flip(1) for t in (u, delta, B, C))
        return sequential_scan(u, delta, A, B, C).flip(1)

    args = arguments(3, 37, 5, 4, device=device)
    y, grads = values_and_gradients(lambda *a: selective_scan(*a, reverse=True), args)
    expected, expected_grads = values_and_gradients(flipped, args)
    torch.testing.assert_close(y, expected, rtol=1e-9, atol=1e-9)
    for grad, reference in zip(grads, expected_grads, strict=True):
        torch.testing.assert_close(grad, reference, rtol=1e-9, atol=1e-9)


def test_sequential_loop_equals_numpy():
    args = arguments(2, 20, 3, 4)
    expected = numpy_scan(*(a.detach().numpy() for a in args))
    np.testing.assert_allclose(sequential_scan(*args).detach().numpy(), expected, atol=1e-12)


@settings(max_examples=25, deadline=None)
@given(
    shape=st.tuples(st.integers(1, 4), st.integers(1, 50), st.integers(1, 6), st.integers(1, 6)),
    seed=st.integers(0, 100),
)
def test_any_shape_equals_numpy(shape, seed):
    args = [a.detach() for a in arguments(*shape, seed=seed)]
    np.testing.assert_allclose(selective_scan(*args).numpy(), numpy_scan(*(a.numpy() for a in args)), atol=1e-9)


def test_gradcheck():
    assert torch.autograd.gradcheck(selective_scan, arguments(2, 5, 2, 3))


@pytest.mark.parametrize("length", [2048, 8192])
def test_float32_follows_float64_over_long_sequences(length, device):
    args = arguments(1, length, 4, 8, device=device)
    expected, expected_grads = values_and_gradients(selective_scan, args)
    y, grads = values_and_gradients(selective_scan, [a.detach().float().requires_grad_() for a in args])
    assert torch.isfinite(y).all()
    torch.testing.assert_close(y.double(), expected, rtol=0, atol=1e-4 * expected.abs().max().item())
    for grad, reference in zip(grads, expected_grads, strict=True):
        torch.testing.assert_close(grad.double(), reference, rtol=0, atol=1e-3 * reference.abs().max().item())


@pytest.mark.parametrize("delta", [0.0, 1e-30, 1e4, 1e30])
def test_extreme_steps_stay_finite(delta):
    u, _, A, B, C = arguments(1, 64, 2, 4, dtype=torch.float32)
    step = torch.full((1, 64, 2), delta, requires_grad=True)
    y, grads = values_and_gradients(selective_scan, [u, step, A, B, C])
    assert torch.isfinite(y).all()
    assert all(torch.isfinite(grad).all() for grad in grads)


def test_constant_input_settles_at_the_gain_of_the_continuous_system():
    # Slow decays are where float32 goes wrong: one step forgets 7e-4 of the state.
    ones = torch.ones(1, 32_768, 1)
    rate = 0.7310
    y = selective_scan(ones, ones * 1e-3, torch.tensor([[-rate]]), ones, ones)
    assert abs(y[0, -1, 0].item() * rate - 1) < 2e-4


def test_zero_step_leaves_the_state_alone():
    u, delta, A, B, C = (a.detach() for a in arguments(1, 12, 2, 3))
    delta[:, 4:9] = 0
    kept = [0, 1, 2, 3, 9, 10, 11]
    y = selective_scan(u, delta, A, B, C)[:, kept]
    torch.testing.assert_close(y, selective_scan(u[:, kept], delta[:, kept], A, B[:, kept], C[:, kept]))


def test_float32_under_autocast(device):
    args = arguments(2, 65, 4, 8, dtype=torch.float32, device=device)
    expected, expected_grads = values_and_gradients(selective_scan, args)
    with torch.autocast(device, dtype=torch.bfloat16):
        y, grads = values_and_gradients(selective_scan, args)  # the backward pass runs under autocast too
    assert y.dtype == torch.float32
    torch.testing.assert_close(y, expected, rtol=0, atol=0)
    for grad, reference in zip(grads, expected_grads, strict=True):
        torch.testing.assert_close(grad, reference, rtol=0, atol=0)


def test_half_precision_arguments_are_scanned_in_float32(device):
    half = [a.detach().bfloat16() for a in arguments(2, 65, 4, 8, device=device)]
    torch.testing.assert_close(selective_scan(*half), selective_scan(*(a.float() for a in half)), rtol=0, atol=0)


def test_an_empty_sequence_stays_empty():
    assert selective_scan(*arguments(2, 0, 3, 4)).shape == (2, 0, 3)


def test_arguments_are_left_alone():
    args = [a.detach() for a in arguments(2, 9, 3, 4)]
    before = [a.clone() for a in args]
    selective_scan(*args)
    assert all(torch.equal(a, b) for a, b in zip(args, before, strict=True))


@pytest.mark.parametrize("index,name", [(1, "delta"), (2, "A"), (3, "B"), (4, "C")])
def test_wrong_shape_is_named(index, name):
    args = arguments(2, 9, 3, 4)
    args[index] = args[index][:1]
    with pytest.raises(ValueError, match=f"{name} must have shape"):
        selective_scan(*args)


def test_memory_does_not_hold_the_states():
    # With N = 64 the states are 64 times the input; what the graph keeps must not be.
    args = arguments(2, 512, 32, 64, dtype=torch.float32)
    kept = []
    with torch.autograd.graph.saved_tensors_hooks(lambda t: kept.append(t.numel()) or t, lambda t: t):
        selective_scan(*args)
    assert sum(kept) < 512 * 2 * 32 * 64 / 4
