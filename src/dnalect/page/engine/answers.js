// The questions of the page on the models of a pack: the same records as page/answers.py gives.

import { placed } from "./background.js";
import { FIRST, Masks } from "./masks.js";
import { MaskScorer, StreamScorer, composition, influenceOf, shownMap } from "./scores.js";
import { Streams } from "./streams.js";
import { UNKNOWN, decode, encode, flagsOf, kindOf, normalise } from "./variants.js";

const counted = (n) => n.toLocaleString("en-US");
// Bases on each side of a place where a model reads all that it is given.
const AROUND = 1024;
// Multiply-adds that an influence may take without being asked for.
const AFFORDED = 2e11;

/** facts: [{card, family, config, flank, longest, background, words}]. pool: {run, size}. */
export class Answers {
  constructor(facts, pool) {
    this.facts = facts;
    this.pool = pool;
  }

  models() {
    return this.facts.map(({ card }) => card);
  }

  async probabilities({ model, sequence, start = 0, end = null }, told) {
    const asked = this.#asked(model, sequence, start, end, told);
    return { log_probs: await this.#logProbs(asked, told) };
  }

  async substitutions({ model, sequence, start = 0, end = null }, told) {
    const asked = this.#asked(model, sequence, start, end, told);
    const logs = await this.#logProbs(asked, told);
    const own = asked.codes.subarray(asked.start, asked.end);
    const ratios = logs.map((value, at) => (own[at >> 2] === UNKNOWN ? NaN : value - logs[(at & ~3) + own[at >> 2]]));
    return { ratios, unit: "nats, ln p(base) - ln p(ref)" };
  }

  async score({ model, sequence, at, ref, alt, influence = null, gc = null }, told) {
    const asked = this.#asked(model, sequence, 0, null, told);
    const { facts, codes, likelihood } = asked;
    if (gc !== null && !(0 < gc && gc < 1)) throw new Error(`gc=${gc} must be a share between 0 and 1, such as 0.41`);
    const background = gc === null ? composition(codes) : [1 - gc, gc, gc, 1 - gc].map((each) => Math.log(each / 2));
    const scorer = asked.streams ? new StreamScorer(facts, likelihood, background) : new MaskScorer(facts, likelihood, background);
    const variant = normalise(codes, at, ...allelesOf(facts, codes, at, ref, alt));
    const bases = 4 * facts.flank + variant.ref.length + variant.alt.length;
    const wanted = influence ?? bases * scorer.passesABase * facts.card.parameters <= AFFORDED;
    const { llr, refP = null, altP = null, read } = await scorer.score(codes, variant, wanted, told.progress);
    const { odd, flags } = flagsOf(codes, variant, scorer.reach);
    const moved = wanted ? influenceOf(read.window, await scorer.logs(read)) : { influence: null, moved: null, before: null };
    const window = scorer.window(codes, variant);
    return {
      kind: kindOf(variant),
      llr,
      ...placed(odd.length ? null : facts.background, variant, llr),
      log_p_ref: refP,
      log_p_alt: altP,
      flags,
      windows: {
        start: window.variant.start - window.start,
        at: window.start,
        reference: decode(window.reference),
        alternate: decode(window.alternate),
      },
      ...moved,
    };
  }

  async dependency({ model, sequence, start = 0, end = null }, told) {
    const asked = this.#asked(model, sequence, start, end, told);
    const { codes, place } = this.#window(asked);
    const n = asked.end - asked.start;
    const room = asked.facts.card.context - n;
    if (!asked.streams && room < 0)
      throw new Error(`${model} reads ${counted(n + room)} bases at once, and the place has ${counted(n)}: name a shorter one`);
    const map = asked.streams
      ? await asked.likelihood.map(codes, place, place + n, this.pool.size, told.progress)
      : await shownMap(asked.likelihood, codes, place, place + n, room, told.progress);
    for (let row = 0; row < n; row++)
      for (let at = 0; at < n; at++)
        if (codes[place + row] === UNKNOWN || codes[place + at] === UNKNOWN) map[row * n + at] = NaN;
        else if (row === at) map[row * n + at] = 0;
    return { map };
  }

  async attention({ model, sequence, start = 0, end = null, layer = "rollout", head = "mean" }, told) {
    const asked = this.#asked(model, sequence, start, end, told);
    const { card, config } = asked.facts;
    if (!card.attentions)
      throw new Error(`${model} has no attention: models of transformers have, such as nt-v2-50m`);
    if (asked.end - asked.start > card.context)
      throw new Error(`${model} reads ${counted(card.context)} bases at once, and the part has ${counted(asked.end - asked.start)}: ask for a shorter one`);
    if (layer === "rollout" && head !== "mean")
      throw new Error("a rollout takes the mean of the heads: leave head at 'mean', or choose a layer");
    for (const [what, value, most, word] of [["layer", layer, config.layers, "rollout"], ["head", head, config.heads, "mean"]])
      if (value !== word && !(Number.isInteger(value) && 1 <= value && value <= most))
        throw new Error(`${what}=${value}: ${model} has the ${what}s 1 to ${most}, and '${word}'`);
    const { codes, place } = this.#window(asked);
    const given = {
      ids: codes.map((code) => code + FIRST),
      start: place,
      end: place + asked.end - asked.start,
      layer: layer === "rollout" ? -1 : layer - 1,
      head: head === "mean" ? -1 : head - 1,
    };
    const map = await this.pool.run(model, "attention", given, { ...told, worker: 0 });
    // There are no special tokens among single bases.
    return { map, special: layer === "rollout" ? null : 0 };
  }

  /** How a model reads a sequence: a token for each base. */
  tokens({ model, sequence }) {
    const { words } = this.#facts(model);
    const codes = encode(checked(sequence));
    const first = words.indexOf("A");
    const tokens = Array.from(codes, (code, at) => ({ text: words[first + code], id: first + code, start: at, end: at + 1 }));
    return { vocabulary: words.length, tokens };
  }

  #facts(model) {
    const found = this.facts.find(({ card }) => card.id === model);
    if (!found) throw new Error(`there is no model '${model}' here; there are ${this.facts.map(({ card }) => card.id).join(", ")}`);
    return found;
  }

