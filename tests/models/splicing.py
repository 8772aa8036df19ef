"""Tiny splice networks of random weights, in the files of the published ones; what they compute, by plain formulas."""

import numpy as np
import torch
from torch.nn import functional as F

from models.keras_files import KerasFile

KERNELS, DILATIONS, WIDTH = (3,) * 4 + (5,) * 4, (1,) * 4 + (2,) * 4, 6
CROP = sum((k - 1) * d for k, d in zip(KERNELS, DILATIONS, strict=True))
EPS = 1e-3


def drawn(seed, *shape, low=None):
    rng = np.random.default_rng([seed, *shape])
    return (rng.uniform(0.5, 1.5, shape) if low else rng.normal(0, 0.15, shape)).astype(np.float32)


class Keras(KerasFile):
    """SpliceAI's graph."""

    def __init__(self, seed, outputs=3):
        super().__init__(seed)
        x = self.add("InputLayer", "input", [])
        x = self.conv(x, 4, WIDTH, 1)
        total = self.conv(x, WIDTH, WIDTH, 1)
        for number, (kernel, dilation) in enumerate(zip(KERNELS, DILATIONS, strict=True), 1):
            y = self.half(self.half(x, kernel, dilation), kernel, dilation)
            x = self.add("Add", "add", [y, x] if number % 2 else [x, y])
            if number % 4 == 0:
                total = self.add("Add", "add", [total, self.conv(x, WIDTH, WIDTH, 1)])
        total = self.add("Cropping1D", "cropping1d", [total], cropping=[CROP, CROP])
        self.output = self.conv(total, WIDTH, outputs, 1, activation="softmax")

    def conv(self, x, width, filters, kernel, dilation=1, activation="linear"):
        settings = {"filters": filters, "kernel_size": [kernel], "dilation_rate": [dilation], "strides": [1]}
        settings |= {"padding": "same" if kernel > 1 else "valid", "activation": activation}
        name = self.add("Conv1D", "conv1d", [x], **settings)
        seed = self.seed + 7 * len(self.layers)
        self.weights[name] = {"kernel": drawn(seed, kernel, width, filters), "bias": drawn(seed, filters)}
        return name

    def half(self, x, kernel, dilation):
        name = self.add("BatchNormalization", "batch_normalization", [x], axis=-1, epsilon=EPS, scale=True, center=True)
        seed = self.seed + 11 * len(self.layers)
        self.weights[name] = {
            "gamma": drawn(seed, WIDTH, low=0.5),
            "beta": drawn(seed + 1, WIDTH),
            "moving_mean": drawn(seed + 2, WIDTH),
            "moving_variance": drawn(seed + 3, WIDTH, low=0.5),
        }
        return self.conv(
            self.add("Activation", "activation", [name], activation="relu"), WIDTH, WIDTH, kernel, dilation
        )


def spliceai(folder, files=2):
    """Write a folder as SpliceAI's; return the networks that its files hold."""
    folder.mkdir(parents=True, exist_ok=True)
    made = [Keras(100 * n + 1) for n in range(files)]
    for n, each in enumerate(made, 1):
        each.write(folder / f"spliceai{n}.h5")
    return made


def by_formula(network, one_hot):
    """Return the stream after the stem and each unit, the sum of the skips, and the softmax (L - 2 crop, 3); (L, 4)."""
    convs = [each for each in network.layers if each["class_name"] == "Conv1D"]
    norms = iter(each["name"] for each in network.layers if each["class_name"] == "BatchNormalization")
    convs = iter(convs)

    def conv(x):
        told = next(convs)
        held = {kind: torch.from_numpy(array) for kind, array in network.weights[told["name"]].items()}
        dilation = told["config"]["dilation_rate"][0]
        y = F.conv1d(x.T[None], held["kernel"].permute(2, 1, 0), held["bias"], padding="same", dilation=dilation)
        return y[0].T

    def half(x):
        held = {kind: torch.from_numpy(array) for kind, array in network.weights[next(norms)].items()}
        x = (x - held["moving_mean"]) / (held["moving_variance"] + EPS).sqrt() * held["gamma"] + held["beta"]
        return conv(x.clamp(min=0))

    streams = [conv(one_hot)]
    total = conv(streams[0])
    for number in range(1, len(KERNELS) + 1):
        streams.append(streams[-1] + half(half(streams[-1])))
        if number % 4 == 0:
            total = total + conv(streams[-1])
    return streams, total, conv(total)[CROP:-CROP].softmax(-1)


