"""The pretraining objective: every loss of the network, from one batch of spectra and two altered views of it."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .losses import (
    BYOLLoss,
    CrossCovarianceLoss,
    DenoiseLoss,
    EMATarget,
    InstrumentLoss,
    LossBalance,
    MoELoss,
    MSRPLoss,
    OTLoss,
    PhysicsLoss,
    VIBLoss,
)
from .model import SpectralFM
from .vib import InstrumentClassifiers

__all__ = ["PretrainingBatch", "PretrainingObjective"]


@dataclass
class PretrainingBatch:
    """Spectra, two views of each, and what is known about them.

    Attributes
    ----------
    clean : Tensor of shape (B, L)
        Standardised spectra, shorter ones padded at the end.
    views : Tensor of shape (2, B, L)
        The same samples with noise and drift, or as two other instruments would measure them.
    wavenumbers : Tensor of shape (B, L)
        Axis of all three, cm-1.
    lengths : Tensor of shape (B,)
        Number of real channels.
    domain : Tensor of shape (B,)
        Kind of spectrum; index into ``skspectral.nn.inputs.DOMAINS``.
    patch_mask : Tensor of shape (B, n_patches)
        True for the patches of ``clean`` to hide.
    instrument : Tensor of shape (3, B)
        Number of the instrument of ``clean`` and of both views; negative where unknown.
    location, scale : Tensor of shape (B, 1)
        ``clean * scale + location`` is absorbance.
    """

    clean: Tensor
    views: Tensor
    wavenumbers: Tensor
    lengths: Tensor
    domain: Tensor
    patch_mask: Tensor
    instrument: Tensor
    location: Tensor
    scale: Tensor


class _Projected(nn.Module):
    """The encoder up to the chemistry code, and the projection that the contrastive loss compares."""

    def __init__(self, model, d_projection):
        super().__init__()
        d_chem = model.config.d_chem
        self.model = model
        self.projector = nn.Sequential(
            nn.Linear(d_chem, 2 * d_chem), nn.LayerNorm(2 * d_chem), nn.GELU(), nn.Linear(2 * d_chem, d_projection)
        )

    def forward(self, *inputs):
        codes = self.model(*inputs).codes
        return self.projector(codes.mean[:, : self.model.config.d_chem])


class PretrainingObjective(nn.Module):
    """Weighted sum of all losses of a `SpectralFM`.

    One pass of the encoder sees the masked spectra and both views. The masked spectra are rebuilt patch by patch; the
    first view is turned into the clean spectrum by the transfer head, from its chemistry code and the mean code of the
    clean spectrum's instrument, so that nothing about the sample reaches the head but through the chemistry code.

    Parameters
    ----------
    model : SpectralFM
        The network to train.
    n_instruments : int
        Number of instruments among the batches.
    weights : dict of str to float, optional
        Weights that differ from those of `skspectral.nn.LossBalance`.
    momentum : float
        Share of the contrastive target network that stays at every update.

    Examples
    --------
    >>> from skspectral.nn import SpectralFM, SpectralFMConfig
    >>> from skspectral.nn.objective import PretrainingObjective
    >>> objective = PretrainingObjective(SpectralFM(SpectralFMConfig.preset("tiny")), n_instruments=3)
    >>> sorted(objective.balance.weights)[:4]
    ['contrastive', 'cross_covariance', 'denoise', 'instrument']
    """

    def __init__(
        self,
        model: SpectralFM,
        n_instruments: int,
        weights: dict[str, float] | None = None,
        momentum: float = 0.996,
    ):
        super().__init__()
        d_chem, d_inst = model.config.d_chem, model.config.d_inst
        self.online = _Projected(model, d_chem)
        self.target = EMATarget(self.online, momentum)
        self.classifiers = InstrumentClassifiers(n_instruments, d_chem, d_inst)
        self.byol = BYOLLoss(d_chem, 2 * d_chem)
        self.msrp, self.denoise, self.ot, self.physics = MSRPLoss(), DenoiseLoss(), OTLoss(), PhysicsLoss()
        self.vib, self.instrument, self.cross_covariance = VIBLoss(), InstrumentLoss(), CrossCovarianceLoss()
        self.moe = MoELoss()
        self.balance = LossBalance(weights)

    @property
    def model(self) -> SpectralFM:
        """The network that is trained."""
        return self.online.model

    def update_target(self) -> None:
        """Let the contrastive target follow; call it after every optimiser step."""
        self.target.update(self.online)

    def forward(self, batch: PretrainingBatch) -> tuple[Tensor, dict[str, Tensor]]:
        """Compute all losses.

        Parameters
        ----------
        batch : PretrainingBatch
            Spectra and their views.

        Returns
        -------
        total : Tensor of shape ()
            Weighted sum.
        report : dict of str to Tensor of shape ()
            Every term without its weight, and the "total", detached.
        """
        total, report = self.balance(self.terms(batch))
        return total, report

    def terms(self, batch: PretrainingBatch) -> dict[str, Tensor]:
        """Compute every loss without its weight: dict of Tensor of shape ()."""
        n, d_chem = len(batch.clean), self.model.config.d_chem
        x = torch.cat([batch.clean, *batch.views])
        mask = torch.cat([batch.patch_mask, torch.zeros_like(batch.patch_mask).repeat(2, 1)])
        output = self.model(
            x, batch.wavenumbers.repeat(3, 1), "cm-1", batch.domain.repeat(3), batch.lengths.repeat(3), mask
        )
        codes, instrument = output.codes, batch.instrument.flatten()
        chemistry = codes.mean[:, :d_chem]

        patches, valid = self.model.embedding.patchify(batch.clean, batch.lengths)
        rebuilt = self.model.patch_decoder(output.tokens[:n, -patches.shape[1] :])
        projections = self.online.projector(chemistry[n:]).chunk(2)
        views = (batch.wavenumbers, "cm-1", batch.domain, batch.lengths)
        targets = [self.target(view, *views) for view in batch.views]
        denoise, physics = self._transferred(batch, codes, instrument)
        return {
            "msrp": self.msrp(rebuilt, patches, batch.patch_mask, valid),
            "contrastive": self.byol(projections, targets),
            "denoise": denoise,
            "ot": self.ot.between_groups(chemistry, instrument),
            "physics": physics,
            "vib": self.vib(codes),
            "moe": self.moe(output.routing),
            "instrument": self.instrument(self.classifiers(codes), instrument),
            "cross_covariance": self.cross_covariance(chemistry, instrument),
        }

    def _transferred(self, batch, codes, instrument):
        """Denoising and physics losses of the first view, written as the clean spectrum's instrument measures it."""
        n = len(batch.clean)
        z_inst = mean_by_group(codes.z_inst, instrument)[:n]
        z_chem = codes.z_chem[n : 2 * n]
        losses = []
        # Spectra of one length at a time: the head spreads a spectrum over its own range.
        for length in batch.lengths.unique().tolist():
            rows = batch.lengths == length
            clean = batch.clean[rows, :length]
            prediction = self.model.transfer(z_chem[rows], z_inst[rows], length)
            physics = self.physics(prediction, clean, location=batch.location[rows], scale=batch.scale[rows])
            losses.append(torch.stack([self.denoise(prediction, clean), physics]) * (len(clean) / n))
        return torch.stack(losses).sum(0).unbind(0)


def mean_by_group(x: Tensor, group: Tensor) -> Tensor:
    """Replace every row of (B, d) by the mean of its group; rows of unknown group (negative) by their own value."""
    known = group[:, None] >= 0
    same = (group[:, None] == group) & known
    weight = torch.where(known, same.to(x.dtype), torch.eye(len(x), dtype=x.dtype, device=x.device))
    return weight / weight.sum(1, keepdim=True) @ x
