"""Several instruments behind one ``predict``, for deployment."""

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from .._core.channels import rows_of
from .._core.labels import check_labels
from .._core.versions import VersionedState
from ..exceptions import UnknownInstrumentError
from ._methods import predict_with_std

__all__ = ["PerInstrument"]


class PerInstrument(VersionedState, RegressorMixin, BaseEstimator):
    """Route each spectrum to the model of its instrument.

    It belongs to deployment: scorers and searches of scikit-learn never tell ``predict`` the instrument, so
    cross-validate the single models instead.

    Parameters
    ----------
    estimators : dict of {instrument: estimator}
        Fitted models are used as they are; otherwise call ``fit``, which fits a clone of each on all rows (name
        ``source=`` and ``target=`` in each transfer method, so that it can pick its own).

    Attributes
    ----------
    estimators_ : dict of {instrument: fitted estimator}
        After ``fit``.

    Examples
    --------
    >>> from skspectral import MeanShift, PerInstrument, SourceOnly
    >>> from skspectral.datasets import make_instruments
    >>> data = make_instruments(n_samples=30, n_instruments=3, random_state=0)
    >>> labels = {"instrument": data.instrument, "sample_id": data.sample_id}
    >>> models = {name: MeanShift(source="A", target=name) for name in "BC"}
    >>> serving = PerInstrument(models).fit(data.X, data.y, **labels)
    >>> serving.predict(data.X[-2:], instrument=["C", "C"]).shape
    (2, 1)
    """

    __metadata_request__fit = {"instrument": True, "sample_id": True}

    def __init__(self, estimators):
        self.estimators = estimators

    def fit(self, X, y, *, instrument=None, sample_id=None):
        """Fit a clone of every model on all rows.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
        y : array-like of shape (n_spectra,) or (n_spectra, n_targets)
        instrument, sample_id : array-like of shape (n_spectra,), optional

        Returns
        -------
        self
        """
        self.estimators_ = {
            name: clone(model).fit(X, y, instrument=instrument, sample_id=sample_id)
            for name, model in self._models().items()
        }
        return self

    def predict(self, X, *, instrument, return_std=False):
        """Predict each row with the model of its instrument.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Labelled spectra are brought onto the axis of each model by that model.
        instrument : array-like of shape (n_spectra,) or a single label
            Instrument of each row.
        return_std : bool, default=False
            Also return the standard deviation of each prediction, which every model must have.

        Returns
        -------
        predicted : ndarray of shape (n_spectra,) or (n_spectra, n_targets)
            In the order of the rows.
        std : ndarray of the same shape
            Only with ``return_std``.

        Raises
        ------
        UnknownInstrumentError
            If an instrument has no model.
        NotFittedError
            If the models are not fitted.
        TypeError
            If ``return_std`` and a model has no standard deviations.
        """
        models = getattr(self, "estimators_", None) or self._models()
        n_rows = len(X)
        if isinstance(instrument, str) or np.ndim(instrument) == 0:
            instrument = [instrument] * n_rows
        labels = check_labels(instrument, n_rows, "instrument")
        unknown = {label for label in labels if label not in models}
        if unknown:
            raise UnknownInstrumentError(
                f"No model for instrument {', '.join(sorted(map(repr, unknown)))}; there are models for "
                f"{', '.join(sorted(map(repr, models)))}."
            )
        result = None
        for name in dict.fromkeys(labels):
            self._check_fitted(name, models[name])
            rows = np.flatnonzero(np.array([label == name for label in labels], dtype=bool))
            taken = rows_of(X, rows, name)
            parts = predict_with_std(models[name], taken) if return_std else (models[name].predict(taken),)
            if parts[-1] is None:
                raise TypeError(
                    f"The model of {name!r} has no standard deviations; TransferredModel.predict gives intervals for "
                    "every method."
                )
            parts = [np.asarray(part, dtype=np.float64) for part in parts]
            if result is None:
                result = [np.empty((n_rows, *part.shape[1:])) for part in parts]
            for part, whole in zip(parts, result):
                if part.shape[1:] != whole.shape[1:]:
                    raise ValueError(
                        f"The model of {name!r} predicts {part.shape[1:]} properties, others {whole.shape[1:]}."
                    )
                whole[rows] = part
        if result is None:
            result = [np.empty(0)] * (1 + return_std)
        return tuple(result) if return_std else result[0]

    def _models(self):
        if not isinstance(self.estimators, dict) or not self.estimators:
            raise ValueError("estimators must be a dictionary {instrument: estimator} with at least one entry.")
        return self.estimators

    @staticmethod
    def _check_fitted(name, model):
        try:
            check_is_fitted(model)
        except NotFittedError as error:
            raise NotFittedError(
                f"The model of {name!r} is not fitted: fit it, or call fit of PerInstrument."
            ) from error

    def __sklearn_is_fitted__(self):
        return hasattr(self, "estimators_")
