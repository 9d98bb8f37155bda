"""What the deep baselines share: networks trained on the source, then adapted to the standards of the target.

Subclasses say how a network is built (``_body``) and what of it may change on the target (``_adaptations``,
``_open``). Everything else is the same: inputs, centring, ensembles, the number of steps chosen on held-out standards,
and predictions in double precision from stored arrays.
"""

import warnings
from dataclasses import dataclass

import numpy as np
import torch

from .._core.labels import UNPAIRED
from .._core.property_names import check_labelled
from .._core.random_streams import independent_streams
from .._core.steps import warn_of_jumps
from ..base import BaseTransferRegressor, TransferTags
from ..exceptions import ZeroShotWarning
from ..nn.seeding import seeded
from ._checks import check_device, check_numbers, check_odd, check_whole
from ._inputs import REPRESENTATIONS, SpectrumInputs
from ._networks import SpectralNetwork
from ._training import adapt, resolve_device, train_on_source

__all__ = ["CPU", "DeepTransferRegressor", "weights_of"]

# with fewer calibration samples a validation part says nothing, and training runs its full length
FEWEST_FOR_VALIDATION = 10

CPU = torch.device("cpu")

# an adaptation is not stopped before as many steps have failed
FEWEST_STEPS = 20

# spectra predicted at once
CHUNK = 256


@dataclass(frozen=True, eq=False)
class _Samples:
    """Spectra (n_samples, n_channels), standardised references (n_samples, n_targets) and sample numbers."""

    X: np.ndarray
    y: np.ndarray
    codes: np.ndarray

    def without(self, codes):
        """Leave out the samples with these numbers."""
        kept = ~np.isin(self.codes, codes[codes != UNPAIRED])
        return _Samples(self.X[kept], self.y[kept], self.codes[kept])


