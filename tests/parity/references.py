"""DNABERT-2, LOGO and HyenaDNA written down once more, from the papers' formulas and the published key names.

numpy in double precision, one sequence at a time, no padding, a loop over the heads: as unlike
the encoder under test as can be. Weights come under their published names.
"""

import math
from dataclasses import dataclass, field

import numpy as np

erf = np.vectorize(math.erf)


@dataclass
class Run:
    """Hidden states (T, C), attentions (N, T, T) and logits (T, V) of one sequence."""

    hidden: list = field(default_factory=list)
    attentions: list = field(default_factory=list)
    logits: np.ndarray = None


def gelu(x):
    return x * 0.5 * (1 + erf(x / math.sqrt(2)))


def normed(x, scale, shift, eps=1e-12):
    centred = x - x.mean(-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(-1, keepdims=True) + eps) * scale + shift


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def attend(q, k, v, heads, bias):
    """bias(head): (T, T). Returns (T, C) and (N, T, T)."""
    size = q.shape[1] // heads
    weights, parts = [], []
    for head in range(heads):
        at = slice(head * size, (head + 1) * size)
        weights.append(softmax(q[:, at] @ k[:, at].T / math.sqrt(size) + bias(head)))
        parts.append(weights[-1] @ v[:, at])
    return np.concatenate(parts, 1), np.stack(weights)


def alibi_slope(head, heads):
    """Slopes for a power of two of heads; beyond it, odd steps of the finer series."""
    power = 1
    while power * 2 <= heads:
        power *= 2
    if head < power:
        return 2.0 ** (-8.0 / power * (head + 1))
    return 2.0 ** (-8.0 / (2 * power) * (2 * (head - power) + 1))


def dnabert2(w, heads, ids):
    """MosaicBERT: no positions, ALiBi on both sides, post-norm, GELU(first half) * second half."""
    w = {name: np.asarray(value, dtype=np.float64) for name, value in w.items()}
    run = Run()
    e = "bert.embeddings."
    x = w[e + "word_embeddings.weight"][ids] + w[e + "token_type_embeddings.weight"][0]
    x = normed(x, w[e + "LayerNorm.weight"], w[e + "LayerNorm.bias"])
    run.hidden.append(x)
    place = np.arange(len(ids))
    distance = abs(place[:, None] - place[None, :])
    layers = 1 + max(int(name.split(".")[3]) for name in w if ".layer." in name)
    for n in range(layers):
        p = f"bert.encoder.layer.{n}."
        qkv = x @ w[p + "attention.self.Wqkv.weight"].T + w[p + "attention.self.Wqkv.bias"]
        width = x.shape[1]
        q, k, v = qkv[:, :width], qkv[:, width : 2 * width], qkv[:, 2 * width :]
        mixed, weights = attend(q, k, v, heads, lambda head: -alibi_slope(head, heads) * distance)
        run.attentions.append(weights)
        mixed = mixed @ w[p + "attention.output.dense.weight"].T + w[p + "attention.output.dense.bias"]
        x = normed(x + mixed, w[p + "attention.output.LayerNorm.weight"], w[p + "attention.output.LayerNorm.bias"])
        both = x @ w[p + "mlp.gated_layers.weight"].T
        half = both.shape[1] // 2
        inner = gelu(both[:, :half]) * both[:, half:]
        out = inner @ w[p + "mlp.wo.weight"].T + w[p + "mlp.wo.bias"]
        x = normed(x + out, w[p + "mlp.layernorm.weight"], w[p + "mlp.layernorm.bias"])
        run.hidden.append(x)
    t = "cls.predictions.transform."
    y = gelu(x @ w[t + "dense.weight"].T + w[t + "dense.bias"])
    y = normed(y, w[t + "LayerNorm.weight"], w[t + "LayerNorm.bias"])
    run.logits = y @ w["bert.embeddings.word_embeddings.weight"].T + w["cls.predictions.decoder.bias"]
    return run


def same_convolution(x, kernel, bias):
    """Keras' Conv1D, padding="same": the extra place of an even kernel is on the right."""
    length, size = len(x), len(kernel)
    out = np.tile(bias, (length, 1))
    for at in range(length):
        for tap in range(size):
            source = at + tap - (size - 1) // 2
            if 0 <= source < length:
                out[at] += x[source] @ kernel[tap]
    return out


