"""The foundation model as one estimator of the library."""

import numbers

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from .._core.references import held_out_error, spread
from .._core.validation import validate_spectra
from ..base import TransferTags
from ..calibration import PLSRegressionCV
from ..nn.inputs import DOMAINS
from ..transfer import AutoTransfer
from ._adapter_files import AdapterFiles
from ._encoder import NetworkRecord
from ._fitting import fit_network, used_to
from ._mixture import LEAST_FOR_EVIDENCE, expert_weights, mix, network_shares
from ._native_axes import NativeAxes
from ._readout import EXPERTS, LEAST_CHANNELS, OWN, SHARED, check_own_standards
from ._regions import Sight
from ._spectrum_writer import SpectraOutputs, SpectrumWriter

__all__ = ["SpectralFMTransfer"]

# Smaller weights are those of experts that were given none.
NEGLIGIBLE = 1e-12


class SpectralFMTransfer(AdapterFiles, SpectraOutputs, NativeAxes):
    """Calibration transfer with a pretrained network, and the closed-form portfolio as its safety net.

    The network makes features of every spectrum, region by region and stage by stage, beside the spectrum itself and
    its slope. From source rows, pairs and standards two calibrations are made of them in closed form: by the head that
    was trained with the network, and by a fixed committee of ridge regressions. Where the target measures more than the
    source, they use that too, and a third learns from the standards alone over the target's whole axis. The portfolio
    (:class:`AutoTransfer`) is fitted to the same rows. The weight of every such expert is earned by its errors on
    standards that it has not seen.

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
        Weight of the network's calibrations together beside the portfolio, between 0 and 1.
    lora_rank, adapt_steps : int, default=8, 20
        Rank of the updates, and steps of the adaptation.
    wavelengths : array-like of shape (n_channels,) or dict of {label: array-like}, optional
        Axis of the spectra, or of every instrument where each has its own: the spectra then stand in the first columns
        of ``X``, with NaN behind shorter ones. Instruments that share nothing are taken, too: the target is then
        calibrated by its own standards alone, and ``adapt`` and ``network_weight`` have no effect. Default: numeric
        column labels of a DataFrame, else channels of 2 nm from 1000 nm (with a warning).
    axis_unit : {"nm", "um", "cm-1", "Raman shift"}, default="nm"
        Unit of ``wavelengths``, and of labels that do not say theirs.
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
    expert_weights_ : dict of {str: ndarray of shape (n_targets,)}
        Weight of "portfolio", "network" (the trained head), "committee" and "own range"; they sum to 1. Experts that
        the rows do not allow are missing.
    network_weight_ : ndarray of shape (n_targets,)
        Weight of all but the portfolio together.
    portfolio_ : AutoTransfer or None
        The safety net; None where the instruments share no range, and without target rows, where ``estimator_`` is the
        source calibration.
    held_out_ : dict of {str: ndarray of shape (n_target_samples, n_targets)}
        Of every expert, reference minus prediction of target samples that were left out, in units of ``y``; NaN where
        there is no reference, and for the portfolio where it has no such errors.
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
    TooFewStandardsError
        If the instruments share no range, and a property has fewer than three references on the target.
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

    # 1 held portfolios of the first layout
    _layout = 2

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
        self.estimator_ = PLSRegressionCV().fit(self._parts(rows.X)[0], rows.y, sample_id=rows.sample_id)
        self.portfolio_ = None
        self._without_network(rows.y.shape[1])

    def _fit_transfer(self, rows):
        self.estimator_ = None
        if self._native is None:
            self._sight = Sight(self._find_nm(), None, self.domain)
        sight = self._sight
        shared, own = self._split(rows)
        self._fit_portfolio(shared)
        if len(sight.nm if sight.nm is not None else sight.own_nm) < LEAST_CHANNELS:
            self._without_network(rows.y.shape[1])
            return
        seed = int(check_random_state(self.random_state).randint(2**31))
        network = fit_network(
            shared,
            own,
            sight,
            NetworkRecord(self.weights, seed),
            embed=self.store_weights,
            device=self.device,
            how=self.adapt,
            steps=self.adapt_steps,
            rank=self.lora_rank,
            ttt_steps=self.ttt_steps if self.ttt_on == "fit" else 0,
            quiet=self.quiet,
        )
        self._encoder, self._network = network.encoder, network.record
        self._readout, self._own_readout = network.readout, network.own_readout
        self._writer = None if sight.nm is None else SpectrumWriter.fit(network.encoder, shared, sight.nm, self.domain)
        self.ttt_losses_ = network.ttt_losses
        self.n_parameters_ = network.n_parameters()
        found = self._portfolio_held_out(shared) | network.held_out
        self.held_out_ = {name: found[name] for name in EXPERTS if name in found}
        self._weigh(shared, own)

    def _fit_portfolio(self, rows):
        """Fit the safety net where the instruments share a range; otherwise see that the target can do without."""
        if self._sight.nm is not None:
            self.portfolio_ = AutoTransfer(wavelengths=self._sight.nm, source=rows.source, target=rows.target)
            self.portfolio_.fit(rows.X, rows.y, instrument=rows.instrument, sample_id=rows.sample_id)
            return
        self.portfolio_ = None
        check_own_standards(rows, len(self._sight.own_nm))

    def _portfolio_held_out(self, rows):
        if self.portfolio_ is None:
            return {}
        errors = np.full_like(rows.target_samples[1], np.nan)
        errors[rows.says_something] = self.portfolio_.portfolio_.held_out_
        return {"portfolio": errors}

    def _weigh(self, rows, own):
        """Weigh the experts by their errors on held-out standards, or by what they say of target spectra."""
        X, references, _ = rows.target_samples
        standards = np.maximum(self.n_pairs_, np.isfinite(references).sum(axis=0))
        said = None
        if standards.min() < LEAST_FOR_EVIDENCE <= len(X):
            said = {name: value.var(axis=0) for name, value in self._experts_of(X, own)[0].items()}
            said = {name: said.get(name, np.zeros(len(standards))) for name in self.held_out_}
        weights = expert_weights(self.held_out_, spread(rows.source_samples[1]), standards=standards, said=said)
        self._shares = network_shares(weights)
        weights = {name: np.where(weight > NEGLIGIBLE, weight, 0.0) for name, weight in weights.items()}
        if self.network_weight != "auto" and "portfolio" in weights:
            total = np.full(len(standards), float(self.network_weight))
            weights = {"portfolio": 1 - total} | {name: total * share for name, share in self._shares.items()}
        self.expert_weights_ = weights
        self.network_weight_ = 1 - weights.get("portfolio", np.zeros(rows.y.shape[1]))
        self.transfer_rmse_ = np.sqrt(held_out_error(mix(self.held_out_, weights)))

    def _without_network(self, n_targets):
        self._encoder = self._network = self._readout = self._own_readout = self._writer = None
        self.network_weight_ = np.zeros(n_targets)
        self.expert_weights_ = {"portfolio": np.ones(n_targets)}
        self.held_out_ = {}
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
            Only with ``return_std``: the portfolio's, and what the experts differ by. Without a portfolio it is the
            error on held-out standards.
        """
        X = self._target_spectra(X)
        values, std = self._experts(X, return_std)
        predicted = mix(values, self.expert_weights_)
        if not return_std:
            return self._like_y(predicted)
        between = mix({name: (value - predicted) ** 2 for name, value in values.items()}, self.expert_weights_)
        return self._like_y(predicted), self._like_y(np.sqrt(std**2 + between))

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
        for names, readout, features in ((SHARED, self._readout, joint), (OWN, self._own_readout, whole)):
            if readout is not None:
                values |= dict(zip(names, readout.predict(features), strict=True))
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

    def __getstate__(self):
        # A file holds the name of the network, or its values, but no network.
        return super().__getstate__() | ({"_encoder": None} if "_encoder" in vars(self) else {})
