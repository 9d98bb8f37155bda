"""Transfer episodes: a material, something to predict, two instruments, and few samples measured on both.

An episode is a pure function of integers, seed, step, slot and number, so that an interrupted or a distributed run sees
exactly the episodes that any other run sees.
"""

from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import Tensor

from ...nn.inputs import DOMAINS
from ..data.random import torch_generator
from ..instruments.grid import neighbouring_window, random_generator, read_rows, window
from ..instruments.simulation import draw_instruments
from .features import common_regions
from .kinds import DOMAINS_OF_KINDS, apart_first, draw_kinds, few_standards, n_others, pair_of_instruments, skewed
from .tasks import choose_rows, make_task
from .transfer_head import Rows

__all__ = ["Episode", "EpisodeBatch", "collate", "make_episode", "to_device"]

# Key of the random numbers, beside those of the other users of a run's seed.
STREAM = 1
LEAST_ROWS, MOST_DRAWS = 5, 1000
# How far the ends of a target's range may lie from the source's, as a share of it, where they differ much.
FAR = 0.4


@dataclass
class Episode:
    """One transfer task; spectra are absorbance.

    Attributes
    ----------
    source : Tensor of shape (S, L_source)
        Spectra on the source instrument; the first N samples are the transfer standards.
    standards : Tensor of shape (N, L_target)
        The standards on the target instrument.
    test : Tensor of shape (T, L_target)
        Target spectra of other samples.
    y_source : Tensor of shape (S,)
        References, with the error of the reference method.
    y_test : Tensor of shape (T,)
        References to predict.
    others : Tensor of shape (K, L_target)
        Target spectra of samples that are neither standards nor predicted. Where there are any, they say what the
        target's spectra are like, not those to predict.
    source_axis, target_axis : Tensor of shape (L_source,), (L_target,)
        Axes, cm-1.
    domain : int
        Kind of spectrum; index into ``skspectral.nn.inputs.DOMAINS``.
    name : str
        Data set and kind of reference.
    """

    source: Tensor
    standards: Tensor
    test: Tensor
    y_source: Tensor
    y_test: Tensor
    others: Tensor
    source_axis: Tensor
    target_axis: Tensor
    domain: int
    name: str


@dataclass
class EpisodeBatch:
    """Episodes padded to common numbers of rows and channels.

    Attributes
    ----------
    spectra : Tensor of shape (n, L)
        All real rows of all episodes, one after the other.
    wavenumbers : Tensor of shape (n, L)
        Their axes, cm-1.
    lengths : Tensor of shape (n,)
        Their numbers of channels.
    domain : Tensor of shape (n,)
        Their kinds.
    regions : Tensor of shape (n, R)
        Centres of the regions that the features describe, the same ones on both instruments, cm-1.
    place : Tensor of shape (n,)
        Where each row belongs in the padded rows of the batch, (E, S + N + T + K) flattened.
    y_source : Tensor of shape (E, S)
    y_test : Tensor of shape (E, T)
    n_source, n_standards, n_test, n_others : Tensor of shape (E,)
        How many rows of each kind are real.
    most_standards, most_others : int
        Numbers N and K of places for standards and for spectra of other samples.
    """

    spectra: Tensor
    wavenumbers: Tensor
    lengths: Tensor
    domain: Tensor
    regions: Tensor
    place: Tensor
    y_source: Tensor
    y_test: Tensor
    n_source: Tensor
    n_standards: Tensor
    n_test: Tensor
    n_others: Tensor
    most_standards: int
    most_others: int

    def to(self, device) -> "EpisodeBatch":
        """Move every tensor to a device."""
        return to_device(self, device)

    def rows(self, features: Tensor) -> Rows:
        """Sort features (n, G, D) of the spectra into the rows of the transfer head."""
        sizes = [self.y_source.shape[1], self.most_standards, self.y_test.shape[1], self.most_others]
        n_episodes, size = len(self.n_source), sum(sizes)
        padded = features.new_zeros(n_episodes * size, *features.shape[1:]).index_copy(0, self.place, features)
        *parts, others = padded.unflatten(0, (n_episodes, size)).split(sizes, 1)
        return Rows(*parts, self.y_source, self.n_source, self.n_standards, self.n_test, others, self.n_others)


