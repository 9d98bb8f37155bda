"""One model from every instrument with references, and their predictions combined by held-out errors."""

from dataclasses import dataclass

import numpy as np

from .._core.known_instruments import check_known_references, combination_weights, inherit_from_all
from .._core.references import held_out_error
from .._core.roles import TransferRows

__all__ = ["SeveralSources", "fit_sources", "left_out_errors"]


@dataclass(frozen=True, eq=False)
class SeveralSources:
    """Fitted models, one from each known instrument.

    Attributes
    ----------
    models : dict of {object: estimator}
        By the label of the instrument; each is a :class:`TransferPortfolio`.
    weights : ndarray of shape (n_sources, n_targets)
        Columns sum to one.
    held_out : ndarray of shape (n_target_samples, n_targets)
        Reference minus combined prediction of every target sample by models that have not seen it, NaN where a model
        has none; in the order of ``TransferRows.target_samples``.
    """

    models: dict
    weights: np.ndarray
    held_out: np.ndarray

    @property
    def transfer_rmse(self):
        """Held-out error of the combination (n_targets,), NaN where none is known."""
        return np.sqrt(held_out_error(self.held_out))

    def export_calibration(self):
        """Coefficients (n_targets, n_channels) and intercepts (n_targets,) of the combination."""
        each = [model.export_calibration() for model in self.models.values()]
        coefs, intercepts = (np.stack([part[i] for part in each]) for i in (0, 1))
        return np.einsum("st,stc->tc", self.weights, coefs), np.einsum("st,st->t", self.weights, intercepts)

    def _predict(self, X):
        """Mean of the combination (n_spectra, n_targets) for checked spectra."""
        means = np.stack([model._predict(X) for model in self.models.values()])
        return np.einsum("st,snt->nt", self.weights, means)

    def _predict_with_std(self, X):
        """Mean and standard deviation of the combination, each (n_spectra, n_targets).

        The standard deviation is that of a mixture: what the sources disagree about is part of it.
        """
        each = [model._predict_with_std(X) for model in self.models.values()]
        means, stds = (np.stack([part[i] for part in each]) for i in (0, 1))
        mean = np.einsum("st,snt->nt", self.weights, means)
        variance = np.einsum("st,snt->nt", self.weights, stds**2 + (means - mean) ** 2)
        return mean, np.sqrt(variance)


def fit_sources(make, labels, target, X, y, instrument, sample_id):
    """Fit a model from each known instrument to the target, and weigh them.

    Parameters
    ----------
    make : callable
        ``make(source, others)`` gives the unfitted model from one of the labels, with the others beside it.
    labels : sequence of object
        The known instruments.
    target : object
    X : ndarray of shape (n_spectra, n_channels)
        Rows of all instruments.
    y : ndarray of shape (n_spectra, n_targets)
    instrument, sample_id : array-like of shape (n_spectra,)

    Returns
    -------
    SeveralSources
    """
    y = inherit_from_all(y, [*labels, target], instrument, sample_id)
    check_known_references(y, labels, instrument)
    models, held_out = {}, []
    for label in labels:
        model = make(label, tuple(other for other in labels if other != label))
        models[label] = model.fit(X, y, instrument=instrument, sample_id=sample_id)
        rows = TransferRows.sort_out(X, y, instrument=instrument, sample_id=sample_id, source=label, target=target)
        held_out.append(left_out_errors(model, rows))
    held_out = np.stack(held_out)
    weights = combination_weights(held_out)
    return SeveralSources(models, weights, np.einsum("st,snt->nt", weights, held_out))


def left_out_errors(model, rows):
    """Errors (n_target_samples, n_targets) of a fitted portfolio on samples that it had not seen, NaN for others."""
    errors = np.full(rows.target_samples[1].shape, np.nan)
    errors[rows.says_something] = model.held_out_
    return errors
