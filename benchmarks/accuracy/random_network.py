"""The foundation model's network without its training: what a comparison of the trained one has to beat."""

from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import torch

from skspectral import SpectralFMTransfer
from skspectral.nn import SpectralFM
from skspectral.pretraining.head.transfer_head import TransferHead
from skspectral.pretraining.weights import load_head, load_weights, save_weights

__all__ = ["make_untrained", "untrained_folder", "untrained_twin"]


def untrained_twin(weights, folder):
    """Write weights of the same network without any training, and give their folder."""
    model, metadata = load_weights(weights)
    with torch.random.fork_rng([]):
        torch.manual_seed(0)
        twin, head = SpectralFM(model.config), TransferHead(**load_head(weights).settings)
    save_weights(folder, twin, head, metadata=metadata)
    return folder


def make_untrained(**params):
    """Make a `SpectralFMTransfer` with random weights in the place of the default ones."""
    return SpectralFMTransfer(untrained_folder(), **params)


@cache
def untrained_folder():
    """Give the folder of the default weights without training: every process makes its own, with the same weights."""
    return untrained_twin("small", Path(mkdtemp(prefix="untrained-")) / "untrained")
