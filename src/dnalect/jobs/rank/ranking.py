"""A scored file -> ranking, picks, calibration: what is to be written."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from dnalect.core.errors import ConfigError
from dnalect.genome.gff import open_annotation
from dnalect.genome.names import own_name
from dnalect.genome.phased import Key, near_sets
from dnalect.inference.interactions import Joint, interactions
from dnalect.jobs.rank.budget import pick
from dnalect.jobs.rank.calibration import Calibration, calibrate
from dnalect.jobs.rank.combining import Combined, Order, combine, order_of
from dnalect.jobs.rank.evidence import Evidence, fine_mapped, gather
from dnalect.jobs.rank.labels import Labels, read_labels
from dnalect.jobs.rank.loci import Loci, loci_of
from dnalect.jobs.rank.options import Options
from dnalect.jobs.rank.settings import Settings
from dnalect.jobs.rank.why import Reasons, counted
from dnalect.scored.reader import Floats, Scored, read_scored

# Flags of substitutions and of indels in tandem repeats: docs/scores.md, "Repeats".
REPEATS = frozenset(("repeat", "tandem_repeat"))


@dataclass(frozen=True)
class Ranked:
    """n variants, ranked. picks: rows in the order of buying; why: a sentence for each. joints: near sets."""

    scored: Scored
    options: Options
    settings: Settings
    evidence: list[Evidence]
    pip: Floats | None
    loci: Loci
    combined: Combined
    order: Order
    picks: list[int]
    why: list[str]
    labels: Labels | None
    calibration: Calibration | None
    joints: list[Joint]
    partners: dict[int, Joint]
    notes: list[str]


def rank_variants(options: Options) -> Ranked:
    """Rank the variants of a scored VCF, TSV or Parquet. Raises a DnalectError for unusable input or settings."""
    _check(options)
    settings = options.settings
    scored = without_ranking(read_scored(options.scored))
    if options.annotate:
        scored = _annotated(scored, options.annotate)
    evidence = gather(scored, settings, options.conservation, options.frequency)
    pip = fine_mapped(scored, options.pip) if options.pip else None
    loci = loci_of(scored, options.group_by, options.max_distance)
    combined = combine(evidence, pip, settings.weights["pip"])
    if options.no_repeats:
        combined = replace(combined, score=np.where(repetitive(scored), np.nan, combined.score))
    order = order_of(combined.score, evidence, scored, loci.names)
    labels = read_labels(options.labels, scored, options.label_column, options.hit_above) if options.labels else None
    skipped = np.flatnonzero(np.isfinite(labels.hit)).tolist() if labels and options.skip_labelled else []
    repeated = scored.repeated(order.order.tolist())
    picks = pick(order, loci.names, options.budget or 0, options.spread, frozenset([*skipped, *repeated]))
    units = units_of(scored, loci)
    calibration = calibrate(combined.score, _once(labels, repeated), units, picks, options.seed) if labels else None
    joints = _joints(options)
    partners = _partners(scored, joints)
    reasons = Reasons(scored, evidence, order, loci.names, loci.grouped, pip)
    why = [reasons(row) + _interaction(scored, row, partners.get(row)) for row in picks]
    made = (scored, options, settings, evidence, pip, loci, combined, order, picks, why)
    ranked = Ranked(*made, labels, calibration, joints, partners, [])
    return replace(ranked, notes=_notes(ranked))


def _check(options: Options) -> None:
    if options.haplotypes and not options.reference:
        raise ConfigError("--haplotypes needs --reference FASTA: near variants are scored jointly on it")
    if options.labels is None and (options.label_column or options.hit_above is not None or options.skip_labelled):
        raise ConfigError("label_column, --hit-above and --skip-labelled need --labels FILE")
    if options.cost is not None and not options.budget:
        raise ConfigError("--cost is what one pick costs: say with --budget how many to pick")


def without_ranking(scored: Scored) -> Scored:
    """Return a file that was ranked before as it was before, others as they are."""
    added = scored.provenance.get("rank_columns", "").split()
    kept = [name for name in scored.table.column_names if name not in added]
    provenance = {name: value for name, value in scored.provenance.items() if not name.startswith("rank_")}
    return replace(scored, table=scored.table.select(kept), provenance=provenance)


def _annotated(scored: Scored, path: str) -> Scored:
    """Add gene, region and distance to the nearest TSS, in place of columns of these names."""
    annotation = open_annotation(path)
    names = {contig: own_name(contig, annotation.spans) for contig in set(scored.contigs)}
    spans = zip(scored.contigs, *(each.tolist() for each in scored.spans), strict=True)
    rows = [annotation.annotate(names[contig], start, end) for contig, start, end in spans]
    gene, region, distance = zip(*rows, strict=True)
    if not any(region):
        few = ", ".join(list(annotation.spans)[:6])
        raise ConfigError(f"{path} has no contig of {scored.path}; its contigs are {few}: is it of this assembly?")
    return scored.with_columns({"gene": list(gene), "region": list(region), "tss_distance": list(distance)})


def repetitive(scored: Scored) -> npt.NDArray[np.bool_]:
    """Return which variants (n,) are flagged as changes of a tandem repeat. TableError without the column `flags`."""
    return np.array([not REPEATS.isdisjoint(text.split("+")) for text in scored.texts("flags")], dtype=np.bool_)


def _once(labels: Labels, repeated: Sequence[int]) -> Floats:
    """The labels (n,), each of one row only."""
    hit = labels.hit.copy()
    hit[list(repeated)] = np.nan
    return hit


def units_of(scored: Scored, loci: Loci) -> list[str]:
    """What varies together (n): the locus, or 10 kb of a contig where a variant lies in none."""
    blocks = (f"{c}:{p // 10_000}" for c, p in zip(scored.contigs, scored.positions.tolist(), strict=True))
    return [name if loci.grouped and name else block for name, block in zip(loci.names, blocks, strict=True)]


def _joints(options: Options) -> list[Joint]:
    if options.haplotypes is None or options.reference is None:
        return []
    from dnalect.jobs.score_options import Options as ScoreOptions
    from dnalect.jobs.scoring import Scoring

    named = {"model": options.model, "rename": options.rename or "auto"}
    job = Scoring(ScoreOptions(options.reference, (), background=0, **named))
    job.begin(None)
    found = interactions(near_sets(options.haplotypes, options.near), job.scorer, job.names)
    return sorted(found, key=lambda each: (each.interaction is None, -abs(each.interaction or 0), each.near.alleles))


def _partners(scored: Scored, joints: Sequence[Joint]) -> dict[int, Joint]:
    """The set with the strongest interaction of each variant, by row."""
    strongest: dict[Key, Joint] = {}
    for joint in joints:
        for key in joint.near.alleles:
            strongest.setdefault(key, joint)
    return {row: strongest[key] for row, key in enumerate(scored.keys) if key in strongest}


def _interaction(scored: Scored, row: int, joint: Joint | None) -> str:
    if joint is None or not joint.interacting or joint.interaction is None:
        return ""
    others = [f"{c}:{p} {r}>{a}" for c, p, r, a in joint.near.alleles if (c, p, r, a) != scored.keys[row]]
    where = f"{joint.near.carriers:,} haplotype{'s' if joint.near.carriers != 1 else ''}"
    return f"; interacts with {', '.join(others)} on {where} ({joint.interaction:+.2f} nats)"


def _notes(ranked: Ranked) -> list[str]:
    """What the reader must not miss."""
    scored, labels, notes = ranked.scored, ranked.labels, []
    repeats = int(repetitive(scored).sum()) if ranked.options.no_repeats else 0
    if repeats:
        notes.append(
            f"{repeats:,} variants in tandem repeats are left out of the ranking (--no-repeats); they come last."
        )
    if unranked := len(scored) - int((ranked.order.rank > 0).sum()) - repeats:
        notes.append(f"{unranked:,} of {len(scored):,} variants have no score of a model and no rank; they come last.")
    if repeated := len(scored) - len(set(scored.keys)):
        notes.append(f"{repeated:,} rows repeat a variant of another row: it is picked, and its label counts, once.")
    if outside := sum(not name for name in ranked.loci.names):
        far, bases = ranked.loci.far, ranked.options.max_distance
        why = f" ({far:,} of them with no TSS within {bases:,} bp, max_distance)" if far else ""
        notes.append(f"{counted(outside, 'variant')} in no locus{why}: ranked, but not picked.")
    for each in ranked.evidence:
        # Of those without a rank the first note says it.
        if missing := int((~each.known & (ranked.order.rank > 0)).sum()):
            notes.append(
                f"{each.name} is missing for {missing:,} ranked variants, whose means are over the other sources."
            )
    budget = ranked.options.budget
    if budget is not None and len(ranked.picks) < budget:
        notes.append(f"Only {len(ranked.picks):,} variants could be picked of the {budget:,} that were asked for.")
    if labels is not None:
        measured = [labels.hit[row] for row in ranked.picks if np.isfinite(labels.hit[row])]
        if labels.unmatched:
            notes.append(
                f"{labels.unmatched:,} labels are of variants that the scored file lacks; {labels.known:,} are used."
            )
        if measured:
            hits = int(sum(measured))
            notes.append(
                f"{len(measured):,} picks have a label already, {hits:,} of them hits; --skip-labelled leaves them out."
            )
    if ranked.joints:
        strong = sum(each.interacting for each in ranked.joints)
        sets = counted(len(ranked.joints), "set")
        notes.append(f"{sets} of near variants on one haplotype; interactions of 0.5 nats or more: {strong:,}.")
        if not ranked.partners:
            notes.append("None of their variants is in the scored file under the same contig, position and alleles.")
    return notes
