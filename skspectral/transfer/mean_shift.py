"""Instrument-wise centring: the mean difference between the instruments is removed."""

import warnings

import numpy as np

from .._core.affine import LowRankMap
from ..base import TransferTags
from ..exceptions import ZeroShotWarning
from ._mapping import MappingRegressor

__all__ = ["MeanShift"]


class MeanShift(MappingRegressor):
    """Shift target spectra by the mean difference of the pairs, then apply the source calibration.

    ``t' = t - mean(t) + mean(s)`` over the samples measured on both instruments. Without any pair, the means of all
    source and all target samples are taken instead, which assumes that both sets come from the same population.

    Parameters
    ----------
    estimator : estimator, optional
        The calibration. Default: PLS with a cross-validated number of components.
    source, target : object, optional
        Labels of the two instruments.

    Attributes
    ----------
    estimator_ : fitted estimator
    map_ : callable
        The fitted map; ``export_map`` returns it as arrays.
    transfer_rmse_ : ndarray of shape (n_targets,)
        Leave-one-pair-out disagreement between the two instruments' predictions, in units of ``y``. Only where it
        decided something (the default calibration, or a setting ``"cv"``), and with 3 pairs or more.
    n_standards_, n_pairs_ : int
    source_, target_ : object

    Notes
    -----
    No reference of a target spectrum is used. The shift changes a linear calibration by its intercept only.

    References
    ----------
    Fearn, T. (2001). Standardisation and calibration transfer for near infrared instruments: a review. Journal of Near
    Infrared Spectroscopy 9, 229-244. https://doi.org/10.1255/jnirs.309

    Examples
    --------
    >>> from skspectral.datasets import make_instruments
    >>> from skspectral.transfer import MeanShift
    >>> data = make_instruments(n_samples=30, random_state=0)
    >>> labels = {"instrument": data.instrument, "sample_id": data.sample_id}
    >>> model = MeanShift(source="A", target="B").fit(data.X, data.y, **labels)
    >>> model.n_pairs_
    30
    """

    def __transfer_tags__(self):
        return TransferTags(needs="pairs", uses_target_references=False, zero_shot=True, preserves_identity=True)

    def _candidates(self, n_pairs):
        return [{}]

    def _fit_maps(self, source, target, settings):
        return [LowRankMap(source.mean(axis=0) - target.mean(axis=0), identity=True)]

    def _fit_map(self, rows, setting):
        if len(rows.pairs):
            return super()._fit_map(rows, setting)
        source, target = rows.source_samples[0], rows.target_samples[0]
        warnings.warn(
            f"MeanShift found no pair and uses the means of {len(source)} source and {len(target)} target samples; "
            "this assumes the same population of samples on both instruments.",
            ZeroShotWarning,
            stacklevel=2,
        )
        return LowRankMap(np.mean(source, axis=0) - np.mean(target, axis=0), identity=True)
