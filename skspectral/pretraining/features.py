"""Features of spectra for a calibration: what every stage of the network makes of every region of the axis."""

import torch
from torch import Tensor
from torch.nn import functional as F

from ..nn.embedding import N_SPECIAL
from ..nn.model import SpectralFM

__all__ = ["common_regions", "regional_features"]


def common_regions(first: Tensor, second: Tensor, n_regions: int) -> Tensor:
    """Give the centres of regions that two instruments share.

    Parameters
    ----------
    first, second : Tensor of shape (L,), (K,)
        Axes of the instruments, cm-1.
    n_regions : int
        Number of regions.

    Returns
    -------
    Tensor of shape (n_regions,)
        Centres, cm-1, evenly spread over the range that both measure, over everything that either measures where they
        have nothing in common.

    Examples
    --------
    >>> import torch
    >>> from skspectral.pretraining.features import common_regions
    >>> common_regions(torch.tensor([4000.0, 8000.0]), torch.tensor([6000.0, 9000.0]), 2)
    tensor([6500., 7500.])
    """
    low, high = max(first.min(), second.min()), min(first.max(), second.max())
    if high <= low:
        low, high = min(first.min(), second.min()), max(first.max(), second.max())
    return low + (high - low) * (torch.arange(n_regions, device=first.device) + 0.5) / n_regions


def regional_features(
    model: SpectralFM,
    x: Tensor,
    wavenumbers: Tensor,
    regions: Tensor,
    domain: Tensor | str | None = None,
    lengths: Tensor | None = None,
) -> Tensor:
    """Encode spectra region by region.

    The mean over all patches says little about which band has grown. Here every stage's tokens are averaged around
    fixed wavenumbers instead, with Gaussian weights, so that the features of two instruments with different channels
    mean the same.

    Parameters
    ----------
    model : SpectralFM
        The network.
    x : Tensor of shape (B, L)
        Spectra, standardised one by one, padded at the end.
    wavenumbers : Tensor of shape (B, L)
        Their axes, cm-1.
    regions : Tensor of shape (B, R) or (R,)
        Centres of the regions, evenly spaced, cm-1; see `common_regions`.
    domain : str or Tensor of shape (B,), optional
        Kind of spectra.
    lengths : Tensor of shape (B,), optional
        Number of real channels.

    Returns
    -------
    Tensor of shape (B, n_stages, R * d_model)
        Features, float32, in the order of ``SpectralFMOutput.stages``.

    Examples
    --------
    >>> import torch
    >>> from skspectral.nn import SpectralFM, SpectralFMConfig
    >>> from skspectral.pretraining.features import common_regions, regional_features
    >>> model = SpectralFM(SpectralFMConfig.preset("tiny")).eval()
    >>> axis = torch.linspace(4000, 9000, 128).expand(2, -1)
    >>> regional_features(model, torch.randn(2, 128), axis, common_regions(axis, axis, 8)).shape
    torch.Size([2, 5, 192])
    """
    output = model(x, wavenumbers, "cm-1", domain, lengths)
    valid = model.embedding.valid_channels(x, lengths)
    missing = -x.shape[1] % model.embedding.patch_size
    place, real = (
        F.pad(part, (0, missing)).unflatten(1, (-1, model.embedding.patch_size))
        for part in (torch.where(valid, wavenumbers, 0), valid)
    )
    place = place.sum(-1) / real.sum(-1).clamp(min=1)  # (B, n_patches)
    regions = torch.atleast_2d(regions)
    width = (regions[:, -1:] - regions[:, :1]).abs().clamp(min=1.0) / max(regions.shape[1] - 1, 1)
    apart = (place[:, None] - regions[..., None]) / width[..., None]
    weight = (-(apart**2)).masked_fill(~output.mask[:, None, N_SPECIAL:], -torch.inf).softmax(-1)
    return torch.stack([(weight @ tokens[:, N_SPECIAL:].float()).flatten(1) for tokens in output.stages.values()], 1)
