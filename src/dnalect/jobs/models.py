"""What there is to load, and what is known of each: `dnalect models list` and `show`."""

from collections.abc import Sequence
from pathlib import Path

from dnalect.core.errors import ModelError
from dnalect.models.card import Card, read_card
from dnalect.models.catalogue import EMBEDDED, PUBLISHED, PublishedCard, embedded_cards, published, unknown
from dnalect.models.worth import in_short, of_model

HEADER = ("name", "parameters", "tokens", "context", "trained on", "licence", "AUROC measured here", "from")


def rows() -> list[tuple[str, ...]]:
    """Return the table of all models with a name, its header first."""
    table: list[tuple[str, ...]] = [HEADER]
    for own in embedded_cards():
        table.append((own.id, *_sizes(own), own.species, own.licence or "-", in_short(own.id) or "-", "embedded"))
    for card in PUBLISHED.values():
        origin = card.hub or card.source.partition(",")[0]
        table.append((card.name, *_sizes(card), card.species, card.licence, "-", origin))
    return table


def describe(name: str) -> str:
    """Return what is known of a model by its name, hub id or folder. Nothing is downloaded.

    Raises ModelError where there is no such model.
    """
    if card := published(name):
        return _published(card)
    for folder in (EMBEDDED / name, Path(name)):
        if (folder / "card.json").is_file():
            return _own(read_card(folder))
    if Path(name).is_dir():
        raise ModelError(f"{name} has no card.json; dnalect models verify {name} says what it holds")
    raise unknown(name)


def _sizes(card: Card | PublishedCard) -> tuple[str, str, str]:
    return f"{card.parameters:,}", card.tokenizer, f"{card.context_bases:,} bp"


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
        "revision": card.revision,
        "parameters": f"{card.parameters:,}",
        "memory": f"{card.parameters * 4 / 1e9:.3f} GB of weights in float32",
        "tokenizer": card.tokenizer,
        "context": f"{card.context_bases:,} bases",
        "trained on": card.species + (f" ({card.assembly})" if card.assembly else ""),
        "licence": card.licence or "-",
        "sha256": card.sha256,
    }
    told = [f"measured: {question}, {each.told()}" for question, all_ in of_model(card.id).items() for each in all_]
    return _lines(facts, told)


def _lines(facts: dict[str, str], notes: Sequence[str]) -> str:
    width = max(map(len, facts))
    return "\n".join([*(f"{name.ljust(width)}  {value}" for name, value in facts.items()), *notes])
