"""All models that have a name, and what is known of them before they are at hand. Imports no heavy library."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from dnalect.core.errors import ModelError
from dnalect.core.nearest import did_you_mean
from dnalect.models.card import PREDICTOR, Card, Origin, read_card

EMBEDDED = Path(__file__).parent / "embedded"
NO_COMMERCE = "licensed for non-commercial use only (CC BY-NC-SA 4.0), and so is what is made from it"


@dataclass(frozen=True)
class PublishedCard:
    """A checkpoint as its authors published it.

    name: what `dnalect.load` takes. family: the file of dnalect.models.families that reads it.
    hub: its id on the Hugging Face hub, "" where it is not there. revision: commit of the hub,
    "main" where none is known. source: where else it comes from.
    sizes: of the network, as the family's config takes them. parameters: their number. tables: how many of them only
    say where a place is, one after the other.
    tokenizer: in words. context_tokens: the most tokens, special ones included.
    context_bases: about the most bases. species: in words. many_species: it learned from many.
    assembly: whose contigs it was trained on. year, licence, paper: as stated by the authors.
    commercial: whether the licence allows it; None where none was found.
    notes: what a user must not miss.
    """

    name: str
    family: str
    parameters: int
    sizes: Mapping[str, int]
    tokenizer: str
    context_tokens: int
    context_bases: int
    species: str
    year: int
    licence: str
    paper: str
    hub: str = ""
    revision: str = "main"
    source: str = ""
    tables: int = 0
    many_species: bool = False
    assembly: str = ""
    commercial: bool | None = None
    notes: tuple[str, ...] = field(default=())

    def gigabytes(self, bytes_each: int = 4) -> float:
        """Memory of the weights: 4 bytes a parameter in float32, 2 in bfloat16."""
        return self.parameters * bytes_each / 1e9

    @property
    def warnings(self) -> tuple[str, ...]:
        """What to say whenever the model is used."""
        if self.commercial is False:
            return (f"{self.name} is {NO_COMMERCE}",)
        return ()


def _published() -> dict[str, PublishedCard]:
    """Read cards.toml: of each family what its models share, and each model's own."""
    path = Path(__file__).parent / "cards.toml"
    table: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    found = {}
    for family, told in table.items():
        shared = {key: value for key, value in told.items() if key != "models"}
        for name, own in told["models"].items():
            each = shared | own
            found[name] = PublishedCard(name, family, **(each | {"notes": tuple(each.get("notes", ()))}))
    return found


PUBLISHED = _published()


def published_of(family: str) -> list[PublishedCard]:
    """Return the cards of a family's published models."""
    return [card for card in PUBLISHED.values() if card.family == family]


def embedded_cards() -> list[Card]:
    """Return the cards of the language models of sequence that ship inside the package, of each the newest version."""
    return [card for card in _newest() if not card.reads_relatives]


def aligned_cards() -> list[Card]:
    """Return the cards of those that ship and read an alignment of relatives beside the sequence."""
    return [card for card in _newest() if card.reads_relatives]


def _newest() -> list[Card]:
    return list({card.id: card for card, _ in reversed(_shipped()) if card.family != PREDICTOR}.values())[::-1]


def tuned_cards() -> list[Card]:
    """Return the cards of the fine-tuned models that ship."""
    return [card for card, _ in _shipped() if card.family == PREDICTOR]


def older_cards() -> list[Card]:
    """Return the cards of the older versions that ship, which are loaded as NAME@VERSION."""
    newest = {card.id: card.version for card in _newest()}
    return [card for card, _ in _shipped() if card.version < newest.get(card.id, 0)]


def as_it_was(origin: Origin) -> str:
    """Return the name of the language model of a predictor, of one that ships with its version."""
    ships = any(card.id == origin.name for card in _newest())
    return f"{origin.name}@{origin.revision}" if ships else origin.name


def embedded(name: str) -> Path | None:
    """Return the folder of a model that ships, None where there is none of this name.

    name: as `duplex-yeast`, its newest version; as `duplex-yeast@1`, that version; or with the revision of its card, as
    `duplex-yeast@97b626aa79b9`. Raises ModelError for a version that does not ship.
    """
    model, _, version = name.partition("@")
    mine = [(card, folder) for card, folder in _shipped() if card.id == model]
    if not mine:
        return None
    for card, folder in mine:
        if version in ("", str(card.version), card.revision):
            return folder
    versions = " and ".join(f"{model}@{card.version} (revision {card.revision})" for card, _ in mine)
    raise ModelError(f"this dnalect ships {versions}, and no {name}: take one, or the folder of another")


def _shipped() -> list[tuple[Card, Path]]:
    """Cards and folders by name, the newest version of each first."""
    folders = sorted(EMBEDDED.iterdir()) if EMBEDDED.is_dir() else []
    files = [folder / "card.json" for folder in folders]
    found = [(_card(file.parent, file.stat().st_mtime_ns), file.parent) for file in files if file.is_file()]
    return sorted(found, key=lambda each: (each[0].id, -each[0].version))


@cache
def _card(folder: Path, changed: int) -> Card:
    """The card of a folder, read again where its file has changed."""
    return read_card(folder)


def published(name: str) -> PublishedCard | None:
    """Return the card of a published model by its name here or its id on the hub."""
    by_hub = {card.hub: card for card in PUBLISHED.values() if card.hub}
    return PUBLISHED.get(name) or by_hub.get(name)


def names() -> list[str]:
    """Return the names of all models, the embedded ones first, the newest before older ones."""
    older = (f"{card.id}@{card.version}" for card in older_cards())
    own = [*embedded_cards(), *aligned_cards(), *tuned_cards()]
    return [*(card.id for card in own), *older, *PUBLISHED]


def unknown(name: str) -> ModelError:
    """The error for a name that nothing has, with the nearest names, or all of them where none is near."""
    hint = did_you_mean(name, names())
    known = hint or f" Known: {', '.join(names())}."
    return ModelError(
        f"there is no model {name!r}.{known} dnalect models list tells more; OWNER/NAME on the Hugging Face hub "
        "and the path of a model folder will do too"
    )
