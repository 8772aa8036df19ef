// The list of edits, each scored by itself, and the one that is chosen.

import { asVcf } from "./dna.js";
import { h, replace, signed, whole } from "./dom.js";
import { consequence } from "./protein.js";
import { stands } from "./steps.js";

const same = (one, two) => JSON.stringify(one) === JSON.stringify(two);
const short = (text) => (text.length > 9 ? `${text.slice(0, 8)}…` : text);

export class Edits {
  /** choose(edit): the person wants to see the steps of this one. */
  constructor(app, choose) {
    this.app = app;
    this.choose = choose;
    this.known = [];
    this.chosen = null;
    this.root = h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Edits and their scores" });
  }

  /** Take the edits of a state: the newest is chosen, else the one that was, else the last. */
  update({ edits }) {
    const newest = edits.find((each) => !this.known.some((old) => same(old, each)));
    if (newest) this.chosen = newest;
    else if (!edits.some((each) => same(each, this.chosen))) this.chosen = edits[edits.length - 1] || null;
    this.known = edits;
    this.draw(edits);
  }

  /** Draw the table, and fill in the scores as they come: each of its edit on the unedited sequence. */
  async draw(edits) {
    const { app } = this;
    const run = (this.run = {});
    if (!edits.length) {
      replace(
        this.root,
        h("p", { class: "muted" }, "None yet. Each is scored as a variant of a VCF would be: against the unedited sequence."),
      );
      return;
    }
    const cells = edits.map(() => h("td", { class: "num" }, "…"));
    const stand = edits.map(() => h("td", {}, ""));
    const lines = edits.map((edit, n) => h("tr", {}, h("th", { scope: "row" }, this.radio(edit)), cells[n], stand[n]));
    const heads = ["Edit", "Log-ratio", "Stands"].map((text, n) => h("th", { scope: "col", class: n === 1 ? "num" : "" }, text));
    replace(this.root, h("table", { "aria-label": "Your edits" }, h("thead", {}, h("tr", {}, heads)), h("tbody", {}, lines)));
    for (const [n, edit] of edits.entries()) {
      try {
        const found = await app.asker.ask(`edit-${n}`, "score", app.scoring(edit));
        if (run !== this.run) return;
        const place = stands(found) || found.flags.join(", ");
        cells[n].textContent = signed(found.llr);
        stand[n].textContent = [consequence(app.source, edit), place].filter(Boolean).join("; ");
      } catch (error) {
        if (run !== this.run) return;
        if (error.name !== "AbortError") {
          cells[n].textContent = "–";
          stand[n].textContent = error.message;
        }
      }
    }
  }

  radio(edit) {
    const { pos, ref, alt } = asVcf(this.app.source, edit);
    const chosen = () => {
      this.chosen = edit;
      this.choose(edit);
    };
    const button = h("input", { type: "radio", name: "edit", checked: same(edit, this.chosen), onchange: chosen });
    return h("label", { class: "mono" }, button, ` ${whole(pos)} ${short(ref)}>${short(alt)}`);
  }
}
