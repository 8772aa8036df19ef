// The one state of the page, and its link.

const EMPTY = {
  pane: "expect",
  model: "",
  genome: "yeast",
  own: "",
  start: 0,
  end: 0,
  edits: [],
  pos: null,
  span: null,
  k: 6,
  layer: "",
  head: "",
  near: 0,
  map: "yeast",
  by: "umap",
  theme: "",
};
const NAMES = { pane: "pane", model: "model", k: "k", layer: "layer", head: "head", near: "near", map: "map", by: "by" };
const WHOLE = ["k", "near"];

const asEdit = ({ at, ref, alt }) => `${at + 1}_${ref || "-"}_${alt || "-"}`;

function readEdit(text) {
  const found = text.match(/^(\d+)_([ACGTN]+|-)_([ACGTN]+|-)$/);
  if (!found) return null;
  const [ref, alt] = found.slice(2).map((each) => (each === "-" ? "" : each));
  return { at: Number(found[1]) - 1, ref, alt };
}

/** The state as a fragment, without what is as at the start. */
export function toHash(state) {
  const parts = new URLSearchParams();
  for (const [key, name] of Object.entries(NAMES)) {
    if (state[key] !== EMPTY[key] && state[key] !== "") parts.set(name, state[key]);
  }
  if (state.own) parts.set("dna", state.own);
  if (state.end > state.start) parts.set("at", `${state.own ? "" : `${state.genome}:`}${state.start + 1}-${state.end}`);
  if (state.edits.length) parts.set("edits", state.edits.map(asEdit).join("."));
  if (state.pos !== null) parts.set("base", state.pos + 1);
  if (state.span) parts.set("span", `${state.span[0] + 1}-${state.span[1]}`);
  return `#${parts.toString().replace(/%3A/g, ":").replace(/%2C/g, ",")}`;
}

const range = (text) => {
  const found = (text || "").match(/^(?:(\w+):)?(\d+)-(\d+)$/);
  return found && Number(found[2]) >= 1 && Number(found[3]) >= Number(found[2])
    ? [found[1], Number(found[2]) - 1, Number(found[3])]
    : null;
};

/** What a fragment says, over what there is; what can't be read is left out. */
export function fromHash(hash, defaults) {
  const parts = new URLSearchParams(hash.replace(/^#/, ""));
  const state = { ...EMPTY, ...defaults };
  for (const [key, name] of Object.entries(NAMES)) {
    if (!parts.has(name)) continue;
    const text = parts.get(name);
    state[key] =
      WHOLE.includes(key) || (["layer", "head"].includes(key) && /^\d+$/.test(text)) ? Number(text) || EMPTY[key] : text;
  }
  const own = (parts.get("dna") || "").toUpperCase();
  if (/^[ACGTN]{1,5000}$/.test(own)) state.own = own;
  const at = range(parts.get("at"));
  if (at) {
    [, state.start, state.end] = at;
    if (at[0]) state.genome = at[0];
  } else if (state.own) [state.start, state.end] = [0, Math.min(state.own.length, 120)];
  if (state.own) state.genome = "";
  const edits = (parts.get("edits") || "").split(".").map(readEdit).filter(Boolean);
  if (edits.length || at || own) state.edits = edits;
  const base = Number(parts.get("base"));
  state.pos = base >= 1 && Number.isInteger(base) ? base - 1 : parts.size ? null : state.pos;
  const span = range(parts.get("span"));
  state.span = span ? [span[1], span[2]] : null;
  return state;
}

export class Store {
  constructor(defaults, check) {
    this.check = check;
    this.defaults = defaults;
    this.listeners = [];
    this.undone = [];
    this.state = check(fromHash(location.hash, defaults));
    addEventListener("popstate", () => this.read());
    addEventListener("hashchange", () => this.read());
  }

  /** Take the link as it is now. */
  read() {
    if (location.hash === this.written) return;
    this.written = location.hash;
    this.adopt(this.check(fromHash(location.hash, this.defaults)));
  }

  on(listener) {
    this.listeners.push(listener);
  }

  adopt(state) {
    const old = this.state;
    this.state = state;
    const keys = Object.keys(state).filter((key) => JSON.stringify(state[key]) !== JSON.stringify(old[key]));
    if (keys.length) for (const listener of this.listeners) listener(state, new Set(keys), old);
  }

  /** Change the state. step: whether the button Back returns to what was before. */
  set(patch, step = true) {
    const next = this.check({ ...this.state, ...patch });
    if ("edits" in patch && !patch.undoing)
      this.undone.push({ edits: this.state.edits, genome: this.state.genome, own: this.state.own });
    delete next.undoing;
    const hash = toHash(next);
    if (hash !== location.hash) {
      this.written = hash;
      if (step) history.pushState(null, "", hash);
      else history.replaceState(null, "", hash);
    }
    this.adopt(next);
  }

  get undoable() {
    return (
      this.state.edits.length > 0 || this.undone.some((each) => each.genome === this.state.genome && each.own === this.state.own)
    );
  }

  /** Take the last edit back: the edits before it, or, from a link, all but the last. */
  undo() {
    const { genome, own, edits } = this.state;
    let last = this.undone.pop();
    while (last && (last.genome !== genome || last.own !== own)) last = this.undone.pop();
    if (last) this.set({ edits: last.edits, undoing: true });
    else if (edits.length) this.set({ edits: edits.slice(0, -1), undoing: true });
    return Boolean(last || edits.length);
  }
}
