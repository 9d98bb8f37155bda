"""One more row for a solved system: the mean of target samples that have neither a pair nor a reference."""

from dataclasses import dataclass

import numpy as np

__all__ = ["Border", "MeanRow"]


@dataclass(frozen=True, eq=False)
class MeanRow:
    """The mean of target samples without pair and reference, whose reference is taken to be the source's mean.

    Attributes
    ----------
    z : ndarray of shape (n_channels,)
        In the units of ``AugmentedRows.Z``.
    n_samples : int
        How many samples it is the mean of.
    """

    z: np.ndarray
    n_samples: int


@dataclass(frozen=True, eq=False)
class Border:
    """What one more row, of reference zero and with a noise for each property, does to an inverse.

    Attributes
    ----------
    column : ndarray of shape (n_rows,)
        The inverse times the kernel between the rows and the new one.
    pivot, alpha : ndarray of shape (n_targets,)
        Schur complement, and the new row's own entry of ``alpha``.
    """

    column: np.ndarray
    pivot: np.ndarray
    alpha: np.ndarray

    @classmethod
    def of(cls, inverse, kernel, own, alpha):
        column = inverse @ kernel
        pivot = own - kernel @ column
        return cls(column, pivot, -(kernel @ alpha) / pivot)

    def update(self, rows):
        """What is added to blocks of the inverse, rows (n_blocks, n): (n_blocks, n_targets, n, n)."""
        column = self.column[rows]
        return column[:, None, :, None] * column[:, None, None, :] / self.pivot[:, None, None]
