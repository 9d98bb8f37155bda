"""Random numbers that leave the caller's and NumPy's global state alone."""

from numbers import Integral

import numpy as np

__all__ = ["independent_streams"]


def independent_streams(random_state, n_streams):
    """Make independent generators; None takes fresh entropy, so that NumPy's global state stays untouched."""
    if isinstance(random_state, np.random.Generator):
        random_state = int(random_state.integers(2**32))
    elif isinstance(random_state, np.random.RandomState):
        random_state = int(random_state.randint(2**31 - 1))
    elif random_state is not None and (isinstance(random_state, bool) or not isinstance(random_state, Integral)):
        raise ValueError(f"random_state must be an int, RandomState, Generator or None, got {random_state!r}.")
    return [np.random.default_rng(seed) for seed in np.random.SeedSequence(random_state).spawn(n_streams)]
