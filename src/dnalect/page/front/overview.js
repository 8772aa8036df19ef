// What lies around the view.

import { replace, s, whole } from "./dom.js";

const NEAR = 3000;

/** Draw what lies around the view, to scale, into a place; a click goes there. */
export function drawOverview(app, place) {
  const { source, state } = app;
  const room = Math.max(280, place.clientWidth || 800);
  const span = Math.min(source.end - source.start, Math.max(2 * NEAR, 4 * (state.end - state.start)));
  const low = Math.max(source.start, Math.min(Math.round((state.start + state.end - span) / 2), source.end - span));
  const x = (at) => ((at - low) / span) * room;
  const features = source
    .within(low, low + span)
    .filter((each) => each.kind !== "CDS" || !source.features.some((other) => other.kind === "gene" && other.name === each.name));
  const lane = (each) => (each.strand === "-" ? 30 : 8);
  const drawn = features.map((each) => {
    const [from, to] = [Math.max(0, x(each.start)), Math.min(room, x(each.end))];
    const name = each.name || each.kind;
    return [
      s(
        "rect",
        { class: `feature ${each.kind}`, x: from, y: lane(each), width: Math.max(2, to - from), height: 16, rx: 3 },
        s("title", {}, `${name}: ${each.text || each.kind}, ${source.name(each.start)}-${whole(each.end)}`),
      ),
      to - from > name.length * 7 + 22
        ? s(
            "text",
            { class: "feature-name", x: from + 5, y: lane(each) + 12 },
            each.strand === "-" ? `← ${name}` : each.strand === "+" ? `${name} →` : name,
          )
        : null,
    ];
  });
  const names = features.map(
    (each) => `${each.name || each.kind}${each.strand ? ` on the ${each.strand === "+" ? "forward" : "reverse"} strand` : ""}`,
  );
  const svg = s(
    "svg",
    {
      viewBox: `0 0 ${room} 66`,
      width: room,
      height: 66,
      role: "img",
      "aria-label": `${whole(span)} bases around the view: ${names.slice(0, 12).join(", ") || "no annotation"}.`,
    },
    s("path", { class: "line", d: `M0 27.5 H${room}` }),
    drawn.flat().filter(Boolean),
    s("rect", { class: "view", x: x(state.start), y: 2, width: Math.max(3, x(state.end) - x(state.start)), height: 50, rx: 3 }),
    s("text", { class: "axis", x: 0, y: 63 }, source.name(low)),
    s("text", { class: "axis", x: room, y: 63, "text-anchor": "end" }, whole(low + span)),
  );
  svg.addEventListener("click", (event) => {
    const box = svg.getBoundingClientRect();
    const middle = low + ((event.clientX - box.left) / box.width) * span;
    const size = state.end - state.start;
    app.store.set({ start: Math.round(middle - size / 2), end: Math.round(middle - size / 2) + size });
  });
  replace(place, svg);
}
