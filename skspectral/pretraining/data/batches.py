"""The data of a micro-batch: spectra in two views for the losses of the network, and transfer episodes."""

import os
from dataclasses import dataclass

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from ...nn.inputs import DOMAINS
from ...nn.objective import PretrainingBatch
from ..head.episodes import EpisodeBatch, collate, make_episode, to_device
from ..instruments.grid import random_generator, read_rows, standardise, window
from ..instruments.simulation import draw_instruments
from ..training.masking import block_mask
from .random import torch_generator

__all__ = ["Slot", "SlotMaker", "prefetch"]

# Keys of the random numbers, beside those of the other users of a run's seed.
STREAM, LIBRARY = 4, 5
MOST_WORKERS = 8


@dataclass
class Slot:
    """One micro-batch.

    Attributes
    ----------
    batch : PretrainingBatch
        Spectra of several materials, clean and as two simulated instruments measure them.
    episodes : EpisodeBatch or None
        Transfer tasks, None where the run has none.
    """

    batch: PretrainingBatch
    episodes: EpisodeBatch | None

    @property
    def n_spectra(self):
        """Number of spectra that the network reads."""
        return 3 * len(self.batch.clean) + (0 if self.episodes is None else len(self.episodes.spectra))

    def to(self, device):
        """Move to a device."""
        return Slot(to_device(self.batch, device), self.episodes and self.episodes.to(device))


class SlotMaker:
    """Make the micro-batch of a place in the run, the same one whenever and wherever it is made.

    Parameters
    ----------
    corpus : Corpus
        Where the spectra come from.
    priors : InstrumentPriors
        What instruments are like.
    config : PretrainingConfig
        Sizes, shares and seed.
    """

    def __init__(self, corpus, priors, config):
        self.corpus, self.priors, self.config = corpus, priors, config
        self._alter = config.alter()
        self._patch_size = config.network().patch_size
        random = torch_generator(random_generator(LIBRARY, config.seed))
        # The views' instruments are known by number, for the losses that tell instruments apart.
        self._instruments = draw_instruments(config.n_instruments, priors, random)

    def __call__(self, step, slot):
        """Make a micro-batch.

        Parameters
        ----------
        step, slot : int
            Place in the run.

        Returns
        -------
        Slot
            Its data, on the CPU.
        """
        config = self.config
        place = (config.seed, step, slot)
        generator = random_generator(STREAM, *place)
        # One number of channels for the whole slot: nothing is padded but targets with fewer channels.
        n_channels = int(generator.choice(config.n_channels))
        batch = self._views(n_channels, generator)
        episodes = [
            make_episode(self.corpus, self.priors, config, n_channels, (*place, number))
            for number in range(config.episodes)
        ]
        return Slot(batch, collate(episodes, n_channels, config.n_regions) if episodes else None)

    def _views(self, n_channels, generator):
        """Draw the same samples for all three instruments, so that what tells them apart is the instrument alone."""
        config = self.config
        numbers = 1 + generator.choice(config.n_instruments, size=2, replace=config.n_instruments < 2)
        random = torch_generator(generator)
        parts = []
        sizes = np.diff(np.linspace(0, config.batch_size, config.n_materials + 1).round().astype(int))
        for size in sizes[sizes > 0]:
            material, rows = self.corpus.draw(generator, int(size))
            where = window(material, n_channels, generator)
            absorbance = torch.from_numpy(where.read(read_rows(material, rows))).float()
            nm = torch.from_numpy(where.nm).float()
            clean, location, scale = standardise(absorbance)
            views = [
                self._alter(standardise(self._instruments[int(k) - 1].measure(absorbance, nm, random))[0], nm, random)
                for k in numbers
            ]
            axis = torch.from_numpy(where.wavenumbers).float().expand(len(rows), -1)
            domain = torch.full((len(rows),), DOMAINS.index(material.domain))
            parts.append((clean, torch.stack([standardise(view)[0] for view in views]), axis, location, scale, domain))
        clean, views, axis, location, scale, domain = zip(*parts, strict=True)
        n = config.batch_size
        n_patches = -(-n_channels // self._patch_size)
        mask = block_mask(torch.full((n,), n_patches), n_patches, random, share=config.mask_share)
        return PretrainingBatch(
            clean=torch.cat(clean),
            views=torch.cat(views, 1),
            wavenumbers=torch.cat(axis),
            lengths=torch.full((n,), n_channels),
            domain=torch.cat(domain),
            patch_mask=mask,
            instrument=torch.tensor([0, *numbers.tolist()])[:, None].expand(3, n),
            location=torch.cat(location),
            scale=torch.cat(scale),
        )


def prefetch(make, places, n_workers=None):
    """Prepare micro-batches in other processes while the network computes.

    Parameters
    ----------
    make : SlotMaker
        What prepares them; it must not matter in which order.
    places : iterable of (int, int)
        Step and slot of each, in the order in which they are wanted; it may be endless.
    n_workers : int, optional
        Number of processes; one less than the processors where None, at most 8. Zero prepares them when they are asked
        for.

    Returns
    -------
    iterable of (int, Slot)
        Slot number and data.
    """
    if n_workers is None:
        n_workers = max(1, min(MOST_WORKERS, (os.cpu_count() or 1) - 1))
    # Processes, as threads would take turns with the network's own small operations. The generator of its own keeps the
    # loader from drawing the workers' seeds, which nothing here uses, from the caller's random numbers.
    return DataLoader(
        _Places(make), batch_size=None, sampler=places, num_workers=n_workers, generator=torch.Generator()
    )


class _Places(Dataset):
    """Micro-batches by their place in the run."""

    def __init__(self, make):
        self.make = make

    def __getitem__(self, place):
        step, slot = place
        return slot, self.make(step, slot)
