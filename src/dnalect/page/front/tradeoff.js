// Words against context: how many bases fit into as many tokens.

import { s, whole } from "./dom.js";

export const TOKENS = 512;

/** How many bases TOKENS tokens hold, as these bases are cut. */
export function reach(vocabulary, tokens, bases) {
  return vocabulary.k ? TOKENS + vocabulary.k - 1 : (TOKENS * bases.length) / Math.max(1, tokens.length);
}

/** Draw it into a figure. cut: of each vocabulary its tokens of the bases. */
export function drawTrade(figure, vocabularies, bases, cut) {
  const room = Math.max(300, Math.min(760, figure.stage.clientWidth || 700));
  const [left, top, width, height] = [58, 12, room - 84, 250];
  const points = Object.entries(vocabularies).map(([name, each]) => ({
    name,
    title: each.title,
    words: each.size,
    bases: reach(each, cut[name], bases),
  }));
  const most = Math.max(3200, ...points.map((each) => each.bases)) * 1.08;
  const x = (words) => left + (Math.log2(words / 4) / 10.4) * width;
  const y = (held) => top + height * (1 - held / most);
  const short = {
    single: "single",
    "dnabert-3": "3-mers",
    "dnabert-4": "4-mers",
    "dnabert-5": "5-mers",
    "dnabert-6": "6-mers, overlapping",
    "nt-v2": "6-mers, side by side",
    "dnabert-2": "DNABERT-2",
    yeast: "yeast byte pairs",
  };
  if (room < 520)
    Object.assign(short, {
      "dnabert-3": "3",
      "dnabert-4": "4",
      "dnabert-5": "5",
      "dnabert-6": "6-mers",
      "nt-v2": "6-mers, apart",
    });
  const late = (each) => x(each.words) > left + width * 0.66;
  const svg = s(
    "svg",
    {
      viewBox: `0 0 ${room} 316`,
      width: room,
      height: 316,
      role: "img",
      "aria-label": "Words of each vocabulary against the bases that 512 tokens hold.",
    },
    s("path", { class: "line", d: `M${left} ${top} V${top + height} H${left + width}` }),
    [5, 16, 64, 256, 1024, 4096].map((words) => [
      s("path", { class: "line", d: `M${x(words)} ${top + height} v4` }),
      s("text", { class: "axis", x: x(words), y: top + height + 17, "text-anchor": "middle" }, whole(words)),
    ]),
    [0, 1000, 2000, 3000].map((each) => [
      s("path", { class: "faintline", d: `M${left} ${y(each)} H${left + width}` }),
      s("text", { class: "axis", x: left - 7, y: y(each) + 4, "text-anchor": "end" }, whole(each)),
    ]),
    s("text", { class: "axis", x: left + width / 2, y: 308, "text-anchor": "middle" }, "words in the vocabulary"),
    s(
      "text",
      { class: "axis", transform: `translate(13 ${top + height / 2}) rotate(-90)`, "text-anchor": "middle" },
      `bases in ${TOKENS} tokens`,
    ),
    points.map((each) => [
      s(
        "circle",
        { class: "dot", cx: x(each.words), cy: y(each.bases), r: 5.5 },
        s("title", {}, `${each.title}: ${whole(each.words)} words, ${whole(each.bases)} bases`),
      ),
      s(
        "text",
        {
          x: x(each.words) + (late(each) ? -10 : 10),
          y: y(each.bases) + (each.name.startsWith("dnabert-") && each.name !== "dnabert-2" ? -9 : 4),
          "text-anchor": late(each) ? "end" : "start",
        },
        short[each.name],
      ),
    ]),
  );
  const by = Object.fromEntries(points.map((each) => [each.name, each]));
  figure.draw(
    svg,
    `On these bases ${TOKENS} tokens hold ${whole(by.single.bases)} single bases, ${whole(by["dnabert-6"].bases)} in overlapping 6-mers (${whole(by["dnabert-6"].words)} words), ${whole(by["nt-v2"].bases)} in 6-mers side by side, ${whole(by["dnabert-2"].bases)} in DNABERT-2's byte pairs and ${whole(by.yeast.bases)} in those of yeast.`,
  );
}
