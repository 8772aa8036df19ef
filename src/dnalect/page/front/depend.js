import { h, replace } from "./dom.js";

export class Depend {
  constructor(app, root) { replace(root, h("p", { class: "muted" }, "…")); }

  update() {}
}
