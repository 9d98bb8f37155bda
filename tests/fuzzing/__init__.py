"""Odd inputs for every estimator, and a judge of what came of them."""

import numpy as np
import pandas as pd

from .case import Case, base_case
from .harmless import HARMLESS
from .judge import judge
from .odd import ODD

# what a change of containers says that another one has changed before
DO_NOT_GO_TOGETHER = (
    *(ValueError, TypeError, AttributeError, LookupError, ArithmeticError, NotImplementedError),
    *(pd.errors.InvalidIndexError, np.ma.MAError),
)

__all__ = ["HARMLESS", "ODD", "Case", "apply", "base_case", "judge"]


def apply(names, seed):
    """Make a case with some changes; None where two of them do not go together."""
    case, rng = base_case(), np.random.default_rng(seed)
    for name in names:
        try:
            (HARMLESS | ODD)[name](case, rng)
        except DO_NOT_GO_TOGETHER:
            return None
    return case
