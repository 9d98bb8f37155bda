"""A pretrained network with its transfer head, and the features it makes of an instrument's spectra."""

import hashlib
from dataclasses import dataclass, field

import numpy as np
import torch

from ..exceptions import MissingWeightsError
from ..nn.lora import LoRA
from ..nn.model import SpectralFM
from ..nn.seeding import seeded
from ..pretraining.config import PretrainingConfig
from ..pretraining.head.features import spectral_features
from ..pretraining.head.transfer_head import TransferHead
from ..pretraining.instruments.grid import average_channels
from ..pretraining.weights import load_pretrained, packaged_versions
from ._mixture import learned_constants

__all__ = ["Encoder", "NetworkRecord", "choose_device", "foundation_hash", "untrained"]

#: What ``weights=None`` gives: the smallest network, with random weights.
UNTRAINED = "tiny"
# Spectra that are encoded at once.
BATCH = 256


@dataclass
class Encoder:
    """A network, its head, and how spectra are brought into the form that it was trained on.

    Attributes
    ----------
    model : SpectralFM
        The network in evaluation mode.
    head : TransferHead
        The head that it was trained with.
    settings : PretrainingConfig
        Settings of that training.
    """

    model: SpectralFM
    head: TransferHead
    settings: PretrainingConfig

    @property
    def n_channels(self):
        """Channels that spectra are brought to."""
        return max(self.settings.n_channels)

    @property
    def n_regions(self):
        """Regions of the axis that features describe."""
        return self.settings.n_regions

    @property
    def device(self):
        """Where the network computes."""
        return next(self.model.parameters()).device

    def resample(self, X, nm):
        """Average spectra onto ``n_channels`` channels, evenly spaced in nm.

        Parameters
        ----------
        X : ndarray of shape (n_spectra, n_channels)
            Spectra in absorbance.
        nm : ndarray of shape (n_channels,)
            Their axis, ascending or descending.

        Returns
        -------
        x : Tensor of shape (n_spectra, L)
            float64, so that a prediction does not depend on what else is in the batch.
        wavenumbers : Tensor of shape (L,)
            Their axis, cm-1, float64.
        """
        order = np.argsort(nm)
        grid = np.linspace(nm[order[0]], nm[order[-1]], self.n_channels)
        x = average_channels(X[:, order], nm[order], grid)
        return torch.from_numpy(x).to(self.device), torch.from_numpy(1e7 / grid).to(self.device)

    def features(self, X, nm, regions, domain):
        """Give the features of spectra, see `skspectral.pretraining.head.features.spectral_features`.

        Parameters
        ----------
        X : ndarray of shape (n_spectra, n_channels)
            Spectra in absorbance.
        nm : ndarray of shape (n_channels,)
            Their axis.
        regions : Tensor of shape (n_regions,)
            Centres of the regions, cm-1.
        domain : str
            Kind of spectra.

        Returns
        -------
        Tensor of shape (n_spectra, n_stages, n_features)
            float64, on the CPU.
        """
        return self.features_on([(X, nm, regions)], domain)[0]

    def features_on(self, views, domain):
        """Give the features of several sets of spectra, each on an axis of its own, which the network reads at once.

        Parameters
        ----------
        views : list of (X, nm, regions)
            As in `features`, the same number of regions in all.
        domain : str
            Kind of spectra.

        Returns
        -------
        list of Tensor of shape (n_spectra, n_stages, n_features)
            float64, on the CPU.
        """
        rows = []
        for X, nm, regions in views:
            x, axis = self.resample(X, nm)
            rows.append((x, axis.expand(len(x), -1), regions.to(self.device).expand(len(x), -1)))
        parts = zip(*(torch.cat(part).split(BATCH) for part in zip(*rows)), strict=True)
        # the bookkeeping of gradients is a tenth of the time that a single spectrum takes
        with torch.inference_mode():
            found = [
                spectral_features(self.model, self.head.projection, x, axis, regions, domain).cpu()
                for x, axis, regions in parts
            ]
        # put together outside, they are tensors that an adaptation may take gradients beside
        return list(torch.cat(found).split([len(X) for X, _, _ in views]))


