"""How tasks are judged: by which error, with which weights, and without what was learned from."""

import numpy as np

__all__ = ["N_FOLDS", "TOLERATED", "balanced", "folds", "log_error"]

# relative mean squared errors below this are all equally good
TOLERATED = 0.003
N_FOLDS = 4


def log_error(squares):
    """What is minimised: half the logarithm of the relative mean squared error, so that .01 is one percent."""
    return 0.5 * np.log(TOLERATED + squares)


def balanced(values, tasks):
    """Mean over tasks on real pairs and over simulated ones, which count alike."""
    real = np.array([t["kind"] == "real" for t in tasks])
    return float(np.mean([np.mean(values[part]) for part in (real, ~real) if part.any()]))


def folds(tasks):
    """Fold of each task; a material, or a pair of instruments, is never in two."""
    materials = sorted({t["material"] for t in tasks})
    return np.array([materials.index(t["material"]) % N_FOLDS for t in tasks])
