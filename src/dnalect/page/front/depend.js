// Attend and depend: what a model looks at, beside what moves its expectation.

import { answered } from "./ask.js";
import { VIEW } from "./app.js";
import { barTrack, columnsPicture, featureTrack, letterTrack } from "./columns.js";
import { h, largest, number, percent, replace, settled, whole } from "./dom.js";
import { Figure } from "./figure.js";
import { highest, matrixPicture, strongest } from "./matrix.js";

const FLANK = 256;
const PAIRS = 5;
const NOT = "What attention is not: it says where a layer takes its numbers from, not what for. A base that is attended to need not matter for the answer, and one that matters can come by other ways; the dependency map beside it measures what a change really moves.";

export class Depend {
  constructor(app, root) {
    this.app = app;
    this.example = app.examples.findIndex((each) => each.motif);
    const { motif } = app.examples[this.example] || {};
    const button = (text, run) => h("button", { type: "button", onclick: run }, text);
    this.story = h("div", { class: "card story" });
    this.hit = h("p", { role: "status", class: "hit-text" });
    if (motif) {
      const mutate = (at) => {
        const ref = app.source.fetch(at, at + 1);
        const alt = { A: "T", T: "A", C: "G", G: "C" }[ref];
        app.store.set({ edits: [{ at, ref, alt }], pos: at });
      };
      this.open = button("Open the CTCF site", () => this.opened());
      this.core = button("Mutate a core base", () => mutate(motif.core));
      this.flank = button("Mutate a flank base", () => mutate(motif.flank));
      this.back = button("Take it back", () => app.store.set({ edits: [] }));
      replace(this.story, h("h3", {}, "A real CTCF site"), h("p", {}, app.examples[this.example].story), h("div", { class: "row" }, this.open, this.core, this.flank, this.back), this.hit);
    }
    this.layer = h("select", { id: "layer", onchange: () => this.choose({ layer: this.layer.value === "rollout" ? "rollout" : Number(this.layer.value) }) });
    this.head = h("select", { id: "head", onchange: () => this.choose({ head: this.head.value === "mean" ? "mean" : Number(this.head.value) }) });
    this.near = h("input", { id: "near", type: "range", min: 0, max: 40, step: 1, oninput: settled(() => app.store.set({ near: Number(this.near.value) }, false), 60) });
    this.nearTold = h("output", { for: "near" });
    const heads = h("span", { class: "tools" }, h("span", { class: "nobreak" }, h("label", { for: "layer" }, "Layer "), this.layer), h("span", { class: "nobreak" }, h("label", { for: "head" }, "Head "), this.head));
    this.attention = new Figure({ title: "Attention", name: "attention", tools: heads, help: "Row: the base that looks; column: the base that it looks at." });
    this.map = new Figure({ title: "Dependency", name: "dependency", help: "Row: the base that is substituted; column: the base whose expectation moves (largest change of the log2-odds)." });
    this.pinned = new Figure({ title: "The pinned base", name: "pinned", help: "Click a row of a map, or choose it with the arrow keys and press Enter." });
    this.pairs = h("div", { class: "card", hidden: true });
    root.append(
      this.story, h("div", { class: "row filter" }, h("label", { for: "near" }, "Leave out pairs nearer than"), this.near, this.nearTold, h("button", { type: "button", class: "small", onclick: () => app.store.set({ pos: null }, false) }, "Unpin")),
      h("div", { class: "pair" }, this.attention.root, this.map.root), h("p", { class: "note" }, NOT), this.pinned.root, this.pairs,
    );
  }

  choose(patch) {
    const next = { ...this.app.state, ...patch };
    this.app.store.set({ ...patch, ...(next.layer === "rollout" ? { head: "mean" } : {}) }, false);
  }

  opened() {
    const { genome, start, end } = this.app.examples[this.example];
    this.app.go({ own: "", genome, start, end, model: this.app.genomes[genome].model });
  }

  get attentive() {
    const { app } = this;
    return app.model.attentions ? app.model : app.attentive[0];
  }

  update(state) {
    const { app } = this;
    this.near.value = state.near;
    this.nearTold.textContent = state.near > 1 ? `${state.near} bases` : "(all pairs are shown)";
    const end = Math.min(state.end, state.start + VIEW.map);
    const window = app.window(state.edits, state.start, end);
    this.columns = window.columns.filter((each) => each.alt);
    this.end = end;
    this.updateStory(state);
    this.updateAttention(state, end);
    answered(app, this.map, "dependency", [["dependency", app.given(window)]], (record) => { this.record = record.map; this.drawMap(); this.drawPinned(); this.drawPairs(); this.told(window); }, { text: `The model reads ${whole(3 * this.columns.length)} changed sequences` });
    this.drawPinned();
  }

  updateStory(state) {
    if (!this.open) return;
    const { genome, start, end, motif } = this.app.examples[this.example];
    const here = state.genome === genome && state.start <= motif.core && state.end > motif.core && !state.own;
    this.open.hidden = here && state.start === start && state.end === end;
    for (const each of [this.core, this.flank]) each.hidden = !here;
    this.back.hidden = !here || !state.edits.length;
    if (!here || !state.edits.length) this.hit.textContent = "";
  }

