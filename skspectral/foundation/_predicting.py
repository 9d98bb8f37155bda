"""What a fitted model says of spectra: every expert alone, and their mixture."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .._core.validation import validate_spectra
from ._fitting import used_to
from ._mixture import mix
from ._readout import OWN, SHARED

__all__ = ["ExpertPredictions"]


class ExpertPredictions:
    """Mixin of the foundation model: predictions of its experts, weighed by ``expert_weights_``."""

    def predict(self, X, return_std=False):
        """Predict references from spectra of the target instrument.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
        return_std : bool, default=False
            Also return the standard deviation of each prediction.

        Returns
        -------
        predicted : ndarray of shape (n_spectra,) or (n_spectra, n_targets)
            In the units of ``y``.
        std : ndarray of the same shape
            Only with ``return_std``: the portfolio's, and what the experts differ by. Without a portfolio it is the
            error on held-out standards.
        """
        X = self._target_spectra(X)
        values, std = self._experts(X, return_std)
        predicted = mix(values, self.expert_weights_)
        if not return_std:
            return self._like_y(predicted)
        between = mix({name: (value - predicted) ** 2 for name, value in values.items()}, self.expert_weights_)
        return self._like_y(predicted), self._in_shape_of_y(np.sqrt(std**2 + between))

    def predict_experts(self, X):
        """Predict by every expert alone.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)

        Returns
        -------
        dict of {str: ndarray of shape (n_spectra,) or (n_spectra, n_targets)}
            Predictions in the units of ``y`` by the experts of ``expert_weights_``; NaN for a property that has too few
            references for "own range".
        """
        values, _ = self._experts(self._target_spectra(X))
        return {name: self._like_y(value) for name, value in values.items()}

    def _experts(self, X, return_std=False):
        """Predictions of all experts (n_spectra, n_targets), and the portfolio's standard deviation where asked."""
        return self._experts_of(*self._parts(X), return_std)

    def _experts_of(self, shared, own, return_std=False):
        """The same of spectra on the shared range and the target's whole spectra."""
        n = len(shared)
        if self.estimator_ is not None:
            calibrated = self.estimator_.predict(shared).reshape(n, -1)
            return {"portfolio": calibrated}, np.tile(self.estimator_.rmsecv_, (n, 1))
        values, std = {}, np.tile(self.transfer_rmse_, (n, 1)) if return_std else None
        if self.portfolio_ is not None:
            found = self.portfolio_.predict(shared, return_std=return_std)
            values["portfolio"] = (found[0] if return_std else found).reshape(n, -1)
            std = found[1].reshape(n, -1) if return_std else None
        if self._network is None:
            return values, std
        encoder, sight = self._fitted_encoder(), self._sight
        if self.ttt_on == "predict" and self.ttt_steps:
            encoder, _ = used_to(encoder, sight, shared, own, self.ttt_steps, self._network.seed)
        joint, whole = sight.read_target(encoder, shared, own)
        for name, readout, features in ((SHARED, self._readout, joint), (OWN, self._own_readout, whole)):
            if readout is not None:
                values[name] = readout.predict(features)
        return values, std

    def _predict(self, X):
        return mix(self._experts(X)[0], self.expert_weights_)

    def _target_spectra(self, X, forbid_constant=True):
        """Validated spectra of the target, as the model was fitted on them."""
        check_is_fitted(self)
        if self._native is not None:
            X = self._native.read_target(X)
        return validate_spectra(self, X, reset=False, forbid_constant=forbid_constant)

    def _fitted_encoder(self):
        if self._encoder is None:
            self._encoder = self._network.load(self.device)
        return self._encoder
