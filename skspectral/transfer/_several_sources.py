"""One model from every instrument with references, and their predictions combined by held-out errors."""

from dataclasses import dataclass

import numpy as np

from .._core.inheritance import inherit
from .._core.labels import check_labels, encode_samples
from .._core.references import held_out_error
from .._core.roles import TransferRows
from ..exceptions import AmbiguousInstrumentError, UnknownInstrumentError

__all__ = ["SeveralSources", "check_others", "combination_weights", "fit_sources"]

# exponent of the held-out error for each standard, and the number of standards beyond which it grows no more
POWER, MOST_COUNTED = 0.25, 10


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


def check_others(others, source, target, instrument):
    """Refuse names of further sources that are no further instrument.

    Raises
    ------
    UnknownInstrumentError, AmbiguousInstrumentError
        If a label has no rows, stands twice, or is the source or the target.
    """
    seen = set(np.asarray(instrument, dtype=object))
    for label in others:
        if label in (source, target):
            raise AmbiguousInstrumentError(f"others names {label!r}, which is the source or the target already.")
        if label not in seen:
            raise UnknownInstrumentError(f"others names {label!r}, and no row was measured on it.")
    if len(set(others)) < len(others):
        raise AmbiguousInstrumentError(f"others names an instrument twice: {', '.join(map(repr, others))}.")


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
    y = _inherit_from_all(np.array(y, dtype=np.float64), [*labels, target], instrument, sample_id)
    models, held_out = {}, []
    for label in labels:
        model = make(label, tuple(other for other in labels if other != label))
        models[label] = model.fit(X, y, instrument=instrument, sample_id=sample_id)
        rows = TransferRows.sort_out(X, y, instrument=instrument, sample_id=sample_id, source=label, target=target)
        residuals = np.full((len(rows.says_something), y.shape[1]), np.nan)
        residuals[rows.says_something] = model.held_out_
        held_out.append(residuals)
    held_out = np.stack(held_out)
    weights = combination_weights(held_out)
    return SeveralSources(models, weights, np.einsum("st,snt->nt", weights, held_out))


def _inherit_from_all(y, labels, instrument, sample_id):
    """A standard that one of the sources has not measured takes its reference from another."""
    if sample_id is None:
        return y
    place = {label: k for k, label in enumerate(labels)}
    where = np.array([place.get(label, -1) for label in np.asarray(instrument, dtype=object)])
    known, ids = where >= 0, check_labels(sample_id, len(y), "sample_id")
    names = [repr(label) for label in labels]
    y[known] = inherit(y[known], encode_samples(ids[known], int(known.sum())), where[known], ids[known], names)
    return y


def combination_weights(held_out):
    """Weights (n_sources, n_targets) by the errors on held-out standards (n_sources, n_standards, n_targets).

    Only standards count that every source has a residual of. Ten of them are heard with two and a half times the
    power of the error; with none all sources are equal.
    """
    common = np.isfinite(held_out).all(axis=0)
    counts = common.sum(axis=0)
    error = np.sqrt(held_out_error(np.where(common, held_out, np.nan)))
    known = (counts > 0) & (error > 0).all(axis=0)
    logits = np.where(known, -POWER * np.minimum(counts, MOST_COUNTED) * np.log(np.where(known, error, 1.0)), 0.0)
    weights = np.exp(logits - logits.max(axis=0))
    return weights / weights.sum(axis=0)