  updateAttention(state, end) {
    const { app } = this;
    const model = this.attentive;
    for (const each of [this.layer, this.head]) each.parentElement.hidden = !model;
    this.attended = null;
    if (!model) {
      this.attention.clear("No model in this page has attention: duplex models are made of convolutions, and look nowhere. The dependency map works for every model. A page or a server with an attention model shows its heads here.");
      return;
    }
    const options = (node, values, value) => { replace(node, values.map((each) => h("option", { value: each }, each === "rollout" ? "rollout (all layers)" : each === "mean" ? "mean of heads" : String(each)))); node.value = value; };
    const layer = state.layer === "rollout" ? "rollout" : Math.min(state.layer, model.layers);
    const head = layer === "rollout" || state.head === "mean" ? "mean" : Math.min(state.head, model.heads);
    options(this.layer, [...Array.from({ length: model.layers }, (_, n) => n + 1), "rollout"], layer);
    options(this.head, layer === "rollout" ? ["mean"] : ["mean", ...Array.from({ length: model.heads }, (_, n) => n + 1)], head);
    const room = Math.min(FLANK, Math.floor((model.context - (end - state.start)) / 2));
    const window = app.window(state.edits, state.start, end, Math.max(0, room));
    const given = { ...app.given(window), model: model.id, layer, head };
    answered(app, this.attention, "attention", [["attention", given]], (record) => {
      this.attended = record.map;
      this.drawAttention(model, layer, head, record);
      this.drawPinned();
    }, { text: "The model attends" });
  }

  hidden() { const { near } = this.app.state; return (i, j) => near > 1 && Math.abs(i - j) < near; }

  common() {
    const { app } = this;
    const { state } = app;
    const positions = this.columns.map((each) => each.at);
    const marks = app.source.within(state.start, this.end).filter((each) => ["motif", "tRNA", "ncRNA"].includes(each.kind)).map((each) => ({
      from: Math.max(0, positions.findIndex((at) => at >= each.start)), to: positions.findLastIndex((at) => at < each.end) + 1, name: each.name,
    })).filter((each) => each.to > each.from);
    return { letters: this.columns.map((each) => each.alt), positions, marks, hidden: this.hidden(), pinned: state.pos === null ? -1 : positions.indexOf(state.pos), pin: (n) => app.store.set({ pos: positions[n] }, false) };
  }

  other(figure) { return (cell) => { const svg = figure.svg; if (svg?.show && !this.moving) { this.moving = true; svg.show(cell); this.moving = false; } }; }

  name(n) { const each = this.columns[n]; return `${each.alt} at ${this.app.where(each.at)}`; }

  drawMap() {
    const { app } = this;
    const size = this.columns.length;
    const hidden = this.hidden();
    const svg = matrixPicture({
      ...this.common(), map: this.record, room: this.map.stage.clientWidth || 500, most: highest(this.record, size, hidden), label: `Dependency map of ${app.place} by ${app.model.id}`,
      say: (i, j) => `Substituting ${this.name(i)} moves ${this.name(j)} by ${number(this.record[i * size + j])}`, from: "substituted", to: "moved", legend: "log2-odds", hover: this.other(this.attention),
    });
    const top = strongest(this.record, size, hidden, 1, true)[0];
    this.map.draw(svg, top ? `By ${app.model.id}. The strongest pair${app.state.near > 1 ? ` at least ${app.state.near} bases apart` : ""}: ${this.name(top.i)} and ${this.name(top.j)}, ${number(top.value)} log2-odds.` : "No pairs are left.");
    app.tell("dependency", this.record);
  }

  drawAttention(model, layer, head, record) {
    const { app } = this;
    const size = this.columns.length;
    const hidden = this.hidden();
    const map = record.map;
    const svg = matrixPicture({
      ...this.common(), map, room: this.attention.stage.clientWidth || 500, most: highest(map, size, hidden), label: `Attention of ${model.id}, layer ${layer}, head ${head}`,
      say: (i, j) => `${this.name(i)} looks at ${this.name(j)}: ${number(map[i * size + j], 4)}`, from: "looks", to: "is looked at", legend: "of the attention of a row", hover: this.other(this.map),
    });
    const top = strongest(map, size, hidden, 1, false)[0];
    let distance = 0;
    let total = 0;
    map.forEach((value, n) => {
      if (value === null || !Number.isFinite(value)) return;
      distance += value * Math.abs(Math.floor(n / size) - (n % size));
      total += value;
    });
    this.attention.draw(svg, `${model.id}, ${layer === "rollout" ? "all layers rolled out" : `layer ${layer}, ${head === "mean" ? "mean of heads" : `head ${head}`}`}. ${percent(total / size, 0)} of the attention stays among these bases, over ${number(distance / (total || 1), 1)} bases on average. ${top ? `Most: ${this.name(top.i)} looks at ${this.name(top.j)} (${percent(top.value)}).` : ""}`);
    app.tell("attention", map);
  }

