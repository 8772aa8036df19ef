"""Keras graphs as their hdf5 files have them, built layer by layer."""

import json

import h5py
import numpy as np


class KerasFile:
    """Writes a functional graph. layers: as its JSON has them. weights: layer -> name of a weight -> array."""

    kind = "Model"

    def __init__(self, seed):
        self.layers, self.weights, self.counts, self.seed = [], {}, {}, seed
        self.output = ""

    def add(self, kind, name, inputs, weights=None, **config):
        self.counts[name] = self.counts.get(name, 0) + 1
        name = f"{name}_{self.counts[name]}"
        nodes = [[[each, 0, 0, {}] for each in inputs]] if inputs else []
        self.layers.append(
            {"class_name": kind, "name": name, "config": {"name": name} | config, "inbound_nodes": nodes}
        )
        if weights:
            self.weights[name] = weights
        return name

    def function(self, function, name, given, **arguments):
        """A function of tensors, which Keras writes otherwise than a layer."""
        name = self.add("TFOpLambda", name, [], function=function)
        self.layers[-1]["inbound_nodes"] = [[given, 0, 0, arguments]]
        return name

    def described(self, order):
        layers = [self.layers[n] for n in order]
        first = self.layers[0]["name"]
        return {"layers": layers, "input_layers": [[first, 0, 0]], "output_layers": [[self.output, 0, 0]]}

    def write(self, path, shuffled=True):
        order = np.random.default_rng(self.seed).permutation(len(self.layers)) if shuffled else range(len(self.layers))
        path.parent.mkdir(parents=True, exist_ok=True)
        with h5py.File(path, "w") as file:
            file.attrs["model_config"] = json.dumps({"class_name": self.kind, "config": self.described(order)})
            root = file.create_group("model_weights")
            names = [each["config"]["name"] for each in self.layers]
            root.attrs["layer_names"] = [name.encode() for name in names]
            for name in names:
                group = root.create_group(name)
                held = self.weights.get(name, {})
                group.attrs["weight_names"] = [f"{name}/{kind}:0".encode() for kind in held]
                for kind, array in held.items():
                    group[f"{name}/{kind}:0"] = array
        return path
