"""Several processes that train one net together, as torchrun starts them.

Each has a rank; alone, a process has rank 0 and nothing here changes anything.
Source: Li et al. 2020, PyTorch Distributed, sec. 3.
"""

import os

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

WORLD_SIZE = int(os.environ.get("WORLD_SIZE", 1))  # processes in all
RANK = int(os.environ.get("RANK", 0)) if WORLD_SIZE > 1 else 0
LOCAL_RANK = int(os.environ.get("LOCAL_RANK", 0))
LOCAL_WORLD_SIZE = int(os.environ.get("LOCAL_WORLD_SIZE", 1))  # on this machine


def init_group(device: torch.device) -> None:
    """Meet the other processes, and draw the random numbers that rank 0 draws.

    So an order drawn by a foreign loader is the same; dropout's masks are, too.
    """
    if WORLD_SIZE == 1:
        return
    if not dist.is_initialized():
        dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    state = torch.get_rng_state().to(device)
    dist.broadcast(state, src=0)
    torch.set_rng_state(state.cpu())


def shard(minibatch: Tensor) -> Tensor:
    """This process's part of a minibatch; it may be empty."""
    return minibatch[RANK::WORLD_SIZE]


def wrap_ddp(net: nn.Module) -> nn.Module:
    """The net, its gradients averaged over the processes in every backward pass."""
    return DistributedDataParallel(net) if WORLD_SIZE > 1 else net


def all_reduce(totals: Tensor) -> Tensor:
    """The sum of `totals` over the processes, on each of them."""
    if WORLD_SIZE > 1:
        dist.all_reduce(totals)
    return totals
