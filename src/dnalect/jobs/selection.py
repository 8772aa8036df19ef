"""Which models and scores a command uses, and what to say about them."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from dnalect.core.errors import ConfigError, ModelError
from dnalect.core.reporter import say
from dnalect.genome.builds import Build, builds
from dnalect.genome.fasta import Genome
from dnalect.jobs.score_options import known_scores
from dnalect.models.assemblies import Origin, origin_of, same_species
from dnalect.models.card import Card
from dnalect.models.catalogue import aligned_cards, embedded_cards
from dnalect.models.load import tuned_model
from dnalect.models.model import Model, Named
from dnalect.models.predictor import Predictor
from dnalect.models.worth import headline

# A text with commas, a folder, a model, or a list whose entries are taken as they are; None: the reference chooses.
Models = Named | Sequence[Named] | None
_COMMA = re.compile(r"(?<!\\),")
_UNSAFE = re.compile(r"[^\w.-]", re.ASCII)


def scores_for(
    asked: Sequence[str] | None, models: Sequence[Model], predictor: Predictor | None, aligned: bool = False
) -> tuple[str, ...]:
    """Return the scores to compute.

    asked: None for the log-ratio, of a predictor the predicted change too. aligned: there are relatives, whose columns
    are a score as well, unless a model reads them itself.

    Raises ConfigError for an unknown name, and for what the models have no answer to; ModelError for a model of tracks
    beside others.
    """
    if tracks := [model.card.id for model in models if model.can.tracks]:
        if len(models) > 1:
            raise ModelError(
                f"{tracks[0]} predicts tracks: give it as the only model (files of one folder are an ensemble)"
            )
        found = models[0].can.tracks
        score = "splice" if found and found.splices else "change"
        told = f"{tracks[0]} predicts {found}"
        if asked is not None and (others := [name for name in known_scores(asked) if name != score]):
            raise ConfigError(f"{told}; it has no score {others[0]!r}: --score {score} is what it has")
        if found and found.length is None and score == "change":
            raise ConfigError(f"{told}: dnalect predict writes them, and no score is made of them")
        return (score,)
    if asked is not None and "splice" in known_scores(asked):
        raise ConfigError(
            "the score `splice` is one of models of splice sites; give the folder of SpliceAI's, OpenSpliceAI's or "
            "Pangolin's weights as --model (docs/splice.md)"
        )
    if reads := [model.card.id for model in models if model.can.relatives]:
        if not aligned:
            raise ConfigError(
                f"{reads[0]} reads the bases of relatives beside the sequence: give their alignment as --alignment"
            )
        if others := [name for name in known_scores(asked or ["llr"]) if name != "llr"]:
            raise ConfigError(
                f"{reads[0]} reads the relatives itself, and its score is llr: it has no {others[0]!r} beside that"
            )
        return ("llr",)
    if asked is None:
        return known_scores(["llr", *["column"] * aligned, *["change"] * bool(predictor)])
    names = known_scores(asked)
    if "column" in names and not aligned:
        raise ConfigError("the score `column` is that of relatives; give their alignment as --alignment")
    if aligned and "column" not in names:
        raise ConfigError(f"--alignment is for the score `column`: --score {','.join(names)},column")
    if "change" in names and predictor is None:
        raise ConfigError(
            "the score `change` is a fine-tuned model's; give the folder of one as --model (dnalect finetune makes it)"
        )
    return names


def the_predictor(models: Sequence[Model]) -> Predictor | None:
    """Return the fine-tuned model to score with, None of language models. ModelError where it is one of several."""
    found = [tuned_model(model) for model in models if model.can.targets]
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


def models_for(genome: Genome, models: Models, told: Build | None = None, relatives: Sequence[str] = ()) -> list[Named]:
    """Return the models to score with: several are an ensemble.

    relatives: names of those that are laid on the reference, and which a model may read. Raises ModelError where one is
    empty or named twice, or where none is named and no embedded model is of the reference's assembly.
    """
    names = named_models(models)
    if not names or names == [""]:
        return [_reader(genome, told, relatives) or model_for(genome, None, told)]
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


def model_for(genome: Genome, name: Named | None, told: Build | None = None) -> Named:
    """Return `name`, or the embedded model that fits the reference where there is none.

    That is one of the reference's own assembly, else one of its species, and it is said which. told: the assembly,
    where somebody names it.
    Raises ModelError where none fits.
    """
    if name is not None and name != "":
        return name
    origin = origin_of(genome, told)
    found, own = fitting(origin)
    # A slice may be of several species; where models of one fit, the first is taken, and it is said why.
    if not origin.build and len({tuple(card.species.split()[:2]) for card in found if card.one_pass}) > 1:
        found = []
    if not found:
        names = ", ".join(card.id for card in embedded_cards())
        raise ModelError(f"{_unfitting(origin)}; name one with --model ({names} or a folder)")
    other = f"because the reference is of {_species(found[:1], origin)}"
    say(f"model {found[0].id}, chosen {'by the contig lengths of the reference' if own else other}")
    return found[0].id


def _reader(genome: Genome, told: Build | None, relatives: Sequence[str]) -> str | None:
    """Return the model of the reference's assembly that reads relatives which are all there, None where none does."""
    lengths = list(origin_of(genome, told).lengths)
    for card in aligned_cards():
        if card.is_of(lengths) and {*card.config["relatives"]} <= {*relatives}:
            say(
                f"model {card.id}, chosen by the contig lengths of the reference and the relatives that it reads; "
                "--score llr,column keeps the model of the sequence and the relatives apart"
            )
            return card.id
    return None


