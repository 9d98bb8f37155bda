"""What the networks see, and the random changes while training."""

import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose
from scipy.signal import savgol_filter

from skspectral.datasets import make_instruments
from skspectral.deep._inputs import REPRESENTATIONS, SpectrumInputs
from skspectral.deep._networks import ConvolutionalBody, PatchTransformerBody, SpectralNetwork
from skspectral.deep._training import MaskedMSE
from skspectral.exceptions import UnequalStepsWarning
from skspectral.nn.seeding import seeded
from tests.deep.common import cnn


@pytest.fixture
def spectra():
    return np.random.RandomState(0).uniform(0.2, 1.5, size=(6, 40)).cumsum(axis=1)


def snv(X):
    return (X - X.mean(axis=1, keepdims=True)) / X.std(axis=1, keepdims=True)


EXPECTED = {
    "raw": lambda X: X,
    "sg1": lambda X: savgol_filter(X, 9, 2, deriv=1, axis=1),
    "sg2": lambda X: savgol_filter(X, 9, 2, deriv=2, axis=1),
    "snv": snv,
    "snvsg1": lambda X: savgol_filter(snv(X), 9, 2, deriv=1, axis=1),
    "snvsg2": lambda X: savgol_filter(snv(X), 9, 2, deriv=2, axis=1),
}


def test_every_representation_is_tested():
    assert EXPECTED.keys() == REPRESENTATIONS.keys()


@pytest.mark.parametrize("name", EXPECTED)
@pytest.mark.parametrize("n_channels", [9, 10, 40])
def test_representations_equal_scipy(name, n_channels, spectra):
    spectra = spectra[:, :n_channels]
    inputs = SpectrumInputs((name,), n_channels, window=9).double().eval()
    found = inputs.represent(torch.from_numpy(spectra))[:, 0].numpy()
    # the filters are built in single precision
    assert_allclose(found, EXPECTED[name](spectra), atol=1e-6 * np.abs(spectra).max(), rtol=0)


def test_window_shrinks_to_the_spectrum(spectra):
    inputs = SpectrumInputs(("sg1",), 6, window=15).double().eval()
    found = inputs.represent(torch.from_numpy(spectra[:, :6]))[:, 0].numpy()
    assert_allclose(found, savgol_filter(spectra[:, :6], 5, 2, deriv=1, axis=1), atol=1e-5)


def test_standardised_on_the_calibration_spectra(spectra):
    inputs = SpectrumInputs(("raw", "snv"), 40).eval()
    x = torch.from_numpy(spectra).float()
    inputs.standardise_on(x)
    seen = inputs(x)
    assert seen.shape == (6, 2, 40)
    torch.testing.assert_close(seen.mean(0), torch.zeros(2, 40), atol=1e-4, rtol=0)
    torch.testing.assert_close(seen.std(0, correction=0), torch.ones(2, 40), atol=1e-4, rtol=0)


def test_channels_that_never_change_do_not_explode(spectra):
    spectra[:, 5] = 0.7
    inputs = SpectrumInputs(("raw",), 40).eval()
    inputs.standardise_on(torch.from_numpy(spectra).float())
    assert torch.isfinite(inputs(torch.from_numpy(spectra).float())).all()


@pytest.mark.parametrize("n_channels", [1, 2, 3, 4, 5, 8])
def test_few_channels(n_channels):
    inputs = SpectrumInputs(("snv", "sg1", "sg2"), n_channels, augmentation=1.0)
    for body in (
        ConvolutionalBody(3, n_channels, filters=(2, 3), kernel_size=11, stride=2, hidden=(4,)),
        PatchTransformerBody(3, n_channels, patch_size=2, d_model=4, n_layers=1, n_heads=2),
    ):
        network = SpectralNetwork(inputs, body, 2)
        assert network(torch.rand(5, n_channels)).shape == (5, 2)


def test_augmentation_happens_while_training_only(spectra):
    inputs = SpectrumInputs(("raw",), 40, augmentation=1.0)
    x = torch.from_numpy(spectra).float()
    inputs.standardise_on(x)
    with seeded(0, torch.device("cpu")):
        trained = inputs.train()(x)
        again = inputs(x)
    quiet = inputs.eval()(x)
    assert not torch.equal(trained, again)
    torch.testing.assert_close(quiet, (x[:, None] - inputs.mean) / inputs.scale)


def test_augmentation_is_bounded(spectra):
    inputs = SpectrumInputs(("raw",), 40, augmentation=0.5)
    x = torch.from_numpy(spectra).float()
    inputs.standardise_on(x)
    with seeded(1, torch.device("cpu")):
        changes = torch.stack([inputs.augment(x) - x for _ in range(300)])
    slope = torch.gradient(x, dim=1)[0]
    limit = 0.5 * (0.05 * x.abs() + 0.1 * inputs.spread * 2 + 0.25 * slope.abs())
    assert (changes.abs() <= limit * 1.001).all()
    assert changes.abs().amax(dim=0).mean() > 0.5 * limit.mean()


def test_adapting_network_is_in_evaluation_mode():
    body = ConvolutionalBody(1, 20, filters=(2,), kernel_size=3, stride=2, hidden=(4,), batch_norm=True, dropout=0.5)
    network = SpectralNetwork(SpectrumInputs(("raw",), 20), body, 1)
    assert network.train().body.convolutions[1].training
    network.adapting = True
    assert not any(module.training for module in network.train().modules())


def test_masked_loss_by_hand():
    loss = MaskedMSE()
    predicted = torch.tensor([[1.0, 5.0], [2.0, 7.0]], requires_grad=True)
    reference = torch.tensor([[0.0, float("nan")], [4.0, 6.0]])
    value = loss(predicted, reference)
    value.backward()
    assert value.item() == pytest.approx((1 + 4 + 1) / 3)
    torch.testing.assert_close(predicted.grad, torch.tensor([[2.0, 0.0], [-4.0, 2.0]]) / 3)
    assert loss(predicted, torch.full((2, 2), float("nan"))).item() == 0.0


def test_rehearsed_loss_by_hand():
    # one standard, then two source samples of which one has no reference
    predicted, reference = torch.tensor([[3.0], [1.0], [5.0]]), torch.tensor([[1.0], [4.0], [float("nan")]])
    assert MaskedMSE(n_standards=1, rehearsal=0.5)(predicted, reference).item() == pytest.approx(4 + 0.5 * 9)
    assert MaskedMSE(n_standards=1)(predicted[:1], reference[:1]).item() == pytest.approx(4)


def test_derivatives_over_a_gap_are_warned_of():
    data = make_instruments(n_samples=10, n_channels=40, random_state=0)
    axis = np.r_[1000.0:1080.0:4.0, 1600.0:1680.0:4.0]
    frame = pd.DataFrame(data.X, columns=axis)
    labels = {"instrument": data.instrument, "sample_id": data.sample_id}
    with pytest.warns(UnequalStepsWarning, match=r"jump near .*inputs=\('raw', 'snv'\)"):
        cnn(max_epochs=1).fit(frame, data.y[:, 0], **labels)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UnequalStepsWarning)
        cnn(max_epochs=1, inputs=("raw", "snv")).fit(frame, data.y[:, 0], **labels)
