"""A model knows its axis: it keeps the wavelengths of ``fit``, and finds them in what it is given later."""

import sys
import warnings
from collections.abc import Mapping

import numpy as np
from sklearn import get_config
from sklearn.base import OneToOneFeatureMixin
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline

from ..exceptions import AxisMismatchError, ChannelOrderWarning, UnknownAxisWarning
from .axis import check_axis, order_onto
from .channels import Labels, numbers_in
from .nested import is_nested
from .units import LENGTHS, check_plausible, check_unit, convert, likely_unit, to_nm

__all__ = ["ChannelNames", "axis_names", "find_order", "known_axis", "learn_axis", "order_for", "warn_of_order"]

# frames between a transformer and the Pipeline that calls it: scikit-learn wraps the method
CALLS_TO_PIPELINE = 4

FITTED = ("wavelengths_", "axis_unit_", "_axis_labels", "_axis_unit")


class ChannelNames(OneToOneFeatureMixin):
    """Mixin of transformers whose channels stay what they are: output columns are named by the wavelengths."""

    def get_feature_names_out(self, input_features=None):
        """Name the channels.

        Parameters
        ----------
        input_features : array-like of str of shape (n_channels,), optional
            Only checked against the names seen in ``fit``.

        Returns
        -------
        ndarray of object of shape (n_channels,)
            The names seen in ``fit``, else the wavelengths, else ``x0``, ``x1``, ...
        """
        names = super().get_feature_names_out(input_features)
        own = known_axis(self)
        if input_features is not None or own is None or hasattr(self, "feature_names_in_"):
            return names
        return axis_names(own)


def axis_names(labels):
    """Write an axis as names of columns, exact to the last digit, with the unit where it is not nm."""
    unit = f" {labels.unit}" if labels.unit not in (None, "nm") else ""
    return np.array([f"{float(value)!r}{unit}" for value in labels.values], dtype=object)


def learn_axis(estimator, labels, n_channels, *, axis_unit=None, existing=None, ordered=True, stacklevel=2):
    """Set the axis of an estimator in ``fit``, and find the order in which labelled spectra have it.

    The axis is the parameter ``wavelengths``, else that of an existing calibration, else the labels. Sets
    ``wavelengths_`` (in nm) and ``axis_unit_`` where an axis is known.

    Parameters
    ----------
    estimator : estimator instance
        Its ``axis_unit`` is the unit of ``wavelengths``, and of labels that do not say theirs.
    labels : Labels or None
        What the columns say.
    n_channels : int
    axis_unit : str, optional
        In place of the estimator's own.
    existing : Labels, optional
        Axis of the existing calibration inside.
    ordered : bool
        Whether labels must be in order, as for methods in which channels have neighbours.
    stacklevel : int
        As in ``warnings.warn``, counted from the caller.

    Returns
    -------
    ndarray of int of shape (n_channels,) or None
        None where the channels stand as they should.

    Raises
    ------
    AxisMismatchError
        If parameter, existing calibration and labels contradict each other, or labels are in no order.
    AxisUnitError
        If the axis cannot be in its unit.
    """
    for name in FITTED:
        if name in vars(estimator):
            delattr(estimator, name)
    unit = getattr(estimator, "axis_unit", None) if axis_unit is None else axis_unit
    unit = None if unit is None else check_unit(unit)
    given = getattr(estimator, "wavelengths", None)
    if isinstance(given, Mapping):
        return None
    own = None if given is None else Labels(check_axis(given, n_channels), unit)
    if existing is not None and existing.values.size == n_channels:
        if own is not None:
            order = find_order(own, existing)
            if order is None or (np.diff(order) != 1).any():
                raise AxisMismatchError(
                    f"The existing calibration has {existing}, and wavelengths= has {own}: give wavelengths= in the "
                    "order of its channels, and resample the spectra where these are on another axis."
                )
        own = existing if own is None else own
    order = None
    if own is not None:
        name = "wavelengths"
        order = _order_of_labels(type(estimator).__name__, own, labels)
    elif labels is not None and not labels.counted:
        name, own = "the column labels of X", labels._replace(unit=labels.unit or unit)
        _check_distinct(own, ordered)
    else:
        return _in_counted_order(labels)
    if own.unit is not None and existing is None:
        told = labels is not None and labels.unit is not None
        check_plausible(own.values, own.unit, name=name, told=told, stacklevel=stacklevel + 1)
    estimator._axis_labels, estimator._axis_unit = own
    assumed = own.unit or likely_unit(own.values)
    if assumed is not None:
        estimator.wavelengths_ = np.array(to_nm(own.values, assumed))
        estimator.axis_unit_ = assumed
    return order


def _order_of_labels(owner, own, labels):
    """Order of labelled spectra on the axis of the parameter, or of the existing calibration, in ``fit``."""
    if labels is None or labels.counted:
        return None
    order = find_order(own, labels)
    # numbers that no spectrometer measures at are names, and do not contradict the axis
    if order is None and likely_unit(labels.values) is not None:
        raise AxisMismatchError(
            f"{owner} was told the axis {own}, but the columns of X are labelled {labels}. Leave wavelengths= out to "
            "go by the labels, or pass X as an array where they are none."
        )
    return _unless_trivial(order)