  drawPinned() {
    const { app } = this;
    const size = this.columns.length;
    const positions = this.columns.map((each) => each.at);
    const n = app.state.pos === null ? -1 : positions.indexOf(app.state.pos);
    const map = this.record?.length === size * size ? this.record : null;
    if (n < 0 || !map) { this.pinned.clear(n < 0 ? "No base is pinned." : ""); return; }
    const attended = this.attended?.length === size * size ? this.attended : null;
    const hidden = this.hidden();
    const line = (from, row) => positions.map((_, m) => (m === n || hidden(n, m) ? null : row ? from[n * size + m] : from[m * size + n]));
    const [moves, moved] = [line(map, true), line(map, false)];
    const tracks = [letterTrack(this.columns.map((each) => each.alt)), barTrack(moves, "moves", largest(moves, 0.2), "bar"), barTrack(moved, "is moved", largest(moved, 0.2), "bar moved")];
    if (attended) tracks.push(barTrack(line(attended, true), "looks", largest(line(attended, true), 0.01), "bar surprise"));
    tracks.push(featureTrack(app.source.within(app.state.start, this.end), app.state.start, size));
    const say = (m) => `${this.name(m)}: is moved by ${number(moves[m])}, moves it by ${number(moved[m])}${attended ? `, attention ${number(attended[n * size + m], 3)}` : ""}`;
    const svg = columnsPicture({ tracks, positions, room: this.pinned.stage.clientWidth || 900, label: `What depends on ${this.name(n)}`, say, selected: app.state.pos, pick: (m) => app.store.set({ pos: positions[m] }, false) });
    const first = moves.map((value, m) => [Number.isFinite(value) ? value ?? -1 : -1, m]).sort((a, b) => b[0] - a[0]).slice(0, 3).filter((each) => each[0] > 0);
    this.pinned.draw(svg, `Substituting ${this.name(n)} moves most: ${first.map(([value, m]) => `${this.name(m)} (${number(value)})`).join(", ") || "nothing"}.`);
  }

  drawPairs() {
    const size = this.columns.length;
    const found = strongest(this.record, size, this.hidden(), PAIRS, true);
    this.pairs.hidden = !found.length;
    replace(this.pairs, h("h3", {}, "The strongest pairs"), h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Table of pairs" }, h("table", {}, h("thead", {}, h("tr", {}, ["Bases", "Apart", "Log2-odds", ""].map((text, n) => h("th", { scope: "col", class: n === 1 || n === 2 ? "num" : "" }, text)))), h("tbody", {}, found.map(({ i, j, value }) => h(
      "tr", {}, h("td", {}, `${this.name(i)} and ${this.name(j)}`), h("td", { class: "num" }, String(Math.abs(this.columns[j].at - this.columns[i].at))), h("td", { class: "num" }, number(value)),
      h("td", {}, h("button", { type: "button", class: "small", "aria-label": `Pin ${this.name(i)}`, onclick: () => this.app.store.set({ pos: this.columns[i].at }, false) }, "Pin")),
    ))))));
  }

  /** What a mutation did to the dependencies within the motif, in a sentence. */
  async told(window) {
    const { app } = this;
    const { state } = app;
    const motif = app.source.within(state.start, this.end).find((each) => each.kind === "motif");
    const edit = state.edits[0];
    if (!motif || state.edits.length !== 1 || edit.ref.length !== 1 || edit.alt.length !== 1 || !this.open) return;
    // The mean over pairs that are no farther apart than the motif is long: both in it, or both outside.
    const strength = (map, within = true) => {
      const size = this.columns.length;
      const inside = (n) => this.columns[n].at >= motif.start && this.columns[n].at < motif.end;
      let [sum, count] = [0, 0];
      for (let i = 0; i < size; i += 1) {
        for (let j = 0; j < size; j += 1) {
          if (i !== j && Math.abs(i - j) < motif.end - motif.start && inside(i) === within && inside(j) === within) {
            const value = map[i * size + j];
            if (value !== null && Number.isFinite(value)) { sum += value; count += 1; }
          }
        }
      }
      return sum / count;
    };
    const after = strength(this.record);
    const core = edit.at >= motif.start && edit.at < motif.end;
    try {
      const [plain, score] = await Promise.all([app.asker.ask("story", "dependency", app.given(app.window([], state.start, this.end))), app.asker.ask("story-score", "score", app.scoring(edit))]);
      const before = strength(plain.map);
      if (app.state.edits[0] !== edit) return;
      const ratio = score.llr < 0 ? `${number(Math.exp(-score.llr), 1)} times less likely` : `${number(Math.exp(score.llr), 1)} times likelier`;
      this.hit.textContent = `${core ? "A core base of the motif was hit" : "A base beside the motif was hit"}: ${edit.ref}>${edit.alt} at ${app.where(edit.at)}. The model finds it ${ratio}; the mean dependency between the motif's own bases goes from ${number(before)} to ${number(after)} log2-odds (between bases as near outside it: ${number(strength(plain.map, false))}).`;
    } catch (error) { if (error.name !== "AbortError") this.hit.textContent = error.message; }
  }
}

