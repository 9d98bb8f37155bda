"""Spectra that arrived, brought onto the axis and to the quantity of a model, and those that cannot be."""

import numpy as np

from .._core.axis import SAME_AXIS, check_axis
from .._core.axis_identity import find_order
from .._core.channels import Labels
from .._core.plausible import DWARFING_SPECTRA
from .._core.quantities import ABSORBANCES, convert_quantity
from .._core.units import convert
from .._core.validation import LARGEST_VALUE, constant_rows
from ..exceptions import ChannelMismatchError, WavelengthRangeError
from ..preprocessing import Resample
from ._clues import Clues

__all__ = ["dwarfing", "onto_axis", "onto_model", "unusable"]

#: Where spectra have so many times fewer channels over the range of the model, bands of its own are between them.
COARSER = 2.0


def onto_model(incoming, rows, record, unit):
    """Bring the spectra of some rows onto the axis and to the quantity of the model of one target.

    Parameters
    ----------
    incoming : Incoming
    rows : ndarray of int of shape (n_rows,)
    record : TransferRecord
    unit : str
        Of the axis of the model.

    Returns
    -------
    X : ndarray of shape (n_rows, n_channels)
    said : list of (str, str)
        What was done to them, each with how severe that is.
    failed : list of str or None of length n_rows
        Why a spectrum cannot be predicted.
    clues : Clues
        What may explain a spectrum that is unlike those of the calibration.

    Raises
    ------
    ChannelMismatchError, WavelengthRangeError, AxisMismatchError, QuantityError
        If they cannot be those of the target.
    """
    said = []
    X, axis = incoming.spectra_of(rows, record.target)
    failed = unusable(X)
    quantities = [incoming.quantity_of(row) for row in rows]
    clues = Clues.of(X, quantities, record.quantity)
    converted = dict.fromkeys(quantities, False)
    if len(converted) == 1:
        # nothing is copied where nothing is converted
        X, converted[quantities[0]] = convert_quantity(X, quantities[0], record.quantity)
    else:
        parts = np.empty_like(X)
        for quantity in converted:
            at = np.flatnonzero([q == quantity for q in quantities])
            parts[at], converted[quantity] = convert_quantity(X[at], quantity, record.quantity)
        X = parts
    said += [("note", f"converted from {one} to {record.quantity}") for one, was in converted.items() if was]
    if record.quantity == "unknown":
        strange = dict.fromkeys(one for one in quantities if one != "unknown" and one not in ABSORBANCES)
        said += [("note", f"said to be {one}, and what the model was made from was not stated") for one in strange]
    if any(converted.values()):
        lost = (~np.isfinite(X)).sum(axis=1)
        failed = [
            f"has no {record.quantity} in {lost[row]} channels, where it is 0 or less"
            if lost[row] and failed[row] is None
            else failed[row]
            for row in range(len(rows))
        ]
    failed = [f"the spectrum {reason}" if reason else None for reason in failed]
    failed = [flaw or reason for flaw, reason in zip(incoming.flaws[rows], failed)]
    X, resampled = onto_axis(X, axis, incoming.unit, record.wavelengths, unit)
    if resampled is not None:
        said.append(_said_of_axis(resampled, record.n_channels))
    if X.shape[1] != record.n_channels:
        raise ChannelMismatchError(
            f"The spectra have {X.shape[1]} channels, and the model of {record.target!r} needs "
            f"{record.n_channels}. Give spectra with their wavelengths, as a table or DataFrame, so that they can "
            "be matched."
        )
    return X, said, failed, clues


def onto_axis(X, axis, unit, own_axis, own_unit):
    """Bring spectra onto the axis of a model.

    Parameters
    ----------
    X : ndarray of shape (n_spectra, n_channels)
    axis : ndarray of shape (n_channels,) or None
        None: taken as the model's.
    unit : str or None
        Of ``axis``; None: that of the model.
    own_axis : ndarray of shape (n_own,) or None
    own_unit : str

    Returns
    -------
    X : ndarray of shape (n_spectra, n_own)
    resampled : int or None
        How many of their own channels lie in the model's range, where these are not the model's.

    Raises
    ------
    AxisMismatchError
        If the units cannot be converted.
    WavelengthRangeError
        If the spectra do not cover the model's range.
    """
    if axis is None or own_axis is None:
        return X, None
    order = find_order(Labels(own_axis, own_unit), Labels(axis, unit))
    if order is not None:
        return np.ascontiguousarray(X[:, order]), None
    ascending = np.argsort(axis)
    X, axis = X[:, ascending], check_axis(axis[ascending])
    if unit is not None and unit != own_unit:
        axis = convert(axis, unit, own_unit, name="the axis of the spectra")
    if (axis[0] < axis[-1]) != (own_axis[0] < own_axis[-1]):
        axis, X = axis[::-1], X[:, ::-1]
    step = np.abs(np.diff(own_axis)).min() if len(own_axis) > 1 else 1.0
    low, high = min(own_axis), max(own_axis)
    slack = SAME_AXIS * step
    if min(axis) > low + slack or max(axis) < high - slack:
        raise WavelengthRangeError(
            f"The spectra go from {min(axis):g} to {max(axis):g} {own_unit}, and the model needs {low:g} to {high:g} "
            f"{own_unit}. Are they of the right instrument, and is the unit of their axis right?"
        )
    grid = np.clip(own_axis, min(axis), max(axis))
    usable = np.isfinite(X).all(axis=1)
    out = np.full((len(X), len(grid)), np.nan)
    if usable.any():
        out[usable] = Resample(wavelengths=axis, grid=grid, axis_unit=own_unit).fit(X[usable]).transform(X[usable])
    return out, int(((axis >= low - slack) & (axis <= high + slack)).sum())


def _said_of_axis(n_channels, n_needed):
    """That spectra were resampled; between channels that lie much farther apart nothing was measured."""
    done = f"resampled from {n_channels} channels to the {n_needed} of the model"
    if n_needed > COARSER * n_channels:
        return "warning", f"{done}, whose bands are narrower than these can show"
    return "note", done


def unusable(X):
    """Why a spectrum cannot be predicted, list of str or None of length n_spectra."""
    reasons = [None] * len(X)
    finite = np.isfinite(X).all(axis=1)
    for row in np.flatnonzero(~finite):
        reasons[row] = f"holds NaN or infinity in {int((~np.isfinite(X[row])).sum())} of its {X.shape[1]} channels"
    # of rows with NaN the comparison is false
    for row in np.flatnonzero(finite & (np.maximum(X.max(axis=1), -X.min(axis=1)) >= LARGEST_VALUE)):
        reasons[row] = f"holds values of {LARGEST_VALUE:g} and more"
    known = X if finite.all() else X[finite]
    for row in np.flatnonzero(finite)[constant_rows(known)]:
        reasons[row] = "is constant over all channels, as a failed scan is"
    return reasons


def dwarfing(X, largest):
    """Say which spectra have values beside which those of the calibration are nothing, list of str or None.

    Parameters
    ----------
    X : ndarray of shape (n_spectra, n_channels)
    largest : float
        Largest magnitude of a value that the model was made from.
    """
    reasons = [None] * len(X)
    extreme = np.maximum(X.max(axis=1), -X.min(axis=1))
    for row in np.flatnonzero(extreme > DWARFING_SPECTRA * largest):
        reasons[row] = (
            f"the spectrum holds values of {extreme[row]:.3g}, where those of the calibration reach {largest:.3g}: a "
            "fill value, or another unit"
        )
    return reasons
