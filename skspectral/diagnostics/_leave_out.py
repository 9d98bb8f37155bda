"""Fits with some of the standards taken away: shared by the learning curve and the influence of standards."""

from dataclasses import dataclass

import numpy as np
from sklearn.base import clone
from sklearn.utils.validation import check_array

from .._core.labels import UNPAIRED
from .._core.references import check_references
from ..calibration.wrapping import fit_with_metadata
from ..model_selection import StandardsSplit
from ..model_selection.metadata import SplitRows

__all__ = ["StandardRows", "as_columns", "take_rows"]


@dataclass(frozen=True, eq=False)
class StandardRows:
    """Spectra in long form, of which some target rows are left out of each fit.

    Attributes
    ----------
    estimator : estimator
        The transfer method, cloned for every fit.
    X, y : array-like of n_spectra rows
        As given; ``y`` as float64.
    instrument, sample_id : ndarray of shape (n_spectra,), dtype object
    rows : SplitRows
        Roles and samples.
    """

    estimator: object
    X: object
    y: np.ndarray
    instrument: np.ndarray
    sample_id: np.ndarray
    rows: SplitRows

    @classmethod
    def read(cls, estimator, X, y, instrument, sample_id, source, target):
        """Resolve the roles: as given, else those of the estimator or of a step in it."""
        params = estimator.get_params(deep=True)
        roles = {"source": source, "target": target}
        for role, given in roles.items():
            named = [value for name, value in params.items() if name.split("__")[-1] == role and value is not None]
            roles[role] = given if given is not None or not named else named[0]
        splitter = StandardsSplit(**roles)
        y = check_references(estimator, y, len(instrument), allow_missing=True)
        rows = SplitRows.read(splitter, X, y, None, instrument, sample_id)
        labels = [np.array(list(values), dtype=object) for values in (instrument, sample_id)]
        return cls(estimator, X, y, *labels, rows)

    def fit(self, kept):
        """Fit a clone on the rows in the mask ``kept``."""
        at = np.flatnonzero(kept)
        return fit_with_metadata(
            clone(self.estimator),
            take_rows(self.X, at),
            self.y[at],
            instrument=self.instrument[at],
            sample_id=self.sample_id[at],
        )

    def countable(self):
        """Rows of the two instruments, without labelled target rows of no sample: they would be further standards."""
        loose = self.rows.is_target & (self.rows.codes == UNPAIRED) & self.rows.has_reference
        return (self.rows.is_source | self.rows.is_target) & ~loose

    def target_rows_of(self, samples):
        """Rows of these samples on the target."""
        return self.rows.rows_of(samples) & self.rows.is_target

    def predict(self, model, mask):
        """Predict the rows in a mask as (n_rows, n_targets)."""
        return as_columns(model.predict(take_rows(self.X, np.flatnonzero(mask))))


def take_rows(X, at):
    """Rows of an array or a DataFrame by position."""
    return X.iloc[at] if hasattr(X, "iloc") else np.asarray(X)[at]


def as_columns(predicted):
    """Bring predictions to float64 of shape (n_rows, n_targets)."""
    predicted = check_array(predicted, dtype=np.float64, ensure_2d=False, input_name="predictions")
    return predicted.reshape(len(predicted), -1)