  #asked(model, sequence, start, end, { signal, progress }) {
    const facts = this.#facts(model);
    const stop = end ?? checked(sequence).length;
    if (!(Number.isInteger(start) && Number.isInteger(stop) && 0 <= start && start < stop && stop <= sequence.length))
      throw new Error(`start=${start}, end=${stop}: a part begins at 0 or later and ends after that, at ${counted(sequence.length)} at most`);
    const run = (task, given, worker = null, told = null) =>
      this.pool.run(model, task, given, { signal, worker, progress: told });
    const streams = facts.family === "duplex";
    const likelihood = streams ? new Streams(facts, run) : new Masks(facts, run);
    return { facts, codes: encode(checked(sequence)), start, end: stop, streams, likelihood, progress };
  }

  async #logProbs({ codes, start, end, streams, likelihood }, { progress }) {
    if (streams) return likelihood.logProbs(codes, start, end, progress);
    const sites = Array.from({ length: end - start }, (_, n) => start + n);
    return Float32Array.from((await likelihood.atSites(codes, sites, progress)).flat());
  }

  /** The bases around a part that a model can read with it, and where the part begins in them. */
  #window({ facts, codes, start, end }) {
    const reach = facts.card.reach ?? Math.min(AROUND, facts.card.context >> 1);
    const flank = Math.max(0, Math.min(reach, (facts.card.context - (end - start)) >> 1));
    const low = Math.max(0, start - flank);
    return { codes: codes.slice(low, end + flank), place: start - low };
  }
}

function checked(sequence) {
  if (typeof sequence !== "string") throw new Error(`a sequence is a text such as 'ACGT', not ${typeof sequence}`);
  if (!sequence) throw new Error("there is no sequence: give at least one base");
  if (/[^ABCDGHKMNRSTUVWXY*.-]/i.test(sequence)) throw new Error("the sequence 'sequence' is no DNA: give a text of A, C, G, T and N");
  return sequence;
}

function allelesOf({ card, longest }, codes, at, ...alleles) {
  ["ref", "alt"].forEach((name, n) => {
    const allele = alleles[n];
    if (typeof allele !== "string" || /[^ACGT]/i.test(allele))
      throw new Error(`${name} must be a text of A, C, G and T, not '${String(allele).slice(0, 40)}'`);
    if (allele.length > longest)
      throw new Error(`${name} has ${counted(allele.length)} bases, and ${card.id} scores alleles of at most ${counted(longest)}`);
  });
  const [ref, alt] = alleles.map(encode);
  if (!Number.isInteger(at) || at < 0 || at + ref.length > codes.length)
    throw new Error(`at=${at} with ${ref.length} bases lies outside the sequence: 0 to ${counted(codes.length - ref.length)}`);
  const there = decode(codes.subarray(at, at + ref.length));
  if (there !== decode(ref))
    throw new Error(`the sequence has ${there.slice(0, 40)} at ${counted(at)}, and not ${alleles[0].slice(0, 40)}: give what is there as ref`);
  return [ref, alt];
}
