"""Optimal transport between what two instruments give."""

import os
from itertools import combinations

import torch
from torch import Tensor, nn

# POT imports every framework that it finds, and JAX takes most of a GPU's memory as soon as it is imported.
for framework in ("JAX", "TENSORFLOW", "CUPY"):
    os.environ.setdefault(f"POT_BACKEND_DISABLE_{framework}", "1")
import ot  # noqa: E402

__all__ = ["OTLoss"]


class OTLoss(nn.Module):
    """Entropic optimal transport cost between two clouds of points, by POT.

    The squared distances are divided by the median of those that are not zero, so that ``reg`` means the same for every
    scale of the features, and neither shrinking all features nor moving one spectrum far away lowers the loss. The
    iterations run on logarithms and in float64, also under autocast: ``exp(-cost / reg)`` would underflow in single
    precision.

    Parameters
    ----------
    reg : float
        Entropic regularisation, relative to the median cost.
    n_iter : int
        Largest number of Sinkhorn iterations.
    debiased : bool
        Subtract the cost of each cloud to itself, which makes the loss zero for equal clouds.

    References
    ----------
    .. [1] M. Cuturi, "Sinkhorn Distances: Lightspeed Computation of Optimal Transport", NeurIPS 2013.
       https://doi.org/10.48550/arXiv.1306.0895
    .. [2] J. Feydy et al., "Interpolating between Optimal Transport and MMD using Sinkhorn Divergences", AISTATS 2019.
       https://doi.org/10.48550/arXiv.1810.08278

    Examples
    --------
    >>> import torch
    >>> from skspectral.nn.losses import OTLoss
    >>> near, far = torch.tensor([[0.0], [1.0]]), torch.tensor([[5.0], [6.0]])
    >>> float(OTLoss(debiased=True)(near, near)), round(float(OTLoss(debiased=True)(near, far)), 2)
    (0.0, 1.0)
    """

    def __init__(self, reg: float = 0.05, n_iter: int = 100, *, debiased: bool = False):
        super().__init__()
        if reg <= 0:
            raise ValueError(f"reg must be positive, got {reg}.")
        self.reg, self.n_iter, self.debiased = reg, n_iter, debiased

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Transport one cloud to another.

        Parameters
        ----------
        first : Tensor of shape (n, D)
            Features of one instrument's spectra.
        second : Tensor of shape (m, D)
            Features of another instrument's spectra.

        Returns
        -------
        Tensor of shape ()
            Transport cost over the median squared distance, in the dtype of ``first``.
        """
        with torch.autocast(first.device.type, enabled=False):
            x, y = first.double(), second.double()
            cost = squared_distances(x, y)
            apart = cost[cost > 0]
            if not apart.numel():
                return first.sum() * 0  # all points coincide, nothing is to be moved
            scale = apart.median()
            loss = self._sinkhorn(cost / scale)
            if self.debiased:
                own = [self._sinkhorn(squared_distances(cloud, cloud) / scale) for cloud in (x, y)]
                loss = loss - sum(own) / 2
        return loss.to(first.dtype)

    def between_groups(self, features: Tensor, groups: Tensor) -> Tensor:
        """Average the loss over all pairs of groups.

        Parameters
        ----------
        features : Tensor of shape (B, D)
            Features of spectra.
        groups : Tensor of shape (B,)
            Number of each spectrum's instrument; negative where unknown.

        Returns
        -------
        Tensor of shape ()
            Mean loss; zero where there are fewer than two instruments.
        """
        clouds = [features[groups == group] for group in groups[groups >= 0].unique()]
        if len(clouds) < 2:
            return features.sum() * 0
        return torch.stack([self(a, b) for a, b in combinations(clouds, 2)]).mean()

    def _sinkhorn(self, cost):
        weights = [cost.new_full((n,), 1 / n) for n in cost.shape]
        return ot.sinkhorn2(*weights, cost, self.reg, method="sinkhorn_log", numItermax=self.n_iter)


def squared_distances(x: Tensor, y: Tensor) -> Tensor:
    """Squared Euclidean distances (n, m); without ``cdist``, whose gradient is undefined between equal points."""
    return (x[:, None] - y[None]).square().sum(-1)
