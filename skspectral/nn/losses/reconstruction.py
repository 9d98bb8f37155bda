"""Losses that compare a predicted spectrum with the measured one."""

import torch
from torch import Tensor, nn

__all__ = ["DenoiseLoss", "MSRPLoss"]


class MSRPLoss(nn.Module):
    """Masked spectral reconstruction: mean squared error over the masked patches alone.

    It teaches something only where the encoder did not see those patches; see ``SpectralFM.reconstruct``.

    Examples
    --------
    >>> import torch
    >>> from skspectral.nn.losses import MSRPLoss
    >>> target = torch.tensor([[[1.0, 1.0], [5.0, 5.0]]])
    >>> MSRPLoss()(torch.zeros(1, 2, 2), target, torch.tensor([[True, False]]))
    tensor(1.)
    """

    def forward(self, prediction: Tensor, target: Tensor, mask: Tensor, valid: Tensor | None = None) -> Tensor:
        """Compare patches.

        Parameters
        ----------
        prediction, target : Tensor of shape (B, n_patches, patch_size)
            Predicted and measured channels.
        mask : Tensor of shape (B, n_patches)
            True for the patches that were hidden from the encoder.
        valid : Tensor of shape (B, n_patches, patch_size), optional
            False for channels that a spectrum does not have.

        Returns
        -------
        Tensor of shape ()
            The loss; zero where nothing was masked.
        """
        counted = mask[..., None].expand_as(target)
        if valid is not None:
            counted = counted & valid
        squares = torch.where(counted, (prediction - target).square(), 0)
        return squares.sum() / counted.sum().clamp(min=1)


class DenoiseLoss(nn.Module):
    """Mean squared error between a spectrum predicted from a noisy one and the clean spectrum.

    Examples
    --------
    >>> import torch
    >>> from skspectral.nn.losses import DenoiseLoss
    >>> DenoiseLoss()(torch.zeros(1, 4), torch.full((1, 4), 2.0))
    tensor(4.)
    """

    def forward(self, prediction: Tensor, clean: Tensor, valid: Tensor | None = None) -> Tensor:
        """Compare spectra.

        Parameters
        ----------
        prediction, clean : Tensor of shape (B, L)
            Predicted and clean spectra.
        valid : Tensor of shape (B, L), optional
            False for channels that a spectrum does not have.

        Returns
        -------
        Tensor of shape ()
            The loss.
        """
        squares = (prediction - clean).square()
        if valid is None:
            return squares.mean()
        return torch.where(valid, squares, 0).sum() / valid.sum().clamp(min=1)
