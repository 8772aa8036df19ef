// duplex: two causal streams, one along each strand, that meet at every base (models/families/duplex.py).
//
// Positions are those of a strand: the left stream has the sequence's own, the right one those of the reverse complement.
// A stream that was read is kept whole, so that a substitution costs only what it reaches: the convolution is linear, and is
// given the differences of the few inputs that changed.

import { whole } from "./kernels.js";

const UNKNOWN = 4;
const EPS = 1e-5;
// Rows that go through a feed-forward layer together: their hidden numbers stay in the cache.
const STRIP = 64;

export class Duplex {
  constructor(kernels, tensors, config) {
    this.kernels = kernels;
    this.config = config;
    this.width = config.width;
    this.reach = (config.kernel - 1) * config.dilations.reduce((a, b) => a + b, 0) + 1;
    if (this.width % 8) throw new Error(`the width of a duplex must be a multiple of 8 here, not ${this.width}`);
    const embedding = kernels.tensor(tensors.get("embedding.weight"));
    this.embedding = kernels.floats(embedding, 5 * this.width).slice();
    kernels.give(embedding);
    this.blocks = config.dilations.map((dilation, n) => this.#block(tensors, `blocks.${n}`, dilation));
    this.norm = kernels.normOf(tensors, "norm", EPS);
    const part = (first) => kernels.linear(tensors, "join", { inputs: this.width, first, bias: first ? null : "join.bias" });
    this.join = [0, 1, 2].slice(0, config.join === "product" ? 3 : 2).map((n) => part(n * this.width));
    this.logits = kernels.linear(tensors, "logits");
    this.hidden = this.logits.inputs;
  }

  #block(tensors, name, dilation) {
    const { kernels, width, config } = this;
    const raw = kernels.tensor(tensors.get(`${name}.conv.weight`));
    const taps = [];
    // Weights are (outputs, inputs, 1, taps).
    for (let tap = 0; tap < config.kernel; tap++)
      taps.push(kernels.packed(raw, width, 2 * width, config.kernel, width * config.kernel, tap));
    kernels.give(raw);
    return {
      dilation,
      taps,
      bias: kernels.tensor(tensors.get(`${name}.conv.bias`)),
      norm1: kernels.normOf(tensors, `${name}.norm1`, EPS),
      norm2: kernels.normOf(tensors, `${name}.norm2`, EPS),
      up: kernels.linear(tensors, `${name}.up`),
      down: kernels.linear(tensors, `${name}.down`),
    };
  }

