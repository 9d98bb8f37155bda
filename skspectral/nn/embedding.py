"""From a raw spectrum to tokens: patches, wavelet bands and where on the axis they lie."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..exceptions import AxisMismatchError, NonFiniteSpectraError
from .inputs import DOMAINS, domain_ids, fill_unknown, to_wavenumber
from .wavelet import WaveletTransform

__all__ = ["Tokens", "WaveletEmbedding"]

#: Tokens before those of the patches.
N_SPECIAL = 2


class Tokens(NamedTuple):
    """Result of `WaveletEmbedding`.

    Attributes
    ----------
    x : Tensor of shape (B, 2 + n_patches, d_model)
        [CLS], [DOMAIN], then one token per patch.
    mask : Tensor of shape (B, 2 + n_patches)
        False for patches beyond the end of a shorter spectrum.
    """

    x: Tensor
    mask: Tensor


class WaveletEmbedding(nn.Module):
    """Turn spectra of any length and range into tokens.

    Each patch of channels gives one token: a convolution at full resolution and the wavelet coefficients of the same
    channels at every scale, fused by a linear projection. An encoding of where the patch lies in wavenumbers, and how
    densely it was sampled, is added. Spectra of different length and axis share a batch; what stands beside a spectrum
    does not change its tokens.

    Parameters
    ----------
    d_model : int
        Width of the tokens.
    patch_size : int
        Channels per token; a multiple of ``2 ** level``.
    wavelet : str
        Name of a wavelet of PyWavelets.
    level : int
        Number of wavelet levels.
    d_stem : int
        Channels of the convolution at full resolution.
    n_frequencies : int
        Frequencies of the wavenumber encoding.
    wavelets : bool
        Whether tokens know wavelet coefficients; False leaves the convolution alone.
    wavenumber_encoding : bool
        Whether tokens know where on the axis they lie.

    Raises
    ------
    ValueError
        If the patch size does not suit the levels.

    Examples
    --------
    >>> import torch
    >>> from skspectral.nn import WaveletEmbedding
    >>> embedding = WaveletEmbedding(d_model=8, patch_size=16)
    >>> tokens = embedding(torch.ones(2, 700), torch.linspace(1100, 2498, 700), unit="nm", domain="NIR")
    >>> tokens.x.shape  # [CLS], [DOMAIN] and 44 patches
    torch.Size([2, 46, 8])
    """

    # Lengths of the sines of the encoding, cm-1: from the width of a narrow band to twice the visible's wavenumbers.
    SHORTEST, LONGEST = 50.0, 50_000.0

    def __init__(
        self,
        d_model: int,
        patch_size: int = 16,
        wavelet: str = "db4",
        level: int = 4,
        d_stem: int = 16,
        n_frequencies: int = 32,
        *,
        wavelets: bool = True,
        wavenumber_encoding: bool = True,
    ):
        super().__init__()
        if wavelets and patch_size % 2**level:
            raise ValueError(f"patch_size must be a multiple of 2 ** level = {2**level}, got {patch_size}.")
        self.d_model, self.patch_size, self.level = d_model, patch_size, level
        # "constant" continues a spectrum by its end values, which is also how shorter ones are padded.
        self.transform = WaveletTransform(wavelet, level, mode="constant") if wavelets else None
        if wavelets:
            self.band_gain = nn.Parameter(torch.zeros(level + 1))
        self.stem = nn.Conv1d(1, d_stem, 7)
        self.patches = nn.Conv1d(d_stem, d_model, patch_size, stride=patch_size)
        self.fuse = nn.Linear(d_model + (patch_size if wavelets else 0), d_model)
        self.position = nn.Linear(2 * n_frequencies + 1, d_model) if wavenumber_encoding else None
        self.n_frequencies = n_frequencies
        self.cls = nn.Parameter(0.02 * torch.randn(d_model))
        self.masked = nn.Parameter(0.02 * torch.randn(d_model))
        self.domain = nn.Embedding(len(DOMAINS), d_model)
        nn.init.normal_(self.domain.weight, std=0.02)
        self.norm = nn.LayerNorm(d_model)

    def n_patches(self, n_channels: int) -> int:
        """Number of tokens that ``n_channels`` channels make."""
        return -(-n_channels // self.patch_size)

    def forward(
        self,
        x: Tensor,
        axis: Tensor,
        unit: str | Sequence[str] = "nm",
        domain: str | Sequence[str] | Tensor | None = None,
        lengths: Tensor | None = None,
        patch_mask: Tensor | None = None,
    ) -> Tokens:
        """Embed spectra.

        Parameters
        ----------
        x : Tensor of shape (B, L)
            Spectra, shorter ones padded at the end with anything.
        axis : Tensor of shape (L,) or (B, L)
            Where the channels lie, increasing or decreasing; padded like ``x``.
        unit : {"nm", "cm-1", "index"} or sequence of them of length B
            Unit of the axis, or of each row.
        domain : str, sequence of str, Tensor of shape (B,) or None
            "NIR", "IR", "RAMAN" or "UNKNOWN", or their numbers in ``skspectral.nn.inputs.DOMAINS``.
        lengths : Tensor of shape (B,), optional
            Number of real channels of each spectrum; L where None.
        patch_mask : Tensor of shape (B, n_patches), optional
            True for patches to hide. Their channels are replaced before anything is computed, so that no token, not
            even a neighbour's wavelet coefficient, knows what they held.

        Returns
        -------
        Tokens
            Tokens and which of them are real.

        Raises
        ------
        AxisMismatchError
            If the axis does not fit the spectra or holds values that are no wavenumbers.
        NonFiniteSpectraError
            If a real channel holds NaN or infinity.
        ValueError
            If lengths, mask, unit or domain do not fit the spectra.
        """
        n_batch, n_channels = x.shape
        valid = self.valid_channels(x, lengths)
        if not torch.isfinite(x[valid]).all():
            raise NonFiniteSpectraError(
                "The spectra hold NaN or infinity. If that is padding, say with lengths= how many channels are real."
            )
        wavenumber = self._check_axis(to_wavenumber(axis, unit), valid)
        n_patches = self.n_patches(n_channels)
        known = valid
        if patch_mask is not None:
            if patch_mask.shape != (n_batch, n_patches):
                raise ValueError(f"patch_mask must be {(n_batch, n_patches)}, got {tuple(patch_mask.shape)}.")
            known = valid & ~patch_mask.repeat_interleave(self.patch_size, 1)[:, :n_channels]
        x = fill_unknown(x, known).to(self.fuse.weight.dtype)

        # Long enough for the wavelets' reach beyond the last patch, so that the transform's own padding is never seen.
        n_padded = n_patches * self.patch_size + self._reach()
        x = torch.cat([x, x[:, -1:].expand(-1, n_padded - n_channels)], 1)
        parts = [self._patch_tokens(x, n_patches)]
        if self.transform is not None:
            parts.append(self._band_tokens(x, n_patches))
        tokens = self.fuse(torch.cat(parts, -1))
        if patch_mask is not None:
            tokens = torch.where(patch_mask[..., None], self.masked.to(tokens.dtype), tokens)
        if self.position is not None:
            tokens = tokens + self._positions(wavenumber, valid, n_patches).to(tokens.dtype)
        tokens = self.norm(tokens)

        special = torch.stack([self.cls.expand(n_batch, -1), self.domain(domain_ids(domain, n_batch, x.device))], 1)
        mask = torch.cat([valid.new_ones(n_batch, N_SPECIAL), valid[:, :: self.patch_size]], 1)
        return Tokens(torch.cat([special.to(tokens.dtype), tokens], 1), mask)

    def valid_channels(self, x: Tensor, lengths: Tensor | None) -> Tensor:
        """Tell real channels from padding: (B, L), True for real ones."""
        if lengths is None:
            return torch.ones_like(x, dtype=torch.bool)
        lengths = lengths.to(x.device)
        if lengths.shape != x.shape[:1] or not ((lengths >= 1) & (lengths <= x.shape[1])).all():
            raise ValueError(f"lengths must be {len(x)} numbers between 1 and {x.shape[1]}, got {lengths.tolist()}.")
        return torch.arange(x.shape[1], device=x.device) < lengths[:, None]

    def patchify(self, x: Tensor, lengths: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Cut spectra into patches, as the target of a reconstruction.

        Parameters
        ----------
        x : Tensor of shape (B, L)
            Spectra.
        lengths : Tensor of shape (B,), optional
            Number of real channels of each.

        Returns
        -------
        patches : Tensor of shape (B, n_patches, patch_size)
            Channels, zero where there are none.
        valid : Tensor of shape (B, n_patches, patch_size)
            True for real channels.
        """
        valid = self.valid_channels(x, lengths)
        missing = self.n_patches(x.shape[1]) * self.patch_size - x.shape[1]
        x = torch.where(valid, x, 0)
        return tuple(F.pad(t, (0, missing)).unflatten(1, (-1, self.patch_size)) for t in (x, valid))

    def _check_axis(self, wavenumber, valid):
        if wavenumber.shape == valid.shape[1:]:
            wavenumber = wavenumber.expand_as(valid)
        if wavenumber.shape != valid.shape:
            raise AxisMismatchError(
                f"The axis has shape {tuple(wavenumber.shape)} but the spectra {tuple(valid.shape)}: give one value "
                "per channel, in one row or one row per spectrum."
            )
        # Padding may hold anything; it is set to a number that no sum can spoil.
        wavenumber = torch.where(valid, wavenumber, 0)
        if not torch.isfinite(wavenumber).all():
            raise AxisMismatchError("The axis holds NaN, infinity, or a wavelength of zero.")
        return wavenumber

    def _reach(self):
        """Channels beyond the last patch that its tokens depend on."""
        wavelets = 0 if self.transform is None else 2**self.level * max(self._offsets())
        return max(wavelets, self.stem.kernel_size[0] // 2)

    def _offsets(self):
        """First coefficient of each band that belongs to the first patch, coarse to fine.

        The filters look back, so that coefficient k of level j is centred on channel
        ``2**j (k + 1/2) - 1/2 - (2**j - 1)(filter_length - 2) / 2``; the offset undoes the shift.
        """
        levels = [self.level, *range(self.level, 0, -1)]
        return [round((2**j - 1) * (self.transform.filter_length - 2) / 2 ** (j + 1)) for j in levels]

    def _band_tokens(self, x, n_patches):
        """Wavelet coefficients (B, n_patches, patch_size) of every patch, coarse to fine."""
        parts = []
        levels = [self.level, *range(self.level, 0, -1)]
        gains = self.band_gain.exp().unbind(0)
        for band, level, offset, gain in zip(self.transform(x), levels, self._offsets(), gains, strict=True):
            count = n_patches * self.patch_size // 2**level
            parts.append(gain * band[:, offset : offset + count].unflatten(1, (n_patches, -1)))
        # An orthogonal transform makes a constant grow by sqrt(2) per level.
        return torch.cat([parts[0] / 2 ** (self.level / 2), *parts[1:]], -1)

    def _patch_tokens(self, x, n_patches):
        """Patch tokens (B, n_patches, d_model) at full resolution."""
        side = self.stem.kernel_size[0] // 2
        x = x[:, : n_patches * self.patch_size + side]
        x = F.gelu(self.stem(torch.cat([x[:, :1].expand(-1, side), x], 1)[:, None]))
        return self.patches(x).transpose(1, 2)

    def _positions(self, wavenumber, valid, n_patches):
        """Encode centre and sampling distance of every patch: (B, n_patches, d_model)."""
        missing = n_patches * self.patch_size - wavenumber.shape[1]
        sigma = F.pad(wavenumber, (0, missing)).unflatten(1, (n_patches, -1))
        valid = F.pad(valid, (0, missing)).unflatten(1, (n_patches, -1))
        count = valid.sum(-1)
        centre = sigma.sum(-1) / count.clamp(min=1)
        spread = ((sigma - centre[..., None]).abs() * valid).sum(-1) / count.clamp(min=1)
        # Half precision has 3 digits, wavenumbers have 5.
        periods = torch.logspace(
            math.log10(self.SHORTEST), math.log10(self.LONGEST), self.n_frequencies, device=sigma.device
        ).to(sigma.dtype)
        phase = 2 * math.pi * centre[..., None] / periods
        features = torch.cat([phase.sin(), phase.cos(), torch.log1p(spread)[..., None]], -1)
        return self.position(features.to(self.position.weight.dtype))
