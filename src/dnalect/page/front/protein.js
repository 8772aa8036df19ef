// Codons of the genes in view, and what an edit makes of them. Standard genetic code.

import { s } from "./dom.js";

const ORDER = "TCAG";
const ACIDS = "FFLLSSSSYY**CC*WLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG";
const opposite = (text) =>
  [...text]
    .reverse()
    .map((each) => "TGCAN"["ACGTN".indexOf(each)])
    .join("");

function acid(codon) {
  const at = [...codon].map((each) => ORDER.indexOf(each));
  return at.length === 3 && at.every((each) => each >= 0) ? ACIDS[16 * at[0] + 4 * at[1] + at[2]] : "?";
}

/** Codons that lie whole in [start, end) and in one exon: {gene, number, from (0-based, of the lowest base), forward}. */
export function codons(source, start, end) {
  const found = [];
  const genes = new Map();
  for (const each of source.features) if (each.kind === "CDS") genes.set(each.name, [...(genes.get(each.name) || []), each]);
  for (const parts of genes.values()) {
    if (!parts.some((each) => each.start < end && each.end > start)) continue;
    const forward = parts[0].strand !== "-";
    let before = 0;
    for (const part of [...parts].sort((a, b) => (forward ? a.start - b.start : b.start - a.start))) {
      for (let at = (3 - (before % 3)) % 3; at + 3 <= part.end - part.start; at += 3) {
        const from = forward ? part.start + at : part.end - at - 3;
        if (from >= start && from + 3 <= end) found.push({ gene: part.name, number: (before + at) / 3 + 1, from, forward });
      }
      before += part.end - part.start;
    }
  }
  return found;
}

/** The amino acids under the bases; those that the edits change stand out. */
export function proteinTrack(source, columns, start, end) {
  const at = new Map(columns.flatMap((each, n) => (each.ref ? [[each.at, n]] : [])));
  const shown = codons(source, start, end).flatMap(({ from, forward, number }) => {
    const [low, high] = [at.get(from), at.get(from + 2)];
    if (low === undefined || high === undefined) return [];
    const spelled = (key) => {
      const text = columns
        .slice(low, high + 1)
        .map((each) => each[key])
        .join("");
      return forward ? text : opposite(text);
    };
    const [ref, alt] = [acid(spelled("ref")), acid(spelled("alt"))];
    return [{ low, high, number, letter: alt, changed: ref !== alt, start: number === 1 }];
  });
  if (!shown.length) return null;
  return {
    height: 22,
    draw: (x, top, w) => [
      s("text", { class: "axis", x: x(0) - 7, y: top + 15, "text-anchor": "end" }, "acid"),
      ...shown.flatMap(({ low, high, letter, number, changed, start: first }) => [
        s("rect", {
          class: `acid ${changed ? "changed" : first ? "first" : number % 2 ? "odd" : ""}`,
          x: x(low),
          y: top + 2,
          width: (high - low + 1) * w,
          height: 17,
        }),
        s(
          "text",
          { class: `acid-name ${changed ? "changed" : ""}`, x: (x(low) + x(high) + w) / 2, y: top + 15, "text-anchor": "middle" },
          letter,
        ),
      ]),
    ],
  };
}

/** What an edit does to a protein, in words; "" outside of coding sequence. */
export function consequence(source, edit) {
  const inside = source.within(edit.at, edit.at + Math.max(1, edit.ref.length)).find((each) => each.kind === "CDS");
  if (!inside) return "";
  if (edit.ref.length !== edit.alt.length)
    return `${inside.name}: ${(edit.alt.length - edit.ref.length) % 3 ? "frameshift" : "in frame"}`;
  const found = codons(source, edit.at - 2, edit.at + 3).find(
    (each) => each.from <= edit.at && edit.at + edit.ref.length <= each.from + 3,
  );
  if (!found) return `${inside.name}: several codons`;
  const ref = source.fetch(found.from, found.from + 3);
  const alt = ref.slice(0, edit.at - found.from) + edit.alt + ref.slice(edit.at - found.from + edit.ref.length);
  const [one, two] = [ref, alt].map((each) => (found.forward ? each : opposite(each)));
  const [from, to] = [acid(one), acid(two)];
  const what =
    from === to
      ? "synonymous"
      : found.number === 1
        ? "start lost"
        : to === "*"
          ? "stop gained"
          : from === "*"
            ? "stop lost"
            : "missense";
  return `${found.gene} codon ${found.number}, ${one} (${from}) to ${two} (${to}): ${what}`;
}
