// A score step by step, with its real numbers; and what the variant changes over the whole window.

import { answered } from "./ask.js";
import { fourBars } from "./columns.js";
import { asVcf } from "./dna.js";
import { chance, h, number, percent, replace, s, signed, whole } from "./dom.js";
import { Figure } from "./figure.js";
import { isOneSided } from "./given.js";
import { drawInfluence } from "./influence.js";
import { rows } from "./logo.js";
import { consequence } from "./protein.js";

const AROUND = 11;
const SHOWN = 24;

/** A percentile in words. */
export function stands({ percentile, compared, llr }) {
  if (percentile === null || percentile === undefined) return "";
  const low = percentile < 0.5;
  const share = low ? 1 - percentile : percentile;
  return `${low ? "lower" : "higher"} than ${share > 0.9995 ? ">99.9%" : percent(share)} of ${compared}`;
}

export class Steps {
  constructor(app) {
    this.app = app;
    this.figure = new Figure({
      title: "The score, step by step",
      name: "score",
      aloud: true,
      help: "From the letters of the edit that is chosen above to its place among the background: each number is the model's own.",
    });
    this.cards = h("ol", { class: "steps" });
    this.figure.words.before(this.cards);
    this.influence = new Figure({
      title: "Influence: what it changes everywhere else",
      name: "influence",
      help: "The largest change of a base's log-odds at every place that the model reads, to both sides of the variant.",
    });
    this.root = h("div", {}, this.figure.root, this.influence.root);
  }

  update(edit) {
    const { app } = this;
    if (!edit) {
      app.asker.stop("steps-0");
      replace(this.cards);
      this.root.hidden = true;
      return;
    }
    this.root.hidden = false;
    this.influence.root.hidden = !this.influence.svg || isOneSided(app.model);
    answered(
      app,
      this.figure,
      "steps",
      [["score", app.scoring(edit)]],
      (found) => {
        this.draw(edit, found);
        this.influence.root.hidden = isOneSided(app.model);
        drawInfluence(app, this.influence, found);
      },
      { text: "The model scores it" },
    );
  }

  draw(edit, found) {
    const { app } = this;
    const { windows } = found;
    const effect = consequence(app.source, edit);
    const { pos, ref, alt } = asVcf(app.source, edit);
    const short = (text) => (text.length > SHOWN ? `${text.slice(0, SHOWN - 1)}…` : text || "–");
    const size = (text, other) => text.length - other.length;
    const [longRef, longAlt] = [windows.reference.length, windows.alternate.length];
    const line = (text, allele) => {
      const from = Math.max(0, windows.at - AROUND);
      return h(
        "code",
        { class: "window" },
        `…${text.slice(from, windows.at)}`,
        h("mark", {}, short(text.slice(windows.at, windows.at + allele))),
        `${text.slice(windows.at + allele, windows.at + allele + AROUND)}…`,
      );
    };
    // Of an indel the window writes the whole range over which it could lie.
    const tail = this.common(windows.reference, windows.alternate, windows.at);
    const alleles = [longRef - windows.at - tail, longAlt - windows.at - tail];
    const reach = app.model.reach;
    const step = (title, ...rest) => h("li", { class: "card" }, h("h3", {}, title), rest);
    const ids = (text) => [...text].map((each) => "ACGTN".indexOf(each)).join(" ");
    const seen = [Math.max(0, windows.at - 4), windows.at + 5];
    const list = [
      step(
        "The two windows",
        h("p", {}, "Reference"),
        line(windows.reference, alleles[0]),
        h("p", {}, "Alternate"),
        line(windows.alternate, alleles[1]),
        h(
          "p",
          { class: "muted" },
          `${whole(longRef)} bases${size(windows.alternate, windows.reference) ? ` against ${whole(longAlt)}` : " each"}${reach === null ? "" : `; an answer depends on ${whole(reach)} to each side`}.`,
        ),
      ),
      step(
        "Tokens",
        h(
          "p",
          {},
          app.model.tokenizer === "single nucleotide" ? "One a base: A 0, C 1, G 2, T 3." : `Read by ${app.model.tokenizer}.`,
        ),
        app.model.tokenizer === "single nucleotide"
          ? [
              h("code", { class: "window" }, ids(windows.reference.slice(...seen))),
              h("code", { class: "window" }, ids(windows.alternate.slice(...seen))),
            ]
          : null,
        h("p", { class: "muted" }, "The network sees these numbers and nothing else."),
      ),
      found.log_p_ref !== null
        ? this.probabilities(step, edit, found)
        : step(
            "Probabilities",
            h(
              "p",
              {},
              `Every base of both windows gets its p given ${isOneSided(app.model) ? "those before it, along either strand" : "the rest"}; the logarithms are added up for each ${isOneSided(app.model) ? "window" : "side"}.`,
            ),
          ),
      step(
        "Log-ratio",
        h(
          "p",
          { class: "sum" },
          found.log_p_ref !== null ? `${signed(found.log_p_alt)} − (${signed(found.log_p_ref)}) = ` : "ln p(ALT) − ln p(REF) = ",
          h("strong", {}, signed(found.llr)),
        ),
        h(
          "p",
          { class: "muted" },
          found.llr < 0
            ? `The model finds ${short(alt)} ${whole(Math.exp(-found.llr)) > 1 ? `${this.times(-found.llr)} times less` : "about as"} likely ${this.times(-found.llr) === "1" ? "as" : "than"} ${short(ref)} here.`
            : `The model finds ${short(alt)} ${this.times(found.llr)} times as likely as ${short(ref)} here.`,
        ),
      ),
      step(
        "Percentile",
        found.percentile === null
          ? h(
              "p",
              {},
              found.flags.length
                ? `None: ${found.flags.join(", ").replace(/_/g, " ")}.`
                : "None: this model has no background for it.",
            )
          : [this.scale(found), h("p", {}, `It scores ${stands(found)}.`)],
      ),
    ];
    replace(this.cards, list);
    this.figure.draw(
      this.picture(edit, found),
      `${app.source.id ? `${app.source.contig}:` : ""}${whole(pos)} ${short(ref)}>${short(alt)}: log-ratio ${signed(found.llr)}${found.percentile === null ? "" : `; ${stands(found)}`}.${effect ? ` ${effect}.` : ""}`,
    );
    app.tell("score", found);
  }

