// Map: windows of a genome, near each other where the model sees them alike.

import { VIEW } from "./app.js";
import { h, percent, replace, s, whole } from "./dom.js";
import { Figure } from "./figure.js";
import { listen } from "./gestures.js";

const SHADES = 10;
const WHAT = {
  CDS: "coding",
  promoter: "promoter",
  intergenic: "between genes",
  intron: "intron",
  ncRNA: "RNA gene",
  UTR: "UTR",
  repeat: "repeat",
};

export class MapPane {
  constructor(app, root) {
    this.app = app;
    this.zoom = { k: 1, x: 0, y: 0 };
    this.off = new Set();
    const choice = (id, label, values, key) => {
      const node = h(
        "select",
        { id, onchange: () => app.store.set({ [key]: node.value }, false) },
        values.map(([value, text]) => h("option", { value }, text)),
      );
      return [h("span", { class: "nobreak" }, h("label", { for: id }, `${label} `), node), node];
    };
    this.genome = choice(
      "map-genome",
      "Genome",
      Object.values(app.genomes)
        .filter((each) => each.id !== "hnf4a")
        .map((each) => [each.id, each.title]),
      "map",
    );
    this.by = choice(
      "map-by",
      "Laid out by",
      [
        ["umap", "UMAP"],
        ["pca", "PCA"],
      ],
      "by",
    );
    this.colour = h(
      "select",
      { id: "map-colour", onchange: () => this.draw() },
      h("option", { value: "region" }, "what lies there"),
      h("option", { value: "gc" }, "share of G and C"),
    );
    this.reset = h(
      "button",
      {
        type: "button",
        class: "small",
        onclick: () => {
          this.zoom = { k: 1, x: 0, y: 0 };
          this.place();
        },
      },
      "Whole map",
    );
    this.near = h("button", { type: "button", class: "small", "aria-label": "Zoom in", onclick: () => this.scale(1.5) }, "+");
    this.far = h("button", { type: "button", class: "small", "aria-label": "Zoom out", onclick: () => this.scale(1 / 1.5) }, "−");
    const tools = h(
      "span",
      { class: "tools" },
      this.genome[0],
      this.by[0],
      h("span", { class: "nobreak" }, h("label", { for: "map-colour" }, "Colour "), this.colour),
      this.near,
      this.far,
      this.reset,
    );
    this.figure = new Figure({
      title: "A map of the genome, as the model sees it",
      name: "map",
      tools,
      wide: false,
      help: "Each dot is a window; windows that lie together have like vectors (the mean of the model's last layer). The model was never told what a gene is. Point at a dot to see what it is, click to open it in the other panes; drag and scroll to look closer.",
    });
    this.legend = h("div", { class: "legend row", role: "group", "aria-label": "What is shown" });
    this.told = h(
      "p",
      { class: "told-token", role: "status" },
      "Point at a dot; with the keyboard, arrow keys go from dot to dot and Enter opens one.",
    );
    this.figure.stage.before(this.legend);
    this.figure.words.before(this.told);
    root.append(this.figure.root);
  }

  async update(state, keys) {
    const { app } = this;
    if (!this.data) {
      this.figure.busy("The map is unpacked …");
      try {
        this.data = await app.data("map");
      } catch (error) {
        this.figure.fail(error.message);
        return;
      }
    }
    if (!this.data[state.map]) {
      app.store.set({ map: Object.keys(this.data)[0] }, false);
      return;
    }
    this.genome[1].value = state.map;
    this.by[1].value = state.by in this.data[state.map] ? state.by : "umap";
    if (keys.has("map")) {
      this.zoom = { k: 1, x: 0, y: 0 };
      this.off.clear();
      this.at = -1;
    }
    this.draw();
  }

  get map() {
    return this.data[this.app.state.map];
  }

  classes() {
    const { map } = this;
    const counts = map.regions.map((_, n) => map.region.filter((each) => each === n).length);
    return map.regions.map((name, n) => ({ name, n, count: counts[n] })).sort((a, b) => b.count - a.count);
  }