def logo(w, heads, ids, causal=False):
    """bert4keras' BERT: id 0 is masked away, but not in the first place; kernels are (in, out)."""
    w = {name: np.asarray(value, dtype=np.float64) for name, value in w.items()}
    run = Run()
    x = w["Embedding-Token/0.embeddings"][ids]
    kernels = [size for size in (2, 3, 5) if f"Embedding-Token-Conv1D-{size}/0.kernel" in w]
    if kernels:
        names = [f"Embedding-Token-Conv1D-{size}/" for size in kernels]
        x = sum(same_convolution(x, w[name + "0.kernel"], w[name + "1.bias"]) for name in names)
    x = x + w["Embedding-Segment/0.embeddings"][0] + w["Embedding-Position/0.embeddings"][: len(ids)]
    x = normed(x, w["Embedding-Norm/1.gamma"], w["Embedding-Norm/0.beta"])
    if "Embedding-Mapping/0.kernel" in w:
        x = x @ w["Embedding-Mapping/0.kernel"] + w["Embedding-Mapping/1.bias"]
    run.hidden.append(x)
    seen = np.array(ids) != 0
    seen[0] = True
    bars = np.where(seen, 0.0, -1e12)[None, :] + np.zeros((len(ids), 1))
    if causal:
        bars = bars + np.triu(np.full((len(ids), len(ids)), -1e12), 1)
    n = 0
    while f"Transformer-{n}-MultiHeadSelfAttention/0.kernel" in w:
        a, f = f"Transformer-{n}-MultiHeadSelfAttention", f"Transformer-{n}-FeedForward"
        q, k, v = (x @ w[f"{a}/{i}.kernel"] + w[f"{a}/{i + 1}.bias"] for i in (0, 2, 4))
        mixed, weights = attend(q, k, v, heads, lambda head: bars)
        run.attentions.append(weights)
        mixed = (mixed @ w[f"{a}/6.kernel"] + w[f"{a}/7.bias"]) * seen[:, None]
        x = normed(x + mixed, w[f"{a}-Norm/1.gamma"], w[f"{a}-Norm/0.beta"])
        if f"{f}_Conv1D/0.kernel" in w:
            out = same_convolution(x, w[f"{f}_Conv1D/0.kernel"], w[f"{f}_Conv1D/1.bias"])
        else:
            out = gelu(x @ w[f"{f}/0.kernel"] + w[f"{f}/1.bias"]) @ w[f"{f}/2.kernel"] + w[f"{f}/3.bias"]
        x = normed(x + out, w[f"{f}-Norm/1.gamma"], w[f"{f}-Norm/0.beta"])
        run.hidden.append(x)
        n += 1
    y = gelu(x @ w["MLM-Dense/0.kernel"] + w["MLM-Dense/1.bias"])
    y = normed(y, w["MLM-Norm/1.gamma"], w["MLM-Norm/0.beta"])
    run.logits = y @ w["Embedding-Token/0.embeddings"].T + w["MLM-Bias/0.bias"]
    return run


def tanh_gelu(x):
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def long_convolution(x, kernel):
    """y[t] = sum over s of kernel[s] x[t - s], tap by tap; both (T, C)."""
    out = np.zeros_like(x)
    for tap in range(len(x)):
        out[tap:] += kernel[tap] * x[: len(x) - tap]
    return out


def hyenadna(w, heads, ids):
    """Hyena of order 2: y = x0 * (h * (x1 v) + D x1 v), its filters h made of the places of the longest window."""
    w = {name: np.asarray(value, dtype=np.float64) for name, value in w.items()}
    run, length = Run(), len(ids)
    x = w["hyena.backbone.embeddings.word_embeddings.weight"][ids]
    run.hidden.append(x)
    layers = 1 + max(int(name.split(".")[3]) for name in w if ".layers." in name)
    for n in range(layers):
        p = f"hyena.backbone.layers.{n}."
        f = p + "mixer.filter_fn."
        read = normed(x, w[p + "norm1.weight"], w[p + "norm1.bias"], 1e-5)
        inner = read @ w[p + "mixer.in_proj.weight"].T + w[p + "mixer.in_proj.bias"]
        taps = w[p + "mixer.short_filter.weight"][:, 0]
        near = w[p + "mixer.short_filter.bias"] + sum(
            taps[:, 2 - back] * np.vstack([np.zeros((back, inner.shape[1])), inner[: length - back]])
            for back in range(3)
        )
        width = x.shape[1]
        x0, x1, v = near[:, :width], near[:, width : 2 * width], near[:, 2 * width :]
        h = w[f + "pos_emb.z"][0, :length]
        last = max(
            int(name.split(".")[-2]) for name in w if name.startswith(f + "implicit_filter") and "weight" in name
        )
        for at in range(0, last, 2):
            h = h @ w[f + f"implicit_filter.{at}.weight"].T + w[f + f"implicit_filter.{at}.bias"]
            h = np.sin(w[f + "implicit_filter.1.freq"] * h)
        h = h @ w[f + f"implicit_filter.{last}.weight"].T
        h = h * (np.exp(-w[f + "pos_emb.t"][0, :length] * abs(w[f + "modulation.deltas"][0])) + 0.05)
        u = x1 * v
        y = (long_convolution(u, h) + w[f + "bias"] * u) * x0
        x = x + y @ w[p + "mixer.out_proj.weight"].T + w[p + "mixer.out_proj.bias"]
        read = normed(x, w[p + "norm2.weight"], w[p + "norm2.bias"], 1e-5)
        inner = tanh_gelu(read @ w[p + "mlp.fc1.weight"].T + w[p + "mlp.fc1.bias"])
        x = x + inner @ w[p + "mlp.fc2.weight"].T + w[p + "mlp.fc2.bias"]
        run.hidden.append(x)
    run.hidden[-1] = x = normed(x, w["hyena.backbone.ln_f.weight"], w["hyena.backbone.ln_f.bias"], 1e-5)
    run.logits = x @ w["lm_head.weight"].T
    return run