class DeepTransferRegressor(BaseTransferRegressor):
    """Base of the deep baselines; see its subclasses for the parameters."""

    # the networks are the calibration
    estimator = None

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        # channels are taken as neighbours, and scikit-learn's checks have features that are none
        tags.regressor_tags.poor_score = True
        tags.non_deterministic = self.random_state is None
        return tags

    def __transfer_tags__(self):
        if self._adapts():
            return TransferTags(carries_source_model=False, affine=False)
        needs = "target_rows" if self.centre is not None else "nothing"
        return TransferTags(
            needs=needs,
            min_samples=int(needs != "nothing"),
            uses_target_references=False,
            zero_shot=True,
            carries_source_model=False,
            affine=False,
        )

    def fit(self, X, y, *, instrument=None, sample_id=None):
        """Train on the source and adapt to the target; see :meth:`BaseTransferRegressor.fit` for arguments and errors.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
        y : array-like of shape (n_spectra,) or (n_spectra, n_targets)
        instrument, sample_id : array-like of shape (n_spectra,), optional

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a parameter is out of its range.

        Warns
        -----
        UnequalStepsWarning
            If derivatives are among the inputs and the steps of a known axis jump.
        """
        self._check_params()
        return super().fit(X, y, instrument=instrument, sample_id=sample_id)

    def _read_spectra(self, X):
        values = super()._read_spectra(X)
        if any(order for _, order in map(REPRESENTATIONS.get, self.inputs)):
            warn_of_jumps(self, "inputs=('raw', 'snv') has no derivatives.", stacklevel=4)
        return values

    def _check_params(self):
        unknown = set(self.inputs) - set(REPRESENTATIONS)
        if isinstance(self.inputs, str) or not len(self.inputs) or unknown:
            raise ValueError(
                f"inputs must be a tuple of names out of {', '.join(REPRESENTATIONS)}, got {self.inputs!r}."
            )
        if self.centre not in ("instrument", None):
            raise ValueError(f'centre must be "instrument" or None, got {self.centre!r}.')
        check_odd(self, "window", least=3)
        check_whole(self, ("n_networks", "batch_size", "max_epochs", "patience"))
        check_whole(self, ("adapt_steps",), least=0)
        check_whole(self, ("adapt_folds",), least=2)
        check_numbers(self, ("lr", "adapt_lr"), positive=True)
        check_numbers(self, ("weight_decay", "adapt_weight_decay", "augmentation", "rehearsal"))
        check_numbers(self, ("validation",), below=1)
        check_device(self.device)

    # ---------------------------------------------------------------- what a subclass decides

    def _body(self, n_inputs, n_channels):
        """Build what lies between the inputs and the output layer."""
        raise NotImplementedError

    def _adapts(self):
        """Whether anything of the networks changes on the target."""
        raise NotImplementedError

    def _adaptations(self):
        """List the settings that held-out standards choose from."""
        return [None]

    def _open(self, network, setting):
        """Let the part of a trained network require gradients that the target may change."""
        raise NotImplementedError

    def _keep(self, networks, setting):
        """Store what the adapted networks have learned."""
        self.weights_ = [weights_of(network) for network in networks]

    def _load(self, k):
        """Build network ``k`` as it predicts target spectra."""
        return self._network(self.weights_[k])

    # ---------------------------------------------------------------- fitting

    def _fit_source(self, rows):
        self._train(rows)

    def _fit_transfer(self, rows):
        source = self._train(rows)
        if self.centre is not None:
            self.shift_ = _mean_shift(rows)
        X, y, codes = rows.target_samples
        known = np.isfinite(y).any(axis=1)
        if self._adapts() and known.any():
            scaled = (y[known] - self._y_mean) / self._y_scale
            self._adapt(_Samples(X[known] + self.shift_, scaled, codes[known]), source)

    def _train(self, rows):
        """Train the networks on the source samples, each with another validation part; returns the samples."""
        X, y, codes = rows.source_samples
        known = np.isfinite(y)
        check_labelled(self, known, least=2, what="source samples with references")
        X, y, codes = (values[known.any(axis=1)] for values in (X, y, codes))
        device = resolve_device(self.device)
        streams = independent_streams(self.random_state, self.n_networks + 1)
        self._seeds = [int(stream.integers(2**31)) for stream in streams]
        self.shift_ = np.zeros(X.shape[1])
        self._y_mean = np.nanmean(y, axis=0)
        deviation = np.nanstd(y, axis=0)
        self._y_scale = np.where(deviation > 0, deviation, 1.0)
        self.n_targets_ = y.shape[1]
        scaled = (y - self._y_mean) / self._y_scale
        order = np.random.default_rng(self._seeds[-1]).permutation(len(X))
        n_held_out = round(self.validation * len(X)) if len(X) >= FEWEST_FOR_VALIDATION else 0
        self.source_weights_, self.loss_curves_, errors = [], [], []
        for k in range(self.n_networks):
            held_out = np.roll(order, -k * n_held_out)[:n_held_out]
            with seeded(self._seeds[k], device):
                network = self._network()
                network.inputs.standardise_on(torch.as_tensor(X, dtype=torch.float32))
                history = train_on_source(
                    network,
                    X,
                    scaled,
                    held_out,
                    lr=self.lr,
                    weight_decay=self.weight_decay,
                    batch_size=self.batch_size,
                    max_epochs=self.max_epochs,
                    patience=self.patience,
                    device=device,
                    verbose=self.verbose,
                )
            self.source_weights_.append(weights_of(network))
            if not all(np.isfinite(values).all() for values in self.source_weights_[-1].values()):
                raise ValueError(f"The training of {type(self).__name__} diverged: lower lr, got {self.lr!r}.")
            columns = ("train_loss", "valid_loss") if n_held_out else ("train_loss",)
            self.loss_curves_.append(np.array([history[:, column] for column in columns]).T)
            errors.append(self._ensemble([network], X[held_out]) - scaled[held_out])
        self.n_parameters_ = sum(p.numel() for p in network.parameters())
        self.weights_ = self.source_weights_
        self.validation_rmse_ = _rmse(np.concatenate(errors)) * self._y_scale
        self.adapt_steps_, self.transfer_rmse_ = 0, np.full(self.n_targets_, np.nan)
        return _Samples(X, scaled, codes)

    def _adapt(self, standards, source):
        """Adapt the networks to standards, for as many steps as held-out standards allow."""
        setting = self._adaptations()[0]
        # with a single standard nothing can be held out, so nothing would tell when to stop
        if len(standards.X) > 1:
            least = np.inf
            for candidate in self._adaptations():
                steps = self._held_out(candidate, standards, source)
                errors = np.array([_rmse(predicted - standards.y) for predicted in steps])
                losses = np.nanmean(errors**2, axis=1)
                if losses.min() < least:
                    least, setting, self.adapt_steps_ = losses.min(), candidate, int(losses.argmin())
                    self.transfer_rmse_ = errors[self.adapt_steps_] * self._y_scale
        adapted = []
        for k in range(self.n_networks):
            network, steps = self._adapted(k, setting, standards, source)
            for _ in range(self.adapt_steps_ + 1):
                next(steps)
            adapted.append(network)
        self._keep(adapted, setting)

    def _held_out(self, setting, standards, source):
        """Predict each standard after every step by networks that were adapted without it: (n_steps + 1, *y.shape).

        All parts take a step before any takes the next, and stop together when half of ``adapt_steps`` brought no
        smaller error. It often rises first: Adam's first steps are as large in directions that do not matter.
        """
        n_folds = min(self.adapt_folds, len(standards.X))
        order = np.random.default_rng(self._seeds[-1]).permutation(len(standards.X))
        courses = []
        for fold in (order[start::n_folds] for start in range(n_folds)):
            without_twins = source.without(standards.codes[fold])
            for k in range(self.n_networks):
                courses.append((fold, self._adapted(k, setting, standards, without_twins, fold)[1]))
        steps, losses = [], []
        wait = max(FEWEST_STEPS, self.adapt_steps // 2)
        while len(steps) <= self.adapt_steps and len(steps) - np.argmin([*losses, np.inf]) <= wait:
            predicted = np.zeros(standards.y.shape)
            for fold, course in courses:
                predicted[fold] += next(course) / self.n_networks
            steps.append(predicted)
            losses.append(np.nanmean(_rmse(predicted - standards.y) ** 2))
        return np.stack(steps)

    def _adapted(self, k, setting, standards, source, held_out=None):
        """Open network ``k`` for adaptation; returns it, and the generator that takes its steps."""
        device = resolve_device(self.device)
        with seeded(self._seeds[k], device):
            network = self._network(self.source_weights_[k]).requires_grad_(False)
            self._open(network, setting)
        # the steps draw no random number
        steps = adapt(
            network,
            standards.X,
            standards.y,
            lr=self.adapt_lr,
            weight_decay=self.adapt_weight_decay,
            device=device,
            held_out=held_out,
            source=(source.X, source.y),
            rehearsal=self.rehearsal,
        )
        return network, steps

    # ---------------------------------------------------------------- networks

    def _network(self, weights=None):
        """Build a network, with the given weights or with random ones."""
        n_channels = self.n_features_in_
        inputs = SpectrumInputs(self.inputs, n_channels, self.window, self.augmentation)
        network = SpectralNetwork(inputs, self._body(len(self.inputs), n_channels), self.n_targets_)
        if weights is not None:
            network.load_state_dict({name: torch.from_numpy(value) for name, value in weights.items()})
        return network

    def _ensemble(self, networks, X):
        """Average the networks' predictions (n_spectra, n_targets), in units of standardised references."""
        # single precision would round a batch otherwise than its rows
        device = resolve_device(self.device)
        networks = [network.to(device).double().eval() for network in networks]
        predicted = np.zeros((len(X), self.n_targets_))
        with torch.no_grad():
            for start in range(0, len(X), CHUNK):
                spectra = torch.tensor(X[start : start + CHUNK], dtype=torch.float64, device=device)
                for network in networks:
                    predicted[start : start + CHUNK] += network(spectra).cpu().numpy() / len(networks)
        return predicted

    def _predict(self, X):
        # building a network draws its initial weights
        with seeded(0, CPU):
            networks = [self._load(k) for k in range(self.n_networks)]
        return self._in_units(self._ensemble(networks, X + self.shift_))

    def _predict_source(self, X):
        with seeded(0, CPU):
            networks = [self._network(weights) for weights in self.source_weights_]
        return self._in_units(self._ensemble(networks, X))

    def _in_units(self, predicted):
        return predicted * self._y_scale + self._y_mean


def weights_of(network):
    """Copy the weights of a network as arrays."""
    return {name: value.detach().cpu().float().numpy().copy() for name, value in network.state_dict().items()}


def _rmse(errors):
    """Root mean square of (n_spectra, n_targets) over the known references; NaN where there is none."""
    counts = np.isfinite(errors).sum(axis=0)
    return np.sqrt(np.divide(np.nansum(errors**2, axis=0), counts, out=np.full(len(counts), np.nan), where=counts > 0))


def _mean_shift(rows):
    """Mean source minus mean target spectrum: of the pairs, or of all samples where there is no pair."""
    if len(rows.pairs):
        return rows.pairs.source.mean(axis=0) - rows.pairs.target.mean(axis=0)
    source, target = rows.source_samples[0], rows.target_samples[0]
    warnings.warn(
        f"There is no pair, so instruments are centred by the means of {len(source)} source and {len(target)} target "
        "samples; this assumes the same population of samples on both.",
        ZeroShotWarning,
        stacklevel=6,
    )
    return source.mean(axis=0) - target.mean(axis=0)
