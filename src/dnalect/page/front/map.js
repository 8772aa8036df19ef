import { h, replace } from "./dom.js";

export class MapPane {
  constructor(app, root) { replace(root, h("p", { class: "muted" }, "…")); }

  update() {}
}