  times(log) {
    const value = Math.exp(Math.abs(log));
    return value < 9.95 ? value.toFixed(1).replace(/\.0$/, "") : whole(value);
  }

  /** Letters at the end that both windows share. */
  common(one, two, at) {
    let n = 0;
    while (n < one.length - at && n < two.length - at && one[one.length - 1 - n] === two[two.length - 1 - n]) n += 1;
    return n;
  }

  probabilities(step, edit, found) {
    const node = step("Probabilities", h("p", { class: "muted" }, "p of each base at the place, given all others:"));
    const { app } = this;
    const { sequence, at } = app.scoring(edit);
    app.asker
      .ask("steps-four", "probabilities", { model: app.model.id, sequence, start: at, end: at + 1 })
      .then((record) => {
        const p = rows(record.log_probs)[0].map(Math.exp);
        node.append(
          fourBars(p, edit.ref),
          h(
            "p",
            { class: "sum" },
            `ln p(${edit.ref}) = ${number(found.log_p_ref)}, ln p(${edit.alt}) = ${number(found.log_p_alt)}`,
          ),
        );
      })
      .catch(() => {});
    return node;
  }

  /** Where the score lies among those of the background, by its quantiles. */
  scale(found, room = 250) {
    const { alike, llr } = found;
    if (!alike?.length) return null;
    const [low, high] = [Math.min(alike[0], llr), Math.max(alike[alike.length - 1], llr)];
    const x = (value) => 8 + ((value - low) / (high - low || 1)) * (room - 16);
    const bins = Array(28).fill(0);
    for (let n = 0; n + 1 < alike.length; n += 1) {
      // One hundredth of the background lies between two neighbours.
      for (let k = 0; k < 10; k += 1) {
        const value = alike[n] + ((alike[n + 1] - alike[n]) * (k + 0.5)) / 10;
        bins[Math.min(27, Math.floor(((value - low) / (high - low || 1)) * 28))] += 1;
      }
    }
    const most = Math.max(...bins);
    const wide = (room - 16) / 28;
    return s(
      "svg",
      {
        viewBox: `0 0 ${room} 92`,
        width: room,
        height: 92,
        role: "img",
        "aria-label": `Scores of the background from ${number(alike[0])} to ${number(alike[alike.length - 1])}, and this one at ${number(llr)}.`,
      },
      bins.map((value, n) =>
        s("rect", {
          class: "bar surprise",
          "fill-opacity": 0.5,
          x: 8 + n * wide,
          width: Math.max(1, wide - 1),
          y: 66 - (50 * value) / most,
          height: (50 * value) / most,
        }),
      ),
      s("path", { class: "line", d: `M8 66.5 H${room - 8}` }),
      s("path", { class: "mark", d: `M${x(llr)} 14 V66` }),
      s("text", { x: Math.min(room - 22, Math.max(22, x(llr))), y: 11, "text-anchor": "middle" }, signed(llr)),
      s("text", { class: "axis", x: 8, y: 82 }, number(low, 1)),
      s("text", { class: "axis", x: room - 8, y: 82, "text-anchor": "end" }, number(high, 1)),
      s("text", { class: "axis", x: room / 2, y: 82, "text-anchor": "middle" }, "log-ratios of the background"),
    );
  }

  /** The same as a picture to keep. */
  picture(edit, found) {
    const { pos, ref, alt } = asVcf(this.app.source, edit);
    const short = (text) => (text.length > 12 ? `${text.slice(0, 11)}…` : text);
    const boxes = [
      [`${short(ref)} > ${short(alt)}`, `at ${whole(pos)}`],
      [`${whole(found.windows.reference.length)} tokens`, "each window"],
      found.log_p_ref !== null
        ? [`p ${chance(Math.exp(found.log_p_ref))}, ${chance(Math.exp(found.log_p_alt))}`, `of ${ref} and ${alt}`]
        : ["sums of ln p", "over each window"],
      [signed(found.llr), "log-ratio"],
      [found.percentile === null ? "–" : percent(found.percentile), "percentile"],
    ];
    return s(
      "svg",
      {
        viewBox: "0 0 760 66",
        width: 760,
        height: 66,
        class: "flow",
        role: "img",
        "aria-label": `Steps of the score: ${boxes.map((each) => each.join(" ")).join("; ")}.`,
      },
      boxes.map(([big, small], n) => [
        s("rect", { class: "box", x: 2 + n * 153, y: 3, width: 132, height: 58, rx: 7 }),
        s("text", { class: "big", x: 68 + n * 153, y: 29, "text-anchor": "middle" }, big),
        s("text", { class: "axis", x: 68 + n * 153, y: 49, "text-anchor": "middle" }, small),
        n < 4 ? s("path", { class: "line", d: `M${137 + n * 153} 32 h13 m-5 -4 l5 4 l-5 4` }) : null,
      ]),
    );
  }
}
