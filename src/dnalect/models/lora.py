"""Low-rank updates of weights (LoRA, Hu 2021), in the files that PEFT writes.

A weight W (out, in, ...) becomes W + alpha / rank * B A, with A (rank, in, ...) drawn at random
and B (out, rank) zero at first. Only A and B are trained. Layers stay what they are: the sum is
formed where a layer reads its weight, so linear layers and convolutions need no wrapper.
"""

import json
import math
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn.utils import parametrize

from dnalect.core.errors import ConfigError, ModelError
from dnalect.core.files import read_json, write_text, written_whole
from dnalect.models.files import read_safetensors
from dnalect.models.weights import listed, misfits

WEIGHTS, CONFIG = "adapter_model.safetensors", "adapter_config.json"
PREFIX = "base_model.model."
# The last parts of the names of all layers between hidden states, and where none is touched.
TARGETS = ("query", "key", "value", "qkv", "out", "gate", "up", "down", "conv")
OUTSIDE = ("head.", "embeddings.")
LARGEST_RANK = 1024


@dataclass(frozen=True)
class LoraConfig:
    """rank: of each update. alpha: its scale is alpha / rank. targets: last parts of the names of layers."""

    rank: int = 8
    alpha: float = 16.0
    targets: tuple[str, ...] = TARGETS

    def __post_init__(self) -> None:
        object.__setattr__(self, "targets", tuple(self.targets))
        if not 1 <= self.rank <= LARGEST_RANK or not self.alpha > 0 or not self.targets:
            raise ConfigError(f"LoRA needs a rank of 1 to {LARGEST_RANK}, an alpha above 0 and target layers: {self}")


class Update(nn.Module):
    """What is added to one weight. weight: (out, in) of a linear layer, (out, in, ...) of a convolution."""

    def __init__(self, weight: Tensor, config: LoraConfig):
        super().__init__()
        self.scale = config.alpha / config.rank
        self.lora_A = nn.Parameter(weight.new_empty((config.rank, *weight.shape[1:])))
        self.lora_B = nn.Parameter(weight.new_zeros((weight.shape[0], config.rank)))
        bound = 1 / math.sqrt(self.lora_A[0].numel())
        nn.init.uniform_(self.lora_A, -bound, bound)

    def forward(self, weight: Tensor) -> Tensor:
        """Return the weight with its update."""
        return weight + self.scale * (self.lora_B @ self.lora_A.flatten(1)).view_as(weight)


def add_lora(network: nn.Module, config: LoraConfig) -> list[str]:
    """Freeze a network, give its target layers updates, and return the names of these layers.

    Raises ConfigError where no layer has such a name.
    """
    network.requires_grad_(False)
    layers = targets_of(network, config.targets)
    if not layers:
        raise ConfigError(f"the network has no layer named {' or '.join(config.targets)}")
    for layer in layers:
        module = network.get_submodule(layer)
        parametrize.register_parametrization(module, "weight", Update(module.weight, config))  # type: ignore[arg-type]
    return layers


def targets_of(network: nn.Module, targets: Collection[str]) -> list[str]:
    """Return the names of linear and convolutional layers whose last part is a target, those of OUTSIDE left out."""
    kinds = (nn.Linear, nn.Conv1d, nn.Conv2d)
    return [
        name
        for name, module in network.named_modules()
        if isinstance(module, kinds) and name.rpartition(".")[2] in targets and not name.startswith(OUTSIDE)
    ]


def merge_lora(network: nn.Module) -> None:
    """Write the updates into the weights, for good."""
    for module in network.modules():
        if parametrize.is_parametrized(module, "weight"):
            parametrize.remove_parametrizations(module, "weight", leave_parametrized=True)


def save_lora(network: nn.Module, config: LoraConfig, folder: Path, base: str) -> None:
    """Write adapter_model.safetensors and adapter_config.json as PEFT does. base: name of the model."""
    tensors = {}
    for layer, update in _updates(network).items():
        conv = update.lora_A.ndim > 2
        ones = (1,) * (update.lora_A.ndim - 2)
        tensors[f"{PREFIX}{layer}.lora_A.weight"] = update.lora_A.detach().cpu().contiguous()
        b = update.lora_B.detach().cpu()
        tensors[f"{PREFIX}{layer}.lora_B.weight"] = (b.reshape(*b.shape, *ones) if conv else b).contiguous()
    with written_whole(folder / WEIGHTS) as temporary:
        save_file(tensors, temporary, metadata={"format": "pt"})
    names = sorted({layer.rpartition(".")[2] for layer in _updates(network)})
    told = {
        "peft_type": "LORA",
        "base_model_name_or_path": base,
        "task_type": None,
        "inference_mode": True,
        "r": config.rank,
        "lora_alpha": config.alpha,
        "lora_dropout": 0.0,
        "bias": "none",
        "fan_in_fan_out": False,
        "target_modules": names,
    }
    write_text(folder / CONFIG, json.dumps(told, indent=2) + "\n")


def load_lora(network: nn.Module, folder: Path) -> LoraConfig:
    """Add the updates of a folder to a network, and return their config.

    Raises ModelError where a file is missing, asks for what is not built here (dropout does not
    matter, biases, DoRA and rsLoRA do), or a tensor is missing, unexpected or of another shape.
    """
    path = folder / CONFIG
    config = _read_config(read_json(path), path)
    try:
        add_lora(network, config)
    except ConfigError as error:
        raise ModelError(f"{path}: {error}") from error
    found = dict(read_safetensors(folder / WEIGHTS))
    wanted: dict[str, Tensor] = {}
    for layer, update in _updates(network).items():
        wanted[f"{PREFIX}{layer}.lora_A.weight"] = update.lora_A
        wanted[f"{PREFIX}{layer}.lora_B.weight"] = update.lora_B
    for name in wanted.keys() & found.keys():  # PEFT keeps the B of a convolution as one of width 1
        if found[name].shape[2:].numel() == wanted[name].shape[2:].numel():
            found[name] = found[name].reshape(*found[name].shape[:2], *wanted[name].shape[2:])
    if faults := misfits(found, {name: parameter.shape for name, parameter in wanted.items()}):
        raise ModelError(f"{folder / WEIGHTS} does not fit the model: {listed(faults)}")
    for name, parameter in wanted.items():
        parameter.data.copy_(found[name])
    return config


def _updates(network: nn.Module) -> dict[str, Update]:
    """Name of the layer -> its update."""
    pattern = re.compile(r"^(.*)\.parametrizations\.weight\.0$")
    matches = ((pattern.match(name), module) for name, module in network.named_modules())
    return {match[1]: module for match, module in matches if match and isinstance(module, Update)}


def _read_config(told: dict[str, Any], path: Path) -> LoraConfig:
    unlike = [name for name in ("use_dora", "use_rslora", "fan_in_fan_out", "modules_to_save") if told.get(name)]
    if told.get("peft_type") != "LORA" or told.get("bias", "none") != "none" or unlike:
        what = ", ".join(unlike) or "see peft_type and bias"
        raise ModelError(f"{path}: only plain LoRA without biases is known here ({what})")
    rank, alpha, targets = told.get("r"), told.get("lora_alpha"), told.get("target_modules")
    if isinstance(targets, str) or not isinstance(rank, int) or not isinstance(alpha, int | float) or not targets:
        raise ModelError(f"{path}: r, lora_alpha and a list of target_modules are needed")
    return LoraConfig(rank, float(alpha), tuple(map(str, targets)))
