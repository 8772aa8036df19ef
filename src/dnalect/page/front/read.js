// Read: how vocabularies cut the same bases.

import { cell } from "./columns.js";
import { altText, columnsOf } from "./dna.js";
import { announce, h, number, replace, s, whole } from "./dom.js";
import { Figure } from "./figure.js";
import { vocabularies } from "./tokens.js";
import { TOKENS, drawTrade, reach } from "./tradeoff.js";
import { LEFT } from "./tracks.js";

const WHO = {
  single: "duplex, HyenaDNA, Evo",
  "dnabert-3": "",
  "dnabert-4": "",
  "dnabert-5": "",
  "dnabert-6": "DNABERT",
  "nt-v2": "Nucleotide Transformer",
  "dnabert-2": "DNABERT-2",
  yeast: "dnalect vocabulary",
};

const lower = (title) => title[0].toLowerCase() + title.slice(1);

export class Read {
  constructor(app, root) {
    this.app = app;
    this.all = vocabularies(app.vocabularies);
    this.kmer = h(
      "span",
      { class: "tools", role: "group", "aria-label": "Length of the overlapping k-mers" },
      h("span", { class: "muted" }, "k"),
      [3, 4, 5, 6].map((k) =>
        h("button", { type: "button", class: "small", "data-k": k, onclick: () => app.store.set({ k }) }, String(k)),
      ),
    );
    this.figure = new Figure({
      title: "One sequence, five ways to read it",
      name: "tokens",
      aloud: true,
      tools: this.kmer,
      help: "A model reads numbers, one a token. Each row cuts the same bases by another vocabulary. Point at a token to see its bases in every row; the arrow keys go from token to token and from row to row.",
    });
    this.told = h("p", { class: "told-token", role: "status" }, "Point at a token.");
    this.table = h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Table of the vocabularies" });
    this.trade = new Figure({
      title: "The trade-off: words against context",
      name: "trade-off",
      help: "To the right: more words to learn, each of them seen less often. Up: more bases in the same number of tokens. Overlapping k-mers pay for many words and gain no context: neighbours share all bases but one.",
    });
    root.append(this.figure.root, h("div", { class: "card figure" }, h("h2", {}, "In numbers"), this.table), this.trade.root);
    this.figure.words.before(this.told);
  }

  update(state) {
    const { app } = this;
    const columns = columnsOf(app.source, state.edits, state.start, state.end).filter((each) => each.alt);
    const bases = altText(columns);
    for (const each of this.kmer.querySelectorAll("button"))
      each.setAttribute("aria-pressed", Number(each.dataset.k) === state.k);
    const cut = Object.fromEntries(Object.entries(this.all).map(([name, each]) => [name, each.tokens(bases)]));
    this.rows = ["single", `dnabert-${state.k}`, "nt-v2", "dnabert-2", "yeast"].map((name) => ({
      name,
      ...this.all[name],
      cut: cut[name],
    }));
    this.positions = columns.map((each) => each.at);
    this.drawTokens(bases);
    this.drawTable(bases, cut);
    drawTrade(this.trade, this.all, bases, cut);
    app.tell("tokens", cut);
  }