def state_dict(seed, kind, units=4, width=5):
    """Tensors as OpenSpliceAI ("open") and Pangolin ("pangolin") name them, with torch's counters."""
    made = {}

    def conv(name, out, into, kernel):
        made[f"{name}.weight"], made[f"{name}.bias"] = drawn(seed + len(made), out, into, kernel), drawn(len(made), out)

    def norm(name):
        made[f"{name}.weight"], made[f"{name}.bias"] = drawn(seed + len(made), width, low=1), drawn(len(made), width)
        made[f"{name}.running_mean"] = drawn(seed + len(made), width)
        made[f"{name}.running_var"] = drawn(seed + len(made), width, low=1)
        made[f"{name}.num_batches_tracked"] = np.array(3)

    opened = kind == "open"
    conv("initial_conv" if opened else "conv1", width, 4, 1)
    conv("initial_skip.conv" if opened else "skip", width, width, 1)
    place = 0
    for number in range(units):
        begin, bn = (f"residual_units.{place}", "batchnorm") if opened else (f"resblocks.{number}", "bn")
        for half in (1, 2):
            norm(f"{begin}.{bn}{half}")
            conv(f"{begin}.conv{half}", width, width, 11)
        place += 1
        if number % 4 == 3:
            conv(f"residual_units.{place}.conv" if opened else f"convs.{number // 4}", width, width, 1)
            place += 1
    for number in range(1, 9) if not opened else ():
        conv(f"conv_last{number}", 2 if number % 2 else 1, width, 1)
    if opened:
        conv("final_conv", 3, width, 1)
    return {name: torch.from_numpy(np.asarray(array)) for name, array in made.items()}


def of_state_dict(tensors, kind, one_hot, dilations=(1, 1, 1, 1)):
    """What the published formulas make of a state dict: (L - 2 crop, outputs)."""
    opened = kind == "open"

    def conv(name, x, dilation=1):
        weight = tensors[f"{name}.weight"]
        return F.conv1d(
            x, weight, tensors[f"{name}.bias"], padding=(weight.shape[-1] - 1) * dilation // 2, dilation=dilation
        )

    def norm(name, x):
        held = [tensors[f"{name}.{each}"] for each in ("running_mean", "running_var", "weight", "bias")]
        return F.batch_norm(x, *held, training=False, eps=1e-5)

    act = (lambda x: F.leaky_relu(x, 0.1)) if opened else torch.relu
    x = conv("initial_conv" if opened else "conv1", one_hot.T[None])
    skip, place = conv("initial_skip.conv" if opened else "skip", x), 0
    for number, dilation in enumerate(dilations):
        begin, bn = (f"residual_units.{place}", "batchnorm") if opened else (f"resblocks.{number}", "bn")
        y = conv(f"{begin}.conv1", act(norm(f"{begin}.{bn}1", x)), dilation)
        x = x + conv(f"{begin}.conv2", act(norm(f"{begin}.{bn}2", y)), dilation)
        place += 1
        if number % 4 == 3:
            skip = skip + conv(f"residual_units.{place}.conv" if opened else f"convs.{number // 4}", x)
            place += 1
    crop = sum(10 * dilation for dilation in dilations)
    skip = skip[..., crop:-crop]
    if opened:
        return conv("final_conv", skip).softmax(1)[0].T
    heads = [conv(f"conv_last{number}", skip) for number in range(1, 9)]
    return torch.cat([each.softmax(1) if each.shape[1] == 2 else each.sigmoid() for each in heads], 1)[0].T
