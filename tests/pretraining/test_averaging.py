"""Weighted means of weights: what they hold, and what has none."""

import pytest
import torch

from skspectral.nn import SpectralFM, SpectralFMConfig
from skspectral.pretraining import average_weights
from skspectral.pretraining.head.transfer_head import TransferHead
from skspectral.pretraining.weights import load_pretrained, save_weights

TINY = SpectralFMConfig.preset("tiny")


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights")
    for name, n_heads in (("a", 3), ("b", 3), ("other", 4)):
        with torch.random.fork_rng():
            torch.manual_seed(len(name) + ord(name[0]))
            save_weights(
                folder / name, SpectralFM(TINY), TransferHead(n_stages=5, n_heads=n_heads), metadata={"of": name}
            )
    return folder


def test_every_weight_is_the_mean(three, tmp_path):
    average_weights({three / "a": 1.25, three / "b": -0.25}, tmp_path / "mean")
    *nets, metadata = load_pretrained(tmp_path / "mean")
    of_a, of_b = (load_pretrained(three / name)[:2] for name in "ab")
    for mine, a, b in zip(nets, of_a, of_b, strict=True):
        for name, value in mine.state_dict().items():
            expected = 1.25 * a.state_dict()[name] - 0.25 * b.state_dict()[name]
            torch.testing.assert_close(value, expected, rtol=1e-3, atol=1e-3)  # files are in half precision
    assert metadata == {"of": "a", "mean of": {str(three / "a"): 1.25, str(three / "b"): -0.25}}
    average_weights({three / "a": 1.0}, tmp_path / "same", metadata={"steps": 3})
    assert load_pretrained(tmp_path / "same")[2] == {"steps": 3, "mean of": {str(three / "a"): 1.0}}


def test_what_has_no_mean_is_refused(three, tmp_path):
    for shares in ({}, {three / "a": 0.7, three / "b": 0.4}):
        with pytest.raises(ValueError, match="must add up to one"):
            average_weights(shares, tmp_path / "mean")
    with pytest.raises(ValueError, match="other is a network of another kind"):
        average_weights({three / "a": 0.5, three / "other": 0.5}, tmp_path / "mean")
    assert not (tmp_path / "mean").exists()