def fitting(origin: Origin) -> tuple[list[Card], bool]:
    """Return the embedded models of a reference's assembly, else of its species, and whether they are of the assembly.

    The first is the default: one that reads all bases of a window in a single pass (duplex); of these the one that is
    worth most, by the figure of `models list`; of equal ones, that which learned from the fewest genomes.
    """
    cards = sorted(embedded_cards(), key=lambda card: (not card.one_pass, -_worth(card), len(card.genomes)))
    own = [card for card in cards if card.is_of(list(origin.lengths))]
    return own or [card for card in cards if any(same_species(card, each) for each in origin.possible)], bool(own)


def _worth(card: Card) -> float:
    known = headline(card.id)
    return known.figure.value.mean if known else 0.0


def _species(cards: Sequence[Card], origin: Origin) -> str:
    names = dict.fromkeys(each.title for each in origin.possible if any(same_species(card, each) for card in cards))
    species = next((each.species for each in origin.possible if any(same_species(card, each) for card in cards)), "")
    if origin.build:
        return f"{species}, {next(iter(names), '')}"
    return f"contigs that are named like parts of {species}, {', '.join(names)}"


def _unfitting(origin: Origin) -> str:
    if origin.build:
        return f"no embedded model is of {origin.build.species}, whose {origin.build.title} this reference is"
    if origin.possible:
        kinds = ", ".join(dict.fromkeys(each.species for each in origin.possible))
        return f"the contigs of this reference are named like parts of several genomes ({kinds})"
    known = ", ".join(each.title for each in builds())
    return (
        "no embedded model is of this reference's assembly: its contigs have the lengths of none that dnalect "
        f"knows ({known})"
    )


def foreign(card: Card, origin: Origin) -> str:
    """Return the warning that the model learned from another genome, "" if it learned from this one."""
    if card.is_of(list(origin.lengths)):
        return ""
    own = f"{card.id} was trained on {card.species or 'another genome'} {card.assembly}".rstrip()
    relatives = [each for each in origin.possible if same_species(card, each)]
    if origin.build and relatives:
        if origin.build.name in card.assembly or card.is_of(list(origin.build.contigs.values())):
            return ""
        return (
            f"{own}, and this reference is {origin.build.title}: the same species in another assembly. Read the "
            "scores as an extrapolation; whether the model saw a place in training is unknown for this assembly."
        )
    if relatives:
        return (
            f"{own}, and the contigs of this reference are named like parts of {_or(relatives)}: tell which with "
            "--assembly; until then it is unknown whether the model saw a place in training."
        )
    return (
        f"{own}, and this reference is another one: read the scores as an extrapolation, "
        "and check them against known variants."
    )


def _or(found: Sequence[Build]) -> str:
    names = [each.title for each in found]
    return " or ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))
