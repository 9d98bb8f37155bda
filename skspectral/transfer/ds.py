"""Direct standardisation: one matrix from all target channels to all source channels."""

import numpy as np

from .._core.affine import LowRankMap
from .._core.validation import varies
from ..base import TransferTags
from ._mapping import MappingRegressor

__all__ = ["DS"]

ALPHAS = (1.0, 1e-1, 1e-2, 1e-3, 1e-4)
MOST_COMPONENTS = 15
PRIORS = ("auto", "identity", "zero")


class DS(MappingRegressor):
    """Direct standardisation with additive background correction.

    The mean-centred spectra of the pairs are related by ``S = T F``; target spectra are mapped with ``F`` and the two
    means, and the source calibration is applied.

    Parameters
    ----------
    estimator : estimator, optional
        The calibration. Default: PLS with a cross-validated number of components.
    method : {"ridge", "pcr"}, default="ridge"
        How the underdetermined ``F`` is estimated: ridge regression, or regression on principal components of the
        target spectra.
    prior : {"auto", "identity", "zero"}, default="auto"
        What ``F`` is shrunk towards. ``"identity"`` estimates the *difference* between the instruments, and few pairs
        then leave a spectrum as it is instead of erasing it; ``"zero"`` is the classical form. ``"auto"`` chooses by
        held-out pairs, together with the penalty; with fewer than three pairs it is ``"identity"``.
    alpha : float or "cv", default="cv"
        Ridge penalty relative to the mean squared norm of the centred target spectra, so that it has no units.
    n_components : int or "cv", default="cv"
        Number of principal components for ``method="pcr"``.
    source, target : object, optional
        Labels of the two instruments.

    Attributes
    ----------
    prior_ : str
        Chosen prior.
    alpha_ : float
        Chosen penalty (ridge).
    n_components_ : int
        Chosen number of components (PCR).
    estimator_, map_, transfer_rmse_, n_standards_, n_pairs_, source_, target_
        See :class:`MeanShift`.

    Raises
    ------
    NoStandardsError, TooFewStandardsError
        Without a pair, or with one for ``prior="zero"``.

    Warns
    -----
    PoorTransferWarning
        If held-out pairs are predicted more than 0.6 standard deviations of a property apart.

    References
    ----------
    Wang, Y., Veltkamp, D. J., Kowalski, B. R. (1991). Multivariate instrument standardization. Analytical Chemistry
    63, 2750-2756. https://doi.org/10.1021/ac00023a016

    Examples
    --------
    >>> from skspectral.datasets import make_instruments
    >>> from skspectral.transfer import DS
    >>> data = make_instruments(n_samples=30, random_state=0)
    >>> labels = {"instrument": data.instrument, "sample_id": data.sample_id}
    >>> model = DS(source="A", target="B").fit(data.X, data.y, **labels)
    >>> model.transform(data.X[:3]).shape
    (3, 200)
    """

    def __init__(
        self,
        estimator=None,
        *,
        method="ridge",
        prior="auto",
        alpha="cv",
        n_components="cv",
        source=None,
        target=None,
    ):
        super().__init__(estimator, source=source, target=target)
        self.method = method
        self.prior = prior
        self.alpha = alpha
        self.n_components = n_components

    def __transfer_tags__(self):
        identity = self.prior != "zero"
        return TransferTags(
            needs="pairs",
            min_samples=1 if identity else 2,
            uses_target_references=False,
            preserves_identity=identity,
        )

    def _takes_copies(self):
        return self.prior == "identity"

    def _candidates(self, n_pairs):
        if self.prior not in PRIORS:
            raise ValueError(f"prior must be one of {PRIORS}, got {self.prior!r}.")
        priors = PRIORS[1:] if self.prior == "auto" else (self.prior,)
        return [{"prior": prior, **strength} for prior in priors for strength in self._strengths(n_pairs)]

    def _strengths(self, n_pairs):
        """List the penalties or the numbers of components to choose from."""
        if self.method == "ridge":
            alphas = ALPHAS if self.alpha == "cv" else (self.alpha,)
            if not all(isinstance(a, (int, float, np.number)) and 0 < a < np.inf for a in alphas):
                raise ValueError(f'alpha must be a positive number or "cv", got {self.alpha!r}.')
            return [{"alpha": float(alpha)} for alpha in alphas]
        if self.method == "pcr":
            if self.n_components == "cv":
                return [{"n_components": k} for k in range(1, max(2, min(n_pairs - 2, MOST_COMPONENTS) + 1))]
            if not isinstance(self.n_components, (int, np.integer)) or self.n_components < 1:
                raise ValueError(f'n_components must be a positive integer or "cv", got {self.n_components!r}.')
            return [{"n_components": int(self.n_components)}]
        raise ValueError(f'method must be "ridge" or "pcr", got {self.method!r}.')

    def _fit_maps(self, source, target, settings):
        s_mean, t_mean = source.mean(axis=0), target.mean(axis=0)
        centred = target - t_mean
        scores, singular, basis = np.linalg.svd(centred, full_matrices=False)
        # what is regressed on the target, and what a spectrum at the mean of the targets is shifted by
        parts = {"identity": (source - s_mean - centred, s_mean - t_mean), "zero": (source - s_mean, s_mean)}
        parts = {prior: (scores.T @ right, background) for prior, (right, background) in parts.items()}
        informative = varies(target)
        maps = []
        for setting in settings:
            right, background = parts[setting["prior"]]
            left = basis.T * (_inverse(singular, setting) if informative else np.zeros_like(singular))
            maps.append(LowRankMap(background - (t_mean @ left) @ right, left, right, setting["prior"] == "identity"))
        return maps


def _inverse(singular, setting):
    """Regularised inverse of the singular values of the centred target spectra."""
    if "alpha" in setting:
        return singular / (singular**2 + setting["alpha"] * (singular**2).mean())
    usable = singular > 1e-10 * singular[0]
    usable[setting["n_components"] :] = False
    return np.divide(1.0, singular, out=np.zeros_like(singular), where=usable)
