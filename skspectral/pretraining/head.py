"""A calibration transfer in closed form, differentiable in the features and in its own settings.

Source rows, paired differences and target rows share one regression vector, as in `skspectral.DifferenceRidge`, but for
a whole batch of episodes and for several settings at once. The settings come from a small network that looks at the
episode; a second one mixes the heads, with the errors of leaving one standard and one source row out at hand.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from .features import POINTS

__all__ = ["HeadOutput", "Rows", "TransferHead", "augmented_ridge", "transfer_loss"]

# Variance of the two unpenalised offsets, in units of the standardised reference.
OFFSET = 1e3
JITTER = 1e-8
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
    """

    source: Tensor
    standards: Tensor
    test: Tensor
    y: Tensor
    n_source: Tensor
    n_standards: Tensor
    n_test: Tensor


class HeadOutput(NamedTuple):
    """Result of `TransferHead`; predictions in the units of ``y``.

    Attributes
    ----------
    prediction : Tensor of shape (E, T)
        Mixture of the heads.
    each : Tensor of shape (E, H, T)
        Prediction of every head.
    weight : Tensor of shape (E, H)
        Share of every head.
    settings : Tensor of shape (E, H, 3)
        Decimal logarithms of ridge, difference weight and target weight.
    y_scale : Tensor of shape (E,)
        Standard deviation of the source references.
    """

    prediction: Tensor
    each: Tensor
    weight: Tensor
    settings: Tensor
    y_scale: Tensor


class Ridge(NamedTuple):
    """Result of `augmented_ridge`, all in units of the standardised reference."""

    prediction: Tensor
    left_out_standards: Tensor
    left_out_source: Tensor


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
    >>> from skspectral.pretraining.head import Rows, TransferHead
    >>> x = torch.linspace(-1, 1, 8).reshape(1, 8, 1, 1)
    >>> count = lambda n: torch.tensor([n])
    >>> rows = Rows(x, x[:, :3] + 5, x + 5, 2 * x[..., 0, 0], count(8), count(3), count(8))
    >>> TransferHead(n_stages=1)(rows).prediction.round(decimals=1)[0, :2]
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

    def forward(self, rows: Rows) -> HeadOutput:
        """Predict the test rows of every episode.

        Parameters
        ----------
        rows : Rows
            Features and references.

        Returns
        -------
        HeadOutput
            Predictions and how they came about, float64.
        """
        # In half precision neither the Gram matrices nor their inverse would mean anything.
        with torch.autocast(rows.y.device.type, enabled=False):
            return self._forward(rows)

    def _forward(self, rows):
        S, N, T = rows.source.shape[1], rows.standards.shape[1], rows.test.shape[1]
        known = [_first(n, size) for n, size in zip(rows[4:], (S, N, T), strict=True)]
        has_standards = (rows.n_standards > 0).double()[:, None]

        weight = known[0] / known[0].sum(1, keepdim=True)
        y_mean = (weight * rows.y.double()).sum(1, keepdim=True)
        y_scale = (weight * (rows.y.double() - y_mean).square()).sum(1, keepdim=True).sqrt().clamp(min=1e-12)
        y = (rows.y.double() - y_mean) / y_scale * known[0]

        gram = _gram(rows, known)  # (E, G, R, R) over source, differences, standards, test
        context = self._context(gram, y, known, has_standards)
        chosen = self.chooser(context).unflatten(-1, (self.n_heads, -1))
        settings = torch.stack(
            [low + (high - low) * torch.sigmoid(chosen[..., k]) for k, (low, high) in enumerate(RANGES)], -1
        ).double()
        kernel = torch.einsum("ehg,egrs->ehrs", chosen[..., 3:].softmax(-1).double(), gram)

        ridge = augmented_ridge(kernel, y, known, settings)
        gate = self._gate(ridge, settings, known, has_standards)
        each = y_mean[..., None] + y_scale[..., None] * ridge.prediction
        return HeadOutput((gate[..., None] * each).sum(1), each, gate, settings, y_scale[:, 0])

    def _context(self, gram, y, known, has_standards):
        """Describe an episode per stage: size of the differences, fit to the reference, number of directions."""
        S, N = known[0].shape[1], known[1].shape[1]
        source, difference = gram[..., :S, :S], gram[..., S : S + N, S : S + N]
        count, n_standards = known[0].sum(1), known[1].sum(1)
        apart = difference.diagonal(dim1=-2, dim2=-1).sum(-1) / n_standards.clamp(min=1)[:, None]
        fit = torch.einsum("er,egrs,es->eg", y, source, y) / (count**2)[:, None]
        directions = source.square().sum((-2, -1)) / (count**2)[:, None]
        logs = [torch.log(value + 1e-6) for value in (apart, fit, directions)]
        logs[0] = logs[0] * has_standards
        sizes = torch.stack([torch.log(count / 60), torch.log1p(n_standards) - 1], 1)
        return torch.cat([*logs, sizes, has_standards], 1).float()

    def _gate(self, ridge, settings, known, has_standards):
        """Mix the heads by what they get right without having seen it."""
        n_standards = known[1].sum(1)
        on_target = ridge.left_out_standards.square().sum(-1) / n_standards.clamp(min=1)[:, None]
        on_source = (ridge.left_out_source.square() * known[0][:, None]).sum(-1) / known[0].sum(1)[:, None]
        # No error says more than that a head is useless; a single outlying standard must not say more either.
        target, source = (torch.log(error.clamp(max=4.0) + FLOOR) for error in (on_target, on_source))
        target = target * has_standards
        evidence = target * (n_standards / (n_standards + 10))[:, None]
        count = (torch.log1p(n_standards) - 1)[:, None].expand_as(target)
        seen = torch.stack([target, evidence, source, target - source, count, has_standards.expand_as(target)], -1)
        score = self.judge(torch.cat([seen, settings], -1).float())[..., 0]
        return (score + self.prior).softmax(-1).double()