def _check_distinct(own, ordered):
    values = own.values
    if not np.isfinite(values).all():
        raise AxisMismatchError("the column labels of X hold NaN or infinity beside numbers.")
    unique, counts = np.unique(values, return_counts=True)
    if (counts > 1).any():
        raise AxisMismatchError(
            f"X has {counts.max()} columns labelled {unique[counts.argmax()]:g}: keep one column per wavelength."
        )
    if ordered:
        try:
            check_axis(values, name="the column labels of X")
        except AxisMismatchError as error:
            raise AxisMismatchError(
                f"{error} Sort the columns by wavelength, for neighbouring channels are taken as neighbours; where two "
                "detectors overlap, cut one of them first."
            ) from None


def _in_counted_order(labels):
    """Order that undoes a shuffle of columns without names, which are numbered from 0 or 1."""
    return None if labels is None else _unless_trivial(np.argsort(labels.values, kind="stable"))


def _unless_trivial(order):
    return None if order is None or (np.diff(order) == 1).all() else order


def find_order(own, labels):
    """Find the order in which labels are an axis, up to rounding and whatever the units.

    Parameters
    ----------
    own : Labels
        The axis wanted.
    labels : Labels
        What the columns say. Where one of the two does not say its unit, it may be in any.

    Returns
    -------
    ndarray of int of shape (n_channels,) or None
        None where it is another axis.
    """
    if own.values.shape != labels.values.shape:
        return None
    if own.unit == labels.unit or None in (own.unit, labels.unit):
        order = order_onto(labels.values, own.values)
        if order is not None:
            return order
    if not np.all(labels.values > 0):
        return None
    for unit in LENGTHS if labels.unit is None else (labels.unit,):
        for to in LENGTHS if own.unit is None else (own.unit,):
            if unit != to and "Raman shift" not in (unit, to):
                order = order_onto(convert(labels.values, unit, to), own.values)
                if order is not None:
                    return order
    return None


def known_axis(estimator):
    """Give the axis that an estimator expects its input on.

    Parameters
    ----------
    estimator : estimator
        Fitted; also scikit-learn's, whose names of features may be wavelengths. Of a Pipeline the first step counts.

    Returns
    -------
    Labels or None
    """
    if isinstance(estimator, FrozenEstimator):
        return known_axis(estimator.estimator)
    if isinstance(estimator, Pipeline):
        first = next((step for _, step in estimator.steps if step not in (None, "passthrough")), None)
        return known_axis(first)
    if hasattr(estimator, "best_estimator_"):
        return known_axis(estimator.best_estimator_)
    if hasattr(estimator, "_known_axis"):
        return estimator._known_axis()
    values = getattr(estimator, "_axis_labels", None)
    if values is not None:
        return Labels(values, estimator._axis_unit)
    names = getattr(estimator, "feature_names_in_", None)
    found = None if names is None else numbers_in(names)
    return None if found is None or found.counted else found


def order_for(estimator, labels, n_channels):
    """Find the order in which labelled spectra have the axis of a fitted estimator.

    Returns
    -------
    ndarray of int of shape (n_channels,) or None
        None where the channels stand as they should, or nobody knows better.

    Raises
    ------
    AxisMismatchError
        If the labels are another axis.
    """
    if labels is None or labels.counted:
        return _in_counted_order(labels)
    own = known_axis(estimator)
    if own is None:
        _warn_of_unknown_axis(estimator, labels)
        return None
    order = find_order(own, labels)
    if order is None:
        raise AxisMismatchError(
            f"X is on another axis than {type(estimator).__name__} was fitted on: the model has {own}, and the columns "
            f"of X are labelled {labels}{_farthest(own, labels)}. Put Resample(grid=...) first in a Pipeline, which "
            "brings every axis onto that of the model, or pass X as an array if its labels are not wavelengths."
        )
    return _unless_trivial(order)


def _warn_of_unknown_axis(estimator, labels):
    """Warn of columns that do not ascend where the model cannot tell in which order those of ``fit`` stood."""
    if is_nested() or (np.diff(labels.values) > 0).all() or hasattr(estimator, "feature_names_in_"):
        return
    warnings.warn(
        f"The columns of X are labelled {labels} and do not ascend, and {type(estimator).__name__} was fitted on "
        "spectra without wavelengths: they are taken in the order in which they stand. Fit on labelled spectra, or "
        "bring the columns into the order of fit and pass an array.",
        UnknownAxisWarning,
        stacklevel=5,
    )


def warn_of_order(estimator, stacklevel):
    """Warn that an array without labels stands in another order than the columns it was made from.

    Nothing is said where the labels go along (``set_output``) or where the next step of a Pipeline knows the order.
    """
    chosen = getattr(estimator, "_sklearn_output_config", {}).get("transform", get_config()["transform_output"])
    if chosen != "default":
        return
    frame = sys._getframe(stacklevel)
    for _ in range(CALLS_TO_PIPELINE):
        if frame is None:
            break
        if frame.f_globals.get("__name__") == "sklearn.pipeline":
            return
        frame = frame.f_back
    warnings.warn(
        f"{type(estimator).__name__} gives the channels in the order of the axis seen in fit (wavelengths_), which is "
        'not that of the columns of X; set_output(transform="pandas") labels them.',
        ChannelOrderWarning,
        stacklevel=stacklevel + 2,
    )


def _farthest(own, labels):
    """Say by how much two axes of one length and unit differ."""
    if own.values.shape != labels.values.shape or own.unit != (labels.unit or own.unit):
        return ""
    return f" (they differ by up to {np.abs(np.sort(own.values) - np.sort(labels.values)).max():.3g})"
