// Change: mutate bases; what the model says of the change, and what it changes elsewhere.

import { answered } from "./ask.js";
import { columnsPicture } from "./columns.js";
import { BASES, clean, parseVcf } from "./dna.js";
import { h, number, replace, signed, toast, whole } from "./dom.js";
import { Edits } from "./edits.js";
import { Figure } from "./figure.js";
import { isOneSided } from "./given.js";
import { numbers, rows } from "./logo.js";
import { Overlay } from "./overlay.js";
import { proteinTrack } from "./protein.js";
import { spearman } from "./ranks.js";
import { Steps } from "./steps.js";
import { featureTrack, heatTrack, letterTrack, logoTrack, spaceTrack } from "./tracks.js";

const STRONGEST = 6;
const MEASURED = 0.5;

export class Change {
  constructor(app, root) {
    this.app = app;
    this.heat = new Figure({
      title: "Every substitution",
      name: "substitutions",
      help: "Each column is a base, each row what it could be instead: red where the model finds the other base less likely than the one that is there, blue where likelier. Click a cell to make that change; or go to a base with the arrow keys and press A, C, G, T, or Delete.",
    });
    this.target = h("div", { class: "row target" });
    this.insert = h("input", { id: "insert", size: 8, placeholder: "bases", spellcheck: "false", autocomplete: "off" });
    this.vcf = h("input", { id: "vcf", size: 30, placeholder: "chrXIV 96200 . A G", spellcheck: "false", autocomplete: "off" });
    const form = (label, field, text, run) =>
      h(
        "form",
        {
          class: "row",
          onsubmit: (event) => {
            event.preventDefault();
            run();
          },
        },
        h("label", { for: field.id }, label),
        field,
        h("button", { type: "submit", class: "small" }, text),
      );
    this.empty = h(
      "p",
      { class: "muted waitfor" },
      "Make an edit: what it changes elsewhere, and how its score comes about, are shown here.",
    );
    this.overlay = new Overlay(app);
    this.steps = new Steps(app);
    this.edits = new Edits(app, (edit) => this.steps.update(edit));
    root.append(
      this.heat.root,
      h(
        "div",
        { class: "side" },
        h(
          "div",
          { class: "card" },
          h("h2", {}, "Change a base"),
          this.target,
          form("Insert before it", this.insert, "Insert", () => this.inserted()),
          form("A line of a VCF", this.vcf, "Apply", () => this.pasted()),
        ),
        h("div", { class: "card" }, h("h2", {}, "Your edits, each by itself"), this.edits.root),
      ),
      this.empty,
      this.overlay.figure.root,
      this.steps.root,
    );
  }

  update(state) {
    const { app } = this;
    const window = app.window(state.edits);
    this.drawTarget(window);
    const given = app.given(window);
    answered(
      app,
      this.heat,
      "change",
      isOneSided(app.model)
        ? [["substitutions", given]]
        : [
            ["substitutions", given],
            ["probabilities", given],
          ],
      (...records) => this.drawHeat(window, ...records),
      { text: "The model reads" },
    );
    this.edits.update(state);
    this.empty.hidden = state.edits.length > 0;
    this.overlay.update(state);
    this.steps.update(this.edits.chosen);
  }

  /** expected: null where there is no logo. */
  drawHeat(window, found, expected = null) {
    const { app } = this;
    const { state } = app;
    const shown = window.columns.filter((each) => each.alt);
    const ratios = rows(found.ratios);
    const logos = expected && rows(expected.log_probs).map((each, n) => numbers(each, shown[n].alt));
    const letters = shown.map((each) => each.alt);
    const measured = this.measured(shown);
    const heat = heatTrack(ratios, letters, STRONGEST);
    const tracks = [
      ...(logos ? [logoTrack(logos, "bits", 70)] : []),
      letterTrack(
        letters,
        shown.map((each) => (each.edited ? "edited" : "")),
      ),
      heat,
    ];
    if (measured)
      tracks.push(spaceTrack("measured change of expression (log2, Kircher 2019)"), heatTrack(measured, letters, MEASURED, 12));
    const protein = proteinTrack(app.source, shown, state.start, state.end);
    if (protein) tracks.push(protein);
    tracks.push(featureTrack(app.source.within(state.start, state.end), state.start, shown.length));
    const say = (n) =>
      `${app.where(shown[n].at)}, ${letters[n]}: ${[...BASES]
        .map((base, b) =>
          base === letters[n]
            ? null
            : `to ${base} ${signed(ratios[n][b])}${measured?.[n] && Number.isFinite(measured[n][b]) ? ` (measured ${signed(measured[n][b])})` : ""}`,
        )
        .filter(Boolean)
        .join(", ")}`;
    const svg = columnsPicture({
      tracks,
      positions: shown.map((each) => each.at),
      room: this.heat.stage.clientWidth || 900,
      label: `Log-ratios of every substitution of ${app.place}`,
      say,
      selected: state.pos,
      pick: (n, how, from, y) => this.pick(shown, n, y < 0 ? -1 : Math.floor((y - heat.top - 4) / 15)),
      keys: Object.fromEntries([
        ...[...BASES].flatMap((base) => [base, base.toLowerCase()].map((key) => [key, (n) => this.mutated(shown, n, base)])),
        ...["Delete", "Backspace"].map((key) => [key, (n) => this.mutated(shown, n, "")]),
      ]),
    });
    this.heat.draw(svg, this.words(shown, ratios, measured));
    app.tell("substitutions", found.ratios);
  }

