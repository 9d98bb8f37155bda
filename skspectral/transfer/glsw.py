"""Generalised least squares weighting: directions are weakened the more, the more the instruments differ in them."""

import numpy as np

from ..base import TransferTags
from ._projection import ProjectionRegressor

__all__ = ["GLSW"]

# from differences as large as the spread of the calibration spectra down to those of the size of detector noise
ALPHAS = (1.0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8)


class GLSW(ProjectionRegressor):
    """Generalised least squares weighting.

    The differences ``D = S - T`` of the paired spectra, each instrument mean-centred, give a covariance of what the
    instruments disagree about, ``V diag(e) V'``. Source and target spectra are filtered with
    ``G = I - V V' + V (diag(e) / alpha + I)^(-1/2) V'``, and the calibration is fitted on the filtered source spectra.
    This is the soft form of :class:`EPO`.

    Parameters
    ----------
    estimator : estimator, optional
        The calibration. Default: PLS with a cross-validated number of components. It is fitted anew, so an existing one
        cannot be used.
    alpha : float or "cv", default="cv"
        How large a difference may be before it is weakened: the mean squared difference along a direction that is
        weakened by ``1 / sqrt(2)``, relative to the variance of the calibration spectra (summed over the channels), so
        that it has no units. Small values remove all differences, large ones none.
    centre : bool, default=True
        Subtract from each spectrum the mean of the pairs on its own instrument, also in ``D``: the mean difference is
        then removed whole, and ``D`` describes what is left. If false, spectra and ``D`` stay uncentred, and the mean
        difference is one more direction to weaken.
    source, target : object, optional
        Labels of the two instruments.

    Attributes
    ----------
    alpha_ : float
        Chosen ``alpha``.
    axes_ : ndarray of shape (n_axes, n_channels)
        The directions ``V``, as rows.
    weights_ : ndarray of shape (n_axes,)
        Share of each direction that is removed, between 0 and 1.
    estimator_, transfer_rmse_, n_standards_, n_pairs_, source_, target_
        See :class:`EPO`.

    Raises
    ------
    NoStandardsError, TooFewStandardsError
        With fewer than two pairs (one for ``centre=False``).
    ExistingCalibrationError
        If ``estimator`` is frozen.

    Notes
    -----
    No reference of a target spectrum is used.

    References
    ----------
    Martens, H., Høy, M., Wise, B. M., Bro, R., Brockhoff, P. B. (2003). Pre-whitening of data by covariance-weighted
    pre-processing. Journal of Chemometrics 17, 153-165. https://doi.org/10.1002/cem.780

    Examples
    --------
    >>> from skspectral.datasets import make_instruments
    >>> from skspectral.transfer import GLSW
    >>> data = make_instruments(n_samples=30, random_state=0)
    >>> labels = {"instrument": data.instrument, "sample_id": data.sample_id}
    >>> model = GLSW(alpha=1e-3, source="A", target="B").fit(data.X, data.y, **labels)
    >>> bool(model.weights_[0] > model.weights_[-1])
    True
    """

    def __init__(self, estimator=None, *, alpha="cv", centre=True, source=None, target=None):
        super().__init__(estimator, centre=centre, source=source, target=target)
        self.alpha = alpha

    def __transfer_tags__(self):
        return TransferTags(
            needs="pairs",
            min_samples=2 if self.centre else 1,
            uses_target_references=False,
            preserves_identity=True,
            refits=True,
        )

    def _candidates(self, n_pairs):
        alphas = ALPHAS if self.alpha == "cv" else (self.alpha,)
        if not all(isinstance(a, (int, float, np.number)) and 0 < a < np.inf for a in alphas):
            raise ValueError(f'alpha must be a positive number or "cv", got {self.alpha!r}.')
        return [{"alpha": float(alpha)} for alpha in alphas]

    def _differences(self, source, target):
        differences = source - target
        return differences - differences.mean(axis=0) if self.centre else differences

    def _weights(self, energy, setting):
        return 1.0 - 1.0 / np.sqrt(energy / setting["alpha"] + 1.0)
