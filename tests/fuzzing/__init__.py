"""Odd inputs for every estimator, and a judge of what came of them."""

import numpy as np

from .case import Case, base_case
from .harmless import HARMLESS
from .judge import judge
from .odd import ODD

__all__ = ["HARMLESS", "ODD", "Case", "apply", "base_case", "judge"]


def apply(names, seed):
    """Make a case with some changes; None where two of them do not go together."""
    case, rng = base_case(), np.random.default_rng(seed)
    for name in names:
        try:
            (HARMLESS | ODD)[name](case, rng)
        except (ValueError, TypeError, IndexError, AttributeError, OverflowError, KeyError, NotImplementedError):
            return None
    return case
