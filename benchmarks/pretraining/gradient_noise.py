"""How much of what varies in the gradient of the transfer loss is chance in the choice of experts."""

import json

import torch

from skspectral.pretraining import Corpus, InstrumentPriors
from skspectral.pretraining.config import PretrainingConfig
from skspectral.pretraining.data.batches import SlotMaker
from skspectral.pretraining.training.distributed import Workers
from skspectral.pretraining.training.trainer import Trainer, seeded
from skspectral.pretraining.training.validation import episode_losses

__all__ = ["FILE", "measure", "summarise", "write"]

FILE = "noise.json"
# Steps that the training of the weights does not reach, and keys of random numbers beside those of a run.
FIRST_STEP, STREAM = 10**6, 77


def measure(weights, n_batches):
    """Give losses and gradients of the transfer loss on some batches, with noise twice and without.

    Returns
    -------
    losses : Tensor of shape (n_batches, 3)
        With noise, with other noise, without.
    gradients : Tensor of shape (n_batches, 3, n_parameters)
        Gradients with respect to the network's weights, float64.
    """
    config = PretrainingConfig.load("small-2", init=weights)
    corpus = Corpus(leave_out=config.leave_out, validation=config.validation, seed=config.seed)
    make = SlotMaker(corpus, InstrumentPriors.fitted(), config)
    trainer = Trainer(config, Workers(0, 1, torch.device("cpu")))
    parameters = list(trainer.model.parameters())
    losses, gradients = [], []
    for number in range(n_batches):
        episodes = make(FIRST_STEP + number, 0).episodes
        for chance, noisy in ((0, True), (1, True), (0, False)):
            trainer.model.experts.train(noisy)
            with seeded(torch.device("cpu"), STREAM, number, chance):
                loss = episode_losses(trainer.model, trainer.net["head"], episodes).mean()
                known = torch.autograd.grad(loss, parameters, allow_unused=True)
            losses.append(loss.item())
            gradients.append(torch.cat([g.flatten() for g in known if g is not None]).double())
    return torch.tensor(losses).reshape(n_batches, 3), torch.stack(gradients).unflatten(0, (n_batches, 3))


def summarise(losses, gradients):
    """Say how far gradients of `measure` lie apart: dict of numbers.

    Half the squared distance of two independent draws is their variance, summed over all weights; medians, since a few
    episodes have gradients many times as long as all others, which training clips.
    """
    noisy, again, quiet = gradients.unbind(1)
    difference = losses[:, 2] - losses[:, :2].mean(1)
    return {
        "batches": len(losses),
        "with noise": _between(noisy),
        "of it choice of experts": ((noisy - again).square().sum(1) / 2).median().item(),
        "without noise": _between(quiet),
        "loss": losses[:, :2].mean().item(),
        "loss without noise": losses[:, 2].mean().item(),
        "error of their difference": (difference.std() / len(difference) ** 0.5).item(),
    }


def _between(gradients):
    """Median over all pairs of steps of half the squared distance."""
    first, second = torch.triu_indices(len(gradients), len(gradients), 1)
    return (
        torch.stack([(gradients[i] - gradients[j]).square().sum() / 2 for i, j in zip(first, second)]).median().item()
    )


def write(out, weights, n_batches):
    """Measure, and write the summary to a folder."""
    summary = {"weights": weights} | summarise(*measure(weights, n_batches))
    (out / FILE).write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
    return summary
