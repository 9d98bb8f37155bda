"""Transfer through the canonical correlations of the two instruments."""

import numpy as np

from .._core.affine import LowRankMap
from ..base import TransferTags
from ._mapping import MappingRegressor

__all__ = ["CCA"]

MOST_SCORES = 10


class CCA(MappingRegressor):
    """Calibration transfer by canonical correlation analysis with a ridge.

    The pairs are reduced to principal component scores on each instrument (a canonical correlation of more channels
    than samples is always one), the ridge-regularised canonical variates ``L_t`` and ``L_s`` are found, and a target
    spectrum is carried through ``t W_t (L_t^+ L_s) (L_s^+ S)``, everything mean-centred.

    Parameters
    ----------
    estimator : estimator, optional
        The calibration. Default: PLS with a cross-validated number of components.
    n_components : int or "cv", default="cv"
        Number of canonical variates.
    n_scores : int, optional
        Number of principal component scores kept of each instrument. Default: half the pairs, at most 10.
    ridge : float, default=1e-2
        Added to both score covariances, relative to their mean variance.
    source, target : object, optional
        Labels of the two instruments.

    Attributes
    ----------
    n_components_ : int
    estimator_, map_, transfer_rmse_, n_standards_, n_pairs_, source_, target_
        See :class:`MeanShift`.

    Raises
    ------
    NoStandardsError, TooFewStandardsError
        With fewer than three pairs.

    References
    ----------
    Fan, W., Liang, Y., Yuan, D., Wang, J. (2008). Calibration model transfer for near-infrared spectra based on
    canonical correlation analysis. Analytica Chimica Acta 623, 22-29.

    Examples
    --------
    >>> from skspectral.datasets import make_instruments
    >>> from skspectral.transfer import CCA
    >>> data = make_instruments(n_samples=30, random_state=0)
    >>> labels = {"instrument": data.instrument, "sample_id": data.sample_id}
    >>> CCA(n_components=3, source="A", target="B").fit(data.X, data.y, **labels).n_components_
    3
    """

    def __init__(self, estimator=None, *, n_components="cv", n_scores=None, ridge=1e-2, source=None, target=None):
        super().__init__(estimator, source=source, target=target)
        self.n_components = n_components
        self.n_scores = n_scores
        self.ridge = ridge

    def __transfer_tags__(self):
        return TransferTags(needs="pairs", min_samples=3, uses_target_references=False)

    def transform(self, X, y=None):
        """Map target spectra to what the source instrument would have measured.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra of the target instrument.
        y : ignored
            scikit-learn's checks know estimators by name and give every ``CCA`` a second argument.

        Returns
        -------
        ndarray of shape (n_spectra, n_channels)
        """
        return super().transform(X)

    def _candidates(self, n_pairs):
        if not 0 <= self.ridge < np.inf:
            raise ValueError(f"ridge must be finite and not negative, got {self.ridge!r}.")
        if self.n_scores is not None and (not isinstance(self.n_scores, (int, np.integer)) or self.n_scores < 1):
            raise ValueError(f"n_scores must be a positive integer or None, got {self.n_scores!r}.")
        if self.n_components == "cv":
            return [{"n_components": k} for k in range(1, self._score_count(n_pairs) + 1)]
        if not isinstance(self.n_components, (int, np.integer)) or self.n_components < 1:
            raise ValueError(f'n_components must be a positive integer or "cv", got {self.n_components!r}.')
        return [{"n_components": int(self.n_components)}]

    def _score_count(self, n_pairs):
        most = max(1, min(n_pairs // 2, MOST_SCORES)) if self.n_scores is None else self.n_scores
        return min(most, n_pairs - 1)

    def _fit_maps(self, source, target, settings):
        s_mean, t_mean = source.mean(axis=0), target.mean(axis=0)
        n_scores = self._score_count(len(source))
        t_scores, t_axes = _principal_scores(target - t_mean, n_scores)
        s_scores, _ = _principal_scores(source - s_mean, n_scores)
        t_weights, s_weights = _canonical_weights(t_scores, s_scores, self.ridge)
        maps = []
        for setting in settings:
            k = setting["n_components"]
            on_target, on_source = t_scores @ t_weights[:, :k], s_scores @ s_weights[:, :k]
            between = np.linalg.lstsq(on_target, on_source)[0]
            back = np.linalg.lstsq(on_source, source - s_mean)[0]
            left, right = t_axes.T @ t_weights[:, :k], between @ back
            maps.append(LowRankMap(s_mean - (t_mean @ left) @ right, left, right))
        return maps


def _principal_scores(X, n_scores):
    """Scores (n, n_scores) and axes (n_scores, n_channels) of centred spectra."""
    left, singular, axes = np.linalg.svd(X, full_matrices=False)
    return left[:, :n_scores] * singular[:n_scores], axes[:n_scores]


def _canonical_weights(A, B, ridge):
    """Weights of the ridge-regularised canonical variates of two sets of centred scores.

    scikit-learn's CCA has no ridge; with ``ridge=0`` and enough samples both give the same correlations.
    """
    a_root, b_root = _inverse_root(A.T @ A, ridge), _inverse_root(B.T @ B, ridge)
    left, _, right = np.linalg.svd(a_root @ (A.T @ B) @ b_root)
    return a_root @ left, b_root @ right.T


def _inverse_root(covariance, ridge):
    """Inverse square root of a covariance with a ridge relative to its mean variance."""
    energy, axes = np.linalg.eigh(covariance)
    energy = energy + ridge * max(energy.mean(), 0.0)
    usable = energy > 1e-12 * energy.max()
    return (axes * np.where(usable, 1.0 / np.sqrt(np.where(usable, energy, 1.0)), 0.0)) @ axes.T
