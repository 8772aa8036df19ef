"""Tiny Enformers as enformer-pytorch lays them out, and what they say by formulas of their own."""

import json
from itertools import pairwise
from math import lgamma, log

import numpy as np
import torch

CONFIG = {
    "model_type": "enformer",
    "dim": 24,
    "depth": 2,
    "heads": 2,
    "attn_dim_key": 5,
    "num_downsamples": 4,
    "dim_divisible_by": 4,
    "target_length": 6,
    "output_heads": {"human": 3, "mouse": 2},
    "use_tf_gamma": False,
    "sequence_length": 256,
}
# Of 24 channels, in steps of 4: after the stem and each halving.
CHANNELS = (12, 12, 16, 24)
TRUNK = {"stem": 1, "conv_tower": 2, "transformer": 4, "final_pointwise": 6}


def shapes():
    """Name -> shape, as in the package's state dict, without the copies."""
    found = {}

    def convolution(name, width, out, kernel):
        found.update({f"{name}.0.{kind}": (width,) for kind in ("weight", "bias", "running_mean", "running_var")})
        found.update({f"{name}.2.weight": (out, width, kernel), f"{name}.2.bias": (out,)})

    def halving(name, width):
        convolution(f"{name}.1.fn", width, width, 1)
        found[f"{name}.2.to_attn_logits.weight"] = (width, width, 1, 1)

    found |= {"stem.0.weight": (12, 4, 15), "stem.0.bias": (12,)}
    halving("stem", 12)
    for number, (before, after) in enumerate(pairwise(CHANNELS)):
        convolution(f"conv_tower.{number}.0", before, after, 5)
        halving(f"conv_tower.{number}", after)
    for number in range(2):
        first, second = f"transformer.{number}.0.fn", f"transformer.{number}.1.fn"
        found |= {f"{part}.0.{kind}": (24,) for part in (first, second) for kind in ("weight", "bias")}
        found |= {f"{first}.1.{name}.weight": (10, 24) for name in ("to_q", "to_k")}
        found |= {f"{first}.1.to_v.weight": (24, 24), f"{first}.1.to_rel_k.weight": (10, 12)}
        found |= {f"{first}.1.to_out.weight": (24, 24), f"{first}.1.to_out.bias": (24,)}
        found |= {f"{first}.1.rel_{kind}_bias": (1, 2, 1, 5) for kind in ("content", "pos")}
        found |= {f"{second}.1.weight": (48, 24), f"{second}.1.bias": (48,)}
        found |= {f"{second}.4.weight": (24, 48), f"{second}.4.bias": (24,)}
    convolution("final_pointwise.1", 24, 48, 1)
    for name, count in CONFIG["output_heads"].items():
        found |= {f"_heads.{name}.0.weight": (count, 48), f"_heads.{name}.0.bias": (count,)}
    return found


def state_dict(seed=0):
    """Random weights: name -> array, without the copies."""
    rng = np.random.default_rng(seed)
    made = {name: rng.standard_normal(shape) * 0.4 for name, shape in sorted(shapes().items())}
    for name in made:
        if name.endswith("running_var"):
            made[name] = 0.5 + np.abs(made[name])
    return made


