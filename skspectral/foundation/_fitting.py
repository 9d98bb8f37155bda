"""What the network learns from the rows of a transfer: adaptation, read-outs and errors on held-out standards."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch.nn import functional as F
from tqdm import tqdm

from ._adapt import CachedSpectra, adapt
from ._expert import OWN, SHARED, Readout, fit_readout, kept_source, own_task, property_tasks
from ._network import Encoder, NetworkRecord
from ._regions import Regions
from .ttt import TestTimeTraining

__all__ = ["FittedNetwork", "Sight", "fit_network"]

# With fewer standards nothing would tell an adaptation from luck.
LEAST_FOR_ADAPTATION = 5


@dataclass(frozen=True)
class Sight:
    """The axes on which a network sees the instruments.

    Attributes
    ----------
    nm : ndarray of shape (n_channels,) or None
        What both measure, in nm; None where they share nothing.
    own_nm : ndarray of shape (n_own,) or None
        The target's whole axis, where it measures more.
    domain : str
        Kind of spectra.
    """

    nm: np.ndarray | None
    own_nm: np.ndarray | None
    domain: str

    def whole(self, shared, own):
        """Give the target's spectra as far as they reach, and their axis, out of both parts."""
        return (shared, self.nm) if self.own_nm is None else (own, self.own_nm)


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
    """

    encoder: Encoder
    record: NetworkRecord
    readout: Readout | None
    own_readout: Readout | None
    held_out: dict
    ttt_losses: list

    def n_parameters(self):
        """Count the values of network and head, and those that were adapted: dict of {str: int}."""
        record = self.record
        own = sum(value.size for part in (record.lora, record.updates) for value in part.values())
        own += sum(readout.coef.size for readout in (self.readout, self.own_readout) if readout is not None)
        parts = {"network": self.encoder.model, "head": self.encoder.head}
        counts = {name: sum(p.numel() for p in module.parameters()) for name, module in parts.items()}
        return counts | {"adapted": own}


def fit_network(rows, own, sight, record, *, embed, device, how, steps, rank, ttt_steps, quiet):
    """Fit the network's calibrations for the target.

    Parameters
    ----------
    rows : TransferRows
        Spectra of source and target, on the axis ``sight.nm`` where there is one.
    own : ndarray of shape (n_target_samples, n_own) or None
        Whole spectra of ``rows.target_samples``, on the axis ``sight.own_nm``.
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
    fitted = FittedNetwork(encoder, record, None, None, {}, [])
    if ttt_steps:
        _get_used_to(fitted, rows, own, sight, ttt_steps)
    if sight.nm is not None:
        adapts = how != "head" and rows.n_standards >= LEAST_FOR_ADAPTATION
        bar = tqdm(range(steps), desc="adapting", unit="step", leave=False, disable=quiet)
        _fit_shared(fitted, rows, own, sight, (how, bar, rank) if adapts else None)
    if sight.own_nm is not None:
        regions = Regions.of(sight.own_nm, None, encoder.n_regions)
        features = regions.read_target(fitted.encoder, own, sight.own_nm, None, None, sight.domain)
        fitted.own_readout, errors = fit_readout(
            [(fitted.encoder.head, features.shape[-1])], own_task(rows, features), regions, alone=True
        )
        fitted.held_out |= dict(zip(OWN, errors, strict=True))
    return fitted


def _get_used_to(fitted, rows, own, sight, steps):
    """Adapt the normalisation to target spectra without pair and reference."""
    encoder, record = fitted.encoder, fitted.record
    chosen = unlabelled(rows)
    whole, nm = sight.whole(rows.target_samples[0][chosen], None if own is None else own[chosen])
    ttt = TestTimeTraining(steps, seed=record.seed)
    fitted.encoder = replace(encoder, model=ttt(encoder.model, *encoder.resample(whole, nm), sight.domain))
    fitted.ttt_losses = ttt.losses_
    names = dict(fitted.encoder.model.normalisation_parameters())
    record.updates |= {f"model.{name}": value.cpu().numpy() for name, value in names.items()}


def _fit_shared(fitted, rows, own, sight, adaptation):
    """Calibrate from source and target rows, after adapting the network where that is asked for."""
    encoder, record, domain = fitted.encoder, fitted.record, sight.domain
    regions = Regions.of(sight.nm, sight.own_nm, encoder.n_regions)
    kept = kept_source(rows)
    spectra = [rows.source_samples[0][kept], rows.target_samples[0]]

    def read(encoder):
        return (
            regions.read_source(encoder, spectra[0], sight.nm, domain),
            regions.read_target(encoder, spectra[1], sight.nm, own, sight.own_nm, domain),
        )

    source, target = read(encoder)
    n_features = target.shape[-1]
    # The committee takes what it is given: it cannot tell what lies beyond from a difference of the instruments.
    n_shared = n_features * len(regions.first) // (len(regions.first) + int(regions.beyond.sum()))
    heads = [(encoder.head, n_features), (encoder.head.committee(), n_shared)]
    fitted.readout, errors = fit_readout(heads, property_tasks(rows, kept, source, target), regions)
    fitted.held_out |= dict(zip(SHARED, errors, strict=True))
    if adaptation is None:
        return
    how, bar, rank = adaptation
    cached = [CachedSpectra(encoder, *encoder.resample(X, sight.nm), regions.first, domain) for X in spectra]

    def make_task(first, second):
        # What lies beyond the shared range stays as the network saw it before.
        beyond = target[..., n_shared:].to(second.device)
        return property_tasks(rows, kept, F.pad(first, (0, n_features - n_shared)), torch.cat([second, beyond], -1))

    fitted.encoder, record.lora, changed = adapt(
        encoder, cached, make_task, how, steps=bar, rank=rank, seed=record.seed
    )
    record.rank = rank
    record.updates |= changed
    fitted.readout, _ = fit_readout(heads, property_tasks(rows, kept, *read(fitted.encoder)), regions)


def unlabelled(rows):
    """Mark target samples without pair and reference, all of them where there are none such."""
    _, y, codes = rows.target_samples
    alone = ~np.isin(codes, rows.source_samples[2][rows.source_samples[2] >= 0]) & ~np.isfinite(y).any(axis=1)
    return alone if alone.any() else np.ones(len(alone), dtype=bool)
