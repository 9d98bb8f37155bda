"""What a predicted absorbance spectrum must look like."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

__all__ = ["PhysicsLoss"]


class PhysicsLoss(nn.Module):
    """Penalise predictions that are rough, negative, or whose peaks differ in shape from the measured ones.

    * Smoothness: mean squared second difference over the prediction's variance.
    * Non-negativity: mean squared negative absorbance.
    * Peak shape: one minus the cosine between the derivatives of prediction and reference, so that position and form of
      the peaks count and their height does not.

    All three look at the prediction and have a gradient there; the reference has none.

    Parameters
    ----------
    smoothness, negativity, shape : float
        Weights of the three parts.

    Examples
    --------
    >>> import torch
    >>> from skspectral.nn.losses import PhysicsLoss
    >>> peak = torch.exp(-torch.linspace(-3, 3, 50) ** 2)[None]
    >>> loss = PhysicsLoss(smoothness=0.0)
    >>> round(float(loss(2 * peak, peak)), 4), round(float(loss(-peak, peak)), 2)
    (0.0, 2.2)
    """

    def __init__(self, smoothness: float = 1.0, negativity: float = 1.0, shape: float = 1.0):
        super().__init__()
        self.smoothness, self.negativity, self.shape = smoothness, negativity, shape

    def forward(
        self,
        prediction: Tensor,
        reference: Tensor | None = None,
        *,
        location: Tensor | float = 0.0,
        scale: Tensor | float = 1.0,
    ) -> Tensor:
        """Judge predicted spectra.

        Parameters
        ----------
        prediction : Tensor of shape (B, L)
            Predicted spectra, evenly sampled.
        reference : Tensor of shape (B, L), optional
            Measured spectra; without them the peaks are not judged.
        location, scale : float or Tensor of shape (B, 1)
            ``prediction * scale + location`` is absorbance: the mean and standard deviation that standardisation
            removed. A standardised spectrum is negative half of the time for no physical reason.

        Returns
        -------
        Tensor of shape ()
            The loss.
        """
        prediction = prediction.float() if prediction.dtype != torch.float64 else prediction
        roughness = prediction.diff(n=2).square().mean(-1)
        variance = prediction.var(-1, correction=0)
        loss = self.smoothness * (roughness / (variance + 1e-8)).mean()
        loss = loss + self.negativity * F.relu(-(prediction * scale + location)).square().mean()
        if reference is not None:
            slopes = prediction.diff(), reference.detach().to(prediction.dtype).diff()
            loss = loss + self.shape * (1 - F.cosine_similarity(*slopes, dim=-1)).mean()
        return loss
