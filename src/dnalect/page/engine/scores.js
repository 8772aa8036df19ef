// Scores of variants on either kind of likelihood: docs/scores.md, inference/likelihood/scorer.py and influence.py.

import { log2Odds } from "./tasks.js";
import { logSum } from "./masks.js";
import { UNKNOWN, differing, haplotypes, overItsRange, treatedAs, windowOf } from "./variants.js";

// Bases on each side of the alleles that the near sum is over, and of an indel whose probabilities a masked model adds up.
const [NEAR, BESIDE] = [16, 3];
// Bases that a map of a masked model reads on each side of a place.
const AROUND = 64;

/** ln q of A, C, G, T: the composition of a sequence, both strands together. */
export function composition(codes) {
  const counts = [0, 0, 0, 0, 0];
  for (const code of codes) counts[code]++;
  const paired = [0, 1, 2, 3].map((base) => counts[base] + counts[3 - base] + 1);
  const total = paired.reduce((sum, each) => sum + each);
  return paired.map((each) => Math.log(each / total));
}

const sum = (values) => values.reduce((total, each) => total + each, 0);

class Scorer {
  /** background: ln q of A, C, G, T, which indels are measured against. */
  constructor(facts, flank, reach, background) {
    Object.assign(this, { facts, flank, reach, background });
  }

  /** Both haplotypes of a variant, an indel written over its whole range. */
  window(sequence, variant) {
    return windowOf(sequence, overItsRange(sequence, variant, this.facts.longest), this.flank);
  }
}

/** Of a duplex. Everything comes from both streams of both haplotypes. */
export class StreamScorer extends Scorer {
  passesABase = 2;

  constructor(facts, streams, background) {
    super(facts, facts.flank, facts.card.reach, background);
    this.streams = streams;
  }

  /** The score {llr, refP, altP} of a variant, and what `moved` needs. */
  async score(sequence, variant, influence) {
    const kind = treatedAs(variant);
    const window = this.window(sequence, variant);
    const single = kind === "snv" || kind === "mnv";
    const read = influence || !single ? await this.#read(window) : null;
    if (kind === "none") return { llr: 0, read };
    if (!single) return { llr: this.#gained(window, read), read };
    const near = this.flank >= this.reach && read ? read : await this.#read(windowOf(sequence, variant, this.reach), false);
    return { ...(await this.#substituted(near, variant)), read };
  }

  /** Both haplotypes' states, and their ln p where these are wanted. */
  async #read(window, heads = true) {
    const { reference, alternate, start, variant } = window;
    const { streams } = this;
    const n = reference.length;
    const before = await streams.states(reference, 0, n);
    let after = before;
    if (variant.ref.length !== variant.alt.length) after = await streams.states(alternate, 0, alternate.length, true);
    else if (variant.ref.length) after = await streams.changed(reference, 0, n, start, variant.alt);
    const logs = heads ? await Promise.all([streams.head(before), streams.head(after)]) : null;
    return { window, before, after, logs };
  }

  /** A base or several, changed one after the other, from the left and from the right. */
  async #substituted({ window, before, after }, variant) {
    const { width } = this.streams;
    const sites = differing(variant);
    const places = sites.map((n) => window.start + n);
    const gathered = (states) => {
      const out = new Float32Array(places.length * width);
      places.forEach((at, n) => out.set(states.subarray(at * width, (at + 1) * width), n * width));
      return out;
    };
    // What stands before a base is one stream's, what comes after it the other one's.
    const ways = [[after[0], before[1]], [before[0], after[1]]].map((each) => each.map(gathered));
    const found = await Promise.all(ways.map((way) => this.streams.head(way)));
    const ratios = found.map((logs) => sum(sites.map((n, row) => logs[4 * row + variant.alt[n]] - logs[4 * row + variant.ref[n]])));
    const [refP, altP] = [variant.ref, variant.alt].map((allele) => (allele.length === 1 ? found[0][allele[0]] : null));
    return { llr: (ratios[0] + ratios[1]) / 2, refP, altP };
  }

  #gained({ reference, alternate }, { logs }) {
    const { background } = this;
    const totals = [reference, alternate].map((codes, n) =>
      codes.reduce((total, code, at) => (code === UNKNOWN ? total : total + logs[n][4 * at + code] - background[code]), 0),
    );
    return totals[1] - totals[0];
  }

  async logs({ logs }) {
    return logs;
  }
}

/** Of a masked model of single bases: means over both strands. */
export class MaskScorer extends Scorer {
  constructor(facts, masks, background) {
    super(facts, facts.flank, facts.flank, background);
    this.masks = masks;
    this.passesABase = 2 * (2 * facts.flank + 1);
  }

