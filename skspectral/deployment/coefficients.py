"""The coefficient vector of a deployed model, exact where it is affine, else a linearisation with its error."""

from dataclasses import dataclass

import numpy as np

from .._core.affine import affine_coefficients
from .._core.nested import nested_fits
from ..exceptions import NonLinearCalibrationError
from ._methods import as_columns

__all__ = ["Coefficients", "fold"]

#: Spectra by which the error of a linearisation is measured, and the step at which slopes are.
N_DRAWS = 400
STEP = 1e-3


@dataclass(frozen=True, eq=False)
class Coefficients:
    """``y = intercept + coef x`` for spectra as the target measures them.

    Attributes
    ----------
    target : object
    wavelengths : ndarray of shape (n_channels,) or None
        The target's own axis.
    coef : ndarray of shape (n_properties, n_channels)
    intercept : ndarray of shape (n_properties,)
    error : ndarray of shape (n_properties,) or None
        Root mean square difference to the model's own predictions over spectra drawn from the calibration's
        distribution; None where the model is affine.
    rmsep : ndarray of shape (n_properties,)
        Error of the model on standards that were left out, NaN where that is not known.
    """

    target: object
    wavelengths: np.ndarray | None
    coef: np.ndarray
    intercept: np.ndarray
    error: np.ndarray | None
    rmsep: np.ndarray


def fold(record, approximate):
    """Fold a fitted transfer into coefficients.

    Parameters
    ----------
    record : TransferRecord
    approximate : bool
        Whether to linearise a model that is not affine.

    Returns
    -------
    Coefficients

    Raises
    ------
    NonLinearCalibrationError
        If the model is not affine and ``approximate`` is false, or there is nothing to linearise at.
    """
    model = record.pipeline

    def predict(X):
        # what is probed is far from all spectra, and nobody needs to be told
        with nested_fits():
            return as_columns(model.predict(X))

    rmsep = record.held_out.rmsep
    try:
        coef, intercept = affine_coefficients(predict, record.n_channels, _typical(record))
    except NonLinearCalibrationError as error:
        if not approximate:
            raise NonLinearCalibrationError(
                f"{error} Ask for a linearisation (approximate=True, or --approximate) and look at its error, or make "
                "the transfer by a method that is linear, such as PDS or SBC."
            ) from error
        return _linearised(record, predict, rmsep)
    return Coefficients(record.target, record.wavelengths, coef, intercept, None, rmsep)


def _typical(record):
    """Mean and standard deviation of spectra on the target's own axis, (2, n_channels); None where not known."""
    if record.limits is not None:
        typical = np.stack([record.limits.mean_, record.limits.draw(N_DRAWS, random_state=0).std(axis=0)])
    else:
        typical = getattr(record.model, "_range", {}).get("typical")
    if typical is None or record.resample is None:
        return typical
    native, common = np.asarray(record.wavelengths, dtype=np.float64), np.asarray(record.resample.grid_)
    order = np.argsort(common)
    return np.stack([np.interp(native, common[order], row[order]) for row in typical])


def _linearised(record, predict, rmsep):
    if record.limits is None or record.resample is not None:
        raise NonLinearCalibrationError(
            "The model is not linear, and the mean spectrum on the target's own axis is not known, at which it could "
            "be linearised: it has no limits, or was made on a resampled axis."
        )
    centre, drawn = record.limits.mean_, record.limits.draw(N_DRAWS, random_state=0)
    step = STEP * drawn.std(axis=0).mean()
    at_centre = predict(centre[None])
    coef = (
        (predict(centre + step * np.eye(len(centre))) - predict(centre - step * np.eye(len(centre)))) / (2 * step)
    ).T
    intercept = (at_centre - centre @ coef.T)[0]
    error = np.sqrt(np.mean((drawn @ coef.T + intercept - predict(drawn)) ** 2, axis=0))
    return Coefficients(record.target, record.wavelengths, coef, intercept, error, rmsep)
