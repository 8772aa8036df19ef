"""Borzoi-shaped networks as baskerville trains them (Borzoi, Shorkie and its language model): Keras hdf5, params.json.

The graph of the file is walked and must be such a network's, of any size. params.json need not be there: it names the
heads. Nothing in a file is run.
"""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from dnalect.core.errors import ConfigError, ModelError
from dnalect.core.files import read_json
from dnalect.models.families import borzoi
from dnalect.models.families.family import NetworkRead, filled
from dnalect.models.families.keras_graph import Graph, Layer, read_graph
from dnalect.models.files import HDF5, Weights, read_keras
from dnalect.models.layers.pyramid import EPS, Pyramid, PyramidSizes
from dnalect.models.weights import WeightTable

# The family of networks that say what a base is; the others are Borzois.
LANGUAGE = "shorkie"
NORM = {"weight": "0.gamma", "bias": "1.beta", "mean": "2.moving_mean", "variance": "3.moving_variance"}
LINEAR = {"weight": "0.kernel", "bias": "1.bias"}
SEPARABLE = {"each.weight": "0.depthwise_kernel", "all.weight": "1.pointwise_kernel", "all.bias": "2.bias"}
ATTENTION = {
    "content_bias": "0.r_w_bias",
    "distance_bias": "1.r_r_bias",
    "query.weight": "2.q_layer.kernel",
    "key.weight": "3.k_layer.kernel",
    "value.weight": "4.v_layer.kernel",
    "out.weight": "5.embedding_layer.kernel",
    "out.bias": "6.embedding_layer.bias",
    "distance.weight": "7.r_k_layer.kernel",
}
PLAIN = {"padding": "same", "activation": "linear", "strides": [1], "dilation_rate": [1], "use_bias": True}
# What the head is called until params.json names it.
HEAD = "head"
# Channels of a base: A, C, G, T, one that is never set, then one a species. Of those that it is known of: that of
# Saccharomyces cerevisiae.
SPECIES = {4: 0, 6: 5, 170: 114}
TARGETS = "targets.txt"


def read_folder(folder: Path) -> NetworkRead | None:
    """Return the network with its weights, and the files; None where the folder holds another model.

    Raises ModelError for what is damaged, for another graph with such attention, and for several files.
    """
    if (folder / "config.json").exists() or (folder / "card.json").exists():
        return None
    paths = sorted(path for pattern in HDF5 for path in folder.glob(pattern))
    graph = read_graph(paths[0]) if paths else None
    if graph is None or not any(each.kind == "MultiheadAttention" for each in graph.layers.values()):
        return None
    if len(paths) > 1:
        raise ModelError(
            f"{folder} holds several networks ({', '.join(path.name for path in paths)}): put each into a folder of "
            "its own"
        )
    path, params = paths[0], folder / "params.json"
    tensors = _oriented(read_keras(path))
    told = read_json(params).get("model", {}) if params.is_file() else {}
    if not isinstance(told, dict):
        raise ModelError(f"{params} has no table `model`")
    try:
        walk = _Walk(graph, tensors)
        sizes = PyramidSizes(**walk.sizes | _told(told, walk, params) | {"labels": _labels(folder, walk.units)})
    except ConfigError as error:
        raise ModelError(f"{path}: {error}") from error
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise ModelError(f"{path} describes a network otherwise than Keras does ({error!r})") from error
    renamed = {f"heads.{HEAD}.{kind}": f"heads.{sizes.outputs[0][0]}.{kind}" for kind in LINEAR}
    table = WeightTable({renamed.get(ours, ours): theirs for ours, theirs in walk.names.items()})
    family = LANGUAGE if sizes.bases else borzoi.NAME
    return NetworkRead(family, filled(Pyramid, sizes, table, tensors, path), Weights({}, (path,)))


