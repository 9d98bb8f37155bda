"""What a deployed model asks of an estimator: to know its roles and axis, and to say how sure it is."""

import inspect

import numpy as np
from sklearn.base import OneToOneFeatureMixin, clone
from sklearn.pipeline import Pipeline

from ..calibration.wrapping import assign_roles, is_transfer, refuse_class

__all__ = ["as_columns", "has_std", "last_step", "method_of", "predict_with_std", "prepared"]


def method_of(method):
    """The estimator that a user asked for: by itself, or by the name "auto"."""
    if not isinstance(method, str):
        refuse_class(method)
        if not is_transfer(method):
            raise TypeError(
                f"{type(method).__name__} is no transfer method: it would take the spectra of both instruments for "
                f"those of one. Give a method around it, such as PDS({type(method).__name__}(...)), SourceOnly(...) or "
                "Pooled(...)."
            )
        return method
    if method != "auto":
        raise ValueError(f'method must be "auto" or an estimator, got {method!r}.')
    from ..transfer import AutoTransfer

    return AutoTransfer()


def prepared(estimator, rows):
    """Clone an estimator for these rows: with their roles, and their axis in nm where it asks for one.

    Parameters
    ----------
    estimator : estimator
    rows : TrainingRows
    """
    model = assign_roles(clone(estimator), rows.source, rows.target)
    last, before = last_step(model), model.steps[:-1] if isinstance(model, Pipeline) else []
    # behind a step with other channels the axis of the spectra is not the axis of the method
    keeps_channels = all(isinstance(step, OneToOneFeatureMixin) for _, step in before)
    asked = last.get_params(deep=False).get("wavelengths", "not a parameter") is None
    if rows.nm is not None and keeps_channels and asked:
        last.set_params(wavelengths=rows.nm)
    return model


def last_step(model):
    """The estimator at the end of a Pipeline or inside a search, or the model itself."""
    while True:
        if isinstance(model, Pipeline):
            model = model.steps[-1][1]
        elif hasattr(model, "best_estimator_"):
            model = model.best_estimator_
        else:
            return model


def has_std(model):
    """Whether the method gives standard deviations itself."""
    return "return_std" in inspect.signature(last_step(model).predict).parameters


def predict_with_std(model, X):
    """Predict with the method's own standard deviations: two arrays of one shape, or the second None."""
    # a Pipeline hands arguments of predict on only without metadata routing
    while isinstance(model, Pipeline) or hasattr(model, "best_estimator_"):
        if isinstance(model, Pipeline):
            X = model[:-1].transform(X) if len(model.steps) > 1 else X
            model = model.steps[-1][1]
        else:
            model = model.best_estimator_
    return model.predict(X, return_std=True) if has_std(model) else (model.predict(X), None)


def as_columns(values):
    """Predictions as float64 (n_spectra, n_properties); None stays None."""
    return None if values is None else np.asarray(values, dtype=np.float64).reshape(len(values), -1)
