// How vocabularies cut DNA: the same words and ids as dnalect.tokens.

const ORDER = "ATCG";
const known = (text) => /^[ACGT]+$/.test(text);
const count = (text) => [...text].reduce((sum, base) => sum * 4 + ORDER.indexOf(base), 0);

const single = (bases) => [...bases].map((text, at) => ({ text, id: "ACGTN".indexOf(text), start: at, end: at + 1 }));

/** A k-mer at every base but the last k - 1, with DNABERT's ids; [UNK] where a base is not known. */
function overlapping(bases, k) {
  return Array.from({ length: Math.max(0, bases.length - k + 1) }, (_, at) => {
    const text = bases.slice(at, at + k);
    return { text: known(text) ? text : "[UNK]", id: known(text) ? 5 + count(text) : 1, start: at, end: at + k };
  });
}

/** 6-mers side by side, what is left over and N as single letters, with the ids of Nucleotide Transformer v2. */
function chunks(bases) {
  const out = [];
  for (const { 0: piece, index } of bases.matchAll(/[ACGT]+|N/g)) {
    const sixes = piece === "N" ? 0 : Math.floor(piece.length / 6);
    for (let n = 0; n < sixes; n += 1) {
      const text = piece.slice(6 * n, 6 * n + 6);
      out.push({ text, id: 6 + count(text), start: index + 6 * n, end: index + 6 * n + 6 });
    }
    for (let at = 6 * sixes; at < piece.length; at += 1) {
      const text = piece[at];
      out.push({ text, id: 6 + 4 ** 6 + (text === "N" ? 4 : ORDER.indexOf(text)), start: index + at, end: index + at + 1 });
    }
  }
  return out;
}

/** Byte pairs: the earliest merge first, of equal ones the leftmost. */
function bytePairs(vocabulary) {
  const ranks = new Map(vocabulary.merges.split(" ").map((pair, n) => [pair, n]));
  return (bases) => {
    const parts = [...bases].map((text, at) => ({ text, start: at, end: at + 1 }));
    const rank = (n) => (n + 1 < parts.length ? (ranks.get(`${parts[n].text},${parts[n + 1].text}`) ?? Infinity) : Infinity);
    for (;;) {
      let best = Infinity;
      for (let n = 0; n + 1 < parts.length; n += 1) best = Math.min(best, rank(n));
      if (best === Infinity) break;
      for (let n = 0; n + 1 < parts.length; n += 1) {
        if (rank(n) === best)
          parts.splice(n, 2, { text: parts[n].text + parts[n + 1].text, start: parts[n].start, end: parts[n + 1].end });
      }
    }
    const ids = new Map([...ranks.keys()].map((pair, n) => [pair.replace(",", ""), vocabulary.first + n]));
    return parts.map((each) =>
      each.text === "N"
        ? { ...each, text: "[UNK]", id: vocabulary.unknown }
        : { ...each, id: vocabulary.letters[each.text] ?? ids.get(each.text) },
    );
  };
}

/** The vocabularies of the page: name -> {title, size, tokens(bases)}. */
export function vocabularies(learned) {
  const of = (name) => ({
    title: learned[name].title,
    size: learned[name].size,
    learned: learned[name].learned,
    licence: learned[name].licence,
    tokens: bytePairs(learned[name]),
  });
  const kmers = (k) => ({ title: `Overlapping ${k}-mers`, size: 4 ** k + 5, k, tokens: (bases) => overlapping(bases, k) });
  return {
    single: { title: "Single bases", size: 5, tokens: single },
    "dnabert-3": kmers(3),
    "dnabert-4": kmers(4),
    "dnabert-5": kmers(5),
    "dnabert-6": kmers(6),
    "nt-v2": { title: "6-mers side by side", size: 4107, tokens: chunks },
    "dnabert-2": of("dnabert-2"),
    yeast: of("yeast"),
  };
}
