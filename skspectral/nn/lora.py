"""Low-rank adapters on the query, key and value maps of attention: one small file per instrument."""

import math
from os import PathLike

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn.utils import parametrize

from ..exceptions import MissingWeightsError
from .transformer import SelfAttention

__all__ = ["LoRA", "LowRankUpdate"]


class LowRankUpdate(nn.Module):
    """Parametrization of a weight W (d_out, d_in) as ``W + alpha / rank * B A``."""

    def __init__(self, weight: Tensor, rank: int, alpha: float):
        super().__init__()
        d_out, d_in = weight.shape
        self.scale = alpha / rank
        self.merged = False
        self.A = nn.Parameter(weight.new_empty(rank, d_in))
        self.B = nn.Parameter(weight.new_zeros(d_out, rank))
        self.reset()

    @torch.no_grad()
    def reset(self) -> None:
        """Start again from no update at all: B is zero, A random."""
        nn.init.kaiming_uniform_(self.A, a=math.sqrt(5))
        self.B.zero_()

    def update(self) -> Tensor:
        """Give the low-rank update (d_out, d_in)."""
        return self.scale * (self.B @ self.A)

    def forward(self, weight: Tensor) -> Tensor:
        """Give the adapted weight; the weight itself where the update was merged into it."""
        return weight if self.merged else weight + self.update()


class LoRA:
    """Attach low-rank adapters to every query, key and value map of a model, and freeze the rest.

    The model works as before, through its own ``forward``; this object switches, saves and loads the adapters. At the
    start they change nothing.

    Parameters
    ----------
    model : Module
        A network with `skspectral.nn.transformer.SelfAttention` inside; changed in place.
    rank : int
        Rank of the updates.
    alpha : float
        Updates are multiplied by ``alpha / rank``.
    freeze : bool
        Set ``requires_grad`` to False for everything but the adapters.

    Raises
    ------
    ValueError
        If the rank is not positive, the model has no attention, or adapters already.

    References
    ----------
    .. [1] E. Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", ICLR 2022.
       https://doi.org/10.48550/arXiv.2106.09685

    Examples
    --------
    >>> from skspectral.nn import TransformerEncoder
    >>> from skspectral.nn.lora import LoRA
    >>> lora = LoRA(TransformerEncoder(d_model=8, n_layers=2, n_heads=2), rank=2)
    >>> lora.n_parameters  # 2 layers x (query, key, value) x rank x (8 + 8)
    192
    """

    def __init__(self, model: nn.Module, rank: int = 8, alpha: float = 16.0, *, freeze: bool = True):
        if rank < 1:
            raise ValueError(f"rank must be positive, got {rank}.")
        self.model, self.rank, self.alpha = model, rank, alpha
        attentions = {name: m for name, m in model.named_modules() if isinstance(m, SelfAttention)}
        if not attentions:
            raise ValueError("The model has no SelfAttention to attach adapters to.")
        maps = {
            f"{name}.{part}": getattr(m, part) for name, m in attentions.items() for part in ("query", "key", "value")
        }
        if any(parametrize.is_parametrized(linear) for linear in maps.values()):
            raise ValueError("The model has adapters already: use those, or remove() them first.")
        if freeze:
            model.requires_grad_(False)
        self._linears = maps
        self._updates = {}
        for name, linear in maps.items():
            update = LowRankUpdate(linear.weight, rank, alpha).train(model.training)
            # unsafe: shape and dtype are known to stay, and the check would compute every update once more.
            parametrize.register_parametrization(linear, "weight", update, unsafe=True)
            self._updates[name.lstrip(".")] = update

    @property
    def n_parameters(self) -> int:
        """Number of values in all adapters together."""
        return sum(p.numel() for p in self.parameters())

    @property
    def merged(self) -> bool:
        """Whether the updates are part of the weights now."""
        return next(iter(self._updates.values())).merged

    def parameters(self) -> list[nn.Parameter]:
        """Give the adapters' parameters, for an optimiser."""
        return [p for update in self._updates.values() for p in update.parameters()]

    def reset(self) -> None:
        """Return to the model without updates, ready to learn another instrument.

        Raises
        ------
        ValueError
            If the adapters are merged.
        """
        self._refuse_merged("reset")
        for update in self._updates.values():
            update.reset()

    @torch.no_grad()
    def merge(self) -> None:
        """Add the updates to the weights: inference then costs what it did without adapters."""
        self._refuse_merged("merge")
        self._shift(+1)

    @torch.no_grad()
    def unmerge(self) -> None:
        """Take merged updates out of the weights again.

        Raises
        ------
        ValueError
            If the adapters are not merged.
        """
        if not self.merged:
            raise ValueError("The adapters are not merged.")
        self._shift(-1)

    def _shift(self, sign):
        for linear, update in zip(self._linears.values(), self._updates.values(), strict=True):
            linear.parametrizations.weight.original.add_(update.update(), alpha=sign)
            update.merged = sign > 0

    def remove(self) -> None:
        """Detach the adapters and leave the model as it was, or with the updates inside where they are merged."""
        for linear, update in zip(self._linears.values(), self._updates.values(), strict=True):
            update.merged = True  # what stays is the stored weight alone
            parametrize.remove_parametrizations(linear, "weight")
        self._linears, self._updates = {}, {}

    def state_dict(self) -> dict[str, Tensor]:
        """Give the adapters alone, by name of the map that they belong to."""
        return {f"{name}.{k}": v for name, update in self._updates.items() for k, v in update.state_dict().items()}

    @torch.no_grad()
    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Plug in the adapters of another instrument.

        Parameters
        ----------
        state : dict of str to Tensor
            As `state_dict` gives it.

        Raises
        ------
        ValueError
            If the adapters are merged, or ``state`` is for another model or rank.
        """
        self._refuse_merged("load")
        own = self.state_dict()
        if {k: v.shape for k, v in state.items()} != {k: v.shape for k, v in own.items()}:
            raise ValueError(f"These adapters do not fit: the model has {len(own)} tensors of rank {self.rank}.")
        for name, value in own.items():
            value.copy_(state[name])

    def save(self, path: str | PathLike) -> None:
        """Write the adapters, without the model, to a safetensors file."""
        metadata = {"format": "skspectral-lora", "rank": str(self.rank), "alpha": repr(float(self.alpha))}
        save_file({k: v.contiguous() for k, v in self.state_dict().items()}, path, metadata)

    def load(self, path: str | PathLike) -> None:
        """Plug in the adapters of a file that `save` wrote.

        Raises
        ------
        MissingWeightsError
            If the file is missing or not of this format.
        ValueError
            If the adapters are merged, or the file is for another model, rank or alpha.
        """
        try:
            with safe_open(path, "pt") as file:
                metadata = file.metadata() or {}
            state = load_file(path)
        except (OSError, SafetensorError) as error:
            raise MissingWeightsError(f"Cannot read adapters from {path}: {error}") from error
        if metadata.get("format") != "skspectral-lora":
            raise MissingWeightsError(f"{path} holds no adapters of this package.")
        if float(metadata["alpha"]) != self.alpha:
            raise ValueError(f"{path} was trained with alpha={metadata['alpha']}, this model has alpha={self.alpha}.")
        self.load_state_dict(state)

    def _refuse_merged(self, action):
        if self.merged:
            raise ValueError(f"Cannot {action} while the adapters are merged into the weights: unmerge() first.")
