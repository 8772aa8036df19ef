import { h, replace } from "./dom.js";

export class Change {
  constructor(app, root) { replace(root, h("p", { class: "muted" }, "…")); }

  update() {}
}
