// What a worker does: the parts of answers that take the processor. Each gets the network of a model and plain arguments.
//
// A task is a generator that yields the share that is done wherever a newer question, or an end, may come between.

import { Duplex, logSoftmax } from "./duplex.js";
import { Encoder, multiplied } from "./encoder.js";
import { Kernels } from "./kernels.js";

const UNKNOWN = 4;
// Added to each probability before odds are taken, as why/dependency.py does.
const TINY = 1e-10;
// Streams that are kept for the next question: what is in view, and the window of a variant.
const KEPT = 2;

/** A model's network in memory of its own. */
export class Network {
  constructor(module, tensors, family, config) {
    this.kernels = new Kernels(module);
    this.net = new { duplex: Duplex, nucleotide_transformer: Encoder }[family](this.kernels, tensors, config);
    this.streams = [];
  }

  /** Where a strand differs from one that was read for the same states: [first, last), empty where nothing does. */
  #differing(read, codes, start, end) {
    if (read.start !== start || read.end !== end) return null;
    let [first, last] = [read.lows[0], read.high];
    while (first < last && codes[first] === read.codes[first]) first++;
    while (last > first && codes[last - 1] === read.codes[last - 1]) last--;
    return [first, last];
  }

  /** A strand that was read and differs little enough from this one for `changed`: {read, first, last}, or null. */
  near(codes, start, end) {
    for (const read of this.streams) {
      const [first, last] = this.#differing(read, codes, start, end) ?? [-1, 0];
      const known = (at) => (codes[first + at] === UNKNOWN) === (read.codes[first + at] === UNKNOWN);
      if (first >= read.lows.at(-1) && Array.from({ length: last - first }, (_, at) => at).every(known)) return { read, first, last };
    }
    return null;
  }

  /** A strand that was read, from before or now; `release` it. */
  stream(codes, start, end) {
    const same = (each) => {
      const [first, last] = this.#differing(each, codes, start, end) ?? [0, 1];
      return first === last;
    };
    let found = this.streams.find(same);
    if (!found) {
      const idle = this.streams.filter((each) => !each.users);
      for (const old of idle.slice(0, Math.max(0, this.streams.length + 1 - KEPT))) {
        this.net.forget(old);
        this.streams.splice(this.streams.indexOf(old), 1);
      }
      found = Object.assign(this.net.read(codes, start, end), { users: 0 });
    } else this.streams.splice(this.streams.indexOf(found), 1);
    this.streams.push(found);
    found.users++;
    return found;
  }

  release(stream) {
    stream.users--;
  }
}

/** log2 of p / (1 - p) of four bases, from ln p. */
export function log2Odds(logs, from, to, at) {
  let total = 0;
  for (let base = 0; base < 4; base++) total += to[at + base] = Math.exp(logs[from + base]) + TINY;
  for (let base = 0; base < 4; base++) {
    const p = to[at + base] / total;
    to[at + base] = Math.log2(p) - Math.log2(1 - p);
  }
}

/** The states (n, width) that a stream would have with other bases from `first` on. */
function statesWith({ net, kernels }, stream, first, bases) {
  const { states, stop } = net.changed(stream, [bases], first, first + bases.length);
  const out = net.states(stream);
  out.set(kernels.floats(states[0], (stop - first) * net.width), (first + 1 - stream.start) * net.width);
  kernels.give(...states);
  return out;
}

