// The top of the page: which sequence, which model, where on the chromosome, what is edited.

import { VIEW } from "./app.js";
import { LONGEST, altText, asVcf, clean, columnsOf } from "./dna.js";
import { h, replace, settled, toast, whole } from "./dom.js";
import { drawOverview } from "./overview.js";
import { goTo } from "./places.js";

const LARGE = 30;

export class Header {
  constructor(app, root) {
    this.app = app;
    this.select = h("select", { id: "locus", onchange: () => this.choose(Number(this.select.value)) });
    this.goto = h("input", {
      id: "goto",
      type: "search",
      placeholder: "gene or position",
      autocomplete: "off",
      spellcheck: "false",
      list: "genes",
    });
    this.genes = h("datalist", { id: "genes" });
    this.models = h("select", { id: "model", onchange: () => app.store.set({ model: this.models.value }) });
    this.box = h("textarea", {
      id: "bases",
      rows: 3,
      spellcheck: "false",
      autocapitalize: "characters",
      autocomplete: "off",
      oninput: settled(() => this.typed(), 120),
    });
    this.note = h("p", { class: "muted note-line", id: "bases-note", role: "status" });
    this.box.setAttribute("aria-describedby", "bases-note");
    this.overview = h("div", { class: "overview" });
    this.edits = h("div", { class: "edits", role: "group", "aria-label": "Edits" });
    this.told = h("p", { class: "told" });
    this.about = h("details", { class: "about" });
    this.moves = ["«", "‹", "−", "+", "›", "»"].map((sign, n) =>
      h(
        "button",
        {
          type: "button",
          class: "small",
          "aria-label": [
            "A view to the left",
            "Half a view to the left",
            "Show more bases",
            "Show fewer bases",
            "Half a view to the right",
            "A view to the right",
          ][n],
          onclick: () => this.move(n),
        },
        sign,
      ),
    );
    const form = h(
      "form",
      {
        class: "go",
        onsubmit: (event) => {
          event.preventDefault();
          goTo(app, this.goto.value);
        },
      },
      h("label", { for: "goto" }, "Go to"),
      this.goto,
      this.genes,
      h("button", { type: "submit", class: "small" }, "Go"),
    );
    root.append(
      h(
        "div",
        { class: "controls" },
        h("label", { for: "locus" }, "Locus"),
        this.select,
        form,
        h("label", { for: "model" }, "Model"),
        this.models,
      ),
      this.told,
      this.about,
      h(
        "div",
        { class: "along" },
        this.overview,
        h("div", { class: "moves", role: "group", "aria-label": "Move along the sequence" }, this.moves),
      ),
      h("label", { for: "bases", class: "block" }, "The bases in view. Type to change them, or paste your own DNA (FASTA too)."),
      this.box,
      this.note,
      this.edits,
    );
    this.fillLoci();
  }

  fillLoci() {
    const { genomes, examples } = this.app;
    const groups = Object.values(genomes).map((genome) => {
      const own = examples.map((each, n) => [each, n]).filter(([each]) => each.genome === genome.id);
      return own.length
        ? h(
            "optgroup",
            { label: genome.title },
            own.map(([each, n]) => h("option", { value: n }, each.title)),
          )
        : null;
    });
    replace(this.select, h("option", { value: -1, hidden: true }, "…"), groups, h("option", { value: -2 }, "Your own DNA"));
    const genes = [
      ...new Set(
        Object.values(genomes)
          .flatMap((genome) => genome.features.map((each) => each.name))
          .filter(Boolean),
      ),
    ];
    replace(
      this.genes,
      genes.slice(0, 900).map((value) => h("option", { value })),
    );
  }

  choose(n) {
    if (n === -2) {
      this.box.focus();
      this.box.select();
      toast("Paste or type your own DNA over the bases.");
      this.update(this.app.state, new Set());
      return;
    }
    const { genome, start, end, pos = null, pane, edits = [] } = this.app.examples[n];
    this.app.go({ own: "", genome, start, end, pos, edits, model: this.app.genomes[genome].model, ...(pane ? { pane } : {}) });
  }

  move(n) {
    const { start, end } = this.app.state;
    const size = end - start;
    const middle = (start + end) / 2;
    const sized = (next) => ({ start: Math.round(middle - next / 2), end: Math.round(middle - next / 2) + next });
    const steps = [-size, -size / 2, 0, 0, size / 2, size].map(Math.round);
    const view =
      n === 2
        ? sized(Math.min(VIEW.most, Math.round(size * 1.5)))
        : n === 3
          ? sized(Math.max(VIEW.least, Math.round(size / 1.5)))
          : { start: start + steps[n], end: end + steps[n] };
    this.app.store.set(view, false);
  }

