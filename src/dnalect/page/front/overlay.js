// Reference and alternate over each other, base by base.

import { answered } from "./ask.js";
import { columnsPicture } from "./columns.js";
import { BASES } from "./dna.js";
import { largest, number } from "./dom.js";
import { Figure } from "./figure.js";
import { isOneSided } from "./given.js";
import { numbers, rows } from "./logo.js";
import { barTrack, letterTrack, lineTrack, logoTrack } from "./tracks.js";

const odds = (log) => log - Math.log1p(-Math.min(1 - 1e-12, Math.exp(log)));

export class Overlay {
  constructor(app) {
    this.app = app;
    this.figure = new Figure({
      title: "What your edits change: reference above, edited below",
      name: "reference-and-edited",
      help: "The model's expectation of the unedited sequence, and of the edited one with all edits, laid on each other. Bars: the largest change of the log-odds of a base at each place that was not edited itself.",
    });
  }

  update(state) {
    const { app, figure } = this;
    const near = state.edits.filter((each) => each.at + each.ref.length > state.start - 2600 && each.at < state.end + 2600);
    if (!near.length || isOneSided(app.model)) {
      app.asker.stop("overlay-0");
      app.asker.stop("overlay-1");
      figure.root.hidden = true;
      return;
    }
    figure.root.hidden = false;
    const [before, after] = [app.window([]), app.window(state.edits)];
    answered(
      app,
      figure,
      "overlay",
      [
        ["probabilities", app.given(before)],
        ["probabilities", app.given(after)],
      ],
      (one, two) => this.draw(after.columns, rows(one.log_probs), rows(two.log_probs)),
      { text: "The model reads both" },
    );
  }

  draw(columns, one, two) {
    const { app } = this;
    let [i, j] = [-1, -1];
    const sides = columns.map((each) => ({
      ...each,
      one: each.ref ? one[(i += 1)] : null,
      two: each.alt ? two[(j += 1)] : null,
    }));
    const logos = ["one", "two"].map((key) =>
      sides.map((each) => (each[key] ? numbers(each[key], key === "one" ? each.ref : each.alt) : null)),
    );
    const changes = sides.map((each) =>
      each.one && each.two && !each.edited
        ? Math.max(...each.one.map((value, n) => Math.abs(odds(each.two[n]) - odds(value))))
        : null,
    );
    const most = largest(changes, 0.5);
    const bits = logos.map((side) => side.map((each) => (each ? each.bits : null)));
    const kinds = sides.map((each) => (each.edited ? "edited" : ""));
    const tracks = [
      logoTrack(logos[0], "reference", 62),
      letterTrack(
        sides.map((each) => each.ref),
        kinds,
      ),
      logoTrack(logos[1], "edited", 62),
      letterTrack(
        sides.map((each) => each.alt),
        kinds,
      ),
      lineTrack(
        [
          { values: bits[0], kind: "before" },
          { values: bits[1], kind: "after" },
        ],
        "bits",
        2,
        46,
      ),
      barTrack(changes, "change", most, "bar moved"),
    ];
    const say = (n) => {
      const each = sides[n];
      if (each.edited) return `${app.where(each.at)}: edited, ${each.ref || "nothing"} to ${each.alt || "nothing"}`;
      return `${app.where(each.at)}, ${each.ref}: information ${number(bits[0][n])} before, ${number(bits[1][n])} bits after; largest change ${number(changes[n])}; p(${each.ref}) ${number(Math.exp(each.one[BASES.indexOf(each.ref)]))} before, ${number(Math.exp(each.two[BASES.indexOf(each.ref)]))} after`;
    };
    const svg = columnsPicture({
      tracks,
      positions: sides.map((each) => each.at),
      room: this.figure.stage.clientWidth || 900,
      label: `Reference and edited, ${app.place}`,
      say,
      selected: app.state.pos,
    });
    const top = changes.reduce((best, value, n) => ((value ?? -1) > (changes[best] ?? -1) ? n : best), 0);
    const moved = changes.filter((each) => each !== null && each > 0.5).length;
    this.figure.draw(
      svg,
      `${moved} other bases in view change by more than 0.5 in log-odds; the most at ${app.where(sides[top].at)} (${number(changes[top])}). Grey line: information before the edits; coloured: after.`,
    );
    app.tell("changes", changes);
  }
}
