"""What a scoring run says of itself: provenance, notes, and the summary that the report shows."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dnalect import __version__
from dnalect.core.records import Reason, Row, Variant
from dnalect.core.summaries import Context, Summary, shares_within, substitution_type
from dnalect.core.views import View
from dnalect.genome.regions import Region
from dnalect.genome.vcf import Record
from dnalect.inference.distance import DEFINITION as DISTANCE
from dnalect.inference.likelihood.influence import DEFINITION as INFLUENCE
from dnalect.inference.likelihood.junctions import DEFINITION as JUNCTION
from dnalect.inference.motif_hits import SITES
from dnalect.jobs.scoring import Scoring
from dnalect.models.assemblies import any_saw
from dnalect.models.backends import precision_of
from dnalect.tokens.bases import encode
from dnalect.why.motifs.effects import motif_effects
from dnalect.why.subject import Subject
from dnalect.why.views import views_of

PICTURED = 12
SHOWN = 20
# Variants whose surroundings are explained beyond the logo.
EXPLAINED = 3
# Share of a run that its pictures may take, and multiply-adds that they always may.
PICTURES = 0.1
# Of causal models; of others nothing is said.
LEFT = "left: every base or word by those before it alone, on each strand"
FLOOR = 350_000_000_000
_BASE = np.zeros(1, dtype=np.uint8)


def provenance(job: Scoring) -> dict[str, str]:
    """Return what a reader needs to repeat the run, in the order to show."""
    options, scorers = job.options, job.scorers
    cards = [model.card for model in job.models] if job.zero_shot or job.splices else []
    llr, distance, influence = (name in job.measured for name in ("llr", "distance", "influence"))
    windows = [f"{s.reach} bases on each side of a substitution, {2 * s.flank} for indels" for s in scorers]
    given = [LEFT if scorer.given == "left" else "rest" for scorer in scorers]
    flanks = [f"{s.flank} bases on each side of an allele" for s in scorers]
    facts = {
        "version": __version__,
        "command": options.command,
        **(job.changes.facts if job.changes else {}),
        "model": ", ".join(f"{card.id} {card.revision}" for card in cards),
        "model_sha256": ", ".join(card.sha256 for card in cards),
        "score": f"{job.scorer.definition}; nats; negative: the alternate allele is disfavoured" if llr else "",
        "window": _each(job, windows) if llr else "",
        **(_of_junctions(job) if job.structures else {}),
        **(job.splices.facts if job.splices else {}),
        "distance": f"{DISTANCE}; unsigned" if distance else "",
        "distance_window": _each(job, flanks) if distance else "",
        "influence": f"{INFLUENCE}; nats; unsigned" if influence else "",
        "influence_window": _each(job, flanks) if influence else "",
        "influence_background": job.influences.background if job.influences else "",
        **(job.related.facts if job.related else {}),
        "relatives": ", ".join(f"{each.alignment.source.name} {each.checksum}" for each in job.read if each),
        "given": _each(job, given) if (llr or job.structures) and LEFT in given else "",
        "strands": _each(job, [scorer.strands for scorer in scorers]) if job.zero_shot else "",
        "dtype": ", ".join(dict.fromkeys(map(precision_of, job.models))),
        "device": str(job.models[0].device),
        "reference": f"{job.genome.path.name} {job.genome.checksum}",
        "assembly": job.origin.build.title if job.origin.build else "",
        "forced_reference": job.fit.against or ("yes" if options.force_reference else ""),
        "seen_in_training": _unknown(job),
        "precomputed": f"{job.table.folder.name} {job.table.identity}; {job.table.bound}" if job.table else "",
        "background": str(job.background) if llr and not job.background.off else "",
        "annotation": Path(options.annotate).name if options.annotate else "",
        "motifs": f"{len(job.motifs.motifs):,} of {Path(options.motifs or '').name}; {SITES}" if job.motifs else "",
        "use": "research use, no clinical evidence",
    }
    return {name: value.replace("\n", " ") for name, value in facts.items() if value}


def _of_junctions(job: Scoring) -> dict[str, str]:
    assert job.structures is not None
    return {
        "junction": f"{JUNCTION}; nats; negative: the bases beside it fit their new neighbours less well",
        "junction_window": _each(job, [f"{s.junction_flank} bases on each side of a junction" for s in job.scorers]),
        "junction_background": job.structures.drawn,
        "elements": Path(job.options.elements).name if job.options.elements else "",
    }


def _unknown(job: Scoring) -> str:
    """Say where nobody knows whether the models saw a place; "" where it is known of some."""
    whole = enumerate(job.origin.lengths)
    known = any(any_saw(job.cards, job.origin, number, 0, length) is not None for number, length in whole)
    return "" if known else "unknown for this assembly"


def _each(job: Scoring, texts: Sequence[str]) -> str:
    """One text for all models where they agree, else one a model."""
    if len(set(texts)) == 1:
        return texts[0]
    return "; ".join(f"{label}: {text}" for label, text in zip(job.labels, texts, strict=True))


def table_note(job: Scoring) -> str:
    """Say what the precomputed table was good for, "" without one."""
    if job.table is None:
        return ""
    note = (
        f"{job.asked - job.missing:,} of {job.asked:,} SNV sites were looked up in {job.table.folder.name}; "
        f"the model computed the other {job.missing:,}, outside of its regions"
    )
    rest = [f"{name}s" for name in ("junction", "distance", "influence") if name in job.measured]
    return note + (f", and all {' and '.join(rest)}, which no scan holds" if rest else "")


def placeless(job: Scoring) -> str:
    """Say that no variant lies on a contig of the reference, "" where one does."""
    tally, names = job.tally, job.genome.names
    if not tally.alternates or tally.outcomes.get(Reason.CONTIG_MISSING, 0) < tally.alternates:
        return ""
    few = ", ".join(names[:3]) + (f" and {len(names) - 3:,} more" if len(names) > 3 else "")
    return (
        f"no variant lies on a contig of {job.genome.path.name}, which has {few}: give the FASTA that the variants "
        "were called on; if only the names differ, --rename-contigs auto"
    )


def summary(job: Scoring, title: str, pictures: bool) -> Summary:
    """Return the run as the report shows it. pictures: whether to compute the contexts that only the report has."""
    tally, top = job.tally, job.tally.top()
    several = f"Every number is the mean over {len(job.labels)} models: {', '.join(job.labels)}."
    contexts, left_out = _pictured(job, top) if pictures and "llr" in job.measured else ([], [])
    scores = tally.scores.shown(job.background.count)
    seen = _on_seen(job)
    facts = [*([several] if len(job.labels) > 1 else []), *filter(None, [table_note(job)]), *left_out]
    return Summary(
        title=title,
        provenance=provenance(job),
        records=tally.records,
        alternates=tally.alternates,
        outcomes=tally.outcomes,
        kinds=tally.kinds,
        percentiles=tally.percentiles,
        scores={kind: (edges, counts) for kind, (edges, counts, _) in scores.items()},
        background={kind: (edges, counts) for kind, (edges, _, counts) in scores.items()},
        top=top,
        contexts=contexts,
        frequency=tally.frequency(),
        notes=[*job.fit.notes, *job.notes, *([seen] if tally.on_seen else [])],
        facts=[*facts, *([] if tally.on_seen else [seen])],
        seen=seen,
        annotated=job.places is not None,
        measured=job.measured,
        within=shares_within((substitution_type(row.ref, row.alt) for row in top), tally.types),
        changes=tally.changes.shown(job.changes.drawn) if job.changes else {},
    )


def _on_seen(job: Scoring) -> str:
    """Say how many records lie in sequence of the training, and of how many that isn't known."""
    tally, build = job.tally, job.origin.build
    unknown = "whether the model saw these places in training is unknown for this assembly" + (
        f", {build.title}" if build else ""
    )
    if tally.unknown and tally.unknown == tally.records:
        return f"{unknown[0].upper()}{unknown[1:]}."
    text = f"{tally.on_seen:,} of {tally.records:,} records lie in sequence that the model saw in training"
    text += "; there it may have memorised the reference allele." if tally.on_seen else "."
    return text + (f" Of {tally.unknown:,} records {unknown}." if tally.unknown else "")


