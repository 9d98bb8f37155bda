"""What stands for tensors and networks in a model file: arrays and settings, so that nothing is pickled.

A record is written as its class and arguments. Reading calls the class, which gives the tensor or network itself.
"""

import io
import pickle
import sys

import numpy as np

__all__ = ["StoredNetwork", "StoredTensor", "without_tensors"]


class StoredTensor:
    """A tensor as array, on the CPU.

    Parameters
    ----------
    values : ndarray
        The values; bfloat16, which NumPy does not have, as float32.
    dtype : str
        Name of the tensor's type, such as "float32".
    kind : {"tensor", "parameter"}
        Whether it is a parameter of a network.
    trainable : bool
        Whether it requires gradients.
    """

    def __new__(cls, values, dtype, kind, trainable):
        import torch

        tensor = _tensor(values, dtype)
        if kind == "parameter":
            return torch.nn.Parameter(tensor, requires_grad=trainable)
        return tensor.requires_grad_(trainable)

    @classmethod
    def standing_for(cls, tensor):
        """Make the record of a tensor."""
        import torch

        record = object.__new__(cls)
        kind = "parameter" if isinstance(tensor, torch.nn.Parameter) else "tensor"
        record.arguments = (_values(tensor), _dtype(tensor), kind, tensor.requires_grad)
        return record

    def __reduce__(self):
        return type(self), self.arguments


class StoredNetwork:
    """A network of this package as the settings that build it, and its weights.

    Parameters
    ----------
    name : str
        "SpectralFM" or "TransferHead".
    settings : dict
        What builds it.
    weights : dict of {str: ndarray}
        Its state.
    dtypes : dict of {str: str}
        Types of the weights.
    training : bool
        Whether it was in training mode.
    """

    def __new__(cls, name, settings, weights, dtypes, training):
        from ..nn.seeding import seeded

        state = {key: _tensor(value, dtypes[key]) for key, value in weights.items()}
        with seeded():
            network = _builders()[name][1](settings)
        network.load_state_dict(state, assign=True)
        return network.train(training)

    @classmethod
    def standing_for(cls, network):
        """Make the record of a network, or None if it is none of this package.

        Raises
        ------
        ValueError
            If it was changed since it was built, so that its settings do not build it.
        """
        name = type(network).__name__
        builders = _builders()
        if name not in builders or type(network) is not builders[name][0]:
            return None
        _, _, settings_of = builders[name]
        state = network.state_dict()
        record = object.__new__(cls)
        record.arguments = (
            name,
            settings_of(network),
            {key: _values(value) for key, value in state.items()},
            {key: _dtype(value) for key, value in state.items()},
            network.training,
        )
        try:
            cls(*record.arguments)
        except RuntimeError as error:
            raise ValueError(
                f"This {name} has other weights than its settings describe; merge or remove adapters first. {error}"
            ) from error
        return record

    def __reduce__(self):
        return type(self), self.arguments


def _builders():
    """Class, how to build one from settings, and how to get the settings of one."""
    from ..nn.config import SpectralFMConfig
    from ..nn.model import SpectralFM
    from ..pretraining.head.transfer_head import TransferHead

    return {
        "SpectralFM": (
            SpectralFM,
            lambda settings: SpectralFM(SpectralFMConfig.from_dict(settings)),
            lambda network: network.config.to_dict(),
        ),
        "TransferHead": (
            TransferHead,
            lambda settings: TransferHead(**settings),
            lambda network: dict(network.settings),
        ),
    }


def _tensor(values, dtype):
    import torch

    # the name comes from a file, and torch has more attributes than types
    if not isinstance(getattr(torch, dtype, None), torch.dtype):
        raise ValueError(f"{dtype!r} is no type of tensors.")
    return torch.from_numpy(np.array(values)).to(getattr(torch, dtype))


def _values(tensor):
    tensor = tensor.detach().cpu()
    return (tensor.float() if _dtype(tensor) == "bfloat16" else tensor).numpy().copy()


def _dtype(tensor):
    return str(tensor.dtype).removeprefix("torch.")


class _Replacing(pickle.Pickler):
    """Copies an object in memory, with records where it holds tensors and networks."""

    def __init__(self, buffer):
        super().__init__(buffer, pickle.HIGHEST_PROTOCOL)
        self.records, self._position, self._seen = [], {}, []

    def persistent_id(self, obj):
        torch = sys.modules["torch"]
        if not isinstance(obj, (torch.Tensor, torch.nn.Module)):
            return None
        if id(obj) not in self._position:
            maker = StoredTensor if isinstance(obj, torch.Tensor) else StoredNetwork
            record = maker.standing_for(obj)
            if record is None:
                return None
            # a tensor in several places stays one; it is kept so that its id stays its own
            self._position[id(obj)] = len(self.records)
            self._seen.append(obj)
            self.records.append(record)
        return self._position[id(obj)]


class _Copying(pickle.Unpickler):
    def __init__(self, buffer, records):
        super().__init__(buffer)
        self._records = records

    def persistent_load(self, pid):
        return self._records[pid]


def without_tensors(estimator):
    """Copy an estimator with records in place of tensors and networks; without any, give it back as it is."""
    if "torch" not in sys.modules:
        return estimator
    buffer = io.BytesIO()
    replacing = _Replacing(buffer)
    replacing.dump(estimator)
    if not replacing.records:
        return estimator
    buffer.seek(0)
    return _Copying(buffer, replacing.records).load()
