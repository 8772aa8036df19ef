// The frame of every picture: title, what it says in words, export, progress.

import { h, replace, toast } from "./dom.js";
import { asPng, asSvg, save } from "./export.js";

let count = 0;

/**
 * A figure. {title, help}. aloud: screen readers are told of its reading when that changes. `draw(svg, words)` shows a picture and
 * its reading; `busy`, `fail`, `clear` what else there is.
 */
export class Figure {
  constructor({ title, help, name, wide = true, tools = [], aloud = false }) {
    count += 1;
    this.name = name;
    this.title = title;
    const id = `figure-${count}`;
    this.words = h("p", { class: "words", id: `${id}-words`, role: aloud ? "status" : null });
    this.stage = h("div", { class: wide ? "stage scroll" : "stage" });
    this.readout = h("p", { class: "readout", hidden: true });
    this.stage.addEventListener("told", (event) => {
      this.readout.hidden = false;
      this.readout.textContent = event.detail || this.resting;
    });
    this.resting = "Point at the picture to read a base.";
    this.state = h("div", { class: "progress", hidden: true });
    const button = (kind, run) =>
      h("button", { type: "button", class: "small quiet", "aria-label": `Save “${title}” as ${kind}`, onclick: run }, kind);
    this.exports = h(
      "span",
      { class: "exports", hidden: true },
      button("SVG", () => this.save("svg")),
      button("PNG", () => this.save("png")),
    );
    this.heading = h("h2", { id }, title);
    this.root = h(
      "figure",
      { class: "figure", "aria-labelledby": id, "data-figure": name },
      h("div", { class: "figure-head" }, this.heading, h("span", { class: "tools" }, tools, this.exports)),
      help ? h("p", { class: "muted help" }, help) : null,
      this.state,
      this.stage,
      this.readout,
      this.words,
    );
  }

  get svg() {
    return this.stage.querySelector("svg");
  }

  /** Show a picture. Keeps the focus and the scrolled place of the one before it. */
  draw(svg, words) {
    const old = this.svg;
    const focused = old && (old === document.activeElement || old.contains(document.activeElement));
    const left = this.stage.scrollLeft;
    svg.setAttribute("aria-describedby", this.words.id);
    replace(this.stage, svg);
    this.stage.scrollLeft = left;
    if (focused && svg.hasAttribute("tabindex")) svg.focus({ preventScroll: true });
    if (this.words.textContent !== words) this.words.textContent = words;
    this.exports.hidden = false;
    this.readout.hidden = svg.getAttribute("role") !== "application" || !svg.matches(".columns, .matrix");
    if (!this.readout.textContent) this.readout.textContent = this.resting;
    this.root.classList.remove("waiting", "failed");
    this.state.hidden = true;
  }

  /** Show that something is computed; share: 0 to 1 or null. cancel: stops it. */
  busy(text, share = null, cancel = null) {
    this.root.classList.add("waiting");
    if (!this.state.firstChild || this.state.hidden) {
      this.bar = h("progress", { max: 1, "aria-label": text });
      this.told = h("span", {}, text);
      const stop = cancel ? h("button", { type: "button", class: "small", onclick: cancel }, "Cancel") : null;
      replace(this.state, this.bar, this.told, stop);
      this.state.hidden = false;
    }
    this.told.textContent = text;
    if (share === null) this.bar.removeAttribute("value");
    else this.bar.value = share;
  }

  fail(text) {
    this.root.classList.remove("waiting");
    this.root.classList.add("failed");
    replace(this.state, h("span", { class: "wrong", role: "alert" }, text));
    this.state.hidden = false;
  }

  clear(words = "") {
    this.root.classList.remove("waiting", "failed");
    this.state.hidden = true;
    this.exports.hidden = true;
    replace(this.stage);
    this.readout.hidden = true;
    this.words.textContent = words;
  }

  async save(kind) {
    const file = `dnalect-${this.name}.${kind}`;
    try {
      const blob =
        kind === "svg" ? new Blob([asSvg(this.svg, this.title)], { type: "image/svg+xml" }) : await asPng(this.svg, this.title);
      save(blob, file);
      toast(`Saved ${file}`);
    } catch (error) {
      toast(error.message, true);
    }
  }
}
