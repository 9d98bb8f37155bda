"""Tokens: axes and units, mixed batches, masks that nothing can see through, and what the tokens know."""

import numpy as np
import pytest
import pywt
import torch

from skspectral.exceptions import AxisMismatchError, NonFiniteSpectraError
from skspectral.nn import WaveletEmbedding
from skspectral.nn.embedding import N_SPECIAL

NM = torch.linspace(1100, 2498, 700)


@pytest.fixture
def embedding():
    return WaveletEmbedding(12).eval()


@pytest.mark.parametrize(("length", "n_patches"), [(700, 44), (2048, 128), (16, 1), (17, 2), (1, 1), (333, 21)])
def test_any_length(embedding, length, n_patches, device):
    tokens = embedding.to(device)(
        torch.randn(2, length, device=device), torch.linspace(1000, 2500, length, device=device)
    )
    assert tokens.x.shape == (2, N_SPECIAL + n_patches, 12)
    assert tokens.mask.all()
    assert embedding.n_patches(length) == n_patches


def test_nm_and_wavenumbers_give_the_same_tokens(embedding):
    x = torch.randn(2, 700)
    torch.testing.assert_close(embedding(x, NM, "nm").x, embedding(x, 1e7 / NM, "cm-1").x, rtol=1e-3, atol=1e-3)


def test_units_per_spectrum(embedding):
    x = torch.randn(2, 700)
    mixed = embedding(x, torch.stack([NM, 1e7 / NM]), ["nm", "cm-1"]).x
    torch.testing.assert_close(mixed, embedding(x, NM, "nm").x, rtol=1e-3, atol=1e-3)


def test_position_says_where_on_the_axis_not_which_channel(embedding):
    # The same flat spectrum on two ranges: the token of one wavenumber is the same whatever its index.
    x = torch.ones(1, 512)
    axis = 10_000 - 4.0 * torch.arange(512)
    shifted = axis + 4.0 * 64  # four patches further up
    one, other = (embedding(x, a[None], "cm-1").x[:, N_SPECIAL:] for a in (axis, shifted))
    torch.testing.assert_close(one[:, 4:24], other[:, 8:28], rtol=1e-3, atol=1e-3)
    assert (one[:, 4:24] - other[:, 4:24]).abs().amax(-1).min() > 1e-2


def test_sampling_distance_is_encoded(embedding):
    x = torch.ones(1, 16)
    fine, coarse = (embedding(x, 6000 + step * (torch.arange(16) - 7.5), "cm-1").x[:, 2] for step in (1.0, 16.0))
    assert (fine - coarse).abs().max() > 1e-2


@pytest.mark.parametrize("lengths", [(700, 401), (64, 700), (17, 16), (699, 1)])
def test_a_spectrum_does_not_see_its_neighbours_in_the_batch(embedding, lengths, device):
    embedding.to(device)
    spectra = [torch.randn(n, device=device) for n in lengths]
    axes = [torch.linspace(900, 900 + 2 * n, n, device=device) for n in lengths]
    width = max(lengths)
    x = torch.full((2, width), torch.nan, device=device)
    axis = torch.full((2, width), torch.nan, device=device)
    for row, (spectrum, own) in enumerate(zip(spectra, axes, strict=True)):
        x[row, : len(spectrum)], axis[row, : len(own)] = spectrum, own
    tokens = embedding(x, axis, lengths=torch.tensor(lengths))
    assert torch.isfinite(tokens.x).all()
    for row, (spectrum, own) in enumerate(zip(spectra, axes, strict=True)):
        alone = embedding(spectrum[None], own).x[0]
        torch.testing.assert_close(tokens.x[row][tokens.mask[row]], alone, rtol=1e-4, atol=1e-5)


