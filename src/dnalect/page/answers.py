"""The questions of the page and their records: one function a question (docs/design/page.md).

Positions are 0-based half-open, in the sequence that is given, which is all that the model may read. Logarithms are
natural. What isn't known is None, of an array NaN.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dnalect.core.errors import ConfigError, InputError, ModelError
from dnalect.inference.likelihood import strategy_for
from dnalect.models.catalogue import embedded_cards
from dnalect.models.load import language_model, load
from dnalect.models.model import Model, Named
from dnalect.models.reader import tokenizer_of
from dnalect.models.worth import of_model
from dnalect.page.opening import opening_head
from dnalect.page.records import (
    Attended,
    Depends,
    Measured,
    ModelCard,
    Probabilities,
    Substitutions,
    Token,
    Tokenized,
)
from dnalect.page.subject import genome_from, is_whole, subject_of
from dnalect.tokens.files import open_tokenizer
from dnalect.tokens.names import NAMES
from dnalect.tokens.tokenizer import Tokenizer
from dnalect.why.attention import attention_of
from dnalect.why.dependency import dependencies
from dnalect.why.substitutions import effects_of

ROLLOUT, MEAN = "rollout", "mean"


def models(names: Sequence[Named] | None = None) -> list[ModelCard]:
    """Return the models that ship with dnalect, or those that are named, which are loaded.

    Raises ModelError for a name that can't be loaded.

    Examples:
        >>> from dnalect import page
        >>> [(each.id, each.reach) for each in page.models()][:3]
        [('attention-small', None), ('duplex-human', 316), ('duplex-yeast', 1276)]
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
        opening=opening_head(model),
    )


def probabilities(model: Named, sequence: str, start: int = 0, end: int | None = None) -> Probabilities:
    """Return what a model expects at the bases of [start, end), given all others that it reads.

    Raises InputError for a sequence or a part that is none, ModelError for a model without likelihoods.

    Examples:
        >>> from dnalect import page
        >>> page.probabilities("duplex-yeast", "TATAAAAGGCATGCATCGATTACA", 4, 10).log_probs.shape
        (6, 4)
    """
    subject = subject_of(language_model(model), sequence, start, end)
    positions = np.arange(subject.place.start, subject.place.end)
    found = subject.scorer.at_sites(np.zeros(len(positions), np.int64), positions)
    return Probabilities(np.asarray(found, dtype=np.float32))


def substitutions(model: Named, sequence: str, start: int = 0, end: int | None = None) -> Substitutions:
    """Return what every substitution of [start, end) changes: log-ratios, or what a fine-tuned model predicts.

    Raises InputError for a sequence or a part that is none, ModelError for a model that says nothing of bases.

    Examples:
        >>> from dnalect import page
        >>> found = page.substitutions("duplex-yeast", "TATAAAAGGCATGCATCGATTACA", 4, 10)
        >>> found.ratios.shape, float(found.ratios[0, 0])
        ((6, 4), 0.0)
    """
    found = effects_of(subject_of(load(model), sequence, start, end))
    return Substitutions(found.effects, found.unit)


def dependency(model: Named, sequence: str, start: int = 0, end: int | None = None) -> Depends:
    """Return how a substitution of each base of [start, end) moves what is expected at each other.

    Raises InputError for a sequence or a part that is none, ModelError for a model without likelihoods.

    Examples:
        >>> from dnalect import page
        >>> page.dependency("duplex-yeast", "TATAAAAGGCATGCATCGATTACA", 4, 10).map.shape
        (6, 6)
    """
    return Depends(dependencies(subject_of(language_model(model), sequence, start, end)))


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
    subject = subject_of(loaded, sequence, start, end)
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
    if not isinstance(layer, int) or not is_whole(layer) or not 1 <= layer <= layers:
        raise ConfigError(f"layer={layer!r:.40}: {name} has the layers 1 to {layers}, and {ROLLOUT!r}")
    maps, special = found.maps[layer - 1], found.special[layer - 1]
    if head == MEAN:
        return Attended(maps.mean(axis=0), float(special.mean()))
    if not isinstance(head, int) or not is_whole(head) or not 1 <= head <= heads:
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
    genome = genome_from(sequence)
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
