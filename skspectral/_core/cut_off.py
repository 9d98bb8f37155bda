"""Spectra that were cut off: of a saturated detector, or where no light came through."""

from dataclasses import dataclass

import numpy as np

__all__ = ["CutOff", "cut_off"]

# so many channels in a row at the end of a spectrum's range
FLAT = 4
# the top of a broad band has equal values, too, where these are rounded; two channels beyond them it has fallen by at
# most so many steps of rounding
STEPS = 3.0


@dataclass(frozen=True)
class CutOff:
    """Where a spectrum stands still at the end of its range.

    Attributes
    ----------
    value : float
    n_channels : int
    first : int
        The first of them.
    side : {"top", "bottom"}
    """

    value: float
    n_channels: int
    first: int
    side: str

    def __str__(self):
        return (
            f"stands at {self.value:.4g} in {self.n_channels} channels on end and never goes "
            f"{'above' if self.side == 'top' else 'below'} it, as of a saturated detector, or where no light came "
            "through"
        )


def cut_off(X):
    """Find spectra whose largest or smallest value fills several channels on end.

    Parameters
    ----------
    X : ndarray of shape (n_spectra, n_channels)
        As measured; on another axis equal values are no longer equal.

    Returns
    -------
    dict of {int: CutOff}
        By row. Constant spectra and those with NaN are not among them.
    """
    found = {}
    if X.shape[1] <= FLAT:
        return found
    for side, end in (("bottom", X.min(axis=1)), ("top", X.max(axis=1))):
        at = np.equal(X, end[:, None])
        for row in np.flatnonzero(at.sum(axis=1) >= FLAT):
            edges = np.flatnonzero(np.diff(np.r_[0, at[row].astype(np.int8), 0]))
            lengths = edges[1::2] - edges[::2]
            first, n = edges[::2][lengths.argmax()], lengths.max()
            if n < FLAT or n == X.shape[1]:
                continue
            steps = np.abs(np.diff(X[row]))
            beyond = [abs(X[row, k] - end[row]) for k in (first - 2, first + n + 1) if 0 <= k < X.shape[1]]
            if max(beyond, default=0.0) > STEPS * steps[steps > 0].min():
                found[int(row)] = CutOff(float(end[row]), int(n), int(first), side)
    return found
