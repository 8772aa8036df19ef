// Attend and depend: what a model looks at, beside what moves its expectation.

import { answered } from "./ask.js";
import { VIEW } from "./app.js";
import { h, number, percent, replace, settled, whole } from "./dom.js";
import { Figure } from "./figure.js";
import { isOneSided } from "./given.js";
import { highest, matrixPicture, strongest } from "./matrix.js";
import { Pinned } from "./pinned.js";
import { Story } from "./story.js";

const FLANK = 256;
// Multiply-adds of a masked model's map that nobody has to ask for, and bases that it reads on each side.
const [CHEAP, AROUND] = [5e11, 64];
const NOT =
  "What attention is not: it says where a layer takes its numbers from, not what for. A base that is attended to need not matter for the answer, and one that matters can come by other ways; the dependency map beside it measures what a change really moves.";

/** Layer and head to show. Until somebody chooses: the head that goes best with dependencies at the worked example. */
function chosen(state, model) {
  const [layer, head] = state.layer ? [state.layer, state.head || "mean"] : (model.opening ?? [1, "mean"]);
  if (layer === "rollout") return [layer, "mean"];
  const wanted = state.head || head;
  return [Math.min(layer, model.layers), wanted === "mean" ? wanted : Math.min(wanted, model.heads)];
}

export class Depend {
  constructor(app, root) {
    this.app = app;
    this.story = new Story(app);
    this.pinned = new Pinned(app);
    this.layer = h("select", {
      id: "layer",
      onchange: () => this.choose({ layer: this.layer.value === "rollout" ? "rollout" : Number(this.layer.value) }),
    });
    this.head = h("select", {
      id: "head",
      onchange: () => this.choose({ head: this.head.value === "mean" ? "mean" : Number(this.head.value) }),
    });
    this.near = h("input", {
      id: "near",
      type: "range",
      min: 0,
      max: 40,
      step: 1,
      oninput: settled(() => app.store.set({ near: Number(this.near.value) }, false), 60),
    });
    this.nearTold = h("output", { for: "near" });
    const heads = h(
      "span",
      { class: "tools" },
      h("span", { class: "nobreak" }, h("label", { for: "layer" }, "Layer "), this.layer),
      h("span", { class: "nobreak" }, h("label", { for: "head" }, "Head "), this.head),
    );
    this.attention = new Figure({
      title: "Attention",
      name: "attention",
      aloud: true,
      tools: heads,
      help: "Row: the base that looks; column: the base that it looks at. It opens with the head whose attention at the CTCF site goes best with the dependency map there, among pairs equally far apart.",
    });
    this.map = new Figure({
      title: "Dependency",
      name: "dependency",
      aloud: true,
      help: "Row: the base that is substituted; column: the base whose expectation moves (largest change of the log2-odds).",
    });
    root.append(
      this.story.root,
      h(
        "div",
        { class: "row filter" },
        h("label", { for: "near" }, "Leave out pairs nearer than"),
        this.near,
        this.nearTold,
        h("button", { type: "button", class: "small", onclick: () => app.store.set({ pos: null }, false) }, "Unpin"),
      ),
      h("div", { class: "pair" }, this.attention.root, this.map.root),
      h("p", { class: "note" }, NOT),
      this.pinned.figure.root,
      this.pinned.pairs,
    );
  }

  choose(patch) {
    const next = { ...this.app.state, ...patch };
    this.app.store.set({ ...patch, ...(next.layer === "rollout" ? { head: "mean" } : {}) }, false);
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
    this.story.update(state);
    this.updateAttention(state, end);
    this.story.root.hidden ||= isOneSided(app.model);
    if (isOneSided(app.model)) this.none("It takes a model that reads both sides of a base.");
    else if (this.isDear(app.given(window))) this.offer(app.given(window));
    else this.ask(app.given(window), state.start, end);
    this.pinned.draw(this.known);
  }

  /** Whether a map would take minutes, and nobody has asked for it: masked models read a sequence for each substitution. */
  isDear(given) {
    const n = this.columns.length;
    const masked = this.app.model.likelihood !== "leave_one_out";
    const dear = 6 * n * (n + 2 * AROUND) * this.app.model.parameters > CHEAP;
    return masked && dear && this.wanted !== JSON.stringify(given);
  }

  /** Show no map, and say why. */
  none(why) {
    this.app.asker.stop("dependency-0");
    this.record = null;
    this.pinned.pairs.hidden = true;
    this.map.clear(why);
  }

  offer(given) {
    const { app, map } = this;
    const wanted = () => {
      this.wanted = JSON.stringify(given);
      this.update(app.state);
    };
    this.none(
      `${app.model.id} reads a sequence for each substitution, on both strands: this map takes ` +
        `${whole(6 * this.columns.length)} passes, which can be minutes. Choose another model, show fewer bases, or ` +
        "compute it anyway.",
    );
    map.stage.append(h("button", { type: "button", onclick: wanted }, "Compute it anyway"));
  }

  ask(given, start, end) {
    answered(
      this.app,
      this.map,
      "dependency",
      [["dependency", given]],
      (record) => {
        this.record = record.map;
        this.drawMap();
        this.pinned.draw(this.known);
        this.pinned.drawPairs(this.known);
        this.story.tell(this.columns, record.map, start, end);
      },
      { text: `The model reads ${whole(3 * this.columns.length)} changed sequences` },
    );
  }

