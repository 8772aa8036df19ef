// Numbers of p(base | rest) and the letters that show them.

import { s } from "./dom.js";
import { BASES } from "./dna.js";

// In a box of 10 x 10, y downwards: the letters of the report.
const GLYPHS = {
  A: "M0 10 L4 0 H6 L10 10 H8 L7.1 7.6 H2.9 L2 10 Z M3.5 6 H6.5 L5 2 Z",
  C: "M10 3.2 A5 5 0 1 0 10 6.8 H8 A3.1 3.2 0 1 1 8 3.2 Z",
  G: "M10 3.2 A5 5 0 1 0 10 7.6 V4.7 H5.4 V6.3 H8 V7 A3.1 3.2 0 1 1 8 3.2 Z",
  T: "M0 0 H10 V1.9 H6 V10 H4 V1.9 H0 Z",
};

/** Rows of ln p -> {p, bits, surprise}: information of the four (0 to 2 bits), and -log2 p of the letter that is there (null of N). */
export function numbers(logs, letter) {
  const p = logs.map(Math.exp);
  const bits = Math.max(0, 2 + p.reduce((sum, each) => sum + (each > 0 ? each * Math.log2(each) : 0), 0));
  const at = BASES.indexOf(letter);
  return { p, bits, surprise: at < 0 ? null : -logs[at] / Math.LN2, best: BASES[p.indexOf(Math.max(...p))] };
}

/** A flat list of ln p as rows of four. */
export const rows = (flat) =>
  Array.from({ length: flat.length / 4 }, (_, n) =>
    Array.from(flat.slice(4 * n, 4 * n + 4), (each) => (each === null ? NaN : each)),
  );

/** The letters of one column, the likeliest on top. height: pixels of two bits. */
export function stack({ p, bits }, x, bottom, width, height) {
  const parts = [];
  let y = bottom;
  const order = [0, 1, 2, 3].sort((a, b) => p[a] - p[b]);
  for (const code of order) {
    const tall = (p[code] * bits * height) / 2;
    if (!(tall >= 0.4)) continue;
    y -= tall;
    parts.push(
      s("path", {
        class: `base ${BASES[code]}`,
        d: GLYPHS[BASES[code]],
        transform: `translate(${(x + width / 20).toFixed(2)} ${y.toFixed(2)}) scale(${((0.9 * width) / 10).toFixed(4)} ${(tall / 10).toFixed(4)})`,
      }),
    );
  }
  return parts;
}
