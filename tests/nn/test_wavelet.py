"""The convolutional wavelet transform must be PyWavelets' transform."""

import numpy as np
import pytest
import pywt
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from skspectral.nn.wavelet import MODES, WaveletTransform


@pytest.mark.filterwarnings("ignore:Level value of")
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("wavelet", ["haar", "db4", "sym5", "coif2", "bior3.5"])
@pytest.mark.parametrize("length", [9, 64, 257, 700, 2048])
def test_equals_pywavelets(wavelet, mode, length):
    signals = np.random.default_rng(length).normal(size=(3, length))
    expected = pywt.wavedec(signals, wavelet, mode=mode, level=4, axis=-1)
    bands = WaveletTransform(wavelet, 4, mode)(torch.from_numpy(signals))
    assert [band.shape for band in bands] == [torch.Size(band.shape) for band in expected]
    for band, reference in zip(bands, expected, strict=True):
        np.testing.assert_allclose(band.numpy(), reference, rtol=0, atol=1e-10)


@pytest.mark.parametrize("mode", MODES)
def test_float32_within_1e_6_of_pywavelets(mode):
    signals = np.random.default_rng(0).uniform(0, 1, size=(4, 701))
    expected = pywt.wavedec(signals, "db4", mode=mode, level=4, axis=-1)
    bands = WaveletTransform("db4", 4, mode)(torch.from_numpy(signals).float())
    for band, reference in zip(bands, expected, strict=True):
        np.testing.assert_allclose(band.numpy(), reference, rtol=0, atol=2e-6)


@settings(max_examples=30, deadline=None)
@given(
    length=st.integers(16, 400),
    wavelet=st.sampled_from(["haar", "db2", "db4", "sym4"]),
    level=st.integers(1, 4),
    seed=st.integers(0, 1000),
)
def test_bands_rebuild_the_signal(length, wavelet, level, seed):
    signal = np.random.default_rng(seed).normal(size=(1, length))
    bands = WaveletTransform(wavelet, level)(torch.from_numpy(signal))
    rebuilt = pywt.waverec([band.numpy() for band in bands], wavelet, mode="symmetric")[:, :length]
    np.testing.assert_allclose(rebuilt, signal, atol=1e-9)


def test_reflect_refuses_a_single_value():
    with pytest.raises(ValueError, match="use 'symmetric'"):
        WaveletTransform("haar", 4, "reflect")(torch.ones(1, 5))


def test_gradient_reaches_every_channel():
    signal = torch.randn(2, 33, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: tuple(WaveletTransform("db2", 3)(x)), signal)


def test_half_precision_keeps_the_filters_exact():
    transform = WaveletTransform("db4", 2).to(torch.bfloat16)
    band = transform(torch.ones(1, 64, dtype=torch.float64))[0]
    np.testing.assert_allclose(band.numpy(), 2.0, atol=1e-10)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(("nosuch",), "pywt.wavelist"), (("db4", 0), "at least 1"), (("db4", 2, "mirror"), "choose one of")],
)
def test_bad_settings_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        WaveletTransform(*arguments)