  async score(sequence, variant, influence, progress) {
    const kind = treatedAs(variant);
    const read = influence ? { window: this.window(sequence, variant), progress } : null;
    if (kind === "none") return { llr: 0, read };
    if (kind === "snv") return { ...(await this.#single(sequence, variant)), read };
    if (kind === "mnv") return { llr: await this.#stepwise(sequence, variant), read };
    return { llr: await this.#gained(sequence, overItsRange(sequence, variant, this.facts.longest)), read };
  }

  async #single(sequence, { start, ref: [ref], alt: [alt] }) {
    const [[views]] = await this.masks.logs([this.masks.around(sequence, start)], { views: true });
    const mean = [0, 1, 2, 3].map((base) => (views[0][base] + views[1][base]) / 2);
    const total = logSum(mean);
    return { llr: mean[alt] - mean[ref], refP: mean[ref] - total, altP: mean[alt] - total };
  }

  async #stepwise(sequence, variant) {
    const window = this.masks.around(sequence, variant.start, variant.end);
    const sites = differing(variant);
    const asked = [sites, [...sites].reverse()].flatMap((way) => {
      const codes = window.codes.slice();
      return way.map((n) => {
        const step = { codes: codes.slice(), sites: [window.sites[0] + n], n };
        codes[window.sites[0] + n] = variant.alt[n];
        return step;
      });
    });
    const rows = await this.masks.logs(asked);
    return sum(asked.map(({ n }, at) => rows[at][0][variant.alt[n]] - rows[at][0][variant.ref[n]])) / 2;
  }

  async #gained(sequence, whole) {
    const { background } = this;
    const asked = haplotypes(sequence, whole, this.flank).map((codes) => {
      const known = [...codes.keys()].filter((at) => codes[at] !== UNKNOWN);
      const [low, high] = [known[0], known[known.length - 1] + 1];
      const [first, last] = [this.flank - BESIDE, codes.length - this.flank + BESIDE];
      return { codes: codes.slice(low, high), sites: known.filter((at) => first <= at && at < last).map((at) => at - low) };
    });
    const rows = await this.masks.logs(asked);
    const totals = asked.map(({ codes, sites }, n) => sum(sites.map((at, row) => rows[n][row][codes[at]] - background[codes[at]])));
    return totals[1] - totals[0];
  }

  async logs({ window, progress }) {
    const shares = [0, 0];
    const told = (n) => (share) => ((shares[n] = share), progress((shares[0] + shares[1]) / 2));
    return Promise.all(
      [window.reference, window.alternate].map((codes, n) => this.masks.every(codes, [...codes.keys()], told(n))),
    );
  }
}

/** What a variant changes beside it: {influence, moved (m, 4), before}. logs: ln p of both haplotypes. */
export function influenceOf({ reference, alternate, start, variant }, logs) {
  const odds = [reference, alternate].map((codes, n) => logOdds(logs[n], codes.length));
  const rows = reference.length - variant.ref.length;
  const moved = new Float64Array(4 * rows);
  const largest = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    const [at, there] = [variant.ref, variant.alt].map((allele) => (row < start ? row : row + allele.length));
    for (let base = 0; base < 4; base++) {
      const change = reference[at] === UNKNOWN ? NaN : odds[1][4 * there + base] - odds[0][4 * at + base];
      moved[4 * row + base] = change;
      largest[row] = Math.max(largest[row], Math.abs(change || 0));
    }
  }
  const near = sum(largest.subarray(Math.max(0, start - NEAR), start + NEAR));
  return {
    influence: { max: largest.reduce((a, b) => Math.max(a, b), 0), sum: sum(largest), near },
    moved: Float32Array.from(moved),
    before: start,
  };
}

/** ln p - ln(1 - p) of each of four bases. */
function logOdds(logs, n) {
  const out = new Float64Array(4 * n);
  for (let at = 0; at < 4 * n; at += 4)
    for (let base = 0; base < 4; base++) {
      const others = [0, 1, 2, 3].filter((each) => each !== base).map((each) => logs[at + each]);
      out[at + base] = logs[at + base] - logSum(others);
    }
  return out;
}

/** The dependency map of a masked model that sees all bases: a pass a substitution (inference/likelihood/shown.py). */
export async function shownMap(masks, codes, start, end, room, progress) {
  const n = end - start;
  const around = Math.min(AROUND, room >> 1);
  const low = Math.max(0, start - around);
  const window = codes.slice(low, end + around);
  const sites = Array.from({ length: n }, (_, at) => start - low + at);
  const spots = sites.flatMap((site, row) =>
    [0, 1, 2, 3].filter((base) => window[site] !== UNKNOWN && base !== window[site]).map((base) => ({ row, site, base })),
  );
  const changed = spots.map(({ site, base }) => window.map((code, at) => (at === site ? base : code)));
  const asked = [window, ...changed].map((each) => ({ codes: each, sites }));
  const odds = (rows) => {
    const out = new Float64Array(4 * n);
    rows.forEach((row, at) => log2Odds(row, 0, out, 4 * at));
    return out;
  };
  const [before, ...after] = (await masks.logs(asked, { shown: true, progress })).map(odds);
  const out = new Float32Array(n * n);
  for (const [number, { row }] of spots.entries())
    for (let at = 0; at < 4 * n; at++) {
      const place = row * n + (at >> 2);
      out[place] = Math.max(out[place], Math.abs(after[number][at] - before[at]));
    }
  return out;
}
