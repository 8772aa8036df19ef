// What a variant changes over the whole window.

import { largest, number, s } from "./dom.js";
import { rows } from "./logo.js";

/** Draw the changes of a score's record into a figure. */
export function drawInfluence(app, figure, found) {
  if (!found.moved) {
    figure.clear("It is not measured for this model: it would take too long.");
    return;
  }
  const moved = rows(found.moved).map((each) => (each.every(Number.isFinite) ? Math.max(...each.map(Math.abs)) : null));
  const places = moved.map((_, n) => (n < found.before ? n - found.before : n - found.before + 1));
  const reach = Math.min(app.model.reach ?? 400, 400, Math.max(found.before, moved.length - found.before));
  const room = Math.max(320, figure.stage.clientWidth || 900);
  const [left, top, width, height] = [46, 10, room - 60, 120];
  const kept = places.map((place, n) => [place, moved[n]]).filter(([place, value]) => Math.abs(place) <= reach && value !== null);
  const most = largest(
    kept.map(([, value]) => value),
    0.5,
  );
  const x = (place) => left + ((place + reach) / (2 * reach)) * width;
  const y = (value) => top + height * (1 - value / most);
  const ticks = [-1, -0.5, 0, 0.5, 1].map((share) => Math.round(share * reach));
  const svg = s(
    "svg",
    {
      viewBox: `0 0 ${room} 168`,
      width: room,
      height: 168,
      role: "img",
      "aria-label": "Largest change of log-odds by distance from the variant.",
    },
    s("path", { class: "line", d: `M${left} ${top} V${top + height} H${left + width}` }),
    s("path", { class: "mark", d: `M${x(0)} ${top} V${top + height}` }),
    [0, most].map((value) => s("text", { class: "axis", x: left - 6, y: y(value) + 4, "text-anchor": "end" }, number(value, 1))),
    kept.map(([place, value]) =>
      s("rect", {
        class: "bar moved",
        x: x(place) - Math.max(0.5, width / (4 * reach)),
        width: Math.max(1, width / (2 * reach) - 0.3),
        y: y(value),
        height: Math.max(0, top + height - y(value)),
      }),
    ),
    ticks.map((each) =>
      s(
        "text",
        {
          class: "axis",
          x: x(each),
          y: top + height + 16,
          "text-anchor": each === -reach ? "start" : each === reach ? "end" : "middle",
        },
        each > 0 ? `+${each}` : each < 0 ? `−${-each}` : "0",
      ),
    ),
    s("text", { class: "axis", x: left + width / 2, y: 160, "text-anchor": "middle" }, "bases from the variant"),
  );
  const far = kept.filter(([, value]) => value > 0.5).map(([place]) => Math.abs(place));
  const top1 = kept.reduce((best, each) => (each[1] > best[1] ? each : best), [0, -1]);
  const { max, sum, near } = found.influence;
  figure.draw(
    svg,
    `The largest change is ${number(max)} (${Math.abs(top1[0])} ${Math.abs(top1[0]) === 1 ? "base" : "bases"} to the ${top1[0] < 0 ? "left" : "right"}); in all ${number(sum, 1)} nats, of which ${number(near, 1)} within 16 bases. ${far.length ? `Changes of more than 0.5 reach ${Math.max(...far)} bases.` : "Nowhere more than 0.5."}`,
  );
}
