"""What the network learns from the rows of a transfer: adaptation, read-out and errors on held-out standards."""

from dataclasses import dataclass

import numpy as np
import torch
from tqdm import tqdm

from ..pretraining.features import common_regions
from ._adapt import CachedSpectra, adapt
from ._expert import Readout, fit_readout, kept_source, property_tasks
from ._network import Encoder, NetworkRecord
from .ttt import TestTimeTraining

__all__ = ["FittedNetwork", "fit_network"]

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
    readout : Readout
        Its calibration.
    held_out : ndarray of shape (n_target_samples, n_targets)
        Reference minus prediction of every target sample without it, before low-rank or full adaptation, which has
        seen them all; NaN where there is no reference.
    ttt_losses : list of float
        Reconstruction errors of test-time training.
    """

    encoder: Encoder
    record: NetworkRecord
    readout: Readout
    held_out: np.ndarray
    ttt_losses: list

    def n_parameters(self):
        """Count the values of network and head, and those that were adapted: dict of {str: int}."""
        record = self.record
        own = sum(value.size for part in (record.lora, record.updates) for value in part.values())
        parts = {"network": self.encoder.model, "head": self.encoder.head}
        counts = {name: sum(p.numel() for p in module.parameters()) for name, module in parts.items()}
        return counts | {"adapted": own + self.readout.coef.size}


def fit_network(rows, nm, record, *, embed, domain, device, how, steps, rank, ttt_steps, quiet):
    """Fit the network's calibration for the target.

    Parameters
    ----------
    rows : TransferRows
        Spectra of source and target.
    nm : ndarray of shape (n_channels,)
        Their axis.
    record : NetworkRecord
        The network.
    embed : bool
        Whether the record shall hold all its values.
    domain, device : str
        Kind of spectra, and where to compute.
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
    wavenumbers = torch.from_numpy(1e7 / nm)
    regions = common_regions(wavenumbers, wavenumbers, encoder.n_regions)
    kept = kept_source(rows)
    spectra = [rows.source_samples[0][kept], rows.target_samples[0]]
    losses = []
    if ttt_steps:
        ttt = TestTimeTraining(ttt_steps, seed=record.seed)
        encoder.model = ttt(encoder.model, *encoder.resample(unlabelled(rows), nm), domain)
        losses = ttt.losses_
        names = dict(encoder.model.normalisation_parameters())
        record.updates |= {f"model.{name}": value.cpu().numpy() for name, value in names.items()}

    def make_task(source, target):
        return property_tasks(rows, kept, source, target)

    def features():
        return [encoder.features(X, nm, regions, domain) for X in spectra]

    task = make_task(*features())
    readout, held_out = fit_readout(encoder.head, task, regions)
    if how != "head" and rows.n_standards >= LEAST_FOR_ADAPTATION:
        cached = [CachedSpectra(encoder, *encoder.resample(X, nm), regions, domain) for X in spectra]
        bar = tqdm(range(steps), desc="adapting", unit="step", leave=False, disable=quiet)
        encoder, record.lora, changed = adapt(encoder, cached, make_task, how, steps=bar, rank=rank, seed=record.seed)
        record.rank = rank
        record.updates |= changed
        readout, _ = fit_readout(encoder.head, make_task(*features()), regions)
    return FittedNetwork(encoder, record, readout, held_out, losses)


def unlabelled(rows):
    """Target spectra without pair and reference, all of them where there are none such."""
    X, y, codes = rows.target_samples
    alone = ~np.isin(codes, rows.source_samples[2][rows.source_samples[2] >= 0]) & ~np.isfinite(y).any(axis=1)
    return X[alone] if alone.any() else X