def write(folder, tensors=None, **config):
    """Write a folder as the package does, with the copies of the trunk and the counts of batches."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(CONFIG | config))
    kept = {name: torch.tensor(each, dtype=torch.float32) for name, each in (tensors or state_dict()).items()}
    counts = {name.replace("running_var", "num_batches_tracked"): torch.tensor(3) for name in kept if "_var" in name}
    for name, each in list((kept | counts).items()):
        first, _, rest = name.partition(".")
        kept[name] = each
        if first in TRUNK:
            kept[f"_trunk.{TRUNK[first]}.{rest}"] = each
    torch.save(kept, folder / "pytorch_model.bin")
    return folder


def gelu(x):
    return x / (1 + np.exp(-1.702 * x))


def softmax(x, axis):
    x = np.exp(x - x.max(axis, keepdims=True))
    return x / x.sum(axis, keepdims=True)


def convolved(x, weight, bias):
    """x: (T, C). weight: (out, C, K)."""
    kernel = weight.shape[-1]
    padded = np.pad(x, ((kernel // 2, kernel // 2), (0, 0)))
    return bias + sum(padded[tap : tap + len(x)] @ weight[..., tap].T for tap in range(kernel))


def features(positions, count, window, peaks):
    """(len(positions), 6 count): a loop over each feature of each distance."""
    rows = []
    away = np.abs(positions)
    longest = log(window, 2)
    steps = np.linspace(0, 1, count)
    for half in 2 ** (3 + steps * (longest - 3)):
        rows.append(0.5 ** (away / half))
    for number in range(count):
        rows.append((away < 2 ** (number + 1) - 1).astype(float))
    deviation = window / (2 * count)
    gammas = []
    for mean in window / count + steps * (window - window / count):
        a, b = (mean / deviation) ** 2, mean / deviation**2
        with np.errstate(divide="ignore"):
            gammas.append(np.exp(a * log(b) - lgamma(a) + (a - 1) * np.log(away) - b * away) + 1e-8)
    gammas = np.array(gammas)
    rows = np.array([*rows, *(gammas / gammas.max(1 if peaks else 0, keepdims=True))]).T
    return np.concatenate([rows, np.sign(positions)[:, None] * rows], 1)


def by_formula(tensors, one_hot, peaks=False):
    """Return the streams (N, C) after the tower and each block, and the tracks (6, 5). one_hot: (256, 4)."""

    def of(name):
        return tensors[name]

    def convolution(x, name):
        scale = of(f"{name}.0.weight") / np.sqrt(of(f"{name}.0.running_var") + 1e-5)
        normed = (x - of(f"{name}.0.running_mean")) * scale + of(f"{name}.0.bias")
        return convolved(gelu(normed), of(f"{name}.2.weight"), of(f"{name}.2.bias"))

    def halved(x, name):
        x = x + convolution(x, f"{name}.1.fn")
        pairs = x.reshape(-1, 2, x.shape[1])
        logits = pairs @ of(f"{name}.2.to_attn_logits.weight")[..., 0, 0].T
        return (pairs * softmax(logits, 1)).sum(1)

    def normed(x, name):
        centred = x - x.mean(1, keepdims=True)
        return centred / np.sqrt(x.var(1, keepdims=True) + 1e-5) * of(f"{name}.weight") + of(f"{name}.bias")

    def attended(x, name):
        bins, out = len(x), []
        for head in range(2):
            at, there = slice(5 * head, 5 * head + 5), slice(12 * head, 12 * head + 12)
            query = x @ of(f"{name}.to_q.weight")[at].T / np.sqrt(5)
            key, value = x @ of(f"{name}.to_k.weight")[at].T, x @ of(f"{name}.to_v.weight")[there].T
            apart = np.arange(bins)[None] - np.arange(bins)[:, None]
            distance = features(np.arange(1 - bins, bins), 2, bins, peaks) @ of(f"{name}.to_rel_k.weight")[at].T
            by_content = (query + of(f"{name}.rel_content_bias")[0, head]) @ key.T
            moved = query + of(f"{name}.rel_pos_bias")[0, head]
            by_distance = np.einsum("id,ijd->ij", moved, distance[apart + bins - 1])
            out.append(softmax(by_content + by_distance, 1) @ value)
        return np.concatenate(out, 1) @ of(f"{name}.to_out.weight").T + of(f"{name}.to_out.bias")

    x = halved(convolved(one_hot, of("stem.0.weight"), of("stem.0.bias")), "stem")
    for number in range(3):
        x = halved(convolution(x, f"conv_tower.{number}.0"), f"conv_tower.{number}")
    streams = [x]
    for number in range(2):
        first, second = f"transformer.{number}.0.fn", f"transformer.{number}.1.fn"
        x = x + attended(normed(x, f"{first}.0"), f"{first}.1")
        inner = np.maximum(normed(x, f"{second}.0") @ of(f"{second}.1.weight").T + of(f"{second}.1.bias"), 0)
        x = x + inner @ of(f"{second}.4.weight").T + of(f"{second}.4.bias")
        streams.append(x)
    read = gelu(convolution(x[5:-5], "final_pointwise.1"))
    heads = [read @ of(f"_heads.{name}.0.weight").T + of(f"_heads.{name}.0.bias") for name in CONFIG["output_heads"]]
    return streams, np.log1p(np.exp(np.concatenate(heads, 1)))
