"""Pretrained weights: shipped with the package, in a folder, or on a hub; checked, and never pickled."""

import csv
import json
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import pooch
import torch

from .._version import __version__
from ..exceptions import MissingWeightsError
from ..nn.config import SpectralFMConfig
from ..nn.model import CONFIG_FILE, SpectralFM
from ..nn.seeding import seeded
from .head.transfer_head import TransferHead
from .training.card import CARD_FILE, CURVE_FILE
from .training.checkpoint import load_shards, save_shards
from .training.record import write_text

__all__ = [
    *("PackagedWeights", "available_weights", "packaged_versions", "save_weights"),
    *("load_head", "load_pretrained", "load_weights"),
]

FORMAT = "skspectral-weights-1"
PACKAGED = Path(__file__).parent.parent / "weights_data"
LICENCE = "BSD-3-Clause"
HUB_VARIABLE, HUB = "SKSPECTRAL_HUB", "https://huggingface.co"
HUB_ID = re.compile(r"[\w.-]+/[\w.-]+(@[\w.-]+)?")


def save_weights(folder, model, head=None, *, metadata=None, dtype=torch.float16):
    """Write a network, and the head it was trained with, for `load_weights`.

    Parameters
    ----------
    folder : path
        Folder to write; one that is there is replaced.
    model : SpectralFM
        The network.
    head : TransferHead, optional
        The transfer head.
    metadata : dict, optional
        What JSON can hold, to be given back by `load_weights`.
    dtype : dtype
        Precision of the file.

    Raises
    ------
    ValueError
        If a weight is not finite at this precision.
    """
    folder = Path(folder)
    tensors = {f"model.{name}": value for name, value in model.state_dict().items()}
    if head is not None:
        tensors |= {f"head.{name}": value for name, value in head.state_dict().items()}
    tensors = {name: value.to(dtype) for name, value in tensors.items()}
    if broken := [name for name, value in tensors.items() if not torch.isfinite(value).all()]:
        raise ValueError(f"These weights are not finite in {dtype}: {', '.join(broken)}.")
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    record = {
        "format": FORMAT,
        "version": __version__,
        "config": model.config.to_dict(),
        "head": None if head is None else head.settings,
        "tensors": save_shards(tensors, partial, "model"),
        "metadata": metadata or {},
    }
    write_text(partial / CONFIG_FILE, json.dumps(record, indent=1) + "\n")
    if folder.exists():
        shutil.rmtree(folder)
    os.replace(partial, folder)


@dataclass(frozen=True)
class PackagedWeights:
    """What is known of weights that come with the package.

    Attributes
    ----------
    name : str
        Name for `load_weights`.
    n_bytes : int
        Size of the files.
    licence : str
        Licence of the weights; those of the data sets that they were made from stand in the card.
    """

    name: str
    n_bytes: int
    licence: str = LICENCE

    @property
    def card(self):
        """Model card, Markdown: how the weights were made, from what, what came out, and what they are not."""
        return (PACKAGED / self.name / CARD_FILE).read_text(encoding="utf-8")

    @property
    def curve(self):
        """Validation losses during the training, lower is better.

        Dict of {str: list of float}: "step", "hours" of training, the loss of every group of tasks, and "score", by
        which the weights were chosen.
        """
        with (PACKAGED / self.name / CURVE_FILE).open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        return {name: [float(row[name]) for row in rows] for name in rows[0]}


def available_weights():
    """Describe the weights that come with the package.

    Returns
    -------
    dict of {str: PackagedWeights}
        By the names that `load_weights` takes, sorted.

    Examples
    --------
    >>> from skspectral.pretraining.weights import available_weights
    >>> for name, weights in available_weights().items():
    ...     print(name, weights.n_bytes < 5e6, weights.licence, min(weights.curve["score"]) < weights.curve["score"][0])
    small-1 True BSD-3-Clause True
    small-2 True BSD-3-Clause True
    """
    folders = sorted(path.parent for path in PACKAGED.glob(f"*/{CONFIG_FILE}"))
    sizes = [sum(file.stat().st_size for file in folder.iterdir()) for folder in folders]
    return {folder.name: PackagedWeights(folder.name, size) for folder, size in zip(folders, sizes, strict=True)}


def packaged_versions(source):
    """List the weights of this package that a name without a version may stand for.

    Parameters
    ----------
    source : object
        As for `load_weights`.

    Returns
    -------
    list of str
        The newest, which `load_weights` takes, first; empty where ``source`` is no such name.

    Examples
    --------
    >>> from skspectral.pretraining.weights import packaged_versions
    >>> packaged_versions("small")
    ['small-2', 'small-1']
    """
    names = [name for name in available_weights() if re.fullmatch(rf"{re.escape(str(source))}-\d+", name)]
    return sorted(names, key=lambda name: -int(name.rsplit("-", 1)[1]))


