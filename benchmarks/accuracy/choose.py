"""The blind choice of settings: this module sees training rows and nothing else.

``choose`` gets the rows that a split gave for training and returns a fitted choice. Test spectra meet it only
afterwards, in ``Choice.predict``; test references never do.
"""

import time
from dataclasses import dataclass

import numpy as np

from .methods import METHODS, make_pipeline, preprocessing_of

__all__ = ["Choice", "TrainingRows", "blind_criterion", "choose"]


@dataclass(frozen=True, eq=False)
class TrainingRows:
    """Rows of the training set of one split.

    Attributes
    ----------
    X : ndarray of shape (n_spectra, n_channels)
        With NaN behind those of narrower instruments, where each has an axis of its own.
    y : ndarray of shape (n_spectra, n_targets)
    instrument, sample_id : ndarray of shape (n_spectra,)
    source, target : str
    wavelengths : ndarray of shape (n_channels,) or dict of {instrument: ndarray}, optional
        Axis in nm.
    dataset : str, optional
        Networks have settings for each.
    """

    X: np.ndarray
    y: np.ndarray
    instrument: np.ndarray
    sample_id: np.ndarray
    source: str
    target: str
    wavelengths: np.ndarray | dict | None = None
    dataset: str | None = None


@dataclass(frozen=True, eq=False)
class Choice:
    """Fitted pipelines, and which of them predicts each property.

    Attributes
    ----------
    pipelines : dict of {preprocessing: Pipeline}
    preprocessing : list of str
        The chosen one for each property.
    criterion : ndarray of shape (n_targets,)
        Blind criterion of the choice, in squared units of ``y``.
    n_components : list of int
        Latent variables of the calibration for each property; 0 where it is no PLS.
    seconds : float
        Time to fit all candidates.
    """

    pipelines: dict
    preprocessing: list
    criterion: np.ndarray
    n_components: list
    seconds: float

    def predict(self, X):
        """Predict target spectra of shape (n_spectra, n_channels) as (n_spectra, n_targets)."""
        every = {name: self.pipelines[name].predict(X).reshape(len(X), -1) for name in set(self.preprocessing)}
        return np.column_stack([every[name][:, j] for j, name in enumerate(self.preprocessing)])


def choose(method, rows):
    """Fit a method with every preprocessing, and choose one for each property by the blind criterion.

    Parameters
    ----------
    method : str
        A key of ``METHODS``.
    rows : TrainingRows

    Returns
    -------
    Choice
    """
    if METHODS[method].own_axis and (rows.instrument != rows.target).any():
        raise ValueError(f"{method} is calibrated on rows of the target alone.")
    start = time.perf_counter()
    pipelines, criteria = {}, []
    for name in preprocessing_of(method):
        pipeline = make_pipeline(method, name, rows.source, rows.target, rows.wavelengths, rows.dataset)
        pipeline.fit(rows.X, rows.y, method__instrument=rows.instrument, method__sample_id=rows.sample_id)
        pipelines[name] = pipeline
        criteria.append(blind_criterion(pipeline.named_steps["method"]))
    seconds = time.perf_counter() - start
    criteria = np.stack(criteria)
    best = criteria.argmin(axis=0)
    names = [list(pipelines)[i] for i in best]
    components = [_n_components(pipelines[name]["method"], j) for j, name in enumerate(names)]
    return Choice(pipelines, names, criteria.min(axis=0), components, seconds)


def blind_criterion(model):
    """Cross-validated error of the calibration plus held-out error of the transfer, in squared units of ``y``.

    A network holds out source samples instead of cross-validating. A method that transfers nothing has the first part
    only, as has one with too few standards to hold any out. A method without a calibration of its own to cross-validate
    has the second part only; it chooses nothing here.
    """
    transfer = np.nan_to_num(getattr(model, "transfer_rmse_", 0.0))
    if hasattr(model, "validation_rmse_"):
        return np.nan_to_num(model.validation_rmse_) ** 2 + transfer**2
    if not hasattr(_calibration(model), "rmsecv_"):
        return transfer**2
    return _calibration(model).rmsecv_ ** 2 + transfer**2


def _calibration(model):
    """Return the part of a fitted method that knows its cross-validated error; diPLS is its own calibration."""
    return model if hasattr(model, "rmsecv_") else getattr(model, "estimator_", None)


def _n_components(model, j):
    calibration = _calibration(model)
    return int(calibration.n_components_[j]) if hasattr(calibration, "n_components_") else 0
