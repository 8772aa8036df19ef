// Alleles as written -> trimmed and left-aligned variants, their windows, what speaks against their scores
// (genome/windows/*.py). The sequence is the contig: codes, A 0 to T 3, all else 4.

export const UNKNOWN = 4;
const LETTERS = "ACGTN";
// Below this many known bases on either side a score says nothing.
const LEAST_FLANK = 32;
const LONGEST_MNV = 16;
// Units of 1 to 6 bases, repeated over 10 bases and three times.
const REPEAT = { unit: 6, shortest: 10, times: 3 };
const AROUND = Math.max(REPEAT.shortest, REPEAT.unit * REPEAT.times) - 1;
// Of so many bases most lie in words of the flanks.
const COPY = { from: 50, word: 12, share: 0.5, flank: 320 };

export function encode(text) {
  return Uint8Array.from(text.toUpperCase(), (letter) => {
    const code = "ACGT".indexOf(letter);
    return code < 0 ? UNKNOWN : code;
  });
}

export const decode = (codes) => Array.from(codes, (code) => LETTERS[code]).join("");

export const opposite = (codes) => codes.map((_, n) => [3, 2, 1, 0, UNKNOWN][codes[codes.length - 1 - n]]);

/** The codes of [low, high), unknown beyond the ends. */
export function fetched(codes, low, high) {
  const out = new Uint8Array(Math.max(0, high - low)).fill(UNKNOWN);
  const from = Math.max(0, low);
  if (from < high) out.set(codes.subarray(from, Math.min(high, codes.length)), from - low);
  return out;
}

export function joined(...parts) {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) out.set(part, at), (at += part.length);
  return out;
}

const variant = (start, ref, alt, tandem = false) => ({ start, end: start + ref.length, ref, alt, tandem });

/** snv, mnv, insertion, deletion or none. */
export function kindOf({ ref, alt }) {
  if (ref.length !== alt.length) return alt.length > ref.length ? "insertion" : "deletion";
  return !ref.length ? "none" : ref.length === 1 ? "snv" : "mnv";
}

export const differing = ({ ref, alt }) => [...ref.keys()].filter((n) => ref[n] !== alt[n]);

/** How docs/scores.md treats a variant: a change of many bases of equal length by the formula for indels. */
export function treatedAs(each) {
  return kindOf(each) === "mnv" && differing(each).length > LONGEST_MNV ? "insertion" : kindOf(each);
}

/** Trim common ends, then move a pure insertion or deletion as far left as it goes. */
export function normalise(sequence, start, ref, alt) {
  while (ref.length && alt.length && ref[ref.length - 1] === alt[alt.length - 1])
    [ref, alt] = [ref.subarray(0, -1), alt.subarray(0, -1)];
  while (ref.length && alt.length && ref[0] === alt[0]) [ref, alt, start] = [ref.subarray(1), alt.subarray(1), start + 1];
  if (!ref.length === !alt.length) return variant(start, ref, alt);
  let moved = ref.length ? ref : alt;
  const n = moved.length;
  let shift = 0;
  while (shift < start && sequence[start - 1 - shift] === moved[n - 1 - (shift % n)]) shift++;
  moved = rolled(moved, shift % n);
  start -= shift;
  const end = start + ref.length;
  const tandem = String(fetched(sequence, end, end + n)) === String(moved);
  return variant(start, ref.length ? moved : ref, alt.length ? moved : alt, tandem);
}

/** The variant written over all places where it could stand. longest: most bases of an allele. */
export function overItsRange(sequence, each, longest) {
  const moved = each.ref.length ? each.ref : each.alt;
  const n = moved.length;
  if (!n || n >= longest || (each.ref.length && each.alt.length)) return each;
  let room = 0;
  while (each.end + room < sequence.length && sequence[each.end + room] === moved[room % n]) room++;
  const spared = Math.ceil(Math.max(0, room + n - longest) / 2);
  room -= 2 * spared;
  if (room <= 0 && !spared) return each;
  const turned = rolled(moved, (n - (spared % n)) % n);
  const start = each.start + spared;
  const end = start + each.ref.length;
  const shared = sequence.subarray(end, end + Math.max(0, room));
  const [ref, alt] = [each.ref, each.alt].map((allele) => joined(allele.length ? turned : allele, shared));
  return { start, end: end + shared.length, ref, alt, tandem: each.tandem };
}

