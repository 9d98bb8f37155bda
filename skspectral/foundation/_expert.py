"""The network's own calibration for a target instrument: linear in the features, one for each property."""

from dataclasses import dataclass

import numpy as np
import torch

from .._roles import shared_with
from ..pretraining.ridge import Task

__all__ = ["Readout", "fit_readout", "property_tasks"]


@dataclass
class Readout:
    """Coefficients of the features of a target spectrum.

    Attributes
    ----------
    coef : ndarray of shape (n_targets, n_stages, n_features)
        In units of ``y``.
    intercept : ndarray of shape (n_targets,)
        What is added.
    regions : ndarray of shape (n_regions,)
        Centres of the regions that the features describe, cm-1.
    """

    coef: np.ndarray
    intercept: np.ndarray
    regions: np.ndarray

    def predict(self, encoder, X, nm, domain):
        """Predict target spectra (n_spectra, n_channels) with an axis in nm: ndarray (n_spectra, n_targets)."""
        features = encoder.features(X, nm, torch.from_numpy(self.regions), domain)
        return np.einsum("ngd,kgd->nk", features.double().numpy(), self.coef) + self.intercept


def property_tasks(rows, source, target):
    """Say what every property's calibration is fitted to.

    Parameters
    ----------
    rows : TransferRows
        Spectra of source and target.
    source : Tensor of shape (n_source_samples, n_stages, n_features)
        Features of ``rows.source_samples``.
    target : Tensor of shape (n_target_samples, n_stages, n_features)
        Features of ``rows.target_samples``.

    Returns
    -------
    Task
        One episode for each property.
    """
    y_source, codes = torch.from_numpy(rows.source_samples[1]).T, rows.source_samples[2]
    y_target, target_codes = torch.from_numpy(rows.target_samples[1]).T, rows.target_samples[2]
    on_target, on_source = shared_with(target_codes, codes)
    n_targets, n_standards = len(y_source), len(target)
    # The source row of a standard stands at the standard's place; where there is none, an unknown row does.
    place = np.full(n_standards, len(codes))
    place[on_target] = on_source
    rest = np.setdiff1d(np.arange(len(codes)), on_source)
    order = torch.from_numpy(np.concatenate([place, rest]))
    source = torch.cat([source, torch.zeros_like(source[:1])])[order]
    y_source = torch.cat([y_source, y_source.new_full((n_targets, 1), torch.nan)], 1)[:, order]
    paired = torch.zeros(n_targets, n_standards, dtype=torch.float64)
    paired[:, torch.from_numpy(on_target)] = 1
    return Task(
        source.expand(n_targets, *source.shape),
        target.expand(n_targets, *target.shape),
        target.mean(0).expand(n_targets, *target.shape[1:]),
        y_source.nan_to_num(),
        y_target.nan_to_num(),
        y_source.isfinite().double(),
        paired,
        y_target.isfinite().double(),
    )


def fit_readout(head, task, regions):
    """Fit the read-out of every property.

    Parameters
    ----------
    head : TransferHead
        The head that the network was trained with.
    task : Task
        What to fit to, see `property_tasks`.
    regions : Tensor of shape (n_regions,)
        Regions of the features.

    Returns
    -------
    Readout
        Coefficients.
    held_out : ndarray of shape (n_target_samples, n_targets)
        Reference minus prediction of every target sample without it; NaN where it has no reference.
    """
    device = next(head.parameters()).device
    with torch.no_grad():
        solution = head.solve(Task(*(part.to(device) for part in task)))
    held_out = torch.where(task.on_standards > 0, solution.left_out.cpu(), torch.nan)
    arrays = (solution.coef, solution.intercept, regions)
    return Readout(*(part.cpu().numpy() for part in arrays)), held_out.T.numpy()