  draw() {
    const { app, map } = this;
    const named = map.regions.filter(Boolean).length > 0;
    if (!named) this.colour.value = "gc";
    this.colour.disabled = !named;
    const classes = this.classes();
    const shade = new Map(classes.map((each, n) => [each.n, n < SHADES ? `c${n}` : "others"]));
    const byGc = this.colour.value === "gc";
    const room = Math.max(280, Math.min(1000, this.figure.stage.clientWidth || 800));
    this.size = { width: room, height: Math.min(620, Math.max(320, room * 0.62)) };
    const { width, height } = this.size;
    const points = map[this.by[1].value];
    this.dots = map.starts.map((start, n) => ({
      n,
      start,
      x: 14 + (points[2 * n] / 1000) * (width - 28),
      y: 14 + (1 - points[2 * n + 1] / 1000) * (height - 28),
      shown: !this.off.has(map.region[n]),
    }));
    this.group = s(
      "g",
      {},
      this.dots.map((dot) =>
        dot.shown
          ? s("circle", {
              class: `spot ${byGc ? "gc" : shade.get(map.region[dot.n])}`,
              cx: dot.x.toFixed(1),
              cy: dot.y.toFixed(1),
              r: 3,
              style: byGc ? { fillOpacity: Math.max(0.08, Math.min(1, (map.gc[dot.n] - 0.25) / 0.35)).toFixed(2) } : {},
            })
          : null,
      ),
    );
    this.open = s("circle", { class: "ring open", r: 8, visibility: "hidden" });
    this.ring = s("circle", { class: "ring", r: 6, visibility: "hidden" });
    const svg = s(
      "svg",
      {
        class: "spots",
        viewBox: `0 0 ${width} ${height}`,
        width,
        height,
        tabindex: 0,
        role: "application",
        "aria-roledescription": "map of windows",
        "aria-label": `Map of ${whole(this.dots.length)} windows by ${map.model}. Arrow keys go from dot to dot, Enter opens one, plus and minus zoom.`,
      },
      s("rect", { class: "ground", width, height, rx: 6 }),
      this.group,
      this.open,
      this.ring,
    );
    listen(this, svg);
    if (!byGc) {
      replace(
        this.legend,
        classes.map((each) =>
          h(
            "button",
            {
              type: "button",
              class: "small key",
              "aria-pressed": !this.off.has(each.n),
              onclick: () => {
                if (this.off.has(each.n)) this.off.delete(each.n);
                else this.off.add(each.n);
                this.draw();
              },
            },
            h("span", { class: `swatch ${shade.get(each.n)}` }),
            `${WHAT[each.name] || each.name || "none"} ${whole(each.count)}`,
          ),
        ),
      );
    } else
      replace(
        this.legend,
        h(
          "span",
          { class: "muted" },
          h("span", { class: "swatch gc pale" }),
          "25% G and C or less ",
          h("span", { class: "swatch gc" }),
          "60% or more",
        ),
      );
    this.figure.draw(
      svg,
      `${whole(this.dots.length)} windows of ${map.window} bases of ${app.genomes[app.state.map].title}, by ${map.model}, laid out by ${this.by[1].value.toUpperCase()}. ${named ? `${classes.map((each) => `${whole(each.count)} ${WHAT[each.name] || each.name || "other"}`).join(", ")}.` : `G and C: ${percent(Math.min(...map.gc), 0)} to ${percent(Math.max(...map.gc), 0)}.`}`,
    );
    this.place();
  }

  /** Move dots to the zoom. */
  place() {
    const { k, x, y } = this.zoom;
    this.group.setAttribute("transform", `translate(${x.toFixed(2)} ${y.toFixed(2)}) scale(${k.toFixed(3)})`);
    for (const dot of this.group.children) dot.setAttribute("r", (3 / Math.sqrt(k) / Math.sqrt(k)) * Math.min(2, Math.sqrt(k)));
    const here =
      this.app.state.genome === this.app.state.map
        ? this.dots.find(
            (dot) => this.place0(dot) <= this.app.state.start && this.app.state.start < this.place0(dot) + this.map.window,
          )
        : null;
    this.mark(this.open, here);
    this.mark(this.ring, this.dots[this.at]);
  }

  place0(dot) {
    return dot.start + this.app.genomes[this.app.state.map].start;
  }

  mark(ring, dot) {
    ring.setAttribute("visibility", dot ? "visible" : "hidden");
    if (!dot) return;
    ring.setAttribute("cx", dot.x * this.zoom.k + this.zoom.x);
    ring.setAttribute("cy", dot.y * this.zoom.k + this.zoom.y);
  }

  scale(factor, at = [this.size.width / 2, this.size.height / 2]) {
    const k = Math.max(1, Math.min(24, this.zoom.k * factor));
    const ratio = k / this.zoom.k;
    const keep = (value, middle, length) => Math.min(0, Math.max(length * (1 - k), middle - (middle - value) * ratio));
    this.zoom = { k, x: keep(this.zoom.x, at[0], this.size.width), y: keep(this.zoom.y, at[1], this.size.height) };
    this.place();
  }

  screen(n) {
    const dot = this.dots[n];
    return dot ? [dot.x * this.zoom.k + this.zoom.x, dot.y * this.zoom.k + this.zoom.y] : undefined;
  }

  nearest([x, y], within) {
    let [best, closest] = [-1, within];
    for (const dot of this.dots) {
      if (!dot.shown) continue;
      const apart = Math.hypot(dot.x * this.zoom.k + this.zoom.x - x, dot.y * this.zoom.k + this.zoom.y - y);
      if (apart < closest) [best, closest] = [dot.n, apart];
    }
    return best;
  }

  /** The nearest dot to one side of the current one. */
  beside([dx, dy]) {
    const from = this.dots[this.at];
    if (!from) return this.nearest([this.size.width / 2, this.size.height / 2], Infinity);
    let [best, closest] = [-1, Infinity];
    for (const dot of this.dots) {
      const [x, y] = [dot.x - from.x, dot.y - from.y];
      const along = x * dx + y * dy;
      if (!dot.shown || along <= 0.5) continue;
      const cost = along + 3 * Math.abs(x * dy - y * dx);
      if (cost < closest) [best, closest] = [dot.n, cost];
    }
    return best;
  }

  point(n) {
    const { map } = this;
    this.at = n;
    this.mark(this.ring, this.dots[n]);
    if (n < 0) return;
    const genome = this.app.genomes[this.app.state.map];
    const start = this.place0(this.dots[n]);
    const name = map.regions[map.region[n]];
    this.told.textContent = `${genome.name(start)}-${whole(start + map.window)}${name ? `: ${WHAT[name] || name}${map.genes[n] ? ` (${map.genes[n]})` : ""}` : ""}; ${percent(map.gc[n], 0)} G and C.`;
  }

  opened(n) {
    if (n < 0 || n === undefined) return;
    const { app } = this;
    const middle = this.place0(this.dots[n]) + Math.round((this.map.window - VIEW.first) / 2);
    app.go({ own: "", genome: app.state.map, start: middle, end: middle + VIEW.first, model: app.genomes[app.state.map].model });
    this.point(n);
    const open = (pane, text) => h("button", { type: "button", class: "small", onclick: () => app.store.set({ pane }) }, text);
    this.told.append(" Opened. ", open("expect", "Expect"), " ", open("change", "Change"), " ", open("depend", "Depend"));
  }
}
