"""Losses of the bottleneck: how much it tells, and which of its two codes knows the instrument."""

import math

import torch
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
    """Share of the instrument's variance that the best probe on a code explains.

    The cross-covariance of the code with the instruments' indicators, whitened on both sides: its squared norm is the
    R2 of a ridge regression of the instrument on the code, so that minimising it defeats every linear probe at once,
    also one that looks at directions in which the code hardly varies. Random cosines of the code stand beside it, drawn
    anew at every call, against probes that are not linear.

    Use it where every instrument measured samples of the same kind; elsewhere it would remove chemistry too. Batches
    should have several times as many rows as the code has columns: in smaller ones every probe finds something.

    Parameters
    ----------
    n_random : int
        Number of random cosines; zero for linear probes alone.
    ridge : float
        Regularisation, relative to the mean variance of the columns.

    Examples
    --------
    >>> import torch
    >>> from skspectral.nn.losses import CrossCovarianceLoss
    >>> code = torch.tensor([[1.0], [-1.0], [1.0], [-1.0]])
    >>> loss = CrossCovarianceLoss(n_random=0)
    >>> round(loss(code, torch.tensor([0, 1, 0, 1])).item(), 2), round(loss(code, torch.tensor([0, 0, 1, 1])).item(), 2)
    (1.0, 0.0)
    """

    def __init__(self, n_random: int = 64, ridge: float = 1e-3):
        super().__init__()
        self.n_random, self.ridge = n_random, ridge

    def forward(self, code: Tensor, instrument: Tensor) -> Tensor:
        """Judge a code.

        Parameters
        ----------
        code : Tensor of shape (B, d)
            Chemistry codes; means rather than samples, whose noise hides what a probe could find.
        instrument : Tensor of shape (B,)
            Number of the instrument; negative where unknown.

        Returns
        -------
        Tensor of shape ()
            Between zero and one; zero where fewer than two instruments are known.
        """
        known = instrument >= 0
        classes, label = instrument[known].unique(return_inverse=True)
        if len(classes) < 2:
            return code.sum() * 0
        with torch.autocast(code.device.type, enabled=False):
            # float64: the whitening inverts directions whose variance differs by orders of magnitude.
            features = _centred(self._features(code[known].double()))
            target = _centred(F.one_hot(label).double())
            gram = features.T @ features
            penalty = self.ridge * gram.diagonal().mean() + torch.finfo(gram.dtype).tiny
            factor = torch.linalg.cholesky(gram + penalty * torch.eye(len(gram), dtype=gram.dtype, device=gram.device))
            explained = torch.linalg.solve_triangular(factor, features.T @ target, upper=False)
            return (explained.square().sum() / target.square().sum()).to(code.dtype)

    def _features(self, code):
        """Join the code (n, d), scaled to unit mean square norm, with random cosines of it."""
        code = _centred(code)
        code = code / (code.square().sum(1).mean() + 1e-12).sqrt()
        if not self.n_random:
            return code
        frequency = 2 * torch.randn(code.shape[1], self.n_random, dtype=code.dtype, device=code.device)
        phase = 2 * math.pi * torch.rand(self.n_random, dtype=code.dtype, device=code.device)
        cosines = torch.cos(code @ frequency + phase) * math.sqrt(2 / self.n_random)
        return torch.cat([code, cosines], 1)


def _centred(x):
    return x - x.mean(0)
