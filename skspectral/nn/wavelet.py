"""Multilevel discrete wavelet transform as strided convolutions: batched, differentiable, on any device."""

import numpy as np
import pywt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

__all__ = ["WaveletTransform"]

MODES = ("zero", "constant", "symmetric", "periodic", "reflect")


class WaveletTransform(nn.Module):
    """Split signals into one approximation and ``level`` detail bands, as ``pywt.wavedec`` does.

    Parameters
    ----------
    wavelet : str
        Name of an orthogonal or biorthogonal wavelet of PyWavelets, for example ``"db4"``.
    level : int
        Number of times that the approximation is split.
    mode : {"zero", "constant", "symmetric", "periodic", "reflect"}
        How a signal continues beyond its ends; PyWavelets' names.

    Raises
    ------
    ValueError
        If the wavelet, the level or the mode does not exist.

    References
    ----------
    .. [1] S. Mallat, "A theory for multiresolution signal decomposition: the wavelet representation", IEEE Trans.
       Pattern Anal. Mach. Intell. 11 (1989) 674. https://doi.org/10.1109/34.192463

    Examples
    --------
    >>> import torch
    >>> from skspectral.nn.wavelet import WaveletTransform
    >>> bands = WaveletTransform("haar", level=2)(torch.ones(1, 8))
    >>> [tuple(band.shape) for band in bands]
    [(1, 2), (1, 2), (1, 4)]
    >>> bands[0]
    tensor([[2.0000, 2.0000]])
    """

    def __init__(self, wavelet: str = "db4", level: int = 4, mode: str = "symmetric"):
        super().__init__()
        if wavelet not in pywt.wavelist(kind="discrete"):
            raise ValueError(f"Unknown discrete wavelet {wavelet!r}: see pywt.wavelist(kind='discrete').")
        if level < 1:
            raise ValueError(f"level must be at least 1, got {level}.")
        if mode not in MODES:
            raise ValueError(f"Unknown mode {mode!r}: choose one of {', '.join(MODES)}.")
        self.wavelet, self.level, self.mode = wavelet, level, mode
        low, high = pywt.Wavelet(wavelet).filter_bank[:2]
        # Kept as NumPy, not as a buffer: a buffer would be rounded when the model is moved to half precision.
        self._filters = np.array([low[::-1], high[::-1]])

    @property
    def filter_length(self) -> int:
        """Number of taps of the two filters."""
        return self._filters.shape[1]

    def forward(self, x: Tensor) -> list[Tensor]:
        """Decompose a batch of signals.

        Parameters
        ----------
        x : Tensor of shape (B, L)
            Signals, evenly sampled.

        Returns
        -------
        list of Tensor, each of shape (B, n_j)
            Bands ``[cA_level, cD_level, ..., cD_1]``, with ``n_0 = L`` and
            ``n_j = (n_{j-1} + filter_length - 1) // 2``.
        """
        filters = torch.as_tensor(self._filters, dtype=x.dtype, device=x.device)[:, None]
        details = []
        for _ in range(self.level):
            bands = F.conv1d(self._extend(x)[:, None], filters, stride=2)
            x, detail = bands.unbind(1)
            details.append(detail)
        return [x, *reversed(details)]

    def _extend(self, x):
        """Continue signals (B, n) by the reach of the filters on either side."""
        n, left, right = x.shape[-1], self.filter_length - 2, self.filter_length - 1
        if self.mode == "zero":
            return F.pad(x, (left, right))
        index = torch.arange(-left, n + right, device=x.device)
        if self.mode == "constant":
            index = index.clamp(0, n - 1)
        elif self.mode == "periodic":
            index = index.remainder(n)
        elif self.mode == "symmetric":
            index = index.remainder(2 * n)
            index = torch.minimum(index, 2 * n - 1 - index)
        else:
            if n < 2:
                raise ValueError("mode 'reflect' needs two values at every level: lower level or use 'symmetric'.")
            index = index.remainder(2 * n - 2)
            index = torch.minimum(index, 2 * n - 2 - index)
        return x.index_select(-1, index)

    def extra_repr(self) -> str:
        """Show the settings in the module's representation."""
        return f"{self.wavelet!r}, level={self.level}, mode={self.mode!r}"
