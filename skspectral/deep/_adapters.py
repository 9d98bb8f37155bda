"""Adapters of a fitted estimator: kept beside the source networks, merged into their weights, written and read."""

import hashlib

import numpy as np
import torch
from safetensors.numpy import save_file
from sklearn.utils.validation import check_is_fitted

from .._core.adapter_files import read_arrays
from ..nn.seeding import seeded
from ._base import CPU, weights_of
from ._lora import NetworkLoRA

__all__ = ["AdapterMixin"]

FILE_FORMAT = "skspectral-lora-ct"


class AdapterMixin:
    """For deep baselines with low-rank adapters: they have a parameter ``alpha`` and attach adapters in ``_open``."""

    def _attach(self, network, rank):
        return NetworkLoRA(network, rank, 2 * rank if self.alpha is None else self.alpha)

    def _train(self, rows):
        self.adapters_, self.rank_, self.merged_ = None, None, False
        return super()._train(rows)

    def _keep(self, networks, rank):
        if rank is None:
            super()._keep(networks, rank)
            return
        self.rank_ = rank
        self.adapters_ = [
            {name: value.cpu().numpy().copy() for name, value in network.adapters.state_dict().items()}
            | {"output.bias": network.output.bias.detach().cpu().numpy().copy()}
            for network in networks
        ]
        self.n_adapter_parameters_ = sum(value.size for value in self.adapters_[0].values())

    def _load(self, k):
        if self.adapters_ is None or self.merged_:
            return super()._load(k)
        return self._with_adapter(k)[0]

    def _with_adapter(self, k):
        """Build network ``k`` with its adapter beside the weights."""
        network = self._network(self.source_weights_[k])
        adapters = self._attach(network, self.rank_)
        state = {name: torch.from_numpy(value) for name, value in self.adapters_[k].items()}
        with torch.no_grad():
            network.output.bias.copy_(state.pop("output.bias"))
        adapters.load_state_dict(state)
        return network, adapters

    def merge(self):
        """Add the adapters to the weights: prediction then costs what the source networks cost.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If there is no adapter, or it is merged already.
        """
        self._check_adapter()
        if self.merged_:
            raise ValueError("The adapter is merged into the weights already.")
        merged = []
        for k in range(self.n_networks):
            with seeded(0, CPU):
                network, adapters = self._with_adapter(k)
            adapters.merge()
            adapters.remove()
            merged.append(weights_of(network))
        self.weights_, self.merged_ = merged, True
        return self

    def unmerge(self):
        """Take the adapters out of the weights again, exactly.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If no adapter is merged.
        """
        self._check_adapter()
        if not self.merged_:
            raise ValueError("The adapter is not merged into the weights.")
        self.weights_, self.merged_ = self.source_weights_, False
        return self

    def save_adapter(self, path):
        """Write what belongs to the target alone: adapters, output bias and mean shift, without the networks.

        Parameters
        ----------
        path : path-like
            A safetensors file.

        Raises
        ------
        ValueError
            If there is no adapter.
        """
        self._check_adapter()
        _write_adapter(
            path,
            self.adapters_,
            self.shift_,
            network=self._network_hash(),
            rank=self.rank_,
            alpha=self.alpha,
            target=self.target_,
        )

    def load_adapter(self, path):
        """Plug in the adapter of another instrument, trained on the same source networks.

        Parameters
        ----------
        path : path-like
            A file that :meth:`save_adapter` wrote.

        Returns
        -------
        self
            ``target_`` is then the file's instrument, as text; what ``fit`` found out about the standards
            (``n_standards_``, ``n_pairs_``, ``transfer_rmse_``) is still about the one it saw.

        Raises
        ------
        MissingWeightsError
            If the file is missing or no adapter of this class.
        ValueError
            If it belongs to other source networks or another alpha.
        """
        check_is_fitted(self)
        self.adapters_, self.shift_, self.rank_, self.target_ = _read_adapter(
            path, network=self._network_hash(), alpha=self.alpha, n_networks=self.n_networks
        )
        self.weights_, self.merged_ = self.source_weights_, False
        return self

    def _check_adapter(self):
        check_is_fitted(self)
        if self.adapters_ is None:
            raise ValueError(
                'There is no adapter: it is trained by adapt="lora" on standards of a target, or loaded from a file.'
            )

    def _network_hash(self):
        digest = hashlib.sha256()
        for array in (self._y_mean, self._y_scale, *(w[name] for w in self.source_weights_ for name in sorted(w))):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()


def _write_adapter(path, adapters, shift, *, network, rank, alpha, target):
    """Write the adapters of all networks and the mean shift, with what they belong to."""
    arrays = {f"{k}.{name}": value for k, adapter in enumerate(adapters) for name, value in adapter.items()}
    metadata = {
        "format": FILE_FORMAT,
        "network": network,
        "rank": str(rank),
        "alpha": str(alpha),
        "target": str(target),
    }
    save_file(arrays | {"shift": shift}, path, metadata)


def _read_adapter(path, *, network, alpha, n_networks):
    """Read an adapter and check that it belongs to these networks.

    Returns
    -------
    adapters : list of dict of {str: ndarray}
    shift : ndarray
    rank : int
    target : str
    """
    arrays, metadata = read_arrays(path, FILE_FORMAT, "LoRACT")
    if metadata["network"] != network:
        raise ValueError(
            f"{path} belongs to other source networks. An adapter fits the networks it was trained on: same source "
            "spectra, parameters and integer random_state."
        )
    if metadata["alpha"] != str(alpha):
        raise ValueError(f"{path} was trained with alpha={metadata['alpha']}, this model has alpha={alpha}.")
    shift = arrays.pop("shift")
    adapters = [
        {name.partition(".")[2]: value for name, value in arrays.items() if name.partition(".")[0] == str(k)}
        for k in range(n_networks)
    ]
    return adapters, shift, int(metadata["rank"]), metadata["target"]
