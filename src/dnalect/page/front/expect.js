// Expect: p(base | everything else), information, surprise, and a span that is masked and filled in.

import { answered } from "./ask.js";
import { columnsPicture, fourBars } from "./columns.js";
import { BASES } from "./dna.js";
import { chance, h, largest, number, percent, replace, toast, whole } from "./dom.js";
import { Figure } from "./figure.js";
import { isOneSided } from "./given.js";
import { numbers, rows } from "./logo.js";
import { proteinTrack } from "./protein.js";
import { barTrack, featureTrack, letterTrack, logoTrack } from "./tracks.js";

const LONGEST_MASK = 40;

export class Expect {
  constructor(app, root) {
    this.app = app;
    this.logo = new Figure({
      title: "What the model expects at each base",
      name: "expect",
      aloud: true,
      help: "Each letter's height is how likely the model finds it from everything around it, times how sure it is (2 bits: certain, 0: any base will do). Bars: how surprising the base that is really there is. Click a base for its numbers; with shift, or by dragging, choose a span to mask.",
    });
    this.detail = h("div", { class: "card", "aria-live": "polite" });
    this.mask = h("button", { type: "button", onclick: () => this.fill() }, "Mask and fill in");
    this.chosen = h("span", { class: "muted" });
    this.filled = new Figure({
      title: "The masked span, filled in",
      name: "filled",
      aloud: true,
      help: "The bases of the span are hidden from the model. It fills in the one that it is surest of, reads that, and goes on.",
    });
    this.filled.root.hidden = true;
    this.masking = h(
      "div",
      { class: "card" },
      h("h2", {}, "Mask a span"),
      h("p", { class: "muted" }, "Hide bases from the model and see what it writes there."),
      h("p", {}, this.chosen),
      this.mask,
    );
    root.append(this.logo.root, h("div", { class: "side" }, this.detail, this.masking), this.filled.root);
  }

  update(state) {
    const { app } = this;
    const window = app.window(state.edits);
    answered(app, this.logo, "expect", [["probabilities", app.given(window)]], (record) => this.draw(window, record), {
      text: "The model reads",
    });
    const span = state.span
      ? `Chosen: ${whole(state.span[0] + 1)}-${whole(state.span[1])}, ${state.span[1] - state.span[0]} bases.`
      : "No span is chosen: ten bases in the middle are taken.";
    this.chosen.textContent = span;
    this.masking.hidden = isOneSided(app.model);
    if (this.filledFor && this.filledFor !== this.key(state)) {
      this.filled.root.hidden = true;
      app.asker.stop("fill");
      this.filledFor = null;
    }
  }

  key(state) {
    return JSON.stringify([state.genome, state.own, state.start, state.end, state.edits, state.model, state.span]);
  }

  draw(window, record) {
    const { app } = this;
    const { state } = app;
    const logs = rows(record.log_probs);
    const shown = window.columns.filter((each) => each.alt);
    const found = logs.map((each, n) => numbers(each, shown[n].alt));
    const positions = shown.map((each) => each.at);
    const say = (n) => this.say(shown[n], found[n]);
    const most = largest(
      found.map((each) => each.surprise),
      4,
    );
    const tracks = [
      logoTrack(found),
      letterTrack(
        shown.map((each) => each.alt),
        shown.map((each) => (each.edited ? "edited" : "")),
      ),
      barTrack(
        found.map((each) => each.surprise),
        "surprise",
        most,
        "bar surprise",
      ),
      proteinTrack(app.source, shown, state.start, state.end),
      featureTrack(app.source.within(state.start, state.end), state.start, shown.length),
    ].filter(Boolean);
    const svg = columnsPicture({
      tracks,
      positions,
      room: this.logo.stage.clientWidth || 900,
      label: `What ${app.model.id} expects of ${app.place}`,
      say,
      selected: state.pos,
      span: state.span,
      pick: (n, how, from) => this.pick(positions, n, how, from),
      keys: { m: () => this.fill() },
    });
    this.logo.draw(svg, this.words(shown, found));
    const n = positions.indexOf(state.pos);
    this.showDetail(n < 0 ? null : shown[n], n < 0 ? null : found[n]);
    app.tell("probabilities", record.log_probs);
  }

  pick(positions, n, how, from) {
    const { app } = this;
    const at = positions[n];
    if (how === "drag") app.store.set({ span: [Math.min(at, positions[from]), Math.max(at, positions[from]) + 1] }, false);
    else if (how === "extend" && (app.state.pos !== null || from >= 0)) {
      const anchor = app.state.pos ?? positions[from];
      app.store.set({ pos: anchor, span: [Math.min(anchor, at), Math.max(anchor, at) + 1] }, false);
    } else app.store.set({ pos: at, span: null }, false);
  }

  say(column, { p, bits, surprise }) {
    const four = [...BASES].map((base, n) => `${base} ${chance(p[n])}`).join(", ");
    return `${this.app.where(column.at)}, ${column.alt}: ${four}; information ${number(bits)} bits, surprise ${surprise === null ? "not known" : `${number(surprise)} bits`}`;
  }

