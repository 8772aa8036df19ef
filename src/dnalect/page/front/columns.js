// Pictures whose columns are bases: tracks under each other over one sequence, with one cursor for mouse and keys.

import { announce, h, number, s, tell, whole } from "./dom.js";
import { stack } from "./logo.js";

const LEFT = 46;
const RIGHT = 10;

/** Width of a column so that `count` fill `room`, never too narrow to hit. */
export const cell = (count, room) => Math.max(8, Math.min(22, (room - LEFT - RIGHT) / Math.max(1, count)));

function axis(top, height, ticks, label) {
  const text = (value, y) => s("text", { class: "axis", x: LEFT - 7, y: y + 4, "text-anchor": "end" }, String(value));
  return [
    s("path", { class: "line", d: `M${LEFT - 3} ${top} V${top + height}` }),
    ...ticks.map(([value, share]) => text(value, top + height * (1 - share))),
    s("text", { class: "axis", transform: `translate(11 ${top + height / 2}) rotate(-90)`, "text-anchor": "middle" }, label),
  ];
}

/** Tracks: each {height, draw(x, top, width) -> nodes}. */
export const logoTrack = (columns, label = "bits", height = 96) => ({
  height: height + 8,
  draw: (x, top, w) => [...axis(top + 4, height, [[0, 0], [1, 0.5], [2, 1]], label), ...columns.flatMap((each, n) => (each ? stack(each, x(n), top + 4 + height, w, height) : []))],
});

export const letterTrack = (letters, kinds = []) => ({
  height: 24,
  draw: (x, top, w) => letters.map((letter, n) => s(
    "text", { class: `letter ${letter || "gap"} ${kinds[n] || ""}`, x: x(n) + w / 2, y: top + 17, "text-anchor": "middle", "font-size": Math.min(14, w * 1.25) }, letter || "·",
  )),
});

/** Bars up from 0 to `most`. */
export const barTrack = (values, label, most, kind = "bar", height = 44) => ({
  height: height + 10,
  draw: (x, top, w) => [
    ...axis(top + 5, height, [[0, 0], [most >= 10 ? Math.round(most) : Number(most.toPrecision(2)), 1]], label),
    ...values.map((value, n) => (Number.isFinite(value) && value !== null ? s("rect", {
      class: kind, x: x(n) + w * 0.1, width: w * 0.8, y: top + 5 + height * (1 - Math.min(1, value / most)), height: height * Math.min(1, value / most),
    }) : null)),
  ],
});

/** Lines over each other in one frame. lines: [{values, kind}]. */
export const lineTrack = (lines, label, most, height = 54) => ({
  height: height + 10,
  draw: (x, top, w) => [...axis(top + 5, height, [[0, 0], [most, 1]], label), ...lines.map(({ values, kind }) => {
    let pen = "M";
    const path = values.map((value, n) => {
      if (value === null || !Number.isFinite(value)) { pen = "M"; return ""; }
      const part = `${pen}${(x(n) + w / 2).toFixed(1)} ${(top + 5 + height * (1 - Math.min(1, value / most))).toFixed(1)}`;
      pen = "L";
      return part;
    }).join("");
    return path ? s("path", { class: `curve ${kind}`, d: path }) : null;
  })],
});

/** Four rows of cells, one a base: blue up, red down. rows: of (L, 4); own: the letters of the reference. */
export const heatTrack = (rows, own, most, row = 15) => ({
  height: 4 * row + 8,
  draw: (x, top, w) => [
    ..."ACGT".split("").map((base, r) => s("text", { class: "axis", x: LEFT - 7, y: top + 4 + r * row + 12, "text-anchor": "end" }, base)),
    ...rows.flatMap((values, n) => (values || []).map((value, r) => {
      const place = { x: x(n) + w * 0.05, y: top + 4 + r * row, width: w * 0.9, height: row - 1 };
      if (own[n] === "ACGT"[r]) return s("rect", { class: "same", ...place });
      return Number.isFinite(value) && value !== null ? s("rect", { class: value < 0 ? "low" : "high", ...place, "fill-opacity": Math.max(0.04, Math.min(1, Math.abs(value) / most)).toFixed(3) }) : null;
    })),
  ],
});

