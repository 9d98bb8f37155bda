"""Bootstrap your own latent: two views of one sample should look alike, without negative examples."""

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional as F

__all__ = ["BYOLLoss", "EMATarget"]


class EMATarget(nn.Module):
    """Slowly moving copy of a network, which receives no gradient.

    Parameters
    ----------
    online : Module
        The network that is trained.
    momentum : float
        Share of the copy that stays at every update.

    Examples
    --------
    >>> import torch
    >>> from skspectral.nn.losses import EMATarget
    >>> online = torch.nn.Linear(1, 1, bias=False)
    >>> target = EMATarget(online, momentum=0.9)
    >>> online.weight.data += 1.0
    >>> target.update(online)
    >>> round((online.weight - target.network.weight).item(), 3)
    0.9
    """

    def __init__(self, online: nn.Module, momentum: float = 0.996):
        super().__init__()
        if not 0 <= momentum <= 1:
            raise ValueError(f"momentum must lie between 0 and 1, got {momentum}.")
        self.momentum = momentum
        self.network = copy.deepcopy(online).requires_grad_(False)

    @torch.no_grad()
    def update(self, online: nn.Module) -> None:
        """Move the copy towards ``online``; call it after every optimiser step."""
        for mine, theirs in zip(self.network.parameters(), online.parameters(), strict=True):
            mine.lerp_(theirs, 1 - self.momentum)
        for mine, theirs in zip(self.network.buffers(), online.buffers(), strict=True):
            mine.copy_(theirs)

    def forward(self, *args, **kwargs):
        """Run the copy without gradients."""
        with torch.no_grad():
            return self.network(*args, **kwargs)


class BYOLLoss(nn.Module):
    """Negative cosine between the prediction of one view and the target network's projection of the other.

    Parameters
    ----------
    d_model : int
        Width of the projections.
    d_hidden : int
        Hidden units of the predictor.

    References
    ----------
    .. [1] J.-B. Grill et al., "Bootstrap your own latent", NeurIPS 2020. https://doi.org/10.48550/arXiv.2006.07733
    """

    def __init__(self, d_model: int, d_hidden: int = 256):
        super().__init__()
        # Layer instead of batch normalisation: a batch mixes instruments, whose statistics must not leak across rows.
        self.predictor = nn.Sequential(
            nn.Linear(d_model, d_hidden), nn.LayerNorm(d_hidden), nn.GELU(), nn.Linear(d_hidden, d_model)
        )

    def forward(self, online: tuple[Tensor, Tensor], target: tuple[Tensor, Tensor]) -> Tensor:
        """Compare two views of every sample, each view predicting the other.

        Parameters
        ----------
        online : pair of Tensor, each of shape (B, d_model)
            Projections of views one and two by the network that is trained.
        target : pair of Tensor, each of shape (B, d_model)
            Projections of the same views by the `EMATarget`.

        Returns
        -------
        Tensor of shape ()
            Mean negative cosine, between -1 and 1.
        """
        cosines = [
            F.cosine_similarity(self.predictor(mine).float(), theirs.detach().float(), dim=-1)
            for mine, theirs in zip(online, reversed(target), strict=True)
        ]
        return -torch.stack(cosines).mean()