@dataclass
class NetworkRecord:
    """Which network a fitted model uses: what a file holds instead of it.

    Attributes
    ----------
    weights : str, path or None
        Where it comes from, see `SpectralFMTransfer`.
    seed : int
        Seed of random weights, where ``weights`` is None.
    checksum : str
        SHA-256 of its values as they come.
    updates : dict of {str: ndarray}
        Values that adaptation changed, by name.
    lora : dict of {str: ndarray}
        Low-rank updates.
    rank : int
        Their rank.
    embedded : dict of {str: ndarray} or None
        All values, where the file is to hold them.
    settings : dict or None
        Settings of the training, which build a network to hold these values.
    """

    weights: object
    seed: int = 0
    checksum: str = ""
    updates: dict = field(default_factory=dict)
    lora: dict = field(default_factory=dict)
    rank: int = 0
    embedded: dict | None = None
    settings: dict | None = None

    def load(self, device):
        """Build the network: Encoder.

        Raises
        ------
        MissingWeightsError
            If the weights are not there, or are not those that the model was fitted with.
        """
        for encoder in self._as_it_may_come():
            found = checksum(encoder)
            if self.checksum in ("", found):
                break
        else:
            raise MissingWeightsError(
                f"The weights {self.weights!r} are not those that this model was fitted with (SHA-256 {found[:12]}, "
                f"expected {self.checksum[:12]}). Install the same version, or fit with store_weights=True."
            )
        self.checksum = found
        encoder.model.double()
        _set(encoder, self.updates)
        if self.lora:
            with seeded():
                adapters = LoRA(encoder.model, self.rank)
            adapters.load_state_dict({name: torch.from_numpy(value) for name, value in self.lora.items()})
            adapters.merge()
            adapters.remove()
        device = choose_device(device)
        encoder.model.to(device).eval().requires_grad_(False)
        encoder.head.to(device).eval().requires_grad_(False)
        return encoder

    def _as_it_may_come(self):
        """Yield the networks that the record may mean, as they come."""
        if self.embedded is not None:
            # What is inside needs neither the package's weights nor the folder that they came from.
            settings = PretrainingConfig.from_dict(self.settings)
            with seeded():
                encoder = Encoder(*untrained(settings), settings)
            _set(encoder, self.embedded)
            yield encoder
            return
        # A name without a version meant what was the newest when the model was fitted.
        for weights in packaged_versions(self.weights) or [self.weights]:
            yield load_encoder(weights, self.seed)

    def embed(self, encoder):
        """Hold all values of a network as it was loaded, in the precision of its weights, and what builds it."""
        self.embedded = {
            name: value.astype(np.float32) if value.dtype == np.float64 else value
            for name, value in values(encoder).items()
        }
        self.settings = encoder.settings.to_dict()


def choose_device(name):
    """Turn "auto" into the GPU where there is one, and say where there is none."""
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if str(name).startswith("cuda") and not torch.cuda.is_available():
        raise ValueError(f'device={name!r}, but torch finds no GPU here: use "auto" or "cpu".')
    return name


def load_encoder(weights, seed):
    """Load a network with its head, or make one with random weights."""
    if weights is None:
        settings = PretrainingConfig.load(UNTRAINED)
        with seeded(seed):
            model, head = untrained(settings)
    else:
        model, head, metadata = load_pretrained(weights)
        settings = PretrainingConfig.from_dict(metadata["config"])
    return Encoder(model, head, settings)


def untrained(settings):
    """Make network and head with random weights from the settings of a pretraining run."""
    network = settings.network()
    return SpectralFM(network), TransferHead.for_network(network, settings.n_heads)


def values(encoder):
    """Give all values of network and head by name: dict of ndarray."""
    parts = {"model": encoder.model, "head": encoder.head}
    return {f"{part}.{k}": v.cpu().numpy() for part, module in parts.items() for k, v in module.state_dict().items()}


def checksum(encoder):
    """SHA-256 of all values of network and head."""
    digest = hashlib.sha256()
    for name, value in sorted(values(encoder).items()):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(value).tobytes())
    return digest.hexdigest()


def foundation_hash(weights="small"):
    """Fingerprint of pretrained weights and of the learned constants of the mixture, to tell results apart.

    Parameters
    ----------
    weights : str or path
        As for `SpectralFMTransfer`.

    Returns
    -------
    str
        Eight characters.
    """
    learned = repr(sorted(learned_constants().items()))
    return hashlib.sha256(f"{checksum(load_encoder(weights, 0))} {learned}".encode()).hexdigest()[:8]


@torch.no_grad()
def _set(encoder, changed):
    state = {
        f"{part}.{name}": value
        for part, module in (("model", encoder.model), ("head", encoder.head))
        for name, value in module.state_dict().items()
    }
    for name, value in changed.items():
        state[name].copy_(torch.from_numpy(value))