def make_episode(corpus, priors, config, n_channels, place, split="train") -> Episode:
    """Draw an episode.

    Parameters
    ----------
    corpus : Corpus
        Where the spectra come from.
    priors : InstrumentPriors
        What instruments are like.
    config : PretrainingConfig
        How many rows an episode has, and what kinds there are.
    n_channels : int
        Channels of the source instrument; the target instrument has at most as many.
    place : tuple of int
        Seed, step, slot and number of the episode; equal ones give equal episodes.
    split : {"train", "validation"}
        Which samples to use.

    Returns
    -------
    Episode
        The task.
    """
    generator = random_generator(STREAM, *place)
    n_source, n_test, n_standards = (
        int(generator.integers(low, high + 1)) for low, high in (config.n_source, config.n_test, config.n_standards)
    )
    kinds = draw_kinds(config.episode_kinds, generator)
    if "few standards" in kinds:
        n_standards = min(n_standards, few_standards(generator))
    n_other = n_others(kinds, generator)
    if n_other:
        n_standards = 0
    material = _draw_material(corpus, generator, split, kinds)
    n = n_other + n_source + n_test
    rows, measured = choose_rows(material, material.rows(split), n, config.real_labels, generator)
    source_window = window(material, n_channels, generator)
    target_window = source_window
    if generator.random() < config.own_axis or "native axes" in kinds:
        fewer = int(generator.integers(n_channels // 2, n_channels + 1))
        reach = {"reach": FAR} if "native axes" in kinds else {}
        target_window = neighbouring_window(material, source_window, fewer, generator, **reach)
    spectra = read_rows(material, rows)
    # Both views of the samples side by side, so that mixtures and truncation act on the sample, not on its spectrum.
    joint = np.hstack([source_window.read(spectra), target_window.read(spectra)])
    nm = np.concatenate([source_window.nm, target_window.nm])
    clean, y, kind = make_task(joint, nm, measured, n, generator)
    if measured is None and "skewed" in kinds:
        y = skewed(y, generator)
    if "other population" in kinds:
        order = apart_first(clean, n_other, generator)
        clean, y = clean[order], y[order]
    others, clean, y = clean[:n_other], clean[n_other:], y[n_other:]
    n -= n_other

    noise = np.exp(generator.uniform(np.log(0.005), np.log(0.2))) * y.std()
    y_source = y[:n_source] + noise * generator.standard_normal(n_source)
    random = torch_generator(generator)
    instruments = [draw_instruments(1, priors, random) for _ in range(2)]
    instruments = pair_of_instruments(*instruments, kinds, generator)
    on_source = _measure(instruments[0], clean[:n_source, :n_channels], source_window, random)
    wanted = np.vstack([clean[:n_standards], clean[n_source:], others])
    on_target = _measure(instruments[1], wanted[:, n_channels:], target_window, random)
    return Episode(
        on_source,
        on_target[:n_standards],
        on_target[n_standards : n_standards + n_test],
        torch.from_numpy(y_source).float(),
        torch.from_numpy(y[n_source:]).float(),
        on_target[n_standards + n_test :],
        torch.from_numpy(source_window.wavenumbers).float(),
        torch.from_numpy(target_window.wavenumbers).float(),
        DOMAINS.index(material.domain),
        f"{material.name}: {kind}",
    )


def collate(episodes: list[Episode], n_channels: int, n_regions: int) -> EpisodeBatch:
    """Join episodes.

    Parameters
    ----------
    episodes : list of Episode of length E
        Tasks of any size.
    n_channels : int
        Channels L to which all are padded.
    n_regions : int
        Regions R of the features.

    Returns
    -------
    EpisodeBatch
        Their rows and references.
    """
    counts = torch.tensor([[len(e.source), len(e.standards), len(e.test), len(e.others)] for e in episodes])
    S, N, T, K = counts.amax(0).tolist()
    spectra, axes, lengths, domain, regions, place = [], [], [], [], [], []
    for number, episode in enumerate(episodes):
        first = number * (S + N + T + K)
        shared = common_regions(episode.source_axis, episode.target_axis, n_regions)
        on_target = ((episode.standards, S), (episode.test, S + N), (episode.others, S + N + T))
        for x, axis, start in (
            (episode.source, episode.source_axis, 0),
            *((x, episode.target_axis, k) for x, k in on_target),
        ):
            missing = n_channels - x.shape[1]
            spectra.append(torch.nn.functional.pad(x, (0, missing)))
            axes.append(torch.nn.functional.pad(axis, (0, missing), value=1.0).expand(len(x), -1))
            lengths.append(torch.full((len(x),), x.shape[1]))
            domain.append(torch.full((len(x),), episode.domain))
            regions.append(shared.expand(len(x), -1))
            place.append(first + start + torch.arange(len(x)))
    return EpisodeBatch(
        *(torch.cat(part) for part in (spectra, axes, lengths, domain, regions, place)),
        *(torch.nn.utils.rnn.pad_sequence([getattr(e, n) for e in episodes], True) for n in ("y_source", "y_test")),
        *counts.unbind(1),
        N,
        K,
    )


def to_device(record, device):
    """Copy a record with its tensors on a device; values that are no tensors stay."""
    values = (getattr(record, item.name) for item in fields(record))
    return type(record)(*(v.to(device, non_blocking=True) if isinstance(v, Tensor) else v for v in values))


def _draw_material(corpus, generator, split, kinds):
    """Draw a data set with enough spectra to make mixtures of; one of the kind's own where the corpus has it."""
    wanted = {DOMAINS_OF_KINDS[kind] for kind in kinds & set(DOMAINS_OF_KINDS)}
    wanted &= {material.domain for material in corpus.materials if len(material.rows(split)) >= LEAST_ROWS}
    for _ in range(MOST_DRAWS):
        material, _ = corpus.draw(generator, 1, split)
        if len(material.rows(split)) >= LEAST_ROWS and (not wanted or material.domain in wanted):
            return material
    raise ValueError(
        f"{MOST_DRAWS} data sets in a row had fewer than {LEAST_ROWS} {split} spectra: the corpus is too small for "
        "transfer episodes. Add data sets, or set episodes to 0."
    )


def _measure(instrument, clean, where, random):
    """Spectra (n, L) as an instrument sees them, float32."""
    return instrument.measure(torch.from_numpy(clean).float(), torch.from_numpy(where.nm).float(), random)
