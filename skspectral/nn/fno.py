"""Fourier neural operator: from a chemistry code to a spectrum with any number of channels."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

__all__ = ["FNOTransferHead", "SpectralConv1d"]


class SpectralConv1d(nn.Module):
    """Circular convolution with a kernel learned as its lowest Fourier coefficients.

    The coefficients belong to frequencies per period, not per channel, so that the same weights act alike on signals of
    any resolution. Runs in float32 or float64, also under autocast: there is no Fourier transform in bfloat16.

    Parameters
    ----------
    in_channels, out_channels : int
        Numbers of signals in and out.
    n_modes : int
        Number of frequencies kept, the mean included.

    References
    ----------
    .. [1] Z. Li et al., "Fourier Neural Operator for Parametric Partial Differential Equations", ICLR 2021.
       https://doi.org/10.48550/arXiv.2010.08895

    Examples
    --------
    >>> import torch
    >>> from skspectral.nn import SpectralConv1d
    >>> conv = SpectralConv1d(2, 3, n_modes=4)
    >>> conv(torch.ones(1, 2, 16)).shape, conv(torch.ones(1, 2, 33)).shape
    (torch.Size([1, 3, 16]), torch.Size([1, 3, 33]))
    """

    def __init__(self, in_channels: int, out_channels: int, n_modes: int):
        super().__init__()
        self.n_modes = n_modes
        # Real and imaginary parts apart: optimisers, safetensors and half precision know no complex parameters.
        self.weight = nn.Parameter(torch.randn(n_modes, in_channels, out_channels, 2) / math.sqrt(2 * in_channels))

    def forward(self, x: Tensor) -> Tensor:
        """Convolve.

        Parameters
        ----------
        x : Tensor of shape (B, in_channels, L)
            Evenly sampled periodic signals.

        Returns
        -------
        Tensor of shape (B, out_channels, L)
            Convolved signals in the dtype of ``x``.
        """
        with torch.autocast(x.device.type, enabled=False):
            dtype = torch.float64 if x.dtype == torch.float64 else torch.float32
            spectrum = torch.fft.rfft(x.to(dtype))
            # A short signal has fewer frequencies than the kernel.
            n_modes = min(self.n_modes, spectrum.shape[-1])
            weight = torch.view_as_complex(self.weight[:n_modes].to(dtype))
            low = (spectrum[..., :n_modes].permute(2, 0, 1) @ weight).permute(1, 2, 0)
            return torch.fft.irfft(F.pad(low, (0, spectrum.shape[-1] - n_modes)), n=x.shape[-1]).to(x.dtype)


class FNOTransferHead(nn.Module):
    """Write the spectrum of a sample as a chosen instrument would measure it, at any resolution.

    The codes give coefficients of cosines over the measured range; Fourier layers refine the sum. Everything is a
    function of the position along the axis, so that weights trained at one number of channels serve every other.

    Parameters
    ----------
    d_chem : int
        Length of the chemistry code.
    d_inst : int
        Length of the instrument code.
    width : int
        Number of signals inside.
    n_modes : int
        Frequencies of the Fourier layers and number of cosines.
    n_layers : int
        Number of Fourier layers.
    margin : float
        Share of the range added at its end, so that a spectrum need not be periodic.

    Examples
    --------
    >>> import torch
    >>> from skspectral.nn import FNOTransferHead
    >>> head = FNOTransferHead(d_chem=4, d_inst=2, width=8, n_modes=6)
    >>> [tuple(head(torch.ones(3, 4), torch.ones(3, 2), n).shape) for n in (100, 2048)]
    [(3, 100), (3, 2048)]
    """

    def __init__(
        self,
        d_chem: int = 128,
        d_inst: int = 64,
        width: int = 64,
        n_modes: int = 64,
        n_layers: int = 4,
        margin: float = 0.25,
    ):
        super().__init__()
        self.width, self.n_modes, self.margin = width, n_modes, margin
        self.lift = nn.Linear(d_chem + d_inst, width * n_modes)
        self.spectral = nn.ModuleList(SpectralConv1d(width, width, n_modes) for _ in range(n_layers))
        self.pointwise = nn.ModuleList(nn.Conv1d(width, width, 1) for _ in range(n_layers))
        self.project = nn.Sequential(nn.Conv1d(width, 2 * width, 1), nn.GELU(), nn.Conv1d(2 * width, 1, 1))

    def forward(self, z_chem: Tensor, z_inst: Tensor, n_channels: int = 2048) -> Tensor:
        """Predict spectra.

        Parameters
        ----------
        z_chem : Tensor of shape (B, d_chem)
            Chemistry codes.
        z_inst : Tensor of shape (B, d_inst)
            Code of the instrument to imitate: that of any of its spectra, or their mean.
        n_channels : int
            Channels of the result, evenly spaced over the range.

        Returns
        -------
        Tensor of shape (B, n_channels)
            Predicted spectra.

        Raises
        ------
        ValueError
            If ``n_channels`` is not positive.
        """
        if n_channels < 1:
            raise ValueError(f"n_channels must be positive, got {n_channels}.")
        codes = torch.cat([z_chem, z_inst], -1)
        coefficients = self.lift(codes).unflatten(-1, (self.width, self.n_modes))
        x = coefficients @ self._cosines(n_channels, codes.device).to(coefficients.dtype)
        for spectral, pointwise in zip(self.spectral, self.pointwise, strict=True):
            x = x + F.gelu(spectral(x) + pointwise(x))
        return self.project(x[..., :n_channels])[:, 0]

    def _cosines(self, n_channels, device):
        """Cosines (n_modes, L) over range and margin, whose amplitude falls with frequency as that of peaks does."""
        # Channels are cells of width 1 / n: range plus margin then span the same period at every resolution.
        n_total = n_channels + math.ceil(n_channels * self.margin)
        position = (torch.arange(n_total, device=device) + 0.5) / n_channels
        frequency = torch.arange(self.n_modes, device=device)
        return torch.cos(math.pi * frequency[:, None] * position) / (1 + frequency[:, None]).sqrt()