def load_weights(source, *, device="cpu"):
    """Load a pretrained network.

    Parameters
    ----------
    source : str or path
        Name of weights that come with the package, see `available_weights`: in full, ``"small-2"``, or without the
        version, ``"small"``, for the newest; or a folder; or a hub id, ``"owner/name"`` or ``"owner/name@revision"``,
        fetched once from the address in the environment variable ``SKSPECTRAL_HUB`` (huggingface.co by default).
    device : device
        Where the network goes.

    Returns
    -------
    model : SpectralFM
        The network in evaluation mode, float32.
    metadata : dict
        How the weights were made.

    Raises
    ------
    MissingWeightsError
        If there are no such weights, or a file is missing, damaged or does not fit.

    Examples
    --------
    >>> import tempfile
    >>> from skspectral.nn import SpectralFM, SpectralFMConfig
    >>> from skspectral.pretraining.weights import load_weights, save_weights
    >>> folder = tempfile.mkdtemp() + "/mine"
    >>> save_weights(folder, SpectralFM(SpectralFMConfig.preset("tiny")), metadata={"steps": 0})
    >>> load_weights(folder)[1]
    {'steps': 0}
    """
    folder = _find(source)
    record = _read(folder)
    if record["format"] != FORMAT:
        return SpectralFM.load(folder, device=device), {}
    return _model(record, load_shards(record["tensors"], folder), folder, device), record["metadata"]


def load_head(source, *, device="cpu"):
    """Load the transfer head that a network was trained with.

    Parameters
    ----------
    source : str or path
        As for `load_weights`.
    device : device
        Where the head goes.

    Returns
    -------
    TransferHead
        The head in evaluation mode.

    Raises
    ------
    MissingWeightsError
        If there are no such weights, or no head among them.
    """
    folder = _find(source)
    record = _read(folder)
    _check_head(record, folder)
    return _head(record, load_shards(record["tensors"], folder), folder, device)


def load_pretrained(source, *, device="cpu"):
    """Load a network, the head it was trained with, and how both were made, reading the files once.

    Parameters
    ----------
    source, device
        As for `load_weights`.

    Returns
    -------
    model : SpectralFM
    head : TransferHead
    metadata : dict

    Raises
    ------
    MissingWeightsError
        As by `load_weights` and `load_head`.
    """
    folder = _find(source)
    record = _read(folder)
    _check_head(record, folder)
    tensors = load_shards(record["tensors"], folder)
    return *(make(record, tensors, folder, device) for make in (_model, _head)), record["metadata"]


def _model(record, tensors, folder, device):
    model = _build(lambda: SpectralFM(SpectralFMConfig.from_dict(record["config"])), "model", tensors, folder)
    return model.to(device).eval()


def _head(record, tensors, folder, device):
    return _build(lambda: TransferHead(**record["head"]), "head", tensors, folder).to(device).eval()


def _check_head(record, folder):
    if not record.get("head"):
        raise MissingWeightsError(f"The weights in {folder} come without a transfer head.")


def _find(source):
    """Folder of weights by path, packaged name or hub id."""
    names = available_weights()
    if str(source) in names:
        return PACKAGED / str(source)
    if versions := packaged_versions(source):
        return PACKAGED / versions[0]
    if Path(source).is_dir():
        return Path(source)
    if isinstance(source, str) and HUB_ID.fullmatch(source):
        return _fetch(source)
    shipped = ", ".join(names) or "none"
    raise MissingWeightsError(
        f"There are no weights {str(source)!r}: no folder of this name, and not among those of this package "
        f"({shipped}). Give a folder, one of these names, or a hub id such as 'owner/name'."
    )


def _fetch(hub_id):
    """Fetch the settings, then the files that they name, and keep them."""
    name, _, revision = hub_id.partition("@")
    base = f"{os.environ.get(HUB_VARIABLE, HUB).rstrip('/')}/{name}/resolve/{revision or 'main'}"
    folder = Path(pooch.os_cache("skspectral")) / "weights" / name / (revision or "main")
    try:
        if not (folder / CONFIG_FILE).is_file():
            pooch.retrieve(f"{base}/{CONFIG_FILE}", None, CONFIG_FILE, folder)
        record = _read(folder)
        if record["format"] != FORMAT:
            raise MissingWeightsError(f"{base} holds weights of format {record['format']!r}, not {FORMAT!r}.")
        for file, checksum in record["tensors"]["files"].items():
            if Path(file).name != file:
                raise MissingWeightsError(f"{base} names a file outside its folder: {file!r}.")
            pooch.retrieve(f"{base}/{file}", f"sha256:{checksum}", file, folder)
    except MissingWeightsError:
        raise
    except (OSError, ValueError) as error:
        # requests' errors are OSErrors, pooch's wrong checksum is a ValueError
        raise MissingWeightsError(f"Cannot fetch weights {hub_id!r} from {base}: {error}") from error
    return folder


def _read(folder):
    path = folder / CONFIG_FILE
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise MissingWeightsError(f"There are no weights in {folder}: {error}") from error
    if not isinstance(record, dict) or "format" not in record:
        raise MissingWeightsError(f"{path} does not describe weights of this package.")
    return record


def _build(make, prefix, tensors, folder):
    """Build a module and fill it."""
    state = {key.removeprefix(f"{prefix}."): value for key, value in tensors.items() if key.startswith(f"{prefix}.")}
    try:
        with seeded():
            module = make()
        module.load_state_dict(state)
    except (RuntimeError, TypeError, ValueError) as error:
        raise MissingWeightsError(f"The weights in {folder} do not fit their settings: {error}") from error
    return module
