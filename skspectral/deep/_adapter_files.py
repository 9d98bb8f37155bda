"""Adapters on disk: what belongs to one target, without the networks."""

from safetensors.numpy import save_file

from .._adapter_files import read_arrays

__all__ = ["read_adapter", "write_adapter"]

FILE_FORMAT = "skspectral-lora-ct"


def write_adapter(path, adapters, shift, *, network, rank, alpha, target):
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


def read_adapter(path, *, network, alpha, n_networks):
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