/** Roll to the right. */
function rolled(codes, by) {
  const at = codes.length - by;
  return joined(codes.subarray(at), codes.subarray(0, at));
}

/** Both haplotypes with `flank` bases on each side, unknown ones beyond the ends. */
export function haplotypes(sequence, each, flank) {
  const [left, right] = [fetched(sequence, each.start - flank, each.start), fetched(sequence, each.end, each.end + flank)];
  return [joined(left, each.ref, right), joined(left, each.alt, right)];
}

/** Both haplotypes without the unknown bases at their ends, and where the alleles begin. */
export function windowOf(sequence, each, flank) {
  const both = haplotypes(sequence, each, flank);
  const known = [...both[0].keys()].filter((n) => both[0][n] !== UNKNOWN);
  const [first, last] = known.length ? [known[0], known[known.length - 1]] : [both[0].length, -1];
  const [low, high] = [first, both[0].length - 1 - last].map((n) => Math.min(n, Math.max(flank - 1, 0)));
  const [reference, alternate] = both.map((codes) => codes.subarray(low, codes.length - high));
  return { reference, alternate, start: flank - low, variant: each };
}

/** Why `score` would give no number, or doubt it: what stands in the flags. */
export function flagsOf(sequence, each, reach) {
  const odd = [];
  if (atAnEdge(sequence, each, reach)) odd.push("contig_edge");
  if (isCopy(sequence, each)) odd.push("copy");
  const usual = [...(each.tandem ? ["tandem_repeat"] : []), ...(inRepeat(sequence, each) ? ["repeat"] : [])];
  return { odd, flags: [...usual, ...odd] };
}

const countKnown = (codes) => codes.reduce((sum, code) => sum + (code !== UNKNOWN), 0);

function atAnEdge(sequence, { start, end }, reach) {
  const inside = LEAST_FLANK <= start && end + LEAST_FLANK <= sequence.length;
  if (inside && !sequence.subarray(start - LEAST_FLANK, end + LEAST_FLANK).includes(UNKNOWN)) return false;
  const sides = [fetched(sequence, start - reach, start), fetched(sequence, end, end + reach)];
  return Math.min(...sides.map(countKnown)) < LEAST_FLANK;
}

function inRepeat(sequence, each) {
  const width = each.ref.length;
  if (!width || width !== each.alt.length) return false;
  return haplotypes(sequence, each, AROUND).some((codes) => repeats(codes, AROUND, AROUND + width));
}

function repeats(codes, start, end) {
  for (let unit = 1; unit <= REPEAT.unit; unit++) {
    const length = Math.max(REPEAT.shortest, unit * REPEAT.times);
    let run = 0;
    for (let at = 0; at + unit < codes.length; at++) {
      run = codes[at] !== UNKNOWN && codes[at] === codes[at + unit] ? run + 1 : 0;
      const first = at + unit - length + 1;
      if (run >= length - unit && first >= Math.max(0, start - length + 1) && first < end) return true;
    }
  }
  return false;
}

function isCopy(sequence, each) {
  if (Math.abs(each.alt.length - each.ref.length) < COPY.from) return false;
  const longer = each.alt.length > each.ref.length ? each.alt : each.ref;
  const left = fetched(sequence, each.start - COPY.flank, each.start);
  const right = fetched(sequence, each.end, each.end + COPY.flank);
  const words = new Set([left, opposite(left), right, opposite(right)].flatMap((codes) => wordsOf(codes)));
  words.delete("");
  const covered = new Uint8Array(longer.length);
  wordsOf(longer).forEach((word, at) => words.has(word) && covered.fill(1, at, at + COPY.word));
  return covered.reduce((sum, one) => sum + one, 0) / longer.length > COPY.share;
}

function wordsOf(codes) {
  const text = decode(codes);
  return Array.from({ length: Math.max(0, text.length - COPY.word + 1) }, (_, at) => {
    const word = text.slice(at, at + COPY.word);
    return word.includes("N") ? "" : word;
  });
}
