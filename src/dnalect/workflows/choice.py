"""Which models and scores a command uses, and what to say about them."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from dnalect.core.errors import ConfigError, ModelError
from dnalect.core.notices import say
from dnalect.core.records import SCORES
from dnalect.genome.fasta import Genome
from dnalect.models.card import Card
from dnalect.models.predictor import Predictor
from dnalect.models.registry import Model, Named, embedded_cards

# A text with commas, a folder, a model, or a list whose entries are taken as they are; None: the reference chooses.
Models = Named | Sequence[Named] | None
_COMMA = re.compile(r"(?<!\\),")
_UNSAFE = re.compile(r"[^\w.-]", re.ASCII)


def scores_of(text: str) -> tuple[str, ...]:
    """Return the scores that a list with commas names. ConfigError for another name, or none."""
    return known_scores([part.strip() for part in text.split(",") if part.strip()])


def known_scores(names: Sequence[str]) -> tuple[str, ...]:
    """Return the names, each once, in the order of SCORES. ConfigError for another name, or none."""
    if unknown := [name for name in names if name not in SCORES]:
        raise ConfigError(f"there is no score {unknown[0]!r}; known: {', '.join(SCORES)}")
    if not names:
        raise ConfigError(f"name a score: {', '.join(SCORES)}, or several with commas between them")
    return tuple(name for name in SCORES if name in names)


def scores_for(asked: Sequence[str] | None, predictor: Predictor | None) -> tuple[str, ...]:
    """Return the scores to compute. asked: None for the log-ratio, of a predictor the predicted change too.

    Raises ConfigError for an unknown name, and for a change without a predictor.
    """
    if asked is None:
        return ("llr", "change") if predictor else ("llr",)
    names = known_scores(asked)
    if "change" in names and predictor is None:
        raise ConfigError(
            "the score `change` is a fine-tuned model's; give the folder of one as --model (dnalect finetune makes it)"
        )
    return names


def the_predictor(models: Sequence[Model | Predictor]) -> Predictor | None:
    """Return the fine-tuned model to score with, None of language models. ModelError where it is one of several."""
    found = [model for model in models if isinstance(model, Predictor)]
    if found and len(models) > 1:
        raise ModelError(f"{found[0].card.id} is a fine-tuned predictor: give it as the only model")
    return found[0] if found else None


def split_names(text: str) -> list[str]:
    r"""Return the models that a text names, separated by commas.

    A comma of a name is written as \,; a text that is a folder as it stands is one name.
    """
    if Path(text).is_dir():
        return [text]
    return [part.strip().replace("\\,", ",") for part in _COMMA.split(text)]


def named_models(models: Models) -> list[Named]:
    """Return the models one by one: names, folders or models, as given."""
    if isinstance(models, str):
        return list(split_names(models))
    several = models if isinstance(models, Sequence) else [] if models is None else [models]
    return [str(each) if isinstance(each, os.PathLike) else each for each in several]


def models_for(genome: Genome, models: Models) -> list[Named]:
    """Return the models to score with: several are an ensemble.

    Raises ModelError where one is empty or named twice, or where none is named and no embedded
    model is of the reference's assembly.
    """
    names = named_models(models)
    if not names or names == [""]:
        return [model_for(genome, None)]
    if "" in names:
        raise ModelError(f"a model without a name in {','.join(map(str, names))!r}: put one comma between two names")
    if twice := [name for name in names if names.count(name) > 1]:
        raise ModelError(f"the model {twice[0]} is named twice; an ensemble takes each once")
    return names


def labels_of(cards: Sequence[Card]) -> list[str]:
    """Return a name for each of several models that is safe in a table's heading; equal ids get numbers."""
    names = [_UNSAFE.sub("_", card.id) or "model" for card in cards]
    return [
        name if names.count(name) == 1 else f"{name}.{names[: at + 1].count(name)}" for at, name in enumerate(names)
    ]


def model_for(genome: Genome, name: Named | None, quiet: bool = False) -> Named:
    """Return `name`, or the embedded model of the reference's assembly where there is none.

    quiet: don't say which one was chosen. Raises ModelError where no embedded model is of that assembly.
    """
    if name is not None and name != "":
        return name
    lengths = [int(length) for length in genome.lengths]
    found = sorted((card for card in embedded_cards() if card.is_of(lengths)), key=lambda card: len(card.genomes))
    if found:
        if not quiet:
            say(f"model {found[0].id}, chosen by the contig lengths of the reference")
        return found[0].id
    names = ", ".join(card.id for card in embedded_cards())
    raise ModelError(f"no embedded model is of this reference's assembly; name one with --model ({names} or a folder)")


def foreign(card: Card, genome: Genome) -> str:
    """Return the warning that the model learned from another genome, "" if it learned from this one."""
    if card.is_of([int(length) for length in genome.lengths]):
        return ""
    return (
        f"{card.id} was trained on {card.species or 'another genome'} {card.assembly}, and this reference "
        "is another one: read the scores as an extrapolation, and check them against known variants."
    )
