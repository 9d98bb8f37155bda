"""A mixture of ridge regressions on the spectra alone, which the trained head is to complement."""

from itertools import product

import torch
from torch import Tensor

from .features import PLAIN_STAGES
from .ridge import augmented_ridge, centre_task
from .transfer_head import FLOOR, Rows, TransferHead, first_rows, head_loss, transfer_loss

__all__ = ["ALONE", "closed_form", "complement_loss", "network_share"]

# Decimal logarithms of the ridge, of the weight of a paired difference and of that of a target row.
SETTINGS = tuple(product((-4.0, -3.0, -2.0, -1.0, 0.0), (1.0, 2.0), (0.5,)))
# The ridges' weights fall with a small power of their errors on left-out standards, as those of experts do.
POWER, HALF = 0.6, 50.0
#: Weight, in training, of what the head says alone: it should stay a calibration that can be read by itself.
ALONE = 0.25
# With this many standards the share is the one with standards.
ENOUGH_STANDARDS = 3


@torch.no_grad()
def closed_form(rows: Rows) -> Tensor:
    """Predict the test rows of every episode from the spectra alone.

    Every plain stage has ridges from weak to strong. They count alike, but for what they get wrong of standards that
    they have not seen.

    Parameters
    ----------
    rows : Rows
        Features and references; the first stages are those of ``PLAIN_STAGES``.

    Returns
    -------
    Tensor of shape (E, T)
        In the units of ``y``, float64, without gradients; zero in padded rows.
    """
    n_plain = len(PLAIN_STAGES)
    parts = (name for name in ("source", "standards", "test", "others") if getattr(rows, name) is not None)
    plain = rows._replace(**{name: getattr(rows, name)[:, :, :n_plain] for name in parts})
    task = plain.task()
    centred = centre_task(task)
    kernel = centred.gram.repeat_interleave(len(SETTINGS), 1)
    settings = torch.tensor(SETTINGS, dtype=torch.float64, device=kernel.device).repeat(n_plain, 1)
    ridge = augmented_ridge(
        kernel, centred.y, centred.known, settings.expand(len(kernel), -1, -1), task.on_pairs.shape[1]
    )

    count = task.on_standards.sum(1, keepdim=True)
    errors = ridge.left_out_standards.square().sum(-1) / count.clamp(min=1)
    evidence = count / (1 + count / HALF)
    weight = (-0.5 * POWER * evidence * torch.log(FLOOR + errors)).softmax(-1)
    dual = (weight[..., None] * ridge.alpha).unflatten(1, (n_plain, -1)).sum(2)
    coef = torch.einsum("egr,egrd->egd", dual, centred.rows) / centred.scale.square()[..., None]
    test = plain.test.double() - centred.target_centre[:, None]
    relative = torch.einsum("etgd,egd->et", test, coef) + (weight * ridge.offset).sum(1, keepdim=True)
    return (centred.y_mean[:, None] + centred.y_scale[:, None] * relative) * first_rows(rows.n_test, test.shape[1])


def network_share(shares: tuple[float, float], n_standards: Tensor) -> Tensor:
    """Give the head's share of a mixture, from that without standards to that with at least three: Tensor (E,)."""
    without, with_standards = shares
    trust = (n_standards.double() / ENOUGH_STANDARDS).clamp(max=1)
    return without + (with_standards - without) * trust


def complement_loss(
    head: TransferHead, rows: Rows, y: Tensor, shares: tuple[float, float], alone: float = 0.0
) -> Tensor:
    """Judge what a head and the closed form say together.

    Parameters
    ----------
    head : TransferHead
        The head.
    rows : Rows
        Features and references.
    y : Tensor of shape (E, T)
        References of the test rows.
    shares : (float, float)
        The head's share without standards and with at least three; the rest is `closed_form`. Where both are one, this
        is `head_loss`.
    alone : float
        Weight of what the head says without the closed form, in the loss.

    Returns
    -------
    Tensor of shape (E,)
        ``transfer_loss`` of every episode; gradients reach the head and the features that it reads, not the closed
        form.
    """
    if tuple(shares) == (1.0, 1.0):
        return head_loss(head, rows, y)
    prediction, solution = head(rows)
    share = network_share(shares, rows.n_standards)[:, None]
    mixed = share * prediction + (1 - share) * closed_form(rows)
    together, single = (transfer_loss(p, y, rows.n_test, solution.y_scale) for p in (mixed, prediction))
    return (1 - alone) * together + alone * single
