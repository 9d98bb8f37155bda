"""A calibration transfer in closed form, differentiable in the features and in its own settings.

Source rows, paired differences and target rows share one regression vector, as in `skspectral.DifferenceRidge`, but for
a whole batch of episodes and for several settings at once. The settings come from a small network that looks at the
episode; a second one mixes the heads, with the errors of leaving one standard and one source row out at hand.
"""

from typing import NamedTuple, Self

import torch
from torch import Tensor, nn

from ...nn.config import SpectralFMConfig
from .features import PLAIN_STAGES, POINTS
from .ridge import Task, augmented_ridge, centre_task

__all__ = ["FLOOR", "Rows", "Solution", "TransferHead", "first_rows", "head_loss", "transfer_loss"]

# By how much a head prefers its kind of stage before any training, in the logarithm of their weights.
LEANING = 2.0
# Errors below this share of the reference's variance count alike: no instrument is exact.
FLOOR = 0.02
# Decades between which the network may choose: ridge, weight of the differences, weight of the target rows.
RANGES = ((-5.0, 1.0), (-1.0, 4.0), (-2.0, 3.0))


class Rows(NamedTuple):
    """Rows of a batch of episodes, padded to common numbers.

    Attributes
    ----------
    source : Tensor of shape (E, S, G, D)
        Features of G stages of the source spectra. The first ``n_standards`` samples are the transfer standards.
    standards : Tensor of shape (E, N, G, D)
        The standards as the target sees them.
    test : Tensor of shape (E, T, G, D)
        Target spectra to predict.
    y : Tensor of shape (E, S)
        References of the source samples.
    n_source, n_standards, n_test : Tensor of shape (E,)
        How many rows of each kind are real.
    others : Tensor of shape (E, K, G, D), optional
        Target spectra of other samples, which say what the target's are like; the test rows do where there are none.
    n_others : Tensor of shape (E,), optional
        How many of them are real.
    """

    source: Tensor
    standards: Tensor
    test: Tensor
    y: Tensor
    n_source: Tensor
    n_standards: Tensor
    n_test: Tensor
    others: Tensor | None = None
    n_others: Tensor | None = None

    def task(self) -> Task:
        """Give what a calibration is fitted to; of other samples, or the test rows, it holds their mean alone."""
        N = self.standards.shape[1]
        on_source, on_standards = first_rows(self.n_source, self.y.shape[1]), first_rows(self.n_standards, N)
        mean = _mean_row(self.test, self.n_test)
        if self.others is not None and self.others.shape[1]:
            has_others = (self.n_others > 0)[:, None, None]
            mean = torch.where(has_others, _mean_row(self.others, self.n_others), mean)
        return Task(self.source, self.standards, mean, self.y, self.y[:, :N], on_source, on_standards, on_standards)


class Solution(NamedTuple):
    """A calibration for the target, linear in the features, in the units of ``y``.

    Attributes
    ----------
    coef : Tensor of shape (E, G, D)
        Coefficients of a target row's features.
    intercept : Tensor of shape (E,)
        What is added.
    left_out : Tensor of shape (E, N)
        Reference minus prediction of every standard without any of its rows; zero where it has no reference.
    left_out_source : Tensor of shape (E, S)
        The same of source samples without their source row.
    weight : Tensor of shape (E, H)
        Share of every head.
    settings : Tensor of shape (E, H, 3)
        Decimal logarithms of ridge, difference weight and target weight.
    y_scale : Tensor of shape (E,)
        Standard deviation of the source references.
    """

    coef: Tensor
    intercept: Tensor
    left_out: Tensor
    left_out_source: Tensor
    weight: Tensor
    settings: Tensor
    y_scale: Tensor

    def predict(self, features: Tensor) -> Tensor:
        """Predict target rows (E, T, G, D): (E, T)."""
        return torch.einsum("etgd,egd->et", features.double(), self.coef) + self.intercept[:, None]


