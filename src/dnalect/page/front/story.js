// The worked example of Attend and depend: a CTCF site, a core base or a flank base mutated, and what that did.

import { h, number, replace } from "./dom.js";

const SWAPPED = { A: "T", T: "A", C: "G", G: "C" };

export class Story {
  constructor(app) {
    this.app = app;
    this.example = app.examples.find((each) => each.motif);
    this.root = h("div", { class: "card story", hidden: !this.example });
    this.hit = h("p", { role: "status", class: "hit-text" });
    if (!this.example) return;
    const { motif, story } = this.example;
    const button = (text, run) => h("button", { type: "button", onclick: run }, text);
    this.open = button("Open the CTCF site", () => this.opened());
    this.core = button("Mutate a core base", () => this.mutate(motif.core));
    this.flank = button("Mutate a flank base", () => this.mutate(motif.flank));
    this.back = button("Take it back", () => app.store.set({ edits: [] }));
    const buttons = h("div", { class: "row" }, this.open, this.core, this.flank, this.back);
    replace(this.root, h("h2", {}, "A real CTCF site"), h("p", {}, story), buttons, this.hit);
  }

  opened() {
    const { genome, start, end } = this.example;
    this.app.go({ own: "", genome, start, end, model: this.app.genomes[genome].model });
  }

  mutate(at) {
    const ref = this.app.source.fetch(at, at + 1);
    this.app.store.set({ edits: [{ at, ref, alt: SWAPPED[ref] }], pos: at });
  }

  update(state) {
    if (!this.example) return;
    this.root.hidden = false;
    const { genome, start, end, motif } = this.example;
    const here = state.genome === genome && state.start <= motif.core && state.end > motif.core && !state.own;
    this.open.hidden = here && state.start === start && state.end === end;
    for (const each of [this.core, this.flank]) each.hidden = !here;
    this.back.hidden = !here || !state.edits.length;
    if (!here || !state.edits.length) this.hit.textContent = "";
  }

  /** Say what a substitution did to the dependencies within the motif. columns, map: of the edited sequence in [start, end). */
  async tell(columns, map, start, end) {
    const { app } = this;
    const { edits } = app.state;
    const motif = app.source.within(start, end).find((each) => each.kind === "motif");
    const [edit] = edits;
    if (!this.example || !motif || edits.length !== 1 || edit.ref.length !== 1 || edit.alt.length !== 1) return;
    const core = edit.at >= motif.start && edit.at < motif.end;
    try {
      const [plain, score] = await Promise.all([
        app.asker.ask("story", "dependency", app.given(app.window([], start, end))),
        app.asker.ask("story-score", "score", app.scoring(edit)),
      ]);
      if (app.state.edits[0] !== edit) return;
      const times = `${number(Math.exp(Math.abs(score.llr)), 1)} times ${score.llr < 0 ? "less likely" : "likelier"}`;
      const [before, after] = [plain.map, map].map((each) => number(strength(columns, each, motif, true)));
      this.hit.textContent =
        `${core ? "A core base of the motif was hit" : "A base beside the motif was hit"}: ` +
        `${edit.ref}>${edit.alt} at ${app.where(edit.at)}. The model finds it ${times}; the mean dependency between the motif's ` +
        `own bases goes from ${before} to ${after} log2-odds (between bases as near outside it: ` +
        `${number(strength(columns, plain.map, motif, false))}).`;
    } catch (error) {
      if (error.name !== "AbortError") this.hit.textContent = error.message;
    }
  }
}

/** The mean over pairs that are no farther apart than the motif is long: both in it, or both outside. */
function strength(columns, map, motif, within) {
  const size = columns.length;
  const fits = (n) => (columns[n].at >= motif.start && columns[n].at < motif.end) === within;
  let [sum, count] = [0, 0];
  for (let i = 0; i < size; i += 1) {
    for (let j = 0; j < size; j += 1) {
      const value = map[i * size + j];
      if (i === j || Math.abs(i - j) >= motif.end - motif.start || !fits(i) || !fits(j)) continue;
      if (value !== null && Number.isFinite(value)) {
        sum += value;
        count += 1;
      }
    }
  }
  return sum / count;
}
