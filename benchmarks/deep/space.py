"""The settings that are tried: the defaults, one change of them at a time, then random combinations."""

import numpy as np

from skspectral import CNNTransfer, LoRACT, TransformerTransfer

__all__ = ["METHODS", "configurations", "parameters"]

METHODS = {"CNNTransfer": CNNTransfer, "LoRACT": LoRACT, "TransformerTransfer": TransformerTransfer}

_SHARED = {
    "inputs": (("sg1",), ("snv", "sg1"), ("snv", "sg1", "sg2"), ("raw", "sg1", "snvsg1"), ("snvsg1",)),
    "window": (9, 15, 25),
    "augmentation": (0.0, 0.0, 0.1, 0.3),
    "lr": (3e-4, 1e-3, 2e-3),
    "weight_decay": (1e-3, 1e-2, 1e-1, 1.0),
    "adapt_lr": (1e-4, 3e-4, 1e-3),
    "rehearsal": (0.0, 0.3, 1.0, 3.0),
}

# for each method: arms and centring, changed alone; everything else, drawn
SPACES = {
    "CNNTransfer": (
        {"fine_tune": ("all", "dense", "last", "bias"), "centre": ("instrument", None), "rehearsal": (0.0, 1.0)},
        {
            "fine_tune": ("all", "dense", "dense", "last"),
            "filters": ((4,), (8,), (16,), (8, 16)),
            "kernel_size": (11, 21, 41),
            "stride": (2, 4),
            "hidden": ((64,), (256,), (256, 64)),
            "dropout": (0.0, 0.2, 0.4),
        },
    ),
    "LoRACT": (
        {
            "adapt": ("lora", "full", "last", "bias"),
            "centre": ("instrument", None),
            "rehearsal": (0.0, 1.0),
            "batch_norm": (False, True),
            "rank": (1, 2, 4, 8),
        },
        {
            "adapt": ("lora",),
            "rank": (1, 2, 4, 8),
            "filters": ((8, 16, 32), (16, 32, 64), (8, 8, 8), (8, 16, 16, 32)),
            "kernel_size": (7, 11, 15),
            "hidden": ((64,), (256,)),
        },
    ),
    "TransformerTransfer": (
        {"fine_tune": ("all", "last", "bias"), "centre": ("instrument", None), "rehearsal": (0.0, 1.0)},
        {
            "fine_tune": ("all", "last"),
            "patch_size": (10, 20, 40),
            "d_model": (16, 32, 64),
            "n_layers": (1, 2, 3),
            "dropout": (0.0, 0.1, 0.3),
        },
    ),
}


def configurations(method, n):
    """List ``n`` different settings of a method; the first ones do not depend on ``n``.

    Parameters
    ----------
    method : str
        A key of ``METHODS``.
    n : int

    Returns
    -------
    list of dict
        Parameters that differ from the defaults; the first is empty, the defaults themselves.
    """
    alone, drawn = SPACES[method]
    defaults = METHODS[method]().get_params()
    found = [{}]
    found += [{name: value} for name, values in alone.items() for value in values if value != defaults[name]]
    space = _SHARED | drawn
    rng = np.random.default_rng([7, list(METHODS).index(method)])
    while len(found) < n:
        # drawn by position, because NumPy would turn tuples of different length into an array
        draw = {name: values[rng.integers(len(values))] for name, values in space.items()}
        changed = {name: value for name, value in draw.items() if value != defaults[name]}
        if changed not in found:
            found.append(changed)
    return found[:n]


def parameters(settings):
    """Settings as estimators take them: a file has lists where they have tuples."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in settings.items()}