def augmented_ridge(kernel: Tensor, y: Tensor, known: list[Tensor], settings: Tensor) -> Ridge:
    """Solve ridge regressions on source rows, paired differences and target rows, and leave samples out.

    Parameters
    ----------
    kernel : Tensor of shape (E, H, R, R)
        Gram matrices over S source rows, N differences, N standards and T test rows, zero where a row is padding;
        R = S + 2 N + T.
    y : Tensor of shape (E, S)
        Standardised references; those of the first N rows are the standards'.
    known : list of Tensor of shape (E, S), (E, N), (E, T)
        1 for real rows, 0 for padding, float64.
    settings : Tensor of shape (E, H, 3)
        Decimal logarithms of the noise variance of a source row, and of the weights of a difference and a target row.

    Returns
    -------
    Ridge
        Predictions (E, H, T), and reference minus prediction of the standards (E, H, N) without any of their rows and
        of the source samples (E, H, S) without their source row; zero where there is none.
    """
    S, N = known[0].shape[1], known[1].shape[1]
    real = torch.cat([known[0], known[1], known[1]], 1)
    parts = y.new_zeros(3, S + 2 * N)
    for part, block in zip(parts, (slice(0, S), slice(S, S + N), slice(S + N, None)), strict=True):
        part[block] = 1
    shared, on_target = (parts[0] + parts[2]) * real, (parts[1] + parts[2]) * real
    offset = OFFSET * sum(vector[:, :, None] * vector[:, None, :] for vector in (shared, on_target))
    decades = torch.cat([settings[..., :1], settings[..., :1] - settings[..., 1:]], -1)
    noise = (10**decades) @ parts  # (E, H, S + 2 N)
    # Padding is a row that knows nothing: no covariance with any other, reference zero.
    diagonal = torch.where(real[:, None] > 0, noise + JITTER, 1.0)
    size = S + 2 * N
    system = kernel[..., :size, :size] + offset[:, None] + torch.diag_embed(diagonal)
    inverse = torch.cholesky_inverse(torch.linalg.cholesky(system))
    r = torch.cat([y, torch.zeros_like(known[1]), y[:, :N]], 1) * real
    alpha = (inverse @ r[:, None, :, None])[..., 0]
    test = kernel[..., size:, :size] + OFFSET * (shared + on_target)[:, None, None, :]
    prediction = (test @ alpha[..., None])[..., 0] * known[2][:, None]

    # The residual of a block B without the block is inv(C_BB) alpha_B with C the inverse of the system.
    index = torch.arange(N, device=y.device)
    block = torch.stack([index, S + index, S + N + index], -1)  # (N, 3)
    C = inverse[..., block[:, :, None], block[:, None, :]]
    left_out = torch.linalg.solve(C, alpha[..., block][..., None])[..., 2, 0] * known[1][:, None]
    source = alpha[..., :S] / inverse.diagonal(dim1=-2, dim2=-1)[..., :S] * known[0][:, None]
    return Ridge(prediction, left_out, source)


def transfer_loss(output: HeadOutput, y: Tensor, n_test: Tensor) -> Tensor:
    """Judge predictions: ``log(0.02 + MSE / variance of the source references)``.

    Parameters
    ----------
    output : HeadOutput
        Predictions of the head.
    y : Tensor of shape (E, T)
        References of the test rows.
    n_test : Tensor of shape (E,)
        How many of them are real.

    Returns
    -------
    Tensor of shape (E,)
        Loss of every episode; 0.02 where predictions are perfect, so that easy episodes do not rule the mean.
    """
    known = _first(n_test, y.shape[1])
    errors = (output.prediction - y.double()) / output.y_scale[:, None]
    return torch.log(FLOOR + (errors.square() * known).sum(1) / known.sum(1))


def _first(count, size):
    """Mark the first ``count`` of ``size`` rows: (E, size), float64."""
    return (torch.arange(size, device=count.device) < count[:, None]).double()


def _gram(rows, known):
    """Gram matrices (E, G, R, R) of the centred and scaled rows, zero where padded."""
    source, standards, test = (x.double().movedim(2, 1) for x in rows[:3])  # (E, G, rows, D)
    on_source, on_standards, on_test = (k[:, None, :, None] for k in known)
    N = standards.shape[2]

    def mean(x, real):
        return (x * real).sum(2, keepdim=True) / real.sum(2, keepdim=True).clamp(min=1)

    centre = mean(source, on_source)
    differences = standards - source[:, :, :N]
    shift = torch.where(
        on_standards.any(2, keepdim=True), mean(differences, on_standards), mean(test, on_test) - centre
    )
    source = (source - centre) * on_source
    scale = (source.square().sum((2, 3), keepdim=True) / on_source.sum(2, keepdim=True)).sqrt().clamp(min=1e-12)
    differences = (differences - shift) * on_standards
    standards, test = ((x - centre - shift) * k for x, k in ((standards, on_standards), (test, on_test)))
    joined = torch.cat([source, differences, standards, test], 2) / scale
    return joined @ joined.mT
