"""Balance of the experts' load."""

from torch import Tensor, nn

from ..moe import Routing

__all__ = ["MoELoss"]


class MoELoss(nn.Module):
    """Squared coefficient of variation of the experts' load.

    Mean of two: over the load, which says how often an expert is chosen, and over the mean gate probability, which
    still has a gradient where the gate has collapsed so far that no noise would have another expert chosen.

    Examples
    --------
    >>> import torch
    >>> from skspectral.nn.losses import MoELoss
    >>> from skspectral.nn.moe import Routing
    >>> even, one = torch.full((4,), 0.25), torch.tensor([1.0, 0.0, 0.0, 0.0])
    >>> [MoELoss()(Routing(None, load, load)).item() for load in (even, one)]
    [0.0, 3.0]
    """

    def forward(self, routing: Routing) -> Tensor:
        """Give the imbalance, shape (): 0 for even load, ``n_experts - 1`` where one expert does everything."""
        return (_squared_variation(routing.load) + _squared_variation(routing.importance)) / 2


def _squared_variation(x):
    return x.var(correction=0) / (x.mean().square() + 1e-12)