  /** What was typed, as an edit of what was there; DNA that is quite other is a sequence of its own. */
  typed() {
    const { app } = this;
    const before = this.spelled;
    let found;
    try {
      found = clean(this.box.value);
    } catch (error) {
      this.say(error.message, true);
      return;
    }
    const { bases, notes } = found;
    this.say(notes.join(" "));
    if (bases === before) return;
    if (!bases) {
      this.say("Empty: type A, C, G, T or paste a sequence.", true);
      return;
    }
    let [low, high] = [0, 0];
    while (low < bases.length && low < before.length && bases[low] === before[low]) low += 1;
    while (
      high < bases.length - low &&
      high < before.length - low &&
      bases[bases.length - 1 - high] === before[before.length - 1 - high]
    )
      high += 1;
    const text = bases.slice(low, bases.length - high);
    const own = app.state.own || text.length > LARGE || before.length - high - low > LARGE || this.box.value.includes(">");
    if (own) {
      // A few letters in a part of one's own sequence leave the rest of it; edits become part of it.
      const known = app.state.own && text.length <= LARGE && before.length - high - low <= LARGE && !this.box.value.includes(">");
      const { start } = app.state;
      const next = known ? app.around(bases) : bases;
      const first = known ? start : 0;
      const size = Math.max(VIEW.first, known ? bases.length : 0);
      app.store.set(
        {
          own: next.slice(0, LONGEST),
          genome: "",
          edits: [],
          pos: null,
          span: null,
          start: first,
          end: Math.min(next.length, first + size),
        },
        !known,
      );
    } else app.edit(low, before.length - high, text);
  }

  say(text, wrong = false) {
    this.note.textContent = text;
    this.note.className = wrong ? "note-line wrong" : "muted note-line";
  }

  update(state, keys) {
    const { app } = this;
    const source = app.source;
    const fits = app.examples
      .map((each, n) => [each, n])
      .filter(([each]) => each.genome === state.genome && each.start === state.start && each.end === state.end);
    const example = (fits.find(([each]) => JSON.stringify(each.edits || []) === JSON.stringify(state.edits)) ||
      fits[0] || [null, -1])[1];
    this.select.value = state.own ? -2 : example;
    replace(
      this.models,
      app.models.map((each) => h("option", { value: each.id }, `${each.title || each.id}`)),
    );
    this.models.value = state.model;
    const model = app.model;
    const species = source.id ? source.species.split(" ").slice(0, 2).join(" ") : "";
    const other = species && model.species && !model.species.includes(species);
    const seen =
      source.model === model.id
        ? source.note
        : other
          ? `${model.id} learned from ${model.species}: another species than this sequence.`
          : "";
    this.drawAbout(model);
    const told = example >= 0 ? app.examples[example].text : "";
    replace(
      this.told,
      h("strong", {}, app.place),
      ` · ${whole(state.end - state.start)} bases${source.id ? ` of ${source.title}` : ""}. `,
      told,
      " ",
      h("span", { class: "muted" }, seen),
    );
    const text = altText(columnsOf(source, state.edits, state.start, state.end));
    if (document.activeElement !== this.box || text !== clean2(this.box.value)) this.box.value = text;
    if (keys.has("own") || keys.has("genome") || keys.has("start")) {
      if (document.activeElement !== this.box) this.say("");
    }
    this.spelled = text;
    drawOverview(app, this.overview);
    this.drawEdits(state, source);
  }

  /** What the model is, and what it was measured to know. */
  drawAbout(model) {
    if (this.described === model.id) return;
    this.described = model.id;
    const sees = model.reach === null ? "" : `, each answer from ${whole(model.reach)} to each side`;
    const facts = `${whole(model.parameters)} parameters; learned from ${model.species || "DNA"}; reads up to ${whole(model.context)} bases${sees}. ${model.license || "Licence not known"}.`;
    const known = model.worth.map((each) => h("li", {}, `${each.question}: ${each.told}`));
    replace(
      this.about,
      h("summary", {}, `About ${model.id}`),
      h("p", {}, facts),
      known.length
        ? [
            h("p", {}, "What it was measured to know, with intervals, beside the best simple rival (AUROC 0.5 is chance):"),
            h("ul", {}, known),
          ]
        : null,
    );
  }

  drawEdits(state, source) {
    const { app } = this;
    const chips = state.edits.map((edit, n) => {
      const { pos, ref, alt } = asVcf(source, edit);
      const short = (text) => (text.length > 12 ? `${text.slice(0, 9)}…(${text.length})` : text);
      const name = `${whole(pos)} ${short(ref)}>${short(alt)}`;
      return h(
        "span",
        { class: "chip" },
        name,
        h(
          "button",
          {
            type: "button",
            "aria-label": `Take ${name} back`,
            onclick: () => app.store.set({ edits: state.edits.filter((_, m) => m !== n) }),
          },
          "×",
        ),
      );
    });
    replace(
      this.edits,
      chips.length
        ? [h("span", { class: "muted" }, "Edits:"), ...chips]
        : h("span", { class: "muted" }, "No edits yet: click a base in Change, or type in the box."),
      h("button", { type: "button", class: "small", disabled: !app.store.undoable, onclick: () => app.store.undo() }, "Undo"),
      state.edits.length > 1
        ? h("button", { type: "button", class: "small", onclick: () => app.store.set({ edits: [] }) }, "Take all back")
        : null,
    );
  }
}

const clean2 = (text) => {
  try {
    return clean(text).bases;
  } catch {
    return null;
  }
};
