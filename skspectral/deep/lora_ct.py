"""Calibration transfer by low-rank adapters on a frozen convolutional network: one small adapter per instrument."""

from numbers import Integral

from ._adapters import AdapterMixin
from ._base import DeepTransferRegressor
from ._checks import check_numbers, check_odd, check_sizes
from ._networks import ConvolutionalBody, open_layers

__all__ = ["LoRACT"]

ARMS = {"lora": None, "full": "all", "last": "last", "bias": "bias", "none": None}
RANKS = (1, 2, 4, 8)


class LoRACT(AdapterMixin, DeepTransferRegressor):
    """Low-rank adapters on a convolutional network: the source network stays, each instrument gets a small file.

    Three convolutions and a dense layer are trained on the source and frozen. On the standards, every convolution and
    dense layer learns an update ``alpha / rank * B A`` of its weight (a convolution's taken as the matrix of filters by
    inputs times width), and the output its bias. The method was published for Raman spectrometers [1]_; its network,
    ranks and training are not part of what is public, and are choices of this package.

    Parameters
    ----------
    adapt : {"lora", "full", "last", "bias", "none"}, default="lora"
        What changes on the target: the adapters, every weight, the output layer, its bias, or nothing. The last, behind
        another method, is a frozen network: ``PDS(LoRACT("none", centre=None))``.
    rank : int or "cv", default=4
        Rank of the updates. "cv" tries 1, 2, 4 and 8 on held-out standards.
    alpha : float, optional
        Scale of the updates. Default: twice the rank.
    inputs : tuple of {"raw", "sg1", "sg2", "snv", "snvsg1", "snvsg2"}, default=("snv", "sg1")
        Representations of a spectrum that the network sees side by side, each standardised per channel on the source:
        absorbance, Savitzky-Golay derivatives of it, SNV, derivatives of that. Spectra with fewer than five channels
        have no derivative, and stay as they are.
    window : int, default=15
        Window of the derivatives in channels; odd.
    filters : tuple of int, default=(8, 16, 32)
        Filters of each convolution; each has stride 2.
    kernel_size : int, default=11
        Width of the convolutions in channels.
    hidden : tuple of int, default=(256,)
        Widths of the dense layers.
    batch_norm : bool, default=False
        Batch normalisation after each convolution; its statistics stay those of the source. With fewer than a few
        hundred source samples networks predict better without.
    centre : {"instrument", None}, default="instrument"
        Shift target spectra by the mean difference of the pairs first (of all samples, without a pair). Without it the
        network spends the standards on the offset between the instruments.
    augmentation : float, default=0.0
        Strength of random offset, tilt, gain and wavelength shift of the spectra during source training [2]_. At 1:
        offset and tilt up to 0.1 standard deviations of the source spectra, gain up to 5 %, shift up to a quarter of a
        channel.
    n_networks : int, default=3
        Networks whose predictions are averaged. Each starts from other weights and holds out other samples.
    validation : float, default=0.2
        Share of the source samples that each network holds out to stop training early. With fewer than ten samples
        none is, and training runs for ``max_epochs``.
    lr, weight_decay : float, default=1e-3, 1e-2
        AdamW on the source. The step is halved when the error on the held-out samples no longer falls.
    batch_size : int, default=16
    max_epochs, patience : int, default=200, 30
        Largest number of passes over the source samples, and passes without improvement after which training stops. The
        best weights are kept.
    adapt_lr, adapt_weight_decay : float, default=1e-3, 1e-4
        Adam on the standards and the source samples, all of them in one step.
    adapt_steps : int, default=100
        Largest number of such steps. The number used is the one at which held-out standards are predicted best, and may
        be 0; half of them without improvement end the search for it. A single standard can not be held out, and changes
        the mean shift only.
    adapt_folds : int, default=5
        Parts into which the standards are divided for that; their number leaves one out at a time.
    rehearsal : float, default=1.0
        Weight of the source samples, learned along while adapting, relative to the standards. 0 adapts to the standards
        alone, which forgets more of the source than ten standards can teach.
    device : str or torch.device, default="auto"
        "auto" is the GPU where there is one.
    random_state : int, RandomState, numpy Generator or None, default=None
        Seed. Global random states are neither used nor changed.
    verbose : int, default=0
        1 prints every epoch of the source training.
    source, target : object, optional
        Labels of the two instruments.

    Attributes
    ----------
    validation_rmse_ : ndarray of shape (n_targets,)
        Error of the source networks on the samples they held out, in units of ``y``; NaN where none was.
    transfer_rmse_ : ndarray of shape (n_targets,)
        Error on held-out standards at the chosen number of steps, in units of ``y``; NaN where none was held out. The
        source networks have learned from the twins of these standards, so it is somewhat too small.
    adapt_steps_ : int
        Steps taken on the standards.
    loss_curves_ : list of ndarray of shape (n_epochs, 2)
        Training and validation loss of each network, in units of the variance of ``y``; one column without validation.
    source_weights_, weights_ : list of dict of {str: ndarray}
        Weights of each network for source and for target spectra.
    shift_ : ndarray of shape (n_channels,)
        What is added to target spectra.
    n_parameters_ : int
        Trainable values of one network.
    adapters_ : list of dict of {str: ndarray} or None
        Adapter of each network: A and B of every layer, and the output's bias. None where there is none.
    rank_ : int or None
        Rank of the adapters.
    merged_ : bool
        Whether the adapters are part of ``weights_`` now.
    n_adapter_parameters_ : int
        Values in one adapter.
    n_standards_, n_pairs_, source_, target_
        As in every transfer method.

    Raises
    ------
    NoStandardsError
        Without a standard.
    MissingReferenceError
        If a property has fewer than two references on the source.

    References
    ----------
    .. [1] Lai et al. (2025). Calibration transfer of deep learning models among multiple Raman spectrometers via
       low-rank adaptation. Analytical Chemistry 97(35), 19009-19018. https://doi.org/10.1021/acs.analchem.5c01846
    .. [2] Bjerrum, E. J., Glahder, M., Skov, T. (2017). Data augmentation of spectral data for convolutional neural
       network (CNN) based deep chemometrics. https://doi.org/10.48550/arXiv.1710.01927

    Examples
    --------
    >>> from skspectral import LoRACT
    >>> from skspectral.datasets import make_instruments
    >>> data = make_instruments(n_samples=30, n_channels=80, random_state=0)
    >>> labels = {"instrument": data.instrument, "sample_id": data.sample_id}
    >>> model = LoRACT(filters=(4, 8), max_epochs=5, adapt_steps=5, random_state=0, source="A", target="B")
    >>> model.fit(data.X, data.y, **labels).predict(data.X[data.instrument == "B"]).shape
    (30, 1)
    """

    def __init__(
        self,
        adapt="lora",
        *,
        rank=4,
        alpha=None,
        inputs=("snv", "sg1"),
        window=15,
        filters=(8, 16, 32),
        kernel_size=11,
        hidden=(256,),
        batch_norm=False,
        centre="instrument",
        augmentation=0.0,
        n_networks=3,
        validation=0.2,
        lr=1e-3,
        weight_decay=1e-2,
        batch_size=16,
        max_epochs=200,
        patience=30,
        adapt_lr=1e-3,
        adapt_weight_decay=1e-4,
        adapt_steps=100,
        adapt_folds=5,
        rehearsal=1.0,
        device="auto",
        random_state=None,
        verbose=0,
        source=None,
        target=None,
    ):
        self.adapt = adapt
        self.rank = rank
        self.alpha = alpha
        self.inputs = inputs
        self.window = window
        self.filters = filters
        self.kernel_size = kernel_size
        self.hidden = hidden
        self.batch_norm = batch_norm
        self.centre = centre
        self.augmentation = augmentation
        self.n_networks = n_networks
        self.validation = validation
        self.lr = lr
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.patience = patience
        self.adapt_lr = adapt_lr
        self.adapt_weight_decay = adapt_weight_decay
        self.adapt_steps = adapt_steps
        self.adapt_folds = adapt_folds
        self.rehearsal = rehearsal
        self.device = device
        self.random_state = random_state
        self.verbose = verbose
        self.source = source
        self.target = target

    def _check_params(self):
        super()._check_params()
        if self.adapt not in ARMS:
            raise ValueError(f"adapt must be one of {', '.join(ARMS)}, got {self.adapt!r}.")
        if not (isinstance(self.rank, str) and self.rank == "cv"):
            whole = isinstance(self.rank, Integral) and not isinstance(self.rank, bool)
            if not whole or self.rank < 1:
                raise ValueError(f'rank must be a positive integer or "cv", got {self.rank!r}.')
        if self.alpha is not None:
            check_numbers(self, ("alpha",), positive=True)
        check_sizes(self, "filters")
        check_sizes(self, "hidden")
        check_odd(self, "kernel_size")

    def _body(self, n_inputs, n_channels):
        return ConvolutionalBody(
            n_inputs,
            n_channels,
            filters=self.filters,
            kernel_size=self.kernel_size,
            stride=2,
            hidden=self.hidden,
            batch_norm=self.batch_norm,
        )

    def _adapts(self):
        return self.adapt != "none"

    def _adaptations(self):
        if self.adapt != "lora":
            return [None]
        return list(RANKS) if self.rank == "cv" else [self.rank]

    def _open(self, network, rank):
        if self.adapt == "lora":
            network.adapters = self._attach(network, rank)
        open_layers(network, ARMS[self.adapt] or "bias")