export const TASKS = {
  /** The states (n, width) of a strand that the head reads at [start, end). once: nothing will be asked about it again. */
  *states(model, { codes, start, end, once = false }) {
    const near = model.near(codes, start, end);
    if (near && near.first < near.last) return statesWith(model, near.read, near.first, codes.slice(near.first, near.last));
    if (once && !near) {
      const read = model.net.read(codes, start, end, false);
      const states = model.net.states(read);
      model.net.forget(read);
      return states;
    }
    const stream = model.stream(codes, start, end);
    model.release(stream);
    return model.net.states(stream);
  },

  /** The same where the bases of [first, first + bases.length), within [start, end), are others. */
  *changed(model, { codes, start, end, first, bases }) {
    const stream = model.stream(codes, start, end);
    model.release(stream);
    return statesWith(model, stream, first, bases);
  },

  /** Log-probabilities (n, 4) from the states of both streams, in the direction of the left one. */
  *head({ net }, { left, right }) {
    return net.joined(left, right);
  },

  /**
   * Some rows of a dependency map of [start, end), of the bases ahead of the substituted one: (rows, n), 0 behind it.
   * other: the states (n, width) of the other strand, in the direction of this one.
   */
  *map(model, { codes, start, end, other, rows }) {
    const { net, kernels } = model;
    const { width } = net;
    const n = end - start;
    const stream = model.stream(codes, start, end);
    const beside = kernels.put(other);
    const fixed = net.fixed(beside, n);
    const own = kernels.put(net.states(stream));
    const before = new Float64Array(4 * n);
    const known = net.head(own, beside, fixed, n);
    for (let at = 0; at < 4 * n; at += 4) log2Odds(known, at, before, at);
    const out = new Float32Array(rows.length * n);
    const odds = new Float64Array(4);
    try {
      for (const [number, row] of rows.entries()) {
        yield number / rows.length;
        const at = start + row;
        if (codes[at] === UNKNOWN) continue;
        const bases = [0, 1, 2, 3].filter((base) => base !== codes[at]);
        const { states, stop } = net.changed(stream, bases.map((base) => Uint8Array.of(base)), at, at + 1);
        // What was read up to a base tells of the next one.
        const [first, count] = [row + 1, stop - at];
        for (const moved of count > 0 ? states : []) {
          const views = fixed.map((each) => each + 4 * first * net.hidden);
          const logs = net.head(moved, beside + 4 * first * width, views, count);
          for (let step = 0; step < count; step++) {
            log2Odds(logs, 4 * step, odds, 0);
            const place = number * n + first + step;
            for (let base = 0; base < 4; base++)
              out[place] = Math.max(out[place], Math.abs(odds[base] - before[4 * (first + step) + base]));
          }
        }
        kernels.give(...states);
      }
    } finally {
      kernels.give(beside, own, ...fixed);
      model.release(stream);
    }
    return out;
  },

  /**
   * Masked passes: ln p of some words, normalised over them (k, words.length), at the wanted places of each pass, one after
   * the other. passes: [{ids, wanted, hidden}].
   */
  *passes({ net }, { passes, words }) {
    const found = [];
    for (const [number, { ids, wanted, hidden }] of passes.entries()) {
      yield number / passes.length;
      const masked = Uint8Array.from(ids);
      for (const place of hidden) masked[place] = net.config.mask_id;
      const logits = net.logits(masked, wanted);
      for (let row = 0; row < wanted.length; row++) {
        const four = Float64Array.from(words, (word) => logits[row * net.config.vocabulary + word]);
        logSoftmax(four, 0, words.length);
        found.push(...four);
      }
    }
    return Float64Array.from(found);
  },

  /** Attention (n, n) of the tokens of [start, end). layer: from 0, -1 for the rollout; head: from 0, -1 for the mean. */
  *attention({ net, kernels }, { ids, start, end, layer, head }) {
    const T = ids.length;
    const means = Array.from({ length: layer < 0 ? net.config.layers : 1 }, () => new Float32Array(T * T));
    let chosen = null;
    net.attention(ids, (at, which, read) => {
      if (layer >= 0 && (at !== layer || (head >= 0 && which !== head))) return;
      const weights = read();
      if (head >= 0) chosen = weights;
      const mean = means[layer < 0 ? at : 0];
      for (let n = 0; n < T * T; n++) mean[n] += weights[n] / net.config.heads;
    });
    for (const mean of layer < 0 ? means : []) {
      // Half of each layer passes by its attention.
      for (let n = 0; n < T * T; n++) mean[n] = (mean[n] + (n % (T + 1) === 0 ? 1 : 0)) / 2;
      chosen = chosen ? multiplied(kernels, mean, chosen, T) : mean;
    }
    const whole = chosen ?? means[0];
    const out = new Float32Array((end - start) ** 2);
    for (let row = start; row < end; row++) out.set(whole.subarray(row * T + start, row * T + end), (row - start) * (end - start));
    return out;
  },
};