  /** The measured effects of the columns, where there are any here. */
  measured(shown) {
    const { measured } = this.app.source;
    if (!measured?.length) return null;
    const at = new Map();
    for (const [position, alt, effect] of measured) at.set(`${position}${alt}`, effect);
    const found = shown.map((each) => (each.edited ? null : [...BASES].map((base) => at.get(`${each.at}${base}`) ?? NaN)));
    return found.some((each) => each?.some(Number.isFinite)) ? found : null;
  }

  words(shown, ratios, measured) {
    const { app } = this;
    const cells = ratios.flatMap((values, n) =>
      [...BASES].flatMap((base, b) =>
        base !== shown[n].alt && Number.isFinite(values[b]) ? [{ n, base, value: values[b] }] : [],
      ),
    );
    if (!cells.length) return "No base here is known.";
    const worst = cells.reduce((a, b) => (b.value < a.value ? b : a));
    const likelier = cells.filter((each) => each.value > 0).length;
    let text = `Of ${whole(cells.length)} substitutions the model finds ${whole(likelier)} likelier than the base that is there (blue). The unlikeliest: ${shown[worst.n].alt}>${worst.base} at ${app.where(shown[worst.n].at)}, log-ratio ${signed(worst.value)}.`;
    if (measured) {
      const pairs = cells.flatMap((each) =>
        measured[each.n] && Number.isFinite(measured[each.n][BASES.indexOf(each.base)])
          ? [[each.value, measured[each.n][BASES.indexOf(each.base)]]]
          : [],
      );
      if (pairs.length > 20)
        text += ` Against the measured effects of ${whole(pairs.length)} of them: Spearman ${number(spearman(pairs))}.`;
    }
    return text;
  }

  pick(shown, n, row) {
    if (row >= 0 && row < 4 && BASES[row] !== shown[n].alt) this.mutated(shown, n, BASES[row]);
    else this.app.store.set({ pos: shown[n].at }, false);
  }

  mutated(shown, n, letter) {
    const { app } = this;
    if (!letter && shown.length <= 20) {
      toast("A few bases have to be left.", true);
      return;
    }
    app.edit(n, n + 1, letter);
    app.store.set({ pos: shown[n].at }, false);
  }

  drawTarget(window) {
    const { app } = this;
    const shown = window.columns.filter((each) => each.alt);
    const n = shown.findIndex((each) => each.at === app.state.pos);
    if (n < 0) {
      replace(this.target, h("span", { class: "muted" }, "Choose a base in the picture first; or paste a line of a VCF."));
      return;
    }
    replace(
      this.target,
      h("span", {}, `${app.where(shown[n].at)}, ${shown[n].alt} to`),
      [...BASES].map((base) =>
        h(
          "button",
          {
            type: "button",
            class: "small mono",
            disabled: base === shown[n].alt,
            "aria-label": `Change it to ${base}`,
            onclick: () => this.mutated(shown, n, base),
          },
          base,
        ),
      ),
      h("button", { type: "button", class: "small", onclick: () => this.mutated(shown, n, "") }, "Delete"),
    );
  }

  inserted() {
    const { app } = this;
    try {
      const { bases } = clean(this.insert.value);
      const shown = app.window(app.state.edits).columns.filter((each) => each.alt);
      const n = shown.findIndex((each) => each.at === app.state.pos);
      if (!bases) throw new Error("Write the bases to insert.");
      if (n < 0) throw new Error("Choose the base first that they go before.");
      if (bases.length > 50) throw new Error("At most 50 bases are inserted at once.");
      app.edit(n, n, bases);
      this.insert.value = "";
    } catch (error) {
      toast(error.message, true);
    }
  }

  pasted() {
    const { app } = this;
    try {
      const edit = parseVcf(this.vcf.value, app.source);
      const { start, end } = app.state;
      const inside = edit.at >= start && edit.at + edit.ref.length <= end;
      const size = end - start;
      const middle = edit.at - Math.floor(size / 2);
      const edits = [
        ...app.state.edits.filter((each) => each.at + each.ref.length < edit.at || each.at > edit.at + edit.ref.length),
        edit,
      ].sort((a, b) => a.at - b.at);
      app.store.set({ edits, pos: edit.at, ...(inside ? {} : { start: middle, end: middle + size }) });
      this.vcf.value = "";
    } catch (error) {
      toast(error.message, true);
    }
  }
}
