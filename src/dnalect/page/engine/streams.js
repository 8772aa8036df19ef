// The likelihoods of a duplex model: both streams, each on a worker of its own (inference/likelihood/leave_one_out.py).

import { opposite } from "./variants.js";

// Bases that are asked for at once.
const TILE = 2048;

export class Streams {
  constructor(facts, run) {
    this.facts = facts;
    this.run = run;
    this.width = facts.config.width;
  }

  /** The states (n, width) of both streams that the head reads at [start, end), in the left one's direction. */
  async states(codes, start, end, once = false) {
    const asked = strands(codes, start, end);
    const found = await Promise.all(asked.map((given, strand) => this.run("states", { ...given, once }, strand)));
    return [found[0], this.#turned(found[1])];
  }

  /** The same where the bases of [first, first + bases.length) are others. */
  async changed(codes, start, end, first, bases) {
    const firsts = [first, codes.length - first - bases.length];
    const both = [bases, opposite(bases)];
    const asked = strands(codes, start, end).map((given, n) => ({ ...given, first: firsts[n], bases: both[n] }));
    const found = await Promise.all(asked.map((given, strand) => this.run("changed", given, strand)));
    return [found[0], this.#turned(found[1])];
  }

  /** ln p (n, 4) from both streams' states; either half on a worker. */
  async head([left, right]) {
    const middle = this.width * Math.ceil(left.length / this.width / 2);
    const halves = [[0, middle], [middle, left.length]].filter(([low, high]) => high > low);
    const parts = await Promise.all(
      halves.map((half, n) => this.run("head", { left: left.slice(...half), right: right.slice(...half) }, n)),
    );
    return concatenated(parts);
  }

  /** ln p (end - start, 4) at [start, end). */
  async logProbs(codes, start, end, progress = () => {}) {
    const parts = [];
    for (let low = start; low < end; low += TILE) {
      parts.push(await this.head(await this.states(codes, low, Math.min(end, low + TILE), end - start > TILE)));
      progress((Math.min(end, low + TILE) - start) / (end - start));
    }
    return concatenated(parts);
  }

  /** The dependency map (n, n) of [start, end), without its unknown rows and columns. */
  async map(codes, start, end, workers, progress) {
    const n = end - start;
    const states = await this.states(codes, start, end);
    const parts = Math.max(1, Math.floor(workers / 2));
    const shares = new Float64Array(2 * parts);
    const out = new Float32Array(n * n);
    const work = strands(codes, start, end).flatMap((given, strand) =>
      Array.from({ length: parts }, async (_, part) => {
        const other = strand ? this.#turned(states[0]) : states[1];
        // Rows at the beginning have more ahead of them: every part gets some.
        const rows = Array.from({ length: Math.ceil((n - part) / parts) }, (_, at) => part + at * parts);
        const told = (share) => {
          shares[strand * parts + part] = share;
          progress(shares.reduce((sum, each) => sum + each, 0) / shares.length);
        };
        const found = await this.run("map", { ...given, other, rows }, strand + 2 * part, told);
        rows.forEach((row, number) => {
          for (let at = row + 1; at < n; at++) {
            const place = strand ? (n - 1 - row) * n + (n - 1 - at) : row * n + at;
            out[place] = found[number * n + at];
          }
        });
      }),
    );
    await Promise.all(work);
    return out;
  }

  #turned(states) {
    const { width } = this;
    const out = new Float32Array(states.length);
    for (let low = 0; low < states.length; low += width) out.set(states.subarray(low, low + width), states.length - low - width);
    return out;
  }
}

/** The arguments of a stream along each strand. */
const strands = (codes, start, end) => [
  { codes, start, end },
  { codes: opposite(codes), start: codes.length - end, end: codes.length - start },
];

export function concatenated(parts) {
  const out = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) out.set(part, at), (at += part.length);
  return out;
}
