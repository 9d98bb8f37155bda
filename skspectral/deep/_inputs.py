"""What the networks look at: preprocessed, standardised spectra, and random changes of them while training."""

import numpy as np
import torch
from torch import Tensor, nn

from ..preprocessing import SavitzkyGolay

__all__ = ["REPRESENTATIONS", "SpectrumInputs"]

# name: whether SNV comes first, and the order of the derivative
REPRESENTATIONS = {
    "raw": (False, 0),
    "sg1": (False, 1),
    "sg2": (False, 2),
    "snv": (True, 0),
    "snvsg1": (True, 1),
    "snvsg2": (True, 2),
}

# a derivative needs a few channels to be one
FEWEST_CHANNELS = 5

# largest random changes at strength 1: offset and tilt in standard deviations of the spectra, gain as a share, shift
# in channels
OFFSET, TILT, GAIN, SHIFT = 0.1, 0.1, 0.05, 0.25


class Derivative(nn.Module):
    """Savitzky-Golay derivative of rows (B, L) by second-order polynomials, with fitted ends.

    Parameters
    ----------
    window : int
        Channels of a fit; odd, at most L.
    order : int
        Order of the derivative.
    """

    def __init__(self, window, order):
        super().__init__()
        # row i, column j: what channel i adds to the derivative at channel j
        effect = SavitzkyGolay(window, polyorder=2, deriv=order).fit_transform(np.eye(2 * window))
        effect, half = torch.from_numpy(effect).float(), window // 2
        filters = {
            "middle": effect[window - half : window + half + 1, window].clone(),
            "start": effect[:window, :half].clone(),
            "end": effect[-window:, -half:].clone(),
        }
        for name, values in filters.items():
            # they follow from the settings, so they are no part of the weights
            self.register_buffer(name, values, persistent=False)

    def forward(self, spectra: Tensor) -> Tensor:
        """Differentiate spectra (B, L)."""
        window = len(self.middle)
        middle = nn.functional.conv1d(spectra[:, None], self.middle[None, None])[:, 0]
        return torch.cat([spectra[:, :window] @ self.start, middle, spectra[:, -window:] @ self.end], dim=1)


class SpectrumInputs(nn.Module):
    """Turn spectra (B, L) in absorbance into standardised inputs (B, C, L), one channel C per representation.

    Parameters
    ----------
    representations : tuple of str
        Keys of ``REPRESENTATIONS``.
    n_channels : int
        Length L of the spectra.
    window : int
        Window of the Savitzky-Golay derivatives in channels.
    augmentation : float
        Strength of the random offset, tilt, gain and shift while training; 0 leaves spectra alone.
    """

    def __init__(self, representations, n_channels, window=15, augmentation=0.0):
        super().__init__()
        self.representations = tuple(representations)
        self.augmentation = augmentation
        window = min(window, n_channels - 1 + n_channels % 2)
        orders = {REPRESENTATIONS[name][1] for name in self.representations} - {0}
        # keys of a ModuleDict are text
        self.derivatives = nn.ModuleDict(
            {str(order): Derivative(window, order) for order in sorted(orders) if n_channels >= FEWEST_CHANNELS}
        )
        shape = (len(self.representations), n_channels)
        self.register_buffer("mean", torch.zeros(shape))
        self.register_buffer("scale", torch.ones(shape))
        self.register_buffer("spread", torch.ones(()))

    def represent(self, spectra: Tensor) -> Tensor:
        """Preprocess spectra (B, L) into (B, C, L), not yet standardised."""
        channels = []
        for name in self.representations:
            snv, order = REPRESENTATIONS[name]
            values = standard_normal(spectra) if snv else spectra
            channels.append(self.derivatives[str(order)](values) if str(order) in self.derivatives else values)
        return torch.stack(channels, dim=1)

    @torch.no_grad()
    def standardise_on(self, spectra: Tensor) -> None:
        """Take mean and scale from calibration spectra (B, L)."""
        values = self.represent(spectra)
        self.mean.copy_(values.mean(dim=0))
        scale = values.std(dim=0, correction=0)
        self.scale.copy_(torch.where(scale > 0, scale, 1.0))
        self.spread.copy_(spectra.std(dim=0, correction=0).mean())

    def augment(self, spectra: Tensor) -> Tensor:
        """Change spectra (B, L) at random in the way instruments and sample presentation do."""
        n_spectra, n_channels = spectra.shape
        offset, tilt, gain, shift = (
            self.augmentation * largest * (2 * torch.rand(n_spectra, 1, device=spectra.device) - 1)
            for largest in (OFFSET, TILT, GAIN, SHIFT)
        )
        ramp = torch.linspace(-1, 1, n_channels, device=spectra.device)
        changed = spectra * (1 + gain) + self.spread * (offset + tilt * ramp)
        return changed + shift * torch.gradient(spectra, dim=1)[0] if n_channels > 1 else changed

    def forward(self, spectra: Tensor) -> Tensor:
        """Standardise the preprocessed spectra, after random changes while training."""
        if self.training and self.augmentation:
            spectra = self.augment(spectra)
        return (self.represent(spectra) - self.mean) / self.scale


def standard_normal(spectra: Tensor) -> Tensor:
    """Centre and scale each spectrum of (B, L) by its own mean and standard deviation."""
    centred = spectra - spectra.mean(dim=1, keepdim=True)
    deviation = centred.std(dim=1, correction=0, keepdim=True)
    return centred / torch.where(deviation > 0, deviation, 1.0)
