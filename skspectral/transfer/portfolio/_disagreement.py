"""What weighted models differ by, kept to a stated precision.

The weighted variance between models that are linear in some features is a quadratic form, the squared length of
``differences @ features``. Hundreds of rows of it would make large files, and most of what they say is far below what a
standard deviation needs. So the form is brought to its main axes, along which usual spectra spread it, and its
coefficients are rounded like those of a compressed picture: after a cosine transform along the spectrum, in multiples
of one step, each in the unit of how much usual spectra vary there. What never matters becomes zero, and zeros take no
room in a file. Predictions do not pass through here; they are exact.
"""

from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
from scipy.fft import dct, idct

__all__ = ["Disagreement"]

# root mean square error of a standard deviation over usual spectra, relative to its root mean square
TOLERANCE = 5e-3
# noise, in units of what the features vary by, that counts as usual
NOISE = 1e-2


@dataclass(frozen=True, eq=False)
class Disagreement:
    """Variance between models.

    Attributes
    ----------
    n_channels : int
        The features are one or two parts of so many.
    units : ndarray of shape (n_parts,)
        Largest magnitude of the features of each part, in which all else is counted: spectra may be of any size.
    mean, size : ndarray of shape (n_features,)
        Features that are the origin, and how much usual ones vary after the cosine transform; single precision.
    codes : list of ndarray of int of shape (n_axes, n_features)
        For each property, coefficients in multiples of the step.
    steps : ndarray of shape (n_targets,)
    constants : list of ndarray of shape (n_axes,)
        What the models differ by at the origin.
    """

    n_channels: int
    units: np.ndarray
    mean: np.ndarray
    size: np.ndarray
    codes: list
    steps: np.ndarray
    constants: list

    @classmethod
    def of(cls, differences, constants, source, target, n_channels):
        """Compress.

        Parameters
        ----------
        differences : list of ndarray of shape (n_models, n_features)
            For each property, weighted by the square roots of the weights.
        constants : list of ndarray of shape (n_models,)
        source, target : ndarray of shape (n_spectra, n_features)
            Features of spectra that say what is usual.
        n_channels : int

        Returns
        -------
        Disagreement
        """
        largest = np.abs(np.vstack([source, target])).max(axis=0)
        units = np.maximum(largest.reshape(-1, n_channels).max(axis=1), np.finfo(float).tiny)
        source, target = (X / _each(units, n_channels) for X in (source, target))
        mean = target.mean(axis=0).astype(np.float32)
        power = sum((_along(X - mean, n_channels, dct) ** 2).mean(axis=0) for X in (source, target)) / 2
        floor = np.repeat(power.reshape(-1, n_channels).mean(axis=1), n_channels)
        size = np.sqrt(power + NOISE**2 * floor).astype(np.float32)
        size[size == 0] = 1.0
        codes, steps, kept = [], [], []
        for rows, constant in zip(differences, constants, strict=True):
            own = rows * _each(units, n_channels)
            turned = np.column_stack([_along(own, n_channels, dct) * size, constant + own @ mean])
            turned = _main_axes(turned)
            step = TOLERANCE * np.sqrt((turned**2).sum() / turned.shape[1])
            found = np.round(turned[:, :-1] / (step or 1.0))
            codes.append(found.astype(np.int16 if np.abs(found).max(initial=0) < 2**15 else np.int64))
            steps.append(step)
            kept.append(turned[:, -1].copy())
        return cls(n_channels, units, mean, size, codes, np.array(steps), kept)

    def variance(self, features):
        """Variance between the models for features (n_spectra, n_features): (n_spectra, n_targets)."""
        away = features / _each(self.units, self.n_channels) - self.mean
        found = np.empty((len(features), len(self.steps)))
        for j, (rows, constant) in enumerate(zip(self._rows, self.constants, strict=True)):
            apart = away @ rows.T + constant
            found[:, j] = np.einsum("ij,ij->i", apart, apart)
        return found

    @cached_property
    def _rows(self):
        """The coefficients for the features in their units."""
        return [
            _along(step * codes / self.size.astype(np.float64), self.n_channels, idct)
            for codes, step in zip(self.codes, self.steps, strict=True)
        ]

    def __getstate__(self):
        # what follows from the rest takes no room in a file
        return {field.name: getattr(self, field.name) for field in fields(self)}


def _main_axes(rows):
    """Rows with the same squared length of every product, along the main axes of usual ones, without the last few."""
    power, axes = np.linalg.eigh(rows @ rows.T)
    lost = np.cumsum(np.maximum(power, 0.0))
    return axes[:, lost > TOLERANCE**2 * lost[-1]][:, ::-1].T @ rows


def _along(rows, n_channels, transform):
    """Transform each part of the features along the spectrum."""
    rows = np.asarray(rows, dtype=np.float64)
    parts = rows.reshape(len(rows), rows.shape[1] // n_channels, n_channels)
    # models that agree in everything leave no axis
    return transform(parts, norm="ortho", axis=2).reshape(rows.shape) if len(rows) else rows


def _each(units, n_channels):
    """The unit of each feature."""
    return np.repeat(units, n_channels)
