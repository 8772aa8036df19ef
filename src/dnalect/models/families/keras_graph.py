"""A Keras functional graph, read as data from an hdf5 file: which layer follows which, with what settings."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dnalect.core.errors import ModelError
from dnalect.models.files import keras_description


@dataclass(frozen=True)
class Layer:
    """kind: its class. config: its settings. inputs: names of the layers that it reads."""

    name: str
    kind: str
    config: dict[str, Any]
    inputs: tuple[str, ...]


class Graph:
    """Layers by name. input, output: of the one that begins, and the one that ends. used: those that were asked for."""

    def __init__(self, layers: Sequence[Layer], inputs: Sequence[str], outputs: Sequence[str], path: Path):
        self.layers, self.path = {each.name: each for each in layers}, path
        if len(inputs) != 1 or len(outputs) != 1 or inputs[0] not in self.layers:
            raise ModelError(f"{path}: the network has {len(inputs)} inputs and {len(outputs)} outputs, not one each")
        self.input, self.output = inputs[0], outputs[0]
        self.used = {self.input}

    def differs(self, name: str, what: str) -> ModelError:
        """Return the error for a layer that the expected network has otherwise."""
        return ModelError(f"{self.path} holds another network: its layer {name} {what}")

    def followers(self, name: str, kind: str) -> list[str]:
        """Return the layers of a kind that read a layer."""
        return [each.name for each in self.layers.values() if name in each.inputs and each.kind == kind]

    def only(self, found: Sequence[str], name: str) -> str:
        """Return the one of some layers that follow another."""
        if len(found) != 1:
            raise self.differs(name, f"is followed by {', '.join(found) or 'none'}, where one is expected")
        return found[0]

    def layer(self, name: str, kind: str, **settings: Any) -> Layer:
        """Return a layer. settings: what its config must say; a tuple for one of several."""
        found = self.layers[name]
        if found.kind != kind:
            raise self.differs(name, f"is a {found.kind}, where a {kind} is expected")
        for key, value in settings.items():
            allowed = value if isinstance(value, tuple) else (value,)
            if (is_there := found.config.get(key)) not in allowed:
                raise self.differs(name, f"has {key} {is_there!r}, where {' or '.join(map(repr, allowed))} is expected")
        self.used.add(name)
        return found

    def following(self, name: str, kind: str, **settings: Any) -> Layer:
        """Return the one layer of a kind that reads a layer: see `layer`."""
        found = self.followers(name, kind)
        if not found:
            there = [f"{each.name} ({each.kind})" for each in self.layers.values() if name in each.inputs]
            raise self.differs(name, f"is followed by {', '.join(there) or 'nothing'}, where a {kind} is expected")
        return self.layer(self.only(found, name), kind, **settings)

    def sum_of(self, *names: str) -> str:
        """Return the layer that adds up these two."""
        found = [each for each in self.followers(names[0], "Add") if {*self.layers[each].inputs} == {*names}]
        if len(found) != 1:
            raise self.differs(names[0], f"is not added to {names[1]} once")
        return self.layer(found[0], "Add").name

    def finished(self, last: str) -> None:
        """Raise ModelError unless the last layer is the output and every layer was asked for."""
        if last != self.output:
            raise self.differs(self.output, f"is the output, where {last} is expected")
        if left := [name for name in self.layers if name not in self.used]:
            raise self.differs(left[0], f"({self.layers[left[0]].kind}) is one too many")


def read_graph(path: Path) -> Graph | None:
    """Return the graph of a whole Keras model, None of a file that holds weights alone or another kind of description.

    Raises ModelError where h5py is not installed or the file can't be read.
    """
    text = keras_description(path)
    try:
        told = json.loads(text) if text else {}
        if not isinstance(told, dict) or told.get("class_name") not in ("Model", "Functional"):
            return None
        config = told["config"]
        layers = [_layer(each) for each in config["layers"]]
        inputs, outputs = ([each[0] for each in config[name]] for name in ("input_layers", "output_layers"))
        return Graph(layers, inputs, outputs, path)
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise ModelError(f"{path} describes a network otherwise than as layers that are used once ({error})") from error


def _layer(layer: dict[str, Any]) -> Layer:
    """Read a layer. A function (TFOpLambda) has its arguments among its settings."""
    nodes, settings = layer["inbound_nodes"], dict(layer["config"])
    if len(nodes) > 1:
        raise ValueError(f"the layer {layer['name']} is used {len(nodes)} times")
    # A layer has a list of what it reads, a function what it reads itself.
    read = [each for node in nodes for each in ([node] if isinstance(node[0], str) else node)]
    for *_, arguments in read:
        settings |= arguments
    return Layer(layer["name"], layer["class_name"], settings, tuple(str(each[0]) for each in read))