/** Genes and other features under the bases. */
export const featureTrack = (features, start, count) => {
  const kept = features.filter((each) => each.kind !== "gene").slice(0, 12);
  const lanes = [];
  const placed = kept.map((each) => {
    let lane = lanes.findIndex((end) => end <= each.start);
    if (lane < 0) lane = lanes.push(0) - 1;
    lanes[lane] = each.end;
    return { ...each, lane };
  });
  return {
    height: Math.max(1, lanes.length) * 20 + 4,
    draw: (x, top, w) => (placed.length ? placed : []).flatMap((each) => {
      const from = x(Math.max(0, each.start - start));
      const to = x(Math.min(count, each.end - start));
      const y = top + 2 + each.lane * 20;
      const arrow = each.strand === "+" ? " →" : each.strand === "-" ? " ←" : "";
      const room = Math.floor((to - from - 6) / 6.6);
      const text = `${each.name || each.kind}${arrow}`;
      return [
        s("rect", { class: `feature ${each.kind}`, x: from, y, width: Math.max(2, to - from), height: 16, rx: 3 }, s("title", {}, `${each.name} (${each.kind})`)),
        room >= 3 ? s("text", { class: "feature-name", x: from + 5, y: y + 12 }, text.length > room ? `${text.slice(0, room - 1)}…` : text) : null,
      ];
    }),
  };
};

export const spaceTrack = (text) => ({ height: 20, draw: (x, top) => [s("text", { class: "axis", x: LEFT, y: top + 14 }, text)] });

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
    class: "columns", viewBox: `0 0 ${width.toFixed(1)} ${total}`, width: width.toFixed(1), height: total, tabindex: 0, role: "application",
    "aria-roledescription": "picture with a column a base", "aria-label": `${label}. Arrow keys go from base to base${pick ? ", Enter chooses" : ""}.`,
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
      svg.append(s("path", { class: "line", d: `M${(x(n) + w / 2).toFixed(1)} ${top} v4` }), s("text", { class: "axis", x: x(n) + w / 2 + 36 > width ? width : x(n) + w / 2, y: top + 16, "text-anchor": x(n) + w / 2 + 36 > width ? "end" : "middle" }, whole(position + 1)));
    }
  });
  if (span) {
    const [low, high] = [positions.findIndex((each) => each >= span[0]), positions.findLastIndex((each) => each !== null && each < span[1])];
    if (low >= 0 && high >= low) { shade.setAttribute("x", x(low)); shade.setAttribute("width", (high - low + 1) * w); shade.setAttribute("visibility", "visible"); }
  }
  const frame = s("rect", { class: "cursor", y: 1, height: total - 22, width: w, visibility: "hidden" });
  const ghost = s("rect", { class: "cursor ghost", y: 1, height: total - 22, width: w, visibility: "hidden" });
  const hit = s("rect", { class: "hit", x: LEFT, y: 0, width: Math.max(0, count * w), height: total });
  svg.append(ghost, frame, hit);
  let cursor = selected === null ? -1 : positions.indexOf(selected);
  const show = (node, n) => { node.setAttribute("visibility", n >= 0 ? "visible" : "hidden"); if (n >= 0) node.setAttribute("x", x(n)); };
  show(frame, cursor);
  const at = (event) => {
    const box = svg.getBoundingClientRect();
    return Math.max(0, Math.min(count - 1, Math.floor(((event.clientX - box.left) * (width / box.width) - LEFT) / w)));
  };
  const down = (event) => { const box = svg.getBoundingClientRect(); return (event.clientY - box.top) * (total / box.height); };
  let pressed = -1;
  hit.addEventListener("pointermove", (event) => { const n = at(event); show(ghost, n); tell(svg, say(n)); });
  hit.addEventListener("pointerleave", () => { show(ghost, -1); tell(svg, ""); });
  hit.addEventListener("pointerdown", (event) => { pressed = at(event); });
  hit.addEventListener("click", (event) => { const n = at(event); if (pick) pick(n, event.shiftKey ? "extend" : pressed >= 0 && pressed !== n ? "drag" : "", pressed, down(event)); pressed = -1; });
  svg.addEventListener("focus", () => { if (cursor < 0) cursor = 0; show(frame, cursor); });
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
  return h("div", { class: "four", role: "img", "aria-label": `p of A ${number(p[0])}, C ${number(p[1])}, G ${number(p[2])}, T ${number(p[3])}` }, p.map((value, n) => h(
    "div", { class: "four-row" }, h("span", { class: `letter ${"ACGT"[n]}` }, "ACGT"[n]), h("span", { class: "four-track" }, h("span", { class: `four-fill ${"ACGT"[n]}`, style: { width: `${(100 * value).toFixed(1)}%` } })), h("span", { class: "num" }, value < 0.001 ? "<0.001" : value.toFixed(3), "ACGT"[n] === own ? " ◂" : ""),
  )));
}
