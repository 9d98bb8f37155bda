"""Adapting the network itself to an instrument, by the errors that its calibration makes on what it has not seen."""

import copy
from dataclasses import replace

import torch

from ..nn.lora import LoRA
from ..nn.seeding import seeded
from ..pretraining.head.features import plain_features, read_stages, region_weights, standardised

__all__ = ["CachedSpectra", "adapt", "left_out_loss"]

LEARNING_RATE = {"lora": 1e-3, "full": 2e-5}
# As in the loss that the head was trained with.
FLOOR = 0.02
# Share of the source samples' own errors in the loss: it keeps what the calibration knows.
SOURCE_SHARE = 0.5
# Parts of the network that the features do not come from.
UNUSED = ("bottleneck", "transfer_head", "patch_decoder")


class CachedSpectra:
    """Spectra with everything computed that low-rank updates do not change.

    Parameters
    ----------
    encoder : Encoder
        The network.
    x : Tensor of shape (n_spectra, L)
        Spectra in absorbance.
    wavenumbers : Tensor of shape (L,)
        Their axis, cm-1.
    regions : Tensor of shape (n_regions,)
        Regions of the features.
    domain : str
        Kind of spectra.
    """

    def __init__(self, encoder, x, wavenumbers, regions, domain):
        axis, regions = wavenumbers.expand(len(x), -1), regions.to(x.device)
        self.inputs = standardised(x), axis, "cm-1", domain
        with torch.no_grad():
            output = encoder.model(*self.inputs)
            self.mask = output.mask
            self.plain = plain_features(x, axis, regions)
            self.weight = region_weights(encoder.model, self.inputs[0], axis, regions, None, output.mask)
        self.below = [tokens for name, tokens in output.stages.items() if not name.startswith("transformer")]

    def features(self, encoder, *, whole):
        """Features (n_spectra, n_stages, n_features) with gradients; of the ``whole`` network or above the cache."""
        if whole:
            stages = list(encoder.model(*self.inputs).stages.values())
        else:
            stages = [*self.below, *encoder.model.transformer(self.below[-1], self.mask)]
        network = read_stages(stages, self.weight, encoder.head.projection)
        return torch.cat([self.plain, network], 1)


def adapt(encoder, spectra, make_tasks, how, *, steps, rank, seed):
    """Adapt a copy of the network.

    The loss is that of pretraining, with the errors of left-out standards and left-out source samples, which the head
    gives in closed form, in the place of those of test spectra.

    Parameters
    ----------
    encoder : Encoder
        Network and head; they stay as they are.
    spectra : list of CachedSpectra
        Those of the target samples, and of the samples of every known instrument.
    make_tasks : callable
        Makes a `Task` for each known instrument from their features.
    how : {"lora", "full"}
        Low-rank updates of queries, keys and values, with the layers below computed once, or all weights.
    steps : iterable
        One item for each step of Adam.
    rank : int
        Rank of the updates.
    seed : int
        Seed of their initial values.

    Returns
    -------
    encoder : Encoder
        The adapted copy, as if it had been trained so.
    lora : dict of {str: ndarray}
        The updates, for "lora".
    changed : dict of {str: ndarray}
        Other values that are not what they were, by name.
    """
    adapted = replace(encoder, model=copy.deepcopy(encoder.model).eval().requires_grad_(False))
    lora = None
    if how == "lora":
        with seeded(seed):
            lora = LoRA(adapted.model, rank)
        named = {str(k): parameter for k, parameter in enumerate(lora.parameters())}
    else:
        named = {k: p.requires_grad_() for k, p in adapted.model.named_parameters() if not k.startswith(UNUSED)}
    optimizer = torch.optim.Adam(named.values(), lr=LEARNING_RATE[how])
    for _ in steps:
        optimizer.zero_grad()
        tasks = make_tasks(*(part.features(adapted, whole=lora is None) for part in spectra))
        (sum(left_out_loss(encoder.head, task) for task in tasks) / len(tasks)).backward()
        torch.nn.utils.clip_grad_norm_(named.values(), 1.0)
        optimizer.step()
    adapted.model.requires_grad_(False)
    if lora is None:
        return adapted, {}, {f"model.{name}": value.detach().cpu().numpy() for name, value in named.items()}
    updates = {name: value.cpu().numpy().copy() for name, value in lora.state_dict().items()}
    lora.merge()
    lora.remove()
    return adapted, updates, {}


def left_out_loss(head, task):
    """Mean over the properties of the logarithm of the errors on left-out samples, relative to the spread of ``y``."""
    solution = head.solve(task)
    losses = []
    for errors, known, share in (
        (solution.left_out, task.on_standards, 1.0),
        (solution.left_out_source, task.on_source, SOURCE_SHARE),
    ):
        mean = (errors / solution.y_scale[:, None]).square().sum(1) / known.sum(1).clamp(min=1)
        losses.append(share * torch.log(FLOOR + mean) * (known.sum(1) > 0))
    return sum(losses).mean()
