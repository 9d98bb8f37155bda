"""Features by region: the same for any sampling, and local."""

import pytest
import torch

from skspectral.nn import SpectralFM, SpectralFMConfig
from skspectral.pretraining.head.features import (
    PLAIN_STAGES,
    POINTS,
    common_regions,
    plain_features,
    regional_features,
    spectral_features,
)


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return SpectralFM(SpectralFMConfig.preset("tiny")).eval()


def test_one_region_is_the_mean_of_the_patches(model):
    x, axis = torch.randn(3, 96), torch.linspace(4000, 9000, 96).expand(3, -1)
    with torch.inference_mode():
        # far away, every patch of an even axis is nearly as far as any other
        wide = torch.tensor([-1e9, 1e9])
        features = regional_features(model, x, axis, wide, "NIR")
        pooled = torch.stack(list(model(x, axis, "cm-1", "NIR").pooled().values()), 1)
    d = pooled.shape[-1]
    torch.testing.assert_close(features[..., :d], pooled, rtol=1e-3, atol=1e-3)


def test_a_region_sees_its_own_patches(model):
    """In the first stage, before tokens are mixed, a band changes the regions around it alone."""
    x, axis = torch.randn(1, 256), torch.linspace(4000, 9000, 256)[None]
    regions = common_regions(axis[0], axis[0], 16)
    changed = x.clone()
    changed[:, :16] += 1.0
    with torch.inference_mode():
        a, b = (regional_features(model, v, axis, regions)[0, 0].unflatten(0, (16, -1)) for v in (x, changed))
    difference = (a - b).norm(dim=1)
    assert difference[0] > 10 * difference[4:].max()


def test_padding_and_other_rows_change_nothing(model):
    x, axis = torch.randn(2, 64), torch.linspace(4000, 9000, 64).expand(2, -1)
    regions = common_regions(axis[0], axis[0], 5)
    lengths = torch.tensor([64, 40])
    with torch.inference_mode():
        both = regional_features(model, x, axis, regions, "NIR", lengths)
        alone = regional_features(model, x[1:, :40], axis[1:, :40], regions, "NIR")
    torch.testing.assert_close(both[1:], alone, rtol=1e-4, atol=1e-4)


def test_direction_of_the_axis_does_not_decide_where_a_region_lies():
    up = torch.linspace(4000, 8000, 50)
    down = torch.linspace(9000, 5000, 70)
    torch.testing.assert_close(common_regions(up, down, 3), torch.tensor([5500.0, 6500.0, 7500.0]))
    apart = common_regions(torch.tensor([1000.0, 2000.0]), torch.tensor([3000.0, 5000.0]), 2)
    torch.testing.assert_close(apart, torch.tensor([2000.0, 4000.0]))


def test_regions_are_narrow_where_the_first_instrument_resolves_more():
    nm = torch.linspace(1000, 2500, 301)
    regions = common_regions(1e7 / nm, 1e7 / nm, 5)
    torch.testing.assert_close(1e7 / regions, torch.tensor([2350.0, 2050.0, 1750.0, 1450.0, 1150.0]), rtol=1e-4, atol=0)


def test_the_spectra_themselves_are_read_on_any_sampling():
    """A smooth spectrum gives the same features from channels in nm and, fewer and reversed, in cm-1."""
    nm = torch.linspace(1100, 2400, 400)
    sparse = torch.linspace(4170, 9000, 300)
    band = lambda axis: 0.3 + 0.5 * torch.exp(-(((axis - 6500) / 600) ** 2))  # noqa: E731
    regions = common_regions(1e7 / nm, sparse, 8)
    first, second = (plain_features(band(axis)[None], axis[None], regions) for axis in (1e7 / nm, sparse))
    assert first.shape == (1, len(PLAIN_STAGES), 8 * POINTS)
    torch.testing.assert_close(first[:, 2], second[:, 2], atol=3e-3, rtol=0)
    # slopes are differences between neighbouring points
    torch.testing.assert_close(first[0, 3, :-1], first[0, 2].diff())
    # gain and offset are seen in the absorbance, not in the standardised spectrum
    other = plain_features(2 * band(sparse)[None] + 1, sparse[None], regions)
    torch.testing.assert_close(other[:, :2], second[:, :2], atol=1e-4, rtol=0)
    torch.testing.assert_close(other[:, 2], 2 * second[:, 2] + 1)


def test_all_features_stand_side_by_side(model):
    x, axis = torch.rand(2, 64) + 0.2, torch.linspace(4000, 9000, 64).expand(2, -1)
    regions, lengths = common_regions(axis[0], axis[0], 5), torch.tensor([64, 40])
    projection = torch.randn(5, 24, POINTS)
    with torch.inference_mode():
        both = spectral_features(model, projection, x, axis, regions, "NIR", lengths)
        alone = spectral_features(model, projection, 3 * x[1:, :40] - 1, axis[1:, :40], regions, "NIR")
    assert both.shape == (2, len(PLAIN_STAGES) + 5, 5 * POINTS)
    # the network sees standardised spectra, and only real channels
    torch.testing.assert_close(both[1:, [0, 1, 4, 5, 6, 7, 8]], alone[:, [0, 1, 4, 5, 6, 7, 8]], rtol=1e-3, atol=1e-3)


def test_plain_features_of_a_batch_are_those_of_every_spectrum_alone():
    x, lengths = torch.randn(7, 40), torch.tensor([40, 40, 30, 30, 40, 40, 40])
    axis = torch.linspace(4000, 9000, 40).repeat(7, 1)
    axis[4:] += 300.0
    regions = torch.stack([torch.linspace(4500, 8000, 3)] * 6 + [torch.linspace(5000, 7000, 3)])
    together = plain_features(x, axis, regions, lengths)
    for k in range(7):
        rows = slice(k, k + 1)
        torch.testing.assert_close(together[rows], plain_features(x[rows], axis[rows], regions[rows], lengths[rows]))
