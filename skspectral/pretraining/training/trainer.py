"""One step of training: all losses, gradients of all processes, optimiser, averaged weights, and their state."""

import copy
import math
from contextlib import contextmanager

import torch
from torch import nn

from ...nn import seeding
from ...nn.losses import LossBalance
from ...nn.model import SpectralFM
from ...nn.objective import PretrainingObjective
from ..compiled.ssm import use_compiled_filters
from ..config import LOSSES
from ..head.closed_form import ALONE
from ..head.transfer_head import TransferHead
from ..instruments.grid import random_generator
from ..weights import load_pretrained
from .validation import episode_losses

__all__ = ["Trainer", "learning_rate"]

# Keys of the random numbers of initialisation and of a step, beside those of the data.
INITIAL, STEP = 2, 3
LOWEST_RATE = 0.01


class Trainer:
    """Networks, optimiser and averaged weights, and one step of training.

    Parameters
    ----------
    config : PretrainingConfig
        Settings.
    workers : Workers
        Place among the processes.

    Attributes
    ----------
    net : ModuleDict
        "objective" with the network inside, and the transfer "head".
    ema : ModuleDict
        Averaged "model" and "head", in evaluation mode.
    mixed_precision : bool
        Whether the losses of the network are computed in bfloat16.
    """

    def __init__(self, config, workers):
        self.config, self.workers = config, workers
        # On a processor bfloat16 is no faster.
        self.mixed_precision = config.mixed_precision and workers.device.type == "cuda"
        with seeded(workers.device, INITIAL, config.seed):
            network = config.network()
            model = SpectralFM(network)
            head = TransferHead.for_network(network, config.n_heads)
            if config.init:
                _start_from(config.init, model, head)
            # Number 0 is the instrument that a spectrum was really measured on.
            objective = PretrainingObjective(model, config.n_instruments + 1)
            self.net = nn.ModuleDict({"objective": objective, "head": head})
        self.net.to(workers.device).train()
        if config.compile:
            if workers.device.type != "cpu":
                raise ValueError("The setting compile is for training on a processor: leave it out on a GPU.")
            use_compiled_filters(self.net)
        self.ema = copy.deepcopy(nn.ModuleDict({"model": self.model, "head": self.net["head"]})).eval()
        self.ema.requires_grad_(False)
        self.optimizer = torch.optim.AdamW(self._parameter_groups(), lr=0.0, fused=workers.device.type == "cuda")
        self._named = {name: p for name, p in self.net.named_parameters() if p.requires_grad}
        for parameter in self._named.values():
            # A parameter that a slot does not use has gradient zero in every process, not none in some of them.
            parameter.grad = torch.zeros_like(parameter)

    @property
    def model(self) -> SpectralFM:
        """The network."""
        return self.net["objective"].model

    def step(self, number, total, slots):
        """Do one step.

        Parameters
        ----------
        number, total : int
            Which step, from zero, and how many there will be.
        slots : iterable of (int, Slot)
            Numbers and data of the slots of this process.

        Returns
        -------
        dict of str to float
            Every loss without its weight, the weighted "total", "learning_rate", norm of the "gradient" and "spectra".
        """
        config = self.config
        weights = config.weights(number / total)
        rate = learning_rate(config, number, total)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.zero_grad(set_to_none=False)
        names = ["total", *LOSSES, "spectra"]
        sums = torch.zeros(len(names), dtype=torch.float64, device=self.workers.device)
        for slot_number, slot in slots:
            with seeded(self.workers.device, STEP, config.seed, number, slot_number):
                total_loss, report = self._losses(slot.to(self.workers.device), weights)
                (total_loss / config.slots).backward()
            report = report | {"spectra": sums.new_tensor(slot.n_spectra)}
            sums += torch.stack([report.get(name, sums.new_zeros(())).to(sums) for name in names])
        gradients = [parameter.grad for parameter in self._named.values()]
        self.workers.add_up(gradients)
        self.workers.add_up([sums])
        norm = nn.utils.clip_grad_norm_(self._named.values(), config.clip)
        sums[:-1] /= config.slots
        values = dict(zip(names, sums.tolist(), strict=True))
        if not math.isfinite(values["total"]) or not torch.isfinite(norm):
            raise FloatingPointError(
                f"The losses or gradients of step {number + 1} are not finite: {values}. Lower learning_rate."
            )
        self.optimizer.step()
        self.net["objective"].update_target()
        self._average(number)
        return values | {"learning_rate": rate, "gradient": norm.item()}

    def _losses(self, slot, weights):
        terms = {}
        if weights["episodic"] > 0:
            # A calibration rests on small differences between spectra, which bfloat16 would round away.
            with _without_noise(self.model.experts, self.config.quiet_episodes):
                shares = self.config.network_share
                losses = episode_losses(self.model, self.net["head"], slot.episodes, shares, ALONE)
            terms["episodic"] = losses.mean().float()
        if any(weights[name] > 0 for name in LOSSES if name != "episodic"):
            with torch.autocast(self.workers.device.type, torch.bfloat16, enabled=self.mixed_precision):
                terms |= self.net["objective"].terms(slot.batch)
        return LossBalance(weights)(terms)

    @torch.no_grad()
    def _average(self, number):
        # Early averages follow closely: they should not remember the random initialisation for a thousand steps.
        decay = min(self.config.ema, (1 + number) / (10 + number))
        for mine, theirs in zip(self.ema.parameters(), self._averaged(), strict=True):
            mine.lerp_(theirs, 1 - decay)

    def _averaged(self):
        yield from self.model.parameters()
        yield from self.net["head"].parameters()

    def _parameter_groups(self):
        groups = self.model.parameter_groups(self.config.weight_decay)
        known = {id(parameter) for group in groups for parameter in group["params"]}
        for parameter in self.net.parameters():
            if parameter.requires_grad and id(parameter) not in known:
                groups[0 if parameter.ndim > 1 else 1]["params"].append(parameter)
        return groups

    def state(self):
        """Give the whole state: dict of str to Tensor."""
        tensors = {f"net.{name}": value for name, value in self.net.state_dict().items()}
        tensors |= {f"ema.{name}": value for name, value in self.ema.state_dict().items()}
        for name, parameter in self._named.items():
            tensors |= {f"adam.{k}.{name}": value for k, value in self.optimizer.state.get(parameter, {}).items()}
        return tensors

    def load_state(self, tensors):
        """Continue from what `state` gave."""
        self.net.load_state_dict({k.removeprefix("net."): v for k, v in tensors.items() if k.startswith("net.")})
        self.ema.load_state_dict({k.removeprefix("ema."): v for k, v in tensors.items() if k.startswith("ema.")})
        for key, value in tensors.items():
            if key.startswith("adam."):
                _, kind, name = key.split(".", 2)
                # Adam counts its steps on the CPU unless it is fused.
                device = "cpu" if kind == "step" and self.workers.device.type == "cpu" else self.workers.device
                self.optimizer.state[self._named[name]][kind] = value.to(device)


