"""Figures that a deployed model carries: each standard predicted by a model that never saw it."""

import warnings
from dataclasses import dataclass

import numpy as np
from tqdm.auto import tqdm

from ..calibration.wrapping import fit_with_metadata
from ..exceptions import NoStandardsError
from ..model_selection import StandardsSplit
from ._methods import as_columns, predict_with_std, prepared

__all__ = ["HeldOut", "hold_out_standards"]

#: More standards than this are left out in so many folds instead of one by one.
MOST_FOLDS = 20
LEAST_STANDARDS = 2


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Standards predicted without themselves.

    Attributes
    ----------
    how : str
        In words.
    samples : list
        Names of the standards, (n_standards,).
    reference, predicted : ndarray of shape (n_standards, n_properties)
        Replicates averaged; NaN where there is no reference.
    std : ndarray of shape (n_standards, n_properties) or None
        The method's own standard deviations.
    """

    how: str
    samples: list
    reference: np.ndarray
    predicted: np.ndarray
    std: np.ndarray | None

    @property
    def residuals(self):
        """Prediction minus reference, (n_standards, n_properties)."""
        return self.predicted - self.reference

    @property
    def n(self):
        """Number of standards with a reference, (n_properties,)."""
        return np.isfinite(self.residuals).sum(axis=0)

    @property
    def rmsep(self):
        """Root mean squared error (n_properties,); NaN where nothing was left out."""
        return np.sqrt(_mean(self.residuals**2))

    @property
    def bias(self):
        """Mean of prediction minus reference, (n_properties,)."""
        return _mean(self.residuals)

    @property
    def sep(self):
        """Standard deviation of the residuals (n_properties,); NaN with fewer than two."""
        squares = np.nansum((self.residuals - self.bias) ** 2, axis=0)
        return np.sqrt(np.divide(squares, self.n - 1, out=np.full(len(squares), np.nan), where=self.n > 1))


def hold_out_standards(estimator, rows, *, progress=False):
    """Refit without each standard in turn and predict its target spectra.

    Parameters
    ----------
    estimator : estimator
    rows : TrainingRows
    progress : bool
        Whether to show a bar.

    Returns
    -------
    HeldOut
        Without standards where there are fewer than two.
    """
    names, n_properties = rows.standards, rows.y.shape[1]
    if len(names) < LEAST_STANDARDS:
        how = f"not validated: {len(names)} standards with a reference, and two are the least that can be left out"
        nothing = np.empty((0, n_properties))
        return HeldOut(how, [], nothing, nothing, None)
    n_folds = "loo" if len(names) <= MOST_FOLDS else MOST_FOLDS
    splitter = StandardsSplit(n_folds, source=rows.source, target=rows.target)
    labels = {"instrument": rows.instrument, "sample_id": rows.sample_id}
    splits = list(splitter.split(rows.X, rows.y, **labels))
    predicted = {name: [] for name in names}
    try:
        for train, test in tqdm(splits, desc="leaving standards out", disable=not progress):
            with warnings.catch_warnings():
                # the fit to all rows has said them
                warnings.simplefilter("ignore", UserWarning)
                model = prepared(estimator, rows)
                fit_with_metadata(model, rows.X[train], rows.y[train], **{k: v[train] for k, v in labels.items()})
                values, std = map(as_columns, predict_with_std(model, rows.X[test]))
            for i, row in enumerate(test):
                predicted[rows.sample_id[row]].append((values[i], None if std is None else std[i]))
    except NoStandardsError as error:
        how = f"not validated: one standard less is too few for the method ({error})"
        nothing = np.empty((0, n_properties))
        return HeldOut(how, [], nothing, nothing, None)
    left = "each standard was left out" if n_folds == "loo" else f"standards were left out in {n_folds} groups"
    how = f"{left} on both instruments, the model fitted anew without it, and its target spectra predicted"
    first = {name: row for row, name in reversed(list(enumerate(rows.sample_id))) if rows.is_target[row]}
    stds = [[std for _, std in predicted[name]] for name in names]
    return HeldOut(
        how,
        names,
        np.array([rows.y[first[name]] for name in names]),
        np.array([np.mean([value for value, _ in predicted[name]], axis=0) for name in names]),
        None if any(std is None for part in stds for std in part) else np.array([np.mean(s, axis=0) for s in stds]),
    )


def _mean(values):
    known = np.isfinite(values)
    sums = np.where(known, values, 0.0).sum(axis=0)
    return np.divide(sums, known.sum(axis=0), out=np.full(values.shape[1], np.nan), where=known.any(axis=0))
