"""Spectral convolution against circular convolution, and independence of resolution."""

import numpy as np
import pytest
import torch

from skspectral.nn import FNOTransferHead, SpectralConv1d


@pytest.mark.parametrize("length", [16, 31])
def test_equals_circular_convolution_with_a_known_kernel(length, device):
    rng = np.random.default_rng(0)
    kernel = rng.normal(size=(2, 3, length))  # out, in
    x = rng.normal(size=(4, 3, length))
    shifted = np.stack([np.roll(x[..., ::-1], t + 1, -1) for t in range(length)], 2)  # x[t - s] at [..., t, s]
    expected = np.einsum("ois,bits->bot", kernel, shifted)

    conv = SpectralConv1d(3, 2, length // 2 + 1).to(device).double()
    coefficients = torch.from_numpy(np.fft.rfft(kernel)).permute(2, 1, 0)
    conv.weight.data = torch.view_as_real(coefficients.contiguous()).to(device)
    result = conv(torch.from_numpy(x).to(device)).detach().cpu().numpy()
    np.testing.assert_allclose(result, expected, atol=1e-10)


def test_a_hand_worked_convolution():
    conv = SpectralConv1d(1, 1, 3).double()
    kernel = torch.tensor([0.0, 1.0, 0.0, 0.0], dtype=torch.float64)  # a shift by one channel
    conv.weight.data = torch.view_as_real(torch.fft.rfft(kernel))[:, None, None]
    x = torch.tensor([[[1.0, 2.0, 3.0, 4.0]]], dtype=torch.float64)
    torch.testing.assert_close(conv(x), torch.tensor([[[4.0, 1.0, 2.0, 3.0]]], dtype=torch.float64))


def test_frequencies_above_the_modes_are_removed():
    conv = SpectralConv1d(1, 1, 3)
    t = torch.arange(64) / 64
    assert conv(torch.cos(2 * torch.pi * 3 * t)[None, None]).abs().max() < 1e-5
    assert conv(torch.cos(2 * torch.pi * 2 * t)[None, None]).abs().max() > 1e-3


@pytest.mark.parametrize("length", [128, 333])
def test_convolution_is_the_same_function_at_every_resolution(length):
    conv = SpectralConv1d(1, 2, 6)

    def signal(n):
        t = torch.arange(n) / n
        return (torch.sin(2 * torch.pi * t) + torch.cos(2 * torch.pi * 4 * t))[None, None]

    fine = conv(signal(4 * length))
    torch.testing.assert_close(conv(signal(length)), fine[..., ::4], rtol=1e-4, atol=1e-5)


def test_signal_shorter_than_the_kernel(device):
    conv = SpectralConv1d(2, 2, 64).to(device)
    assert conv(torch.randn(1, 2, 9, device=device)).shape == (1, 2, 9)
    conv(torch.randn(1, 2, 1, device=device)).sum().backward()


def test_gradient():
    conv = SpectralConv1d(2, 1, 3).double()
    x = torch.randn(1, 2, 7, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x, w: torch.func.functional_call(conv, {"weight": w}, x), (x, conv.weight))


def test_float32_under_autocast(device):
    conv = SpectralConv1d(2, 2, 8).to(device)
    x = torch.randn(2, 2, 100, device=device)
    with torch.autocast(device, dtype=torch.bfloat16):
        result = conv(x)
    torch.testing.assert_close(result, conv(x), rtol=0, atol=0)
    assert conv.bfloat16()(x.bfloat16()).dtype == torch.bfloat16


def simulated(z, shift, n_channels):
    """Three peaks whose heights the chemistry gives and whose place the instrument moves, over n cells of [0, 1]."""
    position = (torch.arange(n_channels) + 0.5) / n_channels
    centres = torch.tensor([0.25, 0.5, 0.8])[None] + 0.05 * shift
    peaks = torch.exp(-0.5 * ((position - centres[..., None]) / 0.04) ** 2)
    return (z[..., None] * peaks).sum(1)


@pytest.mark.slow
def test_trained_at_512_channels_evaluated_at_2048():
    head = FNOTransferHead(d_chem=3, d_inst=1, width=16, n_modes=24, n_layers=2)
    optimizer = torch.optim.Adam(head.parameters(), 1e-2)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 250)
    for _ in range(250):
        z, shift = torch.rand(16, 3), torch.rand(16, 1)
        loss = torch.nn.functional.mse_loss(head(z, shift, 512), simulated(z, shift, 512))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    z, shift = torch.rand(100, 3), torch.rand(100, 1)
    errors = {}
    with torch.no_grad():
        for n in (512, 700, 2048):
            expected = simulated(z, shift, n)
            errors[n] = ((head(z, shift, n) - expected).square().mean() / expected.var()).sqrt().item()
    assert errors[512] < 0.1
    assert errors[2048] < 1.05 * errors[512]  # four times the resolution costs less than 5 % of accuracy
    assert errors[700] < 1.05 * errors[512]


def test_untrained_head_is_the_same_function_at_four_times_the_resolution(device):
    head = FNOTransferHead(8, 4, width=16, n_modes=16).to(device)
    z, code = torch.randn(3, 8, device=device), torch.randn(3, 4, device=device)
    coarse, fine = head(z, code, 512), head(z, code, 2048)
    # The four fine channels of each coarse one lie around its centre.
    torch.testing.assert_close(fine.unflatten(1, (512, 4)).mean(-1), coarse, rtol=0, atol=0.01 * coarse.std().item())


def test_instrument_code_matters():
    head = FNOTransferHead(8, 4, width=16, n_modes=16)
    z = torch.randn(1, 8)
    assert (head(z, torch.zeros(1, 4), 64) - head(z, torch.ones(1, 4), 64)).abs().max() > 1e-3


def test_half_precision(device):
    head = FNOTransferHead(8, 4, width=16, n_modes=16).to(device)
    z, code = torch.randn(3, 8, device=device), torch.randn(3, 4, device=device)
    expected = head(z, code, 200)
    with torch.autocast(device, dtype=torch.bfloat16):
        torch.testing.assert_close(head(z, code, 200).float(), expected, rtol=0.1, atol=0.05)
    assert head.bfloat16()(z.bfloat16(), code.bfloat16(), 200).dtype == torch.bfloat16


def test_bad_number_of_channels_is_named():
    with pytest.raises(ValueError, match="n_channels must be positive"):
        FNOTransferHead(2, 2, 4, 4)(torch.ones(1, 2), torch.ones(1, 2), 0)
