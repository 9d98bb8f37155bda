"""The axis that several instruments share."""

import numpy as np

from .._core.axis import gaps, same_axis
from ..exceptions import WavelengthRangeError

__all__ = ["common_grid"]

# a point at the end of the range may be lost to rounding
SLACK = 1e-6


def common_grid(axes):
    """Find the axis on which spectra of several instruments can stand together.

    It is the range that all share, from its lowest wavelength in steps of the coarsest median step among the
    instruments, since a finer grid would invent resolution, without the regions that one of them has not measured.
    Where all axes agree up to rounding it is the first.

    Parameters
    ----------
    axes : dict of {instrument: array-like of shape (n_channels,)}
        Axis of each instrument, all in one unit.

    Returns
    -------
    ndarray of shape (n_points,)

    Raises
    ------
    WavelengthRangeError
        If the instruments share no range of at least one step.

    Examples
    --------
    >>> import numpy as np
    >>> from skspectral.preprocessing import common_grid
    >>> common_grid({"A": np.arange(1000.0, 1011.0, 2.0), "B": np.arange(1003.0, 1020.0, 3.0)})
    array([1003., 1006., 1009.])
    """
    axes = {name: np.asarray(axis, dtype=np.float64) for name, axis in axes.items()}
    first = next(iter(axes.values()))
    if all(same_axis(first, axis) for axis in axes.values()):
        return first
    low = max(axis.min() for axis in axes.values())
    high = min(axis.max() for axis in axes.values())
    step = max(np.median(np.abs(np.diff(axis))) for axis in axes.values())
    if high - low < step:
        ranges = ", ".join(f"'{name}' {axis.min():.6g} to {axis.max():.6g}" for name, axis in axes.items())
        raise WavelengthRangeError(
            f"the instruments share no range of at least one step ({step:.6g}): {ranges}. Are all axes in the same "
            "unit, nm or cm-1?"
        )
    n_steps = int(np.floor((high - low) / step + SLACK))
    grid = np.minimum(low + step * np.arange(n_steps + 1), high)
    for axis in axes.values():
        for start, end in gaps(axis):
            grid = grid[(grid <= start) | (grid >= end)]
    if grid.size < 2:
        raise WavelengthRangeError("the instruments share no range, but for regions that one of them has not measured.")
    return grid
