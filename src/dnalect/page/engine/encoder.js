// The encoder of the Nucleotide Transformer's second version, on single bases: pre-norm, rotary attention, SwiGLU
// (models/families/nucleotide_transformer.py). One sequence at a time, without padding.

import { whole } from "./kernels.js";

const ROTARY_BASE = 10000;
const STRIP = 64;
// Share of tokens that pretraining shows as masks.
const MASKED_IN_TRAINING = 0.15 * 0.8;

export class Encoder {
  constructor(kernels, tensors, config) {
    this.kernels = kernels;
    this.config = config;
    this.width = config.width;
    if (config.version !== 2 || this.width % 8)
      throw new Error("only the second version is read here, of a width that is a multiple of 8");
    const linear = (name) => kernels.linear(tensors, name);
    const norm = (name) => kernels.normOf(tensors, name, config.eps);
    const words = tensors.get("esm.embeddings.word_embeddings.weight");
    const table = kernels.tensor(words);
    this.words = kernels.floats(table, config.vocabulary * this.width).slice();
    kernels.give(table);
    this.layers = Array.from({ length: config.layers }, (_, n) => {
      const name = `esm.encoder.layer.${n}`;
      return {
        norm1: norm(`${name}.attention.LayerNorm`),
        query: linear(`${name}.attention.self.query`),
        key: linear(`${name}.attention.self.key`),
        value: linear(`${name}.attention.self.value`),
        out: linear(`${name}.attention.output.dense`),
        norm2: norm(`${name}.LayerNorm`),
        up: linear(`${name}.intermediate.dense`),
        down: linear(`${name}.output.dense`),
      };
    });
    this.norm = norm("esm.encoder.emb_layer_norm_after");
    this.dense = linear("lm_head.dense");
    this.headNorm = norm("lm_head.layer_norm");
    const decoder = config.tied ? "esm.embeddings.word_embeddings" : "lm_head.decoder";
    this.decoder = kernels.linear(tensors, decoder, { bias: "lm_head.bias" });
    this.angles = { length: 0, cosine: 0, sine: 0 };
  }

  /** Logits (m, words) at some tokens. ids: all of them, hidden ones as masks. wanted: places, rising. */
  logits(ids, wanted) {
    const { kernels, width, config } = this;
    const m = wanted.length;
    const x = this.#stack(ids, { wanted });
    kernels.normed(this.norm, x, x, m);
    const inner = kernels.take(m * whole(width));
    kernels.apply(this.dense, x, inner, m);
    kernels.gelu(inner, m * width);
    kernels.normed(this.headNorm, inner, inner, m);
    const out = kernels.take(m * whole(config.vocabulary));
    kernels.apply(this.decoder, inner, out, m);
    const logits = unpadded(kernels, out, m, config.vocabulary);
    kernels.give(x, inner, out);
    return logits;
  }

  /** Call seen(layer, head, read) for every head; read() copies its attention (T, T). */
  attention(ids, seen) {
    this.kernels.give(this.#stack(ids, { seen }));
  }

  /** The states after the last layer, of the wanted tokens or all. */
  #stack(ids, { wanted = null, seen = null }) {
    let x = this.#embedded(ids);
    this.#turn(ids.length);
    for (const [n, layer] of this.layers.entries()) {
      const rows = wanted && n === this.layers.length - 1 ? wanted : null;
      const out = this.#layer(layer, x, ids.length, rows, seen && ((head, weights) => seen(n, head, weights)));
      this.kernels.give(x);
      x = out;
    }
    return x;
  }