  words(shown, found) {
    const known = found.filter((each) => each.surprise !== null);
    if (!known.length) return "No base here is known.";
    const mean = known.reduce((sum, each) => sum + each.surprise, 0) / known.length;
    const right = found.filter((each, n) => each.best === shown[n].alt).length;
    const top = (key) => found.reduce((best, each, n) => ((each[key] ?? -1) > (found[best][key] ?? -1) ? n : best), 0);
    const [sure, odd] = [top("bits"), top("surprise")];
    return (
      `Mean surprise ${number(mean)} bits a base (2.00 is guessing). The model's first choice is the base that is there at ${right} of ${found.length} (${percent(right / found.length, 0)}; guessing: 25%). ` +
      `It is surest at ${this.app.where(shown[sure].at)} (${found[sure].best}, ${chance(Math.max(...found[sure].p))}); the most surprising base is ${shown[odd].alt} at ${this.app.where(shown[odd].at)} (p ${chance(2 ** -found[odd].surprise)}).`
    );
  }

  showDetail(column, found) {
    if (!column) {
      replace(
        this.detail,
        h("h2", {}, "One base"),
        h("p", { class: "muted" }, "Click a base in the picture, or go there with the arrow keys and press Enter."),
      );
      return;
    }
    const feature = this.app.source.within(column.at, column.at + 1).map((each) => each.name || each.kind);
    replace(
      this.detail,
      h("h2", {}, `${this.app.where(column.at)}: ${column.alt}`),
      fourBars(found.p, column.alt),
      h(
        "p",
        {},
        `Information ${number(found.bits)} bits of 2; surprise ${number(found.surprise)} bits.`,
        feature.length ? ` In ${[...new Set(feature)].join(", ")}.` : "",
      ),
      h("button", { type: "button", class: "small", onclick: () => this.app.store.set({ pane: "change" }) }, "Mutate it"),
    );
  }

  /** Hide the span, and fill in one base after another, the surest first. */
  async fill() {
    const { app } = this;
    if (this.masking.hidden) return;
    const { state } = app;
    const middle = Math.floor((state.start + state.end) / 2);
    let [low, high] = state.span || [middle - 5, middle + 5];
    if (high - low > LONGEST_MASK) {
      toast(`At most ${LONGEST_MASK} bases are masked: the first ${LONGEST_MASK} of the span.`);
      high = low + LONGEST_MASK;
    }
    [low, high] = [Math.max(low, state.start), Math.min(high, state.end)];
    const window = app.window(state.edits);
    const columns = window.columns.filter((each) => each.alt);
    const hidden = columns.flatMap((each, n) => (each.at >= low && each.at < high ? [n] : []));
    const truth = hidden.map((n) => columns[n].alt);
    const letters = [...window.sequence];
    for (const n of hidden) letters[window.start + n] = "N";
    const left = new Set(hidden.keys());
    const steps = [];
    this.filledFor = this.key(state);
    this.filled.root.hidden = false;
    let stopped = false;
    const cancel = () => {
      stopped = true;
      app.asker.stop("fill");
    };
    try {
      while (left.size) {
        this.filled.busy(`${steps.length} of ${hidden.length} bases are filled in`, steps.length / hidden.length, cancel);
        const given = {
          model: app.model.id,
          sequence: letters.join(""),
          start: window.start + hidden[0],
          end: window.start + hidden[hidden.length - 1] + 1,
        };
        const found = rows((await app.asker.ask("fill", "probabilities", given)).log_probs);
        const surest = [...left]
          .map((n) => ({ n, ...numbers(found[hidden[n] - hidden[0]], "") }))
          .sort((a, b) => Math.max(...b.p) - Math.max(...a.p))[0];
        if (!steps.length) this.first = [...left].map((n) => numbers(found[hidden[n] - hidden[0]], truth[n]));
        left.delete(surest.n);
        letters[window.start + hidden[surest.n]] = surest.best;
        steps.push(surest);
        this.drawFilled(
          hidden.map((n) => columns[n].at),
          truth,
          steps,
        );
      }
    } catch (error) {
      if (error.name !== "AbortError") this.filled.fail(error.message);
      else if (stopped) this.filled.fail("Stopped.");
    }
  }

  drawFilled(positions, truth, steps) {
    const at = new Map(steps.map((each) => [each.n, each]));
    const right = steps.filter((each) => each.best === truth[each.n]).length;
    const kinds = truth.map((letter, n) => (!at.has(n) ? "hidden" : at.get(n).best === letter ? "right" : "wrong"));
    const tracks = [
      logoTrack(truth.map((_, n) => this.first[n])),
      letterTrack(
        truth.map((_, n) => at.get(n)?.best || "?"),
        kinds,
      ),
      letterTrack(
        truth,
        truth.map(() => "faint"),
      ),
    ];
    const say = (n) =>
      at.has(n)
        ? `${this.app.where(positions[n])}: filled in ${at.get(n).best}, p ${chance(Math.max(...at.get(n).p))}; the base there is ${truth[n]}`
        : `${this.app.where(positions[n])}: not yet`;
    const svg = columnsPicture({
      tracks,
      positions,
      room: Math.max(300, truth.length * 24 + 60),
      label: "The filled in span",
      say,
    });
    this.filled.draw(
      svg,
      `Logo: what the model expects with the whole span hidden. Below it what it fills in, and in grey what is there: ${right} of ${steps.length} are the same (guessing gets ${number(steps.length / 4, 1)}).`,
    );
  }
}
