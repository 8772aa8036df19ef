// The likelihoods of a masked model of single bases: a pass for each base and strand (inference/likelihood/masked.py).

import { UNKNOWN, opposite } from "./variants.js";

// Passes that a worker gets at once.
const BATCH = 4;
// ids of bases: special words come first.
export const FIRST = 4;

export class Masks {
  constructor(facts, run) {
    this.flank = facts.flank;
    this.run = run;
  }

  /**
   * ln p (4 numbers) at every site of every window. asked: [{codes, sites}]; the sites of one window are hidden in one pass,
   * unless they are shown. views: both strands' instead, [forward, reverse], each normalised. progress: called with the
   * share that is done.
   */
  async logs(asked, { views = false, shown = false, progress = () => {} } = {}) {
    const pass = (codes, wanted) => ({ ids: codes.map((code) => code + FIRST), wanted, hidden: shown ? [] : wanted });
    const passes = asked.flatMap(({ codes, sites }) => [
      pass(codes, Int32Array.from(sites)),
      pass(opposite(codes), Int32Array.from(sites, (at) => codes.length - 1 - at).reverse()),
    ]);
    const batches = Array.from({ length: Math.ceil(passes.length / BATCH) }, (_, n) => passes.slice(BATCH * n, BATCH * (n + 1)));
    let done = 0;
    const words = [0, 1, 2, 3].map((base) => FIRST + base);
    const found = await Promise.all(
      batches.map(async (part) => {
        const numbers = await this.run("passes", { passes: part, words });
        progress(++done / batches.length);
        let row = 0;
        return part.map(({ wanted }) => Array.from(wanted, () => Array.from(numbers.subarray(4 * row, 4 * ++row))));
      }),
    );
    const rows = found.flat();
    return asked.map(({ sites }, n) =>
      Array.from(sites, (_, at) => {
        const forward = rows[2 * n][at];
        const reverse = rows[2 * n + 1][sites.length - 1 - at].slice().reverse();
        return views ? [forward, reverse] : normalised(forward.map((value, base) => (value + reverse[base]) / 2));
      }),
    );
  }

  /** A window around a site, as far as the sequence goes. */
  around(codes, start, end = start + 1) {
    const low = Math.max(0, start - this.flank);
    return { codes: codes.slice(low, end + this.flank), sites: [start - low] };
  }

  /** ln p of each of some sites of a sequence, by itself. */
  async atSites(codes, sites, progress) {
    const asked = sites.map((site) => this.around(codes, site));
    return (await this.logs(asked, { progress })).map(([row]) => row);
  }

  /** The same as one array (n, 4); ln 1/4 of unknown bases. */
  async every(codes, sites, progress) {
    const known = sites.filter((site) => codes[site] !== UNKNOWN);
    const rows = await this.atSites(codes, known, progress);
    const out = new Float32Array(4 * sites.length).fill(Math.log(0.25));
    let next = 0;
    sites.forEach((site, n) => codes[site] !== UNKNOWN && out.set(rows[next++], 4 * n));
    return out;
  }
}

/** ln p that sum to 1. */
export function normalised(logs) {
  const total = logSum(logs);
  return logs.map((each) => each - total);
}

export function logSum(logs) {
  const most = Math.max(...logs);
  return most + Math.log(logs.reduce((sum, each) => sum + Math.exp(each - most), 0));
}
