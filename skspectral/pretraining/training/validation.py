"""How well a network transfers, on real pairs of instruments and on simulated ones that the training never draws."""

import warnings

import numpy as np
import torch

from ...nn.seeding import seeded
from ..data.pair_references import pair_references
from ..head.closed_form import complement_loss
from ..head.episodes import LEAST_ROWS, collate, make_episode
from ..head.features import PLAIN_STAGES, common_regions, plain_features, spectral_features
from ..head.transfer_head import Rows, TransferHead, head_loss
from ..instruments.grid import average_channels, standardise

__all__ = ["Validation", "episode_losses"]

N_STANDARDS = (0, 5, 10)
N_SPLITS = 3
N_SIMULATED = 12
SHARE_TEST = 0.3
MOST_SOURCE = 100
SIMULATED = {"simulated"}
#: Slot numbers of training are small, so that this one is never drawn.
SLOT = 2**20


class Validation:
    """Fixed transfer tasks.

    Each real pair is split at random a few times. What is predicted from the second instrument on the range that both
    share are measured references where there are some, else what the leading principal components of the spectra beyond
    that range say about the sample.

    Parameters
    ----------
    corpus : Corpus
        Where pairs and spectra come from.
    priors : InstrumentPriors
        Instruments of the simulated tasks.
    config : PretrainingConfig
        Names of the pairs, sizes and seed.

    Attributes
    ----------
    pairs : list of str
        Names of the real pairs that make the score.
    plain : dict of str to float
        Loss of each real pair without a network, from the spectra on the range that both instruments measure: what the
        features have to beat.
    """

    def __init__(self, corpus, priors, config):
        pairs = {pair.name: pair for pair in corpus.real_pairs() if pair.overlap[1] > pair.overlap[0]}
        if missing := sorted(set(config.validation_pairs) - set(pairs)):
            warnings.warn(f"This corpus lacks the pairs {', '.join(missing)} of the validation.", stacklevel=2)
        self.pairs = [name for name in pairs if name in config.validation_pairs] or list(pairs)
        n_channels = max(config.n_channels)
        self._groups = {name: _RealTasks(pair, config) for name, pair in pairs.items()}
        self.plain = {name: tasks.plain() for name, tasks in self._groups.items()}
        has_held_out = any(len(material.rows("validation")) >= LEAST_ROWS for material in corpus.materials)
        if config.episodes and (has_held_out or not pairs):
            split = "validation" if has_held_out else "train"
            self._groups["simulated"] = _SimulatedTasks(corpus, priors, config, n_channels, split)

    @property
    def names(self):
        """Names of the groups of tasks, list of str."""
        return list(self._groups)

    @torch.inference_mode()
    def __call__(self, model, head, device):
        """Judge a network and its head in evaluation mode.

        Returns
        -------
        dict of str to float
            Mean transfer loss of each group, and "score": the mean of the simulated tasks' and of that over the chosen
            pairs. Lower is better.
        """
        scores = {name: tasks(model, head, device).mean().item() for name, tasks in self._groups.items()}
        # One pair alone is a lottery: a network without any training may win it.
        judges = [np.mean([scores[name] for name in names]) for names in (self.pairs, SIMULATED & set(scores)) if names]
        scores["score"] = float(np.mean(judges))
        return scores


def episode_losses(model, head, batch, shares=(1.0, 1.0), alone=0.0):
    """Run a batch of episodes through the network and the head: losses (E,), float64, see `complement_loss`."""
    features = spectral_features(
        model, head.projection, batch.spectra, batch.wavenumbers, batch.regions, batch.domain, batch.lengths
    )
    return complement_loss(head, batch.rows(features), batch.y_test, shares, alone)


