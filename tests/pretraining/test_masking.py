"""Masks: blocks of the right length that do not touch, within the spectrum, as many as asked for."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from skspectral.nn.losses import MSRPLoss
from skspectral.pretraining import block_mask


def blocks(row):
    """Lengths of the runs of True."""
    edges = np.flatnonzero(np.diff(np.r_[0, row.int().numpy(), 0]))
    return edges[1::2] - edges[::2]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(2, 130), min_size=1, max_size=6), st.integers(0, 2**31), st.sampled_from([0.1, 0.3, 0.5, 0.75])
)
def test_masks_are_separate_blocks_within_the_spectrum(counts, seed, share):
    mask = block_mask(torch.tensor(counts), 130, torch.Generator().manual_seed(seed), share=share)
    assert mask.shape == (len(counts), 130) and mask.dtype == torch.bool
    for row, n in zip(mask, counts):
        lengths = blocks(row)
        assert len(lengths) >= 1 and lengths.max() <= 5 and lengths.min() >= min(3, n - 1)
        assert not row[n:].any() and not row[:n].all()


def test_the_share_is_met_and_lengths_and_places_vary():
    mask = block_mask(torch.full((400,), 128), 128, np.random.default_rng(0), share=0.4)
    assert mask.float().mean() == pytest.approx(0.4, abs=0.005)
    lengths = np.concatenate([blocks(row) for row in mask])
    assert np.bincount(lengths)[3:].min() / len(lengths) > 0.3
    where = mask.float().mean(0)
    # a patch at an end belongs to fewer blocks than one between
    assert where.min() > 0.1 and where[5:-5].min() > 0.25 and where.max() < 0.6


def test_a_mask_is_a_function_of_the_seed():
    def drawn(seed):
        return block_mask(torch.tensor([40, 30]), 40, torch.Generator().manual_seed(seed))

    before = torch.get_rng_state()
    assert torch.equal(drawn(1), drawn(1)) and not torch.equal(drawn(1), drawn(2))
    assert torch.equal(torch.get_rng_state(), before)


def test_the_reconstruction_loss_takes_it():
    target = torch.arange(24.0).reshape(2, 4, 3)
    mask = block_mask(torch.tensor([4, 3]), 4, torch.Generator().manual_seed(0))
    prediction = target + mask[..., None].float() * 2 + (~mask[..., None]).float() * 100
    assert MSRPLoss()(prediction, target, mask) == pytest.approx(4.0)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"share": 0.0}, "share"),
        ({"share": 1.0}, "share"),
        ({"shortest": 6}, "6 to 5"),
        ({"n_patches": torch.tensor([1, 9])}, "1 to 9"),
        ({"n_patches": torch.tensor([2, 11])}, "at most 10"),
    ],
)
def test_impossible_masks_are_refused(changes, words):
    arguments = {"n_patches": torch.tensor([8]), "width": 10, "generator": torch.Generator()} | changes
    with pytest.raises(ValueError, match=words):
        block_mask(**arguments)
