"""Randomness that comes from the caller's generator alone, of NumPy or of torch."""

import numpy as np
import torch

__all__ = ["numpy_generator", "torch_generator"]


def numpy_generator(generator):
    """Give a NumPy generator; one of torch gives its next number as the seed.

    Parameters
    ----------
    generator : numpy.random.Generator or torch.Generator
        Source of all randomness; it is advanced.

    Returns
    -------
    numpy.random.Generator
        The same generator, or a new one that follows from the state of the torch generator.

    Raises
    ------
    TypeError
        If it is neither.
    """
    if isinstance(generator, np.random.Generator):
        return generator
    if isinstance(generator, torch.Generator):
        seed = torch.randint(2**62, (1,), generator=generator, device=generator.device)
        return np.random.default_rng(int(seed))
    raise _refused(generator)


def torch_generator(generator):
    """Give a torch generator; one of NumPy gives its next number as the seed of a generator on the CPU.

    Parameters
    ----------
    generator : numpy.random.Generator or torch.Generator
        Source of all randomness; it is advanced.

    Returns
    -------
    torch.Generator
        The same generator, or a new one that follows from the state of the NumPy generator.

    Raises
    ------
    TypeError
        If it is neither.
    """
    if isinstance(generator, torch.Generator):
        return generator
    if isinstance(generator, np.random.Generator):
        return torch.Generator().manual_seed(int(generator.integers(2**62)))
    raise _refused(generator)


def _refused(generator):
    return TypeError(
        f"generator must be a numpy.random.Generator or a torch.Generator, got {type(generator).__name__}: "
        "use numpy.random.default_rng(seed) or torch.Generator().manual_seed(seed)."
    )