  /** What is known of the bases in view. */
  get known() {
    return {
      columns: this.columns,
      start: this.app.state.start,
      end: this.end,
      map: this.record,
      attended: this.attended,
      hidden: this.hidden(),
    };
  }

  updateAttention(state, end) {
    const { app } = this;
    const model = this.attentive;
    for (const each of [this.layer, this.head]) each.parentElement.hidden = !model;
    this.attended = null;
    if (!model) {
      this.attention.clear(
        "No model in this page has attention: duplex models are made of convolutions, and look nowhere. The dependency map works for every model. A page or a server with an attention model shows its heads here.",
      );
      return;
    }
    const options = (node, values, value) => {
      replace(
        node,
        values.map((each) =>
          h(
            "option",
            { value: each },
            each === "rollout" ? "rollout (all layers)" : each === "mean" ? "mean of heads" : String(each),
          ),
        ),
      );
      node.value = value;
    };
    const [layer, head] = chosen(state, model);
    options(this.layer, [...Array.from({ length: model.layers }, (_, n) => n + 1), "rollout"], layer);
    options(this.head, layer === "rollout" ? ["mean"] : ["mean", ...Array.from({ length: model.heads }, (_, n) => n + 1)], head);
    const room = Math.min(FLANK, Math.floor((model.context - (end - state.start)) / 2));
    const window = app.window(state.edits, state.start, end, Math.max(0, room));
    const given = { ...app.given(window), model: model.id, layer, head };
    answered(
      app,
      this.attention,
      "attention",
      [["attention", given]],
      (record) => {
        this.attended = record.map;
        this.drawAttention(model, layer, head, record);
        this.pinned.draw(this.known);
      },
      { text: "The model attends" },
    );
  }

  hidden() {
    const { near } = this.app.state;
    return (i, j) => near > 1 && Math.abs(i - j) < near;
  }

  common() {
    const { app } = this;
    const { state } = app;
    const positions = this.columns.map((each) => each.at);
    const marks = app.source
      .within(state.start, this.end)
      .filter((each) => ["motif", "tRNA", "ncRNA"].includes(each.kind))
      .map((each) => ({
        from: Math.max(
          0,
          positions.findIndex((at) => at >= each.start),
        ),
        to: positions.findLastIndex((at) => at < each.end) + 1,
        name: each.name,
      }))
      .filter((each) => each.to > each.from);
    return {
      letters: this.columns.map((each) => each.alt),
      positions,
      marks,
      hidden: this.hidden(),
      pinned: state.pos === null ? -1 : positions.indexOf(state.pos),
      pin: (n) => app.store.set({ pos: positions[n] }, false),
    };
  }

  other(figure) {
    return (cell) => {
      const svg = figure.svg;
      if (svg?.show && !this.moving) {
        this.moving = true;
        svg.show(cell);
        this.moving = false;
      }
    };
  }

  name(n) {
    const each = this.columns[n];
    return `${each.alt} at ${this.app.where(each.at)}`;
  }

  drawMap() {
    const { app } = this;
    const size = this.columns.length;
    const hidden = this.hidden();
    const svg = matrixPicture({
      ...this.common(),
      map: this.record,
      room: this.map.stage.clientWidth || 500,
      most: highest(this.record, size, hidden),
      label: `Dependency map of ${app.place} by ${app.model.id}`,
      say: (i, j) => `Substituting ${this.name(i)} moves ${this.name(j)} by ${number(this.record[i * size + j])}`,
      from: "substituted",
      to: "moved",
      legend: "log2-odds",
      hover: this.other(this.attention),
    });
    const top = strongest(this.record, size, hidden, 1, true)[0];
    this.map.draw(
      svg,
      top
        ? `By ${app.model.id}. The strongest pair${app.state.near > 1 ? ` at least ${app.state.near} bases apart` : ""}: ${this.name(top.i)} and ${this.name(top.j)}, ${number(top.value)} log2-odds.`
        : "No pairs are left.",
    );
    app.tell("dependency", this.record);
  }

  drawAttention(model, layer, head, record) {
    const { app } = this;
    const size = this.columns.length;
    const hidden = this.hidden();
    const map = record.map;
    const svg = matrixPicture({
      ...this.common(),
      map,
      room: this.attention.stage.clientWidth || 500,
      most: highest(map, size, hidden),
      label: `Attention of ${model.id}, layer ${layer}, head ${head}`,
      say: (i, j) => `${this.name(i)} looks at ${this.name(j)}: ${number(map[i * size + j], 4)}`,
      from: "looks",
      to: "is looked at",
      legend: "of the attention of a row",
      hover: this.other(this.map),
    });
    const top = strongest(map, size, hidden, 1, false)[0];
    let distance = 0;
    let total = 0;
    map.forEach((value, n) => {
      if (value === null || !Number.isFinite(value)) return;
      distance += value * Math.abs(Math.floor(n / size) - (n % size));
      total += value;
    });
    this.attention.draw(
      svg,
      `${model.id}, ${layer === "rollout" ? "all layers rolled out" : `layer ${layer}, ${head === "mean" ? "mean of heads" : `head ${head}`}`}. ${percent(total / size, 0)} of the attention stays among these bases, over ${number(distance / (total || 1), 1)} bases on average. ${top ? `Most: ${this.name(top.i)} looks at ${this.name(top.j)} (${percent(top.value)}).` : ""}`,
    );
    app.tell("attention", map);
  }
}
