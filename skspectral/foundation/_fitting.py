"""What the network learns from the rows of a transfer: adaptation, read-outs and errors on held-out standards."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch.nn import functional as F
from tqdm import tqdm

from .._core.known_instruments import combination_weights
from ._adaptation import CachedSpectra, adapt
from ._encoder import Encoder, NetworkRecord
from ._readout import OWN, SHARED, Readout, fit_readout, kept_source, own_task, property_tasks
from .ttt import TestTimeTraining

__all__ = ["FittedNetwork", "fit_network", "used_to"]

# With fewer standards nothing would tell an adaptation from luck.
LEAST_FOR_ADAPTATION = 5


@dataclass
class FittedNetwork:
    """The network of a fitted model.

    Attributes
    ----------
    encoder : Encoder
        As adapted.
    record : NetworkRecord
        How to build it anew.
    readout : Readout or None
        Calibrations from source and target; None where the instruments share no range.
    own_readout : Readout or None
        Calibrations over the target's whole axis, where that is more than the shared range.
    held_out : dict of {str: ndarray of shape (n_target_samples, n_targets)}
        For every expert, reference minus prediction of every target sample without it, before low-rank or full
        adaptation, which has seen them all; NaN where there is no reference.
    ttt_losses : list of float
        Reconstruction errors of test-time training.
    source_weights : dict of {str: ndarray of shape (n_sources, n_targets)}
        How much of every expert that learns from known instruments comes from each of them; columns sum to one.
    """

    encoder: Encoder
    record: NetworkRecord
    readout: Readout | None
    own_readout: Readout | None
    held_out: dict
    ttt_losses: list
    source_weights: dict

    def n_parameters(self):
        """Count the values of network and head, and those that were adapted: dict of {str: int}."""
        record = self.record
        own = sum(value.size for part in (record.lora, record.updates) for value in part.values())
        own += sum(readout.coef.size for readout in (self.readout, self.own_readout) if readout is not None)
        parts = {"network": self.encoder.model, "head": self.encoder.head}
        counts = {name: sum(p.numel() for p in module.parameters()) for name, module in parts.items()}
        return counts | {"adapted": own}


def fit_network(each, own, sight, record, *, embed, device, how, steps, rank, ttt_steps, quiet):
    """Fit the network's calibrations for the target.

    Parameters
    ----------
    each : list of TransferRows
        Spectra of every known instrument, and of the target the same in all, on the axis ``sight.nm`` where there is
        one.
    own : ndarray of shape (n_target_samples, n_own) or None
        Whole spectra of their ``target_samples``, on the axis ``sight.own_nm``.
    sight : Sight
        The axes.
    record : NetworkRecord
        The network.
    embed : bool
        Whether the record shall hold all its values.
    device : str
        Where to compute.
    how : {"head", "lora", "full"}
        What adapts.
    steps, rank : int
        Of the adaptation.
    ttt_steps : int
        Steps of test-time training.
    quiet : bool
        No progress bar.

    Returns
    -------
    FittedNetwork
        The result.
    """
    encoder = record.load(device)
    # Random numbers may differ elsewhere, so that a seed does not name a network.
    if embed or record.weights is None:
        record.embed(encoder)
    fitted = FittedNetwork(encoder, record, None, None, {}, [], {})
    rows = each[0]
    if ttt_steps:
        _get_used_to(fitted, rows, own, sight, ttt_steps)
    joint, whole = sight.read_target(fitted.encoder, rows.target_samples[0], own)
    if whole is not None:
        _fit_own(fitted, rows, whole)
    if joint is not None:
        _fit_shared(fitted, each, joint, sight)
        if how != "head" and rows.n_standards >= LEAST_FOR_ADAPTATION:
            bar = tqdm(range(steps), desc="adapting", unit="step", leave=False, disable=quiet)
            _adapt(fitted, each, joint, own, sight, how, bar, rank)
    return fitted


def _get_used_to(fitted, rows, own, sight, steps):
    """Adapt the normalisation to target spectra without pair and reference."""
    encoder, record = fitted.encoder, fitted.record
    chosen = unlabelled(rows)
    spectra = rows.target_samples[0][chosen], None if own is None else own[chosen]
    fitted.encoder, fitted.ttt_losses = used_to(encoder, sight, *spectra, steps, record.seed)
    names = dict(fitted.encoder.model.normalisation_parameters())
    record.updates |= {f"model.{name}": value.cpu().numpy() for name, value in names.items()}


def used_to(encoder, sight, shared, own, steps, seed):
    """Let a copy of a network get used to target spectra: the Encoder, and the errors of the training."""
    ttt = TestTimeTraining(steps, seed=seed)
    model = ttt(encoder.model, *encoder.resample(*sight.whole(shared, own)), sight.domain)
    return replace(encoder, model=model), ttt.losses_


def _fit_own(fitted, rows, features):
    """Calibrate from the standards alone, where a property has enough of them."""
    readout, errors = fit_readout(fitted.encoder.head, own_task(rows, features), alone=True)
    if np.isfinite(readout.intercept).any():
        fitted.own_readout = readout
        # what was held out before an adaptation stays
        fitted.held_out = {OWN: errors} | fitted.held_out


def _fit_shared(fitted, each, target, sight, *, adapted=False):
    """Calibrate from the rows of every known instrument; evidence comes from before an adaptation of the network."""
    encoder = fitted.encoder
    readouts, errors = [], []
    for rows in each:
        kept = kept_source(rows)
        source = sight.read_source(encoder, rows.source_samples[0][kept])
        readout, held_out = fit_readout(encoder.head, property_tasks(rows, kept, source, target))
        readouts.append(readout)
        errors.append(held_out)
    if not adapted:
        weights = combination_weights(errors)
        fitted.source_weights = {SHARED: weights}
        fitted.held_out[SHARED] = np.einsum("st,snt->nt", weights, np.stack(errors))
    fitted.readout = Readout.combine(readouts, fitted.source_weights[SHARED])


def _adapt(fitted, each, target, own, sight, how, bar, rank):
    """Adapt the network by the errors that calibrations from every known instrument make, and calibrate anew."""
    encoder, record, n_features = fitted.encoder, fitted.record, target.shape[-1]
    n_shared = sight.n_shared(encoder, n_features)
    kept = [kept_source(rows) for rows in each]
    spectra = [rows.source_samples[0][chosen] for rows, chosen in zip(each, kept, strict=True)]
    regions = sight.shared_regions(encoder.n_regions)
    cached = [
        CachedSpectra(encoder, *encoder.resample(X, sight.nm), regions, sight.domain)
        for X in (each[0].target_samples[0], *spectra)
    ]

    def make_tasks(seen, *sources):
        # What lies beyond the shared range stays as the network saw it before.
        seen = torch.cat([seen, target[..., n_shared:].to(seen.device)], -1)
        padded = (F.pad(source, (0, n_features - n_shared)) for source in sources)
        return [property_tasks(*parts, seen) for parts in zip(each, kept, padded, strict=True)]

    fitted.encoder, record.lora, changed = adapt(
        encoder, cached, make_tasks, how, steps=bar, rank=rank, seed=record.seed
    )
    record.rank = rank
    record.updates |= changed
    target, whole = sight.read_target(fitted.encoder, each[0].target_samples[0], own)
    _fit_shared(fitted, each, target, sight, adapted=True)
    if fitted.own_readout is not None:
        _fit_own(fitted, each[0], whole)


def unlabelled(rows):
    """Mark target samples without pair and reference, all of them where there are none such."""
    _, y, codes = rows.target_samples
    alone = ~np.isin(codes, rows.source_samples[2][rows.source_samples[2] >= 0]) & ~np.isfinite(y).any(axis=1)
    return alone if alone.any() else np.ones(len(alone), dtype=bool)
