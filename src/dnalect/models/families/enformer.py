"""Enformer (Avsec 2021) as enformer-pytorch lays it out: config.json and weights, of any size."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from dnalect.core.errors import ConfigError, ModelError
from dnalect.core.files import read_json
from dnalect.models.families.family import HubConfig, NetworkRead, filled, is_of_type
from dnalect.models.files import read_weights
from dnalect.models.layers.binned import Binned, BinnedSizes
from dnalect.models.weights import WeightTable

NAME = "enformer"
TITLE = "Enformer"
HEADS = {"human": 5313, "mouse": 1643}
# Bins that the published network reads: no config.json of enformer-pytorch says how long a window is.
BINS = 1536
# Its modules stand twice in a checkpoint: by themselves, and in the order in which they run.
_TRUNK = {
    "_trunk.1.": "stem.",
    "_trunk.2.": "conv_tower.",
    "_trunk.4.": "transformer.",
    "_trunk.6.": "final_pointwise.",
}
_NORM = {"weight": "weight", "bias": "bias", "mean": "running_mean", "variance": "running_var"}


def _convolution(ours: str, theirs: str) -> dict[str, str]:
    norms = {f"{ours}.norm.{mine}": f"{theirs}.0.{their}" for mine, their in _NORM.items()}
    return norms | {f"{ours}.conv": f"{theirs}.2"}


_ATTENTION = {"query": "to_q", "key": "to_k", "value": "to_v", "out": "to_out", "distance": "to_rel_k"}
_NAMES = {
    "stem": "stem.0",
    **_convolution("stem_pool.inner", "stem.1.fn"),
    "stem_pool.pool": "stem.2.to_attn_logits",
    **_convolution("widen.*", "conv_tower.*.0"),
    **_convolution("pools.*.inner", "conv_tower.*.1.fn"),
    "pools.*.pool": "conv_tower.*.2.to_attn_logits",
    "blocks.*.attention_norm": "transformer.*.0.fn.0",
    **{f"blocks.*.attention.{ours}": f"transformer.*.0.fn.1.{theirs}" for ours, theirs in _ATTENTION.items()},
    "blocks.*.attention.content_bias": "transformer.*.0.fn.1.rel_content_bias",
    "blocks.*.attention.distance_bias": "transformer.*.0.fn.1.rel_pos_bias",
    "blocks.*.norm": "transformer.*.1.fn.0",
    "blocks.*.up": "transformer.*.1.fn.1",
    "blocks.*.down": "transformer.*.1.fn.4",
    **_convolution("final", "final_pointwise.1"),
}


def is_mine(config: Mapping[str, Any]) -> bool:
    """Whether a config.json is one of Enformer."""
    return is_of_type(config, NAME)


def read_folder(folder: Path) -> NetworkRead | None:
    """Return the network with its weights, and the files; None where config.json is that of another model.

    Raises ModelError for a config that no such network has, and for weights that do not fit it.
    """
    path = folder / "config.json"
    if not path.is_file() or not is_mine(raw := read_json(path)):
        return None
    try:
        sizes = read_config(HubConfig(raw, path))
    except ConfigError as error:
        raise ModelError(f"{path}: {error}") from error
    weights = read_weights(folder)
    heads = {f"heads.{name}": f"_heads.{name}.0" for name, _ in sizes.outputs}
    table = WeightTable(_NAMES | heads, ignored=("*.num_batches_tracked",))
    return NetworkRead(NAME, filled(Binned, sizes, table, _once(weights.tensors, folder), folder), weights)


def read_config(hub: HubConfig) -> BinnedSizes:
    """Return the sizes that a config.json asks for; what is missing has enformer-pytorch's defaults.

    `sequence_length`, in bases, may say how long a window is; without it that is the published network's 1,536 bins.
    Raises ModelError or ConfigError for what no such network has.
    """
    hub.must("use_convnext", False)
    outputs = hub.raw.get("output_heads", HEADS)
    if not isinstance(outputs, dict):
        raise ModelError(f"{hub.where}: output_heads must be names and numbers of tracks, not {outputs!r}")
    halvings = hub.integer("num_downsamples", 7)
    stride = 2 ** min(max(halvings, 0), 64)
    length = hub.integer("sequence_length", BINS * stride)
    if length % stride:
        raise ModelError(f"{hub.where}: sequence_length is {length:,}, no multiple of the {stride:,} bases of a bin")
    bins = hub.integer("target_length", 896)
    window = length // stride
    return BinnedSizes(
        outputs=tuple(outputs.items()),
        width=hub.integer("dim", 1536),
        layers=hub.integer("depth", 11),
        heads=hub.integer("heads", 8),
        key=hub.integer("attn_dim_key", 64),
        halvings=halvings,
        step=hub.integer("dim_divisible_by", 128),
        window=window,
        bins=window if bins == -1 else bins,
        # enformer-pytorch sets it by the name of the published repository, whose config.json lacks it.
        peaks=hub.flag("use_tf_gamma", outputs == HEADS),
    )


def _once(tensors: Mapping[str, Tensor], folder: Path) -> dict[str, Tensor]:
    """Return the tensors without those of the trunk, which must repeat the others or stand for them."""
    found: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        begin = next((each for each in _TRUNK if name.startswith(each)), "")
        plain = _TRUNK[begin] + name.removeprefix(begin) if begin else name
        if plain in found and not torch.equal(found[plain], tensor):
            raise ModelError(f"{folder}: {name} differs from its copy, which it must repeat")
        found[plain] = tensor
    return found
