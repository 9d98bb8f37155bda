"""The networks that are judged: pretrained weights, and the same network before any training."""

import hashlib
import warnings
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import lru_cache

import torch

from skspectral.exceptions import MissingWeightsError
from skspectral.nn import SpectralFM
from skspectral.pretraining import Corpus, PretrainingConfig, TransferHead, load_head, load_weights

__all__ = ["PRETRAINED", "RANDOM", "Judged", "load", "probe_sets"]

PRETRAINED, RANDOM = "pretrained", "random"


@dataclass(frozen=True)
class Judged:
    """Everything that a probe needs.

    Attributes
    ----------
    networks : dict of str to SpectralFM
        "pretrained", "random 0", "random 1", ...
    heads : dict of str to TransferHead
        Their transfer heads; empty where the weights have none.
    config : PretrainingConfig
        How the weights were trained.
    corpus : Corpus
        Data sets.
    sees : callable
        Tells by name whether the training drew from a data set.
    identity : str
        Checksum of the weights.
    device : str
        Where the networks are.
    """

    networks: dict
    heads: dict
    config: PretrainingConfig
    corpus: Corpus
    sees: object
    identity: str
    device: str

    def n_channels(self, material):
        """Choose how many channels a data set is shown with: the most that training knew and the instrument has."""
        return max([n for n in self.config.n_channels if n <= len(material.axis)] or [min(self.config.n_channels)])


@lru_cache(1)
def load(weights, n_random, device):
    """Load weights, and build networks of the same shape from random numbers.

    Parameters
    ----------
    weights : str
        Name or folder, see `skspectral.pretraining.load_weights`.
    n_random : int
        Number of random networks.
    device : str
        Where to compute.

    Returns
    -------
    Judged
        Networks, heads and data.
    """
    torch.set_num_threads(1)
    model, metadata = load_weights(weights, device=device)
    networks, heads = {PRETRAINED: model}, {}
    with suppress(MissingWeightsError):
        heads[PRETRAINED] = load_head(weights, device=device)
    for seed in range(n_random):
        with torch.random.fork_rng([]):
            torch.manual_seed(seed)
            networks[f"{RANDOM} {seed}"] = SpectralFM(model.config).to(device).eval()
            if heads:
                heads[f"{RANDOM} {seed}"] = TransferHead(**heads[PRETRAINED].settings).to(device).eval()
    known = "config" in metadata
    config = PretrainingConfig.from_dict(metadata["config"]) if known else PretrainingConfig.load("small")
    domains, patterns = config.domains or ("NIR", "IR", "RAMAN"), config.leave_out
    corpus = Corpus()

    def sees(name):
        return corpus[name].domain in domains and not any(fnmatch(name, pattern) for pattern in patterns)

    if not known:
        warnings.warn("These weights do not say what they were trained on: as in the settings small.", stacklevel=2)
    checksum = hashlib.sha256()
    for name, tensor in model.state_dict().items():
        checksum.update(name.encode() + tensor.cpu().numpy().tobytes())
    return Judged(networks, heads, config, corpus, sees, checksum.hexdigest()[:12], device)


def probe_sets(corpus):
    """Give the names of the data sets that pretraining leaves out so that networks can be judged on them."""
    patterns = PretrainingConfig.load("small").leave_out
    return [m.name for m in corpus.materials if any(fnmatch(m.name, pattern) for pattern in patterns)]
