"""The networks of the deep baselines: inputs, body and one linear output layer."""

from torch import Tensor, nn

from ..nn.transformer import TransformerEncoder

__all__ = ["ConvolutionalBody", "PatchTransformerBody", "SpectralNetwork", "open_layers"]


class SpectralNetwork(nn.Module):
    """Predict standardised references (B, n_outputs) from spectra (B, L).

    Parameters
    ----------
    inputs : SpectrumInputs
    body : Module
        Maps (B, C, L) to features (B, ``body.n_features``).
    n_outputs : int
        Number of properties.
    """

    def __init__(self, inputs: nn.Module, body: nn.Module, n_outputs: int):
        super().__init__()
        self.inputs, self.body = inputs, body
        self.output = nn.Linear(body.n_features, n_outputs)
        self.adapting = False

    def train(self, mode: bool = True):
        """Switch to training, except while adapting: statistics of batch norms stay the source's, nothing is random."""
        return super().train(mode and not self.adapting)

    def forward(self, spectra: Tensor) -> Tensor:
        """Predict from spectra (B, L)."""
        return self.head(self.inputs(spectra))

    def head(self, inputs: Tensor) -> Tensor:
        """Predict from standardised inputs (B, C, L)."""
        return self.output(self.body(inputs))


def _dense(n_features, hidden, dropout):
    layers = []
    for width in hidden:
        layers += [nn.Linear(n_features, width), nn.ELU()]
        if dropout:
            layers.append(nn.Dropout(dropout))
        n_features = width
    return nn.Sequential(*layers), n_features


class ConvolutionalBody(nn.Module):
    """Convolutions with stride, then dense layers.

    Parameters
    ----------
    n_inputs : int
        Representations per spectrum.
    n_channels : int
        Length of the spectra.
    filters : tuple of int
        Filters of each convolution.
    kernel_size : int
        Width of the convolutions in channels; odd.
    stride : int
        Step of each convolution.
    hidden : tuple of int
        Widths of the dense layers.
    batch_norm : bool
        Batch normalisation after each convolution.
    dropout : float
        Share of dense units dropped while training.
    """

    def __init__(self, n_inputs, n_channels, *, filters, kernel_size, stride, hidden, batch_norm=False, dropout=0.0):
        super().__init__()
        layers, length = [], n_channels
        for width in filters:
            layers.append(nn.Conv1d(n_inputs, width, kernel_size, stride=stride, padding=kernel_size // 2))
            if batch_norm:
                layers.append(nn.BatchNorm1d(width))
            layers.append(nn.ELU())
            n_inputs, length = width, (length - 1) // stride + 1
        self.convolutions = nn.Sequential(*layers)
        self.dense, self.n_features = _dense(n_inputs * length, hidden, dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, L) to features (B, n_features)."""
        return self.dense(self.convolutions(x).flatten(1))


class PatchTransformerBody(nn.Module):
    """Patches of neighbouring channels as tokens of a transformer encoder.

    Parameters
    ----------
    n_inputs : int
        Representations per spectrum.
    n_channels : int
        Length of the spectra.
    patch_size : int
        Channels per token; a last patch that is cut short is filled with zeros, the mean of the inputs.
    d_model, n_layers, n_heads : int
        Width, depth and heads of the encoder.
    dropout : float
        Share of features dropped while training.
    """

    def __init__(self, n_inputs, n_channels, *, patch_size, d_model, n_layers, n_heads, dropout=0.0):
        super().__init__()
        n_tokens = -(-n_channels // patch_size)
        self.missing = n_tokens * patch_size - n_channels
        self.patches = nn.Conv1d(n_inputs, d_model, patch_size, stride=patch_size)
        self.positions = nn.Parameter(0.02 * self.patches.weight.new_empty(n_tokens, d_model).normal_())
        self.encoder = TransformerEncoder(d_model, n_layers, n_heads, 2 * d_model)
        self.dropout = nn.Dropout(dropout)
        self.n_features = n_tokens * d_model

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, L) to the features (B, n_features) of all tokens side by side."""
        tokens = self.patches(nn.functional.pad(x, (0, self.missing))).transpose(1, 2)
        return self.dropout(self.encoder(tokens + self.positions)[-1].flatten(1))


def open_layers(network, what):
    """Let a part of a network learn: all of it, the dense layers, the output layer, or the output's bias.

    Parameters
    ----------
    network : SpectralNetwork
    what : {"all", "dense", "last", "bias"}
    """
    if what == "all":
        network.requires_grad_(True)
    if what == "dense":
        network.body.dense.requires_grad_(True)
    if what in ("dense", "last"):
        network.output.requires_grad_(True)
    network.output.bias.requires_grad_(True)
