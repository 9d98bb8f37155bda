"""Affine maps of spectra, and the coefficient vector of anything that predicts affinely."""

from dataclasses import dataclass

import numpy as np

from ..exceptions import NonFiniteSpectraError, NonLinearCalibrationError

__all__ = ["BandedMap", "IntegratedMap", "LowRankMap", "affine_coefficients"]

AFFINE_TOLERANCE = 1e-6
PROBE_ROUNDING = 1e-6
# standard deviations from the mean at which a prediction is probed
STEPS = (-1000.0, -30.0, -2.0, -0.7, 0.0, 0.7, 2.0, 30.0, 1000.0)


@dataclass(frozen=True, eq=False)
class LowRankMap:
    """The map ``x -> x (I + left right) + offset``, or without the identity.

    Attributes
    ----------
    offset : ndarray of shape (n_channels,)
    left : ndarray of shape (n_channels, rank) or None
    right : ndarray of shape (rank, n_channels) or None
    identity : bool
        Whether the spectrum itself is part of the result.
    """

    offset: np.ndarray
    left: np.ndarray | None = None
    right: np.ndarray | None = None
    identity: bool = False

    def __call__(self, X):
        """Map spectra (n_spectra, n_channels)."""
        mapped = X + self.offset if self.identity else np.broadcast_to(self.offset, X.shape)
        return mapped if self.left is None else mapped + (X @ self.left) @ self.right

    def matrix(self):
        """Return F of shape (n_channels, n_channels) in ``x F + offset``."""
        n_channels = len(self.offset)
        matrix = np.eye(n_channels) if self.identity else np.zeros((n_channels, n_channels))
        return matrix if self.left is None else matrix + self.left @ self.right


@dataclass(frozen=True, eq=False)
class BandedMap:
    """A map in which each channel depends on a window of channels around it.

    Attributes
    ----------
    offset : ndarray of shape (n_channels,)
    bands : ndarray of shape (n_channels, 2 * window + 1)
        Row ``j`` holds the coefficients of channels ``j - window`` to ``j + window``; zero outside the spectrum.
    """

    offset: np.ndarray
    bands: np.ndarray

    def __call__(self, X):
        """Map spectra (n_spectra, n_channels)."""
        n_channels, width = self.bands.shape
        window = width // 2
        mapped = X * self.bands[:, window] + self.offset
        for step in range(1, min(window, n_channels - 1) + 1):
            mapped[:, step:] += X[:, :-step] * self.bands[step:, window - step]
            mapped[:, :-step] += X[:, step:] * self.bands[:-step, window + step]
        return mapped

    def matrix(self):
        """Return F of shape (n_channels, n_channels) in ``x F + offset``."""
        n_channels, width = self.bands.shape
        window = width // 2
        matrix = np.zeros((n_channels, n_channels))
        for shift in range(-min(window, n_channels - 1), min(window, n_channels - 1) + 1):
            columns = np.arange(max(0, -shift), n_channels - max(0, shift))
            matrix[columns + shift, columns] = self.bands[columns, window + shift]
        return matrix


@dataclass(frozen=True, eq=False)
class IntegratedMap:
    """A map of the steps from channel to channel; what it changes in them is summed up along the spectrum.

    The mean over the channels of what is summed up is zero, so that the level of a spectrum is changed by ``offset``
    alone.

    Attributes
    ----------
    offset : ndarray of shape (n_channels,)
    steps : BandedMap
        From the ``n_channels - 1`` steps of a spectrum to those of the mapped one.
    """

    offset: np.ndarray
    steps: BandedMap

    def __call__(self, X):
        """Map spectra (n_spectra, n_channels)."""
        steps = np.diff(X, axis=1)
        change = np.zeros_like(X)
        np.cumsum(self.steps(steps) - steps, axis=1, out=change[:, 1:])
        return X + self.offset + change - change.mean(axis=1, keepdims=True)

    def matrix(self):
        """Return F of shape (n_channels, n_channels) in ``x F + offset``."""
        n_channels = len(self.offset)
        return self(np.eye(n_channels)) - self(np.zeros((1, n_channels)))


def affine_coefficients(predict, n_channels, typical=None):
    """Coefficients of an affine prediction, found by probing it.

    Parameters
    ----------
    predict : callable
        Maps (n_spectra, n_channels) to (n_spectra, n_targets).
    n_channels : int
    typical : ndarray of shape (2, n_channels), optional
        Mean and standard deviation of spectra that the model was fitted on. Trees and kernels are constant far from
        them, and would pass for the constant that they are there.

    Returns
    -------
    coef : ndarray of shape (n_targets, n_channels)
    intercept : ndarray of shape (n_targets,)

    Raises
    ------
    NonLinearCalibrationError
        If the prediction is not affine.
    """
    # a ramp, because row-wise scaling inside a Pipeline rejects constant spectra
    base = np.linspace(1.0, 2.0, n_channels)
    at_base = predict(base[None])
    coef = (predict(base + np.eye(n_channels)) - at_base).T
    intercept = (at_base - base @ coef.T)[0]
    if not np.isfinite(coef).all():
        raise NonFiniteSpectraError("The calibration returns NaN or infinity for a linear ramp of absorbances.")
    trial = base + np.sin(np.outer([1.0, 2.0, 3.0], np.arange(n_channels)))
    if typical is not None:
        trial = np.vstack([trial, _around(*typical)])
    expected = trial @ coef.T + intercept
    # the rounding of what was probed counts too, where spectra are much smaller than the ramp
    scale = (np.abs(trial) + PROBE_ROUNDING * base) @ np.abs(coef.T) + np.abs(intercept)
    if (np.abs(predict(trial) - expected) > AFFINE_TOLERANCE * scale).any():
        raise NonLinearCalibrationError(
            "The calibration is not an affine function of the spectrum, so it has no coefficient vector. "
            "Row-wise normalisation such as SNV inside the estimator is the usual reason: put it in front of the "
            "transfer method in a Pipeline and export the last step. Trees, kernels and networks have none at all."
        )
    return coef, intercept


def _around(mean, deviation):
    """Spectra (n, n_channels) around the mean, with changes of several widths.

    Within a few standard deviations, where trees and kernels vary, and far beyond, where predictions reach zero or
    another limit that they are cut off at.
    """
    channels = np.arange(len(mean))
    shapes = [np.ones(len(mean)), np.sin(channels), np.cos(0.05 * channels), np.sin(6.0 * channels / len(mean))]
    return mean + np.vstack([step * deviation * shape for step in STEPS for shape in shapes])
