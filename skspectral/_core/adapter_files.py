"""Files of adapters: arrays of one target instrument, and what they belong to."""

from safetensors import SafetensorError, safe_open

from ..exceptions import MissingWeightsError

__all__ = ["read_arrays"]


def read_arrays(path, file_format, owner):
    """Read the arrays and the metadata of an adapter.

    Parameters
    ----------
    path : path
        A safetensors file.
    file_format : str
        What its metadata must have as "format".
    owner : str
        Estimator that writes such files, for messages.

    Returns
    -------
    arrays : dict of {str: ndarray}
    metadata : dict of {str: str}

    Raises
    ------
    MissingWeightsError
        If the file is missing, damaged or of another format.
    """
    try:
        with safe_open(path, "numpy") as file:
            metadata = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise MissingWeightsError(f"Cannot read an adapter from {path}: {error}") from error
    if metadata.get("format") != file_format:
        raise MissingWeightsError(f"{path} holds no adapter of {owner}.")
    return arrays, metadata
