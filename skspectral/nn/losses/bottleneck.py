"""Losses of the bottleneck: how much it tells, and which of its two codes knows the instrument."""

from torch import Tensor, nn
from torch.nn import functional as F

from ..vib import Bottleneck

__all__ = ["CrossCovarianceLoss", "InstrumentLoss", "VIBLoss"]


class VIBLoss(nn.Module):
    """Kullback-Leibler divergence of the codes' Gaussian from the standard one, per dimension.

    The mean over dimensions, like the mean over channels in the reconstruction losses, lets one weight serve codes of
    any length.

    Examples
    --------
    >>> import torch
    >>> from skspectral.nn.losses import VIBLoss
    >>> from skspectral.nn.vib import Bottleneck
    >>> mean = torch.tensor([[1.0, -1.0]])
    >>> VIBLoss()(Bottleneck(mean[:, :1], mean[:, 1:], mean, torch.zeros(1, 2)))
    tensor(0.5000)
    """

    def forward(self, codes: Bottleneck) -> Tensor:
        """Give the mean divergence in nats per dimension, shape ()."""
        return 0.5 * (codes.mean.square() + codes.log_variance.exp() - 1 - codes.log_variance).mean()


class InstrumentLoss(nn.Module):
    """Cross-entropy of the adversary on the chemistry code and of the helper on the instrument code.

    Examples
    --------
    >>> import torch
    >>> from skspectral.nn.losses import InstrumentLoss
    >>> even = torch.zeros(2, 4)
    >>> InstrumentLoss()((even, even), torch.tensor([0, 3]))
    tensor(2.7726)
    """

    def forward(self, logits: tuple[Tensor, Tensor], instrument: Tensor) -> Tensor:
        """Judge the two classifiers of `skspectral.nn.vib.InstrumentClassifiers`.

        Parameters
        ----------
        logits : pair of Tensor, each of shape (B, n_instruments)
            Of the adversary and of the helper.
        instrument : Tensor of shape (B,)
            Number of the instrument; negative where unknown.

        Returns
        -------
        Tensor of shape ()
            Sum of the two mean cross-entropies; zero where no instrument is known.
        """
        known = instrument >= 0
        count = known.sum().clamp(min=1)
        return sum(F.cross_entropy(part[known].float(), instrument[known], reduction="sum") / count for part in logits)


class CrossCovarianceLoss(nn.Module):
    """Mean squared correlation between every column of one code and every column of another.

    Zero where no linear map of one code tells anything about the other. Correlations, not covariances: shrinking a code
    cannot lower the loss.

    Examples
    --------
    >>> import torch
    >>> from skspectral.nn.losses import CrossCovarianceLoss
    >>> a = torch.tensor([[1.0], [-1.0], [1.0], [-1.0]])
    >>> b = torch.tensor([[1.0], [1.0], [-1.0], [-1.0]])
    >>> CrossCovarianceLoss()(a, b).item(), round(CrossCovarianceLoss()(a, 3 * a).item(), 3)
    (0.0, 1.0)
    """

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Compare codes (B, d1) and (B, d2); gives a Tensor of shape ()."""
        a, b = (_standardised(code) for code in (first, second))
        return (a.T @ b / len(a)).square().mean()


def _standardised(code):
    """Columns of (B, d) with mean zero and variance one; constant columns become zero."""
    centred = code - code.mean(0)
    return centred / (centred.square().mean(0) + 1e-6).sqrt()
