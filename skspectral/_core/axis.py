"""Wavelength axes: what makes one, when two are the same, and where one has holes."""

import numpy as np

from ..exceptions import AxisMismatchError

__all__ = ["SAME_AXIS", "check_axis", "gaps", "largest_bend", "order_onto", "regions", "same_axis", "usual_step"]

#: Axes that agree to this share of a channel are one axis, written with other rounding.
SAME_AXIS = 0.05

# A step this many times the usual one is a region that was not measured. Steps of an FT instrument in nm, or of a
# prism, grow along the axis but not from one channel to the next.
GAP = 5.0


def check_axis(axis, n_channels=None, *, name="wavelengths"):
    """Validate a wavelength axis.

    Parameters
    ----------
    axis : array-like of shape (n_channels,)
        Wavelengths or wavenumbers, strictly increasing or strictly decreasing.
    n_channels : int, optional
        Number of channels of the spectra that the axis describes.
    name : str
        What the axis is called in messages.

    Returns
    -------
    ndarray of shape (n_channels,)
        A float64 copy.

    Raises
    ------
    AxisMismatchError
        If the axis is not one finite, strictly monotonic row of the right length.
    """
    try:
        values = np.array(axis, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise AxisMismatchError(f"{name} must be numbers (nm or cm-1), got {axis!r:.80}.") from error
    if values.ndim != 1 or values.size == 0:
        raise AxisMismatchError(f"{name} must be one-dimensional and not empty, got shape {values.shape}.")
    if not np.isfinite(values).all():
        raise AxisMismatchError(f"{name} holds NaN or infinity.")
    if n_channels is not None and values.size != n_channels:
        raise AxisMismatchError(
            f"{name} has {values.size} entries but the spectra have {n_channels} channels. "
            "Give one wavelength per channel of the spectra that arrive here."
        )
    steps = np.diff(values)
    if not (np.all(steps > 0) or np.all(steps < 0)):
        raise AxisMismatchError(f"{name} must be strictly increasing or strictly decreasing.")
    return values


def order_onto(values, own):
    """Find the order in which labels are an axis.

    Parameters
    ----------
    values : ndarray of shape (n_channels,)
        Labels in any order.
    own : ndarray of shape (n_own,)
        The axis wanted, of distinct values in any order.

    Returns
    -------
    ndarray of int of shape (n_channels,) or None
        Positions such that ``values[order]`` is ``own`` up to rounding; None where it is another axis.
    """
    if values.shape != own.shape or not np.isfinite(values).all():
        return None
    ours, theirs = np.argsort(own, kind="stable"), np.argsort(values, kind="stable")
    if not np.all(np.abs(own[ours] - values[theirs]) <= SAME_AXIS * _nearest_steps(own[ours])):
        return None
    order = np.empty(own.size, dtype=np.intp)
    order[ours] = theirs
    return order


def same_axis(first, second):
    """Tell whether two axes of shape (n_channels,) are one, in this order, up to rounding."""
    order = order_onto(second, first)
    return order is not None and bool((np.diff(order) == 1).all())


def _nearest_steps(ascending):
    """Distance of every channel to its nearest neighbour; a single channel counts as one in a hundred."""
    if ascending.size < 2:
        return np.abs(ascending) / 100
    steps = np.diff(ascending)
    return np.minimum(np.r_[steps, np.inf], np.r_[np.inf, steps])


def gaps(axis):
    """Find the regions inside an axis that were not measured.

    Parameters
    ----------
    axis : ndarray of shape (n_channels,)
        Strictly monotonic.

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


def regions(axis):
    """Cut an axis where it has gaps.

    Parameters
    ----------
    axis : ndarray of shape (n_channels,)
        Strictly monotonic.

    Returns
    -------
    list of slice
        The channels of each region that was measured throughout, in the order of the axis.
    """
    befores = {start if axis[0] <= axis[-1] else end for start, end in gaps(axis)}
    cuts = [k + 1 for k, value in enumerate(axis[:-1]) if float(value) in befores]
    return [slice(start, end) for start, end in zip([0, *cuts], [*cuts, len(axis)])]


def usual_step(axis):
    """Mean distance between neighbouring channels of an axis (n_channels,), gaps left out; at least two channels."""
    steps = np.concatenate([np.abs(np.diff(axis[region])) for region in regions(axis)])
    return float(steps.mean() if steps.size else np.abs(np.diff(axis)).mean())


def largest_bend(axis, n_channels=11):
    """Measure how far an axis is from equal steps, within a few channels.

    Parameters
    ----------
    axis : ndarray of shape (n_channels,)
    n_channels : int
        Channels of a window, odd.

    Returns
    -------
    float
        Largest distance, in steps, of a channel from the straight line through the ends of a window around it. Rounded
        labels stay below one half, and so do steps that grow slowly, as those of a wavenumber axis do in nm.
    position : int
        The channel.
    """
    half = min(n_channels // 2, (axis.size - 1) // 2)
    if half < 1:
        return 0.0, 0
    low, high = axis[: -2 * half], axis[2 * half :]
    bend = np.abs(axis[half:-half] - (low + high) / 2) / (np.abs(high - low) / (2 * half))
    at = int(np.argmax(bend))
    return float(bend[at]), at + half
