// What depends on one base, and the strongest pairs.

import { columnsPicture } from "./columns.js";
import { h, largest, number, replace } from "./dom.js";
import { Figure } from "./figure.js";
import { strongest } from "./matrix.js";
import { barTrack, featureTrack, letterTrack } from "./tracks.js";

const PAIRS = 5;

export class Pinned {
  constructor(app) {
    this.app = app;
    this.figure = new Figure({
      title: "The pinned base",
      name: "pinned",
      help: "Click a row of a map, or choose it with the arrow keys and press Enter.",
    });
    this.pairs = h("div", { class: "card", hidden: true });
  }

  pin(at) {
    this.app.store.set({ pos: at }, false);
  }

  /** Draw what is known. columns: of [start, end); map, attended: dependency and attention, or null; hidden(i, j): left out. */
  draw({ columns, start, end, map, attended, hidden }) {
    const { app, figure } = this;
    const size = columns.length;
    const positions = columns.map((each) => each.at);
    const n = app.state.pos === null ? -1 : positions.indexOf(app.state.pos);
    const fits = (each) => (each?.length === size * size ? each : null);
    const [known, looks] = [fits(map), fits(attended)];
    if (n < 0 || !known) {
      figure.clear(n < 0 ? "No base is pinned." : "");
      return;
    }
    const name = (m) => `${columns[m].alt} at ${app.where(columns[m].at)}`;
    const line = (get) => positions.map((_, m) => (m === n || hidden(n, m) ? null : get(m)));
    const moves = line((m) => known[n * size + m]);
    const moved = line((m) => known[m * size + n]);
    const tracks = [
      letterTrack(columns.map((each) => each.alt)),
      barTrack(moves, "moves", largest(moves, 0.2), "bar"),
      barTrack(moved, "is moved", largest(moved, 0.2), "bar moved"),
    ];
    if (looks) {
      const looked = line((m) => looks[n * size + m]);
      tracks.push(barTrack(looked, "looks", largest(looked, 0.01), "bar surprise"));
    }
    tracks.push(featureTrack(app.source.within(start, end), start, size));
    const attention = (m) => (looks ? `, attention ${number(looks[n * size + m], 3)}` : "");
    const say = (m) => `${name(m)}: is moved by ${number(moves[m])}, moves it by ${number(moved[m])}${attention(m)}`;
    const svg = columnsPicture({
      tracks,
      positions,
      say,
      room: figure.stage.clientWidth || 900,
      label: `What depends on ${name(n)}`,
      selected: app.state.pos,
      pick: (m) => this.pin(positions[m]),
    });
    const first = moves
      .map((value, m) => [value !== null && Number.isFinite(value) ? value : -1, m])
      .sort((a, b) => b[0] - a[0])
      .slice(0, 3)
      .filter((each) => each[0] > 0);
    const told = first.map(([value, m]) => `${name(m)} (${number(value)})`).join(", ");
    figure.draw(svg, `Substituting ${name(n)} moves most: ${told || "nothing"}.`);
  }

  drawPairs({ columns, map, hidden }) {
    const found = strongest(map, columns.length, hidden, PAIRS, true);
    const name = (m) => `${columns[m].alt} at ${this.app.where(columns[m].at)}`;
    const heads = ["Bases", "Apart", "Log2-odds", ""].map((text, n) =>
      h("th", { scope: "col", class: n === 1 || n === 2 ? "num" : "" }, text),
    );
    const rows = found.map(({ i, j, value }) => {
      const pin = () => this.pin(columns[i].at);
      const button = h("button", { type: "button", class: "small", "aria-label": `Pin ${name(i)}`, onclick: pin }, "Pin");
      const apart = String(Math.abs(columns[j].at - columns[i].at));
      const cells = [`${name(i)} and ${name(j)}`, apart, number(value), button];
      return h(
        "tr",
        {},
        cells.map((cell, n) => h("td", { class: n === 1 || n === 2 ? "num" : "" }, cell)),
      );
    });
    const table = h("table", { "aria-label": "The strongest pairs" }, h("thead", {}, h("tr", {}, heads)), h("tbody", {}, rows));
    const frame = h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Table of pairs" }, table);
    replace(this.pairs, h("h2", {}, "The strongest pairs"), frame);
    this.pairs.hidden = !found.length;
  }
}