def _start_from(source, model, head):
    """Fill a network and its head with the weights of an earlier run."""
    known_model, known_head, _ = load_pretrained(source)
    for mine, theirs in ((model, known_model), (head, known_head)):
        try:
            mine.load_state_dict(theirs.state_dict())
        except RuntimeError as error:
            raise ValueError(
                f"The weights {source!r} cannot start this run, whose network has other settings: {error}"
            ) from error


@contextmanager
def _without_noise(experts, quiet):
    """Let experts be chosen as in use, if asked for, not with the noise of training."""
    before = experts.training
    experts.train(before and not quiet)
    try:
        yield
    finally:
        experts.train(before)


def learning_rate(config, number, total):
    """Rise over the first steps, then fall by a cosine."""
    if number < config.warmup:
        return config.learning_rate * (number + 1) / config.warmup
    progress = (number - config.warmup) / max(1, total - config.warmup)
    return config.learning_rate * (LOWEST_RATE + (1 - LOWEST_RATE) * 0.5 * (1 + math.cos(math.pi * min(progress, 1))))


@contextmanager
def seeded(device, *keys):
    """Let torch's own random numbers follow from integers, and leave those of the caller as they were."""
    with seeding.seeded(int(random_generator(*keys).integers(2**62)), device):
        yield