def _oriented(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors, those of separable convolutions as torch has them."""
    found = dict(tensors)
    for name, each in tensors.items():
        if name.endswith("depthwise_kernel") and each.dim() == 3:
            found[name] = each.permute(1, 2, 0)
        elif name.endswith("pointwise_kernel") and each.dim() == 3:
            found[name] = each[0].T
    return found


def _told(model: Mapping[str, Any], walk: "_Walk", where: Path) -> dict[str, Any]:
    """Return what no graph tells: the name of the head, the species, how many tokens the distances were made for."""
    blocks = [each for each in model.get("trunk", ()) if isinstance(each, dict)]
    attention: dict[str, Any] = next((each for each in blocks if each.get("name") == "transformer_tower"), {})
    if not attention.get("content_position_bias", True):
        raise ModelError(f"{where}: attention by distance alone (content_position_bias: false) is not read")
    heads = sorted(name for name, each in model.items() if name.startswith("head") and isinstance(each, dict))
    named = [name for name in heads if model[name].get("units") == walk.units]
    inputs = walk.sizes["inputs"]
    species = model.get("species_channel", SPECIES.get(inputs))
    if species is None:
        raise ModelError(
            f"a base has {inputs:,} channels, so the network reads which species it is of: write that of yours into "
            f'{where}, as "species_channel" of "model" (5 is the first species)'
        )
    name = named[0].removeprefix("head").strip("_") if named else ""
    return {
        "outputs": ((name or "track", walk.units),),
        "species": species,
        "trained": attention.get("seqlen_train") or 0,
    }


def _labels(folder: Path, units: int) -> tuple[str, ...]:
    """Return the `identifier` of each track from the table of targets beside the weights, () where there is none.

    Of equal ones all but the first get their number. Raises ModelError for a table of another number of tracks.
    """
    path = folder / TARGETS
    if not path.is_file():
        return ()
    with path.open(newline="", encoding="utf-8", errors="replace") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t"))
    found = [str(row.get("identifier") or "") for row in rows]
    if len(found) != units or not all(found):
        raise ModelError(
            f"{path} has no `identifier` for each of {units:,} tracks; take it away, or give the right one"
        )
    return tuple(name if name not in found[:n] else f"{name}_{n}" for n, name in enumerate(found))


class _Walk:
    """The layers of a graph in the network's order. names: our parameter -> theirs. sizes: what the graph tells."""

    def __init__(self, graph: Graph, tensors: Mapping[str, Tensor]):
        self.graph = graph
        self.names: dict[str, str] = {}
        self.taken: set[str] = set()
        _, window, inputs = graph.layers[graph.input].config.get("batch_input_shape") or (None, 0, 0)
        self.sizes: dict[str, Any] = {"window": window, "inputs": inputs}
        current, turned = self._augmented()
        current, tower = self._tower(current)
        current = self._attention(current, tensors)
        current = self._ways_down(current, tower)
        current = self._joined(self._cropped(current))
        self.units = self._head(current, turned)

    def _augmented(self) -> tuple[str, str]:
        """Return the last layer of those that only training needs, and the one that turns sequences round."""
        current, turned = self.graph.input, ""
        for kind in ("StochasticReverseComplement", "StochasticShift"):
            if self.graph.followers(current, kind):
                current = self.graph.following(current, kind).name
                turned = current if kind == "StochasticReverseComplement" else turned
        return current, turned

    def _tower(self, name: str) -> tuple[str, list[str]]:
        """Return the last layer, and that which each level ends with."""
        graph = self.graph
        stem = self._convolution(name, "stem")
        current, halved = (
            (self._pooled(stem.name), True) if graph.followers(stem.name, "MaxPooling1D") else (stem.name, False)
        )
        levels: list[Layer] = []
        ends: list[str] = []
        added: set[int] = set()
        while not graph.followers(current, "LayerNormalization"):
            level, end, more = self._level(current, f"tower.{len(levels)}")
            levels.append(level)
            ends.append(end)
            added.add(more)
            current = self._pooled(end)
        if len(added) != 1 or len({each.config["kernel_size"][0] for each in levels}) != 1:
            raise graph.differs(current, "ends a tower whose levels differ in their convolutions")
        self.sizes |= {
            "channels": (stem.config["filters"], *(each.config["filters"] for each in levels)),
            "halved": halved,
            "stem": stem.config["kernel_size"][0],
            "kernel": levels[0].config["kernel_size"][0],
            "convolutions": 1 + added.pop(),
        }
        return current, ends

    def _attention(self, name: str, tensors: Mapping[str, Tensor]) -> str:
        layers, found = 0, set()
        while self.graph.followers(name, "LayerNormalization"):
            name, attention = self._block(name, f"blocks.{layers}")
            layers += 1
            bias, distance = (
                tensors.get(f"{attention}/{ATTENTION[each]}") for each in ("content_bias", "distance.weight")
            )
            if bias is None or distance is None or bias.dim() != 4:
                raise self.graph.differs(attention, "lacks its biases or its distances")
            found.add((bias.shape[1], bias.shape[3], distance.shape[0]))
        if len(found) != 1:
            raise self.graph.differs(name, "ends attention whose layers differ in their sizes")
        self.sizes |= {"layers": layers} | dict(zip(("heads", "key", "features"), found.pop(), strict=True))
        return name

    def _ways_down(self, name: str, tower: Sequence[str]) -> str:
        taps: list[int] = []
        while self._goes_down(name):
            if len(taps) == len(tower):
                raise self.graph.differs(name, "goes back to a level that the tower does not have")
            name, read = self._way_down(name, f"ups.{len(taps)}", tower[-1 - len(taps)])
            taps.append(read)
        if len({*taps}) > 1:
            raise self.graph.differs(name, "ends ways down that differ in their convolutions")
        self.sizes |= {"ups": len(taps)} | ({"taps": taps[0]} if taps else {})
        return name

    def _take(self, ours: str, layer: str, kinds: Mapping[str, str]) -> None:
        """Name the weights of a layer, which stands in one place of the network."""
        if layer in self.taken:
            raise self.graph.differs(layer, "is reached twice")
        self.taken.add(layer)
        self.names |= {f"{ours}.{mine}": f"{layer}/{theirs}" for mine, theirs in kinds.items()}

    def _convolution(self, name: str, ours: str, **settings: Any) -> Layer:
        layer = self.graph.following(name, "Conv1D", **PLAIN, **settings)
        self._take(ours, layer.name, LINEAR)
        return layer

    def _linear(self, name: str, ours: str, activation: str | tuple[str, ...] = "linear") -> Layer:
        layer = self.graph.following(name, "Dense", activation=activation, use_bias=True)
        self._take(ours, layer.name, LINEAR)
        return layer

    def _active(self, name: str) -> str:
        return self.graph.following(name, "TFOpLambda", function="nn.gelu", approximate=True).name

    def _normed(self, name: str, ours: str) -> str:
        """Return the GELU behind the batch norm behind a layer."""
        norm = self.graph.following(name, "BatchNormalization", axis=([2], [-1], 2, -1), epsilon=EPS)
        self._take(f"{ours}.norm", norm.name, NORM)
        return self._active(norm.name)

    def _passed(self, name: str) -> str:
        """Return the dropout behind a layer, else itself."""
        return self.graph.following(name, "Dropout").name if self.graph.followers(name, "Dropout") else name

    def _pooled(self, name: str) -> str:
        return self.graph.following(name, "MaxPooling1D", pool_size=[2], strides=[2], padding="same").name

    def _level(self, name: str, ours: str) -> tuple[Layer, str, int]:
        """Return the wide convolution, the layer that the level ends with, and how many convolutions were added."""
        graph = self.graph
        first = self._convolution(self._normed(name, f"{ours}.wide"), f"{ours}.wide.conv")
        if not graph.followers(first.name, "Add"):
            return first, first.name, 0
        last, number = first.name, 0
        while not graph.followers(self._passed(last), "Scale"):
            single = f"{ours}.single.{number}"
            last = self._convolution(self._normed(last, single), f"{single}.conv", kernel_size=[1]).name
            number += 1
        scale = graph.following(self._passed(last), "Scale")
        self.names[f"{ours}.scale"] = f"{scale.name}/0.scale"
        return first, graph.sum_of(scale.name, first.name), number

    def _block(self, name: str, ours: str) -> tuple[str, str]:
        """Return the last layer of a block, and its attention."""
        graph = self.graph
        norms = {"weight": "0.gamma", "bias": "1.beta"}
        norm = graph.following(name, "LayerNormalization", epsilon=EPS)
        self._take(f"{ours}.attention_norm", norm.name, norms)
        attention = graph.following(norm.name, "MultiheadAttention").name
        self._take(f"{ours}.attention", attention, ATTENTION)
        stream = graph.sum_of(self._passed(attention), name)
        norm = graph.following(stream, "LayerNormalization", epsilon=EPS)
        self._take(f"{ours}.norm", norm.name, norms)
        wide = self._passed(self._linear(norm.name, f"{ours}.up").name)
        active = graph.following(wide, "ReLU", max_value=None, negative_slope=(0.0, None), threshold=(0.0, None))
        return graph.sum_of(self._passed(self._linear(active.name, f"{ours}.down").name), stream), attention

    def _goes_down(self, name: str) -> bool:
        norms = self.graph.followers(name, "BatchNormalization")
        active = [each for norm in norms for each in self.graph.followers(norm, "TFOpLambda")]
        return any(self.graph.followers(each, "Dense") for each in active)

    def _way_down(self, name: str, ours: str, level: str) -> tuple[str, int]:
        """Return the last layer of a way down, and what its convolution reads. level: that the tower came by there."""
        graph = self.graph
        stream = self._linear(self._normed(name, f"{ours}.stream"), f"{ours}.stream.linear")
        longer = graph.following(stream.name, "UpSampling1D", size=2)
        beside = self._linear(self._normed(level, f"{ours}.beside"), f"{ours}.beside.linear")
        both = graph.sum_of(longer.name, beside.name)
        last = graph.following(both, "SeparableConv1D", depth_multiplier=1, **PLAIN)
        self._take(ours, last.name, SEPARABLE)
        return self._passed(last.name), int(last.config["kernel_size"][0])

    def _cropped(self, name: str) -> str:
        if not self.graph.followers(name, "Cropping1D"):
            return name
        layer = self.graph.following(name, "Cropping1D")
        left, right = layer.config["cropping"]
        if left != right:
            raise self.graph.differs(layer.name, f"takes {left} bins off one end, {right} off the other")
        self.sizes["crop"] = left
        return layer.name

    def _joined(self, name: str) -> str:
        if not self.graph.followers(name, "BatchNormalization"):
            return name
        layer = self._convolution(self._normed(name, "joined"), "joined.linear", kernel_size=[1])
        self.sizes["joined"] = layer.config["filters"]
        return self._passed(layer.name)

    def _head(self, name: str, turned: str) -> int:
        """Return how many tracks there are."""
        head = self._linear(self._active(name), f"heads.{HEAD}", ("softplus", "softmax"))
        last = head.name
        if turned and self.graph.followers(turned, "SwitchReverse"):
            last = self.graph.following(last, "SwitchReverse").name
        self.graph.finished(last)
        self.sizes["bases"] = head.config["activation"] == "softmax"
        return int(head.config["units"])
