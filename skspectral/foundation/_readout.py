"""The network's own calibrations for a target instrument: linear in the features, one for each property."""

from dataclasses import dataclass

import numpy as np
import torch

from .._core.property_names import property_name
from .._core.roles import shared_with
from ..exceptions import AxisMismatchError, TooFewStandardsError
from ..pretraining.head.ridge import Task

__all__ = [
    *("EXPERTS", "LEAST_CHANNELS", "OWN", "SHARED", "Readout"),
    *("check_own_standards", "fit_readout", "kept_source", "own_task", "property_tasks"),
]

#: The calibration from source rows, pairs and standards, and that from the standards alone, over the target's axis.
SHARED, OWN = "network", "own range"
EXPERTS = ("portfolio", SHARED, OWN)
# Memory and time grow with the square and the cube of the source samples.
MOST_SOURCE = 1000
# A network reads patches of channels; with fewer than this there is nothing to read.
LEAST_CHANNELS = 16
# Fewer references say nothing about a calibration without the source.
LEAST_OWN = 3


@dataclass
class Readout:
    """Coefficients of the features of a target spectrum.

    Attributes
    ----------
    coef : ndarray of shape (n_targets, n_stages, n_features)
        In units of ``y``; zero where a property has no calibration.
    intercept : ndarray of shape (n_targets,)
        What is added; NaN where a property has no calibration.
    """

    coef: np.ndarray
    intercept: np.ndarray

    @classmethod
    def combine(cls, readouts, weights):
        """Average read-outs of the same features, with weights (n_readouts, n_targets)."""
        coef, intercept = (np.stack([getattr(readout, name) for readout in readouts]) for name in ("coef", "intercept"))
        return cls(np.einsum("st,stgd->tgd", weights, coef), np.einsum("st,st->t", weights, intercept))

    def predict(self, features):
        """Predict from features (n_spectra, n_stages, n_features): ndarray (n_spectra, n_targets)."""
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


def check_own_standards(rows, n_channels):
    """Raise AxisMismatchError or TooFewStandardsError where the target cannot be calibrated by its standards alone."""
    if n_channels < LEAST_CHANNELS:
        raise AxisMismatchError(
            f"{rows.source!r} and {rows.target!r} share no range, and {n_channels} channels of the target are too few "
            f"for the network, which needs {LEAST_CHANNELS}: use TargetOnly."
        )
    counts = np.isfinite(rows.target_samples[1]).sum(axis=0)
    if counts.min() < LEAST_OWN:
        fewest = f"{property_name(int(counts.argmin()), len(counts))} has {counts.min()}"
        raise TooFewStandardsError(
            f"{rows.source!r} and {rows.target!r} share no range, so that the target has its own standards alone: at "
            f"least {LEAST_OWN} target spectra with a reference are needed for every property, and {fewest}."
        )


def own_task(rows, target):
    """Say what a calibration is fitted to that learns from the target alone: its standards take the source's place.

    Parameters
    ----------
    rows : TransferRows
        Spectra of source and target.
    target : Tensor of shape (n_target_samples, n_stages, n_features)
        Features of ``rows.target_samples``.

    Returns
    -------
    Task
        One episode for each property.
    """
    y = torch.from_numpy(rows.target_samples[1]).T
    n_targets, known = len(y), y.isfinite().double()
    none = torch.zeros(n_targets, 0, dtype=torch.float64)
    # Predictions are centred by the rows that the coefficients were fitted to, one property's standards.
    weight = known / known.sum(1, keepdim=True).clamp(min=1)
    return Task(
        target.expand(n_targets, *target.shape),
        target[:0].expand(n_targets, 0, *target.shape[1:]),
        torch.einsum("pn,ngd->pgd", weight, target.double()),
        y.nan_to_num(),
        none,
        known,
        none,
        none,
    )


def fit_readout(head, task, *, alone=False):
    """Fit the read-out of every property.

    Parameters
    ----------
    head : TransferHead
        What proposes the calibrations.
    task : Task
        What to fit to, see `property_tasks` and `own_task`.
    alone : bool
        Whether the standards take the source's place; properties with too few references have no calibration then.

    Returns
    -------
    Readout
        Coefficients.
    held_out : ndarray of shape (n_target_samples, n_targets)
        Reference minus prediction of every target sample without it; NaN where it has no reference.
    """
    known = task.on_source if alone else task.on_standards
    fitted = known.sum(1) >= LEAST_OWN if alone else torch.ones(len(task.y), dtype=torch.bool)
    known = (known > 0) & fitted[:, None]
    device = head.prior.device
    coef = torch.zeros(len(task.y), *task.target_mean.shape[1:], dtype=torch.float64)
    intercept = torch.full((len(coef),), torch.nan, dtype=torch.float64)
    left_out = torch.zeros(known.shape, dtype=torch.float64)
    # One property at a time: the Gram matrices of all of them would take several times the memory.
    for j in torch.nonzero(fitted).ravel().tolist():
        with torch.no_grad():
            solution = head.solve(Task(*(part[[j]].to(device) for part in task)))
        coef[j], intercept[j] = solution.coef[0].cpu(), solution.intercept[0].cpu()
        left_out[j] = (solution.left_out_source if alone else solution.left_out)[0].cpu()
    return Readout(coef.numpy(), intercept.numpy()), torch.where(known, left_out, torch.nan).T.numpy()
