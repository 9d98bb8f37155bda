"""Features of spectra for a calibration: the spectra themselves, and what every stage makes of every region."""

import torch
from torch import Tensor
from torch.nn import functional as F

from ...nn.embedding import N_SPECIAL
from ...nn.model import SpectralFM

__all__ = ["PLAIN_STAGES", "common_regions", "plain_features", "regional_features", "spectral_features"]

#: What stands beside the stages of the network: calibrations that work without one.
PLAIN_STAGES = ("standardised", "standardised slope", "absorbance", "absorbance slope")
#: Points of a spectrum itself in every region, and directions into which the network's tokens are projected there.
POINTS = 12
# Weights fall to 1/e at this many distances of the regions, and of the points.
REGION_WIDTH, POINT_WIDTH = 1.0, 0.7
LEAST_SCALE = 1e-8


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
        Ascending centres, cm-1. Each region holds equally many channels of the first instrument, so that regions are
        narrow where that instrument resolves more, and all lie in the range that both measure. Where the two have
        nothing in common they are evenly spread over everything that either measures.

    Examples
    --------
    >>> import torch
    >>> from skspectral.pretraining.head.features import common_regions
    >>> common_regions(torch.tensor([4000.0, 8000.0]), torch.tensor([6000.0, 9000.0]), 2)
    tensor([6500., 7500.])
    """
    low, high = torch.maximum(first.min(), second.min()), torch.minimum(first.max(), second.max())
    place = (torch.arange(n_regions, device=first.device) + 0.5) / n_regions
    if high <= low:
        low, high = torch.minimum(first.min(), second.min()), torch.maximum(first.max(), second.max())
        return low + (high - low) * place
    axis = first.sort().values
    start, end = _index_of(axis, low), _index_of(axis, high)
    return _at(axis, start + (end - start) * place)


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
        Ascending centres of the regions, cm-1; see `common_regions`.
    domain : str or Tensor of shape (B,), optional
        Kind of spectra.
    lengths : Tensor of shape (B,), optional
        Number of real channels.

    Returns
    -------
    Tensor of shape (B, n_stages, R * d_model)
        Features in the order of ``SpectralFMOutput.stages``.

    Examples
    --------
    >>> import torch
    >>> from skspectral.nn import SpectralFM, SpectralFMConfig
    >>> from skspectral.pretraining.head.features import common_regions, regional_features
    >>> model = SpectralFM(SpectralFMConfig.preset("tiny")).eval()
    >>> axis = torch.linspace(4000, 9000, 128).expand(2, -1)
    >>> regional_features(model, torch.randn(2, 128), axis, common_regions(axis[0], axis[0], 8)).shape
    torch.Size([2, 5, 192])
    """
    output = model(x, wavenumbers, "cm-1", domain, lengths)
    weight = region_weights(model, x, wavenumbers, regions, lengths, output.mask)
    return pool_stages(list(output.stages.values()), weight)


def region_weights(model, x, wavenumbers, regions, lengths, mask):
    """Weights (B, R, n_patches) of the patches in every region; ``mask`` marks real tokens (B, 2 + n_patches)."""
    valid = model.embedding.valid_channels(x, lengths)
    missing = -x.shape[1] % model.embedding.patch_size
    place, real = (
        F.pad(part, (0, missing)).unflatten(1, (-1, model.embedding.patch_size))
        for part in (torch.where(valid, wavenumbers, 0), valid)
    )
    place = place.sum(-1) / real.sum(-1).clamp(min=1)  # (B, n_patches)
    return _gaussian(place, torch.atleast_2d(regions), REGION_WIDTH, mask[:, N_SPECIAL:])


def pool_stages(stages, weight):
    """Average tokens (B, 2 + n_patches, d) of every stage over regions: (B, n_stages, R * d)."""
    return torch.stack([(weight @ tokens[:, N_SPECIAL:].to(weight.dtype)).flatten(1) for tokens in stages], 1)


def plain_features(x: Tensor, wavenumbers: Tensor, regions: Tensor, lengths: Tensor | None = None) -> Tensor:
    """Read spectra at points that instruments share: what a calibration needs where no network helps.

    Parameters
    ----------
    x : Tensor of shape (B, L)
        Spectra in absorbance, padded at the end.
    wavenumbers : Tensor of shape (B, L)
        Their axes, cm-1.
    regions : Tensor of shape (B, R) or (R,)
        Ascending centres of the regions, cm-1; there are several points in each.
    lengths : Tensor of shape (B,), optional
        Number of real channels.

    Returns
    -------
    Tensor of shape (B, 4, R * 12)
        The stages of ``PLAIN_STAGES``.
    """
    regions = torch.atleast_2d(regions)
    inside = (torch.arange(regions.shape[1] * POINTS, device=x.device) + 0.5) / POINTS - 0.5
    known = _known(x, lengths)
    real = torch.where(known, x, 0)
    read = []
    # Rows of one instrument follow one another: their weights, far larger than a spectrum, are computed once.
    for first, end in _runs(wavenumbers, regions.expand(len(x), -1), known):
        points = _at(regions[first : first + 1] if len(regions) > 1 else regions, inside[None])
        weight = _gaussian(wavenumbers[first : first + 1], points, POINT_WIDTH, known[first : first + 1])[0]
        read.append(real[first:end] @ weight.mT)
    absorbance = torch.cat(read)
    relative = (absorbance - _mean(x, known)) / _scale(x, known)
    parts = [part for whole in (relative, absorbance) for part in (whole, F.pad(whole.diff(dim=1), (0, 1)))]
    return torch.stack(parts, 1)


