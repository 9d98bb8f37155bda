"""Methods that map target spectra onto the source instrument, then apply the source calibration."""

import warnings

import numpy as np
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from .._core.affine import LowRankMap
from .._core.references import finite_mean_square, spread
from .._core.validation import validate_spectra, varies
from ..base import BaseTransferRegressor, TransferTags
from ..calibration import PLSRegressionCV
from ..calibration.wrapping import assign_roles, fit_calibration, fit_with_metadata, is_transfer, predict_2d
from ..exceptions import PoorTransferWarning, TooFewStandardsError
from .spectra_transfer import SpectraTransferMixin

__all__ = ["MappingRegressor", "refuse_copies"]

LEAST_PAIRS_FOR_SELECTION = 3
MOST_FOLDS = 10
# disagreement of held-out pairs, in standard deviations of the property, beyond which a transfer is called poor
LARGEST_DISAGREEMENT = 0.6


class MappingRegressor(SpectraTransferMixin, BaseTransferRegressor):
    """Base of methods with a map ``x -> x F + a`` from target to source spectra.

    Subclasses implement ``_candidates`` (the settings to choose from) and ``_fit_maps``. Settings and, with the default
    calibration, the number of latent variables are chosen together: the criterion is the cross-validated error of the
    source calibration plus the mean squared disagreement between the prediction of a held-out pair's mapped target
    spectrum and of its source spectrum. No reference of a target row is used.
    """

    def __transfer_tags__(self):
        return TransferTags(needs="pairs", min_samples=2, uses_target_references=False)

    def _candidates(self, n_pairs):
        """List the settings to choose from, as dictionaries, the most cautious first."""
        raise NotImplementedError

    def _fit_maps(self, source, target, settings):
        """Fit one map per setting on paired spectra of shape (n_pairs, n_channels)."""
        raise NotImplementedError

    def _takes_copies(self):
        """Tell whether the method learns something from pairs whose target spectra are all the same."""
        return self.__transfer_tags__().min_samples == 1

    def _map_target(self, X):
        return self.map_(X)

    def transform(self, X):
        """Map target spectra to what the source instrument would have measured.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra of the target instrument.

        Returns
        -------
        ndarray of shape (n_spectra, n_channels)
        """
        check_is_fitted(self)
        X = validate_spectra(self, X, reset=False, forbid_constant=True, gives_channels=True)
        return np.array(self.map_(X))

    def export_map(self):
        """Return the fitted map as arrays.

        Returns
        -------
        F : ndarray of shape (n_channels, n_channels)
        a : ndarray of shape (n_channels,)
            ``X @ F + a`` are the target spectra ``X`` as the source would have seen them.
        """
        check_is_fitted(self)
        return self.map_.matrix(), np.array(self.map_.offset)

    def _fit_source(self, rows):
        super()._fit_source(rows)
        self.map_ = LowRankMap(np.zeros(self.n_features_in_), identity=True)

    def _fit_transfer(self, rows):
        pairs = rows.pairs
        settings = self._candidates(len(pairs))
        if len(pairs) > 1 and not self._takes_copies():
            refuse_copies(self, pairs.target)
        # nothing to choose: the user named the calibration and every setting
        fixed = len(settings) == 1 and self.estimator is not None
        residuals = None if fixed else self._held_out_residuals(pairs, settings)
        if is_transfer(self.estimator):
            best = 0 if residuals is None else int(np.argmin((residuals**2).mean(axis=(1, 2))))
        else:
            best = self._fit_calibration(rows, pairs, residuals)
        self._keep(settings[best])
        self.map_ = self._fit_map(rows, settings[best])
        self._warn_of_poor_transfer(rows)
        if is_transfer(self.estimator):
            mapped = rows.X.copy()
            mapped[rows.is_target] = self.map_(mapped[rows.is_target])
            inner = assign_roles(clone(self.estimator), rows.source, rows.target)
            self.estimator_ = fit_with_metadata(
                inner, mapped, rows.y, instrument=rows.instrument, sample_id=rows.sample_id
            )

    def _warn_of_poor_transfer(self, rows):
        """Warn where the best map leaves held-out pairs nearly as far apart as different samples are."""
        error = getattr(self, "transfer_rmse_", None)
        references = rows.y[~rows.is_target]
        if error is None or not np.isfinite(references).any(axis=0).all():
            return
        relative = error / np.sqrt(spread(references))
        if (relative > LARGEST_DISAGREEMENT).any():
            listed = ", ".join(f"{value:.2g}" for value in relative)
            warnings.warn(
                f"{type(self).__name__} transferred little: predictions of the two spectra of a held-out pair differ "
                f"by {listed} standard deviations of the property (root mean square over {self.n_pairs_} pairs, one "
                "value per property). Measure more standards, smooth or differentiate the spectra first, or use a "
                "method that learns from references, such as AutoTransfer.",
                PoorTransferWarning,
                stacklevel=5,
            )

    def _fit_map(self, rows, setting):
        return self._fit_maps(rows.pairs.source, rows.pairs.target, [setting])[0]

    def _keep(self, setting):
        """Store the chosen settings as fitted attributes."""
        for name, value in setting.items():
            setattr(self, f"{name}_", value)

    def _fit_calibration(self, rows, pairs, residuals):
        """Fit the source calibration and return the position of the best setting."""
        if residuals is None:
            self._fit_source(rows)
            return 0
        on_source = ~rows.is_target
        X, y = rows.X[on_source], rows.y[on_source]
        ids = None if rows.sample_id is None else rows.sample_id[on_source]
        if self.estimator is None:
            known = np.isfinite(y).any(axis=1)
            model = PLSRegressionCV()._fit_path(X[known], y[known], None if ids is None else ids[known])
            # (n_settings, n_targets, n_candidates): squared disagreement of the held-out pairs
            gaps = np.stack([np.mean((model._coef_path @ residual.T) ** 2, axis=2) for residual in residuals])
            scale = spread(y)
            totals = ((model.mse_path_ + gaps).min(axis=2) / scale).sum(axis=1)
            best = int(np.argmin(totals))
            self.estimator_ = model._select(gaps[best])
            chosen = self.estimator_.n_components_ - 1
            self.transfer_rmse_ = np.sqrt(gaps[best][np.arange(len(chosen)), chosen])
            return best
        self.estimator_ = fit_calibration(self, self.estimator, X, y, ids)
        on_source_pairs = predict_2d(self.estimator_, pairs.source)
        gaps = np.stack(
            [
                finite_mean_square(predict_2d(self.estimator_, pairs.source + residual) - on_source_pairs)
                for residual in residuals
            ]
        )
        best = int(np.argmin((gaps / spread(on_source_pairs)).sum(axis=1)))
        self.transfer_rmse_ = np.sqrt(gaps[best])
        return best

    def _held_out_residuals(self, pairs, settings):
        """Mapped minus source spectrum of each pair under maps that have not seen it.

        Returns an array of shape (n_settings, n_pairs, n_channels), or None with too few pairs to hold any out.
        """
        n_pairs = len(pairs)
        if n_pairs < LEAST_PAIRS_FOR_SELECTION:
            return None
        residuals = np.empty((len(settings), *pairs.source.shape))
        n_folds = min(n_pairs, MOST_FOLDS)
        for fold in range(n_folds):
            out = np.arange(n_pairs) % n_folds == fold
            maps = self._fit_maps(pairs.source[~out], pairs.target[~out], settings)
            for position, fitted in enumerate(maps):
                residuals[position, out] = fitted(pairs.target[out]) - pairs.source[out]
        return residuals

    def _predict(self, X):
        return predict_2d(self.estimator_, self.map_(X))

    def _predict_source(self, X):
        if is_transfer(self.estimator_):
            return self.estimator_._predict_source(X)
        return predict_2d(self.estimator_, X)


def refuse_copies(owner, target):
    """Raise if the spectra of several standards are one and the same scan."""
    if not varies(target):
        raise TooFewStandardsError(
            f"{type(owner).__name__} cannot learn from the {len(target)} samples measured on both instruments: their "
            "target spectra are all the same. Check that each standard was measured, not one scan copied."
        )