  /**
   * Read a strand. codes: all of it. Return what is known of it: `states` at the positions [start - 1, end - 1), those that
   * the head reads at [start, end), and for each block its input x, what its convolution reads h and gives y: what `changed`
   * needs, unless it is not to be kept.
   */
  read(codes, start, end, kept = true) {
    const { kernels, width, blocks, config } = this;
    const high = Math.max(0, end - 1);
    const lows = this.lows(start);
    const read = { codes, start, end, lows, high, x: [], h: [], y: [] };
    read.keep = kernels.put(Float32Array.from(codes.subarray(lows[0], high), (code) => (code === UNKNOWN ? 0 : 1)));
    let x = this.#embedded(codes.subarray(lows[0], high));
    for (const [n, block] of blocks.entries()) {
      const [low, next] = [lows[n], lows[n + 1]];
      const h = kernels.take((high - low) * width);
      kernels.normed(block.norm1, x, h, high - low, this.#keep(read, low));
      const y = kernels.take((high - next) * 2 * width);
      for (let tap = config.kernel - 1; tap >= 0; tap--) {
        const back = (config.kernel - 1 - tap) * block.dilation;
        // What lies before the strand is not read.
        const from = Math.max(next, low + back);
        if (from >= high) break;
        this.#convolve(block, tap, this.#row(h, from - back - low), this.#row(y, 2 * (from - next)), high - from, back ? 0 : block.bias);
      }
      const out = kernels.take((high - next) * width);
      kernels.gate(y, this.#row(x, next - low), out, high - next, width);
      this.#feedForward(block, out, high - next);
      if (kept) read.x.push(x), read.h.push(h), read.y.push(y);
      else kernels.give(x, h, y);
      x = out;
    }
    const last = lows[blocks.length];
    read.last = kernels.take((high - last) * width);
    kernels.normed(this.norm, x, read.last, high - last, this.#keep(read, last));
    kernels.give(x);
    return read;
  }

  /** First position of the embeddings, and of each block's output, that the states at `start` depend on. */
  lows(start) {
    const lows = [Math.max(0, start - 1)];
    for (const { dilation } of [...this.blocks].reverse())
      lows.unshift(Math.max(0, lows[0] - (this.config.kernel - 1) * dilation));
    return lows;
  }

  /** Give back the memory of a stream. */
  forget(read) {
    this.kernels.give(read.keep, read.last, ...read.x, ...read.h, ...read.y);
  }

  /** The states that the head reads at [start, end), (n, width); zeros before the strand. */
  states(read) {
    const { width } = this;
    const out = new Float32Array((read.end - read.start) * width);
    const known = this.kernels.floats(read.last, (read.high - read.lows[this.blocks.length]) * width);
    out.set(known, out.length - known.length);
    return out;
  }

  /**
   * Read strands that differ in [first, last) from one that was read. first: not before the states that `read` has. several:
   * their codes of [first, last), unknown where that one's are. Return for each the address of the states from `first` on, and
   * where these end: after that nothing changes. The caller gives them back.
   */
  changed(read, several, first, last) {
    const { kernels, width, blocks, config } = this;
    const high = read.high;
    if (first >= high) return { states: several.map(() => kernels.take(0)), stop: first };
    let stop = Math.min(last, high);
    let xs = several.map((codes) => this.#embedded(codes.subarray(0, stop - first)));
    for (const [n, block] of blocks.entries()) {
      const [low, next] = [read.lows[n], read.lows[n + 1]];
      const count = stop - first;
      const until = Math.min(stop + (config.kernel - 1) * block.dilation, high);
      const rows = until - first;
      const moved = xs.map((x) => {
        const h = kernels.take(count * width);
        kernels.normed(block.norm1, x, h, count, this.#keep(read, first));
        kernels.subtract(h, this.#row(read.h[n], first - low), h, count * width);
        return h;
      });
      const ys = xs.map(() => kernels.copied(this.#row(read.y[n], 2 * (first - next)), rows * 2 * width));
      // A tap's weights serve all of them while they are in the cache.
      for (let tap = config.kernel - 1; tap >= 0; tap--) {
        const back = (config.kernel - 1 - tap) * block.dilation;
        const reached = Math.min(stop + back, high) - first - back;
        if (reached <= 0) break;
        ys.forEach((y, at) => this.#convolve(block, tap, moved[at], this.#row(y, 2 * back), reached, 0, 1));
      }
      const outs = ys.map((y, at) => {
        const out = kernels.take(rows * width);
        kernels.gate(y, xs[at], out, count, width);
        kernels.gate(this.#row(y, 2 * count), this.#row(read.x[n], stop - low), this.#row(out, count), rows - count, width);
        return out;
      });
      kernels.give(...moved, ...ys, ...xs);
      for (const out of outs) this.#feedForward(block, out, rows);
      xs = outs;
      stop = until;
    }
    for (const x of xs) kernels.normed(this.norm, x, x, stop - first, this.#keep(read, first));
    return { states: xs, stop };
  }

  /** What the head makes of one stream's states (n, width), whatever the other one's: both views, (n, hidden) each. */
  fixed(states, n) {
    const { kernels } = this;
    const [own, other] = this.join;
    return [other, own].map((part, at) => {
      const out = kernels.take(n * this.hidden);
      // The bias is that of the first part.
      kernels.apply({ ...part, bias: own.bias }, states, out, n);
      return out;
    });
  }

  /**
   * Log-probabilities (n, 4), in the strand of `own`, from the states of both streams and what `fixed` gave of the other one.
   */
  head(own, other, fixed, n) {
    const { kernels, width, hidden } = this;
    const views = fixed.map((each) => kernels.copied(each, n * hidden));
    kernels.apply({ ...this.join[0], bias: 0 }, own, views[0], n, { added: 1 });
    kernels.apply(this.join[1], own, views[1], n, { added: 1 });
    if (this.join.length > 2) {
      const both = kernels.take(n * width);
      kernels.multiply(own, other, both, n * width);
      const shared = kernels.take(n * hidden);
      kernels.apply(this.join[2], both, shared, n);
      for (const view of views) kernels.add(view, shared, view, n * hidden);
      kernels.give(both, shared);
    }
    const stride = whole(4);
    const logits = views.map((view) => {
      kernels.gelu(view, n * hidden);
      const out = kernels.take(n * stride);
      kernels.apply(this.logits, view, out, n);
      return out;
    });
    const [one, two] = logits.map((at) => kernels.floats(at, n * stride));
    const out = new Float32Array(4 * n);
    for (let at = 0; at < n; at++) {
      const from = at * stride;
      for (let base = 0; base < 4; base++) out[4 * at + base] = one[from + base] + two[from + 3 - base];
      logSoftmax(out, 4 * at);
    }
    kernels.give(...views, ...logits);
    return out;
  }

  /** Log-probabilities (n, 4) from the states (n, width) that both streams have there, in the left one's direction. */
  joined(left, right) {
    const { kernels, width } = this;
    const n = left.length / width;
    const [own, other] = [kernels.put(left), kernels.put(right)];
    const fixed = this.fixed(other, n);
    const out = this.head(own, other, fixed, n);
    kernels.give(own, other, ...fixed);
    return out;
  }

  #embedded(codes) {
    const { kernels, width } = this;
    const at = kernels.take(codes.length * width);
    const out = kernels.floats(at, codes.length * width);
    codes.forEach((code, n) => out.set(this.embedding.subarray(code * width, (code + 1) * width), n * width));
    return at;
  }

  #convolve(block, tap, from, to, rows, bias, added = bias ? 0 : 1) {
    const { width } = this;
    this.kernels.product(from, width, block.taps[tap], to, 2 * width, rows, width, 2 * width, bias, added);
  }

  #feedForward(block, x, rows) {
    const { kernels, width, hidden } = this;
    const [normed, inner] = [kernels.take(STRIP * width), kernels.take(STRIP * hidden)];
    for (let low = 0; low < rows; low += STRIP) {
      const [from, count] = [this.#row(x, low), Math.min(STRIP, rows - low)];
      kernels.normed(block.norm2, from, normed, count);
      kernels.apply(block.up, normed, inner, count);
      kernels.gelu(inner, count * hidden);
      kernels.apply(block.down, inner, from, count, { added: 1 });
    }
    kernels.give(normed, inner);
  }

  /** The address of a row of a matrix of this width. */
  #row(at, row) {
    return at + 4 * this.width * row;
  }

  #keep(read, position) {
    return read.keep + 4 * (position - read.lows[0]);
  }
}

/** Replace four logits by log-probabilities. */
export function logSoftmax(numbers, at, n = 4) {
  let most = -Infinity;
  for (let i = at; i < at + n; i++) most = Math.max(most, numbers[i]);
  let total = 0;
  for (let i = at; i < at + n; i++) total += Math.exp(numbers[i] - most);
  const shift = most + Math.log(total);
  for (let i = at; i < at + n; i++) numbers[i] -= shift;
}
