"""Yeast nucleosomes: the networks of Routhier 2021 (Keras) and of Westbrook 2024 (torch), of any width."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from dnalect.core.errors import ConfigError, ModelError
from dnalect.core.files import read_json
from dnalect.models.families.baskerville import NORM as KERAS_NORM
from dnalect.models.families.borzoi import NORM
from dnalect.models.families.family import HubConfig, NetworkRead, filled
from dnalect.models.files import HDF5, Weights, keras_description, read_keras, read_pickle
from dnalect.models.layers.stacked import Stacked, StackedSizes, Step
from dnalect.models.weights import WeightTable

NAME = "nucleosomes"
ARCHITECTURE = "BassenjiMultiNetwork2"
POOLS, DILATIONS = (4, 2, 2), (2, 4, 8, 16)
KERAS_EPS = 1e-3
# Where A, C, G, T lie among Routhier's A, T, G, C.
ORDER = [0, 3, 2, 1]
# Keras's layers of a step, with the settings that the step has.
_STEP: tuple[tuple[str, dict[str, Any]], ...] = (
    ("Conv2D", {"strides": [1, 1], "padding": "same", "dilation_rate": [1, 1], "activation": "relu", "use_bias": True}),
    ("MaxPooling2D", {"padding": "same"}),
    ("BatchNormalization", {"epsilon": KERAS_EPS, "center": True, "scale": True}),
    ("Dropout", {}),
)


def is_mine(config: Mapping[str, Any]) -> bool:
    """Whether a config.json is one of Westbrook's networks."""
    return config.get("architecture") == ARCHITECTURE


def read_folder(folder: Path) -> NetworkRead | None:
    """Return the network with its weights, and the files; None where the folder holds another model.

    Raises ModelError for what is damaged or differs from the published networks.
    """
    path = folder / "config.json"
    if path.is_file():
        return _westbrook(folder, HubConfig(raw, path)) if is_mine(raw := read_json(path)) else None
    paths = [path for pattern in HDF5 for path in folder.glob(pattern)]
    return _routhier(paths[0]) if len(paths) == 1 and not (folder / "card.json").exists() else None