class TransferHead(nn.Module):
    """Predict target spectra from source references, pairs and standards, with settings chosen per episode.

    Features are centred instrument by instrument: source rows by their mean, target rows by that mean and the mean
    difference of the pairs. Without standards the target rows are centred by their own mean, which takes the rows to be
    predicted for a sample of the same population.

    Parameters
    ----------
    n_stages : int
        Number of stages G of the features.
    n_plain : int
        How many of them, the first ones, are spectra and not what a network made of them.
    d_model : int, optional
        Width of the network's tokens. Where given, the head has a ``projection`` of them for
        `skspectral.pretraining.spectral_features`.
    n_heads : int
        Number of ridge regressions that are mixed.
    d_hidden : int
        Hidden units of the two networks.

    Examples
    --------
    >>> import torch
    >>> from skspectral.pretraining.head.transfer_head import Rows, TransferHead
    >>> x = torch.linspace(-1, 1, 8).reshape(1, 8, 1, 1)
    >>> count = lambda n: torch.tensor([n])
    >>> rows = Rows(x, x[:, :3] + 5, x + 5, 2 * x[..., 0, 0], count(8), count(3), count(8))
    >>> TransferHead(n_stages=1)(rows)[0].round(decimals=1)[0, :2]
    tensor([-2.0000, -1.4000], dtype=torch.float64, grad_fn=<SliceBackward0>)
    """

    def __init__(
        self, n_stages: int, n_plain: int = 0, d_model: int | None = None, n_heads: int = 6, d_hidden: int = 64
    ):
        super().__init__()
        self.n_stages, self.n_heads = n_stages, n_heads
        self.settings = {
            "n_stages": n_stages,
            "n_plain": n_plain,
            "d_model": d_model,
            "n_heads": n_heads,
            "d_hidden": d_hidden,
        }
        if d_model is not None:
            directions = torch.empty(n_stages - n_plain, d_model, POINTS)
            for stage in directions:
                nn.init.orthogonal_(stage)
            self.projection = nn.Parameter(directions)
        self.chooser = nn.Sequential(
            nn.Linear(3 * n_stages + 3, d_hidden), nn.GELU(), nn.Linear(d_hidden, n_heads * (3 + n_stages))
        )
        self.judge = nn.Sequential(nn.Linear(9, d_hidden), nn.GELU(), nn.Linear(d_hidden, 1))
        self.prior = nn.Parameter(torch.zeros(n_heads))
        # The untrained head already is a portfolio: ridges from weak to strong, differences ten times a source row; by
        # turns on the spectra and on what the network makes of them.
        start = torch.zeros(n_heads, 3 + n_stages)
        spread = torch.linspace(-4, -0.5, n_heads) if n_heads > 1 else torch.tensor([-2.0])
        if 0 < n_plain < n_stages and n_heads > 1:
            start[0::2, 3 : 3 + n_plain] = LEANING
            start[1::2, 3 + n_plain :] = LEANING
        for column, decade in enumerate((spread, torch.ones(n_heads), torch.zeros(n_heads))):
            low, high = RANGES[column]
            start[:, column] = torch.logit((decade - low) / (high - low))
        nn.init.normal_(self.chooser[-1].weight, std=0.01)
        nn.init.zeros_(self.judge[-1].weight)
        with torch.no_grad():
            self.chooser[-1].bias.copy_(start.flatten())

    @classmethod
    def for_network(cls, network: SpectralFMConfig, n_heads: int) -> Self:
        """Make the head of a network: the spectra themselves, embedding, experts and every layer are its stages.

        Parameters
        ----------
        network : SpectralFMConfig
            Settings of the network.
        n_heads : int
            Number of ridge regressions.

        Returns
        -------
        TransferHead
            Untrained.
        """
        n_stages = len(PLAIN_STAGES) + 2 + network.n_mamba_layers + network.n_transformer_layers
        return cls(n_stages, len(PLAIN_STAGES), network.d_model, n_heads)

    def forward(self, rows: Rows) -> tuple[Tensor, Solution]:
        """Predict the test rows of every episode.

        Parameters
        ----------
        rows : Rows
            Features and references.

        Returns
        -------
        prediction : Tensor of shape (E, T)
            Mixture of the heads in the units of ``y``, float64; zero in padded rows.
        solution : Solution
            The calibrations that it comes from.
        """
        solution = self.solve(rows.task())
        return solution.predict(rows.test) * first_rows(rows.n_test, rows.test.shape[1]), solution

    def solve(self, task: Task) -> Solution:
        """Fit every episode.

        Parameters
        ----------
        task : Task
            Features and references of source rows and standards.

        Returns
        -------
        Solution
            The mixed calibration of every episode, float64.
        """
        # In half precision neither the Gram matrices nor their inverse would mean anything.
        with torch.autocast(task.y.device.type, enabled=False):
            centred = centre_task(task)
            gram = centred.gram
            chosen = self.chooser(self._context(gram, centred.y, task)).unflatten(-1, (self.n_heads, -1))
            settings = torch.stack(
                [low + (high - low) * torch.sigmoid(chosen[..., k]) for k, (low, high) in enumerate(RANGES)], -1
            ).double()
            share = chosen[..., 3:].softmax(-1).double()
            kernel = torch.einsum("ehg,egrs->ehrs", share, gram)
            ridge = augmented_ridge(kernel, centred.y, centred.known, settings, task.on_pairs.shape[1])
            gate = self._gate(ridge, settings, task)

            dual = torch.einsum("eh,ehg,ehr->egr", gate, share, ridge.alpha)
            coef = torch.einsum("egr,egrd->egd", dual, centred.rows) / centred.scale.square()[..., None]
            constant = (gate * ridge.offset).sum(1) - (coef * centred.target_centre).sum((1, 2))
            return Solution(
                centred.y_scale[:, None, None] * coef,
                centred.y_mean + centred.y_scale * constant,
                *(
                    centred.y_scale[:, None] * (gate[..., None] * errors).sum(1)
                    for errors in (ridge.left_out_standards, ridge.left_out_source)
                ),
                gate,
                settings,
                centred.y_scale,
            )

    def _context(self, gram, y, task):
        """Describe an episode per stage: size of the differences, fit to the reference, number of directions."""
        S, N = task.on_source.shape[1], task.on_pairs.shape[1]
        source, difference = gram[..., :S, :S], gram[..., S : S + N, S : S + N]
        count, n_pairs, n_standards = (known.sum(1) for known in task[5:])
        apart = difference.diagonal(dim1=-2, dim2=-1).sum(-1) / n_pairs.clamp(min=1)[:, None]
        fit = torch.einsum("er,egrs,es->eg", y[:, :S], source, y[:, :S]) / (count**2)[:, None]
        directions = source.square().sum((-2, -1)) / (count**2)[:, None]
        logs = [torch.log(value + 1e-6) for value in (apart, fit, directions)]
        logs[0] = logs[0] * (n_pairs > 0)[:, None]
        sizes = [torch.log(count / 60), torch.log1p(n_standards) - 1, (n_standards > 0).double()]
        return torch.cat([*logs, torch.stack(sizes, 1)], 1).float()

    def _gate(self, ridge, settings, task):
        """Mix the heads by what they get right without having seen it."""
        n_standards, n_source = task.on_standards.sum(1), task.on_source.sum(1)
        has_standards = (n_standards > 0).double()[:, None]
        on_target = ridge.left_out_standards.square().sum(-1) / n_standards.clamp(min=1)[:, None]
        on_source = ridge.left_out_source.square().sum(-1) / n_source[:, None]
        # No error says more than that a head is useless; a single outlying standard must not say more either.
        target, source = (torch.log(error.clamp(max=4.0) + FLOOR) for error in (on_target, on_source))
        target = target * has_standards
        evidence = target * (n_standards / (n_standards + 10))[:, None]
        count = (torch.log1p(n_standards) - 1)[:, None].expand_as(target)
        seen = torch.stack([target, evidence, source, target - source, count, has_standards.expand_as(target)], -1)
        score = self.judge(torch.cat([seen, settings], -1).float())[..., 0]
        return (score + self.prior).softmax(-1).double()