class _SimulatedTasks:
    """Episodes as in training, of samples that it does not see."""

    def __init__(self, corpus, priors, config, n_channels, split):
        places = [(config.seed, 0, SLOT, k) for k in range(N_SIMULATED)]
        episodes = [make_episode(corpus, priors, config, n_channels, place, split) for place in places]
        self._shares = config.network_share
        self._batches = [collate(episodes[k : k + 4], n_channels, config.n_regions) for k in range(0, N_SIMULATED, 4)]

    def __call__(self, model, head, device):
        return torch.cat([episode_losses(model, head, batch.to(device), self._shares) for batch in self._batches])


class _RealTasks:
    """Tasks of one real pair on the range that both instruments measure; every spectrum is encoded once."""

    def __init__(self, pair, config):
        n_channels, self._shares = max(config.n_channels), config.network_share
        spectra, axes = [], []
        for X, axis in ((pair.X_a, pair.axis_a), (pair.X_b, pair.axis_b)):
            X, axis = np.asarray(X, dtype=float), np.asarray(axis, dtype=float)
            grid = np.linspace(*pair.overlap, n_channels)
            spectra.append(torch.from_numpy(average_channels(X, axis, grid)).float())
            axes.append(torch.from_numpy(1e7 / grid).float().expand(len(X), -1))
        self._n = len(spectra[0])
        self._x, self._axis = torch.cat(spectra), torch.cat(axes)
        self._regions = common_regions(axes[0][0], axes[1][0], config.n_regions)
        references = pair_references(pair, standardise(spectra[0])[0].double().numpy())
        generator = np.random.default_rng(0)
        n_test = max(int(SHARE_TEST * self._n), 1)
        self._tasks = []  # (source samples, number of standards, test samples, y)
        for _ in range(N_SPLITS):
            order = generator.permutation(self._n)
            for y in references:
                known = order[np.isfinite(y[order])]
                train, test = known[n_test:][:MOST_SOURCE], known[:n_test]
                self._tasks += [(train, count, test, torch.from_numpy(y).float()) for count in N_STANDARDS]

    def __call__(self, model, head, device):
        data = (t.to(device) for t in (self._x, self._axis, self._regions))
        features = spectral_features(model, head.projection, *data, "NIR")
        rows, y_test = self._rows(features, device)
        return complement_loss(head, rows, y_test, self._shares)

    def plain(self):
        """Mean loss from the spectra themselves and their slopes, by the head before any training."""
        with torch.inference_mode():
            features = plain_features(self._x, self._axis, self._regions)
            return head_loss(plain_head(), *self._rows(features, "cpu")).mean().item()

    def _rows(self, features, device):
        """Rows and test references of all tasks from features (n, G, D) of the samples on both instruments."""
        return task_rows(features[: self._n], features[self._n :], self._tasks, device)


def plain_head():
    """Give the head before any training, for the spectra themselves: what features of a network have to beat."""
    with seeded(0):
        return TransferHead(len(PLAIN_STAGES), len(PLAIN_STAGES)).eval()


def task_rows(source, target, tasks, device):
    """Sort features of the same samples on two instruments into the rows of several tasks.

    Parameters
    ----------
    source, target : Tensor of shape (n_samples, G, D)
        Features.
    tasks : list of (train, n_standards, test, y)
        Source samples, the first of which are the standards, test samples, and references (n_samples,) of all samples.
    device : device
        Where the rows go.

    Returns
    -------
    rows : Rows
        One episode for each task.
    y_test : Tensor of shape (n_tasks, T)
        References of the test samples, padded.
    """

    def padded(parts):
        return torch.nn.utils.rnn.pad_sequence(parts, batch_first=True).to(device)

    def counts(values):
        return torch.tensor(values, device=device)

    rows = Rows(
        padded([source[train] for train, *_ in tasks]),
        padded([target[train[:count]] for train, count, *_ in tasks]),
        padded([target[test] for *_, test, _ in tasks]),
        padded([y[train] for train, _, _, y in tasks]),
        counts([len(train) for train, *_ in tasks]),
        counts([count for _, count, *_ in tasks]),
        counts([len(test) for *_, test, _ in tasks]),
    )
    return rows, padded([y[test] for *_, test, y in tasks])
