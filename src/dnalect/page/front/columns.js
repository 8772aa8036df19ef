// Pictures whose columns are bases: tracks under each other over one sequence, with one cursor for mouse and keys.

import { announce, h, number, s, tell, whole } from "./dom.js";
import { LEFT } from "./tracks.js";

const RIGHT = 10;

/** Width of a column so that `count` fill `room`, never too narrow to hit. */
export const cell = (count, room) => Math.max(8, Math.min(22, (room - LEFT - RIGHT) / Math.max(1, count)));

/**
 * The picture. positions: of each column (0-based). label: what it is. say(n): the reading of column n.
 * pick(n, how, from, y): a click or Enter; keys: {key: run(n)} more of them.
 */
export function columnsPicture({ tracks, positions, room, label, say, pick, keys = {}, selected = null, span = null }) {
  const count = positions.length;
  const w = cell(count, room);
  const x = (n) => LEFT + n * w;
  const total = tracks.reduce((sum, each) => sum + each.height, 0) + 22;
  const width = x(count) + RIGHT;
  const svg = s("svg", {
    class: "columns",
    viewBox: `0 0 ${width.toFixed(1)} ${total}`,
    width: width.toFixed(1),
    height: total,
    tabindex: 0,
    role: "application",
    "aria-roledescription": "picture with a column a base",
    "aria-label": `${label}. Arrow keys go from base to base${pick ? ", Enter chooses" : ""}.`,
  });
  let top = 0;
  const shade = s("rect", { class: "span", y: 0, height: total - 20, visibility: "hidden" });
  svg.append(shade);
  for (const track of tracks) {
    track.top = top;
    svg.append(...track.draw(x, top, w).flat(Infinity).filter(Boolean));
    top += track.height;
  }
  const every = w * 10 >= 90 ? 10 : 20;
  positions.forEach((position, n) => {
    if (position !== null && (position + 1) % every === 0 && (n === 0 || positions[n - 1] !== position)) {
      svg.append(
        s("path", { class: "line", d: `M${(x(n) + w / 2).toFixed(1)} ${top} v4` }),
        s(
          "text",
          {
            class: "axis",
            x: x(n) + w / 2 + 36 > width ? width : x(n) + w / 2,
            y: top + 16,
            "text-anchor": x(n) + w / 2 + 36 > width ? "end" : "middle",
          },
          whole(position + 1),
        ),
      );
    }
  });
  if (span) {
    const [low, high] = [
      positions.findIndex((each) => each >= span[0]),
      positions.findLastIndex((each) => each !== null && each < span[1]),
    ];
    if (low >= 0 && high >= low) {
      shade.setAttribute("x", x(low));
      shade.setAttribute("width", (high - low + 1) * w);
      shade.setAttribute("visibility", "visible");
    }
  }
  const frame = s("rect", { class: "cursor", y: 1, height: total - 22, width: w, visibility: "hidden" });
  const ghost = s("rect", { class: "cursor ghost", y: 1, height: total - 22, width: w, visibility: "hidden" });
  const hit = s("rect", { class: "hit", x: LEFT, y: 0, width: Math.max(0, count * w), height: total });
  svg.append(ghost, frame, hit);
  let cursor = selected === null ? -1 : positions.indexOf(selected);
  const show = (node, n) => {
    node.setAttribute("visibility", n >= 0 ? "visible" : "hidden");
    if (n >= 0) node.setAttribute("x", x(n));
  };
  show(frame, cursor);
  const at = (event) => {
    const box = svg.getBoundingClientRect();
    return Math.max(0, Math.min(count - 1, Math.floor(((event.clientX - box.left) * (width / box.width) - LEFT) / w)));
  };
  const down = (event) => {
    const box = svg.getBoundingClientRect();
    return (event.clientY - box.top) * (total / box.height);
  };
  let pressed = -1;
  hit.addEventListener("pointermove", (event) => {
    const n = at(event);
    show(ghost, n);
    tell(svg, say(n));
  });
  hit.addEventListener("pointerleave", () => {
    show(ghost, -1);
    tell(svg, "");
  });
  hit.addEventListener("pointerdown", (event) => {
    pressed = at(event);
  });
  hit.addEventListener("click", (event) => {
    const n = at(event);
    if (pick) pick(n, event.shiftKey ? "extend" : pressed >= 0 && pressed !== n ? "drag" : "", pressed, down(event));
    pressed = -1;
  });
  svg.addEventListener("focus", () => {
    if (cursor < 0) cursor = 0;
    show(frame, cursor);
  });
  svg.addEventListener("keydown", (event) => {
    const moves = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10, Home: -count, End: count };
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const from = Math.max(0, cursor);
    if (event.key in moves) {
      cursor = Math.max(0, Math.min(count - 1, from + moves[event.key]));
      show(frame, cursor);
      const scroller = svg.parentElement;
      const shown = x(cursor) - scroller.scrollLeft;
      if (shown < LEFT || shown > scroller.clientWidth - 40) scroller.scrollLeft = x(cursor) - scroller.clientWidth / 2;
      announce(say(cursor));
      tell(svg, say(cursor));
      if (event.shiftKey && pick) pick(cursor, "extend", from, -1);
    } else if ((event.key === "Enter" || event.key === " ") && pick) pick(from, "", -1, -1);
    else if (keys[event.key]) keys[event.key](from);
    else return;
    event.preventDefault();
  });
  return svg;
}

/** A little picture of four probabilities. */
export function fourBars(p, own) {
  return h(
    "div",
    {
      class: "four",
      role: "img",
      "aria-label": `p of A ${number(p[0])}, C ${number(p[1])}, G ${number(p[2])}, T ${number(p[3])}`,
    },
    p.map((value, n) =>
      h(
        "div",
        { class: "four-row" },
        h("span", { class: `letter ${"ACGT"[n]}` }, "ACGT"[n]),
        h(
          "span",
          { class: "four-track" },
          h("span", { class: `four-fill ${"ACGT"[n]}`, style: { width: `${(100 * value).toFixed(1)}%` } }),
        ),
        h("span", { class: "num" }, value < 0.001 ? "<0.001" : value.toFixed(3), "ACGT"[n] === own ? " ◂" : ""),
      ),
    ),
  );
}
