// Start: the pieces of the page, and what each state shows.

import { App, PANES } from "./app.js";
import { Change } from "./change.js";
import { Depend } from "./depend.js";
import { h, replace, toast } from "./dom.js";
import { Expect } from "./expect.js";
import { oneSided } from "./given.js";
import { Header } from "./header.js";
import { MapPane } from "./map.js";
import { Read } from "./read.js";
import { tools } from "./tools.js";

const TITLES = { read: "Read", expect: "Expect", change: "Change", depend: "Attend and depend", map: "Map" };
const MAKERS = { read: Read, expect: Expect, change: Change, depend: Depend, map: MapPane };

const visited = new Set();

/** Turn to a pane; for the first time to the example of its own, if it has one, unless a person has chosen what to look at. */
function turn(app, pane) {
  const { state } = app;
  const like = (each) =>
    !state.own &&
    each.genome === state.genome &&
    each.start === state.start &&
    each.end === state.end &&
    JSON.stringify(each.edits || []) === JSON.stringify(state.edits);
  const untouched = app.examples.some((each, n) => (n === 0 || each.opens) && like(each));
  const example = untouched && !visited.has(pane) && app.examples.find((each) => each.opens === pane);
  visited.add(pane);
  if (example)
    app.go({
      pane,
      genome: example.genome,
      start: example.start,
      end: example.end,
      pos: example.pos ?? null,
      edits: example.edits || [],
      model: app.genomes[example.genome].model,
    });
  else app.store.set({ pane });
}

function tabs(app) {
  const buttons = PANES.map((name) =>
    h(
      "button",
      {
        type: "button",
        role: "tab",
        id: `tab-${name}`,
        "aria-controls": `pane-${name}`,
        onclick: () => turn(app, name),
      },
      TITLES[name],
    ),
  );
  document.getElementById("tabs").append(...buttons);
  document.getElementById("tabs").addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = (PANES.indexOf(app.state.pane) + step + PANES.length) % PANES.length;
    turn(app, PANES[next]);
    buttons[next].focus();
    event.preventDefault();
  });
  return buttons;
}

function shown(app) {
  const buttons = tabs(app);
  const header = new Header(app, document.getElementById("dna"));
  const panes = {};
  const places = PANES.map((name) =>
    h("section", { role: "tabpanel", id: `pane-${name}`, "aria-labelledby": `tab-${name}`, class: "pane", hidden: true }),
  );
  const notes = places.map((place) => place.appendChild(h("p", { class: "note one-sided", hidden: true })));
  replace(document.getElementById("panes"), places);
  const show = (state, keys) => {
    header.update(state, keys);
    PANES.forEach((name, n) => {
      const on = name === state.pane;
      buttons[n].setAttribute("aria-selected", on);
      buttons[n].tabIndex = on ? 0 : -1;
      places[n].hidden = !on;
    });
    const name = state.pane;
    const note = notes[PANES.indexOf(name)];
    note.textContent = oneSided(name, app.model);
    note.hidden = !note.textContent;
    panes[name] ||= new MAKERS[name](app, places[PANES.indexOf(name)]);
    panes[name].update(state, keys);
    document.title = `${TITLES[name]}, ${app.place} - dnalect`;
  };
  app.store.on(show);
  show(app.state, new Set(Object.keys(app.state)));
  const again = () => show(app.state, new Set(["size"]));
  addEventListener("themed", again);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
  let width = innerWidth;
  addEventListener("resize", () => {
    if (innerWidth === width) return;
    width = innerWidth;
    again();
  });
  addEventListener("keydown", (event) => {
    const typing = ["INPUT", "TEXTAREA", "SELECT"].includes(document.activeElement?.tagName);
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z" && !event.shiftKey && !typing) {
      event.preventDefault();
      toast(app.store.undo() ? "The last edit is taken back." : "There is no edit to take back.");
    }
  });
}

/** Show the page. open: gives the engine; data: name -> what the page draws without one. */
export async function start(open, data) {
  try {
    const [engine, genomes, examples, vocabularies] = await Promise.all([
      open(),
      ...["genomes", "examples", "vocabularies"].map(data),
    ]);
    const all = await engine.ask("models", {}, {});
    const models = all.filter((each) => each.likelihood);
    const app = new App({ engine, data, models, genomes, examples, vocabularies });
    app.attentive = all.filter((each) => each.attentions);
    globalThis.dnalect = app;
    tools(app, document.getElementById("top-tools"), document.getElementById("foot"));
    shown(app);
    document.documentElement.dataset.ready = "yes";
  } catch (error) {
    replace(document.getElementById("panes"), h("p", { class: "note", role: "alert" }, `The page can't start: ${error.message}`));
    throw error;
  }
}
