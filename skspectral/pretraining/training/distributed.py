"""Several processes that share the slots of every step, started by torchrun; one process is the usual case."""

import os
from dataclasses import dataclass

import torch
import torch.distributed as dist

__all__ = ["Workers", "start_workers"]


@dataclass(frozen=True)
class Workers:
    """Place of this process among those of the run.

    Attributes
    ----------
    rank, size : int
        Number of this process, and of all.
    device : device
        Where this process computes.
    """

    rank: int
    size: int
    device: torch.device

    @property
    def is_first(self) -> bool:
        """Whether this process writes files and shows progress."""
        return self.rank == 0

    def share(self, slots: int) -> range:
        """Give the slots of a step that this process computes."""
        if slots % self.size:
            raise ValueError(f"{slots} slots cannot be shared by {self.size} processes: set slots to a multiple of it.")
        each = slots // self.size
        return range(self.rank * each, (self.rank + 1) * each)

    def add_up(self, tensors: list[torch.Tensor]) -> None:
        """Replace tensors by their sums over all processes, in one message."""
        if self.size == 1 or not tensors:
            return
        flat = torch.cat([tensor.flatten() for tensor in tensors])
        dist.all_reduce(flat)
        for tensor, summed in zip(tensors, flat.split([t.numel() for t in tensors]), strict=True):
            tensor.copy_(summed.view_as(tensor))

    def agree(self, value: float) -> float:
        """Give every process the first one's number, for decisions that depend on the clock."""
        if self.size == 1:
            return value
        shared = torch.tensor([value], dtype=torch.float64, device=self.device)
        dist.broadcast(shared, 0)
        return shared.item()

    def wait(self) -> None:
        """Wait for the others."""
        if self.size > 1:
            self.add_up([torch.zeros(1, device=self.device)])

    def stop(self) -> None:
        """Leave the group."""
        if self.size > 1:
            dist.destroy_process_group()


def start_workers(device: str = "auto") -> Workers:
    """Join the processes that torchrun started, or work alone.

    Parameters
    ----------
    device : str
        "auto" is a GPU where there is one; "cpu", "cuda" or "cuda:1" as in torch.

    Returns
    -------
    Workers
        Place of this process.
    """
    rank, size = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cuda" and size > 1:
        device = f"cuda:{int(os.environ.get('LOCAL_RANK', rank))}"
    device = torch.device(device)
    if device.type == "cuda":
        # A device without a number is the first one.
        device = torch.device("cuda", device.index or 0)
        torch.cuda.set_device(device)
    if size > 1:
        dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    return Workers(rank, size, device)