def _pictured(job: Scoring, top: Sequence[Row]) -> tuple[list[Context], list[str]]:
    """Return what the report draws, as far as a tenth of the run allows, and a note where that leaves some out.

    The first variant is explained at least, the others as far as that tenth goes.
    """
    wanted = [row for row in top[:PICTURED] if row.score.value is not None]
    afforded, explained = _afforded(job, job.cost, len(wanted))
    notes = []
    if afforded < len(wanted):
        few = {0: "none", 1: "only the first"}.get(afforded, f"the first {afforded:,}")
        told = f"{few} of {len(wanted)} variants {'is' if afforded == 1 else 'are'} drawn in their context"
        notes = [f"Pictures may take a tenth of the run, so {told}."]
    drawn = wanted[:afforded]
    motifs = _motif_sentences(job, drawn)
    return [_context(job, row, motifs[n], n < explained) for n, row in enumerate(drawn)], notes


def _afforded(job: Scoring, cost: float, wanted: int) -> tuple[int, int]:
    """Return how many variants are drawn, and of how many of them more is explained, in a run that costs so much."""
    context, view = _prices(job)
    limit = max(FLOOR, PICTURES * cost)
    drawn = int(limit // context)
    left = limit - min(drawn, wanted) * context - view
    return drawn, min(EXPLAINED, 1 + max(0, int(left // view))) if view else 0


def _prices(job: Scoring) -> tuple[int, int]:
    """Return the multiply-adds of a variant's context, and of what explains it; 0 where nothing does."""
    sites = [Variant(0, at, at + 1, _BASE, _BASE) for at in range(2 * SHOWN + 1)]
    context, model = max(1, job.scorer.cost(sites)), job.models[0]
    # A masked model needs passes for each base of both haplotypes.
    if len(job.models) > 1 or model.can.likelihood != "leave_one_out":
        return context, 0
    # Two haplotypes for what they change around them and as much for dependencies, and both again for two nulls each.
    return context, 3 * 4 * 2 * (2 * job.scorer.reach + 2 * SHOWN + 1) * model.card.parameters


def pictures_cost(job: Scoring, cost: float) -> float:
    """Return about how many multiply-adds the pictures of a report take, in a run that costs so much."""
    context, view = _prices(job)
    drawn, explained = _afforded(job, cost, PICTURED)
    return min(drawn, PICTURED) * context + explained * view


def _motif_sentences(job: Scoring, rows: Sequence[Row]) -> list[str]:
    """Return what each variant does to the site of a known motif, "" where shuffled sequence has the like."""
    if job.motifs is None:
        return [""] * len(rows)
    plain = [n for n, row in enumerate(rows) if set(f"{row.ref}{row.alt}".upper()) <= set("ACGT")]
    variants = []
    for row in (rows[n] for n in plain):
        contig, start = job.names.number(row.contig), row.position - 1
        assert contig is not None
        variants.append(Variant(contig, start, start + len(row.ref), encode(row.ref), encode(row.alt)))
    scores = [rows[n].score.value for n in plain]
    effects = motif_effects(job.motifs.motifs, job.genome, variants, scores, seed=job.options.seed)
    told = {n: effect.words for n, effect in zip(plain, effects, strict=True) if effect}
    return [told.get(n, "") for n in range(len(rows))]


def _context(job: Scoring, row: Row, motif: str, explained: bool) -> Context:
    contig = job.names.number(row.contig)
    assert contig is not None
    start = (row.span[0] if row.span else row.position - 1) - SHOWN
    width = 2 * SHOWN + 1
    positions = np.arange(start, start + width)
    log_probs = job.scorer.at_sites(np.full(width, contig), positions)
    bases = job.genome.fetch(contig, start, start + width).tobytes().decode("ascii").upper()
    views = _views(job, row, Region(contig, start, start + width)) if explained else ()
    return Context(row, start, bases, np.exp(log_probs), motif, views)


def _views(job: Scoring, row: Row, place: Region) -> tuple[View, ...]:
    """Return what the variant changes around it, and how the bases around it depend on each other."""
    record = Record(row.contig, row.position - 1, row.identifier, row.ref, (row.alt,))
    ((variant,),) = job.resolved([record])
    if isinstance(variant, str) or place.start < 0 or place.end > int(job.genome.lengths[place.contig]):
        return ()
    subject = Subject(job.models[0], job.genome, place, variant, None, job.options.batch, job.options.seed)
    return views_of(subject, ("influence", "dependency"))
