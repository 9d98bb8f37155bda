"""The network's own calibration for a target instrument: linear in the features, one for each property."""

from dataclasses import dataclass

import numpy as np
import torch

from .._roles import shared_with
from ..pretraining.ridge import Task

__all__ = ["Readout", "fit_readout", "kept_source", "property_tasks"]

# Memory and time grow with the square and the cube of the source samples.
MOST_SOURCE = 1000


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


def kept_source(rows):
    """Choose source samples: all pairs and, where there are very many others, some of them evenly over their order.

    Parameters
    ----------
    rows : TransferRows
        Spectra of source and target; samples are in an order that depends on their content alone.

    Returns
    -------
    ndarray of int
        Positions in ``rows.source_samples``.
    """
    codes = rows.source_samples[2]
    _, paired = shared_with(rows.target_samples[2], codes)
    others = np.setdiff1d(np.arange(len(codes)), paired)
    room = max(MOST_SOURCE - len(paired), 0)
    if len(others) > room:
        others = others[np.linspace(0, len(others) - 1, room).astype(int)]
    return np.sort(np.concatenate([paired, others]))


def property_tasks(rows, kept, source, target):
    """Say what every property's calibration is fitted to.

    Parameters
    ----------
    rows : TransferRows
        Spectra of source and target.
    kept : ndarray of int of shape (n_kept,)
        Source samples that take part, see `kept_source`.
    source : Tensor of shape (n_kept, n_stages, n_features)
        Features of these ``rows.source_samples``.
    target : Tensor of shape (n_target_samples, n_stages, n_features)
        Features of ``rows.target_samples``.

    Returns
    -------
    Task
        One episode for each property.
    """
    y_source, codes = torch.from_numpy(rows.source_samples[1][kept]).T, rows.source_samples[2][kept]
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
        # One property at a time: the Gram matrices of all of them would take several times the memory.
        each = [head.solve(Task(*(part[[j]].to(device) for part in task))) for j in range(len(task.y))]
    coef, intercept, left_out = (
        torch.cat([getattr(solution, name) for solution in each]).cpu() for name in ("coef", "intercept", "left_out")
    )
    held_out = torch.where(task.on_standards > 0, left_out, torch.nan)
    return Readout(coef.numpy(), intercept.numpy(), regions.cpu().numpy()), held_out.T.numpy()
