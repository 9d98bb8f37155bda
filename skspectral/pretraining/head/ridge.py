"""Ridge regressions on source rows, paired differences and target rows of a whole batch of episodes."""

from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ["Ridge", "Task", "Centred", "augmented_ridge", "centre_task"]

# Variance of the two unpenalised offsets, in units of the standardised reference.
OFFSET = 1e3
JITTER = 1e-8


class Task(NamedTuple):
    """What a calibration for a target instrument is fitted to, for a batch of episodes.

    Attributes
    ----------
    source : Tensor of shape (E, S, G, D)
        Features of G stages of the source spectra; the first N belong to the standards.
    standards : Tensor of shape (E, N, G, D)
        The standards as the target sees them, N up to S.
    target_mean : Tensor of shape (E, G, D)
        Mean of target spectra of the population to predict, which stands in where there are no pairs.
    y : Tensor of shape (E, S)
        References of the source rows.
    y_standards : Tensor of shape (E, N)
        References of the target rows.
    on_source, on_pairs, on_standards : Tensor of shape (E, S), (E, N), (E, N)
        1 where a source row has a reference, where a standard was measured on both instruments, and where a standard
        has a reference; 0 elsewhere; float64.
    """

    source: Tensor
    standards: Tensor
    target_mean: Tensor
    y: Tensor
    y_standards: Tensor
    on_source: Tensor
    on_pairs: Tensor
    on_standards: Tensor


class Centred(NamedTuple):
    """Rows of a `Task` that ridge regressions see, R = S + 2 N of them: source, differences, standards.

    Attributes
    ----------
    rows : Tensor of shape (E, G, R, D)
        Centred instrument by instrument, zero where unknown.
    gram : Tensor of shape (E, G, R, R)
        Their inner products over the square of the stage's ``scale``.
    target_centre : Tensor of shape (E, G, D)
        What target rows are centred by.
    scale : Tensor of shape (E, G)
        Root mean square norm of the centred source rows.
    y : Tensor of shape (E, R)
        Standardised references, zero for differences.
    y_mean, y_scale : Tensor of shape (E,)
        What they were standardised by.
    known : Tensor of shape (E, R)
        1 for real rows.
    """

    rows: Tensor
    gram: Tensor
    target_centre: Tensor
    scale: Tensor
    y: Tensor
    y_mean: Tensor
    y_scale: Tensor
    known: Tensor


class Ridge(NamedTuple):
    """Result of `augmented_ridge`, in units of the standardised reference.

    Attributes
    ----------
    alpha : Tensor of shape (E, H, R)
        Dual coefficients.
    offset : Tensor of shape (E, H)
        What is added to the prediction of a centred target row.
    left_out_standards : Tensor of shape (E, H, N)
        Reference minus prediction of every standard without any of its rows; zero where it has no reference.
    left_out_source : Tensor of shape (E, H, S)
        The same of source samples without their source row.
    """

    alpha: Tensor
    offset: Tensor
    left_out_standards: Tensor
    left_out_source: Tensor


def centre_task(task: Task) -> Centred:
    """Centre source rows by their mean, target rows by that mean and the mean difference of the pairs.

    Without pairs, target rows are centred by ``target_mean``.
    """
    source, standards = (x.double().movedim(2, 1) for x in (task.source, task.standards))  # (E, G, rows, D)
    on_source, on_pairs, on_standards = (k[:, None, :, None] for k in task[5:])
    N = standards.shape[2]

    centre = _mean(source, on_source)
    differences = standards - source[:, :, :N]
    unpaired = task.target_mean.double()[:, :, None] - centre
    shift = torch.where(on_pairs.any(2, keepdim=True), _mean(differences, on_pairs), unpaired)
    parts = [
        (source - centre) * on_source,
        (differences - shift) * on_pairs,
        (standards - centre - shift) * on_standards,
    ]
    rows = torch.cat(parts, 2)
    gram = rows @ rows.mT
    # Far fewer numbers are scaled here than in the rows.
    squares = gram.diagonal(dim1=-2, dim2=-1)[..., : source.shape[2]].sum(-1)
    scale = (squares / task.on_source.sum(1, keepdim=True)).sqrt().clamp(min=1e-12)

    weight = task.on_source / task.on_source.sum(1, keepdim=True)
    y = task.y.double()
    y_mean = (weight * y).sum(1, keepdim=True)
    y_scale = (weight * (y - y_mean).square()).sum(1, keepdim=True).sqrt().clamp(min=1e-12)
    known = torch.cat([task.on_source, task.on_pairs, task.on_standards], 1)
    references = torch.cat([y, y_mean.expand_as(task.on_pairs), task.y_standards.double()], 1)
    return Centred(
        rows,
        gram / scale.square()[..., None, None],
        (centre + shift)[:, :, 0],
        scale,
        (references - y_mean) / y_scale * known,
        y_mean[:, 0],
        y_scale[:, 0],
        known,
    )


def augmented_ridge(kernel: Tensor, y: Tensor, known: Tensor, settings: Tensor, n_standards: int) -> Ridge:
    """Solve ridge regressions and leave samples out.

    Parameters
    ----------
    kernel : Tensor of shape (E, H, R, R)
        Gram matrices over the rows of `Centred`, R = S + 2 N.
    y, known : Tensor of shape (E, R)
        As in `Centred`.
    settings : Tensor of shape (E, H, 3)
        Decimal logarithms of the noise variance of a source row, and of the weights of a difference and a target row.
    n_standards : int
        Places N for standards; the first N source rows are theirs, too.

    Returns
    -------
    Ridge
        Coefficients and errors of what was left out.
    """
    N, S = n_standards, y.shape[1] - 2 * n_standards
    parts = y.new_zeros(3, S + 2 * N)
    for part, block in zip(parts, (slice(0, S), slice(S, S + N), slice(S + N, None)), strict=True):
        part[block] = 1
    shared, on_target = (parts[0] + parts[2]) * known, (parts[1] + parts[2]) * known
    offset = OFFSET * sum(vector[:, :, None] * vector[:, None, :] for vector in (shared, on_target))
    decades = torch.cat([settings[..., :1], settings[..., :1] - settings[..., 1:]], -1)
    noise = (10**decades) @ parts  # (E, H, R)
    # Padding is a row that knows nothing: no covariance with any other, reference zero.
    diagonal = torch.where(known[:, None] > 0, noise + JITTER, 1.0)
    system = kernel + offset[:, None] + torch.diag_embed(diagonal)
    inverse = torch.cholesky_inverse(torch.linalg.cholesky(system))
    alpha = (inverse @ y[:, None, :, None])[..., 0]

    # The residual of a block B without the block is inv(C_BB) alpha_B with C the inverse of the system.
    index = torch.arange(N, device=y.device)
    block = torch.stack([index, S + index, S + N + index], -1)  # (N, 3)
    C = inverse[..., block[:, :, None], block[:, None, :]]
    left_out = torch.linalg.solve(C, alpha[..., block][..., None])[..., 2, 0] * known[:, None, S + N :]
    source = alpha[..., :S] / inverse.diagonal(dim1=-2, dim2=-1)[..., :S] * known[:, None, :S]
    return Ridge(alpha, OFFSET * torch.einsum("er,ehr->eh", shared + on_target, alpha), left_out, source)


def _mean(x, real):
    return (x * real).sum(2, keepdim=True) / real.sum(2, keepdim=True).clamp(min=1)
