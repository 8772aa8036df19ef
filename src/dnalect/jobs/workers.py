"""What the workers of an engine must have in common with the process that they work for."""

from collections.abc import Sequence

from dnalect.genome.fasta import Genome
from dnalect.models.backends import precision_of
from dnalect.models.model import Model


def rests_on(models: Sequence[Model], genome: Genome | None = None) -> dict[str, str]:
    """Return what numbers rest on, by its name: see `dnalect.core.engines.Worker`."""
    facts = {
        "model": ", ".join(model.card.sha256 for model in models),
        "precision": ", ".join(map(precision_of, models)),
        "kind of device": models[0].language.device.type,
    }
    return facts | ({"reference": genome.checksum} if genome is not None else {})
