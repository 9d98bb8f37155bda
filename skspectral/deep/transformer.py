"""A transformer on patches of the spectrum, without pretraining."""

from ._base import DeepTransferRegressor
from ._checks import check_numbers, check_whole
from ._networks import PatchTransformerBody, open_layers

__all__ = ["TransformerTransfer"]

FINE_TUNING = ("all", "last", "bias", "none")


class TransformerTransfer(DeepTransferRegressor):
    """A transformer on patches of the spectrum, trained on the source without pretraining, then fine-tuned.

    Each patch of neighbouring channels becomes a token with a learned position [1]_; the dense output layer reads all
    tokens. References of several properties are predicted by one network; missing ones (NaN) do not count in its loss.

    Parameters
    ----------
    fine_tune : {"all", "last", "bias", "none"}, default="all"
        What may change on the target: every weight, the output layer, its bias, or nothing.
    inputs : tuple of {"raw", "sg1", "sg2", "snv", "snvsg1", "snvsg2"}, default=("sg1",)
        Representations of a spectrum that the network sees side by side, each standardised per channel on the source:
        absorbance, Savitzky-Golay derivatives of it, SNV, derivatives of that. Spectra with fewer than five channels
        have no derivative, and stay as they are.
    window : int, default=15
        Window of the derivatives in channels; odd.
    patch_size : int, default=20
        Channels per token.
    d_model, n_layers, n_heads : int, default=32, 2, 4
        Width, depth and attention heads.
    dropout : float, default=0.2
        Share of the features left out at random while training on the source.
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
    max_epochs, patience : int, default=300, 40
        Largest number of passes over the source samples, and passes without improvement after which training stops. The
        best weights are kept.
    adapt_lr, adapt_weight_decay : float, default=3e-4, 1e-4
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
    .. [1] Dosovitskiy, A. et al. (2021). An image is worth 16x16 words: transformers for image recognition at scale.
       https://doi.org/10.48550/arXiv.2010.11929
    .. [2] Bjerrum, E. J., Glahder, M., Skov, T. (2017). Data augmentation of spectral data for convolutional neural
       network (CNN) based deep chemometrics. https://doi.org/10.48550/arXiv.1710.01927

    Examples
    --------
    >>> from skspectral import TransformerTransfer
    >>> from skspectral.datasets import make_instruments
    >>> data = make_instruments(n_samples=30, n_channels=80, random_state=0)
    >>> labels = {"instrument": data.instrument, "sample_id": data.sample_id}
    >>> model = TransformerTransfer(max_epochs=5, adapt_steps=5, random_state=0, source="A", target="B")
    >>> model.fit(data.X, data.y, **labels).predict(data.X[data.instrument == "B"]).shape
    (30, 1)
    """

    def __init__(
        self,
        fine_tune="all",
        *,
        inputs=("sg1",),
        window=15,
        patch_size=20,
        d_model=32,
        n_layers=2,
        n_heads=4,
        dropout=0.2,
        centre="instrument",
        augmentation=0.0,
        n_networks=3,
        validation=0.2,
        lr=1e-3,
        weight_decay=1e-2,
        batch_size=16,
        max_epochs=300,
        patience=40,
        adapt_lr=3e-4,
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
        self.fine_tune = fine_tune
        self.inputs = inputs
        self.window = window
        self.patch_size = patch_size
        self.d_model = d_model
        self.n_layers = n_layers
        self.n_heads = n_heads
        self.dropout = dropout
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
        if self.fine_tune not in FINE_TUNING:
            raise ValueError(f"fine_tune must be one of {', '.join(FINE_TUNING)}, got {self.fine_tune!r}.")
        check_whole(self, ("patch_size", "d_model", "n_layers", "n_heads"))
        check_numbers(self, ("dropout",), below=1)
        if self.d_model % self.n_heads:
            raise ValueError(f"n_heads must divide d_model={self.d_model}, got {self.n_heads}.")

    def _body(self, n_inputs, n_channels):
        return PatchTransformerBody(
            n_inputs,
            n_channels,
            patch_size=min(self.patch_size, n_channels),
            d_model=self.d_model,
            n_layers=self.n_layers,
            n_heads=self.n_heads,
            dropout=self.dropout,
        )

    def _adapts(self):
        return self.fine_tune != "none"

    def _open(self, network, setting):
        open_layers(network, self.fine_tune)