  #embedded(ids) {
    const { kernels, width, config, words } = this;
    const at = kernels.take(ids.length * width);
    const out = kernels.floats(at, ids.length * width);
    const masked = ids.reduce((count, id) => count + (id === config.mask_id), 0);
    const kept = (1 - MASKED_IN_TRAINING) / Math.max(1 - masked / ids.length, 1 / ids.length);
    ids.forEach((id, n) => {
      const factor = !config.token_dropout ? 1 : id === config.mask_id ? 0 : kept;
      for (let i = 0; i < width; i++) out[n * width + i] = words[id * width + i] * factor;
    });
    return at;
  }

  /** Cosines and sines (T, D / 2) of the angles of T places. */
  #turn(length) {
    if (length <= this.angles.length) return;
    const { kernels, config } = this;
    const half = config.width / config.heads / 2;
    const rates = Float32Array.from({ length: half }, (_, i) => Math.fround(ROTARY_BASE ** Math.fround(-i / half)));
    const angles = Float32Array.from({ length: length * half }, (_, at) => Math.floor(at / half) * rates[at % half]);
    if (this.angles.length) kernels.give(this.angles.cosine, this.angles.sine);
    this.angles = { length, cosine: kernels.put(angles.map(Math.cos)), sine: kernels.put(angles.map(Math.sin)) };
  }

  /** A layer's output of some rows, or of all T. */
  #layer(layer, x, T, wanted, seen) {
    const { kernels, width } = this;
    const normed = kernels.take(T * width);
    kernels.normed(layer.norm1, x, normed, T);
    const project = (which, from, rows) => {
      const to = kernels.take(rows * width);
      kernels.apply(which, from, to, rows);
      return to;
    };
    const [key, value] = [project(layer.key, normed, T), project(layer.value, normed, T)];
    this.#rotate(key, Array.from({ length: T }, (_, n) => n));
    const rows = wanted ?? Array.from({ length: T }, (_, n) => n);
    const M = rows.length;
    const out = wanted ? this.#gathered(x, rows) : kernels.copied(x, T * width);
    const asking = wanted ? this.#gathered(normed, rows) : normed;
    const query = project(layer.query, asking, M);
    this.#rotate(query, rows);
    const mixed = this.#attend(query, key, value, M, T, seen);
    kernels.apply(layer.out, mixed, out, M, { added: 1 });
    kernels.give(normed, key, value, query, mixed, ...(wanted ? [asking] : []));
    this.#feedForward(layer, out, M);
    return out;
  }

  #attend(query, key, value, M, T, seen) {
    const { kernels, width, config } = this;
    const D = width / config.heads;
    const stride = whole(T);
    const [mixed, part] = [kernels.take(M * width), kernels.take(M * whole(D))];
    for (let head = 0; head < config.heads; head++) {
      const scores = kernels.take(M * stride);
      const keys = kernels.packed(key, D, T, 1, width, head * D);
      kernels.product(query + 4 * head * D, width, keys, scores, stride, M, D, T, 0, 0);
      kernels.softmax(scores, M, T, stride, D ** -0.5);
      if (seen) seen(head, () => unpadded(kernels, scores, M, T));
      const values = kernels.packed(value, T, D, width, 1, head * D);
      kernels.product(scores, stride, values, part, whole(D), M, T, D, 0, 0);
      kernels.copy(part, whole(D), mixed + 4 * head * D, width, M, D);
      kernels.give(scores, keys, values);
    }
    kernels.give(part);
    return mixed;
  }

  #feedForward(layer, x, rows) {
    const { kernels, width, config } = this;
    const [both, inner] = [whole(2 * config.hidden), whole(config.hidden)];
    const spaces = [STRIP * width, STRIP * both + 8, STRIP * inner].map((n) => kernels.take(n));
    const [normed, gated, out] = spaces;
    for (let low = 0; low < rows; low += STRIP) {
      const [from, count] = [x + 4 * low * width, Math.min(STRIP, rows - low)];
      kernels.normed(layer.norm2, from, normed, count);
      kernels.apply(layer.up, normed, gated, count);
      kernels.swiglu(gated, both, out, inner, count, config.hidden);
      kernels.apply(layer.down, out, from, count, { lda: inner, added: 1 });
    }
    kernels.give(...spaces);
  }

  #rotate(x, rows) {
    const { kernels, config, width } = this;
    const half = width / config.heads / 2;
    // Runs of neighbours are turned together.
    for (let low = 0, high; low < rows.length; low = high) {
      for (high = low + 1; high < rows.length && rows[high] === rows[high - 1] + 1; high++);
      const angle = 4 * rows[low] * half;
      kernels.rotate(x + 4 * low * width, this.angles.cosine + angle, this.angles.sine + angle, high - low, config.heads, 2 * half);
    }
  }

  #gathered(x, rows) {
    const { kernels, width } = this;
    const at = kernels.take(rows.length * width);
    rows.forEach((row, n) => kernels.copy(x + 4 * row * width, width, at + 4 * n * width, width, 1, width));
    return at;
  }
}

/** A matrix (rows, n) whose rows have room for whole panels, as an array. */
function unpadded(kernels, at, rows, n) {
  const stride = whole(n);
  const all = kernels.floats(at, rows * stride);
  const out = new Float32Array(rows * n);
  for (let row = 0; row < rows; row++) out.set(all.subarray(row * stride, row * stride + n), row * n);
  return out;
}

/** Multiply matrices (n, n), for rollout. */
export function multiplied(kernels, a, b, n) {
  const stride = whole(n);
  const [left, raw, out] = [kernels.put(a), kernels.put(b), kernels.take(n * stride)];
  const right = kernels.packed(raw, n, n, n, 1);
  kernels.product(left, n, right, out, stride, n, n, n, 0, 0);
  const found = unpadded(kernels, out, n, n);
  kernels.give(left, raw, out, right);
  return found;
}
