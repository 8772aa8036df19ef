"""Weights of which every process holds a part: FSDP2 of torch, the way back, and its checkpoints.

A sharded tensor is a DTensor, cut along its first dimension. All functions here take plain tensors too, and leave them
as they are, so that who calls them need not know.
"""

import warnings
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

SHARDS = "checkpoint.shards-"


def is_sharded(tensor: Tensor) -> bool:
    """Whether a tensor is one of which this process holds a part."""
    # Not isinstance: its module takes a second to load, which a process by itself never needs.
    return hasattr(tensor, "full_tensor")


def local(tensor: Tensor) -> Tensor:
    """Return the part that is here, in the same memory."""
    return cast(Any, tensor).to_local() if is_sharded(tensor) else tensor


def whole(tensor: Tensor) -> Tensor:
    """Return all parts together. All processes must ask."""
    return cast(Any, tensor).full_tensor() if is_sharded(tensor) else tensor


def share_of(tensor: Tensor, like: Tensor) -> Tensor:
    """Return a whole tensor sharded as `like` is. Raises RuntimeError where that has another shape."""
    if not is_sharded(like) or is_sharded(tensor):
        return tensor
    if tensor.shape != like.shape:
        raise RuntimeError(f"a tensor of shape {tuple(tensor.shape)} where {tuple(like.shape)} is expected")
    from torch.distributed.tensor import DTensor, Replicate

    told = cast(DTensor, like)
    same = DTensor.from_local(tensor.to(like.device), told.device_mesh, [Replicate()], run_check=False)
    return same.redistribute(placements=told.placements)


def shard(network: nn.Module) -> Callable[[], None]:
    """Let every process hold a part of each parameter, which are gathered when a block computes.

    A block is a member of a list of modules; what is in none is gathered for the whole of a forward pass. Returns what
    undoes it, in all processes at once: each then has all weights.
    """
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import FSDPModule, fully_shard

    kind = next(network.parameters()).device.type
    before = [(module, type(module), _hooks(module)) for module in network.modules()]
    mesh = init_device_mesh(kind, (torch.distributed.get_world_size(),))
    for block in _blocks(network):
        fully_shard(block, mesh=mesh)
    fully_shard(network, mesh=mesh)
    # What is gathered for the first time in inference mode could never be written to outside of it.
    for module in network.modules():
        if isinstance(module, FSDPModule):
            module.unshard()
            module.reshard()
    return partial(_put_together, before)


def _blocks(network: nn.Module) -> list[nn.Module]:
    """The outermost members of lists, those with weights of their own alone."""
    found: list[nn.Module] = []
    seen: set[int] = set()
    for module in network.modules():
        if id(module) in seen or not isinstance(module, nn.ModuleList):
            continue
        found += module
        seen |= {id(each) for member in module for each in member.modules()}
    uses = Counter(id(p) for block in [*found, _rest(network, seen)] for p in set(block.parameters()))
    return [each for each in found if list(each.parameters()) and all(uses[id(p)] == 1 for p in each.parameters())]


def _rest(network: nn.Module, seen: set[int]) -> nn.Module:
    """What has the parameters of all other modules."""
    rest = nn.ParameterList()
    for module in network.modules():
        if id(module) not in seen:
            rest.extend(module.parameters(recurse=False))
    return rest


def _hooks(module: nn.Module) -> dict[str, Any]:
    return {name: each.copy() for name, each in vars(module).items() if name.endswith("_hooks")}


def _put_together(before: list[tuple[nn.Module, type, dict[str, Any]]]) -> None:
    made: dict[int, nn.Parameter] = {}
    for module, kind, hooks in before:
        for name, p in module._parameters.items():
            if p is not None and is_sharded(p):
                if id(p) not in made:
                    made[id(p)] = nn.Parameter(whole(p.detach()), p.requires_grad)
                module._parameters[name] = made[id(p)]
        module.__class__ = kind
        vars(module).update(hooks)


def taken_out(state: Any) -> tuple[Any, dict[str, Tensor]]:
    """Return a state with what is sharded replaced by tensors without content, and that by its path."""
    shards: dict[str, Tensor] = {}

    def take(path: str, tensor: Tensor) -> Tensor:
        if not is_sharded(tensor):
            return tensor
        shards[path] = tensor
        return torch.empty(tensor.shape, dtype=tensor.dtype, device="meta")

    return _mapped(state, take), shards


def filled(folder: Path, state: Any, like: Tensor) -> Any:
    """Return a state of which `taken_out` has taken shards that are in a folder: whole, or sharded where `like` is.

    It does not matter how many processes wrote them. Raises RuntimeError where one is missing.
    """
    wanted: dict[str, Tensor] = {}

    def ask(path: str, tensor: Tensor) -> Tensor:
        if tensor.is_meta:
            wanted[path] = share_of(torch.zeros(tensor.shape, dtype=tensor.dtype), _as_sharded(like, tensor.shape))
        return tensor

    _mapped(state, ask)
    if wanted:
        _load(wanted, folder, alone=not is_sharded(like))
    return _mapped(state, lambda path, tensor: wanted.get(path, tensor))


def _as_sharded(like: Tensor, shape: torch.Size) -> Tensor:
    if not is_sharded(like):
        return torch.empty(0)
    from torch.distributed.tensor import DTensor, empty

    told = cast(DTensor, like)
    return empty(shape, device_mesh=told.device_mesh, placements=told.placements)


def save_shards(shards: dict[str, Tensor], folder: Path) -> None:
    """Write what each process holds. All processes must call; where one can't write, all raise OSError."""
    from torch.distributed.checkpoint.api import CheckpointException
    from torch.distributed.checkpoint.state_dict_saver import save

    try:
        save(shards, checkpoint_id=folder)
    except CheckpointException as error:
        told = next((each for each, _ in error.failures.values() if isinstance(each, OSError)), None)
        raise told or OSError(str(next(iter(error.failures.values()))[0])) from error


def _load(shards: dict[str, Tensor], folder: Path, alone: bool) -> None:
    from torch.distributed.checkpoint.api import CheckpointException
    from torch.distributed.checkpoint.state_dict_loader import load

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that one process by itself is meant
        try:
            load(shards, checkpoint_id=folder, no_dist=alone)
        except (CheckpointException, OSError, ValueError) as error:
            raise RuntimeError(f"{folder.name} beside it is missing, or not whole") from error


def _mapped(value: Any, change: Callable[[str, Tensor], Any], path: str = "") -> Any:
    """Change all tensors in dictionaries and lists, each given with its path."""
    if isinstance(value, Tensor):
        return change(path, value)
    if isinstance(value, dict):
        return {key: _mapped(each, change, f"{path}/{key}") for key, each in value.items()}
    if isinstance(value, list):
        return [_mapped(each, change, f"{path}/{number}") for number, each in enumerate(value)]
    return value
