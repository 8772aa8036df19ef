// Names of places -> places.

import { VIEW } from "./app.js";
import { toast } from "./dom.js";

/** A gene, CONTIG:START-END, or a position -> there. */
export function goTo(app, text) {
  const wanted = text.trim();
  if (!wanted) return;
  const place = wanted.match(/^(?:(\S+):)?([\d,]+)(?:\s*(?:-|\.\.)\s*([\d,]+))?$/);
  const bare = (name) => name.replace(/^chr/i, "").toUpperCase();
  const all = [...new Set([app.source, ...Object.values(app.genomes)])].filter((each) => each.id);
  if (place) {
    const [from, to] = place.slice(2).map((each) => (each ? Number(each.replace(/,/g, "")) : 0));
    const fits = (each) => (!place[1] || bare(place[1]) === bare(each.contig)) && from - 1 >= each.start && from - 1 < each.end;
    const found = all.find(fits);
    if (!found) {
      toast(
        `${wanted} is in none of the sequences here: ${all
          .map((each) => each.name(each.start))
          .join(", ")
          .slice(0, 200)} …`,
        true,
      );
      return;
    }
    const size = to > from ? to - from + 1 : VIEW.first;
    const start = to > from ? from - 1 : from - 1 - Math.floor(size / 2);
    app.go({ own: "", genome: found.id, start, end: start + size, pos: to > from ? null : from - 1, model: found.model });
    return;
  }
  for (const genome of all) {
    const gene = genome.features.find(
      (each) => each.name.toUpperCase() === wanted.toUpperCase() || each.alias?.toUpperCase() === wanted.toUpperCase(),
    );
    if (gene) {
      const first = gene.strand === "-" ? gene.end - 1 : gene.start;
      const start = first - Math.round(VIEW.first / 2);
      app.go({ own: "", genome: genome.id, start, end: start + VIEW.first, pos: null, model: genome.model });
      return;
    }
  }
  toast(
    `No gene here is called ${wanted}. Try a name such as ${all.flatMap((each) => each.features).find((each) => each.name)?.name}, or a position such as 100,000.`,
    true,
  );
}
