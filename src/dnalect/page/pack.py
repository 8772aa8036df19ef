"""The models of a page as one text: weights as they ship, and what the engine in the browser must know of them."""

import base64
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from dnalect.core.errors import ModelError
from dnalect.genome.fasta import genome_of
from dnalect.inference.background.quantiles import Pool
from dnalect.inference.background.strata import named
from dnalect.inference.background.tables import Table, fitting, tables_in
from dnalect.inference.likelihood import scorer_for
from dnalect.models.catalogue import embedded, embedded_cards
from dnalect.models.load import language_model
from dnalect.models.model import Model, Named
from dnalect.page.answers import models as cards_of
from dnalect.tokens.single import SingleBases

# What a pack begins with: the length of the facts, in so many digits and spaces.
LENGTH = 12
# Three bytes are four letters of base64, so a part that begins at a multiple of three can be read by itself.
ALIGNED = 3


def pack(models: Sequence[Named] | None = None) -> str:
    """Return models as base64, those that ship or those that are named: docs/design/page.md says how it is laid out.

    Raises ModelError for a model that the engine in the browser has no network for: it has those of duplex and of
    Nucleotide Transformers of version 2 on single bases.

    Examples:
        >>> from dnalect.page.pack import pack
        >>> len(pack(["duplex-human"])) // 1_000_000
        4
    """
    chosen = [language_model(name) for name in (models or [card.id for card in embedded_cards()])]
    facts, weights = [_facts(model) for model in chosen], [_weights(model) for model in chosen]
    # Where a part lies depends on the length of the facts, which say where it lies: their room is found first.
    sizes = [len(each) for each in weights]
    room = len(_header(facts, [(10**9, size) for size in sizes]))
    room += -room % ALIGNED
    places, at = [], LENGTH + room
    for size in sizes:
        places.append((at, size))
        at += size + -size % ALIGNED
    parts = [
        f"{room:<{LENGTH}}".encode(),
        _header(facts, places).ljust(room),
        *(each + bytes(-len(each) % ALIGNED) for each in weights),
    ]
    return base64.b64encode(b"".join(parts)).decode("ascii")


def _header(facts: list[dict[str, Any]], places: list[tuple[int, int]]) -> bytes:
    told = [{**each, "weights": place} for each, place in zip(facts, places, strict=True)]
    return json.dumps({"models": told}, separators=(",", ":"), allow_nan=False).encode()


def _facts(model: Model) -> dict[str, Any]:
    """Return what the engine must know of a model beside its weights."""
    card, config = model.card, model.network.config
    sizes = asdict(config)
    if card.family == "nucleotide_transformer":
        known = sizes["version"] == 2 and isinstance(model.tokenizer, SingleBases) and config.width % 8 == 0
    else:
        known = card.family == "duplex" and config.width % 8 == 0
    if not known:
        raise ModelError(
            f"{card.id} can't run in the browser: duplex models can, and Nucleotide Transformers of version 2 on "
            "single bases, of widths that are multiples of 8; `dnalect serve` shows the page on any model"
        )
    scorer = scorer_for(model, genome_of({"none": "ACGT"}))
    folder = embedded(model.source) or Path(model.source or "/nowhere")
    table = fitting(tables_in(folder, card.sha256), scorer.definition, scorer.flank, "", True)
    return {
        "card": asdict(cards_of([model])[0]),
        "family": card.family,
        "config": sizes,
        "flank": scorer.flank,
        "longest": scorer.longest_allele,
        "words": list(model.tokenizer.words),
        "background": _background(table) if table is not None else None,
    }


def _background(table: Table) -> dict[str, Any]:
    return {"pools": [_pool(pool, table.among) for pool in table.pools]}


def _pool(pool: Pool, among: str) -> dict[str, Any]:
    parts = {
        # The shortest digits that are read as the same float32.
        str(band): {
            "values": [float(str(value)) for value in part.values],
            "places": part.places.tolist(),
            "count": part.count,
        }
        for band, part in pool.parts.items()
    }
    return {
        "group": pool.group,
        "low": pool.low,
        "high": pool.high,
        "compared": f"{named(pool.group, pool.low, pool.high)} of {among}",
        **{name: np.asarray(getattr(pool, name), dtype=np.float64).tolist() for name in ("at", "place", "spread")},
        "parts": parts,
    }


def _weights(model: Model) -> bytes:
    """Return the file of a model's weights as it lies in its folder."""
    folder = embedded(model.source) or Path(model.source or "/nowhere")
    try:
        return (folder / "model.safetensors").read_bytes()
    except OSError as error:
        raise ModelError(f"{model.card.id} has no file model.safetensors to take along: {error.strerror}") from error
