"""Adapters on disk: what belongs to one target instrument, without the network and the portfolio."""

import copy

import numpy as np
from safetensors.numpy import save_file
from sklearn.utils.validation import check_is_fitted

from .._adapter_files import read_arrays
from ._expert import Readout
from ._mixture import network_shares

__all__ = ["AdapterFiles", "read_adapter", "write_adapter"]

FILE_FORMAT = "skspectral-foundation-adapter-2"


class AdapterFiles:
    """Mixin of estimators with a network whose adaptation to a target can be kept apart."""

    @property
    def adapter_(self):
        """What belongs to the target, by name: updates, changed values, read-outs and weights (dict of ndarray)."""
        check_is_fitted(self)
        if self._network is None:
            return {}
        parts = {
            "lora": self._network.lora,
            "update": self._network.updates,
            "readout": vars(self._readout) if self._readout is not None else {},
            "own": vars(self._own_readout) if self._own_readout is not None else {},
            "weight": {name: value for name, value in self.expert_weights_.items() if name != "portfolio"},
        }
        return {f"{part}.{name}": value for part, values in parts.items() for name, value in values.items()}

    def save_adapter(self, path):
        """Write the adapter, without network and portfolio, to a safetensors file.

        Parameters
        ----------
        path : path
            File to write.

        Raises
        ------
        ValueError
            If the model has no network.
        """
        arrays = self.adapter_
        if not arrays:
            raise ValueError("This model has no network, and so no adapter.")
        network = self._network
        write_adapter(path, arrays, network=network.checksum, rank=network.rank, target=self.target_)

    def load_adapter(self, path):
        """Plug in the adapter of another target that the same calibration was transferred to.

        The file holds the network's side alone, so that predictions come from the network (``network_weight_`` is 1),
        whose calibrations keep their weights among one another.
        Store the whole model with `skspectral.save` to keep the mixture.

        Parameters
        ----------
        path : path
            File that `save_adapter` wrote.

        Returns
        -------
        self

        Raises
        ------
        MissingWeightsError
            If the file is missing or none of these.
        ValueError
            If it belongs to other weights, to another number of properties, or to other axes.
        """
        check_is_fitted(self)
        if self._network is None:
            raise ValueError("This model has no network to plug an adapter into.")
        arrays, rank = read_adapter(path, network=self._network.checksum)
        parts = {"lora": {}, "update": {}, "readout": {}, "own": {}, "weight": {}}
        for name, value in arrays.items():
            part, _, rest = name.partition(".")
            parts[part][rest] = value
        readout, own = (Readout(**parts[name]) if parts[name] else None for name in ("readout", "own"))
        n_targets = len(next(iter(parts["weight"].values())))
        if n_targets != len(self.network_weight_):
            raise ValueError(f"{path} predicts {n_targets} properties, this model {len(self.network_weight_)}.")
        if self._describes(readout, own) != self._describes(self._readout, self._own_readout):
            raise ValueError(f"{path} was made for instruments with other axes than those of this model.")
        network = copy.copy(self._network)
        network.lora, network.updates, network.rank = parts["lora"], parts["update"], rank
        self._network, self._readout, self._own_readout, self._encoder = network, readout, own, None
        portfolio = {} if self.portfolio_ is None else {"portfolio": np.zeros(n_targets)}
        self.expert_weights_ = portfolio | network_shares(parts["weight"])
        self.network_weight_ = np.ones(n_targets)
        return self

    @staticmethod
    def _describes(readout, own):
        """Which spectra read-outs expect: whether they read a shared range, what lies beyond it, and the own one."""
        return readout is not None, readout is not None and len(readout.own) > 0, own is not None


def write_adapter(path, arrays, *, network, rank, target):
    """Write the arrays of an adapter, and which network they belong to.

    Parameters
    ----------
    path : path
        File to write.
    arrays : dict of {str: ndarray}
        Values by name.
    network : str
        Checksum of the network.
    rank : int
        Rank of the low-rank updates.
    target : object
        Label of the instrument.
    """
    metadata = {"format": FILE_FORMAT, "network": network, "rank": str(rank), "target": str(target)}
    save_file({name: value.copy() for name, value in arrays.items()}, path, metadata)


def read_adapter(path, *, network):
    """Read an adapter and check that it belongs to a network.

    Returns
    -------
    arrays : dict of {str: ndarray}
    rank : int

    Raises
    ------
    MissingWeightsError
        If the file is missing or none of these.
    ValueError
        If it belongs to another network.
    """
    arrays, metadata = read_arrays(path, FILE_FORMAT, "SpectralFMTransfer")
    if metadata["network"] != network:
        raise ValueError(f"{path} belongs to other weights than this model's: fit with the same weights=.")
    return arrays, int(metadata["rank"])
