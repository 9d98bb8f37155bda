"""The foundation model as one estimator of the library."""

import numbers
from dataclasses import replace

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from .._validation import validate_spectra
from ..base import TransferTags
from ..calibration import PLSRegressionCV
from ..nn.inputs import DOMAINS
from ..transfer import AutoTransfer
from ..transfer._augmented import held_out_error
from ._adapter import AdapterFiles
from ._fitting import fit_network
from ._mixture import network_weight
from ._native import NativeAxes
from ._network import NetworkRecord
from ._spectra import SpectrumWriter, codes
from .ttt import TestTimeTraining

__all__ = ["SpectralFMTransfer"]

# A network reads patches of channels; with fewer than this there is nothing to read.
LEAST_CHANNELS = 16


class SpectralFMTransfer(AdapterFiles, NativeAxes):
    """Calibration transfer with a pretrained network, and the closed-form portfolio as its safety net.

    The network makes features of every spectrum, region by region and stage by stage, beside the spectrum itself and
    its slope. A head that was trained with it turns source rows, pairs and standards into a calibration in closed form.
    The portfolio (:class:`AutoTransfer`) is fitted to the same rows, and the network is one more expert beside it: its
    weight is earned by its errors on standards that it has not seen.

    Parameters
    ----------
    weights : str, path or None, default="small"
        Name of weights that come with the package (:func:`skspectral.pretraining.weights.available_weights`), a folder,
        or a hub id. None gives a very small network with random weights, for fast checks.
    adapt : {"head", "lora", "full"}, default="head"
        What learns from the rows: the closed-form head alone; also low-rank updates of queries, keys and values; or all
        weights, which is slow. The network itself is adapted from five standards on.
    ttt_steps : int, default=0
        Most steps of :class:`TestTimeTraining` on target spectra without pair and reference (on all target spectra
        where there are none such).
    ttt_on : {"fit", "predict"}, default="fit"
        Whether test-time training uses the target rows of ``fit``, or every batch that is predicted.
    network_weight : "auto" or float, default="auto"
        Weight of the network beside the portfolio, between 0 and 1.
    lora_rank, adapt_steps : int, default=8, 20
        Rank of the updates, and steps of the adaptation.
    wavelengths : array-like of shape (n_channels,) or dict of {label: array-like}, optional
        Axis of the spectra, or of every instrument where each has its own: the spectra then stand in the first columns
        of ``X``, with NaN behind shorter ones. Default: numeric column labels of a DataFrame, else channels of 2 nm
        from 1000 nm (with a warning).
    axis_unit : {"nm", "cm-1"}, default="nm"
        Unit of the axis.
    domain : {"NIR", "IR", "RAMAN", "UNKNOWN"}, default="NIR"
        Kind of spectra.
    store_weights : bool, default=False
        Whether a stored model holds the network, too. Otherwise it holds its name and checksum, and the package or
        folder that it came from must be there when the model is loaded.
    device : str, default="auto"
        "cpu", "cuda" or "cuda:N"; "auto" takes a GPU where there is one.
    random_state : int, RandomState or None, default=0
        Seed of whatever is random: untrained weights, updates, masks.
    quiet : bool, default=True
        No progress bar while the network is adapted.
    source, target : object, optional
        Labels of the two instruments.

    Attributes
    ----------
    network_weight_ : ndarray of shape (n_targets,)
        Weight of the network beside the portfolio.
    portfolio_ : AutoTransfer or None
        The safety net; None without target rows, where ``estimator_`` is the source calibration.
    network_held_out_, portfolio_held_out_ : ndarray of shape (n_target_samples, n_targets)
        Reference minus prediction of target samples that were left out, in units of ``y``; NaN where there is no
        reference, and for the portfolio where it has no such errors.
    transfer_rmse_ : ndarray of shape (n_targets,)
        Leave-one-standard-out error of the mixture in units of ``y``; NaN where too few standards could be left out.
    n_parameters_ : dict of {str: int}
        Values in "network" and "head", and those "adapted" to the target.
    adapter_ : dict of {str: ndarray}
        What belongs to the target: updates, normalisation and read-out; see :meth:`save_adapter`.
    ttt_losses_ : list of float
        Reconstruction errors of test-time training.
    n_standards_, n_pairs_, source_, target_
        As in every transfer method.

    Raises
    ------
    NoStandardsError
        Without any target row.
    MissingWeightsError
        If there are no such weights.

    Notes
    -----
    Takes absorbance. The network standardises every spectrum itself, so that SNV or ``Resample`` before it in a
    Pipeline are harmless; after ``Resample`` give its axis. With fewer than 16 channels the portfolio answers alone.

    Examples
    --------
    >>> from skspectral import SpectralFMTransfer
    >>> from skspectral.datasets import make_instruments
    >>> data = make_instruments(n_samples=30, random_state=0)
    >>> labels = {"instrument": data.instrument, "sample_id": data.sample_id}
    >>> model = SpectralFMTransfer(None, wavelengths=data.wavelengths, source="A", target="B")
    >>> model.fit(data.X, data.y, **labels).predict(data.X[-2:]).shape
    (2, 1)
    """

    def __init__(
        self,
        weights="small",
        *,
        adapt="head",
        ttt_steps=0,
        ttt_on="fit",
        network_weight="auto",
        lora_rank=8,
        adapt_steps=20,
        wavelengths=None,
        axis_unit="nm",
        domain="NIR",
        store_weights=False,
        device="auto",
        random_state=0,
        quiet=True,
        source=None,
        target=None,
    ):
        self.weights = weights
        self.adapt = adapt
        self.ttt_steps = ttt_steps
        self.ttt_on = ttt_on
        self.network_weight = network_weight
        self.lora_rank = lora_rank
        self.adapt_steps = adapt_steps
        self.wavelengths = wavelengths
        self.axis_unit = axis_unit
        self.domain = domain
        self.store_weights = store_weights
        self.device = device
        self.random_state = random_state
        self.quiet = quiet
        self.source = source
        self.target = target

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        # channels are taken as neighbours: derivatives of unrelated features say little
        tags.regressor_tags.poor_score = True
        return tags

    def __transfer_tags__(self):
        return TransferTags(needs="target_rows", zero_shot=True, carries_source_model=False, affine=False)

    def _check_params(self):
        choices = {"adapt": ("head", "lora", "full"), "ttt_on": ("fit", "predict"), "domain": DOMAINS}
        for name, allowed in choices.items():
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} must be one of {', '.join(allowed)}, got {getattr(self, name)!r}.")
        for name, least in (("ttt_steps", 0), ("lora_rank", 1), ("adapt_steps", 1)):
            value = getattr(self, name)
            if not isinstance(value, numbers.Integral) or value < least:
                raise ValueError(f"{name} must be an integer of at least {least}, got {value!r}.")
        weight = self.network_weight
        if weight != "auto" and not (isinstance(weight, numbers.Real) and 0 <= weight <= 1):
            raise ValueError(f'network_weight must be "auto" or a number from 0 to 1, got {weight!r}.')
        self._check_unit()

    def _fit_source(self, rows):
        self.estimator_ = PLSRegressionCV().fit(rows.X, rows.y, sample_id=rows.sample_id)
        self.portfolio_ = None
        self._without_network(rows.y.shape[1])

    def _fit_transfer(self, rows):
        self._fit_portfolio(rows)
        if len(self._nm) < LEAST_CHANNELS:
            self._without_network(rows.y.shape[1])
            return
        seed = int(check_random_state(self.random_state).randint(2**31))
        network = fit_network(
            rows,
            self._nm,
            NetworkRecord(self.weights, seed),
            embed=self.store_weights,
            domain=self.domain,
            device=self.device,
            how=self.adapt,
            steps=self.adapt_steps,
            rank=self.lora_rank,
            ttt_steps=self.ttt_steps if self.ttt_on == "fit" else 0,
            quiet=self.quiet,
        )
        self._encoder, self._network, self._readout = network.encoder, network.record, network.readout
        self._writer = SpectrumWriter.fit(network.encoder, rows, self._nm, self.domain)
        self.ttt_losses_ = network.ttt_losses
        self.n_parameters_ = network.n_parameters()
        portfolio = self.portfolio_.models_.get("portfolio")
        self.network_held_out_ = network.held_out
        self.portfolio_held_out_ = np.full_like(network.held_out, np.nan) if portfolio is None else portfolio.held_out_
        zero_shot = self.n_pairs_ == 0 and self.n_standards_ == 0
        self.network_weight_ = network_weight(self.portfolio_held_out_, network.held_out, zero_shot)
        if self.network_weight != "auto":
            self.network_weight_ = np.full(rows.y.shape[1], float(self.network_weight))
        weight = self.network_weight_
        mixed = (1 - weight) * self.portfolio_held_out_ + weight * self.network_held_out_
        self.transfer_rmse_ = np.sqrt(held_out_error(mixed))

    def _fit_portfolio(self, rows):
        self.estimator_ = None
        if self._native is None:
            self._nm = self._find_nm()
        labels = {"instrument": rows.instrument, "sample_id": rows.sample_id}
        self.portfolio_ = AutoTransfer(wavelengths=self._nm, source=rows.source, target=rows.target)
        self.portfolio_.fit(rows.X, rows.y, **labels)

    def _without_network(self, n_targets):
        self._encoder = self._network = self._readout = self._writer = None
        self.network_weight_ = np.zeros(n_targets)
        self.n_parameters_ = {"network": 0, "head": 0, "adapted": 0}
        self.ttt_losses_ = []
        unknown = np.full(n_targets, np.nan)
        self.transfer_rmse_ = unknown if self.portfolio_ is None else self.portfolio_.transfer_rmse_

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
            Only with ``return_std``: the portfolio's, and what the two experts differ by.
        """
        X = self._target_spectra(X)
        portfolio, network, std = self._experts(X, return_std)
        predicted = self._like_y(self._mix(portfolio, network))
        if not return_std:
            return predicted
        weight = self.network_weight_
        between = weight * (1 - weight) * (network - portfolio) ** 2
        return predicted, self._like_y(np.sqrt(std**2 + between))

    def predict_experts(self, X):
        """Predict by portfolio and network, each alone.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)

        Returns
        -------
        portfolio, network : ndarray of shape (n_spectra,) or (n_spectra, n_targets)
            In the units of ``y``; equal where there is no network.
        """
        portfolio, network, _ = self._experts(self._target_spectra(X))
        return self._like_y(portfolio), self._like_y(network)

    def _experts(self, X, return_std=False):
        """Predictions of both experts (n_spectra, n_targets), and the portfolio's standard deviation where asked."""
        if self.estimator_ is not None:
            calibrated = self.estimator_.predict(X).reshape(len(X), -1)
            return calibrated, calibrated, np.tile(self.estimator_.rmsecv_, (len(X), 1))
        if return_std:
            portfolio, std = (part.reshape(len(X), -1) for part in self.portfolio_.predict(X, return_std=True))
        else:
            portfolio, std = self.portfolio_.predict(X).reshape(len(X), -1), None
        if self._readout is None:
            return portfolio, portfolio, std
        encoder = self._fitted_encoder()
        if self.ttt_on == "predict" and self.ttt_steps:
            ttt = TestTimeTraining(self.ttt_steps, seed=self._network.seed)
            encoder = replace(encoder, model=ttt(encoder.model, *encoder.resample(X, self._nm), self.domain))
        return portfolio, self._readout.predict(encoder, X, self._nm, self.domain), std

    def _mix(self, portfolio, network):
        return portfolio + self.network_weight_ * (network - portfolio)

    def _predict(self, X):
        return self._mix(*self._experts(X)[:2])

    def transform(self, X):
        """Write target spectra as the source instrument would measure them, by the network's Fourier head.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra of the target.

        Returns
        -------
        ndarray of shape (n_spectra, n_channels)
            In absorbance, on the axis of ``X``; on the shared one, ``shared_wavelengths_``, where every instrument has
            its own.
        """
        return self._map_target(self._target_spectra(X, forbid_constant=False))

    def _map_target(self, X):
        if self._writer is None:
            return X.copy()
        return self._writer.write(self._fitted_encoder(), X, self._nm, self.domain)

    def embed(self, X):
        """Give the network's chemistry code of target spectra.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)

        Returns
        -------
        ndarray of shape (n_spectra, d_chem)
            Mean of the code.

        Raises
        ------
        ValueError
            If the model has no network: with fewer than 16 channels, or without target rows in ``fit``.
        """
        X = self._target_spectra(X)
        if self._network is None:
            raise ValueError(
                "This model has no network to embed spectra with: it was fitted without target rows, or to fewer than "
                f"{LEAST_CHANNELS} channels."
            )
        return codes(self._fitted_encoder(), X, self._nm, self.domain)[0].double().cpu().numpy()

    def _target_spectra(self, X, forbid_constant=True):
        """Validated spectra of the target, on the axis that the model was fitted on."""
        check_is_fitted(self)
        if self._native is not None:
            X = self._native.read_target(X)
        return validate_spectra(self, X, reset=False, forbid_constant=forbid_constant)

    def _fitted_encoder(self):
        if self._encoder is None:
            self._encoder = self._network.load(self.device)
        return self._encoder

    def __getstate__(self):
        # A file holds the name of the network, or its values, but no network.
        return super().__getstate__() | ({"_encoder": None} if "_encoder" in vars(self) else {})
