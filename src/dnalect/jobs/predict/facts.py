"""What a run of `dnalect predict` says of itself."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dnalect import __version__
from dnalect.core.engines import ENGINE
from dnalect.core.files import sha256
from dnalect.core.kept import facts_of_options
from dnalect.genome.fasta import Genome
from dnalect.jobs.predict.answers import Answer
from dnalect.jobs.predict.beside import signals_told
from dnalect.jobs.predict.options import Options
from dnalect.models.backends import precision_of
from dnalect.models.card import Card
from dnalect.models.model import Model

# Options that change no prediction, or are told in another form.
ASIDE = {"outputs", "track", "command", "threads", "model", "reference", "given", "shard", *ENGINE}


@dataclass(frozen=True)
class Done:
    """What a run has written. rows: sequences. columns: of predictions. notes: what was left out or found, in words."""

    rows: int
    columns: tuple[str, ...]
    model: str
    notes: tuple[str, ...]


def facts_of(
    options: Options, kind: str, genome: Genome | None, card: Card, answers: Sequence[Answer], **more: str
) -> dict[str, str]:
    """Return what a reader needs to repeat the run."""
    source = Path(options.source)
    facts = {
        "version": __version__,
        "command": options.command,
        "model": card.id,
        "model_revision": card.revision,
        "model_sha256": card.sha256,
        **more,
        "columns": json.dumps({each.name: each.told for each in answers}),
        "window": str(options.window or ""),
        "step": str(options.step or ""),
        "input": f"{source.name} {sha256(source)}",
        "input_kind": kind,
        "reference": f"{genome.path.name} {genome.checksum}" if genome is not None else "",
        "notes": "",
    }
    return {name: value.replace("\n", " ") for name, value in facts.items()}


def identity(options: Options, model: Model, genome: Genome | None) -> dict[str, Any]:
    """Return what the predictions of a run depend on."""
    return {
        "version": __version__,
        "model": model.card.sha256,
        "reference": genome.checksum if genome else "",
        "source": sha256(Path(options.source)),
        "signals": signals_told(options),
        **facts_of_options(options, ASIDE),
        "dtype": precision_of(model),
    }