def spectral_features(
    model: SpectralFM,
    projection: Tensor,
    x: Tensor,
    wavenumbers: Tensor,
    regions: Tensor,
    domain: Tensor | str | None = None,
    lengths: Tensor | None = None,
) -> Tensor:
    """Give all features of spectra: the spectra themselves, and what is read from every stage of the network.

    Parameters
    ----------
    model : SpectralFM
        The network.
    projection : Tensor of shape (n_stages, d_model, 12)
        Directions of the tokens to read, see `TransferHead`.
    x : Tensor of shape (B, L)
        Spectra in absorbance, padded at the end. The network sees them standardised.
    wavenumbers, regions, domain, lengths
        As in `regional_features`.

    Returns
    -------
    Tensor of shape (B, 4 + n_stages, R * 12)
        The stages of ``PLAIN_STAGES``, then those of ``SpectralFMOutput.stages``.
    """
    inputs = standardised(x, lengths)
    output = model(inputs, wavenumbers, "cm-1", domain, lengths)
    weight = region_weights(model, inputs, wavenumbers, regions, lengths, output.mask)
    network = read_stages(list(output.stages.values()), weight, projection)
    return torch.cat([plain_features(x, wavenumbers, regions, lengths), network], 1)


def read_stages(stages, weight, projection):
    """Read directions (n_stages, d_model, K) of tokens, averaged over regions: (B, n_stages, R * K).

    Directions come first: a few of them are less to average than whole tokens.
    """
    return pool_stages(
        [tokens @ known.to(tokens.dtype) for tokens, known in zip(stages, projection, strict=True)], weight
    )


def standardised(x, lengths=None):
    """Give the real channels of every spectrum (B, L) mean zero and standard deviation one."""
    known = _known(x, lengths)
    return (x - _mean(x, known)) / _scale(x, known)


def _known(x, lengths):
    if lengths is None:
        return torch.ones_like(x, dtype=torch.bool)
    return torch.arange(x.shape[1], device=x.device) < lengths[:, None]


def _mean(x, known):
    return torch.where(known, x, 0).sum(1, keepdim=True) / known.sum(1, keepdim=True)


def _scale(x, known):
    residual = torch.where(known, x - _mean(x, known), 0)
    return (residual.square().sum(1, keepdim=True) / known.sum(1, keepdim=True)).sqrt().clamp(min=LEAST_SCALE)


def _runs(*parts):
    """Cut rows (B, ...) into runs of neighbours that are alike in all parts: list of (first, end)."""
    changes = torch.stack([(part[1:] != part[:-1]).any(1) for part in parts]).any(0)
    starts = [0, *(1 + changes.nonzero()[:, 0]).tolist()]
    return list(zip(starts, [*starts[1:], len(parts[0])], strict=True))


def _gaussian(place, centres, width, known):
    """Weights (B, C, P) of positions (B, P) around ascending centres (B, C) or (1, C); unknown ones have none."""
    if centres.shape[1] > 1:
        inner = 0.5 * (centres[:, 2:] - centres[:, :-2])
        ends = centres.diff(dim=1)
        spacing = torch.cat([ends[:, :1], inner, ends[:, -1:]], 1)
    else:
        spacing = torch.ones_like(centres)
    apart = (place[:, None] - centres[..., None]) / (width * spacing[..., None]).clamp(min=1e-3)
    return (-(apart**2)).masked_fill(~known[:, None], -torch.inf).softmax(-1)


def _index_of(axis, value):
    """Fractional index at which an ascending axis (L,) has a value."""
    right = torch.searchsorted(axis, value).clamp(1, len(axis) - 1)
    left = right - 1
    return left + (value - axis[left]) / (axis[right] - axis[left])


def _at(axis, index):
    """Values of ascending axes (..., L) at fractional indices (..., K); straight on beyond the ends."""
    if axis.shape[-1] == 1:
        return axis.expand(*axis.shape[:-1], index.shape[-1])
    left = index.floor().long().clamp(0, axis.shape[-1] - 2)
    low, high = axis.gather(-1, left), axis.gather(-1, left + 1)
    return low + (index - left) * (high - low)
