// What is open: the sequence, its edits and the model, and what follows from them.

import { Asker } from "./ask.js";
import { Genome, Own, aligned, altText, changed, viewed } from "./dna.js";
import { Store, toHash } from "./store.js";

export const PANES = ["read", "expect", "change", "depend", "map"];
export const VIEW = { least: 20, most: 400, first: 120, map: 200 };
// What a score wants on each side, and what a model without a reach gets at most.
const SCORED = 4224;

export class App {
  constructor({ engine, data, models, genomes, examples, vocabularies }) {
    Object.assign(this, { engine, data, models, examples, vocabularies });
    this.genomes = Object.fromEntries(Object.entries(genomes).map(([id, record]) => [id, new Genome(id, record)]));
    this.asker = new Asker(engine);
    this.owned = null;
    this.shown = {};
    const first = examples[0];
    const start = {
      genome: first.genome,
      start: first.start,
      end: first.end,
      pos: first.pos ?? null,
      pane: first.pane || "expect",
    };
    this.store = new Store(start, (state) => this.checked(state));
  }

  /** What is on the page now, and of which state: for whoever looks from outside. */
  tell(name, value) {
    this.shown[name] = { value, link: this.link };
  }

  get link() {
    return toHash(this.state);
  }

  get state() {
    return this.store.state;
  }

  sourceOf(state) {
    if (!state.own) return this.genomes[state.genome];
    if (this.owned?.bases !== state.own) this.owned = new Own(state.own);
    return this.owned;
  }

  get source() {
    return this.sourceOf(this.state);
  }

  /** Of the models the first that reads all bases at once. */
  get quickest() {
    return this.models.find((each) => each.likelihood === "leave_one_out") || this.models[0];
  }

  get model() {
    return this.models.find((each) => each.id === this.state.model);
  }

  /** The state with what can't be put right: links are old or mistyped, and models and loci come and go. */
  checked(state) {
    const next = { ...state };
    if (!next.own && !this.genomes[next.genome]) next.genome = this.examples[0].genome;
    const source = this.sourceOf(next);
    if (!this.models.some((each) => each.id === next.model)) {
      next.model = (this.models.find((each) => each.id === source.model) || this.quickest).id;
    }
    if (!PANES.includes(next.pane)) next.pane = "expect";
    let size = Math.round(next.end - next.start) || VIEW.first;
    size = Math.min(Math.max(size, Math.min(VIEW.least, source.end - source.start)), VIEW.most, source.end - source.start);
    next.start = Math.max(source.start, Math.min(Math.round(next.start), source.end - size));
    next.end = next.start + size;
    next.edits = next.edits.filter(
      (each) =>
        each.at >= source.start &&
        each.at + each.ref.length <= source.end &&
        source.fetch(each.at, each.at + each.ref.length) === each.ref,
    );
    if (next.pos !== null && !(next.pos >= next.start && next.pos < next.end)) next.pos = null;
    if (next.span && !(next.span[0] >= next.start && next.span[1] <= next.end && next.span[1] > next.span[0])) next.span = null;
    if (![3, 4, 5, 6].includes(next.k)) next.k = 6;
    return next;
  }

  flank(length) {
    const { reach, context } = this.model;
    return reach === null ? Math.max(0, Math.floor((context - length) / 2)) : reach;
  }

  /** What the model is asked: {sequence, start, end, columns}; edits: those that are in it. */
  window(edits, start = this.state.start, end = this.state.end, flank = this.flank(end - start)) {
    const all = aligned(this.source, edits, start - flank, end + flank);
    const [first, last] = viewed(all, start, end);
    const left = altText(all.slice(0, first)).length;
    const columns = all.slice(first, last);
    return { sequence: altText(all), start: left, end: left + altText(columns).length, columns };
  }

  /** Arguments of a question about a window. */
  given(window) {
    return { model: this.model.id, sequence: window.sequence, start: window.start, end: window.end };
  }

  /** Arguments of the score of one edit on the unedited sequence, which is of a genome whose composition is known, or not. */
  scoring({ at, ref, alt }) {
    const source = this.source;
    const low = Math.max(source.start, at - SCORED);
    return {
      model: this.model.id,
      sequence: source.fetch(low, Math.min(source.end, at + ref.length + SCORED)),
      at: at - low,
      ref,
      alt,
      gc: source.gc,
    };
  }

  /** Replace letters [a, b) of what is in view, as it is edited, by text. */
  edit(a, b, text) {
    const edits = changed(this.source, this.state.edits, this.state.start, this.state.end, a, b, text);
    this.store.set({ edits });
  }

  /** The whole sequence as it is edited, with `bases` in place of what is in view. */
  around(bases) {
    const { source, state } = this;
    const all = aligned(source, state.edits, source.start, source.end);
    const [first, last] = viewed(all, state.start, state.end);
    return altText(all.slice(0, first)) + bases + altText(all.slice(last));
  }

  go(patch, step = true) {
    this.store.set({ edits: [], span: null, pos: null, ...patch }, step);
  }

  where(at) {
    return this.source.name(at);
  }

  get place() {
    const { start, end } = this.state;
    return `${this.source.id ? `${this.source.contig}:` : "bases "}${(start + 1).toLocaleString("en")}-${end.toLocaleString("en")}`;
  }
}
