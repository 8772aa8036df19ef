// Text -> bases, genomes, and edits on them. Positions are 0-based, half-open, on the unedited sequence.

export const BASES = "ACGT";
export const LONGEST = 5000;
// Bases on each side of a view in which edits are that reach into it.
const WIDE = 200;
const CODES = "RYSWKMBDHV";

/** Bases of what a person typed or pasted, and sentences on what was read otherwise. Throws an Error with a sentence. */
export function clean(text) {
  const notes = [];
  let body = text;
  if (/^\s*>/.test(text)) {
    const records = text.split(/^\s*>/m).filter((each) => each.trim());
    if (records.length > 1) notes.push(`The first of ${records.length} records is read.`);
    body = records[0].replace(/^[^\n]*(\n|$)/, "");
  }
  let bases = "";
  let uracils = 0;
  const codes = new Set();
  for (const [at, letter] of [...body.toUpperCase()].entries()) {
    if (/[\s\d]/.test(letter)) continue;
    if ("ACGTN".includes(letter)) bases += letter;
    else if (letter === "U") {
      bases += "T";
      uracils += 1;
    } else if (CODES.includes(letter)) {
      bases += "N";
      codes.add(letter);
    } else if (letter === "-" || letter === "." || letter === "*") bases += "";
    else
      throw new Error(
        `${JSON.stringify(body[at])} (letter ${at + 1}) is no base: DNA is A, C, G, T, and N where it is not known.`,
      );
  }
  if (uracils) notes.push("U is read as T.");
  if (codes.size) notes.push(`${[...codes].sort().join(", ")} stand for several bases and are read as N.`);
  if (bases.length > LONGEST) {
    notes.push(`The first ${LONGEST.toLocaleString("en")} of ${bases.length.toLocaleString("en")} bases are read.`);
    bases = bases.slice(0, LONGEST);
  }
  return { bases, notes };
}

/** A genome of the pack: bases packed four to a byte, with the runs that are not known. */
export class Genome {
  constructor(id, record) {
    Object.assign(this, record);
    this.id = id;
    this.start = record.offset;
    this.end = record.offset + record.length;
    this.codes = Uint8Array.from(atob(record.packed), (each) => each.charCodeAt(0));
  }

  fetch(start, end) {
    const letters = [];
    for (let at = Math.max(start, this.start) - this.start; at < Math.min(end, this.end) - this.start; at += 1) {
      letters.push(BASES[(this.codes[at >> 2] >> (6 - 2 * (at & 3))) & 3]);
    }
    for (const [low, high] of this.unknown.map((run) => run.map((each) => each + this.start))) {
      for (let at = Math.max(low, start); at < Math.min(high, end); at += 1) letters[at - Math.max(start, this.start)] = "N";
    }
    return letters.join("");
  }

  within(start, end) {
    return this.features.filter((each) => each.start < end && each.end > start);
  }

  name(at) {
    return `${this.contig}:${(at + 1).toLocaleString("en")}`;
  }
}

/** A sequence that somebody gave, with the same face as a genome. */
export class Own {
  constructor(bases) {
    Object.assign(this, { id: "", title: "Your sequence", contig: "your sequence", bases, start: 0, end: bases.length });
    Object.assign(this, { features: [], measured: [] });
  }

  fetch(start, end) {
    return this.bases.slice(Math.max(0, start), end);
  }

  within() {
    return [];
  }

  name(at) {
    return `base ${(at + 1).toLocaleString("en")}`;
  }
}

/** Edits as an alignment: for each column of [start, end) the position, and the letters of the reference and of the alternate ("" for none). */
export function aligned(source, edits, start, end) {
  const columns = [];
  const text = source.fetch(start, end);
  const low = Math.max(start, source.start);
  const by = new Map(edits.map((edit) => [edit.at, []]));
  for (const edit of edits) by.get(edit.at).push(edit);
  let at = low;
  while (at <= low + text.length) {
    const here = (by.get(at) || []).filter((each) => each.at + each.ref.length <= low + text.length);
    let taken = 0;
    for (const edit of here) {
      for (let n = 0; n < Math.max(edit.ref.length, edit.alt.length); n += 1) {
        const ref = n < edit.ref.length ? edit.ref[n] : "";
        const position = ref ? at + n : at + Math.max(0, edit.ref.length) - 1;
        columns.push({ at: position, ref, alt: n < edit.alt.length ? edit.alt[n] : "", edited: true, edit });
      }
      taken += edit.ref.length;
    }
    if (!taken && at < low + text.length) {
      columns.push({ at, ref: text[at - low], alt: text[at - low], edited: false });
      taken = 1;
    }
    at += Math.max(taken, 1);
  }
  return columns;
}

/** Where columns of a view begin and end: those of its bases, and what is inserted between them or at its edges. */
export function viewed(columns, start, end) {
  const inside = ({ at, ref }) => (ref ? at >= start && at < end : at + 1 >= start && at + 1 <= end);
  const first = columns.findIndex(inside);
  return first < 0 ? [0, 0] : [first, columns.findLastIndex(inside) + 1];
}

