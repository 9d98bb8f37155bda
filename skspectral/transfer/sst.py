"""Spectral space transformation: the pairs share their scores, the instruments differ in their loadings."""

import numpy as np

from .._core.affine import LowRankMap
from ..base import TransferTags
from ._mapping import MappingRegressor

__all__ = ["SST"]

MOST_COMPONENTS = 15
NEGLIGIBLE = 1e-10


class SST(MappingRegressor):
    """Spectral space transformation.

    The mean-centred spectra of the pairs stand side by side, ``[S T]``, and share the scores of one singular value
    decomposition; its loadings ``[P_s P_t]`` say what either instrument measures for the same scores. A target spectrum
    is moved by the difference of the loadings, ``t + t P_t (P_t' P_t)^-1 (P_s - P_t)'``, and the rest of it, which the
    pairs say nothing about, is left as it is.

    Parameters
    ----------
    estimator : estimator, optional
        The calibration. Default: PLS with a cross-validated number of components.
    n_components : int or "cv", default="cv"
        Number of components of the joint decomposition. With 0 only the mean difference between the instruments is
        removed.
    source, target : object, optional
        Labels of the two instruments.

    Attributes
    ----------
    n_components_ : int
        Chosen number of components.
    estimator_, map_, transfer_rmse_, n_standards_, n_pairs_, source_, target_
        See :class:`MeanShift`.

    Raises
    ------
    NoStandardsError, TooFewStandardsError
        With fewer than two pairs.

    References
    ----------
    Du, W., Chen, Z.-P., Zhong, L.-J., Wang, S.-X., Yu, R.-Q., Nordon, A., Littlejohn, D., Holden, M. (2011).
    Maintaining the predictive abilities of multivariate calibration models by spectral space transformation. Analytica
    Chimica Acta 690, 64-70. https://doi.org/10.1016/j.aca.2011.02.014

    Examples
    --------
    >>> from skspectral.datasets import make_instruments
    >>> from skspectral.transfer import SST
    >>> data = make_instruments(n_samples=30, random_state=0)
    >>> labels = {"instrument": data.instrument, "sample_id": data.sample_id}
    >>> model = SST(n_components=3, source="A", target="B").fit(data.X, data.y, **labels)
    >>> model.transform(data.X[:3]).shape
    (3, 200)
    """

    def __init__(self, estimator=None, *, n_components="cv", source=None, target=None):
        super().__init__(estimator, source=source, target=target)
        self.n_components = n_components

    def __transfer_tags__(self):
        return TransferTags(needs="pairs", min_samples=2, uses_target_references=False, preserves_identity=True)

    def _candidates(self, n_pairs):
        if self.n_components == "cv":
            return [{"n_components": k} for k in range(max(1, min(n_pairs - 2, MOST_COMPONENTS) + 1))]
        if not isinstance(self.n_components, (int, np.integer)) or self.n_components < 0:
            raise ValueError(f'n_components must be an integer of at least 0 or "cv", got {self.n_components!r}.')
        return [{"n_components": int(self.n_components)}]

    def _fit_maps(self, source, target, settings):
        s_mean, t_mean = source.mean(axis=0), target.mean(axis=0)
        _, singular, loadings = np.linalg.svd(np.hstack([source - s_mean, target - t_mean]), full_matrices=False)
        rank = int((singular > NEGLIGIBLE * singular[0]).sum())
        on_source, on_target = np.split(loadings, 2, axis=1)
        maps = []
        for setting in settings:
            k = min(setting["n_components"], rank)
            left, right = np.linalg.pinv(on_target[:k], rcond=NEGLIGIBLE), on_source[:k] - on_target[:k]
            maps.append(LowRankMap(s_mean - t_mean - (t_mean @ left) @ right, left, right, identity=True))
        return maps
