"""Tiny networks of Borzoi's kind in the layouts that they are published in, and what they say by plain formulas."""

import json
from dataclasses import dataclass

import numpy as np
import torch

from models.keras_files import KerasFile

EPS = 1e-3


@dataclass(frozen=True)
class Shape:
    """A network. flash: queries and keys are turned; of a head so many channels. species: the channel that is set."""

    channels: tuple = (6, 8, 10, 12)
    halved: bool = True
    convs: int = 1
    layers: int = 2
    heads: int = 2
    key: int = 5
    features: int = 8
    flash: int = 0
    ups: int = 2
    joined: int = 14
    heads_of: tuple = (("human", 3), ("mouse", 2))
    window: int = 256
    crop: int = 8
    trained: int = 0
    inputs: int = 4
    species: int = 0

    @property
    def tokens(self):
        return self.window >> (len(self.channels) - 1 + self.halved)


BORZOI = Shape(trained=4096)
FLASHZOI = Shape(flash=4, key=0, features=0, heads_of=(("human", 3),))
PRIME = Shape(trained=4096, channels=(6, 8, 10, 12, 12), ups=3, joined=0, window=512)
SHORKIE = Shape(
    channels=(6, 6, 8, 10, 12), halved=False, convs=2, ups=3, joined=0, heads_of=(("track", 5),), inputs=11, species=7
)
SHORKIE_LM = Shape(
    channels=(6, 6, 8, 12), halved=False, convs=2, ups=3, joined=0, heads_of=(("human", 4),), crop=0, inputs=170,
    species=114, window=128,
)  # fmt: skip