def transfer_loss(prediction: Tensor, y: Tensor, n_test: Tensor, y_scale: Tensor) -> Tensor:
    """Judge predictions: ``log(0.02 + MSE / variance of the source references)``.

    Parameters
    ----------
    prediction : Tensor of shape (E, T)
        Predictions of the head.
    y : Tensor of shape (E, T)
        References of the test rows.
    n_test : Tensor of shape (E,)
        How many of them are real.
    y_scale : Tensor of shape (E,)
        Standard deviation of the source references.

    Returns
    -------
    Tensor of shape (E,)
        Loss of every episode; 0.02 where predictions are perfect, so that easy episodes do not rule the mean.
    """
    known = first_rows(n_test, y.shape[1])
    errors = (prediction - y.double()) / y_scale[:, None]
    return torch.log(FLOOR + (errors.square() * known).sum(1) / known.sum(1))


def head_loss(head: TransferHead, rows: Rows, y: Tensor) -> Tensor:
    """Judge what a head predicts of the test rows of every episode by `transfer_loss`: Tensor of shape (E,)."""
    prediction, solution = head(rows)
    return transfer_loss(prediction, y, rows.n_test, solution.y_scale)


def _mean_row(rows, count):
    """Mean of the first ``count`` rows (E, T, G, D): (E, G, D), float64."""
    real = first_rows(count, rows.shape[1])
    return torch.einsum("et,etgd->egd", real / real.sum(1, keepdim=True).clamp(min=1), rows.double())


def first_rows(count, size):
    """Mark the first ``count`` of ``size`` rows: (E, size), float64."""
    return (torch.arange(size, device=count.device) < count[:, None]).double()
