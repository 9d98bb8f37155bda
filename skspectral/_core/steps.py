"""A warning where a moving window takes channels for neighbours that are none."""

import warnings

import numpy as np

from ..exceptions import UnequalStepsWarning
from .axis import largest_bend
from .axis_identity import known_axis

__all__ = ["warn_of_jumps"]

# Steps may change slowly; a channel this many steps beside the line through its neighbours is a jump.
LARGEST_BEND = 0.75


def warn_of_jumps(estimator, remedy, stacklevel=2):
    """Warn if the steps of the axis that an estimator has learned jump; called by its ``fit``."""
    own = known_axis(estimator)
    bend, at = (0.0, 0) if own is None else largest_bend(own.values)
    if bend > LARGEST_BEND:
        steps = np.abs(np.diff(own.values))
        near = steps[max(0, at - 5) : at + 5]
        warnings.warn(
            f"the steps of the axis jump near {own.values[at]:.6g}, from {near.min():.6g} to {near.max():.6g}: a "
            f"window of points runs over the gap as if the steps were equal. {remedy}",
            UnequalStepsWarning,
            stacklevel=stacklevel + 1,
        )
