// Percentiles among the quantiles that came with a model (inference/background/).

import { differing, kindOf } from "./variants.js";

const LONGEST_MNV = 16;
// Quantiles that stand for a background in a histogram.
const LEVELS = Array.from({ length: 99 }, (_, n) => (n + 0.5) / 99);

/** What a variant is compared with: its group and its length. */
function stratum(variant) {
  const kind = kindOf(variant);
  if (kind === "snv" || kind === "none") return { group: "snv", length: 1 };
  if (kind === "mnv") {
    const length = differing(variant).length;
    return { group: length <= LONGEST_MNV ? "mnv" : "mnv_long", length };
  }
  const length = Math.max(variant.ref.length, variant.alt.length);
  return { group: variant.tandem ? `${kind}_tandem` : kind, length };
}

/** {percentile, compared, alike} of a score among a model's background; nulls where it has none that fits. */
export function placed(background, variant, value) {
  const none = { percentile: null, compared: "", alike: null };
  if (!background || value === null || kindOf(variant) === "none") return none;
  const { group, length } = stratum(variant);
  const pool = background.pools.find((each) => each.group === group && each.low <= length && length <= each.high);
  if (!pool) return none;
  const band = length > 1 ? 32 - Math.clz32(length - 1) : 0;
  const part = pool.parts[band] ?? pool.parts[-1];
  const [place, spread] = [pool.place, pool.spread].map((values) => between(length, pool.at, values));
  const percentile = among(part, (value - place) / spread);
  if (Number.isNaN(percentile)) return none;
  const alike = LEVELS.map((level) => place + spread * between(level * (part.count - 1), part.places, part.values));
  return { percentile, compared: pool.compared, alike };
}

/** Linear between the nodes, level beyond them. */
function between(x, nodes, values) {
  if (x <= nodes[0]) return values[0];
  const at = nodes.findIndex((node) => node >= x);
  if (at < 0) return values[values.length - 1];
  return values[at - 1] + ((x - nodes[at - 1]) / (nodes[at] - nodes[at - 1])) * (values[at] - values[at - 1]);
}

/** (1 + number below + half the ties) / (count + 1). part: order statistics `values` with their `places` in the sample. */
function among({ values, places, count }, value) {
  const asked = Math.fround(value);
  let left = 0;
  while (left < values.length && values[left] < asked) left++;
  let right = left;
  while (right < values.length && values[right] === asked) right++;
  if (right > left) return (1 + (places[left] + places[right - 1] + 1) / 2) / (count + 1);
  const [first, last] = [left ? places[left - 1] : -1, left < values.length ? places[left] : count];
  const inside = left > 0 && left < values.length;
  const share = inside ? (asked - values[left - 1]) / (values[left] - values[left - 1]) : 0;
  return (1 + first + 1 + Math.max(last - first - 1, 0) * share) / (count + 1);
}
