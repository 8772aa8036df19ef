// A map of pairs of bases: rows and columns are the same sequence.

import { announce, number, s, tell, whole } from "./dom.js";

const MARGIN = 40;

const variable = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function colour(name) {
  const context = document.createElement("canvas").getContext("2d");
  context.fillStyle = variable(name);
  const found = context.fillStyle.match(/\w\w/g).map((each) => parseInt(each, 16));
  return found;
}

/** The cells as a picture of one pixel each. most: what is darkest. hidden(i, j): left out. */
function pixels(map, size, most, hidden) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [size, size];
  const context = canvas.getContext("2d");
  const image = context.createImageData(size, size);
  const [paper, soft, middle, ink] = [colour("--paper"), colour("--line"), colour("--c0"), colour("--ink")];
  for (let i = 0; i < size; i += 1) {
    for (let j = 0; j < size; j += 1) {
      const value = map[i * size + j];
      const at = 4 * (i * size + j);
      const out = hidden(i, j) || value === null || !Number.isFinite(value);
      const share = out ? 0 : Math.min(1, Math.sqrt(Math.max(0, value) / most));
      const [from, to, part] = share < 0.7 ? [paper, middle, share / 0.7] : [middle, ink, (share - 0.7) / 0.3];
      for (let k = 0; k < 3; k += 1)
        image.data[at + k] = out
          ? i === j || hidden(i, j)
            ? soft[k]
            : paper[k]
          : Math.round(from[k] + (to[k] - from[k]) * part);
      image.data[at + 3] = 255;
    }
  }
  context.putImageData(image, 0, 0);
  return canvas.toDataURL("image/png");
}

/** What the darkest cell stands for: all but the largest two in a thousand lie below. */
export function highest(map, size, hidden) {
  const kept = [];
  for (let i = 0; i < size; i += 1)
    for (let j = 0; j < size; j += 1)
      if (i !== j && !hidden(i, j) && Number.isFinite(map[i * size + j]) && map[i * size + j] !== null)
        kept.push(map[i * size + j]);
  kept.sort((a, b) => a - b);
  return kept.length ? Math.max(1e-9, kept[Math.floor((kept.length - 1) * 0.998)]) : 1;
}

/** The strongest pairs, each {i, j, value}, none next to a stronger one. both: (i, j) and (j, i) are one. */
export function strongest(map, size, hidden, count, both) {
  const all = [];
  for (let i = 0; i < size; i += 1) {
    for (let j = both ? i + 1 : 0; j < size; j += 1) {
      if (i === j || hidden(i, j)) continue;
      const value = both ? Math.max(map[i * size + j] ?? -1, map[j * size + i] ?? -1) : (map[i * size + j] ?? -1);
      if (value > 0) all.push({ i, j, value });
    }
  }
  all.sort((a, b) => b.value - a.value);
  const out = [];
  for (const each of all) {
    if (out.length >= count) break;
    if (!out.some((other) => Math.abs(other.i - each.i) < 2 && Math.abs(other.j - each.j) < 2)) out.push(each);
  }
  return out;
}

/**
 * The picture. letters and positions: of the bases. marks: [{from, to, name}] in columns. say(i, j): its reading.
 * pin(i): Enter or a click on row i; pinned: its row, or -1. from, to: what rows and columns are.
 */
