"""Source networks that are trained once: the number of standards, the target and how it is learned do not change them.

What a fit gives stays the same, bit by bit; only the training that another fit did already is left out.
"""

import hashlib
import os
from contextlib import contextmanager
from pathlib import Path

import joblib
import numpy as np
import torch
from skorch.history import History

from skspectral.deep import _base

__all__ = ["source_networks_kept"]


@contextmanager
def source_networks_kept(folder):
    """Keep trained source networks in a folder while the block runs, and take from it what is there.

    Parameters
    ----------
    folder : path-like or None
        None trains every network, as without this block.
    """
    if folder is None:
        yield
        return
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    train = _base.train_on_source

    def train_once(network, X, y, validation, *, device, verbose=0, **settings):
        path = folder / f"{_fingerprint(network, X, y, validation, settings)}.joblib"
        if path.exists():
            weights, history = joblib.load(path)
            network.load_state_dict({name: torch.from_numpy(value) for name, value in weights.items()})
            return History(history)
        history = train(network, X, y, validation, device=device, verbose=verbose, **settings)
        # written under a name of its own first: other processes see a whole file or none
        part = path.with_suffix(f".{os.getpid()}")
        joblib.dump((_base.weights_of(network), list(history)), part)
        os.replace(part, path)
        return history

    _base.train_on_source = train_once
    try:
        yield
    finally:
        _base.train_on_source = train


def _fingerprint(network, X, y, validation, settings):
    """Hash of all that training depends on: structure, first weights, spectra, references, what is held out."""
    digest = hashlib.sha256(repr(sorted(settings.items())).encode())
    for name, module in network.named_modules():
        plain = {k: v for k, v in vars(module).items() if isinstance(v, int | float | str | tuple)}
        digest.update(f"{name} {type(module).__name__} {sorted(plain.items())}".encode())
    for name, value in sorted(_base.weights_of(network).items()):
        digest.update(name.encode() + value.tobytes())
    for array in (X, y, np.sort(validation)):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