  drawTokens(bases) {
    const w = Math.max(cell(bases.length, this.figure.stage.clientWidth || 900), 10);
    const x = (at) => LEFT + at * w;
    let top = 6;
    const parts = [];
    this.chips = [];
    this.rows.forEach((row, r) => {
      const lanes = row.k || 1;
      const tall = lanes > 1 ? 17 : 32;
      parts.push(
        s(
          "text",
          { class: "row-name", x: 2, y: top + 12 },
          `${row.title}: ${whole(row.cut.length)} tokens of ${whole(row.size)} words`,
        ),
      );
      top += 18;
      row.cut.forEach((token, n) => {
        const y = top + (n % lanes) * (tall + 2);
        const wide = (token.end - token.start) * w - 2;
        const letters =
          token.text.length * 6.9 + 4 <= wide || token.text.length === 1
            ? token.text
            : token.text.length * 6.9 > wide && wide > 18
              ? `${token.text.slice(0, Math.max(1, Math.floor((wide - 10) / 6.9)))}…`
              : "";
        const kind = token.text.length === 1 ? `letter ${token.text}` : "chip-text";
        const node = s(
          "g",
          { class: `token t${token.id % 10}` },
          s("rect", { x: x(token.start) + 1, y, width: Math.max(1, wide), height: tall, rx: 4 }),
          s(
            "text",
            { class: kind, x: x(token.start) + 1 + wide / 2, y: y + (lanes > 1 ? 12.5 : 14), "text-anchor": "middle" },
            letters,
          ),
          lanes === 1 && String(token.id).length * 5.4 <= wide
            ? s(
                "text",
                { class: "axis id", x: x(token.start) + 1 + wide / 2, y: y + 27, "text-anchor": "middle" },
                String(token.id),
              )
            : null,
        );
        node.addEventListener("pointerenter", () => this.point(r, n));
        parts.push(node);
        this.chips.push({ node, r, n, token });
      });
      top += lanes * (tall + 2) + 10;
    });
    const width = x(bases.length) + 10;
    this.band = s("rect", { class: "span", y: 0, height: top, visibility: "hidden" });
    this.x = x;
    const svg = s(
      "svg",
      {
        class: "tokens",
        viewBox: `0 0 ${width} ${top}`,
        width,
        height: top,
        tabindex: 0,
        role: "application",
        "aria-roledescription": "picture of tokens",
        "aria-label": "Tokens of five vocabularies. Left and right go from token to token, up and down from row to row.",
      },
      this.band,
      parts,
    );
    svg.addEventListener("keydown", (event) => {
      const [r, n] = this.at || [0, -1];
      let next = null;
      if (event.key === "ArrowRight") next = [r, n + 1];
      else if (event.key === "ArrowLeft") next = [r, n - 1];
      else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        const other = Math.max(0, Math.min(this.rows.length - 1, r + (event.key === "ArrowDown" ? 1 : -1)));
        const start = this.rows[r].cut[Math.max(0, n)]?.start ?? 0;
        next = [
          other,
          Math.max(
            0,
            this.rows[other].cut.findIndex((each) => each.end > start),
          ),
        ];
      }
      if (!next) return;
      event.preventDefault();
      next[1] = Math.max(0, Math.min(this.rows[next[0]].cut.length - 1, next[1]));
      this.point(...next);
      const token = this.rows[next[0]].cut[next[1]];
      if (token) {
        announce(this.told.textContent);
        this.figure.stage.scrollLeft = Math.max(0, x(token.start) - this.figure.stage.clientWidth / 2);
      }
    });
    const best = this.rows.reduce((a, b) => (b.cut.length < a.cut.length ? b : a));
    this.figure.draw(
      svg,
      `${whole(bases.length)} bases make ${this.rows.map((each) => `${whole(each.cut.length)} ${lower(each.title)}`).join(", ")}. The fewest tokens: ${lower(best.title)}, ${number(bases.length / Math.max(1, best.cut.length), 1)} bases each.`,
    );
    this.at = null;
  }

  /** Show a token's bases in all rows. */
  point(r, n) {
    const token = this.rows[r].cut[n];
    if (!token) return;
    this.at = [r, n];
    this.band.setAttribute("x", this.x(token.start));
    this.band.setAttribute("width", this.x(token.end) - this.x(token.start));
    this.band.setAttribute("visibility", "visible");
    let touched = {};
    for (const each of this.chips) {
      const over = each.token.start < token.end && each.token.end > token.start;
      each.node.classList.toggle("over", over);
      each.node.classList.toggle("at", each.r === r && each.n === n);
      if (over) touched = { ...touched, [each.r]: (touched[each.r] || 0) + 1 };
    }
    const others = this.rows.map((row, m) => (m === r ? null : `${touched[m] || 0} ${lower(row.title)}`)).filter(Boolean);
    this.told.textContent = `${token.text}, word ${whole(token.id)} of ${whole(this.rows[r].size)} (${lower(this.rows[r].title)}): ${this.app.where(this.positions[token.start])} to ${whole(this.positions[token.end - 1] + 1)}. The same bases are in ${others.join(", ")}.`;
  }

  drawTable(bases, cut) {
    const head = [
      "Vocabulary",
      "Words",
      "Tokens here",
      "Bases a token",
      `Bases in ${TOKENS} tokens`,
      "Tokens that one changed base touches",
      "Read by",
    ];
    const rows = Object.entries(this.all).map(([name, each]) => {
      const tokens = cut[name];
      const each1 = bases.length / Math.max(1, tokens.length);
      const covering = tokens.reduce((sum, token) => sum + token.end - token.start, 0) / Math.max(1, bases.length);
      return h(
        "tr",
        {},
        h("th", { scope: "row" }, each.title),
        [whole(each.size), whole(tokens.length), number(each1, 2), whole(reach(each, tokens, bases)), number(covering, 1)].map(
          (text) => h("td", { class: "num" }, text),
        ),
        h("td", {}, WHO[name]),
      );
    });
    replace(
      this.table,
      h(
        "table",
        { "aria-label": "The vocabularies in numbers" },
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            head.map((text, n) => h("th", { scope: "col", class: n && n < 6 ? "num" : "" }, text)),
          ),
        ),
        h("tbody", {}, rows),
      ),
      h(
        "p",
        { class: "muted" },
        "A byte pair's neighbours can be cut anew as well when a base changes. ",
        `Byte pairs of DNABERT-2: ${this.all["dnabert-2"].learned} (${this.all["dnabert-2"].licence}); of yeast: ${this.all.yeast.learned}.`,
      ),
    );
  }
}