def _westbrook(folder: Path, hub: HubConfig) -> NetworkRead:
    path = folder / "model_state.pt"
    if not path.is_file():
        raise ModelError(f"{folder} has no model_state.pt, which its config.json goes with")
    tensors = {name: each for name, each in read_pickle(path).items() if not name.endswith("num_batches_tracked")}
    pooled, first = len(POOLS), len(POOLS) + len(DILATIONS)
    modules = [f"conv_stack.{n}.pooled_conv" for n in range(pooled)] + [f"conv_stack.{pooled}.dilated_conv"]
    modules += [f"conv_stack.{n}.layer.dilated_conv" for n in range(pooled + 1, first)]
    head = f"conv_stack.{first}"
    shapes = [_shape(tensors, f"{name}.0.weight", path) for name in modules]
    outputs = _shape(tensors, f"{head}.weight", path)[0]
    steps = [Step(out, kernel, pool=pool) for (out, _, kernel), pool in zip(shapes, POOLS, strict=False)]
    dilated = enumerate(zip(shapes[pooled:], DILATIONS, strict=True))
    steps += [Step(out, kernel, dilation, joined=number > 0) for number, ((out, _, kernel), dilation) in dilated]
    window = hub.integer("winsize", 2048)
    try:
        stride = StackedSizes(("it",), tuple(steps), window).stride
        hub.must("head_interval", stride)
        # Its authors keep the middle half of a window.
        sizes = StackedSizes(_names(hub, outputs), tuple(steps), window, window // stride // 4)
    except ConfigError as error:
        raise ModelError(f"{hub.where}: {error}") from error
    names = {"head": head}
    for number, theirs in enumerate(modules):
        names[f"steps.{number}.conv"] = f"{theirs}.0"
        norm = f"{theirs}.{3 if number < pooled else 2}"
        names |= {f"steps.{number}.norm.{mine}": f"{norm}.{their}" for mine, their in NORM.items()}
    network = filled(Stacked, sizes, WeightTable(names), tensors, path)
    return NetworkRead(NAME, network, Weights({}, (path,)))


def _shape(tensors: Mapping[str, Tensor], name: str, path: Path) -> tuple[int, ...]:
    if name not in tensors or tensors[name].dim() != 3:
        raise ModelError(f"{path} is no {ARCHITECTURE}: it lacks {name}")
    return tuple(tensors[name].shape)


def _names(hub: HubConfig, outputs: int) -> tuple[str, ...]:
    """Return names of the tracks, by the files of labels."""
    labels = hub.raw.get("label_files")
    found = [Path(str(each)).stem.removeprefix("labels_") for each in labels] if isinstance(labels, list) else []
    fits = len(found) == outputs == len({*found}) and all(found)
    return tuple(found) if fits else tuple(f"track_{number}" for number in range(outputs))


def _routhier(path: Path) -> NetworkRead | None:
    """Read a sequence of convolutions whose last layer answers for the middle of a window."""
    text = keras_description(path)
    if '"Sequential"' not in text:
        return None
    try:
        told = json.loads(text)
        if told.get("class_name") != "Sequential":
            return None
        config = told["config"]
        layers = [
            (each["class_name"], each["config"]) for each in (config if isinstance(config, list) else config["layers"])
        ]
        sizes, names = _walked(layers, path)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise ModelError(f"{path} describes no network of nucleosomes ({error!r})") from error
    except ConfigError as error:
        raise ModelError(f"{path}: {error}") from error
    tensors = dict(_flat(name, each) for name, each in read_keras(path).items())
    first = names["steps.0.conv.weight"]
    if first in tensors:
        tensors[first] = tensors[first][:, ORDER]
    network = filled(Stacked, sizes, WeightTable(names), tensors, path)
    return NetworkRead(NAME, network, Weights({}, (path,)))


def _flat(name: str, tensor: Tensor) -> tuple[str, Tensor]:
    """Return a kernel as (out, in, taps) where it is of an image of one column, as (out, in) of a dense layer."""
    if not name.endswith(".kernel"):
        return name, tensor
    image = tensor.dim() == 4 and tensor.shape[1] == 1
    return name.replace(".kernel", ".weight"), tensor[:, 0].permute(2, 1, 0) if image else tensor.T


def _walked(layers: Sequence[tuple[str, dict[str, Any]]], path: Path) -> tuple[StackedSizes, dict[str, str]]:
    """Return the sizes, and our parameters -> theirs. Raises ModelError that names the layer which differs."""
    count = (len(layers) - 2) // len(_STEP)
    expected = [*_STEP * count, ("Flatten", {}), ("Dense", {"activation": "relu", "use_bias": True})]
    kinds = [kind for kind, _ in layers]
    if not count or kinds != [kind for kind, _ in expected]:
        raise ModelError(f"{path} is no network of nucleosomes: its layers are {', '.join(kinds)}")
    for (_, config), (_, settings) in zip(layers, expected, strict=True):
        for key, value in settings.items():
            if config.get(key) != value:
                raise ModelError(f"{path}: its layer {config['name']} has {key} {config.get(key)!r}, not {value!r}")
    _, bases, wide, channels = layers[0][1]["batch_input_shape"]
    if (wide, channels) != (1, 4):
        raise ModelError(f"{path} reads {wide} x {channels} numbers a base, not 1 x 4")
    steps: list[Step] = []
    names: dict[str, str] = {}
    for number in range(count):
        (_, conv), (_, pool), (_, norm), _ = layers[number * len(_STEP) : (number + 1) * len(_STEP)]
        if pool["strides"] != pool["pool_size"] or (pool["pool_size"][1], conv["kernel_size"][1]) != (1, 1):
            raise ModelError(f"{path}: its layer {pool['name']} has overlapping stretches, or more than one row")
        steps.append(Step(conv["filters"], conv["kernel_size"][0], pool=pool["pool_size"][0]))
        names |= _dense(f"steps.{number}.conv", conv["name"])
        names |= {f"steps.{number}.norm.{mine}": f"{norm['name']}/{their}" for mine, their in KERAS_NORM.items()}
    outputs, crop = layers[-1][1]["units"], bases // 2
    tracks = ("nucleosomes",) if outputs == 1 else tuple(f"nucleosomes_{number}" for number in range(outputs))
    # As many bases are answered as a change in their middle may reach.
    sizes = StackedSizes(tracks, tuple(steps), 4 * crop, crop, KERAS_EPS, bases)
    return sizes, names | _dense("head", layers[-1][1]["name"])


def _dense(ours: str, theirs: str) -> dict[str, str]:
    return {f"{ours}.weight": f"{theirs}/0.weight", f"{ours}.bias": f"{theirs}/1.bias"}
