"""Checkpoints that a kill cannot spoil: safetensors in shards, written beside the old ones and then renamed.

The random numbers of a step follow from seed and step, so that tensors and a few numbers are all the state there is.
"""

import hashlib
import json
import os
import shutil
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from ...exceptions import MissingWeightsError

__all__ = ["SHARD_BYTES", "latest_checkpoint", "load_checkpoint", "load_shards", "save_checkpoint", "save_shards"]

#: Largest shard.
SHARD_BYTES = 15 * 10**6
STATE_FILE = "state.json"
PREFIX, PARTIAL = "step-", ".partial"
KEPT = 2


def save_shards(tensors: dict[str, Tensor], folder: Path, stem: str, shard_bytes: int = SHARD_BYTES) -> dict:
    """Write tensors as files of limited size.

    Parameters
    ----------
    tensors : dict of str to Tensor
        What to write; a tensor larger than a shard is cut into pieces.
    folder : path
        Where to; it exists.
    stem : str
        Beginning of the files' names.
    shard_bytes : int
        Largest number of bytes of tensors in a file.

    Returns
    -------
    dict
        ``{"files": {name: SHA-256}, "shapes": {tensor: shape}}``, for `load_shards`.
    """
    shards, room = [{}], shard_bytes
    for name, tensor in tensors.items():
        flat = tensor.detach().cpu().contiguous().flatten()
        for number, piece in enumerate(flat.split(max(1, shard_bytes // flat.element_size()))):
            size = piece.numel() * piece.element_size()
            if size > room:
                shards.append({})
                room = shard_bytes
            # A clone owns its memory: safetensors refuses tensors that share it.
            shards[-1][f"{name}#{number}"] = piece.clone()
            room -= size
    files = {}
    for number, shard in enumerate(shards, 1):
        path = folder / f"{stem}-{number:05d}-of-{len(shards):05d}.safetensors"
        save_file(shard, path)
        _flush(path)
        files[path.name] = _sha256(path)
    return {"files": files, "shapes": {name: list(tensor.shape) for name, tensor in tensors.items()}}


def load_shards(index: dict, folder: Path, device: torch.device | str = "cpu") -> dict[str, Tensor]:
    """Read what `save_shards` wrote.

    Parameters
    ----------
    index : dict
        Its result.
    folder : path
        Where the files lie.
    device : device
        Where the tensors go.

    Returns
    -------
    dict of str to Tensor
        The tensors.

    Raises
    ------
    MissingWeightsError
        If a file is missing or damaged.
    """
    pieces = {}
    for name, checksum in index["files"].items():
        path = Path(folder) / name
        if not path.is_file():
            raise MissingWeightsError(f"There are no weights at {path}.")
        if (found := _sha256(path)) != checksum:
            raise MissingWeightsError(f"{path} has SHA-256 {found}, it should be {checksum}: the file is damaged.")
        try:
            shard = load_file(path, device=str(device))
        except SafetensorError as error:
            raise MissingWeightsError(f"{path} is no safetensors file: {error}") from error
        for key, piece in shard.items():
            tensor, number = key.rsplit("#", 1)
            pieces.setdefault(tensor, {})[int(number)] = piece
    missing = sorted(set(index["shapes"]) - set(pieces))
    if missing:
        raise MissingWeightsError(f"The files in {folder} lack {', '.join(missing)}.")
    return {
        name: torch.cat([pieces[name][number] for number in sorted(pieces[name])]).reshape(shape)
        for name, shape in index["shapes"].items()
    }


def save_checkpoint(folder: str | os.PathLike, step: int, tensors: dict[str, Tensor], record: dict) -> Path:
    """Write a checkpoint; whatever happens, the one before stays readable until this one is complete.

    Parameters
    ----------
    folder : path
        Folder of the run's checkpoints, made where needed.
    step : int
        Number of steps done.
    tensors : dict of str to Tensor
        The state.
    record : dict
        What else to keep, as JSON.

    Returns
    -------
    path
        The checkpoint's folder.
    """
    folder = Path(folder)
    final = folder / f"{PREFIX}{step:08d}"
    if final.is_dir():
        return final  # equal steps of a run have equal states
    partial = final.with_name(final.name + PARTIAL)
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    index = save_shards(tensors, partial, "state")
    (partial / STATE_FILE).write_text(json.dumps({"step": step, "tensors": index, "record": record}), encoding="utf-8")
    _flush(partial / STATE_FILE)
    os.replace(partial, final)
    for old in _complete(folder)[:-KEPT]:
        shutil.rmtree(old)
    return final


def latest_checkpoint(folder: str | os.PathLike, *, clean: bool = False) -> Path | None:
    """Find the newest complete checkpoint of a run.

    Parameters
    ----------
    folder : path
        Folder of the run's checkpoints.
    clean : bool
        Remove what a kill left half written; for the process that writes.

    Returns
    -------
    path or None
        Its folder, None where there is none.
    """
    folder = Path(folder)
    for partial in folder.glob(f"{PREFIX}*{PARTIAL}") if clean else ():
        shutil.rmtree(partial)
    complete = _complete(folder)
    return complete[-1] if complete else None


def load_checkpoint(path: str | os.PathLike, device: torch.device | str = "cpu") -> tuple[int, dict[str, Tensor], dict]:
    """Read a checkpoint.

    Parameters
    ----------
    path : path
        Its folder, see `latest_checkpoint`.
    device : device
        Where the tensors go.

    Returns
    -------
    step : int
        Number of steps done.
    tensors : dict of str to Tensor
        The state.
    record : dict
        What else was kept.

    Raises
    ------
    MissingWeightsError
        If a file is missing or damaged.
    """
    path = Path(path)
    try:
        state = json.loads((path / STATE_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise MissingWeightsError(f"{path} holds no checkpoint: {error}") from error
    return state["step"], load_shards(state["tensors"], path, device), state["record"]


def _complete(folder):
    return sorted(path for path in Path(folder).glob(f"{PREFIX}*") if not path.name.endswith(PARTIAL))


def _flush(path):
    """Have a file on the disk before another one says that it is there."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _sha256(path):
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