export function matrixPicture({
  map,
  letters,
  positions,
  marks,
  room,
  most,
  hidden,
  label,
  say,
  pin,
  pinned,
  from,
  to,
  hover,
  legend,
}) {
  const size = letters.length;
  const side = Math.max(220, Math.min(room - MARGIN - 8, 560));
  const w = side / size;
  const [left, top] = [MARGIN, 22];
  const width = left + side + 8;
  const height = top + side + 62;
  const x = (n) => left + n * w;
  const y = (n) => top + n * w;
  const every = [10, 20, 50, 100].find((each) => each * w >= 66) || 100;
  const tick = (n) => positions[n] !== null && (positions[n] + 1) % every === 0 && positions[n] !== positions[n - 1];
  const readable = w >= 8;
  const svg = s("svg", {
    class: "matrix",
    viewBox: `0 0 ${width} ${height}`,
    width,
    height,
    tabindex: 0,
    role: "application",
    "aria-roledescription": "map of pairs of bases",
    "aria-label": `${label}. Arrow keys move from cell to cell, Enter pins the row.`,
  });
  svg.append(
    s("image", {
      href: pixels(map, size, most, hidden),
      x: left,
      y: top,
      width: side,
      height: side,
      preserveAspectRatio: "none",
      style: { imageRendering: "pixelated" },
    }),
    s("rect", { class: "faintline", x: left, y: top, width: side, height: side }),
  );
  for (const each of marks) {
    svg.append(
      s("rect", {
        class: "box-mark",
        x: x(each.from),
        y: y(each.from),
        width: (each.to - each.from) * w,
        height: (each.to - each.from) * w,
      }),
      s("path", { class: "bracket", d: `M${x(each.from)} ${top - 2} H${x(each.to)}` }),
      s("path", { class: "bracket", d: `M${left - 2} ${y(each.from)} V${y(each.to)}` }),
      s("text", { class: "axis", x: (x(each.from) + x(each.to)) / 2, y: top - 8, "text-anchor": "middle" }, each.name),
    );
  }
  for (let n = 0; n < size; n += 1) {
    if (readable) {
      svg.append(
        s(
          "text",
          {
            class: `letter ${letters[n]}`,
            x: x(n) + w / 2,
            y: top + side + 11,
            "text-anchor": "middle",
            style: { fontSize: `${Math.min(11, w * 1.2)}px` },
          },
          letters[n],
        ),
        s(
          "text",
          {
            class: `letter ${letters[n]}`,
            x: left - 11,
            y: y(n) + w / 2 + 3.5,
            "text-anchor": "middle",
            style: { fontSize: `${Math.min(11, w * 1.2)}px` },
          },
          letters[n],
        ),
      );
    }
    if (tick(n)) {
      svg.append(
        s("text", { class: "axis", x: x(n) + w / 2, y: top + side + 25, "text-anchor": "middle" }, whole(positions[n] + 1)),
      );
      if (!readable)
        svg.append(
          s("text", { class: "axis", x: left - 8, y: y(n) + w / 2 + 4, "text-anchor": "end" }, whole(positions[n] + 1).slice(-3)),
        );
    }
  }
  svg.append(
    s("text", { class: "axis", x: left + side, y: top + side + 42, "text-anchor": "end" }, `→ ${to}`),
    s("text", { class: "axis", transform: `translate(11 ${top + side / 2}) rotate(-90)`, "text-anchor": "middle" }, `${from}`),
  );
  svg.append(
    s("text", { class: "axis", x: left, y: top + side + 57 }, `strongest shade: ${number(most, most < 0.1 ? 3 : 2)} ${legend}`),
  );
  const row = s("rect", { class: "cursor ghost", x: left, width: side, height: w, visibility: "hidden" });
  const column = s("rect", { class: "cursor ghost", y: top, width: w, height: side, visibility: "hidden" });
  const held = s("rect", {
    class: "cursor",
    x: left,
    width: side,
    y: pinned >= 0 ? y(pinned) : 0,
    height: w,
    visibility: pinned >= 0 ? "visible" : "hidden",
  });
  const hit = s("rect", { class: "hit", x: left, y: top, width: side, height: side });
  svg.append(row, column, held, hit);
  let at = [Math.max(0, pinned), Math.max(0, pinned)];
  const show = (cell) => {
    for (const each of [row, column]) each.setAttribute("visibility", cell ? "visible" : "hidden");
    if (cell) {
      row.setAttribute("y", y(cell[0]));
      column.setAttribute("x", x(cell[1]));
    }
    if (hover) hover(cell);
  };
  svg.show = show;
  const over = (event) => {
    const box = svg.getBoundingClientRect();
    const scale = width / box.width;
    const place = [(event.clientY - box.top) * scale - top, (event.clientX - box.left) * scale - left];
    return place.map((each) => Math.max(0, Math.min(size - 1, Math.floor(each / w))));
  };
  hit.addEventListener("pointermove", (event) => {
    const cell = over(event);
    show(cell);
    tell(svg, say(...cell));
  });
  hit.addEventListener("pointerleave", () => {
    show(null);
    tell(svg, "");
  });
  hit.addEventListener("click", (event) => {
    at = over(event);
    pin(at[0]);
  });
  svg.addEventListener("blur", () => show(null));
  svg.addEventListener("keydown", (event) => {
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (step) {
      at = at.map((each, n) => Math.max(0, Math.min(size - 1, each + step[n])));
      show(at);
      announce(say(...at));
      tell(svg, say(...at));
    } else if (event.key === "Enter" || event.key === " ") pin(at[0]);
    else return;
    event.preventDefault();
  });
  return svg;
}
