"""Parameters of the deep baselines: each message names the parameter, what it may be, and what it was."""

from numbers import Integral, Real

import numpy as np
import torch

__all__ = ["check_device", "check_numbers", "check_odd", "check_sizes", "check_whole"]


def check_whole(model, names, least=1):
    """Refuse what is no integer of at least ``least``."""
    for name in names:
        value = getattr(model, name)
        if not _is_whole(value) or value < least:
            raise ValueError(f"{name} must be an integer of at least {least}, got {value!r}.")


def check_odd(model, name, least=1):
    """Refuse what is no odd integer: windows have a channel in their middle."""
    value = getattr(model, name)
    if not _is_whole(value) or value < least or value % 2 == 0:
        raise ValueError(f"{name} must be an odd number of at least {least}, got {value!r}.")


def check_sizes(model, name, least=0):
    """Refuse what is no tuple of at least ``least`` positive integers."""
    value = getattr(model, name)
    if not isinstance(value, tuple | list) or len(value) < least or not all(_is_whole(n) and n >= 1 for n in value):
        raise ValueError(f"{name} must be a tuple of positive integers such as (8, 16), got {value!r}.")


def check_numbers(model, names, below=np.inf, positive=False):
    """Refuse what is no number from 0 (itself left out if ``positive``) to below ``below``."""
    for name in names:
        value = getattr(model, name)
        if not isinstance(value, Real) or not 0 <= value < below or (positive and value == 0):
            least = "above 0" if positive else "of at least 0"
            most = "" if below == np.inf else f" and below {below}"
            raise ValueError(f"{name} must be a number {least}{most}, got {value!r}.")


def check_device(device):
    """Refuse devices that PyTorch does not know, and GPUs where there is none."""
    try:
        found = None if isinstance(device, str) and device == "auto" else torch.device(device)
    except (RuntimeError, TypeError) as error:
        raise ValueError(f'device must be "auto", "cpu", "cuda" or another device, got {device!r}.') from error
    if found is not None and found.type == "cuda" and not torch.cuda.is_available():
        raise ValueError(f"device={device!r}, but PyTorch finds no GPU here.")


def _is_whole(value):
    return isinstance(value, Integral) and not isinstance(value, bool)
