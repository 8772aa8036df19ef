"""The file that a run goes on from: written whole, and read with distrust."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from dnalect.core.errors import ModelError, OutputError
from dnalect.training.ranks import ALONE, Ranks
from dnalect.training.sharded import SHARDS, filled, is_sharded, local, save_shards, share_of, taken_out, whole

NAME = "checkpoint.pt"
# Seconds between two checkpoints at most, however long the steps are.
SAVE_SECONDS = 180.0
ANEW = "remove it to begin anew, or give another output folder"
# What is in it, and of which type.
LAYOUT = {"config": str, "data": dict, "at": dict, "network": dict, "optimizers": list, "mean": dict, "best": dict}


@dataclass(frozen=True)
class Identity:
    """What tells runs apart. config: all that was chosen. data: what is learned from -> its checksum."""

    config: str
    data: Mapping[str, str]

    def check(self, folder: Path, state: Mapping[str, Any]) -> None:
        """Raise ModelError where a checkpoint is that of another run."""
        if state["config"] != self.config:
            raise ModelError(f"{folder / NAME} belongs to another config; {ANEW}")
        kept = state["data"]
        names = (*self.data, *(kept.keys() - self.data.keys()))
        if changed := [name for name in names if kept.get(name) != self.data.get(name)]:
            raise ModelError(
                f"{folder / NAME} belongs to other data: {', '.join(changed)} changed since; give the data that the "
                f"run began with, or {ANEW}"
            )


def write_checkpoint(folder: Path, state: Mapping[str, Any], ranks: Ranks = ALONE) -> None:
    """Replace the checkpoint of a folder. Raises OutputError, and leaves the old one, where it can't be written.

    ranks: that call together. What is sharded goes to a folder beside it, which it names: each writes its part.
    """
    plain, shards = taken_out(dict(state))
    beside = folder / f"{SHARDS}{state['at']['step']}" if shards else None
    if beside:
        with ranks.agreed():
            if ranks.first:
                shutil.rmtree(beside, ignore_errors=True)
        try:
            save_shards(shards, beside)
        except OSError as error:
            raise ranks.voiced(OutputError(f"cannot write {beside}: {error.strerror or error}")) from error
        plain["shards"] = beside.name
    with ranks.agreed():
        if ranks.first:
            _replace(folder, plain)
            for old in folder.glob(f"{SHARDS}*"):
                if old != beside:
                    shutil.rmtree(old, ignore_errors=True)


def _replace(folder: Path, state: dict[str, Any]) -> None:
    path, temporary = folder / NAME, folder / f"{NAME}.part"
    try:
        torch.save(state, temporary)
        os.replace(temporary, path)
    except (OSError, RuntimeError) as error:
        temporary.unlink(missing_ok=True)
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise OutputError(f"cannot write {path}: {reason}") from error


def read_checkpoint(folder: Path) -> dict[str, Any] | None:
    """Return what a checkpoint holds (LAYOUT), None where there is none. Raises ModelError for what is none.

    What was sharded is without content: see `with_shards`.
    """
    path = folder / NAME
    if not path.exists():
        return None
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise ModelError(f"{path} cannot be read ({type(error).__name__}), so this run can't go on; {ANEW}") from error
    wrong = [key for key, kind in LAYOUT.items() if not isinstance(state, dict) or not isinstance(state.get(key), kind)]
    if wrong:
        raise ModelError(f"{path} is not a checkpoint of this version: {wrong[0]!r} is missing in it; {ANEW}")
    return dict(state)


def learned(network: nn.Module) -> dict[str, Tensor]:
    """Return what changes in training, by name: parameters that want gradients, and buffers. Not copied."""
    fixed = {name for name, p in network.named_parameters(remove_duplicate=False) if not p.requires_grad}
    return {name: each for name, each in network.state_dict().items() if name not in fixed}


def put_back(network: nn.Module, kept: Mapping[str, Tensor]) -> None:
    """Copy what `learned` returned into a network. Raises RuntimeError where that is not one of the same shapes."""
    now = learned(network)
    if now.keys() != kept.keys():
        raise RuntimeError(f"{min(now.keys() ^ kept.keys())} is missing or left over")
    if not any(map(is_sharded, now.values())):
        network.load_state_dict({name: whole(each) for name, each in kept.items()}, strict=False)
        return
    with torch.no_grad():
        for name, each in now.items():
            local(each).copy_(local(share_of(kept[name], each)))


def with_shards(folder: Path, state: dict[str, Any], network: nn.Module) -> dict[str, Any]:
    """Return what `read_checkpoint` read with its shards, sharded where the network is.

    Raises RuntimeError where they are missing.
    """
    name = state.get("shards")
    return dict(filled(folder / name, state, next(network.parameters()))) if name else state


def shared_out(optimizer: torch.optim.Optimizer, state: dict[str, Any]) -> dict[str, Any]:
    """Return a state of an optimizer with its tensors sharded as the parameters are."""
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    told = {
        number: {key: _as(each, parameters[number]) for key, each in kept.items()}
        for number, kept in state["state"].items()
    }
    return {**state, "state": told}


def _as(value: Any, parameter: Tensor) -> Any:
    same = isinstance(value, Tensor) and value.shape == parameter.shape
    return share_of(value, parameter) if same else value


def misfit(folder: Path, error: Exception) -> ModelError:
    """Return the error for a checkpoint whose content is not that of the run."""
    return ModelError(f"{folder / NAME} does not fit this run ({str(error).splitlines()[0]}); {ANEW}")