def test_masked_patches_cannot_be_seen(embedding):
    x = torch.randn(1, 700)
    mask = torch.zeros(1, 44, dtype=torch.bool)
    mask[0, [0, 10, 11, 12, 43]] = True
    changed = x.clone()
    changed[:, mask.repeat_interleave(16, 1)[0, :700]] += torch.randn(1)
    tokens, other = (embedding(s, NM, patch_mask=mask).x for s in (x, changed))
    assert torch.equal(tokens, other)
    # The same change is seen, in the neighbours too, where it is not masked.
    seen = (embedding(x, NM).x - embedding(changed, NM).x)[0, N_SPECIAL:].abs().amax(-1)
    assert (seen[[9, 10, 11, 12, 13]] > 1e-4).all()


def test_masked_tokens_still_know_their_place(embedding):
    mask = torch.ones(1, 44, dtype=torch.bool)
    tokens = embedding(torch.randn(1, 700), NM, patch_mask=mask).x[0, N_SPECIAL:]
    assert torch.cdist(tokens, tokens).fill_diagonal_(1).min() > 1e-3


def test_band_tokens_are_the_wavelet_coefficients_of_the_patch():
    # The finest detail of a single spike is largest in the token that holds the spike.
    embedding = WaveletEmbedding(8)
    for channel in (200, 327, 648):
        x = torch.zeros(1, 700 + embedding._reach())
        x[0, channel] = 1
        energy = embedding._band_tokens(x, 43)[0].square()
        for band in (energy[:, 1:2], energy[:, 2:4], energy[:, 4:8], energy[:, 8:]):
            assert abs(band.sum(-1).argmax().item() - channel // 16) <= 1
        assert energy[:, 8:].sum(-1).argmax().item() == channel // 16


def test_band_tokens_against_pywavelets():
    embedding = WaveletEmbedding(8)
    signal = np.random.default_rng(0).normal(size=704 + embedding._reach())
    tokens = embedding._band_tokens(torch.from_numpy(signal)[None], 44)[0].detach().numpy()
    approximation, *details = pywt.wavedec(signal, "db4", mode="constant", level=4)
    np.testing.assert_allclose(tokens[:, 0], approximation[3:47] / 4, atol=1e-10)
    np.testing.assert_allclose(tokens[:, 8:].ravel(), details[-1][2 : 2 + 352], atol=1e-10)


def test_domain_token(embedding):
    x = torch.randn(3, 64)
    axis = torch.linspace(1000, 2000, 64)
    tokens = embedding(x, axis, domain=["NIR", "raman", "unknown"]).x
    assert len({tuple(row.tolist()) for row in tokens[:, 1]}) == 3
    torch.testing.assert_close(tokens[0], embedding(x[:1], axis, domain="NIR").x[0])
    torch.testing.assert_close(tokens, embedding(x, axis, domain=torch.tensor([1, 3, 0])).x)
    torch.testing.assert_close(tokens[2], embedding(x, axis).x[2])


@pytest.mark.parametrize(
    ("axis", "unit", "error", "message"),
    [
        (torch.linspace(1000, 2000, 63), "nm", AxisMismatchError, "one value per"),
        (torch.linspace(0, 2000, 64), "nm", AxisMismatchError, "wavelength of zero"),
        (torch.full((64,), torch.nan), "cm-1", AxisMismatchError, "NaN"),
        (torch.linspace(1000, 2000, 64), "um", ValueError, "Unknown unit 'um'"),
        (torch.linspace(1000, 2000, 64), ["nm", "nm"], ValueError, "one per row"),
    ],
)
def test_bad_axes_are_named(embedding, axis, unit, error, message):
    with pytest.raises(error, match=message):
        embedding(torch.ones(2, 64), axis, unit)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_non_finite_channels_are_refused(embedding, bad):
    x = torch.ones(2, 64)
    x[1, 40] = bad
    with pytest.raises(NonFiniteSpectraError, match="lengths="):
        embedding(x, torch.linspace(1000, 2000, 64))
    embedding(x, torch.linspace(1000, 2000, 64), lengths=torch.tensor([64, 40]))


@pytest.mark.parametrize("lengths", [[64], [0, 64], [64, 65]])
def test_bad_lengths_are_named(embedding, lengths):
    with pytest.raises(ValueError, match="between 1 and 64"):
        embedding(torch.ones(2, 64), torch.linspace(1000, 2000, 64), lengths=torch.tensor(lengths))


def test_bad_mask_is_named(embedding):
    with pytest.raises(ValueError, match="patch_mask must be"):
        mask = torch.zeros(2, 5, dtype=torch.bool)
        embedding(torch.ones(2, 64), torch.linspace(1000, 2000, 64), patch_mask=mask)


def test_patchify_is_the_spectrum_cut_in_pieces(embedding):
    x = torch.randn(2, 40)
    patches, valid = embedding.patchify(x, torch.tensor([40, 20]))
    assert patches.shape == (2, 3, 16)
    torch.testing.assert_close(patches.flatten(1)[0, :40], x[0])
    assert valid.flatten(1).sum(1).tolist() == [40, 20]
    assert (patches[~valid] == 0).all()


def test_half_precision_keeps_the_axis_exact(device):
    embedding = WaveletEmbedding(12).to(device)
    x, axis = torch.randn(2, 64, device=device), torch.linspace(1000, 2000, 64, device=device)
    expected = embedding(x, axis).x
    with torch.autocast(device, dtype=torch.bfloat16):
        torch.testing.assert_close(embedding(x, axis).x.float(), expected, rtol=0.1, atol=0.1)
    half = embedding.bfloat16()(x.bfloat16(), axis).x
    assert half.dtype == torch.bfloat16
    torch.testing.assert_close(half.float(), expected, rtol=0.1, atol=0.1)


def test_inputs_are_left_alone(embedding):
    x, axis = torch.randn(2, 64), torch.linspace(1000, 2000, 64)
    before = x.clone(), axis.clone()
    embedding(x, axis, patch_mask=torch.ones(2, 4, dtype=torch.bool))
    assert torch.equal(x, before[0])
    assert torch.equal(axis, before[1])


def test_patch_size_must_suit_the_levels():
    with pytest.raises(ValueError, match="multiple of 2 \\*\\* level = 16"):
        WaveletEmbedding(8, patch_size=24)


def test_names_and_order_of_the_weights_are_those_of_the_weight_files(embedding):
    assert list(embedding.state_dict()) == [
        "band_gain",
        "cls",
        "masked",
        "stem.weight",
        "stem.bias",
        "patches.weight",
        "patches.bias",
        "fuse.weight",
        "fuse.bias",
        "position.weight",
        "position.bias",
        "domain.weight",
        "norm.weight",
        "norm.bias",
    ]


def test_without_wavelets_a_token_knows_its_patch_and_its_edges_alone():
    embedding = WaveletEmbedding(12, patch_size=24, wavelets=False).eval()
    assert not {name for name in embedding.state_dict() if name.startswith(("band_gain", "transform"))}
    x = torch.randn(1, 120)
    changed = x.clone()
    changed[0, 24 + 12] += 1.0
    axis = torch.linspace(1000, 2000, 120)
    moved = (embedding(changed, axis).x - embedding(x, axis).x).abs().amax(-1)[0, N_SPECIAL:]
    assert moved[1] > 1e-3
    assert moved[[0, 2, 3, 4]].max() == 0


def test_without_wavenumber_encoding_the_axis_does_not_matter():
    embedding = WaveletEmbedding(12, wavenumber_encoding=False).eval()
    assert not {name for name in embedding.state_dict() if name.startswith("position")}
    x = torch.randn(2, 700)
    assert torch.equal(embedding(x, NM).x, embedding(x, NM + 500).x)
    assert embedding(x[:, :16], NM[:16], domain="NIR").x.shape == (2, N_SPECIAL + 1, 12)
