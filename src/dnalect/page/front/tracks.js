// Tracks of a picture whose columns are bases: each {height, draw(x, top, width) -> nodes}; x(n) is where column n begins.

import { s } from "./dom.js";
import { stack } from "./logo.js";

// Room for what the tracks are called.
export const LEFT = 46;

function axis(top, height, ticks, label) {
  const text = (value, y) => s("text", { class: "axis", x: LEFT - 7, y: y + 4, "text-anchor": "end" }, String(value));
  return [
    s("path", { class: "line", d: `M${LEFT - 3} ${top} V${top + height}` }),
    ...ticks.map(([value, share]) => text(value, top + height * (1 - share))),
    s("text", { class: "axis", transform: `translate(11 ${top + height / 2}) rotate(-90)`, "text-anchor": "middle" }, label),
  ];
}

/** Letters as high as they are expected. */
export const logoTrack = (columns, label = "bits", height = 96) => ({
  height: height + 8,
  draw: (x, top, w) => [
    ...axis(
      top + 4,
      height,
      [
        [0, 0],
        [1, 0.5],
        [2, 1],
      ],
      label,
    ),
    ...columns.flatMap((each, n) => (each ? stack(each, x(n), top + 4 + height, w, height) : [])),
  ],
});

export const letterTrack = (letters, kinds = []) => ({
  height: 24,
  draw: (x, top, w) =>
    letters.map((letter, n) =>
      s(
        "text",
        {
          class: `letter ${letter || "gap"} ${kinds[n] || ""}`,
          x: x(n) + w / 2,
          y: top + 17,
          "text-anchor": "middle",
          style: { fontSize: `${Math.min(14, w * 1.25)}px` },
        },
        letter || "·",
      ),
    ),
});

/** Bars up from 0 to `most`. */
export const barTrack = (values, label, most, kind = "bar", height = 44) => ({
  height: height + 10,
  draw: (x, top, w) => [
    ...axis(
      top + 5,
      height,
      [
        [0, 0],
        [most >= 10 ? Math.round(most) : Number(most.toPrecision(2)), 1],
      ],
      label,
    ),
    ...values.map((value, n) =>
      Number.isFinite(value) && value !== null
        ? s("rect", {
            class: kind,
            x: x(n) + w * 0.1,
            width: w * 0.8,
            y: top + 5 + height * (1 - Math.min(1, value / most)),
            height: height * Math.min(1, value / most),
          })
        : null,
    ),
  ],
});

/** Lines over each other in one frame. lines: [{values, kind}]. */
export const lineTrack = (lines, label, most, height = 54) => ({
  height: height + 10,
  draw: (x, top, w) => [
    ...axis(
      top + 5,
      height,
      [
        [0, 0],
        [most, 1],
      ],
      label,
    ),
    ...lines.map(({ values, kind }) => {
      let pen = "M";
      const path = values
        .map((value, n) => {
          if (value === null || !Number.isFinite(value)) {
            pen = "M";
            return "";
          }
          const part = `${pen}${(x(n) + w / 2).toFixed(1)} ${(top + 5 + height * (1 - Math.min(1, value / most))).toFixed(1)}`;
          pen = "L";
          return part;
        })
        .join("");
      return path ? s("path", { class: `curve ${kind}`, d: path }) : null;
    }),
  ],
});

/** Four rows of cells, one a base: blue up, red down. rows: of (L, 4); own: the letters of the reference. */
export const heatTrack = (rows, own, most, row = 15) => ({
  height: 4 * row + 8,
  draw: (x, top, w) => [
    ..."ACGT"
      .split("")
      .map((base, r) => s("text", { class: "axis", x: LEFT - 7, y: top + 4 + r * row + 12, "text-anchor": "end" }, base)),
    ...rows.flatMap((values, n) =>
      (values || []).map((value, r) => {
        const place = { x: x(n) + w * 0.05, y: top + 4 + r * row, width: w * 0.9, height: row - 1 };
        if (own[n] === "ACGT"[r]) return s("rect", { class: "same", ...place });
        return Number.isFinite(value) && value !== null
          ? s("rect", {
              class: value < 0 ? "low" : "high",
              ...place,
              "fill-opacity": Math.max(0.04, Math.min(1, Math.abs(value) / most)).toFixed(3),
            })
          : null;
      }),
    ),
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
    draw: (x, top, w) =>
      (placed.length ? placed : []).flatMap((each) => {
        const from = x(Math.max(0, each.start - start));
        const to = x(Math.min(count, each.end - start));
        const y = top + 2 + each.lane * 20;
        const arrow = each.strand === "+" ? " →" : each.strand === "-" ? " ←" : "";
        const room = Math.floor((to - from - 6) / 6.6);
        const text = `${each.name || each.kind}${arrow}`;
        return [
          s(
            "rect",
            { class: `feature ${each.kind}`, x: from, y, width: Math.max(2, to - from), height: 16, rx: 3 },
            s("title", {}, `${each.name} (${each.kind})`),
          ),
          room >= 3
            ? s(
                "text",
                { class: "feature-name", x: from + 5, y: y + 12 },
                text.length > room ? `${text.slice(0, room - 1)}…` : text,
              )
            : null,
        ];
      }),
  };
};

export const spaceTrack = (text) => ({
  height: 20,
  draw: (x, top) => [s("text", { class: "axis", x: LEFT, y: top + 14 }, text)],
});
