"""What a transfer method has to beat: no transfer, the target alone, and both instruments pooled."""

import numpy as np

from ..base import BaseTransferRegressor, TransferTags
from ..calibration.wrapping import fit_calibration, predict_2d, refuse_transfer
from ..exceptions import NoStandardsError

__all__ = ["Pooled", "SourceOnly", "TargetOnly"]


class SourceOnly(BaseTransferRegressor):
    """The source calibration applied to target spectra as they are: no transfer.

    Parameters
    ----------
    estimator : estimator, optional
        The calibration. Default: PLS with a cross-validated number of components.
    source, target : object, optional
        Labels of the two instruments.

    Attributes
    ----------
    estimator_ : fitted estimator
    n_standards_, n_pairs_ : int
    source_, target_ : object

    Examples
    --------
    >>> from skspectral.datasets import make_instruments
    >>> from skspectral.transfer import SourceOnly
    >>> data = make_instruments(n_samples=30, random_state=0)
    >>> model = SourceOnly(source="A", target="B").fit(data.X, data.y, instrument=data.instrument)
    >>> model.source_
    'A'
    """

    def __transfer_tags__(self):
        return TransferTags(needs="nothing", min_samples=0, uses_target_references=False, preserves_identity=True)

    def _fit_source(self, rows):
        refuse_transfer(self, self.estimator)
        super()._fit_source(rows)

    def _fit_transfer(self, rows):
        self._fit_source(rows)


class TargetOnly(BaseTransferRegressor):
    """A calibration on the target's standards alone; with all samples measured there it is the native ceiling.

    Parameters
    ----------
    estimator : estimator, optional
        The calibration. Default: PLS with a cross-validated number of components.
    source, target : object, optional
        Labels of the two instruments.

    Attributes
    ----------
    estimator_ : fitted estimator
    n_standards_, n_pairs_ : int
    source_, target_ : object

    Raises
    ------
    NoStandardsError, TooFewStandardsError
        With fewer than three standards.

    Examples
    --------
    >>> from skspectral.datasets import make_instruments
    >>> from skspectral.transfer import TargetOnly
    >>> data = make_instruments(n_samples=30, random_state=0)
    >>> TargetOnly(source="A", target="B").fit(data.X, data.y, instrument=data.instrument).n_standards_
    30
    """

    def __transfer_tags__(self):
        return TransferTags(min_samples=3, needs_source=False, carries_source_model=False, refits=True)

    def _fit_source(self, rows):
        refuse_transfer(self, self.estimator)
        super()._fit_source(rows)

    def _fit_transfer(self, rows):
        refuse_transfer(self, self.estimator)
        on_target = rows.is_target
        ids = None if rows.sample_id is None else rows.sample_id[on_target]
        self.estimator_ = fit_calibration(self, self.estimator, rows.X[on_target], rows.y[on_target], ids)


class Pooled(BaseTransferRegressor):
    """One calibration on the source rows and the target's standards together.

    Parameters
    ----------
    estimator : estimator, optional
        The calibration. Default: PLS with a cross-validated number of components; the two spectra of a standard stay in
        one fold.
    centre : bool, default=True
        Subtract from each spectrum the mean of the pairs on its own instrument. This removes the mean difference, which
        is most of what separates two instruments.
    source, target : object, optional
        Labels of the two instruments.

    Attributes
    ----------
    estimator_ : fitted estimator
    target_mean_ : ndarray of shape (n_channels,)
        What is subtracted from target spectra; zero without ``centre``.
    n_standards_, n_pairs_ : int
    source_, target_ : object

    Raises
    ------
    NoStandardsError
        Without a standard, or without a pair when ``centre`` is true.

    Examples
    --------
    >>> from skspectral.datasets import make_instruments
    >>> from skspectral.transfer import Pooled
    >>> data = make_instruments(n_samples=30, random_state=0)
    >>> labels = {"instrument": data.instrument, "sample_id": data.sample_id}
    >>> Pooled(source="A", target="B").fit(data.X, data.y, **labels).target_mean_.shape
    (200,)
    """

    def __init__(self, estimator=None, *, centre=True, source=None, target=None):
        super().__init__(estimator, source=source, target=target)
        self.centre = centre

    def __transfer_tags__(self):
        return TransferTags(carries_source_model=False, refits=True)

    def _fit_source(self, rows):
        refuse_transfer(self, self.estimator)
        self.target_mean_ = self._source_mean = np.zeros(self.n_features_in_)
        super()._fit_source(rows)

    def _fit_transfer(self, rows):
        refuse_transfer(self, self.estimator)
        pairs = rows.pairs
        if self.centre and not len(pairs):
            raise NoStandardsError(
                "Pooled centres each instrument on the samples measured on both, and there is no such sample. "
                "Give sample_id for the standards, or set centre=False."
            )
        zero = np.zeros(self.n_features_in_)
        self._source_mean = pairs.source.mean(axis=0) if self.centre else zero
        self.target_mean_ = pairs.target.mean(axis=0) if self.centre else zero
        X = rows.X - np.where(rows.is_target[:, None], self.target_mean_, self._source_mean)
        self.estimator_ = fit_calibration(self, self.estimator, X, rows.y, rows.sample_id)

    def _predict(self, X):
        return predict_2d(self.estimator_, X - self.target_mean_)

    def _predict_source(self, X):
        return predict_2d(self.estimator_, X - self._source_mean)
