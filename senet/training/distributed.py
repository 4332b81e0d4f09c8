"""One training run by several processes, one for each GPU: who they are, and the few things they do together.

``torchrun --standalone --nproc-per-node 4 -m senet train ...`` starts four. Each holds the whole network and takes its share of
every batch; ``DistributedDataParallel`` averages the gradients, so that all take the same step. Without torchrun there is one
process, and everything here costs nothing.

Batch norm stays local: each process normalises by its own share, as in Goyal et al. (arXiv 1706.02677, section 3.1), and the first
one's running statistics are those that count. Keep 32 pictures or more a process.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel


@dataclass(frozen=True)
class Team:
    """Who takes part.

    Attributes:
        rank: which process this is, from 0. The first one writes and shows how it goes.
        size: how many there are.
        device: where this one computes.
    """

    rank: int
    size: int
    device: torch.device

    @property
    def share(self) -> tuple[int, int]:
        """Which part of a batch is this process's, of how many."""
        return self.rank, self.size

    def wrap(self, model: nn.Module) -> nn.Module:
        """Calls ``model``, and averages over all processes the gradients that go back. All begin with the first one's weights."""
        return DistributedDataParallel(model) if self.size > 1 else model

    def sum(self, *values: float) -> list[float]:
        """Each value summed over all processes."""
        if self.size == 1:
            return list(values)
        # NCCL sums on the GPU only; float64 holds counts exactly.
        together = torch.tensor(values, dtype=torch.float64, device=self.device)
        dist.all_reduce(together)
        return together.tolist()

    def mean(self, value: Tensor) -> float:
        """A scalar averaged over all processes; not finite where any one's is not."""
        return self.sum(value.item())[0] / self.size

    def agree(self, model: nn.Module) -> None:
        """Give all the first one's batch norm statistics."""
        if self.size > 1:
            for buffer in model.buffers():
                dist.broadcast(buffer, 0)

    def first(self, make: Callable[[], Any]) -> Any:
        """``make()``, by the first process before all others: what it leaves on disk, they find."""
        if self.size == 1:
            return make()
        # A group of its own, for decoding a million pictures outlasts the patience of a training step by far.
        waiting = dist.new_group(backend="gloo", timeout=timedelta(days=1))
        made = make() if self.rank == 0 else None
        dist.barrier(waiting)
        return make() if self.rank else made


@contextmanager
def team(device: str | torch.device = "cpu") -> Iterator[Team]:
    """The processes of this run: of the process group, if there is one; else those that torchrun started; else this one alone.

    Args:
        device: where to compute; ``"cuda"`` becomes the GPU of this process's number on its machine.
    """
    device = torch.device(device)
    started = int(os.environ.get("WORLD_SIZE", "1")) > 1 and not dist.is_initialized()
    if device.type == "cuda" and device.index is None and "LOCAL_RANK" in os.environ:
        device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
        torch.cuda.set_device(device)
    if started:
        dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        many = dist.is_initialized()
        yield Team(dist.get_rank() if many else 0, dist.get_world_size() if many else 1, device)
    finally:
        if started:
            dist.destroy_process_group()
