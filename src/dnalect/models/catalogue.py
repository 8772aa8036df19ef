"""All models that have a name. Imports no heavy library."""

from pathlib import Path

from dnalect.core.errors import ModelError
from dnalect.core.nearest import did_you_mean
from dnalect.models.card import Card, read_card
from dnalect.models.dnabert import cards as dnabert
from dnalect.models.dnabert2 import cards as dnabert2
from dnalect.models.grover import cards as grover
from dnalect.models.logo import cards as logo
from dnalect.models.nucleotide_transformer import cards as nucleotide_transformer
from dnalect.models.published import PublishedCard

EMBEDDED = Path(__file__).parent / "embedded"
PUBLISHED: dict[str, PublishedCard] = {
    card.name: card for family in (dnabert, dnabert2, nucleotide_transformer, logo, grover) for card in family.CARDS
}


def embedded_cards() -> list[Card]:
    """Return the cards of the models that ship inside the package."""
    if not EMBEDDED.is_dir():
        return []
    return [read_card(folder) for folder in sorted(EMBEDDED.iterdir()) if (folder / "card.json").is_file()]


def published(name: str) -> PublishedCard | None:
    """Return the card of a published model by its name here or its id on the hub."""
    by_hub = {card.hub: card for card in PUBLISHED.values() if card.hub}
    return PUBLISHED.get(name) or by_hub.get(name)


def names() -> list[str]:
    """Return the names of all models, the embedded ones first."""
    return [*(card.id for card in embedded_cards()), *PUBLISHED]


def unknown(name: str) -> ModelError:
    """The error for a name that nothing has, with the nearest names, or all of them where none is near."""
    hint = did_you_mean(name, names())
    known = hint or f" Known: {', '.join(names())}."
    return ModelError(
        f"there is no model {name!r}.{known} dnalect models list tells more; OWNER/NAME on the Hugging Face hub "
        "and the path of a model folder will do too"
    )
