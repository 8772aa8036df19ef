"""The questions of the page and their records: one function a question (docs/design/page.md).

Positions are 0-based half-open, in the sequence that is given, which is all that the model may read. Logarithms are
natural. What isn't known is None, of an array NaN.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dnalect.core.errors import ConfigError, InputError, ModelError
from dnalect.core.records import Variant
from dnalect.genome.fasta import Genome, genome_of
from dnalect.genome.regions import Region
from dnalect.genome.windows.alleles import edge, normalise
from dnalect.genome.windows.repeats import is_copy, repetitive
from dnalect.inference.background import Background
from dnalect.inference.background.percentiles import LEVELS
from dnalect.inference.background.strata import named, stratum
from dnalect.inference.background.tables import Table, fitting, tables_in
from dnalect.inference.likelihood import strategy_for
from dnalect.inference.likelihood.influence import influence_of, moves, window_of
from dnalect.inference.scorer import ModelScorer
from dnalect.models.catalogue import embedded, embedded_cards
from dnalect.models.load import language_model, load
from dnalect.models.model import Model, Named
from dnalect.models.reader import tokenizer_of
from dnalect.models.worth import of_model
from dnalect.page.records import (
    Attended,
    Depends,
    Floats,
    Measured,
    ModelCard,
    Probabilities,
    Scored,
    Substitutions,
    Token,
    Tokenized,
    Windows,
)
from dnalect.tokens.bases import decode, encode
from dnalect.tokens.files import open_tokenizer
from dnalect.tokens.names import NAMES
from dnalect.tokens.tokenizer import Tokenizer
from dnalect.why.attention import attention_of
from dnalect.why.dependency import dependencies
from dnalect.why.subject import Subject
from dnalect.why.substitutions import effects_of

ROLLOUT, MEAN = "rollout", "mean"
# Multiply-adds that an influence may take without being asked for: some seconds of a core.
AFFORDED = 200_000_000_000


def models(names: Sequence[Named] | None = None) -> list[ModelCard]:
    """Return the models that ship with dnalect, or those that are named, which are loaded.

    Raises ModelError for a name that can't be loaded.

    Examples:
        >>> from dnalect import page
        >>> [each.id for each in page.models()][:2], page.models()[0].reach
        (['duplex-human', 'duplex-yeast'], 316)
    """
    asked = [card.id for card in embedded_cards()] if names is None else list(names)
    return [_card(load(name)) for name in asked]


def _card(model: Model) -> ModelCard:
    card, can = model.card, model.can
    shipped = {each.sha256 for each in embedded_cards()}
    figures = [(q, each) for q, all_ in of_model(card.id).items() for each in all_] if card.sha256 in shipped else []
    config = model.language.card.config
    return ModelCard(
        id=card.id,
        title=f"{card.id}: {card.species}" if card.species else card.id,
        species=card.species,
        likelihood=can.likelihood,
        given=strategy_for(model).given if can.likelihood else None,
        strands=can.strands,
        parameters=card.parameters,
        context=can.context_bases,
        reach=can.reach,
        layers=can.layers,
        heads=int(config.get("heads", 0)) if can.attentions else 0,
        attentions=can.attentions,
        tokenizer=card.tokenizer,
        license=card.licence,
        worth=tuple(Measured(question, each.told(), *each.figure.value) for question, each in figures),
    )


def probabilities(model: Named, sequence: str, start: int = 0, end: int | None = None) -> Probabilities:
    """Return what a model expects at the bases of [start, end), given all others that it reads.

    Raises InputError for a sequence or a part that is none, ModelError for a model without likelihoods.

    Examples:
        >>> from dnalect import page
        >>> page.probabilities("duplex-yeast", "TATAAAAGGCATGCATCGATTACA", 4, 10).log_probs.shape
        (6, 4)
    """
    subject = _subject(language_model(model), sequence, start, end)
    positions = np.arange(subject.place.start, subject.place.end)
    found = subject.scorer.at_sites(np.zeros(len(positions), np.int64), positions)
    return Probabilities(np.asarray(found, dtype=np.float32))


def score(model: Named, sequence: str, at: int, ref: str, alt: str, influence: bool | None = None) -> Scored:
    """Return the score of a variant: of an indel as docs/scores.md has it, with the sequence as the reference.

    Its percentile is that in the background which lies in the model's folder; none is drawn.

    Args:
        model: With likelihoods.
        sequence: Flanks included.
        at: Where `ref` begins.
        ref: What the sequence has there, "" of an insertion before `at`.
        alt: What is there instead, "" of a deletion.
        influence: Whether to measure what moves beside it; None where that takes no longer than some seconds.

    Raises:
        InputError: The sequence, an allele or the position is none.
        ModelError: The model has no likelihoods.

    Examples:
        >>> from dnalect import page
        >>> found = page.score("duplex-yeast", "TATAAAAGGCATGCATCGATTACA" * 4, 32, "G", "T")
        >>> found.kind, round(found.llr, 4) == round(found.log_p_alt - found.log_p_ref, 4), found.moved.shape
        ('snv', True, (95, 4))
    """
    subject = _subject(language_model(model), sequence, 0, None)
    scorer = subject.scorer
    variant = _variant(subject, scorer, at, ref, alt)
    (found,) = scorer.score([variant])
    odd = [flag for flag in (edge(variant, subject.genome, len(sequence), scorer.reach).partition(":")[0],) if flag]
    odd += ["copy"] if is_copy(variant, subject.genome) else []
    repeat = ["repeat"] if repetitive([variant], subject.genome)[0] else []
    table = None if odd else _table(subject.model, scorer)
    percentile, compared, alike = _percentile(scorer, variant, found.value, table)
    before, after = _of_snv(scorer, variant) if variant.kind == "snv" else (None, None)
    window = window_of(variant, subject.genome, scorer.flank, scorer.longest_allele)
    told: tuple[dict[str, float] | None, Floats | None, int | None] = None, None, None
    if influence if influence is not None else scorer.influence_cost([variant]) <= AFFORDED:
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
    if not _whole(at) or not 0 <= at <= at + len(ref) <= length:
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


def substitutions(model: Named, sequence: str, start: int = 0, end: int | None = None) -> Substitutions:
    """Return what every substitution of [start, end) changes: log-ratios, or what a fine-tuned model predicts.

    Raises InputError for a sequence or a part that is none, ModelError for a model that says nothing of bases.

    Examples:
        >>> from dnalect import page
        >>> found = page.substitutions("duplex-yeast", "TATAAAAGGCATGCATCGATTACA", 4, 10)
        >>> found.ratios.shape, float(found.ratios[0, 0])
        ((6, 4), 0.0)
    """
    found = effects_of(_subject(load(model), sequence, start, end))
    return Substitutions(found.effects, found.unit)


def dependency(model: Named, sequence: str, start: int = 0, end: int | None = None) -> Depends:
    """Return how a substitution of each base of [start, end) moves what is expected at each other.

    Raises InputError for a sequence or a part that is none, ModelError for a model without likelihoods.

    Examples:
        >>> from dnalect import page
        >>> page.dependency("duplex-yeast", "TATAAAAGGCATGCATCGATTACA", 4, 10).map.shape
        (6, 6)
    """
    return Depends(dependencies(_subject(language_model(model), sequence, start, end)))


def attention(
    model: Named,
    sequence: str,
    start: int = 0,
    end: int | None = None,
    layer: int | str = ROLLOUT,
    head: int | str = MEAN,
) -> Attended:
    """Return what the bases of [start, end) attend to.

    Args:
        model: With attention.
        sequence: Flanks included; at most the context around the part is read.
        start: Of the first base.
        end: After the last one, None for the end of the sequence.
        layer: From 1, or "rollout" for all of them together.
        head: From 1, or "mean"; of a rollout, which takes the mean, "mean".

    Raises:
        InputError: The sequence or the part is none.
        ModelError: The model has no attention.
        ConfigError: It has no such layer or head.

    Examples:
        >>> from dnalect import page
        >>> page.attention("duplex-yeast", "TATAAAAGGCATGCATCGATTACA")
        Traceback (most recent call last):
        dnalect.core.errors.ModelError: duplex-yeast has no attention: models of transformers have, such as nt-v2-50m
    """
    loaded = load(model)
    subject = _subject(loaded, sequence, start, end)
    if len(subject.place) > loaded.can.context_bases:
        raise InputError(
            f"{loaded.card.id} reads {loaded.can.context_bases:,} bases at once, and the part has "
            f"{len(subject.place):,}: ask for a shorter one"
        )
    found = attention_of(loaded, *subject.window(subject.reach))
    layers, heads = found.maps.shape[:2]
    name = loaded.card.id
    if layer == ROLLOUT:
        if head != MEAN:
            raise ConfigError(f"a rollout takes the mean of the heads: leave head at {MEAN!r}, or choose a layer")
        return Attended(found.rollout, None)
    if not isinstance(layer, int) or not _whole(layer) or not 1 <= layer <= layers:
        raise ConfigError(f"layer={layer!r:.40}: {name} has the layers 1 to {layers}, and {ROLLOUT!r}")
    maps, special = found.maps[layer - 1], found.special[layer - 1]
    if head == MEAN:
        return Attended(maps.mean(axis=0), float(special.mean()))
    if not isinstance(head, int) or not _whole(head) or not 1 <= head <= heads:
        raise ConfigError(f"head={head!r:.40}: {name} has the heads 1 to {heads}, and {MEAN!r}")
    return Attended(maps[head - 1], float(special[head - 1]))


def tokens(model: Model | Tokenizer | str, sequence: str) -> Tokenized:
    """Return how a model reads a sequence.

    model: one that was loaded or its name, a tokenizer, its name (`dnalect tokenize --help`), file or folder. Raises
    InputError for what is no sequence, ModelError where there is no such model or tokenizer.

    Examples:
        >>> from dnalect import page
        >>> [each.text for each in page.tokens("nt-v1", "ACGTACGNAC").tokens]
        ['ACGTAC', 'G', 'N', 'A', 'C']
    """
    genome = _genome(sequence)
    chosen = _tokenizer(model)
    encoding = chosen.encode([genome.contig("sequence")])
    rows = zip(encoding.input_ids[0].tolist(), encoding.spans[0].tolist(), strict=True)
    found = (Token(chosen.words[word], word, start, end) for word, (start, end) in rows if end > start)
    return Tokenized(len(chosen), tuple(found))


def _tokenizer(model: Model | Tokenizer | str) -> Tokenizer:
    if isinstance(model, Tokenizer):
        return model
    if not isinstance(model, str):
        return model.tokenizer
    if model in NAMES or Path(model).is_file():
        return open_tokenizer(model)
    try:
        return tokenizer_of(model)
    except ModelError:
        if Path(model).is_dir():
            return open_tokenizer(model)
        raise


def _genome(sequence: str) -> Genome:
    if not isinstance(sequence, str):
        raise InputError(f"a sequence is a text such as 'ACGT', not {type(sequence).__name__}")
    return genome_of({"sequence": sequence})


def _subject(model: Model, sequence: str, start: int, end: int | None) -> Subject:
    """Return a part of a sequence as what is explained. Raises InputError for a part that is none."""
    genome = _genome(sequence)
    stop = len(sequence) if end is None else end
    if not _whole(start) or not _whole(stop) or not 0 <= start < stop <= len(sequence):
        raise InputError(
            f"start={start!r:.40}, end={stop!r:.40}: a part begins at 0 or later and ends after that, at "
            f"{len(sequence):,} at most"
        )
    return Subject(model, genome, Region(0, start, stop))


def _whole(number: object) -> bool:
    return isinstance(number, int) and not isinstance(number, bool)
