"""How a transfer method treats the calibration inside it: frozen, ordinary, or a transfer method itself."""

import warnings

import numpy as np
from sklearn import get_config
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils.metadata_routing import get_routing_for_object

from .._core.property_names import property_name
from ..exceptions import AmbiguousInstrumentError, MissingReferenceError
from ._linear import LinearCalibration
from ._pls import PLSRegressionCV

__all__ = [
    "PropertyWise",
    "assign_roles",
    "consumed_metadata",
    "existing_calibration",
    "fit_calibration",
    "fit_with_metadata",
    "holds_frozen",
    "is_frozen",
    "is_transfer",
    "predict_2d",
    "refuse_class",
    "refuse_transfer",
]

METADATA = ("instrument", "sample_id")


def refuse_class(estimator):
    """Raise TypeError for a class where an instance belongs."""
    if isinstance(estimator, type):
        name = estimator.__name__
        raise TypeError(f"estimator must be an instance, such as {name}(), got the class {name}.")


def is_frozen(estimator):
    """Tell whether an estimator is an existing calibration that ``fit`` leaves alone.

    A Pipeline counts as frozen when its last step is.
    """
    if isinstance(estimator, Pipeline):
        return is_frozen(estimator.steps[-1][1])
    return isinstance(estimator, (FrozenEstimator, LinearCalibration))


def holds_frozen(estimator):
    """Tell whether the calibration, inside however many transfer methods, is an existing one."""
    if isinstance(estimator, Pipeline):
        return holds_frozen(estimator.steps[-1][1])
    if hasattr(estimator, "__transfer_tags__"):
        return holds_frozen(getattr(estimator, "estimator", None))
    return is_frozen(estimator)


def existing_calibration(estimator):
    """Give the existing calibration that meets the channels as they arrive, or None.

    Transfer methods inside each other keep the channels; the steps of a Pipeline may not, so of one that ends in an
    existing calibration only its first step counts.
    """
    if hasattr(estimator, "__transfer_tags__"):
        return existing_calibration(getattr(estimator, "estimator", None))
    return estimator if is_frozen(estimator) else None


def consumed_metadata(estimator):
    """Labels of the rows that ``estimator.fit`` (or a part of it) asks for."""
    return get_routing_for_object(estimator).consumes("fit", METADATA)


def is_transfer(estimator):
    """Tell whether an estimator wants to know the instruments of the rows."""
    return estimator is not None and "instrument" in consumed_metadata(estimator)


def refuse_transfer(owner, estimator):
    """Raise if a baseline, which has no rows of two instruments to hand on, wraps a transfer method."""
    if is_transfer(estimator):
        raise TypeError(
            f"{type(owner).__name__} fits an ordinary regressor, but its estimator is a transfer method. "
            "Use that method directly."
        )


def _spelled(estimator, metadata, prefix=""):
    """Spell metadata as ``step__name`` where routing is off and the estimator is a Pipeline."""
    if not isinstance(estimator, Pipeline):
        return {prefix + key: metadata[key] for key in consumed_metadata(estimator)}
    spelled = {}
    for name, step in estimator.steps:
        if step is not None and step != "passthrough":
            spelled.update(_spelled(step, metadata, f"{prefix}{name}__"))
    return spelled


def fit_with_metadata(estimator, X, y, *, instrument=None, sample_id=None):
    """Fit, handing on whichever labels the estimator asks for, with metadata routing on or off."""
    metadata = {"instrument": instrument, "sample_id": sample_id}
    wanted = {key: metadata[key] for key in consumed_metadata(estimator) if metadata[key] is not None}
    if not wanted:
        return estimator.fit(X, y)
    if not get_config()["enable_metadata_routing"]:
        every = _spelled(estimator, metadata)
        wanted = {key: value for key, value in every.items() if value is not None}
    return estimator.fit(X, y, **wanted)


def assign_roles(estimator, source, target):
    """Hand resolved roles to every transfer method inside ``estimator`` (changed in place, so pass a clone).

    Raises
    ------
    AmbiguousInstrumentError
        If an inner method has other roles.
    """
    params = estimator.get_params(deep=True)
    inner = {"": estimator} | {name: value for name, value in params.items() if hasattr(value, "fit")}
    for name, part in inner.items():
        if not hasattr(part, "__transfer_tags__"):
            continue
        for role, resolved in (("source", source), ("target", target)):
            given = getattr(part, role, None)
            if given is None:
                part.set_params(**{role: resolved})
            elif given != resolved:
                raise AmbiguousInstrumentError(
                    f"{role} is {resolved!r} outside but {given!r} in {type(part).__name__} "
                    f"{'inside' if not name else repr(name)}; leave the inner role None or make them agree."
                )
    return estimator


class PropertyWise:
    """One fitted clone per property, for references that are partly missing.

    Parameters
    ----------
    estimators : list of fitted estimators
        One for each column of ``y``, in order.
    """

    def __init__(self, estimators):
        self.estimators = estimators

    def predict(self, X):
        """Predict all properties as (n_spectra, n_targets)."""
        return np.column_stack([np.asarray(estimator.predict(X)).ravel() for estimator in self.estimators])


def fit_calibration(owner, estimator, X, y, sample_id=None):
    """Fit an ordinary calibration on labelled rows.

    Parameters
    ----------
    owner : estimator instance
        Named in messages.
    estimator : estimator or None
        None stands for :class:`~skspectral.PLSRegressionCV`. A frozen one is returned as a clone.
    X : ndarray of shape (n_spectra, n_channels)
    y : ndarray of shape (n_spectra, n_targets)
        NaN where there is no reference.
    sample_id : ndarray of shape (n_spectra,), optional
        Handed on if the estimator asks for it.

    Returns
    -------
    fitted estimator
        A :class:`PropertyWise` where properties have different labelled rows.

    Raises
    ------
    MissingReferenceError
        If a property has no reference at all.
    """
    if is_frozen(estimator):
        return clone(estimator)
    estimator = PLSRegressionCV() if estimator is None else estimator
    finite = np.isfinite(y)
    if not finite.any(axis=0).all():
        column = int(np.flatnonzero(~finite.any(axis=0))[0])
        which = property_name(column, y.shape[1])
        raise MissingReferenceError(
            f"{type(owner).__name__} got no reference for {which} in the {len(y)} rows it calibrates on; "
            "y is NaN there. Give references, or wrap an existing calibration in FrozenEstimator."
        )

    def fit(rows, columns):
        part = y[rows][:, columns]
        ids = None if sample_id is None else sample_id[rows]
        target = part[:, 0] if part.shape[1] == 1 else part
        return fit_with_metadata(clone(estimator), X[rows], target, sample_id=ids)

    labelled = finite.any(axis=1)
    if finite[labelled].all() or isinstance(estimator, PLSRegressionCV):
        return fit(labelled, slice(None))
    return PropertyWise([fit(finite[:, j], [j]) for j in range(y.shape[1])])


def predict_2d(estimator, X):
    """Predict as float64 (n_spectra, n_targets), whatever shape the estimator returns."""
    if hasattr(estimator, "feature_names_in_"):
        # an existing calibration of scikit-learn with named columns; fit has compared the names
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "X does not have valid feature names", UserWarning)
            predicted = estimator.predict(X)
    else:
        predicted = estimator.predict(X)
    return np.asarray(predicted, dtype=np.float64).reshape(len(X), -1)
