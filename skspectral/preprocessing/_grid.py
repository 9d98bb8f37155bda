"""The axis that several instruments share."""

import numpy as np

from ..exceptions import WavelengthRangeError

__all__ = ["common_grid", "gaps_of"]

# Axes that agree to this share of a channel are the same axis, written with other rounding.
SAME_AXIS = 1e-6
# A step this many times the usual one is a region that was not measured. Steps of an FT instrument in nm, or of a
# prism, grow along the axis but not from one channel to the next.
GAP = 5.0


def gaps_of(axis):
    """Regions inside an axis that were not measured.

    Parameters
    ----------
    axis : array-like of shape (n_channels,)
        Monotonic.

    Returns
    -------
    list of (float, float)
        Last channel before and first channel behind each gap, ascending.
    """
    axis = np.sort(np.asarray(axis, dtype=np.float64))
    steps = np.diff(axis)
    if steps.size < 3:
        return []
    # the wider of the two neighbouring steps, so that a slow growth of the steps is none
    padded = np.pad(steps, 1, mode="reflect")
    beside = np.maximum(padded[:-2], padded[2:])
    wide = (steps > GAP * beside) & (steps > GAP * np.median(steps) / 2)
    return [(float(axis[k]), float(axis[k + 1])) for k in np.flatnonzero(wide)]


def common_grid(axes):
    """Find the axis on which spectra of several instruments can stand together.

    It is the range that all share, from its lowest wavelength in steps of the coarsest median step among the
    instruments, since a finer grid would invent resolution, without the regions that one of them has not measured.
    Where all axes agree it is that axis.

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
    tolerance = SAME_AXIS * np.abs(np.diff(first)).min(initial=np.inf)
    if all(axis.shape == first.shape and np.abs(axis - first).max() <= tolerance for axis in axes.values()):
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
    n_steps = int(np.floor((high - low) / step + SAME_AXIS))
    grid = np.minimum(low + step * np.arange(n_steps + 1), high)
    for axis in axes.values():
        for start, end in gaps_of(axis):
            grid = grid[(grid <= start) | (grid >= end)]
    if grid.size < 2:
        raise WavelengthRangeError("the instruments share no range, but for regions that one of them has not measured.")
    return grid
