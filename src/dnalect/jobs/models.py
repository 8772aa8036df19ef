"""What there is to load, and what is known of each: `dnalect models list` and `show`."""

from collections.abc import Sequence
from pathlib import Path
from textwrap import fill

from dnalect.core.errors import ModelError
from dnalect.core.figures import Estimate, shown
from dnalect.core.tables import aligned
from dnalect.genome.builds import builds
from dnalect.jobs.selection import fitting
from dnalect.models.assemblies import origin_as
from dnalect.models.card import PREDICTOR, TRACK_PREDICTOR, Card, read_card
from dnalect.models.catalogue import (
    PUBLISHED,
    PublishedCard,
    aligned_cards,
    embedded,
    embedded_cards,
    older_cards,
    published,
    tuned_cards,
    unknown,
)
from dnalect.models.worth import HEADLINE, Known, headline, of_model, worse_in

OWN = ("name", "trained on", "bases", HEADLINE.lower(), "best rival")
WIDTH = 100
HEADER = ("name", "parameters", "tokens", "context", "trained on", "licence", "from")


def listing() -> str:
    """Return all models with a name as text: those that ship with what they are worth, then the published ones."""
    own, others = [OWN], [HEADER]
    for card in [*embedded_cards(), *aligned_cards()]:
        own.append((card.id, _short(card.species), f"{card.context_bases:,}", *_worth(card)))
    for card in older_cards():
        own.append((f"{card.id}@{card.version}", card.species, f"{card.context_bases:,}", "-", "-"))
    for each in PUBLISHED.values():
        sizes = (f"{each.parameters:,}", each.tokenizer, f"{each.context_bases:,} bp")
        others.append((each.name, *sizes, each.species, each.licence, each.hub or each.source.partition(",")[0]))
    defaults = {build.species: card for build in reversed(builds()) for card in fitting(origin_as(build))[0][:1]}
    chosen = ", ".join(f"{card.id} for {species}" for species, card in reversed(defaults.items()))
    return "\n".join(
        [
            aligned(own),
            "",
            f"These ship with dnalect. {HEADLINE}: AUROC of the score, 0.5 is chance, with its 95% interval.",
            "dnalect models show NAME has all that was measured, docs/worth.md how.",
            f"Without --model: {chosen}.",
            *(f"{card.id} reads relatives of its genome, given as --alignment." for card in aligned_cards()),
            *map(_tuned, tuned_cards()),
            "",
            aligned(others),
        ]
    )


def _tuned(card: Card) -> str:
    """Say what a fine-tuned model is and, of each target, how well it does beside its rivals."""
    measured = "; ".join(f"{name} {value}" for name, value in _figures(card, 2).items() if "AUROC" in name)
    return fill(f"{card.id}: {card.origin.name}, fine-tuned, for examples. {measured}.", WIDTH)


def _figures(card: Card, digits: int = 3) -> dict[str, str]:
    """What the card of a fine-tuned model says was measured: name -> value with its interval."""
    if card.family not in (PREDICTOR, TRACK_PREDICTOR):
        return {}
    found = {name: value for name, value in card.figures.items() if isinstance(value, list) and len(value) == 3}
    return {name: shown(Estimate(*value), digits) for name, value in found.items()}


def _short(species: str) -> str:
    """Return the name of a species as it is, of several the initials of their genera."""
    several = species.split(" and ")
    return species if len(several) == 1 else ", ".join(f"{each[0]}. {each.partition(' ')[2]}" for each in several)


def _measured(card: Card) -> dict[str, list[Known]]:
    """What was measured of a model that ships: of its newest version, as the figures know the name alone."""
    return of_model(card.id) if _newest(card) else {}


def _newest(card: Card) -> bool:
    return card.sha256 in {each.sha256 for each in [*embedded_cards(), *aligned_cards()]}


def _worth(card: Card) -> tuple[str, str]:
    known = headline(card.id)
    if known is None:
        return "-", "-"
    return shown(known.figure.value, 2), f"{known.rival.who} {known.rival.value.mean:.2f}" if known.rival else "-"


def describe(name: str) -> str:
    """Return what is known of a model by its name, hub id or folder. Nothing is downloaded.

    Raises ModelError where there is no such model.
    """
    if card := published(name):
        return _published(card)
    folder = embedded(name) or Path(name)
    if (folder / "card.json").is_file():
        return _own(read_card(folder))
    if Path(name).is_dir():
        raise ModelError(f"{name} has no card.json; dnalect models verify {name} says what it holds")
    raise unknown(name)


def _published(card: PublishedCard) -> str:
    pinned = "" if card.revision != "main" else " (newest: no commit is known to be the published one)"
    commerce = {True: "allowed", False: "NOT allowed", None: "not known"}[card.commercial]
    facts = {
        "name": card.name,
        "family": card.family,
        "hub": card.hub or "-",
        "revision": card.revision + pinned if card.hub else "-",
        "from": card.source or f"huggingface.co/{card.hub}",
        "parameters": f"{card.parameters:,}",
        "memory": f"{card.gigabytes():.2f} GB of weights in float32, {card.gigabytes(2):.2f} GB in bfloat16",
        "tokenizer": card.tokenizer,
        "context": f"{card.context_tokens:,} tokens, about {card.context_bases:,} bases",
        "trained on": card.species + (f" ({card.assembly})" if card.assembly else ""),
        "year": str(card.year),
        "licence": f"{card.licence}; commercial use {commerce}",
        "paper": card.paper,
    }
    warned = [f"warning: {warning}" for warning in card.warnings]
    return _lines(facts, [*warned, *(f"note: {note}" for note in card.notes)])


def _own(card: Card) -> str:
    facts = {
        "name": card.id,
        "family": card.family,
        "version": f"{card.version}, revision {card.revision}",
        "parameters": f"{card.parameters:,}",
        "memory": f"{card.parameters * 4 / 1e9:.3f} GB of weights in float32",
        "tokenizer": card.tokenizer,
        "context": f"{card.context_bases:,} bases",
        "trained on": card.species + (f" ({card.assembly})" if card.assembly else ""),
        "licence": card.licence or "-",
        "sha256": card.sha256,
    }
    if card.family in (PREDICTOR, TRACK_PREDICTOR):
        facts |= {"fine-tuned": f"{card.origin.method}, from {card.origin.name} (revision {card.origin.revision})"}
    told = [f"measured: {question}, {each.told()}" for question, all_ in _measured(card).items() for each in all_]
    told += [f"measured: {name}, {value}" for name, value in _figures(card).items()]
    if worse := (worse_in(card.id) if _newest(card) else []):
        told.append(f"worse in: {'; '.join(worse)} a base less ahead of a Markov model than elsewhere (docs/bias.md)")
    return _lines(facts, told)


def _lines(facts: dict[str, str], notes: Sequence[str]) -> str:
    width = max(map(len, facts))
    return "\n".join([*(f"{name.ljust(width)}  {value}" for name, value in facts.items()), *notes])
