"""Borzoi (Linder 2025), Flashzoi and Borzoi Prime, of any size, as borzoi-pytorch lays them out."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from dnalect.core.errors import ConfigError, ModelError
from dnalect.core.files import read_json
from dnalect.models.families.family import HubConfig, NetworkRead, filled, is_of_type
from dnalect.models.files import read_weights
from dnalect.models.layers.pyramid import Pyramid, PyramidSizes
from dnalect.models.weights import WeightTable

NAME = "borzoi"
TITLE = "Borzoi and Flashzoi"
TYPES = ("borzoi", "prime")
WINDOW = 524_288
# Bins on each side that the networks were trained without, of those that give all others.
LEFT_OUT = 16
# borzoi-pytorch tells apart the distances of so many tokens, however long a window is.
TRAINED = 4096
# Channels of a head that Flashzoi turns.
TURNED = 128
NORM = {"weight": "weight", "bias": "bias", "mean": "running_mean", "variance": "running_var"}
_DISTANCE = {"query": "to_q", "key": "to_k", "value": "to_v", "out": "to_out", "distance": "to_rel_k"}
_BIASES = {"content_bias": "rel_content_bias", "distance_bias": "rel_pos_bias"}
_FLASH = {"qkv": "mha.Wqkv", "out": "mha.out_proj"}


def is_mine(config: Mapping[str, Any]) -> bool:
    """Whether a config.json is one of Borzoi."""
    return is_of_type(config, *TYPES)


def read_folder(folder: Path) -> NetworkRead | None:
    """Return the network with its weights, and the files; None where config.json is that of another model.

    Raises ModelError for a config that no such network has, and for weights that do not fit it.
    """
    path = folder / "config.json"
    if not path.is_file() or not is_mine(raw := read_json(path)):
        return None
    weights = read_weights(folder)
    tensors = {name: each for name, each in weights.tensors.items() if not name.endswith("num_batches_tracked")}
    try:
        sizes = _sizes(HubConfig(raw, path), tensors)
    except ConfigError as error:
        raise ModelError(f"{path}: {error}") from error
    return NetworkRead(NAME, filled(Pyramid, sizes, _table(sizes), tensors, folder), weights)


def _tower(levels: int, ups: int) -> list[str]:
    """Their name of each level of the tower: those that the ways down read, but the first, have names of their own."""
    first = levels - ups + 1
    return [f"res_tower.{2 * number}" for number in range(first)] + [f"unet{number}.1" for number in range(1, ups)]


def _sizes(hub: HubConfig, tensors: Mapping[str, Tensor]) -> PyramidSizes:
    """Return what config.json tells, and the files where it doesn't: most sizes of a published network have no key.

    `sequence_length`, in bases, may say how long a window is, and `rotary_dim` how many channels Flashzoi turns.
    """
    ups = len({name.split(".")[0] for name in tensors if name.startswith("upsampling_unet")})
    levels = len({name.split(".")[1] for name in tensors if name.startswith("res_tower.")}) + max(0, ups - 1)
    tower = [_shape(name, tensors, hub) for name in _tower(levels, ups)]
    stem = _shape("conv_dna", tensors, hub)
    dim, heads, flashed = hub.integer("dim", 1536), hub.integer("heads", 8), hub.flag("flashed", False)
    key, value = hub.integer("attn_dim_key", 64), hub.integer("attn_dim_value", 192)
    if not flashed and value * heads != dim:
        raise ModelError(f"{hub.where}: {heads} heads of {value} values do not make {dim} channels")
    if not tower or tower[-1][0] != dim:
        raise ModelError(f"{hub.where}: dim is {dim}, in the files {tower[-1][0] if tower else 'there is no tower'}")
    outputs = [(name, f"{name}_head.weight") for name in ("human", "mouse")]
    for name, weight in outputs:
        if hub.flag(f"enable_{name}_head", name == "human") and weight not in tensors:
            raise ModelError(f"{hub.where} asks for {weight}, which the files lack")
    network: dict[str, Any] = {
        "outputs": tuple((name, len(tensors[weight])) for name, weight in outputs if weight in tensors),
        "channels": (stem[0], *(each[0] for each in tower)),
        "stem": stem[-1],
        "kernel": tower[0][-1],
        "layers": hub.integer("depth", 8),
        "heads": heads,
        "ups": ups,
        "taps": _shape("separable0", tensors, hub, ".conv_layer.0.weight")[-1],
        "window": hub.integer("sequence_length", WINDOW),
    }
    if flashed:
        head = dim // max(1, heads)
        network |= {"features": 0, "groups": heads // 2, "rotated": hub.integer("rotary_dim", min(TURNED, head))}
    else:
        features = _shape("transformer.0.0.fn.1", tensors, hub, ".to_rel_k.weight")[-1]
        network |= {"key": key, "features": features, "trained": TRAINED}
    if "final_joined_convs.0.conv_layer.weight" in tensors:
        network["joined"] = len(tensors["final_joined_convs.0.conv_layer.weight"])
    whole = PyramidSizes(**network).bins
    centre = hub.flag("return_center_bins_only", True)
    bins = hub.integer("bins_to_return", 6144 if ups == 2 else 12288) if centre else whole - 2 * LEFT_OUT
    if bins != -1 and (bins > whole or (whole - bins) % 2):
        raise ModelError(f"{hub.where}: {bins:,} bins do not lie in the middle of {whole:,}")
    return PyramidSizes(**network, crop=0 if bins == -1 else (whole - bins) // 2)


def _shape(
    name: str, tensors: Mapping[str, Tensor], hub: HubConfig, kind: str = ".conv_layer.weight"
) -> tuple[int, ...]:
    if name + kind not in tensors or tensors[name + kind].dim() < 2:
        raise ModelError(f"{hub.where}: the files are no Borzoi of borzoi-pytorch: they lack {name}{kind}")
    return tuple(tensors[name + kind].shape)


def _normed(ours: str, theirs: str, layer: str) -> dict[str, str]:
    """A norm and what follows it."""
    norm = {f"{ours}.norm.{mine}": f"{theirs}.norm.{their}" for mine, their in NORM.items()}
    return norm | {f"{ours}.{layer}": f"{theirs}.conv_layer"}


def _table(sizes: PyramidSizes) -> WeightTable:
    names = {"stem": "conv_dna.conv_layer", "heads.human": "human_head", "heads.mouse": "mouse_head"}
    for number, theirs in enumerate(_tower(len(sizes.channels) - 1, sizes.ups)):
        names |= _normed(f"tower.{number}.wide", theirs, "conv")
    for number in range(sizes.ups):
        level = sizes.ups - 1 - number
        names |= _normed(f"ups.{number}.stream", f"upsampling_unet{level}.0", "linear")
        names |= _normed(f"ups.{number}.beside", f"horizontal_conv{level}", "linear")
        names |= {f"ups.{number}.{ours}": f"separable{level}.conv_layer.{n}" for n, ours in enumerate(("each", "all"))}
    names |= _normed("joined", "final_joined_convs.0", "linear")
    names |= {"blocks.*.attention_norm": "transformer.*.0.fn.0", "blocks.*.norm": "transformer.*.1.fn.0"}
    names |= {"blocks.*.up": "transformer.*.1.fn.1", "blocks.*.down": "transformer.*.1.fn.4"}
    kinds = _FLASH if sizes.turned else _DISTANCE | _BIASES
    names |= {f"blocks.*.attention.{ours}": f"transformer.*.0.fn.1.{theirs}" for ours, theirs in kinds.items()}
    return WeightTable(names)
