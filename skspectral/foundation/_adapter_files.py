"""Adapters on disk: what belongs to one target instrument, without the network and the portfolio."""

import copy

import numpy as np
from safetensors.numpy import save_file
from sklearn.utils.validation import check_is_fitted

from .._core.adapter_files import read_arrays
from ._readout import Readout
from ._spectrum_writer import SpectrumWriter

__all__ = ["AdapterFiles", "read_adapter", "write_adapter"]

FILE_FORMAT = "skspectral-foundation-adapter-3"
# What has to agree for read-outs to mean the same.
AXES = ("nm", "own_nm")


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
            "axis": {name: getattr(self._sight, name) for name in AXES if getattr(self._sight, name) is not None},
            "readout": vars(self._readout) if self._readout is not None else {},
            "own": vars(self._own_readout) if self._own_readout is not None else {},
            "writer": vars(self._writer) if self._writer is not None else {},
            "share": self._shares,
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
        whose calibrations keep their weights among one another, and errors on held-out standards are not known.
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
        parts = {name: {} for name in ("lora", "update", "axis", "readout", "own", "writer", "share")}
        for name, value in arrays.items():
            part, _, rest = name.partition(".")
            parts[part][rest] = value
        n_targets = len(next(iter(parts["share"].values())))
        if n_targets != len(self.network_weight_):
            raise ValueError(f"{path} predicts {n_targets} properties, this model {len(self.network_weight_)}.")
        for name in AXES:
            theirs, ours = parts["axis"].get(name), getattr(self._sight, name)
            if not np.array_equal(*(() if axis is None else axis for axis in (theirs, ours))):
                raise ValueError(f"{path} was made for instruments with other axes than those of this model.")
        network = copy.copy(self._network)
        network.lora, network.updates, network.rank = parts["lora"], parts["update"], rank
        self._network, self._encoder = network, None
        self._readout, self._own_readout = (
            Readout(**parts[name]) if parts[name] else None for name in ("readout", "own")
        )
        self._writer = SpectrumWriter(**parts["writer"]) if parts["writer"] else None
        self._shares = parts["share"]
        portfolio = {} if self.portfolio_ is None else {"portfolio": np.zeros(n_targets)}
        self.expert_weights_ = portfolio | self._shares
        self.network_weight_ = np.ones(n_targets)
        self.held_out_, self.transfer_rmse_ = {}, np.full(n_targets, np.nan)
        return self


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
