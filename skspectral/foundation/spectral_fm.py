"""The foundation model as one estimator of the library."""

import numbers

import numpy as np
from sklearn.utils import check_random_state

from .._core.references import held_out_error, spread
from ..base import TransferTags
from ..calibration import PLSRegressionCV
from ..nn.inputs import DOMAINS
from ..transfer import AutoTransfer
from ._adapter_files import AdapterFiles
from ._encoder import NetworkRecord
from ._fitting import fit_network
from ._mixture import LEAST_FOR_EVIDENCE, expert_weights, mix, network_shares
from ._native_axes import NativeAxes
from ._predicting import ExpertPredictions
from ._readout import EXPERTS, LEAST_CHANNELS, check_own_standards
from ._regions import Sight
from ._spectrum_writer import SpectraOutputs, SpectrumWriter

__all__ = ["SpectralFMTransfer"]

# Smaller weights are those of experts that were given none.
NEGLIGIBLE = 1e-12


class SpectralFMTransfer(ExpertPredictions, AdapterFiles, SpectraOutputs, NativeAxes):
    """Calibration transfer with a pretrained network, and the closed-form portfolio as its safety net.

    The network makes features of every spectrum, region by region and stage by stage, beside the spectrum itself and
    its slope. From source rows, pairs and standards a calibration is made of them in closed form, by the head that was
    trained with the network. Where the target measures more than the source, it uses that too, and a second one learns
    from the standards alone over the target's whole axis. The portfolio
    (:class:`AutoTransfer`) is fitted to the same rows. The weight of every such expert is earned by its errors on
    standards that it has not seen.

    Parameters
    ----------
    weights : str, path or None, default="small"
        Name of weights that come with the package (:func:`skspectral.pretraining.weights.available_weights`), a folder,
        or a hub id. None gives a very small network with random weights, for fast checks.
    adapt : {"head", "lora", "full"}, default="head"
        What learns from the rows: the closed-form head alone; also low-rank updates of queries, keys and values; or all
        weights, which is slow. The network itself is adapted from five standards on. Low-rank updates made no
        predictions better on tasks that the pretraining left out, and are not recommended.
    ttt_steps : int, default=0
        Most steps of :class:`TestTimeTraining` on target spectra without pair and reference (on all target spectra
        where there are none such). It made predictions better by less than a per cent on such tasks, and is not
        recommended either.
    ttt_on : {"fit", "predict"}, default="fit"
        Whether test-time training uses the target rows of ``fit``, or every batch that is predicted.
    network_weight : "auto" or float, default="auto"
        Weight of the network's calibrations together beside the portfolio, between 0 and 1.
    lora_rank, adapt_steps : int, default=8, 20
        Rank of the updates, and steps of the adaptation.
    others : sequence of object, default=()
        Labels of further known instruments, those with references for the samples that they measured: every one is a
        source, too, as in :class:`AutoTransfer`. Each expert's calibrations from all of them are averaged by their
        errors on held-out standards. Where every instrument has its own axis, only what all of these measure is shared.
        Rows of instruments that are not named are ignored.
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
        Weight of "portfolio", "network" (the trained head) and "own range"; they sum to 1. Experts that the rows do
        not allow are missing.
    network_weight_ : ndarray of shape (n_targets,)
        Weight of all but the portfolio together.
    portfolio_ : AutoTransfer or None
        The safety net; None where the instruments share no range, and without target rows, where ``estimator_`` is the
        source calibration.
    source_weights_ : dict of {object: ndarray of shape (n_targets,)}
        Share of each known instrument in what is predicted from known instruments; ``source`` alone without ``others``.
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
    UnknownInstrumentError, AmbiguousInstrumentError
        If ``others`` names an instrument without rows, or one of the roles.
    MissingReferenceError
        If a known instrument has no reference for a property.
    ConflictingReferenceError
        If known instruments have different references for one sample.
    AxisMismatchError
        If the instruments in ``others`` leave nothing that all of them measure.

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

    # 1 held portfolios of the first layout, 2 a committee of ridges beside the trained head
    _layout = 3

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
        others=(),
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
        self.others = others
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
        self.source_weights_ = {}

    def _fit_transfer(self, rows):
        self.estimator_ = None
        if self._native is None:
            self._sight = Sight(self._find_nm(), None, self.domain)
        sight = self._sight
        given = self._given_rows()
        each, own = self._sort_out(*given)
        self._fit_portfolio(given, each[0])
        if len(sight.nm if sight.nm is not None else sight.own_nm) < LEAST_CHANNELS:
            self._without_network(rows.y.shape[1])
            self.source_weights_ = self.portfolio_.source_weights_
            return
        seed = int(check_random_state(self.random_state).randint(2**31))
        network = fit_network(
            each,
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
        writes = sight.nm is not None
        self._writer = SpectrumWriter.fit(network.encoder, each[0], sight.nm, self.domain) if writes else None
        self.ttt_losses_ = network.ttt_losses
        self.n_parameters_ = network.n_parameters()
        found = network.held_out
        if self.portfolio_ is not None:
            found = found | {"portfolio": self.portfolio_.held_out_}
        self.held_out_ = {name: found[name] for name in EXPERTS if name in found}
        self._weigh(each, own)
        self._share_sources(network.source_weights)

    def _fit_portfolio(self, given, rows):
        """Fit the safety net where the instruments share a range; otherwise see that the target can do without."""
        if self._sight.nm is None:
            self.portfolio_ = None
            check_own_standards(rows, len(self._sight.own_nm))
            return
        X, y, labels = given
        portfolio = AutoTransfer(
            others=self.others, wavelengths=self._sight.nm, source=self.source_, target=self.target_
        )
        self.portfolio_ = portfolio.fit(X, y, **labels)

    def _weigh(self, each, own):
        """Weigh the experts by their errors on held-out standards, or by what they say of target spectra."""
        X, references, _ = each[0].target_samples
        n_pairs = max(len(rows.pairs) for rows in each)
        standards = np.maximum(n_pairs, np.isfinite(references).sum(axis=0))
        said = None
        if standards.min() < LEAST_FOR_EVIDENCE <= len(X):
            said = {name: value.var(axis=0) for name, value in self._experts_of(X, own)[0].items()}
            said = {name: said.get(name, np.zeros(len(standards))) for name in self.held_out_}
        variance = np.mean([spread(rows.source_samples[1]) for rows in each], axis=0)
        weights = expert_weights(self.held_out_, variance, standards=standards, said=said)
        self._shares = network_shares(weights)
        weights = {name: np.where(weight > NEGLIGIBLE, weight, 0.0) for name, weight in weights.items()}
        if self.network_weight != "auto" and "portfolio" in weights:
            total = np.full(len(standards), float(self.network_weight))
            weights = {"portfolio": 1 - total} | {name: total * share for name, share in self._shares.items()}
        self.expert_weights_ = weights
        self.network_weight_ = 1 - weights.get("portfolio", np.zeros(references.shape[1]))
        self.transfer_rmse_ = np.sqrt(held_out_error(mix(self.held_out_, weights)))

    def _share_sources(self, of_network):
        """Say how much of the predictions comes from each known instrument."""
        labels, weights = [self.source_, *self.others], self.expert_weights_
        if self.portfolio_ is None:
            self.source_weights_ = {self.source_: np.ones_like(self.network_weight_)}
            return
        found = of_network | {"portfolio": np.stack([self.portfolio_.source_weights_[label] for label in labels])}
        shares = sum(weights[name] * value for name, value in found.items())
        self.source_weights_ = dict(zip(labels, shares / shares.sum(axis=0), strict=True))

    def _without_network(self, n_targets):
        self._encoder = self._network = self._readout = self._own_readout = self._writer = None
        self.network_weight_ = np.zeros(n_targets)
        self.expert_weights_ = {"portfolio": np.ones(n_targets)}
        self.held_out_ = {}
        self.n_parameters_ = {"network": 0, "head": 0, "adapted": 0}
        self.ttt_losses_ = []
        unknown = np.full(n_targets, np.nan)
        self.transfer_rmse_ = unknown if self.portfolio_ is None else self.portfolio_.transfer_rmse_

    def __getstate__(self):
        # A file holds the name of the network, or its values, but no network.
        return super().__getstate__() | ({"_encoder": None} if "_encoder" in vars(self) else {})
