"""PyTorch's random numbers, which belong to the whole process: one thread draws at a time, and leaves no trace."""

import threading
from contextlib import contextmanager

import torch

__all__ = ["seeded"]

# threads that build or train networks at once would draw from one another's generator
_GENERATORS = threading.RLock()


@contextmanager
def seeded(seed=None, device=None):
    """Seed PyTorch inside the block, one thread at a time, and give the generators back as they were.

    Parameters
    ----------
    seed : int, optional
        Without it the block goes on with the state that it finds: for networks whose initial weights are replaced.
    device : torch.device, optional
        A GPU whose generator is seeded too; that of the CPU always is.

    Examples
    --------
    >>> import torch
    >>> from skspectral.nn.seeding import seeded
    >>> before = torch.get_rng_state()
    >>> with seeded(0):
    ...     first = torch.rand(2)
    >>> with seeded(0):
    ...     bool((torch.rand(2) == first).all() and not (torch.get_rng_state() == before).all())
    True
    >>> bool((torch.get_rng_state() == before).all())
    True
    """
    on_gpu = device is not None and device.type == "cuda"
    with _GENERATORS, torch.random.fork_rng(devices=[device] if on_gpu else []):
        if seed is not None:
            # not torch.manual_seed, which would change the generators of all GPUs as well
            torch.default_generator.manual_seed(seed)
            if on_gpu:
                with torch.cuda.device(device):
                    torch.cuda.manual_seed(seed)
        yield