def drawn(shape, seed=0):
    """Random weights: our own names -> arrays."""
    rng, made = np.random.default_rng(seed), {}

    def add(name, *size, spread=0.4):
        made[name] = rng.standard_normal(size) * spread

    def normed(name, width):
        for kind in ("gamma", "beta", "mean"):
            add(f"{name}.{kind}", width)
        made[f"{name}.var"] = 0.5 + np.abs(rng.standard_normal(width))

    def linear(name, before, after, *taps):
        add(f"{name}.w", after, before, *taps)
        add(f"{name}.b", after)

    width, heads = shape.channels[-1], shape.heads
    linear("stem", shape.inputs, shape.channels[0], 7)
    for number, (before, after) in enumerate(zip(shape.channels[:-1], shape.channels[1:], strict=True)):
        normed(f"tower.{number}", before)
        linear(f"tower.{number}", before, after, 5)
        for single in range(shape.convs - 1):
            normed(f"tower.{number}.{single}", after)
            linear(f"tower.{number}.{single}", after, after, 1)
        if shape.convs > 1:
            add(f"tower.{number}.scale", after)
    for number in range(shape.layers):
        name = f"block.{number}"
        for part in ("first", "second"):
            add(f"{name}.{part}.gamma", width)
            add(f"{name}.{part}.beta", width)
        if shape.flash:
            linear(f"{name}.qkv", width, (heads + heads // 2 * 2) * (width // heads))
        else:
            add(f"{name}.q", heads * shape.key, width)
            add(f"{name}.k", heads * shape.key, width)
            add(f"{name}.v", width, width)
            add(f"{name}.r", heads * shape.key, shape.features)
            add(f"{name}.content", 1, heads, 1, shape.key)
            add(f"{name}.place", 1, heads, 1, shape.key)
        linear(f"{name}.out", width, width)
        linear(f"{name}.up", width, 2 * width)
        linear(f"{name}.down", 2 * width, width)
    for number in range(shape.ups):
        beside = shape.channels[-1 - number]
        for part, before in (("stream", width), ("beside", beside)):
            normed(f"way.{number}.{part}", before)
            linear(f"way.{number}.{part}", before, width)
        add(f"way.{number}.each", width, 3)
        linear(f"way.{number}.all", width, width)
    if shape.joined:
        normed("joined", width)
        linear("joined", width, shape.joined)
    for name, count in shape.heads_of:
        linear(f"head.{name}", shape.joined or width, count)
    return made


def gelu(x):
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def softmax(x):
    x = np.exp(x - x.max(-1, keepdims=True))
    return x / x.sum(-1, keepdims=True)


def convolved(x, weight, bias):
    """x: (T, C). weight: (out, C, K)."""
    kernel = weight.shape[-1]
    padded = np.pad(x, ((kernel // 2, kernel // 2), (0, 0)))
    return bias + sum(padded[tap : tap + len(x)] @ weight[..., tap].T for tap in range(kernel))


def by_formula(shape, held, one_hot):
    """Return the streams after the tower, each block and each way down, and the tracks; logits where they are bases."""
    width, heads, tokens = shape.channels[-1], shape.heads, shape.tokens

    def normed(name, x):
        scale = held[f"{name}.gamma"] / np.sqrt(held[f"{name}.var"] + EPS)
        return gelu((x - held[f"{name}.mean"]) * scale + held[f"{name}.beta"])

    def centred(name, x):
        x = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + EPS)
        return x * held[f"{name}.gamma"] + held[f"{name}.beta"]

    def linear(name, x):
        return x @ held[f"{name}.w"].T + held[f"{name}.b"]

    def conv(name, x):
        return convolved(x, held[f"{name}.w"], held[f"{name}.b"])

    def pooled(x):
        return x.reshape(-1, 2, x.shape[1]).max(1)

    def by_distance(name, x):
        half, out = shape.features // 2, []
        widths = ((shape.trained or tokens) + 1) ** (np.arange(1, half + 1) / half) - 1
        apart = np.arange(tokens)[None] - np.arange(tokens)[:, None]
        inside = (widths > np.abs(apart)[..., None]).astype(float)
        features = np.concatenate([inside, np.sign(apart)[..., None] * inside], -1)
        for head in range(heads):
            at, there = (
                slice(head * shape.key, (head + 1) * shape.key),
                slice(head * width // heads, (head + 1) * width // heads),
            )
            query = x @ held[f"{name}.q"][at].T / np.sqrt(shape.key)
            key, value = x @ held[f"{name}.k"][at].T, x @ held[f"{name}.v"][there].T
            place = np.einsum("id,ijd->ij", query + held[f"{name}.place"][0, head], features @ held[f"{name}.r"][at].T)
            out.append(softmax((query + held[f"{name}.content"][0, head]) @ key.T + place) @ value)
        return np.concatenate(out, 1)

    def turned(x):
        half = shape.flash // 2
        angles = np.arange(len(x))[:, None] / 20000.0 ** (np.arange(half) / half)
        a, b = x[:, :half], x[:, half : shape.flash]
        return np.concatenate(
            [a * np.cos(angles) - b * np.sin(angles), b * np.cos(angles) + a * np.sin(angles), x[:, shape.flash :]], 1
        )

    def flashed(name, x):
        size = width // heads
        parts = linear(f"{name}.qkv", x).reshape(len(x), -1, size)
        out = []
        for head in range(heads):
            key = heads + head // 2
            query, keys = turned(parts[:, head]), turned(parts[:, key])
            out.append(softmax(query @ keys.T / np.sqrt(size)) @ parts[:, key + heads // 2])
        return np.concatenate(out, 1)

    full = np.zeros((len(one_hot), shape.inputs))
    full[:, :4] = one_hot
    if shape.species:
        full[:, shape.species] = 1
    x, besides = conv("stem", full), []
    for number in range(len(shape.channels) - 1):
        x = pooled(x) if number or shape.halved else x
        x = first = conv(f"tower.{number}", normed(f"tower.{number}", x))
        for single in range(shape.convs - 1):
            x = conv(f"tower.{number}.{single}", normed(f"tower.{number}.{single}", x))
        x = first + held[f"tower.{number}.scale"] * x if shape.convs > 1 else first
        besides.append(x)
    x = pooled(x)
    streams = [x]
    for number in range(shape.layers):
        name = f"block.{number}"
        mixed = (flashed if shape.flash else by_distance)(name, centred(f"{name}.first", x))
        x = x + linear(f"{name}.out", mixed)
        x = x + linear(f"{name}.down", np.maximum(linear(f"{name}.up", centred(f"{name}.second", x)), 0))
        streams.append(x)
    for number, beside in enumerate(besides[::-1][: shape.ups]):
        name = f"way.{number}"
        x = linear(f"{name}.stream", normed(f"{name}.stream", x)).repeat(2, 0)
        x = x + linear(f"{name}.beside", normed(f"{name}.beside", beside))
        padded = np.pad(x, ((1, 1), (0, 0)))
        x = linear(f"{name}.all", sum(padded[tap : tap + len(x)] * held[f"{name}.each"][:, tap] for tap in range(3)))
        streams.append(x)
    x = x[shape.crop : len(x) - shape.crop]
    x = gelu(linear("joined", normed("joined", x)) if shape.joined else x)
    out = np.concatenate([linear(f"head.{name}", x) for name, _ in shape.heads_of], 1)
    return streams, out if shape.heads_of[0][1] == 4 else np.log1p(np.exp(out))


NORM = {"weight": "gamma", "bias": "beta", "running_mean": "mean", "running_var": "var"}


def hub_tensors(shape, held):
    """The tensors under the names of borzoi-pytorch."""
    found = {}

    def block(theirs, ours):
        found.update({f"{theirs}.norm.{mine}": held[f"{ours}.{kind}"] for mine, kind in NORM.items()})
        found[f"{theirs}.norm.num_batches_tracked"] = np.array(3)
        layer(f"{theirs}.conv_layer", ours, taps=True)

    def layer(theirs, ours, taps=False):
        weight = held[f"{ours}.w"]
        found.update(
            {
                f"{theirs}.weight": weight[..., None] if taps and weight.ndim == 2 else weight,
                f"{theirs}.bias": held[f"{ours}.b"],
            }
        )

    layer("conv_dna.conv_layer", "stem")
    levels = len(shape.channels) - 1
    for number in range(levels):
        beyond = number - (levels - shape.ups)
        block(f"unet{beyond}.1" if beyond > 0 else f"res_tower.{2 * number}", f"tower.{number}")
    for number in range(shape.layers):
        first, second, ours = f"transformer.{number}.0.fn", f"transformer.{number}.1.fn", f"block.{number}"
        for theirs, part in ((first, "first"), (second, "second")):
            found |= {
                f"{theirs}.0.weight": held[f"{ours}.{part}.gamma"],
                f"{theirs}.0.bias": held[f"{ours}.{part}.beta"],
            }
        if shape.flash:
            layer(f"{first}.1.mha.Wqkv", f"{ours}.qkv")
            layer(f"{first}.1.mha.out_proj", f"{ours}.out")
        else:
            for theirs, mine in (("to_q", "q"), ("to_k", "k"), ("to_v", "v"), ("to_rel_k", "r")):
                found[f"{first}.1.{theirs}.weight"] = held[f"{ours}.{mine}"]
            found |= {
                f"{first}.1.rel_content_bias": held[f"{ours}.content"],
                f"{first}.1.rel_pos_bias": held[f"{ours}.place"],
            }
            layer(f"{first}.1.to_out", f"{ours}.out")
        layer(f"{second}.1", f"{ours}.up")
        layer(f"{second}.4", f"{ours}.down")
    for number in range(shape.ups):
        theirs = shape.ups - 1 - number
        block(f"upsampling_unet{theirs}.0", f"way.{number}.stream")
        block(f"horizontal_conv{theirs}", f"way.{number}.beside")
        found[f"separable{theirs}.conv_layer.0.weight"] = held[f"way.{number}.each"][:, None]
        layer(f"separable{theirs}.conv_layer.1", f"way.{number}.all", taps=True)
    if shape.joined:
        block("final_joined_convs.0", "joined")
    for name, _ in shape.heads_of:
        layer(f"{name}_head", f"head.{name}", taps=True)
    return {
        name: torch.tensor(each) if each.ndim == 0 else torch.tensor(each, dtype=torch.float32)
        for name, each in found.items()
    }


def write_hub(folder, shape=BORZOI, held=None, **config):
    """Write a folder as the hub has it: safetensors would do, too."""
    folder.mkdir(parents=True, exist_ok=True)
    width = shape.channels[-1]
    bins = (shape.tokens << shape.ups) - 2 * shape.crop
    told = {"model_type": "prime" if shape.ups == 3 else "borzoi", "dim": width, "depth": shape.layers}
    told |= {"heads": shape.heads, "attn_dim_key": shape.key or 64, "attn_dim_value": width // shape.heads}
    told |= {"bins_to_return": bins, "return_center_bins_only": True, "sequence_length": shape.window}
    told |= {"enable_mouse_head": len(shape.heads_of) > 1} | (
        {"flashed": True, "rotary_dim": shape.flash} if shape.flash else {}
    )
    (folder / "config.json").write_text(json.dumps(told | config))
    torch.save(hub_tensors(shape, held or drawn(shape)), folder / "pytorch_model.bin")
    return folder


class Baskerville(KerasFile):
    """The graph of such a network as Keras keeps it."""

    kind = "Functional"

    def __init__(self, shape, held, turned=False):
        super().__init__(7)
        self.held = held
        x = self.add("InputLayer", "sequence", [], batch_input_shape=[None, shape.window, shape.inputs])
        back = x = self.add("StochasticReverseComplement", "stochastic_reverse_complement", [x]) if turned else x
        x = self.add("StochasticShift", "stochastic_shift", [x], shift_max=3)
        x, ends = self.conv(x, "stem"), []
        for number in range(len(shape.channels) - 1):
            x = self.pooled(x) if number or shape.halved else x
            x = first = self.conv(self.normed(x, f"tower.{number}"), f"tower.{number}")
            for single in range(shape.convs - 1):
                x = self.conv(self.normed(x, f"tower.{number}.{single}"), f"tower.{number}.{single}")
            if shape.convs > 1:
                scale = held[f"tower.{number}.scale"]
                x = self.add("Scale", "scale", [self.add("Dropout", "dropout", [x])], {"scale": scale}, axis=[2])
                x = self.add("Add", "add", [first, x])
            ends.append(x)
        x = self.pooled(x)
        for number in range(shape.layers):
            x = self.block(x, f"block.{number}")
        for number, end in enumerate(ends[::-1][: shape.ups]):
            name = f"way.{number}"
            y = self.dense(self.normed(end, f"{name}.beside"), f"{name}.beside")
            x = self.dense(self.normed(x, f"{name}.stream"), f"{name}.stream")
            x = self.add("Add", "add", [self.add("UpSampling1D", "up_sampling1d", [x], size=2), y])
            weights = {"depthwise_kernel": held[f"{name}.each"].T[..., None]}
            weights |= {"pointwise_kernel": held[f"{name}.all.w"].T[None], "bias": held[f"{name}.all.b"]}
            settings = {"kernel_size": [3], "strides": [1], "padding": "same", "dilation_rate": [1], "use_bias": True}
            settings |= {"activation": "linear", "depth_multiplier": 1}
            x = self.add("SeparableConv1D", "separable_conv1d", [x], weights, **settings)
        if shape.crop:
            x = self.add("Cropping1D", "cropping1d", [x], cropping=[shape.crop, shape.crop])
        if shape.joined:
            x = self.conv(self.normed(x, "joined"), "joined")
            x = self.add("Dropout", "dropout", [x])
        ((name, count),) = shape.heads_of
        x = self.dense(self.active(x), f"head.{name}", "softmax" if count == 4 else "softplus")
        self.output = self.add("SwitchReverse", "switch_reverse", [x, back], strand_pair=None) if turned else x

    def pooled(self, x):
        return self.add("MaxPooling1D", "max_pooling1d", [x], pool_size=[2], strides=[2], padding="same")

    def active(self, x):
        return self.function("nn.gelu", "tf.nn.gelu", x, approximate=True)

    def normed(self, x, name):
        kinds = {"gamma": "gamma", "beta": "beta", "moving_mean": "mean", "moving_variance": "var"}
        weights = {theirs: self.held[f"{name}.{ours}"] for theirs, ours in kinds.items()}
        return self.active(self.add("BatchNormalization", "batch_normalization", [x], weights, axis=[2], epsilon=EPS))

    def conv(self, x, name):
        weight = self.held[f"{name}.w"]
        weight = weight[..., None] if weight.ndim == 2 else weight
        settings = {"filters": len(weight), "kernel_size": [weight.shape[2]], "strides": [1], "padding": "same"}
        settings |= {"dilation_rate": [1], "activation": "linear", "use_bias": True}
        return self.add("Conv1D", "conv1d", [x], {"kernel": weight.T, "bias": self.held[f"{name}.b"]}, **settings)

    def dense(self, x, name, activation="linear"):
        weights = {"kernel": self.held[f"{name}.w"].T, "bias": self.held[f"{name}.b"]}
        settings = {"units": len(self.held[f"{name}.w"]), "activation": activation, "use_bias": True}
        return self.add("Dense", "dense", [x], weights, **settings)

    def centred(self, x, name):
        weights = {kind: self.held[f"{name}.{kind}"] for kind in ("gamma", "beta")}
        return self.add("LayerNormalization", "layer_normalization", [x], weights, axis=[2], epsilon=EPS)

    def block(self, x, name):
        held = self.held
        weights = {"r_w_bias": held[f"{name}.content"], "r_r_bias": held[f"{name}.place"]}
        weights |= {f"{kind}_layer/kernel": held[f"{name}.{kind}"].T for kind in ("q", "k", "v")}
        weights |= {"embedding_layer/kernel": held[f"{name}.out.w"].T, "embedding_layer/bias": held[f"{name}.out.b"]}
        weights |= {"r_k_layer/kernel": held[f"{name}.r"].T}
        y = self.add("MultiheadAttention", "multihead_attention", [self.centred(x, f"{name}.first")], weights)
        x = self.add("Add", "add", [x, self.add("Dropout", "dropout", [y])])
        y = self.add("Dropout", "dropout", [self.dense(self.centred(x, f"{name}.second"), f"{name}.up")])
        y = self.add("ReLU", "re_lu", [y], max_value=None, negative_slope=0.0, threshold=0.0)
        return self.add("Add", "add", [x, self.add("Dropout", "dropout", [self.dense(y, f"{name}.down")])])


def write_keras(folder, shape=SHORKIE, held=None, turned=False, params=None):
    """Write a folder as baskerville does: model_best.h5 and params.json."""
    graph = Baskerville(shape, held or drawn(shape), turned)
    graph.write(folder / "model_best.h5")
    ((name, count),) = shape.heads_of
    model = {"seq_length": shape.window, "trunk": [{"name": "transformer_tower"}]}
    model |= {f"head_{name}": {"name": "final", "units": count}}
    model |= {"species_channel": shape.species} if shape.species and shape.inputs != 170 else {}
    (folder / "params.json").write_text(json.dumps({"train": {}, "model": model | (params or {})}))
    return folder
