"""What explains a spectrum that is unlike those of the calibration, as far as how it arrived tells."""

from dataclasses import dataclass

import numpy as np

from .._core.cut_off import cut_off
from .._core.quantities import ABSORBANCES, FRACTIONS

__all__ = ["Clues"]

#: A hundred times more light, in absorbance.
HUNDREDFOLD = 2.0
#: What a percentage and a fraction may have been instead.
OTHERWISE = {name: name[2:] if name.startswith("%") else f"% {name}" for name in FRACTIONS}


@dataclass(frozen=True, eq=False)
class Clues:
    """How spectra arrived.

    Attributes
    ----------
    X : ndarray of shape (n_arrived, n_channels)
        All spectra as they arrived.
    rows : ndarray of int of shape (n_spectra,)
        Which of them are meant.
    converted : list of str or None of length n_spectra
        The percentage or fraction that was converted to the absorbance of the model.
    """

    X: np.ndarray
    rows: np.ndarray
    converted: list

    @classmethod
    def of(cls, X, quantities, own):
        """Look at spectra (n_spectra, n_channels) as they arrived, for a model of the quantity ``own``."""
        converted = [one if own in ABSORBANCES and one in FRACTIONS else None for one in quantities]
        return cls(X, np.arange(len(X)), converted)

    def take(self, rows):
        """Those of some rows (n_taken,)."""
        return Clues(self.X, self.rows[rows], [self.converted[row] for row in rows])

    def explain(self, X, found, limits):
        """Say what explains spectra on the model's axis (n_spectra, n_channels) that a check has found outside.

        Returns
        -------
        dict of {int: str}
            By row.
        """
        outside = np.flatnonzero(found.outside)
        cut = cut_off(self.X[self.rows[outside]])
        reasons = {int(outside[k]): f"the spectrum {how}" for k, how in cut.items()}
        rows = [row for row in outside if self.converted[row] and row not in reasons]
        if rows:
            moved = [HUNDREDFOLD if OTHERWISE[self.converted[row]].startswith("%") else -HUNDREDFOLD for row in rows]
            fits = ~limits.check(X[rows] + np.array(moved)[:, None]).outside
            for row in np.array(rows)[fits]:
                said, other = self.converted[row], OTHERWISE[self.converted[row]]
                reasons[int(row)] = (
                    f"read as {said}, and like the calibration's if it is {other}: say quantity={other!r}"
                )
        return reasons
