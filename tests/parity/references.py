"""DNABERT-2, LOGO, HyenaDNA, Evo 1 and 2 written down once more, by the papers' formulas and the published names.

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


def turned(x, heads, theta=10_000.0, stretch=1.0):
    """Rotary positions: channel c and c + half of each head turn by place / stretch / theta ** (2c / size)."""
    size = x.shape[1] // heads
    angles = np.arange(len(x))[:, None] / stretch * theta ** (-np.arange(0, size, 2) / size)
    out = np.empty_like(x)
    for head in range(heads):
        a, b = (x[:, head * size + low : head * size + low + size // 2] for low in (0, size // 2))
        out[:, head * size : head * size + size // 2] = a * np.cos(angles) - b * np.sin(angles)
        out[:, head * size + size // 2 : (head + 1) * size] = b * np.cos(angles) + a * np.sin(angles)
    return out


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


def gena_lm(w, heads, ids):
    """BERT with the norms before the sub-layers: x + f(norm(x)); the last norm where there is one."""
    w = {name: np.asarray(value, dtype=np.float64) for name, value in w.items()}

    def linear(name, x):
        return x @ w[name + ".weight"].T + w[name + ".bias"]

    def norm(name, x):
        return normed(x, w[name + ".weight"], w[name + ".bias"])

    run = Run()
    e = "bert.embeddings."
    x = w[e + "word_embeddings.weight"][ids] + w[e + "token_type_embeddings.weight"][0]
    x = norm(e + "LayerNorm", x + w[e + "position_embeddings.weight"][: len(ids)])
    run.hidden.append(x)
    layers = 1 + max(int(name.split(".")[3]) for name in w if ".layer." in name)
    for n in range(layers):
        p = f"bert.encoder.layer.{n}."
        y = norm(p + "pre_attention_ln", x)
        q, k, v = (linear(f"{p}attention.self.{which}", y) for which in ("query", "key", "value"))
        mixed, weights = attend(q, k, v, heads, lambda head: 0.0)
        run.attentions.append(weights)
        x = x + linear(p + "attention.output.dense", mixed)
        inner = gelu(linear(p + "intermediate.dense", norm(p + "post_attention_ln", x)))
        x = x + linear(p + "output.dense", inner)
        run.hidden.append(x)
    if "bert.encoder.last_layer_ln.weight" in w:
        x = run.hidden[-1] = norm("bert.encoder.last_layer_ln", x)
    y = norm("cls.predictions.transform.LayerNorm", gelu(linear("cls.predictions.transform.dense", x)))
    run.logits = y @ w["bert.embeddings.word_embeddings.weight"].T + w["cls.predictions.bias"]
    return run


def dilated(x, kernel, bias, dilation):
    """A convolution by its sum: kernel (out, in, taps), of an odd number; zeros outside."""
    middle = kernel.shape[2] // 2
    out = np.tile(bias, (len(x), 1)) if bias is not None else np.zeros((len(x), kernel.shape[0]))
    for at in range(len(x)):
        for tap in range(kernel.shape[2]):
            source = at + (tap - middle) * dilation
            if 0 <= source < len(x):
                out[at] += kernel[:, :, tap] @ x[source]
    return out


def gpn(w, heads, ids, cycle, bytes_=False):
    """GPN: the ConvNet of the first paper, or the ByteNet; dilations 1, 2 ... of each cycle."""
    w = {name: np.asarray(value, dtype=np.float64) for name, value in w.items()}

    def linear(name, x):
        return x @ w[name + ".weight"].T + w.get(name + ".bias", 0.0)

    def norm(name, x):
        return normed(x, w[name + ".weight"], w.get(name + ".bias", 0.0), 1e-5)

    def convolved(name, x, n):
        return dilated(x, w[name + ".weight"], w.get(name + ".bias"), 2 ** (n % cycle))

    run = Run()
    x = w["model.embeddings.word_embeddings.weight"][ids] if bytes_ else np.eye(24)[ids]
    run.hidden.append(x)
    layers = 1 + max(int(name.split(".")[3 if bytes_ else 2]) for name in w if name.startswith("model.encoder."))
    for n in range(layers):
        if bytes_:
            p = f"model.encoder.layer.{n}.layer."
            y = linear(p + "2", gelu(norm(p + "0", x)))
            y = convolved(p + "6", gelu(norm(p + "3", y)), n)
            x = x + linear(p + "10", gelu(norm(p + "8", y)))
        else:
            p = f"model.encoder.{n}."
            x = x + norm(p + "conv.4", gelu(convolved(p + "conv.1", x, n)))
            x = x + norm(p + "ffn.2", gelu(linear(p + "ffn.0", x)))
        run.hidden.append(x)
    if bytes_:
        x = run.hidden[-1] = norm("model.ln_f", x)
        run.logits = linear("cls.decoder", x)
    else:
        run.logits = linear("cls.decoder.3", norm("cls.decoder.2", gelu(linear("cls.decoder.0", x))))
    return run


def soft_gelu(x):
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def ntv3(w, heads, ids, downs, spread, phase, skips):
    """The U-Net: a window filled up with N (10) to a multiple of 2 ** downs; states of every token."""
    w = {name.removeprefix("core."): np.asarray(value, dtype=np.float64) for name, value in w.items()}
    fold = 2**downs
    length, whole = len(ids), -(-len(ids) // fold) * fold

    def linear(name, x):
        return x @ w[name + ".weight"].T + w.get(name + ".bias", 0.0)

    def norm(name, x):
        return normed(x, w[name + ".weight"], w[name + ".bias"], 1e-5)

    def block(name, x, repeats=1, stretched=False, transposed=False):
        y, kernel = norm(name + ".layer_norm", x), w[name + ".conv.weight"]
        if stretched:
            wide = np.zeros((2 * len(y), y.shape[1]))
            wide[int(phase == "odd") :: 2] = y
            y, kernel = wide, kernel.transpose(1, 0, 2)
        if transposed:
            kernel = kernel.transpose(1, 0, 2)
        return soft_gelu(dilated(np.repeat(y, repeats, 0), kernel, w[name + ".conv.bias"], 1))

    run, kept = Run(), []

    def keep(x):
        run.hidden.append(np.repeat(x, whole // len(x), 0)[:length])

    x = w["embed_layer.weight"][[*ids, *[10] * (whole - length)]]
    x = soft_gelu(dilated(x, w["stem.conv.weight"], w["stem.conv.bias"], 1))
    keep(x)
    for n in range(downs):
        kept.append(x)
        x = block(f"conv_tower_blocks.{n}.conv", x)
        x = x + block(f"conv_tower_blocks.{n}.res_conv.conv_block", x)
        keep(x)
        x = (x[::2] + x[1::2]) / 2
    n = 0
    while f"transformer_blocks.{n}.fc1.weight" in w:
        p = f"transformer_blocks.{n}."
        y = norm(p + "self_attention_layer_norm", x)
        q, k, v = (linear(f"{p}sa_layer.{which}_head.linear", y) for which in ("query", "key", "value"))
        mixed, _ = attend(turned(q, heads), turned(k, heads), v, heads, lambda head: 0.0)
        x = x + linear(p + "sa_layer.mha_output", mixed)
        both = linear(p + "fc1", norm(p + "final_layer_norm", x))
        gate, value = np.split(both, 2, 1)
        x = x + linear(p + "fc2", gate / (1 + np.exp(-gate)) * value)
        keep(x)
        n += 1
    for n in range(downs):
        x = block(f"deconv_tower_blocks.{n}.conv", x, repeats=1 if spread else 2, stretched=spread)
        x = x + block(f"deconv_tower_blocks.{n}.res_conv.conv_block", x, transposed=True)
        x = x + kept[-n - 1] if skips else x
        keep(x)
    run.logits = linear("lm_head.head", soft_gelu(x))[:length]
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


def silu(x):
    return x / (1 + np.exp(-x))


def selective(w, start, read):
    """One direction of Mamba, step by step: h = exp(step A) h + step x B, y = C h + D x. read: (T, 2 D)."""
    inner = read.shape[1] // 2
    taps = w[start + "conv1d.weight"][:, 0]
    before = np.vstack([np.zeros((taps.shape[1] - 1, inner)), read[:, :inner]])
    x = silu(w[start + "conv1d.bias"] + sum(taps[:, n] * before[n : n + len(read)] for n in range(taps.shape[1])))
    decay = -np.exp(w[start + "A_log"])
    rank, memory = w[start + "dt_proj.weight"].shape[1], decay.shape[1]
    chosen = x @ w[start + "x_proj.weight"].T
    step = np.log1p(np.exp(chosen[:, :rank] @ w[start + "dt_proj.weight"].T + w[start + "dt_proj.bias"]))
    state, out = np.zeros_like(decay), np.zeros_like(x)
    for t in range(len(x)):
        write, look = chosen[t, rank : rank + memory], chosen[t, rank + memory :]
        state = np.exp(step[t][:, None] * decay) * state + (step[t] * x[t])[:, None] * write
        out[t] = state @ look + w[start + "D"] * x[t]
    return out * silu(read[:, inner:])


def caduceus_ps(w, complement, layers, ids, exchanges=True):
    """Logits of Caduceus-PS, as its fused branch computes them; without exchanges as the readable one does."""
    w = {name: np.asarray(value, dtype=np.float64) for name, value in w.items()}
    words, complement, back = (
        w["caduceus.backbone.embeddings.word_embeddings.embedding.weight"],
        np.array(complement),
        -1,
    )
    half = words.shape[1]

    def norm(x, name):
        return x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-5) * w[f"caduceus.backbone.{name}.weight"]

    def mixed(x, start):
        read = x @ w[start + "mamba_fwd.in_proj.weight"].T
        y = selective(w, start + "mamba_fwd.", read) + selective(w, start + "mamba_rev.", read[::back])[::back]
        return y @ w[start + "mamba_fwd.out_proj.weight"].T

    x = np.hstack([words[ids], words[complement[ids[::back]]][::back, ::back]])
    for n in range(layers):
        start = f"caduceus.backbone.layers.{n}.mixer.submodule."
        first, second = (x[:, half:], x[:, :half]) if exchanges else (x[:, :half], x[:, half:])
        second = second[::back, ::back]
        first = first + mixed(norm(first, f"layers.{n}.norm"), start)
        second = second + mixed(norm(second, f"layers.{n}.norm"), start)
        x = np.hstack([first, second[::back, ::back]])
    first, second = norm(x[:, :half], "norm_f"), norm(x[::back, half:][:, ::back], "norm_f")[::back]
    return first @ words.T + second @ words[complement].T


def divided_by_root(x, scale, eps):
    return x / (np.sqrt((x**2).mean(-1, keepdims=True)) + eps) * scale


def striped(w, heads, ids, second=False, theta=10_000.0, stretch=1.0):
    """StripedHyena 1 (complex poles, thirds of heads) and 2 (real ones, thirds of channels, three sorts of filters)."""
    w = {name.removeprefix("backbone."): np.asarray(value, dtype=np.float64) for name, value in w.items()}
    run, length = Run(), len(ids)
    x = w["embedding_layer.weight"][ids]
    run.hidden.append(x)
    width = x.shape[1]
    size = width // heads
    behind = np.where(np.tril(np.ones((length, length))) > 0, 0.0, -1e30)
    for n in range(1 + max(int(name.split(".")[1]) for name in w if name.startswith("blocks."))):
        p = f"blocks.{n}."
        read = divided_by_root(x, w[p + "pre_norm.scale"], 1e-6)
        if p + "inner_mha_cls.Wqkv.weight" in w:
            inner = read @ w[p + "inner_mha_cls.Wqkv.weight"].T + w.get(p + "inner_mha_cls.Wqkv.bias", 0)
            rows = [np.arange(width) + third * width for third in range(3)]
            if second:
                rows = [
                    (np.arange(heads)[:, None] * 3 * size + third * size + np.arange(size)).ravel()
                    for third in range(3)
                ]
            q, k, v = (inner[:, each] for each in rows)
            q, k = turned(q, heads, theta, stretch), turned(k, heads, theta, stretch)
            y, _ = attend(q, k, v, heads, lambda head: behind)
            y = y @ w[p + "inner_mha_cls.out_proj.weight"].T + w[p + "inner_mha_cls.out_proj.bias"]
        else:
            inner = read @ w[p + "projections.weight"].T + w.get(p + "projections.bias", 0)
            f = p + "filter."
            taps = w[f + "short_filter_weight"][:, 0, ::-1].T
            inner = long_convolution(inner, np.vstack([taps, np.zeros((length, 3 * width))])) + w.get(
                f + "short_filter_bias", 0
            )
            if second:
                gate, key, value = (inner[:, third::3] for third in range(3))
            else:
                rows = [
                    (np.arange(heads)[:, None] * 3 * size + third * size + np.arange(size)).ravel()
                    for third in range(3)
                ]
                gate, key, value = (inner[:, each] for each in rows)
            u, t = key * value, np.arange(length)
            if f + "h" in w:
                h = np.repeat(w[f + "h"][:, 0], width // len(w[f + "h"]), axis=0)
                h = h if h.shape[1] >= 128 else h[:, ::-1]
                h = np.vstack([h.T, np.zeros((length, width))])
            elif second:
                h = (w[f + "residues"][..., None] * np.exp(w[f + "log_poles"] * t)).sum(1).T
            else:
                pole, residue = (
                    each[:, :, 0, 0] + 1j * each[:, :, 0, 1] for each in (w[f + "poles"], w[f + "residues"])
                )
                h = (residue[..., None] * pole[..., None] ** t).sum(1).real.T
            y = (long_convolution(u, h) + w.get(f + "D", 0) * u) * gate
            y = y @ w[p + "out_filter_dense.weight"].T + w[p + "out_filter_dense.bias"]
        x = x + y
        read = divided_by_root(x, w[p + "post_norm.scale"], 1e-6)
        inner = read @ w[p + "mlp.l1.weight"].T
        inner = inner if second and n else gelu(inner)
        x = x + (inner * (read @ w[p + "mlp.l2.weight"].T)) @ w[p + "mlp.l3.weight"].T
        run.hidden.append(x)
    run.hidden[-1] = x = divided_by_root(x, w["norm.scale"], 1e-6)
    run.logits = x @ w["embedding_layer.weight"].T
    return run
