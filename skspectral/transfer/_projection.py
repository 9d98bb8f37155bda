"""Methods that weaken, on both instruments, the directions in which the pairs differ, and calibrate anew."""

import numpy as np
from sklearn.base import clone

from .._core.affine import LowRankMap
from .._core.folds import content_folds
from .._core.references import finite_mean_square, spread
from ..base import BaseTransferRegressor, TransferTags
from ..calibration import PLSRegressionCV
from ..calibration.pls1 import pls1_path
from ..calibration.wrapping import assign_roles, fit_calibration, fit_with_metadata, is_transfer, predict_2d
from ._mapping import LEAST_PAIRS_FOR_SELECTION, MOST_FOLDS, refuse_copies

__all__ = ["ProjectionRegressor"]

NEGLIGIBLE = 1e-12


class ProjectionRegressor(BaseTransferRegressor):
    """Base of methods with a symmetric filter ``x -> x - (x V) diag(w) V'`` for the spectra of both instruments.

    ``V`` are the right singular vectors of the differences between the two spectra of each pair. Subclasses implement
    ``_candidates`` (the settings to choose from), ``_differences`` and ``_weights``. Settings and, with the default
    calibration, the number of latent variables are chosen together: the criterion is the cross-validated error of the
    calibration on filtered source spectra plus the mean squared disagreement between its predictions of the two spectra
    of a pair that the filter has not seen. No reference of a target row is used.
    """

    def __init__(self, estimator=None, *, centre=True, source=None, target=None):
        super().__init__(estimator, source=source, target=target)
        self.centre = centre

    def __transfer_tags__(self):
        return TransferTags(needs="pairs", uses_target_references=False, preserves_identity=True, refits=True)

    def _candidates(self, n_pairs):
        """List the settings to choose from, as dictionaries, the most cautious first."""
        raise NotImplementedError

    def _differences(self, source, target):
        """Differences of paired spectra, (n_pairs, n_channels), whose directions are weakened."""
        raise NotImplementedError

    def _weights(self, energy, setting):
        """Share of each direction that is removed, from its energy.

        The energy is the mean squared difference along the direction, in units of the variance of the calibration
        spectra (summed over the channels), and falls from one direction to the next.
        """
        raise NotImplementedError

    def _fit_source(self, rows):
        super()._fit_source(rows)
        self.axes_, self.weights_ = np.zeros((0, self.n_features_in_)), np.zeros(0)
        self._source_map = self._target_map = LowRankMap(np.zeros(self.n_features_in_), identity=True)

    def _fit_transfer(self, rows):
        pairs = rows.pairs
        settings = self._candidates(len(pairs))
        if len(pairs) > 1:
            refuse_copies(self, pairs.target)
        source = rows.source_samples[0]
        variance = ((source - source.mean(axis=0)) ** 2).sum(axis=1).mean()
        filters = self._fit_filters(pairs.source, pairs.target, variance, settings)
        # nothing to choose: the user named the calibration and every setting
        fixed = len(settings) == 1 and self.estimator is not None
        if fixed or len(pairs) < LEAST_PAIRS_FOR_SELECTION:
            best, model = 0, None
        else:
            held_out = list(self._leave_pairs_out(pairs, variance, settings))
            choose = self._choose_default if self.estimator is None or is_transfer(self.estimator) else self._choose
            best, model = choose(rows, filters, held_out)
        for name, value in settings[best].items():
            setattr(self, f"{name}_", value)
        self.axes_, self.weights_, self._source_map, self._target_map = filters[best]
        self.estimator_ = self._fit_on_filtered(rows) if model is None or is_transfer(self.estimator) else model

    def _fit_filters(self, source, target, variance, settings):
        """Fit one filter per setting on paired spectra; returns (axes, weights, source map, target map) of each."""
        n_channels = source.shape[1]
        s_mean, t_mean = (source.mean(axis=0), target.mean(axis=0)) if self.centre else np.zeros((2, n_channels))
        _, singular, axes = np.linalg.svd(self._differences(source, target), full_matrices=False)
        # differences of the size of rounding errors have directions too
        real = singular > NEGLIGIBLE * np.sqrt((source**2).sum() + (target**2).sum())
        axes = axes[real]
        energy = singular[real] ** 2 / len(source) / (variance or 1.0)
        filters = []
        for setting in settings:
            weights = self._weights(energy, setting)
            left = -axes.T * weights
            # filtered around its own mean and put back at the source's, as a calibration with SNV inside expects it
            maps = [LowRankMap(s_mean - mean - (mean @ left) @ axes, left, axes, True) for mean in (s_mean, t_mean)]
            filters.append((axes, weights, *maps))
        return filters

    def _leave_pairs_out(self, pairs, variance, settings):
        """Yield the held-out pairs and the filters of the others, fold by fold."""
        n_folds = min(len(pairs), MOST_FOLDS)
        for fold in range(n_folds):
            out = np.arange(len(pairs)) % n_folds == fold
            filters = self._fit_filters(pairs.source[~out], pairs.target[~out], variance, settings)
            yield pairs.source[out], pairs.target[out], filters

    def _choose_default(self, rows, filters, held_out):
        """Choose setting and number of latent variables together; returns the position and the calibration."""
        on_source = ~rows.is_target & rows.has_reference
        X, y = rows.X[on_source], rows.y[on_source]
        ids = None if rows.sample_id is None else rows.sample_id[on_source]
        models = [PLSRegressionCV()._fit_path(source_map(X), y, ids) for _, _, source_map, _ in filters]
        gaps = []
        for position, model in enumerate(models):
            squares = 0.0
            for source, target, others in held_out:
                _, _, source_map, target_map = others[position]
                paths = _pls_paths(source_map(X), y, model.mse_path_.shape[1])
                squares = squares + ((paths @ (target_map(target) - source_map(source)).T) ** 2).sum(axis=2)
            gaps.append(squares / sum(len(source) for source, _, _ in held_out))
        totals = [((m.mse_path_ + gap).min(axis=1) / spread(y)).sum() for m, gap in zip(models, gaps)]
        best = int(np.argmin(totals))
        model = models[best]._select(gaps[best])
        chosen = model.n_components_ - 1
        self.transfer_rmse_ = np.sqrt(gaps[best][np.arange(len(chosen)), chosen])
        return best, model

    def _choose(self, rows, filters, held_out):
        """Choose the setting for the user's calibration; returns the position and no calibration."""
        X, y, codes = (part[~rows.is_target] for part in (rows.X, rows.y, rows.codes))
        folds = content_folds(X, np.nan_to_num(y), codes, MOST_FOLDS)
        errors, gaps = [], []
        for position, (_, _, whole_map, _) in enumerate(filters):
            filtered, residuals = whole_map(X), np.full(y.shape, np.nan)
            for fold in np.unique(folds):
                out = folds == fold
                model = fit_calibration(self, self.estimator, filtered[~out], y[~out])
                residuals[out] = predict_2d(model, filtered[out]) - y[out]
            errors.append(finite_mean_square(residuals))
            disagreements = []
            for source, target, others in held_out:
                _, _, source_map, target_map = others[position]
                model = fit_calibration(self, self.estimator, source_map(X), y)
                disagreements.append(predict_2d(model, target_map(target)) - predict_2d(model, source_map(source)))
            gaps.append(finite_mean_square(np.concatenate(disagreements)))
        best = int(np.argmin([((e + gap) / spread(y)).sum() for e, gap in zip(errors, gaps)]))
        self.transfer_rmse_ = np.sqrt(gaps[best])
        return best, None

    def _fit_on_filtered(self, rows):
        """Fit the calibration, or the transfer method around it, on filtered spectra."""
        on_source = ~rows.is_target
        if is_transfer(self.estimator):
            filtered = np.where(on_source[:, None], self._source_map(rows.X), self._target_map(rows.X))
            inner = assign_roles(clone(self.estimator), rows.source, rows.target)
            return fit_with_metadata(inner, filtered, rows.y, instrument=rows.instrument, sample_id=rows.sample_id)
        ids = None if rows.sample_id is None else rows.sample_id[on_source]
        return fit_calibration(self, self.estimator, self._source_map(rows.X[on_source]), rows.y[on_source], ids)

    def _predict(self, X):
        return predict_2d(self.estimator_, self._target_map(X))

    def _predict_source(self, X):
        filtered = self._source_map(X)
        if is_transfer(self.estimator_):
            return self.estimator_._predict_source(filtered)
        return predict_2d(self.estimator_, filtered)


def _pls_paths(X, y, n_components):
    """Regression vectors (n_targets, n_components, n_channels) of PLS, each property on its own labelled rows."""
    paths = []
    for column in y.T:
        known = np.isfinite(column)
        centred = X[known] - X[known].mean(axis=0)
        paths.append(pls1_path(centred, column[known] - column[known].mean(), n_components))
    return np.stack(paths)