/** The columns of a view; edits may reach beyond it. */
export function columnsOf(source, edits, start, end) {
  const wide = aligned(source, edits, start - WIDE, end + WIDE);
  return wide.slice(...viewed(wide, start, end));
}

/** The alternate's letters of columns, joined. */
export const altText = (columns) => columns.map((each) => each.alt).join("");

/** Edits with one more: letters [a, b) of the view from `start` to `end`, as it is edited, become `text`. */
export function changed(source, edits, start, end, a, b, text) {
  const columns = aligned(source, edits, start - WIDE, end + WIDE);
  const [first, last] = viewed(columns, start, end);
  const letters = columns.flatMap((each, n) => (each.alt && n >= first && n < last ? [n] : []));
  let low = a < letters.length ? letters[a] : last;
  let high = b > a ? letters[b - 1] + 1 : low;
  const [from, to] = [low, high];
  // An edit that is touched becomes part of the new one; so does a neighbour where either changes the length.
  const longer = text.length !== b - a;
  const joins = (n, other) => {
    const edit = columns[n]?.edit;
    return edit && (edit === columns[other]?.edit || longer || edit.ref.length !== edit.alt.length);
  };
  while (low > 0 && joins(low - 1, low)) low -= 1;
  while (high < columns.length && joins(high, high - 1)) high += 1;
  const joined = new Set(
    columns
      .slice(low, high)
      .map((each) => each.edit)
      .filter(Boolean),
  );
  const spelled = (key, first, last) =>
    columns
      .slice(first, last)
      .map((each) => each[key])
      .join("");
  const before = columns.slice(0, low).findLast((each) => each.ref);
  const at = before ? before.at + 1 : Math.max(start - WIDE, source.start);
  const made = trimmed(at, spelled("ref", low, high), spelled("alt", low, from) + text + spelled("alt", to, high));
  return [...edits.filter((each) => !joined.has(each)), ...(made ? [made] : [])].sort(
    (x, y) => x.at - y.at || x.ref.length - y.ref.length,
  );
}

/** An edit without the letters that both alleles share at its ends; null where nothing is left. */
export function trimmed(at, ref, alt) {
  while (ref && alt && ref[ref.length - 1] === alt[alt.length - 1]) {
    ref = ref.slice(0, -1);
    alt = alt.slice(0, -1);
  }
  while (ref && alt && ref[0] === alt[0]) {
    ref = ref.slice(1);
    alt = alt.slice(1);
    at += 1;
  }
  return ref || alt ? { at, ref, alt } : null;
}

/** An edit as a VCF writes it: 1-based, an indel with the base before it. */
export function asVcf(source, edit) {
  if (edit.ref && edit.alt) return { pos: edit.at + 1, ref: edit.ref, alt: edit.alt };
  const before = edit.at > source.start ? source.fetch(edit.at - 1, edit.at) : "";
  if (before) return { pos: edit.at, ref: before + edit.ref, alt: before + edit.alt };
  const after = source.fetch(edit.at + edit.ref.length, edit.at + edit.ref.length + 1);
  return { pos: edit.at + 1, ref: edit.ref + after, alt: edit.alt + after };
}

/** A line of a VCF, or POS REF ALT, or CONTIG:POS REF>ALT -> an edit on this source. Throws an Error with a sentence. */
export function parseVcf(line, source) {
  const short = line.trim().match(/^(?:(\S+?):)?([\d,]+)\s*([ACGTNacgtn]+)\s*>\s*([ACGTNacgtn]+)$/);
  const cells = line.trim().split(/\s+/);
  const fields = short
    ? short.slice(1)
    : cells.length >= 5
      ? [cells[0], cells[1], cells[3], cells[4]]
      : cells.length >= 3
        ? [null, ...cells.slice(-3)]
        : null;
  if (!fields) throw new Error("Paste a line of a VCF (CHROM POS ID REF ALT), or write it as 12,345 A>G.");
  const [contig, pos, ref, alts] = fields;
  const alt = alts.split(",")[0].toUpperCase();
  const bare = (name) => String(name).replace(/^chr/i, "");
  if (contig && source.id && bare(contig) !== bare(source.contig))
    throw new Error(`The variant lies on ${contig}; open here is ${source.contig}.`);
  const at = Number(String(pos).replace(/,/g, "")) - 1;
  if (!Number.isInteger(at) || at < source.start || at + ref.length > source.end) {
    throw new Error(
      `Position ${pos} lies outside ${source.contig}:${(source.start + 1).toLocaleString("en")}-${source.end.toLocaleString("en")}.`,
    );
  }
  if (!/^[ACGTN]+$/i.test(ref) || !/^[ACGTN]+$/.test(alt))
    throw new Error(`${ref}>${alt} is no change of bases that can be read: alleles are spelled with A, C, G, T.`);
  const here = source.fetch(at, at + ref.length);
  if (here !== ref.toUpperCase())
    throw new Error(
      `REF says ${ref.toUpperCase()}, and the sequence has ${here} there: another assembly, or a shifted position?`,
    );
  const edit = trimmed(at, here, alt);
  if (!edit) throw new Error("REF and ALT are the same.");
  return edit;
}
