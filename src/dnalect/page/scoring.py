"""The score of a variant, as the page tells it: with its percentile and what it moves."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from dnalect.core.errors import InputError
from dnalect.core.records import Variant
from dnalect.genome.windows.alleles import edge, normalise
from dnalect.genome.windows.repeats import is_copy, repetitive
from dnalect.inference.background import Background
from dnalect.inference.background.percentiles import LEVELS
from dnalect.inference.background.strata import named, stratum
from dnalect.inference.background.tables import Table, fitting, tables_in
from dnalect.inference.likelihood import strategy_for
from dnalect.inference.likelihood.causal import one_sided
from dnalect.inference.likelihood.influence import influence_of, moves, window_of
from dnalect.inference.scorer import ModelScorer
from dnalect.models.catalogue import embedded
from dnalect.models.load import language_model
from dnalect.models.model import Model, Named
from dnalect.page.records import Floats, Scored, Windows
from dnalect.page.subject import is_whole, subject_of
from dnalect.tokens.bases import decode, encode
from dnalect.why.subject import Subject

# Multiply-adds that an influence may take without being asked for: some seconds of a core.
AFFORDED = 200_000_000_000


def score(
    model: Named,
    sequence: str,
    at: int,
    ref: str,
    alt: str,
    influence: bool | None = None,
    gc: float | None = None,
) -> Scored:
    """Return the score of a variant: of an indel as docs/scores.md has it, with the sequence as the reference.

    Its percentile is that in the background which lies in the model's folder; none is drawn.

    Args:
        model: With likelihoods.
        sequence: Flanks included.
        at: Where `ref` begins.
        ref: What the sequence has there, "" of an insertion before `at`.
        alt: What is there instead, "" of a deletion.
        influence: Whether to measure what moves beside it; None where that takes no longer than some seconds. No
            causal model says it.
        gc: Share of G and C in the genome that the sequence is of, which indels are measured against; None for that of
            the sequence.

    Raises:
        InputError: The sequence, an allele, the position or the share is none.
        ModelError: The model has no likelihoods, or is a causal one whose influence is asked for.

    Examples:
        >>> from dnalect import page
        >>> found = page.score("duplex-yeast", "TATAAAAGGCATGCATCGATTACA" * 4, 32, "G", "T")
        >>> found.kind, round(found.llr, 4) == round(found.log_p_alt - found.log_p_ref, 4), found.moved.shape
        ('snv', True, (95, 4))
    """
    subject = subject_of(language_model(model), sequence, 0, None)
    scorer = subject.scorer
    if gc is not None:
        if not isinstance(gc, float) or not 0 < gc < 1:
            raise InputError(f"gc={gc!r:.40} must be a share between 0 and 1, such as 0.41")
        scorer.gc = gc
    variant = _variant(subject, scorer, at, ref, alt)
    (found,) = scorer.score([variant])
    odd = [flag for flag in (edge(variant, subject.genome, len(sequence), scorer.reach).partition(":")[0],) if flag]
    odd += ["copy"] if is_copy(variant, subject.genome) else []
    repeat = ["repeat"] if repetitive([variant], subject.genome)[0] else []
    table = None if odd else _table(subject.model, scorer)
    percentile, compared, alike = _percentile(scorer, variant, found.value, table)
    sided = scorer.given == "rest"
    before, after = _of_snv(scorer, variant) if variant.kind == "snv" and sided else (None, None)
    window = window_of(variant, subject.genome, scorer.flank, scorer.longest_allele)
    told: tuple[dict[str, float] | None, Floats | None, int | None] = None, None, None
    if influence and not sided:
        raise one_sided(subject.model)
    if influence if influence is not None else sided and scorer.influence_cost([variant]) <= AFFORDED:
        ((moved, left),) = moves(strategy_for(subject.model), [window])
        each = influence_of(moved, left)
        told = {"max": each.largest, "sum": each.total, "near": each.near}, moved.astype(np.float32), left
    texts = decode(window.reference), decode(window.alternate)
    return Scored(
        variant.kind,
        found.value,
        percentile,
        compared,
        alike,
        before,
        after,
        (*found.flags, *repeat, *odd),
        Windows(window.variant.start - window.start, window.start, *texts),
        *told,
    )


def _variant(subject: Subject, scorer: ModelScorer, at: int, ref: str, alt: str) -> Variant:
    for name, allele in (("ref", ref), ("alt", alt)):
        if not isinstance(allele, str) or set(allele.upper()) - set("ACGT"):
            raise InputError(f"{name} must be a text of A, C, G and T, not {allele!r:.40}")
        if len(allele) > scorer.longest_allele:
            raise InputError(
                f"{name} has {len(allele):,} bases, and {subject.model.card.id} scores alleles of at most "
                f"{scorer.longest_allele:,}"
            )
    length = int(subject.genome.lengths[0])
    if not is_whole(at) or not 0 <= at <= at + len(ref) <= length:
        raise InputError(f"at={at!r:.40} with {len(ref)} bases lies outside the sequence: 0 to {length - len(ref):,}")
    there = decode(encode(subject.genome.fetch(0, at, at + len(ref))))
    if there != ref.upper():
        raise InputError(f"the sequence has {there:.40} at {at:,}, and not {ref:.40}: give what is there as ref")
    return normalise(0, at, encode(ref), encode(alt), subject.genome)


def _of_snv(scorer: ModelScorer, variant: Variant) -> tuple[float, float]:
    (row,) = scorer.at_sites(np.zeros(1, np.int64), np.array([variant.start]))
    return float(row[variant.ref[0]]), float(row[variant.alt[0]])


def _table(model: Model, scorer: ModelScorer) -> Table | None:
    """Return the background in a model's folder that is of this score, None where there is none."""
    folder = embedded(model.source) or Path(model.source or "/nowhere")
    tables = tables_in(folder, model.card.sha256) if folder.is_dir() else []
    return fitting(tables, scorer.definition, scorer.flank, "", True)


def _percentile(
    scorer: ModelScorer, variant: Variant, value: float | None, table: Table | None
) -> tuple[float | None, str, npt.NDArray[np.float64] | None]:
    if table is None or value is None or variant.kind == "none":
        return None, "", None
    background = Background(scorer, table=table)
    (percentile,) = background.percentiles([variant], [value])
    alike = background.alike([variant])
    if percentile is None or len(alike) != len(LEVELS):
        return None, "", None
    mine = stratum(variant)
    pool = next(each for each in background.pools[mine.group] if each.low <= mine.length <= each.high)
    return percentile, f"{named(mine.group, pool.low, pool.high)} of {table.among}", alike
