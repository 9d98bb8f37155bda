"""Low-rank adapters on the convolutions and dense layers of a network."""

from torch import Tensor, nn
from torch.nn.utils import parametrize

from ..nn.lora import LoRA, LowRankUpdate

__all__ = ["LayerUpdate", "NetworkLoRA"]


class LayerUpdate(LowRankUpdate):
    """Low-rank update of a dense or convolutional weight, taken as the matrix (filters, inputs times width)."""

    def __init__(self, weight: Tensor, rank: int, alpha: float):
        super().__init__(weight.flatten(1), rank, alpha)
        self.weight_shape = weight.shape

    def update(self) -> Tensor:
        """Give the update in the shape of the weight."""
        return super().update().view(self.weight_shape)


class NetworkLoRA(LoRA):
    """Attach low-rank adapters to every convolution and dense layer of a network, and freeze the rest.

    Merging, unmerging, saving and loading are those of :class:`~skspectral.nn.LoRA`.

    Parameters
    ----------
    model : Module
        Changed in place.
    rank : int
        Rank of the updates.
    alpha : float
        Updates are multiplied by ``alpha / rank``.
    """

    def __init__(self, model: nn.Module, rank: int, alpha: float):
        self.model, self.rank, self.alpha = model, rank, alpha
        model.requires_grad_(False)
        self._linears = {name: m for name, m in model.named_modules() if isinstance(m, nn.Linear | nn.Conv1d)}
        self._updates = {}
        for name, layer in self._linears.items():
            self._updates[name] = LayerUpdate(layer.weight, rank, alpha)
            # unsafe: shape and dtype are known to stay, and the check would compute every update once more
            parametrize.register_parametrization(layer, "weight", self._updates[name], unsafe=True)
