"""Few-shot transfer between real instruments that pretraining has never seen."""

import math

import numpy as np
import torch

from skspectral.pretraining.data.pair_references import pair_references
from skspectral.pretraining.head.features import common_regions, plain_features, spectral_features
from skspectral.pretraining.head.transfer_head import FLOOR, head_loss
from skspectral.pretraining.instruments.grid import average_channels
from skspectral.pretraining.training.validation import plain_head, task_rows

__all__ = ["HELD_OUT", "N_STANDARDS", "PairTasks", "held_out_pairs"]

#: How the names of the pairs begin that the settings of pretraining leave out.
HELD_OUT = ("drugs_", "feedgrain")
N_STANDARDS = (0, 5, 10)
N_SPLITS = 10
SHARE_TEST, MOST_SOURCE = 0.3, 100


def held_out_pairs(corpus):
    """Give the real pairs of a corpus that pretraining does not see, list of RealPair."""
    return [p for p in corpus.real_pairs() if p.name.startswith(HELD_OUT) and p.overlap[1] > p.overlap[0]]


class PairTasks:
    """Transfer tasks of one pair of instruments: several splits, numbers of standards and quantities to predict.

    Parameters
    ----------
    pair : RealPair
        The same samples on two instruments.
    n_channels, n_regions : int
        Channels to which both are averaged over the range that they share, and regions of the features.
    n_splits : int
        Random splits into source and test samples.
    """

    def __init__(self, pair, n_channels, n_regions, n_splits=N_SPLITS):
        self.name, self._n = pair.name, len(pair)
        grid = np.linspace(*pair.overlap, n_channels)
        both = ((pair.X_a, pair.axis_a), (pair.X_b, pair.axis_b))
        spectra = np.concatenate([average_channels(np.asarray(X, dtype=float), axis, grid) for X, axis in both])
        self._x = torch.from_numpy(spectra).float()
        axis = torch.from_numpy(1e7 / grid).float()
        self._axis = axis.expand(len(spectra), -1)
        self._regions = common_regions(axis, axis, n_regions)
        self._targets = pair_references(pair)
        self._orders = [np.random.default_rng(split).permutation(self._n) for split in range(n_splits)]
        self._plain = self._losses(plain_head(), plain_features(self._x, self._axis, self._regions), "cpu")

    @torch.inference_mode()
    def __call__(self, model, head, device="cpu"):
        """Judge a network and its head in evaluation mode.

        Returns
        -------
        list of dict
            One record for each split, number of standards and quantity: its loss ``log(0.02 + MSE / variance)`` and
            RMSE, those of the untrained head on the spectra without a network, and the ratio of the two RMSEs.
        """
        data = (t.to(device) for t in (self._x, self._axis, self._regions))
        losses = self._losses(head, spectral_features(model, head.projection, *data, "NIR"), device)
        records = []
        for (split, n, target), loss, plain in zip(self._places(), losses, self._plain, strict=True):
            errors = [self._spread(split, target) * math.sqrt(_relative(value)) for value in (loss, plain)]
            record = {"pair": self.name, "split": split, "n_standards": n, "target": target}
            record |= {"loss": loss, "plain_loss": plain, "rmse": errors[0], "plain_rmse": errors[1]}
            records.append(record | {"rmse_ratio": errors[0] / errors[1]})
        return records

    def samples(self, split, target):
        """Source samples, test samples and references (n_samples,) of a split; the standards are the first ones."""
        y = self._targets[target]
        known = self._orders[split][np.isfinite(y[self._orders[split]])]
        n_test = max(int(SHARE_TEST * len(known)), 1)
        return known[n_test:][:MOST_SOURCE], known[:n_test], y

    @property
    def n_targets(self):
        """Number of quantities to predict."""
        return len(self._targets)

    def without_network(self, split, n_standards, target):
        """Root mean squared error of a task by the untrained head on the spectra."""
        loss = self._plain[self._places().index((split, n_standards, target))]
        return self._spread(split, target) * math.sqrt(_relative(loss))

    def _spread(self, split, target):
        train, _, y = self.samples(split, target)
        return y[train].std()

    def _places(self):
        """Split, number of standards and number of the quantity of every task, in the order of the losses."""
        targets = range(len(self._targets))
        return [(split, n, k) for split in range(len(self._orders)) for k in targets for n in N_STANDARDS]

    @torch.inference_mode()
    def _losses(self, head, features, device):
        """Losses of all tasks, list of float, from features (2 n, G, D) of the samples on both instruments."""
        losses = []
        for split in range(len(self._orders)):
            tasks = [self.samples(split, target) for target in range(len(self._targets))]
            rows, y_test = _rows(features[: self._n], features[self._n :], tasks, device)
            losses += head_loss(head, rows, y_test).tolist()
        return losses


def _rows(source, target, tasks, device):
    """Rows of all tasks of a split, each with every number of standards, and the references of their test samples."""
    each = [(train, n, test, torch.from_numpy(y).float()) for train, test, y in tasks for n in N_STANDARDS]
    return task_rows(source, target, each, device)


def _relative(loss):
    """Mean squared error over the variance of the references; no smaller than what a loss can tell from zero."""
    return max(math.exp(loss) - FLOOR, 1e-9)
